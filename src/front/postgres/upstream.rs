//! The way to a store: TCP, TCP with TLS, or a unix socket.
//!
//! Invariant: a store that is to be reached over TLS is told nothing before the handshake has verified it, neither
//! who comes nor what is to be cancelled.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::front::tls::{StoreTls, server_end_point};
use crate::wire::postgres::frontend::{CancelKey, CancelRequest, TlsRequest};

/// Where a server listens.
#[derive(Clone, Debug)]
pub enum Upstream {
    /// A host (a name or an address) and a port.
    Tcp {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// The same, over TLS.
    Tls {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// How it is known.
        tls: StoreTls,
    },
    /// The socket itself: `FOLDER/.s.PGSQL.5432`.
    Unix(PathBuf),
}

/// A connection to a store.
#[derive(Debug)]
pub(super) enum Link {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Unix(UnixStream),
}

/// What a server answers to a request for TLS.
const GRANTED: u8 = b'S';

impl Upstream {
    /// Connects.
    pub(super) async fn connect(&self, patience: Duration) -> io::Result<Link> {
        let connecting = async {
            match self {
                Self::Tcp { host, port } => Ok(Link::Tcp(tcp(host, *port).await?)),
                Self::Tls { host, port, tls } => {
                    let mut stream = tcp(host, *port).await?;
                    let mut request = BytesMut::new();
                    TlsRequest.write(&mut request).map_err(io::Error::other)?;
                    stream.write_all(&request).await?;
                    // One byte and no more: what stands behind it belongs to the handshake.
                    if stream.read_u8().await? != GRANTED {
                        return Err(io::Error::other("it does not speak TLS"));
                    }
                    Ok(Link::Tls(Box::new(tls.connect(stream).await?)))
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
        link.flush().await?;
        let mut nothing = [0];
        let closing = link.read(&mut nothing);
        timeout(patience, closing).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map(drop)
    }
}

impl Link {
    /// True if nobody but the store hears what is said.
    pub(super) const fn is_private(&self) -> bool {
        matches!(self, Self::Tls(_) | Self::Unix(_))
    }

    /// The binding `tls-server-end-point` of the store's certificate, if it has one.
    pub(super) fn end_point(&self) -> Option<Vec<u8>> {
        let Self::Tls(stream) = self else { return None };
        server_end_point(stream.get_ref().1.peer_certificates()?.first()?)
    }
}

async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl AsyncRead for Link {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Link {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
