//! A PostgreSQL session as a state machine: bytes from either side in, bytes for either side and events out.
//!
//! ```text
//! client ─ bytes ─►  Session  ─ bytes ─► store
//!        ◄─ bytes ─           ◄─ bytes ─
//!                  │ events: connect, plan, answers, ...
//! ```
//!
//! Whoever drives a session ([`crate::front`]) reads both peers into buffers, shows them to
//! [`Session::client_says`] and [`Session::server_says`], sends what [`Session::outgoing`] holds, and does what the [`Event`]s ask for. A session that has enough to send says
//! so by taking no more bytes.
//!
//! Invariant: nothing reaches the store but what is made here, statement by statement of the planner; no row
//! reaches the client but by the plan of the statement that gave it.
//! Not here: sockets, time, randomness, the planner.

mod account;
mod allowance;
mod ask;
mod client;
mod conversation;
mod copy;
mod doorstep;
mod entry;
mod expect;
mod failure;
mod flow;
mod guard;
mod keep;
mod limits;
mod login;
mod measure;
mod parameters;
mod path;
mod proof;
mod prose;
mod refusal;
mod revive;
mod rows;
pub mod scram;
mod send;
mod server;
mod settings;
mod startup;
mod statements;
mod tokens;
mod turned_away;
mod values;

pub use account::{Account, Counted};
pub use allowance::Spent;
pub use ask::Rows;
pub use doorstep::{Accounts, Channel, Doorway, Line};
pub use guard::Verdict;
pub use limits::Limits;
pub use refusal::{Ending, Fault};
pub use turned_away::TurnedAway;

use bytes::BytesMut;

use crate::audit::Shape;
use crate::base::budget::Budget;
use crate::policy::Attributes;
use crate::sql::{KnownPath, Planned, Refusal};
use crate::wire::postgres::backend::{ReadyForQuery, TransactionStatus};
use crate::wire::postgres::frontend::CancelKey;
use ask::Purpose;
use conversation::{Conversation, Outbox, Waiting};
use doorstep::{Doorstep, Entry};
use login::Gate;
use proof::Proof;

/// What a session needs to know of the world.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How much it may hold.
    pub limits: Limits,
    /// Settings of the store that are pinned besides those that every session pins.
    pub pins: Vec<(String, String)>,
    /// An account of every statement is wanted.
    pub is_on_record: bool,
    /// Relations are locked, and the catalogue is looked at again, before each statement that names any.
    pub is_strict: bool,
    /// Memory for the statements that it keeps; `None` is no bound.
    pub budget: Option<Budget>,
}

/// What a session cannot do by itself.
pub enum Event {
    /// Connect to the store: a client wants to come in.
    Connect {
        /// The database user.
        user: String,
        /// Who asks: the same, or the name that was proved here, for whom a service account stands there.
        name: String,
        /// What the proof of the name says besides.
        attributes: Attributes,
        /// The database.
        database: String,
    },
    /// Cancel what the session with this key of ours does. The conversation is over.
    Cancel(CancelKey),
    /// Keep the store's own key for this session.
    StoreKey(CancelKey),
    /// The store has accepted the client. Ask what has to be known, then [`Session::open`].
    Authenticated,
    /// Plan a statement, then [`Session::planned`].
    Plan(PlanRequest),
    /// Ask with [`Session::ask_locked`] whether the plans still hold, then [`Session::guarded`].
    Guard {
        /// What is to be locked before that.
        locks: Vec<String>,
    },
    /// Answers to [`Session::ask`], one for each question; `None` if one of them failed.
    Answers(Option<Vec<Rows>>),
    /// Put this on record before anything more goes to the client.
    Account(Account),
    /// Count a statement that was refused because of what was used up.
    Withheld(Spent),
}

/// A statement to plan.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PlanRequest {
    /// The client's text.
    pub text: String,
    /// Types that it declared for its parameters.
    pub parameters: Vec<u32>,
}

enum Phase {
    Doorstep(Doorstep),
    Proof(Box<Proof>),
    Gate(Gate),
    Inside(Box<Conversation>),
    Over,
}

/// One client's session.
pub struct Session {
    settings: Settings,
    own_key: CancelKey,
    nonce: [u8; scram::NONCE_BYTES],
    known_name: Option<String>,
    phase: Phase,
    out: Outbox,
}

impl Session {
    /// A session whose client has said nothing yet; `own_key` is what it will be given to cancel with.
    #[must_use]
    pub fn new(settings: Settings, own_key: CancelKey) -> Self {
        let phase = Phase::Doorstep(Doorstep::default());
        let nonce = [0; scram::NONCE_BYTES];
        Self { settings, own_key, nonce, known_name: None, phase, out: Outbox::default() }
    }

    /// The same with this memory for the statements that it keeps.
    #[must_use]
    pub fn within(mut self, budget: Budget) -> Self {
        self.settings.budget = Some(budget);
        self
    }

    /// Takes what the client sent; returns how many of the bytes are done with. The rest must be shown again,
    /// with more behind it or once the session can go on.
    ///
    /// # Errors
    /// [`Ending`]: send what is left, then close both connections.
    pub fn client_says(&mut self, input: &[u8]) -> Result<usize, Ending> {
        let said = match &mut self.phase {
            Phase::Doorstep(doorstep) => match doorstep.client_says(input, &mut self.out) {
                Ok((used, Entry::Login(login))) => self.admit(login).map(|()| used),
                other => other.map(|(used, _)| used),
            },
            Phase::Proof(proof) => match proof.client_says(input, &mut self.out) {
                Ok((used, true)) => self.proved().map(|()| used),
                other => other.map(|(used, _)| used),
            },
            Phase::Gate(gate) => gate.client_says(input, &mut self.out),
            Phase::Inside(conversation) => conversation.client_says(input, &mut self.out),
            Phase::Over => Ok(input.len()),
        };
        self.watch(said)
    }

    /// Takes what the store sent, like [`Session::client_says`].
    ///
    /// # Errors
    /// [`Ending`]: send what is left, then close both connections.
    pub fn server_says(&mut self, input: &[u8]) -> Result<usize, Ending> {
        let said = match &mut self.phase {
            Phase::Doorstep(_) | Phase::Proof(_) => Err(Ending::server(Fault::Unexpected)),
            Phase::Gate(gate) => match gate.server_says(input, &mut self.out) {
                Ok((used, true)) => {
                    let mut conversation = Box::new(Conversation::new(self.settings.clone()));
                    let said = conversation.server_says(input.get(used..).unwrap_or_default(), &mut self.out);
                    self.phase = Phase::Inside(conversation);
                    said.map(|more| used.saturating_add(more))
                }
                other => other.map(|(used, _)| used),
            },
            Phase::Inside(conversation) => conversation.server_says(input, &mut self.out),
            Phase::Over => Ok(input.len()),
        };
        self.watch(said)
    }

    /// Lets the client in, or lets it go on after [`Session::pause`].
    ///
    /// # Errors
    /// [`Ending`]
    pub fn open(&mut self) -> Result<(), Ending> {
        let Phase::Inside(conversation) = &mut self.phase else { return Ok(()) };
        match conversation.waiting {
            Some(Waiting::Start) => {
                conversation.waiting = None;
                let said = ReadyForQuery(TransactionStatus::Idle).write(&mut self.out.to_client);
                self.watch(said.map_err(Ending::from))
            }
            Some(Waiting::Check) => {
                conversation.waiting = None;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Takes the answer to [`Event::Plan`], and the shapes of the statements where they go on record.
    ///
    /// # Errors
    /// [`Ending`]
    pub fn planned(&mut self, plan: Result<Vec<Planned>, Refusal>, shapes: Vec<Shape>) -> Result<(), Ending> {
        let said = match &mut self.phase {
            Phase::Inside(conversation) => {
                conversation.take_shapes(shapes);
                conversation.planned(plan, &mut self.out)
            }
            Phase::Doorstep(_) | Phase::Proof(_) | Phase::Gate(_) | Phase::Over => Ok(()),
        };
        self.watch(said)
    }

    /// Puts questions to the store on the client's connection, while the client waits for a plan or to be let
    /// in. In a transaction that has failed there is no answer to be had: false, and no event will come.
    ///
    /// # Errors
    /// [`Ending`]
    pub fn ask(&mut self, questions: &[String]) -> Result<bool, Ending> {
        let said = match &mut self.phase {
            Phase::Inside(conversation) if conversation.can_ask() => {
                conversation.ask(Purpose::Caller, questions, &mut self.out).map(|()| true)
            }
            _ => Ok(false),
        };
        self.watch(said)
    }

    /// As [`Session::ask`], behind the locks of [`Event::Guard`], whose answers have no rows and come first. If the store
    /// fails to answer, the client has been told, and what was to be guarded is over.
    ///
    /// # Errors
    /// [`Ending`]
    pub fn ask_locked(&mut self, locks: &[String], questions: &[String]) -> Result<(), Ending> {
        let said = match &mut self.phase {
            Phase::Inside(conversation) => {
                conversation.ask_locked(Purpose::Caller, locks, questions, &mut self.out)
            }
            _ => Ok(()),
        };
        self.watch(said)
    }

    /// Says whether what [`Event::Guard`] was about may run.
    ///
    /// # Errors
    /// [`Ending`]
    pub fn guarded(&mut self, verdict: Verdict) -> Result<(), Ending> {
        let said = match &mut self.phase {
            Phase::Inside(conversation) => conversation.guarded(verdict, &mut self.out),
            _ => Ok(()),
        };
        self.watch(said)
    }

    /// What was planned so far must be planned again: the policy or the catalogue has changed.
    pub fn forget_plans(&self) {
        if let Phase::Inside(conversation) = &self.phase {
            conversation.forget_plans();
        }
    }

    /// Holds the client between two batches, so that [`Session::ask`] can look something up; false if it is in
    /// the middle of something.
    pub fn pause(&mut self) -> bool {
        match &mut self.phase {
            Phase::Inside(conversation) if conversation.is_idle() && !conversation.skipping => {
                conversation.waiting = Some(Waiting::Check);
                true
            }
            _ => false,
        }
    }

    /// Ends the session for a reason that lies outside of it.
    pub fn end(&mut self, ending: &Ending) {
        if !matches!(self.phase, Phase::Over) {
            let unfinished = self.cut_account(ending.reason());
            self.out.events.extend(unfinished.map(Event::Account));
            ending.write(&mut self.out.to_client);
            self.phase = Phase::Over;
        }
    }

    /// The client's path behind all that was sent; `None` where it is not known.
    #[must_use]
    pub fn search_path(&self) -> KnownPath {
        match &self.phase {
            Phase::Inside(conversation) => conversation.path.now().clone(),
            Phase::Doorstep(_) | Phase::Proof(_) | Phase::Gate(_) | Phase::Over => None,
        }
    }

    /// The next thing that the session cannot do by itself.
    pub fn next_event(&mut self) -> Option<Event> {
        self.out.events.pop_front()
    }

    /// Bytes for the client and bytes for the store; what has been sent is to be taken out.
    pub const fn outgoing(&mut self) -> (&mut BytesMut, &mut BytesMut) {
        (&mut self.out.to_client, &mut self.out.to_server)
    }

    /// False while nothing that the client says can be used.
    #[must_use]
    pub fn hears_client(&self) -> bool {
        match &self.phase {
            Phase::Doorstep(doorstep) => !doorstep.awaits_tls(),
            Phase::Proof(_) => true,
            Phase::Gate(gate) => gate.hears_client(),
            Phase::Inside(conversation) => conversation.hears_client(&self.out),
            Phase::Over => false,
        }
    }

    /// False while nothing that the store says can be used.
    #[must_use]
    pub fn hears_server(&self) -> bool {
        match &self.phase {
            Phase::Doorstep(_) | Phase::Proof(_) | Phase::Over => false,
            Phase::Gate(_) => true,
            Phase::Inside(conversation) => conversation.hears_server(&self.out),
        }
    }

    /// True if the client is in no transaction and owed nothing.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(&self.phase, Phase::Inside(conversation) if conversation.is_idle())
            && self.out.to_client.is_empty()
    }

    /// True if the store has not answered all that it was asked.
    #[must_use]
    pub fn is_owed(&self) -> bool {
        matches!(&self.phase, Phase::Inside(conversation) if !conversation.expects.is_empty())
    }

    /// Ends the session where a step says so.
    fn watch<T>(&mut self, said: Result<T, Ending>) -> Result<T, Ending> {
        said.inspect_err(|ending| self.end(ending))
    }
}

impl Conversation {
    /// True if nothing is under way.
    fn is_idle(&self) -> bool {
        self.status == TransactionStatus::Idle
            && self.expects.is_empty()
            && self.waiting.is_none()
            && !self.batch_open
    }

    /// True if a question would be answered now.
    fn can_ask(&self) -> bool {
        let holds = matches!(
            self.waiting,
            Some(Waiting::Start | Waiting::Check | Waiting::Plan(_) | Waiting::Guard(_))
        );
        holds && !self.skipping && self.status != TransactionStatus::Failed
    }
}

#[cfg(test)]
mod tests;
