//! Spellings that hide an address from a plain scan but not from a reader, folded to the plain one: defanged
//! (`203[.]0[.]113[.]7`, `bob(at)example(dot)com`), percent-encoded (`2001%3Adb8%3A%3A7`), fullwidth
//! (`２０３．０．１１３．７`).

/// A folded text, which knows where each of its bytes came from.
pub(super) struct Folded {
    bytes: Vec<u8>,
    origins: Vec<usize>,
}

impl Folded {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The place in the text as written.
    pub(super) fn origin(&self, at: usize) -> usize {
        self.origins.get(at).copied().unwrap_or_default()
    }
}

/// Bracketed marks, and what they stand for.
const BRACKETED: [(&[u8], u8); 14] = [
    (b"[.]", b'.'),
    (b"(.)", b'.'),
    (b"{.}", b'.'),
    (b"[dot]", b'.'),
    (b"(dot)", b'.'),
    (b"{dot}", b'.'),
    (b"[:]", b':'),
    (b"(:)", b':'),
    (b"[@]", b'@'),
    (b"(@)", b'@'),
    (b"[at]", b'@'),
    (b"(at)", b'@'),
    (b"{at}", b'@'),
    (b"\\.", b'.'),
];

/// True if there is nothing to fold.
pub(super) fn is_plain(text: &[u8]) -> bool {
    first(text).is_none()
}

/// The first place where something is folded.
fn first(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let next =
            rest.iter().position(|&byte| matches!(byte, b'%' | b'[' | b'(' | b'{' | b'\\' | 0xe3 | 0xef))?;
        if folded_at(text, at + next).is_some() {
            return Some(at + next);
        }
        at += next + 1;
    }
    None
}

/// True if something to be folded begins at `at`.
pub(super) fn is_folded_at(text: &[u8], at: usize) -> bool {
    folded_at(text, at).is_some()
}

/// The folded text, or `None` if there is nothing to fold.
pub(super) fn fold(text: &[u8]) -> Option<Folded> {
    let first = first(text)?;
    let mut folded =
        Folded { bytes: Vec::with_capacity(text.len()), origins: Vec::with_capacity(text.len() + 1) };
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let (byte, len) = if at < first { None } else { folded_at(text, at) }.unwrap_or((byte, 1));
        folded.bytes.push(byte);
        folded.origins.push(at);
        at += len;
    }
    folded.origins.push(text.len());
    Some(folded)
}

/// What the text at `at` is folded to, and how many bytes that takes.
fn folded_at(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let rest = text.get(at..)?;
    match rest {
        [b'%', high, low, ..] => {
            let byte = crate::kernel::digits::hex(*high)? << 4 | crate::kernel::digits::hex(*low)?;
            is_worth(byte).then_some((byte, 3))
        }
        [b'[' | b'(' | b'{' | b'\\', b'.' | b':' | b'@' | b'a' | b'A' | b'd' | b'D', ..] => {
            BRACKETED.iter().find_map(|&(mark, byte)| {
                let same = rest.get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark));
                same.then_some((byte, mark.len()))
            })
        }
        // U+FF01 to U+FF5E are ASCII in full width.
        [0xef, 0xbc, low @ 0x81..=0xbf, ..] => Some((low - 0x60, 3)).filter(|(byte, _)| is_worth(*byte)),
        [0xef, 0xbd, low @ 0x80..=0x9e, ..] => Some((low - 0x20, 3)).filter(|(byte, _)| is_worth(*byte)),
        // The ideographic full stop, in both widths, between digits: elsewhere it ends a sentence.
        [0xe3, 0x80, 0x82, ..] | [0xef, 0xbd, 0xa1, ..] => {
            let before = at.checked_sub(1).and_then(|before| text.get(before));
            // The last byte of a fullwidth digit counts too.
            before.filter(|byte| matches!(byte, b'0'..=b'9' | 0x90..=0x99)).map(|_| (b'.', 3))
        }
        _ => None,
    }
}

/// Letters and marks that addresses and their surroundings consist of.
const fn is_worth(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'.' | b':' | b'@' | b'-' | b'/' | b'[' | b']' | b',' | b' ' | b'%' | b'_' | b'+')
}
