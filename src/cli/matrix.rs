//! Fields by roles: what each field of a store becomes for each role, on one page.
//!
//! Invariant: a cell says what the compiled plans decide, so that it cannot differ from what `run` does.
//! Not here: why (`explain`), and whether it is sensible (`app::lint`).

use std::fmt;

use anstyle::Style;

use crate::app::config::{Config, HttpStore, PostgresStore, Store, StoreKind};
use crate::policy::{
    ColumnRule, HttpField, HttpPlans, JsonPath, OtherRegions, Plan, Selector, SqlField, SqlPlans,
};

use super::explain::governing;

/// The first column: whoever is a member of no role, who may see least.
const NO_ROLE: &str = "(no role)";

/// A cell where a role may not ask at all.
const CLOSED: &str = "refused";

/// The index of no element that a rule names: stands for any.
const ANY_ELEMENT: u64 = 1 << 53;

/// What each field of a store becomes, by role.
#[derive(Debug, serde::Serialize)]
pub(super) struct Matrix {
    store: String,
    /// The columns.
    roles: Vec<String>,
    rows: Vec<Row>,
}

/// A field, with the name of its treatment for each column.
#[derive(Debug, serde::Serialize)]
struct Row {
    field: String,
    treatments: Vec<String>,
}

impl Matrix {
    /// Of a store: whoever has no role, and every role, or only the one that is asked for.
    pub(super) fn of(config: &Config, store: &Store, only: Option<&str>) -> Self {
        let roles = config.roles.iter().map(|role| role.name.as_str());
        let roles = roles.filter(|name| only.is_none_or(|only| only == *name)).map(Some);
        let columns: Vec<Option<&str>> = std::iter::once(None).chain(roles).collect();
        let mut rows = match &store.kind {
            StoreKind::Http(http) => http_rows(http, &columns),
            StoreKind::Postgres(postgres) => sql_rows(postgres, &columns),
        };
        let of_regions = config.bindings.are_there().then(|| Row {
            field: "(regions)".to_owned(),
            treatments: columns.iter().map(|role| regions(config, *role)).collect(),
        });
        rows.splice(..0, of_regions);
        let roles = columns.iter().map(|role| role.unwrap_or(NO_ROLE).to_owned()).collect();
        Self { store: store.name.clone(), roles, rows }
    }
}

/// Whose rows a role reads, and how those of others.
fn regions(config: &Config, role: Option<&str>) -> String {
    let Some(binding) = config.bindings.of(role) else { return "all".to_owned() };
    let own: Vec<&str> = binding.regions.iter().map(String::as_str).collect();
    let own = if own.is_empty() { "none".to_owned() } else { own.join(" ") };
    match binding.others {
        OtherRegions::Withhold => own,
        OtherRegions::Suppress => format!("{own}, others suppressed"),
        OtherRegions::Coarsen => format!("{own}, others as {NO_ROLE}"),
    }
}

fn http_rows(store: &HttpStore, columns: &[Option<&str>]) -> Vec<Row> {
    let policy = &store.policy;
    let mut rows: Vec<Row> = Vec::new();
    let mut seen: Vec<&HttpField> = Vec::new();
    for line in policy.fields.iter().chain(policy.roles.values().flatten()) {
        if !seen.contains(&&line.field) {
            seen.push(&line.field);
            let cell = |role: &Option<&str>| http_cell(store.plans.of(*role), None, &line.field);
            rows.push(Row { field: line.written.clone(), treatments: columns.iter().map(cell).collect() });
        }
    }
    for route in &policy.routes {
        let methods = route.methods.join(",");
        for line in &route.fields {
            let cell = |role: &Option<&str>| http_cell(store.plans.of(*role), Some(route), &line.field);
            let field = format!("{} of {methods} {}", line.written, route.path);
            rows.push(Row { field, treatments: columns.iter().map(cell).collect() });
        }
    }
    rows.push(unlisted(columns, &policy.unlisted.name));
    rows
}

fn http_cell(
    plans: &HttpPlans,
    route: Option<&std::sync::Arc<crate::policy::Route>>,
    field: &HttpField,
) -> String {
    let document = match route {
        _ if plans.routes().is_empty() => None,
        None => Some(plans.document()),
        Some(route) => plans
            .routes()
            .iter()
            .find(|plan| std::sync::Arc::ptr_eq(&plan.route, route))
            .map(|plan| &plan.document),
    };
    let Some(document) = document else { return CLOSED.to_owned() };
    match field {
        HttpField::Body(path) => treatment_at(&document.body, path),
        HttpField::Header(name) => {
            document.headers.get(name).map_or("none", |ruling| &ruling.treatment_name).to_owned()
        }
    }
}

/// What a plan decides for a value that the path names and, as far as can be, no other rule does.
fn treatment_at(plan: &Plan, path: &JsonPath) -> String {
    let any_member = Selector::Name("\u{0}".into());
    let any_element = Selector::Index(ANY_ELEMENT);
    let mut steps: Vec<&Selector> = Vec::new();
    for segment in path.segments() {
        if segment.descendant {
            steps.push(&any_member);
        }
        steps.push(match segment.selectors.first() {
            None | Some(Selector::Wildcard) => &any_element,
            Some(selector) => selector,
        });
    }
    governing(plan, &steps).0.treatment_name.to_string()
}

fn sql_rows(store: &PostgresStore, columns: &[Option<&str>]) -> Vec<Row> {
    let policy = &store.policy;
    let mut seen: Vec<&SqlField> = Vec::new();
    let mut rows = Vec::new();
    for line in policy.fields.iter().chain(policy.roles.values().flatten()) {
        if seen.contains(&&line.field) {
            continue;
        }
        seen.push(&line.field);
        let decided: Vec<Option<&ColumnRule>> =
            columns.iter().map(|role| sql_rule(store.plans.of(*role), &line.field)).collect();
        for part in parts(&decided) {
            let cell = |rule: &Option<&ColumnRule>| sql_cell(*rule, part.as_ref(), &policy.unlisted.name);
            let shown = part.as_ref().map_or(String::new(), ToString::to_string);
            rows.push(Row {
                field: format!("{}{shown}", line.written),
                treatments: decided.iter().map(cell).collect(),
            });
        }
    }
    rows.push(unlisted(columns, &policy.unlisted.name));
    rows
}

fn sql_rule<'a>(plans: &'a SqlPlans, field: &SqlField) -> Option<&'a ColumnRule> {
    let database = field.database.as_deref().unwrap_or_default();
    plans.column(database, &field.schema, &field.table, &field.column)
}

/// A part of a column that has a treatment of its own.
#[derive(PartialEq)]
enum Part {
    Attribute(String),
    Label(String),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(name) => write!(f, ".{name}"),
            Self::Label(label) => write!(f, " {label}"),
        }
    }
}

/// The parts that any of the rules tells apart; the column as a whole if none does.
fn parts(rules: &[Option<&ColumnRule>]) -> Vec<Option<Part>> {
    let mut parts: Vec<Option<Part>> = Vec::new();
    let mut add = |part: Option<Part>| {
        if !parts.contains(&part) {
            parts.push(part);
        }
    };
    for rule in rules.iter().flatten() {
        match rule {
            ColumnRule::Scalar(_) => {}
            ColumnRule::Composite(attributes) => {
                attributes.iter().for_each(|(name, _)| add(Some(Part::Attribute(name.clone()))));
            }
            ColumnRule::Json(plan) => {
                plan.rulings()
                    .filter_map(|ruling| path_of(&ruling.label.to_string()))
                    .for_each(|path| add(Some(Part::Label(path))));
            }
        }
    }
    if parts.is_empty() { vec![None] } else { parts }
}

/// The path in the label of a ruling on a document (`public.events.payload $.ip`).
fn path_of(label: &str) -> Option<String> {
    let (_, path) = label.trim_matches('`').split_once(" $")?;
    Some(format!("${path}"))
}

fn sql_cell(rule: Option<&ColumnRule>, part: Option<&Part>, unlisted: &str) -> String {
    match (rule, part) {
        (None, _) => unlisted.to_owned(),
        (Some(ColumnRule::Scalar(ruling)), _) => ruling.treatment_name.to_string(),
        (Some(ColumnRule::Composite(attributes)), Some(Part::Attribute(name))) => attributes
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(unlisted.to_owned(), |(_, ruling)| ruling.treatment_name.to_string()),
        (Some(ColumnRule::Json(plan)), Some(Part::Label(path))) => match path.parse::<JsonPath>() {
            Ok(path) => treatment_at(plan, &path),
            Err(_) => unlisted.to_owned(),
        },
        (Some(ColumnRule::Composite(_)), _) => "by attribute".to_owned(),
        (Some(ColumnRule::Json(_)), _) => "by path".to_owned(),
    }
}

fn unlisted(columns: &[Option<&str>], name: &str) -> Row {
    Row { field: "(unlisted)".to_owned(), treatments: columns.iter().map(|_| name.to_owned()).collect() }
}

/// With ANSI styles, for `anstream`.
impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = |text: &String| text.chars().count();
        let fields = std::iter::once(&self.store).chain(self.rows.iter().map(|row| &row.field));
        let first = fields.map(len).max().unwrap_or_default();
        let width = |(at, role): (usize, &String)| {
            let cells = self.rows.iter().filter_map(|row| row.treatments.get(at));
            cells.map(len).max().unwrap_or_default().max(len(role))
        };
        let widths: Vec<usize> = self.roles.iter().enumerate().map(width).collect();
        let bold = Style::new().bold();
        let head = line(&self.store, first, &self.roles, &widths);
        writeln!(f, "{bold}{head}{bold:#}")?;
        self.rows
            .iter()
            .try_for_each(|row| writeln!(f, "{}", line(&row.field, first, &row.treatments, &widths)))
    }
}

/// A line of cells, each as wide as its column, without spaces at its end.
fn line(field: &str, first: usize, cells: &[String], widths: &[usize]) -> String {
    let mut line = format!("{field:first$}");
    for (cell, width) in cells.iter().zip(widths) {
        line.push_str(&format!("  {cell:width$}"));
    }
    line.trim_end().to_owned()
}
