//! Why a client is not let in: a vocabulary for the client, the log and the record alike.
//!
//! Not here: what is wrong with a start-up message ([`super::startup`]), and what the store says itself.

use super::scram::ScramError;

/// Why a client is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TurnedAway {
    /// The password is wrong, or there is no such name: the client is not told which.
    #[error("{}", ScramError::Wrong)]
    WrongPassword,
    /// The line is plain, and must not be.
    #[error("this store is reached over TLS only: connect with sslmode=verify-full")]
    PlainLine,
    /// The certificate is another name's.
    #[error("the client certificate is made out to another name than the user's")]
    OtherName,
    /// A certificate is the only way in, and there is none with one name.
    #[error("a client certificate with one name is needed to come in here")]
    NoCertificate,
    /// Somebody on the line may have taken the offer of channel binding away.
    #[error("{}", ScramError::Downgraded)]
    BindingDowngraded,
    /// The proof is bound to another channel.
    #[error("{}", ScramError::OtherChannel)]
    OtherChannel,
    /// The store would take the proof for that of an attacker.
    #[error(
        "the store would take the end of your TLS channel here for an attack: connect with channel_binding=disable, or \
         let identities end at the proxy"
    )]
    BindingEndsHere,
    /// The store asks for something that cannot be passed on.
    #[error("the store asks for a kind of authentication that cannot be passed on")]
    Method,
    /// The store refuses the service account.
    #[error("the store does not let the proxy in")]
    ProxyRefused,
    /// The store cannot be reached.
    #[error("the store cannot be reached")]
    StoreUnreachable,
    /// The deadline for coming in has passed.
    #[error("the login took too long")]
    LoginTimeout,
    /// A newcomer has taken the place at the door.
    #[error("too many clients are logging in")]
    TooManyLogins,
    /// There is no place inside.
    #[error("too many clients already")]
    TooManyConnections,
    /// This name has as many connections as one name may have.
    #[error("too many connections of this name already")]
    TooManyOfOneName,
    /// Nobody is let in any more.
    #[error("the proxy is shutting down")]
    Stopping,
}

impl TurnedAway {
    /// SQLSTATE.
    #[must_use]
    pub const fn sqlstate(self) -> &'static str {
        match self {
            Self::WrongPassword => "28P01",
            Self::PlainLine
            | Self::OtherName
            | Self::NoCertificate
            | Self::BindingDowngraded
            | Self::OtherChannel
            | Self::BindingEndsHere => "28000",
            Self::Method => "0A000",
            Self::ProxyRefused => "08004",
            Self::StoreUnreachable => "08001",
            Self::LoginTimeout => "57014",
            Self::TooManyLogins | Self::TooManyConnections | Self::TooManyOfOneName => "53300",
            Self::Stopping => "57P03",
        }
    }

    /// The name of the reason, as it is counted and put on record.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::WrongPassword => "wrong-password",
            Self::PlainLine => "plain-line",
            Self::OtherName => "certificate-of-another",
            Self::NoCertificate => "no-certificate",
            Self::BindingDowngraded => "binding-downgraded",
            Self::OtherChannel => "binding-of-another-channel",
            Self::BindingEndsHere => "binding-ends-here",
            Self::Method => "authentication-method",
            Self::ProxyRefused => "proxy-refused-by-store",
            Self::StoreUnreachable => "store-unreachable",
            Self::LoginTimeout => "login-timeout",
            Self::TooManyLogins => "too-many-logins",
            Self::TooManyConnections => "too-many-connections",
            Self::TooManyOfOneName => "too-many-of-one-name",
            Self::Stopping => "stopping",
        }
    }
}
