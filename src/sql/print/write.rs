//! `INSERT`, `UPDATE` and `DELETE`.

use super::super::ir::{
    Assigned, Assignment, Change, Conflict, ConflictTarget, Expr, FromItem, Insert, Overriding, Source, Write,
};
use super::Writer;

impl Writer {
    pub(super) fn write(&mut self, write: &Write) {
        let Write { with, table, change, returning } = write;
        if let Some(with) = with {
            self.with(with);
        }
        self.word(match change {
            Change::Insert(_) => "INSERT INTO ",
            Change::Update { .. } => "UPDATE ",
            Change::Delete { .. } => "DELETE FROM ",
        });
        self.table(table);
        match change {
            Change::Insert(insert) => self.insert(insert),
            Change::Update { set, from, filter } => {
                self.set(set);
                self.write_source(" FROM ", from, filter.as_ref());
            }
            Change::Delete { using, filter } => self.write_source(" USING ", using, filter.as_ref()),
        }
        if !returning.is_empty() {
            self.word(" RETURNING ");
            self.list(returning, Self::target);
        }
    }

    fn write_source(&mut self, word: &str, items: &[FromItem], filter: Option<&Expr>) {
        if !items.is_empty() {
            self.word(word);
            self.list(items, Self::item);
        }
        self.filter(filter);
    }

    fn filter(&mut self, filter: Option<&Expr>) {
        if let Some(filter) = filter {
            self.word(" WHERE ");
            self.expr(filter);
        }
    }

    fn set(&mut self, set: &[Assignment]) {
        self.word(" SET ");
        self.list(set, |writer, Assignment { column, value }| {
            writer.identifier(column);
            writer.word(" = ");
            writer.assigned(value);
        });
    }

    fn assigned(&mut self, value: &Assigned) {
        match value {
            Assigned::Default => self.word("DEFAULT"),
            Assigned::Value(value) => self.expr(value),
        }
    }

    fn insert(&mut self, insert: &Insert) {
        let Insert { columns, overriding, source, conflict } = insert;
        self.names(columns);
        self.word(match overriding {
            None => "",
            Some(Overriding::System) => " OVERRIDING SYSTEM VALUE",
            Some(Overriding::User) => " OVERRIDING USER VALUE",
        });
        match source {
            Source::Defaults => self.word(" DEFAULT VALUES"),
            Source::Rows(rows) => {
                self.word(" VALUES ");
                self.list(rows, |writer, row| {
                    writer.text.push('(');
                    writer.list(row, Self::assigned);
                    writer.text.push(')');
                });
            }
            Source::Query(query) => {
                self.text.push(' ');
                self.query(query);
            }
        }
        if let Some(conflict) = conflict {
            self.conflict(conflict);
        }
    }

    fn conflict(&mut self, conflict: &Conflict) {
        self.word(" ON CONFLICT");
        match &conflict.target {
            ConflictTarget::Any => {}
            ConflictTarget::Columns(columns) => self.names(columns),
            ConflictTarget::Constraint(name) => {
                self.word(" ON CONSTRAINT ");
                self.identifier(name);
            }
        }
        match &conflict.update {
            None => self.word(" DO NOTHING"),
            Some((set, filter)) => {
                self.word(" DO UPDATE");
                self.set(set);
                self.filter(filter.as_ref());
            }
        }
    }
}
