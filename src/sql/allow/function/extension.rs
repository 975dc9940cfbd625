//! Extensions: whose functions compute on their arguments and nothing else.

use super::super::call::{Call, Sensitivity};
use super::super::refused::{Reason, Refused};
use super::FunctionFacts;
use crate::sql::catalogue::Volatility;

/// Extensions whose types, operators and functions may be used, each with the least steady of its functions that may
/// be called and those that may not.
const LISTED: [(&str, Volatility, &[&str]); 18] = [
    ("btree_gin", Volatility::Stable, &[]),
    ("btree_gist", Volatility::Stable, &[]),
    ("citext", Volatility::Stable, &[]),
    ("cube", Volatility::Stable, &[]),
    ("earthdistance", Volatility::Stable, &[]),
    ("fuzzystrmatch", Volatility::Stable, &[]),
    // `populate_record` reads values as types of the client's choice.
    ("hstore", Volatility::Stable, &["populate_record"]),
    ("intarray", Volatility::Stable, &[]),
    ("isn", Volatility::Immutable, &[]),
    ("ltree", Volatility::Stable, &[]),
    ("pg_trgm", Volatility::Stable, &["show_limit"]),
    ("pgcrypto", Volatility::Stable, &[]),
    // The others look up tables and statistics.
    ("postgis", Volatility::Immutable, &["st_estimatedextent"]),
    ("seg", Volatility::Stable, &[]),
    ("tsm_system_rows", Volatility::Immutable, &["system_rows"]),
    ("unaccent", Volatility::Stable, &[]),
    // Version 1 of a UUID tells the order in which they were made.
    ("uuid-ossp", Volatility::Immutable, &[]),
    ("vector", Volatility::Stable, &[]),
];

/// Extensions that are refused for a reason that is worth saying.
const REFUSED: [(&str, Refused); 19] = [
    ("adminpack", Refused::because(Reason::Files)),
    ("amcheck", Refused::because(Reason::ReadsStorage)),
    ("dblink", Refused::because(Reason::RunsText)),
    ("file_fdw", Refused::because(Reason::Files)),
    ("lo", Refused::because(Reason::LargeObjects)),
    ("pageinspect", Refused::because(Reason::ReadsStorage)),
    ("pg_buffercache", Refused::because(Reason::ReadsStorage)),
    ("pg_cron", Refused::because(Reason::RunsText)),
    ("pg_freespacemap", Refused::because(Reason::Sizes)),
    ("pg_prewarm", Refused::because(Reason::ReadsStorage)),
    ("pg_stat_statements", Refused::because(Reason::OtherSessions)),
    ("pg_surgery", Refused::because(Reason::ReadsStorage)),
    ("pg_visibility", Refused::because(Reason::ReadsStorage)),
    ("pg_walinspect", Refused::because(Reason::ReadsStorage)),
    ("pgrowlocks", Refused::because(Reason::Locks)),
    ("pgstattuple", Refused::because(Reason::Sizes)),
    ("postgres_fdw", Refused::because(Reason::Secrets)),
    ("tablefunc", Refused::because(Reason::RunsText).instead("use aggregates with FILTER (WHERE ...)")),
    ("xml2", Refused::because(Reason::RunsText).instead("use xpath() and xmltable")),
];

/// True for an extension whose types and operators may be used.
pub(in crate::sql::allow) fn is_listed(extension: &str) -> bool {
    LISTED.iter().any(|(name, ..)| *name == extension)
}

fn refusal(extension: &str) -> Refused {
    let named = REFUSED.iter().find(|(name, _)| *name == extension);
    named.map_or(Refused::because(Reason::UnknownExtension), |(_, refused)| *refused)
}

/// Whether a function of an extension may be called.
pub(super) fn check(extension: &str, facts: &FunctionFacts<'_>) -> Result<Call, Refused> {
    let Some((_, least, exceptions)) = LISTED.iter().find(|(name, ..)| *name == extension) else {
        return Err(refusal(extension));
    };
    let is_steady = match facts.volatility {
        Volatility::Immutable => true,
        Volatility::Stable => *least == Volatility::Stable,
        Volatility::Volatile => false,
    };
    if !is_steady || !facts.is_plain || exceptions.contains(&facts.name) {
        return Err(Refused::because(Reason::NotListed));
    }
    let order = if facts.is_aggregate { Sensitivity::Always } else { Sensitivity::None };
    Ok(Call { order, ..Call::RAISING })
}
