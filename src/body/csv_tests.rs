//! Tables: what stays, what goes, what is refused.

use crate::body::testing::{plan, rewrite};
use crate::body::{Fault, Format, Limits, Rewriter};
use crate::kernel::Treatment::{Pass, Redact, Suppress};

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
