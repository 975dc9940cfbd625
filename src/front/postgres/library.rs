//! Where plans come from: what has to be known of a database, and the planner that knows it.

use std::sync::Arc;
use std::time::Instant;

use crate::audit::Shape;
use crate::policy::Attributes;
use crate::session::postgres::Rows;
use crate::sql::{KnownPath, Planned, Refusal, SessionView};

/// Who asks, and where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Who {
    /// The database user that the store has accepted.
    pub user: String,
    /// Who asks: the same, or the name that was proved here, for whom a service account stands there.
    pub name: String,
    /// What the proof of the name says besides.
    pub attributes: Attributes,
    /// The database.
    pub database: String,
}

/// Knows databases, each as far as it has been asked about. Shared by all sessions of a store.
pub trait Library: Send + Sync {
    /// A question whose answer changes whenever the catalogue does, in a way that matters.
    fn version_question(&self) -> String;

    /// Questions whose answers tell all that planning needs.
    fn catalogue_questions(&self) -> Vec<String>;

    /// A number that changes with the policy.
    fn generation(&self) -> u64;

    /// The role whose rules hold for this client.
    fn role(&self, who: &Who) -> Option<Arc<str>>;

    /// Until when it may be believed that the database is still in this version. `None` if it is to be looked up now,
    /// by the session that asks this: others need not for a moment.
    fn fresh_until(&self, who: &Who, version: &Rows) -> Option<Instant>;

    /// The version in which the database was seen, and its planner, if that may still be believed.
    fn current(&self, who: &Who) -> Option<(Rows, Arc<dyn Plans>)>;

    /// The planner for this client, if the database is known in the version that the answer tells.
    fn find(&self, who: &Who, version: &Rows) -> Option<Arc<dyn Plans>>;

    /// Learns a database from answers to [`Library::catalogue_questions`]; `None` if they make no sense.
    fn learn(&self, who: &Who, version: &Rows, answers: Vec<Rows>) -> Option<Arc<dyn Plans>>;
}

/// Plans statements of one client in one version of one database.
pub trait Plans: Send + Sync {
    /// A number that is its own: what another planner makes of the same text may be something else.
    fn number(&self) -> u64;

    /// Plans every statement of `text`.
    ///
    /// # Errors
    /// [`Refusal`]: nothing of it may be sent.
    fn plan(
        &self,
        text: &str,
        session: &SessionView<'_>,
        parameters: &[u32],
    ) -> Result<Vec<Planned>, Refusal>;

    /// The shapes of the statements of `text`, for the record.
    fn shapes(&self, text: &str) -> Vec<Shape>;
}

/// What a plan depends on besides the text, on its way to another thread.
#[derive(Clone, Debug)]
pub struct OwnedView {
    /// The schemas that the client asked for.
    pub search_path: KnownPath,
    /// The database user.
    pub user: String,
    /// Random per session.
    pub salt: [u8; 16],
    /// Statements go on record.
    pub is_on_record: bool,
}

impl OwnedView {
    /// The view that planners take.
    #[must_use]
    pub fn borrow(&self) -> SessionView<'_> {
        SessionView {
            search_path: self.search_path.as_deref(),
            user: &self.user,
            role: None,
            salt: &self.salt,
        }
    }
}
