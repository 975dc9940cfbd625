//! Before the start-up message: is the line encrypted, and who calls?
//!
//! Invariant: what was sent in clear behind a request for encryption is never read as if it had come through the
//! encrypted line.
//! Not here: TLS itself (`front`).

use std::sync::Arc;

use bytes::BufMut;

use super::Event;
use super::conversation::Outbox;
use super::refusal::{Ending, Fault};
use super::scram::Verifiers;
use super::startup::Login;
use super::turned_away::TurnedAway;
use crate::policy::Member;
use crate::wire::postgres::frame;
use crate::wire::postgres::frontend::{CancelRequest, Opening};

/// As the server's own limit.
const MAX_STARTUP_BYTES: usize = 10_000;

/// The first byte of a TLS handshake. Read as a length it would be far beyond any start-up message.
const TLS_HANDSHAKE: u8 = 0x16;

/// What clients find at the door.
#[derive(Clone, Debug, Default)]
pub struct Doorway {
    /// Over what line they may come.
    pub line: Line,
    /// Where identities end here: by what. Else they pass through to the store.
    pub accounts: Option<Arc<Accounts>>,
}

/// Identities that end here, and the one account that stands for all of them at the store.
#[derive(Debug, Default)]
pub struct Accounts {
    /// The database user.
    pub service: String,
    /// What names prove themselves with.
    pub verifiers: Option<Verifiers>,
    /// A certificate that was verified is proof enough of the name in it.
    pub by_certificate: bool,
}

/// Over what line clients may come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// A plain one; encryption is declined.
    #[default]
    Plain,
    /// An encrypted one, or a plain one.
    TlsAllowed,
    /// An encrypted one. Only a request to cancel may come in clear, since clients send it so.
    TlsRequired,
}

/// What is known of an encrypted line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// The binding `tls-server-end-point` (RFC 5929), where the certificate has one.
    pub end_point: Option<Arc<[u8]>>,
    /// Whom the client's certificate names, if it showed one that was verified.
    pub client: Option<Member>,
    /// True if both agreed, in the handshake, to speak PostgreSQL's protocol.
    pub agreed: bool,
}

/// Before the start-up message.
#[derive(Default)]
pub(super) struct Doorstep {
    doorway: Doorway,
    asked_tls: bool,
    asked_gss: bool,
    handshake: Handshake,
    channel: Option<Channel>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Handshake {
    #[default]
    None,
    /// Asked for in the protocol's own way, and granted.
    Granted,
    /// Begun by the client with its first byte.
    Direct,
}

/// What a message on the doorstep led to.
pub(super) enum Entry {
    /// More is to come.
    Wait,
    /// A login.
    Login(Box<Login>),
}

impl Doorstep {
    pub(super) fn new(doorway: Doorway) -> Self {
        Self { doorway, ..Self::default() }
    }

    /// True while the next bytes of the client belong to a TLS handshake.
    pub(super) fn awaits_tls(&self) -> bool {
        self.handshake != Handshake::None && self.channel.is_none()
    }

    /// What is left of it when a login has come: whom to let in by what, and over what line they came.
    pub(super) fn leave(&mut self) -> (Option<Arc<Accounts>>, Option<Channel>) {
        (self.doorway.accounts.take(), self.channel.take())
    }

    /// Takes note of an encrypted line.
    pub(super) fn secured(&mut self, channel: Channel) -> Result<(), Ending> {
        // Bytes meant for a server of another protocol are not answered by this one.
        if self.handshake == Handshake::Direct && !channel.agreed {
            return Err(Ending::client(Fault::Unexpected));
        }
        self.channel = Some(channel);
        Ok(())
    }

    /// Takes one message, if it is there in full; returns how many bytes it had.
    pub(super) fn client_says(&mut self, input: &[u8], out: &mut Outbox) -> Result<(usize, Entry), Ending> {
        if self.awaits_tls() {
            return Ok((0, Entry::Wait));
        }
        let is_untouched = !self.asked_tls && !self.asked_gss && self.channel.is_none();
        if input.first() == Some(&TLS_HANDSHAKE) && is_untouched && self.doorway.line != Line::Plain {
            self.handshake = Handshake::Direct;
            return Ok((0, Entry::Wait));
        }
        let Some((length, behind)) = input.split_first_chunk::<4>() else { return Ok((0, Entry::Wait)) };
        let body_bytes = frame::body_bytes(*length).map_err(Ending::client)?;
        if body_bytes > MAX_STARTUP_BYTES {
            return Err(Ending::client(Fault::TooLong));
        }
        let Some((body, rest)) = behind.split_at_checked(body_bytes) else { return Ok((0, Entry::Wait)) };
        let used = input.len().saturating_sub(rest.len());
        match Opening::read(body).map_err(Ending::client)? {
            Opening::TlsRequest => {
                let grants = self.doorway.line != Line::Plain;
                self.answer(Asked::Tls, rest, if grants { b'S' } else { b'N' }, out)?;
                if grants {
                    self.handshake = Handshake::Granted;
                }
            }
            Opening::GssRequest => self.answer(Asked::Gss, rest, b'N', out)?,
            Opening::Cancel(CancelRequest(key)) => {
                out.events.push_back(Event::Cancel(key));
                return Err(Ending::Cancel);
            }
            Opening::Startup(startup) => {
                if self.doorway.line == Line::TlsRequired && self.channel.is_none() {
                    return Err(TurnedAway::PlainLine.into());
                }
                let login = Login::judge(&startup)?;
                login.write_negotiation(&mut out.to_client)?;
                return Ok((used, Entry::Login(Box::new(login))));
            }
        }
        Ok((used, Entry::Wait))
    }

    /// Answers a request for encryption, once for each kind and not within an encrypted line. What stands behind
    /// the request was sent without waiting for the answer: it would be read as if it had come through the
    /// encrypted line.
    fn answer(&mut self, what: Asked, behind: &[u8], word: u8, out: &mut Outbox) -> Result<(), Ending> {
        let asked = match what {
            Asked::Tls => &mut self.asked_tls,
            Asked::Gss => &mut self.asked_gss,
        };
        if std::mem::replace(asked, true) || !behind.is_empty() || self.channel.is_some() {
            return Err(Ending::client(Fault::Unexpected));
        }
        out.to_client.put_u8(word);
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Asked {
    Tls,
    Gss,
}
