//! Coarse values computed by a real server, against the kernel that computes them here.
//!
//! Every expression has to agree with the kernel on thousands of values, not to change under any session setting, not
//! to raise, to be idempotent, and to consist of immutable functions.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::too_many_lines,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic, shares its support, and holds long tables of values"
)]

#[path = "sql_coarse/addresses.rs"]
mod addresses;
#[path = "sql_coarse/attacks.rs"]
mod attacks;
#[path = "sql_coarse/calm.rs"]
mod calm;
#[path = "support/cluster.rs"]
mod cluster;
#[path = "sql_coarse/containers.rs"]
mod containers;
#[path = "sql_coarse/costs.rs"]
mod costs;
#[path = "sql_coarse/documents.rs"]
mod documents;
#[path = "sql_coarse/lab.rs"]
mod lab;
#[path = "sql_coarse/numbers.rs"]
mod numbers;
#[path = "sql_coarse/planned.rs"]
mod planned;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "sql_coarse/reach.rs"]
mod reach;
#[path = "sql_coarse/texts.rs"]
mod texts;
#[path = "sql_coarse/times.rs"]
mod times;
