//! The streaming rewriter against a plain walk over a `serde_json` tree, with invented documents.

use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value as Tree};

use crate::body::Format;
use crate::body::testing::{plan, rewrite_pieces};
use crate::kernel::{
    AddressForm, Bucket, Domain, EpochKey, KeyRing, PrefixV4, PrefixV6, Pseudonymizer, Scrub, Treatment,
    Truncate, Value,
};
use crate::policy::{Plan, State};

fn truncate() -> Treatment {
    let (v4, v6) = (PrefixV4::new(16).unwrap(), PrefixV6::new(32).unwrap());
    Treatment::Truncate(Truncate::new(v4, v6, AddressForm::Network))
}

fn pseudonymize() -> Treatment {
    let keys = KeyRing::new([("test".to_owned(), EpochKey::from_random([7; 32]))], "test").unwrap();
    Treatment::Pseudonymize(Arc::new(Pseudonymizer::new(&keys, &Domain::new("person").unwrap())))
}

fn scrub() -> Treatment {
    Treatment::Scrub(Arc::new(Scrub::default()))
}

/// The rules that a generated plan may have.
fn rules() -> Vec<(&'static str, Treatment)> {
    vec![
        ("$..ip", truncate()),
        ("$..id", pseudonymize()),
        ("$..n", Treatment::Bucket(Bucket::parse("10").unwrap())),
        ("$.a", Treatment::Suppress),
        ("$..b", Treatment::Redact("\"gone\"\n".into())),
        ("$..c", scrub()),
        ("$..c.d", Treatment::Pass),
        ("$.d", Treatment::Pass),
        ("$..e[1]", Treatment::Suppress),
        ("$[*].f", scrub()),
        ("$.a.ip", Treatment::Pass),
        ("$..d..ip", truncate()),
    ]
}

/// The rule that is not the same when applied twice.
const PSEUDONYM: usize = 1;

/// What governs values that no rule names.
#[derive(Clone, Copy)]
struct Cover<'a> {
    texts: Option<&'a Treatment>,
    names: Option<&'a Treatment>,
    others: Option<&'a Treatment>,
}

/// The specification: one value, its place and its cover in, the value that may leave out.
fn rewritten(tree: &Tree, state: State, cover: Cover<'_>, plan: &Plan) -> Tree {
    let rule = plan.ruling(state).map(|ruling| &*ruling.treatment);
    let scalar = |value: Value<'_>, cover: Option<&Treatment>| {
        let treatment = rule.or(cover).unwrap_or(&Treatment::Pass);
        to_tree(treatment.treat(value, &mut String::new()))
    };
    let inside = match rule {
        None => cover,
        Some(Treatment::Pass) => Cover { texts: None, names: None, others: None },
        Some(Treatment::Scrub(_)) => Cover { texts: rule, names: rule, others: None },
        Some(Treatment::Redact(with)) if tree.is_object() || tree.is_array() => {
            return Tree::String(with.clone());
        }
        Some(_) if tree.is_object() || tree.is_array() => return Tree::Null,
        Some(_) => cover,
    };
    match tree {
        Tree::Null => scalar(Value::Null, cover.others),
        Tree::Bool(bool) => scalar(Value::Bool(*bool), cover.others),
        Tree::Number(number) => scalar(Value::Number(&number.to_string()), cover.others),
        Tree::String(text) => scalar(Value::Text(text), cover.texts),
        Tree::Array(elements) => (0..)
            .zip(elements)
            .map(|(index, element)| rewritten(element, plan.element(state, index), inside, plan))
            .collect(),
        Tree::Object(members) => {
            let mut out = Map::new();
            let mut repeats = 1;
            for (name, value) in members {
                let value = rewritten(value, plan.member(state, name.as_bytes()), inside, plan);
                let mut scratch = String::new();
                let scrubbed =
                    inside.names.map_or(Value::Text(name), |it| it.treat(Value::Text(name), &mut scratch));
                let Value::Text(scrubbed) = scrubbed else { panic!("a name stays text") };
                let mut scrubbed = scrubbed.to_owned();
                if out.contains_key(&scrubbed) {
                    repeats += 1;
                    write!(scrubbed, " ({repeats})").unwrap();
                }
                out.insert(scrubbed, value);
            }
            Tree::Object(out)
        }
    }
}

fn to_tree(value: Value<'_>) -> Tree {
    match value {
        Value::Null => Tree::Null,
        Value::Bool(bool) => Tree::Bool(bool),
        Value::Number(number) => serde_json::from_str(number).unwrap(),
        Value::Text(text) => Tree::String(text.to_owned()),
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("203.0.113.7".to_owned()),
        Just("2001:db8::1".to_owned()),
        "[a-z ]{0,12}",
        "from (203\\.0\\.113|198\\.51\\.100)\\.[1-9] at [0-9]{1,2}h",
        any::<String>(),
        "[\"\\\\/\u{0}-\u{1f}é€😀x]{0,9}",
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec!["ip", "id", "n", "a", "b", "c", "d", "e", "f"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["203.0.113.7", "203.0.113.9", "203.0.0.0/16"]).prop_map(str::to_owned),
        1 => text(),
        1 => "[a-z]{30,50}",
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::Bool),
        any::<i64>().prop_map(Tree::from),
        (-1000..1000_i32).prop_map(|tenths| Tree::from(f64::from(tenths) / 8.0)),
        text().prop_map(Tree::String),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Tree::Array),
            prop::collection::vec((name(), inner), 0..8).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Writes a tree with spaces and escapes as `noise` has them.
fn write(tree: &Tree, noise: &mut impl Iterator<Item = u8>, spaces: &[&str], out: &mut String) {
    let mut pick = |count: usize| usize::from(noise.next().unwrap()) % count;
    out.push_str(spaces[pick(spaces.len())]);
    match tree {
        Tree::String(text) => write_text(text, noise, out),
        Tree::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write(element, noise, spaces, out);
            }
            out.push(']');
        }
        Tree::Object(members) => {
            out.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write(&Tree::String(name.clone()), noise, spaces, out);
                out.push(':');
                write(value, noise, spaces, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
    out.push_str(spaces[usize::from(noise.next().unwrap()) % spaces.len()]);
}

fn write_text(text: &str, noise: &mut impl Iterator<Item = u8>, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        let plain = character >= ' ' && !['"', '\\'].contains(&character);
        if plain && !noise.next().unwrap().is_multiple_of(16) {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}").unwrap();
        }
    }
    out.push('"');
}

#[derive(Clone, Debug)]
struct Case {
    trees: Vec<Tree>,
    noise: Vec<u8>,
    rules: Vec<bool>,
    unlisted: usize,
    cuts: Vec<usize>,
}

impl Case {
    fn plan(&self) -> Arc<Plan> {
        let unlisted = [Treatment::Pass, scrub(), Treatment::Suppress];
        let chosen: Vec<_> = rules()
            .into_iter()
            .zip(&self.rules)
            .filter(|(_, chosen)| **chosen)
            .map(|(rule, _)| rule)
            .collect();
        plan(&unlisted[self.unlisted], &chosen)
    }

    /// Every tree twice, because what is known of the first shortens the way of the second.
    fn records(&self) -> impl Iterator<Item = &Tree> {
        self.trees.iter().chain(&self.trees)
    }

    /// Every record on a line of its own, and what the specification makes of it.
    fn lines(&self, plan: &Plan) -> (String, Vec<Tree>) {
        let mut noise = self.noise.iter().copied().cycle();
        let mut body = String::new();
        for tree in self.records() {
            write(tree, &mut noise, &["", "", "", " ", "\t\r ", "  "], &mut body);
            body.push('\n');
        }
        let unlisted = &*plan.unlisted().treatment;
        let scrub = scrub();
        let cover = match unlisted {
            Treatment::Pass => Cover { texts: None, names: None, others: None },
            Treatment::Suppress => {
                Cover { texts: Some(unlisted), names: Some(&scrub), others: Some(unlisted) }
            }
            _ => Cover { texts: Some(unlisted), names: Some(unlisted), others: None },
        };
        (body, self.records().map(|tree| rewritten(tree, plan.root(), cover, plan)).collect())
    }

    fn pieces<'a>(&self, body: &'a [u8]) -> Vec<&'a [u8]> {
        let mut cuts: Vec<usize> = self.cuts.iter().map(|cut| cut % (body.len() + 1)).collect();
        cuts.extend([0, body.len()]);
        cuts.sort_unstable();
        cuts.windows(2).map(|ends| &body[ends[0]..ends[1]]).collect()
    }
}

fn case() -> impl Strategy<Value = Case> {
    let trees = prop::collection::vec(tree(), 1..6);
    let noise = prop::collection::vec(any::<u8>(), 1..40);
    let chosen = prop::collection::vec(any::<bool>(), rules().len());
    let cuts = prop::collection::vec(any::<usize>(), 0..12);
    (trees, noise, chosen, 0..3_usize, cuts).prop_map(|(trees, noise, rules, unlisted, cuts)| Case {
        trees,
        noise,
        rules,
        unlisted,
        cuts,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn agrees_with_the_tree(case in case()) {
        let plan = case.plan();
        let (body, expected) = case.lines(&plan);
        let out = rewrite_pieces(Format::Ndjson, &plan, [body.as_bytes()]).unwrap();
        let trees: Vec<Tree> = std::str::from_utf8(&out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(&trees, &expected);
        let cut = rewrite_pieces(Format::Ndjson, &plan, case.pieces(body.as_bytes())).unwrap();
        prop_assert_eq!(std::str::from_utf8(&cut), std::str::from_utf8(&out));
        if !case.rules[PSEUDONYM] {
            let again = rewrite_pieces(Format::Ndjson, &plan, [out.as_slice()]).unwrap();
            prop_assert_eq!(std::str::from_utf8(&again), std::str::from_utf8(&out), "treated twice");
        }
    }
}
