//! PostgreSQL's own regression statements through the whole pipeline, with nothing protected and the lists open:
//! every query has to be answered as the server answers it directly, or be refused.
//!
//! Run it by `make faithful`, which fetches the statements. `FAITHFUL_SOURCE` is the folder `src/test/regress` of
//! the server's source, `FAITHFUL_LIBRARIES` the folder of the libraries that the statements load, and
//! `FAITHFUL_FILES` names some of the files if not all are wanted; with `FAITHFUL_OWN_PATH` statements run with
//! the store's own search path, as behind the proxy. The findings go to `target/faithful/`.

#![expect(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic, and shares its support"
)]

#[path = "support/cluster.rs"]
mod cluster;
#[path = "faithful/connection.rs"]
mod connection;
#[path = "faithful/judge.rs"]
mod judge;
#[path = "faithful/relay.rs"]
mod relay;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use cluster::Cluster;
use judge::{Tally, Verdict};
use sfumato::kernel::Treatment;
use sfumato::policy::{NamedTreatment, SqlPlans, SqlPolicy};

/// What the statements expect of a server, and what would make two servers differ.
const SETTINGS: &str = "autovacuum = off\njit = off\nmax_prepared_transactions = 4\nlock_timeout = 30000\nfull_page_writes = off\n";

/// The database as the server's own test programme makes it.
const DATABASE: &str = "
    CREATE DATABASE regression TEMPLATE template0;
    ALTER DATABASE regression SET lc_messages = 'C';
    ALTER DATABASE regression SET lc_monetary = 'C';
    ALTER DATABASE regression SET lc_numeric = 'C';
    ALTER DATABASE regression SET lc_time = 'C';
    ALTER DATABASE regression SET bytea_output = 'hex';
    ALTER DATABASE regression SET timezone_abbreviations = 'Default'";

#[test]
#[ignore = "needs the server's source: make faithful"]
fn regression_statements_are_answered_as_directly() {
    let source = PathBuf::from(std::env::var("FAITHFUL_SOURCE").expect("FAITHFUL_SOURCE"));
    let libraries = std::env::var("FAITHFUL_LIBRARIES").expect("FAITHFUL_LIBRARIES");
    let clusters = [(); 3].map(|()| Cluster::start_with(SETTINGS).expect("server programs"));
    for cluster in &clusters {
        for statement in DATABASE.split(';') {
            cluster.psql(statement);
        }
    }
    let results = clusters[0].folder().join("results");
    std::fs::create_dir(&results).unwrap();
    std::fs::set_permissions(&results, std::fs::Permissions::from_mode(0o777)).unwrap();

    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/faithful");
    let tally = Arc::new(Mutex::new(Tally::new(&target)));
    let [direct, control, ours] = clusters.each_ref().map(|cluster| cluster.port);
    let ports = relay::Ports { direct, control, ours };
    let port = relay::start(ports, &nothing_protected(), &tally).unwrap();
    for file in files(&source) {
        let script = source.join("sql").join(format!("{file}.sql"));
        tally
            .lock()
            .unwrap()
            .begin(&file, String::from_utf8_lossy(&std::fs::read(&script).unwrap()).into_owned());
        let mut psql = clusters[0].client("psql", port);
        psql.env("PGDATABASE", "regression").env("PGSSLMODE", "disable").env("PGGSSENCMODE", "disable");
        psql.env("PGTZ", "PST8PDT").env("PGDATESTYLE", "Postgres, MDY");
        psql.env("PGOPTIONS", "-c intervalstyle=postgres_verbose");
        psql.env("PG_ABS_SRCDIR", &source).env("PG_ABS_BUILDDIR", clusters[0].folder());
        psql.env("PG_LIBDIR", &libraries).env("PG_DLSUFFIX", ".so").current_dir(&source);
        psql.args(["-X", "-q", "-f"]).arg(&script);
        let ended = psql.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        let mut tally = tally.lock().unwrap();
        if !ended.success() {
            tally.note(&format!("psql ended with {ended}"));
        }
        tally.write().unwrap();
        eprintln!("{file}");
    }
    let tally = tally.lock().unwrap();
    eprintln!("{}", tally.write().unwrap());
    assert_eq!(
        tally.count(Verdict::Different),
        0,
        "answered differently: see target/faithful/differences.txt"
    );
    let chosen = std::env::var_os("FAITHFUL_FILES").is_some();
    assert!(chosen || tally.share() >= 99.5, "see target/faithful/differences.txt");
}

#[test]
fn what_was_once_answered_differently() {
    let Some(cluster) = Cluster::start() else { return };
    let (before, queries) = include_str!("faithful/cases.sql").split_once("-- queries\n").unwrap();
    cluster.psql(before);
    let tally = Arc::new(Mutex::new(Tally::new(cluster.folder())));
    let port = cluster.port;
    let ports = relay::Ports { direct: port, control: port, ours: port };
    let port = relay::start(ports, &nothing_protected(), &tally).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), queries).unwrap();
    let mut psql = cluster.client("psql", port);
    psql.env("PGSSLMODE", "disable").env("PGGSSENCMODE", "disable");
    let ended = psql.args(["-X", "-q", "-f"]).arg(file.path()).stdout(Stdio::null()).status().unwrap();
    assert!(ended.success());
    let tally = tally.lock().unwrap();
    assert_eq!(tally.count(Verdict::Same), queries.lines().count(), "{}", tally.notes());
}

/// The files in the order of the server's own schedule, or those that were asked for with `test_setup` before them.
fn files(source: &Path) -> Vec<String> {
    if let Ok(wanted) = std::env::var("FAITHFUL_FILES") {
        return std::iter::once("test_setup").chain(wanted.split_whitespace()).map(str::to_owned).collect();
    }
    let schedule = std::fs::read_to_string(source.join("parallel_schedule")).expect("the schedule");
    let lines = schedule.lines().filter_map(|line| line.strip_prefix("test:"));
    lines.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

fn nothing_protected() -> SqlPlans {
    let unlisted = NamedTreatment { name: "pass".into(), treatment: Arc::new(Treatment::Pass) };
    SqlPolicy { unlisted, fields: Vec::new(), roles: BTreeMap::new() }.decide(None).unwrap()
}
