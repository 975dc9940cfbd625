//! Identifiers, operators, literals and type names.

use super::super::ir::{Literal, Qualified, TypeModifier, TypeName};
use super::Writer;

impl Writer {
    /// `"name"`.
    pub(super) fn identifier(&mut self, name: &str) {
        if self.brief && is_plain(name) {
            self.word(name);
        } else {
            self.quoted(name, '"');
        }
    }

    /// True for names that a sketch shows by their last part.
    fn is_familiar(&self, name: &Qualified) -> bool {
        self.brief && name.schema.as_deref() == Some("pg_catalog")
    }

    fn quoted(&mut self, text: &str, quote: char) {
        self.text.push(quote);
        for c in text.chars() {
            if c == quote {
                self.text.push(quote);
            }
            self.text.push(c);
        }
        self.text.push(quote);
    }

    /// `"schema"."name"`.
    pub(super) fn qualified(&mut self, name: &Qualified) {
        if let Some(schema) = name.schema.as_ref().filter(|_| !self.is_familiar(name)) {
            self.identifier(schema);
            self.text.push('.');
        }
        self.identifier(&name.name);
    }

    /// `OPERATOR("schema".+)`, or the bare operator where the search path decides.
    pub(super) fn operator(&mut self, op: &Qualified) {
        // The parser lets no other characters into an operator; printing them is all the same a duty of ours.
        let symbols = op.name.chars().filter(|c| "+-*/<>=~!@#%^&|`?".contains(*c));
        let name: String = symbols.collect();
        if let Some(schema) = op.schema.as_ref().filter(|_| !self.is_familiar(op)) {
            self.word("OPERATOR(");
            self.identifier(schema);
            self.text.push('.');
            self.word(&name);
            self.text.push(')');
        } else {
            self.word(&name);
        }
    }

    /// `'text'`; with a backslash in it, `E'te\\xt'`, which every setting reads alike.
    pub(super) fn string(&mut self, text: &str) {
        if text.contains('\\') {
            self.word(" E");
            self.quoted(&text.replace('\\', "\\\\"), '\'');
        } else {
            self.quoted(text, '\'');
        }
    }

    pub(super) fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Null => self.word("NULL"),
            Literal::Boolean(true) => self.word("TRUE"),
            Literal::Boolean(false) => self.word("FALSE"),
            // A sign would bind weaker than a cast.
            Literal::Integer(value) if *value < 0 => self.word(&format!("({value})")),
            Literal::Integer(value) => self.word(&value.to_string()),
            Literal::Number(value) if value.starts_with('-') => self.word(&format!("({value})")),
            Literal::Number(value) => self.word(value),
            Literal::Text(value) => self.string(value),
            Literal::Bits { hexadecimal, digits } => {
                self.word(if *hexadecimal { "X" } else { "B" });
                self.quoted(digits, '\'');
            }
        }
    }

    pub(super) fn type_name(&mut self, ty: &TypeName) {
        self.qualified(&ty.name);
        if !ty.modifiers.is_empty() {
            self.text.push('(');
            self.list(&ty.modifiers, |writer, modifier| match modifier {
                TypeModifier::Integer(value) => writer.word(&value.to_string()),
                TypeModifier::Text(value) => writer.string(value),
                TypeModifier::Word(value) => writer.identifier(value),
            });
            self.text.push(')');
        }
        for dimension in &ty.dimensions {
            match dimension {
                Some(bound) => self.word(&format!("[{bound}]")),
                None => self.word("[]"),
            }
        }
    }
}

/// True for a name that reads well without quotes.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
}
