//! From written treatments to treatments that work.
//!
//! Invariant: a treatment with an identifier's domain has its key; a name is resolved once, so that all who
//! use it share one treatment.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::keys::Keys;
use super::raw::{At, RawDomain, RawForm, RawScrub, RawTreatment, RawTreatmentTable, RawTruncate};
use super::report::{Problem, nearest};
use crate::kernel::{
    AddressForm, Bucket, Domain, Floor, Grid, KeyRing, Kind, PrefixV4, PrefixV6, Pseudonymizer, Scrub,
    Tokenizer, Treatment, Truncate,
};
use crate::policy::NamedTreatment;

/// Treatments that need no parameter.
const WORDS: [&str; 3] = ["suppress", "scrub", "pass"];

/// What a reader of the policy wants to know of a treatment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreatmentFacts {
    /// The treatment with its parameters, in words: `truncate /16 /32`.
    pub summary: String,
    /// The bits that stay of an IPv4 and an IPv6 address, if it truncates.
    pub prefix_bits: Option<(u64, u64)>,
    /// Whose identifiers it hides, if it does.
    pub domain: Option<String>,
    /// Where it stands in `[treatments]`, and under which key; `None` for one written where it is used.
    pub defined: Option<(Range<usize>, String)>,
    /// Where it is used first, in bytes.
    pub used_at: Option<Range<usize>>,
    /// How often it is used.
    pub uses: usize,
}

/// All treatments of a file, resolved as they are used.
pub(super) struct Treatments<'a> {
    keys: Keys,
    written: BTreeMap<&'a str, (&'a At<String>, Option<&'a At<RawTreatment>>)>,
    resolved: BTreeMap<&'a str, Progress>,
    facts: BTreeMap<Arc<str>, TreatmentFacts>,
}

#[derive(Clone)]
enum Progress {
    Begun,
    Broken,
    Done(NamedTreatment),
}

/// A treatment without a name yet.
struct Made {
    treatment: Treatment,
    summary: String,
    prefix_bits: Option<(u64, u64)>,
    domain: Option<String>,
}

impl<'a> Treatments<'a> {
    /// Resolves `[treatments]`.
    pub(super) fn new(
        written: &'a [(At<String>, Option<At<RawTreatment>>)],
        keys: Keys,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let by_name =
            written.iter().map(|(name, treatment)| (name.value.as_str(), (name, treatment.as_ref())));
        let mut all =
            Self { keys, written: by_name.collect(), resolved: BTreeMap::new(), facts: BTreeMap::new() };
        for (name, _) in written {
            if WORDS.contains(&name.value.as_str()) {
                problems.push(
                    name.problem(format!("`{}` is a word of its own and cannot be redefined", name.value)),
                );
            }
            all.named(&name.value, problems);
        }
        all
    }

    /// What is known of every treatment, by the name that rulings show.
    pub(super) fn into_facts(self) -> BTreeMap<Arc<str>, TreatmentFacts> {
        self.facts
    }

    /// The treatment that is written at a field; each call counts as a use.
    pub(super) fn resolve(
        &mut self,
        written: &At<RawTreatment>,
        problems: &mut Vec<Problem>,
    ) -> Option<NamedTreatment> {
        let found = match &written.value {
            RawTreatment::Word(word) => self.word(&written.with(word.clone()), problems)?,
            RawTreatment::Table(table) => {
                let made = self.make(&written.with(table.as_ref()), problems)?;
                let name = Arc::from(made.summary.as_str());
                self.keep(name, made, None)
            }
        };
        if let Some(facts) = self.facts.get_mut(&found.name) {
            facts.uses += 1;
            facts.used_at.get_or_insert_with(|| written.span.clone());
        }
        Some(found)
    }

    fn word(&mut self, word: &At<String>, problems: &mut Vec<Problem>) -> Option<NamedTreatment> {
        let treatment = match word.value.as_str() {
            "suppress" => Treatment::Suppress,
            "scrub" => Treatment::Scrub(Arc::new(Scrub::default())),
            "pass" => Treatment::Pass,
            name if self.written.contains_key(name) => return self.named(name, problems),
            _ => {
                problems.push(self.unknown(word));
                return None;
            }
        };
        let name: Arc<str> = word.value.as_str().into();
        Some(self.keep(Arc::clone(&name), Made::plain(treatment, &name), None))
    }

    fn unknown(&self, word: &At<String>) -> Problem {
        let problem = word.problem(format!("unknown treatment `{}`", word.value));
        let names = || self.written.keys().copied().chain(WORDS);
        if let Some(example) = example(&word.value) {
            return problem.help(format!("`{}` has parameters: `{example}`", word.value));
        }
        match nearest(&word.value, names()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help(format!("the treatments are {}", names().collect::<Vec<_>>().join(", "))),
        }
    }

    /// A treatment of `[treatments]`.
    fn named(&mut self, name: &str, problems: &mut Vec<Problem>) -> Option<NamedTreatment> {
        let (&key, &(place, written)) = self.written.get_key_value(name)?;
        match self.resolved.get(key) {
            Some(Progress::Done(done)) => return Some(done.clone()),
            Some(Progress::Broken) => return None,
            Some(Progress::Begun) => {
                problems.push(place.problem(format!("`{name}` is defined by itself")));
                return None;
            }
            None => self.resolved.insert(key, Progress::Begun),
        };
        let made = written.and_then(|written| match &written.value {
            RawTreatment::Table(table) => self.make(&written.with(table.as_ref()), problems),
            RawTreatment::Word(word) => {
                let other = self.word(&written.with(word.clone()), problems)?;
                let facts = self.facts.get(&other.name)?;
                Some(Made {
                    treatment: Treatment::clone(&other.treatment),
                    summary: facts.summary.clone(),
                    prefix_bits: facts.prefix_bits,
                    domain: facts.domain.clone(),
                })
            }
        });
        let done =
            made.map(|made| self.keep(name.into(), made, Some((place.span.clone(), place.key.clone()))));
        self.resolved.insert(key, done.clone().map_or(Progress::Broken, Progress::Done));
        done
    }

    fn keep(
        &mut self,
        name: Arc<str>,
        made: Made,
        defined: Option<(Range<usize>, String)>,
    ) -> NamedTreatment {
        let Made { treatment, summary, prefix_bits, domain } = made;
        let facts = TreatmentFacts { summary, prefix_bits, domain, defined, used_at: None, uses: 0 };
        self.facts.entry(Arc::clone(&name)).or_insert(facts);
        NamedTreatment { name, treatment: Arc::new(treatment) }
    }

    fn make(&mut self, written: &At<&RawTreatmentTable>, problems: &mut Vec<Problem>) -> Option<Made> {
        let table = written.value;
        let kinds = [
            table.truncate.is_some(),
            table.pseudonymize.is_some(),
            table.tokenize.is_some(),
            table.grid.is_some(),
            table.floor.is_some(),
            table.bucket.is_some(),
            table.scrub.is_some(),
            table.redact.is_some(),
        ];
        if table.fields.is_some() || table.json.is_some() {
            let problem =
                written.problem("`fields` and `json` can only stand at a column of a postgres store");
            problems
                .push(problem.help("write one treatment, such as `{ truncate = { ipv4 = 16, ipv6 = 32 } }`"));
            return None;
        }
        if kinds.iter().filter(|&&is_there| is_there).count() > 1 {
            problems.push(written.problem("a treatment has one kind, and this has several"));
            return None;
        }
        if let Some(truncate) = &table.truncate {
            return make_truncate(truncate, problems);
        }
        if let Some(pseudonymize) = &table.pseudonymize {
            let (keys, domain) = self.domain(written, pseudonymize, problems)?;
            let treatment = Treatment::Pseudonymize(Arc::new(Pseudonymizer::new(keys, &domain)));
            return Some(Made::identifier(treatment, &domain));
        }
        if let Some(tokenize) = &table.tokenize {
            let (keys, domain) = self.domain(written, tokenize, problems)?;
            let treatment = Treatment::Tokenize(Arc::new(Tokenizer::new(keys, &domain)));
            return Some(Made::identifier(treatment, &domain));
        }
        if let Some(scrub) = &table.scrub {
            return self.make_scrub(scrub, problems);
        }
        make_plain(written, problems)
    }

    fn domain(
        &self,
        written: &At<&RawTreatmentTable>,
        raw: &RawDomain,
        problems: &mut Vec<Problem>,
    ) -> Option<(&KeyRing, Domain)> {
        let name = raw.domain.as_ref()?;
        let domain =
            Domain::new(&name.value).map_err(|error| problems.push(name.problem(error.to_string()))).ok();
        match &self.keys {
            Keys::Ring(ring) => Some((ring, domain?)),
            Keys::Broken => None,
            Keys::Absent => {
                let help = "make one with `sfumato keygen keys/first.key` and add `[keys]` with `current = \"first\"` and `ring.first = { file = \"keys/first.key\" }`";
                problems.push(
                    written.problem("this treatment needs a key, and the file has no `[keys]`").help(help),
                );
                None
            }
        }
    }

    fn make_scrub(&mut self, raw: &RawScrub, problems: &mut Vec<Problem>) -> Option<Made> {
        let parts = [
            (Kind::Ip, "ip", &raw.ip),
            (Kind::Mac, "mac", &raw.mac),
            (Kind::Geo, "geo", &raw.geo),
            (Kind::Email, "email", &raw.email),
        ];
        let mut scrub = Some(Scrub::default());
        let mut said = Vec::new();
        for (kind, word, part) in parts {
            let Some(written) = part else { continue };
            let part = self.resolve(written, problems);
            scrub = scrub.zip(part).and_then(|(scrub, part)| {
                said.push(format!("{word}: {}", part.name));
                let with = scrub.with(kind, part.treatment);
                with.map_err(|error| problems.push(written.problem(error.to_string()))).ok()
            });
        }
        let summary =
            if said.is_empty() { "scrub".to_owned() } else { format!("scrub ({})", said.join(", ")) };
        Some(Made::plain(Treatment::Scrub(Arc::new(scrub?)), &summary))
    }
}

impl Made {
    fn plain(treatment: Treatment, summary: &str) -> Self {
        Self { treatment, summary: summary.to_owned(), prefix_bits: None, domain: None }
    }

    fn identifier(treatment: Treatment, domain: &Domain) -> Self {
        let summary = format!("{} ({})", treatment.kind(), domain.name());
        Self { treatment, summary, prefix_bits: None, domain: Some(domain.name().to_owned()) }
    }
}

fn make_truncate(raw: &At<RawTruncate>, problems: &mut Vec<Problem>) -> Option<Made> {
    let mut prefix = |bits: &At<u64>, max: u64| {
        let fits = u8::try_from(bits.value).ok().filter(|_| bits.value <= max);
        if fits.is_none() {
            let message = format!("a prefix of {} bits does not fit an address of {max} bits", bits.value);
            problems.push(bits.problem(message).help(format!("write a number from 0 to {max}")));
        }
        fits
    };
    let v4 = raw.value.ipv4.as_ref().map(|bits| prefix(bits, 32));
    let v6 = raw.value.ipv6.as_ref().map(|bits| prefix(bits, 128));
    let (v4, v6) = (v4??, v6??);
    let (form, shown) = match raw.value.form {
        Some(RawForm::Address) => (AddressForm::Address, " as address"),
        Some(RawForm::Network) | None => (AddressForm::Network, ""),
    };
    let truncate = Truncate::new(PrefixV4::new(v4).ok()?, PrefixV6::new(v6).ok()?, form);
    Some(Made {
        treatment: Treatment::Truncate(truncate),
        summary: format!("truncate /{v4} /{v6}{shown}"),
        prefix_bits: Some((u64::from(v4), u64::from(v6))),
        domain: None,
    })
}

/// The treatments whose one parameter the kernel reads.
fn make_plain(written: &At<&RawTreatmentTable>, problems: &mut Vec<Problem>) -> Option<Made> {
    let table = written.value;
    let mut checked = |place: &At<String>, treatment: Result<Treatment, String>, summary: String| {
        let made = treatment.map(|treatment| Made::plain(treatment, &summary));
        made.map_err(|message| problems.push(place.problem(message))).ok()
    };
    if let Some(grid) = &table.grid {
        let degrees = grid.degrees.as_ref()?;
        let text = degrees.with(degrees.value.0.clone());
        let made = Grid::parse(&text.value).map(Treatment::Grid).map_err(|error| error.to_string());
        return checked(&text, made, format!("grid of {} degrees", text.value));
    }
    if let Some(floor) = &table.floor {
        let to = floor.to.as_ref()?;
        let made = Floor::parse(&to.value).map(Treatment::Floor).map_err(|error| error.to_string());
        return checked(to, made, format!("floor to {}", to.value));
    }
    if let Some(bucket) = &table.bucket {
        let width = bucket.width.as_ref()?;
        let text = width.with(width.value.0.clone());
        let made = Bucket::parse(&text.value).map(Treatment::Bucket).map_err(|error| error.to_string());
        return checked(&text, made, format!("bucket of {}", text.value));
    }
    if let Some(redact) = &table.redact {
        let with = redact.with.clone()?;
        let summary = format!("redact with {with:?}");
        return Some(Made::plain(Treatment::Redact(with), &summary));
    }
    if problems.iter().any(|problem| problem.key.starts_with(&written.key)) {
        return None; // its only key is unknown or broken, and that is said
    }
    problems.push(written.problem("this table names no treatment").help(
        "write `{ truncate = { ipv4 = 16, ipv6 = 32 } }`, `{ floor = { to = \"hour\" } }` or another kind",
    ));
    None
}

/// How a treatment with parameters is written.
fn example(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "truncate" => "{ truncate = { ipv4 = 16, ipv6 = 32 } }",
        "pseudonymize" => "{ pseudonymize = { domain = \"person\" } }",
        "tokenize" => "{ tokenize = { domain = \"person\" } }",
        "grid" => "{ grid = { degrees = 0.1 } }",
        "floor" => "{ floor = { to = \"hour\" } }",
        "bucket" => "{ bucket = { width = 10 } }",
        "redact" => "{ redact = { with = \"hidden\" } }",
        _ => return None,
    })
}
