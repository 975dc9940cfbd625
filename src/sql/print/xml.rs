//! The expressions of SQL/XML, and `XMLTABLE`.

use super::super::ir::{ExprKind, Literal, Standalone, Target, Xml, XmlColumn, XmlTable};
use super::Writer;

impl Writer {
    pub(super) fn xml(&mut self, xml: &Xml) {
        match xml {
            Xml::Concat(values) => self.function_like("XMLCONCAT", values),
            Xml::Element { name, attributes, content } => {
                self.word("XMLELEMENT(NAME ");
                self.identifier(name);
                if !attributes.is_empty() {
                    self.word(", XMLATTRIBUTES(");
                    self.list(attributes, Self::target);
                    self.text.push(')');
                }
                for value in content {
                    self.word(", ");
                    self.expr(value);
                }
                self.text.push(')');
            }
            Xml::Forest(targets) => {
                self.word("XMLFOREST(");
                self.list(targets, Self::target);
                self.text.push(')');
            }
            Xml::Parse { document, value, preserve_whitespace } => {
                self.word("XMLPARSE(");
                self.document(*document);
                self.expr(value);
                self.word(if *preserve_whitespace { " PRESERVE WHITESPACE)" } else { ")" });
            }
            Xml::Instruction { name, value } => {
                self.word("XMLPI(NAME ");
                self.identifier(name);
                if let Some(value) = value {
                    self.word(", ");
                    self.expr(value);
                }
                self.text.push(')');
            }
            Xml::Root { value, version, standalone } => {
                self.word("XMLROOT(");
                self.expr(value);
                self.word(", VERSION ");
                match version.kind {
                    ExprKind::Literal(Literal::Null) => self.word("NO VALUE"),
                    _ => self.expr(version),
                }
                self.word(match standalone {
                    Standalone::Yes => ", STANDALONE YES)",
                    Standalone::No => ", STANDALONE NO)",
                    Standalone::NoValue => ", STANDALONE NO VALUE)",
                    Standalone::Omitted => ")",
                });
            }
            Xml::Serialize { document, value, to } => {
                self.word("XMLSERIALIZE(");
                self.document(*document);
                self.expr(value);
                self.word(" AS ");
                self.type_name(to);
                self.text.push(')');
            }
            Xml::IsDocument(value) => {
                self.text.push('(');
                self.expr(value);
                self.word(" IS DOCUMENT)");
            }
        }
    }

    fn document(&mut self, document: bool) {
        self.word(if document { "DOCUMENT " } else { "CONTENT " });
    }

    pub(super) fn xml_table(&mut self, table: &XmlTable) {
        self.word(if table.lateral { "LATERAL XMLTABLE(" } else { "XMLTABLE(" });
        if !table.namespaces.is_empty() {
            self.word("XMLNAMESPACES(");
            self.list(&table.namespaces, Self::namespace);
            self.word("), ");
        }
        self.text.push('(');
        self.expr(&table.rows);
        self.word(") PASSING (");
        self.expr(&table.document);
        self.word(") COLUMNS ");
        self.list(&table.columns, Self::xml_column);
        self.text.push(')');
        self.alias(table.alias.as_ref());
    }

    fn namespace(&mut self, target: &Target) {
        if target.name.is_none() {
            self.word("DEFAULT ");
        }
        self.target(target);
    }

    fn xml_column(&mut self, column: &XmlColumn) {
        self.identifier(&column.name);
        let Some(ty) = &column.ty else {
            self.word(" FOR ORDINALITY");
            return;
        };
        self.text.push(' ');
        self.type_name(ty);
        for (word, value) in [(" PATH ", &column.path), (" DEFAULT ", &column.default)] {
            if let Some(value) = value {
                self.word(word);
                self.text.push('(');
                self.expr(value);
                self.text.push(')');
            }
        }
        self.word(if column.not_null { " NOT NULL" } else { "" });
    }
}
