//! A policy that changes while sessions plan, and look up what others have planned.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::{Library, Plans, Upstream, Who};
use super::broken::{login, query, until};
use super::passing::{Proxy, planned};
use crate::audit::Shape;
use crate::cluster::Cluster;
use crate::session::postgres::Rows;
use crate::sql::{Planned, Refusal, SessionView};

/// Plans every text as one that says under which policy it was planned.
#[derive(Clone, Default)]
struct Changing {
    generation: Arc<AtomicU64>,
    planned: Arc<AtomicUsize>,
    looked: Arc<AtomicUsize>,
}

struct Under {
    generation: u64,
    library: Changing,
}

impl Changing {
    fn plans(&self) -> Arc<dyn Plans> {
        Arc::new(Under { generation: self.generation(), library: self.clone() })
    }
}

impl Library for Changing {
    fn version_question(&self) -> String {
        self.looked.fetch_add(1, Ordering::SeqCst);
        "SELECT 1".into()
    }

    fn catalogue_questions(&self) -> Vec<String> {
        vec!["SELECT 2".into()]
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    fn role(&self, _: &Who) -> Option<Arc<str>> {
        None
    }

    fn fresh_until(&self, _: &Who, _: &Rows) -> Option<Instant> {
        Instant::now().checked_add(Duration::from_secs(3_600))
    }

    fn current(&self, _: &Who) -> Option<(Rows, Arc<dyn Plans>)> {
        (self.looked.load(Ordering::SeqCst) > 0).then(|| (Rows::new(), self.plans()))
    }

    fn find(&self, _: &Who, _: &Rows) -> Option<Arc<dyn Plans>> {
        Some(self.plans())
    }

    fn learn(&self, _: &Who, _: &Rows, _: Vec<Rows>) -> Option<Arc<dyn Plans>> {
        None
    }
}

impl Plans for Under {
    fn number(&self) -> u64 {
        self.generation
    }

    fn plan(&self, text: &str, session: &SessionView<'_>, _: &[u32]) -> Result<Vec<Planned>, Refusal> {
        self.library.planned.fetch_add(1, Ordering::SeqCst);
        if text.contains("slow") {
            std::thread::sleep(Duration::from_millis(400));
        }
        let path = session.search_path.map(Into::into);
        Ok(vec![Planned { path, ..planned(&format!("SELECT 'under {}'", self.generation)) }])
    }

    fn shapes(&self, _: &str) -> Vec<Shape> {
        Vec::new()
    }
}

#[test]
fn no_session_finds_what_was_planned_under_another_policy() {
    let Some(cluster) = Cluster::start() else { return };
    let library = Changing::default();
    let proxy =
        Proxy::start(Upstream::Unix(cluster.socket()), |store| store.library = Arc::new(library.clone()));
    let ask = |stream: &mut std::net::TcpStream, text: &str| {
        stream.write_all(&query(text)).unwrap();
        until(stream, b"Z\0\0\0\x05I").escape_ascii().to_string()
    };
    let (mut one, mut two) = (login(proxy.port), login(proxy.port));
    // Who comes second is let in by what the first has learnt.
    assert_eq!(library.looked.load(Ordering::SeqCst), 1);
    for stream in [&mut one, &mut two, &mut login(proxy.port)] {
        assert!(ask(stream, "q").contains("under 0"));
    }
    assert_eq!(library.planned.load(Ordering::SeqCst), 1);
    library.generation.store(1, Ordering::SeqCst);
    for stream in [&mut two, &mut one, &mut login(proxy.port)] {
        assert!(ask(stream, "q").contains("under 1"));
    }
    assert_eq!(library.planned.load(Ordering::SeqCst), 2);
    // It changes while a statement is planned, which is planned again and not kept as it was.
    one.write_all(&query("slow")).unwrap();
    std::thread::sleep(Duration::from_millis(150));
    library.generation.store(2, Ordering::SeqCst);
    let said = until(&mut one, b"Z\0\0\0\x05I").escape_ascii().to_string();
    assert!(said.contains("under 2"), "{said}");
    assert_eq!(library.planned.load(Ordering::SeqCst), 4);
    assert!(ask(&mut two, "slow").contains("under 2"));
    assert_eq!(library.planned.load(Ordering::SeqCst), 4);
}
