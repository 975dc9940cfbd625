//! What the store says in a running session.
//!
//! Invariant: a message that nothing asked for ends the session; prose and values in errors, notices and
//! notifications stay here.

use std::sync::Arc;

use bytes::BufMut;

use super::conversation::{Conversation, Outbox};
use super::expect::{Expect, Query};
use super::flow::{self, Flow, Step};
use super::refusal::{self, Ending, Fault};
use super::rows::{self, RowPlan};
use super::settings;
use super::statements::{Portal, Statement};
use crate::audit::Decision;
use crate::sql::Kind;
use crate::wire::postgres::backend::{
    ErrorFields, ParameterDescription, ParameterStatus, ReadyForQuery, TransactionStatus, tag,
};
use crate::wire::postgres::frame::{self, Frame, HEAD_BYTES, Peek};
use crate::wire::postgres::frontend::Target;

impl Conversation {
    /// Takes what the store sent; returns how many bytes are done with.
    pub(super) fn server_says(&mut self, input: &[u8], out: &mut Outbox) -> Result<usize, Ending> {
        let mut rest = input;
        self.count_from(out.to_client.len());
        while self.hears_server(out) {
            let mut before = out.to_client.len();
            if self.stream_bytes > 0 {
                let part = rest.split_at_checked(self.stream_bytes).map_or(rest, |(part, _)| part);
                out.to_client.put_slice(part);
                self.stream_bytes = self.stream_bytes.saturating_sub(part.len());
                rest = rest.get(part.len()..).unwrap_or_default();
            }
            let (run, rows) = self.passing_run(rest);
            out.to_client.put_slice(run);
            rest = rest.get(run.len()..).unwrap_or_default();
            self.count_rows(rows);
            self.measure(&mut before, 0, out)?;
            match frame::peek(rest).map_err(Ending::server)? {
                Peek::Whole(frame, behind) => {
                    rest = behind;
                    self.server_message(&frame, out)?;
                    self.measure(&mut before, 0, out)?;
                }
                Peek::Head { tag, body_bytes } => {
                    if !self.may_stream(tag, body_bytes)? {
                        break;
                    }
                    self.stream_bytes = HEAD_BYTES.saturating_add(body_bytes);
                    self.count_rows(1);
                    self.measure(&mut before, self.stream_bytes, out)?;
                }
                Peek::Nothing => break,
            }
            if rest.is_empty() {
                break;
            }
        }
        self.count_to(out.to_client.len());
        Ok(input.len().saturating_sub(rest.len()))
    }

    pub(super) fn hears_server(&self, out: &Outbox) -> bool {
        out.to_client.len() < self.limits.waiting_bytes
    }

    /// The answer that is under way.
    pub(super) fn flow(&self) -> Option<&Flow> {
        match self.expects.front()? {
            Expect::Execute(_, flow) | Expect::Query(Query { flow, .. }) => flow.as_ref(),
            _ => None,
        }
    }

    /// Says whether a message that has not arrived in full is passed on as it comes.
    fn may_stream(&self, message: u8, body_bytes: usize) -> Result<bool, Ending> {
        let passes = self.flow().is_some_and(|flow| match message {
            tag::DATA_ROW => flow.passes_rows(),
            tag::COPY_DATA => flow.passes_copy(),
            _ => false,
        });
        if !passes && body_bytes > self.limits.message_bytes {
            return Err(Ending::server(Fault::TooLong));
        }
        Ok(passes && body_bytes > self.limits.held_bytes)
    }

    fn server_message(&mut self, frame: &Frame<'_>, out: &mut Outbox) -> Result<(), Ending> {
        match frame.tag {
            tag::NOTICE => {
                let fields = ErrorFields::read(frame.body).map_err(Ending::server)?;
                // How many there are of them tells how many rows were read.
                if !self.reads_protected() {
                    refusal::write_notice(&mut out.to_client, fields)?;
                }
            }
            tag::NOTIFICATION => {}
            tag::PARAMETER_STATUS => forward_status(frame, out)?,
            tag::ERROR => {
                let fields = ErrorFields::read(frame.body).map_err(Ending::server)?;
                self.failed(fields, out)?;
            }
            tag::READY_FOR_QUERY => {
                let ReadyForQuery(status) = ReadyForQuery::read(frame.body).map_err(Ending::server)?;
                self.ready(status, out)?;
            }
            _ => self.answer(frame, out)?,
        }
        Ok(())
    }

    /// One message of the answer that is owed first.
    fn answer(&mut self, frame: &Frame<'_>, out: &mut Outbox) -> Result<(), Ending> {
        // What comes most: nothing else is looked at for it, and nothing moved.
        if matches!(frame.tag, tag::DATA_ROW | tag::COPY_DATA)
            && let Some(Expect::Execute(_, Some(flow)) | Expect::Query(Query { flow: Some(flow), .. })) =
                self.expects.front_mut()
        {
            return flow.row(frame, &mut out.to_client).map_err(Ending::server);
        }
        let Some(mut expect) = self.expects.pop_front() else {
            return Err(Ending::server(Fault::Unexpected));
        };
        let is_done = match &mut expect {
            Expect::Query(query) => self.query_answer(query, frame, out).map(|()| false),
            Expect::Execute(portal, flow) => self.execute_answer(portal, flow, frame, out),
            Expect::Ask(ask) => ask.take(frame).map(|all_in| all_in && !ask.has_sync),
            Expect::Types(statement) => types_answer(statement, frame),
            Expect::Describe(target, name) => self.describe_answer(*target, name, frame, out),
            other => self.confirmation(other, frame, out).map(|()| true),
        };
        match (is_done.map_err(Ending::server)?, expect) {
            (true, Expect::Ask(ask)) => self.answered(ask, out),
            (true, _) => Ok(()),
            (false, expect) => {
                self.expects.push_front(expect);
                Ok(())
            }
        }
    }

    /// A message that says no more than that something was done.
    fn confirmation(
        &mut self,
        expect: &mut Expect,
        frame: &Frame<'_>,
        out: &mut Outbox,
    ) -> Result<(), Fault> {
        if !frame.body.is_empty() {
            return Err(Fault::Unexpected);
        }
        match (expect, frame.tag) {
            (Expect::Parse { name, statement }, tag::PARSE_COMPLETE) => {
                self.names.confirmed.insert(std::mem::take(name), Arc::clone(statement));
            }
            (Expect::Bind { portal, name, statement, formats, subjects, room }, tag::BIND_COMPLETE) => {
                let confirmed = self.names.confirmed.get(name);
                if !confirmed.is_some_and(|confirmed| Arc::ptr_eq(confirmed, statement)) {
                    return Err(Fault::WrongStatement);
                }
                // The same statement again, as drivers run what they have prepared: how its rows are treated is known.
                let known = self.names.portals.get(portal);
                if !known.is_some_and(|known| known.is_again(statement, formats, subjects)) {
                    let made =
                        Portal::new(Arc::clone(statement), std::mem::take(formats), std::mem::take(subjects));
                    let made = Arc::new(made.bound(room.take()));
                    self.names.portals.insert(std::mem::take(portal), made);
                }
            }
            (Expect::Close(Target::Statement, name), tag::CLOSE_COMPLETE) => {
                drop(self.names.confirmed.remove(name));
            }
            (Expect::Close(Target::Portal, name), tag::CLOSE_COMPLETE) => {
                drop(self.names.portals.remove(name));
            }
            _ => return Err(Fault::Unexpected),
        }
        out.to_client.put_slice(frame.bytes);
        Ok(())
    }

    fn query_answer(&mut self, query: &mut Query, frame: &Frame<'_>, out: &mut Outbox) -> Result<(), Fault> {
        if query.is_over || query.refusal.is_some() {
            return Err(Fault::Unexpected);
        }
        if query.is_empty {
            if frame.tag != tag::EMPTY_QUERY || !frame.body.is_empty() {
                return Err(Fault::Unexpected);
            }
            query.is_over = true;
            out.to_client.put_slice(frame.bytes);
            return Ok(());
        }
        if query.is_quiet && matches!(frame.tag, tag::PARSE_COMPLETE | tag::BIND_COMPLETE | tag::NO_DATA) {
            return Ok(());
        }
        if query.flow.is_none() {
            self.names.drop_unnamed();
            query.flow =
                Some(Flow::described(query.left.pop().ok_or(Fault::Unexpected)?, self.limits.message_bytes));
        }
        let flow = query.flow.as_mut().ok_or(Fault::Unexpected)?;
        if frame.tag == tag::DATA_ROW {
            return flow.row(frame, &mut out.to_client);
        }
        if flow.take(frame, &self.names, &mut out.to_client)? == Step::Done {
            let statement = Arc::clone(flow.statement());
            let rows = flow.row_count();
            let asked = self.asked_with(&statement, None);
            self.account(asked, Decision::Answered, rows, out);
            query.flow = None;
            query.is_over = query.left.is_empty();
            self.done(&statement)?;
        }
        Ok(())
    }

    fn execute_answer(
        &mut self,
        portal: &[u8],
        flow: &mut Option<Flow>,
        frame: &Frame<'_>,
        out: &mut Outbox,
    ) -> Result<bool, Fault> {
        let flow = match flow {
            Some(flow) => flow,
            None => flow.insert(self.start_execution(portal)?),
        };
        if frame.tag == tag::DATA_ROW {
            return flow.row(frame, &mut out.to_client).map(|()| false);
        }
        let step = flow.take(frame, &self.names, &mut out.to_client)?;
        if step != Step::More {
            let (statement, rows) = (Arc::clone(flow.statement()), flow.row_count());
            let asked = self.asked_with(&statement, Some(portal));
            self.account(asked, Decision::Answered, rows, out);
            if step == Step::Done {
                self.done(&statement)?;
            }
        }
        Ok(step != Step::More)
    }

    /// Finds out how the rows of a portal are treated, once for all of its executions.
    fn start_execution(&self, portal: &[u8]) -> Result<Flow, Fault> {
        let portal = self.names.portals.get(portal).ok_or(Fault::Unexpected)?;
        let rows = match portal.rows.get() {
            Some(rows) => Some(Arc::clone(rows)),
            None => match self.names.shape_of(&portal.statement) {
                Some(shape) => {
                    // What was prepared in SQL was never described: its columns are of the types that were planned.
                    let planned = || shape.stored_types().into();
                    let types = portal.statement.types.get().cloned().unwrap_or_else(planned);
                    let format = |index| flow::asked_format(&portal.formats, index);
                    let rows = Arc::new(RowPlan::new(shape, Some(&types), format)?);
                    Some(Arc::clone(portal.rows.get_or_init(|| rows)))
                }
                None => None,
            },
        };
        Ok(Flow::executed(Arc::clone(&portal.statement), rows, self.limits.message_bytes))
    }

    fn describe_answer(
        &self,
        target: Target,
        name: &[u8],
        frame: &Frame<'_>,
        out: &mut Outbox,
    ) -> Result<bool, Fault> {
        let statement = match target {
            Target::Statement => self.names.confirmed.get(name),
            Target::Portal => self.names.portals.get(name).map(|portal| &portal.statement),
        };
        let statement = statement.ok_or(Fault::Unexpected)?;
        match (target, frame.tag) {
            (Target::Statement, tag::PARAMETER_DESCRIPTION) => {
                describe_parameters(statement, frame.body, out)?;
                Ok(false)
            }
            (_, tag::ROW_DESCRIPTION) => {
                if let Kind::Answered { columns, .. } = &statement.planned.kind {
                    rows::describe_own(columns, &mut out.to_client)?;
                    return Ok(true);
                }
                let shape = self.names.shape_of(statement).ok_or(Fault::Unexpected)?;
                rows::describe(&shape, frame.body, &mut out.to_client)?;
                Ok(true)
            }
            (_, tag::NO_DATA) if frame.body.is_empty() => {
                out.to_client.put_slice(frame.bytes);
                Ok(true)
            }
            _ => Err(Fault::Unexpected),
        }
    }

    /// A statement is done: its effects hold.
    fn done(&mut self, statement: &Statement) -> Result<(), Fault> {
        if let Kind::Session(effect) = &statement.planned.kind {
            if self.names.has_run_more(effect) {
                return Err(Fault::WrongStatement);
            }
            self.names.apply(effect, statement);
        }
        Ok(())
    }

    /// The store waits: a batch is at its end.
    fn ready(&mut self, status: TransactionStatus, out: &mut Outbox) -> Result<(), Ending> {
        self.status = status;
        self.ledger.finish();
        match self.expects.pop_front() {
            Some(Expect::Sync) if self.is_starting() => return self.ask_pins(out),
            Some(Expect::Ask(ask)) if ask.has_sync => return self.answered(ask, out),
            Some(Expect::Query(query)) if query.is_over => {}
            Some(Expect::Sync) => {}
            _ => return Err(Ending::server(Fault::Unexpected)),
        }
        self.forget_portals(status);
        ReadyForQuery(status).write(&mut out.to_client)?;
        self.look_for_search_path(out)
    }
}

/// Passes a setting on if clients know it, and ends the session if it is not what all else relies on.
pub(super) fn forward_status(frame: &Frame<'_>, out: &mut Outbox) -> Result<(), Ending> {
    let status = ParameterStatus::read(frame.body).map_err(Ending::server)?;
    if !settings::report_is_fine(status.name, status.value) {
        return Err(Ending::server(Fault::Setting));
    }
    if settings::report_may_pass(status.name) {
        out.to_client.put_slice(frame.bytes);
    }
    Ok(())
}

fn types_answer(statement: &Arc<Statement>, frame: &Frame<'_>) -> Result<bool, Fault> {
    match frame.tag {
        tag::PARAMETER_DESCRIPTION => Ok(false),
        tag::NO_DATA => Ok(true),
        tag::ROW_DESCRIPTION => {
            let (types, _) = rows::types_and_formats(frame.body)?;
            // A second description of the same statement has the same types: the store promises it.
            let _first = statement.types.set(types);
            Ok(true)
        }
        _ => Err(Fault::Unexpected),
    }
}

/// Translates the types of the store's parameters into those of the client's.
fn describe_parameters(statement: &Statement, body: &[u8], out: &mut Outbox) -> Result<(), Fault> {
    let described = ParameterDescription::read(body)?;
    if described.types.len() != statement.planned.parameters.len() {
        return Err(Fault::Columns);
    }
    let types = statement.client_types(&described.types);
    ParameterDescription { types }.write(&mut out.to_client).map_err(|_| Fault::TooLong)?;
    Ok(())
}
