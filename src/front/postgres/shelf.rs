//! Plans that were made, for all sessions of a store to find again.
//!
//! A plan is found only under everything that it was made from: the exact text, the declared types, the path, the planner
//! (one version of one database for one role under one policy, never used again for another), and who asks. Others who ask the
//! same have it planned for themselves: how long an answer takes would tell them that somebody has asked exactly that.
//!
//! Sessions that find something do not wait for each other. Bytes are bounded: plans are kept in two layers, and when the
//! upper one is full, what nobody has asked for since it was begun goes.
//!
//! Invariant: what names a session's salt is that session's alone.
//! Not here: making plans, and knowing which planner holds.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::mem::size_of;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::workshop::Plan;
use crate::session::postgres::PlanRequest;
use crate::sql::{KnownPath, Planned};

/// Longer texts are planned each time.
const MAX_TEXT_BYTES: usize = 8_192;

/// What plans of one store may take together.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Parts, each behind a lock of its own.
const BOARDS: usize = 16;

/// What a plan was made for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    /// The text, and the declared types.
    pub(super) request: PlanRequest,
    /// The path.
    pub(super) path: KnownPath,
    /// The number of the planner.
    pub(super) planner: u64,
    /// Who asks.
    pub(super) name: Arc<str>,
    /// The session, if the plan is no other's.
    session: Option<u64>,
}

impl Asked {
    pub(super) const fn new(request: PlanRequest, path: KnownPath, planner: u64, name: Arc<str>) -> Self {
        Self { request, path, planner, name, session: None }
    }
}

/// The plans of one store.
pub struct Shelf {
    boards: Vec<RwLock<Board>>,
    hasher: RandomState,
    sessions: AtomicU64,
}

impl Default for Shelf {
    fn default() -> Self {
        Self::holding(MAX_BYTES)
    }
}

impl Shelf {
    fn holding(bytes: usize) -> Self {
        let board = || RwLock::new(Board { max_layer_bytes: bytes / BOARDS / 2, ..Board::default() });
        let boards = std::iter::repeat_with(board).take(BOARDS).collect();
        Self { boards, hasher: RandomState::new(), sessions: AtomicU64::new(0) }
    }

    /// A number that no other session has.
    pub(super) fn number(&self) -> u64 {
        self.sessions.fetch_add(1, Ordering::Relaxed)
    }

    /// The plan for what the session asks, if there is one.
    pub(super) fn find(&self, asked: &mut Asked, session: u64) -> Option<Arc<Plan>> {
        asked.session = None;
        self.look_up(asked).or_else(|| {
            asked.session = Some(session);
            self.look_up(asked)
        })
    }

    /// Keeps a plan that the session has had made, with its salt.
    pub(super) fn keep(&self, asked: Asked, plan: Arc<Plan>, (session, salt): (u64, &[u8; 16])) {
        let Ok(planned) = &plan.planned else { return };
        if asked.request.text.len() > MAX_TEXT_BYTES {
            return;
        }
        let session = planned.iter().any(|one| one.is_salted(salt)).then_some(session);
        let asked = Asked { session, ..asked };
        if let Some(board) = self.board(&asked) {
            board.write().unwrap_or_else(PoisonError::into_inner).put(asked, plan);
        }
    }

    fn board(&self, asked: &Asked) -> Option<&RwLock<Board>> {
        let place =
            usize::try_from(self.hasher.hash_one(asked) & 0xffff).ok()?.checked_rem(self.boards.len())?;
        self.boards.get(place)
    }

    fn look_up(&self, asked: &Asked) -> Option<Arc<Plan>> {
        let board = self.board(asked)?;
        {
            let board = board.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(plan) = board.upper.get(asked) {
                return Some(Arc::clone(plan));
            }
            board.lower.get(asked)?;
        }
        let mut board = board.write().unwrap_or_else(PoisonError::into_inner);
        let (asked, plan) = board.lower.remove_entry(asked)?;
        board.put(asked, Arc::clone(&plan));
        Some(plan)
    }
}

/// A part of the shelf.
#[derive(Default)]
struct Board {
    upper: HashMap<Asked, Arc<Plan>>,
    lower: HashMap<Asked, Arc<Plan>>,
    upper_bytes: usize,
    max_layer_bytes: usize,
}

impl Board {
    fn put(&mut self, asked: Asked, plan: Arc<Plan>) {
        let bytes = bytes_of(&asked, &plan);
        if bytes > self.max_layer_bytes {
            return;
        }
        if self.upper_bytes.saturating_add(bytes) > self.max_layer_bytes {
            self.lower = std::mem::take(&mut self.upper);
            self.upper_bytes = 0;
        }
        self.upper_bytes = self.upper_bytes.saturating_add(bytes);
        if self.upper.insert(asked, plan).is_some() {
            // Two sessions had it made at once: the same plan, of the same size.
            self.upper_bytes = self.upper_bytes.saturating_sub(bytes);
        }
    }
}

/// About how many bytes a plan takes.
fn bytes_of(asked: &Asked, plan: &Plan) -> usize {
    let planned: usize = plan.planned.as_ref().map_or(0, |planned| planned.iter().map(of_planned).sum());
    let shapes: usize = plan.shapes.iter().map(|shape| shape.as_str().len()).sum();
    let own = size_of::<Asked>().saturating_add(asked.request.text.len()).saturating_add(256);
    own.saturating_add(planned).saturating_add(shapes)
}

/// Texts, and a few words for each column, parameter and ruling.
fn of_planned(planned: &Planned) -> usize {
    let many =
        planned.columns.len().saturating_add(planned.parameters.len()).saturating_add(planned.applied.len());
    let texts = planned.sql.len().saturating_add(planned.locks.len());
    size_of::<Planned>().saturating_add(texts).saturating_add(many.saturating_mul(256))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Kind;

    const SALT: [u8; 16] = [0xab; 16];

    fn plan(sql: &str) -> Arc<Plan> {
        let planned = Planned {
            sql: sql.to_owned(),
            kind: Kind::Rows,
            columns: Vec::new(),
            hidden_columns: 0,
            parameters: Vec::new(),
            reads_protected: false,
            applied: Arc::default(),
            locks: String::new(),
            path: None,
        };
        Arc::new(Plan { planned: Ok(vec![planned]), shapes: Vec::new() })
    }

    fn asked(text: &str) -> Asked {
        let request = PlanRequest { text: text.to_owned(), parameters: vec![25] };
        Asked::new(request, Some(["public".to_owned()].into()), 1, "alice".into())
    }

    #[test]
    fn a_plan_is_found_under_all_that_it_was_made_from() {
        let shelf = Shelf::default();
        shelf.keep(asked("q"), plan("SELECT 1"), (1, &SALT));
        assert!(shelf.find(&mut asked("q"), 2).is_some());
        let other = |change: fn(&mut Asked)| {
            let mut asked = asked("q");
            change(&mut asked);
            shelf.find(&mut asked, 1).is_some()
        };
        assert!(!other(|asked| asked.request.text.push(' ')));
        assert!(!other(|asked| asked.request.parameters = vec![23]));
        assert!(!other(|asked| asked.path = Some(["other".to_owned()].into())));
        assert!(!other(|asked| asked.path = None));
        assert!(!other(|asked| asked.planner = 2));
        assert!(!other(|asked| asked.name = "bob".into()));
    }

    #[test]
    fn what_names_a_salt_is_its_sessions_alone() {
        let shelf = Shelf::default();
        let salted = format!("SELECT sha256('\\x{}')", "ab".repeat(16));
        shelf.keep(asked("q"), plan(&salted), (1, &SALT));
        assert!(shelf.find(&mut asked("q"), 1).is_some());
        assert!(shelf.find(&mut asked("q"), 2).is_none());
    }

    #[test]
    fn bytes_are_bounded() {
        let shelf = Shelf::holding(1 << 20);
        for number in 0..10_000 {
            shelf.keep(asked(&number.to_string()), plan(&"x".repeat(1_000)), (1, &SALT));
            // What is asked for stays.
            assert!(number == 0 || shelf.find(&mut asked("0"), 1).is_some(), "{number}");
        }
        let of = |layer: &HashMap<Asked, Arc<Plan>>| -> usize {
            layer.iter().map(|(asked, plan)| bytes_of(asked, plan)).sum()
        };
        let boards: Vec<_> = shelf.boards.iter().map(|board| board.read().unwrap()).collect();
        let held: usize = boards.iter().map(|board| of(&board.upper) + of(&board.lower)).sum();
        assert!(held <= 1 << 20 && held > 1 << 18, "{held}");
        assert!(boards.iter().all(|board| board.upper_bytes == of(&board.upper)));
        drop(boards);
        shelf.keep(asked(&"x".repeat(MAX_TEXT_BYTES + 1)), plan("SELECT 1"), (1, &SALT));
        assert!(shelf.find(&mut asked(&"x".repeat(MAX_TEXT_BYTES + 1)), 1).is_none());
    }
}
