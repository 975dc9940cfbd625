//! A client proves its name to the proxy, with a password that stays with it (SCRAM).
//!
//! <https://www.postgresql.org/docs/current/sasl-authentication.html>

use super::conversation::Outbox;
use super::login::password_message;
use super::refusal::{Ending, Fault};
use super::scram::{Exchange, ScramError};
use super::startup::Login;
use super::turned_away::TurnedAway;
use crate::base::reader::Reader;
use crate::wire::postgres::Malformed;
use crate::wire::postgres::backend::Authentication;

/// Between the start-up message and the connection to the store.
pub(super) struct Proof {
    /// Who the client says it is.
    pub(super) login: Box<Login>,
    /// The account at the store.
    pub(super) service: String,
    exchange: Exchange,
    has_begun: bool,
}

impl Proof {
    /// Asks for a proof.
    pub(super) fn begin(
        login: Box<Login>,
        exchange: Exchange,
        service: String,
        out: &mut Outbox,
    ) -> Result<Self, Ending> {
        Authentication::write_sasl(&mut out.to_client, exchange.mechanisms())?;
        Ok(Self { login, service, exchange, has_begun: false })
    }

    /// Takes one message; true when the name is proved.
    pub(super) fn client_says(&mut self, input: &[u8], out: &mut Outbox) -> Result<(usize, bool), Ending> {
        let Some(frame) = password_message(input)? else { return Ok((0, false)) };
        if std::mem::replace(&mut self.has_begun, true) {
            let answer = self.exchange.last(frame.body).map_err(refused)?;
            Authentication::write_sasl_final(&mut out.to_client, answer.as_bytes())?;
            return Ok((frame.bytes.len(), true));
        }
        let (mechanism, message) = initial(frame.body).map_err(Ending::client)?;
        let answer = self.exchange.first(mechanism, message).map_err(refused)?;
        Authentication::write_sasl_continue(&mut out.to_client, answer.as_bytes())?;
        Ok((frame.bytes.len(), false))
    }
}

/// The mechanism and the first message of a `SASLInitialResponse`.
fn initial(body: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut reader = Reader::new(body);
    let mechanism = reader.cstr()?;
    let length = usize::try_from(reader.i32()?).map_err(|_| Malformed::BadCount)?;
    let message = reader.take(length)?;
    reader.finish()?;
    Ok((mechanism, message))
}

fn refused(error: ScramError) -> Ending {
    match error {
        ScramError::Malformed => Ending::client(Fault::Unexpected),
        ScramError::Downgraded => TurnedAway::BindingDowngraded.into(),
        ScramError::OtherChannel => TurnedAway::OtherChannel.into(),
        ScramError::Wrong => TurnedAway::WrongPassword.into(),
    }
}
