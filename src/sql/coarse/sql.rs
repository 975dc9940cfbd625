//! Pieces of SQL text that mean the same wherever they stand.
//!
//! Invariant: every piece is closed in itself (a name, a literal, a call or in parentheses); every function, type,
//! operator and collation is qualified; a literal with a backslash is an `E''` literal, so that
//! `standard_conforming_strings` decides nothing.
//! Not here: what the pieces compute.

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sql(String);

impl Sql {
    /// Text that is closed in itself already.
    pub(super) fn closed(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// `NULL` without a type.
    pub(super) fn null() -> Self {
        Self("NULL".to_owned())
    }

    /// A constant of one of the server's own types.
    pub(super) fn constant(type_name: &str, value: &str) -> Self {
        Self(format!("CAST({} AS pg_catalog.{type_name})", literal(value)))
    }

    pub(super) fn text(value: &str) -> Self {
        Self::constant("text", value)
    }

    pub(super) fn int4(value: i32) -> Self {
        Self::constant("int4", &value.to_string())
    }

    pub(super) fn int8(value: i64) -> Self {
        Self::constant("int8", &value.to_string())
    }

    /// An infix operator of the server's own.
    pub(super) fn op(&self, operator: &str, right: &Self) -> Self {
        Self(format!("({} OPERATOR(pg_catalog.{operator}) {})", self.0, right.0))
    }

    /// A cast to one of the server's own types.
    pub(super) fn cast(&self, type_name: &str) -> Self {
        Self(format!("CAST({} AS pg_catalog.{type_name})", self.0))
    }

    /// Text whose comparisons go by bytes, whatever the collation of the column.
    pub(super) fn bytewise(&self) -> Self {
        Self(format!("({} COLLATE pg_catalog.\"C\")", self.cast("text").0))
    }

    pub(super) fn is_null(&self) -> Self {
        Self(format!("({} IS NULL)", self.0))
    }

    pub(super) fn is_not_null(&self) -> Self {
        Self(format!("({} IS NOT NULL)", self.0))
    }

    /// `value`, or `otherwise` where it is NULL.
    pub(super) fn or_else(&self, otherwise: &Self) -> Self {
        Self(format!("COALESCE({}, {})", self.0, otherwise.0))
    }

    /// A query that gives one value.
    pub(super) fn query(query: &str) -> Self {
        Self(format!("({query})"))
    }
}

/// A call of one of the server's own functions.
pub(super) fn call(function: &str, arguments: &[&Sql]) -> Sql {
    Sql(format!("pg_catalog.{function}({})", joined(arguments)))
}

pub(super) fn least(values: &[&Sql]) -> Sql {
    Sql(format!("LEAST({})", joined(values)))
}

pub(super) fn greatest(values: &[&Sql]) -> Sql {
    Sql(format!("GREATEST({})", joined(values)))
}

fn joined(values: &[&Sql]) -> String {
    let values: Vec<&str> = values.iter().map(|value| value.as_str()).collect();
    values.join(", ")
}

pub(super) fn all(conditions: &[&Sql]) -> Sql {
    combined(conditions, " AND ")
}

pub(super) fn any(conditions: &[&Sql]) -> Sql {
    combined(conditions, " OR ")
}

fn combined(conditions: &[&Sql], word: &str) -> Sql {
    let conditions: Vec<&str> = conditions.iter().map(|condition| condition.as_str()).collect();
    Sql(format!("({})", conditions.join(word)))
}

/// `CASE`, NULL where nothing holds.
pub(super) fn when(condition: &Sql, value: &Sql) -> Sql {
    Sql(format!("CASE WHEN {} THEN {} END", condition.0, value.0))
}

/// `CASE` with branches in order and a last one.
pub(super) fn case(branches: &[(Sql, Sql)], otherwise: &Sql) -> Sql {
    let branches: Vec<String> = branches
        .iter()
        .map(|(condition, value)| format!("WHEN {} THEN {}", condition.as_str(), value.as_str()))
        .collect();
    if branches.is_empty() {
        return otherwise.clone();
    }
    Sql(format!("CASE {} ELSE {} END", branches.join(" "), otherwise.0))
}

/// A text literal that every setting reads alike.
pub(super) fn literal(value: &str) -> String {
    let quoted = value.replace('\'', "''");
    if value.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// A quoted identifier.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_names_close_themselves() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
        assert_eq!(identifier("a\"; --"), "\"a\"\"; --\"");
    }
}
