//! `scrub`: as the kernel where an address stands alone, and never less than the kernel.

use std::sync::Arc;

use sfumato::kernel::text::Kind;
use sfumato::kernel::{Scrub, Treatment};

use crate::lab::{Dice, Lab, kernel_text, scalar, scrub};

/// The kernel finds the same in these.
const ALIKE: &[&str] = &[
    "",
    "a",
    "hello, world",
    "203.0.113.7",
    "login from 203.0.113.7, ok",
    "ticket 1007: timeout from 203.0.113.7 via vpn",
    "src=203.0.113.7;action=block",
    "user moved, old host 203.0.113.7, see runbook",
    "[203.0.113.7] rejected twice, then ok",
    "seen at 203.0.113.7:443 and again from 203.0.113.7/32 today",
    "seen at [2001:db8:1::7]:443 today",
    "from 2001:db8:1:2::7.",
    "203.0.113.7:51234 -> 198.51.100.4:443",
    "net 203.0.113.0/24.",
    "net 203.0.0.0/8",
    "203.0.113.7.",
    "ip=203.0.113.7&x=1",
    "http://203.0.113.7/path/1",
    "203.0.113.007",
    "0203.0.0113.7",
    "1.203.0.113.7",
    "203.0.113/24",
    "[client 203.0.113.7] x",
    "203.0.113.x and 203.0.113.* x",
    "ip:203.0.113.7",
    "ip:2001:db8:1::7",
    "addr=2001:db8:1::7;",
    "a 2001:db8:1::/48 b",
    "[2001:db8::7]",
    "[2001:db8::7%eth0]:80",
    "fe80::7%eth0 up",
    "::ffff:203.0.113.7",
    "::ffff:cb00:7107",
    "64:ff9b::203.0.113.7",
    "2001:db8:1:2:3",
    "1::2::3",
    "::1",
    "00:1a:2B:3c:4d:5e",
    "bssid 00-1A-2B-3C-4D-5E seen",
    "001a.2b3c.4d5e",
    "0:1a:2b:3:4:5",
    "00:11:22:33:44:55:66:77",
    "calling 001A2B3C4D5E.",
    "52.52001, 13.40495",
    "at 52.520,13.404!",
    "pos -33.8688 151.2093",
    "lat=52.52 lon=13.40",
    "lat: 52.52, lng: -13.40",
    "POINT(13.4050 52.5200)",
    "bob@example.com",
    "<bob.o'neil+x@mail.example.com>,",
    "email=bob@example.com",
    "mailto:bob@example.com.",
    "bounce+bob=example.com@lists.example.com",
    "root@203.0.113.7",
    "203.0.113.7@example.com",
    "bob@localhost",
    "jörg@exämple.de ü",
    "203[.]0[.]113[.]7",
    "203(.)0(.)113(.)7 x",
    "203[dot]0[DOT]113[dot]7",
    "bob%40example.com",
    "bob[at]example[.]com",
    "２０３．０．１１３．７",
    "2024-01-03T10:15:30.123Z",
    "2024-01-03 10:15:30",
    "10:15:30:123",
    "550e8400-e29b-41d4-a716-446655440000",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "std::vector<int>",
    "de::Error",
    "::",
    "a::",
    "12.50 EUR, 13.99 EUR",
    "took 0.12 0.34",
    "v1.2.3",
    "Windows 10.0.19045.3803",
    "5f4dcc3b5aa765d61d8327deb882cf99",
    "https://example.com/a/b?c=1#d",
    "@mention",
    "lodash@4.17.21",
    "+1-800-555-0199",
    "deadbeefcafe",
    "123456789012",
    "100%",
    "(c) at [x]",
    "file.rs:12:34",
    "1.2",
    "psn_0123456789abcdefghjk",
    "[mac] [geo] [email] [ip]",
    "日本語。テスト，です",
    "100%25 sure",
    "a%20b",
    "C:\\temp\\.x",
];

/// The kernel keeps more of these.
const COARSER: &[(&str, &str)] = &[
    ("v203.0.113.7x", "[ip]"),
    ("host-203-0-113-7.example.net", "[ip]"),
    ("backup-2024-01-03-10-15-30.tar", "[ip]"),
    ("face:2001:db8:1:2:3:4:5:6", "[ip]"),
    ("7.113.0.203.in-addr.arpa", "[ip]"),
    ("x%20203.0.113.7", "x 203.0.0.0/16"),
    ("2001%3Adb8%3A1%3A%3A7 and %20", "2001:db8::/32 and  "),
];

fn fuzz() -> Vec<String> {
    let words = [
        " ",
        " ",
        ", ",
        "203.0.113.7",
        "2001:db8:1::7",
        "198.51.100.4:443",
        "00:1a:2b:3c:4d:5e",
        "bob@example.com",
        "52.52001",
        "13.40495",
        "lat",
        "ip",
        "=",
        ":",
        "::",
        ".",
        "-",
        "/",
        "/24",
        "[",
        "]",
        "(",
        ")",
        "%",
        "%2E",
        "[.]",
        "x",
        "a",
        "ff",
        "00",
        "7",
        "12",
        "255",
        "256",
        "2024",
        "_",
        "@",
        "'",
        "\"",
        "\n",
        "é",
        "．",
        "。",
        "*",
        "deadbeef0001",
        "host",
        "::ffff:",
        "%eth0",
        "1.2",
        "4.17.21",
        "\\",
        "(at)",
        "[dot]",
    ];
    let mut dice = Dice::new(11);
    (0..3000)
        .map(|_| {
            let parts = 1 + dice.below(14);
            (0..parts).map(|_| dice.pick(&words)).collect()
        })
        .collect()
}

#[test]
fn texts_agree() {
    Lab::run(&[free_text, never_less_than_the_kernel, kinds_have_their_own_treatments]);
}

fn free_text(lab: &mut Lab) {
    lab.column("text", ALIKE);
    for (raw, coarse) in lab.outcome("text", &scalar(&scrub())) {
        let Some(raw) = raw else { continue };
        assert_eq!(coarse, kernel_text(&scrub(), &raw), "{raw}");
    }
    let raw: Vec<&str> = COARSER.iter().map(|(raw, _)| *raw).collect();
    lab.column("varchar(200)", &raw);
    for ((raw, coarse), (_, expected)) in
        lab.outcome("varchar(200)", &scalar(&scrub())).into_iter().zip(COARSER)
    {
        assert_eq!(coarse.as_deref(), Some(*expected), "{raw:?}");
    }
}

fn never_less_than_the_kernel(lab: &mut Lab) {
    let fuzz = fuzz();
    lab.column("text", &fuzz);
    lab.expect_idempotence = false;
    lab.few_settings = true;
    let (mut same, mut all, mut finer) = (0, 0, Vec::new());
    for (raw, coarse) in lab.outcome("text", &scalar(&scrub())) {
        let (Some(raw), Some(coarse)) = (raw, coarse) else { continue };
        // What is left holds nothing that the kernel would change.
        let again = kernel_text(&scrub(), &coarse);
        if again.as_deref() != Some(coarse.as_str()) {
            finer.push(format!("{raw}\n  {coarse}\n  {again:?}"));
        }
        all += 1;
        same += i32::from(kernel_text(&scrub(), &raw).as_deref() == Some(coarse.as_str()));
    }
    assert!(finer.is_empty(), "{} of {all}:\n{}", finer.len(), finer[..finer.len().min(12)].join("\n"));
    println!("{same} of {all} random texts are scrubbed exactly as by the kernel");
}

fn kinds_have_their_own_treatments(lab: &mut Lab) {
    lab.column("text", &["203.0.113.7 and x1.2.3.4 bob@example.com 00:1a:2b:3c:4d:5e at 52.5201, 13.4052"]);
    let with = |rules: &[(Kind, Treatment)]| {
        let scrub = rules.iter().fold(Scrub::default(), |scrub, (kind, treatment)| {
            scrub.with(*kind, Arc::new(treatment.clone())).unwrap()
        });
        scalar(&Treatment::Scrub(Arc::new(scrub)))
    };
    let mut one = |rules: &[(Kind, Treatment)]| lab.outcome("text", &with(rules)).swap_remove(0).1.unwrap();
    assert_eq!(one(&[(Kind::Ip, Treatment::Suppress)]), "[ip] and [ip] [email] [mac] at [geo]");
    assert_eq!(
        one(&[
            (Kind::Ip, Treatment::Redact("<ip>".into())),
            (Kind::Email, Treatment::Pass),
            (Kind::Mac, Treatment::Redact(String::new()))
        ]),
        "<ip> and <ip> bob@example.com  at [geo]"
    );
    assert_eq!(
        one(&[(Kind::Geo, Treatment::Pass)]),
        "203.0.0.0/16 and [ip] [email] [mac] at 52.5201, 13.4052"
    );
}
