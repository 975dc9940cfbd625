//! Regions: what roles are bound to, and where a store states of whom a row is.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

use super::raw::{At, RawOtherRegions, RawRegion, RawRole, RawRoute, RawStore};
use super::report::Problem;
use crate::policy::{
    Binding, Bindings, OtherRegions, RecordPath, RegionJoin, RegionRule, RegionSource, RouteRegion, SqlField,
    SqlTable,
};

/// Joins behind joins beyond this are refused.
const MAX_JOINS: usize = 8;

/// What the roles of the file are bound to.
pub(super) fn bindings(roles: &[At<RawRole>], problems: &mut Vec<Problem>) -> Bindings {
    let mut bound = BTreeMap::new();
    for role in roles {
        let others = match &role.value.other_regions {
            None | Some(At { value: RawOtherRegions::Withhold, .. }) => OtherRegions::Withhold,
            Some(At { value: RawOtherRegions::Suppress, .. }) => OtherRegions::Suppress,
            Some(At { value: RawOtherRegions::Coarsen, .. }) => OtherRegions::Coarsen,
        };
        let Some(regions) = &role.value.regions else {
            if let Some(others) = &role.value.other_regions {
                let problem = others.problem("a role without `regions` is bound to none and reads all rows");
                problems.push(problem.help("name its regions, or leave this out"));
            }
            continue;
        };
        for region in regions.iter().filter(|region| region.value.is_empty() || region.value.contains('\0')) {
            problems.push(region.problem("a region has a name").help("write it as the store spells it"));
        }
        let regions: BTreeSet<String> = regions.iter().map(|region| region.value.clone()).collect();
        if let Some(name) = &role.value.name {
            bound.insert(name.value.clone(), Binding { regions, others });
        }
    }
    Bindings::new(bound)
}

/// Where a PostgreSQL store states of whom rows are.
pub(super) fn sql(raw: &RawStore, problems: &mut Vec<Problem>) -> Vec<RegionRule> {
    let mut rules: Vec<(RegionRule, &At<String>)> = Vec::new();
    let written = raw.regions.as_ref().map_or(&[][..], |entries| entries.0.as_slice());
    for (place, region) in written {
        let table = SqlTable::from_str(&place.value).map_err(|_| {
            place
                .problem(format!("`{}` names no table", place.value))
                .help("write `schema.table`, or `database/schema.table` for one database")
        });
        let source = region.as_ref().map(source);
        match (table, source) {
            (Ok(table), Some(Ok(source))) => {
                if let Some((twin, _)) = rules.iter().find(|(rule, _)| rule.table == table) {
                    let message = format!("`{}` names the same table as `{}`", place.value, twin.written);
                    problems.push(place.problem(message).help("keep one of the two"));
                }
                let (written, span) = (place.value.clone(), place.span.clone());
                rules.push((RegionRule { table, source, written, span }, place));
            }
            (table, source) => {
                problems.extend(table.err());
                problems.extend(source.and_then(Result::err));
            }
        }
    }
    for (rule, place) in &rules {
        problems.extend(unreachable(rule, &rules).map(|(message, help)| place.problem(message).help(help)));
    }
    rules.into_iter().map(|(rule, _)| rule).collect()
}

/// Methods that read.
const READING: [&str; 5] = ["GET", "HEAD", "POST", "QUERY", "SEARCH"];

/// What a route states of the records of its answers.
pub(super) fn route(
    raw: &At<RawRoute>,
    methods: &[String],
    problems: &mut Vec<Problem>,
) -> Option<RouteRegion> {
    let written = raw.value.region.as_ref()?;
    let read = match &written.value {
        RawRegion::Column(path) => match path.parse::<RecordPath>() {
            Ok(path) => Ok(RouteRegion::Record(Arc::new(path))),
            Err(error) => Err(written.problem(format!("`{path}`: {error}")).help(error.help())),
        },
        RawRegion::Table(table) => match (&table.join, &table.subject) {
            (None, Some(_)) => Ok(RouteRegion::Nobody),
            _ => {
                Err(written.problem("a route states its region by a path, or that it is about nobody").help(
                    "write `region = \"$.items[*].user.country\"`, or `region = { subject = \"nobody\" }`",
                ))
            }
        },
    };
    let changing = methods.iter().find(|method| !READING.contains(&method.as_str()));
    if let (Some(method), Ok(RouteRegion::Record(_))) = (changing, &read) {
        let message = format!("{method} changes records, and `region` is for what is read");
        problems.push(written.problem(message).help("give this method a route of its own, without `region`"));
    }
    read.map_err(|problem| problems.push(problem)).ok()
}

/// An HTTP store states them by route.
pub(super) fn http(raw: &RawStore, problems: &mut Vec<Problem>) {
    for (place, _) in raw.regions.iter().flat_map(|regions| &regions.0).take(1) {
        let problem = place.problem("`regions` is for postgres stores only");
        problems
            .push(problem.help("give each route a `region` of its own: `region = \"$.items[*].country\"`"));
    }
}

fn source(written: &At<RawRegion>) -> Result<RegionSource, Problem> {
    match &written.value {
        RawRegion::Column(column) => {
            let named = SqlField::from_str(&format!("schema.\"table\".{column}"));
            let named = named.map_err(|error| {
                let problem = written.problem(format!("`{column}` names no column of the table"));
                problem.help(format!("write the name of one column, or a join: {}; {}", JOIN, error.help()))
            });
            Ok(RegionSource::Column(named?.column))
        }
        RawRegion::Table(table) => match (&table.join, &table.subject) {
            (Some(join), None) => {
                let parsed = RegionJoin::from_str(&join.value).map_err(|_| {
                    join.problem(format!("`{}` is no join", join.value)).help(format!("write it as {JOIN}"))
                });
                Ok(RegionSource::Join(parsed?))
            }
            (None, Some(_)) => Ok(RegionSource::Nobody),
            _ => Err(written
                .problem("a region has exactly one of `join` and `subject`")
                .help(format!("write {JOIN}, or {{ subject = \"nobody\" }}"))),
        },
    }
}

const JOIN: &str = "{ join = \"user_id = public.users.id\" }";

/// Why the joins from a table lead to no region.
fn unreachable(rule: &RegionRule, rules: &[(RegionRule, &At<String>)]) -> Option<(String, &'static str)> {
    let mut at = rule;
    for _ in 0..MAX_JOINS {
        let RegionSource::Join(join) = &at.source else { return None };
        let fits = |wanted: Option<&String>| {
            let same = |table: &SqlTable| {
                (table.schema.as_str(), table.table.as_str())
                    == (join.table.schema.as_str(), join.table.table.as_str())
            };
            rules.iter().find(|(one, _)| same(&one.table) && one.table.database.as_ref() == wanted)
        };
        if join.table.database != rule.table.database && join.table.database.is_some() {
            let message = format!("the join from `{}` leads into another database", at.table);
            return Some((message, "name tables of the same database"));
        }
        match fits(rule.table.database.as_ref()).or_else(|| fits(None)) {
            Some((next, _)) if next.source == RegionSource::Nobody => {
                let message =
                    format!("the join from `{}` leads to `{}`, which is about nobody", at.table, join.table);
                return Some((message, "name a table that states a region"));
            }
            Some((next, _)) => at = next,
            None => {
                let message =
                    format!("the join from `{}` leads to `{}`, which states no region", at.table, join.table);
                return Some((message, "state where its region is, in a line of its own"));
            }
        }
    }
    Some((
        format!("the joins from `{}` lead in a circle, or too far", rule.table),
        "lead them to a table with a column",
    ))
}
