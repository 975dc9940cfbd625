//! What is worth a look in an HTTP store.

use std::ops::Range;

use super::{plan_findings, role_note};
use crate::app::config::{HttpStore, Problem};
use crate::kernel::Treatment;
use crate::policy::{HttpField, Label, Param, Plan, Route, Rule, Ruling};

/// Findings and notes for one store.
pub(super) fn lint(key: &str, span: &Range<usize>, store: &HttpStore, problems: &mut Vec<Problem>) {
    let policy = &store.policy;
    if policy.routes.is_empty() {
        let problem =
            Problem::finding(Some(span.clone()), key, "no route is declared, so every request is refused");
        problems.push(problem.help("add `[[stores.routes]]` with methods, path and params"));
    }
    documents(key, None, store, problems);
    for (role, fields) in &policy.roles {
        documents(key, Some(role), store, problems);
        for line in fields {
            let base = policy.fields.iter().find(|base| base.field == line.field);
            let pair = (&line.treatment, base.map(|base| &base.treatment));
            problems.extend(role_note(role, &line.written, &line.span, pair));
        }
    }
    for route in &policy.routes {
        for param in &route.params {
            problems.extend(unsendable(key, route, param));
            problems.extend(finer_than_its_field(key, store, route, param));
        }
    }
}

/// What the plans for one role say of themselves.
fn documents(key: &str, role: Option<&str>, store: &HttpStore, problems: &mut Vec<Problem>) {
    let plans = store.plans.of(role);
    let mut look = |route: Option<&Route>, plan: &Plan| {
        let mut findings = plan.findings().clone();
        if role.is_some() || route.is_some() {
            // What a role or a route leaves without effect is what it is there to change.
            findings.without_effect.retain(|ruling| matches!(ruling.rule, Rule::Role(_)));
        }
        let line_of = |ruling: &Ruling| {
            let mut lines = store.policy.lines(role, route);
            let found = lines.find(|(rule, line)| {
                *rule == ruling.rule && ruling.label == Label::Field(line.written.clone())
            });
            found.map(|(_, line)| line.span.clone())
        };
        plan_findings(key, &findings, line_of, problems);
    };
    look(None, &plans.document().body);
    for plan in plans.routes().iter().filter(|plan| !plan.route.fields.is_empty()) {
        look(Some(&plan.route), &plan.document.body);
    }
}

/// A parameter that refuses every value.
fn unsendable(key: &str, route: &Route, param: &Param) -> Option<Problem> {
    let help = match *param.treatment.treatment {
        Treatment::Pseudonymize(_) => "`tokenize` lets a client send what it was shown",
        Treatment::Suppress | Treatment::Redact(_) => "leave the parameter out, or say what it is judged as",
        _ => return None,
    };
    let message = format!(
        "parameter `{}` of `{}` is judged by `{}`, so every value is refused",
        param.name, route.path, param.treatment.name
    );
    Some(Problem::finding(Some(route.span.clone()), key, message).help(help))
}

/// A parameter that is judged more mildly than a field of the same name is treated: it can be used to search
/// for what answers do not show.
fn finer_than_its_field(key: &str, store: &HttpStore, route: &Route, param: &Param) -> Option<Problem> {
    let mut lines = store.policy.lines(None, Some(route)).map(|(_, line)| line);
    let field = lines.find(|line| {
        let has_its_name =
            matches!(&line.field, HttpField::Body(path) if path.last_name() == Some(&param.name));
        has_its_name && line.treatment.treatment.is_stricter_than(&param.treatment.treatment)
    })?;
    let message = format!(
        "parameter `{}` of `{}` is judged by `{}`, and `{}` is treated by `{}`: values can be searched that are not shown",
        param.name, route.path, param.treatment.name, field.written, field.treatment.name
    );
    let help = format!("judge it by `{}` too, if it searches that field", field.treatment.name);
    Some(Problem::finding(Some(route.span.clone()), key, message).help(help))
}
