//! `sfumato audit`: does the trail hold, and who asked about what.

mod show;
mod trail;
mod verify;

use std::path::PathBuf;

use super::{Error, Outcome};

/// What `audit` takes.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// Find every line that was changed, removed, moved or inserted
    Verify(verify::Args),
    /// Show who asked what, and of whom
    Show(show::Args),
}

/// The trail that is meant.
#[derive(clap::Args, Debug)]
struct Which {
    /// The trail; files that were put aside (FILE.00000000000000000042) are read before it
    file: PathBuf,
    /// The policy file, for the keys that the MACs are checked with
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs, an object a line
    Json,
}

/// Checks or shows a trail.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    match &args.verb {
        Verb::Verify(args) => verify::run(args),
        Verb::Show(args) => show::run(args),
    }
}
