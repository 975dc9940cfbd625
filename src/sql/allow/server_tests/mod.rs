//! The lists held against a real server: what they name is there, what they do not name is on record, and what
//! clients were seen to use is allowed.
//!
//! The server is that of `PGBIN`, or the newest installed; `scripts/versions` runs these tests against all that the
//! lists know.

#![allow(
    dead_code,
    clippy::disallowed_methods,
    clippy::print_stderr,
    unreachable_pub,
    reason = "shared with tests/"
)]

#[path = "../../../../tests/support/recorded.rs"]
mod recorded;

use std::collections::{BTreeMap, BTreeSet};

use super::{Access, Lists, Reason, Special};
use crate::cluster::Cluster;
use crate::sql::QUERIES;
use crate::sql::catalogue::{Catalogue, Function, FunctionKind, Volatility};
use recorded::recorded;

const FIELD: char = '\u{1}';
const RECORD: char = '\u{2}';
const NULL: &str = "\u{3}";
const ANSWER: &str = "\u{4}";

/// The answers of a server to the questions of the catalogue, in one session.
fn load(cluster: &Cluster) -> Catalogue {
    let mut psql = cluster.client("psql", cluster.port);
    psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
    psql.args(["-F", &FIELD.to_string(), "-R", &RECORD.to_string(), "-P", &format!("null={NULL}")]);
    psql.args(["-c", "BEGIN"]);
    for query in QUERIES {
        psql.args(["-c", query.text, "-c", &format!("\\echo {ANSWER}")]);
    }
    let output = psql.output().unwrap();
    assert!(output.status.success(), "{}", output.stderr.escape_ascii());
    let text = String::from_utf8(output.stdout).unwrap();
    let row =
        |record: &str| record.split(FIELD).map(|field| (field != NULL).then(|| field.to_owned())).collect();
    let answers: Vec<Vec<_>> = text
        .split(&format!("{ANSWER}\n"))
        .take(QUERIES.len())
        .map(|answer| {
            answer.trim_end_matches('\n').split(RECORD).filter(|row| !row.is_empty()).map(row).collect()
        })
        .collect();
    Catalogue::load(&answers).unwrap()
}

fn server_and_lists() -> Option<(Cluster, Catalogue, Lists)> {
    let cluster = Cluster::start()?;
    let catalogue = load(&cluster);
    let lists = Lists::new(catalogue.major_version());
    Some((cluster, catalogue, lists))
}

/// `name(type,type)`, with types as the lists write them.
fn signature(catalogue: &Catalogue, name: &str, function: &Function) -> String {
    let inputs = function.arguments.iter().map(|oid| &*catalogue.type_by_oid(*oid).unwrap().name);
    format!("{name}({})", inputs.collect::<Vec<_>>().join(","))
}

#[test]
fn every_function_on_the_lists_is_there() {
    let Some((_cluster, catalogue, lists)) = server_and_lists() else { return };
    let functions = catalogue.all_functions().filter(|(_, function)| function.schema != "public");
    let known: BTreeSet<String> = functions
        .flat_map(|(name, function)| [name.to_owned(), signature(&catalogue, name, function)])
        .collect();
    let written = lists.function_words().map(|(name, types, _)| match types {
        Some(types) => format!("{name}({types})"),
        None => name.to_owned(),
    });
    let missing: Vec<String> = written.filter(|word| !known.contains(word)).collect();
    assert!(missing.is_empty(), "on the lists, but not in this version: {missing:?}");
}

#[test]
fn what_may_be_called_is_steady_unless_the_lists_say_otherwise() {
    let Some((_cluster, catalogue, lists)) = server_and_lists() else { return };
    // Random without a state that could be foretold, or declared volatile but the same for every row.
    let harmless = [
        "gen_random_uuid",
        "pg_advisory_unlock_all",
        "pg_collation_actual_version",
        "pg_database_collation_actual_version",
        "pg_is_in_recovery",
        "pg_jit_available",
        "pg_partition_ancestors",
        "pg_partition_tree",
        "timezone",
        "uuidv4",
    ];
    for (name, function) in catalogue.all_functions() {
        let rule = lists.function(&catalogue, name, function);
        // A volatile function that the tables name without saying so would be refused without a word.
        assert!(rule.is_ok() || rule.unwrap_err().reason != Reason::ReadingOrder, "{name}");
        if function.kind == FunctionKind::Procedure {
            assert!(rule.is_err(), "{name}");
        }
        if function.volatility == Volatility::Volatile && !harmless.contains(&name) {
            let is_marked = rule.is_err()
                || matches!(
                    rule.unwrap().special,
                    Special::PerRow | Special::Withheld | Special::SettingAndValue
                );
            assert!(is_marked, "{name}");
        }
    }
}

/// What is refused stands in a file for each version, by reason, to be read by people when a version comes along.
#[test]
fn what_is_refused_is_on_record() {
    let Some((_cluster, catalogue, lists)) = server_and_lists() else { return };
    let mut refused: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, function) in catalogue.all_functions() {
        // Of names of which all overloads are refused, the name; otherwise the overload.
        if let Err(reason) = lists.function(&catalogue, name, function) {
            let mut all = catalogue.functions(name).iter();
            let some_allowed = all.any(|one| lists.function(&catalogue, name, one).is_ok());
            let word = if some_allowed { signature(&catalogue, name, function) } else { name.to_owned() };
            refused.entry(format!("{:?}", reason.reason)).or_default().insert(word);
        }
    }
    for (name, operator) in catalogue.all_operators() {
        if let Err(reason) = lists.operator(&catalogue, operator) {
            refused.entry(format!("Operator{:?}", reason.reason)).or_default().insert(name.to_owned());
        }
    }
    for relation in catalogue.all_relations().filter(|relation| relation.is_system()) {
        if let Access::Refused(reason) = lists.catalogue_relation(&relation.schema, &relation.name) {
            let heading = format!("Relation{:?}", reason.reason);
            refused.entry(heading).or_default().insert(format!("{}.{}", relation.schema, relation.name));
        }
    }
    let file = format!("src/sql/allow/server_tests/refused-{}.txt", catalogue.major_version());
    recorded(&file, &wrapped(&refused));
}

fn wrapped(refused: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut text =
        String::from("# Functions, operators and relations of the server that are refused, by reason.\n");
    for (reason, words) in refused {
        text += &format!("\n[{reason}]\n");
        let mut column = 0;
        for word in words {
            if column + word.len() >= 110 {
                text.push('\n');
                column = 0;
            }
            if column > 0 {
                text.push(' ');
            }
            text += word;
            column += word.len() + 1;
        }
        text.push('\n');
    }
    text
}

/// Functions and relations that drivers and tools were seen to use.
#[test]
fn what_clients_ask_when_they_connect_is_allowed() {
    let Some((_cluster, catalogue, lists)) = server_and_lists() else { return };
    let lines = include_str!("clients.txt").lines().filter(|line| !line.starts_with(['#', '[']));
    let mut checked = 0;
    for word in lines.flat_map(str::split_ascii_whitespace) {
        let Some((name, _)) = word.split_once('(') else {
            let (schema, relation) = word.split_once('.').unwrap();
            let access = lists.catalogue_relation(schema, relation);
            assert!(!matches!(access, Access::Refused(_)), "{word}: {access:?}");
            continue;
        };
        // Argument types of a few functions differ between versions.
        let mut named = catalogue.functions(name).iter();
        if let Some(function) = named.find(|function| signature(&catalogue, name, function) == word) {
            assert!(lists.function(&catalogue, name, function).is_ok(), "{word}");
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked}");
}

/// Casts of the server run functions that are on the lists.
#[test]
fn casts_of_the_server_are_allowed() {
    let Some((_cluster, catalogue, lists)) = server_and_lists() else { return };
    let types: Vec<u32> = catalogue.all_functions().map(|(_, function)| function.result).collect();
    let refused: BTreeSet<&str> = types
        .iter()
        .flat_map(|ty| catalogue.cast_functions(None, *ty))
        .filter_map(|function| catalogue.function_by_oid(function))
        .filter(|(name, function)| lists.function(&catalogue, name, function).is_err())
        .map(|(name, _)| name)
        .collect();
    assert_eq!(refused, BTreeSet::new());
}
