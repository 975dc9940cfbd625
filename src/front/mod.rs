//! Sockets, TLS, hyper and tokio: the only floor that waits.
//!
//! Invariant: nothing is decided here. A front moves bytes between a client, a session and a store, keeps
//! time, and counts.
//! Not here: configuration (`app`), rules (`session`, `policy`).

pub mod admin;
pub mod allowance;
pub mod audit;
pub mod door;
pub mod drain;
pub mod http;
pub mod metrics;
pub mod postgres;
mod seconds;
pub mod spans;
mod stall;
pub mod tls;
pub mod turned_away;
pub mod workers;
