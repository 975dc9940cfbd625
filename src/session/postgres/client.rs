//! What the client says in a running session.
//!
//! Invariant: statements that are sent on are the planner's, under the client's names; parameters are the
//! client's, in the planner's order, tokens turned back.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};

use super::conversation::{Conversation, Outbox, Pending, Waiting};
use super::expect::{Expect, Query};
use super::parameters;
use super::refusal::{Ending, Fault, bound, more, name_too_long, not_utf8, rebound, refusal, unsettled};
use super::startup::MAX_NAME_BYTES;
use super::statements::Statement;
use super::tokens::Met;
use super::{Event, PlanRequest, send};
use crate::sql::{Effect, Kind, Planned, Refusal};
use crate::wire::postgres::frame::{self, Frame, HEAD_BYTES, Peek};
use crate::wire::postgres::frontend::{self, Bind, Close, Describe, Execute, Parse, Target, tag};
use crate::wire::postgres::{Format, Malformed};

impl Conversation {
    /// Takes what the client sent; returns how many bytes are done with.
    pub(super) fn client_says(&mut self, input: &[u8], out: &mut Outbox) -> Result<usize, Ending> {
        let mut rest = input;
        while self.hears_client(out) && !rest.is_empty() {
            if self.discard_bytes > 0 {
                let part = rest.len().min(self.discard_bytes);
                self.discard_bytes = self.discard_bytes.saturating_sub(part);
                rest = rest.get(part..).unwrap_or_default();
                continue;
            }
            let (message, body_bytes) = match frame::peek(rest).map_err(Ending::client)? {
                Peek::Whole(frame, _) => (frame.tag, frame.body.len()),
                Peek::Head { tag, body_bytes } => (tag, body_bytes),
                Peek::Nothing => break,
            };
            let allowed = self.limits.client_body(message).ok_or(Ending::client(Fault::Unexpected))?;
            let is_unread = matches!(message, tag::FUNCTION_CALL | tag::COPY_DATA);
            if body_bytes > allowed || is_unread {
                self.refuse_unread(message, out)?;
                self.discard_bytes = HEAD_BYTES.saturating_add(body_bytes);
                continue;
            }
            let Ok(Peek::Whole(frame, behind)) = frame::peek(rest) else { break };
            rest = behind;
            self.client_message(&frame, out)?;
        }
        Ok(input.len().saturating_sub(rest.len()))
    }

    pub(super) fn hears_client(&self, out: &Outbox) -> bool {
        self.waiting.is_none()
            && self.expects.len() < self.limits.pipelined
            && out.to_server.len() < self.limits.waiting_bytes
    }

    fn client_message(&mut self, frame: &Frame<'_>, out: &mut Outbox) -> Result<(), Ending> {
        match frame.tag {
            tag::TERMINATE => {
                out.to_server.put_slice(frame.bytes);
                Err(Ending::Goodbye)
            }
            tag::SYNC => {
                self.skipping = false;
                self.batch_open = false;
                self.path.end_batch();
                self.expects.push_back(Expect::Sync);
                out.to_server.put_slice(frame.bytes);
                self.hold_for_search_path();
                Ok(())
            }
            // No COPY from the client is ever under way; like the server, we take its stray messages.
            tag::COPY_DONE | tag::COPY_FAIL => Ok(()),
            _ if self.skipping => Ok(()),
            tag::QUERY => match frontend::Query::read(frame.body) {
                Ok(frontend::Query { text }) => {
                    let pending = Pending::Query { text: text.to_owned(), tries: 0 };
                    self.plan(text, pending, Vec::new(), out)
                }
                Err(Malformed::NotUtf8) => self.refuse_query(not_utf8(), out),
                Err(malformed) => Err(Ending::client(malformed)),
            },
            tag::PARSE => self.parse(frame.body, out),
            tag::BIND => self.bind(frame, false, out),
            tag::DESCRIBE => {
                let Describe { target, name } = Describe::read(frame.body).map_err(Ending::client)?;
                self.forward(frame, Expect::Describe(target, name.into()), name, out)
            }
            tag::EXECUTE => {
                let portal = Execute::read(frame.body).map_err(Ending::client)?.portal;
                if self.runners.get(portal).is_some_and(|bound_at| *bound_at != self.changes) {
                    return self.refuse(rebound(), out);
                }
                if let Some(spent) = self.spent_for_portal(portal) {
                    return self.refuse_spent(spent, out);
                }
                if let Some(refusal) = self.follow_execute(portal) {
                    return self.refuse(refusal, out);
                }
                self.forward(frame, Expect::Execute(portal.into(), None), portal, out)
            }
            tag::CLOSE => {
                let Close { target, name } = Close::read(frame.body).map_err(Ending::client)?;
                self.changes = self.changes.saturating_add(1);
                if target == Target::Statement {
                    self.names.expected.remove(name);
                }
                self.forward(frame, Expect::Close(target, name.into()), name, out)
            }
            tag::FLUSH => {
                out.to_server.put_slice(frame.bytes);
                Ok(())
            }
            _ => Err(Ending::client(Fault::Unexpected)),
        }
    }

    /// Sends a message on as it is.
    fn forward(
        &mut self,
        frame: &Frame<'_>,
        expect: Expect,
        name: &[u8],
        out: &mut Outbox,
    ) -> Result<(), Ending> {
        if name.len() > MAX_NAME_BYTES {
            return self.refuse(name_too_long(), out);
        }
        self.batch_open = true;
        self.expects.push_back(expect);
        out.to_server.put_slice(frame.bytes);
        Ok(())
    }

    fn plan(
        &mut self,
        text: &str,
        pending: Pending,
        parameters: Vec<u32>,
        out: &mut Outbox,
    ) -> Result<(), Ending> {
        if text.len() > self.limits.statement_bytes {
            self.waiting = Some(Waiting::Plan(pending));
            let message = "the statement is longer than is allowed here";
            return self.planned(Err(refusal("54000", message, None)), out);
        }
        self.waiting = Some(Waiting::Plan(pending));
        out.events.push_back(Event::Plan(PlanRequest { text: text.to_owned(), parameters }));
        Ok(())
    }

    fn parse(&mut self, body: &[u8], out: &mut Outbox) -> Result<(), Ending> {
        let parse = match Parse::read(body) {
            Ok(parse) => parse,
            Err(Malformed::NotUtf8) => return self.refuse(not_utf8(), out),
            Err(malformed) => return Err(Ending::client(malformed)),
        };
        if parse.name.len() > MAX_NAME_BYTES {
            return self.refuse(name_too_long(), out);
        }
        let is_new = !self.names.expected.contains_key(parse.name);
        if is_new && self.names.expected.len() >= self.limits.statements {
            let hint = Some("close statements that are no longer needed");
            return self.refuse(refusal("53400", "too many prepared statements", hint), out);
        }
        let asked = PlanRequest { text: parse.text.to_owned(), parameters: parse.parameter_types.clone() };
        let pending = Pending::Parse { name: parse.name.into(), asked };
        self.plan(parse.text, pending, parse.parameter_types, out)
    }

    /// Takes the plan that was asked for, or the refusal.
    pub(super) fn planned(
        &mut self,
        plan: Result<Vec<Planned>, Refusal>,
        out: &mut Outbox,
    ) -> Result<(), Ending> {
        let pending = match self.waiting.take() {
            Some(Waiting::Plan(pending)) => pending,
            other => {
                self.waiting = other;
                return Ok(());
            }
        };
        if self.skipping {
            return Ok(());
        }
        match (plan, pending) {
            (Ok(statements), Pending::Query { text, tries }) => {
                self.send_query((text, tries), statements, out)
            }
            (Err(refusal), Pending::Query { .. }) => self.refuse_query(refusal, out),
            (Ok(statements), Pending::Parse { name, asked }) => {
                let mut statements = statements.into_iter();
                match (statements.next(), statements.next()) {
                    (None, _) => self.send_parse(name, Statement::empty(asked.parameters), out),
                    (Some(planned), None) => {
                        let shape = self.shapes().next().flatten();
                        self.send_parse(name, Statement::asked_for(planned, asked).shaped(shape), out)
                    }
                    (Some(_), Some(_)) => {
                        let message = "cannot insert multiple commands into a prepared statement";
                        self.refuse(refusal("42601", message, None), out)
                    }
                }
            }
            (Err(refusal), Pending::Parse { .. }) => self.refuse(refusal, out),
            (plan, Pending::Bind(waiting)) => self.revived(&waiting, plan, out),
        }
    }

    fn send_query(
        &mut self,
        asked: (String, u8),
        statements: Vec<Planned>,
        out: &mut Outbox,
    ) -> Result<(), Ending> {
        let shapes = self.shapes();
        let shaped = |(planned, shape)| Statement::new(planned, Vec::new()).shaped(shape);
        let mut statements: Vec<_> = statements.into_iter().zip(shapes).map(shaped).collect();
        if let Err(refusal) = self.make_room_in(&mut statements) {
            return self.refuse_query(refusal, out);
        }
        let statements: Vec<_> = statements.into_iter().map(Arc::new).collect();
        if let Some(refusal) = self.strays(&statements) {
            return self.refuse_query(refusal, out);
        }
        if statements.iter().any(|statement| self.is_unsettled(statement)) {
            return self.refuse_query(unsettled(), out);
        }
        if statements.iter().any(|statement| self.names.runs_bound(statement)) {
            return self.refuse_query(bound(), out);
        }
        if statements.iter().any(|statement| self.names.runs_more(statement)) {
            return self.refuse_query(more(), out);
        }
        if let Some(spent) = statements.iter().find_map(|statement| self.spent_for(statement)) {
            return self.refuse_spent_query(spent, out);
        }
        let Some(statements) = self.guard_query(asked, statements, out)? else { return Ok(()) };
        let is_quiet = statements.iter().any(|statement| !statement.planned.parameters.is_empty());
        if is_quiet && self.batch_open {
            let message = "a token cannot be compared in a simple query before the batch is synced";
            return self.refuse_query(refusal("0A000", message, None), out);
        }
        self.send_statements(statements, is_quiet, out)
    }

    /// Sends the statements of a Query; quietly is in the extended protocol.
    pub(super) fn send_statements(
        &mut self,
        statements: Vec<Arc<Statement>>,
        is_quiet: bool,
        out: &mut Outbox,
    ) -> Result<(), Ending> {
        if is_quiet {
            if let Err(refusal) = send::as_batch(&statements, &mut out.to_server)? {
                return self.refuse_query(refusal, out);
            }
        } else {
            send::as_query(&statements, &mut out.to_server)?;
        }
        self.follow_query(&statements);
        self.begin_query(Query::new(statements, is_quiet));
        self.hold_for_search_path();
        Ok(())
    }

    pub(super) fn begin_query(&mut self, query: Query) {
        self.names.expected.remove(&b""[..]);
        self.changes = self.changes.saturating_add(1);
        self.batch_open = false;
        self.expects.push_back(Expect::Query(query));
    }

    fn send_parse(
        &mut self,
        name: Box<[u8]>,
        mut statement: Statement,
        out: &mut Outbox,
    ) -> Result<(), Ending> {
        if let Some(refusal) = self.strays_from_parse(&statement) {
            return self.refuse(refusal, out);
        }
        if let Err(refusal) = self.make_room(&mut statement, &name) {
            return self.refuse(refusal, out);
        }
        let statement = Arc::new(statement);
        send::parse(&name, &statement, &mut out.to_server)?;
        self.changes = self.changes.saturating_add(1);
        self.batch_open = true;
        self.names.expected.insert(name.clone(), Arc::clone(&statement));
        let needs_types = statement.needs_types();
        if needs_types {
            Describe { target: Target::Statement, name: &name }.write(&mut out.to_server)?;
        }
        self.expects.push_back(Expect::Parse { name, statement: Arc::clone(&statement) });
        if needs_types {
            self.expects.push_back(Expect::Types(statement));
        }
        Ok(())
    }

    /// `is_guarded` if the catalogue was looked at for it.
    pub(super) fn bind(
        &mut self,
        frame: &Frame<'_>,
        is_guarded: bool,
        out: &mut Outbox,
    ) -> Result<(), Ending> {
        let bind = Bind::read(frame.body).map_err(Ending::client)?;
        if bind.portal.len() > MAX_NAME_BYTES || bind.statement.len() > MAX_NAME_BYTES {
            return self.refuse(name_too_long(), out);
        }
        let Some(statement) = self.names.expected.get(bind.statement).map(Arc::clone) else {
            return self.refuse(refusal("26000", "prepared statement does not exist", None), out);
        };
        if let Some(refusal) = self.strays_from_bind(&statement) {
            return self.refuse(refusal, out);
        }
        if let Some(spent) = self.spent_for(&statement) {
            return self.refuse_spent(spent, out);
        }
        if self.is_stale(&statement) {
            return self.revive(&statement, frame.bytes, out);
        }
        if let Some(refusal) = self.runs_what_it_may_not(&statement) {
            return self.refuse(refusal, out);
        }
        if !is_guarded && self.guard_bind(&statement, frame.bytes, out) {
            return Ok(());
        }
        let is_answered = matches!(statement.planned.kind, Kind::Answered { .. });
        if bind.values.len() != statement.client_parameters && !is_answered {
            let message = format!(
                "bind message supplies {} parameters, but the prepared statement requires {}",
                bind.values.len(),
                statement.client_parameters
            );
            return self.refuse(refusal("08P01", &message, None), out);
        }
        let is_short = parameters::require_short(&statement, &bind, frame.bytes.len());
        let room = match is_short.and_then(|()| self.room_for_portal(bind.portal)) {
            Ok(room) => room,
            Err(refusal) => return self.refuse(refusal, out),
        };
        let mut subjects = Vec::new();
        if statement.binds_as_it_is() && !is_answered {
            out.to_server.put_slice(frame.bytes);
        } else {
            let before = out.to_server.len();
            let mut met = Met(self.ledger.is_wanted().then_some(&mut subjects));
            if let Err(refusal) = parameters::write_bind(&bind, &statement, &mut met, &mut out.to_server)? {
                out.to_server.truncate(before);
                return self.refuse(refusal, out);
            }
        }
        self.batch_open = true;
        self.follow_bind(&statement);
        self.changes = self.changes.saturating_add(1);
        self.runners.remove(bind.portal);
        if matches!(statement.planned.kind, Kind::Session(Effect::Execute { .. } | Effect::Fetch { .. })) {
            if self.runners.len() >= self.limits.statements {
                self.runners.clear();
            }
            self.runners.insert(bind.portal.into(), self.changes);
        }
        let formats = bind.result_formats.iter().filter_map(|code| Format::from_code(code).ok()).collect();
        self.expects.push_back(Expect::Bind {
            portal: bind.portal.into(),
            name: bind.statement.into(),
            statement,
            formats,
            subjects,
            room,
        });
        Ok(())
    }
}

/// Keeps a list of codes as it is, with text for columns that the client does not see.
pub(super) fn put_codes(codes: frontend::Codes<'_>, more: usize, out: &mut BytesMut) {
    let more = if codes.len() > 1 { more } else { 0 };
    frame::put_count(out, codes.len().saturating_add(more));
    codes.iter().for_each(|code| out.put_i16(code));
    (0..more).for_each(|_| out.put_i16(Format::Text.code()));
}
