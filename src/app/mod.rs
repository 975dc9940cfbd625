//! Bill of materials: the policy file in, a running system out.
//!
//! Not here: what a policy means (`policy`), and how bytes move (`front` and below).

mod audit;
pub mod config;
mod lint;
mod live;
mod places;
mod postgres;
mod run;

pub use lint::{lint, open_files};
pub use live::{Live, LiveError, survey};
pub use run::{Running, StartError, start};
