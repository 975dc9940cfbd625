//! Threads on which statements are planned.
//!
//! Hostile SQL nests deeply, and planning is recursive, so these threads have large stacks; and a statement
//! that takes long to plan holds up only others that want to be planned.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::library::{OwnedView, Plans};
use crate::audit::Shape;
use crate::session::postgres::PlanRequest;
use crate::sql::{Planned, Refusal, planning_thread};

/// Statements that may wait for a thread.
const QUEUE: usize = 1024;

type Job = Box<dyn FnOnce() + Send>;

/// The threads.
#[derive(Debug)]
pub struct Workshop {
    jobs: SyncSender<Job>,
}

/// What comes of planning.
pub(super) struct Plan {
    /// What to send, or why nothing is sent.
    pub(super) planned: Result<Vec<Planned>, Refusal>,
    /// What goes on record of the text.
    pub(super) shapes: Vec<Shape>,
}

impl Workshop {
    /// Starts `threads` threads; they end when the workshop is dropped.
    ///
    /// # Errors
    /// What the system says if a thread cannot be started.
    pub fn start(threads: usize) -> io::Result<Self> {
        let (jobs, queue) = sync_channel::<Job>(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads.max(1) {
            let queue = Arc::clone(&queue);
            planning_thread(move || work(&queue))?;
        }
        Ok(Self { jobs })
    }

    /// Plans a statement. If the answer never comes, planning it failed in a way that must not happen.
    pub(super) fn plan(
        &self,
        plans: Arc<dyn Plans>,
        view: OwnedView,
        request: PlanRequest,
    ) -> oneshot::Receiver<Plan> {
        let (answer, receiver) = oneshot::channel();
        let job: Job = Box::new(move || {
            let shapes = if view.is_on_record { plans.shapes(&request.text) } else { Vec::new() };
            let planned = plans.plan(&request.text, &view.borrow(), &request.parameters);
            let plan = Plan { planned, shapes };
            // The session may be gone.
            let _gone = answer.send(plan);
        });
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) = self.jobs.try_send(job) {
            drop(job);
        }
        receiver
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // A panic drops the answer: the statement is refused, and the thread goes on.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("planning a statement panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::SessionView;

    struct Panics;

    impl Plans for Panics {
        fn number(&self) -> u64 {
            0
        }

        fn plan(&self, text: &str, _: &SessionView<'_>, _: &[u32]) -> Result<Vec<Planned>, Refusal> {
            assert!(text.is_empty());
            Ok(Vec::new())
        }

        fn shapes(&self, _: &str) -> Vec<Shape> {
            Vec::new()
        }
    }

    #[tokio::test]
    async fn a_panic_ends_one_statement() {
        let workshop = Workshop::start(1).unwrap();
        let view = OwnedView { search_path: None, user: "u".into(), salt: [0; 16], is_on_record: true };
        let request = |text: &str| PlanRequest { text: text.into(), parameters: Vec::new() };
        assert!(workshop.plan(Arc::new(Panics), view.clone(), request("x")).await.is_err());
        assert!(
            workshop.plan(Arc::new(Panics), view, request("")).await.unwrap().planned.unwrap().is_empty()
        );
    }
}
