//! Words of the operator, one verb one file.
//!
//! Invariant: what a program reads goes to standard output, what a person reads goes to standard error, and
//! the exit code says how it went: 0 fine, 1 refused or failed, 2 findings, 64 usage.
//! Not here: doing the work.

mod audit;
mod check;
mod demo;
mod explain;
mod keygen;
mod login;
mod matrix;
mod open_files;
mod passwd;
mod report;
mod run;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

/// Soften what passes between data stores and the people who ask them, until nobody can be followed with it.
#[derive(clap::Parser, Debug)]
#[command(name = "sfumato", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// Show it on invented data: before and after, side by side
    Demo(demo::Args),
    /// Serve what a policy file says
    Run(run::Args),
    /// Read a policy file and say what is wrong with it or worth a look
    Check(check::Args),
    /// Say what happens to a field, a request or a statement, by which rule and why
    Explain(explain::Args),
    /// Make a new key file
    Keygen(keygen::Args),
    /// Give a name a password with which it comes in through the proxy
    Passwd(passwd::Args),
    /// Check and read the audit trail
    Audit(audit::Args),
}

/// How a verb ended; what had to be said is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Fine,
    Failed,
    Findings,
}

/// The exit code for arguments that cannot be understood (`EX_USAGE` of sysexits.h).
const USAGE: u8 = 64;

/// Does what `arguments` (the program's own name first) ask for.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Standard error may be closed; then there is nobody to tell.
            let _closed = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let outcome = match &arguments.verb {
        Verb::Demo(args) => demo::run(args),
        Verb::Run(args) => run::run(args),
        Verb::Check(args) => check::run(args),
        Verb::Explain(args) => explain::run(args),
        Verb::Keygen(args) => keygen::run(args),
        Verb::Passwd(args) => passwd::run(args),
        Verb::Audit(args) => audit::run(args),
    };
    match outcome {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::from(1),
        Ok(Outcome::Findings) => ExitCode::from(2),
        // Whoever read the output has seen enough.
        Err(error) if is_broken_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            let _closed = write!(anstream::stderr(), "{}", report::Failure(error.as_ref()));
            ExitCode::from(1)
        }
    }
}

/// What ends a verb early.
type Error = Box<dyn std::error::Error>;

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
