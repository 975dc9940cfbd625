//! Tables: what stays, what goes, what is refused.

use std::sync::Arc;

use crate::base::budget::Budget;
use crate::body::testing::{plan, rewrite, rewrite_pieces};
use crate::body::{Fault, Format, Limits, Rewriter};
use crate::kernel::Treatment::{Pass, Redact, Suppress};
use crate::kernel::{AddressForm, PrefixV4, PrefixV6, Scrub, Truncate};

fn json(
    unlisted: &crate::kernel::Treatment,
    rules: &[(&str, crate::kernel::Treatment)],
    input: &str,
) -> String {
    rewrite(Format::Json, &plan(unlisted, rules), input).unwrap()
}

fn fault(format: Format, input: impl AsRef<[u8]>) -> Fault {
    let rules = [("$..ip", Redact("x".into())), ("$.gone", Suppress)];
    rewrite(format, &plan(&Pass, &rules), input).unwrap_err().fault
}

#[test]
fn leaves_what_no_rule_touches_byte_for_byte() {
    let inputs = [
        "0",
        " -1.50E+07 ",
        "null",
        "\"\"",
        "[]",
        "{}",
        "\r\n\t[ 1 , [ ] , { } , \"\\u0041\\/\\ud83d\\ude00\" , true,false,null ]\n",
        "{\"a\" : 12345678901234567890.0e-3, \"\\u0062\":{\"c\":[{\"d\":\"é€😀\"}]} }",
    ];
    for input in inputs {
        assert_eq!(json(&Pass, &[("$..ip", Suppress)], input), input);
        assert_eq!(json(&Pass, &[], input), input);
    }
}

#[test]
fn replaces_scalars_objects_and_arrays_whole() {
    let rules = [("$..ip", Redact("x".into())), ("$.gone", Suppress), ("$.list[1]", Suppress)];
    let table = [
        (r#"{"ip":"203.0.113.7","b":1}"#, r#"{"ip":"x","b":1}"#),
        (r#"{"a":{"\u0069p" : 1.5 }}"#, r#"{"a":{"\u0069p" : "x" }}"#),
        (r#"{"gone":{"ip":"203.0.113.7","deep":[[{}]]},"ip":[1,2]}"#, r#"{"gone":null,"ip":"x"}"#),
        (r#"{"gone":[ ] ,"ip":{} }"#, r#"{"gone":null ,"ip":"x" }"#),
        (r#"[{"ip":true},{"ip":null},{"gone":1}]"#, r#"[{"ip":"x"},{"ip":"x"},{"gone":1}]"#),
        (r#"{"list":[1,2,[3,{"ip":4}]]}"#, r#"{"list":[1,null,[3,{"ip":"x"}]]}"#),
    ];
    for (input, output) in table {
        assert_eq!(json(&Pass, &rules, input), output, "{input}");
        assert_eq!(json(&Pass, &rules, output), output, "again: {output}");
    }
    assert_eq!(json(&Pass, &[("$", Redact("\u{1}\"".into()))], " [1] "), r#" "\u0001\"" "#);
}

#[test]
fn suppresses_unlisted_scalars_and_keeps_the_structure() {
    let rules = [("$.keep", Pass), ("$.keep.not", Suppress)];
    let input = r#"{"a":"b","c":[1,true,{"d":null}],"keep":{"e":"f","not":"g","h":[2]}}"#;
    let output = r#"{"a":null,"c":[null,null,{"d":null}],"keep":{"e":"f","not":null,"h":[2]}}"#;
    assert_eq!(json(&Suppress, &rules, input), output);
}

#[test]
fn rewrites_each_line_for_itself() {
    let plan = plan(&Pass, &[("$.ip", Redact("x".into())), ("$", Pass)]);
    let input = "\n{\"ip\":1}\n\r\n {\"ip\":2} \r\n7\n{\"a\":[{\"ip\":3}]}";
    let output = "\n{\"ip\":\"x\"}\n\r\n {\"ip\":\"x\"} \r\n7\n{\"a\":[{\"ip\":3}]}";
    assert_eq!(rewrite(Format::Ndjson, &plan, input).unwrap(), output);
    assert_eq!(rewrite(Format::Ndjson, &plan, "").unwrap(), "");
}

#[test]
fn refuses_what_is_not_json() {
    let table: [(&[u8], Fault); 43] = [
        (b"", Fault::UnexpectedEnd),
        (b" ", Fault::UnexpectedEnd),
        (b"\xef\xbb\xbf{}", Fault::ByteOrderMark),
        (b"{} {}", Fault::BytesAfterValue),
        (b"1 2", Fault::BytesAfterValue),
        (b"\"a\" \xff", Fault::BytesAfterValue),
        (b"{", Fault::UnexpectedEnd),
        (b"{\"a\"", Fault::UnexpectedEnd),
        (b"{\"a\":", Fault::UnexpectedEnd),
        (b"{\"a\":1", Fault::UnexpectedEnd),
        (b"{\"ip\":\"203.0.", Fault::UnexpectedEnd),
        (b"{\"ip\":-", Fault::UnexpectedEnd),
        (b"{,}", Fault::UnexpectedByte),
        (b"{\"a\":1,}", Fault::UnexpectedByte),
        (b"{\"a\" 1}", Fault::UnexpectedByte),
        (b"{\"a\"::1}", Fault::UnexpectedByte),
        (b"{a:1}", Fault::UnexpectedByte),
        (b"{'a':1}", Fault::UnexpectedByte),
        (b"{1:1}", Fault::UnexpectedByte),
        (b"[1,]", Fault::UnexpectedByte),
        (b"[,1]", Fault::UnexpectedByte),
        (b"[1 2]", Fault::UnexpectedByte),
        (b"[1}", Fault::UnexpectedByte),
        (b"{\"a\":1]", Fault::UnexpectedByte),
        (b"]", Fault::UnexpectedByte),
        (b"[/*c*/1]", Fault::UnexpectedByte),
        (b"[\x01]", Fault::UnexpectedByte),
        (b"[1,\x00]", Fault::UnexpectedByte),
        (b"{\"a\":\x1f1}", Fault::UnexpectedByte),
        (b"NaN", Fault::UnexpectedByte),
        (b"tru", Fault::UnexpectedEnd),
        (b"True", Fault::UnexpectedByte),
        (b"truee", Fault::BytesAfterValue),
        (b"[01]", Fault::InvalidNumber),
        (b"[+1]", Fault::UnexpectedByte),
        (b"[1.]", Fault::InvalidNumber),
        (b"{\"ip\":1e}", Fault::InvalidNumber),
        (b"[\"\n\"]", Fault::ControlCharacter),
        (b"[\"\\a\"]", Fault::InvalidEscape),
        (b"{\"\\ud800\":1}", Fault::LoneSurrogate),
        (b"{\"\xff\":1}", Fault::InvalidUtf8),
        (b"{\"a\":1,\"\\u0061\":2}", Fault::DuplicateName),
        (b"{\"gone\":{\"a\":1,\"a\":2}}", Fault::DuplicateName),
    ];
    for (input, expected) in table {
        assert_eq!(fault(Format::Json, input), expected, "{input:?}");
    }
    for (input, expected) in [
        ("{\n}", Fault::UnexpectedEnd),
        ("1 2\n", Fault::BytesAfterValue),
        ("1\n{\"a\":", Fault::UnexpectedEnd),
        ("[1,\n2]", Fault::UnexpectedEnd),
    ] {
        assert_eq!(fault(Format::Ndjson, input), expected, "{input:?}");
    }
}

fn scrub() -> crate::kernel::Treatment {
    crate::kernel::Treatment::Scrub(Arc::new(Scrub::default()))
}

fn truncate() -> crate::kernel::Treatment {
    let (v4, v6) = (PrefixV4::new(16).unwrap(), PrefixV6::new(32).unwrap());
    crate::kernel::Treatment::Truncate(Truncate::new(v4, v6, AddressForm::Network))
}

#[test]
fn reads_containers_as_their_treatment_does() {
    let rules = [("$.ip", truncate()), ("$.text", scrub()), ("$.open", Pass), ("$.open.ip", truncate())];
    let table = [
        (r#"{"ip":"203.0.113.7"}"#, r#"{"ip":"203.0.0.0/16"}"#),
        (r#"{"ip":{"a":"203.0.113.7"}}"#, r#"{"ip":null}"#),
        (r#"{"ip":["203.0.113.7"]}"#, r#"{"ip":null}"#),
        (r#"{"ip":7}"#, r#"{"ip":null}"#),
        (
            r#"{"text":[7,{"203.0.113.7":"at 203.0.113.7"}]}"#,
            r#"{"text":[7,{"203.0.0.0/16":"at 203.0.0.0/16"}]}"#,
        ),
        (
            r#"{"open":{"x":"203.0.113.7","ip":"203.0.113.7"}}"#,
            r#"{"open":{"x":"203.0.113.7","ip":"203.0.0.0/16"}}"#,
        ),
    ];
    for (input, output) in table {
        assert_eq!(json(&Pass, &rules, input), output, "{input}");
    }
}

#[test]
fn scrubs_unlisted_strings_and_names() {
    let input = r#"{"203.0.113.7":1,"203.0.113.9":["from\t203.0.113.7","\u0041 plain"],"203.0.0.0/16":2}"#;
    let output =
        r#"{"203.0.0.0/16":1,"203.0.0.0/16 (2)":["from\t203.0.0.0/16","\u0041 plain"],"203.0.0.0/16 (3)":2}"#;
    assert_eq!(json(&scrub(), &[], input), output);
    assert_eq!(json(&scrub(), &[], output), output);
    let hidden = r#"{"203.0.0.0/16":null,"203.0.0.0/16 (2)":[null,null],"203.0.0.0/16 (3)":null}"#;
    assert_eq!(json(&Suppress, &[], input), hidden);
    assert_eq!(json(&Pass, &[], input), input);
}

#[test]
fn scrubs_familiar_members_that_were_clean_before() {
    let clean = r#"{"a":"x 1","b":["y","2.3",4],"c":"rv:140.0","d":"end"}"#;
    let found = r#"{"a":"198.51.100.4","b":["y","203.0.113.7",4],"c":"b@example.com","d":"1"}"#;
    let scrubbed = r#"{"a":"198.51.0.0/16","b":["y","203.0.0.0/16",4],"c":"[email]","d":"1"}"#;
    let lines = [clean, clean, found, clean].join("\n");
    let expected = [clean, clean, scrubbed, clean].join("\n");
    assert_eq!(rewrite(Format::Ndjson, &plan(&scrub(), &[]), lines).unwrap(), expected);
    // A clean string has no other limit than one that is not.
    let limits = Limits { max_token_bytes: 20, ..Limits::default() };
    for piece in [1, 7, 1000] {
        let mut rewriter = Rewriter::new(Format::Json, plan(&scrub(), &[]), &limits);
        let input = format!(r#"[{{"a":"x","b":1}},{{"a":"{}","b":1}}]"#, "x".repeat(50));
        let result =
            input.as_bytes().chunks(piece).try_for_each(|piece| rewriter.push(piece, &mut Vec::new()));
        assert_eq!(result.unwrap_err().fault, Fault::TokenTooLong, "in pieces of {piece}");
    }
}

#[test]
fn notices_duplicates_among_familiar_names() {
    let lines =
        ["{\"a\":1,\"b\":2,\"c\":3}", "{\"b\":2,\"a\":1}", "{\"c\":[{\"a\":1,\"b\":2}],\"d\":4,\"a\":1}"];
    let fine = lines.join("\n");
    assert_eq!(rewrite(Format::Ndjson, &plan(&scrub(), &[]), &fine).unwrap(), fine);
    for last in [
        "{\"a\":1,\"b\":2,\"a\":3}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"\\u0061\":1,\"a\":2}",
        "{\"x\":1,\"x\":2}",
        "{\"c\":[{\"a\":1,\"a\":2}]}",
        "{\"203.0.113.7\":1,\"a\":2,\"a\":3}",
        "{\"a\":1,\"203.0.113.7\":2,\"a\":3}",
        "{\"203.0.0.0/16\":1,\"203.0.113.7\":2,\"203.0.0.0/16\":3}",
    ] {
        let body = format!("{fine}\n{last}");
        let fault = rewrite(Format::Ndjson, &plan(&scrub(), &[]), &body).unwrap_err().fault;
        assert_eq!(fault, Fault::DuplicateName, "{last}");
    }
    // The first object of its kind: none of its names is familiar.
    for first in [
        "{\"\\u0061\":1,\"a\":2}",
        "{\"b\":0,\"\\u0061\":1,\"c\":{},\"a\":2}",
        "{\"\\ud83d\\ude00\":1,\"\u{1f600}\":2}",
        "{\"c\":[{\"\\u0061\":1,\"a\":2}]}",
    ] {
        for unlisted in [&Pass, &scrub()] {
            let fault = rewrite(Format::Json, &plan(unlisted, &[]), first).unwrap_err().fault;
            assert_eq!(fault, Fault::DuplicateName, "{first}");
        }
    }
}

#[test]
fn familiar_names_mean_what_their_place_says() {
    let rules = [("$[1].a", Redact("x".into())), ("$..b.a", Suppress), ("$[0].c", Pass)];
    let input = r#"[{"a":1,"b":{"a":2}},{"a":3,"b":{"a":4}},{"a":5,"b":[{"a":6}]},{"b":{"a":7},"a":8}]"#;
    let output =
        r#"[{"a":1,"b":{"a":null}},{"a":"x","b":{"a":null}},{"a":5,"b":[{"a":6}]},{"b":{"a":null},"a":8}]"#;
    assert_eq!(json(&Pass, &rules, input), output);
}

#[test]
fn many_names_and_many_shapes_change_nothing() {
    let wide: Vec<String> =
        (0..200).map(|name| format!("\"name-{name}\":{{\"ip\":1,\"n{name}\":2}}")).collect();
    let body = format!("[{{{0}}},{{{0}}}]", wide.join(","));
    let plan = plan(&Pass, &[("$..ip", Suppress)]);
    for piece in [11, 1000, body.len()] {
        let out = rewrite_pieces(Format::Json, &plan, body.as_bytes().chunks(piece)).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), body.replace("\"ip\":1", "\"ip\":null"));
    }
    let twice = format!("{{{0},{0}}}", wide.join(","));
    let error = rewrite_pieces(Format::Json, &plan, [twice.as_bytes()]).unwrap_err();
    assert_eq!(error.fault, Fault::DuplicateName);
}

#[test]
fn holds_to_its_limits() {
    let limits = Limits { max_depth: 3, max_token_bytes: 20, ..Limits::new(Budget::new(100_000)) };
    let long = "x".repeat(50);
    let table = [
        ("[[[]]]".to_owned(), None),
        ("[[[{}]]]".to_owned(), Some(Fault::TooDeep)),
        (format!("[\"{long}\",{}]", "1".repeat(50)), None),
        (format!("{{\"gone\":\"{long}\"}}"), None),
        (format!("{{\"ip\":\"{long}\"}}"), Some(Fault::TokenTooLong)),
        (format!("{{\"ip\":{}}}", "1".repeat(50)), Some(Fault::TokenTooLong)),
        (format!("{{\"{long}\":1}}"), Some(Fault::TokenTooLong)),
    ];
    for (input, fault) in table {
        for piece in [1, 7, 1000] {
            let rules = [("$..ip", truncate()), ("$.gone", Suppress)];
            let mut rewriter = Rewriter::new(Format::Json, plan(&Pass, &rules), &limits);
            let mut out = Vec::new();
            let result = input.as_bytes().chunks(piece).try_for_each(|piece| rewriter.push(piece, &mut out));
            assert_eq!(result.err().map(|error| error.fault), fault, "{input} in pieces of {piece}");
        }
    }
    assert_eq!(limits.budget.used_bytes(), 0);
    let names: String = (0..100_000).map(|name| format!("\"{name}\":1,")).collect();
    let mut rewriter = Rewriter::new(Format::Json, plan(&Pass, &[]), &limits);
    let error = rewriter.push(format!("{{{names}").as_bytes(), &mut Vec::new()).unwrap_err();
    assert!(matches!(error.fault, Fault::Budget(_)));
}

#[test]
fn is_poisoned_by_an_error() {
    let mut rewriter = Rewriter::new(Format::Json, plan(&Pass, &[]), &Limits::default());
    let mut out = Vec::new();
    rewriter.push(b"[1,", &mut out).unwrap();
    let error = rewriter.push(b"2 3", &mut out).unwrap_err();
    assert_eq!((error.fault, error.offset), (Fault::UnexpectedByte, 5));
    let written = out.len();
    assert_eq!(rewriter.push(b",4]", &mut out), Err(error));
    assert_eq!(rewriter.finish(&mut out), Err(error));
    assert_eq!(out.len(), written);
}
