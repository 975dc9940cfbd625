//! Stores and routes that are closed for want of regions, regions that bind nobody, and pages that would tell of what is
//! withheld.

use super::super::config::{Config, HttpStore, Problem, Store, StoreKind};
use crate::policy::{ParamPlace, Route, RouteRegion};

/// Words in the names of parameters that cut an answer into pages.
const PAGING: [&str; 12] = [
    "limit",
    "offset",
    "page",
    "per_page",
    "page_size",
    "pagesize",
    "cursor",
    "after",
    "before",
    "skip",
    "take",
    "count",
];

/// Findings about the regions of every store.
pub(super) fn lint(config: &Config, problems: &mut Vec<Problem>) {
    let are_bound = config.bindings.are_there();
    for store in &config.stores {
        let key = format!("stores.{}", store.name);
        match &store.kind {
            StoreKind::Postgres(postgres) => match postgres.regions.first() {
                None if are_bound => problems.push(closed(store, &key)),
                Some(rule) if !are_bound => {
                    let key = format!("{key}.regions");
                    problems.push(unbound(store, &key, &rule.span));
                }
                _ => {}
            },
            StoreKind::Http(http) => of_routes(store, http, &key, are_bound, problems),
        }
    }
}

fn of_routes(store: &Store, http: &HttpStore, key: &str, are_bound: bool, problems: &mut Vec<Problem>) {
    let (stating, silent): (Vec<&Route>, Vec<&Route>) =
        http.policy.routes.iter().map(|route| &**route).partition(|route| route.region.is_some());
    match stating.first() {
        None if are_bound => return problems.push(closed(store, key)),
        Some(route) if !are_bound => return problems.push(unbound(store, key, &route.span)),
        _ => {}
    }
    for route in silent.iter().filter(|_| are_bound) {
        let message = format!(
            "route `{}` states no region: it is closed for roles that are bound to regions, and for whoever has no role",
            route.path
        );
        let problem = Problem::note(Some(route.span.clone()), key, message);
        problems.push(problem.help("say where the region stands, or `region = { subject = \"nobody\" }`"));
    }
    for route in stating {
        let Some(RouteRegion::Record(path)) = route.region.as_ref().filter(|_| are_bound) else { continue };
        let is_paging = |name: &str| PAGING.contains(&name.to_ascii_lowercase().replace('-', "_").as_str());
        let params = route.params.iter().filter(|param| param.place == ParamPlace::Query);
        for param in params.filter(|param| !path.is_whole() && is_paging(&param.name)) {
            let message = format!(
                "parameter `{}` of `{}` looks like it cuts answers into pages, and the gaps in a page tell how many records are withheld",
                param.name, route.path
            );
            let problem = Problem::finding(Some(route.span.clone()), key, message);
            problems.push(problem.help(
                "leave it out, so that answers come whole, or bind with `other_regions = \"suppress\"`",
            ));
        }
    }
}

fn closed(store: &Store, key: &str) -> Problem {
    let (what, help) = match &store.kind {
        StoreKind::Postgres(_) => {
            ("its protected tables are", "name the region of each table under `[stores.regions]`")
        }
        StoreKind::Http(_) => {
            ("it is", "give its routes a `region`, or those who use it a role without `regions`")
        }
    };
    let message = format!(
        "store `{}` states no regions: {what} closed for roles that are bound to regions, and for whoever has no role",
        store.name
    );
    Problem::finding(Some(store.span.clone()), key, message).help(help)
}

fn unbound(store: &Store, key: &str, span: &std::ops::Range<usize>) -> Problem {
    let message = format!("store `{}` states regions, and no role is bound to any", store.name);
    Problem::finding(Some(span.clone()), key, message).help("give roles `regions`, or take these lines out")
}
