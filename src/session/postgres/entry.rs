//! The way in: over what line, by whose word, to whose account at the store.
//!
//! Invariant: where identities end here, nothing goes to the store before the client has proved its name.

use super::doorstep::{Channel, Doorstep, Doorway};
use super::login::Gate;
use super::proof::Proof;
use super::refusal::Ending;
use super::scram::{Exchange, NONCE_BYTES};
use super::startup::Login;
use super::turned_away::TurnedAway;
use super::{Event, Phase, Session};
use crate::policy::{Attributes, Member};

impl Session {
    /// The same session, behind this door; `nonce` is random.
    #[must_use]
    pub fn behind(self, doorway: Doorway, nonce: [u8; NONCE_BYTES]) -> Self {
        Self { nonce, phase: Phase::Doorstep(Doorstep::new(doorway)), ..self }
    }

    /// The name that the client has claimed, if it is one that may come in, or its certificate's, whether it came in or not.
    #[must_use]
    pub fn known_name(&self) -> Option<&str> {
        self.known_name.as_deref()
    }

    /// True while the client's next bytes belong to a TLS handshake; then [`Session::secured`].
    #[must_use]
    pub fn awaits_tls(&self) -> bool {
        matches!(&self.phase, Phase::Doorstep(doorstep) if doorstep.awaits_tls())
    }

    /// Goes on within an encrypted line.
    ///
    /// # Errors
    /// [`Ending`]
    pub fn secured(&mut self, channel: Channel) -> Result<(), Ending> {
        let said = match &mut self.phase {
            Phase::Doorstep(doorstep) => doorstep.secured(channel),
            _ => Ok(()),
        };
        self.watch(said)
    }

    /// What the store asks the service account for, as the body of a message; then [`Session::prove`].
    pub fn challenge(&mut self) -> Option<Vec<u8>> {
        match &mut self.phase {
            Phase::Gate(gate) => gate.challenge.take(),
            _ => None,
        }
    }

    /// Answers the store for the service account.
    pub fn prove(&mut self, answer: &[u8]) {
        if matches!(self.phase, Phase::Gate(_)) {
            self.out.to_server.extend_from_slice(answer);
        }
    }

    /// Judges a login by what is known of the line.
    pub(super) fn admit(&mut self, mut login: Box<Login>) -> Result<(), Ending> {
        let Phase::Doorstep(doorstep) = &mut self.phase else { return Ok(()) };
        let (accounts, channel) = doorstep.leave();
        let Some(accounts) = accounts else {
            let user = login.user.clone();
            return self.connect(&mut login, user, Attributes::default(), false);
        };
        let channel = channel.unwrap_or_default();
        let named = channel.client.filter(|_| accounts.by_certificate);
        self.known_name = named.as_ref().map(|named| named.name.clone());
        match (named, &accounts.verifiers) {
            (Some(Member { name, attributes }), _) if name == login.user => {
                self.connect(&mut login, accounts.service.clone(), attributes, true)
            }
            (Some(_), _) => Err(TurnedAway::OtherName.into()),
            (None, Some(verifiers)) => {
                let exchange = Exchange::new(verifiers, &login.user, channel.end_point, &self.nonce);
                self.known_name = exchange.is_known().then(|| login.user.clone());
                let proof = Proof::begin(login, exchange, accounts.service.clone(), &mut self.out)?;
                self.phase = Phase::Proof(Box::new(proof));
                Ok(())
            }
            (None, None) => Err(TurnedAway::NoCertificate.into()),
        }
    }

    /// Goes on with a client that has proved its name.
    pub(super) fn proved(&mut self) -> Result<(), Ending> {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Proof(proof) => {
                let Proof { mut login, service, .. } = *proof;
                self.connect(&mut login, service, Attributes::default(), true)
            }
            other => {
                self.phase = other;
                Ok(())
            }
        }
    }

    /// Goes to the store as `user`.
    fn connect(
        &mut self,
        login: &mut Login,
        user: String,
        attributes: Attributes,
        is_ended: bool,
    ) -> Result<(), Ending> {
        let name = std::mem::replace(&mut login.user, user.clone());
        self.out.events.push_back(Event::Connect {
            user,
            name,
            attributes,
            database: login.database.clone(),
        });
        let written = login.write(&mut self.out.to_server, &self.settings.pins);
        self.phase = Phase::Gate(Gate::new(self.own_key, is_ended));
        written
    }
}
