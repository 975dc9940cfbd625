//! A connection of our own to a PostgreSQL server, for the operator's questions: one at a time, in text.
//!
//! Invariant: no error and no log shows what the server says in answer to a question, since such texts quote
//! values; they are in [`Said`], for whoever asked and nobody else. Only why a login failed is told.
//! Not here: what is asked, and the employees' sessions, which are other connections.

mod login;
mod service;

pub(super) use login::Prover;
pub use service::Service;

use std::fmt;
use std::io;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::upstream::{Link, Upstream};
use crate::base::reader::Reader;
use crate::session::postgres::Rows;
use crate::wire::postgres::backend::{DataRow, tag};
use crate::wire::postgres::frame::{self, BadLength, Peek, TooLong};
use crate::wire::postgres::frontend::{Query, Startup};
use crate::wire::postgres::{Malformed, backend};

/// A longer message of the server is refused.
const MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;

/// Who we are.
pub struct Login {
    /// The database user.
    pub user: String,
    /// Its password, if it has one.
    pub password: Option<Zeroizing<String>>,
    /// The database.
    pub database: String,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// The connection could not be made, or broke.
    #[error("no connection: {0}")]
    Io(#[from] io::Error),
    /// The server ended the connection.
    #[error("the server closed the connection")]
    Closed,
    /// What came is no message of the protocol.
    #[error("the server does not speak the protocol")]
    Malformed(#[from] Malformed),
    /// A message is longer than anything that was asked for.
    #[error("a message is too long")]
    TooLong,
    /// The server wants a password, and there is none.
    #[error("the server asks for a password")]
    NoPassword,
    /// The server wants the password itself, and the line is plain.
    #[error("the server asks for the password in clear over a plain connection")]
    InClear,
    /// The server wants to be convinced in a way that we do not know.
    #[error("the server asks for a way of authentication that is not supported here")]
    Authentication,
    /// The login failed, in the server's words, which are about who connects from where.
    #[error("{0}")]
    Login(String),
    /// The server refused a question.
    #[error("the server refused a question (SQLSTATE {})", .0.sqlstate)]
    Refused(Box<Said>),
}

/// What a server says of a question that it does not answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    /// The five characters that programs go by.
    pub sqlstate: String,
    /// In words, which may quote values.
    pub message: String,
    /// What to do instead.
    pub hint: Option<String>,
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Said").field("sqlstate", &self.sqlstate).finish_non_exhaustive()
    }
}

/// The connection.
pub struct Own {
    link: Link,
    input: BytesMut,
    patience: Duration,
}

/// A message of the server.
struct Message {
    tag: u8,
    body: BytesMut,
}

impl Own {
    /// Connects and logs in, with `settings` in force from the start.
    ///
    /// # Errors
    /// [`OwnError`].
    pub async fn open(
        upstream: &Upstream,
        login: &Login,
        settings: &[(&str, &str)],
        patience: Duration,
    ) -> Result<Self, OwnError> {
        let link = upstream.connect(patience).await?;
        let mut own = Self { link, input: BytesMut::new(), patience };
        let who =
            [("user", login.user.as_str()), ("database", &login.database), ("application_name", "sfumato")];
        let mut out = BytesMut::new();
        Startup::write(&mut out, who.into_iter().chain(settings.iter().copied()))?;
        own.send(&mut out).await?;
        own.log_in(login).await?;
        Ok(own)
    }

    /// Asks one question; the rows of all statements of `text`, in text format.
    ///
    /// # Errors
    /// [`OwnError`]; after [`OwnError::Refused`] the connection goes on.
    pub async fn ask(&mut self, text: &str) -> Result<Rows, OwnError> {
        let mut out = BytesMut::new();
        Query { text }.write(&mut out)?;
        self.send(&mut out).await?;
        let (mut rows, mut refused) = (Rows::new(), None);
        loop {
            let message = self.message().await?;
            match message.tag {
                tag::DATA_ROW => rows.push(row(&message.body)?),
                tag::ERROR => refused = Some(said(&message.body)?),
                tag::READY_FOR_QUERY => break,
                tag::COPY_IN | tag::COPY_OUT | tag::COPY_BOTH => return Err(Malformed::UnknownCode.into()),
                _ => {}
            }
        }
        refused.map_or(Ok(rows), |said| Err(OwnError::Refused(Box::new(said))))
    }

    async fn send(&mut self, bytes: &mut BytesMut) -> Result<(), OwnError> {
        self.link.write_all_buf(bytes).await?;
        Ok(self.link.flush().await?)
    }

    /// The next message.
    async fn message(&mut self) -> Result<Message, OwnError> {
        loop {
            let found = match frame::peek(&self.input)? {
                Peek::Whole(frame, _) => Some((frame.tag, frame.body.len())),
                Peek::Head { body_bytes, .. } if body_bytes > MAX_MESSAGE_BYTES => {
                    return Err(OwnError::TooLong);
                }
                Peek::Head { .. } | Peek::Nothing => None,
            };
            if let Some((tag, body_bytes)) = found {
                self.input.advance(frame::HEAD_BYTES);
                return Ok(Message { tag, body: self.input.split_to(body_bytes) });
            }
            let reading = timeout(self.patience, self.link.read_buf(&mut self.input)).await;
            if reading.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))? == 0 {
                return Err(OwnError::Closed);
            }
        }
    }
}

fn row(body: &[u8]) -> Result<Vec<Option<String>>, OwnError> {
    let mut row = DataRow::read(body)?;
    let mut values = Vec::with_capacity(row.left());
    while row.left() > 0 {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| Malformed::NotUtf8);
        values.push(row.value()?.map(text).transpose()?);
    }
    row.finish()?;
    Ok(values)
}

/// Reads an `ErrorResponse` with its prose.
fn said(body: &[u8]) -> Result<Said, OwnError> {
    let sqlstate = backend::ErrorFields::read(body)?.sqlstate;
    let mut said = Said {
        sqlstate: sqlstate.iter().map(|byte| char::from(*byte)).collect(),
        message: String::new(),
        hint: None,
    };
    let mut reader = Reader::new(body);
    loop {
        let code = reader.u8().map_err(Malformed::from)?;
        if code == 0 {
            return Ok(said);
        }
        let text = reader.cstr().map_err(Malformed::from)?;
        let text = std::str::from_utf8(text).map_err(|_| Malformed::NotUtf8)?;
        match code {
            b'M' => text.clone_into(&mut said.message),
            b'H' => said.hint = Some(text.to_owned()),
            _ => {}
        }
    }
}

impl From<BadLength> for OwnError {
    fn from(_: BadLength) -> Self {
        Self::Malformed(Malformed::BadCount)
    }
}

impl From<TooLong> for OwnError {
    fn from(_: TooLong) -> Self {
        Self::TooLong
    }
}
