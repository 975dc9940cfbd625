//! Along which `search_path` statements are planned, and along which they run.
//!
//! What changes the path is followed from message to message, so that what stands behind it in the same query or batch is
//! planned for what will hold there; at the end of the batch the store says what holds. If a statement fails, the store skips
//! what stands behind it.
//!
//! Invariant: nothing is sent to run along a path that it was not planned for, nor along one that is not certain.
//! Not here: what a statement does to the path ([`crate::sql::Path`]).

use std::sync::Arc;

use super::ask::Purpose;
use super::conversation::{Conversation, Outbox, Waiting};
use super::expect::Expect;
use super::refusal::{Ending, Fault, midway, stale};
use super::settings;
use super::statements::Statement;
use crate::sql::{Effect, Kind, KnownPath, Path, Refusal, follows_path};
use crate::wire::postgres::backend::TransactionStatus;

/// The client's path.
#[derive(Debug, Default)]
pub(super) struct Followed {
    /// Behind all that was sent.
    path: Path,
    /// What the store said last.
    told: KnownPath,
    /// A statement that may change it was sent in the current transaction.
    is_touched: bool,
    /// One was sent since the store has said what holds.
    is_unsure: bool,
    /// One is run in the batch that is open.
    has_moved: bool,
}

impl Followed {
    /// As the session begins.
    pub(super) fn begin(&mut self, path: Vec<String>) {
        self.told = Some(path.into());
        self.path = Path::at(self.told.clone());
    }

    /// What holds behind all that was sent.
    pub(super) const fn now(&self) -> &KnownPath {
        self.path.now()
    }

    /// A batch is at its end.
    pub(super) const fn end_batch(&mut self) {
        self.has_moved = false;
    }

    /// True if the path may be another one after the statement.
    fn is_moved_by(&self, statement: &Statement) -> bool {
        let kind = &statement.planned.kind;
        let ends_block = matches!(kind, Kind::Utility { tag: "COMMIT" | "ROLLBACK" });
        touches(kind) || (self.is_touched && ends_block)
    }

    /// A statement that may change it is sent: it will be asked for.
    fn touch(&mut self, statement: &Statement) -> bool {
        let moves = self.is_moved_by(statement);
        self.is_touched |= moves;
        self.is_unsure |= moves;
        moves
    }
}

impl Conversation {
    /// Waits until all is answered, and until it is known which path holds.
    pub(super) fn hold_for_search_path(&mut self) {
        if self.path.is_touched {
            self.waiting = Some(Waiting::SearchPath);
        }
    }

    /// Goes on when all is answered: asks which path the client has now, if anything may have changed it.
    pub(super) fn look_for_search_path(&mut self, out: &mut Outbox) -> Result<(), Ending> {
        if self.path.is_touched && self.status == TransactionStatus::Failed {
            let told = self.path.told.clone();
            self.path.path.fail(told);
        }
        if !matches!(self.waiting, Some(Waiting::SearchPath)) || !self.expects.is_empty() {
            return Ok(());
        }
        if self.path.is_unsure && self.status != TransactionStatus::Failed {
            return self.ask(Purpose::SearchPath, &[settings::path_question()], out);
        }
        self.waiting = None;
        Ok(())
    }

    /// Takes the answer; none if the store could not say: nothing that needs the path runs before it can.
    pub(super) fn take_search_path(&mut self, word: Option<&str>) -> Result<(), Ending> {
        self.waiting = None;
        let Some(word) = word else {
            if self.status != TransactionStatus::Failed {
                self.path.path = Path::default();
            }
            return Ok(());
        };
        let path: Vec<String> = settings::read_path(word).ok_or(Ending::server(Fault::Setting))?;
        let followed = &mut self.path;
        followed.told = Some(path.into());
        followed.is_unsure = false;
        followed.is_touched = self.status != TransactionStatus::Idle;
        let told = followed.told.clone();
        followed.path = match self.status {
            TransactionStatus::Idle => Path::at(told),
            _ => std::mem::take(&mut followed.path).told(told),
        };
        Ok(())
    }

    /// Why the statements of a Query must not be sent, if one would run along another path than its own.
    pub(super) fn strays(&self, statements: &[Arc<Statement>]) -> Option<Refusal> {
        let (mut path, mut has_moved) = (self.path.path.clone(), self.path.has_moved);
        for statement in statements {
            let by_name = matches!(
                statement.planned.kind,
                Kind::Session(Effect::Execute { .. } | Effect::Fetch { .. })
            );
            // What it names may be made in the same text, along another path.
            if is_astray(statement, path.now()) || (by_name && has_moved) {
                return Some(midway());
            }
            if self.names.runs_stale(statement, path.now()) {
                return Some(stale());
            }
            path.step(&statement.planned.kind, &statement.planned.sql);
            has_moved |= self.path.is_moved_by(statement);
        }
        None
    }

    /// Why a statement must not be prepared now.
    pub(super) fn strays_from_parse(&self, statement: &Statement) -> Option<Refusal> {
        is_astray(statement, self.path.now()).then(midway)
    }

    /// Why a prepared statement must not be bound now.
    pub(super) fn strays_from_bind(&self, statement: &Statement) -> Option<Refusal> {
        let now = self.path.now();
        let by_name =
            matches!(statement.planned.kind, Kind::Session(Effect::Execute { .. } | Effect::Fetch { .. }));
        if follows_path(&statement.planned.kind) && (now.is_none() || by_name && self.path.has_moved) {
            return Some(midway());
        }
        is_astray(statement, now).then(stale)
    }

    /// True if a statement, or the one that it runs by its name, was planned under what holds no more.
    pub(super) fn is_stale(&self, statement: &Statement) -> bool {
        statement.is_stale() || self.names.runs_stale(statement, self.path.now())
    }

    /// Follows a Query that is sent.
    pub(super) fn follow_query(&mut self, statements: &[Arc<Statement>]) {
        for statement in statements {
            self.path.touch(statement);
            self.path.path.step(&statement.planned.kind, &statement.planned.sql);
        }
        self.path.end_batch();
    }

    /// Notes a Bind that is sent: the portal may change the path when it is run.
    pub(super) fn follow_bind(&mut self, statement: &Statement) {
        self.path.touch(statement);
    }

    /// Follows an Execute that is about to be sent; a refusal if it must not be.
    pub(super) fn follow_execute(&mut self, portal: &[u8]) -> Option<Refusal> {
        if !self.path.is_touched {
            return None;
        }
        let statement = self.bound_to(portal)?;
        if is_astray(&statement, self.path.now()) {
            return Some(midway());
        }
        if self.path.touch(&statement) {
            self.path.has_moved = true;
            self.path.path.step(&statement.planned.kind, &statement.planned.sql);
        }
        None
    }

    /// What a portal will run when all that was sent is done.
    fn bound_to(&self, name: &[u8]) -> Option<Arc<Statement>> {
        let sent = self.expects.iter().rev().find_map(|expect| match expect {
            Expect::Bind { portal, statement, .. } if **portal == *name => Some(statement),
            _ => None,
        });
        sent.or_else(|| self.names.portals.get(name).map(|portal| &portal.statement)).map(Arc::clone)
    }
}

/// True if a statement that is planned along one path would run along another.
fn is_astray(statement: &Statement, now: &KnownPath) -> bool {
    let planned = &statement.planned;
    follows_path(&planned.kind) && (planned.path.is_none() || planned.path != *now)
}

/// True if the effect may change the path.
const fn touches(kind: &Kind) -> bool {
    matches!(kind, Kind::Session(Effect::SearchPath { .. } | Effect::Discard | Effect::ResetAll))
}
