//! What the audit trail keeps of a request: the route's shape, the rulings for its answer, and who was asked
//! for by name, whether the request is admitted or not.
//!
//! Invariant: nothing of the request is kept but names that the route declares, and tokens.

use http::{Method, Uri};

use super::target;
use crate::audit::{Asked, Rulings, Shape, Subject};
use crate::kernel::{Judgement, Value};
use crate::policy::{HttpPlans, Param, ParamPlace, RoutePlan, Ruling};

/// The rulings of each route, in the order of [`HttpPlans::routes`].
pub(super) fn rulings_of(plans: &HttpPlans) -> Vec<Rulings> {
    let of_route = |plan: &RoutePlan| {
        let document = &plan.document;
        let others = plan.records.iter().flat_map(|records| records.others.body.rulings());
        Rulings::of(document.body.rulings().chain(document.headers.values()).chain(others))
    };
    plans.routes().iter().map(of_route).collect()
}

/// What a request asks. `rulings` are those of [`rulings_of`].
pub(super) fn asked(plans: &HttpPlans, rulings: &[Rulings], method: &Method, uri: &Uri) -> Asked {
    let Ok(found) = plans.find(method.as_str(), uri.path()) else { return Asked::default() };
    let plan = found.plan;
    let pairs = target::pairs(uri.query().unwrap_or("")).unwrap_or_default();
    let names = pairs.iter().map(|(name, _)| name.as_str());
    let shape = Shape::of_route(&plan.route, method.as_str(), names);
    let position = plans.routes().iter().position(|known| std::ptr::eq(known, plan));
    let rulings = position.and_then(|at| rulings.get(at)).cloned().unwrap_or_default();
    let mut subjects = Vec::new();
    for captured in &found.captured {
        let value = target::decode(captured.raw).unwrap_or_default();
        named(plan, ParamPlace::Path, captured.name, &value, &mut subjects);
    }
    for (name, value) in &pairs {
        named(plan, ParamPlace::Query, name, value, &mut subjects);
    }
    Asked { shape: Some(shape), rulings, subjects }
}

fn named(plan: &RoutePlan, place: ParamPlace, name: &str, value: &str, subjects: &mut Vec<Subject>) {
    let is_it = |param: &Param| param.place == place && param.name == name;
    let Some((_, ruling)) = plan.params.iter().find(|(param, _)| is_it(param)) else { return };
    // As in `target::judge`: a URL has no types, so digits are read both as text and as a number.
    let readings = [Some(Value::Text(value)), target::is_integer(value).then_some(Value::Number(value))];
    let readings = || readings.iter().flatten().copied();
    let turned_back = readings().find_map(|reading| by_token(ruling, reading));
    match turned_back {
        Some(subject) => subjects.push(subject),
        // Refused; the attempt is on record under the name by which the policy knows the person.
        None => subjects.extend(readings().filter_map(|reading| Subject::of(ruling, reading))),
    }
}

fn by_token(ruling: &Ruling, token: Value<'_>) -> Option<Subject> {
    let mut scratch = String::new();
    match ruling.treatment.judge(token, &mut scratch) {
        Judgement::TurnedBack(raw) => Subject::of(ruling, raw),
        Judgement::AtCell | Judgement::Refused(_) => None,
    }
}
