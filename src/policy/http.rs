//! The rulings for one HTTP store and one role: routes, parameters, headers, documents.
//!
//! Not here: matching a request against them (`session::http`), reading them from a file (`app`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Plan, Ruling};

/// All that may be asked of a store, and what happens to its answers.
#[derive(Clone, Debug)]
pub struct HttpRules {
    /// In the order of the file: the first route that fits a path and a method decides.
    pub routes: Vec<RouteRules>,
    /// Response headers that the policy names, in lower case.
    pub headers: Arc<BTreeMap<String, Ruling>>,
}

/// One declared route.
#[derive(Clone, Debug)]
pub struct RouteRules {
    /// As a person would name it: the path template.
    pub name: Arc<str>,
    /// Allowed methods, in upper case.
    pub methods: Vec<String>,
    /// The segments of the path template; `/` is one empty literal.
    pub path: Vec<Segment>,
    /// Parameters of the path and the query.
    pub params: BTreeMap<String, Ruling>,
    /// What happens to a request body.
    pub body: RequestBody,
    /// The rulings for answers, and for request bodies that are treated.
    pub document: Arc<Plan>,
}

/// One segment of a path template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Exactly this text, percent-decoded.
    Literal(String),
    /// `{name}`: any text that is not empty, judged as the parameter of that name.
    Parameter(String),
}

/// What happens to the body of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RequestBody {
    /// A request with a body is refused.
    #[default]
    Refuse,
    /// It is minimised on its way to the store, by the same rulings as answers.
    Treat,
    /// It reaches the store as it is.
    Pass,
}
