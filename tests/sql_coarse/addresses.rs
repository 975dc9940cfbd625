//! `truncate`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sfumato::kernel::{AddressForm, Treatment, Truncate};

use crate::lab::{Dice, Lab, coarse_ip, kernel_text, scalar, truncate};

/// Interesting places of the IPv6 space, in which low bits are random.
const PLACES: &[&str] = &[
    "2001:db8::",
    "::ffff:0:0",
    "64:ff9b::",
    "64:ff9b:1::",
    "2002:cb00:7107::",
    "2001:0:1:2::",
    "::",
    "::ffff:0:0:0",
    "fe80::5efe:0:0",
    "2001:db8::200:5efe:0:0",
    "fe80::",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];

fn some_address(dice: &mut Dice) -> IpAddr {
    if dice.below(3) == 0 {
        return IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(dice.next() >> 32).unwrap()));
    }
    let place: Ipv6Addr = dice.pick(PLACES).parse().unwrap();
    let low = match dice.below(4) {
        0 => u128::from(dice.next() >> 32),
        1 => u128::from(dice.next()),
        2 => u128::from(dice.next()) << 64 >> dice.below(90),
        _ => 1 << dice.below(128),
    };
    IpAddr::V6(Ipv6Addr::from_bits(place.to_bits() ^ low))
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn nasty_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "x",
        "203.0.113.7",
        "203.0.113.7 ",
        " 203.0.113.7",
        "203.0.113.7/24",
        "203.0.113.7/0",
        "203.0.113.7/32",
        "203.0.113.7/33",
        "203.0.113.7/024",
        "203.0.113.7/",
        "203.0.113.7:80",
        "203.0.113.7:65535",
        "203.0.113.7:65536",
        "203.0.113.7:080",
        "203.0.113.007",
        "0203.0.113.7",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.7.9",
        "10/8",
        "0x7f.1",
        "1.2.3.4%eth0",
        "::",
        "::1",
        "::/0",
        "1::",
        "::ffff:203.0.113.7",
        "::ffff:203.0.113.7/104",
        "::ffff:0:0/96",
        "::ffff:0:0/95",
        "64:ff9b::cb00:7107",
        "64:ff9b::/96",
        "::203.0.113.7",
        "::1.2.0.0",
        "::7",
        "::1:0",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "1::3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1:2::3::4",
        "1:2:3:4:5:6:1.2.3.4",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1:2:3:4:5::1.2.3.4",
        "1:2:3:4:5:6::1.2.3.4",
        "1.2.3.4::",
        "::1.2.3.04",
        "fe80::1%eth0",
        "fe80::1%",
        "fe80::1%eth0/64",
        "fe80::1/64%eth0",
        "[::1]",
        "[::1]:80",
        "[::1]/64",
        "[::1",
        "::1]",
        "[fe80::1%eth0]:443",
        "[1.2.3.4]",
        "[1.2.3.4]:80",
        "2001:DB8::AbCd",
        "12345::",
        "g::",
        ":::",
        ":",
        "2001:db8:::1",
        "2001:db8::1/129",
        "2001:db8::1/128",
        "2001:db8::1/0",
        "2001:db8::1/00",
        "2001:db8::1/1e1",
        "192.0.2.1\n",
        "\u{ff11}.2.3.4",
        "1.2.3.4,5.6.7.8",
        "fe80::1%é",
        "%eth0",
        "/24",
        "1.2.3.4/3 2",
        "2001:db8::1 ",
        "0::0:0",
        "0000:0000::1",
        "00000::1",
    ]
    .iter()
    .map(ToString::to_string)
    .collect();
    texts.push("1".repeat(5000));
    texts.push("1:".repeat(5000));
    let mut dice = Dice::new(7);
    let letters =
        ["0", "1", "2", "9", "a", "F", ":", "::", ".", "/", "%", "[", "]", "203.0.113.7", "ffff", "2001:db8"];
    for _ in 0..1000 {
        let parts = 1 + dice.below(12);
        texts.push((0..parts).map(|_| dice.pick(&letters)).collect());
    }
    for _ in 0..700 {
        let address = some_address(&mut dice);
        let text = address.to_string();
        texts.push(match dice.below(5) {
            0 => format!("{text}/{}", dice.below(140)),
            1 => format!("[{text}]:{}", dice.below(70_000)),
            2 => text.to_uppercase(),
            3 => format!("{text}%lo0"),
            _ => text,
        });
    }
    texts
}

fn network(truncate: &Truncate, inet: &str) -> Option<String> {
    let (address, prefix) =
        inet.split_once('/').map_or((inet, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().unwrap();
    let prefix = prefix.map_or(bits(address), |bits| bits.parse().unwrap());
    let network = truncate.network(address, prefix)?;
    let shown = match truncate.form() {
        AddressForm::Network => network.prefix_len(),
        AddressForm::Address => network.max_prefix_len(),
    };
    Some(format!("{}/{shown}", network.network()))
}

#[test]
fn addresses_agree() {
    Lab::run(&[addresses]);
}

fn addresses(lab: &mut Lab) {
    let mut dice = Dice::new(1);
    let hosts: Vec<String> = (0..700)
        .map(|_| {
            let address = some_address(&mut dice);
            let prefix = if dice.below(2) == 0 {
                u64::from(bits(address))
            } else {
                dice.below(u64::from(bits(address)) + 1)
            };
            format!("{address}/{prefix}")
        })
        .collect();
    lab.column("inet", &hosts);
    let networks: Vec<String> = hosts
        .iter()
        .map(|host| {
            let (address, bits) = host.split_once('/').unwrap();
            let all = Truncate::new(
                sfumato::kernel::PrefixV4::new(32).unwrap(),
                sfumato::kernel::PrefixV6::new(128).unwrap(),
                AddressForm::Network,
            );
            let bits: u8 = bits.parse().unwrap();
            let address: IpAddr = address.parse().unwrap();
            match all.network(address, bits) {
                Some(network) if network.addr().is_ipv4() == address.is_ipv4() => network.to_string(),
                _ => "2001:db8::/32".to_owned(),
            }
        })
        .collect();
    lab.column("cidr", &networks);
    let texts = nasty_texts();
    lab.column("text", &texts);
    lab.column("citext", &texts[..500]);
    lab.column("varchar(40)", &texts[..200]);
    lab.column("char(20)", &["203.0.113.7", "203.0.113.7:80", "x"]);

    let pairs = [
        (16, 32),
        (24, 48),
        (0, 0),
        (32, 128),
        (8, 128),
        (32, 32),
        (1, 127),
        (31, 97),
        (16, 96),
        (20, 120),
        (7, 3),
    ];
    for (v4, v6) in pairs {
        for form in [AddressForm::Network, AddressForm::Address] {
            lab.expect_idempotence = form == AddressForm::Network;
            lab.few_settings = (v4, v6) != (16, 32);
            let truncate = truncate(v4, v6, form);
            let treatment = Treatment::Truncate(truncate);
            for type_name in ["inet", "cidr"] {
                for (raw, coarse) in lab.outcome(type_name, &scalar(&treatment)) {
                    let Some(raw) = raw else { continue };
                    // The server writes some IPv6 addresses like IPv4.
                    let coarse = coarse.map(|coarse| {
                        let (address, bits) = coarse.split_once('/').unwrap();
                        format!("{}/{bits}", address.parse::<IpAddr>().unwrap())
                    });
                    assert_eq!(coarse, network(&truncate, &raw), "{raw} {type_name} {v4} {v6} {form:?}");
                }
            }
            let mut understood = 0;
            for (raw, coarse) in lab.outcome("text", &scalar(&treatment)) {
                let Some(raw) = raw else { continue };
                understood += i32::from(coarse.is_some());
                assert_eq!(coarse, kernel_text(&treatment, &raw), "{raw} {v4} {v6} {form:?}");
            }
            assert!(understood > 500, "{understood}");
        }
    }
    for (raw, coarse) in lab.outcome("citext", &scalar(&coarse_ip())) {
        assert_eq!(coarse, raw.and_then(|raw| kernel_text(&coarse_ip(), &raw)));
    }
    for (raw, coarse) in lab.outcome("varchar(40)", &scalar(&coarse_ip())) {
        assert_eq!(coarse, raw.and_then(|raw| kernel_text(&coarse_ip(), &raw)));
    }
    let padded: Vec<_> =
        lab.outcome("char(20)", &scalar(&coarse_ip())).into_iter().map(|row| row.1).collect();
    assert_eq!(padded[..3], [Some("203.0.0.0/16".to_owned()), Some("203.0.0.0/16".to_owned()), None]);
}
