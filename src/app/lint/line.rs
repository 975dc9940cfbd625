//! Lines that are plain where others may listen, and names that are worth little.

use crate::app::config::{PostgresStore, Problem, Store, StoreKind};
use crate::policy::Role;

/// What is worth a look in how clients reach a store and say who they are.
pub(super) fn lint(key: &str, store: &Store, roles: &[Role], problems: &mut Vec<Problem>) {
    let mut finding = |message: &str, help: &str| {
        problems.push(Problem::finding(Some(store.span.clone()), key, message).help(help));
    };
    let is_plain = store.tls.as_ref().is_none_or(|tls| !tls.is_required);
    if is_plain && !store.listen.ip().is_loopback() {
        finding(
            &format!("store `{}` takes plain connections from other machines", store.name),
            "whoever sits on the line reads what passes, and can go on in another's name: add `tls`",
        );
    }
    let StoreKind::Http(http) = &store.kind else {
        if let (StoreKind::Postgres(PostgresStore { login: Some(login), .. }), Some(tls)) =
            (&store.kind, &store.tls)
            && login.accounts.verifiers.is_some()
            && !tls.tls.can_be_bound()
        {
            finding(
                &format!("store `{}` has a certificate for which channel binding is not defined", store.name),
                "clients that require it cannot come in, and nobody notices a line that is tampered with: take a certificate that \
                 is signed by RSA PKCS#1 or ECDSA, not by Ed25519 or RSA-PSS",
            );
        }
        return;
    };
    let names_a_role = roles.iter().any(|role| http.policy.roles.contains_key(&role.name));
    if names_a_role && !http.identity.are_known() {
        finding(
            &format!("store `{}` has fields for roles, and nobody there has a name", store.name),
            "add `identity`: certificates, signed tokens, or a header of a gateway",
        );
    }
    let everybody = |vouching: &crate::session::http::Vouching| {
        vouching.from.iter().any(|network| network.prefix_len() == 0)
    };
    if http.identity.vouching.as_ref().is_some_and(everybody) {
        finding(
            &format!("store `{}` believes a header of anybody", store.name),
            "name the gateway's address in `from`: whoever can connect from there can be anybody",
        );
    }
}
