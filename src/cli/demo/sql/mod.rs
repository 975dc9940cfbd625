//! The act with a database: a private PostgreSQL server with the same people, asked directly and through the proxy.
//!
//! Where there are no server programs this act is left out, with a line that says so.

mod cluster;
mod load;
mod story;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cluster::{Cluster, ClusterError, SOCKET, SUPERUSER};
use load::{ANALYST, DATABASE};
use tokio::task::JoinHandle;

use super::people::World;
use super::proxy::{self, Fresh};
use crate::app::Running;
use crate::cli::Error;
use crate::front::postgres::{Login, Own, OwnError, Upstream};

pub(super) use story::{invite, tell};

const PATIENCE: Duration = Duration::from_secs(30);

/// A database that is being made.
pub(super) struct Coming(JoinHandle<Result<Cluster, ClusterError>>);

/// The database and the proxy before it, each with a connection of an analyst.
pub(super) struct Stage {
    // Asked first, ended first: what is connected goes before the server does.
    pub(super) raw: Own,
    pub(super) coarse: Own,
    proxy: Running,
    address: SocketAddr,
    cluster: Cluster,
}

/// Begins to make a database while the rest of the story is told.
pub(super) fn prepare() -> Coming {
    Coming(tokio::task::spawn_blocking(Cluster::start))
}

impl Coming {
    /// Waits for the database, fills it, and puts the proxy before it.
    pub(super) async fn stage(self, keys: &Fresh, world: &Arc<World>) -> Result<Stage, Error> {
        let cluster = self.0.await??;
        let socket = Upstream::Unix(cluster.folder().join(SOCKET));
        let mut first = open(&socket, SUPERUSER, "postgres").await?;
        first.ask(&format!("CREATE ROLE {ANALYST} LOGIN")).await?;
        first.ask(&format!("CREATE DATABASE {DATABASE}")).await?;
        load::load(&mut open(&socket, SUPERUSER, DATABASE).await?, world).await?;
        let proxy = proxy::postgres(keys, cluster.folder()).await?;
        let (_, address) =
            proxy.addresses().next().ok_or("the policy of the demonstration has no database")?;
        let listener = Upstream::Tcp { host: address.ip().to_string(), port: address.port() };
        let raw = open(&socket, ANALYST, DATABASE).await?;
        let coarse = open(&listener, ANALYST, DATABASE).await?;
        Ok(Stage { raw, coarse, proxy, address, cluster })
    }
}

impl Stage {
    /// Stops the proxy, then the server.
    pub(super) async fn end(self) {
        let Self { raw, coarse, proxy, cluster, .. } = self;
        drop((raw, coarse));
        proxy.stop().await;
        drop(cluster);
    }

    /// How psql reaches the database, and the proxy before it.
    fn commands(&self) -> (String, String) {
        let who = format!("-U {ANALYST} {DATABASE}");
        let direct = format!("psql -h {} {who}", self.cluster.folder().display());
        (direct, format!("psql -h {} -p {} {who}", self.address.ip(), self.address.port()))
    }
}

async fn open(upstream: &Upstream, user: &str, database: &str) -> Result<Own, OwnError> {
    let login = Login { user: user.to_owned(), password: None, database: database.to_owned() };
    Own::open(upstream, &login, &[], PATIENCE).await
}
