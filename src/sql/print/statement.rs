//! Statements.

use super::super::ir::{
    CopyOption, CopyValue, CursorOptions, FetchDirection, Forget, Literal, SetValue, Statement,
    StatementKind, Transaction, TransactionMode, Variable,
};
use super::Writer;

impl Writer {
    pub(super) fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Query(query) => self.query(query),
            StatementKind::Write(write) => self.write(write),
            StatementKind::Declare { cursor, options, query } => {
                self.word("DECLARE ");
                self.identifier(cursor);
                self.cursor_options(*options);
                self.query(query);
            }
            StatementKind::Fetch { cursor, direction, count, is_move } => {
                self.word(if *is_move { "MOVE " } else { "FETCH " });
                self.direction(*direction, *count);
                self.word(" FROM ");
                self.identifier(cursor);
            }
            StatementKind::Close { cursor } => self.named_or_all("CLOSE ", cursor.as_deref()),
            StatementKind::Deallocate { name } => self.named_or_all("DEALLOCATE ", name.as_deref()),
            StatementKind::Prepare { name, types, query } => {
                self.word("PREPARE ");
                self.identifier(name);
                if !types.is_empty() {
                    self.text.push('(');
                    self.list(types, Self::type_name);
                    self.text.push(')');
                }
                self.word(" AS ");
                self.query(query);
            }
            StatementKind::Execute { name, arguments } => {
                self.word("EXECUTE ");
                self.identifier(name);
                if !arguments.is_empty() {
                    self.parenthesised(arguments);
                }
            }
            StatementKind::CopyTable { catalog, table, columns, options } => {
                self.word("COPY ");
                if let Some(catalog) = catalog {
                    self.identifier(catalog);
                    self.text.push('.');
                }
                self.qualified(table);
                self.names(columns);
                self.copy_to(options);
            }
            StatementKind::CopyQuery { query, options } => {
                self.word("COPY ");
                self.subquery(query);
                self.copy_to(options);
            }
            StatementKind::Explain { options, statement } => self.explain(options, statement),
            StatementKind::Set { local, variable } => self.variable(*local, variable),
            StatementKind::Show { name } => {
                self.word("SHOW ");
                self.setting(name);
            }
            StatementKind::Transaction(transaction) => self.transaction(transaction),
            StatementKind::DiscardAll => self.word("DISCARD ALL"),
            StatementKind::Forget(forget) => self.forget(forget),
        }
    }

    fn forget(&mut self, forget: &Forget) {
        match forget {
            Forget::Plans => self.word("DISCARD PLANS"),
            Forget::Sequences => self.word("DISCARD SEQUENCES"),
            Forget::TemporaryTables => self.word("DISCARD TEMPORARY"),
            Forget::Notifications { channel: None } => self.word("UNLISTEN *"),
            Forget::Notifications { channel: Some(channel) } => {
                self.word("UNLISTEN ");
                self.identifier(channel);
            }
        }
    }

    fn named_or_all(&mut self, word: &str, name: Option<&str>) {
        self.word(word);
        match name {
            Some(name) => self.identifier(name),
            None => self.word("ALL"),
        }
    }

    fn cursor_options(&mut self, options: CursorOptions) {
        let CursorOptions { binary, scroll, insensitive, hold } = options;
        self.word(if binary { " BINARY" } else { "" });
        self.word(match insensitive {
            Some(true) => " INSENSITIVE",
            Some(false) => " ASENSITIVE",
            None => "",
        });
        self.word(match scroll {
            Some(true) => " SCROLL",
            Some(false) => " NO SCROLL",
            None => "",
        });
        self.word(if hold { " CURSOR WITH HOLD FOR " } else { " CURSOR FOR " });
    }

    /// The parser says `ALL` as the largest count.
    fn direction(&mut self, direction: FetchDirection, count: i64) {
        let (word, all) = match direction {
            FetchDirection::Forward => ("FORWARD", count == i64::MAX),
            FetchDirection::Backward => ("BACKWARD", count == i64::MAX),
            FetchDirection::Absolute => ("ABSOLUTE", false),
            FetchDirection::Relative => ("RELATIVE", false),
        };
        self.word(word);
        if all {
            self.word(" ALL");
        } else {
            self.word(&format!(" {count}"));
        }
    }

    fn copy_to(&mut self, options: &[CopyOption]) {
        self.word(" TO STDOUT");
        if options.is_empty() {
            return;
        }
        self.word(" WITH (");
        self.list(options, |writer, option| {
            writer.identifier(&option.name);
            match &option.value {
                CopyValue::None => {}
                CopyValue::Text(text) => {
                    writer.text.push(' ');
                    writer.string(text);
                }
                CopyValue::Star => writer.word(" *"),
                CopyValue::Names(names) => writer.names(names),
            }
        });
        self.text.push(')');
    }

    fn explain(&mut self, options: &[(String, Option<String>)], statement: &Statement) {
        self.word("EXPLAIN ");
        if !options.is_empty() {
            self.text.push('(');
            self.list(options, |writer, (name, value)| {
                writer.identifier(name);
                if let Some(value) = value {
                    writer.text.push(' ');
                    writer.string(value);
                }
            });
            self.word(") ");
        }
        self.statement(statement);
    }

    /// A setting's name may have a dot in it, which is no part of an identifier.
    fn setting(&mut self, name: &str) {
        for (index, part) in name.split('.').enumerate() {
            if index > 0 {
                self.text.push('.');
            }
            self.identifier(part);
        }
    }

    fn variable(&mut self, local: bool, variable: &Variable) {
        let set = if local { "SET LOCAL " } else { "SET " };
        match variable {
            Variable::Set { name, values } => {
                self.word(set);
                self.setting(name);
                self.word(" TO ");
                self.list(values, Self::set_value);
            }
            Variable::Default { name } => {
                self.word(set);
                self.setting(name);
                self.word(" TO DEFAULT");
            }
            Variable::Reset { name } => {
                self.word("RESET ");
                self.setting(name);
            }
            Variable::ResetAll => self.word("RESET ALL"),
            Variable::Transaction { session, modes } => {
                self.word(if *session {
                    "SET SESSION CHARACTERISTICS AS TRANSACTION"
                } else {
                    "SET TRANSACTION"
                });
                self.modes(modes);
            }
        }
    }

    fn set_value(&mut self, value: &SetValue) {
        match value {
            SetValue::Integer(value) => self.literal(&Literal::Text(value.to_string())),
            SetValue::Number(text) | SetValue::Text(text) => self.string(text),
        }
    }

    fn modes(&mut self, modes: &[TransactionMode]) {
        self.list(modes, |writer, mode| match mode {
            TransactionMode::Isolation(level) => {
                writer.word(" ISOLATION LEVEL ");
                writer.word(&level.to_ascii_uppercase());
            }
            TransactionMode::ReadOnly(true) => writer.word(" READ ONLY"),
            TransactionMode::ReadOnly(false) => writer.word(" READ WRITE"),
            TransactionMode::Deferrable(true) => writer.word(" DEFERRABLE"),
            TransactionMode::Deferrable(false) => writer.word(" NOT DEFERRABLE"),
        });
    }

    fn transaction(&mut self, transaction: &Transaction) {
        let named = |writer: &mut Self, word: &str, name: &str| {
            writer.word(word);
            writer.identifier(name);
        };
        match transaction {
            Transaction::Begin(modes) => {
                self.word("BEGIN");
                self.modes(modes);
            }
            Transaction::Commit { chain } => self.word(if *chain { "COMMIT AND CHAIN" } else { "COMMIT" }),
            Transaction::Rollback { chain } => {
                self.word(if *chain { "ROLLBACK AND CHAIN" } else { "ROLLBACK" });
            }
            Transaction::Savepoint(name) => named(self, "SAVEPOINT ", name),
            Transaction::Release(name) => named(self, "RELEASE SAVEPOINT ", name),
            Transaction::RollbackTo(name) => named(self, "ROLLBACK TO SAVEPOINT ", name),
        }
    }
}
