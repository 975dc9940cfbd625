//! What a session asks for and cannot do itself, apart from moving bytes: knowing the database, planning.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::Store;
use super::cancel::Issued;
use super::library::{OwnedView, Plans, Who};
use super::workshop::Plan;
use crate::session::postgres::{Ending, Event, PlanRequest, Rows, Session};
use crate::sql::Refusal;

/// A planner's answer on its way.
pub(super) type Planning = oneshot::Receiver<Plan>;

/// What the session's questions to the store are for.
enum Asking {
    Nothing,
    Version,
    Catalogue(Rows),
}

/// The clerk of one session.
pub(super) struct Desk {
    issued: Issued,
    salt: [u8; 16],
    who: Option<Who>,
    plans: Option<Arc<dyn Plans>>,
    asking: Asking,
    is_open: bool,
    /// The statement that is being planned.
    request: Option<PlanRequest>,
    /// Its refusal, while it is looked up whether the catalogue has changed.
    refusal: Option<Refusal>,
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
            who: None,
            plans: None,
            asking: Asking::Nothing,
            is_open: false,
            request: None,
            refusal: None,
        };
        Some((session, desk))
    }

    /// Remembers who has come.
    pub(super) fn welcome(&mut self, user: String, database: String) {
        self.who = Some(Who { user, database });
    }

    /// True once the client has been let in.
    pub(super) const fn is_open(&self) -> bool {
        self.is_open
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
            Event::Authenticated => {
                self.ask(session, Asking::Version, &[store.library.version_question()])?;
            }
            Event::Plan(request) => return Ok(self.plan(request, session, store)),
            Event::Answers(answers) => return self.answered(answers, session, store),
            Event::Connect { .. } | Event::Cancel(_) => {}
        }
        Ok(None)
    }

    fn ask(&mut self, session: &mut Session, asking: Asking, questions: &[String]) -> Result<bool, Ending> {
        self.asking = asking;
        session.ask(questions)
    }

    fn plan(&mut self, request: PlanRequest, session: &Session, store: &Store) -> Option<Planning> {
        let (plans, who) = (self.plans.clone()?, self.who.as_ref()?);
        let view = OwnedView {
            search_path: session.search_path().map(<[String]>::to_vec),
            user: who.user.clone(),
            salt: self.salt,
        };
        self.request = Some(request.clone());
        Some(store.workshop.plan(plans, view, request))
    }

    /// Hands a plan to the session. A name that is not known may be new: it is looked up once.
    pub(super) fn planned(&mut self, plan: Plan, session: &mut Session, store: &Store) -> Result<(), Ending> {
        match plan {
            Err(refusal) if is_unknown_name(&refusal) && self.request.is_some() => {
                if self.ask(session, Asking::Version, &[store.library.version_question()])? {
                    self.refusal = Some(refusal);
                    return Ok(());
                }
                self.asking = Asking::Nothing;
                session.planned(Err(refusal))
            }
            plan => {
                self.request = None;
                session.planned(plan)
            }
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
        let asked = std::mem::replace(&mut self.asking, Asking::Nothing);
        let plans = match (answers, asked) {
            (Some(answers), Asking::Version) => {
                let version = answers.into_iter().next().unwrap_or_default();
                match store.library.find(&who, &version) {
                    Some(plans) => plans,
                    None => {
                        let questions = store.library.catalogue_questions();
                        self.ask(session, Asking::Catalogue(version), &questions)?;
                        return Ok(None);
                    }
                }
            }
            (Some(answers), Asking::Catalogue(version)) => {
                store.library.learn(&who, &version, answers).ok_or_else(unreadable)?
            }
            // The questions shared the fate of the client's batch.
            _ => match self.refusal.take() {
                Some(refusal) => return session.planned(Err(refusal)).map(|()| None),
                None => return Err(unreadable()),
            },
        };
        let is_news = !self.plans.as_ref().is_some_and(|known| Arc::ptr_eq(known, &plans));
        self.plans = Some(plans);
        match (self.refusal.take(), self.request.take()) {
            (Some(_), Some(request)) if is_news => {
                let planning = self.plan(request, session, store);
                self.request = None;
                Ok(planning)
            }
            (Some(refusal), _) => session.planned(Err(refusal)).map(|()| None),
            (None, _) => {
                self.is_open = true;
                session.open().map(|()| None)
            }
        }
    }
}

/// True if the refusal says that something does not exist.
fn is_unknown_name(refusal: &Refusal) -> bool {
    matches!(refusal.sqlstate, "42P01" | "42703" | "42883" | "42704" | "3F000")
}

/// What stands for a plan whose making failed in a way that must not happen.
pub(super) fn no_plan() -> Refusal {
    Refusal {
        sqlstate: "53000",
        message: "the statement could not be planned now".to_owned(),
        hint: None,
        position: None,
    }
}
