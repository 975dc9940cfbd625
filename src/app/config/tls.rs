//! `[stores.tls]` and `[stores.upstream_tls]`: from files to TLS that works.
//!
//! Invariant: a private key comes from a file that nobody but its owner can read; no problem shows anything of it.

use std::path::Path;

use zeroize::Zeroizing;

use super::Listener;
use super::keys::PRIVATE_MODES;
use super::raw::{At, RawClients, RawTls, RawTlsMode, RawUpstreamTls};
use super::report::Problem;
use super::world::World;
use crate::front::tls::{
    Credentials, ListenerTls, PIN_BYTES, StoreTls, StoreTlsParts, TlsError, authorities, system_authorities,
};

/// Where files are, and what is said of them.
pub(super) struct Desk<'a, W> {
    pub(super) folder: &'a Path,
    pub(super) world: &'a W,
}

impl<W: World> Desk<'_, W> {
    /// TLS towards clients; `protocols` are offered by ALPN.
    pub(super) fn listener(
        &self,
        raw: &At<RawTls>,
        protocols: &[&[u8]],
        problems: &mut Vec<Problem>,
    ) -> Option<Listener> {
        let own = self.credentials(raw.value.certificate.as_ref(), raw.value.key.as_ref(), problems);
        let clients = raw.value.client_ca.as_ref().map(|file| {
            let text = self.file(file, problems)?;
            said(authorities(&text), file, problems)
        });
        let is_asked_only =
            matches!(raw.value.clients.as_ref().map(|word| word.value), Some(RawClients::Ask));
        if let (Some(word), None) = (&raw.value.clients, &raw.value.client_ca) {
            let problem = word.problem("`clients` speaks of certificates, and there is no `client_ca`");
            problems.push(problem.help("name the authorities: `client_ca = \"employees.pem\"`"));
        }
        let clients = match clients {
            None => None,
            Some(authorities) => Some((authorities?, !is_asked_only)),
        };
        let file = raw.value.certificate.as_ref()?;
        let tls = said(ListenerTls::new(&own?, clients, protocols), file, problems)?;
        let is_required = !matches!(raw.value.mode.as_ref().map(|word| word.value), Some(RawTlsMode::Allow));
        Some(Listener { is_required, has_client_ca: raw.value.client_ca.is_some(), tls })
    }

    /// TLS towards a store that is known as `host`.
    pub(super) fn store(
        &self,
        raw: &At<RawUpstreamTls>,
        host: Option<&str>,
        protocols: &[&[u8]],
        problems: &mut Vec<Problem>,
    ) -> Option<StoreTls> {
        let RawUpstreamTls { ca, server_name, pin, certificate, key } = &raw.value;
        let before = problems.len();
        if let Some(pin) = pin
            && let Some(other) = ca.as_ref().or(server_name.as_ref())
        {
            let problem =
                other.problem("a pinned certificate is known by itself, and this would not be looked at");
            problems.push(problem.help(format!("leave it out, or leave `{}` out", pin.key)));
        }
        let own = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => self.credentials(Some(certificate), Some(key), problems),
            (Some(one), None) | (None, Some(one)) => {
                let problem = one.problem("`certificate` and `key` go together");
                problems.push(problem.help("name both files, or neither"));
                None
            }
        };
        let known_by = pin.as_ref().map(|pin| pinned(pin, problems));
        let authorities = match (ca, pin) {
            (_, Some(_)) => Some(rustls::RootCertStore::empty()),
            (Some(file), None) => {
                self.file(file, problems).and_then(|text| said(authorities(&text), file, problems))
            }
            (None, None) => said(system_authorities(), raw, problems),
        };
        if problems.len() > before {
            return None;
        }
        let name = server_name.as_ref().map(|name| name.value.as_str()).or(host)?;
        let pin = known_by.flatten();
        let parts = StoreTlsParts { authorities: authorities?, pin, name, own, protocols };
        match server_name {
            Some(written) => said(StoreTls::new(parts), written, problems),
            None => said(StoreTls::new(parts), raw, problems),
        }
    }

    fn credentials(
        &self,
        certificate: Option<&At<String>>,
        key: Option<&At<String>>,
        problems: &mut Vec<Problem>,
    ) -> Option<Credentials> {
        let chain = certificate.and_then(|file| self.file(file, problems));
        let secret = key.and_then(|file| self.private(file, problems));
        let (chain, secret, certificate, key) = (chain?, secret?, certificate?, key?);
        let credentials = Credentials::new(&chain, &secret);
        let blamed = match &credentials {
            Err(TlsError::NoKey | TlsError::WrongKey) => key,
            _ => certificate,
        };
        said(credentials, blamed, problems)
    }

    /// The content of a file.
    pub(super) fn file(&self, file: &At<String>, problems: &mut Vec<Problem>) -> Option<Zeroizing<Vec<u8>>> {
        Some(self.read(file, problems)?.bytes)
    }

    /// The content of a file that nobody but its owner can read.
    pub(super) fn private(
        &self,
        file: &At<String>,
        problems: &mut Vec<Problem>,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let content = self.read(file, problems)?;
        if PRIVATE_MODES.contains(&content.mode) {
            return Some(content.bytes);
        }
        let shown = self.folder.join(&file.value).display().to_string();
        let problem = file.problem(format!("the file `{shown}` has mode {:04o}", content.mode));
        problems.push(problem.help(format!("let nobody else read it: `chmod 0600 {shown}`")));
        None
    }

    fn read(&self, file: &At<String>, problems: &mut Vec<Problem>) -> Option<super::FileContent> {
        let path = self.folder.join(&file.value);
        let read = self.world.read(&path).map_err(|error| {
            file.problem(format!("the file `{}` cannot be read: {}", path.display(), error.kind()))
        });
        read.map_err(|problem| problems.push(problem)).ok()
    }
}

fn said<T, U>(result: Result<T, TlsError>, blamed: &At<U>, problems: &mut Vec<Problem>) -> Option<T> {
    result.map_err(|error| problems.push(blamed.problem(error.to_string()))).ok()
}

/// A pin from its hexadecimal digits; colons between them are as good as none.
fn pinned(written: &At<String>, problems: &mut Vec<Problem>) -> Option<[u8; PIN_BYTES]> {
    let digits: Option<Vec<u8>> = written
        .value
        .chars()
        .filter(|character| *character != ':')
        .map(|character| character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let bytes = digits.and_then(|digits| {
        let pairs = digits.chunks_exact(2).filter_map(|pair| match pair {
            [high, low] => Some((high << 4) | low),
            _ => None,
        });
        let bytes: Vec<u8> = pairs.collect();
        (digits.len() == 2 * PIN_BYTES).then_some(bytes)
    });
    let pin = bytes.and_then(|bytes| bytes.try_into().ok());
    if pin.is_none() {
        let problem = written.problem("a pin is the SHA-256 of a certificate: 64 hexadecimal digits");
        problems.push(problem.help("`openssl x509 -in FILE -outform DER | sha256sum` prints it"));
    }
    pin
}
