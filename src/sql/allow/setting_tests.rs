//! What clients set and show, and what stays as it is.

use super::{Lists, Reason, SetVerdict, ShowVerdict};

fn set(name: &str, values: &[&str]) -> SetVerdict {
    Lists::new(15).set(name, values)
}

#[test]
fn what_clients_set_when_they_connect_is_taken() {
    for (name, values) in [
        ("application_name", &["dash"][..]),
        ("statement_timeout", &["20s"]),
        ("DateStyle", &["ISO"]),
        ("datestyle", &["ISO, MDY"]),
        ("datestyle", &["iso", "ymd"]),
        ("extra_float_digits", &["3"]),
        ("TimeZone", &["Asia/Kathmandu"]),
        ("client_min_messages", &["WARNING"]),
        ("intervalstyle", &["iso_8601"]),
        ("jit", &["off"]),
        ("default_transaction_isolation", &["repeatable read"]),
    ] {
        assert_eq!(set(name, values), SetVerdict::Sent, "{name}");
    }
    assert_eq!(set("Search_Path", &["a", "b"]), SetVerdict::Kept);
    assert_eq!(set("standard_conforming_strings", &["true"]), SetVerdict::SentAs("on"));
    assert_eq!(set("client_encoding", &["utf-8"]), SetVerdict::SentAs("UTF8"));
}

#[test]
fn what_the_protection_relies_on_stays() {
    for (name, value) in [
        ("standard_conforming_strings", "off"),
        ("client_encoding", "SJIS"),
        ("client_encoding", "SQL_ASCII"),
        ("extra_float_digits", "-12"),
        ("bytea_output", "escape"),
        ("transform_null_equals", "on"),
        ("array_nulls", "off"),
        ("client_min_messages", "log"),
        ("client_min_messages", "debug5"),
        ("row_security", "off"),
    ] {
        let verdict = set(name, &[value]);
        let is_pinned = matches!(verdict, SetVerdict::Refused(refused, allowed)
            if refused.reason == Reason::Pinned && !allowed.is_empty());
        assert!(is_pinned, "{name}: {verdict:?}");
    }
    for name in
        ["role", "session_authorization", "enable_hashjoin", "plan_cache_mode", "log_executor_stats", "my.v"]
    {
        assert!(matches!(set(name, &["on"]), SetVerdict::Refused(_, [])), "{name}");
    }
}

#[test]
fn what_may_be_set_may_be_reset() {
    let lists = Lists::new(15);
    for name in ["datestyle", "standard_conforming_strings", "extra_float_digits", "TimeZone", "role"] {
        assert_eq!(lists.reset(name), SetVerdict::Sent, "{name}");
    }
    assert_eq!(lists.reset("search_path"), SetVerdict::Kept);
    assert!(matches!(lists.reset("my.v"), SetVerdict::Refused(..)));
}

#[test]
fn settings_are_shown_by_name() {
    let lists = Lists::new(15);
    for name in ["server_version", "transaction_isolation", "timezone", "TIMEZONE", "is_superuser"] {
        assert_eq!(lists.show(name), ShowVerdict::Sent, "{name}");
    }
    assert_eq!(lists.show("search_path"), ShowVerdict::Kept);
    for name in ["all", "data_directory", "primary_conninfo", "my.v", "listen_addresses"] {
        assert!(matches!(lists.show(name), ShowVerdict::Refused(_)), "{name}");
    }
}
