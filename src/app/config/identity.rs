//! `[stores.identity]`: where the names of those who ask an http store come from.

use std::time::Duration;

use http::HeaderName;

use super::raw::{
    At, RawBearer, RawCertificates, RawIdentity, RawIssuer, RawJwks, RawUnknown, RawUpstreamTls,
};
use super::report::Problem;
use super::tls::Desk;
use super::world::World;
use crate::front::http::KeySource;
use crate::session::http::bearer::{Algorithm, Bearer, KeyShelf, Keys};
use crate::session::http::{Identities, Vouching, reaches_the_store};

/// Reads it. `has_client_ca` tells whether certificates of clients are verified.
pub(super) fn identity(
    raw: &At<RawIdentity>,
    has_client_ca: bool,
    desk: &Desk<'_, impl World>,
    problems: &mut Vec<Problem>,
) -> Option<(Identities, Option<KeySource>)> {
    let before = problems.len();
    let by_certificate = raw.value.certificates.as_ref().filter(|word| word.value == RawCertificates::Accept);
    if let (Some(word), false) = (by_certificate, has_client_ca) {
        let problem = word.problem("certificates name nobody where no authority vouches for them");
        problems.push(problem.help("name the authorities in `tls`: `client_ca = \"employees.pem\"`"));
    }
    let networks = raw.value.from.iter().flatten().filter_map(|written| {
        let network = written.value.parse();
        if network.is_err() {
            let problem = written.problem(format!("`{}` is no network", written.value));
            problems.push(problem.help("write `10.0.0.0/8`, `192.0.2.7/32` or `2001:db8::/32`"));
        }
        network.ok()
    });
    let from: Vec<_> = networks.collect();
    let header = raw.value.header.as_ref().and_then(|written| header(written, problems));
    match (&raw.value.header, &raw.value.from) {
        (Some(header), None) => problems.push(
            header
                .problem("anybody can write a header: say which peers are believed")
                .help("add `from = [\"10.0.0.0/8\"]`"),
        ),
        (None, Some(from)) => problems.extend(from.first().map(|from| {
            from.problem("nobody is named by a peer alone").help("add `header = \"X-Remote-User\"`")
        })),
        _ => {}
    }
    let bearer = raw.value.bearer.as_ref().and_then(|written| bearer(written, desk, problems));
    if raw.value.header.is_none() && raw.value.bearer.is_none() && by_certificate.is_none() {
        let message =
            "nobody is named: there is no `header`, no `bearer`, and no `certificates` are accepted";
        let problem = raw.problem(message);
        problems.push(problem.help("write `certificates = \"accept\"`, or `header` and `from`"));
    }
    let must_be_known = raw.value.unknown.as_ref().is_some_and(|word| word.value == RawUnknown::Refuse);
    let vouching = header.map(|header| Vouching { header, from });
    let (bearer, source) = bearer.map_or((None, None), |(bearer, source)| (Some(Box::new(bearer)), source));
    let by_certificate = by_certificate.is_some();
    (problems.len() == before)
        .then_some((Identities { vouching, bearer, by_certificate, must_be_known }, source))
}

fn bearer(
    raw: &At<RawBearer>,
    desk: &Desk<'_, impl World>,
    problems: &mut Vec<Problem>,
) -> Option<(Bearer, Option<KeySource>)> {
    let before = problems.len();
    let RawBearer { jwks, issuer, audience, algorithms, claim, groups_claim } = &raw.value;
    let keys = jwks.as_ref().and_then(|jwks| match jwks {
        RawJwks::File(file) => {
            let read = Keys::parse(&desk.file(file, problems)?);
            let bad = |error| problems.push(file.problem(format!("these keys cannot be used: {error}")));
            Some((KeyShelf::with(read.map_err(bad).ok()?), None))
        }
        RawJwks::Fetched(source) => Some((KeyShelf::default(), Some(key_source(source, desk, problems)?))),
    });
    let known = algorithms.iter().flatten().filter_map(|written| {
        let algorithm = Algorithm::named(&written.value);
        if algorithm.is_none() {
            let problem = written.problem(format!("`{}` is no algorithm that is taken here", written.value));
            problems.push(problem.help("write some of RS256, RS384, RS512, PS256, ES256, ES384, EdDSA"));
        }
        algorithm
    });
    let known: Vec<_> = known.collect();
    if algorithms.as_ref().is_some_and(Vec::is_empty) {
        problems.push(raw.problem("no algorithm is taken, so no token is").help("name one: `[\"RS256\"]`"));
    }
    for text in
        [issuer, audience, claim, groups_claim].into_iter().flatten().filter(|text| text.value.is_empty())
    {
        problems.push(text.problem("this has a text"));
    }
    let (keys, source) = keys?;
    let bearer = Bearer {
        keys,
        algorithms: known,
        issuer: issuer.as_ref()?.value.clone(),
        audience: audience.as_ref()?.value.clone(),
        claim: claim.as_ref().map_or_else(|| "sub".to_owned(), |claim| claim.value.clone()),
        groups_claim: groups_claim.as_ref().map(|claim| claim.value.clone()),
    };
    (problems.len() == before).then_some((bearer, source))
}

/// Seconds for which a set is good, where nothing is written.
const REFRESH_S: u64 = 300;

fn key_source(
    raw: &At<RawIssuer>,
    desk: &Desk<'_, impl World>,
    problems: &mut Vec<Problem>,
) -> Option<KeySource> {
    let RawIssuer { url: written, ca, refresh_s } = &raw.value;
    let written = written.as_ref()?;
    let url: Option<http::Uri> = written.value.parse().ok();
    let url = url.filter(|url| url.host().is_some() && !written.value.contains(['@', '#']));
    let is_near = |host: &str| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
    };
    let is_tls = |url: &http::Uri| match (url.scheme_str(), url.host()) {
        (Some("https"), _) => Some(true),
        (Some("http"), Some(host)) if is_near(host) => Some(false),
        _ => None,
    };
    let Some((url, is_tls)) = url.and_then(|url| is_tls(&url).map(|is_tls| (url, is_tls))) else {
        let problem = written.problem(format!("keys cannot be trusted that come from `{}`", written.value));
        problems
            .push(problem.help("write `https://`, a host and a path: `https://id.example.com/jwks.json`"));
        return None;
    };
    if let (Some(ca), false) = (ca, is_tls) {
        problems.push(ca.problem("nobody vouches for a server that is not asked over TLS"));
    }
    if let Some(short) = refresh_s.as_ref().filter(|seconds| seconds.value < 10) {
        problems.push(short.problem("the issuer is not asked more often than every 10 seconds"));
    }
    let authorities = match ca {
        Some(file) => desk.file(file, problems)?.to_vec(),
        None => Vec::new(),
    };
    let by = RawUpstreamTls { ca: ca.clone(), server_name: None, pin: None, certificate: None, key: None };
    let host = url.host().map(|host| host.trim_start_matches('[').trim_end_matches(']'));
    let tls = if is_tls { Some(desk.store(&raw.with(by), host, &[], problems)?) } else { None };
    let refresh = Duration::from_secs(refresh_s.as_ref().map_or(REFRESH_S, |seconds| seconds.value));
    Some(KeySource { url, tls, authorities, refresh })
}

fn header(written: &At<String>, problems: &mut Vec<Problem>) -> Option<HeaderName> {
    let name: Option<HeaderName> = written.value.parse().ok();
    match &name {
        None => problems.push(written.problem(format!("`{}` is no name of a header", written.value))),
        Some(name) if reaches_the_store(name) => {
            let problem = written.problem(format!("`{}` is passed on to the store", written.value));
            problems.push(problem.help("choose a header that nothing else uses, such as `X-Remote-User`"));
        }
        Some(_) => {}
    }
    name
}
