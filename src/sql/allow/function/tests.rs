//! Overloads are told apart, reasons are given, and no word stands in two places.

use super::super::call::{Call, Sensitivity, Special};
use super::super::refused::{Reason, Refused};
use super::{FunctionFacts, TABLES, index};
use crate::sql::catalogue::Volatility;

/// A function of the server as its catalogue would describe it.
fn builtin<'a>(name: &'a str, inputs: &'a [&'a str]) -> FunctionFacts<'a> {
    FunctionFacts {
        schema: "pg_catalog",
        name,
        inputs,
        is_builtin: true,
        extension: None,
        volatility: Volatility::Immutable,
        is_plain: true,
        is_aggregate: false,
    }
}

fn check(facts: &FunctionFacts<'_>) -> Result<Call, Refused> {
    super::check(&index(15), facts)
}

fn reason(facts: &FunctionFacts<'_>) -> Option<Reason> {
    check(facts).err().map(|refused| refused.reason)
}

#[test]
fn no_word_stands_in_two_places_for_one_version() {
    for version in 13..=18 {
        let index = index(version);
        let mut words: Vec<_> = index.words().map(|(name, signature, _)| (name, signature)).collect();
        words.sort_unstable();
        for pair in words.windows(2) {
            assert_ne!(pair[0], pair[1], "version {version}");
        }
    }
}

#[test]
fn only_refusals_are_written_as_beginnings() {
    for group in TABLES.into_iter().flatten() {
        assert!(!group.is_allowed() || !group.words().contains('*'), "{}", group.words());
    }
}

#[test]
fn overloads_are_told_apart() {
    assert!(check(&builtin("ts_rewrite", &["tsquery", "tsquery", "tsquery"])).is_ok());
    assert_eq!(reason(&builtin("ts_rewrite", &["tsquery", "text"])), Some(Reason::RunsText));
    assert!(check(&builtin("age", &["timestamptz"])).is_ok());
    assert_eq!(reason(&builtin("age", &["xid"])), Some(Reason::SharedPosition));
    assert_eq!(check(&builtin("sum", &["int4"])).unwrap().order, Sensitivity::None);
    assert_eq!(check(&builtin("sum", &["float8"])).unwrap().order, Sensitivity::Always);
    assert_eq!(check(&builtin("min", &["numeric"])).unwrap().order, Sensitivity::Ties);
    assert!(!check(&builtin("abs", &["float8"])).unwrap().can_raise);
    assert!(check(&builtin("abs", &["int4"])).unwrap().can_raise);
}

#[test]
fn sizes_are_withheld_and_numbers_that_tell_the_order_of_reading_are_marked() {
    assert_eq!(check(&builtin("pg_table_size", &["regclass"])).unwrap().special, Special::Withheld);
    let random = FunctionFacts { volatility: Volatility::Volatile, ..builtin("random", &[]) };
    assert_eq!(check(&random).unwrap().special, Special::PerRow);
    let uuid = FunctionFacts { volatility: Volatility::Volatile, ..builtin("gen_random_uuid", &[]) };
    assert_eq!(check(&uuid).unwrap().special, Special::Nothing);
}

#[test]
fn a_listed_name_is_not_enough() {
    let lower = builtin("lower", &["text"]);
    assert!(check(&lower).is_ok());
    for facts in [
        FunctionFacts { is_builtin: false, ..lower },
        FunctionFacts { schema: "public", ..lower },
        FunctionFacts { is_plain: false, ..lower },
    ] {
        assert_eq!(reason(&facts), Some(Reason::UserDefined), "{facts:?}");
    }
    let changed = FunctionFacts { volatility: Volatility::Volatile, ..lower };
    assert_eq!(reason(&changed), Some(Reason::ReadingOrder));
    assert_eq!(reason(&builtin("function_of_tomorrow", &[])), Some(Reason::NotListed));
    assert_eq!(reason(&builtin("textin", &["cstring"])), Some(Reason::Internal));
}

#[test]
fn functions_that_reach_beyond_their_arguments_are_refused_with_the_reason() {
    for (name, inputs, expected) in [
        ("query_to_xml", &["text", "bool", "bool", "text"][..], Reason::RunsText),
        ("ts_stat", &["text"], Reason::RunsText),
        ("table_to_xml", &["regclass", "bool", "bool", "text"], Reason::ReadsByName),
        ("pg_stat_get_blocks_hit", &["oid"], Reason::Counters),
        ("pg_stat_function_of_tomorrow", &[], Reason::Counters),
        ("pg_stat_file", &["text"], Reason::Files),
        ("pg_read_file", &["text"], Reason::Files),
        ("lo_get", &["oid"], Reason::LargeObjects),
        ("pg_sleep", &["float8"], Reason::Waits),
        ("pg_try_advisory_lock", &["int8"], Reason::Locks),
        ("pg_notify", &["text", "text"], Reason::Messages),
        ("nextval", &["regclass"], Reason::SharedPosition),
        ("txid_current", &[], Reason::SharedPosition),
        ("current_query", &[], Reason::ShowsStatement),
        ("pg_logical_slot_peek_changes", &["name"], Reason::Replication),
        ("pg_column_size", &["any"], Reason::ReadsStorage),
    ] {
        assert_eq!(reason(&builtin(name, inputs)), Some(expected), "{name}");
    }
}

#[test]
fn of_extensions_the_ones_that_compute_are_open() {
    let of = |extension, name, volatility| FunctionFacts {
        schema: "public",
        is_builtin: false,
        extension: Some(extension),
        volatility,
        ..builtin(name, &["text"])
    };
    assert!(check(&of("pgcrypto", "digest", Volatility::Immutable)).is_ok());
    assert!(check(&of("pg_trgm", "show_trgm", Volatility::Immutable)).is_ok());
    for (facts, expected) in [
        (of("pg_trgm", "set_limit", Volatility::Volatile), Reason::NotListed),
        (of("postgis", "st_something", Volatility::Stable), Reason::NotListed),
        (of("dblink", "dblink", Volatility::Volatile), Reason::RunsText),
        (of("tablefunc", "crosstab", Volatility::Stable), Reason::RunsText),
        (of("xml2", "xpath_table", Volatility::Stable), Reason::RunsText),
        (of("pageinspect", "bt_page_items", Volatility::Volatile), Reason::ReadsStorage),
        (of("of_tomorrow", "f", Volatility::Immutable), Reason::UnknownExtension),
    ] {
        assert_eq!(reason(&facts), Some(expected), "{facts:?}");
    }
}
