//! The account that stands at the store for everybody whose identity ends here.

use std::fmt;

use zeroize::Zeroizing;

use super::login::Prover;
use crate::front::postgres::upstream::Link;

/// A database user and its password.
#[derive(Clone)]
pub struct Service {
    /// The user.
    pub user: String,
    /// The password, if the store asks for one.
    pub password: Option<Zeroizing<String>>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Service {
    /// Answers a store at the other end of `link`. Whoever listens to a plain connection could ask for the password in
    /// clear, and does not get it.
    pub(in crate::front::postgres) fn prover(&self, link: &Link) -> Prover {
        let prover = Prover::new(&self.user, self.password.as_ref(), link.end_point());
        if link.is_private() { prover } else { prover.without_clear_text() }
    }
}
