//! Conversations with a scripted store.

mod hostile;
mod login;
mod path;
mod pipeline;
mod results;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::{Buf, BufMut, BytesMut};

use super::*;
use crate::kernel::Treatment;
use crate::policy::{Label, Rule, Ruling};
use crate::sql::{Kind, Output, Planned};
use crate::wire::postgres::frame::{self, Peek};

const KEY: CancelKey = CancelKey { process: 77, secret: 99 };

/// One message: its type byte and its body.
fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    frame::write(&mut out, tag, |out| out.put_slice(body)).unwrap();
    out.to_vec()
}

/// Several messages, each with its type byte and its body.
fn messages(all: &[(u8, &[u8])]) -> Vec<u8> {
    all.iter().flat_map(|(tag, body)| message(*tag, body)).collect()
}

fn startup(parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut out = BytesMut::new();
    frame::write_untagged(&mut out, |out| {
        out.put_slice(&[0, 3, 0, 0]);
        for (name, value) in parameters {
            out.put_slice(format!("{name}\0{value}\0").as_bytes());
        }
        out.put_u8(0);
    })
    .unwrap();
    out.to_vec()
}

/// Messages as `T(..) D(..)`, for comparing; an error is its SQLSTATE and message.
fn show(mut bytes: &[u8]) -> String {
    let mut shown = String::new();
    while let Ok(Peek::Whole(frame, rest)) = frame::peek(bytes) {
        let body = match frame.tag {
            b'E' | b'N' if frame.body.windows(2).any(|pair| pair == b"\0C") => {
                let mut fields = frame.body.split(|&byte| byte == 0);
                let mut field = |code: u8| fields.find(|field| field.first() == Some(&code)).unwrap_or(&[]);
                format!("{} {}", field(b'C')[1..].escape_ascii(), field(b'M')[1..].escape_ascii())
            }
            _ => frame.body.escape_ascii().to_string().replace("\\x00", "."),
        };
        write!(shown, "{}({body}) ", char::from(frame.tag)).unwrap();
        bytes = rest;
    }
    assert!(bytes.is_empty(), "a message is cut: {}", bytes.escape_ascii());
    shown.trim_end().to_owned()
}

/// A statement whose rows have the columns of `shape`: `+` is passed, `!` is redacted, `-` is hidden.
fn planned(sql: &str, shape: &str) -> Planned {
    let ruling = Ruling {
        label: Label::Field("public.t.c".into()),
        treatment_name: "gone".into(),
        treatment: Arc::new(Treatment::Redact("***".into())),
        rule: Rule::Fields,
    };
    let visible = shape.chars().filter(|&column| column != '-');
    let columns: Vec<Output> = visible
        .map(|column| Output {
            name: "c".into(),
            edge: (column == '!').then(|| ruling.clone()),
            type_oid: None,
            stored_oid: None,
        })
        .collect();
    let hidden_columns = shape.len() - columns.len();
    Planned {
        sql: sql.into(),
        kind: Kind::Rows,
        columns,
        hidden_columns,
        parameters: Vec::new(),
        reads_protected: false,
        applied: Arc::default(),
        locks: String::new(),
        path: Some(["$user", "public"].map(str::to_owned).into()),
    }
}

/// A session that has been let in, and a planner that knows some texts.
struct Talk {
    session: Session,
    plans: HashMap<String, Planned>,
    ended: Option<Ending>,
}

impl Talk {
    fn open() -> Self {
        let mut talk =
            Self { session: Session::new(Settings::default(), KEY), plans: HashMap::new(), ended: None };
        talk.client(&startup(&[("user", "alice")]));
        talk.server(&messages(&[(b'R', &[0; 4]), (b'Z', b"I")]));
        talk.server(&pins("on"));
        assert!(talk.ended.is_none());
        let (to_client, to_server) = talk.session.outgoing();
        to_client.clear();
        to_server.clear();
        talk
    }

    fn knows(mut self, text: &str, plan: Planned) -> Self {
        self.plans.insert(text.into(), plan);
        self
    }

    /// The client says something; what goes to the store, and what comes back at once.
    fn client(&mut self, bytes: &[u8]) -> String {
        self.say(bytes, Session::client_says)
    }

    fn server(&mut self, bytes: &[u8]) -> String {
        self.say(bytes, Session::server_says)
    }

    fn say(&mut self, bytes: &[u8], step: fn(&mut Session, &[u8]) -> Result<usize, Ending>) -> String {
        let mut rest = bytes;
        loop {
            let mut is_moving = false;
            match step(&mut self.session, rest) {
                Ok(used) => {
                    rest = &rest[used..];
                    is_moving = used > 0;
                }
                Err(ending) => self.ended = Some(ending),
            }
            while let Some(event) = self.session.next_event() {
                is_moving = true;
                let done = match event {
                    Event::Plan(request) => {
                        let plan = self.plans.get(&request.text).cloned();
                        let message = format!("{} is not supported here", request.text);
                        let refused = Refusal { sqlstate: "0A000", message, hint: None, position: Some(1) };
                        self.session.planned(plan.map(|plan| vec![plan]).ok_or(refused), Vec::new())
                    }
                    Event::Authenticated => self.session.open(),
                    _ => Ok(()),
                };
                if let Err(ending) = done {
                    self.ended = Some(ending);
                }
            }
            if !is_moving || self.ended.is_some() {
                break;
            }
        }
        let (to_client, to_server) = self.session.outgoing();
        let said = format!("{} | {}", show(to_client), show_or_startup(to_server));
        to_client.advance(to_client.len());
        to_server.advance(to_server.len());
        said
    }
}

fn show_or_startup(bytes: &[u8]) -> String {
    if bytes.starts_with(b"\0") { "startup".to_owned() } else { show(bytes) }
}

/// The store's answer to the question about pinned settings; `strings` is what it says of
/// `standard_conforming_strings`.
fn pins(strings: &str) -> Vec<u8> {
    let values = [
        "1",
        "on",
        "safe_encoding",
        "hex",
        "UTF8",
        "warning",
        "off",
        "on",
        strings,
        "off",
        "base64",
        "content",
        "\"$user\", public",
    ];
    let mut row = (u16::try_from(values.len()).unwrap()).to_be_bytes().to_vec();
    for value in values {
        row.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
        row.extend_from_slice(value.as_bytes());
    }
    messages(&[
        (b'1', b""),
        (b'2', b""),
        (b'D', &row),
        (b'C', b"SELECT 1\0"),
        (b'3', b""),
        (b'3', b""),
        (b'Z', b"I"),
    ])
}

/// A row of texts.
fn row(values: &[&str]) -> Vec<u8> {
    let mut body = u16::try_from(values.len()).unwrap().to_be_bytes().to_vec();
    for value in values {
        body.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
        body.extend_from_slice(value.as_bytes());
    }
    message(b'D', &body)
}

/// A description of so many columns of `text`.
fn described(columns: usize) -> Vec<u8> {
    let mut body = u16::try_from(columns).unwrap().to_be_bytes().to_vec();
    for _ in 0..columns {
        body.extend_from_slice(b"c\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0");
    }
    message(b'T', &body)
}

const ERROR: &[u8] = b"SERROR\0VERROR\0C22012\0Mdivision by zero in 203.0.113.7\0\0";
