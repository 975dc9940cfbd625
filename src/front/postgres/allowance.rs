//! What a session's identity may still ask for, told to the session before it hears the client.

use super::pump::Pump;
use crate::front::allowance::{Allowance, Permit};

/// One session's part in what its identity has asked for.
#[derive(Default)]
pub(super) struct Share {
    /// `None` where it is not measured, or nobody has come in yet.
    pub(super) allowance: Option<Allowance>,
    /// For what is under way.
    permit: Option<Permit>,
}

impl Pump<'_> {
    /// Counts the rows that were given, and holds a place while something is under way.
    pub(super) fn heed_allowance(&mut self) {
        let Some(allowance) = &self.share.allowance else { return };
        allowance.give(self.session.take_rows());
        let works =
            self.desk.is_open() && (self.session.is_at_work() || !self.client.input.bytes().is_empty());
        if !works {
            self.share.permit = None;
        } else if self.share.permit.is_none() {
            self.share.permit = allowance.begin();
        }
        self.session.may_have(allowance.rows_left(), !works || self.share.permit.is_some());
    }
}
