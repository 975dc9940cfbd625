//! What holds for all treatments.

use super::*;
use crate::kernel::{AddressForm, Domain, EpochKey, KeyRing, PrefixV4, PrefixV6};

fn all() -> Vec<Treatment> {
    let keys = KeyRing::new([("e".to_owned(), EpochKey::from_random([1; 32]))], "e").unwrap();
    let domain = Domain::new("person").unwrap();
    vec![
        Treatment::Suppress,
        Treatment::Redact("-".into()),
        Treatment::Pseudonymize(Arc::new(Pseudonymizer::new(&keys, &domain))),
        Treatment::Tokenize(Arc::new(Tokenizer::new(&keys, &domain))),
        truncate(16, 32),
        Treatment::Grid(Grid::parse("0.1").unwrap()),
        Treatment::Floor(Floor::parse("hour").unwrap()),
        Treatment::Bucket(Bucket::parse("100").unwrap()),
        Treatment::Scrub(Arc::default()),
        Treatment::Pass,
    ]
}

fn truncate(v4: u8, v6: u8) -> Treatment {
    let (v4, v6) = (PrefixV4::new(v4).unwrap(), PrefixV6::new(v6).unwrap());
    Treatment::Truncate(Truncate::new(v4, v6, AddressForm::Network))
}

#[test]
fn strictness_is_the_order_of_the_list() {
    let all = all();
    for (at, treatment) in all.iter().enumerate() {
        assert_eq!(treatment.cmp_strictness(treatment), Ordering::Equal);
        for other in &all[at + 1..] {
            assert!(treatment.is_stricter_than(other), "{} {}", treatment.kind(), other.kind());
            assert!(!other.is_stricter_than(treatment), "{} {}", treatment.kind(), other.kind());
        }
    }
    assert!(truncate(16, 48).is_stricter_than(&truncate(24, 32)));
    assert!(truncate(16, 32).is_stricter_than(&truncate(16, 48)));
    let grid = |degrees| Treatment::Grid(Grid::parse(degrees).unwrap());
    assert!(grid("0.25").is_stricter_than(&grid("0.1")));
    let floor = |to| Treatment::Floor(Floor::parse(to).unwrap());
    assert!(floor("day").is_stricter_than(&floor("6h")));
}

#[test]
fn null_is_null_and_may_be_asked_for_unless_hidden() {
    for treatment in all() {
        let mut scratch = "left over".to_owned();
        let treated = treatment.treat(Value::Null, &mut scratch);
        assert!(treated == Value::Null || treatment.kind() == "redact", "{}", treatment.kind());
        let hidden = matches!(treatment.kind(), "suppress" | "redact");
        let expected = if hidden { Judgement::Refused(Misfit::Hidden) } else { Judgement::AtCell };
        assert!(treatment.judge(Value::Null, &mut scratch) == expected, "{}", treatment.kind());
    }
}

#[test]
fn no_treatment_prints_what_it_holds() {
    for treatment in all() {
        let text = format!("{treatment:?}");
        assert!(text.len() < 200, "{text}");
    }
}

#[test]
fn nothing_of_the_scratch_is_left() {
    let values =
        [Value::Text("203.0.113.7"), Value::Number("52.52"), Value::Text("2024-01-03"), Value::Bool(true)];
    for treatment in all() {
        for value in values {
            let (mut clean, mut used) = (String::new(), "left over".to_owned());
            assert!(
                treatment.treat(value, &mut clean) == treatment.treat(value, &mut used),
                "{}",
                treatment.kind()
            );
        }
    }
}
