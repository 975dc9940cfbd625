//! Whose rows: the condition under which a row of a table is of a region that the role is bound to.
//!
//! ```text
//! CASE WHEN raw.country = ANY ('{DE,AT}') THEN true ELSE false END
//! CASE WHEN EXISTS (SELECT 1 FROM users AS region1 WHERE region1.id = raw.user_id AND CASE ...) THEN true ELSE false END
//! ```
//!
//! `CASE` keeps the store from serving the condition by an index or by a join, which would put rows in an order that
//! other columns, and rows that are withheld, have a part in.
//!
//! Invariant: the condition never raises, and is false where the region is not known: no value, nobody at the end of
//! the join, or several of whom one is of another region.
//! Invariant: a table that holds protected fields and states no region is closed.
//! Not here: where the condition is put (`analyse`).

use std::collections::HashSet;
use std::sync::Arc;

use super::bind::family;
use super::{Bound, Protection, Template, bind, type_name};
use crate::policy::{OtherRegions, RegionJoin, RegionPlan, RegionSource, SqlPlans};
use crate::sql::analyse::INNER;
use crate::sql::catalogue::{Catalogue, Column, Relation, RelationKind, TypeKind, oid};
use crate::sql::ir::{
    Alias, Body, Expr, ExprKind, FromItem, Literal, Pos, Qualified, Quantifier, Query, Select, Shared,
    Sublink, TableItem, Target, TypeName,
};

/// Joins behind joins beyond this are refused.
const MAX_JOINS: usize = 8;

/// What holds for the rows of a relation.
#[derive(Debug)]
pub(in crate::sql) struct Rows {
    /// True for rows of the role's own regions; over the table as [`INNER`].
    pub(in crate::sql) own: Arc<Shared>,
    /// All other rows are not there.
    pub(in crate::sql) withheld: bool,
    /// Columns of identifiers that are NULL in other rows.
    pub(in crate::sql) hidden: HashSet<String>,
    /// The tables that the condition reads.
    pub(in crate::sql) reads: Vec<Qualified>,
    /// All this in words.
    pub(in crate::sql) words: String,
}

/// Why there is no condition.
type Why = String;

/// What becomes of a relation for a role that is bound to regions.
pub(super) fn restricted(
    plans: &SqlPlans,
    catalogue: &Catalogue,
    relation: &Arc<Relation>,
    bound: Bound,
) -> (Bound, Option<Arc<Rows>>) {
    let Some(regions) = plans.regions() else { return (bound, None) };
    if relation.is_system() || matches!(bound, Bound::Broken(_)) {
        return (bound, None);
    }
    match rows(regions, catalogue, relation, &bound) {
        Ok(None) => (bound, None),
        Ok(Some(mut rows)) => {
            let mut protections = match bound {
                Bound::Columns(protections) => protections,
                Bound::Open | Bound::Broken(_) => vec![Protection::Open; relation.columns.len()],
            };
            if !rows.withheld {
                let plain = regions.plain().map(|plain| bind::relation(plain, catalogue, relation));
                let others = match plain {
                    Some(Bound::Columns(others)) => Some(others),
                    Some(Bound::Open) => Some(vec![Protection::Open; relation.columns.len()]),
                    Some(Bound::Broken(why)) => return (Bound::Broken(why), None),
                    None => None,
                };
                let mut hidden = HashSet::new();
                for (index, (column, protection)) in relation.columns.iter().zip(&mut protections).enumerate()
                {
                    let other = others.as_ref().and_then(|others| others.get(index));
                    if mix(catalogue, &rows.own, column, protection, other) {
                        hidden.insert(column.name.clone());
                    }
                }
                rows.hidden = hidden;
            }
            (Bound::Columns(protections), Some(Arc::new(rows)))
        }
        Err(why) => (Bound::Broken(why), None),
    }
}

/// Makes of a column what it is in rows of the role's own regions, and `other` (or NULL) in all others. True for an
/// identifier, which cannot be made so here.
fn mix(
    catalogue: &Catalogue,
    own_rows: &Arc<Shared>,
    column: &Column,
    protection: &mut Protection,
    other: Option<&Protection>,
) -> bool {
    let same = |one: &Protection, two: &Protection| match (one, two) {
        (Protection::Identifier(one), Protection::Identifier(two))
        | (Protection::Identifiers(one), Protection::Identifiers(two)) => one.ruling.same_as(&two.ruling),
        (Protection::Open | Protection::Coarse(_), Protection::Open | Protection::Coarse(_)) => {
            one.ty() == two.ty() && one.template() == two.template()
        }
        _ => false,
    };
    if other.map_or(matches!(protection, Protection::Open), |other| same(protection, other)) {
        return false;
    }
    if matches!(protection, Protection::Identifier(_) | Protection::Identifiers(_)) {
        return true;
    }
    let base = catalogue.base_type(column.ty);
    let ty = protection.ty().unwrap_or(base);
    let place = || Expr::made(ExprKind::Param(1));
    let otherwise = match other {
        Some(other @ Protection::Coarse(_)) if other.ty() == Some(ty) => other.template(),
        Some(Protection::Open) if base == ty => place(),
        _ => Expr::null(),
    };
    let cast = |expr: Expr| expr.cast(type_name(catalogue, ty));
    let whens = vec![(Expr::made(ExprKind::Shared(Arc::clone(own_rows))), cast(protection.template()))];
    let mixed = ExprKind::Case { operand: None, whens, otherwise: Some(Box::new(cast(otherwise))) };
    let ruling = protection.ruling().or_else(|| other?.ruling()).cloned();
    *protection = Protection::mixed(Template::of(Expr::made(mixed)), ty, ruling);
    false
}

/// The condition on the rows of a relation; `None` if all may be read.
fn rows(
    regions: &RegionPlan,
    catalogue: &Catalogue,
    relation: &Arc<Relation>,
    bound: &Bound,
) -> Result<Option<Rows>, Why> {
    let is_open = matches!(bound, Bound::Open);
    let source = match source(regions, catalogue, relation)? {
        None if is_open => return Ok(None),
        None => return Err("the policy states no region of it, and the role is bound to regions".to_owned()),
        Some(RegionSource::Nobody) => return Ok(None),
        Some(source) => source,
    };
    if is_open && relation.kind.is_view() {
        return Err("the policy states a region of it and names none of its columns".to_owned());
    }
    if !relation.kind.is_view() && relation.kind != RelationKind::Table {
        return Err("it is no table, and the policy states a region of it".to_owned());
    }
    let mut conditions = Conditions { regions, catalogue, reads: Vec::new() };
    let own = Arc::new(Shared::new(conditions.of(relation, source, INNER, 0)?));
    let binding = regions.binding();
    let others = match binding.others {
        OtherRegions::Withhold => "others are withheld",
        OtherRegions::Suppress => "others come without their protected fields",
        OtherRegions::Coarsen => "others come by the plain fields of the store",
    };
    let words = format!("`{}.{}`: rows of {binding}, by {source}; {others}", relation.schema, relation.name);
    let withheld = binding.others == OtherRegions::Withhold;
    Ok(Some(Rows { own, withheld, hidden: HashSet::new(), reads: conditions.reads, words }))
}

/// What the policy states of a relation. What it states of a parent holds for its children; what it states of a child
/// must be the same, because the child's rows are read through the parent too.
fn source<'p>(
    regions: &'p RegionPlan,
    catalogue: &Catalogue,
    relation: &Arc<Relation>,
) -> Result<Option<&'p RegionSource>, Why> {
    let of = |relation: &Relation| regions.source(catalogue.database(), &relation.schema, &relation.name);
    let parents = family(catalogue, relation, |relation| &relation.parents);
    let children = family(catalogue, relation, |relation| &relation.children);
    let source = of(relation).or_else(|| parents.iter().find_map(|parent| of(parent)));
    let others = parents.iter().chain(&children).filter_map(|one| of(one));
    if others.into_iter().any(|other| Some(other) != source) {
        return Err("tables above or below it state another region".to_owned());
    }
    Ok(source)
}

/// Makes conditions.
struct Conditions<'a> {
    regions: &'a RegionPlan,
    catalogue: &'a Catalogue,
    reads: Vec<Qualified>,
}

impl Conditions<'_> {
    /// True for rows of the role's own regions of `relation`, which stands there as `alias`.
    fn of(
        &mut self,
        relation: &Arc<Relation>,
        source: &RegionSource,
        alias: &str,
        joins: usize,
    ) -> Result<Expr, Why> {
        match source {
            RegionSource::Nobody => Err("a region is looked for where rows are about nobody".to_owned()),
            RegionSource::Column(column) => {
                let column = named(relation, column)?;
                Ok(self.is_own(relation, column, alias)?)
            }
            RegionSource::Join(join) => self.joined(relation, join, alias, joins),
        }
    }

    fn is_own(&self, relation: &Relation, column: &Column, alias: &str) -> Result<Expr, Why> {
        let ty = self.catalogue.base_type(column.ty).oid;
        let is_enum = self.catalogue.type_by_oid(ty).is_some_and(|ty| ty.kind == TypeKind::Enum);
        let is_text =
            matches!(ty, oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::INT2 | oid::INT4 | oid::INT8);
        if !is_enum && !is_text {
            return Err(format!(
                "the region in `{}.{}.{}` is neither a text, an enum nor an integer",
                relation.schema, relation.name, column.name
            ));
        }
        let text = Expr::column(alias, &column.name).cast(TypeName::builtin("text"));
        let collation = Qualified::builtin("C");
        let text = Expr::made(ExprKind::Collate { value: Box::new(text), collation });
        let own = self.regions.binding().regions.iter().map(Expr::text).collect();
        let own = Expr::made(ExprKind::Array(own))
            .cast(TypeName { dimensions: vec![None], ..TypeName::builtin("text") });
        Ok(known(Expr::made(ExprKind::Quantified {
            op: Qualified::builtin("="),
            quantifier: Quantifier::Any,
            left: Box::new(text),
            right: Box::new(own),
        })))
    }

    fn joined(
        &mut self,
        relation: &Arc<Relation>,
        join: &RegionJoin,
        alias: &str,
        joins: usize,
    ) -> Result<Expr, Why> {
        if joins >= MAX_JOINS {
            return Err("the joins to its region lead too far".to_owned());
        }
        let name = Qualified::within(&join.table.schema, &join.table.table);
        let missing = || format!("the join to its region leads to `{}`, which does not exist", join.table);
        let there = self.catalogue.relation(&name, &[]).ok_or_else(missing)?;
        if there.kind != RelationKind::Table || there.is_system() {
            return Err(format!("the join to its region leads to `{}`, which is no table", join.table));
        }
        let (column, key) = (named(relation, &join.column)?, named(there, &join.key)?);
        if !self.can_be_equal(column, key) {
            return Err(format!(
                "`{}` and `{}.{}` have different types, or types whose equality is not equality of bytes",
                column.name, join.table, key.name
            ));
        }
        let source = source(self.regions, self.catalogue, there)?;
        let source = source.ok_or_else(|| format!("`{}` states no region", join.table))?;
        self.reads.push(name.clone());
        let inner = format!("region{}", joins + 1);
        let own = self.of(there, source, &inner, joins + 1)?;
        let matches = || {
            Expr::operator(Expr::column(inner.as_str(), &key.name), "=", Expr::column(alias, &column.name))
        };
        let exists = |condition: Expr| {
            let table = FromItem::Table(TableItem {
                catalog: None,
                name: name.clone(),
                only: false,
                alias: Some(Alias { name: inner.clone(), columns: Vec::new() }),
                sample: None,
                pos: Pos::NONE,
            });
            let one = Target { value: Expr::made(ExprKind::Literal(Literal::Integer(1))), name: None };
            let filter = Some(Expr::made(ExprKind::And(vec![matches(), condition])));
            let select = Select { targets: vec![one], from: vec![table], filter, ..Select::default() };
            Expr::made(ExprKind::Sublink(Box::new(Sublink::Exists(Query::of(Body::Select(Box::new(
                select,
            )))))))
        };
        // A key of which one row has each value: the primary key of a table without others below it.
        if there.primary_key == [key.number] && there.children.is_empty() {
            return Ok(known(exists(own)));
        }
        let not = |expr: Expr| Expr::made(ExprKind::Not(Box::new(expr)));
        let none_other = not(exists(not(own.clone())));
        Ok(known(Expr::made(ExprKind::And(vec![exists(own), none_other]))))
    }

    /// True if values of two columns can be compared, without fail, for what they are byte by byte.
    fn can_be_equal(&self, one: &Column, two: &Column) -> bool {
        let base = |column: &Column| self.catalogue.base_type(column.ty).oid;
        let is_integer = |ty| matches!(ty, oid::INT2 | oid::INT4 | oid::INT8);
        match (base(one), base(two)) {
            (one, two) if is_integer(one) && is_integer(two) => true,
            (oid::UUID, oid::UUID) | (oid::BYTEA, oid::BYTEA) => true,
            (oid::TEXT | oid::VARCHAR, oid::TEXT | oid::VARCHAR) => {
                let known = self.catalogue.collation(one.collation);
                one.collation == two.collation && known.is_none_or(|collation| collation.deterministic)
            }
            _ => false,
        }
    }
}

/// True where `condition` is, false where it is false or unknown.
fn known(condition: Expr) -> Expr {
    let truth = |value| Expr::made(ExprKind::Literal(Literal::Boolean(value)));
    let whens = vec![(condition, truth(true))];
    Expr::made(ExprKind::Case { operand: None, whens, otherwise: Some(Box::new(truth(false))) })
}

fn named<'r>(relation: &'r Relation, column: &str) -> Result<&'r Column, Why> {
    let missing = || {
        format!(
            "the region of it stands in `{}.{}.{column}`, which does not exist",
            relation.schema, relation.name
        )
    };
    relation.column(column).ok_or_else(missing)
}
