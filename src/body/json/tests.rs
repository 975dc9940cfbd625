//! Tables: what stays, what goes, what is refused.

use crate::body::testing::{plan, rewrite};
use crate::body::{Fault, Format};
use crate::kernel::Treatment::{Pass, Redact, Suppress};

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
    let table: [(&[u8], Fault); 40] = [
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
