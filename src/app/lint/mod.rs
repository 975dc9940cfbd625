//! What is allowed and still worth a look: rules without effect, wide cells, values that pass.
//!
//! Invariant: a finding is made from the policy alone; the stores are not asked.
//! Not here: errors, which are for [`Config::load`] to report.

mod files;
mod http;
mod line;
mod regions;
mod sql;

pub use files::open_files;

use std::collections::BTreeMap;
use std::ops::Range;

use super::config::{Config, Problem, Report, StoreKind};
use crate::kernel::Treatment;
use crate::policy::{NamedTreatment, PlanFindings, Ruling};

/// More bits than these of an address tell a house from its neighbour.
const WIDEST_COARSE_BITS: (u64, u64) = (24, 48);

/// Findings and notes for a whole policy, in the order of the file.
#[must_use]
pub fn lint(config: &Config) -> Report {
    let mut problems = Vec::new();
    for store in &config.stores {
        let key = format!("stores.{}", store.name);
        line::lint(&key, store, &config.roles, &mut problems);
        let (unlisted, fields) = match &store.kind {
            StoreKind::Http(http) => {
                http::lint(&key, &store.span, http, &mut problems);
                (&http.policy.unlisted, http.policy.fields.len())
            }
            StoreKind::Postgres(postgres) => {
                sql::lint(&key, postgres, &mut problems);
                (&postgres.policy.unlisted, postgres.policy.fields.len())
            }
        };
        if fields == 0 {
            let message = format!(
                "store `{}` has no fields: only what `unlisted` says happens to its values",
                store.name
            );
            problems.push(
                Problem::finding(Some(store.span.clone()), &key, message)
                    .help("name its sensitive fields under `[stores.fields]`"),
            );
        }
        if matches!(*unlisted.treatment, Treatment::Pass) {
            let message = format!("store `{}` lets every value pass that no rule names", store.name);
            problems.push(
                Problem::finding(Some(store.span.clone()), &key, message)
                    .help("leave `unlisted` at `scan`, and name with `pass` what is not sensitive"),
            );
        }
    }
    for role in config.roles.iter().filter(|role| role.members.is_empty()) {
        problems.push(Problem::finding(
            None,
            &format!("roles.{}", role.name),
            format!("role `{}` has no members", role.name),
        ));
    }
    regions::lint(config, &mut problems);
    treatments(config, &mut problems);
    Report::new(&config.source, problems)
}

/// Treatments that nothing uses, cells that are too fine, and domains that join nothing.
fn treatments(config: &Config, problems: &mut Vec<Problem>) {
    let mut domains: BTreeMap<&str, usize> = BTreeMap::new();
    for facts in config.treatments.values() {
        if let Some(domain) = &facts.domain {
            *domains.entry(domain).or_default() += facts.uses;
        }
    }
    for (name, facts) in &config.treatments {
        let (span, key) = match &facts.defined {
            Some((span, key)) => (Some(span.clone()), key.as_str()),
            None => (facts.used_at.clone(), ""),
        };
        let mut finding = |message: String, help: &str| {
            problems.push(Problem::finding(span.clone(), key, message).help(help));
        };
        if facts.defined.is_some() && facts.uses == 0 {
            finding(format!("treatment `{name}` is never used"), "use it or take it out");
        }
        if let Some((ipv4, ipv6)) = facts.prefix_bits {
            let (v4_limit, v6_limit) = WIDEST_COARSE_BITS;
            if ipv4 > v4_limit || ipv6 > v6_limit {
                let message = format!(
                    "`{name}` leaves {ipv4} bits of IPv4 and {ipv6} bits of IPv6 addresses, which can single out a household"
                );
                finding(
                    message,
                    "a town or a provider is about /16 and /32; /24 and /48 are the finest that hide anyone",
                );
            }
        }
        if let Some(domain) = facts.domain.as_deref().filter(|domain| domains.get(domain) == Some(&1)) {
            let message = format!("domain `{domain}` is used once, so its names join with nothing");
            let help = "give fields that hold the same identifiers the same domain, or use `suppress`";
            problems.push(Problem::note(span, key, message).help(help));
        }
    }
}

/// What the compiled rules of one document say of themselves; `line_of` finds where a ruling is written.
fn plan_findings(
    key: &str,
    findings: &PlanFindings,
    line_of: impl Fn(&Ruling) -> Option<Range<usize>>,
    problems: &mut Vec<Problem>,
) {
    for overlap in &findings.overlaps {
        let (winner, loser) = (&overlap.winner, &overlap.loser);
        let message = format!(
            "{} and {} meet in one value with different treatments: `{}` decides, `{}` is ignored there",
            winner.label, loser.label, winner.treatment_name, loser.treatment_name
        );
        let problem = Problem::finding(line_of(loser), key, message);
        problems.push(
            problem.help("the stricter decides; give both the same treatment, or make the paths differ"),
        );
    }
    for ruling in &findings.without_effect {
        let message = format!("{} never decides anything", ruling.label);
        let problem = Problem::finding(line_of(ruling), key, message);
        problems.push(
            problem
                .help("other rules always come before it, or replace the value that holds it; take it out"),
        );
    }
}

/// A role's line that treats a place otherwise than everybody's line does.
fn role_note(
    role: &str,
    written: &str,
    span: &Range<usize>,
    (treated, base): (&NamedTreatment, Option<&NamedTreatment>),
) -> Option<Problem> {
    let message = match base {
        Some(base) if treated.name == base.name || treated.treatment.is_stricter_than(&base.treatment) => {
            return None;
        }
        Some(base) => {
            format!(
                "role `{role}` gets `{written}` by `{}` where everybody gets `{}`",
                treated.name, base.name
            )
        }
        None => format!("role `{role}` gets `{written}` by `{}`, by a rule of its own", treated.name),
    };
    Some(Problem::note(Some(span.clone()), &format!("roles.{role}"), message))
}
