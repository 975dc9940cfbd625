//! Rows of a copy, cut in every place.

use std::sync::Arc;

use super::*;
use crate::kernel::Treatment;
use crate::policy::{Label, Rule, Ruling};
use crate::sql::{Kind, Output, Planned};
use crate::wire::postgres::frame::Peek;
use crate::wire::postgres::value::oid;

/// A copy of `a`, a redacted `b`, `c` and a hidden column, all of them text.
fn statement() -> Statement {
    let ruling = Ruling {
        label: Label::Field("public.t.b".into()),
        treatment_name: "gone".into(),
        treatment: Arc::new(Treatment::Redact("g\"o\tn,e\\".into())),
        rule: Rule::Fields,
    };
    let column = |name: &str, edge: Option<Ruling>| Output {
        name: name.into(),
        edge,
        type_oid: None,
        stored_oid: Some(oid::TEXT),
    };
    let planned = Planned {
        sql: String::new(),
        kind: Kind::Rows,
        columns: vec![column("a", None), column("b", Some(ruling)), column("c", None)],
        hidden_columns: 1,
        parameters: Vec::new(),
        reads_protected: false,
        applied: Arc::default(),
        locks: String::new(),
        path: None,
    };
    Statement::new(planned, Vec::new())
}

/// Sends `input` in pieces of `size` bytes through a copy, and gives what the client gets.
fn copied(copy: &CopyOut, input: &[u8], size: usize) -> Result<Vec<u8>, Fault> {
    let format = if copy.format == CopyFormat::Binary { Format::Binary } else { Format::Text };
    let mut stream = CopyStream::new(&statement(), copy, &CopyResponse { format, columns: 4 }, 1000)?;
    let mut out = BytesMut::new();
    for piece in input.chunks(size) {
        let mut message = BytesMut::new();
        frame::write(&mut message, tag::COPY_DATA, |out| out.put_slice(piece)).unwrap();
        let Ok(Peek::Whole(frame, _)) = frame::peek(&message) else { panic!("whole") };
        stream.data(&frame, &mut out)?;
    }
    stream.done()?;
    let (mut rest, mut all) = (&out[..], Vec::new());
    while let Ok(Peek::Whole(frame, behind)) = frame::peek(rest) {
        all.extend_from_slice(frame.body);
        rest = behind;
    }
    assert!(rest.is_empty());
    Ok(all)
}

fn check(copy: &CopyOut, input: &[u8], expected: &[u8]) {
    for size in 1..=input.len() {
        let all = copied(copy, input, size).unwrap();
        assert_eq!(
            all.escape_ascii().to_string(),
            expected.escape_ascii().to_string(),
            "in pieces of {size}"
        );
    }
}

#[test]
fn text() {
    let copy = CopyOut { format: CopyFormat::Text { delimiter: b'\t', null: "\\N".into() }, header: true };
    check(
        &copy,
        b"a\tb\tc\t?column?\n1\t2\\\t\\n\t3\\\\\t4\n\t\\N\t\t\\N\n",
        b"a\tb\tc\n1\tg\"o\\tn,e\\\\\t3\\\\\n\t\\N\t\n",
    );
    for bad in [&b"a\tb\tc\td\n1\t2\t3\n"[..], b"a\tb\tc\td\n1\t2\t3\t4\t5\n", b"a\tb\tc\td\n1\t2\t3\t4"] {
        assert_eq!(copied(&copy, bad, 1000), Err(Fault::Columns), "{bad:?}");
    }
    assert_eq!(copied(&copy, &[b'x'; 1001], 1000), Err(Fault::TooLong));
}

#[test]
fn csv() {
    let format = CopyFormat::Csv {
        delimiter: b',',
        null: String::new(),
        quote: b'"',
        escape: b'"',
        force_quote: Vec::new(),
    };
    let copy = CopyOut { format, header: false };
    check(&copy, b"1,\"2,\"\"\n\",\"3\n,\",4\n,,\"\",\n", b"1,\"g\"\"o\tn,e\\\",\"3\n,\"\n,,\"\"\n");
    let format = CopyFormat::Csv {
        delimiter: b';',
        null: "nil".into(),
        quote: b'\'',
        escape: b'\\',
        force_quote: vec![1],
    };
    let copy = CopyOut { format, header: false };
    check(&copy, b"1;'2\\';';'\\'\n';4\nnil;nil;nil;nil\n", b"1;'g\"o\tn,e\\\\';'\\'\n'\nnil;nil;nil\n");
}

#[test]
fn binary() {
    let copy = CopyOut { format: CopyFormat::Binary, header: false };
    let header = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
    let row = b"\0\x04\0\0\0\x01a\0\0\0\x01b\xff\xff\xff\xff\0\0\0\x01d";
    let input = [&header[..], row, b"\xff\xff"].concat();
    let expected =
        [&header[..], b"\0\x03\0\0\0\x01a\0\0\0\x08g\"o\tn,e\\\xff\xff\xff\xff", b"\xff\xff"].concat();
    check(&copy, &input, &expected);
    assert_eq!(copied(&copy, &input[..input.len() - 2], 1000), Err(Fault::Columns));
    assert!(copied(&copy, b"PGCOPX\n\xff\r\n\0\0\0\0\0\0\0\0\0", 1000).is_err());
    let trailing = [&input[..], b"x"].concat();
    assert_eq!(copied(&copy, &trailing, 1000), Err(Fault::Columns));
}
