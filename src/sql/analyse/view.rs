//! Views are opened: their definition goes through the same walk.

use std::rc::Rc;
use std::sync::Arc;

use super::super::catalogue::Relation;
use super::super::ir::{FromItem, Query, StatementKind, TableItem};
use super::super::parse;
use super::super::refusal::{Checked, Denial};
use super::from::{FromPart, column_alias};
use super::relation::shown;
use super::scope::{CteEntry, Level};
use super::{Analysed, Analysis, MAX_VIEW_DEPTH, is_temporary};

impl Analysis<'_> {
    /// A view: its definition where that reads protected relations, else its name.
    pub(super) fn view(
        &mut self,
        view: &Arc<Relation>,
        table: &TableItem,
        level: &Level<'_>,
    ) -> Checked<FromPart> {
        let hidden_before = self.hidden_rows;
        let named_before = self.named.borrow().clone();
        let (analysed, protected) = self.definition(view, table)?;
        if !protected {
            // What it reads is the server's to lock, and may be out of the client's reach.
            self.named = named_before.into();
            return self.open_relation(view, table, level);
        }
        if self.hidden_rows > hidden_before {
            let message = format!("{} reads a table under row security: it is refused", shown(view));
            return Err(
                Denial::forbidden(message, table.pos).hint("name its columns in the policy to open it")
            );
        }
        if view.security_barrier {
            let message =
                format!("{} is a security barrier over protected relations: it is refused", shown(view));
            return Err(
                Denial::forbidden(message, table.pos).hint("name its columns in the policy to open it")
            );
        }
        let names: Vec<String> = view.columns.iter().map(|column| column.name.clone()).collect();
        let columns = CteEntry::renamed(analysed.columns, &names, table.pos)?;
        let mut item = self.item_of(&view.name, table.alias.as_ref(), &columns, table.pos, level)?;
        item.schema = table.alias.is_none().then(|| view.schema.clone());
        let opened = FromItem::Subquery {
            lateral: false,
            query: Box::new(analysed.query),
            alias: Some(column_alias(&item)),
        };
        let item = item.keyed(analysed.row_key.as_ref(), analysed.repeats);
        Ok(FromPart { item: opened, names: vec![Rc::new(item)], order: analysed.order })
    }

    /// A materialised view holds raw values of what it reads.
    pub(super) fn materialized_view(
        &mut self,
        view: &Arc<Relation>,
        table: &TableItem,
        level: &Level<'_>,
    ) -> Checked<FromPart> {
        let named_before = self.named.borrow().clone();
        let (_, protected) = self.definition(view, table)?;
        self.named = named_before.into();
        if protected {
            let message = format!("{} keeps raw values of protected relations: it is refused", shown(view));
            return Err(
                Denial::forbidden(message, table.pos).hint("name its columns in the policy to open it")
            );
        }
        self.open_relation(view, table, level)
    }

    /// Analyses a view's definition, in which every name is qualified.
    fn definition(&mut self, view: &Arc<Relation>, table: &TableItem) -> Checked<(Analysed, bool)> {
        let context = format!("view {}", shown(view));
        let denied = |denial: Denial| denial.within(&context, table.pos);
        if self.view_depth >= MAX_VIEW_DEPTH {
            return Err(Denial::unsupported("this many views inside views", table.pos));
        }
        let text = view.definition.as_deref().unwrap_or_default();
        let query = parsed(text).map_err(denied)?;
        let reads_before = self.protected_reads;
        // Definitions are printed where only these schemas are searched.
        let mut searched: Vec<String> =
            self.path.iter().filter(|schema| is_temporary(schema)).cloned().collect();
        searched.push("pg_catalog".to_owned());
        let path = std::mem::replace(&mut self.path, searched);
        self.view_depth += 1;
        let analysed = self.query_with_key(&query, &Level::default());
        self.view_depth -= 1;
        self.path = path;
        let analysed = analysed.map_err(denied)?;
        Ok((analysed, self.protected_reads > reads_before))
    }
}

fn parsed(text: &str) -> Checked<Query> {
    parse::require_no_made_names(text)?;
    let unreadable = || Denial::odd_tree("view definition", super::ir::Pos::NONE);
    let mut statements = parse::statements(text)?;
    match (statements.pop().map(|statement| statement.kind), statements.is_empty()) {
        (Some(StatementKind::Query(query)), true) => Ok(query),
        _ => Err(unreadable()),
    }
}
