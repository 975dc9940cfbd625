//! A private PostgreSQL server in a temporary folder: a unix socket and a free port, stopped when dropped.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A running server.
pub struct Cluster {
    folder: tempfile::TempDir,
    bin: PathBuf,
    /// Where it listens, on the loopback address and in the folder of its socket.
    pub port: u16,
}

/// The superuser of the cluster.
pub const SUPERUSER: &str = "postgres";

impl Cluster {
    /// Starts a server; `None`, with a word on standard error, where there are no binaries.
    pub fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// As [`Self::start`], with more lines for the server's settings.
    pub fn start_with(more: &str) -> Option<Self> {
        let Some(bin) = binaries() else {
            eprintln!("no PostgreSQL server binaries here: nothing tested");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").expect("a temporary folder");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self { folder, bin, port };
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(cluster.folder()));
        }
        run(&mut cluster
            .command("initdb", &["-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-sync", "-D"]));
        let settings = format!(
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nfsync = off\n\
             log_min_messages = fatal\nmax_connections = 300\n{more}",
            cluster.folder().display()
        );
        let file = cluster.data().join("postgresql.auto.conf");
        std::fs::write(file, settings).expect("the settings are written");
        cluster.control("start");
        Some(cluster)
    }

    /// The folder of the socket.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// The socket itself.
    pub fn socket(&self) -> PathBuf {
        self.folder().join(format!(".s.PGSQL.{}", self.port))
    }

    /// A client program, of the same version where it comes with the server, pointed at `port` on the loopback address.
    pub fn client(&self, program: &str, port: u16) -> Command {
        let own = self.bin.join(program);
        let installed = || installed().map_or_else(|| PathBuf::from(program), |bin| bin.join(program));
        let mut command = Command::new(if own.exists() { own } else { installed() });
        command.env("PGHOST", "127.0.0.1").env("PGPORT", port.to_string());
        command.env("PGUSER", SUPERUSER).env("PGDATABASE", "postgres").env("PGSSLMODE", "prefer");
        command
    }

    /// Runs a script directly, without a proxy, and fails on its first error.
    pub fn psql(&self, script: &str) -> String {
        let mut psql = self.client("psql", self.port);
        let output = run(psql.args(["-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-c", script]));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// `pg_ctl start`, `stop` or `reload`.
    pub fn control(&self, what: &str) {
        let log = self.folder().join("log").display().to_string();
        run(&mut self.command("pg_ctl", &["-s", "-w", "-m", "immediate", "-l", &log, what, "-D"]));
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.args(arguments).arg(self.data()).current_dir("/");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.data().join("postmaster.pid").exists() {
            let _gone = self.command("pg_ctl", &["-s", "-w", "-m", "immediate", "stop", "-D"]).status();
        }
    }
}

/// The folder of the programs of the server that was asked for, or of the newest.
fn binaries() -> Option<PathBuf> {
    std::env::var_os("PGBIN").map(PathBuf::from).or_else(installed)
}

/// The folder of the newest installed server's programs.
fn installed() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<PathBuf> = versions.flatten().map(|version| version.path().join("bin")).collect();
    folders.retain(|folder| folder.join("initdb").exists());
    folders.sort();
    folders.pop()
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

fn run(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().expect("the program runs");
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string().replace("\\n", "\n");
    assert!(output.status.success(), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
    output
}
