//! Limits that count people and what they ask for: the door of a store, and what each name may have.

use std::sync::Arc;

use super::config::Limits;
use crate::front::allowance::{Allowances, Measure};
use crate::front::door::{Door, Places};

/// The door of a store.
pub(super) fn door(limits: Limits) -> Arc<Door> {
    Door::new(Places {
        max_connections: limits.max_connections,
        max_connections_per_identity: limits.max_connections_per_identity,
        max_logins: limits.max_logins,
        max_logins_per_source: limits.max_logins_per_source,
    })
}

/// What each name may ask of a store.
pub(super) fn allowances(limits: Limits) -> Arc<Allowances> {
    Allowances::new(Measure {
        max_statements: limits.max_statements_per_identity,
        max_rows_per_hour: limits.max_rows_per_hour,
    })
}
