//! `[stores.identity]`: where the names of those who ask an http store come from.

use http::HeaderName;

use super::raw::{At, RawCertificates, RawIdentity, RawUnknown};
use super::report::Problem;
use crate::session::http::{Identities, Vouching, reaches_the_store};

/// Reads it. `has_client_ca` tells whether certificates of clients are verified.
pub(super) fn identity(
    raw: &At<RawIdentity>,
    has_client_ca: bool,
    problems: &mut Vec<Problem>,
) -> Option<Identities> {
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
    if raw.value.header.is_none() && by_certificate.is_none() {
        let problem =
            raw.problem("nobody is named: there is no `header`, and no `certificates` are accepted");
        problems.push(problem.help("write `certificates = \"accept\"`, or `header` and `from`"));
    }
    let must_be_known = raw.value.unknown.as_ref().is_some_and(|word| word.value == RawUnknown::Refuse);
    let vouching = header.map(|header| Vouching { header, from });
    (problems.len() == before).then(|| Identities {
        vouching,
        by_certificate: by_certificate.is_some(),
        must_be_known,
    })
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
