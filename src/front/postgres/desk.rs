//! What a session asks for and cannot do itself, apart from moving bytes: knowing the database, planning.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::Store;
use super::cancel::Issued;
use super::library::{OwnedView, Plans, Who};
use super::shelf::Asked;
use super::workshop::Plan;
use crate::session::postgres::{Ending, Event, PlanRequest, Rows, Session, Verdict};
use crate::sql::Refusal;
use crate::wire::postgres::frontend::{CancelKey, tag};

/// A planner's answer on its way.
pub(super) type Planning = oneshot::Receiver<Plan>;

/// Beyond this level the answer about the version is as old as the transaction.
const ISOLATION_QUESTION: &str = "SELECT pg_catalog.current_setting('transaction_isolation')";

/// What the session's questions to the store are for.
enum Asking {
    Nothing,
    Version,
    /// The version, for a plan that is about to be run under the policy of this generation.
    Guard(u64),
    Catalogue(Rows),
}

/// A version of the catalogue, and the planner for it.
type Known = (Rows, Arc<dyn Plans>);

/// The clerk of one session.
pub(super) struct Desk {
    issued: Issued,
    salt: [u8; 16],
    /// Its number on the shelf.
    number: u64,
    who: Option<Who>,
    /// Who asks.
    name: Arc<str>,
    version: Rows,
    generation: u64,
    plans: Option<Arc<dyn Plans>>,
    asking: Asking,
    is_open: bool,
    /// What was planned waits to be run, and something has to be learnt before.
    is_guarding: bool,
    /// The store did not say whether a plan holds: it is asked at the next opportunity.
    must_look: bool,
    /// It was asked for what the client says now.
    has_looked: bool,
    /// Until then the catalogue is not looked at; `None` if it was not found out yet.
    fresh_until: Option<Instant>,
    /// The statement that is being planned.
    asked: Option<Asked>,
    /// How it was refused, while it is looked up whether the catalogue has changed.
    refused: Option<Plan>,
}

impl Desk {
    /// A session and its clerk; `None` if there is no randomness to be had.
    pub(super) fn open(store: &Store) -> Option<(Session, Self)> {
        let issued = store.cancels.issue()?;
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).ok()?;
        let session = Session::new(store.settings.clone(), issued.key);
        let desk = Self {
            issued,
            salt,
            number: store.shelf.number(),
            who: None,
            name: "".into(),
            version: Rows::new(),
            generation: store.library.generation(),
            plans: None,
            asking: Asking::Nothing,
            is_open: false,
            is_guarding: false,
            must_look: false,
            has_looked: false,
            fresh_until: None,
            asked: None,
            refused: None,
        };
        Some((session, desk))
    }

    /// Remembers who has come.
    pub(super) fn welcome(&mut self, who: Who) {
        self.name = who.name.as_str().into();
        self.who = Some(who);
    }

    /// The name of who has come.
    pub(super) fn name(&self) -> Option<&str> {
        self.who.as_ref().map(|who| who.name.as_str())
    }

    /// The store's key for this session, if there is one.
    pub(super) fn store_key(&self, store: &Store) -> Option<CancelKey> {
        store.cancels.find(self.issued.key)
    }

    /// True once the client has been let in.
    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Notices a new policy: what was planned under the old one is planned again.
    pub(super) fn heed_policy(&mut self, session: &Session, store: &Store) {
        let generation = store.library.generation();
        if generation != self.generation {
            self.generation = generation;
            self.plans = self.who.as_ref().and_then(|who| store.library.find(who, &self.version));
            session.forget_plans();
        }
    }

    /// Looks from time to time whether the catalogue has changed, before the client is heard again; where it is strict,
    /// each time but before a Query, which is planned again if it has to be.
    pub(super) fn heed_catalogue(
        &mut self,
        said: &[u8],
        session: &mut Session,
        store: &Store,
    ) -> Result<(), Ending> {
        if said.is_empty() {
            return Ok(());
        }
        let must_look = self.must_look || store.settings.is_strict && said.first() != Some(&tag::QUERY);
        let is_fresh = !must_look && self.fresh_until.is_some_and(|until| Instant::now() < until);
        if is_fresh || !self.is_open || !session.pause() {
            return Ok(());
        }
        if std::mem::take(&mut self.has_looked) {
            return session.open();
        }
        // Only a session that can look asks the library, which then has others wait for it.
        let known = self.who.as_ref().filter(|_| !must_look);
        (self.must_look, self.has_looked) = (false, must_look);
        self.fresh_until = known.and_then(|who| store.library.fresh_until(who, &self.version));
        if self.fresh_until.is_some() || !self.ask_version(session, store)? {
            session.open()?;
        }
        Ok(())
    }

    /// Does what an event asks for.
    pub(super) fn attend(
        &mut self,
        event: Event,
        session: &mut Session,
        store: &Store,
    ) -> Result<Option<Planning>, Ending> {
        match event {
            Event::StoreKey(key) => self.issued.stands_for(key),
            Event::Authenticated => return self.begin_session(session, store),
            Event::Plan(request) => return self.plan(request, session, store),
            Event::Guard { locks } => {
                self.asking = Asking::Guard(self.generation);
                session
                    .ask_locked(&locks, &[ISOLATION_QUESTION.to_owned(), store.library.version_question()])?;
            }
            Event::Answers(answers) => return self.answered(answers, session, store),
            Event::Connect { .. } | Event::Cancel(_) | Event::Account(_) => {}
        }
        Ok(None)
    }

    /// Asks whether what is known of the database still holds; false if there is no answer to be had now.
    fn ask_version(&mut self, session: &mut Session, store: &Store) -> Result<bool, Ending> {
        self.asking = Asking::Version;
        session.ask(&[store.library.version_question()])
    }

    fn plan(
        &mut self,
        request: PlanRequest,
        session: &mut Session,
        store: &Store,
    ) -> Result<Option<Planning>, Ending> {
        let planner = self.plans.as_ref().map_or(0, |plans| plans.number());
        let mut asked = Asked::new(request, session.search_path(), planner, Arc::clone(&self.name));
        if self.plans.is_some()
            && let Some(plan) = store.shelf.find(&mut asked, self.number)
            && let Ok(planned) = &plan.planned
        {
            store.metrics.answered.inc();
            session.planned(Ok(planned.clone()), plan.shapes.clone())?;
            return Ok(None);
        }
        let planning = self.begin(&asked, store);
        self.asked = Some(asked);
        if planning.is_none() && !self.ask_version(session, store)? {
            self.finish(no_plan(), session, store)?;
        }
        Ok(planning)
    }

    /// Has a statement planned; `None` while the database is not known.
    fn begin(&self, asked: &Asked, store: &Store) -> Option<Planning> {
        let (plans, who) = (self.plans.clone()?, self.who.as_ref()?);
        let view = OwnedView {
            search_path: asked.path.clone(),
            user: who.user.clone(),
            salt: self.salt,
            is_on_record: store.settings.is_on_record,
        };
        Some(store.workshop.plan(plans, view, asked.request.clone()))
    }

    /// Hands a plan to the session. A name that is not known may be new: it is looked up once. What was planned while the
    /// policy changed is planned again.
    pub(super) fn planned(
        &mut self,
        plan: Plan,
        session: &mut Session,
        store: &Store,
    ) -> Result<Option<Planning>, Ending> {
        self.heed_policy(session, store);
        let planner = self.plans.as_ref().map(|plans| plans.number());
        if self.asked.as_ref().is_some_and(|asked| Some(asked.planner) != planner)
            && let Some(asked) = self.asked.take()
        {
            self.refused = None;
            return self.plan(asked.request, session, store);
        }
        match &plan {
            Plan { planned: Err(refusal), .. } if is_unknown_name(refusal) && self.refused.is_none() => {
                if self.ask_version(session, store)? {
                    self.refused = Some(plan);
                    return Ok(None);
                }
                self.finish(plan, session, store)
            }
            _ => self.finish(plan, session, store),
        }
        .map(|()| None)
    }

    fn finish(&mut self, plan: Plan, session: &mut Session, store: &Store) -> Result<(), Ending> {
        (self.asking, self.refused) = (Asking::Nothing, None);
        let plan = Arc::new(plan);
        if let Some(asked) = self.asked.take() {
            store.shelf.keep(asked, Arc::clone(&plan), (self.number, &self.salt));
        }
        match &plan.planned {
            Ok(_) => {
                store.metrics.answered.inc();
            }
            Err(refusal) => {
                tracing::info!(store = store.name, sqlstate = refusal.sqlstate, "refused");
                store.metrics.refused(refusal.sqlstate);
            }
        }
        session.planned(plan.planned.clone(), plan.shapes.clone())
    }

    /// Lets a client in whose database was seen a moment ago; else it is looked at first.
    fn begin_session(&mut self, session: &mut Session, store: &Store) -> Result<Option<Planning>, Ending> {
        let known = self.who.as_ref().filter(|_| !store.settings.is_strict);
        match known.and_then(|who| store.library.current(who)) {
            Some((version, plans)) => self.learnt(version, plans, session, store),
            None => self.ask_version(session, store).map(|_| None),
        }
    }

    fn answered(
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

/// True if the refusal says that something does not exist.
fn is_unknown_name(refusal: &Refusal) -> bool {
    matches!(refusal.sqlstate, "42P01" | "42703" | "42883" | "42704" | "3F000")
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

/// What stands for a plan whose making failed in a way that must not happen.
pub(super) fn no_plan() -> Plan {
    let refusal = Refusal {
        sqlstate: "53000",
        message: "the statement could not be planned now".to_owned(),
        hint: None,
        position: None,
    };
    Plan { planned: Err(refusal), shapes: Vec::new() }
}
