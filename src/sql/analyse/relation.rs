//! Relations by name: substituted, passed on, opened or refused.

use std::rc::Rc;
use std::sync::Arc;

use super::super::allow::{Access, Mask, Replacement};
use super::super::catalogue::{Column, Relation, RelationKind, TypeRef, oid};
use super::super::ir::{
    Alias, Body, Expr, ExprKind, FromItem, Literal, Pos, Qualified, Query, Sample, Select, Shared, TableItem,
    Target, TypeName,
};
use super::super::refusal::{Checked, Denial};
use super::super::rules::{Bound, Protection, Rows};
use super::from::FromPart;
use super::listed::is_shown;
use super::row_key;
use super::scope::{Item, ItemColumn, Level, OutputColumn, RowOrder, Term, WholeRow};
use super::{Analysis, Label};

/// The name of the table inside a derived table.
pub(in crate::sql) const INNER: &str = "raw";

impl Analysis<'_> {
    /// Analyses a relation that is no common table expression.
    pub(super) fn relation(&mut self, table: &TableItem, level: &Level<'_>) -> Checked<FromPart> {
        let relation = self.known_relation(table.catalog.as_deref(), &table.name, table.pos)?;
        if relation.row_security && self.view_depth > 0 {
            // Whose rows are hidden would change if the view around it were opened.
            self.hidden_rows += 1;
        }
        let bound = self.bound(&relation, table.pos)?;
        match &*bound {
            Bound::Open => match relation.kind {
                RelationKind::View if !relation.is_system() => self.view(&relation, table, level),
                RelationKind::MaterializedView if !relation.is_system() => {
                    self.materialized_view(&relation, table, level)
                }
                RelationKind::ForeignTable => Err(Denial::forbidden(
                    format!("foreign table {} is refused", shown(&relation)),
                    table.pos,
                )
                .hint("name its columns in the policy to open it")),
                _ => self.open_relation(&relation, table, level),
            },
            Bound::Columns(protections) => self.substituted(&relation, protections, table, level),
            Bound::Broken(reason) => {
                let message = format!("{} is refused: {reason}", shown(&relation));
                Err(Denial::forbidden(message, table.pos).hint("the policy has to be mended"))
            }
        }
    }

    /// Finds a relation that may be read.
    pub(super) fn known_relation(
        &self,
        database: Option<&str>,
        name: &Qualified,
        pos: Pos,
    ) -> Checked<Arc<Relation>> {
        if database.is_some_and(|database| database != self.catalogue().database()) {
            return Err(Denial::unsupported("a relation of another database", pos));
        }
        let Some(relation) = self.catalogue().relation(name, &self.path) else {
            let shown = match &name.schema {
                Some(schema) => format!("{schema}.{}", name.name),
                None => name.name.clone(),
            };
            return Err(Denial::new("42P01", format!("relation \"{shown}\" does not exist"), pos));
        };
        match relation.kind {
            RelationKind::Sequence if !self.world.lists.is_all_open() => {
                Err(Denial::forbidden(format!("reading sequence {} is refused", shown(relation)), pos))
            }
            RelationKind::Composite | RelationKind::Other => {
                Err(Denial::new("42809", format!("{} is not a table", shown(relation)), pos))
            }
            _ => {
                if !relation.is_system() {
                    let name = Qualified::within(&relation.schema, &relation.name);
                    self.named.borrow_mut().insert(name);
                }
                Ok(Arc::clone(relation))
            }
        }
    }

    fn divides_cells(&self, relation: &Arc<Relation>) -> bool {
        let (rules, catalogue) = (&self.world.rules, &self.world.catalogue);
        super::super::rules::divides_cells(catalogue, relation, |one| rules.bound(catalogue, one))
    }

    fn bound(&self, relation: &Arc<Relation>, pos: Pos) -> Checked<Arc<Bound>> {
        if !relation.is_system() {
            return Ok(self.world.rules.bound(&self.world.catalogue, relation));
        }
        match self.world.lists.catalogue_relation(&relation.schema, &relation.name) {
            Access::Refused(refused) => Err(Denial::unlisted(&shown(relation), refused, pos)),
            Access::Open => Ok(Arc::new(Bound::Open)),
            Access::Masked(mask) => Ok(Arc::new(Bound::Columns(self.masked(relation, &mask)))),
        }
    }

    /// What stands in place of the columns of a catalogue relation.
    fn masked(&self, relation: &Relation, mask: &Mask) -> Vec<Protection> {
        let own = |expr: Expr, column: &Column| Protection::own(expr, self.catalogue().base_type(column.ty));
        let protection = |column: &Column| match mask.replacement(&column.name) {
            None => Protection::Open,
            Some(Replacement::Null) => own(Expr::null().cast(self.type_name(column.ty)), column),
            Some(Replacement::Constant(text)) => {
                own(Expr::text(text).cast(self.type_name(column.ty)), column)
            }
            Some(Replacement::IfSettingIsShown) => {
                let name = Expr::column(INNER, "name").cast(TypeName::builtin("text"));
                let is_shown = is_shown(Expr::call("lower", vec![name]));
                let whens = vec![(is_shown, Expr::column(INNER, &column.name))];
                own(Expr::made(ExprKind::Case { operand: None, whens, otherwise: None }), column)
            }
        };
        relation.columns.iter().map(protection).collect()
    }

    /// A relation without anything to hide, under its own name.
    pub(super) fn open_relation(
        &mut self,
        relation: &Arc<Relation>,
        table: &TableItem,
        level: &Level<'_>,
    ) -> Checked<FromPart> {
        let columns: Vec<OutputColumn> = relation
            .columns
            .iter()
            .map(|column| OutputColumn {
                name: column.name.clone(),
                label: Label::Public,
                ty: Some(self.catalogue().base_type(column.ty)),
            })
            .collect();
        let mut names = self.item_of(&relation.name, table.alias.as_ref(), &columns, table.pos, level)?;
        self.note_collations(&relation.columns, &names);
        names.schema = table.alias.is_none().then(|| relation.schema.clone());
        let row_type = Qualified::within(&relation.schema, &relation.name);
        let row_type = self.catalogue().type_by_name(&row_type, &[]).map(|ty| ty.oid);
        names.whole_row = WholeRow::Plain { ty: row_type };
        if matches!(relation.kind, RelationKind::Table | RelationKind::MaterializedView) {
            names.system_columns = system_columns(&names.alias);
        }
        if self.keyed {
            names = keyed_open(names, relation);
        }
        let sample = match &table.sample {
            None => None,
            Some(sample) => Some(self.sample(sample, level)?),
        };
        let columns = table.alias.as_ref().map_or(&[][..], |alias| alias.columns.as_slice());
        let item = FromItem::Table(TableItem {
            catalog: None,
            name: Qualified::within(&relation.schema, &relation.name),
            only: table.only,
            alias: Some(Alias { name: names.alias.clone(), columns: columns.to_vec() }),
            sample,
            pos: table.pos,
        });
        Ok(FromPart { item, names: vec![Rc::new(names)], order: RowOrder::Public })
    }

    fn sample(&mut self, sample: &Sample, level: &Level<'_>) -> Checked<Sample> {
        if !matches!(sample.method.name.as_str(), "system" | "bernoulli") || sample.method.schema.is_some() {
            return Err(Denial::unsupported("this sampling method", Pos::NONE));
        }
        // A query inside another one is sampled anew for each row of it, and not every number is a share or a seed.
        let mut public = |expr| {
            let term = self.public(expr, level, "TABLESAMPLE")?;
            if !matches!(term.expr.kind, ExprKind::Literal(Literal::Integer(0..=100))) {
                self.raises();
            }
            Ok(term.expr)
        };
        Ok(Sample {
            method: Qualified::builtin(&sample.method.name),
            arguments: sample.arguments.iter().map(&mut public).collect::<Checked<_>>()?,
            seed: sample.seed.as_deref().map(public).transpose()?.map(Box::new),
        })
    }

    /// A protected relation: a derived table of the same columns, coarse.
    pub(super) fn substituted(
        &mut self,
        relation: &Arc<Relation>,
        protections: &[Protection],
        table: &TableItem,
        level: &Level<'_>,
    ) -> Checked<FromPart> {
        let divides = self.divides_cells(relation);
        require_whole(relation, table, divides)?;
        let catalogue_table = relation.is_system();
        if !catalogue_table {
            self.protected_reads += 1;
        }
        let rows = self.world.rules.rows(self.catalogue(), relation).filter(|_| !catalogue_table);
        let mut targets = Vec::with_capacity(relation.columns.len());
        let mut columns = Vec::with_capacity(relation.columns.len());
        for (column, protection) in relation.columns.iter().zip(protections) {
            let raw = Expr::column(INNER, &column.name);
            let label = match protection {
                Protection::Identifier(identity) => Label::Identifier(Arc::clone(identity)),
                Protection::Identifiers(identity) => Label::Identifiers(Arc::clone(identity)),
                Protection::Open | Protection::Coarse { .. } => Label::Public,
            };
            if let Some(ruling) = protection.ruling() {
                self.applied.insert((relation.oid, column.name.clone()), ruling.clone());
            }
            let value = in_own_rows(rows.as_deref(), &column.name, protection.applied(raw));
            targets.push(Target { value, name: Some(column.name.clone()) });
            let ty = protection.ty().unwrap_or_else(|| self.catalogue().base_type(column.ty));
            columns.push(OutputColumn { name: column.name.clone(), label, ty: Some(ty) });
        }
        let mut names = self.item_of(&relation.name, table.alias.as_ref(), &columns, table.pos, level)?;
        self.note_collations(&relation.columns, &names);
        names.schema = table.alias.is_none().then(|| relation.schema.clone());
        if relation.kind == RelationKind::Table && !divides {
            let value = Expr::column(INNER, "tableoid");
            targets.push(Target { value, name: Some("tableoid".to_owned()) });
            names.system_columns = vec![system_column(&names.alias, "tableoid", oid::OID)];
        }
        names.whole_row = WholeRow::Built;
        if self.keyed {
            names.row_key = row_key::columns_of_key(relation, protections, divides).map(|key| {
                let hidden = |(column, ty): (String, TypeRef)| {
                    let name = self.made_name();
                    let value = Expr::column(INNER, column);
                    targets.push(Target { value, name: Some(name.clone()) });
                    Term::public(Expr::column(&names.alias, name), Some(ty))
                };
                key.into_iter().map(hidden).collect()
            });
            names.repeats = names.row_key.is_none();
        }
        let keyed = names.columns.iter().zip(&relation.columns);
        let keyed = keyed.filter(|(_, column)| relation.primary_key.contains(&column.number));
        names.key = keyed.map(|(named, _)| named.name.clone()).collect();
        let inner = FromItem::Table(TableItem {
            catalog: None,
            name: Qualified::within(&relation.schema, &relation.name),
            only: table.only,
            alias: Some(Alias { name: INNER.to_owned(), columns: Vec::new() }),
            sample: None,
            pos: Pos::NONE,
        });
        let filter = rows.as_ref().and_then(|rows| self.condition(rows));
        let select = Select { targets, from: vec![inner], filter, ..Select::default() };
        let given = table.alias.as_ref().map_or(&[][..], |alias| alias.columns.as_slice());
        let item = FromItem::Subquery {
            lateral: false,
            query: Box::new(Query::of(Body::Select(Box::new(select)))),
            alias: Some(Alias { name: names.alias.clone(), columns: given.to_vec() }),
        };
        let withheld = rows.is_some_and(|rows| rows.withheld);
        let order = order_of(withheld, row_key::columns_of_key(relation, protections, divides));
        Ok(FromPart { item, names: vec![Rc::new(names)], order })
    }
}

impl Analysis<'_> {
    /// The condition on the rows of a relation, if some are withheld; what it reads and says is noted.
    fn condition(&mut self, rows: &Rows) -> Option<Expr> {
        self.named.borrow_mut().extend(rows.reads.iter().cloned());
        self.regions.insert(rows.words.clone());
        rows.withheld.then(|| shared(&rows.own))
    }
}

/// The order of the rows of a protected relation. Where a row is put in storage depends on the rows around it, of which
/// some may be withheld: their keys have an order that does not, if they have one.
fn order_of(withheld: bool, key: Option<Vec<(String, TypeRef)>>) -> RowOrder {
    let is_place = key.is_some_and(|key| key.iter().any(|(name, _)| name == "ctid"));
    if withheld && !is_place { RowOrder::Open } else { RowOrder::Public }
}

fn shared(expr: &Arc<Shared>) -> Expr {
    Expr::made(ExprKind::Shared(Arc::clone(expr)))
}

/// The value of a column; where it is hidden, only in rows of the role's own regions, and NULL in all others.
fn in_own_rows(rows: Option<&Rows>, column: &str, value: Expr) -> Expr {
    let Some(rows) = rows.filter(|rows| rows.hidden.contains(column)) else { return value };
    Expr::made(ExprKind::Case { operand: None, whens: vec![(shared(&rows.own), value)], otherwise: None })
}

/// A protected relation is read as a whole: what is in a sample or in a partition may tell of raw values.
fn require_whole(relation: &Relation, table: &TableItem, divides: bool) -> Checked<()> {
    if table.sample.is_some() {
        let message = format!("TABLESAMPLE of {} is refused: it is protected", shown(relation));
        return Err(Denial::forbidden(message, table.pos).hint("filter by a hash of a public column instead"));
    }
    if divides && !relation.parents.is_empty() {
        let message =
            format!("partition {} is refused: what is in it tells of a protected column", shown(relation));
        return Err(Denial::forbidden(message, table.pos).hint("read the partitioned table itself"));
    }
    Ok(())
}

/// An open relation with its key: columns that have names, or system columns.
fn keyed_open(mut names: Item, relation: &Relation) -> Item {
    let open = vec![Protection::Open; relation.columns.len()];
    let Some(key) = row_key::columns_of_key(relation, &open, false) else { return names.keyed(None, true) };
    let printed = |(name, ty): (String, TypeRef)| {
        let named = relation.columns.iter().zip(&names.columns).find(|(column, _)| column.name == name);
        match named {
            Some((_, column)) => column.term.clone(),
            None => Term::public(Expr::column(&names.alias, name), Some(ty)),
        }
    };
    names.row_key = Some(key.into_iter().map(printed).collect());
    names.repeats = false;
    names
}

/// A relation as messages show it.
pub(super) fn shown(relation: &Relation) -> String {
    format!("`{}.{}`", relation.schema, relation.name)
}

fn system_columns(alias: &str) -> Vec<ItemColumn> {
    const TID: u32 = 27;
    const XID: u32 = 28;
    const CID: u32 = 29;
    [("tableoid", oid::OID), ("ctid", TID), ("xmin", XID), ("xmax", XID), ("cmin", CID), ("cmax", CID)]
        .map(|(name, ty)| system_column(alias, name, ty))
        .to_vec()
}

fn system_column(alias: &str, name: &str, ty: u32) -> ItemColumn {
    ItemColumn {
        name: name.to_owned(),
        term: Term::public(Expr::column(alias, name), Some(TypeRef::plain(ty))),
    }
}
