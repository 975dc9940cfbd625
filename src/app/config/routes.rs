//! `[[stores.routes]]`: from what is written to routes that hold together.

use std::sync::Arc;

use super::raw::{At, RawRequestBody, RawRoute};
use super::report::Problem;
use super::treatments::Treatments;
use super::{fields, regions};
use crate::policy::{Param, ParamPlace, PathTemplate, RequestBody, Route};

/// Methods that open tunnels or echo requests; never forwarded.
const REFUSED_METHODS: [&str; 2] = ["CONNECT", "TRACE"];

/// All routes of a store that are right.
pub(super) fn routes(
    written: &[At<RawRoute>],
    treatments: &mut Treatments<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<Arc<Route>> {
    let mut routes: Vec<Arc<Route>> = Vec::new();
    for raw in written {
        let Some(route) = route(raw, treatments, problems) else { continue };
        for other in routes.iter().filter(|other| other.path.same_paths_as(&route.path)) {
            if let Some(method) = route.methods.iter().find(|method| other.allows(method)) {
                let message = format!("another route has {method} `{}` already", other.path);
                problems.push(raw.problem(message).help("join the two, or take the method from one"));
            }
        }
        routes.push(Arc::new(route));
    }
    routes
}

fn route(raw: &At<RawRoute>, treatments: &mut Treatments<'_>, problems: &mut Vec<Problem>) -> Option<Route> {
    let methods = methods(raw, problems);
    let params = raw.value.params.as_ref().map_or(&[][..], |entries| entries.0.as_slice());
    let mut resolved = Vec::new();
    for (name, treatment) in params {
        let treatment = treatment.as_ref().and_then(|treatment| treatments.resolve(treatment, problems));
        resolved.push((name, treatment));
    }
    let fields = fields::http(raw.value.fields.as_ref(), treatments, problems);
    let written_path = raw.value.path.as_ref()?;
    let path = match written_path.value.parse::<PathTemplate>() {
        Ok(path) => path,
        Err(error) => {
            let problem = written_path.problem(format!("`{}`: {error}", written_path.value));
            problems.push(problem.help(error.help()));
            return None;
        }
    };
    for name in path.names().filter(|name| !params.iter().any(|(param, _)| param.value == **name)) {
        let problem = written_path.problem(format!("`{{{name}}}` of the path is missing in `params`"));
        problems.push(problem.help(format!("say what it is judged as: `params = {{ {name} = \"pass\" }}`")));
    }
    let is_in_path = |name: &str| path.names().any(|in_path| in_path == name);
    let params = resolved.into_iter().filter_map(|(name, treatment)| {
        let place = if is_in_path(&name.value) { ParamPlace::Path } else { ParamPlace::Query };
        Some(Param { name: name.value.clone(), place, treatment: treatment? })
    });
    let params = params.collect();
    let request_body = match raw.value.body {
        Some(RawRequestBody::Treat) => RequestBody::Treat,
        Some(RawRequestBody::Pass) => RequestBody::Pass,
        Some(RawRequestBody::Refuse) | None => RequestBody::Refuse,
    };
    let region = regions::route(raw, &methods, problems);
    Some(Route { methods, path, params, request_body, fields, region, span: raw.span.clone() })
}

fn methods(raw: &At<RawRoute>, problems: &mut Vec<Problem>) -> Vec<String> {
    let Some(written) = &raw.value.methods else { return vec!["GET".to_owned()] };
    if written.is_empty() {
        problems.push(
            raw.problem("a route without methods can never be taken").help("write `methods = [\"GET\"]`"),
        );
    }
    let mut methods = Vec::new();
    for method in written {
        let name = method.value.as_str();
        let is_method = !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
        if REFUSED_METHODS.contains(&name) {
            problems.push(method.problem(format!("`{name}` is never forwarded")).help("leave it out"));
        } else if !is_method {
            let problem = method.problem(format!("`{name}` is no method"));
            problems.push(problem.help("methods are written in upper case: `GET`, `POST`"));
        } else if methods.iter().any(|known| known == name) {
            problems.push(method.problem(format!("`{name}` stands here twice")));
        } else {
            methods.push(name.to_owned());
        }
    }
    methods
}
