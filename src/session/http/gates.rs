//! The gate for each role, and who goes through which.
//!
//! Invariant: whoever is a member of no role, or has no name, goes through the gate of the store's own rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderMap;

use super::identity::{Identities, Line};
use super::{Gate, Refusal};
use crate::policy::{Role, role_of};

/// All gates of a store.
#[derive(Debug)]
pub struct Gates {
    identities: Identities,
    everybody: Arc<Gate>,
    roles: Vec<Role>,
    by_role: BTreeMap<String, (Arc<str>, Arc<Gate>)>,
}

/// Who asks, in which role, and by which rules.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The name.
    pub who: Option<String>,
    /// The role.
    pub role: Option<Arc<str>>,
    /// The rules.
    pub gate: Arc<Gate>,
}

impl Gates {
    /// One gate for each role, by `gate_of` (which is asked once for those who have none).
    #[must_use]
    pub fn new(identities: Identities, roles: &[Role], gate_of: impl Fn(Option<&str>) -> Gate) -> Self {
        let everybody = Arc::new(gate_of(None));
        let of_role = |role: &Role| {
            let gate = Arc::new(gate_of(Some(&role.name)));
            (role.name.clone(), (Arc::from(role.name.as_str()), gate))
        };
        // Without names nobody is a member of anything.
        let roles = if identities.are_known() { roles } else { &[] };
        let by_role = roles.iter().map(of_role).collect();
        Self { identities, everybody, roles: roles.to_vec(), by_role }
    }

    /// True if answers may differ by who asks.
    #[must_use]
    pub const fn tell_people_apart(&self) -> bool {
        self.identities.are_known()
    }

    /// True if the peer may speak for others.
    #[must_use]
    pub fn takes_word_of(&self, line: Line<'_>) -> bool {
        self.identities.vouching.as_ref().is_some_and(|vouching| vouching.may(line.peer))
    }

    /// The gate of those who have no role.
    #[must_use]
    pub const fn for_everybody(&self) -> &Arc<Gate> {
        &self.everybody
    }

    /// Who asks, at `now_s` seconds since the Unix epoch, and the gate for them.
    ///
    /// # Errors
    /// The [`Refusal`] that the client shall read.
    pub fn show(&self, line: Line<'_>, headers: &HeaderMap, now_s: u64) -> Result<Shown, Refusal> {
        let who = self.identities.who(line, headers, now_s)?;
        let role = who.as_ref().and_then(|who| role_of(&self.roles, &who.name, &who.attributes));
        let (role, gate) = match role.and_then(|role| self.by_role.get(&role.name)) {
            Some((role, gate)) => (Some(Arc::clone(role)), gate),
            None => (None, &self.everybody),
        };
        Ok(Shown { who: who.map(|who| who.name), role, gate: Arc::clone(gate) })
    }
}
