//! `INSERT`, `UPDATE` and `DELETE`, where the store allows them.

use super::One;
use crate::sql::allow::statement::WRITE;
use crate::sql::analyse::{World, Written};
use crate::sql::ir::{StatementKind, Write};
use crate::sql::refusal::{Checked, Denial};
use crate::sql::seam::{Kind, Planned};

/// Refuses the statement unless the store allows writes.
pub(super) fn require_allowed(world: &World, write: &Write) -> Checked<()> {
    if world.rules.allows_writes() {
        return Ok(());
    }
    Err(Denial::unlisted(write.change.name(), WRITE, write.table.pos))
}

impl One<'_> {
    pub(super) fn write(&self, write: &Write) -> Checked<Planned> {
        require_allowed(self.world, write)?;
        let mut analysis = self.analysis();
        let Written { write, columns } = analysis.write(write)?;
        let locks = analysis.locks();
        let (parameters, applied) = analysis.finish();
        let kind = match write.returning.is_empty() {
            true => Kind::Utility { tag: write.change.name() },
            false => Kind::Rows,
        };
        let planned = self.planned(StatementKind::Write(Box::new(write)), kind, &columns, parameters)?;
        Ok(Planned { applied, locks, ..planned })
    }
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
