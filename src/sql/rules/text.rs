//! Free text, in SQL: what looks location-grade is found by a pattern and treated in place.

use super::address;
use crate::kernel::{Kind, Scrub, Treatment};

/// Addresses, MAC addresses, pairs of coordinates and e-mail addresses in their usual notations. False alarms
/// are preferred to misses. No group of it captures.
const LOOKS_LOCATED: &str = concat!(
    r"[0-9A-Za-z._%+-]+(?:@|%40)[0-9A-Za-z.-]+",
    r"|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,}(?:\.[0-9]+){0,3}",
    r"|[0-9]+(?:\.[0-9*]+){3,}",
    r"|[0-9]{1,3}(?:-[0-9]{1,3}){3,}",
    r"|[0-9]{1,3}(?:(?:\[\.\]|\(\.\)|\[dot\]|%2[Ee])[0-9]{1,3}){3,}",
    r"|(?:[0-9A-Fa-f]{2}[:_-]){5}[0-9A-Fa-f]{2}",
    r"|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}",
    r"|\m[0-9A-Fa-f]{12}\M",
    r"|[+-]?[0-9]{1,3}\.[0-9]{2,}\s*[,;/ ]\s*[+-]?[0-9]{1,3}\.[0-9]{2,}",
);

/// `s` with everything that looks location-grade treated.
pub(super) fn scrub(s: &str, scrub: &Scrub) -> String {
    let found = treated("f.m[1]", scrub);
    format!(
        "CASE WHEN {s} ~ '{LOOKS_LOCATED}' THEN (SELECT string_agg(p.part || coalesce({found}, ''), '' ORDER BY p.o) \
         FROM unnest(regexp_split_to_array({s}, '{LOOKS_LOCATED}')) WITH ORDINALITY AS p (part, o) \
         LEFT JOIN regexp_matches({s}, '({LOOKS_LOCATED})', 'g') WITH ORDINALITY AS f (m, o) ON f.o = p.o) \
         ELSE {s} END"
    )
}

/// One finding, treated. What is no plain address is hidden whatever it is.
fn treated(found: &str, scrub: &Scrub) -> String {
    let hidden = format!("CASE WHEN {found} IS NOT NULL THEN '[hidden]' END");
    match scrub.treatment_of(Kind::Ip) {
        Treatment::Truncate(truncate) => {
            let network = address::inet_text(&format!("({found})::inet"), truncate);
            format!("CASE WHEN {} THEN {network} ELSE {hidden} END", address::is_address(found))
        }
        _ => hidden,
    }
}

/// True for a text in which something would be found.
pub(super) fn looks_located(s: &str) -> String {
    format!("{s} ~ '{LOOKS_LOCATED}'")
}

/// The pattern, for replacing what it finds.
pub(super) fn replaced(s: &str) -> String {
    format!("regexp_replace({s}, '{LOOKS_LOCATED}', '[hidden]', 'g')")
}
