//! Expressions of ours, of which many statements have one copy.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Expr, ExprKind};

/// An expression that stands in many statements as it is, with what is known of its text.
///
/// Invariant: it is complete in itself; whoever walks through a tree passes it over.
#[derive(Debug)]
pub(in crate::sql) struct Shared {
    expr: Expr,
    number: u64,
    text: OnceLock<Option<Box<str>>>,
}

/// Numbers shared expressions.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl Shared {
    /// The beginning of the names that stand for shared expressions in abridged texts. No client can write one.
    pub(in crate::sql) const PREFIX: &str = "sfumato_shared_";

    /// An expression to be shared.
    pub(in crate::sql) fn new(expr: Expr) -> Self {
        Self { expr, number: NEXT.fetch_add(1, Ordering::Relaxed), text: OnceLock::new() }
    }

    /// The expression.
    pub(in crate::sql) const fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The name that stands for it in an abridged text; `None` for an expression that may mean something else where a
    /// name stands, such as a subquery in a list of values.
    pub(in crate::sql) fn placeholder(&self) -> Option<String> {
        use ExprKind::{And, Case, Cast, Coalesce, Collate, Operator, Or};
        let stands_like_a_name = matches!(
            self.expr.kind,
            And(_) | Or(_) | Case { .. } | Cast { .. } | Coalesce(_) | Collate { .. } | Operator { .. }
        );
        stands_like_a_name.then(|| format!("{}{}", Self::PREFIX, self.number))
    }

    /// Its text if `write` found once that it says what the expression says, when it is asked for the first time.
    pub(in crate::sql) fn text_by(&self, write: impl FnOnce(&Expr) -> Option<String>) -> Option<&str> {
        self.text.get_or_init(|| write(&self.expr).map(String::into_boxed_str)).as_deref()
    }

    /// Its text, once that was found.
    pub(in crate::sql) fn text(&self) -> Option<&str> {
        self.text.get()?.as_deref()
    }

    /// True if the names of a column are the placeholder.
    pub(super) fn is_called(&self, names: &[String]) -> bool {
        let [name] = names else { return false };
        name.starts_with(Self::PREFIX) && self.placeholder().as_ref() == Some(name)
    }
}

/// Equal where the same would be printed.
impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number || self.expr == other.expr
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::parse::MADE;

    #[test]
    fn no_client_can_write_a_placeholder() {
        assert!(Shared::PREFIX.starts_with(MADE));
    }
}
