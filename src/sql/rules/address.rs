//! Addresses to their networks, in SQL.

use std::fmt::Write as _;

use crate::kernel::{AddressForm, Truncate};

/// Networks of IPv6 that carry an IPv4 address, and where it begins.
const CARRIERS: [(&str, u8); 4] =
    [("2002::/16", 16), ("2001::/32", 32), ("::/96", 96), ("::ffff:0:0:0/96", 96)];

/// What follows the carried address in the well-known prefix for local use (RFC 8215) is not fixed.
const LOCAL_NAT64: (&str, u8) = ("64:ff9b:1::/48", 48);

/// `x`, an `inet`, to its network (or to that network's first address), as an `inet`.
pub(super) fn inet(x: &str, truncate: &Truncate) -> String {
    let (v4, v6) = (truncate.v4().bits(), truncate.v6().bits());
    let formed = |network: String, bits: u8| match truncate.form() {
        AddressForm::Network => format!("({network})::inet"),
        AddressForm::Address => format!("set_masklen(({network})::inet, {bits})"),
    };
    let plain = formed(format!("network(set_masklen({x}, least(masklen({x}), {v4})))"), 32);
    let carried = formed(
        format!(
            "network(set_masklen('0.0.0.0'::inet + (({x} & '::ffff:ffff'::inet) - '::'::inet), \
             least(masklen({x}) - 96, {v4})))"
        ),
        32,
    );
    let most = most_bits(x, v4, v6);
    let v6 = formed(format!("network(set_masklen({x}, least(masklen({x}), {v6}{most})))"), 128);
    format!(
        "CASE WHEN family({x}) = 4 THEN {plain} \
         WHEN masklen({x}) >= 96 AND ({x} <<= '::ffff:0:0/96'::inet OR {x} <<= '64:ff9b::/96'::inet) THEN {carried} \
         ELSE {v6} END"
    )
}

/// How many bits may be kept so that a carried IPv4 address shows no more than its own prefix.
fn most_bits(x: &str, v4: u8, v6: u8) -> String {
    if v4 == 32 {
        return String::new();
    }
    let mut cases = String::new();
    let carriers = CARRIERS.map(|(network, begins)| (network, begins + v4));
    for (network, most) in carriers.into_iter().chain([LOCAL_NAT64]) {
        if most < v6 {
            // Writing to a `String` does not fail.
            write!(cases, "WHEN {x} <<= '{network}'::inet THEN {most} ").unwrap_or_default();
        }
    }
    let isatap = 96 + v4;
    if isatap < v6 {
        let middle = format!("host({x} & '0:0:0:0:ffff:ffff:0:0'::inet)");
        write!(cases, "WHEN {middle} = '::5efe:0:0' OR {middle} = '::200:5efe:0:0' THEN {isatap} ")
            .unwrap_or_default();
    }
    if cases.is_empty() { cases } else { format!(", CASE {cases}ELSE 128 END") }
}

/// A network as text, in the form of the treatment.
pub(super) fn inet_text(x: &str, truncate: &Truncate) -> String {
    match truncate.form() {
        AddressForm::Network => format!("({})::text", inet(x, truncate)),
        AddressForm::Address => format!("host({})", inet(x, truncate)),
    }
}

/// `s`, a text that holds nothing but an address or network, to its network as text; NULL for any other text.
/// Only what is spelled in a form that the server is known to read is cast at all.
pub(super) fn text(s: &str, truncate: &Truncate) -> String {
    let network = inet_text(&format!("({s})::inet"), truncate);
    format!("CASE WHEN {} THEN {network} END", is_address(s))
}

/// True for a text that is an address or network.
pub(super) fn is_address(s: &str) -> String {
    let octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    let v4 = format!(r"{octet}(\.{octet}){{3}}");
    let h = "[0-9A-Fa-f]{1,4}";
    let hex = [
        format!("({h}:){{7}}{h}"),
        format!("({h}:){{1,7}}:"),
        format!("({h}:){{1,6}}:{h}"),
        format!("({h}:){{1,5}}(:{h}){{1,2}}"),
        format!("({h}:){{1,4}}(:{h}){{1,3}}"),
        format!("({h}:){{1,3}}(:{h}){{1,4}}"),
        format!("({h}:){{1,2}}(:{h}){{1,5}}"),
        format!("{h}:(:{h}){{1,6}}"),
        format!("::({h}:){{0,6}}{h}"),
        "::".to_owned(),
    ];
    let mixed = [
        format!("({h}:){{6}}{v4}"),
        format!("::({h}:){{0,5}}{v4}"),
        format!("{h}::({h}:){{0,4}}{v4}"),
        format!("({h}:){{2}}:({h}:){{0,3}}{v4}"),
        format!("({h}:){{3}}:({h}:){{0,2}}{v4}"),
        format!("({h}:){{4}}:({h}:){{0,1}}{v4}"),
        format!("({h}:){{5}}:{v4}"),
    ];
    let v6: Vec<String> = hex.into_iter().chain(mixed).collect();
    format!(
        "({s} ~ '^{v4}(/(3[0-2]|[12]?[0-9]))?$' OR {s} ~ '^({})(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?$')",
        v6.join("|")
    )
}
