//! The policy bound to a catalogue: what happens to each column of each relation, as expressions of the store.
//!
//! Not here: the expressions themselves ([`super::coarse`]), and where they are put.

mod bind;
mod column;
mod reach;
mod region;
mod spell;
mod template;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

pub(super) use bind::divides_cells;
pub(super) use reach::{Comparison, Reach, all, any};
pub(super) use region::Rows;
pub(super) use spell::type_name;
pub(super) use template::Template;

use super::analyse::Identity;
use super::catalogue::{Catalogue, Oid, Relation, TypeRef};
use super::ir::{Expr, ExprKind, Pos, Shared};
use super::refusal::{Checked, Denial};
use crate::policy::{Ruling, SqlPlans};

/// The policy for one role, and what it came to for the relations that were asked for.
pub(super) struct Rules {
    plans: SqlPlans,
    bound: Mutex<HashMap<Oid, Decided>>,
}

/// What the policy says of the columns of a relation, and of its rows.
type Decided = (Arc<Bound>, Option<Arc<Rows>>);

/// What the policy says of a relation.
#[derive(Debug)]
pub(super) enum Bound {
    /// Nothing in it is to be hidden.
    Open,
    /// What happens to each column, in order.
    Columns(Vec<Protection>),
    /// The policy does not fit the relation any more, in these words.
    Broken(String),
}

/// What happens to a column.
#[derive(Clone, Debug)]
pub(super) enum Protection {
    Open,
    /// An expression of the column is taken instead; boxed, because most columns are open.
    Coarse(Box<Coarse>),
    /// It stays raw inside, with a label.
    Identifier(Arc<Identity>),
    Identifiers(Arc<Identity>),
}

/// A coarsened column.
#[derive(Clone, Debug)]
pub(super) struct Coarse {
    expression: Template,
    /// The expression with the column in its place.
    filled: OnceLock<Arc<Shared>>,
    ty: TypeRef,
    ruling: Option<Ruling>,
    reach: Option<Reach>,
    /// What stands there depends on the row.
    is_mixed: bool,
}

impl Rules {
    pub(super) fn new(plans: SqlPlans) -> Self {
        Self { plans, bound: Mutex::default() }
    }

    /// Refuses whoever may ask nothing of this store.
    pub(super) fn require_open(&self) -> Checked<()> {
        if !self.plans.is_closed() {
            return Ok(());
        }
        let denial = Denial::forbidden("this store is none of those that you may use", Pos::NONE);
        Err(denial.hint("the policy's roles name the stores that their members use"))
    }

    /// True if tables in which nothing is protected may be changed.
    pub(super) const fn allows_writes(&self) -> bool {
        self.plans.allows_writes()
    }

    /// What happens to the columns of `relation`.
    pub(super) fn bound(&self, catalogue: &Catalogue, relation: &Arc<Relation>) -> Arc<Bound> {
        self.decided(catalogue, relation).0
    }

    /// What holds for the rows of `relation`, if the role may not read all of them.
    pub(super) fn rows(&self, catalogue: &Catalogue, relation: &Arc<Relation>) -> Option<Arc<Rows>> {
        self.decided(catalogue, relation).1
    }

    fn decided(&self, catalogue: &Catalogue, relation: &Arc<Relation>) -> Decided {
        let known = self.bound.lock().unwrap_or_else(PoisonError::into_inner).get(&relation.oid).cloned();
        if let Some(known) = known {
            return known;
        }
        let bound = bind::relation(&self.plans, catalogue, relation);
        let (bound, rows) = region::restricted(&self.plans, catalogue, relation, bound);
        let decided = (Arc::new(bound), rows);
        self.bound.lock().unwrap_or_else(PoisonError::into_inner).insert(relation.oid, decided.clone());
        decided
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").finish_non_exhaustive()
    }
}

impl Protection {
    /// An expression of type `ty` in place of the column, decided by `ruling`.
    fn coarse(expression: Template, ty: TypeRef, ruling: &Ruling, reach: Option<Reach>) -> Self {
        let (filled, ruling) = (OnceLock::new(), Some(ruling.clone()));
        Self::Coarse(Box::new(Coarse { expression, filled, ty, ruling, reach, is_mixed: false }))
    }

    /// An expression of our own in place of the column, of its type, which no rule of the policy decided.
    pub(super) fn own(expr: Expr, ty: TypeRef) -> Self {
        let expression = Template::of(expr);
        let filled = OnceLock::new();
        Self::Coarse(Box::new(Coarse { expression, filled, ty, ruling: None, reach: None, is_mixed: false }))
    }

    /// An expression that is one thing in some rows and another in others.
    fn mixed(expression: Template, ty: TypeRef, ruling: Option<Ruling>) -> Self {
        let filled = OnceLock::new();
        Self::Coarse(Box::new(Coarse { expression, filled, ty, ruling, reach: None, is_mixed: true }))
    }

    /// True if what stands for the column depends on the row.
    pub(super) const fn is_mixed(&self) -> bool {
        match self {
            Self::Coarse(coarse) => coarse.is_mixed,
            Self::Open | Self::Identifier(_) | Self::Identifiers(_) => false,
        }
    }

    /// The expression with the place for the column still in it.
    fn template(&self) -> Expr {
        match self {
            Self::Open | Self::Identifier(_) | Self::Identifiers(_) => Expr::made(ExprKind::Param(1)),
            Self::Coarse(coarse) => coarse.expression.unfilled().clone(),
        }
    }

    /// The expression that stands for the column `raw`, which is the same each time.
    pub(super) fn applied(&self, raw: Expr) -> Expr {
        match self {
            Self::Open | Self::Identifier(_) | Self::Identifiers(_) => raw,
            Self::Coarse(coarse) => {
                let filled =
                    coarse.filled.get_or_init(|| Arc::new(Shared::new(coarse.expression.filled(&raw))));
                Expr::made(ExprKind::Shared(Arc::clone(filled)))
            }
        }
    }

    /// The type of what stands for the column, if it is not the column's own.
    pub(super) const fn ty(&self) -> Option<TypeRef> {
        match self {
            Self::Coarse(coarse) => Some(coarse.ty),
            Self::Open | Self::Identifier(_) | Self::Identifiers(_) => None,
        }
    }

    /// Where raw values lie whose coarse value is known.
    pub(super) const fn reach(&self) -> Option<&Reach> {
        match self {
            Self::Coarse(coarse) => coarse.reach.as_ref(),
            Self::Open | Self::Identifier(_) | Self::Identifiers(_) => None,
        }
    }

    /// The ruling that decided.
    pub(super) fn ruling(&self) -> Option<&Ruling> {
        match self {
            Self::Open => None,
            Self::Coarse(coarse) => coarse.ruling.as_ref(),
            Self::Identifier(identity) | Self::Identifiers(identity) => Some(&identity.ruling),
        }
    }
}
