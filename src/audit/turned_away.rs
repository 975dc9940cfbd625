//! What is on record about clients that were not let in: from where, for which reason, how many.
//!
//! Invariant: a name stands here only if it is that of somebody who may come in. What a stranger types as a name may be
//! anything, a password too.
//! Not here: counting (`front`).

use std::net::IpAddr;

use serde::Serialize;

use super::chain::Body;
use super::entry::rfc3339;

/// Clients that were not let in.
#[derive(Clone, Copy, Debug)]
pub struct TurnedAway<'a> {
    /// The store, by its name in the configuration.
    pub store: &'a str,
    /// From where they came; `None` if from many places.
    pub from: Option<IpAddr>,
    /// The name that they claimed, if it is one that may come in.
    pub claimed: Option<&'a str>,
    /// Why not.
    pub reason: &'static str,
    /// How many.
    pub count: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    kind: &'static str,
    store: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed: Option<&'a str>,
    decision: &'static str,
    reason: &'static str,
    count: u64,
}

impl TurnedAway<'_> {
    /// Prints the line, with the time at which it was made (milliseconds since the Unix epoch).
    #[must_use]
    pub fn body(&self, unix_ms: u64) -> Body {
        let Self { store, from, claimed, reason, count } = *self;
        let (time, kind, decision) = (rfc3339(unix_ms), "login", "refused");
        Body::print(&Line { time, kind, store, from, claimed, decision, reason, count })
    }
}
