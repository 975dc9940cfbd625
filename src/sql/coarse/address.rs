//! `truncate` in SQL: bit for bit what [`crate::kernel::Truncate`] computes.
//!
//! An `inet` of the store is a host or a network with a length; text is read by the kernel's rules (one regular
//! expression that accepts what the kernel's parser accepts, and nothing that the server's reader of `inet` would
//! refuse or read differently) and written in the kernel's spelling.
//!
//! Invariant: no branch reads an address that its condition has not accepted, so nothing raises.

use super::sql::{Sql, all, any, call, case, least, when};
use crate::kernel::{AddressForm, Truncate};

const OCTET: &str = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const GROUP: &str = "[0-9A-Fa-f]{0,4}";
const PORT: &str = "(0|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";
const BITS_V4: &str = "([0-9]|[12][0-9]|3[0-2])";
const BITS_V6: &str = "([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8])";
const ZONE: &str = "(%[0-9A-Za-z._~%-]+)";

/// The text of an IPv4 address at the beginning.
const LEADING_V4: &str = "^[0-9.]+";
/// The text of an IPv6 address at the beginning, or behind a bracket.
const LEADING_V6: &str = "^[[]?([0-9A-Fa-f:.]+)";
const TRAILING_BITS: &str = "/([0-9]+)$";

/// The network of an `inet`, as `inet`.
pub(super) fn inet(address: &Sql, truncate: &Truncate) -> Sql {
    let network = network(address, truncate);
    match truncate.form() {
        AddressForm::Network => network,
        AddressForm::Address => {
            let host = |bits| call("set_masklen", &[&network, &Sql::int4(bits)]);
            case(&[(is_v4(&network), host(32))], &host(128))
        }
    }
}

/// The network of an address in text, as text.
pub(super) fn text(value: &Sql, truncate: &Truncate) -> Sql {
    let matches = |pattern: &str| value.op("~", &Sql::text(pattern));
    let found = |pattern: &str| call("substring", &[value, &Sql::text(pattern)]);
    let bits = found(TRAILING_BITS).cast("int4");
    // An IPv4 address needs no look at what it is; and most are.
    let v4 = {
        let kept = least(&[&bits.or_else(&Sql::int4(32)), &Sql::int4(truncate.v4().bits().into())]);
        let network = network_of(&found(LEADING_V4).cast("inet"), &kept);
        written(&network, &kept, truncate.form())
    };
    let v6 = {
        let bits = bits.or_else(&Sql::int4(128));
        let address = Sql::closed("\"~a\".\"~t\"");
        let read = call("set_masklen", &[&address.cast("inet"), &Sql::closed("\"~a\".\"~b\"")]);
        let network = network(&Sql::closed("\"~i\".\"~i\""), truncate);
        let text = written_any(&Sql::closed("\"~n\".\"~i\""), truncate);
        // Computed once each: OFFSET 0 keeps the planner from copying a subquery into what reads it.
        Sql::query(&format!(
            "SELECT {text} FROM (SELECT {network} AS \"~i\" FROM (SELECT {read} AS \"~i\" FROM \
             (SELECT {found} AS \"~t\", {bits} AS \"~b\" OFFSET 0) AS \"~a\" OFFSET 0) AS \"~i\" OFFSET 0) AS \"~n\"",
            text = text.as_str(),
            network = network.as_str(),
            read = when(&has_eight_groups(&address), &read).as_str(),
            found = found(LEADING_V6).as_str(),
            bits = bits.as_str(),
        ))
    };
    let v4_pattern = format!("^{OCTET}([.]{OCTET}){{3}}(/{BITS_V4}|:{PORT})?$");
    let v6_pattern = format!(
        "^[[]?({GROUP}:){{2,8}}({GROUP}|{OCTET}([.]{OCTET}){{3}}){ZONE}?([]]:{PORT}|[]]?(/{BITS_V6})?)$"
    );
    // The pattern leaves it open whether both brackets are there.
    let bracket = |bracket: &str| call("strpos", &[value, &Sql::text(bracket)]).op(">", &Sql::int4(0));
    let is_v6 = all(&[&matches(&v6_pattern), &bracket("[").op("=", &bracket("]"))]);
    case(&[(matches(&v4_pattern), v4), (is_v6, v6)], &Sql::null().cast("text"))
}

/// True if groups between colons make an IPv6 address (RFC 4291 section 2.2): eight, of which an IPv4 address is two,
/// or at most seven and one `::` for the others. A pattern for this alone would cost five times as much.
fn has_eight_groups(text: &Sql) -> Sql {
    let one = |condition: &Sql| case(&[(condition.clone(), Sql::int4(1))], &Sql::int4(0));
    let matches = |pattern: &str| text.op("~", &Sql::text(pattern));
    let length = |text: &Sql| call("length", &[text]);
    let is_odd = matches(":::|::.*::|^:[^:]|[^:]:$");
    let colons = length(text).op("-", &length(&call("replace", &[text, &Sql::text(":"), &Sql::text("")])));
    let is_short = matches("::");
    // A `::` at either end makes one more empty field.
    let empty = one(&is_short).op("+", &one(&matches("^::"))).op("+", &one(&matches("::$")));
    let groups = colons.op("+", &Sql::int4(1)).op("-", &empty).op("+", &one(&matches("[.]")));
    let fits = case(&[(is_short, groups.op("<=", &Sql::int4(7)))], &groups.op("=", &Sql::int4(8)));
    case(&[(is_odd, Sql::constant("bool", "f"))], &fits)
}

fn network(address: &Sql, truncate: &Truncate) -> Sql {
    let bits = call("masklen", &[address]);
    let prefix_v4 = Sql::int4(truncate.v4().bits().into());
    let v4 = network_of(address, &least(&[&bits, &prefix_v4]));
    let carried = {
        let low = address.op("&", &constant("::ffff:ffff")).op("-", &constant("::"));
        let v4 = constant("0.0.0.0").op("+", &low);
        network_of(&v4, &least(&[&bits.op("-", &Sql::int4(96)), &prefix_v4]))
    };
    let is_carrier = any(&[&within(address, "::ffff:0:0/96"), &within(address, "64:ff9b::/96")]);
    let v6 = {
        let prefix = Sql::int4(truncate.v6().bits().into());
        match most_bits(address, truncate) {
            Some(most) => network_of(address, &least(&[&bits, &prefix, &most])),
            None => network_of(address, &least(&[&bits, &prefix])),
        }
    };
    case(&[(is_v4(address), v4), (is_carrier, carried)], &v6)
}

/// How many bits of an IPv6 address may stay so that an IPv4 address inside shows no more than its own prefix;
/// `None` if the IPv6 prefix is shorter anyway. A network that is wider than one of these places stays as wide as
/// it is, so that containment of the network and of its first address come to the same.
fn most_bits(address: &Sql, truncate: &Truncate) -> Option<Sql> {
    let (v4, v6) = (i32::from(truncate.v4().bits()), i32::from(truncate.v6().bits()));
    if v4 == 32 {
        return None;
    }
    let inside = |network: &str, most: i32| (within(address, network), most);
    let isatap = {
        let mark = call("set_masklen", &[&address.op("&", &constant("::fdff:ffff:0:0")), &Sql::int4(128)]);
        (mark.op("=", &constant("::5efe:0:0")), 96 + v4)
    };
    let places = [
        inside("2002::/16", 16 + v4),
        inside("2001::/32", 32 + v4),
        inside("64:ff9b:1::/48", 48),
        inside("::/96", 96 + v4),
        inside("::ffff:0:0:0/96", 96 + v4),
        isatap,
    ];
    let branches: Vec<(Sql, Sql)> = places
        .into_iter()
        .filter(|&(_, most)| most < v6)
        .map(|(condition, most)| (condition, Sql::int4(most)))
        .collect();
    (!branches.is_empty()).then(|| case(&branches, &Sql::int4(128)))
}

fn network_of(address: &Sql, bits: &Sql) -> Sql {
    call("network", &[&call("set_masklen", &[address, bits])]).cast("inet")
}

fn is_v4(address: &Sql) -> Sql {
    call("family", &[address]).op("=", &Sql::int4(4))
}

fn within(address: &Sql, network: &str) -> Sql {
    address.op("<<=", &constant(network))
}

fn constant(address: &str) -> Sql {
    Sql::constant("inet", address)
}

/// A network in the kernel's spelling, of either family.
fn written_any(network: &Sql, truncate: &Truncate) -> Sql {
    let bits = call("masklen", &[network]);
    let plain = written(network, &bits, truncate.form());
    // Where the first six groups are zero, the server writes the rest like an IPv4 address, RFC 5952 does not.
    if truncate.v6().bits() <= 96 {
        return plain;
    }
    let low = network.op("-", &constant("::"));
    let hex = |number: Sql| call("to_hex", &[&number]);
    let (high, low) = (low.op(">>", &Sql::int4(16)), low.op("&", &Sql::int8(0xffff)));
    let zero = |number: &Sql| number.op("=", &Sql::int8(0));
    let host = case(
        &[
            (all(&[&zero(&high), &zero(&low)]), Sql::text("::")),
            (zero(&high), Sql::text("::").op("||", &hex(low.clone()))),
        ],
        &Sql::text("::").op("||", &hex(high.clone())).op("||", &Sql::text(":")).op("||", &hex(low)),
    );
    let compatible = match truncate.form() {
        AddressForm::Network => host.op("||", &Sql::text("/")).op("||", &bits.cast("text")),
        AddressForm::Address => host,
    };
    case(&[(within(network, "::/96"), compatible)], &plain)
}

fn written(network: &Sql, bits: &Sql, form: AddressForm) -> Sql {
    let host = call("host", &[network]);
    match form {
        AddressForm::Network => host.op("||", &Sql::text("/")).op("||", &bits.cast("text")),
        AddressForm::Address => host,
    }
}
