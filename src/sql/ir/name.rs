//! Names, type names and places in the client's text.

/// A byte offset in the text that was parsed. Equal to every other, so that trees compare by what they say.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::sql) struct Pos(Option<u32>);

impl Pos {
    /// No place: made by us.
    pub(in crate::sql) const NONE: Self = Self(None);

    /// From the parser's location, which is negative where it knows none.
    pub(in crate::sql) fn at(location: i32) -> Self {
        Self(u32::try_from(location).ok())
    }

    /// The byte offset.
    pub(in crate::sql) const fn offset(self) -> Option<u32> {
        self.0
    }
}

impl PartialEq for Pos {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Pos {}

/// A name with or without its schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::sql) struct Qualified {
    pub(in crate::sql) schema: Option<String>,
    pub(in crate::sql) name: String,
}

impl Qualified {
    /// A name as the client wrote it, to be looked up along the search path.
    pub(in crate::sql) fn bare(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// A name in a schema.
    pub(in crate::sql) fn within(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: Some(schema.into()), name: name.into() }
    }

    /// A name of the server's own schema.
    pub(in crate::sql) fn builtin(name: impl Into<String>) -> Self {
        Self::within("pg_catalog", name)
    }
}

/// A type as written: `pg_catalog.numeric(10,2)[]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) struct TypeName {
    pub(in crate::sql) name: Qualified,
    pub(in crate::sql) modifiers: Vec<TypeModifier>,
    /// One entry a dimension; the number is decoration, but it is kept.
    pub(in crate::sql) dimensions: Vec<Option<u32>>,
    pub(in crate::sql) pos: Pos,
}

/// What stands in parentheses behind a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) enum TypeModifier {
    Integer(i32),
    Text(String),
    Word(String),
}

impl TypeName {
    /// A scalar type of the server's own schema without modifiers.
    pub(in crate::sql) fn builtin(name: &str) -> Self {
        Self { name: Qualified::builtin(name), modifiers: Vec::new(), dimensions: Vec::new(), pos: Pos::NONE }
    }
}
