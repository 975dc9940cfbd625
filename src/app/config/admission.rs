//! Which roles may use a store, and which of its routes.
//!
//! Invariant: where a role names stores, whoever has no role uses none; where a role names routes of a store, whoever has
//! no role uses none of that store's. A role that names none is not bound.
//! Not here: who has which role (`crate::policy`), what a role sees (`fields`, `regions`).

use std::collections::BTreeMap;

use super::raw::{At, RawRole, RawRoute, RawStore};
use super::report::{Problem, nearest};

/// Who may use one store.
#[derive(Default)]
pub(super) struct Admission<'a> {
    /// Some role names the stores that it uses.
    names_stores: bool,
    /// The roles that name stores, and not this one.
    shut_out: Vec<&'a str>,
    /// By role, the paths of the routes that it may use.
    routes: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Admission<'a> {
    /// What the roles say of a store.
    pub(super) fn of(store: &RawStore, roles: &'a [At<RawRole>]) -> Self {
        let mut admission = Self::default();
        let Some(store) = &store.name else { return admission };
        for role in roles {
            let Some(name) = &role.value.name else { continue };
            if let Some(stores) = &role.value.stores {
                admission.names_stores = true;
                if !stores.iter().any(|named| named.value == store.value) {
                    admission.shut_out.push(&name.value);
                }
            }
            let entries = role.value.routes.iter().flat_map(|entries| &entries.0);
            for (_, paths) in entries.filter(|(named, _)| named.value == store.value) {
                let paths = paths.iter().flatten().map(|path| path.value.as_str());
                admission.routes.entry(&name.value).or_default().extend(paths);
            }
        }
        admission
    }

    /// True if a role (or whoever has none) may use the store.
    pub(super) fn admits(&self, role: Option<&str>) -> bool {
        role.map_or(!self.names_stores, |role| !self.shut_out.contains(&role))
    }

    /// True if a role (or whoever has none) may use the route with this path.
    pub(super) fn admits_to(&self, role: Option<&str>, path: &str) -> bool {
        let is_bound = match role {
            None => (!self.routes.is_empty()).then_some(&[][..]),
            Some(role) => self.routes.get(role).map(Vec::as_slice),
        };
        self.admits(role) && is_bound.is_none_or(|paths: &[&str]| paths.contains(&path))
    }

    /// True if it is not the same for everybody.
    pub(super) fn differs(&self) -> bool {
        self.names_stores || !self.routes.is_empty()
    }
}

/// Reports stores and routes that a role names and that are not there.
pub(super) fn check(role: &RawRole, stores: &[At<RawStore>], problems: &mut Vec<Problem>) {
    let names = names_of(stores);
    for store in role.stores.iter().flatten().filter(|store| !names.contains(&store.value.as_str())) {
        problems.push(unknown(store, "store", &names));
    }
    for (store, paths) in role.routes.iter().flat_map(|entries| &entries.0) {
        let found = stores
            .iter()
            .find(|known| known.value.name.as_ref().is_some_and(|name| name.value == store.value));
        let Some(found) = found else {
            problems.push(unknown(store, "store", &names));
            continue;
        };
        let path = |route: &'_ At<RawRoute>| route.value.path.as_ref().map(|path| path.value.clone());
        let known: Vec<String> = found.value.routes.iter().flatten().filter_map(path).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        for written in paths.iter().flatten().filter(|path| !known.contains(&path.value.as_str())) {
            problems.push(unknown(written, "route", &known));
        }
    }
}

/// The names of the stores of the file.
pub(super) fn names_of(stores: &[At<RawStore>]) -> Vec<&str> {
    stores.iter().filter_map(|store| Some(store.value.name.as_ref()?.value.as_str())).collect()
}

/// A role names something that is not there.
pub(super) fn unknown(written: &At<String>, what: &str, known: &[&str]) -> Problem {
    let problem = written.problem(format!("unknown {what} `{}`", written.value));
    problem.help(nearest(&written.value, known.iter().copied()).map_or_else(
        || format!("the {what}s are {}", known.join(", ")),
        |near| format!("did you mean `{near}`?"),
    ))
}
