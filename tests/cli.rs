//! The words of the operator, as a shell sees them: exit codes, both outputs, files.

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

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{Proxy, sfumato};

/// Exit code, standard output and standard error.
fn ran(args: &[&str]) -> (i32, String, String) {
    let output = sfumato(args);
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().to_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn written(folder: &Path, policy: &str) -> PathBuf {
    let key = folder.join("test.key");
    if !key.exists() {
        assert_eq!(ran(&["keygen", key.to_str().unwrap()]).0, 0);
    }
    let file = folder.join("policy.toml");
    fs::write(&file, policy).unwrap();
    file
}

const POLICY: &str = r#"
[keys]
current = "test"
ring.test = { file = "test.key" }
[treatments]
coarse-ip = { truncate = { ipv4 = 16, ipv6 = 32 } }
person = { tokenize = { domain = "person" } }
[[stores]]
name = "events"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "http://127.0.0.1:9"
identity = { header = "X-Remote-User", from = ["10.0.0.0/8"] }
[stores.fields]
"$..ip" = "coarse-ip"
"$..user_id" = "person"
"$.secret" = "suppress"
"header:x-client-ip" = "coarse-ip"
[[stores.routes]]
path = "/v1/logins/{user_id}"
params = { user_id = "person", ip = "coarse-ip", limit = "pass" }
[[roles]]
name = "safety"
members = ["alice"]
[roles.fields.events]
"$..ip" = { truncate = { ipv4 = 24, ipv6 = 48 } }
"#;

#[test]
fn exit_codes_tell_usage_from_failure() {
    assert_eq!(ran(&[]).0, 64);
    assert_eq!(ran(&["chek"]).0, 64);
    assert_eq!(ran(&["check"]).0, 64);
    assert_eq!(ran(&["--help"]).0, 0);
    assert_eq!(ran(&["--version"]).0, 0);
    let (code, _, errors) = ran(&["check", "--config", "/nowhere/policy.toml"]);
    assert_eq!((code, errors.contains("cannot be read")), (1, true), "{errors}");
}

#[test]
fn a_key_file_is_private_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("new.key");
    let (code, output, _) = ran(&["keygen", key.to_str().unwrap()]);
    assert_eq!((code, output.as_str()), (0, ""));
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let first = fs::read_to_string(&key).unwrap();
    assert_eq!(first.trim_end().len(), 44);
    let (code, _, errors) = ran(&["keygen", key.to_str().unwrap()]);
    assert_eq!((code, errors.contains("is there already")), (1, true), "{errors}");
    assert_eq!(fs::read_to_string(&key).unwrap(), first);
}

#[test]
fn check_shows_every_error_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let policy =
        POLICY.replace("listen =", "lisen =").replace("\"coarse-ip\"\n\"$..user", "\"coarse-op\"\n\"$..user");
    let file = written(folder.path(), &policy);
    let (code, output, errors) = ran(&["check", "--config", file.to_str().unwrap()]);
    assert_eq!((code, output.as_str()), (1, ""));
    let place = |line: u32, column: u32| format!("--> {}:{line}:{column}\n", file.display());
    for wanted in [
        "error: the key `listen` is missing\n",
        "error: unknown key `lisen`\n",
        &place(11, 1),
        "help: did you mean `listen`?\n",
        "error: unknown treatment `coarse-op`\n",
        &place(15, 11),
        "15 | \"$..ip\" = \"coarse-op\"\n   |           ^^^^^^^^^^^\n",
        "help: did you mean `coarse-ip`?\n",
        "has 3 errors to mend\n",
    ] {
        assert!(errors.contains(wanted), "{wanted:?} is not in\n{errors}");
    }
    assert!(!errors.contains('\u{1b}'), "no colours where there is no terminal");
}

#[test]
fn check_lists_what_is_worth_a_look() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), POLICY);
    let (code, output, _) = ran(&["check", "--config", file.to_str().unwrap()]);
    assert!(output.contains("note: role `safety` gets `$..ip` by `truncate /24 /48`"), "{output}");
    assert!(output.ends_with("1 store, 4 fields, 1 role; nothing to mend, 1 note\n"), "{output}");
    assert_eq!(code, 0);

    let policy = POLICY
        .replace("ipv4 = 24", "ipv4 = 32")
        .replace("[[stores]]", "idle = \"pass\"\n[[stores]]")
        .replace(
            "[stores.fields]",
            "unlisted = \"pass\"\n[stores.fields]\n\"$.a.ip\" = \"suppress\"\n\"$.secret.id\" = \"pass\"",
        )
        .replace("ip = \"coarse-ip\", limit = \"pass\"", "ip = \"pass\", limit = \"suppress\"");
    let file = written(folder.path(), &policy);
    let (code, output, _) = ran(&["check", "--config", file.to_str().unwrap()]);
    for wanted in [
        "treatment `idle` is never used",
        "`truncate /32 /48` leaves 32 bits",
        "store `events` lets every value pass",
        "`$.a.ip` and `$..ip` meet in one value",
        "`$.secret.id` never decides anything",
        "parameter `limit` of `/v1/logins/{user_id}` is judged by `suppress`",
        "parameter `ip` of `/v1/logins/{user_id}` is judged by `pass`, and `$.a.ip` is treated by `suppress`",
        "; 7 findings, 1 note\n",
    ] {
        assert!(output.contains(wanted), "{wanted:?} is not in\n{output}");
    }
    assert_eq!(code, 2);
}

#[test]
fn explain_says_what_happens_by_which_rule_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), POLICY);
    let explain = |args: &[&str]| {
        let mut all = vec!["explain", "--config", file.to_str().unwrap(), "--store", "events"];
        all.extend(args);
        ran(&all)
    };
    let cases: &[(&[&str], i32, &[&str])] = &[
        (
            &["$.items[3].ip"],
            0,
            &["`$..ip`", "coarse-ip: truncate /16 /32", "policy.toml:15", "it names this value"],
        ),
        (
            &["--role", "safety", "$.items[3].ip"],
            0,
            &["truncate /24 /48", "role `safety`", "come before lines of the store's fields"],
        ),
        (&["$.items[3].note"], 0, &["an unlisted field", "scrub", "no rule names this value"]),
        (
            &["$.secret.ip"],
            0,
            &["`$.secret`", "suppress", "replaced as a whole", "`$..ip` (coarse-ip) names it too"],
        ),
        (&["header:X-Client-IP"], 0, &["`header:x-client-ip`", "coarse-ip"]),
        (&["header:server"], 0, &["an unlisted field", "fixed vocabulary"]),
        (
            &["GET /v1/logins/42?ip=203.0.113.7&limit=5"],
            1,
            &[
                "/v1/logins/{user_id}",
                "refused",
                "parameter user_id (path)",
                "parameter ip (query)",
                "parameter limit (query)",
                "sent as it is",
            ],
        ),
        (&["GET /v1/users"], 1, &["none", "refused: no route of this store has this path"]),
    ];
    for (args, code, wanted) in cases {
        let (found, output, errors) = explain(args);
        assert_eq!(found, *code, "{args:?}\n{output}{errors}");
        for text in *wanted {
            assert!(output.contains(text), "{text:?} is not in\n{output}");
        }
    }
    let (_, output, _) = explain(&["--format", "json", "$.items[3].ip"]);
    let json: serde_json::Value = serde_json::from_str(&output).unwrap();
    assert_eq!(json["decisions"][0]["treatment"], "coarse-ip");
    for (args, wanted) in [
        (&["--role", "safty", "$.ip"][..], "did you mean `safety`?"),
        (&["$..ip"][..], "name one value"),
        (&["ip"][..], "write `$.items[3].ip`"),
    ] {
        let (code, _, errors) = explain(args);
        assert!(code == 1 && errors.contains(wanted), "{args:?}: {errors}");
    }
}

const ROLES: &str = r#"
[[stores]]
name = "app"
protocol = "postgres"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:9"
[stores.fields]
"public.logins.ip" = "coarse-ip"
"public.logins.home" = { fields = { city = "pass", street = "suppress" } }
"public.logins.payload" = { json = { "$..ip" = "coarse-ip", "$.who" = "person" } }
[[roles]]
name = "worldwide"
members = ["bob"]
[roles.fields.app]
"public.logins.ip" = "pass"
"public.logins.payload" = { json = { "$..ip" = "pass" } }
"public.logins.agent" = "suppress"
"#;

/// What holds for whom, on one page.
#[test]
fn the_matrix_shows_every_field_for_every_role() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), &format!("{POLICY}{ROLES}"));
    let config = ["--config", file.to_str().unwrap()];
    let (_, checked, _) = ran(&[&["check"], &config[..]].concat());
    let app = "\
app                          (no role)   safety      worldwide
public.logins.ip             coarse-ip   coarse-ip   pass
public.logins.home.city      pass        pass        pass
public.logins.home.street    suppress    suppress    suppress
public.logins.payload $..ip  coarse-ip   coarse-ip   pass
public.logins.payload $.who  person      person      scrub
public.logins.agent          scrub       scrub       suppress
(unlisted)                   scrub       scrub       scrub
";
    let events = "\
events              (no role)  safety               worldwide
$..ip               coarse-ip  truncate /24 /48     coarse-ip
$..user_id          person     person               person
$.secret            suppress   suppress             suppress
header:x-client-ip  coarse-ip  coarse-ip            coarse-ip
(unlisted)          scrub      scrub                scrub
";
    let aligned = |text: &str| {
        text.lines()
            .map(|line| {
                line.split("  ").filter(|it| !it.is_empty()).map(str::trim).collect::<Vec<_>>().join("|")
            })
            .collect::<Vec<_>>()
            .join("\n")
    };
    for wanted in [app, events] {
        assert!(aligned(&checked).contains(&aligned(wanted)), "{checked}");
    }
    let explain = |more: &[&str]| ran(&[&["explain"], &config[..], &["--store", "app"], more].concat());
    let (code, output, _) = explain(&["--role", "worldwide"]);
    assert_eq!((code, output.lines().count()), (0, 8), "{output}");
    assert!(!output.contains("safety"), "{output}");
    let (_, output, _) = explain(&["--json"]);
    let matrix: serde_json::Value = serde_json::from_str(&output).unwrap();
    assert_eq!(matrix["roles"], serde_json::json!(["(no role)", "safety", "worldwide"]));
    assert_eq!(matrix["rows"][0]["treatments"], serde_json::json!(["coarse-ip", "coarse-ip", "pass"]));
}

/// Whoever checks a trail has its keys, and not the certificates, verifiers and passwords of the stores.
#[test]
fn a_trail_is_checked_with_its_keys_alone() {
    let policy = |login: &str| {
        format!(
            "[keys]\ncurrent = \"test\"\n[keys.ring]\n\"test\" = {{ file = \"@KEY@\" }}\n[[stores]]\nname = \"app\"\n\
             protocol = \"postgres\"\nlisten = \"127.0.0.1:0\"\nupstream = \"127.0.0.1:1\"\n{login}\n\
             [stores.fields]\n\"public.t.ip\" = \"suppress\"\n[audit]\nfile = \"audit.jsonl\"\n"
        )
    };
    let mut proxy = Proxy::start(&policy(""));
    proxy.signal("TERM");
    assert!(proxy.wait().success());
    let trail = proxy.folder().join("audit.jsonl");
    let key = proxy.folder().join("test.key");
    let elsewhere = proxy.folder().join("elsewhere.toml");
    let login = "login = { verifiers = \"not-here\", service = { user = \"s\", password = { file = \"nor-here\" } } }";
    let verify = |text: &str| {
        fs::write(&elsewhere, text.replace("@KEY@", &key.to_string_lossy())).unwrap();
        let paths = [&trail, &elsewhere].map(|path| path.to_string_lossy().into_owned());
        sfumato(&["audit", "verify", &paths[0], "--config", &paths[1]])
    };
    let output = verify(&policy(login));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("the key vouches for every line"), "{text}");
    for broken in
        [policy("").replace("@KEY@", "nowhere.key"), policy("").replace("[keys.ring]", "[keys.rung]")]
    {
        assert_eq!(verify(&broken).status.code(), Some(1), "{broken}");
    }
}

/// Runs the binary under limits that a shell has set.
fn under(limits: &str, verb: &str, policy: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit {limits}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_sfumato"), verb]);
    shell.arg("--config").arg(policy);
    shell
}

#[test]
fn as_many_files_may_be_open_as_the_system_lets() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), POLICY);
    let checked = |limits: &str| {
        let output = under(limits, "check", &file).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let note = checked("-n 1000");
    assert!(
        note.contains("10000 clients, which take 20000 open files") && note.contains("allows 1000"),
        "{note}"
    );
    assert!(note.contains("`LimitNOFILE=20000`"), "{note}");
    fs::write(&file, format!("limits = {{ max_connections = 400 }}\n{POLICY}")).unwrap();
    assert!(!checked("-n 1000").contains("open files"));
    for (limits, hard, is_short) in [("-Sn 300; ulimit -Hn 1000", 1000, false), ("-n 700", 700, true)] {
        let mut running = under(limits, "run", &file);
        let mut running = running.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(running.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let allowed = fs::read_to_string(format!("/proc/{}/limits", running.id())).unwrap();
        running.kill().unwrap();
        let output = running.wait_with_output().unwrap();
        assert!(line.starts_with("listening"), "{line}");
        let open = allowed.lines().find(|line| line.starts_with("Max open files")).unwrap();
        assert_eq!(open.split_whitespace().nth(3).unwrap(), hard.to_string(), "{open}");
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(log.contains("take 800 open files"), is_short, "{log}");
    }
}

#[test]
fn log_lines_are_for_people_or_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), POLICY);
    let mut running = Command::new(env!("CARGO_BIN_EXE_sfumato"));
    running.args(["run", "--log", "json", "--config"]).arg(&file).env_remove("RUST_LOG");
    let mut running = running.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(running.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening"), "{line}");
    assert!(Command::new("kill").arg(running.id().to_string()).status().unwrap().success());
    let output = running.wait_with_output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(!log.is_empty());
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(
            line["level"].is_string() && line["message"].is_string() && line["timestamp"].is_string(),
            "{line}"
        );
    }
}
