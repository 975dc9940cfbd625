//! Looking at the catalogue: whether what is known of the database still holds, and if it does not, learning it anew.
//!
//! Invariant: what was planned under another version is forgotten before anything goes on.
//! Not here: when it is looked at (`desk`), and what the answers mean (`library`).

use std::sync::Arc;

use super::super::Store;
use super::super::library::{Plans, Who};
use super::{Asking, Desk, Known, Planning, no_plan};
use crate::session::postgres::{Ending, Rows, Session, Verdict};
use crate::sql::Refusal;

impl Desk {
    /// Asks whether what is known of the database still holds; false if there is no answer to be had now.
    pub(super) fn ask_version(&mut self, session: &mut Session, store: &Store) -> Result<bool, Ending> {
        self.asking = Asking::Version;
        session.ask(&[store.library.version_question()])
    }

    /// Lets a client in whose database was seen a moment ago; else it is looked at first.
    pub(super) fn begin_session(
        &mut self,
        session: &mut Session,
        store: &Store,
    ) -> Result<Option<Planning>, Ending> {
        let known = self.who.as_ref().filter(|_| !store.settings.is_strict);
        match known.and_then(|who| store.library.current(who)) {
            Some((version, plans)) => self.learnt(version, plans, session, store),
            None => self.ask_version(session, store).map(|_| None),
        }
    }

    pub(super) fn answered(
        &mut self,
        answers: Option<Vec<Rows>>,
        session: &mut Session,
        store: &Store,
    ) -> Result<Option<Planning>, Ending> {
        let unreadable =
            || Ending::Refused { sqlstate: "58000", message: "the store's catalogue cannot be read".into() };
        let who = self.who.clone().ok_or_else(unreadable)?;
        let asking = std::mem::replace(&mut self.asking, Asking::Nothing);
        let (version, plans) = match (answers, asking) {
            (Some(answers), Asking::Version) => {
                let version = answers.into_iter().next().unwrap_or_default();
                match self.find(&who, version, session, store)? {
                    Some(found) => found,
                    None => return Ok(None),
                }
            }
            (Some(mut answers), Asking::Guard(generation)) => {
                let version = answers.pop().unwrap_or_default();
                let isolation = answers.pop().and_then(|rows| rows.into_iter().flatten().next().flatten());
                if !isolation.is_some_and(|level| matches!(&*level, "read committed" | "read uncommitted")) {
                    return session.guarded(Verdict::Refused(old_snapshot())).map(|()| None);
                }
                if version == self.version && generation == self.generation {
                    return session.guarded(Verdict::Holds).map(|()| None);
                }
                self.is_guarding = true;
                match self.find(&who, version, session, store)? {
                    Some(found) => found,
                    None => return Ok(None),
                }
            }
            // The client has the store's error.
            (None, Asking::Guard(_)) => {
                self.must_look = true;
                return Ok(None);
            }
            (None, _) if std::mem::take(&mut self.is_guarding) => {
                self.must_look = true;
                return Ok(None);
            }
            (Some(answers), Asking::Catalogue(version)) => {
                let plans = store.library.learn(&who, &version, answers).ok_or_else(unreadable)?;
                (version, plans)
            }
            // The questions shared the fate of the client's batch.
            _ if self.asked.is_some() => {
                let refused = self.refused.take().unwrap_or_else(no_plan);
                return self.finish(refused, session, store).map(|()| None);
            }
            // A look between two batches was cancelled; there will be another one.
            _ if self.is_open => return session.open().map(|()| None),
            _ => return Err(unreadable()),
        };
        self.learnt(version, plans, session, store)
    }

    /// The planner for a version, if it is known; else it is asked for.
    fn find(
        &mut self,
        who: &Who,
        version: Rows,
        session: &mut Session,
        store: &Store,
    ) -> Result<Option<Known>, Ending> {
        if let Some(plans) = store.library.find(who, &version) {
            return Ok(Some((version, plans)));
        }
        self.asking = Asking::Catalogue(version);
        session.ask(&store.library.catalogue_questions())?;
        Ok(None)
    }

    /// Goes on with what waited for the catalogue: a statement, or the client before the door.
    fn learnt(
        &mut self,
        version: Rows,
        plans: Arc<dyn Plans>,
        session: &mut Session,
        store: &Store,
    ) -> Result<Option<Planning>, Ending> {
        let is_news = version != self.version || self.plans.is_none();
        if is_news {
            (self.version, self.plans) = (version, Some(plans));
            session.forget_plans();
        }
        if std::mem::take(&mut self.is_guarding) {
            return session.guarded(Verdict::Changed).map(|()| None);
        }
        match (&self.asked, self.refused.take()) {
            (None, _) => {
                self.is_open = true;
                session.open().map(|()| None)
            }
            (Some(_), Some(refused)) if !is_news => self.finish(refused, session, store).map(|()| None),
            (Some(_), refused) => {
                if let (Some(asked), Some(plans)) = (&mut self.asked, &self.plans) {
                    asked.planner = plans.number();
                }
                let planning = self.asked.as_ref().and_then(|asked| self.begin(asked, store));
                // It is not looked up again.
                self.refused = refused;
                Ok(planning)
            }
        }
    }
}

/// A transaction that sees the catalogue as it was.
fn old_snapshot() -> Refusal {
    Refusal {
        sqlstate: "0A000",
        message: "a transaction that is not READ COMMITTED is refused where the catalogue is `strict`"
            .to_owned(),
        hint: Some("begin it with ISOLATION LEVEL READ COMMITTED".to_owned()),
        position: None,
    }
}
