//! Server settings at start-up: what is pinned, what a client may choose, what it may not.
//!
//! Everything that our printer and our readers of values rely on is pinned in the start-up message, where it
//! outranks `ALTER ROLE` and `ALTER DATABASE`, and where `RESET` and `DISCARD ALL` lead back to it.
//!
//! Invariant: what is not listed here is refused.
//! Not here: `SET` in a running session, which is a statement and the planner's to judge.
//!
//! <https://www.postgresql.org/docs/current/runtime-config-client.html>

use super::ask::Rows;
use super::refusal::Fault;
use super::startup::MAX_NAME_BYTES;

/// Settings that every session has, whatever the client or the role's defaults say.
pub(super) const PINNED: &[(&str, &str)] = &[
    ("array_nulls", "on"),
    ("backslash_quote", "safe_encoding"),
    ("bytea_output", "hex"),
    ("client_encoding", "UTF8"),
    ("client_min_messages", "warning"),
    ("quote_all_identifiers", "off"),
    ("row_security", "on"),
    ("standard_conforming_strings", "on"),
    ("transform_null_equals", "off"),
    ("xmlbinary", "base64"),
    ("xmloption", "content"),
];

/// Settings that are pinned unless the client asks for a value that is as good.
pub(super) const DEFAULTS: &[(&str, &str)] = &[("extra_float_digits", "1")];

/// What becomes of a setting that a client sends at start-up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Sent on, with this value.
    Send(String),
    /// Another value is pinned, which the client can live with.
    Pinned,
    /// The client's path, sent in our own spelling ([`path_value`]).
    SearchPath(Vec<String>),
    /// Not allowed.
    Refused,
}

/// Settings that change neither the meaning of statements nor the form of values that are treated here. (Times
/// are treated by the store; `DateStyle` forms what is coarse already.)
const FREE: &[&str] = &[
    "application_name",
    "datestyle",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "intervalstyle",
    "jit",
    "lock_timeout",
    "statement_timeout",
    "tcp_keepalives_count",
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "tcp_user_timeout",
    "timezone",
];

/// Judges one setting; `name` in lower case.
pub(super) fn choose(name: &str, value: &str) -> Choice {
    match name {
        "client_encoding" => pinned_if(is_utf8(value)),
        "extra_float_digits" => match value.trim() {
            digits @ ("1" | "2" | "3") => Choice::Send(digits.to_owned()),
            _ => Choice::Pinned,
        },
        "bytea_output" | "client_min_messages" => Choice::Pinned,
        "standard_conforming_strings" | "row_security" => {
            pinned_if(matches!(value.to_ascii_lowercase().as_str(), "on" | "true" | "yes" | "1"))
        }
        "search_path" => {
            parse_path(value).filter(|path| fits(path)).map_or(Choice::Refused, Choice::SearchPath)
        }
        _ if FREE.contains(&name) => Choice::Send(value.to_owned()),
        _ => Choice::Refused,
    }
}

fn pinned_if(allowed: bool) -> Choice {
    if allowed { Choice::Pinned } else { Choice::Refused }
}

/// True for the spellings of UTF-8, and for `SQL_ASCII`, by which clients mean "bytes as they are".
fn is_utf8(encoding: &str) -> bool {
    let plain: String =
        encoding.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    matches!(plain.as_str(), "utf8" | "unicode" | "sqlascii")
}

/// True if a value that the server reports is what parsing and reading rely on.
pub(super) fn report_is_fine(name: &str, value: &str) -> bool {
    match name {
        "standard_conforming_strings" | "integer_datetimes" => value == "on",
        "client_encoding" => value == "UTF8",
        _ => true,
    }
}

/// Reports that clients know and that hold no data. Others stay here.
pub(super) fn report_may_pass(name: &str) -> bool {
    const KNOWN: &[&str] = &[
        "DateStyle",
        "IntervalStyle",
        "TimeZone",
        "application_name",
        "client_encoding",
        "default_transaction_read_only",
        "in_hot_standby",
        "integer_datetimes",
        "is_superuser",
        "scram_iterations",
        "server_encoding",
        "server_version",
        "session_authorization",
        "standard_conforming_strings",
    ];
    KNOWN.contains(&name)
}

/// What the server calls the path along which it looks for names.
const SEARCH_PATH: &str = "pg_catalog.current_setting('search_path')";

/// A question whose one row says what the `search_path` is.
pub(super) fn path_question() -> String {
    format!("SELECT {SEARCH_PATH}")
}

/// A question whose one row says what the pinned settings are, and the `search_path` behind them.
pub(super) fn pins_question(pins: &[(String, String)]) -> String {
    let names = pinned(pins).map(|(name, _)| format!("pg_catalog.current_setting('{name}')"));
    format!("SELECT {}", names.chain([SEARCH_PATH.to_owned()]).collect::<Vec<_>>().join(", "))
}

/// Compares the answer to [`pins_question`] with what was asked for, and gives the `search_path`.
pub(super) fn check_pins(pins: &[(String, String)], answers: Option<&[Rows]>) -> Result<Vec<String>, Fault> {
    let [rows] = answers.ok_or(Fault::Setting)? else { return Err(Fault::Setting) };
    let [row] = rows.as_slice() else { return Err(Fault::Setting) };
    let mut values = row.iter();
    for (name, pinned) in pinned(pins) {
        let value = values.next().and_then(Option::as_deref).ok_or(Fault::Setting)?;
        let holds = match name {
            "extra_float_digits" => value.parse::<i32>().is_ok_and(|digits| digits >= 1),
            _ => value.eq_ignore_ascii_case(pinned),
        };
        if !holds {
            return Err(Fault::Setting);
        }
    }
    let path = values.next().and_then(Option::as_deref).ok_or(Fault::Setting)?;
    read_path(path).ok_or(Fault::Setting)
}

fn pinned(pins: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    let more = pins.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    DEFAULTS.iter().chain(PINNED).copied().chain(more)
}

/// Splits the value of `search_path` as `SplitIdentifierString` does: commas, double quotes, folding to
/// lower case outside of them.
fn parse_path(value: &str) -> Option<Vec<String>> {
    let mut rest = value.trim();
    let mut path = Vec::new();
    if rest.is_empty() {
        return Some(path);
    }
    loop {
        let (name, behind) = parse_name(rest)?;
        path.push(name);
        let behind = behind.trim_start();
        if behind.is_empty() {
            return Some(path);
        }
        rest = behind.strip_prefix(',')?.trim_start();
    }
}

/// False if a schema's name is longer than the server reads it.
fn fits(path: &[String]) -> bool {
    path.iter().all(|schema| schema.len() <= MAX_NAME_BYTES)
}

fn parse_name(text: &str) -> Option<(String, &str)> {
    let Some(mut quoted) = text.strip_prefix('"') else {
        let end = text.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(end)?;
        let fine = !name.is_empty() && !name.contains('"');
        return fine.then(|| (name.to_ascii_lowercase(), rest));
    };
    let mut name = String::new();
    loop {
        let (part, rest) = quoted.split_once('"')?;
        name.push_str(part);
        match rest.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                quoted = more;
            }
            None => return Some((name, rest)),
        }
    }
}

/// The server's own schema.
const OWN_SCHEMA: &str = "pg_catalog";

/// The schemas of a client's path as the server is told them: what came with it is found first, whatever the client
/// says, so that no operator which the server looks up itself (in `IN`, `BETWEEN`, `USING`, ...) and nothing in the
/// server's own functions can mean something else. Named twice, a schema counts where it stands first, and the first of
/// several of this name is ours ([`read_path`]).
pub(super) fn sent_path(path: &[String]) -> impl Iterator<Item = &str> {
    let is_late = path.iter().skip(1).any(|schema| schema == OWN_SCHEMA);
    is_late.then_some(OWN_SCHEMA).into_iter().chain(path.iter().map(String::as_str))
}

/// The value of `search_path` for a start-up message.
pub(super) fn path_value(path: &[String]) -> String {
    let quoted = sent_path(path).map(|schema| format!("\"{}\"", schema.replace('"', "\"\"")));
    quoted.collect::<Vec<_>>().join(", ")
}

/// The client's path in what the server says of it: the way back from [`sent_path`].
pub(super) fn read_path(value: &str) -> Option<Vec<String>> {
    let mut path = parse_path(value)?;
    if let [first, rest @ ..] = path.as_slice()
        && first == OWN_SCHEMA
        && rest.iter().any(|schema| schema == OWN_SCHEMA)
    {
        path.remove(0);
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_may_choose() {
        for (name, value, choice) in [
            ("client_encoding", "utf-8", Choice::Pinned),
            ("client_encoding", "SJIS", Choice::Refused),
            ("datestyle", "German, DMY", Choice::Send("German, DMY".into())),
            ("extra_float_digits", "3", Choice::Send("3".into())),
            ("extra_float_digits", "-12", Choice::Pinned),
            ("standard_conforming_strings", "off", Choice::Refused),
            ("row_security", "off", Choice::Refused),
            ("role", "postgres", Choice::Refused),
            ("session_replication_role", "replica", Choice::Refused),
            ("timezone", "Asia/Kathmandu", Choice::Send("Asia/Kathmandu".into())),
            ("enable_seqscan", "off", Choice::Refused),
        ] {
            assert_eq!(choose(name, value), choice, "{name} {value}");
        }
    }

    #[test]
    fn search_paths_as_the_server_reads_them() {
        let path = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect::<Vec<_>>());
        for (value, expected) in [
            ("", path(&[])),
            ("\"$user\", Public", path(&["$user", "public"])),
            ("\"a\"\"b,c\" , d", path(&["a\"b,c", "d"])),
            ("a,", None),
            ("a b", None),
            ("\"a", None),
            (",", None),
        ] {
            assert_eq!(parse_path(value), expected, "{value}");
        }
    }

    #[test]
    fn paths_survive_the_round_trip() {
        for (path, value) in [
            (&[][..], ""),
            (&["a\"\\; --", "ü"], "\"a\"\"\\; --\", \"ü\""),
            (&["pg_catalog", "a"], "\"pg_catalog\", \"a\""),
            (&["a", "pg_catalog"], "\"pg_catalog\", \"a\", \"pg_catalog\""),
            (&["pg_catalog", "pg_catalog"], "\"pg_catalog\", \"pg_catalog\", \"pg_catalog\""),
        ] {
            let path: Vec<String> = path.iter().map(ToString::to_string).collect();
            assert_eq!(path_value(&path), value);
            assert_eq!(read_path(value), Some(path));
        }
    }
}
