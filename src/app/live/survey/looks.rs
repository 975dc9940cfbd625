//! What looks sensitive: by the name of a column, and by what the text scanner finds in a sample.
//!
//! Invariant: of a sample only counts are kept.

use std::sync::Arc;

use super::columns::Column;
use crate::kernel::{Kind, Scrub, Treatment};

/// Words of names, and what a column with such a word looks like. The first that fits counts.
const WORDS: [(&str, &[&str]); 7] = [
    ("an address", &["ip", "ips", "ip4", "ip6", "ipv4", "ipv6", "ipaddr", "ipaddress", "xff", "remoteaddr"]),
    ("an address of a device", &["mac", "macaddr", "bssid", "ssid", "imei", "imsi", "idfa", "gaid"]),
    (
        "a position",
        &["lat", "lon", "lng", "latitude", "longitude", "geo", "geohash", "gps", "coordinates", "geom"],
    ),
    ("a mail address", &["email", "mail", "mailbox"]),
    ("a telephone number", &["phone", "mobile", "msisdn", "telephone"]),
    ("a person's name", &["surname", "firstname", "lastname", "fullname", "username", "login"]),
    (
        "an identifier of a person",
        &["userid", "uid", "userid", "accountid", "customerid", "personid", "memberid"],
    ),
];

/// Pairs of neighbouring words that mean the same as one of [`WORDS`].
const PAIRS: [(&str, &[&str], &[&str]); 4] = [
    ("an address", &["remote", "client", "source", "src", "peer", "host"], &["addr", "address"]),
    ("a person's name", &["first", "last", "full", "user", "family", "given", "real"], &["name"]),
    (
        "an identifier of a person",
        &["user", "account", "customer", "person", "member", "employee", "subscriber", "owner", "author"],
        &["id", "uuid", "key", "no", "number"],
    ),
    ("an address of a device", &["device", "advertising"], &["id", "uuid"]),
];

/// Tables whose `id` is a person's.
const PEOPLE: [&str; 12] = [
    "user",
    "users",
    "account",
    "accounts",
    "customer",
    "customers",
    "person",
    "people",
    "member",
    "members",
    "employee",
    "employees",
];

/// What a column looks like by its name or type.
pub(super) fn by_name(column: &Column) -> Option<&'static str> {
    match column.ty.trim_start_matches('_') {
        "inet" | "cidr" => return Some("an address"),
        "macaddr" | "macaddr8" => return Some("an address of a device"),
        "point" | "geometry" | "geography" => return Some("a position"),
        "bool" => return None,
        _ => {}
    }
    let name = column.name.to_lowercase();
    let words: Vec<&str> = name.split(|character: char| !character.is_alphanumeric()).collect();
    if matches!(name.as_str(), "id" | "uuid") && PEOPLE.contains(&column.table.to_lowercase().as_str()) {
        return Some("an identifier of a person");
    }
    let by_pair = PAIRS.iter().find(|(_, first, second)| {
        let mut neighbours = words.iter().zip(words.iter().skip(1));
        neighbours.any(|(one, two)| first.contains(one) && second.contains(two))
    });
    let by_word = || WORDS.iter().find(|(_, known)| words.iter().any(|word| known.contains(word)));
    by_pair.map(|(what, ..)| *what).or_else(|| by_word().map(|(what, _)| *what))
}

/// True for types whose text may hold anything.
pub(super) fn may_hold_text(ty: &str) -> bool {
    matches!(
        ty.trim_start_matches('_'),
        "text" | "varchar" | "bpchar" | "citext" | "name" | "json" | "jsonb" | "xml" | "hstore"
    )
}

/// True for types that hold one address and nothing else.
pub(super) fn is_address_type(ty: &str) -> bool {
    matches!(ty, "inet" | "cidr" | "macaddr" | "macaddr8")
}

const KINDS: [(Kind, &str); 4] = [
    (Kind::Ip, "IP addresses"),
    (Kind::Mac, "hardware addresses"),
    (Kind::Geo, "coordinates"),
    (Kind::Email, "mail addresses"),
];

/// How many sampled values of a column held what.
pub(super) struct Content {
    scrubs: Vec<Scrub>,
    found: [usize; KINDS.len()],
    values: usize,
}

impl Default for Content {
    fn default() -> Self {
        Self {
            scrubs: KINDS.iter().filter_map(|(kind, _)| only(*kind)).collect(),
            found: [0; KINDS.len()],
            values: 0,
        }
    }
}

/// Looks for one kind alone.
fn only(kind: Kind) -> Option<Scrub> {
    let others = KINDS.iter().filter(|(other, _)| *other != kind);
    let mut scrub = Scrub::default().with(kind, Arc::new(Treatment::Suppress)).ok()?;
    for (other, _) in others {
        scrub = scrub.with(*other, Arc::new(Treatment::Pass)).ok()?;
    }
    Some(scrub)
}

impl Content {
    /// Takes a value into account; NULL is none.
    pub(super) fn add(&mut self, value: Option<&str>) {
        let Some(text) = value else { return };
        self.values += 1;
        let mut scratch = String::new();
        for (scrub, found) in self.scrubs.iter().zip(&mut self.found) {
            *found += usize::from(scrub.text(text, &mut scratch) != text);
        }
    }

    /// `IP addresses in 12 of 1000 sampled values`; nothing if nothing was found.
    pub(super) fn in_words(&self) -> Option<String> {
        let found = KINDS.iter().zip(self.found).filter(|(_, count)| *count > 0);
        let said: Vec<String> = found.map(|((_, what), count)| format!("{what} in {count}")).collect();
        (!said.is_empty()).then(|| format!("{} of {} sampled values", said.join(", "), self.values))
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::Kind as Relation;
    use super::*;

    #[test]
    fn names_tell() {
        let cases = [
            ("logins.ip", "text", Some("an address")),
            ("logins.client_ip", "text", Some("an address")),
            ("logins.Remote-Addr", "text", Some("an address")),
            ("logins.zip", "text", None),
            ("logins.seen_from", "inet", Some("an address")),
            ("logins.flat", "float8", None),
            ("logins.home_lat", "float8", Some("a position")),
            ("logins.user_id", "int8", Some("an identifier of a person")),
            ("users.id", "int8", Some("an identifier of a person")),
            ("logins.id", "int8", None),
            ("logins.has_email", "bool", None),
            ("logins.email", "text", Some("a mail address")),
        ];
        for (field, ty, wanted) in cases {
            let (table, name) = field.split_once('.').unwrap();
            let column = Column {
                schema: "public".to_owned(),
                table: table.to_owned(),
                name: name.to_owned(),
                relation: Relation::Table,
                is_partition: false,
                ty: ty.to_owned(),
                is_serial: false,
            };
            assert_eq!(by_name(&column), wanted, "{field}");
        }
    }

    #[test]
    fn contents_are_counted_by_kind() {
        let mut content = Content::default();
        assert_eq!(content.in_words(), None);
        for value in [Some("from 203.0.113.7"), Some("a@example.com and 2001:db8::7"), Some("nothing"), None]
        {
            content.add(value);
        }
        let said = content.in_words().unwrap();
        assert_eq!(said, "IP addresses in 2, mail addresses in 1 of 3 sampled values");
    }
}
