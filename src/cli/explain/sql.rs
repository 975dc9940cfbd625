//! Explains a statement for a PostgreSQL store, by the catalogue that the store has now.
//!
//! Invariant: the same value is printed here, as JSON, and in answer to `EXPLAIN` over the wire; a salt or a value
//! of the store is in none of them.

use std::fmt;

use serde::Serialize;

use super::{Args, Decision, row};
use crate::app::Live;
use crate::app::config::{Config, PostgresStore, Problem, Report, Severity, Source, Store};
use crate::cli::{Error, report};
use crate::policy::{Attributes, FieldRule, Label, Rule, Ruling, SqlField, SqlTreatment, role_of};
use crate::sql::{ExplainedField, Explanation, Refusal, SessionView, Wording};

/// What the answer is called if several statements are explained at once.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    store: String,
    database: String,
    role: Option<String>,
    query: String,
    statements: Vec<Explained>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refused>,
}

/// One statement.
#[derive(Debug, Serialize)]
struct Explained {
    columns: Vec<Column>,
    decisions: Vec<Decision>,
    /// Which rows there are, where they belong to regions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    regions: Vec<String>,
    /// As it would be sent; empty if nothing is sent.
    statement: String,
    #[serde(skip)]
    lines: Vec<String>,
}

/// A column of the answer.
#[derive(Debug, Serialize)]
struct Column {
    name: String,
    from: Vec<String>,
    /// The treatment that is applied where it leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    edge: Option<String>,
}

/// Why nothing is sent.
#[derive(Debug, Serialize)]
struct Refused {
    sqlstate: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// Counted in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u32>,
}

impl Answer {
    /// True if nothing would be sent.
    pub(super) const fn is_refused(&self) -> bool {
        self.refusal.is_some()
    }
}

/// Connects, and explains every statement of the query.
pub(super) fn explain(
    config: &Config,
    store: &Store,
    kind: &PostgresStore,
    args: &Args,
    query: &str,
) -> Result<Answer, Error> {
    let login = args.login.login()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let live = runtime.block_on(Live::connect(store, kind, &login))?;
    let of_user =
        || role_of(&config.roles, &login.user, &Attributes::default()).map(|role| role.name.clone());
    let role = args.role.clone().or_else(of_user);
    let planner = live.planner(kind.plans.of(role.as_deref()));
    let view = SessionView { search_path: None, user: &login.user, role: role.as_deref(), salt: &[0; 16] };
    let (statements, refusal) = match planner.explain(query, &view) {
        Ok(explanations) => {
            let teller = Teller { config, kind, role: role.as_deref(), whole: args.whole };
            (explanations.iter().map(|one| teller.explained(one)).collect(), None)
        }
        Err(refusal) => (Vec::new(), Some(Refused::from(refusal))),
    };
    let (store, database, query) = (store.name.clone(), live.database().to_owned(), query.to_owned());
    Ok(Answer { store, database, role, query, statements, refusal })
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let Refusal { sqlstate, message, hint, position } = refusal;
        Self { sqlstate, message, hint, position }
    }
}

/// Puts rulings into the words of the policy file.
struct Teller<'a> {
    config: &'a Config,
    kind: &'a PostgresStore,
    role: Option<&'a str>,
    /// Statements are shown with every expression.
    whole: bool,
}

impl Teller<'_> {
    fn explained(&self, explanation: &Explanation) -> Explained {
        let columns = explanation.columns.iter().map(|column| Column {
            name: column.name.clone(),
            from: column.from.clone(),
            edge: column.edge.as_ref().map(|ruling| ruling.treatment_name.to_string()),
        });
        Explained {
            columns: columns.collect(),
            decisions: explanation.fields.iter().map(|field| self.decision(field)).collect(),
            regions: explanation.regions.clone(),
            statement: explanation.statement.clone(),
            lines: explanation.lines(self.whole, |ruling| self.wording(ruling)),
        }
    }

    fn decision(&self, explained: &ExplainedField) -> Decision {
        let ruling = &explained.ruling;
        Decision {
            value: explained.name(),
            label: ruling.label.to_string(),
            treatment: ruling.treatment_name.to_string(),
            summary: self.summary(ruling),
            rule: ruling.rule.to_string(),
            line: self.line(ruling),
            why: explained.why().into_iter().map(str::to_owned).collect(),
        }
    }

    fn wording(&self, ruling: &Ruling) -> Wording {
        let plain = Wording::plain(ruling);
        let summary = self.summary(ruling);
        let treatment =
            if summary == plain.treatment { summary } else { format!("{}: {summary}", plain.treatment) };
        let rule = self.line(ruling).map_or(plain.rule.clone(), |line| format!("{}, {line}", plain.rule));
        Wording { treatment, rule }
    }

    fn summary(&self, ruling: &Ruling) -> String {
        let facts = self.config.treatments.get(&ruling.treatment_name);
        facts.map_or_else(|| ruling.treatment_name.to_string(), |facts| facts.summary.clone())
    }

    /// File and line of the rule.
    fn line(&self, ruling: &Ruling) -> Option<String> {
        let Label::Field(written) = &ruling.label else { return None };
        let policy = &self.kind.policy;
        let fields: &[FieldRule<SqlField, SqlTreatment>] = match &ruling.rule {
            Rule::Role(_) => policy.roles.get(self.role?)?,
            _ => &policy.fields,
        };
        let line = fields.iter().find(|line| line.written == *written)?;
        let place = self.config.source.place(&line.span)?;
        Some(format!("{}:{}", self.config.source.name, place.line))
    }
}

/// With ANSI styles, for `anstream`.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = self.role.as_deref().map_or("without a role".to_owned(), |role| format!("as `{role}`"));
        row(f, "store", &format!("{}, database {}, {role}", self.store, self.database))?;
        if let Some(refused) = &self.refusal {
            return write!(f, "\n{}", report::Shown(&refused.shown(&self.query)));
        }
        row(f, "query", &self.query)?;
        for statement in &self.statements {
            writeln!(f)?;
            for line in &statement.lines {
                match line.strip_prefix(' ') {
                    Some(_) => writeln!(f, "{line}")?,
                    None => writeln!(f, "{0}{line}{0:#}", report::BOLD)?,
                }
            }
        }
        Ok(())
    }
}

impl Refused {
    /// As a problem of the statement's own text.
    fn shown(&self, query: &str) -> Report {
        let source = Source { name: "statement".to_owned(), text: query.to_owned() };
        let place = self.position.and_then(|position| span(query, position));
        let problem = Problem {
            severity: Severity::Error,
            span: place,
            key: String::new(),
            message: format!("refused ({}): {}", self.sqlstate, self.message),
            help: self.hint.clone(),
        };
        Report::new(&source, vec![problem])
    }
}

/// The word that begins at a position.
fn span(query: &str, position: u32) -> Option<std::ops::Range<usize>> {
    let skipped = usize::try_from(position).ok()?.checked_sub(1)?;
    let (start, _) = query.char_indices().nth(skipped)?;
    let rest = query.get(start..)?;
    let is_word = |character: char| character.is_alphanumeric() || matches!(character, '_' | '.' | '"');
    let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
    Some(start..start + length.max(1))
}
