//! Names are shown, what is made of rows is not.

use super::super::refused::Reason;
use super::{Access, Replacement, access, information_schema, pg_catalog, words};

#[test]
fn no_relation_stands_in_two_places() {
    for table in [pg_catalog::RELATIONS, information_schema::RELATIONS] {
        let mut names: Vec<&str> = words(table).map(|(name, _)| name).collect();
        names.sort_unstable();
        for pair in names.windows(2) {
            assert_ne!(pair[0], pair[1]);
        }
    }
}

#[test]
fn estimates_and_counters_are_withheld_and_names_are_shown() {
    let replaced = |name: &str, column: &str| match access("pg_catalog", name) {
        Access::Masked(mask) => mask.replacement(column),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(replaced("pg_class", "reltuples"), Some(Replacement::Constant("-1")));
    assert_eq!(replaced("pg_class", "relname"), None);
    assert_eq!(replaced("pg_stat_user_tables", "n_live_tup"), Some(Replacement::Null));
    assert_eq!(replaced("pg_stat_user_tables", "a_counter_of_tomorrow"), Some(Replacement::Null));
    assert_eq!(replaced("pg_stat_user_tables", "relname"), None);
    assert_eq!(replaced("pg_settings", "setting"), Some(Replacement::IfSettingIsShown));
}

#[test]
fn what_is_made_of_rows_is_refused() {
    let reason = |schema, name| match access(schema, name) {
        Access::Refused(refused) => Some(refused.reason),
        _ => None,
    };
    for (schema, name, expected) in [
        ("pg_catalog", "pg_stats", Reason::Statistics),
        ("pg_catalog", "pg_statistic_ext_data", Reason::Statistics),
        ("pg_catalog", "pg_stat_activity", Reason::OtherSessions),
        ("pg_catalog", "pg_prepared_statements", Reason::ShowsStatement),
        ("pg_catalog", "pg_largeobject", Reason::LargeObjects),
        ("pg_catalog", "pg_authid", Reason::Secrets),
        ("pg_catalog", "pg_table_of_tomorrow", Reason::NotListed),
        ("pg_toast", "pg_toast_2619", Reason::ReadsStorage),
        ("pg_temp_3", "logins", Reason::ReadsStorage),
    ] {
        assert_eq!(reason(schema, name), Some(expected), "{schema}.{name}");
    }
}
