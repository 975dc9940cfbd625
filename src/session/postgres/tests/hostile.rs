//! Peers that say anything.

use proptest::prelude::*;

use super::*;

/// Mostly well-formed messages with any type byte and body.
fn any_messages() -> impl Strategy<Value = Vec<u8>> {
    let tags = prop::sample::select(b"QPBDECSHXpFdcfRKTZ123tnsGWVAINv\0".to_vec());
    let bodies = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        prop::sample::select(vec![
            b"q\0".to_vec(),
            b"s\0q\0\0\0".to_vec(),
            b"\0s\0\0\0\0\0\0\0".to_vec(),
            b"Ss\0".to_vec(),
            b"P\0".to_vec(),
            b"\0\0\0\0\0".to_vec(),
            b"I".to_vec(),
            b"VERROR\0C22012\0\0".to_vec(),
            b"SELECT 1\0".to_vec(),
            b"\0\x01\0\0\0\x01a".to_vec(),
            Vec::new(),
        ]),
    ];
    prop::collection::vec((tags, bodies), 0..20)
        .prop_map(|all| all.iter().flat_map(|(tag, body)| message(*tag, body)).collect())
}

proptest! {
    #[test]
    fn nobody_makes_us_panic_or_write_half_a_message(
        turns in prop::collection::vec((any::<bool>(), any_messages(), any::<u8>()), 1..8),
    ) {
        let mut talk = Talk::open().knows("q", planned("SELECT q", "!+-"));
        for (is_client, mut bytes, cut) in turns {
            let keep = bytes.len().saturating_sub(usize::from(cut % 7));
            bytes.truncate(keep);
            // `show` checks that whole messages come out.
            if is_client { talk.client(&bytes) } else { talk.server(&bytes) };
        }
    }

    #[test]
    fn the_first_bytes_may_be_anything(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut session = Session::new(Settings::default(), KEY);
        let _any = session.client_says(&bytes);
    }
}

#[test]
fn lengths_and_types_that_do_not_exist() {
    for bad in [
        &b"Q\xff\xff\xff\xff"[..],
        b"Q\0\0\0\x03",
        b"Q\0\0\0\0",
        b"y\0\0\0\x04",
        b"S\0\0\0\x05x",
        b"p\0\0\0\x04",
    ] {
        let mut talk = Talk::open();
        let said = talk.client(bad);
        assert!(matches!(talk.ended, Some(Ending::ClientFault(_))), "{bad:?}");
        assert!(said.starts_with("E(08P01 "), "{said}");
    }
    for bad in [&b"D\xff\xff\xff\xff"[..], b"D\x7f\xff\xff\xff", b"T\0\0\0\x02", b"y\0\0\0\x04"] {
        let mut talk = Talk::open().knows("q", planned("SELECT q", "!"));
        talk.client(&message(b'Q', b"q\0"));
        talk.server(bad);
        assert!(matches!(talk.ended, Some(Ending::ServerFault(_))), "{bad:?}");
    }
}

#[test]
fn long_rows_that_need_nothing_are_streamed() {
    let mut talk = Talk::open().knows("q", planned("SELECT q", "+"));
    talk.client(&message(b'Q', b"q\0"));
    talk.server(&described(1));
    let long = "x".repeat(2_000_000);
    let row = row(&[&long]);
    let mut passed = 0;
    for piece in row.chunks(100_000) {
        let used = talk.session.server_says(piece).unwrap();
        assert_eq!(used, piece.len(), "nothing is held back");
        let (to_client, _) = talk.session.outgoing();
        passed += to_client.len();
        to_client.clear();
    }
    assert_eq!(passed, row.len());
    assert_eq!(talk.server(&messages(&[(b'C', b"SELECT 1\0"), (b'Z', b"I")])), "C(SELECT 1.) Z(I) | ");
}

#[test]
fn the_client_is_not_heard_while_too_much_waits() {
    let mut talk = Talk::open();
    let many: Vec<u8> = (0..10_000).flat_map(|_| message(b'S', b"")).collect();
    let used = talk.session.client_says(&many).unwrap();
    assert_eq!(used, 4_096 * 5);
    assert!(!talk.session.hears_client());
}
