//! The end of a session: what is left goes on record, and to both peers.

use std::time::Duration;

use tokio::time::timeout;

use super::pump::{Pump, Stop};
use crate::session::postgres::{Ending, Event};
use crate::wire::postgres::frontend::CancelKey;

/// How long somebody who was not let in may take to hear why: otherwise the door would be held open by not listening.
const LAST_WORD: Duration = Duration::from_secs(1);

impl Pump<'_> {
    /// Puts on record what the session leaves behind; what is not on record is not sent. The key of the session that is
    /// to be cancelled, if that was all this one was about.
    async fn write_last_accounts(&mut self, stop: &Stop) -> Option<CancelKey> {
        match stop {
            Stop::Broken => self.on_record.take_all(self.session.cut_account("client-gone")),
            Stop::Ended(ending) => self.session.end(ending),
        }
        let mut to_cancel = None;
        while let Some(event) = self.session.next_event() {
            match event {
                Event::Account(account) => self.on_record.take_all([account]),
                Event::Cancel(key) => to_cancel = Some(key),
                _ => {}
            }
        }
        if self.on_record.write(self.store).await.is_err() {
            self.session.outgoing().0.clear();
        }
        to_cancel
    }

    /// Counts and logs how it ended.
    fn take_note(&self, stop: &Stop) {
        let store = &self.store.name;
        if let Stop::Ended(ending @ Ending::ServerFault(_)) = stop {
            tracing::error!(store, %ending, "a session was ended");
        }
        if self.inside.is_none() {
            if let Some(reason) = self.why_not(stop) {
                self.store.turned_away.note(reason, self.peer, self.known_name(stop));
            }
            return;
        }
        match stop {
            Stop::Broken
            | Stop::Ended(Ending::Goodbye | Ending::Cancel | Ending::ServerFatal | Ending::ServerFault(_)) => {
            }
            Stop::Ended(ending) => {
                match ending {
                    Ending::Refused { sqlstate, .. } => self.store.metrics.refused(sqlstate),
                    Ending::TurnedAway(why) => self.store.metrics.refused(why.reason()),
                    _ => {}
                }
                tracing::info!(store, %ending, "a session was ended");
            }
        }
    }

    /// Sends what is left, and carries out a cancel request: the client's, or our own for a client that is gone.
    pub(super) async fn finish(mut self, stop: &Stop) {
        self.stopwatch.look(None, self.session.counted());
        self.take_note(stop);
        let is_owed = self.session.is_owed();
        let to_cancel = self.write_last_accounts(stop).await;
        let (connect, write) = (self.store.limits.connect_timeout, self.store.limits.write_timeout);
        let asked = match to_cancel {
            Some(key) => self.store.cancels.find(key),
            // What the store still does, it does for nobody.
            None if is_owed && matches!(stop, Stop::Broken) || is_cut(stop) => {
                self.desk.store_key(self.store)
            }
            None => None,
        };
        if let Some(key) = asked
            && let Err(error) = self.access.upstream.cancel(key, connect).await
        {
            tracing::debug!(store = self.store.name, %error, "a cancel request did not reach the store");
        }
        let (to_client, to_server) = self.session.outgoing();
        let (client, server) = (&mut self.client, &mut self.server);
        let to_server = async {
            match server {
                Some(server) => server.close(to_server).await,
                None => Ok(()),
            }
        };
        let write = if self.inside.is_some() { write } else { write.min(LAST_WORD) };
        // Neither peer is owed more than a try.
        let _tried = timeout(write, async { tokio::join!(client.close(to_client), to_server) }).await;
    }
}

/// True if an answer was too much, and the store may still be at it.
const fn is_cut(stop: &Stop) -> bool {
    matches!(stop, Stop::Ended(Ending::Refused { sqlstate, .. }) if matches!(sqlstate.as_bytes(), b"53400" | b"54000" | b"57014"))
}
