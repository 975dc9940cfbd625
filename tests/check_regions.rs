//! What `sfumato check` says of regions: in the policy file, and in a database as it is.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic, and shares its support"
)]

#[path = "support/cluster.rs"]
mod cluster;
mod support;

use std::fs;

use cluster::Cluster;
use support::sfumato;

const STORES: &str = r#"
[[stores]]
name = "users"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "http://127.0.0.1:9"
identity = { header = "X-Remote-User", from = ["10.0.0.0/8"] }
[stores.fields]
"$..ip" = "suppress"
@ROUTES@
[[stores]]
name = "app"
protocol = "postgres"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:@PORT@"
[stores.fields]
"public.users.ip" = "suppress"
"public.logins.ip" = "suppress"
@REGIONS@
[[roles]]
name = "dach"
members = ["alice"]
@BOUND@
"#;

const ROUTES: &str = r#"
[[stores.routes]]
path = "/users"
params = { limit = "pass", country = "pass" }
region = "$.items[*].country"
[[stores.routes]]
path = "/closed"
"#;

const SILENT: &str = "[[stores.routes]]\npath = \"/users\"\n";

const REGIONS: &str = r#"
[stores.regions]
"public.users" = "country"
"public.logins" = { join = "user_id = public.users.id" }
"#;

/// Exit code and all that was said, after the words in the policy were filled in.
fn check(port: u16, routes: &str, regions: &str, bound: &str, more: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    let policy = STORES.replace("@PORT@", &port.to_string()).replace("@ROUTES@", routes);
    fs::write(&file, policy.replace("@REGIONS@", regions).replace("@BOUND@", bound)).unwrap();
    let output = sfumato(&[&["check", "--config", file.to_str().unwrap()], more].concat());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
}

const BOUND: &str = "regions = [\"DE\"]";

/// Routes, regions, what the role is bound to; what is said, and what is not.
type Case<'a> = (&'a str, &'a str, &'a str, &'a [&'a str], &'a [&'a str]);

#[test]
fn what_is_closed_or_unbound_is_found() {
    let cases: [Case<'_>; 4] = [
        (
            SILENT,
            "",
            BOUND,
            &[
                "store `users` states no regions: it is closed",
                "store `app` states no regions: its protected tables are closed",
            ],
            &[],
        ),
        (
            ROUTES,
            REGIONS,
            BOUND,
            &[
                "note: route `/closed` states no region: it is closed",
                "finding: parameter `limit` of `/users` looks like it cuts answers into pages",
                "\n(regions)",
            ],
            &["states no regions", "bound to any", "`country`"],
        ),
        (
            ROUTES,
            REGIONS,
            "",
            &[
                "store `users` states regions, and no role is bound to any",
                "store `app` states regions, and no role is bound to any",
            ],
            &["closed for roles", "cuts answers", "(regions)"],
        ),
        (SILENT, "", "", &[], &["region"]),
    ];
    for (routes, regions, bound, wanted, unwanted) in cases {
        let (_, output) = check(9, routes, regions, bound, &[]);
        for wanted in wanted {
            assert!(output.contains(wanted), "{wanted:?} is not in\n{output}");
        }
        for unwanted in unwanted {
            assert!(!output.contains(unwanted), "{unwanted:?} is in\n{output}");
        }
    }
}

#[test]
fn what_cannot_hold_is_refused() {
    let route = |region: &str, methods: &str| {
        format!("[[stores.routes]]\npath = \"/users\"\nmethods = [\"{methods}\"]\nregion = {region}\n")
    };
    let column = "\"public.users\" = \"country\"";
    let cases = [
        (route("\"$..country\"", "GET"), "", "names and `[*]` only"),
        (route("\"$.items[0].country\"", "GET"), "", "names and `[*]` only"),
        (route("\"$.items[*]\"", "GET"), "", "a named member of its record"),
        (route("\"country\"", "GET"), "", "begins with `$`"),
        (route("{ join = \"a = public.users.id\" }", "GET"), "", "states its region by a path"),
        (route("\"$.country\"", "DELETE"), "", "DELETE changes records"),
        (format!("{SILENT}[stores.regions]\n{column}\n"), "", "`regions` is for postgres stores only"),
        (
            SILENT.to_owned(),
            "\"public.logins\" = { join = \"user_id = public.users.id\" }",
            "which states no region",
        ),
        (SILENT.to_owned(), "\"public.users\" = { join = \"a = public.users.id\" }", "lead in a circle"),
    ];
    for (routes, regions, wanted) in cases {
        let (code, output) = check(9, &routes, &format!("[stores.regions]\n{regions}"), BOUND, &[]);
        assert!(output.contains(wanted) && code == 1, "{wanted:?} is not in\n{output}");
    }
}

#[test]
fn lines_that_lead_nowhere_in_the_database_are_found() {
    let Some(cluster) = Cluster::start() else {
        eprintln!("no PostgreSQL here: nothing tested");
        return;
    };
    cluster.psql(
        "CREATE TABLE users (id int PRIMARY KEY, country text, ip inet);
         CREATE TABLE logins (id int PRIMARY KEY, user_id int, ip inet); ANALYZE;",
    );
    let live = ["--store", "app", "--database", "postgres", "--user", "postgres"];
    let (_, output) = check(cluster.port, ROUTES, REGIONS, BOUND, &live);
    assert!(!output.contains("the region of"), "{output}");
    let wrong = "[stores.regions]\n\"public.users\" = \"contry\"\n\"public.logins\" = { join = \"userid = public.users.id\" }\n\"public.gone\" = { subject = \"nobody\" }";
    let (code, output) = check(cluster.port, ROUTES, wrong, BOUND, &live);
    for wanted in [
        "the region of `public.users` names a column that database `postgres` does not have",
        "did you mean `country`?",
        "the region of `public.logins` names a column",
        "did you mean `user_id`?",
        "the region of `public.gone` names a table",
    ] {
        assert!(output.contains(wanted), "{wanted:?} is not in\n{output}");
    }
    assert_eq!(code, 2);
}
