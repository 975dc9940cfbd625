//! Proving who we are: nothing, a password, MD5, or SCRAM-SHA-256 (RFC 7677) without channel binding.
//!
//! <https://www.postgresql.org/docs/current/protocol-flow.html#id-1.10.6.7.3>

use bytes::{BufMut as _, BytesMut};
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};

use super::{Login, Own, OwnError, said};
use crate::wire::postgres::backend::{Authentication, tag};
use crate::wire::postgres::{Malformed, frame, frontend};

/// The bytes before what a message of authentication carries.
const KIND_BYTES: usize = 4;

impl Own {
    /// Answers the server until it is ready for questions.
    pub(super) async fn log_in(&mut self, login: &Login) -> Result<(), OwnError> {
        let mut scram = None;
        loop {
            let message = self.message().await?;
            match message.tag {
                tag::AUTHENTICATION => {
                    let mut answer = answer(&message.body, login, &mut scram)?;
                    self.send(&mut answer).await?;
                }
                tag::ERROR => return Err(OwnError::Login(said(&message.body)?.message)),
                tag::READY_FOR_QUERY => return Ok(()),
                _ => {}
            }
        }
    }
}

/// What is sent in answer, if anything.
fn answer(body: &[u8], login: &Login, scram: &mut Option<ScramSha256>) -> Result<BytesMut, OwnError> {
    let password = || login.password.as_ref().map(|password| password.as_bytes()).ok_or(OwnError::NoPassword);
    let carried = body.get(KIND_BYTES..).unwrap_or_default();
    let mut out = BytesMut::new();
    match Authentication::read(body)? {
        Authentication::Ok => {}
        Authentication::CleartextPassword => put_password(&mut out, password()?)?,
        Authentication::Md5Password => {
            let salt: [u8; 4] = carried.try_into().map_err(|_| Malformed::BadCount)?;
            put_password(&mut out, md5_hash(login.user.as_bytes(), password()?, salt).as_bytes())?;
        }
        Authentication::Sasl(mechanisms) if mechanisms.contains(&SCRAM_SHA_256.as_bytes()) => {
            let fresh = ScramSha256::new(password()?, ChannelBinding::unsupported());
            frame::write(&mut out, frontend::tag::PASSWORD, |out| {
                frame::put_cstr(out, SCRAM_SHA_256.as_bytes());
                // A value that could not be written would be too long for a message anyway.
                let _too_long = frame::write_value(out, |out| out.put_slice(fresh.message()));
            })?;
            *scram = Some(fresh);
        }
        Authentication::SaslContinue => {
            let scram = scram.as_mut().ok_or(OwnError::Authentication)?;
            scram.update(carried).map_err(|_| OwnError::Authentication)?;
            frame::write(&mut out, frontend::tag::PASSWORD, |out| out.put_slice(scram.message()))?;
        }
        Authentication::SaslFinal => {
            let scram = scram.as_mut().ok_or(OwnError::Authentication)?;
            scram.finish(carried).map_err(|_| OwnError::Authentication)?;
        }
        Authentication::Sasl(_) | Authentication::Other => return Err(OwnError::Authentication),
    }
    Ok(out)
}

fn put_password(out: &mut BytesMut, password: &[u8]) -> Result<(), OwnError> {
    Ok(frame::write(out, frontend::tag::PASSWORD, |out| frame::put_cstr(out, password))?)
}
