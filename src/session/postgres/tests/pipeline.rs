//! The extended protocol: names, errors in the middle, what the store has confirmed.

use super::*;
use crate::sql::{Effect, Parameter, ParameterSource};

pub(super) fn parse(name: &str, text: &str) -> Vec<u8> {
    message(b'P', format!("{name}\0{text}\0\0\0").as_bytes())
}

pub(super) fn bind(portal: &str, statement: &str) -> Vec<u8> {
    message(b'B', format!("{portal}\0{statement}\0\0\0\0\0\0\0").as_bytes())
}

pub(super) fn execute(portal: &str) -> Vec<u8> {
    message(b'E', format!("{portal}\0\0\0\0\0").as_bytes())
}

fn describe(target: char, name: &str) -> Vec<u8> {
    message(b'D', format!("{target}{name}\0").as_bytes())
}

pub(super) fn sync() -> Vec<u8> {
    message(b'S', b"")
}

/// The store's answers to a Parse of a statement that has treated columns, and to our Describe behind it.
fn prepared(columns: usize) -> Vec<u8> {
    [message(b'1', b""), message(b't', b"\0\0"), described(columns)].concat()
}

#[test]
fn rows_without_a_description_are_treated() {
    let mut talk = Talk::open().knows("q", planned("SELECT ..", "!+-"));
    let said = talk.client(&[parse("s", "q"), bind("", "s"), execute(""), sync()].concat());
    assert!(said.starts_with(" | P(s.SELECT .....) D(Ss.) B(.s.......) E(.....) S()"), "{said}");
    let answer = [
        prepared(3),
        message(b'2', b""),
        row(&["a", "b", "c"]),
        messages(&[(b'C', b"SELECT 1\0"), (b'Z', b"I")]),
    ];
    assert_eq!(talk.server(&answer.concat()), "1() 2() D(.\\x02...\\x03***...\\x01b) C(SELECT 1.) Z(I) | ");
    // A described statement and portal show what the client will get.
    talk.client(&[describe('S', "s"), bind("", "s"), describe('P', ""), sync()].concat());
    let said = talk.server(
        &[message(b't', b"\0\0"), described(3), message(b'2', b""), described(3), message(b'Z', b"I")]
            .concat(),
    );
    assert_eq!(said.matches("T(.\\x02c.").count(), 2, "{said}");
}

#[test]
fn a_refusal_in_a_pipeline_skips_to_its_sync() {
    let mut talk = Talk::open().knows("q", planned("SELECT q", "+"));
    let batch = [parse("bad", "forbidden"), bind("", "bad"), execute(""), parse("s", "q"), sync()].concat();
    let said = talk.client(&batch);
    assert!(said.contains("P(sfumato_refused.refused by sfumato...)"), "{said}");
    // `bad` is not known, so its Bind is refused in the same way; the store skips all of it.
    let said = talk.server(&messages(&[(b'E', b"VERROR\0C42601\0\0"), (b'Z', b"I")]));
    assert_eq!(said, "E(0A000 forbidden is not supported here) Z(I) | ");
    // `s` was skipped too: it can be prepared, and not be bound before.
    let said = talk.client(&[bind("", "s"), sync()].concat());
    assert!(said.contains("sfumato_refused"), "{said}");
    talk.server(&messages(&[(b'E', b"VERROR\0C42601\0\0"), (b'Z', b"I")]));
    assert!(talk.client(&parse("s", "q")).starts_with(" | P(s.SELECT q...)"));
}

#[test]
fn what_follows_an_error_that_has_come_is_dropped() {
    let mut talk = Talk::open().knows("q", planned("SELECT q", "+"));
    talk.client(&[parse("s", "q"), message(b'H', b"")].concat());
    talk.server(&message(b'E', ERROR));
    assert_eq!(talk.client(&[bind("", "s"), execute(""), message(b'Q', b"q\0")].concat()), " | ");
    assert_eq!(talk.client(&sync()), " | S()");
    assert_eq!(talk.server(&message(b'Z', b"I")), "Z(I) | ");
}

#[test]
fn a_pipeline_that_relied_on_a_statement_that_failed_ends() {
    // The store has `s` as the first text; a second Parse of `s` fails there, and the batch behind it runs.
    let mut talk =
        Talk::open().knows("raw", planned("SELECT raw", "!")).knows("open", planned("SELECT open", "+"));
    talk.client(&[parse("s", "raw"), sync()].concat());
    talk.server(&[prepared(1), message(b'Z', b"I")].concat());
    talk.client(&[parse("s", "open"), sync(), bind("", "s"), execute(""), sync()].concat());
    talk.server(&messages(&[(b'E', b"VERROR\0C42P05\0\0"), (b'Z', b"I")]));
    let said = talk.server(&[message(b'2', b""), row(&["203.0.113.7"])].concat());
    assert_eq!(talk.ended, Some(Ending::ServerFault(Fault::WrongStatement)));
    assert!(!said.contains("203.0"), "{said}");
}

#[test]
fn a_portal_keeps_its_plan_while_it_is_suspended() {
    let mut talk =
        Talk::open().knows("raw", planned("SELECT raw", "!")).knows("open", planned("SELECT open", "+"));
    talk.client(&[parse("s", "raw"), bind("p", "s"), execute("p"), sync()].concat());
    let answer =
        [prepared(1), message(b'2', b""), row(&["203.0.113.7"]), messages(&[(b's', b""), (b'Z', b"T")])];
    assert!(talk.server(&answer.concat()).ends_with("2() D(.\\x01...\\x03***) s() Z(T) | "));
    // The statement's name goes to another one; the portal stays.
    let other = [message(b'C', b"Ss\0"), parse("s", "open"), execute("p"), sync()].concat();
    talk.client(&other);
    let answer = [
        messages(&[(b'3', b""), (b'1', b"")]),
        row(&["203.0.113.7"]),
        messages(&[(b'C', b"SELECT 2\0"), (b'Z', b"T")]),
    ];
    assert_eq!(talk.server(&answer.concat()), "3() 1() D(.\\x01...\\x03***) C(SELECT 2.) Z(T) | ");
}

#[test]
fn names_are_bounded_and_so_is_their_number() {
    let limits = Limits { statements: 2, statement_bytes: 100, ..Limits::default() };
    let mut talk = Talk::open().knows("q", planned("SELECT q", "+"));
    let Phase::Inside(conversation) = &mut talk.session.phase else { panic!("inside") };
    conversation.limits = limits;
    let long = "x".repeat(64);
    for refused in [parse(&long, "q"), bind(&long, ""), describe('S', &long), execute(&long)] {
        let said = talk.client(&refused);
        assert_eq!(said, " | P(sfumato_refused.refused by sfumato...)");
        assert_eq!(
            talk.server(&message(b'E', b"VERROR\0C42601\0\0")),
            "E(42622 names of statements and portals may have 63 bytes here) | "
        );
        talk.client(&sync());
        talk.server(&message(b'Z', b"I"));
    }
    let said = talk.client(&[parse("a", "q"), parse("b", "q"), parse("b", "q"), parse("c", "q")].concat());
    assert_eq!(said.matches("refused by sfumato").count(), 1, "{said}");
    // A long statement is refused without being in memory, and what follows it is understood.
    let mut talk = Talk::open().knows("q", planned("SELECT q", "+"));
    let Phase::Inside(conversation) = &mut talk.session.phase else { panic!("inside") };
    conversation.limits.statement_bytes = 100;
    let ten_megabytes = message(b'Q', &vec![b'x'; 10_000_000]);
    let (head, rest) = ten_megabytes.split_at(5);
    assert_eq!(talk.client(head), " | Q(refused by sfumato.)");
    assert_eq!(talk.client(&[rest, &message(b'Q', b"q\0")].concat()), " | Q(SELECT q.)");
    let said = talk.server(&messages(&[(b'E', b"VERROR\0C42601\0\0"), (b'Z', b"I")]));
    assert_eq!(said, "E(54000 the statement is longer than is allowed here) Z(I) | ");
}

#[test]
fn function_calls_are_refused() {
    let mut talk = Talk::open();
    assert_eq!(talk.client(&message(b'F', b"\0\0\0\x01\0\0\0\0\0\0")), " | Q(refused by sfumato.)");
    let said = talk.server(&messages(&[(b'E', b"VERROR\0C42601\0\0"), (b'Z', b"T")]));
    assert_eq!(said, "E(0A000 function call messages are not allowed here) Z(T) | ");
}

/// A statement that runs the one called `s`.
fn runs_s(sql: &str) -> Planned {
    Planned { kind: Kind::Session(Effect::Execute { name: "s".into() }), ..planned(sql, "") }
}

#[test]
fn parameters_that_only_a_bind_message_fills_are_not_filled_in_sql() {
    let mut bound = planned("SELECT $1", "+");
    bound.parameters =
        vec![Parameter { source: ParameterSource::Literal("token".into()), turned_back: None, type_oid: 0 }];
    let mut talk = Talk::open().knows("q", bound).knows("x", runs_s("EXECUTE s('raw')"));
    talk.client(&[parse("s", "q"), sync()].concat());
    talk.server(&messages(&[(b'1', b""), (b'Z', b"I")]));
    assert_eq!(talk.client(&message(b'Q', b"x\0")), " | Q(refused by sfumato.)");
}

/// A store that runs `EXECUTE s` reads the name anew, and prints rows of other columns by the portal's description.
#[test]
fn a_portal_that_runs_a_name_is_executed_before_the_name_can_change() {
    let refused = |between: &[u8]| {
        let mut talk = Talk::open().knows("x", runs_s("EXECUTE s")).knows("q", planned("SELECT q", "+"));
        let said = talk.client(&[&parse("t", "x"), &bind("p", "t"), between, &execute("p")].concat());
        said.matches("refused by sfumato").count()
    };
    assert_eq!(refused(b""), 0);
    for between in [parse("s", "q"), bind("", "t"), message(b'C', b"Ss\0")] {
        assert_eq!(refused(&between), 1);
    }
}

/// Parsed before `s` is there, it has no types; rows of identifiers could not be treated.
#[test]
fn what_was_parsed_before_its_name_was_there_is_refused() {
    for (shape, refusals) in [("!", 1), ("+", 0)] {
        let mut talk = Talk::open().knows("x", runs_s("EXECUTE s")).knows("q", planned("SELECT q", shape));
        talk.client(&[parse("t", "x"), sync()].concat());
        talk.server(&messages(&[(b'1', b""), (b't', b"\0\0"), (b'n', b""), (b'Z', b"I")]));
        talk.client(&[parse("s", "q"), sync()].concat());
        let types = if shape == "!" { messages(&[(b't', b"\0\0")]) } else { Vec::new() };
        let types = if shape == "!" { [types, described(1)].concat() } else { types };
        talk.server(&[message(b'1', b""), types, message(b'Z', b"I")].concat());
        let said = talk.client(&bind("p", "t"));
        assert_eq!(said.matches("refused by sfumato").count(), refusals, "{shape}: {said}");
    }
}

/// What is sent could be doubled until it is longer than a value may be (hole 51).
#[test]
fn parameters_beside_protected_fields_are_not_long() {
    let most = crate::sql::LONGEST_BYTES;
    for (reads_protected, bytes, is_refused) in
        [(true, most + 1, true), (true, most - 64, false), (false, most + 1, false)]
    {
        let parameter = Parameter { source: ParameterSource::Client(1), turned_back: None, type_oid: 25 };
        let plan = Planned { reads_protected, parameters: vec![parameter], ..planned("SELECT $1", "+") };
        let mut talk = Talk::open().knows("q", plan);
        let mut bind = b"\0\0\0\0\0\x01".to_vec();
        bind.extend_from_slice(&u32::try_from(bytes).unwrap().to_be_bytes());
        bind.resize(bind.len() + bytes, b'x');
        bind.extend_from_slice(&[0, 0]);
        let said = talk.client(&[parse("", "q"), message(b'B', &bind), execute(""), sync()].concat());
        assert_eq!(said.contains("sfumato_refused"), is_refused, "{bytes}");
        assert!(talk.ended.is_none(), "{bytes}");
    }
}

/// What the client expects under the name may never come to stand there: its Parse fails, or its Close is skipped.
#[test]
fn nothing_is_run_by_a_name_that_is_being_prepared_or_closed() {
    let mut bound = planned("SELECT $1", "+");
    bound.parameters =
        vec![Parameter { source: ParameterSource::Literal("token".into()), turned_back: None, type_oid: 0 }];
    let of_s = || {
        let harmless = planned("SELECT q", "+");
        let mut talk = Talk::open().knows("token", bound.clone()).knows("q", harmless);
        talk.plans.insert("x".into(), runs_s("EXECUTE s('raw')"));
        talk.client(&[parse("s", "token"), parse("t", "x"), sync()].concat());
        let answers = [message(b'1', b""), message(b'1', b""), messages(&[(b't', b"\0\0"), (b'n', b"")])];
        talk.server(&[&answers.concat()[..], &message(b'Z', b"I")].concat());
        talk
    };
    let close = message(b'C', b"Ss\0");
    for change in [parse("s", "q"), close.clone(), [parse("s", "q"), close].concat()] {
        let said = of_s().client(&[&change, &sync()[..], &message(b'Q', b"x\0")].concat());
        assert_eq!(said.matches("refused by sfumato").count(), 1, "{said}");
        let said = of_s().client(&[&change, &sync()[..], &bind("", "t"), &execute("")].concat());
        assert!(said.contains("refused by sfumato") && !said.contains("B("), "{said}");
    }
}

/// What was sent before the policy changed goes on; a statement that it leaves behind is one of before.
#[test]
fn what_is_prepared_while_the_policy_changes_is_planned_again() {
    let prepares = Planned {
        kind: Kind::Session(Effect::Prepare { name: "s".into() }),
        ..planned("PREPARE s AS SELECT q", "+")
    };
    let mut talk = Talk::open().knows("prepare", prepares).knows("x", runs_s("EXECUTE s"));
    talk.client(&message(b'Q', b"prepare\0"));
    talk.session.forget_plans();
    talk.server(&messages(&[(b'C', b"PREPARE\0"), (b'Z', b"I")]));
    let said = talk.client(&message(b'Q', b"x\0"));
    assert_eq!(said, " | Q(refused by sfumato.)");
}
