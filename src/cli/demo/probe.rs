//! The probe of 2022 as an algorithm: which colleague was in the same place as the journalist?
//!
//! It gets the journalist's and the colleagues' user ids and the whole log, and uses all that a sign-in tells about time and
//! place. It is the same algorithm for both halves of the demonstration; whether its input is raw or coarse it
//! does not know.
//! Not here: asking a store, printing.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv6Net};
use serde_json::Value;

use super::people::METRES_PER_DEGREE;

/// Sign-ins further apart than this are no meeting.
const MAX_APART_S: i64 = 600;
/// Phones this close are in the same room, as far as phones know.
const MAX_APART_METRES: f64 = 100.0;

/// A sign-in as far as the answer tells it.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    user_id: String,
    at_unix_s: i64,
    ip: Option<String>,
    network6: Option<Ipv6Net>,
    bssid: Option<String>,
    place: Option<(f64, f64)>,
}

impl Sighting {
    /// Reads one record of a log; one without a user or a time says nothing.
    pub(super) fn read(record: &Value) -> Option<Self> {
        let text = |name: &str| record.get(name)?.as_str().map(String::from);
        let number = |name: &str| record.get(name)?.as_f64();
        Some(Self {
            user_id: text("user_id")?,
            at_unix_s: text("at")?.parse::<jiff::Timestamp>().ok()?.as_second(),
            ip: text("ip"),
            network6: text("ip6").and_then(|it| subnet6(&it)),
            bssid: text("bssid"),
            place: number("lat").zip(number("lon")),
        })
    }

    /// What speaks for the two having met, if they were there at the same time at all.
    fn compare(&self, other: &Self) -> Option<Evidence> {
        let seconds_apart = (self.at_unix_s - other.at_unix_s).abs();
        let metres_apart = self.place.zip(other.place).map(|(here, there)| metres(here, there));
        let evidence = Evidence {
            same_address: same(self.ip.as_ref(), other.ip.as_ref()),
            same_network6: same(self.network6.as_ref(), other.network6.as_ref()),
            same_wireless: same(self.bssid.as_ref(), other.bssid.as_ref()),
            metres_apart,
            seconds_apart,
        };
        (seconds_apart <= MAX_APART_S && evidence.strength() > 0).then_some(evidence)
    }
}

/// What one pair of sign-ins has in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Evidence {
    pub(super) same_address: bool,
    pub(super) same_network6: bool,
    pub(super) same_wireless: bool,
    pub(super) metres_apart: Option<f64>,
    pub(super) seconds_apart: i64,
}

impl Evidence {
    fn is_near(&self) -> bool {
        self.metres_apart.is_some_and(|metres| metres <= MAX_APART_METRES)
    }

    fn strength(&self) -> usize {
        let signs = [self.same_address, self.same_network6, self.same_wireless, self.is_near()];
        signs.into_iter().filter(|it| *it).count()
    }

    /// More signs first, then nearer, then closer in time.
    fn rank(&self, other: &Self) -> Ordering {
        let metres = |it: &Self| it.metres_apart.unwrap_or(f64::INFINITY);
        self.strength()
            .cmp(&other.strength())
            .then_with(|| metres(other).total_cmp(&metres(self)))
            .then_with(|| other.seconds_apart.cmp(&self.seconds_apart))
    }
}

/// Those of `colleagues` for whom most speaks, with what speaks for them. They are all as likely as one another, as
/// far as `log` can tell.
pub(super) fn suspects(
    journalist: &str,
    colleagues: &BTreeSet<String>,
    log: &[Sighting],
) -> BTreeMap<String, Evidence> {
    let (theirs, others): (Vec<&Sighting>, Vec<&Sighting>) =
        log.iter().partition(|it| it.user_id == journalist);
    let mut best: BTreeMap<String, Evidence> = BTreeMap::new();
    for seen in others.into_iter().filter(|it| colleagues.contains(&it.user_id)) {
        for evidence in theirs.iter().filter_map(|it| it.compare(seen)) {
            let held = best.entry(seen.user_id.clone()).or_insert(evidence);
            if held.rank(&evidence) == Ordering::Less {
                *held = evidence;
            }
        }
    }
    if let Some(top) = best.values().copied().max_by(Evidence::rank) {
        best.retain(|_, evidence| evidence.rank(&top) == Ordering::Equal);
    }
    best
}

fn same<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.is_some() && one == other
}

/// The network of a household: an address's /64, or what was given if that is wider.
fn subnet6(text: &str) -> Option<Ipv6Net> {
    let network = match (text.parse::<IpNet>(), text.parse::<IpAddr>()) {
        (Ok(IpNet::V6(network)), _) => network,
        (_, Ok(IpAddr::V6(address))) => Ipv6Net::from(address),
        _ => return None,
    };
    Ipv6Net::new(Ipv6Addr::from_bits(network.network().to_bits()), network.prefix_len().min(64))
        .ok()
        .map(|it| it.trunc())
}

/// Near the equator, where a degree is a degree.
fn metres((lat, lon): (f64, f64), (other_lat, other_lon): (f64, f64)) -> f64 {
    (lat - other_lat).hypot(lon - other_lon) * METRES_PER_DEGREE
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::people::{Login, World};
    use super::*;

    fn play(world: &World, see: impl Fn(&Login) -> Value) -> Vec<(String, Evidence)> {
        let ids = |kind| world.users.iter().filter(move |it| it.kind == kind).map(|it| it.user_id.clone());
        let log: Vec<Sighting> = world.logins.iter().filter_map(|it| Sighting::read(&see(it))).collect();
        let journalist = ids("press").next().unwrap();
        let email = |id: &str| world.users.iter().find(|it| it.user_id == id).unwrap().email.clone();
        suspects(&journalist, &ids("staff").collect(), &log).iter().map(|(id, it)| (email(id), *it)).collect()
    }

    const SOURCE: &str = "colleague-0317@example.com";

    #[test]
    fn raw_data_gives_the_source_away() {
        let found = play(&World::invent(), |it| json!(it));
        let [(email, evidence)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(email, SOURCE);
        assert_eq!(evidence.strength(), 4);
    }

    /// The policy of the demonstration, as plain string surgery: another road to the same cells.
    #[test]
    fn coarse_data_leaves_a_crowd() {
        let cell = |degrees: f64| (degrees * 10.0).floor() / 10.0;
        let found = play(&World::invent(), |it| {
            let octets: Vec<&str> = it.ip.split('.').collect();
            let groups: Vec<&str> = it.ip6.split(':').collect();
            json!({
                "user_id": it.user_id,
                "at": format!("{}:00:00Z", it.at.get(..13).unwrap()),
                "ip": format!("{}.{}.0.0/16", octets[0], octets[1]),
                "ip6": format!("{}:{}::/32", groups[0], groups[1]),
                "lat": cell(it.lat),
                "lon": cell(it.lon),
            })
        });
        assert!(found.iter().any(|(email, _)| email == SOURCE));
        assert!(found.len() >= 40, "a crowd of {}", found.len());
    }

    #[test]
    fn what_is_absent_is_no_sign() {
        let seen =
            |user: &str| Sighting::read(&json!({ "user_id": user, "at": "2026-03-14T18:00:00Z" })).unwrap();
        assert_eq!(seen("a").compare(&seen("b")), None);
    }
}
