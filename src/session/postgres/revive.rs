//! A prepared statement under a new policy: it is planned again when it is bound, and where that gives the same statement for
//! the store, the client need not know. How its rows are treated is the new policy's.
//!
//! Invariant: what was planned under an old policy is not bound.

use std::sync::Arc;

use super::conversation::{Conversation, Outbox, Pending, Waiting};
use super::refusal::{Ending, stale};
use super::statements::Statement;
use super::{Event, PlanRequest};
use crate::sql::{Kind, Planned, Refusal};
use crate::wire::postgres::frame::{self, Peek};

/// A Bind, as it came, and what it binds.
pub(super) struct Waits {
    bytes: Box<[u8]>,
    statement: Arc<Statement>,
}

impl Conversation {
    /// Has a statement planned again that was planned under another policy or catalogue.
    pub(super) fn revive(
        &mut self,
        statement: &Arc<Statement>,
        bytes: &[u8],
        out: &mut Outbox,
    ) -> Result<(), Ending> {
        // A Parse that is under way confirms what it sent.
        let is_known = self.names.confirmed.values().any(|confirmed| Arc::ptr_eq(confirmed, statement));
        let Some(text) = statement.text.clone().filter(|_| is_known && statement.is_stale()) else {
            return self.refuse(stale(), out);
        };
        let waits = Waits { bytes: bytes.into(), statement: Arc::clone(statement) };
        self.waiting = Some(Waiting::Plan(Pending::Bind(Box::new(waits))));
        let request = PlanRequest { text: text.into(), parameters: statement.declared.clone() };
        out.events.push_back(Event::Plan(request));
        Ok(())
    }

    /// Takes the plan, and goes on with the Bind if nothing has changed that the client or the store would see.
    pub(super) fn revived(
        &mut self,
        waits: &Waits,
        plan: Result<Vec<Planned>, Refusal>,
        out: &mut Outbox,
    ) -> Result<(), Ending> {
        let shape = self.shapes().next().flatten();
        let mut planned = match plan {
            Ok(planned) => planned.into_iter(),
            Err(refusal) => return self.refuse(refusal, out),
        };
        let old = &waits.statement;
        let (Some(planned), None) = (planned.next(), planned.next()) else {
            return self.refuse(stale(), out);
        };
        if !is_alike(&old.planned, &planned) {
            return self.refuse(stale(), out);
        }
        let asked = PlanRequest {
            text: old.text.clone().unwrap_or_default().into(),
            parameters: old.declared.clone(),
        };
        let mut new = Statement::asked_for(planned, asked).shaped(shape);
        // As long as the one in whose place it is.
        new.room.clone_from(&old.room);
        if let Some(types) = old.types.get() {
            let _first = new.types.set(types.clone());
        }
        let new = Arc::new(new);
        for names in [&mut self.names.expected, &mut self.names.confirmed] {
            names
                .values_mut()
                .filter(|name| Arc::ptr_eq(name, old))
                .for_each(|name| *name = Arc::clone(&new));
        }
        match frame::peek(&waits.bytes) {
            Ok(Peek::Whole(frame, _)) => self.bind(&frame, false, out),
            _ => Ok(()),
        }
    }
}

/// True if both are the same statement for the store, with columns and parameters of the same kinds.
fn is_alike(old: &Planned, new: &Planned) -> bool {
    let is_edge =
        |planned: &Planned| planned.columns.iter().map(|column| column.edge.is_some()).collect::<Vec<_>>();
    let bound = |planned: &Planned| {
        let parameters = planned.parameters.iter();
        parameters
            .map(|one| (one.source.clone(), one.type_oid, one.turned_back.is_some()))
            .collect::<Vec<_>>()
    };
    matches!((&old.kind, &new.kind), (Kind::Rows, Kind::Rows))
        && old.sql == new.sql
        && old.hidden_columns == new.hidden_columns
        && is_edge(old) == is_edge(new)
        && bound(old) == bound(new)
}
