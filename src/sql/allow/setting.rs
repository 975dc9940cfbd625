//! Settings: what a client may set, reset and show.
//!
//! Not here: sending anything, and remembering what was set.

use super::Lists;
use super::refused::{Reason, Refused};

/// What becomes of `SET` or `RESET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum SetVerdict {
    /// It is sent as it is.
    Sent,
    /// It is sent with this value instead, which is what the protection relies on, for another spelling of it.
    SentAs(&'static str),
    /// The session knows it, and sends it in a spelling of its own: `search_path`.
    Kept,
    /// It is refused. Where other values would do, these.
    Refused(Refused, &'static [&'static str]),
}

/// How a setting is handled.
enum Handling {
    /// Any value.
    Free,
    /// One of these, in lower case.
    Among(&'static [&'static str]),
    /// A value that cannot change; other spellings of it are taken.
    Pinned { value: &'static str, spellings: &'static [&'static str] },
    /// Any value, sent by the session.
    Kept,
    /// No value: it can only go back to what it was when the session began, which it never left.
    Own,
}

const ON: &[&str] = &["on", "true", "yes", "1"];
const OFF: &[&str] = &["off", "false", "no", "0"];

/// How a setting is handled; none if it is not on the list.
fn handling(name: &str) -> Option<Handling> {
    Some(match name {
        "search_path" => Handling::Kept,
        "role" | "session_authorization" => Handling::Own,
        // Literals, bytes and texts have one form.
        "standard_conforming_strings" | "array_nulls" | "row_security" => {
            Handling::Pinned { value: "on", spellings: ON }
        }
        // A scan that joins another in the middle begins where that one is.
        "transform_null_equals" | "quote_all_identifiers" | "synchronize_seqscans" => {
            Handling::Pinned { value: "off", spellings: OFF }
        }
        "client_encoding" => Handling::Pinned { value: "UTF8", spellings: &["utf8", "unicode"] },
        "bytea_output" => Handling::Pinned { value: "hex", spellings: &["hex"] },
        // Fewer digits make different values look alike, and which of them is which would show in their order.
        "extra_float_digits" => Handling::Among(&["0", "1", "2", "3"]),
        // Below these the server sends words of its own.
        "client_min_messages" => Handling::Among(&["notice", "warning", "error"]),
        "intervalstyle" => Handling::Among(&["postgres", "postgres_verbose", "sql_standard", "iso_8601"]),
        // Times are treated by the store; these form what is coarse already.
        "application_name"
        | "datestyle"
        | "default_text_search_config"
        | "default_transaction_deferrable"
        | "default_transaction_isolation"
        | "default_transaction_read_only"
        | "idle_in_transaction_session_timeout"
        | "idle_session_timeout"
        | "jit"
        | "lc_messages"
        | "lc_monetary"
        | "lc_numeric"
        | "lc_time"
        | "lock_timeout"
        | "statement_timeout"
        | "tcp_keepalives_count"
        | "tcp_keepalives_idle"
        | "tcp_keepalives_interval"
        | "tcp_user_timeout"
        | "timezone"
        | "transaction_deferrable"
        | "transaction_isolation"
        | "transaction_read_only"
        | "transaction_timeout"
        | "work_mem"
        | "xmlbinary"
        | "xmloption" => Handling::Free,
        _ => return None,
    })
}

/// Settings that may be shown, besides `search_path`, which the session knows.
pub(in crate::sql) const SHOWN_SETTINGS: &[&str] = &[
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "application_name",
    "array_nulls",
    "block_size",
    "bytea_output",
    "client_encoding",
    "client_min_messages",
    "data_checksums",
    "debug_assertions",
    "default_table_access_method",
    "default_tablespace",
    "default_text_search_config",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "extra_float_digits",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "in_hot_standby",
    "integer_datetimes",
    "is_superuser",
    "jit",
    "lc_collate",
    "lc_ctype",
    "lc_messages",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "lock_timeout",
    "max_connections",
    "max_function_args",
    "max_identifier_length",
    "max_index_keys",
    "max_prepared_transactions",
    "password_encryption",
    "row_security",
    "segment_size",
    "server_encoding",
    "server_version",
    "server_version_num",
    "session_authorization",
    "ssl",
    "standard_conforming_strings",
    "statement_timeout",
    "tcp_keepalives_count",
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "timezone_abbreviations",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
    "transaction_timeout",
    "wal_block_size",
    "wal_level",
    "work_mem",
    "xmlbinary",
    "xmloption",
];

/// What becomes of `SHOW` and `current_setting`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum ShowVerdict {
    /// The server answers.
    Sent,
    /// The session answers: `search_path`.
    Kept,
    /// It is refused.
    Refused(Refused),
}

impl Lists {
    /// What becomes of `SET name TO values`.
    pub(in crate::sql) fn set(&self, name: &str, values: &[&str]) -> SetVerdict {
        match handling(&name.to_ascii_lowercase()) {
            Some(Handling::Kept) => SetVerdict::Kept,
            _ if self.is_all_open => SetVerdict::Sent,
            None | Some(Handling::Own) => SetVerdict::Refused(unlisted(name), &[]),
            Some(Handling::Free) => SetVerdict::Sent,
            Some(Handling::Among(allowed)) if is_among(allowed, values) => SetVerdict::Sent,
            Some(Handling::Pinned { value, spellings }) if is_among(spellings, values) => {
                SetVerdict::SentAs(value)
            }
            Some(Handling::Among(allowed) | Handling::Pinned { spellings: allowed, .. }) => {
                SetVerdict::Refused(Refused::because(Reason::Pinned), allowed)
            }
        }
    }

    /// True for a setting that may be set to anything that the server accepts, so that the value may come in a
    /// parameter (`set_config('jit', $1, false)`).
    pub(in crate::sql) fn takes_any_value(&self, name: &str) -> bool {
        matches!(handling(&name.to_ascii_lowercase()), Some(Handling::Free))
    }

    /// What becomes of `RESET name` and `SET name TO DEFAULT`: what is pinned is pinned where the session begins, so
    /// that going back leads there.
    pub(in crate::sql) fn reset(&self, name: &str) -> SetVerdict {
        match handling(&name.to_ascii_lowercase()) {
            Some(Handling::Kept) => SetVerdict::Kept,
            Some(Handling::Free | Handling::Among(_) | Handling::Pinned { .. } | Handling::Own) => {
                SetVerdict::Sent
            }
            None if self.is_all_open => SetVerdict::Sent,
            None => SetVerdict::Refused(unlisted(name), &[]),
        }
    }

    /// What becomes of `SHOW name`.
    pub(in crate::sql) fn show(&self, name: &str) -> ShowVerdict {
        if name.eq_ignore_ascii_case("search_path") {
            return ShowVerdict::Kept;
        }
        let is_shown = || SHOWN_SETTINGS.iter().any(|shown| shown.eq_ignore_ascii_case(name));
        if self.is_all_open || name.eq_ignore_ascii_case("time zone") || is_shown() {
            return ShowVerdict::Sent;
        }
        let refused = Refused::because(Reason::NotListed);
        let instead = "SHOW of a single setting, such as server_version, TimeZone or statement_timeout";
        ShowVerdict::Refused(if name.eq_ignore_ascii_case("all") {
            refused.instead(instead)
        } else {
            refused
        })
    }
}

/// The values as one text in one spelling: `'ISO, DMY'` is `iso,dmy`, `"UTF-8"` is `utf8`.
fn is_among(allowed: &[&str], values: &[&str]) -> bool {
    let mut given = values.join(",").to_ascii_lowercase();
    given.retain(|c| !c.is_ascii_whitespace() && c != '-');
    allowed.contains(&given.as_str())
}

/// Settings that are refused for a reason that is worth saying.
fn unlisted(name: &str) -> Refused {
    let name = name.to_ascii_lowercase();
    let is_planner = ["enable_", "cpu_", "geqo", "parallel_", "debug_parallel", "force_parallel"]
        .iter()
        .any(|beginning| name.starts_with(beginning))
        || matches!(
            name.as_str(),
            "plan_cache_mode"
                | "seq_page_cost"
                | "random_page_cost"
                | "from_collapse_limit"
                | "join_collapse_limit"
        );
    match name.as_str() {
        "role" | "session_authorization" => Refused::because(Reason::Rights),
        _ if is_planner => {
            Refused::because(Reason::ReadingOrder).instead("the server chooses its plans itself")
        }
        _ if name.starts_with("log_") || name.starts_with("debug_") || name.starts_with("trace_") => {
            Refused::because(Reason::ShowsStatement)
        }
        _ => Refused::because(Reason::NotListed),
    }
}

#[cfg(test)]
#[path = "setting_tests.rs"]
mod tests;
