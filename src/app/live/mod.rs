//! A database of a store as it is now, for `explain` and `check`: with a connection of the operator's own.
//!
//! Invariant: what is read of tables stays here; only names and counts come out.

mod survey;

use std::sync::Arc;
use std::time::Duration;

use super::config::{PostgresStore, Store};
use super::postgres::upstream;
use crate::front::postgres::{Login, Own, OwnError};
use crate::policy::SqlPlans;
use crate::session::postgres::Rows;
use crate::sql::{Catalogue, CatalogueError, PINNED_SETTINGS, Planner, QUERIES};

pub use survey::survey;

/// Why a database cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// It does not answer.
    #[error("store `{store}`: {cause}")]
    Store {
        /// The store.
        store: String,
        /// Why not.
        cause: OwnError,
    },
    /// Its catalogue is not understood.
    #[error("store `{store}`: {cause}")]
    Catalogue {
        /// The store.
        store: String,
        /// Why not.
        cause: CatalogueError,
    },
}

/// A database that is being looked at.
pub struct Live {
    store: String,
    own: Own,
    catalogue: Arc<Catalogue>,
}

impl Live {
    /// Connects and reads the catalogue.
    ///
    /// # Errors
    /// [`LiveError`].
    pub async fn connect(store: &Store, kind: &PostgresStore, login: &Login) -> Result<Self, LiveError> {
        let failed = |cause| LiveError::Store { store: store.name.clone(), cause };
        let patience = Duration::from_millis(store.timeouts.upstream_timeout_ms);
        let settings: Vec<_> =
            PINNED_SETTINGS.iter().copied().chain([("default_transaction_read_only", "on")]).collect();
        let mut own = Own::open(&upstream(kind), login, &settings, patience).await.map_err(failed)?;
        let mut answers = Vec::with_capacity(QUERIES.len());
        own.ask("BEGIN").await.map_err(failed)?;
        for question in &QUERIES {
            answers.push(own.ask(question.text).await.map_err(failed)?);
        }
        own.ask("COMMIT").await.map_err(failed)?;
        let catalogue = Catalogue::load(&answers)
            .map_err(|cause| LiveError::Catalogue { store: store.name.clone(), cause })?;
        Ok(Self { store: store.name.clone(), own, catalogue: Arc::new(catalogue) })
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &str {
        self.catalogue.database()
    }

    /// A planner for what `plans` decide.
    #[must_use]
    pub fn planner(&self, plans: &SqlPlans) -> Planner {
        Planner::new(Arc::clone(&self.catalogue), plans.clone())
    }

    async fn ask(&mut self, question: &str) -> Result<Rows, LiveError> {
        self.try_ask(question).await?.map_err(|cause| self.failed(cause))
    }

    /// Asks what this login may not be allowed to ask: the inner error is the server's refusal.
    async fn try_ask(&mut self, question: &str) -> Result<Result<Rows, OwnError>, LiveError> {
        match self.own.ask(question).await {
            Err(cause @ OwnError::Refused(_)) => Ok(Err(cause)),
            asked => asked.map(Ok).map_err(|cause| self.failed(cause)),
        }
    }

    fn failed(&self, cause: OwnError) -> LiveError {
        LiveError::Store { store: self.store.clone(), cause }
    }
}
