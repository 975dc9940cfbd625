//! The proxy of the demonstration: `config/demo.toml`, started as `run` starts a policy file.
//!
//! Three things differ from a deployment: the key is made here and never leaves memory, the listener takes a free port,
//! and the upstream is the sample store.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::app::config::{Config, FileContent, LoadError, Source, StoreKind, World};
use crate::app::{self, Running};
use crate::cli::Error;

/// The policy file, as it was when the program was built.
const POLICY: &str = include_str!("../../../config/demo.toml");
const KEY_VARIABLE: &str = "SFUMATO_KEY";

/// Starts the proxy in front of `upstream`.
pub(super) async fn start(upstream: SocketAddr) -> Result<Running, Error> {
    let source = Source { name: "config/demo.toml".to_owned(), text: POLICY.to_owned() };
    let mut config = Config::parse(&source, Path::new(""), &Fresh::new()?).map_err(LoadError::Invalid)?;
    for store in &mut config.stores {
        store.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        if let StoreKind::Http(http) = &mut store.kind {
            http.upstream = format!("http://{upstream}").parse()?;
        }
    }
    Ok(app::start(config).await?)
}

/// A machine without files, whose environment has one fresh key.
struct Fresh {
    key: Zeroizing<String>,
}

impl Fresh {
    fn new() -> io::Result<Self> {
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
