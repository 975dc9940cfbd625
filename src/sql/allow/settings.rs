//! Settings that a client may set and show.

/// What a client may do with a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Setting {
    /// Set to anything that the server accepts, and show.
    Free,
    /// Set to one of these (in lower case), and show.
    Among(&'static [&'static str]),
    /// Show only.
    Shown,
    /// Kept by the session itself.
    SearchPath,
}

const ON: &[&str] = &["on", "true", "yes", "1"];
const UTF8: &[&str] = &["utf8", "utf-8", "unicode"];
/// Levels below would send the server's own words.
const MESSAGES: &[&str] = &["notice", "warning", "error"];
/// Fewer digits would make different values look alike, which is harmless, but ties would show their order.
const DIGITS: &[&str] = &["0", "1", "2", "3"];

/// What may be done with the setting of this name; `None` is nothing.
pub(in crate::sql) fn setting(name: &str) -> Option<Setting> {
    match name.to_ascii_lowercase().as_str() {
        "search_path" => Some(Setting::SearchPath),
        "standard_conforming_strings" | "synchronize_seqscans" => Some(Setting::Among(ON)),
        "client_encoding" => Some(Setting::Among(UTF8)),
        "client_min_messages" => Some(Setting::Among(MESSAGES)),
        "extra_float_digits" => Some(Setting::Among(DIGITS)),
        "application_name"
        | "bytea_output"
        | "datestyle"
        | "default_transaction_deferrable"
        | "default_transaction_isolation"
        | "default_transaction_read_only"
        | "idle_in_transaction_session_timeout"
        | "idle_session_timeout"
        | "intervalstyle"
        | "lc_messages"
        | "lc_monetary"
        | "lc_numeric"
        | "lc_time"
        | "lock_timeout"
        | "statement_timeout"
        | "tcp_keepalives_count"
        | "tcp_keepalives_idle"
        | "tcp_keepalives_interval"
        | "timezone"
        | "transaction_deferrable"
        | "transaction_isolation"
        | "transaction_read_only"
        | "transaction_timeout"
        | "default_text_search_config"
        | "work_mem"
        | "xmlbinary"
        | "xmloption"
        | "time zone" => Some(Setting::Free),
        "block_size"
        | "default_tablespace"
        | "in_hot_standby"
        | "integer_datetimes"
        | "is_superuser"
        | "lc_collate"
        | "lc_ctype"
        | "max_identifier_length"
        | "max_index_keys"
        | "max_connections"
        | "port"
        | "row_security"
        | "server_encoding"
        | "server_version"
        | "server_version_num"
        | "session_authorization"
        | "timezone_abbreviations" => Some(Setting::Shown),
        _ => None,
    }
}
