//! Rows, descriptions, tags.

use super::*;
use crate::sql::{Column, Effect};

fn ask(text: &str) -> Vec<u8> {
    message(b'Q', format!("{text}\0").as_bytes())
}

#[test]
fn hidden_columns_go_and_treated_ones_are_treated() {
    let mut talk = Talk::open().knows("q", planned("SELECT ..", "+!-"));
    assert_eq!(talk.client(&ask("q")), " | Q(SELECT ...)");
    let said = talk.server(&described(3));
    assert_eq!(said.matches("c.").count(), 2, "{said}");
    assert_eq!(talk.server(&row(&["a", "203.0.113.7", "order"])), "D(.\\x02...\\x01a...\\x03***) | ");
    let said = talk.server(&messages(&[(b'C', b"SELECT 1\0"), (b'Z', b"I")]));
    assert_eq!(said, "C(SELECT 1.) Z(I) | ");
}

#[test]
fn rows_that_do_not_fit_end_the_session() {
    for lie in [
        row(&["a", "203.0.113.7"]),
        row(&["a", "b", "c", "203.0.113.7"]),
        message(b'D', b"\0\x03\0\0\0\x63203.0.113.7"),
        message(b'D', b"\0\x03\0\0\0\x01a\0\0\0\x01b\0\0\0\x01c203.0.113.7"),
        message(b'D', b"\0\x03\xff\xff\xff\xfe"),
        described(3),
        message(b'G', b"\0\0\0"),
        message(b'W', b"\0\0\0"),
        message(b'V', b"\xff\xff\xff\xff"),
        message(b'H', b"\0\0\0"),
        message(b'd', b"203.0.113.7"),
    ] {
        let mut talk = Talk::open().knows("q", planned("SELECT ..", "+!-"));
        talk.client(&ask("q"));
        talk.server(&described(3));
        let said = talk.server(&lie);
        assert!(matches!(talk.ended, Some(Ending::ServerFault(_))), "{lie:?}");
        assert!(said.starts_with("E(08006 ") && !said.contains("203.0"), "{said}");
        assert_eq!(talk.server(&row(&["a", "b", "c"])), " | ", "nothing passes afterwards");
    }
    for columns in [2, 4] {
        let mut talk = Talk::open().knows("q", planned("SELECT ..", "+!-"));
        talk.client(&ask("q"));
        talk.server(&described(columns));
        assert_eq!(talk.ended, Some(Ending::ServerFault(Fault::Columns)));
    }
    // Rows without a description, or that nobody asked for.
    let mut talk = Talk::open().knows("q", planned("SELECT ..", "+!-"));
    talk.client(&ask("q"));
    talk.server(&row(&["a", "b", "c"]));
    assert_eq!(talk.ended, Some(Ending::ServerFault(Fault::Unexpected)));
    let mut talk = Talk::open();
    talk.server(&row(&["a"]));
    assert_eq!(talk.ended, Some(Ending::ServerFault(Fault::Unexpected)));
}

#[test]
fn any_cut_gives_the_same_bytes() {
    let statements =
        || Talk::open().knows("q", planned("SELECT ..", "!+-")).knows("p", planned("SELECT p", "++"));
    let questions = [ask("q"), ask("p")].concat();
    let answers = [
        described(3),
        row(&["a", "b", "c"]),
        row(&["d", "e", "f"]),
        messages(&[(b'C', b"SELECT 2\0"), (b'Z', b"I")]),
        described(2),
        row(&["g", "h"]),
        row(&["i", "j"]),
        messages(&[(b'N', ERROR), (b'C', b"SELECT 2\0"), (b'Z', b"I")]),
    ]
    .concat();
    let run = |size: usize| {
        let (mut talk, mut all) = (statements(), String::new());
        let mut pending = Vec::new();
        for (bytes, is_client) in [(&questions, true), (&answers, false)] {
            for piece in bytes.chunks(size) {
                pending.extend_from_slice(piece);
                let step = if is_client { Session::client_says } else { Session::server_says };
                loop {
                    let used = step(&mut talk.session, &pending).unwrap();
                    pending.drain(..used);
                    let Some(Event::Plan(request)) = talk.session.next_event() else { break };
                    let plan = talk.plans.get(&request.text).cloned().unwrap();
                    talk.session.planned(Ok(vec![plan]), Vec::new()).unwrap();
                }
            }
        }
        let (to_client, to_server) = talk.session.outgoing();
        all.push_str(&show(to_client));
        all.push_str(&show(to_server));
        all
    };
    let whole = run(usize::MAX);
    assert!(whole.contains("***") && whole.contains("D(.\\x02...\\x01i...\\x01j)"), "{whole}");
    for size in 1..60 {
        assert_eq!(run(size), whole, "in pieces of {size}");
    }
}

#[test]
fn answers_of_our_own_take_the_place_of_an_empty_one() {
    let kind = Kind::Answered {
        columns: vec![Column { name: "QUERY PLAN".into(), type_oid: 25 }],
        rows: vec![vec![Some("public.t.c".into())], vec![None]],
        tag: "EXPLAIN",
    };
    let own = Planned { kind, ..planned("", "") };
    let mut talk = Talk::open().knows("explain", own);
    assert_eq!(talk.client(&ask("explain")), " | Q(SELECT WHERE false.)");
    let said = talk.server(&[described(0), messages(&[(b'C', b"SELECT 0\0"), (b'Z', b"T")])].concat());
    let (description, rest) = said.split_once(") ").unwrap();
    assert!(description.starts_with("T(.\\x01QUERY PLAN."), "{said}");
    assert_eq!(rest, "D(.\\x01...\\npublic.t.c) D(.\\x01\\xff\\xff\\xff\\xff) C(EXPLAIN.) Z(T) | ");
    // In the extended protocol, and where the store says no.
    let batch = messages(&[(b'P', b"\0explain\0\0\0"), (b'B', &[0; 8]), (b'E', b"\0\0\0\0\0"), (b'S', b"")]);
    let said = talk.client(&batch);
    assert!(said.starts_with(" | P(.SELECT WHERE false...) B("), "{said}");
    let said = talk.server(&messages(&[(b'1', b""), (b'2', b""), (b'C', b"SELECT 0\0"), (b'Z', b"I")]));
    assert!(said.ends_with("C(EXPLAIN.) Z(I) | ") && said.contains("public.t.c"), "{said}");
    talk.client(&ask("explain"));
    let said = talk.server(&messages(&[(b'E', b"VERROR\0C25P02\0\0"), (b'Z', b"E")]));
    assert!(said.starts_with("E(25P02 current transaction is aborted"), "{said}");
}

#[test]
fn cursors_have_the_columns_that_they_were_declared_with() {
    let declare = |sql: &str, shape: &str| Planned {
        kind: Kind::Session(Effect::Declare { cursor: "c".into() }),
        ..planned(sql, shape)
    };
    let fetch =
        Planned { kind: Kind::Session(Effect::Fetch { cursor: "c".into() }), ..planned("FETCH c", "") };
    let mut talk = Talk::open()
        .knows("one", declare("DECLARE one", "!+"))
        .knows("two", declare("DECLARE two", "+!"))
        .knows("fetch", fetch);
    let fetched = [described(2), row(&["a", "b"]), messages(&[(b'C', b"FETCH 1\0"), (b'Z', b"T")])].concat();
    talk.client(&ask("one"));
    talk.server(&messages(&[(b'C', b"DECLARE CURSOR\0"), (b'Z', b"T")]));
    talk.client(&ask("fetch"));
    assert!(talk.server(&fetched).contains("D(.\\x02...\\x03***...\\x01b)"));
    // One that failed changes nothing.
    talk.client(&ask("two"));
    talk.server(&messages(&[(b'E', ERROR), (b'Z', b"T")]));
    talk.client(&ask("fetch"));
    assert!(talk.server(&fetched).contains("D(.\\x02...\\x03***...\\x01b)"));
    talk.client(&ask("two"));
    talk.server(&messages(&[(b'C', b"DECLARE CURSOR\0"), (b'Z', b"T")]));
    talk.client(&ask("fetch"));
    assert!(talk.server(&fetched).contains("D(.\\x02...\\x01a...\\x03***)"));
}

#[test]
fn the_search_path_is_kept_by_the_store() {
    let effect = |path: Option<&str>| {
        let path = path.map(|name| vec![name.to_owned()]);
        Planned {
            kind: Kind::Session(Effect::SearchPath { path, local: false, tag: "SET" }),
            ..planned("", "")
        }
    };
    let there = Planned { path: Some(["a b".to_owned()].into()), ..planned("SELECT q", "+") };
    let mut talk = Talk::open().knows("set", effect(Some("a b"))).knows("q", there);
    assert_eq!(talk.client(&ask("set")), " | Q(SET SESSION search_path TO \\'a b\\'.)");
    // What follows waits until it is known which path holds.
    assert_eq!(talk.client(&ask("q")), " | ");
    let said = talk.server(&messages(&[(b'C', b"SET\0"), (b'Z', b"I")]));
    assert!(said.starts_with("C(SET.) Z(I) | P(sfumato_ask.SELECT pg_catalog.current_setting("), "{said}");
    let answer = [
        messages(&[(b'1', b""), (b'2', b"")]),
        row(&["\"a b\""]),
        messages(&[(b'C', b"SELECT 1\0"), (b'3', b""), (b'3', b""), (b'Z', b"I")]),
    ];
    assert_eq!(talk.server(&answer.concat()), " | ");
    assert_eq!(talk.session.search_path().as_deref(), Some(&["a b".to_owned()][..]));
    assert_eq!(talk.client(&ask("q")), " | Q(SELECT q.)");
}

/// Bodies where there are none, and a row that nobody asked for.
#[test]
fn what_a_store_adds_to_short_messages_goes_nowhere() {
    let row_of_one = row(&["203.0.113.7"]);
    let lies = [
        message(b'I', b"203.0.113.7"),
        message(b's', b"203.0.113.7"),
        message(b'c', b"203.0.113.7"),
        message(b'n', b"203.0.113.7"),
        message(b'C', b"SELECT 203.0.113.7\0"),
        row_of_one,
    ];
    for lie in &lies {
        for asked in [b"".as_slice(), b"q"] {
            let mut talk = Talk::open().knows("q", planned("SELECT q", "+-"));
            if asked.is_empty() {
                let conversation = &mut talk.session;
                conversation.client_says(&message(b'Q', b"\0")).unwrap();
                while conversation.next_event().is_some() {}
                conversation.planned(Ok(Vec::new()), Vec::new()).unwrap();
            } else {
                talk.client(&message(b'Q', b"q\0"));
                talk.server(&described(2));
            }
            let said = talk.server(lie);
            assert!(!said.contains("203"), "{}: {said}", lie.escape_ascii());
            assert!(talk.ended.is_some(), "{}", lie.escape_ascii());
        }
    }
}
