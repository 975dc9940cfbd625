//! Proving who we are: nothing, a password, MD5, or SCRAM-SHA-256 (RFC 7677), bound
//! to the channel where that is TLS and the server can.
//!
//! <https://www.postgresql.org/docs/current/protocol-flow.html#id-1.10.6.7.3>

use bytes::{BufMut as _, BytesMut};
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{
    ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256,
};
use zeroize::Zeroizing;

use super::{Login, Own, OwnError, said};
use crate::wire::postgres::backend::{Authentication, tag};
use crate::wire::postgres::{Malformed, frame, frontend};

/// The bytes before what a message of authentication carries.
const KIND_BYTES: usize = 4;

impl Own {
    /// Answers the server until it is ready for questions.
    pub(super) async fn log_in(&mut self, login: &Login) -> Result<(), OwnError> {
        let mut prover = Prover::new(&login.user, login.password.as_ref(), self.link.end_point());
        loop {
            let message = self.message().await?;
            match message.tag {
                tag::AUTHENTICATION => self.send(&mut prover.answer(&message.body)?).await?,
                tag::ERROR => return Err(OwnError::Login(said(&message.body)?.message)),
                tag::READY_FOR_QUERY => return Ok(()),
                _ => {}
            }
        }
    }
}

/// Answers what a server asks of who logs in.
pub(in crate::front::postgres) struct Prover {
    user: String,
    password: Option<Zeroizing<String>>,
    /// What the answers are bound to, on a line over TLS.
    end_point: Option<Vec<u8>>,
    scram: Option<ScramSha256>,
    keeps_password: bool,
}

impl Prover {
    pub(in crate::front::postgres) fn new(
        user: &str,
        password: Option<&Zeroizing<String>>,
        end_point: Option<Vec<u8>>,
    ) -> Self {
        Self {
            user: user.to_owned(),
            password: password.cloned(),
            end_point,
            scram: None,
            keeps_password: false,
        }
    }

    /// The same, but the password itself is not said.
    pub(super) fn without_clear_text(self) -> Self {
        Self { keeps_password: true, ..self }
    }

    /// What is sent in answer to the body of a message, if anything.
    pub(in crate::front::postgres) fn answer(&mut self, body: &[u8]) -> Result<BytesMut, OwnError> {
        let carried = body.get(KIND_BYTES..).unwrap_or_default();
        let mut out = BytesMut::new();
        match Authentication::read(body)? {
            Authentication::Ok => {}
            Authentication::CleartextPassword if self.keeps_password => return Err(OwnError::InClear),
            Authentication::CleartextPassword => put_password(&mut out, self.password()?)?,
            Authentication::Md5Password => {
                let salt: [u8; 4] = carried.try_into().map_err(|_| Malformed::BadCount)?;
                let hash = md5_hash(self.user.as_bytes(), self.password()?, salt);
                put_password(&mut out, hash.as_bytes())?;
            }
            Authentication::Sasl(mechanisms) => self.begin(&mechanisms, &mut out)?,
            Authentication::SaslContinue => {
                let scram = self.scram.as_mut().ok_or(OwnError::Authentication)?;
                scram.update(carried).map_err(|_| OwnError::Authentication)?;
                frame::write(&mut out, frontend::tag::PASSWORD, |out| out.put_slice(scram.message()))?;
            }
            Authentication::SaslFinal => {
                let scram = self.scram.as_mut().ok_or(OwnError::Authentication)?;
                scram.finish(carried).map_err(|_| OwnError::Authentication)?;
            }
            Authentication::Other => return Err(OwnError::Authentication),
        }
        Ok(out)
    }

    /// Begins with the strongest mechanism that both know.
    fn begin(&mut self, mechanisms: &[&[u8]], out: &mut BytesMut) -> Result<(), OwnError> {
        let offers = |name: &str| mechanisms.contains(&name.as_bytes());
        let (name, binding) = match &self.end_point {
            Some(hash) if offers(SCRAM_SHA_256_PLUS) => {
                (SCRAM_SHA_256_PLUS, ChannelBinding::tls_server_end_point(hash.clone()))
            }
            Some(_) if offers(SCRAM_SHA_256) => (SCRAM_SHA_256, ChannelBinding::unrequested()),
            None if offers(SCRAM_SHA_256) => (SCRAM_SHA_256, ChannelBinding::unsupported()),
            _ => return Err(OwnError::Authentication),
        };
        let fresh = ScramSha256::new(self.password()?, binding);
        frame::write(out, frontend::tag::PASSWORD, |out| {
            frame::put_cstr(out, name.as_bytes());
            // A value that could not be written would be too long for a message anyway.
            let _too_long = frame::write_value(out, |out| out.put_slice(fresh.message()));
        })?;
        self.scram = Some(fresh);
        Ok(())
    }

    fn password(&self) -> Result<&[u8], OwnError> {
        self.password.as_ref().map(|password| password.as_bytes()).ok_or(OwnError::NoPassword)
    }
}

fn put_password(out: &mut BytesMut, password: &[u8]) -> Result<(), OwnError> {
    Ok(frame::write(out, frontend::tag::PASSWORD, |out| frame::put_cstr(out, password))?)
}
