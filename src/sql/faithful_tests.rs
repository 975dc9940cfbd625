//! What is printed says what was read, and depth is bounded.

use super::*;

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
