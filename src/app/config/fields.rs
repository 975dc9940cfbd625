//! `fields` tables: from written places and treatments to rules.

use std::fmt::Display;
use std::str::FromStr;

use super::raw::{At, Entries, RawTreatment, RawTreatmentTable};
use super::report::Problem;
use super::treatments::Treatments;
use crate::policy::{FieldRule, HttpField, JsonPath, NamedTreatment, SqlField, SqlTreatment};

/// The rules of a table for an HTTP store.
pub(super) fn http(
    written: Option<&Entries<At<RawTreatment>>>,
    treatments: &mut Treatments<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<FieldRule<HttpField, NamedTreatment>> {
    rules(
        written,
        HttpField::from_str,
        |error| error.help(),
        problems,
        |treatment, problems| treatments.resolve(treatment, problems),
    )
}

/// The rules of a table for a PostgreSQL store.
pub(super) fn sql(
    written: Option<&Entries<At<RawTreatment>>>,
    treatments: &mut Treatments<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<FieldRule<SqlField, SqlTreatment>> {
    rules(
        written,
        SqlField::from_str,
        |error| error.help(),
        problems,
        |treatment, problems| sql_treatment(treatment, treatments, problems),
    )
}

/// Parses every line; one that is broken is reported and left out.
fn rules<Field: PartialEq, Treated, Error: Display>(
    written: Option<&Entries<At<RawTreatment>>>,
    parse: impl Fn(&str) -> Result<Field, Error>,
    help: impl Fn(&Error) -> &'static str,
    problems: &mut Vec<Problem>,
    mut resolve: impl FnMut(&At<RawTreatment>, &mut Vec<Problem>) -> Option<Treated>,
) -> Vec<FieldRule<Field, Treated>> {
    let mut rules: Vec<FieldRule<Field, Treated>> = Vec::new();
    for (place, treatment) in written.map_or(&[][..], |entries| entries.0.as_slice()) {
        let treatment = treatment.as_ref().and_then(|treatment| resolve(treatment, problems));
        let field = match parse(&place.value) {
            Ok(field) => field,
            Err(error) => {
                problems.push(place.problem(format!("`{}`: {error}", place.value)).help(help(&error)));
                continue;
            }
        };
        if let Some(twin) = rules.iter().find(|rule| rule.field == field) {
            let message = format!("`{}` names the same place as `{}`", place.value, twin.written);
            problems.push(place.problem(message).help("keep one of the two"));
        }
        let Some(treatment) = treatment else { continue };
        rules.push(FieldRule { field, written: place.value.clone(), treatment, span: place.span.clone() });
    }
    rules
}

fn sql_treatment(
    written: &At<RawTreatment>,
    treatments: &mut Treatments<'_>,
    problems: &mut Vec<Problem>,
) -> Option<SqlTreatment> {
    let RawTreatment::Table(table) = &written.value else {
        return treatments.resolve(written, problems).map(SqlTreatment::Scalar);
    };
    match table.as_ref() {
        RawTreatmentTable { fields: Some(_), json: Some(_), .. } => {
            problems
                .push(written.problem("a column is a composite (`fields`) or a document (`json`), not both"));
            None
        }
        RawTreatmentTable { fields: Some(attributes), .. } => {
            let attributes = parts(attributes, treatments, problems, |name| Ok(name.value.clone()));
            Some(SqlTreatment::Composite(attributes))
        }
        RawTreatmentTable { json: Some(paths), .. } => {
            let paths = parts(paths, treatments, problems, |path| {
                let parsed = JsonPath::from_str(&path.value);
                parsed.map_err(|error| {
                    path.problem(format!("`{}`: {error}", path.value)).help(error.kind.help())
                })
            });
            Some(SqlTreatment::Json(paths))
        }
        _ => treatments.resolve(written, problems).map(SqlTreatment::Scalar),
    }
}

/// The parts of a composite or a document.
fn parts<Part>(
    written: &Entries<At<RawTreatment>>,
    treatments: &mut Treatments<'_>,
    problems: &mut Vec<Problem>,
    parse: impl Fn(&At<String>) -> Result<Part, Problem>,
) -> Vec<(Part, NamedTreatment)> {
    let mut parts = Vec::new();
    for (name, treatment) in &written.0 {
        let treatment = treatment.as_ref().and_then(|treatment| treatments.resolve(treatment, problems));
        match parse(name) {
            Ok(part) => parts.extend(treatment.map(|treatment| (part, treatment))),
            Err(problem) => problems.push(problem),
        }
    }
    parts
}
