//! The one rewriter that callers see, whatever the format.

use std::sync::Arc;

use super::csv::Csv;
use super::form::Form;
use super::json::Json;
use super::records::Records;
use super::{BodyError, Fault, Format, Limits, Tally};
use crate::policy::{BoundRecords, Plan};

/// Rewrites one body. Push its bytes in any pieces, then finish.
///
/// After an error it is poisoned: every later call fails with the same error and writes nothing.
pub struct Rewriter {
    machine: Machine,
    offset: u64,
    failed: Option<BodyError>,
}

enum Machine {
    Json(Box<Json>),
    Records(Box<Records>),
    Csv(Box<Csv>),
    Form(Box<Form>),
}

impl Rewriter {
    /// For one body of this format.
    #[must_use]
    pub fn new(format: Format, plan: Arc<Plan>, limits: &Limits) -> Self {
        let machine = match format {
            Format::Json => Machine::Json(Box::new(Json::new(false, plan, limits))),
            Format::Ndjson => Machine::Json(Box::new(Json::new(true, plan, limits))),
            Format::Csv => Machine::Csv(Box::new(Csv::new(b',', plan, limits))),
            Format::Tsv => Machine::Csv(Box::new(Csv::new(b'\t', plan, limits))),
            Format::Form => Machine::Form(Box::new(Form::new(plan, limits))),
        };
        Self { machine, offset: 0, failed: None }
    }

    /// For one body of which somebody reads the records of some regions only; `None` for formats without records.
    #[must_use]
    pub fn bound(format: Format, plan: Arc<Plan>, rule: Arc<BoundRecords>, limits: &Limits) -> Option<Self> {
        let lines = match format {
            Format::Json => false,
            Format::Ndjson => true,
            Format::Csv | Format::Tsv | Format::Form => return None,
        };
        let machine = Machine::Records(Box::new(Records::new(lines, plan, rule, limits)));
        Some(Self { machine, offset: 0, failed: None })
    }

    /// Takes the next bytes and appends to `out` what may leave.
    ///
    /// # Errors
    /// [`BodyError`] if the body cannot be rewritten; what was appended before is treated and valid so far.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.failed.map_or(Ok(()), Err)?;
        let pushed = match &mut self.machine {
            Machine::Json(json) => json.push(bytes, out),
            Machine::Records(records) => records.push(bytes, out),
            Machine::Csv(csv) => csv.push(bytes, out),
            Machine::Form(form) => form.push(bytes, out),
        };
        match pushed {
            Ok(()) => {
                self.offset = self.offset.saturating_add(len_u64(bytes.len()));
                Ok(())
            }
            Err((fault, at)) => Err(self.fail(fault, at)),
        }
    }

    /// Says that the body has ended and appends the rest.
    ///
    /// # Errors
    /// [`BodyError`] if it ended too early, or had failed before.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.failed.map_or(Ok(()), Err)?;
        let finished = match &mut self.machine {
            Machine::Json(json) => json.finish(out),
            Machine::Records(records) => records.finish(out),
            Machine::Csv(csv) => csv.finish(out),
            Machine::Form(form) => form.finish(out),
        };
        finished.map_err(|fault| self.fail(fault, 0))
    }

    /// How many values were treated so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        match &self.machine {
            Machine::Json(json) => json.tally(),
            Machine::Records(records) => records.tally(),
            Machine::Csv(csv) => csv.tally(),
            Machine::Form(form) => form.tally(),
        }
    }

    fn fail(&mut self, fault: Fault, at: usize) -> BodyError {
        let error = BodyError { fault, offset: self.offset.saturating_add(len_u64(at)) };
        self.failed = Some(error);
        error
    }
}

/// A length in memory as a length in a stream.
pub(super) fn len_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
