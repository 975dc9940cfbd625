//! The open half of the black-box leak suite, where it is there: beside this folder, in `../shared/redteam`.
//!
//! It speaks the wire protocol as an ordinary employee and judges what comes back: no raw value in any encoding,
//! and the same bytes from worlds that differ only below the cells; honest statements against a coarsened copy.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic and says loudly what it skips"
)]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::{Proxy, has_program};

/// A private cluster with the suite's fixture, stopped on drop.
struct Store {
    suite: PathBuf,
    folder: tempfile::TempDir,
    dsn: String,
}

impl Store {
    fn start(suite: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // The server runs as another user and must get in.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("it is ours");
        let output = leak(suite, &["--start-store", &folder.path().to_string_lossy()]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let dsn = said.lines().find_map(|line| line.strip_prefix("store: ")).map(str::to_owned);
        let dsn =
            dsn.unwrap_or_else(|| panic!("no store: {said}{}", String::from_utf8_lossy(&output.stderr)));
        Self { suite: suite.to_owned(), folder, dsn }
    }

    fn port(&self) -> &str {
        let port = self.dsn.split(' ').find_map(|pair| pair.strip_prefix("port="));
        port.expect("the DSN names a port")
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        leak(&self.suite, &["--stop-store", &self.folder.path().to_string_lossy()]);
    }
}

fn leak(suite: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("python3");
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(suite.join("leak.py")).args(arguments);
    command.output().expect("python3 runs")
}

#[test]
fn nothing_leaks_and_honest_statements_are_answered() {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/redteam");
    if !suite.join("leak.py").is_file() || !has_program("python3") {
        eprintln!("SKIPPED: the red-team suite is not there ({})", suite.display());
        return;
    }
    let store = Store::start(&suite);
    let policy = std::fs::read_to_string(suite.join("policy.toml")).expect("the suite has a policy");
    let upstream = format!("127.0.0.1:{}", store.port());
    let policy = policy.replace("@STORE@", &upstream).replace("@LISTEN@", "127.0.0.1:0");
    let proxy = Proxy::start(&policy);
    let employee =
        format!("host=127.0.0.1 port={} user=rt_employee password=rtpw dbname=rt_a", proxy.address().port());
    let output = leak(&suite, &["--store-dsn", &store.dsn, "--dsn", &employee, "--timeout", "60", "-v"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let summary = said.lines().find(|line| line.starts_with("leaks=")).unwrap_or_else(|| {
        panic!("the suite did not finish: {said}{}", String::from_utf8_lossy(&output.stderr))
    });
    assert!(summary.contains("(canary 0, "), "a raw value came out: {said}");
    let inferred = said.lines().filter(|line| line.starts_with("inferred "));
    assert_eq!(inferred.count(), 0, "{said}");
    let (right, all) = utility(summary).unwrap_or_else(|| panic!("no utility in `{summary}`"));
    assert!(right * 100 >= all * 95, "honest statements are lost: {said}");
}

/// `utility=71 of 71 (…)`.
fn utility(summary: &str) -> Option<(u32, u32)> {
    let mut words = summary.split_once("utility=")?.1.split(' ');
    Some((words.next()?.parse().ok()?, words.nth(1)?.parse().ok()?))
}
