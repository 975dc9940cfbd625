//! What is on record about one exchange or statement: who, from where, in which role, asked what, of whom,
//! under which rulings, and what became of it.
//!
//! Invariant: an entry holds no raw value. Fields, treatments, rules and reasons are words of the policy or
//! of the house; a shape has its values out; persons stand as the tokens that [`apply`] makes of them.
//! The asker's own name and address are kept: the record is about the asker.
//! Not here: the chain, files, the clock (a time is given).

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::Serialize;
use serde_json::value::RawValue;

use super::Shape;
use super::chain::Body;
use crate::kernel::canon::format_uuid;
use crate::kernel::{Treatment, Typed, Value};
use crate::policy::{Label, Ruling, apply, apply_typed};

/// The longest name of an asker that is kept, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// Which protocol was spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP: one `exchange` an entry.
    Http,
    /// PostgreSQL: one `statement` an entry.
    Postgres,
}

/// A name that a way of authentication has vouched for, or that the store will be asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity(Arc<str>);

impl Identity {
    /// Takes the name; of a very long one the beginning.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut end = MAX_NAME_BYTES.min(name.len());
        while !name.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        Self(name.get(..end).unwrap_or_default().into())
    }
}

/// Who is asking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asker {
    /// The name, where there is one.
    pub who: Option<Identity>,
    /// The other end of the connection; `None` on a unix socket.
    pub from: Option<SocketAddr>,
    /// The role whose rules hold.
    pub role: Option<Arc<str>>,
}

/// The rulings under which an exchange or statement stands, printed once and shown many times.
#[derive(Clone, Debug, Default)]
pub struct Rulings(Option<Arc<RawValue>>);

#[derive(Serialize)]
struct RulingLine<'a> {
    field: Option<&'a str>,
    treatment: &'a str,
    rule: String,
}

impl Rulings {
    /// Prints the rulings, each once.
    #[must_use]
    pub fn of<'a>(rulings: impl Iterator<Item = &'a Ruling>) -> Self {
        let mut printed: Vec<String> = Vec::new();
        for ruling in rulings {
            let field = field_of(ruling);
            let line = RulingLine { field, treatment: &ruling.treatment_name, rule: ruling.rule.to_string() };
            let Ok(line) = serde_json::to_string(&line) else { continue };
            if !printed.contains(&line) {
                printed.push(line);
            }
        }
        Self(RawValue::from_string(format!("[{}]", printed.join(","))).ok().map(Arc::from))
    }
}

fn field_of(ruling: &Ruling) -> Option<&str> {
    match &ruling.label {
        Label::Field(field) => Some(field),
        Label::Unlisted => None,
    }
}

/// A person who was asked for by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    field: String,
    token: String,
}

impl Subject {
    /// The person whom the identifier `value` names in a field that `ruling` pseudonymises or tokenises; the
    /// value itself is not kept. `None` if the field names no persons, or the value is no identifier.
    #[must_use]
    pub fn of(ruling: &Ruling, value: Value<'_>) -> Option<Self> {
        if !names_persons(&ruling.treatment) {
            return None;
        }
        let mut scratch = String::new();
        let token = match apply(ruling, value, &mut scratch).value() {
            Value::Null | Value::Bool(_) => return None,
            Value::Number(token) | Value::Text(token) => token.to_owned(),
        };
        Some(Self { field: field_of(ruling)?.to_owned(), token })
    }

    /// The same for a value in the types of an SQL store.
    #[must_use]
    pub fn of_typed(ruling: &Ruling, value: Typed<'_>) -> Option<Self> {
        if !names_persons(&ruling.treatment) {
            return None;
        }
        let mut scratch = String::new();
        let token = match apply_typed(ruling, value, &mut scratch).value() {
            Typed::Text(token) => token.to_owned(),
            Typed::Int16(token) => token.to_string(),
            Typed::Int32(token) => token.to_string(),
            Typed::Int64(token) => token.to_string(),
            Typed::Uuid(token) => format_uuid(token).into_iter().map(char::from).collect(),
            Typed::Bytes(token) => hex(token),
            Typed::Bytes16(token) => hex(&token),
            Typed::Null | Typed::Float64(_) | Typed::Network(..) => return None,
        };
        Some(Self { field: field_of(ruling)?.to_owned(), token })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const fn names_persons(treatment: &Treatment) -> bool {
    match treatment {
        Treatment::Pseudonymize(_) | Treatment::Tokenize(_) => true,
        Treatment::Suppress
        | Treatment::Redact(_)
        | Treatment::Truncate(_)
        | Treatment::Grid(_)
        | Treatment::Floor(_)
        | Treatment::Bucket(_)
        | Treatment::Scrub(_)
        | Treatment::Unsay(_)
        | Treatment::Pass => false,
    }
}

/// What was asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Its shape; `None` if it found no route, or could not be read.
    pub shape: Option<Shape>,
    /// The rulings that hold for the answer.
    pub rulings: Rulings,
    /// The persons asked for by name.
    pub subjects: Vec<Subject>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The answer is on its way; another entry tells how it ended.
    Begun,
    /// Answered in full.
    Answered,
    /// Refused, for this reason.
    Refused(&'static str),
    /// The answer was broken off, for this reason.
    Cut(&'static str),
}

/// What became of it, and how much it was.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The decision.
    pub decision: Decision,
    /// The number of the entry in which this exchange has [`Decision::Begun`].
    pub begun: Option<u64>,
    /// The status of the answer, where the protocol has one.
    pub status: Option<u16>,
    /// Rows of the answer, where it has rows.
    pub rows: Option<u64>,
    /// Bytes of the answer's body as sent.
    pub bytes: u64,
    /// How many values were treated, by the treatment's name.
    pub treated: &'a [(&'a str, u64)],
}

impl Outcome<'_> {
    /// An outcome without an answer.
    #[must_use]
    pub const fn of(decision: Decision) -> Self {
        Self { decision, begun: None, status: None, rows: None, bytes: 0, treated: &[] }
    }
}

/// One exchange or statement.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The store, by its name in the configuration.
    pub store: &'a str,
    /// What was spoken.
    pub protocol: Protocol,
    /// Who is asking.
    pub asker: &'a Asker,
    /// What was asked.
    pub asked: &'a Asked,
    /// What became of it.
    pub outcome: Outcome<'a>,
}

#[derive(Serialize)]
struct EntryLine<'a> {
    time: String,
    kind: &'static str,
    store: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<&'a str>,
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    begun: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    bytes: u64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    subjects: &'a [Subject],
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "as_map")]
    treated: &'a [(&'a str, u64)],
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<&'a RawValue>,
}

fn as_map<S: serde::Serializer>(counts: &[(&str, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().copied())
}

impl Entry<'_> {
    /// Prints the entry, with the time at which it was made (milliseconds since the Unix epoch).
    #[must_use]
    pub fn body(&self, unix_ms: u64) -> Body {
        self.body_over(unix_ms, None)
    }

    /// The same in the room of a body that is used up: fresh room is cold, and fetching it costs as much as printing.
    #[must_use]
    pub fn body_over(&self, unix_ms: u64, used: Option<Body>) -> Body {
        let (decision, reason) = match self.outcome.decision {
            Decision::Begun => ("begun", None),
            Decision::Answered => ("answered", None),
            Decision::Refused(reason) => ("refused", Some(reason)),
            Decision::Cut(reason) => ("cut", Some(reason)),
        };
        let line = EntryLine {
            time: rfc3339(unix_ms),
            kind: match self.protocol {
                Protocol::Http => "exchange",
                Protocol::Postgres => "statement",
            },
            store: self.store,
            who: self.asker.who.as_ref().map(|who| &*who.0),
            from: self.asker.from,
            role: self.asker.role.as_deref(),
            shape: self.asked.shape.as_ref().map(Shape::as_str),
            decision,
            reason,
            begun: self.outcome.begun,
            status: self.outcome.status,
            rows: self.outcome.rows,
            bytes: self.outcome.bytes,
            subjects: &self.asked.subjects,
            treated: self.outcome.treated,
            fields: self.asked.rulings.0.as_deref(),
        };
        Body::print_over(used, &line)
    }
}

/// A time as RFC 3339 has it, in UTC with milliseconds.
pub(super) fn rfc3339(unix_ms: u64) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    let time = i64::try_from(unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    PRINTER.timestamp_to_string(&time.unwrap_or(Timestamp::MAX))
}
