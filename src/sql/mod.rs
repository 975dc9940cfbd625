//! Statement text in, safe statement out.
//!
//! A [`Planner`] reads the client's text, understands it completely or refuses it, and prints another
//! statement that asks the same of a database in which protected columns are coarse:
//!
//! ```text
//! text ─ parse ─ lower ─ resolve ─ label ─ rewrite ─ print ─ parse again, compare ─ Planned
//! ```
//!
//! Invariant: what is sent to a store is always what this room printed, never the client's text.
//! Invariant: a decision depends on the statement, the policy and the catalogue, never on the data.
//! Not here: sockets, messages, sessions, the treatment of result rows.

mod allow;
mod analyse;
mod catalogue;
pub mod coarse;
mod excess;
mod explanation;
mod faithful;
mod ir;
mod late;
mod layout;
mod lineage;
mod lower;
mod parse;
mod path;
mod planner;
mod print;
mod ranges;
mod refusal;
mod rules;
mod seam;
mod shape;
mod slim;
mod statement;

pub use analyse::growth::LONGEST_BYTES;
pub use catalogue::{Catalogue, CatalogueError, CatalogueQuery, QUERIES, Row};
pub use excess::is_excessive;
pub use explanation::{ExplainedColumn, ExplainedField, Explanation, Handling, SALT_PLACEHOLDER, Wording};
pub use parse::planning_thread;
pub use path::{KnownPath, Path, follows_path};
pub use planner::{PINNED_SETTINGS, Planner};
pub use seam::{
    Column, CopyFormat, CopyOut, Effect, Kind, Output, Parameter, ParameterSource, Planned, Refusal,
    SessionView,
};
pub use shape::Word;
