//! `[[stores]]`: from what is written to stores with their decisions made.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::admission::Admission;
use super::raw::{
    At, Entries, RawCatalogue, RawProtocol, RawStatements, RawStore, RawTls, RawTlsMode, RawTreatment,
    RawUnlisted, RawWrites,
};
use super::report::Problem;
use super::tls::Desk;
use super::treatments::Treatments;
use super::world::World;
use super::{
    ByRole, CatalogueCheck, HttpStore, Limits, Listener, PostgresStore, PostgresUpstream, Store, StoreKind,
    Timeouts,
};
use super::{addresses, fields, identity, login, regions, routes};
use crate::front;
use crate::front::tls::ListenerTls;
use crate::kernel::{Scrub, Treatment};
use crate::policy::{Bindings, HttpPolicy, NamedTreatment, PlanTooLarge, RegionPlan, SqlPolicy};

/// What roles change in one store, by the role's name.
pub(super) type RoleFields<'a> = BTreeMap<&'a str, &'a Entries<At<RawTreatment>>>;

/// What the roles of the file have to do with one store.
pub(super) struct OfRoles<'a> {
    /// Every role.
    pub(super) names: Vec<&'a str>,
    /// What they change in it.
    pub(super) fields: RoleFields<'a>,
    /// What they are bound to.
    pub(super) bindings: &'a Bindings,
    /// Whether they may use it.
    pub(super) admission: Admission<'a>,
}

impl OfRoles<'_> {
    /// The roles for which something else may hold than for whoever has none.
    fn differing(&self) -> Vec<String> {
        let for_all = self.bindings.are_there() || self.admission.differs();
        let differs = |name: &&&str| for_all || self.fields.contains_key(**name);
        self.names.iter().filter(differs).map(|name| (*name).to_owned()).collect()
    }
}

/// A store with its name, if both are right; everything that is wrong is reported.
pub(super) fn store(
    raw: &At<RawStore>,
    roles: &OfRoles<'_>,
    (timeouts, limits): (Timeouts, Limits),
    desk: &Desk<'_, impl World>,
    treatments: &mut Treatments<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Store> {
    let name = raw.value.name.as_ref();
    if let Some(name) = name {
        problems.extend(bad_name(name));
    }
    let listen = raw.value.listen.as_ref().and_then(|written| reported(addresses::listen(written), problems));
    let timeouts = timeouts.with(raw.value.timeouts.as_ref(), problems);
    let limits = limits.with(raw.value.limits.as_ref(), problems);
    let kind = match protocol(&raw.value) {
        RawProtocol::Http => http(raw, roles, desk, treatments, problems).map(StoreKind::Http),
        RawProtocol::Postgres => postgres(raw, roles, desk, treatments, problems).map(StoreKind::Postgres),
    };
    let tls = raw.value.tls.as_ref().map(|written| listener(written, protocol(&raw.value), desk, problems));
    raw.value.protocol.as_ref()?;
    let tls = whole(tls)?;
    Some(Store {
        name: name?.value.clone(),
        listen: listen?,
        tls,
        timeouts,
        limits,
        kind: kind?,
        span: raw.span.clone(),
    })
}

fn has_client_ca(raw: &At<RawStore>) -> bool {
    raw.value.tls.as_ref().is_some_and(|tls| tls.value.client_ca.is_some())
}

/// TLS towards clients, who speak this protocol.
fn listener(
    raw: &At<RawTls>,
    protocol: RawProtocol,
    desk: &Desk<'_, impl World>,
    problems: &mut Vec<Problem>,
) -> Option<Listener> {
    let protocols: &[&[u8]] = match protocol {
        RawProtocol::Http => &[b"h2", b"http/1.1"],
        RawProtocol::Postgres => &[front::postgres::ALPN],
    };
    if let (RawProtocol::Http, Some(At { value: RawTlsMode::Allow, .. })) = (protocol, &raw.value.mode) {
        let problem = raw.problem("an http listener speaks either TLS or not");
        problems.push(problem.help("leave `mode` out"));
    }
    desk.listener(raw, protocols, problems)
}

/// TLS towards whoever asks by HTTP/1.1 for health and metrics.
pub(super) fn whole_tls(
    raw: &At<RawTls>,
    desk: &Desk<'_, impl World>,
    problems: &mut Vec<Problem>,
) -> Option<ListenerTls> {
    if let Some(RawTlsMode::Allow) = raw.value.mode.as_ref().map(|word| word.value) {
        problems.push(raw.problem("an http listener speaks either TLS or not").help("leave `mode` out"));
    }
    Some(desk.listener(raw, &[b"http/1.1"], problems)?.tls)
}

/// The store's protocol; where it is missing, the one that the rest looks like, so that the rest is checked.
fn protocol(raw: &RawStore) -> RawProtocol {
    let looks_like_http = raw.upstream.as_ref().is_some_and(|upstream| upstream.value.starts_with("http"));
    match &raw.protocol {
        Some(written) => written.value,
        None if looks_like_http => RawProtocol::Http,
        None => RawProtocol::Postgres,
    }
}

/// What is wanted must have come out right; what is not wanted need not.
fn whole<T>(wanted: Option<Option<T>>) -> Option<Option<T>> {
    match wanted {
        None => Some(None),
        Some(made) => made.map(Some),
    }
}

fn reported<T>(result: Result<T, Problem>, problems: &mut Vec<Problem>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}

fn bad_name(name: &At<String>) -> Option<Problem> {
    let is_name = !name.value.is_empty()
        && name.value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    (!is_name).then(|| {
        let problem = name.problem(format!("`{}` is no name of a store", name.value));
        problem.help("a store's name has letters, digits, `-` and `_` only")
    })
}

fn http(
    raw: &At<RawStore>,
    roles: &OfRoles<'_>,
    desk: &Desk<'_, impl World>,
    treatments: &mut Treatments<'_>,
    problems: &mut Vec<Problem>,
) -> Option<HttpStore> {
    if let Some(catalogue) = &raw.value.catalogue {
        problems.push(catalogue.problem("`catalogue` is for postgres stores only").help("leave it out"));
    }
    if let Some(statements) = &raw.value.statements {
        problems.push(statements.problem("`statements` is for postgres stores only").help("leave it out"));
    }
    if let Some(login) = &raw.value.login {
        let problem = login.problem("`login` is for postgres stores only");
        problems.push(problem.help("leave it out"));
    }
    if let Some(writes) = &raw.value.writes {
        problems.push(
            writes
                .problem("`writes` is for postgres stores only")
                .help("name the methods of a route instead"),
        );
    }
    let written = raw.value.upstream.as_ref();
    let upstream = written.and_then(|written| reported(addresses::http_upstream(written), problems));
    let upstream_tls = raw.value.upstream_tls.as_ref().map(|written| {
        let host =
            upstream.as_ref().filter(|url| url.scheme_str() == Some("https")).and_then(http::Uri::host);
        if upstream.is_some() && host.is_none() {
            let problem = written.problem("`upstream_tls` is for stores that are reached by `https://`");
            problems.push(problem.help("write the upstream with `https://`, or leave this out"));
        }
        desk.store(written, host, &[], problems)
    });
    let has_client_ca = has_client_ca(raw);
    let identity =
        raw.value.identity.as_ref().map(|written| identity::identity(written, has_client_ca, desk, problems));
    let policy = HttpPolicy {
        unlisted: unlisted(raw),
        fields: fields::http(raw.value.fields.as_ref(), treatments, problems),
        routes: routes::routes(raw.value.routes.as_deref().unwrap_or_default(), treatments, problems),
        roles: roles
            .fields
            .iter()
            .map(|(role, written)| ((*role).to_owned(), fields::http(Some(written), treatments, problems)))
            .collect(),
    };
    regions::http(&raw.value, problems);
    let decide = |role: Option<&str>| {
        let plans = policy.decide_within(role, roles.bindings.of(role).as_ref())?;
        Ok(plans.limited_to(|path| roles.admission.admits_to(role, &path.to_string())))
    };
    let plans = by_role(raw, &roles.differing(), decide, problems)?;
    let upstream_tls = whole(upstream_tls)?;
    let (identity, key_source) = whole(identity)?.unwrap_or_default();
    let key_source = key_source.map(Box::new);
    Some(HttpStore { upstream: upstream?, upstream_tls, identity, key_source, policy, plans })
}

fn postgres(
    raw: &At<RawStore>,
    roles: &OfRoles<'_>,
    desk: &Desk<'_, impl World>,
    treatments: &mut Treatments<'_>,
    problems: &mut Vec<Problem>,
) -> Option<PostgresStore> {
    for route in raw.value.routes.iter().flatten().take(1) {
        let problem = route.problem("routes are for http stores only");
        problems.push(problem.help("what may be asked of a postgres store follows from its fields"));
    }
    let written = raw.value.upstream.as_ref();
    let upstream = written.and_then(|written| reported(addresses::postgres_upstream(written), problems));
    let upstream_tls = raw.value.upstream_tls.as_ref().map(|written| {
        let host = match &upstream {
            Some(PostgresUpstream::Tcp { host, .. }) => Some(host.as_str()),
            Some(PostgresUpstream::Unix { .. }) => {
                let problem = written.problem("a unix socket is not spoken to over TLS");
                problems.push(problem.help("name host and port of the store, or leave this out"));
                None
            }
            None => None,
        };
        desk.store(written, host, &[front::postgres::ALPN], problems)
    });
    if let Some(identity) = &raw.value.identity {
        let problem = identity.problem("`identity` is for http stores only");
        problems.push(problem.help("write `login` to let identities end here, or leave it out"));
    }
    let has_client_ca = has_client_ca(raw);
    let login = raw.value.login.as_ref().map(|written| login::login(written, has_client_ca, desk, problems));
    let catalogue = match raw.value.catalogue.as_ref().map(|written| written.value) {
        Some(RawCatalogue::Strict) => CatalogueCheck::Strict,
        Some(RawCatalogue::Versioned) | None => CatalogueCheck::Versioned,
    };
    let policy = SqlPolicy {
        unlisted: unlisted(raw),
        fields: fields::sql(raw.value.fields.as_ref(), treatments, problems),
        roles: roles
            .fields
            .iter()
            .map(|(role, written)| ((*role).to_owned(), fields::sql(Some(written), treatments, problems)))
            .collect(),
    };
    let writes = matches!(raw.value.writes.as_ref().map(|written| written.value), Some(RawWrites::Allow));
    let statements = raw.value.statements.as_ref().map(|written| written.value);
    let is_plain = matches!(statements, Some(RawStatements::Plain));
    let regions = regions::sql(&raw.value, problems);
    let decide = |role: Option<&str>| {
        let bound = roles.bindings.of(role).map(|binding| Ok((binding, policy.decide(None)?))).transpose()?;
        let within = bound.map(|(binding, plain)| RegionPlan::new(binding, &regions, plain));
        let is_closed = !roles.admission.admits(role);
        let decided = policy.decide(role)?.with_writes(writes).plainly(is_plain);
        Ok(decided.within(within).closed(is_closed))
    };
    let plans = by_role(raw, &roles.differing(), decide, problems)?;
    let upstream_tls = whole(upstream_tls)?;
    let login = whole(login)?;
    Some(PostgresStore { upstream: upstream?, upstream_tls, login, catalogue, policy, regions, plans })
}

fn unlisted(raw: &At<RawStore>) -> NamedTreatment {
    let (name, treatment) = match raw.value.unlisted.as_ref().map(|written| written.value) {
        Some(RawUnlisted::Pass) => ("pass", Treatment::Pass),
        Some(RawUnlisted::Suppress) => ("suppress", Treatment::Suppress),
        Some(RawUnlisted::Scan) | None => ("scrub", Treatment::Scrub(Arc::new(Scrub::default()))),
    };
    NamedTreatment { name: name.into(), treatment: Arc::new(treatment) }
}

/// Decides for everybody, then for each role that changes something here.
fn by_role<Plans>(
    raw: &At<RawStore>,
    roles: &[String],
    decide: impl Fn(Option<&str>) -> Result<Plans, PlanTooLarge>,
    problems: &mut Vec<Problem>,
) -> Option<ByRole<Plans>> {
    let mut decided = |role: Option<&str>| {
        let plans = decide(role).map_err(|error| {
            let help = "let fewer steps follow a `..`, or name members instead of `*`";
            raw.problem(error.to_string()).help(help)
        });
        reported(plans, problems).map(Arc::new)
    };
    let base = decided(None)?;
    let roles = roles.iter().map(|role| Some((role.clone(), decided(Some(role))?)));
    Some(ByRole { base, roles: roles.collect::<Option<_>>()? })
}
