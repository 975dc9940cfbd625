//! Explains what happens to a value of an answer, a header, or a request of an HTTP store.

use std::str::FromStr as _;
use std::sync::Arc;

use ::http::{HeaderMap, Method, Uri};

use super::{Decision, ExplainError, Request};
use crate::app::config::{Config, HttpStore};
use crate::body;
use crate::policy::{
    BoundRecords, FieldRule, HttpField, HttpFieldError, Label, NamedTreatment, OtherRegions, Param,
    ParamPlace, Plan, Route, RouteMatch, Rule, Ruling, Selector,
};
use crate::session::http::target::{self, Judged};
use crate::session::http::{Gate, Refusal};

/// Explains one query; the first half of the answer is for requests.
pub(super) fn explain(
    config: &Config,
    store: &HttpStore,
    role: Option<&str>,
    query: &str,
) -> Result<(Option<Request>, Vec<Decision>), ExplainError> {
    let explainer = Explainer { config, store, role };
    let wrong = |reason: String| ExplainError::Query { query: query.to_owned(), reason };
    let is_method = |word: &str| word.bytes().all(|byte| byte.is_ascii_uppercase());
    if let Some((method, target)) = query.split_once(' ').filter(|(first, _)| is_method(first)) {
        let method = Method::from_str(method).map_err(|_| wrong("it begins with no method".to_owned()))?;
        let uri = Uri::from_str(target.trim()).map_err(|_| wrong("the target is no path".to_owned()))?;
        let (request, decisions) = explainer.request(&method, &uri);
        return Ok((Some(request), decisions));
    }
    let field: HttpField = query.parse().map_err(|error: HttpFieldError| {
        wrong(format!(
            "{error}; write `$.items[3].ip`, `header:x-client-ip`, or a request such as `GET /v1/logins`"
        ))
    })?;
    let decisions = match &field {
        HttpField::Header(name) => explainer.header(name),
        HttpField::Body(path) => {
            let steps = path.singular();
            let steps =
                steps.ok_or_else(|| wrong("name one value, with names and indices only".to_owned()))?;
            explainer.value(query, &steps)
        }
    };
    Ok((None, decisions))
}

struct Explainer<'a> {
    config: &'a Config,
    store: &'a HttpStore,
    role: Option<&'a str>,
}

impl Explainer<'_> {
    /// A value of an answer: once for all routes, and again for each route with rules of its own.
    fn value(&self, query: &str, steps: &[&Selector]) -> Vec<Decision> {
        let plans = self.store.plans.of(self.role);
        let mut decisions = vec![self.in_document(query.to_owned(), None, &plans.document().body, steps)];
        for plan in plans.routes().iter().filter(|plan| !plan.route.fields.is_empty()) {
            let value = format!("{query} in answers of {}", plan.route.path);
            decisions.push(self.in_document(value, Some(&plan.route), &plan.document.body, steps));
        }
        decisions
    }

    fn in_document(
        &self,
        value: String,
        route: Option<&Route>,
        plan: &Plan,
        steps: &[&Selector],
    ) -> Decision {
        let (ruling, why) = governing(plan, steps);
        let beaten = self.store.policy.lines(self.role, route).filter(|(rule, line)| {
            let is_other = *rule != ruling.rule || ruling.label != Label::Field(line.written.clone());
            is_other && matches!(&line.field, HttpField::Body(path) if path.names(steps))
        });
        let why = std::iter::once(why.to_owned()).chain(beaten.map(|(rule, line)| lost(&rule, line, ruling)));
        self.decision(value, route, ruling, why.collect())
    }

    fn header(&self, name: &str) -> Vec<Decision> {
        let plans = self.store.plans.of(self.role);
        let routes = plans.routes().iter().filter(|plan| !plan.route.fields.is_empty());
        let of_routes = routes.map(|plan| (Some(&*plan.route), &plan.document));
        let documents = std::iter::once((None, plans.document())).chain(of_routes);
        let decided = documents.map(|(route, document)| {
            let shown = route.map_or(String::new(), |route| format!(" in answers of {}", route.path));
            let value = format!("header:{name}{shown}");
            match document.headers.get(name) {
                Some(ruling) => {
                    self.decision(value, route, ruling, vec!["a rule names this header".to_owned()])
                }
                None => unnamed_header(value),
            }
        });
        decided.collect()
    }

    fn request(&self, method: &Method, uri: &Uri) -> (Request, Vec<Decision>) {
        let plans = self.store.plans.of(self.role);
        let gate = Gate::new(Arc::clone(plans), body::Limits::default());
        let verdict = gate.admit(method, uri, &HeaderMap::new(), false).err();
        let found = plans.find(method.as_str(), uri.path()).ok();
        let decisions = found.as_ref().map_or_else(Vec::new, |found| self.parameters(found, uri));
        let problem = verdict.as_ref().map(Refusal::problem);
        let records = found.as_ref().and_then(|found| found.plan.records.as_deref());
        let request = Request {
            records: records.map(shown_records),
            route: found.map(|found| found.plan.route.path.to_string()),
            is_admitted: verdict.is_none(),
            reason: verdict.as_ref().map(Refusal::reason),
            detail: problem.as_ref().map(|problem| problem.detail.clone()),
            help: problem.map(|problem| problem.help),
        };
        (request, decisions)
    }

    /// What happens to each parameter of the request, in the order in which it names them.
    fn parameters(&self, found: &RouteMatch<'_, '_>, uri: &Uri) -> Vec<Decision> {
        let in_path = found.captured.iter().filter_map(|captured| {
            Some((ParamPlace::Path, captured.name.to_owned(), target::decode(captured.raw)?))
        });
        let in_query = target::pairs(uri.query().unwrap_or_default()).unwrap_or_default();
        let in_query = in_query.into_iter().map(|(name, value)| (ParamPlace::Query, name, value));
        let declared = |place: ParamPlace, name: &str| {
            found.plan.params.iter().find(|(param, _)| param.place == place && param.name == name)
        };
        let decided = in_path.chain(in_query).filter_map(|(place, name, value)| {
            let (param, ruling) = declared(place, &name)?;
            Some(self.parameter(&found.plan.route, param, ruling, &value))
        });
        decided.collect()
    }

    fn parameter(&self, route: &Route, param: &Param, ruling: &Ruling, value: &str) -> Decision {
        let why = match target::judge(&param.name, value, ruling) {
            Ok(Judged::AsAsked(_)) => "it is no finer than the cell: it is sent as it is".to_owned(),
            Ok(Judged::TurnedBack(_)) => {
                "it is a token: it is turned back on its way to the store".to_owned()
            }
            Err(refusal) => format!("refused: {}", refusal.problem().detail),
        };
        let place = match param.place {
            ParamPlace::Path => "path",
            ParamPlace::Query => "query",
        };
        let mut decision =
            self.decision(format!("parameter {} ({place})", param.name), None, ruling, vec![why]);
        decision.line = self.line(&route.span);
        decision
    }

    fn decision(&self, value: String, route: Option<&Route>, ruling: &Ruling, why: Vec<String>) -> Decision {
        let mut lines = self.store.policy.lines(self.role, route);
        let line = lines
            .find(|(rule, line)| *rule == ruling.rule && ruling.label == Label::Field(line.written.clone()));
        let facts = self.config.treatments.get(&ruling.treatment_name);
        Decision {
            value,
            label: ruling.label.to_string(),
            treatment: ruling.treatment_name.to_string(),
            summary: facts.map_or_else(|| ruling.treatment_name.to_string(), |facts| facts.summary.clone()),
            rule: ruling.rule.to_string(),
            line: line.and_then(|(_, line)| self.line(&line.span)),
            why,
        }
    }

    fn line(&self, span: &std::ops::Range<usize>) -> Option<String> {
        let place = self.config.source.place(span)?;
        Some(format!("{}:{}", self.config.source.name, place.line))
    }
}

/// Which records of an answer are read.
fn shown_records(records: &BoundRecords) -> String {
    let others = match records.binding.others {
        OtherRegions::Withhold => "others are withheld",
        OtherRegions::Suppress => "what is protected of others is null",
        OtherRegions::Coarsen => "others come by the plain rules",
    };
    format!("of {} by `{}`; {others}", records.binding, records.path.as_str())
}

/// The ruling that governs a value, and why: its own, that of a value that holds it, or that of what is
/// unlisted.
pub(in crate::cli) fn governing<'a>(plan: &'a Plan, steps: &[&Selector]) -> (&'a Ruling, &'static str) {
    let mut state = plan.root();
    let mut holder = None;
    for step in steps {
        holder = plan.ruling(state).or(holder);
        if let Some(ruling) = holder.filter(|ruling| ruling.replaces_containers()) {
            return (ruling, "it names a value that holds this one, which is replaced as a whole");
        }
        state = match step {
            Selector::Name(name) => plan.member(state, name.as_bytes()),
            Selector::Index(index) => plan.element(state, *index),
            Selector::Wildcard => state,
        };
    }
    match (plan.ruling(state), holder) {
        (Some(own), _) => (own, "it names this value"),
        (None, Some(holder)) => {
            (holder, "it names a value that holds this one, and no rule names this one itself")
        }
        (None, None) => (plan.unlisted(), "no rule names this value, or one that holds it"),
    }
}

/// Why another rule that names the value does not decide.
fn lost(rule: &Rule, line: &FieldRule<HttpField, NamedTreatment>, winner: &Ruling) -> String {
    let reason = if rule.layer() < winner.rule.layer() {
        format!("lines of {} come before lines of {rule}", winner.rule)
    } else if winner.replaces_containers() {
        "what replaces more, or is stricter, decides".to_owned()
    } else {
        "the stricter decides".to_owned()
    };
    format!("`{}` ({}) names it too: {reason}", line.written, line.treatment.name)
}

/// A header that no rule names.
fn unnamed_header(value: String) -> Decision {
    Decision {
        value,
        label: Label::Unlisted.to_string(),
        treatment: "none".to_owned(),
        summary: "none".to_owned(),
        rule: "the list of headers that are sent on".to_owned(),
        line: None,
        why: vec![
            "no rule names this header: it crosses only if its values come from a fixed vocabulary"
                .to_owned(),
        ],
    }
}
