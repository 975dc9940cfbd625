//! `sfumato check`: what is wrong with a policy file, and what is worth a look.

use std::io::Write as _;
use std::path::PathBuf;

use super::{Error, Outcome, report};
use crate::app::config::{Config, Severity, StoreKind};

/// What `check` takes.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The policy file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Prints errors on standard error (as a failure), findings and a summary on standard output.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let config = report::load(&args.config)?;
    let lint = crate::app::lint(&config);
    let count = |severity| lint.problems().iter().filter(|problem| problem.severity == severity).count();
    let (findings, notes) = (count(Severity::Finding), count(Severity::Note));
    let mut out = anstream::stdout();
    write!(out, "{}", report::Shown(&lint))?;
    writeln!(out, "{}: {}; {}", config.source.name, contents(&config), said(findings, notes))?;
    Ok(if findings == 0 { Outcome::Fine } else { Outcome::Findings })
}

fn contents(config: &Config) -> String {
    let fields = config.stores.iter().map(|store| match &store.kind {
        StoreKind::Http(http) => http.policy.fields.len(),
        StoreKind::Postgres(postgres) => postgres.policy.fields.len(),
    });
    let stores = counted(config.stores.len(), "store");
    format!("{stores}, {}, {}", counted(fields.sum(), "field"), counted(config.roles.len(), "role"))
}

fn said(findings: usize, notes: usize) -> String {
    match (findings, notes) {
        (0, 0) => "nothing to mend".to_owned(),
        (0, notes) => format!("nothing to mend, {}", counted(notes, "note")),
        (findings, 0) => counted(findings, "finding"),
        (findings, notes) => format!("{}, {}", counted(findings, "finding"), counted(notes, "note")),
    }
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
