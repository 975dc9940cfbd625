//! Threads that serve: each runs a runtime of its own, and a connection stays where it was put.
//!
//! A client's connection, the exchange and the pooled connection to the store then meet on one thread:
//! nothing is woken across processors between reading an answer and sending it on.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The threads. They end when this is dropped.
#[derive(Debug)]
pub struct Workers {
    handles: Vec<Handle>,
    next: AtomicUsize,
    _ends: Vec<oneshot::Sender<()>>,
}

/// One of the threads.
#[derive(Clone, Debug)]
pub struct Worker {
    /// Which one, from zero: stores keep a pool of connections for each.
    pub index: usize,
    /// Spawns onto its runtime.
    pub handle: Handle,
}

impl Workers {
    /// Starts `count` threads, one at least.
    ///
    /// # Errors
    /// What the system says if it gives no thread or no poller.
    pub fn start(count: usize) -> io::Result<Self> {
        let (mut handles, mut ends) = (Vec::new(), Vec::new());
        for index in 0..count.max(1) {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let (end, ended) = oneshot::channel::<()>();
            handles.push(runtime.handle().clone());
            ends.push(end);
            std::thread::Builder::new().name(format!("worker-{index}")).spawn(move || {
                // An error here is the sender's drop: the sign to end.
                let _dropped = runtime.block_on(ended);
            })?;
        }
        Ok(Self { handles, next: AtomicUsize::new(0), _ends: ends })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.handles.len()
    }

    /// The one whose turn it is.
    #[must_use]
    pub fn next(&self) -> Option<Worker> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let index = turn.checked_rem(self.handles.len())?;
        Some(Worker { index, handle: self.handles.get(index)?.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_goes_round_and_stays_where_it_was_put() {
        let workers = Workers::start(2).unwrap();
        let name = |worker: &Worker| {
            let (sender, receiver) = std::sync::mpsc::channel();
            worker.handle.spawn(async move {
                sender.send(std::thread::current().name().unwrap().to_owned()).unwrap();
            });
            receiver.recv().unwrap()
        };
        let turns: Vec<Worker> = (0..3).map(|_| workers.next().unwrap()).collect();
        let names: Vec<String> = turns.iter().map(name).collect();
        assert_eq!(names, ["worker-0", "worker-1", "worker-0"]);
    }
}
