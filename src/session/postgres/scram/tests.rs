//! Against a client that others wrote, and message by message.

use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
use postgres_protocol::password::scram_sha_256;

use super::verifier::with_verifier;
use super::*;

const NONCE: [u8; NONCE_BYTES] = [7; NONCE_BYTES];

fn verifiers() -> Verifiers {
    let file = with_verifier("", "alice", &scram_sha_256(b"sesame"), &[9; 32]).unwrap();
    let file = with_verifier(&file, "Zo\u{eb} M.", &scram_sha_256("p\u{e4}ss".as_bytes()), &[9; 32]).unwrap();
    Verifiers::parse(file.as_bytes()).unwrap()
}

/// What comes of a whole exchange with a client of the crate `postgres-protocol`.
fn talk(name: &str, password: &str, ours: Option<&[u8]>, theirs: ChannelBinding) -> Result<(), ScramError> {
    let mut exchange = Exchange::new(&verifiers(), name, ours.map(Arc::from), &NONCE);
    let mut client = ScramSha256::new(password.as_bytes(), theirs);
    let mechanism = if client.message().starts_with(b"p=") { PLUS } else { BARE };
    let answer = exchange.first(mechanism, client.message())?;
    client.update(answer.as_bytes()).unwrap();
    let answer = exchange.last(client.message())?;
    client.finish(answer.as_bytes()).unwrap();
    Ok(())
}

#[test]
fn names_with_their_passwords_come_in() {
    let (bound, unbound) = (ChannelBinding::tls_server_end_point, ChannelBinding::unrequested);
    let here: Option<&[u8]> = Some(b"hash");
    assert_eq!(talk("alice", "sesame", None, ChannelBinding::unsupported()), Ok(()));
    // The client could bind, and knows that we did not offer it.
    assert_eq!(talk("alice", "sesame", None, unbound()), Ok(()));
    assert_eq!(talk("alice", "sesame", here, ChannelBinding::unsupported()), Ok(()));
    assert_eq!(talk("alice", "sesame", here, bound(b"hash".to_vec())), Ok(()));
    assert_eq!(talk("Zo\u{eb} M.", "p\u{e4}ss", here, bound(b"hash".to_vec())), Ok(()));
    assert_eq!(talk("alice", "sesame", here, bound(b"other".to_vec())), Err(ScramError::OtherChannel));
    assert_eq!(talk("alice", "sesame", here, unbound()), Err(ScramError::Downgraded));
    assert_eq!(talk("alice", "sesame", None, bound(b"hash".to_vec())), Err(ScramError::Malformed));
    for (name, password) in
        [("alice", "Sesame"), ("alice", ""), ("bob", "sesame"), ("Alice", "sesame"), ("", "")]
    {
        assert_eq!(
            talk(name, password, None, ChannelBinding::unsupported()),
            Err(ScramError::Wrong),
            "{name}"
        );
    }
}

#[test]
fn an_unknown_name_is_answered_like_a_known_one() {
    let first = |name: &str, file: &Verifiers| {
        Exchange::new(file, name, None, &NONCE).first(BARE, b"n,,n=,r=abc").unwrap()
    };
    let (one, later) = (verifiers(), verifiers());
    assert_eq!(first("bob", &one), first("bob", &later));
    assert_ne!(first("bob", &one), first("carol", &one));
    assert_eq!(first("bob", &one).len(), first("alice", &one).len());
}

#[test]
fn what_is_out_of_order_or_malformed_is_refused() {
    let fresh = || Exchange::new(&verifiers(), "alice", Some(Arc::from(&b"hash"[..])), &NONCE);
    let firsts: &[(&[u8], &[u8])] = &[
        (BARE, b""),
        (BARE, b"n"),
        (BARE, b"n,,"),
        (BARE, b"n,,n=,r="),
        (BARE, b"n,,r=abc,n="),
        (BARE, b"n,,n=,r=a\x01b"),
        (BARE, b"n,,n=,r=abc,"),
        (BARE, b"n,,m=x,n=,r=abc"),
        (BARE, b"n,,n=,r=abc,m=x"),
        (BARE, b"n,a=root,n=,r=abc"),
        (BARE, b"x,,n=,r=abc"),
        (BARE, b"p=tls-server-end-point,,n=,r=abc"),
        (BARE, b"n,,n=,r=\xff"),
        (PLUS, b"n,,n=,r=abc"),
        (PLUS, b"y,,n=,r=abc"),
        (PLUS, b"p=tls-unique,,n=,r=abc"),
        (b"SCRAM-SHA-1", b"n,,n=,r=abc"),
        (b"", b"n,,n=,r=abc"),
    ];
    for (mechanism, message) in firsts {
        let refused = fresh().first(mechanism, message);
        assert_eq!(refused, Err(ScramError::Malformed), "{}", message.escape_ascii());
    }
    assert_eq!(fresh().first(BARE, &[b"n,,n=,r=", &[b'x'; 2_000][..]].concat()), Err(ScramError::Malformed));
    assert_eq!(fresh().first(BARE, b"y,,n=,r=abc"), Err(ScramError::Downgraded));
    assert_eq!(fresh().last(b"c=biws,r=abc,p=AAAA"), Err(ScramError::Malformed), "before the first");

    let nonce = format!("abc{}", STANDARD.encode(NONCE));
    let proof = STANDARD.encode([0; 32]);
    let lasts = [
        (String::new(), ScramError::Malformed),
        (format!("c=biws,r={nonce}"), ScramError::Malformed),
        (format!("c=biws,r={nonce},p=AAAA"), ScramError::Malformed),
        (format!("c=biws,r={nonce},p=?"), ScramError::Malformed),
        (format!("r={nonce},c=biws,p={proof}"), ScramError::Malformed),
        (format!("c=biws,r=abc,p={proof}"), ScramError::Malformed),
        (format!("c=biws,r={nonce}x,p={proof}"), ScramError::Malformed),
        (format!("c=biws,r={nonce},m=x,p={proof}"), ScramError::Malformed),
        // A header of another kind, or with something bound that was not announced.
        (format!("c=eSws,r={nonce},p={proof}"), ScramError::OtherChannel),
        (format!("c=biwsaGFzaA==,r={nonce},p={proof}"), ScramError::OtherChannel),
        (format!("c=biws,r={nonce},p={proof}"), ScramError::Wrong),
        (format!("c=biws,r={nonce},x=extension,p={proof}"), ScramError::Wrong),
    ];
    for (message, why) in lasts {
        let mut exchange = fresh();
        exchange.first(BARE, b"n,,n=,r=abc").unwrap();
        assert_eq!(exchange.last(message.as_bytes()), Err(why), "{message}");
        assert_eq!(exchange.last(message.as_bytes()), Err(ScramError::Malformed), "a second try");
        assert_eq!(exchange.first(BARE, b"n,,n=,r=abc"), Err(ScramError::Malformed), "from the start");
    }
}

#[test]
fn files_of_verifiers() {
    let verifier = scram_sha_256(b"sesame");
    let bad = |text: String| Verifiers::parse(text.as_bytes()).map(drop).unwrap_err();
    for name in ["", "a\nb", "#a", " a", "a "] {
        assert!(with_verifier("", name, &verifier, &[0; 32]).is_err(), "{name:?}");
    }
    assert_eq!(bad(format!("alice {verifier}\nalice {verifier}\n")), BadVerifiers::Twice(2));
    let other = verifier.replacen("4096", "20000", 1);
    assert_eq!(bad(format!("alice {verifier}\nbob {other}\n")), BadVerifiers::Uneven(2), "{other}");
    for wrong in [
        "alice",
        "alice md5abc",
        "alice SCRAM-SHA-256$0:AAAA$AAAA:AAAA",
        "#mock:AAAA",
        "alice SCRAM-SHA-256$",
    ] {
        assert_eq!(bad(format!("# people\n\n{wrong}\n")), BadVerifiers::Line(3), "{wrong}");
    }
    let many = verifier.replace("$4096:", "$4000000000:");
    assert_eq!(bad(format!("alice {many}")), BadVerifiers::Line(1));
    let one = with_verifier("", "alice", &verifier, &[1; 32]).unwrap();
    let two = with_verifier(&one, "bob", &verifier, &[2; 32]).unwrap();
    let changed = with_verifier(&two, "alice", &scram_sha_256(b"other"), &[3; 32]).unwrap();
    assert_eq!(changed.lines().count(), 3);
    assert_eq!(changed.matches("alice ").count(), 1);
    assert!(
        changed.starts_with("#mock:AQEB")
            && !format!("{:?}", Verifiers::parse(changed.as_bytes())).contains("alice")
    );
}
