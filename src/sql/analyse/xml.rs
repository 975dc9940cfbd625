//! The expressions of SQL/XML, and `XMLTABLE`: they are computed from values that nobody needs to hide.

use std::rc::Rc;

use super::super::catalogue::{TypeRef, oid};
use super::super::ir::{Expr, ExprKind, FromItem, Pos, Standalone, Target, Xml, XmlColumn, XmlTable};
use super::super::refusal::{Checked, Denial};
use super::expr::boolean;
use super::from::{FromPart, column_alias};
use super::name::column_name;
use super::scope::{Level, OutputColumn, RowOrder, Term};
use super::{Analysis, Label};

/// How refusals call all of them.
const CONSTRUCT: &str = "an XML expression";

impl Analysis<'_> {
    pub(super) fn xml(&mut self, xml: &Xml, pos: Pos, level: &Level<'_>) -> Checked<Term> {
        let mut ty = TypeRef::plain(oid::XML);
        // What is no XML, and characters that XML does not have.
        self.raises();
        let rewritten = match xml {
            Xml::Concat(values) => Xml::Concat(self.xml_values(values, level)?),
            Xml::Element { name, attributes, content } => Xml::Element {
                name: name.clone(),
                attributes: self.xml_targets(attributes, level)?,
                content: self.xml_values(content, level)?,
            },
            Xml::Forest(targets) => Xml::Forest(self.xml_targets(targets, level)?),
            Xml::Parse { document, value, preserve_whitespace } => Xml::Parse {
                document: *document,
                value: self.xml_value(value, level)?,
                preserve_whitespace: *preserve_whitespace,
            },
            Xml::Instruction { name, value } => Xml::Instruction {
                name: name.clone(),
                value: value.as_ref().map(|value| self.xml_value(value, level)).transpose()?,
            },
            Xml::Root { value, version, standalone } => Xml::Root {
                value: self.xml_value(value, level)?,
                version: self.xml_value(version, level)?,
                standalone: Standalone::clone(standalone),
            },
            Xml::Serialize { document, value, to } => {
                let value = self.xml_value(value, level)?;
                let (to, known) = self.resolve_type(to)?;
                ty = known;
                Xml::Serialize { document: *document, value, to }
            }
            Xml::IsDocument(value) => {
                let value = Xml::IsDocument(self.xml_value(value, level)?);
                return Ok(boolean(ExprKind::Xml(Box::new(value)), pos));
            }
        };
        Ok(Term::public(Expr { kind: ExprKind::Xml(Box::new(rewritten)), pos }, Some(ty)))
    }

    fn xml_value(&mut self, value: &Expr, level: &Level<'_>) -> Checked<Expr> {
        Ok(self.public(value, level, CONSTRUCT)?.expr)
    }

    fn xml_values(&mut self, values: &[Expr], level: &Level<'_>) -> Checked<Vec<Expr>> {
        values.iter().map(|value| self.xml_value(value, level)).collect()
    }

    /// A column without a name gives its own.
    fn xml_targets(&mut self, targets: &[Target], level: &Level<'_>) -> Checked<Vec<Target>> {
        let one = |target: &Target| {
            let is_column = matches!(target.value.kind, ExprKind::Column { star: false, .. });
            let name = target.name.clone().or_else(|| is_column.then(|| column_name(&target.value)));
            if name.is_none() {
                let message = "unnamed XML attribute value must be a column reference";
                return Err(Denial::new("42601", message, target.value.pos));
            }
            Ok(Target { value: self.xml_value(&target.value, level)?, name })
        };
        targets.iter().map(one).collect()
    }

    pub(super) fn xml_table(&mut self, table: &XmlTable, level: &Level<'_>) -> Checked<FromPart> {
        self.raises();
        let mut columns = Vec::with_capacity(table.columns.len());
        let mut known = Vec::with_capacity(table.columns.len());
        for column in &table.columns {
            let mut value =
                |value: &Option<Expr>| value.as_ref().map(|value| self.xml_value(value, level)).transpose();
            let (path, default) = (value(&column.path)?, value(&column.default)?);
            let resolved = column.ty.as_ref().map(|ty| self.resolve_type(ty)).transpose()?;
            let ty = resolved.as_ref().map_or(TypeRef::plain(oid::INT4), |(_, ty)| *ty);
            known.push(OutputColumn { name: column.name.clone(), label: Label::Public, ty: Some(ty) });
            let ty = resolved.map(|(ty, _)| ty);
            columns.push(XmlColumn { ty, path, default, ..column.clone() });
        }
        let namespaces = table.namespaces.iter().map(|target| {
            Ok(Target { value: self.xml_value(&target.value, level)?, name: target.name.clone() })
        });
        let namespaces = namespaces.collect::<Checked<_>>()?;
        let (rows, document) = (self.xml_value(&table.rows, level)?, self.xml_value(&table.document, level)?);
        let names = self.item_of("xmltable", table.alias.as_ref(), &known, table.pos, level)?;
        let rewritten = XmlTable {
            lateral: table.lateral,
            namespaces,
            rows,
            document,
            columns,
            alias: Some(column_alias(&names)),
            pos: table.pos,
        };
        let item = FromItem::XmlTable(Box::new(rewritten));
        Ok(FromPart { item, names: vec![Rc::new(names)], order: RowOrder::Public })
    }
}
