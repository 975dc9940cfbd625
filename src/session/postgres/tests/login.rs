//! From the first byte to the first ReadyForQuery.

use super::super::{Channel, Doorway, Line};
use super::*;
use crate::policy::Member;

fn session() -> Talk {
    Talk { session: Session::new(Settings::default(), KEY), plans: HashMap::new(), ended: None }
}

#[test]
fn encryption_is_declined_and_nothing_may_be_stuffed_behind() {
    let mut talk = session();
    talk.session.client_says(b"\0\0\0\x08\x04\xd2\x16\x2f").unwrap();
    assert_eq!(&talk.session.outgoing().0[..], b"N");
    talk.session.outgoing().0.clear();
    talk.session.client_says(b"\0\0\0\x08\x04\xd2\x16\x30").unwrap();
    assert_eq!(&talk.session.outgoing().0[..], b"N");
    talk.session.outgoing().0.clear();
    talk.client(b"\0\0\0\x08\x04\xd2\x16\x2f");
    assert_eq!(talk.ended, Some(Ending::ClientFault(Fault::Unexpected)), "asked twice");

    let mut talk = session();
    let stuffed = [&b"\0\0\0\x08\x04\xd2\x16\x2f"[..], &message(b'Q', b"SELECT 1\0")].concat();
    talk.client(&stuffed);
    assert_eq!(talk.ended, Some(Ending::ClientFault(Fault::Unexpected)));
}

#[test]
fn the_offer_loses_what_binds_to_a_channel() {
    let mut talk = session();
    assert_eq!(talk.client(&startup(&[("user", "alice")])), " | startup");
    let said = talk.server(&message(b'R', b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"));
    assert_eq!(said, "R(...\\nSCRAM-SHA-256..) | ");
    assert_eq!(talk.client(&message(b'p', b"SCRAM-SHA-256\0..")), " | p(SCRAM-SHA-256...)");
    // It may not speak out of turn, ...
    assert_eq!(talk.client(&message(b'p', b"again")), " | ");
    assert_eq!(talk.server(&message(b'R', b"\0\0\0\x0b..")), "R(...\\x0b..) | ");
    assert_eq!(talk.client(&message(b'p', b"again")), " | p(again)");
    // ... and says nothing else.
    talk.client(&message(b'Q', b"SELECT 1\0"));
    talk.server(&message(b'R', b"\0\0\0\x0b.."));
    talk.client(&message(b'Q', b"SELECT 1\0"));
    assert_eq!(talk.ended, Some(Ending::ClientFault(Fault::Unexpected)));
}

#[test]
fn only_plus_or_kerberos_is_refused() {
    for offer in [&b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0\0"[..], b"\0\0\0\x07"] {
        let mut talk = session();
        talk.client(&startup(&[("user", "alice")]));
        let said = talk.server(&message(b'R', offer));
        assert!(said.starts_with("E(0A000 ") && talk.ended.is_some(), "{said}");
    }
}

#[test]
fn keys_are_ours_and_settings_are_watched() {
    let mut talk = session();
    talk.client(&startup(&[("user", "alice")]));
    let said = talk.server(&messages(&[
        (b'R', &[0; 4]),
        (b'S', b"standard_conforming_strings\0on\0"),
        (b'S', b"search_path\0secret\0"),
        (b'K', b"\0\0\0\x01\0\0\0\x02"),
        (b'Z', b"I"),
    ]));
    let (to_client, to_server) = said.split_once(" | ").unwrap();
    assert_eq!(to_client, "R(....) S(standard_conforming_strings.on.) K(...M...c)");
    assert!(
        to_server.starts_with("P(sfumato_ask.SELECT pg_catalog.current_setting(\\'extra_float_digits\\')"),
        "{to_server}"
    );
    assert_eq!(talk.server(&pins("on")), "Z(I) | ");
    talk.server(&message(b'S', b"standard_conforming_strings\0off\0"));
    assert_eq!(talk.ended, Some(Ending::ServerFault(Fault::Setting)));
}

#[test]
fn settings_that_do_not_hold_end_the_session() {
    let mut talk = session();
    talk.client(&startup(&[("user", "alice")]));
    talk.server(&messages(&[(b'R', &[0; 4]), (b'Z', b"I")]));
    let said = talk.server(&pins("off"));
    assert_eq!(talk.ended, Some(Ending::ServerFault(Fault::Setting)));
    assert!(said.starts_with("E(08006 "), "{said}");
}

#[test]
fn the_store_may_not_skip_authentication_or_talk_too_early() {
    for early in
        [message(b'Z', b"I"), message(b'K', &[0; 8]), row(&["203.0.113.7"]), message(b'S', b"a\0b\0")]
    {
        let mut talk = session();
        talk.client(&startup(&[("user", "alice")]));
        let said = talk.server(&early);
        assert_eq!(talk.ended, Some(Ending::ServerFault(Fault::Unexpected)));
        assert!(!said.contains("203.0.113.7"));
    }
}

#[test]
fn login_errors_lose_their_prose() {
    let mut talk = session();
    talk.client(&startup(&[("user", "alice")]));
    let said = talk.server(&message(b'E', b"SFATAL\0VFATAL\0C28P01\0Mfor user \"alice\" of 10.0.0.9\0\0"));
    assert_eq!(said, "E(28P01 password authentication failed) | ");
    assert_eq!(talk.ended, Some(Ending::ServerFatal));
}

#[test]
fn encryption_where_there_is_some() {
    let behind = |line| {
        let session =
            Session::new(Settings::default(), KEY).behind(Doorway { line, ..Doorway::default() }, [0; 18]);
        Talk { session, plans: HashMap::new(), ended: None }
    };
    let tls: &[u8] = b"\0\0\0\x08\x04\xd2\x16\x2f";
    let gss: &[u8] = b"\0\0\0\x08\x04\xd2\x16\x30";
    let direct: &[u8] = b"\x16\x03\x01\x02\0\x01";

    let mut talk = behind(Line::TlsRequired);
    assert_eq!(talk.session.client_says(gss), Ok(8));
    assert_eq!(talk.session.client_says(tls), Ok(8));
    assert!(talk.session.awaits_tls() && !talk.session.hears_client());
    assert_eq!(&talk.session.outgoing().0[..], b"NS");
    // What comes now is the handshake's.
    assert_eq!(talk.session.client_says(&startup(&[("user", "alice")])), Ok(0));
    talk.session.secured(Channel::default()).unwrap();
    assert!(talk.session.client_says(tls).is_err(), "once is enough");

    let mut talk = behind(Line::TlsRequired);
    talk.session.client_says(direct).unwrap();
    assert!(talk.session.awaits_tls());
    assert!(talk.session.secured(Channel::default()).is_err(), "it was not agreed what is spoken");
    let mut talk = behind(Line::TlsRequired);
    talk.session.client_says(direct).unwrap();
    talk.session.secured(Channel { agreed: true, ..Channel::default() }).unwrap();
    talk.session.client_says(&startup(&[("user", "alice")])).unwrap();
    assert!(matches!(talk.session.next_event(), Some(Event::Connect { .. })));

    let refused: &[(Line, &[u8])] = &[
        (Line::TlsRequired, &startup(&[("user", "alice")])),
        (Line::TlsAllowed, &[tls, b"x"].concat()),
        (Line::TlsAllowed, &[tls, direct].concat()),
        (Line::Plain, direct),
    ];
    for (line, bytes) in refused {
        let mut talk = behind(*line);
        assert!(talk.session.client_says(bytes).is_err(), "{line:?} {}", bytes.escape_ascii());
    }
    // A key that cancels is sent in clear by most clients.
    let cancel = b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x01\0\0\0\x02";
    assert!(matches!(behind(Line::TlsRequired).session.client_says(cancel), Err(Ending::Cancel)));
}

#[test]
fn a_name_is_proved_before_the_store_hears_of_it() {
    use std::sync::Arc;

    use super::super::{Accounts, scram};

    let accounts = |verifiers: Option<scram::Verifiers>, by_certificate| {
        let accounts = Accounts { service: "sfumato".into(), verifiers, by_certificate };
        Doorway { line: Line::TlsAllowed, accounts: Some(Arc::new(accounts)) }
    };
    let file = b"alice SCRAM-SHA-256$4096:AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let verifiers = || Some(scram::Verifiers::parse(file).unwrap());
    let talk = |doorway| Talk {
        session: Session::new(Settings::default(), KEY).behind(doorway, [0; 18]),
        plans: HashMap::new(),
        ended: None,
    };
    let knock = startup(&[("user", "alice")]);
    let first = message(b'p', b"SCRAM-SHA-256\0\0\0\0\x0cn,,n=,r=abcd");
    let last = message(
        b'p',
        b"c=biws,r=abcdAAAAAAAAAAAAAAAAAAAAAAAA,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    );
    let conversations: &[&[&[u8]]] = &[
        &[&message(b'Q', b"SELECT 1\0")],
        &[&message(b'p', b"sesame\0")],
        &[&last],
        &[&first, &first],
        &[&first, &last],
        &[&first, &message(b'Q', b"SELECT 1\0")],
        &[&message(b'p', b"SCRAM-SHA-256-PLUS\0\0\0\0\x0cn,,n=,r=abcd")],
        &[&message(b'p', b"SCRAM-SHA-256\0\xff\xff\xff\xff")],
        &[&message(b'p', b"SCRAM-SHA-256\0\0\0\0\x0dn,,n=,r=abcd")],
    ];
    for conversation in conversations {
        let mut talk = talk(accounts(verifiers(), false));
        assert!(talk.session.client_says(&knock).is_ok());
        assert_eq!(show(&talk.session.outgoing().0.split()), "R(...\\nSCRAM-SHA-256..)");
        let said = conversation.iter().try_for_each(|part| talk.session.client_says(part).map(drop));
        assert!(said.is_err(), "{conversation:?}");
        assert!(talk.session.outgoing().1.is_empty() && talk.session.next_event().is_none());
    }
    let by_name = |name: Option<&str>| -> Result<(String, String), Ending> {
        let mut talk = talk(accounts(None, true));
        talk.session.client_says(b"\x16\x03").unwrap();
        let channel = Channel { client: name.map(Member::named), agreed: true, end_point: None };
        talk.session.secured(channel).unwrap();
        talk.session.client_says(&knock).map(drop)?;
        match talk.session.next_event() {
            Some(Event::Connect { user, name, .. }) => Ok((user, name)),
            _ => panic!("no connection"),
        }
    };
    assert_eq!(by_name(Some("alice")), Ok(("sfumato".to_owned(), "alice".to_owned())));
    assert!(by_name(Some("bob")).is_err() && by_name(None).is_err());

    // What the store asks is between it and the service account.
    let mut talk = talk(accounts(verifiers(), true));
    talk.session.client_says(b"\x16\x03").unwrap();
    talk.session
        .secured(Channel { client: Some(Member::named("alice")), agreed: true, end_point: None })
        .unwrap();
    talk.session.client_says(&knock).unwrap();
    talk.session.outgoing().1.clear();
    talk.session.server_says(&message(b'R', b"\0\0\0\x03")).unwrap();
    assert_eq!(talk.session.challenge().as_deref(), Some(&b"\0\0\0\x03"[..]));
    assert!(!talk.session.hears_client() && talk.session.client_says(&message(b'p', b"mine\0")) == Ok(0));
    talk.session.prove(b"answer");
    let (to_client, to_server) = talk.session.outgoing();
    assert!(to_client.is_empty() && to_server.split() == b"answer"[..]);
    let refused = message(b'E', b"SFATAL\0C28P01\0Mpassword authentication failed for user sfumato\0\0");
    assert!(talk.session.server_says(&refused).is_err());
    assert_eq!(show(&talk.session.outgoing().0.split()), "E(08004 the store does not let the proxy in)");
}

#[test]
fn nobody_unknown_fills_the_memory_of_all() {
    let mut talk = session();
    assert!(talk.session.hears_client());
    talk.client(&startup(&[("user", "alice")]));
    assert!(!talk.session.hears_client(), "nothing is asked");
    talk.server(&message(b'R', b"\0\0\0\x03"));
    assert!(talk.session.hears_client());
    talk.client(&message(b'p', b"sesame\0"));
    assert!(!talk.session.hears_client(), "it was said");
}
