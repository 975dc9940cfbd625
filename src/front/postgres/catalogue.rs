//! What is known of a store's databases, and the planners made of it.
//!
//! A snapshot belongs to one database user: the store's own `search_path` may differ from user to user. It is
//! good as long as the store's answer to one question stays the same; that answer changes with every change
//! of a table, view, type, function, operator or cast.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::library::{Library, Plans, Who};
use crate::audit::Shape;
use crate::policy::{Attributes, SqlPlans};
use crate::session::postgres::Rows;
use crate::sql::{Catalogue, Planned, Planner, QUERIES, Refusal, SessionView, Word};

/// The rules for whoever asks, by name and attributes.
pub type RulesOf = Box<dyn Fn(&str, &Attributes) -> RoleRules + Send + Sync>;

/// What holds for a role.
#[derive(Clone)]
pub struct RoleRules {
    /// Its name; `None` for those who have none.
    pub role: Option<Arc<str>>,
    /// The rules.
    pub plans: Arc<SqlPlans>,
}

/// How long an answer is believed. A change of tables is noticed by every session within that time and [`LOOKING`].
const FRESH: Duration = Duration::from_secs(1);

/// How long a session that looks has the others wait for what it finds.
const LOOKING: Duration = Duration::from_millis(100);

/// Snapshots that are kept; one has a few megabytes.
const MAX_KNOWN: usize = 64;

/// Objects below this number are the server's own and change with its version only.
const VERSION_QUESTION: &str = "\
    SELECT pg_catalog.current_setting('server_version_num'), pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended(v, 0)) FROM (\
    SELECT pg_catalog.concat('r', oid, ':', xmin) FROM pg_catalog.pg_class WHERE oid >= '16384' AND relkind <> 't' \
    AND relpersistence <> 't' UNION ALL \
    SELECT pg_catalog.concat('a', attrelid, '.', attnum, ':', xmin) FROM pg_catalog.pg_attribute \
    WHERE attrelid >= '16384' AND attnum > 0 UNION ALL \
    SELECT pg_catalog.concat('v', oid, ':', xmin) FROM pg_catalog.pg_rewrite WHERE oid >= '16384' UNION ALL \
    SELECT pg_catalog.concat('i', inhrelid, '.', inhparent, ':', xmin) FROM pg_catalog.pg_inherits UNION ALL \
    SELECT pg_catalog.concat('k', oid, ':', xmin) FROM pg_catalog.pg_constraint WHERE oid >= '16384' UNION ALL \
    SELECT pg_catalog.concat('t', oid, ':', xmin) FROM pg_catalog.pg_type WHERE oid >= '16384' UNION ALL \
    SELECT pg_catalog.concat('f', oid, ':', xmin) FROM pg_catalog.pg_proc WHERE oid >= '16384' UNION ALL \
    SELECT pg_catalog.concat('o', oid, ':', xmin) FROM pg_catalog.pg_operator WHERE oid >= '16384' UNION ALL \
    SELECT pg_catalog.concat('c', oid, ':', xmin) FROM pg_catalog.pg_cast WHERE oid >= '16384' UNION ALL \
    SELECT pg_catalog.concat('l', oid, ':', xmin) FROM pg_catalog.pg_collation WHERE oid >= '16384' UNION ALL \
    SELECT pg_catalog.concat('g', oid, ':', xmin) FROM pg_catalog.pg_trigger WHERE NOT tgisinternal UNION ALL \
    SELECT pg_catalog.concat('d', oid, ':', xmin) FROM pg_catalog.pg_attrdef UNION ALL \
    SELECT pg_catalog.concat('n', oid, ':', xmin) FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_(toast_)?temp' UNION ALL \
    SELECT pg_catalog.concat('e', oid, ':', xmin) FROM pg_catalog.pg_extension) AS u(v)";

/// The library of one store.
pub struct Catalogues {
    rules: ArcSwap<Rules>,
    known: Mutex<HashMap<Key, Known>>,
    generation: AtomicU64,
}

struct Rules {
    of: RulesOf,
    generation: u64,
}

/// For whom a database looks the same: one database user, who may stand for many, and one role.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    user: String,
    database: String,
    role: Option<Arc<str>>,
}

/// A database as one user sees it.
struct Known {
    version: Rows,
    catalogue: Arc<Catalogue>,
    generation: u64,
    plans: Arc<dyn Plans>,
    fresh_until: Instant,
}

/// A planner and its number.
struct Numbered {
    number: u64,
    planner: Planner,
}

/// Numbers planners, of all stores.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl Catalogues {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(rules: RulesOf) -> Self {
        let rules = ArcSwap::from_pointee(Rules { of: rules, generation: 0 });
        Self { rules, known: Mutex::default(), generation: AtomicU64::new(0) }
    }

    /// Puts other rules into force.
    pub fn replace_rules(&self, rules: RulesOf) {
        let generation = self.generation().saturating_add(1);
        self.rules.store(Arc::new(Rules { of: rules, generation }));
        self.generation.store(generation, Ordering::Release);
    }
}

impl Rules {
    /// Where what is known for `who` stands, and what holds there: both from the same rules, or one role would find
    /// what was made for another while rules are replaced.
    fn hold_for(&self, who: &Who) -> (Key, Arc<SqlPlans>) {
        let RoleRules { role, plans } = (self.of)(&who.name, &who.attributes);
        (Key { user: who.user.clone(), database: who.database.clone(), role }, plans)
    }

    fn make(&self, decided: &SqlPlans, version: Rows, catalogue: Arc<Catalogue>) -> Known {
        let planner = Planner::new(Arc::clone(&catalogue), decided.clone());
        let plans: Arc<dyn Plans> =
            Arc::new(Numbered { number: NEXT.fetch_add(1, Ordering::Relaxed), planner });
        Known { version, catalogue, generation: self.generation, plans, fresh_until: after(FRESH) }
    }
}

impl Library for Catalogues {
    fn version_question(&self) -> String {
        VERSION_QUESTION.to_owned()
    }

    fn catalogue_questions(&self) -> Vec<String> {
        QUERIES.iter().map(|query| query.text.to_owned()).collect()
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn role(&self, who: &Who) -> Option<Arc<str>> {
        (self.rules.load().of)(&who.name, &who.attributes).role
    }

    fn fresh_until(&self, who: &Who, version: &Rows) -> Option<Instant> {
        let (key, _) = self.rules.load().hold_for(who);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let same = known.get_mut(&key).filter(|known| known.version == *version)?;
        if same.fresh_until > Instant::now() {
            return Some(same.fresh_until);
        }
        // Not every session at once.
        same.fresh_until = after(LOOKING);
        None
    }

    fn current(&self, who: &Who) -> Option<(Rows, Arc<dyn Plans>)> {
        let rules = self.rules.load();
        let (key, _) = rules.hold_for(who);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(&key).filter(|known| known.generation == rules.generation)?;
        let is_fresh = known.fresh_until > Instant::now();
        is_fresh.then(|| (known.version.clone(), Arc::clone(&known.plans)))
    }

    fn find(&self, who: &Who, version: &Rows) -> Option<Arc<dyn Plans>> {
        let rules = self.rules.load();
        let (key, decided) = rules.hold_for(who);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.get_mut(&key).filter(|known| known.version == *version)?;
        if found.generation != rules.generation {
            *found = rules.make(&decided, found.version.clone(), Arc::clone(&found.catalogue));
        }
        found.fresh_until = after(FRESH);
        Some(Arc::clone(&found.plans))
    }

    fn learn(&self, who: &Who, version: &Rows, answers: Vec<Rows>) -> Option<Arc<dyn Plans>> {
        let catalogue = Catalogue::load(&answers).inspect_err(
            |error| tracing::error!(%error, database = who.database, "a catalogue cannot be read"),
        );
        let rules = self.rules.load();
        let (key, decided) = rules.hold_for(who);
        let made = rules.make(&decided, version.clone(), Arc::new(catalogue.ok()?));
        let plans = Arc::clone(&made.plans);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KNOWN
            && let Some(other) = known.keys().next().cloned()
        {
            known.remove(&other);
        }
        known.insert(key, made);
        Some(plans)
    }
}

fn after(pause: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(pause).unwrap_or(now)
}

impl Plans for Numbered {
    fn number(&self) -> u64 {
        self.number
    }

    fn plan(
        &self,
        text: &str,
        session: &SessionView<'_>,
        parameters: &[u32],
    ) -> Result<Vec<Planned>, Refusal> {
        self.planner.plan(text, session, parameters)
    }

    fn shapes(&self, text: &str) -> Vec<Shape> {
        let shape = |words: Vec<Word>| {
            let mut shape = Shape::default();
            for word in &words {
                match word {
                    Word::Grammar(word) => shape.word(word),
                    Word::Name(name) => shape.catalogue_name(name),
                    Word::Hole => shape.hole(),
                };
            }
            shape
        };
        self.planner.shapes(text).into_iter().map(shape).collect()
    }
}
