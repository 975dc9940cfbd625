//! What may be asked of an HTTP store: methods, a path, parameters.
//!
//! Invariant: every `{name}` of a path has an entry among the parameters.
//! Not here: reading requests, and judging the values of parameters.

use super::{FieldRule, HttpField, NamedTreatment, RouteRegion};

mod template;

pub use template::{Captured, PathTemplate, Segment as TemplateSegment, TemplateError};

/// One declared route. Anything that no route declares is refused.
#[derive(Clone, Debug)]
pub struct Route {
    /// The methods, in upper case; at least one.
    pub methods: Vec<String>,
    /// The path.
    pub path: PathTemplate,
    /// Every parameter that may be sent, in the order of the file.
    pub params: Vec<Param>,
    /// What happens to the body of a request.
    pub request_body: RequestBody,
    /// Rules for the answers of this route, before those of the store.
    pub fields: Vec<FieldRule<HttpField, NamedTreatment>>,
    /// Whose the records of its answers are, if it is stated.
    pub region: Option<RouteRegion>,
    /// Where the route stands in the file, in bytes.
    pub span: std::ops::Range<usize>,
}

/// A parameter of a route.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name: that of a `{name}` in the path, or of a query parameter.
    pub name: String,
    /// Where its value stands.
    pub place: ParamPlace,
    /// The treatment against which a value is judged.
    pub treatment: NamedTreatment,
}

/// Where the value of a parameter stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamPlace {
    /// In a segment of the path.
    Path,
    /// After the `?`.
    Query,
}

/// What happens to the body of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestBody {
    /// A request with a body is refused.
    #[default]
    Refuse,
    /// The rules for answers are applied to it.
    Treat,
    /// It is forwarded as it is.
    Pass,
}

impl Route {
    /// True if a request with this method may take the route.
    #[must_use]
    pub fn allows(&self, method: &str) -> bool {
        self.methods.iter().any(|allowed| allowed == method)
    }
}
