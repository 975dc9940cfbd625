//! `sfumato check`: what is wrong with a policy file, and what is worth a look, there and in a live database.

use std::io::Write as _;
use std::path::PathBuf;

use super::login::LoginArgs;
use super::matrix::Matrix;
use super::{Error, Outcome, open_files, report};
use crate::app::config::{Config, Problem, Report, Severity, Store, StoreKind};
use crate::app::{Live, survey};

/// What `check` takes.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The policy file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// A PostgreSQL store to look at as well, as it is now: whether its fields exist, what looks sensitive and has
    /// no rule, what will be refused, and who could go around the proxy. Reads the catalogue, and of columns without
    /// a rule a sample of which only counts are shown
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
    #[command(flatten)]
    login: LoginArgs,
}

/// Prints errors on standard error (as a failure), findings and a summary on standard output.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let config = report::load(&args.config)?;
    let mut problems = crate::app::lint(&config).problems().to_vec();
    problems.extend(crate::app::open_files(&config, open_files::at_most()));
    let mut looked_at = String::new();
    if let Some(name) = &args.store {
        let store = super::explain::store(&config, name)?;
        let (found, what) = look(store, &args.login)?;
        problems.extend(found);
        looked_at = format!("; {what}");
    }
    let report = Report::new(&config.source, problems);
    let count = |severity| report.problems().iter().filter(|problem| problem.severity == severity).count();
    let (findings, notes) = (count(Severity::Finding), count(Severity::Note));
    let mut out = anstream::stdout();
    write!(out, "{}", report::Shown(&report))?;
    for store in config.stores.iter().filter(|_| !config.roles.is_empty()) {
        writeln!(out, "{}", Matrix::of(&config, store, None))?;
    }
    writeln!(out, "{}: {}{looked_at}; {}", config.source.name, contents(&config), said(findings, notes))?;
    Ok(if findings == 0 { Outcome::Fine } else { Outcome::Findings })
}

/// Looks at a store as it is, and says what was looked at.
fn look(store: &Store, login: &LoginArgs) -> Result<(Vec<Problem>, String), Error> {
    let StoreKind::Postgres(kind) = &store.kind else {
        let message = format!(
            "store `{}` is no PostgreSQL store: there is no catalogue to compare it with",
            store.name
        );
        return Err(message.into());
    };
    let login = login.login()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (problems, columns) = runtime.block_on(async {
        let mut live = Live::connect(store, kind, &login).await?;
        survey(&mut live, store, kind).await
    })?;
    Ok((problems, format!("database {}: {}", login.database, counted(columns, "column"))))
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
