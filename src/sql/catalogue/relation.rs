//! Tables, views and their columns.

use super::{Oid, TypeRef};

/// A relation that a statement may name.
#[derive(Debug)]
pub(in crate::sql) struct Relation {
    pub(in crate::sql) oid: Oid,
    pub(in crate::sql) schema: String,
    pub(in crate::sql) name: String,
    pub(in crate::sql) kind: RelationKind,
    pub(in crate::sql) columns: Vec<Column>,
    /// Inheritance parents or the partitioned table.
    pub(in crate::sql) parents: Vec<Oid>,
    /// Inheritance children or partitions.
    pub(in crate::sql) children: Vec<Oid>,
    pub(in crate::sql) row_security: bool,
    pub(in crate::sql) security_barrier: bool,
    /// The query of a view or materialised view, all names qualified.
    pub(in crate::sql) definition: Option<String>,
    /// Attribute numbers of the primary key.
    pub(in crate::sql) primary_key: Vec<i16>,
    /// Attribute numbers by which a partitioned table is divided; 0 is an expression.
    pub(in crate::sql) partition_key: Vec<i16>,
    /// Tables that its foreign keys lead to.
    pub(in crate::sql) references: Vec<Oid>,
    /// Tables whose foreign keys lead to it.
    pub(in crate::sql) referenced_by: Vec<Oid>,
    /// What would run if its rows were changed.
    pub(in crate::sql) hazards: Vec<Hazard>,
}

/// Code that runs when a table's rows are changed, and may read anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Hazard {
    /// A trigger that is not a foreign key's own.
    Trigger,
    Rule,
    /// A default, generated column, constraint or index that calls what was written in the database, or runs a text.
    Code,
}

/// What kind of relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum RelationKind {
    Table,
    View,
    MaterializedView,
    ForeignTable,
    Sequence,
    Composite,
    Other,
}

/// A column of a relation or an attribute of a composite type.
#[derive(Clone, Debug)]
pub(in crate::sql) struct Column {
    pub(in crate::sql) number: i16,
    pub(in crate::sql) name: String,
    pub(in crate::sql) ty: TypeRef,
    pub(in crate::sql) collation: Oid,
}

impl Relation {
    /// The column of this name.
    pub(in crate::sql) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// True for relations of the server's own schemas.
    pub(in crate::sql) fn is_system(&self) -> bool {
        is_system_schema(&self.schema)
    }
}

/// The schemas that the server itself fills.
pub(in crate::sql) fn is_system_schema(schema: &str) -> bool {
    matches!(schema, "pg_catalog" | "information_schema" | "pg_toast")
}

impl Hazard {
    /// From the answer to the question about them.
    pub(super) fn of(kind: &str) -> Option<Self> {
        match kind {
            "t" => Some(Self::Trigger),
            "r" => Some(Self::Rule),
            "c" => Some(Self::Code),
            _ => None,
        }
    }

    /// A clause about the table that has it.
    pub(in crate::sql) const fn clause(self) -> &'static str {
        match self {
            Self::Trigger => "it has a trigger, which may read anything",
            Self::Rule => "it has a rule, which may read anything",
            Self::Code => "a default, constraint or index of it runs code that was written in the database",
        }
    }
}

impl RelationKind {
    /// True for views, whose columns are protected where they come from.
    pub(in crate::sql) const fn is_view(self) -> bool {
        matches!(self, Self::View | Self::MaterializedView | Self::ForeignTable)
    }

    /// From `pg_class.relkind`.
    pub(super) fn of(kind: &str) -> Self {
        match kind {
            "r" | "p" => Self::Table,
            "v" => Self::View,
            "m" => Self::MaterializedView,
            "f" => Self::ForeignTable,
            "S" => Self::Sequence,
            "c" => Self::Composite,
            _ => Self::Other,
        }
    }
}
