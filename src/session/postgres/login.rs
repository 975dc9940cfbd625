//! From the start-up message to the store's consent.
//!
//! Authentication passes through: the client proves itself to the store, and nothing here learns more than
//! that it did. Only what binds the proof to a TLS channel is taken out of the offer, since the client's
//! channel ends here.
//!
//! Invariant: nothing but passwords and SASL answers reaches the store before it has consented.

use bytes::{BufMut, BytesMut};

use super::Event;
use super::conversation::Outbox;
use super::refusal::{self, Ending, Fault};
use super::server::forward_status;
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
}

impl Gate {
    pub(super) const fn new(own_key: CancelKey) -> Self {
        Self { own_key, is_asked: false, is_accepted: false }
    }

    /// Passes the client's proofs on.
    pub(super) fn client_says(&mut self, input: &[u8], out: &mut Outbox) -> Result<usize, Ending> {
        if !self.is_asked {
            return Ok(0);
        }
        match frame::peek(input).map_err(Ending::client)? {
            Peek::Whole(frame, _) if frame.tag == frontend::tag::PASSWORD => {
                check_length(frame.body.len())?;
                self.is_asked = false;
                out.to_server.put_slice(frame.bytes);
                Ok(frame.bytes.len())
            }
            Peek::Head { tag: frontend::tag::PASSWORD, body_bytes } => check_length(body_bytes).map(|()| 0),
            Peek::Nothing => Ok(0),
            Peek::Whole(frame, _) if frame.tag == frontend::tag::TERMINATE => Err(Ending::Goodbye),
            Peek::Whole(..) | Peek::Head { .. } => Err(Ending::client(Fault::Unexpected)),
        }
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
            Authentication::Sasl(offered) => return self.offer(&offered, &mut out.to_client),
            Authentication::CleartextPassword
            | Authentication::Md5Password
            | Authentication::SaslContinue => self.is_asked = true,
            Authentication::SaslFinal => {}
            Authentication::Other => {
                return Err(Ending::refused(
                    "0A000",
                    "the store asks for a kind of authentication that cannot be passed on",
                ));
            }
        }
        out.to_client.put_slice(frame.bytes);
        Ok(())
    }

    /// Offers the mechanisms that do not bind to a channel.
    fn offer(&mut self, offered: &[&[u8]], to_client: &mut BytesMut) -> Result<(), Ending> {
        let kept: Vec<&[u8]> = offered.iter().copied().filter(|name| *name == b"SCRAM-SHA-256").collect();
        if kept.is_empty() {
            return Err(Ending::refused("0A000", "the store offers no SASL mechanism that can be passed on"));
        }
        self.is_asked = true;
        Ok(Authentication::write_sasl(to_client, &kept)?)
    }
}

fn check_length(body_bytes: usize) -> Result<(), Ending> {
    if body_bytes > MAX_PASSWORD_BYTES { Err(Ending::client(Fault::TooLong)) } else { Ok(()) }
}
