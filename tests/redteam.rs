//! The open half of the black-box leak suite, where it is there: beside this folder, in `../shared/redteam`.
//!
//! It speaks the wire protocol as an ordinary employee and judges what comes back: no raw value in any encoding,
//! and the same bytes from worlds that differ only below the cells; honest statements against a coarsened copy.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
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

/// The suite, its store, and the proxy in front of it: once as it is, and once with statements that are sent plainly.
fn start() -> Option<(PathBuf, Store, Proxy)> {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/redteam");
    if !suite.join("leak.py").is_file() || !has_program("python3") {
        eprintln!("SKIPPED: the red-team suite is not there ({})", suite.display());
        return None;
    }
    let store = Store::start(&suite);
    let policy = std::fs::read_to_string(suite.join("policy.toml")).expect("the suite has a policy");
    let upstream = format!("127.0.0.1:{}", store.port());
    let policy = policy.replace("@STORE@", &upstream).replace("@LISTEN@", "127.0.0.1:0");
    let (head, fast) = policy.split_at(policy.find("[[stores]]").expect("it has a store"));
    let plain = fast.replace("\"redteam\"", "\"plain\"\nstatements = \"plain\"");
    let proxy = Proxy::start(&[head, fast, &plain].concat());
    Some((suite, store, proxy))
}

#[test]
fn nothing_leaks_and_honest_statements_are_answered() {
    let Some((suite, store, proxy)) = start() else { return };
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

/// The statements of the suite that ask the same thing twice and get the same answer, each with its number.
fn statements(suite: &Path, store: &Store) -> Vec<(String, Vec<String>)> {
    let first = "SELECT host(ip) || ' ' || user_id FROM logins WHERE family(ip) = 4 ORDER BY id LIMIT 1";
    let first = psql(store.port().parse().unwrap(), "postgres", "rtsuper", &[first.to_owned()]);
    let (ip, user) = first.trim().split_once(' ').unwrap_or_else(|| panic!("no login: {first}"));
    let (network, _) = ip.rsplit_once('.').unwrap();
    let mut found = Vec::new();
    for name in ["utility.jsonl", "attacks.jsonl"] {
        let file = std::fs::read_to_string(suite.join(name)).expect("the suite has statements");
        let raw = [("@ip0@", ip), ("@mid0@", ip), ("@ip24@", network), ("@uid0@", user)];
        let file = raw.iter().fold(file, |file, (mark, value)| file.replace(mark, value));
        for line in file.lines() {
            let one: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
            let is_chance = ["nondet", "timing", "big", "priv"].iter().any(|word| one.get(word).is_some());
            let steps = one["steps"].as_array().map_or(&[][..], Vec::as_slice);
            let asked: Option<Vec<String>> = steps
                .iter()
                .map(|step| {
                    step.as_object().filter(|it| it.len() == 1)?.get("q")?.as_str().map(str::to_owned)
                })
                .collect();
            // EXPLAIN tells what is sent.
            let is_same = |text: &String| !text.contains('\0') && !text.contains("EXPLAIN");
            let asked = asked.filter(|asked| !is_chance && asked.iter().all(is_same));
            found.extend(asked.map(|asked| (format!("{name} {}", one["id"]), asked)));
        }
    }
    found
}

/// What psql says to some statements, in one session.
fn psql(port: u16, user: &str, password: &str, statements: &[String]) -> String {
    let mut psql = Command::new("psql");
    psql.args(["-X", "-At", "-h", "127.0.0.1", "-p", &port.to_string(), "-U", user, "-d", "rt_a"]);
    for statement in statements {
        psql.args(["-c", statement]);
    }
    let output = psql.env("PGPASSWORD", password).output().expect("psql runs");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What is treated late, and conditions for indexes, change nothing: values, order, errors.
#[test]
fn every_statement_is_answered_as_it_is_plainly() {
    let Some((suite, store, proxy)) = start() else { return };
    let port = |name: &str| proxy.listeners.iter().find(|(store, _)| store == name).unwrap().1.port();
    let statements = statements(&suite, &store);
    assert!(statements.len() > 250, "{}", statements.len());
    let differ = |(name, asked): &(String, Vec<String>)| {
        let answer = |store| psql(port(store), "rt_employee", "rtpw", asked);
        let (fast, plain) = (answer("redteam"), answer("plain"));
        (fast != plain).then(|| format!("{name} {asked:?}\n{fast:.600}\n{plain:.600}"))
    };
    let differing: Vec<String> = statements.iter().filter_map(differ).collect();
    assert!(differing.is_empty(), "{} differ\n{}", differing.len(), differing.join("\n"));
}
