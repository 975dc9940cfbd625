//! A proxy that plans every statement as itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::net::TcpListener;

use super::super::{Access, Library, Limits, Plans, Shelf, Store, Upstream, Who, Workshop, serve};
use crate::audit::Shape;
use crate::base::budget::Budget;
use crate::front::allowance::{Allowances, Measure};
use crate::front::audit::AuditLog;
use crate::front::door::{Door, Places};
use crate::front::drain::{Stopper, drain};
use crate::front::turned_away::TurnedAway;
use crate::front::workers::Workers;
use crate::session::postgres::{Doorway, Rows, Settings};
use crate::sql::{
    CopyFormat, CopyOut, Effect, Kind, Parameter, ParameterSource, Planned, Refusal, SessionView,
};

/// Plans every statement as itself, except those that mention `forbidden`.
pub(super) struct Passing;

impl Library for Passing {
    fn version_question(&self) -> String {
        "SELECT 1".into()
    }

    fn catalogue_questions(&self) -> Vec<String> {
        vec!["SELECT 2".into(), "SELECT 3".into()]
    }

    fn generation(&self) -> u64 {
        0
    }

    fn role(&self, _: &Who) -> Option<Arc<str>> {
        None
    }

    fn fresh_until(&self, _: &Who, _: &Rows) -> Option<Instant> {
        Instant::now().checked_add(Duration::from_secs(3_600))
    }

    fn current(&self, _: &Who) -> Option<(Rows, Arc<dyn Plans>)> {
        None
    }

    fn find(&self, who: &Who, _: &Rows) -> Option<Arc<dyn Plans>> {
        assert_ne!(who.user, "panics", "for a test");
        None
    }

    fn learn(&self, _: &Who, version: &Rows, answers: Vec<Rows>) -> Option<Arc<dyn Plans>> {
        let one = |text: &str| vec![vec![Some(text.to_owned())]];
        assert!(*version == one("1") && answers == [one("2"), one("3")]);
        Some(Arc::new(Self))
    }
}

impl Plans for Passing {
    fn number(&self) -> u64 {
        0
    }

    fn plan(&self, text: &str, session: &SessionView<'_>, _: &[u32]) -> Result<Vec<Planned>, Refusal> {
        if text.contains("forbidden") {
            return Err(refused());
        }
        let statements = pg_query::split_with_parser(text).unwrap_or_else(|_| vec![text]);
        let path = session.search_path.map(Into::into);
        Ok(statements.into_iter().map(|text| Planned { path: path.clone(), ..planned(text) }).collect())
    }

    fn shapes(&self, _: &str) -> Vec<Shape> {
        Vec::new()
    }
}

pub(super) fn planned(text: &str) -> Planned {
    let numbers = (1..=9_u32).filter(|number| text.contains(&format!("${number}")));
    let parameter =
        |number| Parameter { source: ParameterSource::Client(number), turned_back: None, type_oid: 0 };
    Planned {
        reads_protected: false,
        applied: Arc::default(),
        locks: String::new(),
        path: None,
        sql: text.to_owned(),
        kind: kind(text),
        columns: Vec::new(),
        // By convention of the tests: any number of columns.
        hidden_columns: usize::MAX,
        parameters: numbers.map(parameter).collect(),
    }
}

fn kind(text: &str) -> Kind {
    let upper = text.to_ascii_uppercase();
    let words: Vec<&str> = upper.split_whitespace().collect();
    let cursor = |word: &str| word.trim_matches('"').to_ascii_lowercase();
    match *words {
        ["DECLARE", name, ..] => Kind::Session(Effect::Declare { cursor: cursor(name) }),
        ["FETCH", .., name] => Kind::Session(Effect::Fetch { cursor: cursor(name) }),
        ["CLOSE", name] => Kind::Session(Effect::Close { cursor: Some(cursor(name)) }),
        ["COPY", ..] => {
            let (delimiter, null) = (b'\t', "\\N".to_owned());
            let format = if upper.contains("BINARY") {
                CopyFormat::Binary
            } else {
                CopyFormat::Text { delimiter, null }
            };
            Kind::CopyOut(CopyOut { format, header: false })
        }
        _ => Kind::Rows,
    }
}

/// A proxy in front of `upstream`, on a free port.
pub(super) struct Proxy {
    pub(super) port: u16,
    stopper: Option<Stopper>,
    runtime: tokio::runtime::Runtime,
    /// The threads of the sessions, which outlive the listener.
    _workers: Arc<Workers>,
}

impl Proxy {
    pub(super) fn start(upstream: Upstream, change: impl FnOnce(&mut Store)) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let patience = Duration::from_secs(10);
        let mut store = Store {
            name: "test".into(),
            door: Door::new(Places {
                max_connections: 200,
                max_connections_per_identity: 200,
                max_logins: 100,
                max_logins_per_source: 100,
            }),
            allowances: Allowances::new(Measure::default()),
            access: ArcSwap::from_pointee(Access {
                doorway: Doorway::default(),
                tls: None,
                upstream,
                service: None,
            }),
            limits: Limits {
                login_timeout: patience,
                connect_timeout: patience,
                write_timeout: patience,
                statement_timeout: None,
                session_bytes: 256 << 20,
            },
            settings: Settings::default(),
            budget: Budget::new(512 << 20),
            library: Arc::new(Passing),
            workshop: Arc::new(Workshop::start(1).unwrap()),
            turned_away: TurnedAway::new("test", AuditLog::off(), Arc::default()),
            shelf: Shelf::default(),
            cancels: Arc::default(),
            audits: Vec::new(),
            metrics: Arc::default(),
        };
        change(&mut store);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stopper, drain) = drain();
        let workers = Arc::new(Workers::start(2).unwrap());
        runtime.spawn(serve(listener, Arc::new(store), Arc::clone(&workers), drain));
        Self { port, stopper: Some(stopper), runtime, _workers: workers }
    }

    /// Stops, and waits for the sessions to end.
    pub(super) fn stop(&mut self) {
        let stopper = self.stopper.take().unwrap();
        self.runtime.block_on(stopper.stop());
    }
}

fn refused() -> Refusal {
    let message = "forbidden is not supported here".to_owned();
    Refusal { sqlstate: "0A000", message, hint: None, position: Some(3) }
}
