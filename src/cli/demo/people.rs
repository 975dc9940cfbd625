//! A company's sign-in log that never was: invented people, places and addresses, the same in every run.
//!
//! Everything is recognisably invented: towns on Null Island (0° N, 0° E, which is sea), countries from the codes that
//! ISO 3166 leaves to users, addresses from the ranges for benchmarks and documentation (RFC 2544, RFC 9637) and
//! private ones, locally administered hardware addresses, names at example.com.
//!
//! One evening a journalist met a member of staff at a café. That meeting is in the log, as such things are.
//! Invariant: the log's order and its ids tell nothing about time; order is data too.
//! Not here: how the log is served, and what anyone does with it.

use serde::Serialize;

const STAFF: u32 = 620;
const MEMBERS: u32 = 2_380;

/// 2026-03-12T00:00:00Z, the first of the log's three days.
const FIRST_DAY_UNIX_S: i64 = 1_773_273_600;
const DAY_S: i64 = 86_400;
const DAYS: u64 = 3;
/// The evening of the meeting: 2026-03-14T18:42:10Z.
const MEETING_UNIX_S: i64 = FIRST_DAY_UNIX_S + 2 * DAY_S + 18 * 3_600 + 42 * 60 + 10;

/// Everything that the store holds.
#[derive(Debug)]
pub(super) struct World {
    /// In the order of their ids.
    pub(super) users: Vec<User>,
    /// In no order.
    pub(super) logins: Vec<Login>,
}

/// An account.
#[derive(Clone, Debug, Serialize)]
pub(super) struct User {
    pub(super) user_id: String,
    pub(super) email: String,
    /// `staff`, `member` or `press`.
    pub(super) kind: &'static str,
    pub(super) country: &'static str,
}

/// One sign-in.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Login {
    pub(super) id: usize,
    pub(super) at: String,
    pub(super) user_id: String,
    pub(super) email: String,
    pub(super) country: &'static str,
    pub(super) device: &'static str,
    pub(super) ip: String,
    pub(super) ip6: String,
    pub(super) bssid: String,
    pub(super) lat: f64,
    pub(super) lon: f64,
    pub(super) note: String,
}

/// A town has networks of its own and lies within one square of a tenth of a degree.
struct Town {
    country: &'static str,
    network: [u8; 2],
    network6: u16,
    lat: f64,
    lon: f64,
}

const fn town(country: &'static str, network: [u8; 2], network6: u16, lat: f64, lon: f64) -> Town {
    Town { country, network, network6, lat, lon }
}

/// The first has the head office, where all staff live; the second is the journalist's.
const TOWNS: [Town; 8] = [
    town("XA", [198, 18], 0x0a1, 0.05, 0.15),
    town("XC", [198, 19], 0x0c4, -1.25, 2.35),
    town("XA", [10, 21], 0x0a2, 0.35, -0.25),
    town("XB", [10, 64], 0x0b1, 1.15, -1.45),
    town("XB", [10, 65], 0x0b2, 1.55, -1.85),
    town("XC", [10, 112], 0x0c1, -1.65, 1.75),
    town("XD", [10, 200], 0x0d1, 2.25, 0.85),
    town("XD", [10, 201], 0x0d2, 2.75, 0.45),
];

/// A flat, an office or a café: one address, one wireless network, one place.
#[derive(Clone)]
struct Site {
    country: &'static str,
    ip: String,
    network6: String,
    bssid: String,
    lat: f64,
    lon: f64,
}

struct Person {
    user: User,
    home: Site,
    office: Site,
}

/// `SplitMix64` (Steele, Lea, Flood 2014): small, seeded, the same on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; good enough for a story, not for statistics.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn seconds(&mut self, end: u64) -> i64 {
        i64::try_from(self.below(end)).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let length = u64::try_from(from.len()).ok()?;
        from.get(usize::try_from(self.below(length)).ok()?)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn bytes(&mut self) -> [u8; 8] {
        self.next().to_be_bytes()
    }

    /// A distance of up to `metres` north or south (east or west), in degrees on the equator.
    fn degrees(&mut self, metres: u32) -> f64 {
        let millimetres = u32::try_from(self.below(u64::from(metres) * 2_000)).unwrap_or(0);
        (f64::from(millimetres) / 1_000.0 - f64::from(metres)) / METRES_PER_DEGREE
    }
}

/// One degree along the equator or a meridian.
pub(super) const METRES_PER_DEGREE: f64 = 111_320.0;

impl World {
    /// Invents it all.
    pub(super) fn invent() -> Self {
        let mut dice = Dice(2022);
        let [head_office_town, journalists_town, ..] = &TOWNS;
        let offices: Vec<Site> = (0..12).map(|_| dice.site(head_office_town)).collect();
        let cafes: Vec<Site> = (0..24).map(|_| dice.site(head_office_town)).collect();
        let mut people = Vec::new();
        for number in 1..=STAFF + MEMBERS {
            let is_staff = number <= STAFF;
            let elsewhere = dice.pick(&TOWNS).unwrap_or(journalists_town);
            let home = dice.site(if is_staff { head_office_town } else { elsewhere });
            let office = dice.pick(&offices).filter(|_| is_staff).cloned().unwrap_or_else(|| home.clone());
            let (kind, email) = if is_staff {
                ("staff", format!("colleague-{number:04}@example.com"))
            } else {
                ("member", format!("member-{number:04}@mail.example.com"))
            };
            people.push(dice.person(kind, email, home, office));
        }
        let home = dice.site(journalists_town);
        let journalist = dice.person("press", "journalist@example.net".to_owned(), home.clone(), home);

        let mut log = Log { dice, logins: Vec::new() };
        for person in people.iter().chain([&journalist]) {
            log.ordinary_days(person, &cafes);
        }
        log.meeting(&journalist, &people);
        let logins = log.shuffled();
        let mut users: Vec<User> = people.into_iter().chain([journalist]).map(|it| it.user).collect();
        users.sort_by(|a, b| a.user_id.cmp(&b.user_id));
        Self { users, logins }
    }
}

impl Dice {
    fn person(&mut self, kind: &'static str, email: String, home: Site, office: Site) -> Person {
        Person { user: User { user_id: self.uuid(), email, kind, country: home.country }, home, office }
    }

    /// A random UUID (RFC 9562, version 4).
    fn uuid(&mut self) -> String {
        let high = (self.next() & !0xf000) | 0x4000;
        let low = (self.next() & !(0b11 << 62)) | (0b10 << 62);
        let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xffff);
        format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", low >> 48, low & 0xffff_ffff_ffff)
    }

    fn site(&mut self, town: &Town) -> Site {
        let [third, fourth, a, b, c, d, e, _] = self.bytes();
        let [high, low] = town.network;
        Site {
            country: town.country,
            ip: format!("{high}.{low}.{third}.{}", fourth.clamp(1, 254)),
            network6: format!("3fff:{:x}:{:x}:{:x}", town.network6, u16::from(a) + 1, u16::from(b) + 1),
            bssid: format!("02:00:5e:{c:02x}:{d:02x}:{e:02x}"),
            lat: town.lat + self.degrees(4_000),
            lon: town.lon + self.degrees(4_000),
        }
    }
}

/// The log while it is being written, in order of time.
struct Log {
    dice: Dice,
    logins: Vec<(u64, Login)>,
}

impl Log {
    /// A few sign-ins over the three days: at home, at the office, now and then at a café.
    fn ordinary_days(&mut self, person: &Person, cafes: &[Site]) {
        for _ in 0..3 + self.dice.below(5) {
            let day = self.dice.seconds(DAYS) * DAY_S;
            let at_unix_s = FIRST_DAY_UNIX_S + day + 7 * 3_600 + self.dice.seconds(15 * 3_600);
            let cafe = self.dice.pick(cafes).filter(|_| person.user.kind == "staff");
            let site = match self.dice.below(10) {
                0 | 1 => cafe.unwrap_or(&person.home).clone(),
                2..=5 => person.office.clone(),
                _ => person.home.clone(),
            };
            self.login(person, &site, at_unix_s);
        }
    }

    /// The evening in the café, and what else happened there or then: the same café on another day, and the same
    /// minutes in the street behind.
    fn meeting(&mut self, journalist: &Person, people: &[Person]) {
        let [head_office_town, ..] = &TOWNS;
        let cafe = self.dice.site(head_office_town);
        let mut street_behind = self.dice.site(head_office_town);
        (street_behind.lat, street_behind.lon) = (cafe.lat + 250.0 / METRES_PER_DEGREE, cafe.lon);
        self.login(journalist, &cafe, MEETING_UNIX_S);
        let staff = |number: usize| people.get(number);
        if let Some(source) = staff(316) {
            self.login(source, &cafe, MEETING_UNIX_S + 4 * 60 + 12);
        }
        if let Some(the_day_before) = staff(41) {
            self.login(the_day_before, &cafe, MEETING_UNIX_S - DAY_S + 95);
        }
        if let Some(in_the_street) = staff(508) {
            self.login(in_the_street, &street_behind, MEETING_UNIX_S + 60);
        }
    }

    fn login(&mut self, person: &Person, site: &Site, at_unix_s: i64) {
        let dice = &mut self.dice;
        let [a, b, c, d, ..] = dice.bytes();
        let user = &person.user;
        let note = match dice.below(12) {
            0 => format!("confirmed from {} by mail to {}", site.ip, user.email),
            1 => format!("new device on wireless network {}", site.bssid),
            2 => format!("support: map shows {:.5}, {:.5}", site.lat, site.lon),
            3 => "password changed".to_owned(),
            _ => String::new(),
        };
        let login = Login {
            id: 0,
            at: jiff::Timestamp::from_second(at_unix_s).map(|it| it.to_string()).unwrap_or_default(),
            user_id: user.user_id.clone(),
            email: user.email.clone(),
            country: site.country,
            device: if dice.chance(60) { "phone" } else { "laptop" },
            ip: site.ip.clone(),
            ip6: format!(
                "{}::{:x}:{:x}",
                site.network6,
                u16::from_be_bytes([a, b]),
                u16::from_be_bytes([c, d])
            ),
            bssid: site.bssid.clone(),
            lat: micro(site.lat + dice.degrees(12)),
            lon: micro(site.lon + dice.degrees(12)),
            note,
        };
        self.logins.push((dice.next(), login));
    }

    fn shuffled(mut self) -> Vec<Login> {
        self.logins.sort_by_key(|(order, _)| *order);
        let numbered = self.logins.into_iter().enumerate();
        numbered.map(|(index, (_, login))| Login { id: index + 1, ..login }).collect()
    }
}

/// Six decimals, as a phone writes them.
fn micro(degrees: f64) -> f64 {
    (degrees * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn the_world_is_the_same_every_time_and_reads_well() {
        let world = World::invent();
        let again = World::invent();
        assert_eq!(
            serde_json::to_string(&world.logins).unwrap(),
            serde_json::to_string(&again.logins).unwrap()
        );
        assert_eq!(world.users.len(), 3_001);
        assert!(world.logins.len() > 12_000, "{}", world.logins.len());
        for login in &world.logins {
            login.ip.parse::<Ipv4Addr>().unwrap();
            login.ip6.parse::<Ipv6Addr>().unwrap();
            login.at.parse::<jiff::Timestamp>().unwrap();
        }
    }

    #[test]
    fn neighbours_in_the_log_are_not_neighbours_in_time() {
        let world = World::invent();
        let days: Vec<&str> = world.logins.iter().map(|it| it.at.get(..10).unwrap()).collect();
        let changes = days.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(changes > days.len() / 2, "{changes} of {}", days.len());
        assert_eq!(days.iter().collect::<HashSet<_>>().len(), 3);
    }

    #[test]
    fn a_town_lies_within_one_square() {
        let world = World::invent();
        let squares: HashSet<(i64, i64)> = world
            .logins
            .iter()
            .filter(|it| it.ip.starts_with("198.18."))
            .map(|it| (format!("{:.0}", (it.lat * 10.0).floor()), format!("{:.0}", (it.lon * 10.0).floor())))
            .map(|(lat, lon)| (lat.parse().unwrap(), lon.parse().unwrap()))
            .collect();
        assert_eq!(squares, HashSet::from([(0, 1)]));
    }
}
