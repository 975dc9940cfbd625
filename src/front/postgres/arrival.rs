//! The way of a client from its first byte to the inside: TLS, start-up, its proof, and what has to be known of the
//! database.
//!
//! Invariant: whatever is awaited here is awaited under one deadline, at a place that a newcomer may take.

use std::io;
use std::pin::Pin;

use tokio::time::Instant;

use super::ALPN;
use super::own::OwnError;
use super::pump::{Pump, Stop, until};
use crate::front::door::{Full, Pushed};
use crate::front::drain::Drain;
use crate::front::tls::{Channel, handshake_fault};
use crate::session::postgres::{self as session, Ending, TurnedAway};

impl Pump<'_> {
    /// Lets the client in, within the deadline and as long as nobody takes its place.
    pub(super) async fn arrive(
        &mut self,
        mut stopping: Pin<&mut impl Future<Output = ()>>,
        pushed: Pushed,
        drain: &mut Drain,
    ) -> Result<(), Stop> {
        let deadline = Instant::now().checked_add(self.store.limits.login_timeout);
        let arriving = async {
            while !self.desk.is_open() {
                self.step(stopping.as_mut()).await?;
            }
            Ok(())
        };
        let why = tokio::select! {
            biased;
            arrived = arriving => return arrived,
            () = until(deadline) => TurnedAway::LoginTimeout,
            () = pushed.out() => TurnedAway::TooManyLogins,
            () = drain.stopping() => TurnedAway::Stopping,
        };
        Err(self.turn_away(why))
    }

    /// Takes a place inside, and gives up that at the door.
    pub(super) fn come_in(&mut self, name: &str) -> Result<(), Stop> {
        let Some(knock) = &self.knock else { return Ok(()) };
        match knock.come_in(Some(name)) {
            Ok(inside) => {
                (self.inside, self.knock) = (Some(inside), None);
                self.share.allowance = self.store.allowances.of(name);
                Ok(())
            }
            Err(Full::All) => Err(self.turn_away(TurnedAway::TooManyConnections)),
            Err(Full::Identity) => Err(self.turn_away(TurnedAway::TooManyOfOneName)),
        }
    }

    /// Why the client was not let in; `None` if it went by itself.
    pub(super) fn why_not(&self, stop: &Stop) -> Option<&'static str> {
        match stop {
            Stop::Broken => self.handshake_fault,
            Stop::Ended(Ending::Goodbye | Ending::Cancel) => None,
            Stop::Ended(Ending::TurnedAway(why)) => Some(why.reason()),
            Stop::Ended(Ending::Refused { sqlstate, .. }) => Some(sqlstate),
            Stop::Ended(Ending::ClientFault(_)) => Some("malformed"),
            Stop::Ended(Ending::ServerFatal) => Some("refused-by-store"),
            Stop::Ended(Ending::ServerFault(_)) => Some("store-broken"),
            Stop::Ended(Ending::TooLarge) => Some("memory"),
        }
    }

    /// The name that the client has proved, or claimed and could have proved.
    pub(super) fn known_name(&self, stop: &Stop) -> Option<&str> {
        match stop {
            Stop::Ended(Ending::TurnedAway(
                TurnedAway::TooManyConnections | TurnedAway::TooManyOfOneName,
            )) => self.session.known_name().or(self.desk.name()),
            _ => self.session.known_name(),
        }
    }

    pub(super) fn turn_away(&mut self, why: TurnedAway) -> Stop {
        let ending = Ending::TurnedAway(why);
        self.session.end(&ending);
        Stop::Ended(ending)
    }

    /// Goes over to TLS. What the client has sent already is the beginning of its handshake.
    pub(super) async fn secure(&mut self) -> Result<(), Stop> {
        let Some(tls) = &self.access.tls else { return Err(Stop::Broken) };
        let (to_client, _) = self.session.outgoing();
        let client = &mut self.client;
        let shaking = async {
            client.send(to_client).await?;
            let ahead = client.input.take();
            client.stream().secure(tls, ahead).await
        };
        let shaken: io::Result<_> = shaking.await;
        match shaken {
            Ok(Channel { end_point, client, protocol }) => {
                let agreed = protocol.as_deref() == Some(ALPN);
                let channel = session::Channel { end_point, client, agreed };
                self.session.secured(channel).map_err(Stop::Ended)
            }
            Err(error) => {
                self.handshake_fault = Some(handshake_fault(&error));
                Err(Stop::Broken)
            }
        }
    }

    /// Answers the store for the service account.
    pub(super) fn prove(&mut self, challenge: &[u8]) -> Result<(), Stop> {
        let answer = self.prover.as_mut().ok_or(OwnError::NoPassword).and_then(|it| it.answer(challenge));
        match answer {
            Ok(answer) => {
                self.session.prove(&answer);
                Ok(())
            }
            Err(error) => {
                tracing::error!(store = self.store.name, %error, "the service account cannot log in");
                Err(self.turn_away(TurnedAway::ProxyRefused))
            }
        }
    }
}
