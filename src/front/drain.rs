//! A graceful stop: listeners close at once, exchanges under way may end until a deadline.

use tokio::sync::watch;

/// The hand that stops.
#[derive(Debug)]
pub struct Stopper {
    flag: watch::Sender<bool>,
}

/// The ear that hears it. Clones hear the same hand; the drain is over when all clones are dropped.
#[derive(Clone, Debug)]
pub struct Drain {
    flag: watch::Receiver<bool>,
}

/// A connected pair.
#[must_use]
pub fn drain() -> (Stopper, Drain) {
    let (sender, receiver) = watch::channel(false);
    (Stopper { flag: sender }, Drain { flag: receiver })
}

impl Stopper {
    /// Asks everybody to stop, and waits until they have.
    pub async fn stop(self) {
        let _nobody_left_to_hear = self.flag.send(true);
        self.flag.closed().await;
    }
}

impl Drain {
    /// Waits until a stop is asked for (or the stopper is gone).
    pub async fn stopping(&mut self) {
        let _gone = self.flag.wait_for(|&stopping| stopping).await;
    }
}
