//! A running session: what both sides have said and what is still owed.
//!
//! The store does the bookkeeping. A refused statement is replaced by one that must fail, so transactions
//! abort, pipelines skip to their Sync and ReadyForQuery tells the truth without a second copy of the
//! server's rules here; an answer of our own takes the place of an empty one.
//!
//! Not here: [`super::client`] reads what the client says, [`super::server`] what the store answers.

use std::collections::{HashMap, VecDeque};

use bytes::BytesMut;

use super::account::Ledger;
use super::ask::{Ask, Purpose};
use super::expect::{Expect, Name};
use super::guard::Guarded;
use super::limits::Limits;
use super::path::Followed;
use super::refusal::Ending;
use super::revive::Waits;
use super::statements::Names;
use super::{Event, PlanRequest, Settings, settings};
use crate::base::budget::Budget;
use crate::wire::postgres::backend::TransactionStatus;

/// What waits to be sent or noticed.
#[derive(Default)]
pub(super) struct Outbox {
    pub(super) to_client: BytesMut,
    pub(super) to_server: BytesMut,
    pub(super) events: VecDeque<Event>,
}

/// Why the client is not heard for now.
pub(super) enum Waiting {
    /// The session has not been opened yet.
    Start,
    /// Whoever drives the session looks something up between two batches.
    Check,
    /// A statement is being planned.
    Plan(Pending),
    /// The catalogue is looked at once more, in the transaction of what waits.
    Guard(Guarded),
    /// The `search_path` may change.
    SearchPath,
}

/// A message that waits for its plan.
pub(super) enum Pending {
    /// A Query.
    Query {
        /// Its text.
        text: String,
        /// How often it was planned before.
        tries: u8,
    },
    /// A Parse.
    Parse {
        /// Its name.
        name: Name,
        /// Its text, and the types that it declares.
        asked: PlanRequest,
    },
    /// A Bind of a statement that was planned under another policy.
    Bind(Box<Waits>),
}

/// A running session.
pub(super) struct Conversation {
    pub(super) limits: Limits,
    pub(super) expects: VecDeque<Expect>,
    pub(super) names: Names,
    pub(super) status: TransactionStatus,
    pub(super) waiting: Option<Waiting>,
    /// An error has come, and the store ignores everything up to the next Sync.
    pub(super) skipping: bool,
    /// Messages of the extended protocol have been sent since the last Sync.
    pub(super) batch_open: bool,
    /// Counts what may change what the name of a statement or cursor stands for.
    pub(super) changes: u64,
    /// Portals that run something by its name, and the count when they were bound.
    pub(super) runners: HashMap<Box<[u8]>, u64>,
    /// Bytes of a refused message that are still to come from the client.
    pub(super) discard_bytes: usize,
    /// Bytes of a long message that are passed on to the client as they come.
    pub(super) stream_bytes: usize,
    /// Relations are locked before a statement runs.
    pub(super) is_strict: bool,
    /// The client's `search_path`.
    pub(super) path: Followed,
    /// What goes on record.
    pub(super) ledger: Ledger,
    /// Rows that the one who asks may still have, from when they were last taken note of.
    pub(super) rows_left: u64,
    /// There is a place for a statement under way.
    pub(super) has_place: bool,
    /// Memory for what is kept.
    pub(super) budget: Option<Budget>,
    pins: Vec<(String, String)>,
}

impl Conversation {
    /// Begins when the store has accepted the login; its ReadyForQuery is the first thing expected.
    pub(super) fn new(settings: Settings) -> Self {
        let Settings { limits, pins, is_on_record, is_strict, budget } = settings;
        Self {
            limits,
            is_strict,
            expects: VecDeque::from([Expect::Sync]),
            names: Names::default(),
            status: TransactionStatus::Idle,
            waiting: Some(Waiting::Start),
            skipping: false,
            batch_open: false,
            changes: 0,
            runners: HashMap::new(),
            discard_bytes: 0,
            stream_bytes: 0,
            path: Followed::default(),
            ledger: Ledger::new(is_on_record),
            rows_left: u64::MAX,
            has_place: true,
            budget,
            pins,
        }
    }

    /// True while the client is not let in.
    pub(super) const fn is_starting(&self) -> bool {
        matches!(self.waiting, Some(Waiting::Start))
    }

    /// Puts questions to the store.
    pub(super) fn ask(
        &mut self,
        purpose: Purpose,
        questions: &[String],
        out: &mut Outbox,
    ) -> Result<(), Ending> {
        self.ask_locked(purpose, &[], questions, out)
    }

    /// Puts questions behind the locks of statements.
    pub(super) fn ask_locked(
        &mut self,
        purpose: Purpose,
        locks: &[String],
        questions: &[String],
        out: &mut Outbox,
    ) -> Result<(), Ending> {
        let has_sync = !self.batch_open;
        let most = self.limits.message_bytes;
        let ask = Ask::write(purpose, (locks, questions), has_sync, most, &mut out.to_server)?;
        self.expects.push_back(Expect::Ask(ask));
        Ok(())
    }

    /// Asks whether the pinned settings hold.
    pub(super) fn ask_pins(&mut self, out: &mut Outbox) -> Result<(), Ending> {
        let question = settings::pins_question(&self.pins);
        self.ask(Purpose::Pins, &[question], out)
    }

    /// Takes answers to questions.
    pub(super) fn answered(&mut self, ask: Ask, out: &mut Outbox) -> Result<(), Ending> {
        let answers = if ask.failed { None } else { Some(ask.answers) };
        match ask.purpose {
            Purpose::Pins => {
                let path = settings::check_pins(&self.pins, answers.as_deref()).map_err(Ending::server)?;
                self.path.begin(path);
                out.events.push_back(Event::Authenticated);
            }
            Purpose::SearchPath => {
                let word = answers.iter().flatten().flatten().flatten().next();
                self.take_search_path(word.map(|word| word.as_deref().unwrap_or_default()))?;
            }
            Purpose::Caller => out.events.push_back(Event::Answers(answers)),
        }
        Ok(())
    }
}
