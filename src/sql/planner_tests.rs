//! What nobody types: statements of every size and depth end in a plan or a refusal, in time.

use std::collections::BTreeMap;

use super::super::catalogue::{QUERIES, Row};
use super::*;
use crate::kernel::Treatment;
use crate::policy::{NamedTreatment, SqlPolicy};

fn empty_database() -> Planner {
    let text = |text: &str| Some(text.to_owned());
    let answers: Vec<Vec<Row>> = QUERIES
        .iter()
        .map(|query| match query.name {
            "server" => vec![vec![text("150000"), text("empty"), text("public"), text("UTF8")]],
            _ => Vec::new(),
        })
        .collect();
    let unlisted = NamedTreatment { name: "pass".into(), treatment: Arc::new(Treatment::Pass) };
    let plans = SqlPolicy { unlisted, fields: Vec::new(), roles: BTreeMap::new() }.decide(None).unwrap();
    Planner::with_open_lists(Arc::new(Catalogue::load(&answers).unwrap()), plans)
}

/// The SQLSTATE of the refusal, if there is one.
fn refused(text: &str) -> Option<&'static str> {
    let session = SessionView { search_path: None, user: "someone", role: None, salt: &[0; 16] };
    empty_database().plan(text, &session, &[]).err().map(|refusal| refusal.sqlstate)
}

#[test]
fn what_is_too_long_or_too_deep_is_refused() {
    let n = 100_000;
    let texts = [
        format!("SELECT '{}'", "x".repeat(10 * 1024 * 1024)),
        format!("SELECT 1{}", " ".repeat(10 * 1024 * 1024)),
        format!("SELECT {}1{}", "(".repeat(n), ")".repeat(n)),
        format!("SELECT {}", "(".repeat(n)),
        format!("SELECT TRUE{}", " AND TRUE".repeat(n)),
        format!("SELECT 1{}", " || 1".repeat(n / 2)),
        format!("SELECT 1{}", " UNION SELECT 1".repeat(n / 8)),
        format!("SELECT {}TRUE", "NOT ".repeat(n / 2)),
        format!("SELECT 1 FROM {}a{}", "(".repeat(n), ")".repeat(n)),
    ];
    for text in texts {
        assert!(matches!(refused(&text), Some("54000" | "54001")), "{text:.40}");
    }
}

#[test]
fn what_is_deep_but_not_too_deep_is_planned() {
    let texts = [
        format!("SELECT {}TRUE", "NOT ".repeat(3_900)),
        format!("SELECT {}1{}", "(SELECT ".repeat(1_000), ")".repeat(1_000)),
        format!("SELECT {}1{}", "CASE WHEN TRUE THEN ".repeat(1_900), " END".repeat(1_900)),
        format!("SELECT {}1{}", "COALESCE(2, ".repeat(1_900), ")".repeat(1_900)),
        format!("SELECT {}1{}", "ARRAY[".repeat(1_000), "]".repeat(1_000)),
        format!("SELECT TRUE{}", " AND TRUE".repeat(20_000)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(1_900)),
        format!("SELECT 1{}", ", 1".repeat(1_600)),
        format!(
            "SELECT * FROM {}(SELECT 1 AS a) AS x{}",
            "(SELECT * FROM ".repeat(900),
            ") AS x".repeat(900)
        ),
    ];
    for text in texts {
        let code = refused(&text);
        // Printing adds parentheses and quotes; what grows beyond the limits is refused, no more.
        assert!(matches!(code, None | Some("54000" | "54001")), "{code:?} for {text:.40}");
    }
}

#[test]
fn recursion_inside_recursion_takes_no_time() {
    let nested = |depth: usize| {
        let mut query = "SELECT 1 AS a".to_owned();
        for level in 0..depth {
            query = format!(
                "WITH RECURSIVE r{level} AS ((SELECT * FROM ({query}) AS q) UNION ALL SELECT * FROM r{level}) \
                 SELECT * FROM r{level}"
            );
        }
        query
    };
    assert_eq!(refused(&nested(3)), None);
    assert_eq!(refused(&nested(60)), Some("54001"));
}

#[test]
fn numerals_of_a_newer_grammar_are_refused_for_an_older_server() {
    for text in ["SELECT 1_000", "SELECT 0x1F", "SELECT 0b1", "SELECT 0o7", "SELECT 1_0.5"] {
        assert_eq!(refused(text), Some("42601"), "{text}");
    }
    for text in
        ["SELECT 1 AS a1_0", "SELECT '1_0'", "SELECT \"1_0\" FROM (SELECT 1) AS t(\"1_0\")", "SELECT 1e0"]
    {
        assert_eq!(refused(text), None, "{text}");
    }
}
