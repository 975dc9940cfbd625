//! `INSERT`, `UPDATE` and `DELETE` of tables in which nothing is protected.
//!
//! What a write does beyond its own table is done by the store with the rights of the table's owner: triggers, rules,
//! foreign keys, row security, functions in defaults and constraints. Each of them could read raw values, and an error
//! or a row that comes back would tell of them. So the table, and every table that its foreign keys let the store
//! change along with it, must have nothing of the kind; and no foreign key may touch a protected table, because
//! whether a key exists there is what the error says.
//!
//! Invariant: a statement that writes reads nothing protected, in any part of it.
//! Invariant: what a client writes is written as it is. A token is not turned back: what it stands for could be read
//! again where nothing is protected.
//! Not here: whether the store allows writes at all.

use std::rc::Rc;
use std::sync::Arc;

use super::super::catalogue::{Column, FIRST_NORMAL_OID, Relation, RelationKind};
use super::super::ir::{Assigned, Assignment, Change, Conflict, Expr, FromItem, Insert, Pos, Source, Write};
use super::super::refusal::{Checked, Denial};
use super::super::rules::Bound;
use super::from::require_new_name;
use super::relation::shown;
use super::scope::{Item, Level, OutputColumn};
use super::{Analysis, Label};

/// A rewritten statement and the columns that it returns.
pub(in crate::sql) struct Written {
    pub(in crate::sql) write: Write,
    pub(in crate::sql) columns: Vec<OutputColumn>,
}

/// Tables that foreign keys connect are followed this far.
const MAX_CONNECTED: usize = 1_000;

impl Analysis<'_> {
    /// Analyses a statement that writes.
    pub(in crate::sql) fn write(&mut self, write: &Write) -> Checked<Written> {
        let name = &write.table;
        let relation = self.known_relation(name.catalog.as_deref(), &name.name, name.pos)?;
        self.require_writable(&relation, name.pos)?;
        let mut around = Level::default();
        let with = match &write.with {
            Some(with) => Some(self.with(with, &mut around)?),
            None => None,
        };
        let target = self.open_relation(&relation, name, &around)?;
        let FromItem::Table(table) = target.item else {
            return Err(Denial::odd_tree("table to write to", name.pos));
        };
        let mut level = Level::inside(&around);
        level.items = target.names;
        let change = match &write.change {
            Change::Insert(insert) => {
                Change::Insert(Box::new(self.insert(insert, &relation, &level, &around)?))
            }
            Change::Update { set, from, filter } => {
                let from = self.write_source(from, &mut level, &around)?;
                let set = self.assignments(set, &level)?;
                Change::Update { set, from, filter: self.write_filter(filter.as_ref(), &level)? }
            }
            Change::Delete { using, filter } => {
                let using = self.write_source(using, &mut level, &around)?;
                Change::Delete { using, filter: self.write_filter(filter.as_ref(), &level)? }
            }
        };
        let returned = self.select_list(&write.returning, &level)?;
        let reads_raw = returned.columns.iter().any(|column| !column.label.is_public());
        if self.reads_protected() || reads_raw {
            let message = format!("{} that reads protected fields is refused", write.change.name());
            return Err(Denial::forbidden(message, name.pos)
                .hint("read them with SELECT, and write the values that it shows"));
        }
        let write = Write { with, table, change, returning: returned.targets };
        Ok(Written { write, columns: returned.columns })
    }

    /// The items beside the target, whose names are known from then on. They do not see the target.
    fn write_source(
        &mut self,
        items: &[FromItem],
        level: &mut Level<'_>,
        around: &Level<'_>,
    ) -> Checked<Vec<FromItem>> {
        let mut source = Level::inside(around);
        let (rewritten, _) = self.read_from(items, &mut source)?;
        for item in source.items {
            require_new_name(&item, &level.items)?;
            if level.items.iter().any(|known| known.alias == item.alias) {
                return Err(Denial::unsupported("a second table of the target's name", Pos::NONE)
                    .hint("give each table a name of its own: FROM t AS a"));
            }
            level.items.push(item);
        }
        Ok(rewritten)
    }

    fn write_filter(&mut self, filter: Option<&Expr>, level: &Level<'_>) -> Checked<Option<Expr>> {
        filter.map(|filter| Ok(self.public(filter, level, "a condition")?.expr)).transpose()
    }

    fn assigned(&mut self, value: &Assigned, level: &Level<'_>) -> Checked<Assigned> {
        match value {
            Assigned::Default => Ok(Assigned::Default),
            Assigned::Value(value) => Ok(Assigned::Value(self.public(value, level, "a write")?.expr)),
        }
    }

    fn assignments(&mut self, set: &[Assignment], level: &Level<'_>) -> Checked<Vec<Assignment>> {
        let one = |Assignment { column, value }: &Assignment| {
            Ok(Assignment { column: column.clone(), value: self.assigned(value, level)? })
        };
        set.iter().map(one).collect()
    }

    /// `target` has the names of the table, which conflicts may use; new rows are made without them.
    fn insert(
        &mut self,
        insert: &Insert,
        relation: &Relation,
        target: &Level<'_>,
        around: &Level<'_>,
    ) -> Checked<Insert> {
        let source = match &insert.source {
            Source::Defaults => Source::Defaults,
            Source::Rows(rows) => {
                let level = Level::inside(around);
                let mut row = |row: &Vec<Assigned>| {
                    row.iter().map(|value| self.assigned(value, &level)).collect::<Checked<Vec<_>>>()
                };
                Source::Rows(rows.iter().map(&mut row).collect::<Checked<_>>()?)
            }
            Source::Query(query) => {
                let analysed = self.query(query, around, true)?;
                for column in &analysed.columns {
                    column.label.require_public("a write", Pos::NONE)?;
                }
                Source::Query(Box::new(analysed.query))
            }
        };
        let conflict = match &insert.conflict {
            None => None,
            Some(conflict) => Some(self.conflict(conflict, relation, target, around)?),
        };
        Ok(Insert { columns: insert.columns.clone(), overriding: insert.overriding, source, conflict })
    }

    /// `DO UPDATE` sees the row that is there, and the one that was to come as `excluded`.
    fn conflict(
        &mut self,
        conflict: &Conflict,
        relation: &Relation,
        target: &Level<'_>,
        around: &Level<'_>,
    ) -> Checked<Conflict> {
        const NEW_ROW: &str = "excluded";
        let Some((set, filter)) = &conflict.update else { return Ok(conflict.clone()) };
        let column = |column: &Column| OutputColumn {
            name: column.name.clone(),
            label: Label::Public,
            ty: Some(self.catalogue().base_type(column.ty)),
        };
        let columns: Vec<OutputColumn> = relation.columns.iter().map(column).collect();
        let new_row: Item = self.item_of(NEW_ROW, None, &columns, Pos::NONE, target)?;
        require_new_name(&new_row, &target.items)?;
        if new_row.alias != NEW_ROW {
            return Err(Denial::unsupported("a column or table that is called excluded", Pos::NONE));
        }
        let mut level = Level::inside(around);
        level.items.extend(target.items.iter().cloned());
        level.items.push(Rc::new(new_row));
        let set = self.assignments(set, &level)?;
        let filter = self.write_filter(filter.as_ref(), &level)?;
        Ok(Conflict { target: conflict.target.clone(), update: Some((set, filter)) })
    }

    /// Refuses a table whose rows cannot be changed without something else being read.
    fn require_writable(&self, relation: &Arc<Relation>, pos: Pos) -> Checked<()> {
        let mut known = vec![relation.oid];
        let mut to_do = vec![Arc::clone(relation)];
        while let Some(table) = to_do.pop() {
            let denied = |why: &str| {
                let what = shown(relation);
                let message = match table.oid == relation.oid {
                    true => format!("writing to {what} is refused: {why}"),
                    false => format!(
                        "writing to {what} is refused: of {}, which it may change: {why}",
                        shown(&table)
                    ),
                };
                Denial::forbidden(message, pos).hint(
                    "`writes` allows changes of plain tables that have nothing to do with protected ones",
                )
            };
            if let Some(why) = self.obstacle(&table) {
                return Err(denied(why));
            }
            if !table.references.iter().all(|oid| self.is_open_table(*oid)) {
                return Err(denied("a foreign key leads from it to a protected table"));
            }
            for referring in &table.referenced_by {
                if !self.is_open_table(*referring) {
                    return Err(denied("a foreign key leads to it from a protected table"));
                }
                let new =
                    self.catalogue().relation_by_oid(*referring).filter(|one| !known.contains(&one.oid));
                known.extend(new.map(|one| one.oid));
                to_do.extend(new.cloned());
            }
            if known.len() > MAX_CONNECTED {
                return Err(denied("too many foreign keys lead to it"));
            }
        }
        Ok(())
    }

    /// True if nothing is protected in the table of this number.
    fn is_open_table(&self, oid: u32) -> bool {
        self.catalogue().relation_by_oid(oid).is_some_and(|relation| {
            matches!(*self.world.rules.bound(self.catalogue(), relation), Bound::Open)
        })
    }

    /// What stands against changing the rows of one table.
    fn obstacle(&self, table: &Arc<Relation>) -> Option<&'static str> {
        if table.is_system() {
            return Some("it is the server's own");
        }
        if table.kind != RelationKind::Table {
            return Some("it is no ordinary table");
        }
        if !self.is_open_table(table.oid) {
            return Some("it is protected");
        }
        if !table.parents.is_empty() || !table.children.is_empty() {
            return Some("its rows belong to several tables");
        }
        if table.row_security {
            return Some("it has row security, which may read anything");
        }
        if let Some(hazard) = table.hazards.first() {
            return Some(hazard.clause());
        }
        let is_known = |ty: u32| {
            let known = self.catalogue().type_by_oid(ty);
            known.is_some_and(|ty| self.require_known_type(ty, Pos::NONE).is_ok())
        };
        let takes_plainly = |ty: u32| is_known(ty) && !self.is_cast_by_users(ty);
        let base = |ty| self.catalogue().base_type(ty).oid;
        let plain = table.columns.iter().all(|one| takes_plainly(one.ty.oid) && takes_plainly(base(one.ty)));
        (!plain).then_some("a column's type runs code that was written in the database")
    }

    /// True if a value may become one of this type by a function that did not come with the server: assigning casts
    /// without a word.
    fn is_cast_by_users(&self, ty: u32) -> bool {
        let is_refused = |oid| match self.catalogue().function_by_oid(oid) {
            Some((name, function)) => self.world.lists.function(self.catalogue(), name, function).is_err(),
            None => true,
        };
        self.catalogue().cast_functions(None, ty).any(|oid| oid >= FIRST_NORMAL_OID && is_refused(oid))
    }
}
