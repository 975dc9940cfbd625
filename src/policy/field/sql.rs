//! Columns, named by the rules of SQL: `public.logins.ip`, `app/public."Odd Name".ip`.
//!
//! As in SQL a name without quotes is folded to lower case, and a name with other characters than letters,
//! digits, `_` and `$` stands in double quotes, in which `""` is one quote.

use std::fmt;
use std::str::FromStr;

/// The longest name that PostgreSQL keeps whole, in bytes (`NAMEDATALEN` - 1).
const MAX_NAME_BYTES: usize = 63;

/// A column of a table or view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SqlField {
    /// The database, or every database of the store.
    pub database: Option<String>,
    /// The schema.
    pub schema: String,
    /// The table or view.
    pub table: String,
    /// The column.
    pub column: String,
}

/// A table or view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SqlTable {
    /// The database, or every database of the store.
    pub database: Option<String>,
    /// The schema.
    pub schema: String,
    /// The table or view.
    pub table: String,
}

/// Why a text names no column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqlFieldError {
    /// Not three names with dots between them.
    #[error("a column is named by schema, table and column")]
    NotThreeNames,
    /// An empty name, or one with characters that need quotes.
    #[error("one of the names needs double quotes")]
    NeedsQuotes,
    /// A quoted name that is empty, does not end, or holds a NUL.
    #[error("a quoted name is empty or does not end")]
    BadQuotes,
    /// A name that PostgreSQL would cut.
    #[error("a name is longer than {MAX_NAME_BYTES} bytes")]
    TooLong,
}

impl SqlFieldError {
    /// What to write instead.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::NotThreeNames => {
                "write `schema.table.column`, or `database/schema.table.column` for one database"
            }
            Self::NeedsQuotes | Self::BadQuotes => {
                "quote as in SQL, inside a literal string of TOML: 'public.\"Odd Name\".ip'"
            }
            Self::TooLong => "PostgreSQL cuts longer names; write the name as the catalogue has it",
        }
    }
}

impl FromStr for SqlField {
    type Err = SqlFieldError;

    fn from_str(text: &str) -> Result<Self, SqlFieldError> {
        let (first, mut rest) = name(text)?;
        let (database, schema) = match rest.strip_prefix('/') {
            None => (None, first),
            Some(after) => {
                let (schema, after) = name(after)?;
                rest = after;
                (Some(first), schema)
            }
        };
        let (table, rest) = name(rest.strip_prefix('.').ok_or(SqlFieldError::NotThreeNames)?)?;
        let (column, rest) = name(rest.strip_prefix('.').ok_or(SqlFieldError::NotThreeNames)?)?;
        if rest.is_empty() {
            Ok(Self { database, schema, table, column })
        } else {
            Err(SqlFieldError::NotThreeNames)
        }
    }
}

impl FromStr for SqlTable {
    type Err = SqlFieldError;

    fn from_str(text: &str) -> Result<Self, SqlFieldError> {
        let SqlField { database, schema, table, column: _ } = format!("{text}.column").parse()?;
        Ok(Self { database, schema, table })
    }
}

/// One name that is the whole of `text`, folded or unquoted.
///
/// # Errors
/// It is no name, or something follows it.
pub(in crate::policy) fn sql_name(text: &str) -> Result<String, SqlFieldError> {
    match name(text)? {
        (name, "") => Ok(name),
        _ => Err(SqlFieldError::NeedsQuotes),
    }
}

/// The name at the head of `text`, folded or unquoted, and what follows it.
fn name(text: &str) -> Result<(String, &str), SqlFieldError> {
    let (name, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted_name(quoted)?,
        None => plain_name(text)?,
    };
    if name.len() > MAX_NAME_BYTES { Err(SqlFieldError::TooLong) } else { Ok((name, rest)) }
}

fn plain_name(text: &str) -> Result<(String, &str), SqlFieldError> {
    let end = text.find(['.', '/']).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).ok_or(SqlFieldError::NeedsQuotes)?;
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii());
    let goes_on_well =
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii());
    if starts_well && goes_on_well {
        Ok((name.to_ascii_lowercase(), rest))
    } else {
        Err(SqlFieldError::NeedsQuotes)
    }
}

/// `text` begins after the opening quote.
fn quoted_name(text: &str) -> Result<(String, &str), SqlFieldError> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"').ok_or(SqlFieldError::BadQuotes)?;
        name.push_str(part);
        let Some(again) = after.strip_prefix('"') else {
            let is_name = !name.is_empty() && !name.contains('\0');
            return if is_name { Ok((name, after)) } else { Err(SqlFieldError::BadQuotes) };
        };
        name.push('"');
        rest = again;
    }
}

/// Writes the field so that it parses to itself.
impl fmt::Display for SqlField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(database) = &self.database {
            write!(f, "{}/", quoted(database))?;
        }
        write!(f, "{}.{}.{}", quoted(&self.schema), quoted(&self.table), quoted(&self.column))
    }
}

impl fmt::Display for SqlTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(database) = &self.database {
            write!(f, "{}/", quoted(database))?;
        }
        write!(f, "{}.{}", quoted(&self.schema), quoted(&self.table))
    }
}

fn quoted(raw: &str) -> String {
    match plain_name(raw) {
        Ok((same, "")) if same == raw => same,
        _ => format!("\"{}\"", raw.replace('"', "\"\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(database: Option<&str>, [schema, table, column]: [&str; 3]) -> SqlField {
        let [schema, table, column] = [schema, table, column].map(str::to_owned);
        SqlField { database: database.map(str::to_owned), schema, table, column }
    }

    #[test]
    fn follows_the_quoting_rules_of_sql() {
        let cases = [
            ("public.logins.ip", field(None, ["public", "logins", "ip"])),
            ("Public.Logins.IP", field(None, ["public", "logins", "ip"])),
            ("app/public.logins.ip", field(Some("app"), ["public", "logins", "ip"])),
            (r#""my-app"/public."Odd.Name"."a""b""#, field(Some("my-app"), ["public", "Odd.Name", "a\"b"])),
            ("public.größe.ip", field(None, ["public", "größe", "ip"])),
        ];
        for (text, wanted) in cases {
            let parsed: SqlField = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(parsed, wanted, "{text}");
            assert_eq!(parsed.to_string().parse(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn refuses_what_names_no_column() {
        let long = format!("public.logins.{}", "x".repeat(64));
        let cases = [
            ("ip", SqlFieldError::NotThreeNames),
            ("logins.ip", SqlFieldError::NotThreeNames),
            ("a.b.c.d", SqlFieldError::NotThreeNames),
            ("a/b/c.d", SqlFieldError::NotThreeNames),
            ("public..ip", SqlFieldError::NeedsQuotes),
            ("public.my-table.ip", SqlFieldError::NeedsQuotes),
            ("public.1st.ip", SqlFieldError::NeedsQuotes),
            ("", SqlFieldError::NeedsQuotes),
            (r#"public."".ip"#, SqlFieldError::BadQuotes),
            (r#"public."open.ip"#, SqlFieldError::BadQuotes),
            (r#"public."a"b.ip"#, SqlFieldError::NotThreeNames),
            (long.as_str(), SqlFieldError::TooLong),
        ];
        for (text, wanted) in cases {
            assert_eq!(text.parse::<SqlField>(), Err(wanted), "{text}");
        }
    }
}
