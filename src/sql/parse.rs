//! Text becomes trees: size and depth are checked before anything recurses.
//!
//! Invariant: whatever the text, parsing and planning end in a tree or a refusal, in bounded memory; the work runs
//! on a thread whose stack is large enough for the deepest text that is let in, and a panic there is a refusal.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use super::ir::{Pos, Statement};
use super::lower;
use super::refusal::{Checked, Denial};

/// Longer texts are refused.
pub(super) const MAX_STATEMENT_BYTES: usize = 256 * 1024;
/// Our own texts say much more than what they were made of: a column may be a page.
const MAX_OWN_BYTES: usize = 8 * 1024 * 1024;
/// Deeper texts are refused. Each level may cost several frames of some hundred bytes in the parser, the decoder
/// and our own passes; [`STACK_BYTES`] holds that many times over.
const MAX_DEPTH: usize = 4_000;
/// Address space, not memory: pages are taken when they are touched.
const STACK_BYTES: usize = 512 * 1024 * 1024;

/// Parses a client's text into statements. Call it on a thread of [`with_large_stack`].
pub(super) fn statements(text: &str) -> Checked<Vec<Statement>> {
    within(text, MAX_STATEMENT_BYTES)
}

/// Parses a text that we wrote, likewise.
pub(super) fn own_statements(text: &str) -> Checked<Vec<Statement>> {
    within(text, MAX_OWN_BYTES)
}

/// Refuses a text of ours that is too long to be sent.
pub(super) fn require_length(text: &str) -> Checked<()> {
    if text.len() > MAX_OWN_BYTES { Err(too_long(MAX_OWN_BYTES)) } else { Ok(()) }
}

fn too_long(max_bytes: usize) -> Denial {
    Denial::new("54000", format!("the statement is longer than {max_bytes} bytes"), Pos::NONE)
}

fn within(text: &str, max_bytes: usize) -> Checked<Vec<Statement>> {
    if text.len() > max_bytes {
        return Err(too_long(max_bytes));
    }
    if text.contains('\0') {
        return Err(Denial::new("22021", "the statement holds a NUL byte", Pos::NONE));
    }
    if text.len() > MAX_DEPTH {
        check_depth(text)?;
    }
    let parsed = pg_query::parse(text, pg_query::ParserOptions::DEFAULT)
        .map_err(|error| syntax_error(text, &error))?;
    lower::statements(parsed.protobuf)
}

/// Refuses `1_000` and `0x1F` for servers before version 16, which do not read them as the parser does.
pub(super) fn require_old_numerals(text: &str) -> Checked<()> {
    use pg_query::protobuf::Token;
    let looks_new = |pair: &[u8]| match pair {
        [digit, next] => digit.is_ascii_digit() && b"_xXoObB".contains(next),
        _ => false,
    };
    if text.len() > MAX_STATEMENT_BYTES || !text.as_bytes().windows(2).any(looks_new) {
        return Ok(());
    }
    let scanned = pg_query::scan(text).map_err(|error| syntax_error(text, &error))?;
    for token in scanned.tokens {
        let kind = Token::try_from(token.token).unwrap_or(Token::Nul);
        let (Ok(start), Ok(end)) = (usize::try_from(token.start), usize::try_from(token.end)) else {
            continue;
        };
        let digits = text.get(start..end).unwrap_or_default();
        let numeral = matches!(kind, Token::Iconst | Token::Fconst | Token::Param);
        if numeral && digits.bytes().any(|byte| b"_xXoObB".contains(&byte)) {
            let message = "trailing junk after numeric literal";
            return Err(Denial::new("42601", message, Pos::at(token.start)));
        }
    }
    Ok(())
}

thread_local! {
    /// Deep trees are safe on this thread.
    static HAS_LARGE_STACK: Cell<bool> = const { Cell::new(false) };
}

/// Starts a thread on which statements are planned without another one for each.
///
/// # Errors
/// What the system says if it gives no thread.
pub fn planning_thread(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let builder = thread::Builder::new().name("plan".into()).stack_size(STACK_BYTES);
    let started = builder.spawn(move || {
        HAS_LARGE_STACK.set(true);
        work();
    });
    started.map(drop)
}

/// Runs `work` where deep trees are safe.
///
/// # Errors
/// No thread could be made, or the work panicked.
pub(super) fn with_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Denial> {
    let failed = || Denial::new("XX000", "the statement could not be planned", Pos::NONE);
    if HAS_LARGE_STACK.get() {
        return catch_unwind(AssertUnwindSafe(work)).map_err(|_| failed());
    }
    thread::scope(|scope| {
        let planning = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        planning.map_err(|_| failed())?.join().map_err(|_| failed())
    })
}

/// The parser's words quote the text next to the error, which is the client's own; they are passed on.
fn syntax_error(text: &str, error: &pg_query::Error) -> Denial {
    match error {
        pg_query::Error::Parse(message) | pg_query::Error::Scan(message) => {
            let offset = place_of(text, message).and_then(|offset| i32::try_from(offset).ok());
            Denial::new("42601", message.clone(), offset.map_or(Pos::NONE, Pos::at))
        }
        _ => Denial::new("42601", "the statement could not be parsed", Pos::NONE),
    }
}

/// Where in the text the parser stopped, which its library keeps to itself: at the end, at what it could not read to its
/// end, or at the first token of the text that it names with which a beginning of the text fails alike.
fn place_of(text: &str, message: &str) -> Option<usize> {
    if message.ends_with("at end of input") {
        return Some(text.len());
    }
    let (_, near) = message.split_once(" at or near \"")?;
    let near = near.strip_suffix('"')?;
    let Ok(scanned) = pg_query::scan(text) else {
        return text.ends_with(near).then(|| text.len().saturating_sub(near.len()));
    };
    let places = scanned.tokens.iter().filter_map(|token| {
        let (start, end) = (usize::try_from(token.start).ok()?, usize::try_from(token.end).ok()?);
        (text.get(start..end)? == near).then_some((start, end))
    });
    let places: Vec<(usize, usize)> = places.collect();
    // What follows a token changes nothing about the tokens before it.
    let fails_before = |&(_, end): &(usize, usize)| {
        let beginning = text.get(..end).unwrap_or_default();
        let parsed = pg_query::parse(beginning, pg_query::ParserOptions::DEFAULT);
        !matches!(parsed, Err(pg_query::Error::Parse(said)) if said == message)
    };
    places.get(places.partition_point(fails_before)).map(|(start, _)| *start)
}

/// The names that we make up begin so.
pub(super) const MADE: &str = "sfumato_";

/// True if there may be a name of that kind in a text: as it is, or by the codes of its letters.
pub(super) fn may_hold_made_names(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains(MADE) || text.contains("u&")
}

/// Refuses such names: one of the client's could be taken for one of ours by the server, and the other way round.
pub(super) fn require_no_made_names(text: &str) -> Checked<()> {
    if text.to_ascii_lowercase().contains(MADE) {
        return Err(Denial::forbidden(format!("names that begin with `{MADE}` are refused"), Pos::NONE)
            .hint("the proxy makes such names of its own"));
    }
    Ok(())
}

/// What may nest at one level of parentheses.
#[derive(Default)]
struct Level {
    /// Operators since the last separator.
    expression: usize,
    /// Joins and set operations: their chains go on across separators.
    chain: usize,
}

/// Bounds the depth of the tree from above by counting tokens: every open parenthesis, every token that may
/// nest an expression since the last separator of its level, every link of a chain of joins or set operations.
fn check_depth(text: &str) -> Checked<()> {
    use pg_query::protobuf::{KeywordKind, Token};
    let scanned = pg_query::scan(text).map_err(|error| syntax_error(text, &error))?;
    let mut levels = vec![Level::default()];
    let mut depth = 0_usize;
    for token in scanned.tokens {
        let kind = Token::try_from(token.token).unwrap_or(Token::Nul);
        let unreserved = token.keyword_kind == KeywordKind::UnreservedKeyword as i32;
        let nested = levels.len() > 1;
        let top = levels.last_mut();
        match (kind, top) {
            (Token::Ascii40 | Token::Ascii91 | Token::Case, _) => {
                levels.push(Level::default());
                depth += 1;
            }
            (Token::Ascii41 | Token::Ascii93 | Token::EndP, _) if nested => {
                let closed = levels.pop().unwrap_or_default();
                depth = depth.saturating_sub(1 + closed.expression + closed.chain);
            }
            // Separators: what follows starts anew at this level. AND and OR chains are flat lists.
            (
                Token::Ascii44 | Token::And | Token::Or | Token::When | Token::Then | Token::Else,
                Some(level),
            ) => {
                depth = depth.saturating_sub(level.expression);
                level.expression = 0;
            }
            (Token::Join | Token::Union | Token::Intersect | Token::Except, Some(level)) => {
                level.chain += 1;
                depth += 1;
            }
            (
                Token::Ident | Token::Sconst | Token::Iconst | Token::Fconst | Token::Param | Token::Ascii46,
                _,
            ) => {}
            (_, Some(level)) if !unreserved => {
                level.expression += 1;
                depth += 1;
            }
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Denial::new("54001", "the statement is nested too deeply", Pos::NONE));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The character that is pointed at, counted from 1, as the server does it.
    #[test]
    fn where_the_parser_stopped() {
        for (text, place) in [
            ("SELECT FROM WHERE", Some(13)),
            ("SELECT 'a', 'ä', x x x", Some(22)),
            ("SELECT 1 +", Some(11)),
            ("SELECT 1 +\n", Some(12)),
            ("SELECT ä, ) , )", Some(11)),
            ("SELECT 'ü' AS a, 'open", Some(18)),
            ("SELECT \"open", Some(8)),
            ("SELECT 1; SELECT 2; SELEC 3", Some(21)),
            ("SELECT 1 /* open", Some(10)),
            ("SELECT 1 ORDER BY 1 ORDER BY 2", Some(21)),
            ("", None),
        ] {
            let refused = statements(text).err().map(|denial| denial.into_refusal(text));
            assert_eq!(refused.and_then(|refusal| refusal.position), place, "{text}");
        }
    }
}
