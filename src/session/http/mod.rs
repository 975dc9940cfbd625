//! An HTTP exchange as a decision: a request head in, what is sent to the store out; the store's answer head
//! in, what is sent to the client out. Bodies are rewritten by the [`Pipeline`]s that are handed out.
//!
//! Invariant: only declared routes, methods and parameters pass; an answer whose body cannot be rewritten is
//! replaced by a refusal, never passed on.
//! Not here: hyper, sockets, time-outs (`front`).

mod headers;
mod refusal;
mod target;

use std::collections::BTreeMap;
use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Uri};

pub use refusal::{Problem, Refusal};

use crate::body::{Encoding, Format, Limits, Pipeline};
use crate::policy::{HttpRules, Plan, RequestBody, RouteRules, Ruling, Segment};

/// The rules of one store for one role, ready to decide.
#[derive(Debug)]
pub struct Gate {
    rules: HttpRules,
    limits: Limits,
}

/// A request that passed.
pub struct Admitted {
    /// Path and query for the store, printed from what was judged.
    pub target: String,
    /// Headers for the store.
    pub headers: HeaderMap,
    /// What happens to the request body.
    pub body: BodyAction,
    /// The rulings for the answer.
    answer: AnswerRules,
}

/// What the answer to an admitted request is held against.
#[derive(Clone, Debug)]
pub struct AnswerRules {
    plan: Arc<Plan>,
    headers: Arc<BTreeMap<String, Ruling>>,
    limits: Limits,
    is_head: bool,
}

/// What happens to a body.
pub enum BodyAction {
    /// There is none; what comes anyway is dropped.
    Empty,
    /// It is rewritten as it streams.
    Rewrite(Box<Pipeline>),
    /// It is passed on as it is, because the route says so (requests only).
    Pass,
}

/// The head of an answer for the client.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers, without any length.
    pub headers: HeaderMap,
    /// What happens to the body.
    pub body: BodyAction,
}

impl Gate {
    /// A gate that follows `rules`.
    #[must_use]
    pub const fn new(rules: HttpRules, limits: Limits) -> Self {
        Self { rules, limits }
    }

    /// Decides on a request head. `has_body` tells whether a body follows.
    ///
    /// # Errors
    /// The [`Refusal`] that the client shall read.
    pub fn admit(
        &self,
        method: &Method,
        uri: &Uri,
        client: &HeaderMap,
        has_body: bool,
    ) -> Result<Admitted, Refusal> {
        let is_tunnel = *method == Method::CONNECT || *method == Method::TRACE;
        if is_tunnel || client.contains_key(header::UPGRADE) {
            return Err(Refusal::Tunnel);
        }
        let segments = target::segments(uri.path())?;
        let route = self.route(method, &segments)?;
        let mut sent_target = judged_path(route, &segments)?;
        let query = judged_query(route, uri.query().unwrap_or(""))?;
        if !query.is_empty() {
            sent_target.push('?');
            sent_target.push_str(&query);
        }
        let mut headers = headers::for_store(client);
        let body = self.request_body(route, client, has_body, &mut headers)?;
        let answer = AnswerRules {
            plan: Arc::clone(&route.document),
            headers: Arc::clone(&self.rules.headers),
            limits: self.limits.clone(),
            is_head: *method == Method::HEAD,
        };
        Ok(Admitted { target: sent_target, headers, body, answer })
    }

    fn route(&self, method: &Method, segments: &[String]) -> Result<&RouteRules, Refusal> {
        let mut allowed = Vec::new();
        for route in self.rules.routes.iter().filter(|route| fits(&route.path, segments)) {
            if route.methods.iter().any(|declared| declared == method.as_str()) {
                return Ok(route);
            }
            allowed.extend(route.methods.iter().map(String::as_str));
        }
        if allowed.is_empty() {
            Err(Refusal::UnknownRoute)
        } else {
            Err(Refusal::MethodNotAllowed { allowed: allowed.join(", ") })
        }
    }

    fn request_body(
        &self,
        route: &RouteRules,
        client: &HeaderMap,
        has_body: bool,
        sent: &mut HeaderMap,
    ) -> Result<BodyAction, Refusal> {
        if !has_body {
            sent.remove(header::CONTENT_TYPE);
            return Ok(BodyAction::Empty);
        }
        match route.body {
            RequestBody::Refuse => Err(Refusal::UnexpectedBody),
            RequestBody::Pass => {
                if let Some(coding) = client.get(header::CONTENT_ENCODING) {
                    sent.insert(header::CONTENT_ENCODING, coding.clone());
                }
                Ok(BodyAction::Pass)
            }
            RequestBody::Treat => {
                let kind = body_kind(client).ok_or(Refusal::UnsupportedRequestBody)?;
                let (format, encoding) = kind;
                set_encoding(sent, encoding);
                let pipeline = Pipeline::new(encoding, format, Arc::clone(&route.document), &self.limits);
                Ok(BodyAction::Rewrite(Box::new(pipeline)))
            }
        }
    }
}

impl Admitted {
    /// Takes the rules for the answer out.
    #[must_use]
    pub fn answer_rules(&self) -> AnswerRules {
        self.answer.clone()
    }
}

impl AnswerRules {
    /// Decides on the head of the store's answer.
    ///
    /// # Errors
    /// The [`Refusal`] that the client shall read instead.
    pub fn answer(&self, status: StatusCode, store: &HeaderMap) -> Result<Answer, Refusal> {
        let is_partial = status == StatusCode::PARTIAL_CONTENT || store.contains_key(header::CONTENT_RANGE);
        if is_partial || status.is_informational() {
            return Err(Refusal::UnexpectedAnswer);
        }
        let mut headers = headers::for_client(store, &self.headers);
        let is_empty = self.is_head
            || matches!(
                status,
                StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
            )
            || declared_length(store) == Some(0);
        if is_empty {
            return Ok(Answer { status, headers, body: BodyAction::Empty });
        }
        let Some((format, encoding)) = body_kind(store) else {
            let is_error = status.is_client_error() || status.is_server_error();
            let shown = if is_error { status } else { StatusCode::BAD_GATEWAY };
            return Err(match store_coding(store).and_then(Encoding::from_header) {
                Some(_) => Refusal::UnsupportedAnswerType(shown),
                None => Refusal::UnsupportedAnswerEncoding,
            });
        };
        set_encoding(&mut headers, encoding);
        let pipeline = Pipeline::new(encoding, format, Arc::clone(&self.plan), &self.limits);
        Ok(Answer { status, headers, body: BodyAction::Rewrite(Box::new(pipeline)) })
    }
}

/// The length that a head declares.
#[must_use]
pub fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn fits(path: &[Segment], segments: &[String]) -> bool {
    path.len() == segments.len()
        && path.iter().zip(segments).all(|(declared, segment)| match declared {
            Segment::Literal(literal) => literal == segment,
            Segment::Parameter(_) => !segment.is_empty(),
        })
}

fn judged_path(route: &RouteRules, segments: &[String]) -> Result<String, Refusal> {
    let judged = route.path.iter().zip(segments).map(|(declared, segment)| match declared {
        Segment::Literal(literal) => Ok(literal.clone()),
        Segment::Parameter(name) => judged(route, name, segment),
    });
    let judged: Vec<String> = judged.collect::<Result<_, _>>()?;
    Ok(target::path_of(judged.iter().map(String::as_str)))
}

fn judged_query(route: &RouteRules, query: &str) -> Result<String, Refusal> {
    let mut sent = String::new();
    for (name, value) in target::pairs(query)? {
        let value = judged(route, &name, &value)?;
        target::push_pair(&mut sent, &name, &value);
    }
    Ok(sent)
}

fn judged(route: &RouteRules, name: &str, value: &str) -> Result<String, Refusal> {
    let Some(ruling) = route.params.get(name) else {
        let declared: Vec<&str> = route.params.keys().map(String::as_str).collect();
        let (route, declared) = (route.name.to_string(), declared.join(", "));
        return Err(Refusal::UndeclaredParameter { route, declared });
    };
    target::judge(name, value, ruling)
}

/// The format and the encoding of a body, if both are understood and stated once.
fn body_kind(headers: &HeaderMap) -> Option<(Format, Encoding)> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(content_type), None) = (types.next(), types.next()) else { return None };
    let format = Format::from_content_type(content_type.to_str().ok()?)?;
    Some((format, Encoding::from_header(store_coding(headers)?)?))
}

/// The `Content-Encoding` as one text; two lines are a stacked encoding.
fn store_coding(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(header::CONTENT_ENCODING).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Some("identity"),
        (Some(line), None) => line.to_str().ok(),
        (Some(_), Some(_)) => None,
    }
}

fn set_encoding(headers: &mut HeaderMap, encoding: Encoding) {
    if let Some(name) = encoding.header() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
}
