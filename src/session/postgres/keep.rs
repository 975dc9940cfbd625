//! What a session keeps of its statements and portals, within the memory that it may have.
//!
//! A statement that finds no room is refused, before the store hears of it; the session goes on, and has room again once the
//! client has closed others.
//!
//! Not here: buffers ([`crate::front`]).

use std::sync::Arc;

use super::conversation::Conversation;
use super::refusal::refusal;
use super::statements::{Portal, Statement};
use crate::base::budget::Reserved;
use crate::sql::{Effect, Kind, ParameterSource, Refusal};
use crate::wire::postgres::backend::TransactionStatus;

/// Beside texts: the entries in two maps, counts, and what is computed when it runs.
const STATEMENT_BYTES: usize = 1_024;

/// The same of a column, a parameter or a ruling.
const PART_BYTES: usize = 128;

/// An entry in a map, and what it points at.
const PORTAL_BYTES: usize = 256;

/// So many portals may be over and still be known.
const OLD_PORTALS: usize = 64;

/// So few answers are owed to a client that waits for them.
const FEW_OWED: usize = 64;

/// Room for what is kept; given back when nobody keeps it any more.
pub(super) type Room = Arc<Reserved>;

impl Conversation {
    /// Takes the room for a statement that the client will find again by its name. The one without a name is always there,
    /// so that the client can close others with it, but not behind many others.
    pub(super) fn make_room(&self, statement: &mut Statement, name: &[u8]) -> Result<(), Refusal> {
        if name.is_empty() && self.expects.len() < FEW_OWED {
            return Ok(());
        }
        statement.room = self.room(statement.kept_bytes().saturating_add(name.len().saturating_mul(2)))?;
        Ok(())
    }

    /// The same for statements of a Query, of which only those are kept that give something a name.
    pub(super) fn make_room_in(&self, statements: &mut [Statement]) -> Result<(), Refusal> {
        for statement in statements {
            let is_kept = match &statement.planned.kind {
                Kind::Session(Effect::Prepare { name }) => Some(name.as_bytes()),
                Kind::Session(Effect::Declare { cursor }) => Some(cursor.as_bytes()),
                _ => None,
            };
            if let Some(name) = is_kept.map(Box::<[u8]>::from) {
                self.make_room(statement, &name)?;
            }
        }
        Ok(())
    }

    /// The room for a portal. The one without a name is always there.
    pub(super) fn room_for_portal(&self, name: &[u8]) -> Result<Option<Room>, Refusal> {
        if name.is_empty() { Ok(None) } else { self.room(name.len().saturating_add(PORTAL_BYTES)) }
    }

    fn room(&self, bytes: usize) -> Result<Option<Room>, Refusal> {
        let Some(budget) = &self.budget else { return Ok(None) };
        let room = budget.reserve(bytes).map_err(|_| {
            let hint = "close statements and portals that are no longer needed (DEALLOCATE, CLOSE)";
            refusal("53200", "there is no memory for another statement or portal in this session", Some(hint))
        })?;
        Ok(Some(Arc::new(room)))
    }

    /// Forgets portals that have ended with their transaction, once there are many.
    pub(super) fn forget_portals(&mut self, status: TransactionStatus) {
        if status == TransactionStatus::Idle && self.names.portals.len() > OLD_PORTALS {
            self.names.portals.retain(|name, portal| name.is_empty() || !portal.ends_with_transaction());
        }
    }
}

impl Statement {
    /// How many bytes it holds, about.
    fn kept_bytes(&self) -> usize {
        let planned = &self.planned;
        let text = |parameter: &ParameterSource| match parameter {
            ParameterSource::Literal(text) => text.len(),
            ParameterSource::Client(_) => 0,
        };
        let literals = planned.parameters.iter().map(|parameter| text(&parameter.source));
        let texts = [self.text.as_ref().map_or(0, |text| text.len()), planned.sql.len(), planned.locks.len()];
        let parts =
            [planned.columns.len(), planned.parameters.len(), planned.applied.len(), self.declared.len()];
        let parts = parts.into_iter().fold(0_usize, usize::saturating_add).saturating_mul(PART_BYTES);
        texts.into_iter().chain(literals).fold(parts.saturating_add(STATEMENT_BYTES), usize::saturating_add)
    }
}

impl Portal {
    /// True if it was made by a Bind: what was declared may have been declared `WITH HOLD`.
    const fn ends_with_transaction(&self) -> bool {
        self.is_bound
    }
}
