//! The policy of an HTTP store, and what it decides for a role: a plan for each route.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    Binding, BoundRecords, Captured, FieldRule, HttpField, NamedTreatment, OtherRegions, Param, PathTemplate,
    Plan, PlanBuilder, PlanTooLarge, Route, RouteRegion, Rule, Ruling,
};
use crate::kernel::Said;

/// The rules of an HTTP store, as the policy file has them.
#[derive(Clone, Debug)]
pub struct HttpPolicy {
    /// For what no rule names.
    pub unlisted: NamedTreatment,
    /// The store's own rules.
    pub fields: Vec<FieldRule<HttpField, NamedTreatment>>,
    /// What may be asked.
    pub routes: Vec<Arc<Route>>,
    /// What a role changes, by the role's name.
    pub roles: BTreeMap<String, Vec<FieldRule<HttpField, NamedTreatment>>>,
}

/// All decisions for one role (or for no role) in one HTTP store.
#[derive(Clone, Debug)]
pub struct HttpPlans {
    /// Most literal first.
    routes: Vec<RoutePlan>,
    /// The rules without those of any route.
    document: DocumentPlan,
}

/// The decisions for one route.
#[derive(Clone, Debug)]
pub struct RoutePlan {
    /// The route.
    pub route: Arc<Route>,
    /// For the answer, and for the request's body where the route has it treated.
    pub document: DocumentPlan,
    /// For each parameter, with its place.
    pub params: Vec<(Param, Ruling)>,
    /// Which records of the answer may be read, if not all.
    pub records: Option<Arc<BoundRecords>>,
}

/// The decisions for a message: its body and its headers.
#[derive(Clone, Debug)]
pub struct DocumentPlan {
    /// For the body.
    pub body: Arc<Plan>,
    /// For headers, by their name in lower case; at most one each.
    pub headers: Arc<BTreeMap<String, Ruling>>,
}

impl DocumentPlan {
    /// These decisions for an exchange in which the store was asked with raw values ([`Ruling::unsaying`]).
    #[must_use]
    pub fn unsaying(&self, said: &Arc<[Said]>) -> Self {
        let headers = self.headers.iter().map(|(name, ruling)| (name.clone(), ruling.unsaying(said)));
        Self { body: Arc::new(self.body.unsaying(said)), headers: Arc::new(headers.collect()) }
    }

    /// These decisions for a message that must not be read ([`Ruling::suppressing`]).
    #[must_use]
    pub fn suppressing(&self) -> Self {
        let headers = self.headers.iter().map(|(name, ruling)| (name.clone(), ruling.suppressing()));
        Self { body: Arc::new(self.body.suppressing()), headers: Arc::new(headers.collect()) }
    }
}

/// A request that found its route.
pub struct RouteMatch<'a, 'p> {
    /// The route's decisions.
    pub plan: &'a RoutePlan,
    /// The named segments of the path.
    pub captured: Vec<Captured<'a, 'p>>,
}

/// Why a request finds no route.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRoute {
    /// No route has this path.
    #[error("no route declares this path")]
    Path,
    /// Routes have this path, with other methods.
    #[error("no route declares this method for the path")]
    Method {
        /// The methods that they have, sorted.
        allowed: Vec<String>,
    },
}

impl HttpPolicy {
    /// Decides everything for `role`, or for those who have none. A role that changes nothing in this store
    /// gets what everybody gets.
    ///
    /// # Errors
    /// [`PlanTooLarge`] if the paths multiply each other beyond measure.
    pub fn decide(&self, role: Option<&str>) -> Result<HttpPlans, PlanTooLarge> {
        let mut routes = Vec::with_capacity(self.routes.len());
        for route in &self.routes {
            let params = route.params.iter().map(|param| {
                let ruling = param.treatment.rule_for(&param.name, Rule::Params);
                (param.clone(), ruling)
            });
            let params = params.collect();
            let document = self.document(role, Some(route))?;
            routes.push(RoutePlan { route: Arc::clone(route), document, params, records: None });
        }
        routes.sort_by(|left, right| left.route.path.compare_by_specificity(&right.route.path));
        Ok(HttpPlans { routes, document: self.document(role, None)? })
    }

    /// Decides everything for `role`, which is bound to regions: routes that state none cannot be asked.
    ///
    /// # Errors
    /// [`PlanTooLarge`], as for [`Self::decide`].
    pub fn decide_within(
        &self,
        role: Option<&str>,
        binding: Option<&Binding>,
    ) -> Result<HttpPlans, PlanTooLarge> {
        let mut plans = self.decide(role)?;
        let Some(binding) = binding else { return Ok(plans) };
        plans.routes.retain(|plan| plan.route.region.is_some());
        for plan in &mut plans.routes {
            let Some(RouteRegion::Record(path)) = &plan.route.region else { continue };
            let others = match binding.others {
                OtherRegions::Coarsen => self.document(None, Some(&plan.route))?,
                OtherRegions::Withhold | OtherRegions::Suppress => plan.document.suppressing(),
            };
            let (path, binding) = (Arc::clone(path), binding.clone());
            plan.records = Some(Arc::new(BoundRecords { path, binding, others }));
        }
        Ok(plans)
    }

    /// Every line that can say something about the answers of `route` to `role`, with the rule that it is.
    pub fn lines<'a>(
        &'a self,
        role: Option<&'a str>,
        route: Option<&'a Route>,
    ) -> impl Iterator<Item = (Rule, &'a FieldRule<HttpField, NamedTreatment>)> {
        let of_route = route.into_iter().flat_map(|route| &route.fields);
        let of_role = role.and_then(|name| self.roles.get_key_value(name));
        let of_role = of_role
            .into_iter()
            .flat_map(|(name, lines)| lines.iter().map(|line| (Rule::Role(name.clone()), line)));
        let of_store = self.fields.iter().map(|line| (Rule::Fields, line));
        of_store.chain(of_route.map(|line| (Rule::Route, line))).chain(of_role)
    }

    fn document(&self, role: Option<&str>, route: Option<&Route>) -> Result<DocumentPlan, PlanTooLarge> {
        let mut body = PlanBuilder::new(self.unlisted.rule_for_unlisted());
        let mut headers: BTreeMap<String, Ruling> = BTreeMap::new();
        for (rule, line) in self.lines(role, route) {
            let ruling = line.treatment.rule_for(&line.written, rule);
            match &line.field {
                HttpField::Body(path) => {
                    body.add(path.clone(), ruling);
                }
                HttpField::Header(name) => {
                    if headers.get(name).is_none_or(|held| ruling.beats(held)) {
                        headers.insert(name.clone(), ruling);
                    }
                }
            }
        }
        Ok(DocumentPlan { body: Arc::new(body.build()?), headers: Arc::new(headers) })
    }
}

impl HttpPlans {
    /// The route for a request; `path` is without its query.
    ///
    /// # Errors
    /// [`NoRoute`] if nothing declares the request.
    pub fn find<'a, 'p>(&'a self, method: &str, path: &'p str) -> Result<RouteMatch<'a, 'p>, NoRoute> {
        let mut allowed = Vec::new();
        for plan in &self.routes {
            let Some(captured) = plan.route.path.captures(path) else { continue };
            if plan.route.allows(method) {
                return Ok(RouteMatch { plan, captured });
            }
            allowed.extend(plan.route.methods.iter().cloned());
        }
        allowed.sort();
        allowed.dedup();
        Err(if allowed.is_empty() { NoRoute::Path } else { NoRoute::Method { allowed } })
    }

    /// The same decisions for some of the routes.
    #[must_use]
    pub fn limited_to(mut self, is_kept: impl Fn(&PathTemplate) -> bool) -> Self {
        self.routes.retain(|plan| is_kept(&plan.route.path));
        self
    }

    /// The plans of all routes, most literal path first.
    #[must_use]
    pub fn routes(&self) -> &[RoutePlan] {
        &self.routes
    }

    /// The decisions that hold where a route has no rules of its own.
    #[must_use]
    pub const fn document(&self) -> &DocumentPlan {
        &self.document
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Treatment;
    use crate::policy::{PathTemplate, RequestBody};

    fn named(treatment: Treatment) -> NamedTreatment {
        NamedTreatment { name: treatment.kind().into(), treatment: Arc::new(treatment) }
    }

    fn line(field: &str, treatment: Treatment) -> FieldRule<HttpField, NamedTreatment> {
        let (treatment, written) = (named(treatment), field.to_owned());
        FieldRule { field: field.parse().unwrap(), written, treatment, span: 0..0 }
    }

    fn route(methods: &[&str], path: &str, fields: Vec<FieldRule<HttpField, NamedTreatment>>) -> Arc<Route> {
        let path: PathTemplate = path.parse().unwrap();
        let methods = methods.iter().map(ToString::to_string).collect();
        Arc::new(Route {
            methods,
            path,
            params: Vec::new(),
            request_body: RequestBody::Refuse,
            fields,
            region: None,
            span: 0..0,
        })
    }

    fn policy() -> HttpPolicy {
        let redact = || Treatment::Redact("x".to_owned());
        HttpPolicy {
            unlisted: named(Treatment::Pass),
            fields: vec![line("$..ip", Treatment::Suppress), line("header:x-ip", Treatment::Suppress)],
            routes: vec![
                route(&["GET"], "/v1/{name}", vec![line("$.ip", redact()), line("header:X-IP", redact())]),
                route(&["GET"], "/v1/all", Vec::new()),
                route(&["POST"], "/v1/{other}", Vec::new()),
            ],
            roles: BTreeMap::from([("r".to_owned(), vec![line("$['ip']", Treatment::Pass)])]),
        }
    }

    fn kind_of_ip(document: &DocumentPlan) -> &'static str {
        let plan = &document.body;
        plan.ruling(plan.member(plan.root(), b"ip")).unwrap().treatment.kind()
    }

    #[test]
    fn roles_come_before_routes_and_routes_before_the_store() {
        let policy = policy();
        for (role, all, named) in [
            (None, "suppress", "redact"),
            (Some("r"), "pass", "pass"),
            (Some("unknown"), "suppress", "redact"),
        ] {
            let plans = policy.decide(role).unwrap();
            let all_routes = &plans.find("GET", "/v1/all").unwrap().plan.document;
            let its_own = &plans.find("GET", "/v1/x").unwrap().plan.document;
            assert_eq!((kind_of_ip(all_routes), kind_of_ip(its_own)), (all, named), "{role:?}");
            assert_eq!(all_routes.headers["x-ip"].treatment.kind(), "suppress");
            assert_eq!(its_own.headers["x-ip"].treatment.kind(), "redact");
        }
    }

    #[test]
    fn the_most_literal_route_with_the_method_is_taken() {
        let plans = policy().decide(None).unwrap();
        let found = |method: &str, path: &'static str| {
            plans.find(method, path).map(|found| found.plan.route.path.to_string())
        };
        assert_eq!(found("GET", "/v1/all"), Ok("/v1/all".to_owned()));
        assert_eq!(found("POST", "/v1/all"), Ok("/v1/{other}".to_owned()));
        assert_eq!(found("GET", "/v2/all"), Err(NoRoute::Path));
        let allowed = vec!["GET".to_owned(), "POST".to_owned()];
        assert_eq!(found("DELETE", "/v1/x"), Err(NoRoute::Method { allowed }));
    }
}
