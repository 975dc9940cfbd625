//! The fast way to say that there is nothing in a text, which is so for most texts of most streams.

/// True if nothing can be found in `text`. False says nothing.
pub(super) fn is_clean(_text: &[u8]) -> bool {
    false
}

/// True if `text` could be a part of an address: a dot, colon or dash beside a digit, or an at sign.
pub(super) fn may_be_a_part(text: &[u8]) -> bool {
    let joins = |byte: u8| matches!(byte, b'.' | b':' | b'-');
    text.contains(&b'@')
        || text.windows(2).any(|pair| match pair {
            [a, b] => (joins(*a) && b.is_ascii_digit()) || (a.is_ascii_digit() && joins(*b)),
            _ => false,
        })
}
