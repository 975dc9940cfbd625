//! The shape of a text: what was asked, without a word that the client chose.
//!
//! Invariant: a word of a shape belongs to the grammar or to the catalogue. Values, comments and every name that the
//! catalogue does not have (aliases, cursors, what was misspelt) are not in it, whatever the text is.
//! Not here: what a statement means. A text that is refused, or does not parse, has a shape too.

use pg_query::protobuf::{KeywordKind, Token};

/// A shape ends after so many words.
const MAX_WORDS: usize = 1_000;

/// One word of a shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// A keyword, in capitals, an operator or punctuation.
    Grammar(String),
    /// A name that the catalogue has.
    Name(String),
    /// A value, or a name of the client's.
    Hole,
}

/// The shapes of the statements in `text`, in order; none if it cannot be taken apart. `is_known` tells the names of
/// the catalogue.
pub(super) fn shapes(is_known: impl Fn(&str) -> bool, text: &str) -> Vec<Vec<Word>> {
    let Ok(tokens) = pg_query::scan_tokens(text) else { return Vec::new() };
    let mut shapes = vec![Vec::new()];
    for token in tokens {
        let kind = Token::try_from(token.token).unwrap_or(Token::Nul);
        let bounds = usize::try_from(token.start).ok().zip(usize::try_from(token.end).ok());
        let written = bounds.and_then(|(start, end)| text.get(start..end)).unwrap_or_default();
        let is_keyword = token.keyword_kind != KeywordKind::NoKeyword as i32;
        match kind {
            Token::SqlComment | Token::CComment => {}
            Token::Ascii59 => shapes.push(Vec::new()),
            _ => push(&mut shapes, word(&is_known, kind, is_keyword, written)),
        }
    }
    shapes.retain(|shape| !shape.is_empty());
    shapes
}

/// Adds a word; of a list of holes one is left.
fn push(shapes: &mut [Vec<Word>], word: Word) {
    let Some(shape) = shapes.last_mut().filter(|shape| shape.len() < MAX_WORDS) else { return };
    match (&word, shape.as_slice()) {
        (Word::Hole, [.., Word::Hole, Word::Grammar(comma)]) if comma == "," => drop(shape.pop()),
        _ => shape.push(word),
    }
}

fn word(is_known: impl Fn(&str) -> bool, kind: Token, is_keyword: bool, written: &str) -> Word {
    match kind {
        Token::Ident => name(is_known, written),
        _ if is_keyword => Word::Grammar(written.to_uppercase()),
        _ if written.bytes().all(|byte| byte.is_ascii_punctuation() && !b"'\"$".contains(&byte)) => {
            Word::Grammar(written.to_owned())
        }
        _ => Word::Hole,
    }
}

fn name(is_known: impl Fn(&str) -> bool, written: &str) -> Word {
    let quoted = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let name = quoted.map_or_else(|| written.to_lowercase(), |name| name.replace("\"\"", "\""));
    if is_known(&name) { Word::Name(name) } else { Word::Hole }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape_of(text: &str) -> Vec<String> {
        let known = ["logins", "public", "ip", "user_id", "count", "inet", "Odd \"name"];
        let print = |word: &Word| match word {
            Word::Grammar(word) | Word::Name(word) => word.clone(),
            Word::Hole => "?".to_owned(),
        };
        let join = |shape: &Vec<Word>| shape.iter().map(print).collect::<Vec<_>>().join(" ");
        shapes(|name| known.contains(&name), text).iter().map(join).collect()
    }

    #[test]
    fn what_a_client_chose_is_left_out() {
        for (text, shape) in [
            (
                "select ip as \"203.0.113.7\", COUNT(*) from Public.logins l -- 203.0.113.7\n where l.ip = '203.0.113.7'",
                "SELECT ip AS ? , count ( * ) FROM public . logins ? WHERE ? . ip = ?",
            ),
            (
                "SELECT /* 10.0.0.1 */ 1, 2.5, E'x', B'1', $tag$203.0.113.7$tag$, U&'x' FROM nowhere",
                "SELECT ? FROM ?",
            ),
            (
                "SELECT * FROM logins WHERE user_id IN ('a', 'b', $1)",
                "SELECT * FROM logins WHERE user_id IN ( ? )",
            ),
            ("SELECT \"Odd \"\"name\", \"IP\"::inet", "SELECT Odd \"name , ? :: inet"),
            ("SELECT $203, :203, 203.0.113.7 <-> 5", "SELECT ? , : ? ? ? <-> ?"),
            ("EXECUTE alice_203(1)", "EXECUTE ? ( ? )"),
            ("SET application_name = '203.0.113.7'", "SET ? = ?"),
            ("SELECT FROM WHERE", "SELECT FROM WHERE"),
        ] {
            assert_eq!(shape_of(text), [shape], "{text}");
        }
    }

    #[test]
    fn each_statement_has_its_own_and_none_is_long() {
        assert_eq!(shape_of(";BEGIN; ;SELECT 1;"), ["BEGIN", "SELECT ?"]);
        assert_eq!(shape_of("SELECT 'unfinished"), [""; 0]);
        assert_eq!(shape_of(&"+ - ".repeat(100_000)).first().map(String::len), Some(2 * MAX_WORDS - 1));
    }
}
