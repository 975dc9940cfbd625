//! Rows, copies and a known statement through a whole session, with a store that says what is expected of it.
//!
//! Not here: sockets, and planning.

use std::hint::black_box;
use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use sfumato::policy::{Label, Rule, Ruling};
use sfumato::session::postgres::{Event, Session, Settings};
use sfumato::sql::{CopyFormat, CopyOut, Kind, Output, Planned};
use sfumato::wire::postgres::frame::{self, Peek};
use sfumato::wire::postgres::frontend::CancelKey;

use crate::{BATCH, UUID, Work, treatment};

/// Columns of a row: treatment, type, and the value as text and as it is in binary.
fn columns(treated: usize) -> Vec<(Option<&'static str>, u32, &'static str, Vec<u8>)> {
    let uuid = 0x550e_8400_e29b_41d4_a716_4466_5544_0000_u128.to_be_bytes().to_vec();
    let note = "signed in from 203.0.113.7 in the morning";
    [
        ("truncate", 869, "203.0.113.77", vec![2, 32, 0, 4, 203, 0, 113, 77]),
        ("pseudonymize", 2950, UUID, uuid.clone()),
        ("tokenize", 2950, UUID, uuid),
        ("grid", 701, "-52.5200661", (-52.520_066_1_f64).to_be_bytes().to_vec()),
        ("bucket", 20, "1234567", 1_234_567_i64.to_be_bytes().to_vec()),
        ("scrub", 25, note, note.into()),
        ("redact", 25, "Jane Doe", b"Jane Doe".to_vec()),
    ]
    .into_iter()
    .enumerate()
    .map(|(index, (name, oid, text, binary))| ((index < treated).then_some(name), oid, text, binary))
    .collect()
}

fn planned(treated: usize, kind: Kind) -> Planned {
    let output = |(name, oid, ..): (Option<&str>, u32, &str, Vec<u8>)| Output {
        name: "c".into(),
        edge: name.map(|name| Ruling {
            label: Label::Field("public.t.c".into()),
            treatment_name: name.into(),
            treatment: Arc::new(treatment(name)),
            rule: Rule::Fields,
        }),
        type_oid: None,
        stored_oid: Some(oid),
    };
    Planned {
        sql: "SELECT".into(),
        kind,
        columns: columns(treated).into_iter().map(output).collect(),
        hidden_columns: 0,
        parameters: Vec::new(),
        reads_protected: false,
        applied: Arc::default(),
        locks: String::new(),
        path: Some(["$user", "public"].map(str::to_owned).into()),
    }
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    frame::write(&mut out, tag, |out| out.put_slice(body)).unwrap();
    out.to_vec()
}

fn count(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap().to_be_bytes()
}

fn description(is_binary: bool) -> Vec<u8> {
    let columns = columns(0);
    let mut body = count(columns.len()).to_vec();
    for (_, oid, ..) in columns {
        body.extend_from_slice(b"c\0\0\0\0\0\0\0");
        body.extend_from_slice(&oid.to_be_bytes());
        body.extend_from_slice(&[0xff; 6]);
        body.extend_from_slice(&[0, u8::from(is_binary)]);
    }
    message(b'T', &body)
}

fn data_row(is_binary: bool) -> Vec<u8> {
    let columns = columns(0);
    let mut body = count(columns.len()).to_vec();
    for (_, _, text, binary) in columns {
        let value = if is_binary { binary } else { text.as_bytes().to_vec() };
        body.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
        body.extend_from_slice(&value);
    }
    message(b'D', &body)
}

/// A session, and a store that says what is expected of it.
struct Talk {
    session: Session,
    plan: Planned,
    description: Vec<u8>,
}

impl Talk {
    fn open(plan: Planned, is_binary: bool) -> Self {
        let session = Session::new(Settings::default(), CancelKey { process: 77, secret: 99 });
        let mut talk = Self { session, plan, description: description(is_binary) };
        talk.client(b"\0\0\0\x14\0\x03\0\0user\0alice\0\0");
        talk.drain();
        talk.server(&[message(b'R', &[0; 4]), message(b'Z', b"I")].concat());
        let pins = ["1", "on", "safe_encoding", "hex", "UTF8", "warning", "off", "on", "on", "off", "base64"];
        let pins = pins.into_iter().chain(["content", "\"$user\", public"]);
        let mut row = count(pins.clone().count()).to_vec();
        for value in pins {
            row.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
            row.extend_from_slice(value.as_bytes());
        }
        let pins = [
            (b'1', &b""[..]),
            (b'2', b""),
            (b'D', &row),
            (b'C', b"SELECT 1\0"),
            (b'3', b""),
            (b'3', b""),
            (b'Z', b"I"),
        ];
        talk.server(&pins.map(|(tag, body)| message(tag, body)).concat());
        talk.drain();
        talk
    }

    fn client(&mut self, bytes: &[u8]) {
        self.say(bytes, true);
    }

    fn server(&mut self, bytes: &[u8]) {
        self.say(bytes, false);
    }

    fn say(&mut self, mut bytes: &[u8], is_client: bool) {
        loop {
            let said =
                if is_client { self.session.client_says(bytes) } else { self.session.server_says(bytes) };
            let Ok(used) = said else { panic!("the session has ended") };
            bytes = bytes.get(used..).unwrap();
            let mut is_moving = used > 0;
            while let Some(event) = self.session.next_event() {
                is_moving = true;
                match event {
                    Event::Plan(_) => self.session.planned(Ok(vec![self.plan.clone()]), Vec::new()).unwrap(),
                    Event::Authenticated => self.session.open().unwrap(),
                    _ => {}
                }
            }
            if !is_moving {
                break;
            }
            // The client reads as fast as it is written to.
            if !is_client && !bytes.is_empty() {
                self.drain();
            }
        }
        assert!(bytes.is_empty(), "bytes are left");
    }

    fn drain(&mut self) {
        let (to_client, to_server) = self.session.outgoing();
        black_box(&*to_client);
        to_client.clear();
        to_server.clear();
    }

    /// Answers what has been asked, but for the rows.
    fn answer(&mut self) {
        let asked = std::mem::take(self.session.outgoing().1);
        let (mut rest, mut answers) = (&asked[..], Vec::new());
        while let Ok(Peek::Whole(frame, behind)) = frame::peek(rest) {
            rest = behind;
            match (frame.tag, frame.body.first()) {
                (b'P', _) => answers.extend(message(b'1', b"")),
                (b'B', _) => answers.extend(message(b'2', b"")),
                (b'D', Some(b'S')) => {
                    answers.extend([message(b't', b"\0\0"), self.description.clone()].concat());
                }
                (b'D', _) => answers.extend_from_slice(&self.description),
                _ => {}
            }
        }
        self.server(&answers);
    }
}

/// Parse, then Bind and Execute, with all columns in one format.
fn open_result(talk: &mut Talk, is_binary: bool) {
    talk.client(&message(b'P', b"s\0q\0\0\0"));
    talk.client(&execution(is_binary));
    talk.answer();
    talk.drain();
}

fn execution(is_binary: bool) -> Vec<u8> {
    let bind = [b"\0s\0\0\0\0\0\0\x01\0", &[u8::from(is_binary)][..]].concat();
    [message(b'B', &bind), message(b'E', b"\0\0\0\0\0"), message(b'S', b"")].concat()
}

/// Results and copies of [`BATCH`] rows.
pub(crate) fn rows() -> Vec<(String, Work)> {
    let mut cases = Vec::new();
    for (is_binary, format) in [(false, "text"), (true, "binary")] {
        for treated in [0, 2, 7] {
            let mut talk = Talk::open(planned(treated, Kind::Rows), is_binary);
            open_result(&mut talk, is_binary);
            let one = data_row(is_binary);
            talk.server(&one);
            let shown = talk.session.outgoing().0;
            assert!(treated == 0 || *shown != one[..], "something is treated");
            assert!(!shown.windows(4).any(|four| four == [0xff; 4]), "nothing is NULL with {treated}");
            talk.drain();
            let batch = one.repeat(BATCH);
            let work = move || {
                talk.server(&batch);
                talk.drain();
            };
            cases.push((format!("rows/{format}/{treated}"), Box::new(work) as Work));
        }
    }
    for treated in [0, 2, 7] {
        let format = CopyFormat::Text { delimiter: b'\t', null: "\\N".into() };
        let plan = planned(treated, Kind::CopyOut(CopyOut { format, header: false }));
        let mut talk = Talk::open(plan, false);
        talk.client(&message(b'Q', b"q\0"));
        talk.server(&message(b'H', b"\0\0\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
        talk.drain();
        let line = columns(0).iter().map(|column| column.2).collect::<Vec<_>>().join("\t") + "\n";
        let batch = message(b'd', line.as_bytes()).repeat(BATCH);
        let work = move || {
            talk.server(&batch);
            talk.drain();
        };
        cases.push((format!("copy/text/{treated}"), Box::new(work) as Work));
    }
    cases
}

/// Bind and Execute of a statement that the session knows, with one row, on both ways.
pub(crate) fn known_statement() -> (String, Work) {
    let mut talk = Talk::open(planned(2, Kind::Rows), false);
    open_result(&mut talk, false);
    let end = [data_row(false), message(b'C', b"SELECT 1\0"), message(b'Z', b"I")].concat();
    talk.server(&end);
    talk.drain();
    let (asked, answered) = (execution(false), [message(b'2', b""), end].concat());
    let work = move || {
        for _ in 0..BATCH {
            talk.client(&asked);
            talk.server(&answered);
            talk.drain();
        }
    };
    ("statement/known".to_owned(), Box::new(work) as Work)
}
