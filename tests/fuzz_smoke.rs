//! Every fuzz target over random and mutated bytes, in every test run.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    reason = "a test may panic"
)]

#[path = "../fuzz/src/lib.rs"]
mod targets;

use proptest::prelude::*;

/// What the parsers know, so that mutation comes near.
const SEEDS: [&str; 14] = [
    r#"{"ip":"203.0.113.7","user_id":42,"rows":[{"account":"a"}],"lat":-0.05,"at":"2026-11-22T10:11:12+02:00"}"#,
    r#"{"\u0069p":"::ffff:203.0.113.7","note":"from 2001:db8::1, 52.51636 13.37777, 02:00:5e:10:00:01"}"#,
    "{\"mail\":\"a@example.com\"}\n{\"age\":1e3}\n",
    "ip,user_id,note\r\n203.0.113.7,42,\"a \"\"b\"\", c\"\r\n",
    "ip\tlat\n203.0.113.7\t1.25\n",
    "ip=203.0.113.7&user_id=%34%32&note=a+b",
    "$..ip",
    "$['a'][0].b[*]",
    "public.logins.ip",
    "/v1/{user_id}/logins",
    "[treatments]\na = { truncate = { ipv4 = 16, ipv6 = 32 } }\n[[stores]]\nname = \"a\"\n",
    "1969-12-31T23:59:60.999-00:00",
    "0x7f.1",
    "[2001:DB8::1%eth0]:443",
];

fn near_seeds() -> impl Strategy<Value = Vec<u8>> {
    let seed = (0..SEEDS.len()).prop_map(|at| SEEDS[at].as_bytes().to_vec());
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 0..6);
    (any::<[u8; 2]>(), seed, edits).prop_map(|(head, mut seed, edits)| {
        for (at, byte, edit) in edits {
            let at = at.index(seed.len().max(1));
            match edit {
                0 if at < seed.len() => seed[at] = byte,
                1 => seed.insert(at.min(seed.len()), byte),
                _ if at < seed.len() => drop(seed.remove(at)),
                _ => {}
            }
        }
        head.into_iter().chain(seed).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2_000)))]

    #[test]
    fn no_bytes_break_a_parser(bytes in prop_oneof![near_seeds(), prop::collection::vec(any::<u8>(), 0..200)]) {
        targets::bodies(&bytes);
        targets::codings(&bytes);
        for part in [&bytes[..], bytes.get(2..).unwrap_or(&[])] {
            targets::json_path(part);
            targets::policy_file(part);
            targets::scrub(part);
            targets::treatments(part);
            targets::urls(part);
            targets::values(part);
        }
    }
}
