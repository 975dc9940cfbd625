//! One connection of the two: a stream, what has been read from it, and whether it has come to its end.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::Store;
use super::buffer::Buffer;
use crate::base::budget::Budget;
use crate::front::stall::Stalling;

/// A connection and what has been read from it.
pub(super) struct Side<S> {
    stream: Stalling<S>,
    /// What has been read and not been used.
    pub(super) input: Buffer,
    /// The peer has sent its last byte.
    pub(super) is_closed: bool,
    is_shut: bool,
    /// TLS takes bytes before the socket does.
    must_flush: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Side<S> {
    pub(super) fn new(stream: S, store: &Store, budget: &Budget) -> Self {
        let stream = Stalling::new(stream, store.limits.write_timeout);
        Self { stream, input: Buffer::new(budget), is_closed: false, is_shut: false, must_flush: false }
    }

    /// Writes what the peer takes; true if it took something.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &mut BytesMut) -> io::Result<bool> {
        let mut moved = false;
        while !bytes.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, bytes) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(count)) => bytes.advance(count),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => break,
            }
            (moved, self.must_flush) = (true, true);
        }
        if self.must_flush {
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Ready(flushed) => {
                    flushed?;
                    self.must_flush = false;
                }
                Poll::Pending => {}
            }
        }
        Ok(moved)
    }

    /// Reads once; true if something came or the peer closed.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        if self.is_closed {
            return Ok(false);
        }
        let room =
            self.input.room().map_err(|exceeded| io::Error::new(io::ErrorKind::OutOfMemory, exceeded))?;
        // Reading into a buffer holds nothing between two polls, so a fresh future each time loses nothing.
        match pin!(self.stream.read_buf(room)).poll(cx) {
            Poll::Ready(Ok(count)) => {
                self.is_closed = count == 0;
                self.input.learn(count);
                Ok(true)
            }
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Ok(false),
        }
    }

    /// The connection itself.
    pub(super) const fn stream(&mut self) -> &mut S {
        self.stream.inner()
    }

    /// Sends all of `bytes`.
    pub(super) async fn send(&mut self, bytes: &mut BytesMut) -> io::Result<()> {
        self.stream.write_all_buf(bytes).await?;
        self.stream.flush().await
    }

    /// Sends `bytes`, then says that no more will come.
    pub(super) async fn close(&mut self, bytes: &mut BytesMut) -> io::Result<()> {
        self.stream.write_all_buf(bytes).await?;
        self.shut().await
    }

    /// Says that no more will come.
    pub(super) async fn shut(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.is_shut, true) {
            return Ok(());
        }
        self.stream.shutdown().await
    }
}
