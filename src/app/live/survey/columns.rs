//! The columns of a database, as far as people made them.

use crate::app::live::{Live, LiveError};

const QUESTION: &str = "\
    SELECT n.nspname, c.relname, c.relkind, c.relispartition, a.attname, \
    CASE WHEN t.typtype = 'd' THEN b.typname ELSE t.typname END, \
    a.attidentity <> '' OR coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false) \
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
    LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype \
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
    ORDER BY n.nspname, c.relname, a.attnum";

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) name: String,
    pub(super) relation: Kind,
    /// A partition's rows are seen through its parent.
    pub(super) is_partition: bool,
    /// The type's own name, of a domain that of its base: `int8`, `text`, `_inet`.
    pub(super) ty: String,
    /// A sequence numbers it.
    pub(super) is_serial: bool,
}

/// What a column belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Table,
    View,
    MaterializedView,
    ForeignTable,
}

impl Kind {
    /// In the words of a finding.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
            Self::MaterializedView => "materialised view",
            Self::ForeignTable => "foreign table",
        }
    }
}

/// All of them, by schema and table, in the order of each table.
pub(super) async fn all(live: &mut Live) -> Result<Vec<Column>, LiveError> {
    let rows = live.ask(QUESTION).await?;
    Ok(rows.into_iter().filter_map(column).collect())
}

fn column(row: Vec<Option<String>>) -> Option<Column> {
    let [schema, table, kind, is_partition, name, ty, is_serial] = row.try_into().ok()?;
    let relation = match kind?.as_str() {
        "v" => Kind::View,
        "m" => Kind::MaterializedView,
        "f" => Kind::ForeignTable,
        _ => Kind::Table,
    };
    Some(Column {
        schema: schema?,
        table: table?,
        name: name?,
        relation,
        is_partition: is_partition? == "t",
        ty: ty?,
        is_serial: is_serial? == "t",
    })
}

/// A name in double quotes, for a statement.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Column {
    /// As the policy names it.
    pub(super) fn field(&self) -> String {
        let (database, schema, table) = (None, self.schema.clone(), self.table.clone());
        crate::policy::SqlField { database, schema, table, column: self.name.clone() }.to_string()
    }

    /// Its table, for a statement.
    pub(super) fn relation_quoted(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.table))
    }

    /// True if both belong to one relation.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.schema == other.schema && self.table == other.table
    }
}
