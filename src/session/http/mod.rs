//! An HTTP exchange as a decision: a request head in, what is sent to the store out; the store's answer head
//! in, what is sent to the client out. Bodies are rewritten by the [`Pipeline`]s that are handed out.
//!
//! Invariant: only declared routes, methods and parameters pass; an answer whose body cannot be rewritten is
//! replaced by a refusal, never passed on.
//! Not here: hyper, sockets, time-outs (`front`).

pub mod bearer;
mod gates;
mod headers;
mod identity;
mod on_record;
mod refusal;
pub mod target;
mod vocabulary;

use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Uri};

pub use gates::{Gates, Shown};
pub use headers::reaches_the_store;
pub use identity::{Identities, Line, Vouching};
pub use refusal::{Problem, Refusal};
use target::Judged;

use crate::audit::{Asked, Rulings};
use crate::body::{Encoding, Format, Limits, Pipeline};
use crate::kernel::Said;
use crate::policy::{
    BoundRecords, Captured, DocumentPlan, HttpPlans, NoRoute, OtherRegions, ParamPlace, RequestBody,
    RoutePlan, TemplateSegment,
};

/// The rules of one store for one role, ready to decide.
#[derive(Debug)]
pub struct Gate {
    plans: Arc<HttpPlans>,
    rulings: Vec<Rulings>,
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
    document: DocumentPlan,
    records: Option<Arc<BoundRecords>>,
    limits: Limits,
    is_head: bool,
    origin: Option<HeaderValue>,
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
    /// Whether its end is waited for, if it is short, so that the answer has a length.
    pub is_awaited: bool,
}

impl Gate {
    /// A gate that follows `plans`.
    #[must_use]
    pub fn new(plans: Arc<HttpPlans>, limits: Limits) -> Self {
        Self { rulings: on_record::rulings_of(&plans), plans, limits }
    }

    /// What the audit trail keeps of a request, admitted or not.
    #[must_use]
    pub fn asked(&self, method: &Method, uri: &Uri) -> Asked {
        on_record::asked(&self.plans, &self.rulings, method, uri)
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
        target::has_one_reading(uri.path())?;
        let found = self.plans.find(method.as_str(), uri.path()).map_err(|none| match none {
            NoRoute::Path => Refusal::UnknownRoute,
            NoRoute::Method { allowed } => Refusal::MethodNotAllowed { allowed: allowed.join(", ") },
        })?;
        let route = found.plan;
        let mut said = Vec::new();
        let mut sent_target = judged_path(route, &found.captured, &mut said)?;
        let query = judged_query(route, uri.query().unwrap_or(""), &mut said)?;
        if !query.is_empty() {
            sent_target.push('?');
            sent_target.push_str(&query);
        }
        let mut headers = headers::for_store(client);
        let body = self.request_body(route, client, has_body, &mut headers)?;
        let (mut document, mut records) = (route.document.clone(), route.records.clone());
        if !said.is_empty() {
            let said = said.into();
            document = document.unsaying(&said);
            records = records.map(|records| {
                let others = records.others.unsaying(&said);
                Arc::new(BoundRecords { others, ..BoundRecords::clone(&records) })
            });
        }
        let origin = client.get(header::ORIGIN).cloned();
        let is_head = *method == Method::HEAD;
        let answer = AnswerRules { document, records, limits: self.limits.clone(), is_head, origin };
        Ok(Admitted { target: sent_target, headers, body, answer })
    }

    fn request_body(
        &self,
        route: &RoutePlan,
        client: &HeaderMap,
        has_body: bool,
        sent: &mut HeaderMap,
    ) -> Result<BodyAction, Refusal> {
        if !has_body {
            sent.remove(header::CONTENT_TYPE);
            return Ok(BodyAction::Empty);
        }
        match route.route.request_body {
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
                let pipeline =
                    Pipeline::new(encoding, format, Arc::clone(&route.document.body), &self.limits);
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
        let is_one_record = self.records.as_ref().is_some_and(|records| {
            records.path.is_whole() && records.binding.others == OtherRegions::Withhold
        });
        if !is_one_record {
            return self.shown(status, store);
        }
        // Whether there is no such record or one of another region must look the same.
        if status.is_server_error() {
            return Err(Refusal::StoreBroken);
        }
        let shown = self.shown(status, store).ok().filter(|_| status.is_success());
        shown.filter(|shown| !matches!(shown.body, BodyAction::Empty)).ok_or(Refusal::NotThere)
    }

    fn shown(&self, status: StatusCode, store: &HeaderMap) -> Result<Answer, Refusal> {
        let is_partial = status == StatusCode::PARTIAL_CONTENT || store.contains_key(header::CONTENT_RANGE);
        if is_partial || status.is_informational() {
            return Err(Refusal::UnexpectedAnswer);
        }
        let named = self.records.as_ref().map_or(&self.document, |records| &records.others);
        let mut headers = headers::for_client(store, &named.headers, self.origin.as_ref());
        let is_empty = self.is_head
            || matches!(
                status,
                StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
            )
            || declared_length(store) == Some(0);
        if is_empty {
            return Ok(Answer { status, headers, body: BodyAction::Empty, is_awaited: false });
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
        let plan = Arc::clone(&self.document.body);
        let (pipeline, is_awaited) = match &self.records {
            None => (Pipeline::new(encoding, format, plan, &self.limits), declared_length(store).is_some()),
            Some(records) => {
                let bound = Pipeline::bound(encoding, format, plan, Arc::clone(records), &self.limits);
                // Whether the store knew a length may follow from records that are left out.
                (bound.ok_or(Refusal::NoRecords)?, format == Format::Json)
            }
        };
        Ok(Answer { status, headers, body: BodyAction::Rewrite(Box::new(pipeline)), is_awaited })
    }
}

/// The length that a head declares.
#[must_use]
fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn judged_path(
    route: &RoutePlan,
    captured: &[Captured<'_, '_>],
    said: &mut Vec<Said>,
) -> Result<String, Refusal> {
    let mut captured = captured.iter();
    let mut path = String::new();
    for segment in route.route.path.segments() {
        path.push('/');
        match segment {
            TemplateSegment::Literal(literal) => path.push_str(literal),
            TemplateSegment::Named(name) => {
                let raw = captured.next().ok_or(Refusal::AmbiguousPath)?.raw;
                let value = target::decode(raw).ok_or(Refusal::AmbiguousPath)?;
                target::push_encoded(&mut path, &judged(route, ParamPlace::Path, name, &value, said)?);
            }
        }
    }
    Ok(path)
}

fn judged_query(route: &RoutePlan, query: &str, said: &mut Vec<Said>) -> Result<String, Refusal> {
    let mut sent = String::new();
    for (name, value) in target::pairs(query)? {
        let value = judged(route, ParamPlace::Query, &name, &value, said)?;
        target::push_pair(&mut sent, &name, &value);
    }
    Ok(sent)
}

/// What to ask the store in place of `value`; a token that is turned back is noted in `said`.
fn judged(
    route: &RoutePlan,
    place: ParamPlace,
    name: &str,
    value: &str,
    said: &mut Vec<Said>,
) -> Result<String, Refusal> {
    let in_place = || route.params.iter().filter(|(param, _)| param.place == place);
    let Some((_, ruling)) = in_place().find(|(param, _)| param.name == name) else {
        let declared: Vec<&str> = in_place().map(|(param, _)| param.name.as_str()).collect();
        return Err(Refusal::UndeclaredParameter { declared: declared.join(", ") });
    };
    Ok(match target::judge(name, value, ruling)? {
        Judged::AsAsked(value) => value,
        Judged::TurnedBack(raw) => {
            said.push(Said::new(raw.clone(), value.to_owned()));
            raw
        }
    })
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
