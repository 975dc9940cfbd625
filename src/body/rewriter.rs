//! The one rewriter that callers see, whatever the format.

use std::sync::Arc;

use super::{BodyError, Fault, Format, Limits, Tally};
use crate::policy::Plan;

/// Rewrites one body. Push its bytes in any pieces, then finish.
///
/// After an error it is poisoned: every later call fails with the same error and writes nothing.
pub struct Rewriter {
    tally: Tally,
    failed: Option<BodyError>,
}

impl Rewriter {
    /// For one body of this format.
    #[must_use]
    pub fn new(_format: Format, _plan: Arc<Plan>, _limits: &Limits) -> Self {
        Self { tally: Tally::default(), failed: None }
    }

    /// Takes the next bytes and appends to `out` what may leave.
    ///
    /// # Errors
    /// [`BodyError`] if the body cannot be rewritten; what was appended before is treated and valid so far.
    pub fn push(&mut self, _bytes: &[u8], _out: &mut Vec<u8>) -> Result<(), BodyError> {
        let error = BodyError { fault: Fault::UnexpectedByte, offset: 0 };
        Err(*self.failed.get_or_insert(error))
    }

    /// Says that the body has ended and appends the rest.
    ///
    /// # Errors
    /// [`BodyError`] if it ended too early, or had failed before.
    pub fn finish(&mut self, _out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.failed.map_or(Ok(()), Err)
    }

    /// How many values were treated so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }
}
