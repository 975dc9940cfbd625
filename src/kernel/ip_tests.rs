//! Every prefix, every spelling, and the algebra of truncation.

use proptest::prelude::*;

use super::*;

fn truncate(v4: u8, v6: u8) -> Truncate {
    Truncate::new(PrefixV4::new(v4).unwrap(), PrefixV6::new(v6).unwrap(), AddressForm::Network)
}

fn treat(treatment: &Truncate, text: &str) -> Option<String> {
    let mut scratch = String::new();
    match treatment.treat(Value::Text(text), &mut scratch) {
        Value::Text(text) => Some(text.to_owned()),
        Value::Null => None,
        _ => panic!("text became something else"),
    }
}

#[test]
fn every_ipv4_prefix() {
    let all = Ipv4Addr::new(255, 255, 255, 255);
    for bits in 0..=32_u8 {
        let ones: u64 = (1_u64 << 32) - (1_u64 << (32 - u32::from(bits)));
        let expected = Ipv4Addr::from_bits(u32::try_from(ones).unwrap());
        assert_eq!(treat(&truncate(bits, 128), &all.to_string()).unwrap(), format!("{expected}/{bits}"));
        assert_eq!(
            truncate(bits, 0).network(all.to_ipv6_mapped().into(), 128).unwrap().to_string(),
            format!("{expected}/{bits}")
        );
    }
    assert!(PrefixV4::new(33).is_err());
}

#[test]
fn every_ipv6_prefix() {
    let all = Ipv6Addr::from_bits(u128::MAX);
    for bits in 0..=128_u8 {
        let expected = (0..bits).fold(0_u128, |sum, bit| sum | (1 << (127 - u32::from(bit))));
        let expected = format!("{}/{bits}", Ipv6Addr::from_bits(expected));
        assert_eq!(treat(&truncate(32, bits), &all.to_string()).unwrap(), expected);
        assert_eq!(treat(&truncate(0, bits), &all.to_string()).unwrap(), expected);
    }
    assert!(PrefixV6::new(129).is_err());
}

#[test]
fn spellings() {
    let sixteen = truncate(16, 32);
    for (text, expected) in [
        ("203.0.113.7", "203.0.0.0/16"),
        ("203.0.113.7:51234", "203.0.0.0/16"),
        ("203.0.113.0/24", "203.0.0.0/16"),
        ("203.0.113.7/24", "203.0.0.0/16"),
        ("203.0.113.7/8", "203.0.0.0/8"),
        ("203.0.113.7/0", "0.0.0.0/0"),
        ("0.0.0.0", "0.0.0.0/16"),
        ("255.255.255.255", "255.255.0.0/16"),
        ("2001:db8:1:2::7", "2001:db8::/32"),
        ("2001:0DB8:0001:0002:0000:0000:0000:0007", "2001:db8::/32"),
        ("2001:db8:1:2::7/48", "2001:db8::/32"),
        ("2001:db8::/29", "2001:db8::/29"),
        ("2001:db8::/0", "::/0"),
        ("[2001:db8::7]", "2001:db8::/32"),
        ("[2001:db8::7]:443", "2001:db8::/32"),
        ("[2001:db8::7]/64", "2001:db8::/32"),
        ("fe80::7%eth0", "fe80::/32"),
        ("fe80::7%eth0/64", "fe80::/32"),
        ("[fe80::7%25en-1]:80", "fe80::/32"),
        ("::", "::/32"),
        ("::1", "::/32"),
        ("::ffff:203.0.113.7", "203.0.0.0/16"),
        ("::FFFF:cb00:7107", "203.0.0.0/16"),
        ("0:0:0:0:0:ffff:203.0.113.7", "203.0.0.0/16"),
        ("[::ffff:203.0.113.7]:80", "203.0.0.0/16"),
        ("::ffff:203.0.113.7/120", "203.0.0.0/16"),
        ("::ffff:203.0.113.7/104", "203.0.0.0/8"),
        ("::ffff:203.0.113.7/96", "0.0.0.0/0"),
        ("::ffff:203.0.113.7/95", "::/32"),
        ("64:ff9b::203.0.113.7", "203.0.0.0/16"),
        ("64:ff9b::cb00:7107", "203.0.0.0/16"),
        ("2002:cb00:7107::1", "2002:cb00::/32"),
    ] {
        assert_eq!(treat(&sixteen, text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_is_no_address_becomes_null() {
    for text in [
        "",
        " ",
        "localhost",
        "203.0.113",
        "203.0.113.",
        "203.0.113.7.",
        ".203.0.113.7",
        "203.0.113.256",
        "203.0.113.007",
        "203.000.113.7",
        "0203.0.113.7",
        "0x7f.1",
        "0x7f.0.0.1",
        "127.1",
        "3405803783",
        "203.0.113.7 ",
        " 203.0.113.7",
        "203.0.113.7/33",
        "203.0.113.7/",
        "203.0.113.7/08",
        "203.0.113.7/-1",
        "203.0.113.7:",
        "203.0.113.7:65536",
        "203.0.113.7:x",
        "203.0.113.7%eth0",
        "203.0.113.7, 203.0.113.8",
        "203.0.113.7/24/8",
        "203。0.113.7",
        "２03.0.113.7",
        "203.0.113.7\0",
        ":",
        ":::",
        "1::2::3",
        "2001:db8",
        "2001:db8::/129",
        "2001:db8::/",
        "2001:db8::1%",
        "2001:db8::1%a b",
        "2001:db8::g",
        "2001:db8::00001",
        "1:2:3:4:5:6:7:8:9",
        "[2001:db8::1",
        "2001:db8::1]",
        "[]",
        "[203.0.113.7]",
        "[2001:db8::1]443",
        "::ffff:203.0.113.256",
        "::ffff:203.0.113.007",
    ] {
        assert_eq!(treat(&truncate(16, 32), text), None, "{text}");
    }
    let mut scratch = String::new();
    for value in [Value::Null, Value::Bool(true), Value::Number("3405803783")] {
        assert!(truncate(16, 32).treat(value, &mut scratch) == Value::Null);
    }
}

#[test]
fn an_embedded_ipv4_address_shows_its_own_prefix_and_no_more() {
    for (text, v4, v6, expected) in [
        ("2002:cb00:7107::1", 24, 48, "2002:cb00:7100::/40"),
        ("2002:cb00:7107::1", 24, 32, "2002:cb00::/32"),
        ("2002:cb00:7107::1", 0, 128, "2002::/16"),
        ("2002:cb00:7107::1", 32, 128, "2002:cb00:7107::1/128"),
        ("2001:0:c000:201:0:ffff:34ff:8ef8", 16, 128, "2001:0:c000::/48"),
        ("fe80::5efe:cb00:7107", 16, 128, "fe80::5efe:cb00:0/112"),
        ("fe80::200:5efe:203.0.113.7", 16, 128, "fe80::200:5efe:cb00:0/112"),
        ("2001:db8::5efe:cb00:7107", 16, 64, "2001:db8::/64"),
        ("::203.0.113.7", 16, 128, "::203.0.0.0/112"),
        ("::ffff:0:203.0.113.7", 16, 128, "::ffff:0:cb00:0/112"),
        ("64:ff9b:1:cb00:71:700::", 16, 128, "64:ff9b:1::/48"),
        ("64:ff9b::cb00:7107", 16, 0, "203.0.0.0/16"),
    ] {
        let expected: IpNet = expected.parse().unwrap();
        assert_eq!(treat(&truncate(v4, v6), text).unwrap().parse::<IpNet>().unwrap(), expected, "{text}");
    }
}

#[test]
fn form_address_writes_the_first_address() {
    let first = Truncate::new(PrefixV4::new(16).unwrap(), PrefixV6::new(32).unwrap(), AddressForm::Address);
    assert_eq!(treat(&first, "203.0.113.7/24").as_deref(), Some("203.0.0.0"));
    assert_eq!(treat(&first, "2001:db8:1::7").as_deref(), Some("2001:db8::"));
    assert_eq!(first.form(), AddressForm::Address);
}

#[test]
fn judged_by_the_network_that_is_meant() {
    let sixteen = truncate(16, 32);
    for (text, finer) in [
        ("203.0.0.0/16", false),
        ("203.0.0.0/8", false),
        ("202.0.0.0/15", false),
        ("203.1.0.0/15", true),
        ("203.0.0.0/24", true),
        ("203.0.113.0/24", true),
        ("203.0.113.7", true),
        ("203.0.0.0", true),
        ("0.0.0.0/0", false),
        ("2001:db8::/32", false),
        ("2001:db8::/33", true),
        ("::ffff:203.0.0.0/112", false),
        ("::ffff:203.0.113.0/120", true),
    ] {
        let expected = if finer { Judgement::Refused(Misfit::FinerThanCell) } else { Judgement::AtCell };
        assert!(sixteen.judge(Value::Text(text)) == expected, "{text}");
    }
    assert!(sixteen.judge(Value::Text("x")) == Judgement::Refused(Misfit::Unreadable));
    assert!(truncate(32, 128).judge(Value::Text("203.0.113.7")) == Judgement::AtCell);
}

proptest! {
    #[test]
    fn twice_is_once_and_hosts_of_a_cell_look_alike(
        bits in any::<u128>(), host in any::<u128>(), v4 in 0..=32_u8, v6 in 0..=128_u8, kind in 0..8,
        address_form in any::<bool>(),
    ) {
        let form = if address_form { AddressForm::Address } else { AddressForm::Network };
        let treatment = Truncate { form, ..truncate(v4, v6) };
        let low = bits & 0xffff_ffff;
        let embedding = |base: &str, shift: u32| base.parse::<Ipv6Addr>().unwrap().to_bits() | (low << shift);
        let shown = |begins: u8| if v4 == 32 { v6 } else { v6.min(begins + v4) };
        let (address, kept) = match kind {
            0 => (bits, v6),
            1 => (embedding("2002::", 80), shown(16)),
            2 => (embedding("fe80::5efe:0:0", 0), shown(96)),
            3 => (embedding("::ffff:0:0", 0), 96 + v4),
            _ => (embedding("64:ff9b::", 0), 96 + v4),
        };
        let once = treat(&treatment, &Ipv6Addr::from_bits(address).to_string()).unwrap();
        prop_assert_eq!(treat(&treatment, &once).unwrap(), once.clone());
        let neighbour = Ipv6Addr::from_bits((address & mask_v6(kept)) | (host & !mask_v6(kept)));
        if kind != 0 || kept >= 96 {
            prop_assert_eq!(treat(&treatment, &neighbour.to_string()).unwrap(), once);
        }
    }

    #[test]
    fn reads_what_the_standard_library_reads(a in any::<u32>(), b in any::<u128>()) {
        for address in [IpAddr::V4(a.into()), IpAddr::V6(b.into())] {
            let written = Written::parse(&address.to_string()).unwrap();
            prop_assert_eq!(written.address, address);
        }
    }

    #[test]
    fn never_panics(text in "[0-9a-f:./%\\[\\] é]{0,50}") {
        let _ = treat(&truncate(16, 32), &text);
    }
}
