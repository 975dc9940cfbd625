//! A printed statement broken into lines for people, by white space alone.
//!
//! Invariant: only a space outside quotes becomes a line break, so the text means what it meant.

/// Words before which a line ends, where they belong to a query.
const CLAUSES: [&str; 12] = [
    "FROM ",
    "WHERE ",
    "GROUP BY ",
    "HAVING ",
    "WINDOW ",
    "ORDER BY ",
    "OFFSET ",
    "LIMIT ",
    "FETCH ",
    "UNION ",
    "INTERSECT ",
    "EXCEPT ",
];

/// What stands between two parentheses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// A query, in its select list or behind it.
    List,
    Clauses,
    /// Anything else.
    Expression,
}

/// The lines of a statement.
pub(super) fn laid_out(statement: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut inside = vec![opened(statement)];
    let mut quote = None;
    let mut rest = statement;
    while let Some(character) = rest.chars().next() {
        let (taken, after) = rest.split_at_checked(character.len_utf8()).unwrap_or((rest, ""));
        let top = inside.last().copied().unwrap_or(Inside::Expression);
        let mut ends = false;
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(') => inside.push(opened(after)),
            (None, ')') => drop(inside.pop()),
            (None, ' ')
                if top != Inside::Expression && CLAUSES.iter().any(|word| after.starts_with(word)) =>
            {
                set_clauses(&mut inside);
                ends = true;
            }
            (None, ' ') if top == Inside::List => ends = lines.last().is_some_and(|line| line.ends_with(',')),
            _ => {}
        }
        if ends {
            let depth = inside.iter().filter(|one| **one != Inside::Expression).count();
            let deeper = usize::from(inside.last() == Some(&Inside::List));
            lines.push("  ".repeat(depth.saturating_sub(1) + deeper));
        } else if let Some(line) = lines.last_mut() {
            line.push_str(taken);
        }
        rest = after;
    }
    lines
}

fn opened(text: &str) -> Inside {
    let first = text.trim_start_matches('(');
    match first.starts_with("SELECT ") || first.starts_with("WITH ") {
        true if first == text => Inside::List,
        // The arms of a set operation, in parentheses.
        true => Inside::Clauses,
        false => Inside::Expression,
    }
}

fn set_clauses(inside: &mut [Inside]) {
    if let Some(top) = inside.last_mut() {
        *top = Inside::Clauses;
    }
}
