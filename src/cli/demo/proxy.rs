//! The proxy of the demonstration: `config/demo.toml`, started as `run` starts a policy file.
//!
//! Three things differ from a deployment: the key is made here and never leaves memory, the listeners take free ports,
//! and the upstreams are the sample stores.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::app::config::{Config, FileContent, LoadError, PostgresUpstream, Source, StoreKind, World};
use crate::app::{self, Running};
use crate::cli::Error;

/// The policy file, as it was when the program was built.
const POLICY: &str = include_str!("../../../config/demo.toml");
const KEY_VARIABLE: &str = "SFUMATO_KEY";

/// Starts the proxy in front of the HTTP store.
pub(super) async fn http(keys: &Fresh, upstream: SocketAddr) -> Result<Running, Error> {
    let upstream: http::Uri = format!("http://{upstream}").parse()?;
    start(keys, |kind| match kind {
        StoreKind::Http(http) => {
            http.upstream = upstream.clone();
            true
        }
        StoreKind::Postgres(_) => false,
    })
    .await
}

/// Starts the proxy in front of a database server, by the folder of its socket.
pub(super) async fn postgres(keys: &Fresh, folder: &Path) -> Result<Running, Error> {
    start(keys, |kind| match kind {
        StoreKind::Postgres(postgres) => {
            postgres.upstream = PostgresUpstream::Unix { folder: folder.to_owned(), port: 5432 };
            true
        }
        StoreKind::Http(_) => false,
    })
    .await
}

/// Serves those stores of the policy that `lead` leads to where they are.
async fn start(keys: &Fresh, lead: impl Fn(&mut StoreKind) -> bool) -> Result<Running, Error> {
    let source = Source { name: "config/demo.toml".to_owned(), text: POLICY.to_owned() };
    let mut config = Config::parse(&source, Path::new(""), keys).map_err(LoadError::Invalid)?;
    config.stores.retain_mut(|store| {
        store.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        lead(&mut store.kind)
    });
    Ok(app::start(config).await?)
}

/// A machine without files, whose environment has one fresh key.
pub(super) struct Fresh {
    key: Zeroizing<String>,
}

impl Fresh {
    /// Makes the key.
    pub(super) fn new() -> io::Result<Self> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(key.as_mut_slice()).map_err(io::Error::other)?;
        Ok(Self { key: Zeroizing::new(STANDARD.encode(key)) })
    }
}

impl World for Fresh {
    fn read(&self, _: &Path) -> io::Result<FileContent> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        (name == KEY_VARIABLE).then(|| self.key.clone())
    }
}
