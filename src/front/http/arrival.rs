//! A connection that has not asked anything yet, until it has.
//!
//! hyper keeps time over the head of a request, but not over the first bytes, by which it tells HTTP/2 from HTTP/1.1: a
//! client that says nothing at all would hold its place for ever.
//!
//! Invariant: a connection comes in with the first exchange whose asker is known, or need not be.

use std::sync::OnceLock;
use std::time::Duration;

use crate::front::door::{Full, Inside, Knock};

/// The place of a connection: at the door, then inside.
#[derive(Debug)]
pub(super) struct Arrival {
    knock: Knock,
    inside: OnceLock<Inside>,
}

impl Arrival {
    pub(super) const fn new(knock: Knock) -> Self {
        Self { knock, inside: OnceLock::new() }
    }

    pub(super) fn is_in(&self) -> bool {
        self.inside.get().is_some()
    }

    /// Comes in under this name.
    pub(super) fn come_in(&self, identity: Option<&str>) -> Result<(), Full> {
        let inside = self.knock.come_in(identity)?;
        // Where two exchanges of one connection come at the same time, one place is given back.
        let _second = self.inside.set(inside);
        Ok(())
    }

    /// Ends if the connection is not in by then.
    pub(super) async fn is_late(&self, patience: Duration) {
        tokio::time::sleep(patience).await;
        if self.is_in() {
            std::future::pending::<()>().await;
        }
    }
}
