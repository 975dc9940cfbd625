//! Plans against a naive matcher, and the sizes that they may reach.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::kernel::Treatment;
use crate::policy::{NamedTreatment, Rule, Selector};

fn ruling(name: &str, treatment: Treatment, rule: Rule) -> Ruling {
    NamedTreatment { name: treatment.kind().into(), treatment: Arc::new(treatment) }.rule_for(name, rule)
}

fn plan(rules: &[(&str, Treatment, Rule)]) -> Plan {
    let mut builder = PlanBuilder::new(ruling("", Treatment::Pass, Rule::Unlisted));
    for (path, treatment, rule) in rules {
        builder.add(path.parse().unwrap(), ruling(path, treatment.clone(), rule.clone()));
    }
    builder.build().unwrap()
}

/// Which rule holds for each value of a document, by its pointer.
fn walk(plan: &Plan, state: State, value: &Json, pointer: &str, found: &mut BTreeMap<String, String>) {
    if let Some(ruling) = plan.ruling(state) {
        assert!(!plan.is_dead(state));
        found.insert(pointer.to_owned(), ruling.label.to_string());
    }
    match value {
        Json::Object(members) => {
            for (name, member) in members {
                walk(plan, plan.member(state, name.as_bytes()), member, &format!("{pointer}/{name}"), found);
            }
        }
        Json::Array(elements) => {
            for (index, element) in (0..).zip(elements) {
                walk(plan, plan.element(state, index), element, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn found(plan: &Plan, document: &Json) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    walk(plan, plan.root(), document, "", &mut found);
    found
}

/// All pointers that one path matches, straight from RFC 9535 section 2.1.2.
fn matched(path: &JsonPath, document: &Json) -> Vec<String> {
    let mut nodes = vec![(String::new(), document)];
    for segment in path.segments() {
        let mut next = Vec::new();
        for node in nodes {
            let inputs = if segment.descendant { descendants(node) } else { vec![node] };
            next.extend(inputs.into_iter().flat_map(children).filter(|child| {
                segment.selectors.iter().any(|selector| match selector {
                    Selector::Wildcard => true,
                    Selector::Name(name) => child.1 == Key::Name(name),
                    Selector::Index(index) => child.1 == Key::Index(*index),
                })
            }));
        }
        nodes = next.into_iter().map(|(pointer, _, value)| (pointer, value)).collect();
    }
    nodes.into_iter().map(|(pointer, _)| pointer).collect()
}

/// Every place of a document, with the steps that lead there.
fn places(document: &Json) -> Vec<(String, Vec<Selector>)> {
    let mut found = vec![(String::new(), Vec::new())];
    for (pointer, key, child) in children((String::new(), document)) {
        let step = match key {
            Key::Name(name) => Selector::Name(name.into()),
            Key::Index(index) => Selector::Index(index),
        };
        found.extend(places(child).into_iter().map(|(below, mut steps)| {
            steps.insert(0, step.clone());
            (format!("{pointer}{below}"), steps)
        }));
    }
    found
}

#[derive(PartialEq)]
enum Key<'a> {
    Name(&'a str),
    Index(u64),
}

fn children((pointer, value): (String, &Json)) -> Vec<(String, Key<'_>, &Json)> {
    match value {
        Json::Object(members) => members
            .iter()
            .map(|(name, child)| (format!("{pointer}/{name}"), Key::Name(name), child))
            .collect(),
        Json::Array(elements) => (0..)
            .zip(elements)
            .map(|(index, child)| (format!("{pointer}/{index}"), Key::Index(index), child))
            .collect(),
        _ => Vec::new(),
    }
}

fn descendants(node: (String, &Json)) -> Vec<(String, &Json)> {
    let mut all = vec![node.clone()];
    for (pointer, _, value) in children(node) {
        all.extend(descendants((pointer, value)));
    }
    all
}

fn any_path() -> impl Strategy<Value = String> {
    let selector = prop_oneof![
        4 => prop_oneof!["'a'", "'b'", "'c'", "'0'"],
        2 => prop_oneof!["0", "1"],
        1 => "\\*",
    ];
    let segment =
        (any::<bool>(), prop::collection::vec(selector, 1..3)).prop_map(|(descendant, selectors)| {
            format!("{}[{}]", if descendant { ".." } else { "" }, selectors.join(","))
        });
    prop::collection::vec(segment, 0..4).prop_map(|segments| format!("${}", segments.concat()))
}

fn any_document() -> impl Strategy<Value = Json> {
    let leaf = Just(Json::Null);
    leaf.prop_recursive(5, 60, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            prop::collection::btree_map("[abc0]", inner, 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn finds_what_a_recursive_matcher_finds(
        paths in prop::collection::vec(any_path(), 0..5),
        extra_names in prop_oneof![Just(0_usize), Just(20)],
        document in any_document(),
    ) {
        let mut builder = PlanBuilder::new(ruling("", Treatment::Pass, Rule::Unlisted));
        let mut wanted = BTreeMap::new();
        for text in &paths {
            let path: JsonPath = text.parse().unwrap();
            let matched = matched(&path, &document);
            for (pointer, steps) in places(&document) {
                let steps: Vec<&Selector> = steps.iter().collect();
                prop_assert_eq!(path.names(&steps), matched.contains(&pointer), "{} {}", &path, pointer);
            }
            for pointer in matched {
                let label = ruling(text, Treatment::Pass, Rule::Fields).label.to_string();
                wanted.entry(pointer).or_insert(label);
            }
            builder.add(path, ruling(text, Treatment::Pass, Rule::Fields));
        }
        for number in 0..extra_names {
            builder.add(JsonPath::member(&format!("x{number}")), ruling("x", Treatment::Pass, Rule::Fields));
        }
        prop_assert_eq!(found(&builder.build().unwrap(), &document), wanted);
    }
}

#[test]
fn a_dead_state_says_that_nothing_can_match() {
    let plan = plan(&[("$.a.b", Treatment::Suppress, Rule::Fields)]);
    assert!(!plan.is_dead(plan.root()));
    assert!(plan.is_dead(plan.member(plan.root(), b"x")));
    assert!(plan.is_dead(plan.element(plan.root(), 0)));
    let a = plan.member(plan.root(), b"a");
    assert!(!plan.is_dead(a));
    let b = plan.member(a, b"b");
    assert!(!plan.is_dead(b) && plan.ruling(b).is_some());
    assert!(plan.is_dead(plan.member(b, b"b")));
    assert!(self::plan(&[]).is_dead(self::plan(&[]).root()));
}

#[test]
fn the_higher_layer_decides_then_the_stricter_treatment() {
    let document = serde_json::json!({ "ip": "", "user": { "ip": "" } });
    let plan = plan(&[
        ("$..ip", Treatment::Pass, Rule::Fields),
        ("$.user.ip", Treatment::Suppress, Rule::Fields),
        ("$.*.ip", Treatment::Redact(String::new()), Rule::Fields),
        ("$.ip", Treatment::Suppress, Rule::Route),
        ("$['ip']", Treatment::Pass, Rule::Role("r".to_owned())),
    ]);
    let found = found(&plan, &document);
    assert_eq!(found["/ip"], "`$['ip']`");
    assert_eq!(found["/user/ip"], "`$.user.ip`");
    let overlaps: Vec<_> = plan
        .findings()
        .overlaps
        .iter()
        .map(|pair| (pair.winner.label.to_string(), pair.loser.label.to_string()))
        .collect();
    assert_eq!(
        overlaps,
        [
            ("`$.user.ip`".to_owned(), "`$..ip`".to_owned()),
            ("`$.user.ip`".to_owned(), "`$.*.ip`".to_owned()),
            ("`$.*.ip`".to_owned(), "`$..ip`".to_owned())
        ]
    );
    let idle: Vec<_> = plan.findings().without_effect.iter().map(|ruling| ruling.label.to_string()).collect();
    assert_eq!(idle, ["`$.ip`"]);
}

#[test]
fn a_rule_inside_a_replaced_value_has_no_effect() {
    let plan = plan(&[
        ("$.user", Treatment::Suppress, Rule::Fields),
        ("$.user.id", Treatment::Pass, Rule::Fields),
        ("$.payload", Treatment::Pass, Rule::Fields),
        ("$.payload.id", Treatment::Suppress, Rule::Fields),
    ]);
    let idle: Vec<_> = plan.findings().without_effect.iter().map(|ruling| ruling.label.to_string()).collect();
    assert_eq!(idle, ["`$.user.id`"]);
}

#[test]
fn many_descendants_share_a_table_and_wildcards_cannot_explode() {
    let many: Vec<String> = (0..1000).map(|number| format!("$..name{number}")).collect();
    let rules: Vec<_> = many.iter().map(|path| (path.as_str(), Treatment::Suppress, Rule::Fields)).collect();
    assert_eq!(plan(&rules).tables.len(), 2);

    let mut builder = PlanBuilder::new(ruling("", Treatment::Pass, Rule::Unlisted));
    let path = format!("$..a{}", ".*".repeat(20));
    builder.add(path.parse().unwrap(), ruling("", Treatment::Suppress, Rule::Fields));
    builder.add("$.b".parse().unwrap(), ruling("", Treatment::Suppress, Rule::Fields));
    assert_eq!(builder.build().unwrap_err(), PlanTooLarge { paths: vec![path] });
}
