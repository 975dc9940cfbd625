//! The way to a store: TCP or a unix socket.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::wire::postgres::frontend::{CancelKey, CancelRequest};

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// A host (a name or an address) and a port.
    Tcp {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// The socket itself: `FOLDER/.s.PGSQL.5432`.
    Unix(PathBuf),
}

/// A connection to a store.
#[derive(Debug)]
pub(super) enum Link {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Upstream {
    /// Connects.
    pub(super) async fn connect(&self, patience: Duration) -> io::Result<Link> {
        let connecting = async {
            match self {
                Self::Tcp { host, port } => {
                    let stream = TcpStream::connect((host.as_str(), *port)).await?;
                    stream.set_nodelay(true)?;
                    Ok(Link::Tcp(stream))
                }
                Self::Unix(path) => Ok(Link::Unix(UnixStream::connect(path).await?)),
            }
        };
        timeout(patience, connecting).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Asks the store to cancel, and waits until it has taken note.
    pub(super) async fn cancel(&self, key: CancelKey, patience: Duration) -> io::Result<()> {
        let mut link = self.connect(patience).await?;
        let mut request = BytesMut::new();
        CancelRequest(key).write(&mut request).map_err(io::Error::other)?;
        link.write_all(&request).await?;
        let mut nothing = [0];
        let closing = link.read(&mut nothing);
        timeout(patience, closing).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map(drop)
    }
}

impl AsyncRead for Link {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Link {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
