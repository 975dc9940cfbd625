//! Items of `FROM`.

use super::super::ir::{
    Alias, ColumnDefinition, FromItem, FunctionItem, Join, JoinCondition, JoinKind, TableItem,
};
use super::Writer;

impl Writer {
    pub(super) fn item(&mut self, item: &FromItem) {
        match item {
            FromItem::Table(table) => self.table(table),
            FromItem::Subquery { lateral, query, alias } => {
                self.lateral(*lateral);
                self.subquery(query);
                self.alias(alias.as_ref());
            }
            FromItem::Function(function) => self.function_item(function),
            FromItem::XmlTable(table) => self.xml_table(table),
            FromItem::Join(join) => self.join(join),
        }
    }

    fn lateral(&mut self, lateral: bool) {
        self.word(if lateral { "LATERAL " } else { "" });
    }

    pub(super) fn table(&mut self, table: &TableItem) {
        self.word(if table.only { "ONLY " } else { "" });
        if let Some(catalog) = &table.catalog {
            self.identifier(catalog);
            self.text.push('.');
        }
        self.qualified(&table.name);
        self.alias(table.alias.as_ref());
        if let Some(sample) = &table.sample {
            self.word(" TABLESAMPLE ");
            self.qualified(&sample.method);
            self.parenthesised(&sample.arguments);
            if let Some(seed) = &sample.seed {
                self.word(" REPEATABLE (");
                self.expr(seed);
                self.text.push(')');
            }
        }
    }

    pub(super) fn alias(&mut self, alias: Option<&Alias>) {
        if let Some(alias) = alias {
            self.word(" AS ");
            self.identifier(&alias.name);
            self.names(&alias.columns);
        }
    }

    fn function_item(&mut self, item: &FunctionItem) {
        self.lateral(item.lateral);
        self.word(if item.rows_from { "ROWS FROM(" } else { "" });
        self.list(&item.functions, |writer, (call, definitions)| {
            writer.expr(call);
            if !definitions.is_empty() {
                writer.word(" AS ");
                writer.definitions(definitions);
            }
        });
        self.word(if item.rows_from { ")" } else { "" });
        self.word(if item.ordinality { " WITH ORDINALITY" } else { "" });
        if item.definitions.is_empty() {
            self.alias(item.alias.as_ref());
        } else {
            self.word(" AS ");
            item.alias.iter().for_each(|alias| self.identifier(&alias.name));
            self.text.push(' ');
            self.definitions(&item.definitions);
        }
    }

    fn definitions(&mut self, definitions: &[ColumnDefinition]) {
        self.text.push('(');
        self.list(definitions, |writer, definition| {
            writer.identifier(&definition.name);
            writer.text.push(' ');
            writer.type_name(&definition.ty);
            if let Some(collation) = &definition.collation {
                writer.word(" COLLATE ");
                writer.qualified(collation);
            }
        });
        self.text.push(')');
    }

    fn join(&mut self, join: &Join) {
        self.text.push('(');
        self.item(&join.left);
        self.word(if join.condition == JoinCondition::Natural { " NATURAL" } else { "" });
        self.word(match (join.kind, &join.condition) {
            (JoinKind::Inner, JoinCondition::None) => " CROSS JOIN ",
            (JoinKind::Inner, _) => " JOIN ",
            (JoinKind::Left, _) => " LEFT JOIN ",
            (JoinKind::Right, _) => " RIGHT JOIN ",
            (JoinKind::Full, _) => " FULL JOIN ",
        });
        self.item(&join.right);
        match &join.condition {
            JoinCondition::None | JoinCondition::Natural => {}
            JoinCondition::On(condition) => {
                self.word(" ON ");
                self.expr(condition);
            }
            JoinCondition::Using { columns, alias } => {
                self.word(" USING");
                self.names(columns);
                if let Some(alias) = alias {
                    self.word(" AS ");
                    self.identifier(alias);
                }
            }
        }
        self.text.push(')');
        self.alias(join.alias.as_ref());
    }
}
