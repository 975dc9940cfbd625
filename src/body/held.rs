//! Bytes that must be seen whole before any of them may leave, within the byte budget.

use super::run::Run;
use super::{Fault, Limits};
use crate::base::budget::Reserved;

/// The allowance is asked for in steps of this many bytes.
const STEP_BYTES: usize = 4096;

/// The beginning of a token whose end has not come yet.
pub(super) struct Held {
    bytes: Vec<u8>,
    reserved: Option<Reserved>,
    limits: Limits,
}

impl Held {
    pub(super) const fn new(limits: Limits) -> Self {
        Self { bytes: Vec::new(), reserved: None, limits }
    }

    /// Withholds the bytes of a token from `from` up to the cursor, because its end has not come.
    pub(super) fn hold(&mut self, from: usize, run: &mut Run<'_>) -> Result<(), Fault> {
        if self.bytes.is_empty() {
            run.copy_until(from);
        }
        self.push(run.since(from))?;
        run.leave_out();
        Ok(())
    }

    /// Hands the whole token, which ends at the cursor, to `end`. That says whether it wrote something in
    /// the token's place; if not, the token leaves as it came.
    pub(super) fn end(
        &mut self,
        from: usize,
        run: &mut Run<'_>,
        end: impl FnOnce(&[u8], &mut Run<'_>) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        if self.bytes.is_empty() {
            let whole = run.since(from);
            self.check_len(whole.len())?;
            if end(whole, run)? {
                run.leave_out();
            }
            return Ok(());
        }
        self.push(run.since(from))?;
        if !end(&self.bytes, run)? && !run.muted {
            run.out.extend_from_slice(&self.bytes);
        }
        run.leave_out();
        self.bytes.clear();
        Ok(())
    }

    /// Puts `more` behind what is held.
    pub(super) fn push(&mut self, more: &[u8]) -> Result<(), Fault> {
        let len = self.bytes.len().saturating_add(more.len());
        self.check_len(len)?;
        if len > self.bytes.capacity() {
            let steps = len.next_multiple_of(STEP_BYTES);
            match &mut self.reserved {
                Some(reserved) => reserved.grow_to(steps)?,
                None => self.reserved = Some(self.limits.budget.reserve(steps)?),
            }
            self.bytes.reserve_exact(steps.saturating_sub(self.bytes.len()));
        }
        self.bytes.extend_from_slice(more);
        Ok(())
    }

    /// True if a token may be as long as this.
    pub(super) const fn fits(&self, len: usize) -> bool {
        len <= self.limits.max_token_bytes
    }

    const fn check_len(&self, len: usize) -> Result<(), Fault> {
        if self.fits(len) { Ok(()) } else { Err(Fault::TokenTooLong) }
    }
}
