//! Entries that wait to be written together.
//!
//! Invariant: while something waits, whoever waits for it will write it, or a task attends to it; also when the runtime
//! of that task ends, nothing stays behind.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::trail::Trail;
use super::trail_file::TrailFile;
use super::{Fsync, Recorded};
use crate::audit::Body;

/// A queue in front of the trail.
pub(super) struct Queue {
    trail: Arc<Trail>,
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    waiting: Vec<Waiting>,
    /// True while a task has taken it on to write what is waiting.
    is_attended: bool,
    /// Bodies that have been written, for the next to be printed over.
    used: Vec<Body>,
}

/// The most bodies that are kept to be printed over.
const MAX_USED: usize = 64;

/// An entry, and whoever waits for it.
pub(super) struct Waiting {
    pub(super) body: Body,
    pub(super) done: oneshot::Sender<Recorded>,
    pub(super) since: Instant,
}

impl Queue {
    /// A queue that the trail knows of.
    pub(super) fn new(trail: Arc<Trail>) -> Arc<Self> {
        let queue = Arc::new(Self { trail, line: Mutex::default() });
        queue.trail.serve(&queue);
        queue
    }

    pub(super) const fn trail(&self) -> &Arc<Trail> {
        &self.trail
    }

    /// Lines up. The caller sees that somebody writes.
    pub(super) fn push(&self, body: Body) -> oneshot::Receiver<Recorded> {
        let (done, recorded) = oneshot::channel();
        let waiting = Waiting { body, done, since: Instant::now() };
        self.trail.metrics().waiting.inc();
        locked(&self.line).waiting.push(waiting);
        recorded
    }

    /// A body that has been written already, if there is one.
    pub(super) fn used(&self) -> Option<Body> {
        locked(&self.line).used.pop()
    }

    /// True while a task writes what is waiting.
    pub(super) fn is_attended(&self) -> bool {
        locked(&self.line).is_attended
    }

    /// Sees that a task writes what is waiting.
    pub(super) fn attend(self: &Arc<Self>) {
        let attends = {
            let mut line = locked(&self.line);
            !line.waiting.is_empty() && !std::mem::replace(&mut line.is_attended, true)
        };
        if attends {
            match Handle::try_current() {
                Ok(runtime) => {
                    drop(runtime.spawn(attend(Attending { queue: Arc::clone(self), is_done: false })));
                }
                Err(_) => self.empty(),
            }
        }
    }

    /// Writes until nothing is waiting.
    pub(super) fn empty(&self) {
        while self.write_waiting(self.trail.hold()) {}
    }

    /// Does the same unless another thread holds the file; false if so.
    pub(super) fn empty_unless_held(&self) -> bool {
        loop {
            let Some(file) = self.trail.try_hold() else { return false };
            if !self.write_waiting(file) {
                return true;
            }
        }
    }

    /// Writes all that is waiting; true if more may have come meanwhile, which the caller has to attend to.
    fn write_waiting(&self, file: MutexGuard<'_, TrailFile>) -> bool {
        let waiting = {
            let mut line = locked(&self.line);
            if line.waiting.is_empty() {
                line.is_attended = false;
                return false;
            }
            let room = line.waiting.len();
            std::mem::replace(&mut line.waiting, Vec::with_capacity(room))
        };
        let used = self.trail.write(file, waiting).into_iter().filter(Body::is_usual);
        let mut line = locked(&self.line);
        let room = MAX_USED.saturating_sub(line.used.len());
        line.used.extend(used.take(room));
        true
    }
}

/// Writes until nothing is waiting.
async fn attend(mut attending: Attending) {
    while !attending.is_done {
        tokio::task::yield_now().await;
        let is_more = if attending.queue.trail.fsync() == Fsync::Always {
            let writing = Arc::clone(&attending.queue);
            let Ok(is_more) =
                tokio::task::spawn_blocking(move || writing.write_waiting(writing.trail.hold())).await
            else {
                return;
            };
            is_more
        } else {
            attending.queue.write_waiting(attending.queue.trail.hold())
        };
        attending.is_done = !is_more;
    }
}

/// Somebody attends to what is waiting, also when the runtime that was to do it ends.
struct Attending {
    queue: Arc<Queue>,
    is_done: bool,
}

impl Drop for Attending {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let left = std::mem::take(&mut *locked(&self.queue.line));
            self.queue.trail.metrics().waiting.dec_by(i64::try_from(left.waiting.len()).unwrap_or(i64::MAX));
        } else if !self.is_done {
            self.queue.empty();
        }
    }
}

/// What a panic of another holder left is whole: every change under these locks is one step.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("fsync", &self.trail.fsync()).finish_non_exhaustive()
    }
}
