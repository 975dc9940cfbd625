//! One session and its two connections.
//!
//! A peer is read only while the session can use what comes, so a slow reader slows the other side down and
//! memory stays bounded.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::allowance::Share;
use super::desk::{Desk, Planning, no_plan};
use super::library::Who;
use super::line::ClientLine;
use super::on_record::OnRecord;
use super::own::Prover;
use super::side::Side;
use super::stopwatch::Stopwatch;
use super::upstream::Link;
use super::workshop::Plan;
use super::{Access, Store};
use crate::base::budget::Budget;
use crate::front::audit::Unrecorded;
use crate::front::door::{Inside, Knock, Pushed};
use crate::front::drain::Drain;
use crate::session::postgres::scram::NONCE_BYTES;
use crate::session::postgres::{Ending, Event, Session, TurnedAway};

/// How long a client that says no more may wait for answers: a script may have closed its half and read on, but a client
/// that has vanished looks the same.
const LISTENING: std::time::Duration = std::time::Duration::from_secs(2);

/// What a session that waits may hold for the next answer.
const SMALL_BYTES: usize = 1024;

/// Why the pump stops.
pub(super) enum Stop {
    /// The session is over, for a reason of its own.
    Ended(Ending),
    /// A connection broke.
    Broken,
}

/// What happened while the pump waited.
enum Happened {
    Moved,
    Planned(Plan),
    Vanished,
    Overdue,
    Stopping,
}

pub(super) struct Pump<'s> {
    pub(super) store: &'s Store,
    /// As it was when the client came.
    pub(super) access: Arc<Access>,
    pub(super) session: Session,
    pub(super) desk: Desk,
    pub(super) client: Side<ClientLine>,
    pub(super) server: Option<Side<Link>>,
    planning: Option<Planning>,
    pub(super) on_record: OnRecord,
    /// The place at the door, until there is one inside.
    pub(super) knock: Option<Knock>,
    pub(super) inside: Option<Inside>,
    pub(super) share: Share,
    budget: Budget,
    pub(super) stopwatch: Stopwatch,
    pub(super) peer: IpAddr,
    /// Why there is no encrypted line.
    pub(super) handshake_fault: Option<&'static str>,
    /// From then on nobody is taken to listen.
    vanishes: Option<Instant>,
    pub(super) prover: Option<Prover>,
}

/// Serves one client to its end.
pub(super) async fn run(
    stream: TcpStream,
    (peer, worker): (SocketAddr, usize),
    (knock, pushed): (Knock, Pushed),
    store: &Store,
    drain: Drain,
) {
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
    let budget = store.budget.part(store.limits.session_bytes);
    let session = session.behind(access.doorway.clone(), nonce).within(budget.clone());
    let client = Side::new(ClientLine::Plain(stream), store, &budget);
    let on_record = OnRecord::new(store, worker, peer);
    let (server, planning, prover, vanishes) = (None, None, None, None);
    let (knock, inside) = (Some(knock), None);
    let mut pump = Pump {
        store,
        access,
        session,
        desk,
        client,
        server,
        planning,
        prover,
        on_record,
        vanishes,
        knock,
        inside,
        share: Share::default(),
        peer: peer.ip(),
        handshake_fault: None,
        budget,
        stopwatch: Stopwatch::new(&store.limits, Arc::clone(&store.metrics)),
    };
    let stop = pump.pump(drain, pushed).await;
    Box::pin(pump.finish(&stop)).await;
}

impl Pump<'_> {
    async fn pump(&mut self, mut drain: Drain, pushed: Pushed) -> Stop {
        // One ear for the whole session: to put it up and down for each message would be felt.
        let mut at_the_door = drain.clone();
        let mut stopping = pin!(drain.stopping());
        if let Err(stop) = Box::pin(self.arrive(stopping.as_mut(), pushed, &mut at_the_door)).await {
            return stop;
        }
        drop(at_the_door);
        loop {
            if let Err(stop) = self.step(stopping.as_mut()).await {
                return stop;
            }
        }
    }

    /// Lets the session use what is there, and waits for more.
    pub(super) async fn step(&mut self, stopping: Pin<&mut impl Future<Output = ()>>) -> Result<(), Stop> {
        self.settle().await?;
        if self.put_on_record().await.is_err() {
            return Err(self.withhold());
        }
        self.stopwatch.look(self.session.running(), self.session.counted());
        let happened = self.wait(stopping).await?;
        self.react(happened)
    }

    /// Lets the session use all that it can, and does what it asks for.
    async fn settle(&mut self) -> Result<(), Stop> {
        self.desk.heed_policy(&self.session, self.store);
        loop {
            self.heed_allowance();
            let said = self.client.input.bytes();
            self.desk.heed_catalogue(said, &mut self.session, self.store).map_err(Stop::Ended)?;
            let mut used = self.session.client_says(self.client.input.bytes()).map_err(Stop::Ended)?;
            self.client.input.used(used);
            if self.session.awaits_tls() {
                // What happens once in a session takes no room in it afterwards.
                Box::pin(self.secure()).await?;
                continue;
            }
            if let Some(server) = &mut self.server {
                let said = self.session.server_says(server.input.bytes()).map_err(Stop::Ended)?;
                server.input.used(said);
                if said > 0 {
                    self.store.metrics.read_bytes.inc_by(said as u64);
                }
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
            Event::Withheld(spent) => self.store.metrics.refused(spent.reason()),
            Event::Connect { user, name, attributes, database } => {
                // The name is proved already where identities end here; else the store is the judge.
                if self.access.doorway.accounts.is_some() {
                    self.come_in(&name)?;
                }
                let who = Who { user, name, attributes, database };
                self.on_record.welcome(&who);
                self.desk.welcome(who);
                match Box::pin(self.access.upstream.connect(self.store.limits.connect_timeout)).await {
                    Ok(link) => {
                        self.prover = self.access.service.as_ref().map(|service| service.prover(&link));
                        self.server = Some(Side::new(link, self.store, &self.budget));
                    }
                    Err(error) => {
                        tracing::warn!(store = self.store.name, %error, "the store cannot be reached");
                        return Err(self.turn_away(TurnedAway::StoreUnreachable));
                    }
                }
            }
            Event::Authenticated if self.knock.is_some() => {
                let name = self.desk.name().unwrap_or_default().to_owned();
                self.come_in(&name)?;
                let asked = self.desk.attend(event, &mut self.session, self.store);
                self.planning = asked.map_err(Stop::Ended)?;
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
    async fn wait(&mut self, stopping: Pin<&mut impl Future<Output = ()>>) -> Result<Happened, Stop> {
        let (is_open, overdue) = (self.desk.is_open(), self.stopwatch.until());
        let may_stop = is_open && self.session.is_idle() && self.client.input.bytes().is_empty();
        let Self { store, session, client, server, planning, vanishes, .. } = self;
        let moved = poll_fn(|cx| match poll_move(store, session, client, server.as_mut(), cx) {
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
            () = until(*vanishes) => Ok(Happened::Vanished),
            () = until(overdue) => Ok(Happened::Overdue),
            () = stopping, if may_stop => Ok(Happened::Stopping),
        }
    }

    fn react(&mut self, happened: Happened) -> Result<(), Stop> {
        match happened {
            Happened::Moved => Ok(()),
            Happened::Planned(plan) => {
                self.planning = None;
                let again = self.desk.planned(plan, &mut self.session, self.store);
                self.planning = again.map_err(Stop::Ended)?;
                Ok(())
            }
            Happened::Vanished => Err(Stop::Broken),
            Happened::Overdue if self.stopwatch.is_first() => {
                self.cancel_overdue();
                Ok(())
            }
            Happened::Overdue => Err(self.end("57014", "the statement took too long")),
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

    pub(super) fn end(&mut self, sqlstate: &'static str, message: &str) -> Stop {
        let ending = Ending::Refused { sqlstate, message: message.to_owned() };
        self.session.end(&ending);
        Stop::Ended(ending)
    }
}

/// Moves what can be moved, in all four directions; true if anything was.
fn poll_move(
    store: &Store,
    session: &mut Session,
    client: &mut Side<ClientLine>,
    server: Option<&mut Side<Link>>,
    cx: &mut Context<'_>,
) -> io::Result<bool> {
    let (hears_client, hears_server) = (session.hears_client(), session.hears_server());
    let is_idle = session.is_idle();
    let (to_client, to_server) = session.outgoing();
    let to_send = to_client.len();
    let mut moved = client.poll_write(cx, to_client)?;
    if moved {
        store.metrics.sent_bytes.inc_by(to_send.saturating_sub(to_client.len()) as u64);
    }
    if let Some(server) = server {
        moved |= server.poll_write(cx, to_server)?;
        if is_idle {
            give_back(to_client);
            give_back(to_server);
        }
        if hears_server {
            moved |= server.poll_read(cx)?;
        }
    }
    if hears_client {
        moved |= client.poll_read(cx)?;
    }
    Ok(moved)
}

/// A buffer of a session that waits is given back, unless it is small.
fn give_back(sent: &mut BytesMut) {
    if sent.is_empty() && sent.capacity() > SMALL_BYTES {
        *sent = BytesMut::new();
    }
}

/// The plan, when it is made.
async fn made(planning: &mut Option<Planning>) -> Plan {
    match planning {
        Some(planning) => planning.await.unwrap_or_else(|_| no_plan()),
        None => std::future::pending().await,
    }
}

pub(super) async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
