//! Statements as they are sent, with and without what makes them fast, and what a server answers to them.

use std::io::Write as _;
use std::process::Stdio;

use sfumato::app::Live;
use sfumato::app::config::{Config, Machine, StoreKind};
use sfumato::front::postgres::Login;
use sfumato::sql::{PINNED_SETTINGS, Planner, SessionView};

use crate::cluster::Cluster;

const STORE: &str = r#"
[keys]
current = "test"
[keys.ring]
"test" = { file = "test.key" }
[[stores]]
name = "app"
protocol = "postgres"
listen = "127.0.0.1:0"
upstream = "127.0.0.1:@PORT@"
unlisted = "pass"
[stores.fields]
"#;

/// Ends the answer to a statement.
const END: &str = "--end of answer--";

pub struct Both {
    statements: Vec<String>,
    pub fast: Vec<String>,
    pub plain: Vec<String>,
}

impl Both {
    /// Plans statements for a policy of these fields, both ways.
    pub fn of(fields: &str, port: u16, database: &str, statements: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("test.key");
        assert!(crate::support::sfumato(&["keygen", key.to_str().unwrap()]).status.success());
        let file = folder.path().join("sfumato.toml");
        std::fs::write(&file, STORE.replace("@PORT@", &port.to_string()) + fields).unwrap();
        let config = Config::load(&file, &Machine).unwrap();
        let StoreKind::Postgres(kind) = &config.stores[0].kind else { panic!("it is one") };
        let login = Login { user: "postgres".to_owned(), password: None, database: database.to_owned() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let live = runtime.block_on(Live::connect(&config.stores[0], kind, &login)).unwrap();
        let plans = kind.plans.of(None);
        let planned = |planner: &Planner| -> Vec<String> {
            statements.iter().map(|statement| sent(planner, statement)).collect()
        };
        let plain_plans = (**plans).clone().plainly(true);
        let (fast, plain) = (planned(&live.planner(plans)), planned(&live.planner(&plain_plans)));
        Self { statements: statements.iter().map(|one| (*one).to_owned()).collect(), fast, plain }
    }

    /// How many statements are sent otherwise.
    pub fn differing(&self) -> usize {
        self.fast.iter().zip(&self.plain).filter(|(fast, plain)| fast != plain).count()
    }

    /// What is answered in one session to each of the statements that are sent: rows, or that there was an error.
    pub fn answers(&self, cluster: &Cluster, database: &str, settings: &str, sent: &[String]) -> Vec<String> {
        let mut script =
            String::from("\\pset null (null)\n\\set QUIET on\nSET client_min_messages = error;\n");
        for (name, value) in PINNED_SETTINGS {
            script.push_str(&format!("SET {name} = '{value}';\n"));
        }
        script.push_str(&format!(
            "SET DateStyle = 'ISO'; SET TimeZone = 'Asia/Kolkata'; {settings};\n\\echo {END}\n"
        ));
        for statement in sent {
            script.push_str(&format!("{statement};\n\\if :ERROR\n\\echo error\n\\endif\n\\echo {END}\n"));
        }
        let mut psql = cluster.client("psql", cluster.port);
        psql.env("PGDATABASE", database).args(["-X", "-At"]);
        let mut child =
            psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || input.write_all(script.as_bytes()).unwrap());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut answers: Vec<String> = text.split(&format!("{END}\n")).map(str::to_owned).collect();
        assert_eq!(answers.pop().as_deref(), Some(""));
        answers.remove(0);
        assert_eq!(answers.len(), sent.len(), "{}", String::from_utf8_lossy(&output.stderr));
        answers
    }

    /// Where two lists of answers differ.
    pub fn compare(&self, what: &str, expected: &[String], found: &[String]) -> Vec<String> {
        let mut differing = Vec::new();
        for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
            if expected != found {
                let first = |text: &str| -> String { text.chars().take(300).collect() };
                let pairs = expected.lines().zip(found.lines()).enumerate();
                let at = pairs.filter(|(_, (one, two))| one != two).map(|(at, _)| at).next();
                differing.push(format!(
                    "{what}: {}\nfrom line {at:?}, of {} and {}\n{}\n{}\n{}",
                    self.statements[index],
                    expected.lines().count(),
                    found.lines().count(),
                    self.fast[index],
                    first(expected),
                    first(found)
                ));
            }
        }
        differing
    }
}

fn sent(planner: &Planner, statement: &str) -> String {
    let session = SessionView { search_path: None, user: "postgres", role: None, salt: &[7; 16] };
    let planned = planner.plan(statement, &session, &[]);
    let mut planned = planned.unwrap_or_else(|refusal| panic!("{statement}: {refusal}"));
    planned.remove(0).sql
}
