//! What every floor stands on, and what knows nothing of privacy or protocols.
//!
//! Invariant: nothing here panics on foreign bytes, and nothing here prints a secret.
//! Not here: addresses, policies, sockets.

pub mod budget;
pub mod clock;
pub mod reader;
pub mod scan;
pub mod secret;
