//! Along which path statements run: what would run along another than its own is not sent.

use super::pipeline::{bind, execute, parse, sync};
use super::*;
use crate::sql::Effect;

fn set(path: &str) -> Planned {
    let path = Some(vec![path.to_owned()]);
    Planned { kind: Kind::Session(Effect::SearchPath { path, local: false, tag: "SET" }), ..planned("", "") }
}

fn along(path: &str) -> Planned {
    Planned { path: Some([path.to_owned()].into()), ..planned("SELECT q", "+") }
}

fn utility(tag: &'static str) -> Planned {
    Planned { kind: Kind::Utility { tag }, ..planned(tag, "") }
}

fn ask(text: &str) -> Vec<u8> {
    message(b'Q', format!("{text}\0").as_bytes())
}

/// A session in a transaction, with `set`, `own`, `new` (planned along the path of `set`), `end`.
fn in_a_transaction() -> Talk {
    let mut talk = Talk::open()
        .knows("begin", utility("BEGIN"))
        .knows("end", utility("COMMIT"))
        .knows("set", set("new"))
        .knows("own", planned("SELECT own", "+"))
        .knows("new", along("new"));
    talk.client(&ask("begin"));
    talk.server(&messages(&[(b'C', b"BEGIN\0"), (b'Z', b"T")]));
    talk
}

/// The store says what the path is.
fn told(path: &str, status: &[u8]) -> Vec<u8> {
    [
        messages(&[(b'1', b""), (b'2', b"")]),
        row(&[path]),
        messages(&[(b'C', b"SELECT 1\0"), (b'3', b""), (b'3', b""), (b'Z', status)]),
    ]
    .concat()
}

const OWN: &str = "\"$user\", public";

#[test]
fn a_pipeline_goes_along_the_path_that_it_sets() {
    let pipeline = |behind: &str| {
        let mut talk = in_a_transaction();
        let set = [parse("", "set"), bind("", ""), execute("")].concat();
        let said =
            talk.client(&[&set[..], &parse("", behind), &bind("", ""), &execute(""), &sync()].concat());
        said.matches("refused by sfumato").count()
    };
    assert_eq!(pipeline("new"), 0);
    assert_eq!(pipeline("own"), 1);
}

#[test]
fn what_was_prepared_or_bound_before_goes_its_own_way() {
    let set = [parse("set", "set"), bind("set", "set"), execute("set")].concat();
    let mut talk = in_a_transaction();
    talk.client(&[parse("s", "own"), bind("p", "s")].concat());
    assert!(!talk.client(&set).contains("refused"));
    assert!(talk.client(&bind("q", "s")).contains("refused by sfumato"));
    assert!(talk.client(&execute("p")).contains("refused by sfumato"));
}

/// The portal that sets the path is bound in one batch and run in the next.
#[test]
fn a_portal_of_an_earlier_batch_moves_the_path() {
    let mut talk = in_a_transaction();
    talk.client(&[parse("s", "set"), bind("p", "s"), sync()].concat());
    talk.server(&messages(&[(b'1', b""), (b'2', b""), (b'Z', b"T")]));
    talk.server(&told(OWN, b"T"));
    assert!(talk.client(&parse("", "own")).contains("P(.SELECT own...)"));
    assert!(!talk.client(&execute("p")).contains("refused"));
    assert!(talk.client(&bind("", "")).contains("refused by sfumato"));
    assert!(talk.client(&parse("", "own")).contains("refused by sfumato"));
}

/// What is sent behind an error that has not come yet would believe that the transaction can still be committed.
#[test]
fn nothing_is_heard_before_it_is_known_whether_a_transaction_failed() {
    let mut talk = in_a_transaction();
    talk.client(&ask("set"));
    talk.server(&messages(&[(b'C', b"SET\0"), (b'Z', b"T")]));
    talk.server(&told("new", b"T"));
    assert!(talk.client(&ask("new")).contains("Q(SELECT q.)"));
    assert_eq!(talk.client(&ask("end")), " | ");
    talk.server(&messages(&[(b'E', ERROR), (b'Z', b"E")]));
    assert_eq!(talk.client(&ask("end")), " | Q(COMMIT.)");
    // Which rolls back.
    talk.server(&messages(&[(b'C', b"ROLLBACK\0"), (b'Z', b"I")]));
    talk.server(&told(OWN, b"I"));
    assert!(talk.client(&ask("own")).contains("Q(SELECT own.)"));
}

/// The question is cancelled.
#[test]
fn nothing_runs_while_the_path_is_not_known() {
    let mut talk = Talk::open()
        .knows("set", set("new"))
        .knows("own", planned("SELECT own", "+"))
        .knows("new", along("new"));
    talk.client(&ask("set"));
    talk.server(&messages(&[(b'C', b"SET\0"), (b'Z', b"I")]));
    talk.server(&messages(&[(b'E', b"VERROR\0C57014\0\0"), (b'Z', b"I")]));
    assert_eq!(talk.client(&ask("own")), " | Q(refused by sfumato.)");
    talk.server(&messages(&[(b'E', b"VERROR\0C42601\0\0"), (b'Z', b"I")]));
    talk.server(&told("new", b"I"));
    assert!(talk.client(&ask("own")).contains("refused by sfumato"));
    talk.server(&messages(&[(b'E', b"VERROR\0C42601\0\0"), (b'Z', b"I")]));
    assert!(talk.client(&ask("new")).contains("Q(SELECT q.)"));
}

#[test]
fn a_statement_that_sets_the_path_is_not_run_by_its_name() {
    let run =
        Planned { kind: Kind::Session(Effect::Execute { name: "s".into() }), ..planned("EXECUTE s", "") };
    let open = || {
        Talk::open()
            .knows("set", set("new"))
            .knows("own", planned("SELECT own", "+"))
            .knows("run", run.clone())
    };
    let mut talk = open();
    talk.client(&[parse("s", "set"), sync()].concat());
    talk.server(&messages(&[(b'1', b""), (b'Z', b"I")]));
    assert!(talk.client(&ask("run")).contains("refused by sfumato"));
    // Nor by one that seems to go to another statement.
    let mut talk = open();
    talk.client(&[parse("s", "set"), sync()].concat());
    talk.client(&[parse("s", "own"), sync()].concat());
    assert!(talk.client(&ask("run")).contains("refused by sfumato"));
}
