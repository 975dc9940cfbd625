//! sfumato softens data until it can be felt but no longer traced.
//!
//! The library is the house; `main.rs` is only its door. Rooms stand on floors and import downward only
//! (`tests/architecture.rs` holds that):
//!
//! ```text
//!  7  cli                        words of the operator, one verb one file
//!  6  app                        bill of materials: config in, running system out
//!  5  front                      sockets, TLS, hyper, tokio: the only async floor
//!  ─────────────────────────     below: no I/O, no ambient clock, plain functions over bytes and values
//!  4  session                    conversations as state machines
//!  3  body, audit                one room per kind of bytes, no doors between rooms
//!  3  sql | body                 one room per kind of bytes, no doors between rooms
//!  2  policy                     Label → Ruling → Plan → Cleared
//!  1  kernel                     ip, pseudonym, token, geo, time, number, text scanner
//!  0  base                       reader that cannot panic, byte budget, secret, clock, metrics
//! ```

#![forbid(unsafe_code)]

pub mod app;
pub mod audit;
pub mod base;
pub mod body;
pub mod cli;
pub mod front;
pub mod kernel;
pub mod policy;
pub mod session;
pub mod sql;
pub mod wire;

#[cfg(test)]
#[expect(unreachable_pub, reason = "shared with tests/")]
#[path = "../tests/support/cluster.rs"]
mod cluster;
