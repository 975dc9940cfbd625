//! The audit trail of the whole binary: nothing raw in it, nothing answered without it, and it holds after
//! whatever happens to the process.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic, and shares its support"
)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Proxy, RawStore, sfumato};

const PERSON: &str = "b7c1f3a0-1111-4222-8333-444455556666";

/// What must not be in a trail, whatever is asked and answered.
const CANARIES: [&str; 6] =
    ["203.0.113.77", "113.77", "b7c1f3a0", "13.40512", "canary-alias", "198.51.100.9"];

const RECORD: &str =
    r#"{"ip":"203.0.113.77","user_id":"b7c1f3a0-1111-4222-8333-444455556666","lat":13.40512}"#;

fn config(store: &RawStore, audit: &str) -> String {
    format!(
        r#"
[keys]
current = "test"
[keys.ring]
"test" = {{ file = "@KEY@" }}
[treatments]
coarse-ip = {{ truncate = {{ ipv4 = 16, ipv6 = 32 }} }}
person = {{ tokenize = {{ domain = "person" }} }}
area = {{ grid = {{ degrees = 0.1 }} }}
[timeouts]
upstream_timeout_ms = 900
drain_timeout_ms = 2000
[[stores]]
name = "events"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "http://{}"
[stores.fields]
"$..ip" = "coarse-ip"
"$..user_id" = "person"
"$..lat" = "area"
[[stores.routes]]
methods = ["GET"]
path = "/v1/{{case}}"
params = {{ case = "pass", ip = "coarse-ip", user_id = "person" }}
[[stores.routes]]
methods = ["POST"]
path = "/in"
body = "treat"
[audit]
{audit}
"#,
        store.address
    )
}

/// A store that answers every path: `/v1/stream...` as a long stream, `/v1/broken` with garbage.
fn store() -> RawStore {
    RawStore::start(|target, stream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
        let rows = |count| format!("[{}{RECORD}]", format!("{RECORD},").repeat(count));
        let answer = match target.split('?').next().unwrap_or(target) {
            "/v1/stream" => format!("{head}Connection: close\r\n\r\n{}", rows(5_000)),
            "/v1/cut" => format!("{head}Connection: close\r\n\r\n{},", rows(5_000).trim_end_matches(']')),
            "/v1/broken" => format!("{head}Content-Length: 9\r\n\r\n{{\"ip\":bad}}"),
            _ => format!("{head}Content-Length: {}\r\n\r\n{RECORD}", RECORD.len()),
        };
        let _client_gone = stream.write_all(answer.as_bytes());
    })
}

fn started(audit: &str) -> (RawStore, Proxy, PathBuf) {
    let store = store();
    let proxy = Proxy::start(&config(&store, audit));
    let trail = proxy.folder().join("audit.jsonl");
    (store, proxy, trail)
}

/// The entries of a trail that the operator sees.
fn shown(trail: &Path, arguments: &[&str]) -> Vec<Value> {
    let mut all = vec!["audit", "show", trail.to_str().unwrap(), "--format", "json"];
    all.extend(arguments);
    let output = sfumato(&all);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn entries(trail: &Path) -> Vec<Value> {
    shown(trail, &["--store", "events"])
}

fn verify(trail: &Path, config: &Path) -> Output {
    sfumato(&["audit", "verify", trail.to_str().unwrap(), "--config", config.to_str().unwrap()])
}

fn holds(trail: &Path, config: &Path) -> String {
    let output = verify(trail, config);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text
}

fn is_clean(trail: &Path) {
    let text = std::fs::read_to_string(trail).unwrap();
    for canary in CANARIES {
        assert!(!text.contains(canary), "`{canary}` is in the trail: {text}");
    }
}

/// Waits until the trail has that many entries.
fn waited(trail: &Path, count: usize) -> Vec<Value> {
    let begin = Instant::now();
    loop {
        let entries = entries(trail);
        if entries.len() >= count || begin.elapsed() > Duration::from_secs(5) {
            return entries;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn everything_is_on_record_and_nothing_raw() {
    let (_store, mut proxy, trail) = started("file = \"audit.jsonl\"");
    let answer = proxy.get("/v1/logins");
    let token = answer.split("\"user_id\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let expected = [
        ("/v1/logins", "answered", "", "200"),
        ("/v1/logins?ip=203.0.0.0/16", "answered", "", "200"),
        ("/v1/logins?ip=203.0.113.77", "refused", "parameter", "403"),
        ("/v1/logins?canary-alias=203.0.113.77", "refused", "undeclared-parameter", "400"),
        ("/v1/logins?%zz=203.0.113.77", "refused", "malformed-query", "400"),
        (&format!("/v1/logins?user_id={token}"), "answered", "", "200"),
        (&format!("/v1/logins?user_id={PERSON}"), "refused", "parameter", "403"),
        ("/203.0.113.77", "refused", "unknown-route", "404"),
        ("/v1/../203.0.113.77", "refused", "ambiguous-path", "400"),
        ("/v1/broken", "refused", "malformed-answer", "502"),
        ("/v1/198.51.100.9", "answered", "", "200"),
    ];
    for (target, _, _, status) in &expected[1..] {
        let answer = proxy.get(target);
        assert_eq!(answer.split(' ').nth(1), Some(*status), "{target}: {answer}");
    }
    let post = format!(
        "POST /in HTTP/1.1\r\nHost: 203.0.113.77\r\nConnection: close\r\nUser-Agent: canary-alias\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{RECORD}",
        RECORD.len()
    );
    proxy.exchange(post.as_bytes());
    let entries = entries(&trail);
    for (entry, (target, decision, reason, status)) in entries.iter().zip(&expected) {
        assert_eq!(entry["decision"], *decision, "{target}: {entry}");
        assert_eq!(entry["reason"].as_str().unwrap_or(""), *reason, "{target}: {entry}");
        assert_eq!(entry["status"].to_string(), *status, "{target}: {entry}");
    }
    assert_eq!(entries.len(), expected.len() + 1);
    assert_eq!(entries[1]["shape"], "GET /v1/{case} ip");
    assert_eq!(entries[3]["shape"], "GET /v1/{case} ?");
    assert_eq!(entries[7]["shape"], Value::Null);
    assert_eq!(entries[0]["treated"]["coarse-ip"], 1);
    assert_eq!(entries[0]["fields"][0]["field"], "$..ip");
    assert!(entries[0]["from"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert_eq!(entries[11]["shape"], "POST /in");
    // Asked by the token that an answer showed, and asked by the raw identifier, which was refused: one person.
    let about = shown(&trail, &["--subject", &token]);
    let decisions: Vec<&str> = about.iter().map(|entry| entry["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["answered", "refused"]);
    proxy.signal("TERM");
    assert!(proxy.wait().success());
    is_clean(&trail);
    let verdict = holds(&trail, &proxy.config());
    assert!(verdict.contains("the key vouches for every line"), "{verdict}");
    assert!(!verdict.contains("not closed"), "{verdict}");
}

#[test]
fn streams_are_on_record_when_they_begin_and_when_they_end() {
    let (_store, proxy, trail) = started("file = \"audit.jsonl\"");
    assert!(proxy.get("/v1/stream").ends_with("0\r\n\r\n"));
    assert!(!proxy.get("/v1/cut").ends_with("0\r\n\r\n"));
    let mut gone = TcpStream::connect(proxy.address()).unwrap();
    gone.write_all(b"GET /v1/stream HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    gone.read_exact(&mut [0; 100]).unwrap();
    drop(gone);
    let entries = waited(&trail, 6);
    let decisions: Vec<(&str, &str)> = entries
        .iter()
        .map(|entry| (entry["decision"].as_str().unwrap(), entry["reason"].as_str().unwrap_or("")))
        .collect();
    let expected = [
        ("begun", ""),
        ("answered", ""),
        ("begun", ""),
        ("cut", "malformed"),
        ("begun", ""),
        ("cut", "client-gone"),
    ];
    assert_eq!(decisions, expected);
    for pair in entries.chunks(2) {
        assert_eq!(pair[1]["begun"], pair[0]["seq"]);
    }
    assert_eq!(entries[1]["treated"]["person"], 5_001);
    is_clean(&trail);
}

/// A busy proxy is killed at moments that nobody chose; each time its trail goes on where it ended.
#[test]
fn killed_at_any_moment_the_trail_holds() {
    let store = store();
    let folder = tempfile::tempdir().unwrap();
    let trail = folder.path().join("audit.jsonl");
    let audit = format!("file = {trail:?}\nmax_file_bytes = 65536");
    let key = folder.path().join("key");
    assert!(sfumato(&["keygen", key.to_str().unwrap()]).status.success());
    let config_file = folder.path().join("sfumato.toml");
    std::fs::write(&config_file, config(&store, &audit).replace("@KEY@", key.to_str().unwrap())).unwrap();
    let mut answers = 0;
    for round in 0_u64..6 {
        let (mut child, address) = run(&config_file, &[]);
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let address = address.clone();
                std::thread::spawn(move || asks_until_refused(&address))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(60 + round * 37));
        child.kill().unwrap();
        child.wait().unwrap();
        answers += clients.into_iter().map(|client| client.join().unwrap()).sum::<usize>();
        holds(&trail, &config_file);
    }
    let answered = entries(&trail).iter().filter(|entry| entry["decision"] == "answered").count();
    assert!(answers > 50, "{answers} answers");
    assert!(answered >= answers, "{answers} answers were received, {answered} are on record");
    // One byte in the middle of all that.
    let (part, text) = part_with(folder.path(), "answered");
    std::fs::write(&part, text.replacen("answered", "answerev", 1)).unwrap();
    let output = verify(&trail, &config_file);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("was changed"), "{output:?}");
}

/// A file of the trail that holds `word`, and its text: the newest may just have been begun.
fn part_with(folder: &Path, word: &str) -> (PathBuf, String) {
    let parts = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut texts = parts
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("audit")))
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()));
    texts.find(|(_, text)| text.contains(word)).unwrap()
}

/// How many whole answers one connection after the other gets until there is nobody to answer.
fn asks_until_refused(address: &str) -> usize {
    let mut whole = 0;
    while let Ok(mut stream) = TcpStream::connect(address) {
        let mut answer = Vec::new();
        let asked = stream.write_all(b"GET /v1/logins HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        if asked.is_ok()
            && stream.read_to_end(&mut answer).is_ok()
            && answer.starts_with(b"HTTP/1.1 200")
            && answer.ends_with(b"}")
        {
            whole += 1;
        }
    }
    whole
}

/// Starts `sfumato run`, through `shell` words if there are any.
fn run(config: &Path, shell: &[&str]) -> (Child, String) {
    let binary = env!("CARGO_BIN_EXE_sfumato");
    let script = format!("{}; exec {binary} run --config {}", shell.join("; "), config.display());
    let mut command = if shell.is_empty() {
        let mut command = Command::new(binary);
        command.args(["run", "--config"]).arg(config);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", &script]);
        command
    };
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
        .unwrap();
    let address = line.trim().rsplit("addr=").next().unwrap().to_owned();
    (child, address)
}

fn get(address: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _cut = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// A limit on the size of files stands in for a full disk: the write fails half-way.
#[test]
fn what_cannot_be_recorded_is_not_answered() {
    for (on_failure, expected) in [("refuse", "503"), ("count", "200")] {
        let store = store();
        let folder = tempfile::tempdir().unwrap();
        let trail = folder.path().join("audit.jsonl");
        let key = folder.path().join("key");
        assert!(sfumato(&["keygen", key.to_str().unwrap()]).status.success());
        let config_file = folder.path().join("sfumato.toml");
        let text = config(&store, &format!("file = {trail:?}\non_failure = \"{on_failure}\""));
        std::fs::write(&config_file, text.replace("@KEY@", key.to_str().unwrap())).unwrap();
        let (mut child, address) = run(&config_file, &["trap '' XFSZ", "ulimit -f 8"]);
        let mut first_failure = None;
        for number in 0..40 {
            let answer = get(&address, "/v1/logins");
            let status = answer.split(' ').nth(1).unwrap_or("none").to_owned();
            if status != "200" {
                first_failure.get_or_insert(number);
                assert_eq!(status, expected, "{answer}");
                assert!(answer.contains("urn:sfumato:refusal:unrecorded"), "{answer}");
                assert!(!answer.contains("203.0"), "{answer}");
            }
        }
        assert_eq!(first_failure.is_some(), on_failure == "refuse");
        // A stream cannot begin either.
        let stream = get(&address, "/v1/stream");
        assert_eq!(stream.split(' ').nth(1), Some(expected));
        child.kill().unwrap();
        child.wait().unwrap();
        holds(&trail, &config_file);
        // With room again the trail goes on.
        let (mut child, address) = run(&config_file, &[]);
        assert!(get(&address, "/v1/logins").contains("203.0.0.0/16"));
        child.kill().unwrap();
        child.wait().unwrap();
        holds(&trail, &config_file);
    }
}

/// The volume is full, and the operator takes the file away: the room that it takes must come free.
#[test]
fn a_full_volume_from_which_the_trail_is_removed_is_written_to_again() {
    let store = store();
    let folder = tempfile::tempdir().unwrap();
    let (volume, key) = (folder.path().join("volume"), folder.path().join("key"));
    std::fs::create_dir(&volume).unwrap();
    assert!(sfumato(&["keygen", key.to_str().unwrap()]).status.success());
    let config_file = folder.path().join("sfumato.toml");
    let text = config(&store, &format!("file = {:?}", volume.join("audit.jsonl")));
    std::fs::write(&config_file, text.replace("@KEY@", key.to_str().unwrap())).unwrap();
    // A small volume of its own, which nobody else sees and which is gone with the process.
    let mount = format!("mount -t tmpfs -o size=64k none {}", volume.display());
    if !Command::new("unshare").args(["-m", "sh", "-c", &mount]).status().is_ok_and(|done| done.success()) {
        eprintln!("no volume can be mounted here: nothing tested");
        return;
    }
    let binary = env!("CARGO_BIN_EXE_sfumato");
    let script = format!("{mount}; exec {binary} run --config {}", config_file.display());
    let (mut child, address) = run(&config_file, &[&format!("exec unshare -m sh -c '{script}'")]);
    let within = PathBuf::from(format!("/proc/{}/root{}", child.id(), volume.display()));
    let answers = |count: u32| {
        let one = |_| get(&address, "/v1/logins").contains("203.0.0.0/16");
        (0..count).map(one).filter(|is_answered| *is_answered).count()
    };
    assert!(answers(400) < 400, "it is full");
    assert_eq!(answers(3), 0);
    std::fs::remove_file(within.join("audit.jsonl")).unwrap();
    // Where the file stands is looked at every second.
    std::thread::sleep(Duration::from_millis(1_500));
    let _the_first_find_it_out = answers(2);
    assert_eq!(answers(10), 10);
    let copy = folder.path().join("copy.jsonl");
    std::fs::copy(within.join("audit.jsonl"), &copy).unwrap();
    let text = holds(&copy, &config_file);
    assert!(text.contains("the trail holds"), "{text}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_trail_that_cannot_be_written_is_no_start() {
    let store = store();
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    assert!(sfumato(&["keygen", key.to_str().unwrap()]).status.success());
    let config_file = folder.path().join("sfumato.toml");
    let broken = folder.path().join("broken.jsonl");
    std::fs::write(&broken, "{\"seq\":0}\n").unwrap();
    let cases = [
        ("/no/such/folder/audit.jsonl".to_owned(), "cannot be opened"),
        ("/dev/full".to_owned(), "no regular file"),
        (broken.display().to_string(), "cannot go on"),
    ];
    for (file, expected) in cases {
        let text = config(&store, &format!("file = {file:?}")).replace("@KEY@", key.to_str().unwrap());
        std::fs::write(&config_file, text).unwrap();
        let output = sfumato(&["run", "--config", config_file.to_str().unwrap()]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(expected), "{error}");
        assert!(output.stdout.is_empty(), "nothing was served");
    }
}

#[test]
fn a_new_policy_is_named_in_the_trail() {
    let (_store, proxy, trail) = started("file = \"audit.jsonl\"");
    proxy.get("/v1/logins");
    let text = std::fs::read_to_string(proxy.config()).unwrap();
    std::fs::write(proxy.config(), text.replace("ipv4 = 16", "ipv4 = 8")).unwrap();
    proxy.signal("HUP");
    let begin = Instant::now();
    while shown(&trail, &[]).len() < 3 && begin.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(20));
    }
    // The line comes first; on a busy machine an exchange may still follow the old policy.
    while !proxy.get("/v1/logins").contains("203.0.0.0/8") {
        assert!(begin.elapsed() < Duration::from_secs(10), "the new policy is not in force");
    }
    let lines = shown(&trail, &[]);
    let kinds: Vec<&str> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.get(..4), Some(&["opened", "exchange", "continued", "exchange"][..]));
    assert!(kinds.iter().skip(4).all(|kind| *kind == "exchange"), "{kinds:?}");
    assert_ne!(lines[0]["policy"], lines[2]["policy"]);
    holds(&trail, &proxy.config());
}
