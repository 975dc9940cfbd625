//! `sfumato explain`: what happens to a field, a request or a statement, by which rule and why.
//!
//! Invariant: nothing but the catalogue is asked of a store, and no raw identifier that a token stands for is shown.

mod http;
mod sql;

use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;

use anstyle::Style;

pub(super) use http::governing;

use super::login::LoginArgs;
use super::matrix::Matrix;
use super::{Error, Outcome, report};
use crate::app::config::{Config, Store, StoreKind, nearest};

/// What `explain` takes.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The policy file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The store that is asked
    #[arg(long, value_name = "NAME")]
    store: String,
    /// The role of the one who asks
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    #[command(flatten)]
    login: LoginArgs,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// PostgreSQL stores: show the statement with every expression, as `--json` does
    #[arg(long)]
    whole: bool,
    /// HTTP: a value of an answer (`$.items[3].ip`), a header (`header:x-client-ip`), or a request
    /// (`GET /v1/logins?limit=5`). PostgreSQL: a statement. Without it: what each field becomes, by role
    query: Option<String>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, Default)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// The answer.
#[derive(Debug, serde::Serialize)]
struct Explanation {
    store: String,
    role: Option<String>,
    query: String,
    /// For a request: whether it would be sent on.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Request>,
    decisions: Vec<Decision>,
}

/// What happens to a request.
#[derive(Debug, serde::Serialize)]
struct Request {
    /// The route that it takes, if it takes one.
    route: Option<String>,
    /// Which records of the answer are read, if not all.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<String>,
    is_admitted: bool,
    /// The reason of a refusal, as a fixed word.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

/// What happens to a value, and why.
#[derive(Debug, serde::Serialize)]
struct Decision {
    /// The value that is meant: a path, a header or a parameter.
    value: String,
    /// What it is, in the words of the policy.
    label: String,
    treatment: String,
    /// The treatment with its parameters.
    summary: String,
    rule: String,
    /// File and line of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<String>,
    why: Vec<String>,
}

/// There is nothing to explain.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExplainError {
    /// No store has this name.
    #[error("there is no store `{name}`; {help}")]
    UnknownStore {
        /// What was asked for.
        name: String,
        /// What there is.
        help: String,
    },
    /// No role has this name.
    #[error("there is no role `{name}`; {help}")]
    UnknownRole {
        /// What was asked for.
        name: String,
        /// What there is.
        help: String,
    },
    /// The query is none.
    #[error("`{query}` is nothing that can be explained: {reason}")]
    Query {
        /// What was asked for.
        query: String,
        /// Why not, and what could be.
        reason: String,
    },
}

/// Prints the explanation on standard output; what would be refused counts as refused.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let config = report::load(&args.config)?;
    let store = store(&config, &args.store)?;
    if let Some(role) = &args.role {
        known_role(&config, role)?;
    }
    let role = args.role.as_deref();
    let Some(query) = &args.query else {
        return print(args, false, &Matrix::of(&config, store, role));
    };
    match &store.kind {
        StoreKind::Http(kind) => {
            let (request, decisions) = http::explain(&config, kind, role, query)?;
            let is_refused = request.as_ref().is_some_and(|request| !request.is_admitted);
            let (store, role, query) = (args.store.clone(), args.role.clone(), query.clone());
            print(args, is_refused, &Explanation { store, role, query, request, decisions })
        }
        StoreKind::Postgres(kind) => {
            let answer = sql::explain(&config, store, kind, args, query)?;
            print(args, answer.is_refused(), &answer)
        }
    }
}

fn print(
    args: &Args,
    is_refused: bool,
    answer: &(impl fmt::Display + serde::Serialize),
) -> Result<Outcome, Error> {
    let mut out = anstream::stdout();
    match args.format {
        Format::Text if !args.json => write!(out, "{answer}")?,
        _ => writeln!(out, "{}", serde_json::to_string_pretty(answer)?)?,
    }
    Ok(if is_refused { Outcome::Failed } else { Outcome::Fine })
}

/// The store of this name.
pub(super) fn store<'a>(config: &'a Config, name: &str) -> Result<&'a Store, ExplainError> {
    let names = || config.stores.iter().map(|store| store.name.as_str());
    let found = config.stores.iter().find(|store| store.name == name);
    found.ok_or_else(|| ExplainError::UnknownStore { name: name.to_owned(), help: suggestion(name, names) })
}

fn known_role(config: &Config, name: &str) -> Result<(), ExplainError> {
    let names = || config.roles.iter().map(|role| role.name.as_str());
    if names().any(|known| known == name) {
        return Ok(());
    }
    Err(ExplainError::UnknownRole { name: name.to_owned(), help: suggestion(name, names) })
}

fn suggestion<'a, Names: Iterator<Item = &'a str>>(name: &str, names: impl Fn() -> Names) -> String {
    match nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names().next().is_none() => "the policy file has none".to_owned(),
        None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
    }
}

/// With ANSI styles, for `anstream`.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = self.role.as_deref().map_or("without a role".to_owned(), |role| format!("as `{role}`"));
        row(f, "store", &format!("{}, {role}", self.store))?;
        row(f, "query", &self.query)?;
        if let Some(request) = &self.request {
            writeln!(f, "{request}")?;
        }
        self.decisions.iter().try_for_each(|decision| writeln!(f, "\n{decision}"))
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        row(f, "route", self.route.as_deref().unwrap_or("none"))?;
        if let Some(records) = &self.records {
            row(f, "records", records)?;
        }
        if self.is_admitted {
            return last_row(f, "verdict", "sent on");
        }
        row(f, "verdict", &format!("refused: {}", self.detail.as_deref().unwrap_or_default()))?;
        last_row(f, "help", self.help.as_deref().unwrap_or_default())
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bold = Style::new().bold();
        writeln!(f, "{bold}{}{bold:#}", self.value)?;
        row(f, "  label", &self.label)?;
        let is_named = self.treatment != self.summary;
        let summary = if is_named { format!(": {}", self.summary) } else { String::new() };
        row(f, "  treatment", &format!("{}{summary}", self.treatment))?;
        let line = self.line.as_ref().map_or(String::new(), |line| format!(", {line}"));
        row(f, "  rule", &format!("{}{line}", self.rule))?;
        last_row(f, "  why", &self.why.join(&format!("\n{:13}", "")))
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    last_row(f, name, value)?;
    writeln!(f)
}

fn last_row(f: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    let dimmed = Style::new().dimmed();
    write!(f, "{dimmed}{name:13}{dimmed:#}{value}")
}
