//! Vectors of the primitives, and the way there and back.

use proptest::prelude::*;

use super::*;
use crate::kernel::EpochKey;

const UUID: &str = "550e8400-e29b-41d4-a716-446655440000";

fn ring(epochs: &[u8], current: u8) -> KeyRing {
    let epochs = epochs.iter().map(|&byte| (byte.to_string(), EpochKey::from_random([byte; 32])));
    KeyRing::new(epochs, &current.to_string()).unwrap()
}

fn tokenizer() -> Tokenizer {
    Tokenizer::new(&ring(&[1], 1), &Domain::new("person").unwrap())
}

fn token(tokenizer: &Tokenizer, text: &str) -> String {
    let mut token = String::new();
    assert!(tokenizer.write_text(text, &mut token));
    token
}

fn back(tokenizer: &Tokenizer, token: &str) -> Option<String> {
    let mut text = String::new();
    let known = tokenizer.turn_back_text(token, &mut text);
    assert!(known || text.is_empty());
    known.then_some(text)
}

fn bytes(hex: &str) -> Vec<u8> {
    let nibble = |byte: u8| crate::kernel::digits::hex(byte).unwrap();
    hex.as_bytes().chunks(2).map(|pair| (nibble(pair[0]) << 4) | nibble(pair[1])).collect()
}

#[test]
fn siv_vectors_of_rfc_5297() {
    let siv = |key: &str| Aes128Siv::new(bytes(key).as_slice().try_into().unwrap());
    let sealed = siv("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
        .encrypt(
            [bytes("101112131415161718191a1b1c1d1e1f2021222324252627")],
            &bytes("112233445566778899aabbccddee"),
        )
        .unwrap();
    assert_eq!(sealed, bytes("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"));
    let headers = [
        bytes("00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100"),
        bytes("102030405060708090a0"),
        bytes("09f911029d74e35bd84156c5635688c0"),
    ];
    let sealed = siv("7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f")
        .encrypt(headers, b"this is some plaintext to encrypt using SIV-AES")
        .unwrap();
    assert_eq!(
        sealed,
        bytes(
            "7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d"
        )
    );
}

#[test]
fn a_block_is_aes_256() {
    // FIPS 197, appendix C.3.
    let key: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let mut tokenizer = tokenizer();
    tokenizer.uuid = Aes256::new(&key.into());
    let plain = bytes("00112233445566778899aabbccddeeff").try_into().unwrap();
    let sealed = bytes("8ea2b7ca516745bfeafc49904b496089").try_into().unwrap();
    assert_eq!(tokenizer.uuid(plain), sealed);
    assert_eq!(tokenizer.turn_back_uuid(sealed), plain);
}

#[test]
fn a_token_is_one_word_of_a_domain() {
    let tokenizer = tokenizer();
    let shown = token(&tokenizer, UUID);
    assert!(
        shown.starts_with(TEXT_PREFIX)
            && shown.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    );
    assert_eq!(shown.len(), 4 + 52);
    assert_eq!(back(&tokenizer, &shown.to_ascii_uppercase()).as_deref(), Some(UUID));
    let other = Tokenizer::new(&ring(&[1], 1), &Domain::new("mail").unwrap());
    assert_eq!(back(&other, &shown), None);
    for forged in [
        "",
        "tok_",
        "tok_0",
        "bob@example.com",
        UUID,
        shown.get(..55).unwrap(),
        &format!("{shown}0"),
        shown.get(4..).unwrap(),
        "psn_0123",
    ] {
        assert_eq!(back(&tokenizer, forged), None, "{forged}");
    }
    let changed = shown.replace(shown.chars().nth(20).unwrap(), "0").replace("t0k", "tok");
    assert!(changed == shown || back(&tokenizer, &changed).is_none());
}

#[test]
fn the_length_of_a_name_shows_in_steps_of_sixteen() {
    let tokenizer = tokenizer();
    let len = |name: usize| token(&tokenizer, &"n".repeat(name)).len();
    assert!(len(0) == len(15) && len(15) < len(16) && len(16) == len(31));
}

#[test]
fn tokens_outlive_their_epoch() {
    let domain = Domain::new("person").unwrap();
    let old = token(&Tokenizer::new(&ring(&[1], 1), &domain), "bob");
    let rotated = Tokenizer::new(&ring(&[1, 2], 2), &domain);
    assert_eq!(back(&rotated, &old).as_deref(), Some("bob"));
    assert_ne!(token(&rotated, "bob"), old);
    assert_eq!(back(&Tokenizer::new(&ring(&[2], 2), &domain), &old), None);
}

#[test]
fn judged_by_form() {
    let tokenizer = tokenizer();
    let judge = |value: Value<'_>| {
        let mut scratch = String::new();
        match tokenizer.judge(value, &mut scratch) {
            Judgement::TurnedBack(Value::Text(raw)) => format!("text {raw}"),
            Judgement::TurnedBack(Value::Number(raw)) => format!("number {raw}"),
            Judgement::Refused(misfit) => format!("{misfit:?}"),
            _ => "other".to_owned(),
        }
    };
    assert_eq!(judge(Value::Text(&token(&tokenizer, "bob"))), "text bob");
    let number = tokenizer.int64(42).to_string();
    assert_eq!(judge(Value::Number(&number)), "number 42");
    assert_eq!(judge(Value::Text(&number)), "text 42");
    assert_ne!(judge(Value::Text("42")), "text 42");
    for raw in
        [Value::Text("bob"), Value::Text(UUID), Value::Text("042"), Value::Number("4.5"), Value::Bool(true)]
    {
        assert_eq!(judge(raw), "NotAToken");
    }
}

#[test]
fn what_cannot_be_turned_back_becomes_null() {
    let mut scratch = String::new();
    for value in [Value::Null, Value::Bool(false), Value::Number("1.0"), Value::Number("9223372036854775808")]
    {
        assert!(tokenizer().treat(value, &mut scratch) == Value::Null);
    }
}

proptest! {
    #[test]
    fn there_and_back(text in ".{0,70}", int64 in any::<i64>(), int32 in any::<i32>(), uuid in any::<[u8; 16]>()) {
        let tokenizer = tokenizer();
        let shown = token(&tokenizer, &text);
        prop_assert!(!shown.contains(&text) || text.len() < 4);
        prop_assert_eq!(back(&tokenizer, &shown), Some(text));
        prop_assert_eq!(tokenizer.turn_back_int64(tokenizer.int64(int64)), int64);
        prop_assert_eq!(tokenizer.int64(tokenizer.turn_back_int64(int64)), int64);
        prop_assert_eq!(tokenizer.turn_back_int32(tokenizer.int32(int32)), int32);
        prop_assert_eq!(tokenizer.turn_back_uuid(tokenizer.uuid(uuid)), uuid);
        let text = format_uuid(uuid);
        let text = std::str::from_utf8(&text).unwrap();
        prop_assert_eq!(back(&tokenizer, &token(&tokenizer, text)), Some(text.to_owned()));
        let upper = text.to_ascii_uppercase();
        prop_assert_eq!(back(&tokenizer, &token(&tokenizer, &upper)), Some(upper));
    }
}
