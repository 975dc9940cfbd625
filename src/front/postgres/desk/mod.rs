//! What a session asks for and cannot do itself, apart from moving bytes: knowing the database, planning.

mod look;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::Store;
use super::cancel::Issued;
use super::library::{OwnedView, Plans, Who};
use super::shelf::Asked;
use super::workshop::Plan;
use crate::session::postgres::{Ending, Event, PlanRequest, Rows, Session};
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
    /// When a plan that is not made yet was asked for.
    planning_since: Option<Instant>,
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
            planning_since: None,
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
            Event::Connect { .. } | Event::Cancel(_) | Event::Account(_) | Event::Withheld(_) => {}
        }
        Ok(None)
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
            store.metrics.plans_found.inc();
            store.metrics.planned(planned);
            session.planned(Ok(planned.clone()), plan.shapes.clone())?;
            return Ok(None);
        }
        if self.planning_since.is_none() {
            store.metrics.plans_missed.inc();
            self.planning_since = Some(Instant::now());
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
        let took = self.planning_since.take().map(|since| since.elapsed());
        if let Some(took) = took {
            store.metrics.planning.observe(took);
        }
        let plan = Arc::new(plan);
        if let Some(asked) = self.asked.take() {
            store.shelf.keep(asked, Arc::clone(&plan), (self.number, &self.salt));
        }
        match &plan.planned {
            Ok(planned) => store.metrics.planned(planned),
            Err(refusal) => {
                tracing::info!(store = store.name, sqlstate = refusal.sqlstate, "refused");
                store.metrics.refused_statement(took.unwrap_or_default(), refusal.sqlstate);
            }
        }
        session.planned(plan.planned.clone(), plan.shapes.clone())
    }
}

/// True if the refusal says that something does not exist.
fn is_unknown_name(refusal: &Refusal) -> bool {
    matches!(refusal.sqlstate, "42P01" | "42703" | "42883" | "42704" | "3F000")
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
