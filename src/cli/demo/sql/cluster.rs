//! A private PostgreSQL server in a temporary folder, reached through its socket alone.
//!
//! Invariant: whatever way the program ends by itself, the server is stopped and the folder removed.
//! Run as root, the server's programs run as `postgres` or `nobody`, since they refuse to run as root.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::app::config::{Machine, World as _};

/// The superuser of the cluster.
pub(super) const SUPERUSER: &str = "postgres";
/// The socket in the folder of the cluster; the port is only a part of its name.
pub(super) const SOCKET: &str = ".s.PGSQL.5432";

/// Where Debian and Red Hat put the programs, a folder for each version.
const VERSIONED: [(&str, &str); 2] = [("/usr/lib/postgresql", ""), ("/usr", "pgsql-")];
/// Whom the server may run as when we are root, the first that there is.
const SERVANTS: [&str; 2] = ["postgres", "nobody"];

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClusterError {
    #[error("no server programs (`initdb`, `pg_ctl`) are found here")]
    NoPrograms,
    #[error("the server does not run as root, and there is neither `postgres` nor `nobody` to run it")]
    NoServant,
    #[error("no temporary folder: {0}")]
    Folder(io::Error),
    #[error("`{0}` failed")]
    Program(&'static str),
}

/// A running server.
#[derive(Debug)]
pub(super) struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    /// User and group that the server runs as, if not as ourselves.
    servant: Option<(u32, u32)>,
    is_started: bool,
}

impl Cluster {
    /// Makes and starts a server; takes some seconds.
    pub(super) fn start() -> Result<Self, ClusterError> {
        let programs = programs().ok_or(ClusterError::NoPrograms)?;
        let folder = fresh_folder().map_err(ClusterError::Folder)?;
        let mut cluster = Self { folder, programs, servant: None, is_started: false };
        let owner = fs::metadata(&cluster.folder).map_err(ClusterError::Folder)?.uid();
        if owner == 0 {
            let (user, group) =
                SERVANTS.iter().find_map(|name| servant(name)).ok_or(ClusterError::NoServant)?;
            chown(&cluster.folder, Some(user), Some(group)).map_err(ClusterError::Folder)?;
            cluster.servant = Some((user, group));
        }
        cluster.run("initdb", &["-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"])?;
        let settings = format!(
            "listen_addresses = ''\nport = 5432\nunix_socket_directories = '{}'\nfsync = off\nautovacuum = off\n\
             max_connections = 30\nlog_min_messages = fatal\n",
            cluster.folder.display()
        );
        fs::write(cluster.data().join("postgresql.auto.conf"), settings).map_err(ClusterError::Folder)?;
        cluster.is_started = true;
        let log = cluster.folder.join("log").display().to_string();
        cluster.run("pg_ctl", &["start", "-s", "-w", "-l", &log])?;
        Ok(cluster)
    }

    /// The folder of the socket.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn run(&self, program: &'static str, arguments: &[&str]) -> Result<(), ClusterError> {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-D").arg(self.data()).args(arguments).current_dir("/");
        // An interrupt of ours is for us to pass on.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((user, group)) = self.servant {
            command.gid(group).uid(user);
        }
        let ended = command.status().map_err(|_| ClusterError::Program(program))?;
        if ended.success() { Ok(()) } else { Err(ClusterError::Program(program)) }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.is_started {
            let _stopped_already = self.run("pg_ctl", &["stop", "-s", "-w", "-m", "immediate"]);
        }
        let _gone = fs::remove_dir_all(&self.folder);
    }
}

/// A new folder that nobody else can look into.
fn fresh_folder() -> io::Result<PathBuf> {
    let mut random = [0; 6];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let name: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let parent =
        Machine.variable("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), |it| PathBuf::from(it.as_str()));
    let folder = parent.join(format!("sfumato-{name}"));
    DirBuilder::new().mode(0o700).create(&folder)?;
    Ok(folder)
}

/// User and group id of an account of this machine.
fn servant(name: &str) -> Option<(u32, u32)> {
    let accounts = fs::read_to_string("/etc/passwd").ok()?;
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (account, user, group) = (fields.next()?, fields.nth(1)?, fields.next()?);
        (account == name).then_some((user.parse().ok()?, group.parse().ok()?))
    })
}

/// The folder of the server's programs: on the search path, or the newest of where packages put them.
fn programs() -> Option<PathBuf> {
    let path = Machine.variable("PATH").map(|path| path.to_string()).unwrap_or_default();
    let on_path = path.split(':').map(PathBuf::from).find(|folder| is_complete(folder));
    on_path.or_else(|| {
        let mut versions: Vec<(u32, PathBuf)> =
            VERSIONED.iter().flat_map(|it| installed(it.0, it.1)).collect();
        versions.sort();
        versions.pop().map(|(_, folder)| folder)
    })
}

fn installed(parent: &str, prefix: &str) -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let versions = entries.filter_map(|entry| {
        let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
        Some((version, entry.path().join("bin")))
    });
    versions.filter(|(_, folder)| is_complete(folder)).collect()
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).is_file())
}
