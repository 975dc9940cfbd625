//! Which treatment for which value, and why: [`Label`] → [`Ruling`] → [`Plan`] → [`Cleared`].
//!
//! Invariant: a decision depends on the policy and on what a value *is*, never on the value. Only
//! [`apply`] makes a [`Cleared`], and the encoders that write to a client accept nothing else.
//! Not here: protocols, SQL, sockets, files.

mod apply;
mod label;
mod plan;
mod ruling;

pub use apply::{Cleared, apply};
pub use label::Label;
pub use plan::{Plan, PlanBuilder, State};
pub use ruling::{Rule, Ruling};
