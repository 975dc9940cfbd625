//! `scrub`: free text in which what looks location-grade is found and treated in place.
//!
//! Found are IPv4 addresses (with prefix, wildcard or leading zeros, dashed as in host names, in runs of more
//! than four octets), IPv6 addresses (mapped, with zone, with prefix, as reverse name), MAC addresses
//! (`aa:bb:…`, `aa-bb-…`, `aa_bb_…`, `aabb.ccdd.eeff`, twelve hexadecimal digits as a word), pairs of
//! coordinates, and e-mail addresses; also where dots, colons and at signs are defanged (`[.]`, `(dot)`),
//! percent-encoded or fullwidth. Ports and brackets around an address stay.
//!
//! False alarms are preferred to misses: a version number of four small parts is treated as an address. What
//! is missed: addresses as one integer or in hexadecimal, in words, with other separators, in digits of other
//! scripts, percent-encoded twice; three octets alone (`203.0.113`); MAC addresses of letters without a digit
//! unless joined by colons, of digits without a letter unless joined, or with blanks; single coordinates, and
//! pairs with less than two decimals (less than three where no word like `lat` stands by), with decimal
//! commas or in minutes.
//!
//! Invariant: linear time on any text; text in which nothing is found comes back as the same slice; text
//! scrubbed twice by the default is text scrubbed once.
//! Not here: numbers of documents, which are no text.

mod class;
mod colon;
mod dashed;
mod dotted;
mod email;
mod fold;
mod geo;
mod reject;
mod scan;

use std::net::IpAddr;
use std::sync::Arc;

use reject::Glance;
use scan::{Finding, Found, Scanner};

use super::canon::Canonical;
use super::ip::{AddressForm, PrefixV4, PrefixV6, Truncate};
use super::treatment::{Judgement, Misfit, Treatment};
use super::value::Value;

/// More passes over one text are not made. The second one changes something only in contrived texts.
const MAX_PASSES: usize = 8;

/// What the scanner looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An IPv4 or IPv6 address or network.
    Ip,
    /// A MAC address or BSSID.
    Mac,
    /// Coordinates, two or more.
    Geo,
    /// An e-mail address.
    Email,
}

/// `scrub`, compiled: a treatment for each kind.
#[derive(Clone, Debug)]
pub struct Scrub {
    ip: Arc<Treatment>,
    mac: Arc<Treatment>,
    geo: Arc<Treatment>,
    email: Arc<Treatment>,
}

/// A treatment that does not fit the kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this treatment does not fit what it is to be applied to")]
pub struct UnfitTreatment;

impl Default for Scrub {
    /// Addresses to /16 and /32, the rest redacted to `[mac]`, `[geo]` and `[email]`.
    fn default() -> Self {
        let truncate = Truncate::new(PrefixV4::SIXTEEN, PrefixV6::THIRTY_TWO, AddressForm::Network);
        let suppress = Arc::new(Treatment::Suppress);
        Self {
            ip: Arc::new(Treatment::Truncate(truncate)),
            mac: Arc::clone(&suppress),
            geo: Arc::clone(&suppress),
            email: suppress,
        }
    }
}

impl Scrub {
    /// Replaces the treatment of one kind. Every kind takes `suppress` (which writes the kind in brackets),
    /// `redact` and `pass`; addresses also take `truncate`; addresses, MAC and e-mail addresses take
    /// `pseudonymize` and `tokenize`; coordinates take `grid`.
    ///
    /// # Errors
    /// [`UnfitTreatment`] for any other.
    pub fn with(mut self, kind: Kind, treatment: Arc<Treatment>) -> Result<Self, UnfitTreatment> {
        let fits = match &*treatment {
            Treatment::Suppress | Treatment::Redact(_) | Treatment::Pass => true,
            Treatment::Truncate(_) => kind == Kind::Ip,
            Treatment::Pseudonymize(_) | Treatment::Tokenize(_) => kind != Kind::Geo,
            Treatment::Grid(_) => kind == Kind::Geo,
            Treatment::Floor(_) | Treatment::Bucket(_) | Treatment::Scrub(_) | Treatment::Unsay(_) => false,
        };
        let slot = match kind {
            Kind::Ip => &mut self.ip,
            Kind::Mac => &mut self.mac,
            Kind::Geo => &mut self.geo,
            Kind::Email => &mut self.email,
        };
        *slot = treatment;
        if fits { Ok(self) } else { Err(UnfitTreatment) }
    }

    /// The treatment of one kind.
    #[must_use]
    pub fn treatment_of(&self, kind: Kind) -> &Treatment {
        match kind {
            Kind::Ip => &self.ip,
            Kind::Mac => &self.mac,
            Kind::Geo => &self.geo,
            Kind::Email => &self.email,
        }
    }

    /// Scrubs `text`; the result borrows from `text` if nothing was found in it.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str, scratch: &'a mut String) -> &'a str {
        scratch.clear();
        if reject::is_clean(text.as_bytes()) {
            return text;
        }
        let mut outcome = self.pass(text, scratch);
        if outcome == Outcome::Nothing {
            return text;
        }
        // What is written in place of a finding can look like something else together with what it touches.
        for _ in 1..MAX_PASSES {
            if outcome != Outcome::Touching {
                break;
            }
            let before = std::mem::take(scratch);
            outcome = self.pass(&before, scratch);
            if outcome == Outcome::Nothing || before == *scratch {
                *scratch = before;
                break;
            }
        }
        scratch
    }

    /// True if it is seen quickly that [`Self::text`] would give the text back as it is, whatever is done to findings.
    pub(super) fn leaves(text: &[u8]) -> bool {
        reject::is_clean(text)
    }

    /// Writes `text` with its findings treated, or nothing if there are none.
    fn pass(&self, text: &str, out: &mut String) -> Outcome {
        let mut outcome = Outcome::Nothing;
        let mut copied = 0;
        find(text.as_bytes(), |finding| {
            // Findings begin and end at ASCII bytes or folded characters, so these slices are there; where
            // they were not, leaving text out is the safe side.
            out.push_str(text.get(copied..finding.start).unwrap_or_default());
            self.write(finding, text.get(finding.start..finding.end).unwrap_or_default(), out);
            copied = finding.end;
            outcome = outcome.max(if class::is_apart(text.as_bytes(), finding.start, finding.end) {
                Outcome::Apart
            } else {
                Outcome::Touching
            });
        });
        if copied > 0 {
            out.push_str(text.get(copied..).unwrap_or_default());
        }
        outcome
    }

    fn write(&self, finding: &Finding, found: &str, out: &mut String) {
        let kind = finding.what.kind();
        match (self.treatment_of(kind), finding.what) {
            (Treatment::Pass, _) => out.push_str(found),
            (Treatment::Redact(with), _) => out.push_str(with),
            (Treatment::Truncate(truncate), Found::Address(written)) => {
                match truncate.network(written.address, written.bits) {
                    Some(network) => truncate.write(network, out),
                    None => out.push_str(kind.in_brackets()),
                }
            }
            (Treatment::Pseudonymize(pseudonymizer), what) => match canonical(what, found) {
                Some(text) => pseudonymizer.pseudonym(&Canonical::text(&text)).write_text(out),
                None => out.push_str(kind.in_brackets()),
            },
            (Treatment::Tokenize(tokenizer), _) if tokenizer.write_text(found, out) => (),
            (Treatment::Grid(grid), Found::Geo) => geo::write_gridded(found, grid, out),
            _ => out.push_str(kind.in_brackets()),
        }
    }

    pub(super) fn treat<'a>(&self, value: Value<'a>, scratch: &'a mut String) -> Value<'a> {
        match value {
            Value::Text(text) => Value::Text(self.text(text, scratch)),
            other => other,
        }
    }

    /// A value in which something is found may not be compared, nor one that could be a part of something.
    pub(super) fn judge<'a>(&self, value: Value<'_>) -> Judgement<'a> {
        let Value::Text(text) = value else { return Judgement::AtCell };
        let mut found = reject::may_be_a_part(text.as_bytes());
        if !found {
            find(text.as_bytes(), |_| found = true);
        }
        if found { Judgement::Refused(Misfit::LocationInText) } else { Judgement::AtCell }
    }
}

impl Kind {
    const fn in_brackets(self) -> &'static str {
        match self {
            Self::Ip => "[ip]",
            Self::Mac => "[mac]",
            Self::Geo => "[geo]",
            Self::Email => "[email]",
        }
    }
}

/// What a pass over a text found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Nothing,
    /// Every finding stands between blanks or the like.
    Apart,
    /// A finding touches something that could be read together with it.
    Touching,
}

/// Hands over the findings in order, with their places in `text` as it is written.
fn find(text: &[u8], mut sink: impl FnMut(&Finding)) {
    // Only by way of the fast rejection: what it lets pass must not depend on who asks.
    let folded = match reject::glance(text) {
        Glance::OnlyWords => return,
        Glance::Plain => None,
        Glance::Openers => fold::fold(text),
    };
    match folded {
        None => Scanner::new(text, &mut sink).scan(),
        Some(folded) => Scanner::new(folded.bytes(), &mut |finding: &Finding| {
            let (start, end) = (folded.origin(finding.start), folded.origin(finding.end));
            sink(&Finding { start, end, ..*finding });
        })
        .scan(),
    }
}

/// One spelling of what was found, for its pseudonym.
fn canonical(what: Found, found: &str) -> Option<String> {
    match what {
        Found::Address(written) => Some(match written.address {
            IpAddr::V6(v6) => v6.to_canonical().to_string(),
            IpAddr::V4(v4) => v4.to_string(),
        }),
        Found::Mac => {
            Some(found.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_lowercase())
        }
        Found::Email => Some(found.to_lowercase()),
        Found::UnclearAddress | Found::Geo => None,
    }
}

#[cfg(test)]
mod tests;
