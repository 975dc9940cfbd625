//! Records of other regions, in every shape and at every cut.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::body::testing::plan;
use crate::body::{BodyError, Format, Rewriter};
use crate::kernel::Treatment;
use crate::policy::{Binding, DocumentPlan};

struct Case {
    path: &'static str,
    others: OtherRegions,
    format: Format,
    max_record_bytes: usize,
}

impl Case {
    const fn new(path: &'static str) -> Self {
        Self { path, others: OtherRegions::Withhold, format: Format::Json, max_record_bytes: 1 << 20 }
    }

    fn pieces<'a>(&self, pieces: impl Iterator<Item = &'a [u8]>) -> Result<String, BodyError> {
        let own = plan(&Treatment::Pass, &[("$..ip", Treatment::Redact("own".into()))]);
        let body = match self.others {
            OtherRegions::Coarsen => plan(&Treatment::Pass, &[("$..ip", Treatment::Redact("coarse".into()))]),
            OtherRegions::Withhold | OtherRegions::Suppress => Arc::new(own.suppressing()),
        };
        let rule = Arc::new(BoundRecords {
            path: Arc::new(self.path.parse().unwrap()),
            binding: Binding { regions: BTreeSet::from(["DE".to_owned()]), others: self.others },
            others: DocumentPlan { body, headers: Arc::default() },
        });
        let limits = Limits { max_record_bytes: self.max_record_bytes, ..Limits::default() };
        let (mut rewriter, mut out) = (Rewriter::bound(self.format, own, rule, &limits).unwrap(), Vec::new());
        for piece in pieces {
            rewriter.push(piece, &mut out)?;
        }
        rewriter.finish(&mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    /// The output, after checking that every cut gives the same.
    fn run(&self, input: &str) -> Result<String, Fault> {
        let bytes = input.as_bytes();
        let whole = self.pieces(std::iter::once(bytes)).map_err(|error| error.fault);
        for cut in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            let cuts = self.pieces([head, tail].into_iter()).map_err(|error| error.fault);
            assert_eq!(whole, cuts, "cut at {cut} of {input}");
        }
        let single = self.pieces(bytes.chunks(1)).map_err(|error| error.fault);
        assert_eq!(whole, single, "single bytes of {input}");
        whole
    }
}

const ITEMS: &str = "$.items[*].user.country";

#[test]
fn elements_of_other_regions_are_not_there() {
    let own = r#"{"ip": "203.0.113.7", "user": {"name": "a]}\"", "country": "DE"}}"#;
    let shown = own.replace("203.0.113.7", "own");
    let wanted = format!(r#"{{"items": [{shown},{shown}], "ip": null, "more": 1}}"#);
    let others = [
        "",
        r#"{"user":{"country":"US"}}"#,
        r#"{"user":{"country":null}}"#,
        r#"{"user":{"country":49}}"#,
        r#"{"user":{"country":["DE"]}}"#,
        r#"{"user":{"country":"DE","country":"DE"}}"#,
        r#"{"user":{"country":"DE"},"user":{"country":"DE"}}"#,
        r#"{"user":"DE","country":"DE"}"#,
        r#"{"user":{"x":{"country":"DE"}}}"#,
        r#"{"user":{"country":"de"}}"#,
        r#"{"user":{"country":"DE "}}"#,
        r#"[{"user":{"country":"DE"}}]"#,
        r#"{}"#,
        r#""DE""#,
        "17",
        "null",
        r#"{"user":{"note":"\\\"]}","country":"US"}}"#,
    ];
    for other in others {
        let more = if other.is_empty() { String::new() } else { format!(",\n  {other}  ") };
        let less = if other.is_empty() { String::new() } else { format!(" {other} ,") };
        let input =
            format!(r#"{{"items": [{less}{own}{more},{own}{more}], "ip": "203.0.113.9", "more": 1}}"#);
        assert_eq!(Case::new(ITEMS).run(&input).as_deref(), Ok(wanted.as_str()), "{other}");
        let only = format!(r#"{{"items":[{other}]}}"#);
        assert_eq!(Case::new(ITEMS).run(&only).as_deref(), Ok(r#"{"items":[]}"#), "{other}");
    }
}

#[test]
fn escapes_and_nested_arrays_are_seen_through() {
    let escaped = r#"{"ite\u006ds":[{"\u0075ser":{"country":"\u0044E"}}]}"#;
    assert_eq!(Case::new(ITEMS).run(escaped).as_deref(), Ok(escaped));
    let groups = r#"[{"of":[{"in":"US"},{"in":"DE"}]},{"of":[]},{"of":[{"in":"US"}]},{"of":{"in":"DE"}}]"#;
    let wanted = r#"[{"of":[{"in":"DE"}]},{"of":[]},{"of":[]},{"of":{"in":"DE"}}]"#;
    assert_eq!(Case::new("$[*].of[*].in").run(groups).as_deref(), Ok(wanted));
}

#[test]
fn what_is_shown_of_others_is_coarser() {
    let input = r#"[{"ip":"a","in":"DE"}, {"ip":"a","in":"US"} ,12, {"ip":"a"}]"#;
    let run = |others| Case { others, ..Case::new("$[*].in") }.run(input).unwrap();
    let wanted = |ip: &str| format!(r#"[{{"ip":"own","in":"DE"}},{{"ip":{ip},"in":"US"}},12,{{"ip":{ip}}}]"#);
    assert_eq!(run(OtherRegions::Suppress), wanted("null"));
    assert_eq!(run(OtherRegions::Coarsen), wanted("\"coarse\""));
}

#[test]
fn lines_and_whole_documents_are_records() {
    let lines = Case { format: Format::Ndjson, ..Case::new("$.in") };
    let input = "{\"in\":\"US\"}\r\n\n{\"ip\":\"a\",\"in\":\"DE\"}\n12\n {\"in\":\"DE\"}";
    assert_eq!(lines.run(input).as_deref(), Ok("{\"ip\":\"own\",\"in\":\"DE\"}\n{\"in\":\"DE\"}\n"));
    assert_eq!(lines.run("{\"in\":\"US\"}\n").as_deref(), Ok(""));
    assert_eq!(lines.run("{\"in\":\"DE\"} {}"), Err(Fault::BytesAfterValue));
    let whole = Case::new("$.in");
    assert_eq!(whole.run(" {\"ip\":1,\"in\":\"DE\"} ").as_deref(), Ok("{\"ip\":\"own\",\"in\":\"DE\"}"));
    for other in ["{\"in\":\"US\"}", "[]", "12", "{\"in\":\"US\"} garbage", "{]"] {
        assert_eq!(whole.run(other), Err(Fault::OtherRegion), "{other}");
    }
    assert_eq!(whole.run("{\"in\":\"DE\""), Err(Fault::UnexpectedEnd));
    assert_eq!(whole.run("{\"in\":\"DE\"}{"), Err(Fault::BytesAfterValue));
}

#[test]
fn what_is_too_long_is_of_no_region() {
    let long = format!("{{\"x\":\"{}\",\"ip\":1,\"in\":\"DE\"}}", "x".repeat(60));
    let case = Case { max_record_bytes: 40, ..Case::new("$[*].in") };
    let input = format!("[{{\"in\":\"DE\"}},{long},{{\"in\":\"DE\"}}]");
    assert_eq!(case.run(&input).as_deref(), Ok("[{\"in\":\"DE\"},{\"in\":\"DE\"}]"));
    let shown = Case { others: OtherRegions::Suppress, ..case };
    let wanted = input.replace("\"ip\":1", "\"ip\":null");
    assert_eq!(shown.run(&input).as_deref(), Ok(wanted.as_str()));
}

#[test]
fn what_is_shown_is_json() {
    let wrong = [
        ("[{\"in\":\"DE\"} {\"in\":\"DE\"}]", Fault::UnexpectedByte),
        ("[,{\"in\":\"DE\"}]", Fault::UnexpectedByte),
        ("[{\"in\":\"US\"},]", Fault::UnexpectedByte),
        ("[{\"in\":\"DE\",}]", Fault::UnexpectedByte),
        ("[{\"in\":\"DE\",\"a\":1,\"a\":2}]", Fault::DuplicateName),
        ("[{\"in\":\"DE\"}", Fault::UnexpectedEnd),
        ("[]]", Fault::BytesAfterValue),
        ("", Fault::UnexpectedEnd),
    ];
    for (input, fault) in wrong {
        assert_eq!(Case::new("$[*].in").run(input), Err(fault), "{input}");
    }
}
