//! The expressions of SQL/XML, and `XMLTABLE`.

use super::{Alias, Expr, Pos, Target, TypeName};

/// An expression of SQL/XML.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum Xml {
    /// `XMLCONCAT(a, b)`.
    Concat(Vec<Expr>),
    /// `XMLELEMENT(NAME name, XMLATTRIBUTES(a AS b), c)`.
    Element { name: String, attributes: Vec<Target>, content: Vec<Expr> },
    /// `XMLFOREST(a AS b)`.
    Forest(Vec<Target>),
    /// `XMLPARSE(DOCUMENT a PRESERVE WHITESPACE)`.
    Parse { document: bool, value: Expr, preserve_whitespace: bool },
    /// `XMLPI(NAME name, a)`.
    Instruction { name: String, value: Option<Expr> },
    /// `XMLROOT(a, VERSION b, STANDALONE YES)`; no version is `NULL`.
    Root { value: Expr, version: Expr, standalone: Standalone },
    /// `XMLSERIALIZE(DOCUMENT a AS text)`.
    Serialize { document: bool, value: Expr, to: TypeName },
    /// `a IS DOCUMENT`.
    IsDocument(Expr),
}

/// What `XMLROOT` says of `standalone`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Standalone {
    Yes,
    No,
    NoValue,
    Omitted,
}

/// `XMLTABLE(...)` in `FROM`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct XmlTable {
    pub(in crate::sql) lateral: bool,
    /// Each with its prefix; the default has none.
    pub(in crate::sql) namespaces: Vec<Target>,
    pub(in crate::sql) rows: Expr,
    pub(in crate::sql) document: Expr,
    pub(in crate::sql) columns: Vec<XmlColumn>,
    pub(in crate::sql) alias: Option<Alias>,
    pub(in crate::sql) pos: Pos,
}

/// A column of `XMLTABLE`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct XmlColumn {
    pub(in crate::sql) name: String,
    /// `None` is `FOR ORDINALITY`.
    pub(in crate::sql) ty: Option<TypeName>,
    pub(in crate::sql) not_null: bool,
    pub(in crate::sql) path: Option<Expr>,
    pub(in crate::sql) default: Option<Expr>,
}

impl Xml {
    /// What stands directly inside, for whoever only reads.
    pub(in crate::sql) fn children(&self) -> Vec<&Expr> {
        match self {
            Self::Concat(values) => values.iter().collect(),
            Self::Element { attributes, content, name: _ } => {
                attributes.iter().map(|target| &target.value).chain(content).collect()
            }
            Self::Forest(targets) => targets.iter().map(|target| &target.value).collect(),
            Self::Root { value, version, standalone: _ } => vec![value, version],
            Self::Instruction { value, name: _ } => value.iter().collect(),
            Self::Parse { value, .. } | Self::Serialize { value, .. } | Self::IsDocument(value) => {
                vec![value]
            }
        }
    }

    /// All expressions directly inside it.
    pub(in crate::sql) fn expressions(&mut self) -> Vec<&mut Expr> {
        match self {
            Self::Concat(values) => values.iter_mut().collect(),
            Self::Element { attributes, content, name: _ } => {
                attributes.iter_mut().map(|target| &mut target.value).chain(content).collect()
            }
            Self::Forest(targets) => targets.iter_mut().map(|target| &mut target.value).collect(),
            Self::Root { value, version, standalone: _ } => vec![value, version],
            Self::Instruction { value, name: _ } => value.iter_mut().collect(),
            Self::Parse { value, .. } | Self::Serialize { value, .. } | Self::IsDocument(value) => {
                vec![value]
            }
        }
    }
}

impl XmlTable {
    /// All expressions directly inside it.
    pub(in crate::sql) fn expressions(&mut self) -> Vec<&mut Expr> {
        let columns = self.columns.iter_mut();
        let columns = columns.flat_map(|column| column.path.iter_mut().chain(&mut column.default));
        let namespaces = self.namespaces.iter_mut().map(|target| &mut target.value);
        namespaces.chain([&mut self.rows, &mut self.document]).chain(columns).collect()
    }
}
