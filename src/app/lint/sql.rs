//! What is worth a look in a PostgreSQL store.

use super::{plan_findings, role_note};
use crate::app::config::{PostgresStore, Problem};
use crate::policy::{ColumnRule, FieldRule, SqlField, SqlPlans, SqlTreatment};

/// Findings and notes for one store.
pub(super) fn lint(key: &str, store: &PostgresStore, problems: &mut Vec<Problem>) {
    let policy = &store.policy;
    for line in policy.fields.iter().filter(|line| is_folded(&line.written)) {
        let message = format!("`{}` has no quotes, so it means {}", line.written, line.field);
        let problem = Problem::note(Some(line.span.clone()), key, message);
        problems.push(problem.help("where the catalogue has upper case, quote the name: '\"Users\"'"));
    }
    documents(key, &policy.fields, store.plans.of(None), problems);
    for (role, fields) in &policy.roles {
        documents(key, fields, store.plans.of(Some(role)), problems);
        for line in fields {
            let base = policy.fields.iter().find(|base| base.field == line.field).map(|base| &base.treatment);
            let (SqlTreatment::Scalar(treated), None | Some(SqlTreatment::Scalar(_))) =
                (&line.treatment, base)
            else {
                let message = format!("role `{role}` gets `{}` by rules of its own", line.written);
                problems.push(Problem::note(Some(line.span.clone()), &format!("roles.{role}"), message));
                continue;
            };
            let base =
                base.and_then(|base| if let SqlTreatment::Scalar(base) = base { Some(base) } else { None });
            problems.extend(role_note(role, &line.written, &line.span, (treated, base)));
        }
    }
}

/// What the plans of the document columns say of themselves.
fn documents(
    key: &str,
    fields: &[FieldRule<SqlField, SqlTreatment>],
    plans: &SqlPlans,
    problems: &mut Vec<Problem>,
) {
    for line in fields {
        let SqlTreatment::Json(_) = &line.treatment else { continue };
        let SqlField { database, schema, table, column } = &line.field;
        let database = database.as_deref().unwrap_or_default();
        let Some(ColumnRule::Json(plan)) = plans.column(database, schema, table, column) else { continue };
        plan_findings(key, plan.findings(), |_| Some(line.span.clone()), problems);
    }
}

/// True if a name was written with upper case and without the quotes that would keep it.
fn is_folded(written: &str) -> bool {
    let outside_quotes = written.split('"').step_by(2);
    outside_quotes.flat_map(str::chars).any(|character| character.is_ascii_uppercase())
}
