//! From the start-up message to the store's consent.
//!
//! Where identities do not end here, authentication passes through: the client proves itself to the store, and nothing
//! here learns more than that it did. Only what binds the proof to a TLS channel is taken out of the offer, since the client's
//! channel ends here.
//!
//! Invariant: nothing but passwords and SASL answers reaches the store before it has consented.

use bytes::{BufMut, BytesMut};

use super::Event;
use super::conversation::Outbox;
use super::refusal::{self, Ending, Fault};
use super::server::forward_status;
use super::turned_away::TurnedAway;
use crate::wire::postgres::backend::{Authentication, BackendKeyData, ErrorFields, tag};
use crate::wire::postgres::frame::{self, Frame, Peek};
use crate::wire::postgres::frontend::{self, CancelKey};

/// As the server's own limit for passwords and SASL answers.
const MAX_PASSWORD_BYTES: usize = 65_535;

/// Between the start-up message and the store's first ReadyForQuery.
pub(super) struct Gate {
    own_key: CancelKey,
    /// The store waits for an answer of the client.
    is_asked: bool,
    is_accepted: bool,
    /// The client has proved its name here, and the store is told another.
    is_ended: bool,
    /// The store offered to bind proofs to its own channel, and the client was not told.
    hides_binding: bool,
    /// What the store asks of that other.
    pub(super) challenge: Option<Vec<u8>>,
}

impl Gate {
    pub(super) const fn new(own_key: CancelKey, is_ended: bool) -> Self {
        Self { own_key, is_asked: false, is_accepted: false, is_ended, hides_binding: false, challenge: None }
    }

    /// False while no proof is asked for: nobody unknown fills our memory.
    pub(super) const fn hears_client(&self) -> bool {
        self.is_asked
    }

    /// Passes the client's proofs on.
    pub(super) fn client_says(&mut self, input: &[u8], out: &mut Outbox) -> Result<usize, Ending> {
        if !self.is_asked {
            return Ok(0);
        }
        let Some(frame) = password_message(input)? else { return Ok(0) };
        self.is_asked = false;
        if self.hides_binding && believes_in_no_binding(frame.body) {
            return Err(TurnedAway::BindingEndsHere.into());
        }
        out.to_server.put_slice(frame.bytes);
        Ok(frame.bytes.len())
    }

    /// Takes one message of the store; true when it is ready, which is left for the conversation to read.
    pub(super) fn server_says(&mut self, input: &[u8], out: &mut Outbox) -> Result<(usize, bool), Ending> {
        let frame = match frame::peek(input).map_err(Ending::server)? {
            Peek::Whole(frame, _) => frame,
            Peek::Head { body_bytes, .. } if body_bytes > MAX_PASSWORD_BYTES => {
                return Err(Ending::server(Fault::TooLong));
            }
            Peek::Head { .. } | Peek::Nothing => return Ok((0, false)),
        };
        match frame.tag {
            tag::AUTHENTICATION if !self.is_accepted => self.authentication(&frame, out)?,
            tag::READY_FOR_QUERY if self.is_accepted => return Ok((0, true)),
            tag::PARAMETER_STATUS if self.is_accepted => forward_status(&frame, out)?,
            tag::BACKEND_KEY_DATA if self.is_accepted => {
                let BackendKeyData(key) = BackendKeyData::read(frame.body).map_err(Ending::server)?;
                out.events.push_back(Event::StoreKey(key));
                BackendKeyData(self.own_key).write(&mut out.to_client)?;
            }
            tag::NOTICE => {
                let fields = ErrorFields::read(frame.body).map_err(Ending::server)?;
                refusal::write_notice(&mut out.to_client, fields)?;
            }
            tag::ERROR => {
                let fields = ErrorFields::read(frame.body).map_err(Ending::server)?;
                if self.is_ended && !self.is_accepted {
                    return Err(TurnedAway::ProxyRefused.into());
                }
                refusal::write_error(&mut out.to_client, fields)?;
                return Err(Ending::ServerFatal);
            }
            _ => return Err(Ending::server(Fault::Unexpected)),
        }
        Ok((frame.bytes.len(), false))
    }

    fn authentication(&mut self, frame: &Frame<'_>, out: &mut Outbox) -> Result<(), Ending> {
        match Authentication::read(frame.body).map_err(Ending::server)? {
            Authentication::Ok => self.is_accepted = true,
            // The client has done its part; this is between the store and the service account.
            _ if self.is_ended => {
                self.challenge = Some(frame.body.to_vec());
                return Ok(());
            }
            Authentication::Sasl(offered) => return self.offer(&offered, &mut out.to_client),
            Authentication::CleartextPassword
            | Authentication::Md5Password
            | Authentication::SaslContinue => self.is_asked = true,
            Authentication::SaslFinal => {}
            Authentication::Other => {
                return Err(TurnedAway::Method.into());
            }
        }
        out.to_client.put_slice(frame.bytes);
        Ok(())
    }

    /// Offers the mechanisms that do not bind to a channel.
    fn offer(&mut self, offered: &[&[u8]], to_client: &mut BytesMut) -> Result<(), Ending> {
        let kept: Vec<&[u8]> = offered.iter().copied().filter(|name| *name == b"SCRAM-SHA-256").collect();
        if kept.is_empty() {
            return Err(TurnedAway::Method.into());
        }
        self.is_asked = true;
        self.hides_binding = kept.len() < offered.len();
        Ok(Authentication::write_sasl(to_client, &kept)?)
    }
}

/// The client's next message, if it is there in full: a password or an answer of SASL.
pub(super) fn password_message(input: &[u8]) -> Result<Option<Frame<'_>>, Ending> {
    match frame::peek(input).map_err(Ending::client)? {
        Peek::Whole(frame, _) if frame.tag == frontend::tag::PASSWORD => {
            check_length(frame.body.len()).map(|()| Some(frame))
        }
        Peek::Head { tag: frontend::tag::PASSWORD, body_bytes } => check_length(body_bytes).map(|()| None),
        Peek::Nothing => Ok(None),
        Peek::Whole(frame, _) if frame.tag == frontend::tag::TERMINATE => Err(Ending::Goodbye),
        Peek::Whole(..) | Peek::Head { .. } => Err(Ending::client(Fault::Unexpected)),
    }
}

/// True if a client says with its first SCRAM message that it could bind to its channel and was not offered to
/// (RFC 5802 section 6). What it says is signed, so it cannot be mended on the way.
fn believes_in_no_binding(body: &[u8]) -> bool {
    body.strip_prefix(b"SCRAM-SHA-256\0")
        .and_then(|rest| rest.get(4..))
        .is_some_and(|first| first.starts_with(b"y"))
}

fn check_length(body_bytes: usize) -> Result<(), Ending> {
    if body_bytes > MAX_PASSWORD_BYTES { Err(Ending::client(Fault::TooLong)) } else { Ok(()) }
}
