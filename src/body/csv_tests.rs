//! Tables: what stays, what goes, what is refused.

use std::sync::Arc;

use proptest::prelude::*;

use crate::body::testing::{plan, rewrite};
use crate::body::{Fault, Format, Limits, Rewriter};
use crate::kernel::Treatment::{Pass, Redact, Suppress};
use crate::kernel::{Scrub, Treatment};

/// Some readers would find `gone` in them, and we would not.
#[test]
fn a_header_has_one_reading() {
    let plan = plan(&Pass, &[("$.gone", Suppress)]);
    for table in [
        "a, gone\n1,2\n",
        "a,\" gone\"\n1,2\n",
        "a;gone\n1;2\n",
        "a|gone\n1|2\n",
        "sep=,\na,gone\n1,2\n",
        "a\tgone\n1\t2\n",
    ] {
        let fault = rewrite(Format::Csv, &plan, table).unwrap_err().fault;
        assert!(matches!(fault, Fault::AmbiguousName), "{table}: {fault}");
    }
    assert_eq!(rewrite(Format::Tsv, &plan, "a;b\tgone").unwrap_err().fault, Fault::AmbiguousName);
    assert_eq!(rewrite(Format::Csv, &plan, "a b,gone\n1,2\n").unwrap(), "a b,gone\n1,\n");
}

#[test]
fn treats_named_columns_and_keeps_the_bytes_of_others() {
    let plan =
        plan(&Pass, &[("$.ip", Redact("a \"b\",c".into())), ("$.gone", Suppress), ("$.x.y", Suppress)]);
    let table = [
        ("", ""),
        ("a,b", "a,b"),
        (
            "\r\n\na,\"b\"\"\",x\r\n1,\"2\r\n,\"\"\",\r\n\r\n\"\",\"\",é\n",
            "\r\n\na,\"b\"\"\",x\r\n1,\"2\r\n,\"\"\",\r\n\r\n\"\",\"\",é\n",
        ),
        (
            "ip,gone\n1,2\n,\n\"3\",\"4\"",
            "ip,gone\n\"a \"\"b\"\",c\",\n\"a \"\"b\"\",c\",\n\"a \"\"b\"\",c\",",
        ),
        ("\u{feff}\"gone\",b\n1,2\n", "\u{feff}\"gone\",b\n,2\n"),
        ("\u{fec0}gone,gone\n1,2\n", "\u{fec0}gone,gone\n1,\n"),
        ("gone\n1\n\n\"2\"\r\n", "gone\n\n\n\r\n"),
        ("a\n1\n\n", "a\n1\n\n"),
    ];
    for (input, output) in table {
        assert_eq!(rewrite(Format::Csv, &plan, input).unwrap(), output, "{input}");
        assert_eq!(rewrite(Format::Csv, &plan, output).unwrap(), output, "again: {output}");
    }
    let input = "a\tgone\t\"b\"\n1,2\t\"3\"\t\"4,\"\"5\"\n";
    assert_eq!(rewrite(Format::Tsv, &plan, input).unwrap(), "a\tgone\t\"b\"\n1,2\t\t\"4,\"\"5\"\n");
}

#[test]
fn a_rule_on_the_row_holds_for_every_field() {
    let rows = plan(&Pass, &[("$", Suppress), ("$.a", Pass)]);
    assert_eq!(rewrite(Format::Csv, &rows, "a,b\n1,2\n").unwrap(), "a,b\n,\n");
    let rows = plan(&Suppress, &[("$", Pass), ("$.a", Suppress)]);
    assert_eq!(rewrite(Format::Csv, &rows, "a,b\n1,2\n").unwrap(), "a,b\n,2\n");
}

#[test]
fn refuses_what_readers_take_differently() {
    let table: [(&[u8], Fault); 16] = [
        (b"a,b\n1,2,3\n", Fault::TooManyFields),
        (b"a,b\n1,2,", Fault::TooManyFields),
        (b"a,b\n1\n", Fault::TooFewFields),
        (b"a,b\n1", Fault::TooFewFields),
        (b"a,b\n1,2\n ", Fault::TooFewFields),
        (b"a,b,a\n", Fault::DuplicateName),
        (b"a,b,\"a\"\n", Fault::DuplicateName),
        (b"gone\nx\"y\n", Fault::StrayQuote),
        (b"gone\n \"y\"\n", Fault::StrayQuote),
        (b"a\n\"x\"y\n", Fault::StrayQuote),
        (b"a\n\"x\n", Fault::UnexpectedEnd),
        (b"a,b\n1,2\r3,4\n", Fault::BareCarriageReturn),
        (b"a\r\n\rb\n", Fault::BareCarriageReturn),
        (b"a\n1\r", Fault::BareCarriageReturn),
        (b"a\n\xff\n", Fault::InvalidUtf8),
        (b"a\n1\xe2\x82", Fault::InvalidUtf8),
    ];
    let plan = plan(&Pass, &[("$.gone", Suppress)]);
    for (input, fault) in table {
        assert_eq!(rewrite(Format::Csv, &plan, input).unwrap_err().fault, fault, "{input:?}");
    }
    for field in ["\"a\tb\"", "\"a\nb\"", "\"a\r\nb\""] {
        let input = format!("a\n{field}\n");
        assert_eq!(
            rewrite(Format::Tsv, &plan, &input).unwrap_err().fault,
            Fault::AmbiguousField,
            "{input:?}"
        );
        assert_eq!(rewrite(Format::Csv, &plan, &input).unwrap(), input);
    }
}

#[test]
fn the_header_is_bounded() {
    let limits = Limits { max_token_bytes: 100, ..Limits::default() };
    let mut csv = Rewriter::new(Format::Csv, plan(&Pass, &[]), &limits);
    let header: String = (0..40).map(|column| format!("{column},")).collect();
    assert_eq!(csv.push(header.as_bytes(), &mut Vec::new()).unwrap_err().fault, Fault::TokenTooLong);
}

#[test]
fn scrubs_unlisted_fields_and_names() {
    let scrub = Treatment::Scrub(Arc::new(Scrub::default()));
    let input = "203.0.113.7,203.0.113.9,203.0.0.0/16\nat 203.0.113.7,\"203.0.113.7,\",\n";
    let output = "203.0.0.0/16,203.0.0.0/16 (2),203.0.0.0/16 (3)\nat 203.0.0.0/16,\"203.0.0.0/16,\",\n";
    assert_eq!(rewrite(Format::Csv, &plan(&scrub, &[]), input).unwrap(), output);
    assert_eq!(rewrite(Format::Csv, &plan(&scrub, &[]), output).unwrap(), output);
    let hidden = "203.0.0.0/16,203.0.0.0/16 (2),203.0.0.0/16 (3)\n,,\n";
    assert_eq!(rewrite(Format::Csv, &plan(&Suppress, &[]), input).unwrap(), hidden);
}

/// A plain reader of the whole text: rows of fields.
fn read(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            _ => field.push(character),
        }
    }
    rows
}

proptest! {
    #[test]
    fn agrees_with_a_plain_reader(
        rows in prop::collection::vec(prop::array::uniform3("[a,\"\n é]{0,5}"), 0..5),
        spare_quotes in any::<bool>(),
    ) {
        let quote = |field: &String| {
            let needed = field.contains(['"', ',', '\n']);
            if needed || spare_quotes { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.clone() }
        };
        let mut body = "a,gone,\"b\"\n".to_owned();
        for row in &rows {
            body.push_str(&row.iter().map(quote).collect::<Vec<_>>().join(","));
            body.push('\n');
        }
        let plan = plan(&Pass, &[("$.gone", Suppress), ("$.b", Redact("x,\"".into()))]);
        let out = rewrite(Format::Csv, &plan, &body).unwrap();
        let mut expected = vec![["a", "gone", "b"].map(str::to_owned).to_vec()];
        expected.extend(rows.iter().map(|[first, ..]| vec![first.clone(), String::new(), "x,\"".to_owned()]));
        prop_assert_eq!(read(&out), expected);
    }
}
