//! What is printed says what was read, and depth is bounded.

use super::*;
use crate::sql::ir::ExprKind;

/// Every construct once: parsed, printed, parsed again, compared.
#[test]
fn prints_what_it_read() {
    let statements = include_str!("faithful_cases.sql");
    let failed: Vec<String> = parse::with_large_stack(|| {
        statements
            .split(";\n")
            .filter(|text| !text.trim().is_empty())
            .filter_map(|text| {
                let read = match parse::statements(text) {
                    Ok(read) => read,
                    Err(denial) => return Some(format!("{text}: {denial:?}")),
                };
                let [statement] = read.as_slice() else { return Some(format!("{text}: not one")) };
                printed(statement).err().map(|_| format!("{text}\n  => {}", print::statement(statement)))
            })
            .collect()
    })
    .unwrap();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn refuses_what_is_too_deep_without_overflowing() {
    let n = 100_000;
    let texts = [
        format!("SELECT {}1{}", "(".repeat(n), ")".repeat(n)),
        format!("SELECT 1{}", " + 1".repeat(n)),
        format!("SELECT {}x", "NOT ".repeat(n / 2)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(n / 8)),
        format!("SELECT 1 FROM a{}", " JOIN b ON TRUE".repeat(n / 6)),
        format!("SELECT {}1{}", "CASE WHEN TRUE THEN ".repeat(n / 10), " END".repeat(n / 10)),
        format!("SELECT x{}", "::int".repeat(n / 2)),
        format!("SELECT {}1{}", "f(".repeat(n), ")".repeat(n)),
        format!("SELECT {}1", "- ".repeat(n)),
    ];
    for text in texts {
        let code = parse::with_large_stack(|| match parse::statements(&text) {
            Ok(_) => None,
            Err(denial) => Some(denial.into_refusal("").sqlstate),
        })
        .unwrap();
        assert!(matches!(code, Some("54000" | "54001")), "{code:?} for {text:.40}");
    }
}

#[test]
fn lets_in_what_is_deep_enough_for_people() {
    let texts = [
        format!("SELECT {}1{}", "(SELECT ".repeat(1000), ")".repeat(1000)),
        format!("SELECT 1{}", " + 1".repeat(3900)),
        format!("SELECT x FROM t WHERE a = 1{}", " AND a = 1".repeat(20_000)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(2000)),
        format!("SELECT 1 WHERE 1 IN (1{})", ", 1".repeat(50_000)),
    ];
    for text in texts {
        let failed = parse::with_large_stack(|| {
            let read = parse::statements(&text)?;
            printed(&read[0]).map(|_| ())
        });
        // Printing adds parentheses and quotes; what grows beyond the limits is refused, no more.
        let failed = failed.unwrap().err().map(|denial| denial.into_refusal("").sqlstate);
        assert!(matches!(failed, None | Some("54000" | "54001")), "{failed:?} for {text:.40}");
    }
}

/// What stands in every statement as it is, put where expressions may stand.
fn with_shared(expr: &Arc<Shared>) -> Vec<Statement> {
    let texts = [
        "SELECT a, f(a, b), a + b * 2, ARRAY[a], (a).x, a IS NULL, CAST(a AS text), a[1] FROM t",
        "SELECT x FROM t WHERE b IN (a, 1) AND b = ANY (a) AND a BETWEEN a AND a OR NOT a",
        "SELECT count(*) FILTER (WHERE a), sum(a) OVER (PARTITION BY a ORDER BY a) FROM t GROUP BY a HAVING a ORDER BY a LIMIT a",
        "COPY (SELECT a AS b FROM t) TO STDOUT",
        "DECLARE c CURSOR FOR SELECT (SELECT a), EXISTS (SELECT a) FROM (SELECT a) t JOIN u ON a",
    ];
    struct Put<'e>(&'e Arc<Shared>);
    impl crate::sql::ir::walk::Visitor for Put<'_> {
        fn expr(&mut self, expr: &mut Expr) {
            if matches!(&expr.kind, ExprKind::Column { names, .. } if names == &["a"]) {
                expr.kind = ExprKind::Shared(Arc::clone(self.0));
            }
        }
    }
    let mut read: Vec<Statement> = texts.iter().flat_map(|text| parse::statements(text).unwrap()).collect();
    for statement in &mut read {
        let (StatementKind::Query(query)
        | StatementKind::CopyQuery { query, .. }
        | StatementKind::Declare { query, .. }) = &mut statement.kind
        else {
            panic!("a query");
        };
        crate::sql::ir::walk::query(query, &mut Put(expr));
    }
    read
}

fn expression_of(text: &str) -> Expr {
    let StatementKind::Query(query) = parse::statements(text).unwrap().remove(0).kind else {
        panic!("a query")
    };
    let Body::Select(mut select) = query.body else { panic!("a select") };
    select.targets.remove(0).value
}

#[test]
fn what_is_shared_is_read_once_and_means_the_same_everywhere() {
    parse::with_large_stack(|| {
        for text in [
            "SELECT CASE WHEN t.b > 1 THEN 'x' END",
            "SELECT CAST(t.b AS text)",
            "SELECT COALESCE(t.b, 'y')",
            "SELECT t.b - 1",
            "SELECT - t.b",
            "SELECT t.b COLLATE \"C\"",
            "SELECT t.b > 1 AND t.c < 2 OR t.d",
            "SELECT (SELECT 1)",
            "SELECT ROW(1, 2)",
            "SELECT t.b",
        ] {
            let expr = expression_of(text);
            for statement in with_shared(&Arc::new(Shared::new(expr))) {
                let Ok(sent) = printed(&statement) else {
                    // `= ANY ((SELECT 1))` is read as a comparison with the rows of a query.
                    assert_eq!(text, "SELECT (SELECT 1)", "{}", print::statement(&statement));
                    continue;
                };
                assert!(!sent.contains(Shared::PREFIX), "{sent}");
                assert_eq!(parse::statements(&sent).unwrap(), [statement], "{sent}");
            }
        }
    })
    .unwrap();
}

#[test]
fn what_is_shared_and_is_read_otherwise_is_not_sent() {
    parse::with_large_stack(|| {
        let one = Expr::made(ExprKind::And(vec![expression_of("SELECT t.b")]));
        for statement in with_shared(&Arc::new(Shared::new(one))) {
            assert!(printed(&statement).is_err());
        }
    })
    .unwrap();
}
