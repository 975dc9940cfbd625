//! `[stores.login]`: whose identity ends here, and the account that stands for them at the store.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::Login;
use super::raw::{At, RawCertificates, RawLogin, RawPassword};
use super::report::Problem;
use super::tls::Desk;
use super::world::World;
use crate::front::postgres::Service;
use crate::session::postgres::Accounts;
use crate::session::postgres::scram::Verifiers;

/// Loads what is named. `has_client_ca` tells whether certificates of clients are verified.
pub(super) fn login(
    raw: &At<RawLogin>,
    has_client_ca: bool,
    desk: &Desk<'_, impl World>,
    problems: &mut Vec<Problem>,
) -> Option<Login> {
    let before = problems.len();
    let verifiers = raw.value.verifiers.as_ref().and_then(|file| verifiers(file, desk, problems));
    let by_certificate = match &raw.value.certificates {
        Some(word) if word.value == RawCertificates::Accept => {
            if !has_client_ca {
                let problem =
                    word.problem("certificates are proof of nothing where no authority vouches for them");
                problems.push(problem.help("name the authorities in `tls`: `client_ca = \"employees.pem\"`"));
            }
            true
        }
        _ => false,
    };
    if raw.value.verifiers.is_none() && !by_certificate {
        let problem =
            raw.problem("nobody can log in: there are no `verifiers`, and no `certificates` are accepted");
        problems.push(problem.help("make a file of verifiers with `sfumato passwd FILE NAME`"));
    }
    let service = raw.value.service.as_ref()?;
    let password = service.value.password.as_ref().map(|from| password(from, service, desk, problems));
    let user = service.value.user.as_ref()?;
    if user.value.is_empty() || user.value.len() > 63 {
        problems.push(user.problem("a database user has a name of at most 63 bytes"));
    }
    if problems.len() > before {
        return None;
    }
    let service = Service { user: user.value.clone(), password: password.flatten() };
    let accounts = Accounts { service: user.value.clone(), verifiers, by_certificate };
    Some(Login { accounts: Arc::new(accounts), service })
}

fn verifiers(
    file: &At<String>,
    desk: &Desk<'_, impl World>,
    problems: &mut Vec<Problem>,
) -> Option<Verifiers> {
    let bytes = desk.private(file, problems)?;
    let read = Verifiers::parse(&bytes).map_err(|error| {
        let shown = desk.folder.join(&file.value).display().to_string();
        file.problem(format!("the file `{shown}` has no verifiers that can be used: {error}"))
            .help(format!("`sfumato passwd {shown} NAME` writes them"))
    });
    read.map_err(|problem| problems.push(problem)).ok()
}

/// A password, without the end of its line.
fn password<T>(
    from: &RawPassword,
    blamed: &At<T>,
    desk: &Desk<'_, impl World>,
    problems: &mut Vec<Problem>,
) -> Option<Zeroizing<String>> {
    let found = match (&from.file, &from.env) {
        (Some(file), None) => {
            let bytes = desk.private(file, problems)?;
            let line = std::str::from_utf8(&bytes).ok().and_then(|text| text.lines().next());
            line.map(|line| Zeroizing::new(line.to_owned()))
                .ok_or_else(|| file.problem("there is no password in it"))
        }
        (None, Some(variable)) => desk.world.variable(&variable.value).ok_or_else(|| {
            variable.problem(format!("the environment variable `{}` is not set", variable.value))
        }),
        _ => Err(blamed
            .problem("a password is in a `file` or in an `env` variable, one of the two")
            .help("write `password = { file = \"service.password\" }` or `{ env = \"SFUMATO_SERVICE\" }`")),
    };
    found.map_err(|problem| problems.push(problem)).ok()
}
