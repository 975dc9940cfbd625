//! How a conversation says no: to one statement, or by ending.
//!
//! Invariant: every text is ours and holds nothing that came from the store.

use bytes::BytesMut;

use super::conversation::{Conversation, Outbox};
use super::expect::{Expect, Query};
use super::turned_away::TurnedAway;
use super::{prose, send};
use crate::base::budget::BudgetExceeded;
use crate::sql::Refusal;
use crate::wire::postgres::Malformed;
use crate::wire::postgres::backend::{ErrorFields, Report, Severity};
use crate::wire::postgres::frame::{BadLength, TooLong};
use crate::wire::postgres::frontend::tag;

/// Why a conversation is over. Whoever drives the session flushes what is left to be sent, then closes both
/// connections.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ending {
    /// The client said good-bye.
    #[error("the client said good-bye")]
    Goodbye,
    /// The conversation was only a request to cancel another one.
    #[error("a cancel request")]
    Cancel,
    /// What the client asks for is not to be had.
    #[error("{message}")]
    Refused {
        /// SQLSTATE.
        sqlstate: &'static str,
        /// In words for the client.
        message: String,
    },
    /// The client is not let in.
    #[error(transparent)]
    TurnedAway(#[from] TurnedAway),
    /// The client broke the protocol.
    #[error("the client broke the protocol: {0}")]
    ClientFault(Fault),
    /// The store broke the protocol, or sent what does not fit the plan.
    #[error("the store's answer is not what was asked for: {0}")]
    ServerFault(Fault),
    /// The store ended the session itself, and the client has been told.
    #[error("the store ended the session")]
    ServerFatal,
    /// More would have to be held in memory than is allowed.
    #[error("the session needs more memory than it may have")]
    TooLarge,
}

/// What is wrong with a message or with its place in the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Its form.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Its length.
    #[error(transparent)]
    BadLength(#[from] BadLength),
    /// It is longer than its kind may be.
    #[error("message is longer than allowed")]
    TooLong,
    /// It has no place here.
    #[error("unexpected message")]
    Unexpected,
    /// A row or its description does not have the columns of the plan.
    #[error("columns do not fit the plan")]
    Columns,
    /// A setting that everything relies on has another value.
    #[error("a pinned setting has another value")]
    Setting,
    /// The statement that was bound is not the one that was prepared.
    #[error("a statement is not the one that was expected")]
    WrongStatement,
}

impl Ending {
    /// Why the answer under way does not come to its end.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Refused { sqlstate, .. } => sqlstate,
            _ => "session-ended",
        }
    }

    pub(super) fn refused(sqlstate: &'static str, message: &str) -> Self {
        Self::Refused { sqlstate, message: message.to_owned() }
    }

    pub(super) fn client(fault: impl Into<Fault>) -> Self {
        Self::ClientFault(fault.into())
    }

    pub(super) fn server(fault: impl Into<Fault>) -> Self {
        Self::ServerFault(fault.into())
    }

    /// Writes the last words to the client, if there are any.
    pub(super) fn write(&self, out: &mut BytesMut) {
        let (sqlstate, message) = match self {
            Self::Goodbye | Self::Cancel | Self::ServerFatal => return,
            Self::Refused { sqlstate, message } => (*sqlstate, message.clone()),
            Self::TurnedAway(why) => (why.sqlstate(), why.to_string()),
            Self::ClientFault(_) => ("08P01", self.to_string()),
            Self::ServerFault(_) => ("08006", self.to_string()),
            Self::TooLarge => ("53200", self.to_string()),
        };
        let report = Report {
            severity: Severity::Fatal,
            sqlstate: sqlstate_bytes(sqlstate),
            message: &message,
            hint: None,
            position: None,
        };
        // A text of ours is never longer than a length field can say.
        let _fits = report.write_error(out);
    }
}

impl Conversation {
    /// Refuses a message of the extended protocol: a statement that must fail is sent in its place.
    pub(super) fn refuse(&mut self, refusal: Refusal, out: &mut Outbox) -> Result<(), Ending> {
        self.refuse_as(refusal.sqlstate, refusal, out)
    }

    /// The same under this name.
    pub(super) fn refuse_as(
        &mut self,
        reason: &'static str,
        refusal: Refusal,
        out: &mut Outbox,
    ) -> Result<(), Ending> {
        self.account_refused(reason, out);
        send::failing_parse(&mut out.to_server)?;
        self.batch_open = true;
        self.expects.push_back(Expect::Refused(refusal));
        Ok(())
    }

    /// Refuses a simple query: one that must fail is sent in its place.
    pub(super) fn refuse_query(&mut self, refusal: Refusal, out: &mut Outbox) -> Result<(), Ending> {
        self.refuse_query_as(refusal.sqlstate, refusal, out)
    }

    /// The same under this name.
    pub(super) fn refuse_query_as(
        &mut self,
        reason: &'static str,
        refusal: Refusal,
        out: &mut Outbox,
    ) -> Result<(), Ending> {
        self.account_refused(reason, out);
        send::failing_query(&mut out.to_server)?;
        self.begin_query(Query::refused(refusal));
        self.hold_for_search_path();
        Ok(())
    }

    /// Refuses a message without having it in memory.
    pub(super) fn refuse_unread(&mut self, message: u8, out: &mut Outbox) -> Result<(), Ending> {
        let too_long = || refusal("54000", "the statement is longer than is allowed here", None);
        match message {
            _ if self.skipping || message == tag::COPY_DATA => Ok(()),
            tag::QUERY => self.refuse_query(too_long(), out),
            tag::PARSE => self.refuse(too_long(), out),
            tag::FUNCTION_CALL => {
                self.refuse_query(refusal("0A000", "function call messages are not allowed here", None), out)
            }
            _ => Err(Ending::client(Fault::TooLong)),
        }
    }
}

impl From<TooLong> for Ending {
    fn from(_: TooLong) -> Self {
        Self::TooLarge
    }
}

impl From<BudgetExceeded> for Ending {
    fn from(_: BudgetExceeded) -> Self {
        Self::TooLarge
    }
}

/// A SQLSTATE of ours; what is none becomes `XX000`.
pub(super) fn sqlstate_bytes(sqlstate: &str) -> [u8; 5] {
    sqlstate.as_bytes().try_into().unwrap_or(*b"XX000")
}

/// A refusal of our own, outside the planner.
pub(super) fn refusal(sqlstate: &'static str, message: &str, hint: Option<&str>) -> Refusal {
    Refusal { sqlstate, message: message.to_owned(), hint: hint.map(str::to_owned), position: None }
}

/// In the server's own words for the same case, by which drivers know that they shall prepare it again.
pub(super) fn stale() -> Refusal {
    let hint = Some(
        "the policy, the catalogue or the search_path has changed: prepare it or declare the cursor again",
    );
    refusal("0A000", "cached plan must not change result type", hint)
}

/// The store crashes if the name stands for something with other columns by now.
pub(super) fn rebound() -> Refusal {
    let hint = Some("bind it again right before it is executed");
    refusal("0A000", "executing a portal of EXECUTE or FETCH after other statements is not supported", hint)
}

/// When it was parsed, what it names did not exist, and nobody knows in which types its rows come.
pub(super) fn untyped() -> Refusal {
    let hint = Some("parse it again");
    refusal("0A000", "EXECUTE or FETCH that was parsed before what it names was there is not supported", hint)
}

pub(super) fn bound() -> Refusal {
    let hint = Some("execute it through the protocol, or prepare it with PREPARE");
    refusal(
        "0A000",
        "EXECUTE of a statement that was prepared through the protocol, with these parameters",
        hint,
    )
}

/// The store may have refused what was to stand under the name, or skipped what was to take it away.
pub(super) fn unsettled() -> Refusal {
    let hint = Some("wait for the answer to the message that prepares or closes the statement");
    refusal("0A000", "EXECUTE of a statement that is being prepared or closed through the protocol", hint)
}

pub(super) fn more() -> Refusal {
    refusal("0A000", "EXECUTE of a statement that neither gives rows nor writes them", None)
}

/// It is not certain that the store would run it along the path that it was planned for.
pub(super) fn midway() -> Refusal {
    let hint = Some("send what changes the search_path in a query, or a batch, of its own");
    refusal("0A000", "a statement behind one that may change the search_path is refused", hint)
}

pub(super) fn not_utf8() -> Refusal {
    refusal("22021", "the statement is not UTF-8", None)
}

pub(super) fn name_too_long() -> Refusal {
    refusal("42622", "names of statements and portals may have 63 bytes here", None)
}

/// Writes a refusal as the error that ends one statement.
pub(super) fn write_refusal(out: &mut BytesMut, refusal: &Refusal) -> Result<(), TooLong> {
    let report = Report {
        severity: Severity::Error,
        sqlstate: sqlstate_bytes(refusal.sqlstate),
        message: &refusal.message,
        hint: refusal.hint.as_deref(),
        position: refusal.position,
    };
    report.write_error(out)
}

/// Writes the store's error in our own words.
pub(super) fn write_error(out: &mut BytesMut, fields: ErrorFields) -> Result<(), TooLong> {
    report_of(fields).write_error(out)
}

/// Writes the one error that stands for all that protected rows can cause.
pub(super) fn write_hidden(out: &mut BytesMut) -> Result<(), TooLong> {
    let (sqlstate, message, hint) = prose::HIDDEN;
    Report { severity: Severity::Error, sqlstate, message, hint: Some(hint), position: None }.write_error(out)
}

/// Writes the store's notice in our own words.
pub(super) fn write_notice(out: &mut BytesMut, fields: ErrorFields) -> Result<(), TooLong> {
    report_of(fields).write_notice(out)
}

fn report_of(fields: ErrorFields) -> Report<'static> {
    Report {
        severity: fields.severity,
        sqlstate: fields.sqlstate,
        message: prose::text(fields.sqlstate),
        hint: None,
        position: None,
    }
}
