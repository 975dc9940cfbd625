//! Tokens signed here, and what is wrong with others. Tokens of foreign libraries are in `tests/identity_http.rs`.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;

use super::*;
use crate::policy::AttributeKind;

const NOW_S: u64 = 1_800_000_000;

struct Issuer {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Issuer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        Self { pair, random }
    }

    fn key(&self, id: &str) -> Value {
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        let [x, y] = [x, y].map(|half| URL_SAFE_NO_PAD.encode(half));
        json!({ "kty": "EC", "crv": "P-256", "kid": id, "x": x, "y": y })
    }

    fn token(&self, head: &Value, claims: &Value) -> String {
        self.token_of(&head.to_string(), &claims.to_string())
    }

    fn token_of(&self, head: &str, claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", part(head), part(claims));
        let signature = self.pair.sign(&self.random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

fn bearer(keys: &[Value]) -> Bearer {
    Bearer {
        keys: KeyShelf::with(Keys::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()),
        algorithms: vec![Algorithm::Es256, Algorithm::Rs256],
        issuer: "https://id.example.com".into(),
        audience: "sfumato".into(),
        claim: "sub".into(),
        groups_claim: Some("groups".into()),
    }
}

fn claims() -> Value {
    json!({ "iss": "https://id.example.com", "aud": "sfumato", "exp": NOW_S + 60, "sub": "alice" })
}

fn shown(bearer: &Bearer, token: &str) -> Result<Option<String>, BadToken> {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    bearer.member(&headers, NOW_S).map(|member| member.map(|member| member.name))
}

#[test]
fn a_token_that_is_right_names_who_asks() {
    let issuer = Issuer::new();
    let bearer = bearer(&[issuer.key("one")]);
    let alice = Ok(Some("alice".to_owned()));
    for head in [json!({ "alg": "ES256" }), json!({ "alg": "ES256", "kid": "one", "typ": "JWT" })] {
        assert_eq!(shown(&bearer, &issuer.token(&head, &claims())), alice);
    }
    let mut many = claims();
    many["aud"] = json!(["other", "sfumato"]);
    many["exp"] = json!(1_800_000_060.5);
    assert_eq!(shown(&bearer, &issuer.token(&json!({ "alg": "ES256" }), &many)), alice);
    let mut headers = HeaderMap::new();
    assert_eq!(bearer.member(&headers, NOW_S), Ok(None));
    headers.insert("authorization", "Basic YTpi".parse().unwrap());
    assert_eq!(bearer.member(&headers, NOW_S), Ok(None));
    for unread in ["Bearer", "bearer\tx.y.z", "BEARER,x"] {
        headers.insert("authorization", unread.parse().unwrap());
        assert_eq!(bearer.member(&headers, NOW_S), Err(BadToken::Malformed), "{unread}");
    }
    headers.append("authorization", "Bearer x.y.z".parse().unwrap());
    assert_eq!(bearer.member(&headers, NOW_S), Err(BadToken::Malformed));
}

#[test]
fn what_is_wrong_with_a_token_is_named() {
    let (issuer, foreign) = (Issuer::new(), Issuer::new());
    let bearer = bearer(&[issuer.key("one")]);
    let es256 = json!({ "alg": "ES256" });
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        issuer.token(&es256, &claims)
    };
    let without = |name: &str| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        issuer.token(&es256, &claims)
    };
    let right = issuer.token(&es256, &claims());
    let (unsigned, signature) = right.rsplit_once('.').unwrap();
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims_of = |name: &str| {
        let mut claims = claims();
        claims["sub"] = name.into();
        part(claims)
    };
    let none = format!("{}.{}.", part(json!({ "alg": "none" })), part(claims()));
    let cases: Vec<(String, BadToken)> = vec![
        (none, BadToken::Algorithm),
        (issuer.token(&json!({ "alg": "none" }), &claims()), BadToken::Algorithm),
        (issuer.token(&json!({ "alg": "None" }), &claims()), BadToken::Algorithm),
        (issuer.token(&json!({ "alg": "HS256" }), &claims()), BadToken::Algorithm),
        (issuer.token(&json!({ "alg": "es256" }), &claims()), BadToken::Algorithm),
        (issuer.token(&json!({ "alg": "EdDSA" }), &claims()), BadToken::Algorithm),
        (issuer.token(&json!({ "alg": 3 }), &claims()), BadToken::Algorithm),
        (issuer.token(&json!({}), &claims()), BadToken::Algorithm),
        (issuer.token(&json!({ "alg": "RS256" }), &claims()), BadToken::Signature),
        (issuer.token(&json!({ "alg": "ES256", "kid": "two" }), &claims()), BadToken::UnknownKey),
        (issuer.token(&json!({ "alg": "ES256", "kid": 1 }), &claims()), BadToken::Malformed),
        (issuer.token(&json!({ "alg": "ES256", "crit": ["exp"] }), &claims()), BadToken::Malformed),
        (foreign.token(&es256, &claims()), BadToken::Signature),
        // A key that comes with the token is nobody's.
        (
            foreign.token(&json!({ "alg": "ES256", "jwk": foreign.key("one") }), &claims()),
            BadToken::Signature,
        ),
        (format!("{}.{}.{signature}", part(es256.clone()), claims_of("bob")), BadToken::Signature),
        (format!("{unsigned}."), BadToken::Signature),
        (format!("{unsigned}.!"), BadToken::Malformed),
        (unsigned.to_owned(), BadToken::Malformed),
        (String::new(), BadToken::Malformed),
        ("a.b.c.d".to_owned(), BadToken::Malformed),
        ("x".repeat(20_000), BadToken::Malformed),
        (with("iss", "https://id.example.org".into()), BadToken::Issuer),
        (without("iss"), BadToken::Issuer),
        (with("aud", "other".into()), BadToken::Audience),
        (with("aud", json!(["other"])), BadToken::Audience),
        (without("aud"), BadToken::Audience),
        (with("exp", (NOW_S - 31).into()), BadToken::Time),
        (with("exp", "tomorrow".into()), BadToken::Time),
        (with("exp", (-1).into()), BadToken::Time),
        (without("exp"), BadToken::Time),
        (with("nbf", (NOW_S + 60).into()), BadToken::Time),
        (with("sub", "".into()), BadToken::Nobody),
        (with("sub", "a\nb".into()), BadToken::Nobody),
        (with("sub", json!(["alice"])), BadToken::Nobody),
        (without("sub"), BadToken::Nobody),
    ];
    for (token, why) in cases {
        assert_eq!(shown(&bearer, &token), Err(why), "{token}");
    }
}

#[test]
fn keys_are_made_for_what_they_say() {
    let issuer = Issuer::new();
    let token = issuer.token(&json!({ "alg": "ES256" }), &claims());
    let with = |name: &str, value: &str| {
        let mut key = issuer.key("one");
        key[name] = value.into();
        Keys::parse(json!({ "keys": [key] }).to_string().as_bytes())
    };
    assert_eq!(with("use", "enc").map(drop).unwrap_err(), BadKeys::NoKey);
    assert_eq!(with("x", "AAAA").map(drop).unwrap_err(), BadKeys::NoKey);
    let other =
        Bearer { keys: KeyShelf::with(with("alg", "ES384").unwrap()), ..bearer(&[issuer.key("one")]) };
    assert_eq!(shown(&other, &token), Err(BadToken::Signature));
    let empty = Bearer { keys: KeyShelf::default(), ..bearer(&[issuer.key("one")]) };
    assert_eq!(shown(&empty, &token), Err(BadToken::NoKeys));
    empty.keys.put(with("alg", "ES256").unwrap());
    assert_eq!(shown(&empty, &token), Ok(Some("alice".to_owned())));
    for bad in ["", "[]", "{}", "{\"keys\": 3}", "{\"keys\": "] {
        assert_eq!(Keys::parse(bad.as_bytes()).map(drop).unwrap_err(), BadKeys::NotASet);
    }
}

#[test]
fn groups_have_one_reading() {
    let issuer = Issuer::new();
    let bearer = bearer(&[issuer.key("one")]);
    let with = |bearer: &Bearer, name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        let mut headers = HeaderMap::new();
        let token = issuer.token(&json!({ "alg": "ES256" }), &claims);
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        bearer.member(&headers, NOW_S).map(|member| member.unwrap().attributes)
    };
    let of =
        |names: &[&str]| Ok(names.iter().map(|name| (AttributeKind::Group, (*name).to_owned())).collect());
    for (value, wanted) in [
        (json!("analysts"), of(&["analysts"])),
        (json!(["analysts", "of the night"]), of(&["analysts", "of the night"])),
        (json!([]), of(&[])),
        (json!(null), of(&[])),
        (json!(["\u{430}nalysts"]), of(&["\u{430}nalysts"])),
        (json!("analysts,admins"), Err(BadToken::Groups)),
        (json!("analysts admins"), Err(BadToken::Groups)),
        (json!("analysts;admins"), Err(BadToken::Groups)),
        (json!({ "analysts": true }), Err(BadToken::Groups)),
        (json!([["analysts"]]), Err(BadToken::Groups)),
        (json!([{ "name": "analysts" }]), Err(BadToken::Groups)),
        (json!(["analysts", 7]), Err(BadToken::Groups)),
        (json!(["analysts", ""]), Err(BadToken::Groups)),
        (json!([" analysts"]), Err(BadToken::Groups)),
        (json!(["ana\nlysts"]), Err(BadToken::Groups)),
        (json!(["x".repeat(257)]), Err(BadToken::Groups)),
        (json!(vec!["x"; 257]), Err(BadToken::Groups)),
        (json!(true), Err(BadToken::Groups)),
        (json!(7), Err(BadToken::Groups)),
    ] {
        assert_eq!(with(&bearer, "groups", value.clone()), wanted, "{value}");
    }
    assert_eq!(with(&bearer, "Groups", json!(["analysts"])), of(&[]));
    // What is said to be found elsewhere is not read as nothing.
    let names = |value: Value| with(&bearer, "_claim_names", value);
    assert_eq!(names(json!({ "groups": "src1" })), Err(BadToken::Groups));
    assert_eq!(names(json!("groups")), Err(BadToken::Groups));
    assert_eq!(names(json!({ "address": "src1" })), of(&[]));
    // Where no claim is named, none counts, and none is in the way.
    let none = Bearer { groups_claim: None, ..bearer.clone() };
    assert_eq!(with(&none, "groups", json!(["analysts"])), of(&[]));
    assert_eq!(with(&none, "groups", json!({})), of(&[]));
}

#[test]
fn a_claim_stands_there_once() {
    let issuer = Issuer::new();
    let bearer = bearer(&[issuer.key("one")]);
    let (head, claims) = (r#"{"alg":"ES256"}"#, claims().to_string());
    let with = |more: &str| claims.replacen('{', &format!("{{{more},"), 1);
    let fine = with(r#""a\\":[{"sub":"bob","b\"c":1}],"d":{"sub":2,"sub":3}"#);
    assert_eq!(shown(&bearer, &issuer.token_of(head, &fine)), Ok(Some("alice".into())));
    for twice in [r#""sub":"bob""#, r#""\u0073ub":"bob""#, r#""aud":"other""#, r#""x":1,"x":2"#] {
        let token = issuer.token_of(head, &with(twice));
        assert_eq!(shown(&bearer, &token), Err(BadToken::Malformed), "{twice}");
    }
    let token = issuer.token_of(r#"{"alg":"none","alg":"ES256"}"#, &claims);
    assert_eq!(shown(&bearer, &token), Err(BadToken::Malformed));
}
