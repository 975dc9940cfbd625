//! Trails made, damaged and checked.

use proptest::prelude::*;

use super::*;
use crate::base::secret::Secret;
use crate::kernel::{Treatment, Value};
use crate::policy::{Label, Rule, Ruling};

const TIME_MS: u64 = 1_785_574_800_123;

fn key(epoch: &str, byte: u8) -> MacKey {
    MacKey::new(epoch, &Secret::new([byte; 32]))
}

fn entry(bytes: u64) -> Body {
    let asker = Asker { from: "192.0.2.7:4711".parse().ok(), ..Asker::default() };
    let outcome = Outcome { bytes, ..Outcome::of(Decision::Answered) };
    let asked = Asked::default();
    let entry = Entry { store: "events", protocol: Protocol::Http, asker: &asker, asked: &asked, outcome };
    entry.body(TIME_MS)
}

/// A trail of a beginning, `entries` and an end.
fn trail(entries: u64, key: Option<&MacKey>) -> Vec<Vec<u8>> {
    let mut at = Position::GENESIS;
    let terms = Terms { keys: key.cloned().into_iter().collect(), policy: None };
    let opened = Note::Opened { at, terms: &terms, torn_bytes: 0 }.body(TIME_MS);
    let bodies = std::iter::once(opened).chain((0..entries).map(entry));
    let line = |body: Body| {
        let mut out = Vec::new();
        at.append(&body, key, &mut out);
        assert_eq!(out.pop(), Some(b'\n'));
        out
    };
    bodies.chain(std::iter::once(Note::Closed.body(TIME_MS))).map(line).collect()
}

/// The faults by line, counted from 0.
fn faults(lines: &[Vec<u8>], keys: Option<&[MacKey]>) -> Vec<(usize, Fault)> {
    let mut verifier = Verifier::new(keys);
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        found.extend(verifier.line(line).0.into_iter().map(|fault| (number, fault)));
    }
    found
}

fn replaced(line: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(line).unwrap();
    assert!(text.contains(from), "{text}");
    text.replace(from, to).into_bytes()
}

#[test]
fn damage_is_named() {
    let good = trail(5, None);
    let made = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut lines = good.clone();
        change(&mut lines);
        faults(&lines, None)
    };
    assert_eq!(made(&|_| {}), []);
    assert_eq!(
        made(&|lines| lines[2] = replaced(&lines[2], "192.0.2.7", "192.0.2.8")),
        [(2, Fault::Changed)]
    );
    assert_eq!(made(&|lines| drop(lines.remove(2))), [(2, Fault::Missing { first: 2, last: 2 })]);
    assert_eq!(made(&|lines| drop(lines.drain(1..4))), [(1, Fault::Missing { first: 1, last: 3 })]);
    let moved = [(3, Fault::Missing { first: 3, last: 3 }), (4, Fault::OutOfPlace { expected: 5 })];
    assert_eq!(made(&|lines| lines.swap(3, 4)), moved);
    assert_eq!(made(&|lines| lines.insert(3, lines[2].clone())), [(3, Fault::OutOfPlace { expected: 3 })]);
    assert_eq!(made(&|lines| lines.insert(3, b"{}".to_vec())), [(3, Fault::Unreadable)]);
    assert_eq!(made(&|lines| lines[1].clear()).first(), Some(&(1, Fault::Unreadable)));
    assert_eq!(made(&|lines| drop(lines.remove(0))), [(0, Fault::NoBeginning)]);
    // Cut at its end, a trail still holds; it is only no longer closed.
    assert_eq!(made(&|lines| lines.truncate(3)), []);
}

#[test]
fn whoever_has_no_key_can_forge_hashes_but_no_macs() {
    let keys = [key("2026", 1), key("2025", 2)];
    let good = trail(3, Some(&keys[1]));
    assert_eq!(faults(&good, Some(&keys)), []);
    assert_eq!(faults(&good, Some(&keys[..1]))[0], (0, Fault::UnknownKey("2025".into())));
    let forged = trail(2, Some(&key("2025", 3)));
    assert_eq!(faults(&forged, None), []);
    assert_eq!(faults(&forged, Some(&keys)).len(), 4);
    assert_eq!(faults(&forged, Some(&keys))[0], (0, Fault::WrongMac("2025".into())));

    let bare = trail(2, None);
    let mut verifier = Verifier::new(Some(&keys));
    assert!(bare.iter().all(|line| verifier.line(line).0.is_empty()));
    assert_eq!(verifier.summary().unvouched, 4, "a trail without MACs is not vouched for");

    let mut stripped = good.clone();
    let last = stripped.last_mut().unwrap();
    let text = String::from_utf8(last.clone()).unwrap();
    *last = format!("{}}}", text.split(",\"mac\"").next().unwrap()).into_bytes();
    assert_eq!(faults(&stripped, Some(&keys)), [(4, Fault::NoMac("2025".into()))]);
}

#[test]
fn a_trail_goes_on_where_it_ended() {
    let keys = [key("test", 1)];
    let lines = trail(3, Some(&keys[0]));
    let whole: Vec<u8> = lines.iter().flat_map(|line| [line.as_slice(), b"\n"].concat()).collect();
    let find = |bytes: &[u8], is_whole| Tail::find(bytes, is_whole, &keys);
    let end = Position { seq: 5, head: chain::Sealed::parse(&lines[4]).unwrap().hash };
    assert_eq!(find(&whole, true), Ok(Tail { position: end, torn_bytes: 0 }));
    assert_eq!(find(b"", true), Ok(Tail { position: Position::GENESIS, torn_bytes: 0 }));
    assert_eq!(find(b"{\"seq\":0", true), Ok(Tail { position: Position::GENESIS, torn_bytes: 8 }));
    assert_eq!(find(&[&whole, &b"{\"seq\":5"[..]].concat(), true).unwrap().torn_bytes, 8);
    let first = [&lines[0], &b"\n"[..]].concat();
    assert_eq!(find(&first, true).unwrap().position.seq, 1);
    assert_eq!(find(b"hello\n", true), Err(TailError::Unreadable));
    // However much of the end is read: the right answer, or more is asked for.
    for start in 1..whole.len() {
        match find(&whole[start..], false) {
            Ok(tail) => assert_eq!(tail.position, end),
            Err(error) => assert_eq!(error, TailError::NeedsMore, "from byte {start}"),
        }
    }
    let other = [key("test", 9)];
    assert_eq!(Tail::find(&whole, true, &other), Err(TailError::WrongMac));
    let without_third = [&lines[..2], &lines[3..]].concat().join(&b'\n');
    assert_eq!(
        find(&[&without_third, &b"\n"[..]].concat(), true).unwrap().position,
        end,
        "for `verify` to find"
    );
    let without_fourth = [&lines[..3], &lines[4..]].concat().join(&b'\n');
    assert_eq!(find(&[&without_fourth, &b"\n"[..]].concat(), true), Err(TailError::Broken));
}

#[test]
fn what_is_written_is_read_back() {
    let ruling = Ruling {
        label: Label::Field("$..ip".into()),
        treatment_name: "coarse-ip".into(),
        treatment: Treatment::Suppress.into(),
        rule: Rule::Role("support".into()),
    };
    let asker = Asker {
        who: Some(Identity::new("al\"ice\n")),
        from: "[2001:db8::7]:99".parse().ok(),
        role: Some("support".into()),
    };
    let mut shape = Shape::default();
    shape.word("select").hole();
    let asked = Asked {
        shape: Some(shape),
        rulings: Rulings::of([&ruling, &ruling].into_iter()),
        subjects: Vec::new(),
    };
    let outcome = Outcome {
        decision: Decision::Cut("malformed"),
        begun: Some(3),
        status: Some(200),
        rows: Some(2),
        bytes: 77,
        treated: &[("coarse-ip", 5)],
    };
    let entry =
        Entry { store: "events", protocol: Protocol::Postgres, asker: &asker, asked: &asked, outcome };
    let mut out = Vec::new();
    let mut at = Position { seq: 8, head: Digest::GENESIS };
    at.append(&entry.body(TIME_MS), None, &mut out);
    let record = Record::parse(out.strip_suffix(b"\n").unwrap()).unwrap();
    assert_eq!(record.seq, 8);
    assert_eq!(record.time, "2026-08-01T09:00:00.123Z");
    assert_eq!(record.kind, Kind::Statement);
    assert_eq!((record.store.as_str(), record.who.as_deref()), ("events", Some("al\"ice\n")));
    assert_eq!((record.from.as_deref(), record.role.as_deref()), (Some("[2001:db8::7]:99"), Some("support")));
    assert_eq!((record.shape.as_deref(), record.decision.as_str()), (Some("select ?"), "cut"));
    assert_eq!(
        (record.reason.as_deref(), record.begun, record.status),
        (Some("malformed"), Some(3), Some(200))
    );
    assert_eq!((record.rows, record.bytes), (Some(2), 77));
    assert_eq!(record.treated.into_iter().collect::<Vec<_>>(), [("coarse-ip".to_owned(), 5)]);
    let field = RulingRecord {
        field: Some("$..ip".into()),
        treatment: "coarse-ip".into(),
        rule: "role `support`".into(),
    };
    assert_eq!(record.fields, [field]);
}

#[test]
fn values_that_are_no_pseudonyms_are_not_kept() {
    for treatment in [Treatment::Pass, Treatment::Suppress, Treatment::Redact("x".into())] {
        let ruling = Ruling {
            label: Label::Field("user_id".into()),
            treatment_name: "t".into(),
            treatment: treatment.into(),
            rule: Rule::Params,
        };
        assert_eq!(Subject::of(&ruling, Value::Text("b7c1f3a0")), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_change_of_any_byte_is_found(
        entries in 0_u64..4, line in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let keys = [key("test", 1)];
        let mut lines = trail(entries, Some(&keys[0]));
        let line = line.index(lines.len());
        let at = at.index(lines[line].len());
        let is_same = lines[line][at] == byte;
        lines[line][at] = byte;
        prop_assert_eq!(faults(&lines, Some(&keys)).is_empty(), is_same);
    }

    #[test]
    fn any_removal_or_move_is_found(
        entries in 1_u64..6, from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), keep in any::<bool>(),
    ) {
        let mut lines = trail(entries, None);
        let (from, to) = (from.index(lines.len() - 1), to.index(lines.len()));
        let line = lines.remove(from);
        if keep {
            lines.insert(to, line);
        }
        prop_assert_eq!(faults(&lines, None).is_empty(), keep && from == to);
    }
}
