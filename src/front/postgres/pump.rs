//! One session and its two connections.
//!
//! A peer is read only while the session can use what comes, so a slow reader slows the other side down and
//! memory stays bounded.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

use super::desk::{Desk, Planning, no_plan};
use super::library::Who;
use super::line::ClientLine;
use super::on_record::OnRecord;
use super::own::{OwnError, Prover};
use super::side::Side;
use super::upstream::Link;
use super::workshop::Plan;
use super::{ALPN, Access, Store};
use crate::front::audit::Unrecorded;
use crate::front::drain::Drain;
use crate::front::tls::Channel;
use crate::session::postgres::scram::NONCE_BYTES;
use crate::session::postgres::{self as session, Ending, Event, Session};
use crate::wire::postgres::frontend::CancelKey;

/// How long a client that says no more may wait for answers: a script may have closed its half and read on, but a client
/// that has vanished looks the same.
const LISTENING: Duration = Duration::from_secs(2);

/// Why the pump stops.
enum Stop {
    /// The session is over, for a reason of its own.
    Ended(Ending),
    /// A connection broke.
    Broken,
}

/// What happened while the pump waited.
enum Happened {
    Moved,
    Planned(Plan),
    LoginTimeout,
    Vanished,
    Stopping,
}

struct Pump<'s> {
    store: &'s Store,
    /// As it was when the client came.
    access: Arc<Access>,
    session: Session,
    desk: Desk,
    client: Side<ClientLine>,
    server: Option<Side<Link>>,
    planning: Option<Planning>,
    on_record: OnRecord,
    /// From then on nobody is taken to listen.
    vanishes: Option<Instant>,
    prover: Option<Prover>,
}

/// Serves one client to its end.
pub(super) async fn run(stream: TcpStream, (peer, worker): (SocketAddr, usize), store: &Store, drain: Drain) {
    let Some((session, desk)) = Desk::open(store) else {
        tracing::error!(store = store.name, "no randomness for a session");
        return;
    };
    let access = store.access.load_full();
    let mut nonce = [0; NONCE_BYTES];
    if getrandom::fill(&mut nonce).is_err() {
        tracing::error!(store = store.name, "no randomness for a session");
        return;
    }
    let session = session.behind(access.doorway.clone(), nonce);
    let client = Side::new(ClientLine::Plain(stream), store);
    let on_record = OnRecord::new(store, worker, peer);
    let (server, planning, prover, vanishes) = (None, None, None, None);
    let mut pump =
        Pump { store, access, session, desk, client, server, planning, prover, on_record, vanishes };
    let stop = pump.pump(drain).await;
    pump.finish(&stop).await;
}

impl Pump<'_> {
    async fn pump(&mut self, mut drain: Drain) -> Stop {
        let deadline = Instant::now().checked_add(self.store.limits.login_timeout);
        // One ear for the whole session: to put it up and down for each message would be felt.
        let mut stopping = pin!(drain.stopping());
        loop {
            let settled = self.settle().await;
            if let Err(stop) = settled {
                return stop;
            }
            if self.put_on_record().await.is_err() {
                return self.withhold();
            }
            let happened = match self.wait(stopping.as_mut(), deadline).await {
                Ok(happened) => happened,
                Err(stop) => return stop,
            };
            if let Err(stop) = self.react(happened) {
                return stop;
            }
        }
    }

    /// Lets the session use all that it can, and does what it asks for.
    async fn settle(&mut self) -> Result<(), Stop> {
        self.desk.heed_policy(&self.session, self.store);
        loop {
            let said = self.client.input.bytes();
            self.desk.heed_catalogue(said, &mut self.session, self.store).map_err(Stop::Ended)?;
            let mut used = self.session.client_says(self.client.input.bytes()).map_err(Stop::Ended)?;
            self.client.input.used(used);
            if self.session.awaits_tls() {
                self.secure().await?;
                continue;
            }
            if let Some(server) = &mut self.server {
                let said = self.session.server_says(server.input.bytes()).map_err(Stop::Ended)?;
                server.input.used(said);
                used = used.saturating_add(said);
            }
            if let Some(challenge) = self.session.challenge() {
                self.prove(&challenge)?;
            }
            let mut is_settled = used == 0;
            while let Some(event) = self.session.next_event() {
                is_settled = false;
                self.attend(event).await?;
            }
            if is_settled {
                return self.pass_closing_on().await;
            }
        }
    }

    /// Goes over to TLS. What the client has sent already is the beginning of its handshake.
    async fn secure(&mut self) -> Result<(), Stop> {
        let Some(tls) = &self.access.tls else { return Err(Stop::Broken) };
        let (to_client, _) = self.session.outgoing();
        let client = &mut self.client;
        let shaking = async {
            client.send(to_client).await?;
            let ahead = client.input.take();
            client.stream().secure(tls, ahead).await
        };
        let shaken = timeout(self.store.limits.login_timeout, shaking).await;
        match shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(Channel { end_point, name, protocol }) => {
                let agreed = protocol.as_deref() == Some(ALPN);
                let channel = session::Channel { end_point, name, agreed };
                self.session.secured(channel).map_err(Stop::Ended)
            }
            Err(error) => {
                tracing::info!(store = self.store.name, kind = ?error.kind(), "a TLS handshake failed");
                self.store.metrics.refused("tls_handshake");
                Err(Stop::Broken)
            }
        }
    }

    /// Answers the store for the service account.
    fn prove(&mut self, challenge: &[u8]) -> Result<(), Stop> {
        let answer = self.prover.as_mut().ok_or(OwnError::NoPassword).and_then(|it| it.answer(challenge));
        match answer {
            Ok(answer) => {
                self.session.prove(&answer);
                Ok(())
            }
            Err(error) => {
                tracing::error!(store = self.store.name, %error, "the service account cannot log in");
                Err(self.end("08004", "the store does not let the proxy in"))
            }
        }
    }

    /// A side that has come to its end, and whose last bytes have been used, ends the other's.
    async fn pass_closing_on(&mut self) -> Result<(), Stop> {
        let (to_client, to_server) = self.session.outgoing();
        let Some(server) = &mut self.server else {
            return if self.client.is_closed { Err(Stop::Broken) } else { Ok(()) };
        };
        if server.is_closed && to_client.is_empty() {
            let is_alone = self.client.is_closed;
            return Err(if is_alone {
                Stop::Broken
            } else {
                self.end("08006", "the store closed the connection")
            });
        }
        if self.client.is_closed && self.vanishes.is_none() {
            self.vanishes = Instant::now().checked_add(LISTENING);
        }
        if self.client.is_closed && to_server.is_empty() && self.planning.is_none() {
            // A store that is gone already says so when it is read.
            let _gone = server.shut().await;
        }
        Ok(())
    }

    async fn attend(&mut self, event: Event) -> Result<(), Stop> {
        match event {
            Event::Account(account) => self.on_record.take_all([account]),
            Event::Connect { user, name, database } => {
                let who = Who { user, name, database };
                self.on_record.welcome(&who);
                self.desk.welcome(who);
                match self.access.upstream.connect(self.store.limits.connect_timeout).await {
                    Ok(link) => {
                        self.prover = self.access.service.as_ref().map(|service| service.prover(&link));
                        self.server = Some(Side::new(link, self.store));
                    }
                    Err(error) => return Err(self.unreachable(&error)),
                }
            }
            event => {
                let planning = self.desk.attend(event, &mut self.session, self.store);
                if let Some(planning) = planning.map_err(Stop::Ended)? {
                    self.planning = Some(planning);
                }
            }
        }
        Ok(())
    }

    /// Waits until a peer has been read or written, a plan is made, or time is up.
    async fn wait(
        &mut self,
        stopping: Pin<&mut impl Future<Output = ()>>,
        deadline: Option<Instant>,
    ) -> Result<Happened, Stop> {
        let is_open = self.desk.is_open();
        let may_stop = is_open && self.session.is_idle() && self.client.input.bytes().is_empty();
        let Self { session, client, server, planning, vanishes, .. } = self;
        let moved = poll_fn(|cx| match poll_move(session, client, server.as_mut(), cx) {
            Ok(true) => Poll::Ready(Ok(Happened::Moved)),
            Ok(false) => Poll::Pending,
            Err(error) if error.kind() == io::ErrorKind::OutOfMemory => {
                Poll::Ready(Err(Stop::Ended(Ending::TooLarge)))
            }
            Err(_) => Poll::Ready(Err(Stop::Broken)),
        });
        tokio::select! {
            biased;
            moved = moved => moved,
            plan = made(planning) => Ok(Happened::Planned(plan)),
            () = until(deadline), if !is_open => Ok(Happened::LoginTimeout),
            () = until(*vanishes) => Ok(Happened::Vanished),
            () = stopping, if may_stop => Ok(Happened::Stopping),
        }
    }

    fn react(&mut self, happened: Happened) -> Result<(), Stop> {
        match happened {
            Happened::Moved => Ok(()),
            Happened::Planned(plan) => {
                self.planning = None;
                self.desk.planned(plan, &mut self.session, self.store).map_err(Stop::Ended)
            }
            Happened::Vanished => Err(Stop::Broken),
            Happened::LoginTimeout => Err(self.end("57014", "the login took too long")),
            Happened::Stopping => Err(self.end("57P01", "the proxy is shutting down")),
        }
    }

    async fn put_on_record(&mut self) -> Result<(), Unrecorded> {
        self.on_record.write(self.store).await?;
        self.on_record.begin(&mut self.session, self.store).await
    }

    /// Nothing is answered that is not on record. What has been sent may end in the middle of a message.
    fn withhold(&mut self) -> Stop {
        self.session.outgoing().0.clear();
        Stop::Broken
    }

    fn unreachable(&mut self, error: &io::Error) -> Stop {
        tracing::warn!(store = self.store.name, %error, "the store cannot be reached");
        self.end("08001", "the store cannot be reached")
    }

    fn end(&mut self, sqlstate: &'static str, message: &str) -> Stop {
        let ending = Ending::Refused { sqlstate, message: message.to_owned() };
        self.session.end(&ending);
        Stop::Ended(ending)
    }

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

    /// Sends what is left, and carries out a cancel request: the client's, or our own for a client that is gone.
    async fn finish(mut self, stop: &Stop) {
        match stop {
            Stop::Ended(Ending::Goodbye | Ending::Cancel | Ending::ServerFatal) | Stop::Broken => {}
            Stop::Ended(ending @ Ending::ServerFault(_)) => {
                tracing::error!(store = self.store.name, %ending, "a session was ended");
            }
            Stop::Ended(ending) => {
                if let Ending::Refused { sqlstate, .. } = ending {
                    self.store.metrics.refused(sqlstate);
                }
                tracing::info!(store = self.store.name, %ending, "a session was ended");
            }
        }
        let is_owed = self.session.is_owed();
        let to_cancel = self.write_last_accounts(stop).await;
        let (connect, write) = (self.store.limits.connect_timeout, self.store.limits.write_timeout);
        let asked = match to_cancel {
            Some(key) => self.store.cancels.find(key),
            // What the store still does, it does for nobody.
            None if matches!(stop, Stop::Broken) && is_owed => self.desk.store_key(self.store),
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
        // Neither peer is owed more than a try.
        let _tried = timeout(write, async { tokio::join!(client.close(to_client), to_server) }).await;
    }
}

/// Moves what can be moved, in all four directions; true if anything was.
fn poll_move(
    session: &mut Session,
    client: &mut Side<ClientLine>,
    server: Option<&mut Side<Link>>,
    cx: &mut Context<'_>,
) -> io::Result<bool> {
    let (hears_client, hears_server) = (session.hears_client(), session.hears_server());
    let (to_client, to_server) = session.outgoing();
    let mut moved = client.poll_write(cx, to_client)?;
    if let Some(server) = server {
        moved |= server.poll_write(cx, to_server)?;
        if hears_server {
            moved |= server.poll_read(cx)?;
        }
    }
    if hears_client {
        moved |= client.poll_read(cx)?;
    }
    Ok(moved)
}

/// The plan, when it is made.
async fn made(planning: &mut Option<Planning>) -> Plan {
    match planning {
        Some(planning) => planning.await.unwrap_or_else(|_| no_plan()),
        None => std::future::pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
