//! Takes a content coding off, in small pieces, and stops a stream that expands too much.
//!
//! Invariant: a decoded stream has been checked by its coding's own means to its last byte, nothing is
//! behind it, and no piece handed on is longer than [`PIECE_BYTES`].

use super::Encoding;
use super::brotli::Brotli;
use super::gzip::Gzip;
use super::zstd::Zstd;
use crate::body::rewriter::len_u64;
use crate::body::{BodyError, Fault, Limits};

/// The longest piece of decoded bytes that is handed on at once.
const PIECE_BYTES: usize = 32 << 10;

/// So much may come out before the ratio of a stream is judged.
const FREE_BYTES: u64 = 1 << 20;

/// Takes a content coding off.
///
/// After an error it is poisoned: every later call fails with the same error and writes nothing.
pub struct Decoder {
    codec: Codec,
    piece: Vec<u8>,
    read_bytes: u64,
    written_bytes: u64,
    max_ratio: u64,
    failed: Option<BodyError>,
}

enum Codec {
    Identity,
    Gzip(Box<Gzip>),
    Deflate(flate2::Decompress, Ended),
    Brotli(Box<Brotli>),
    Zstd(Zstd),
    Unusable(Fault),
}

/// What one step of a codec did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) read: usize,
    pub(super) written: usize,
}

/// Whether the coded stream may end here.
type Ended = bool;

impl Decoder {
    /// For one body.
    #[must_use]
    pub fn new(encoding: Encoding, limits: &Limits) -> Self {
        let codec = match encoding {
            Encoding::Identity => Ok(Codec::Identity),
            Encoding::Gzip => Ok(Codec::Gzip(Box::default())),
            Encoding::Deflate => Ok(Codec::Deflate(flate2::Decompress::new(true), false)),
            Encoding::Brotli => Ok(Codec::Brotli(Box::new(Brotli::new(limits)))),
            Encoding::Zstd => Zstd::new(limits).map(Codec::Zstd),
        };
        let codec = codec.unwrap_or_else(Codec::Unusable);
        let piece = if encoding == Encoding::Identity { Vec::new() } else { vec![0; PIECE_BYTES] };
        Self { codec, piece, read_bytes: 0, written_bytes: 0, max_ratio: limits.max_ratio, failed: None }
    }

    /// Takes the next coded bytes and appends the decoded ones.
    ///
    /// # Errors
    /// [`BodyError`] if the stream is broken, expands too much or has bytes behind its end.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.decode(bytes, |piece| {
            out.extend_from_slice(piece);
            Ok(())
        })
    }

    /// Says that the body has ended. Nothing is held back, so nothing more comes out.
    ///
    /// # Errors
    /// [`BodyError`] if the stream is truncated.
    pub fn finish(&mut self) -> Result<(), BodyError> {
        self.failed.map_or(Ok(()), Err)?;
        let ended = match &self.codec {
            Codec::Identity => true,
            Codec::Gzip(gzip) => gzip.may_end(),
            Codec::Deflate(_, ended) => *ended,
            Codec::Brotli(brotli) => brotli.may_end(),
            Codec::Zstd(zstd) => zstd.may_end(),
            Codec::Unusable(_) => false,
        };
        if ended { Ok(()) } else { Err(self.fail(Fault::UnexpectedEnd)) }
    }

    /// Hands decoded bytes to `take`, piece by piece.
    pub(in crate::body) fn decode(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), BodyError>,
    ) -> Result<(), BodyError> {
        self.failed.map_or(Ok(()), Err)?;
        if matches!(self.codec, Codec::Identity) {
            return take(bytes).inspect_err(|error| self.failed = Some(*error));
        }
        let mut rest = bytes;
        loop {
            let step = self.codec.step(rest, &mut self.piece).map_err(|fault| self.fail(fault))?;
            rest = rest.get(step.read..).unwrap_or_default();
            self.read_bytes = self.read_bytes.saturating_add(len_u64(step.read));
            self.written_bytes = self.written_bytes.saturating_add(len_u64(step.written));
            let allowed = FREE_BYTES.saturating_add(self.read_bytes.saturating_mul(self.max_ratio));
            if self.written_bytes > allowed {
                return Err(self.fail(Fault::ExpandsTooMuch));
            }
            let piece = self.piece.get(..step.written).unwrap_or_default();
            take(piece).inspect_err(|error| self.failed = Some(*error))?;
            if rest.is_empty() && step.written < self.piece.len() {
                return Ok(());
            }
            if step.read == 0 && step.written == 0 {
                return Err(self.fail(Fault::InvalidCoding));
            }
        }
    }

    fn fail(&mut self, fault: Fault) -> BodyError {
        let error = BodyError { fault, offset: self.read_bytes };
        self.failed = Some(error);
        error
    }
}

impl Codec {
    fn step(&mut self, bytes: &[u8], out: &mut [u8]) -> Result<Step, Fault> {
        match self {
            Self::Identity => Ok(Step { read: 0, written: 0 }),
            Self::Gzip(gzip) => gzip.step(bytes, out),
            Self::Deflate(_, true) if !bytes.is_empty() => Err(Fault::BytesAfterCoding),
            Self::Deflate(_, true) => Ok(Step { read: 0, written: 0 }),
            Self::Deflate(inflate, ended) => {
                let (step, end) = inflate_step(inflate, bytes, out)?;
                *ended = end;
                Ok(step)
            }
            Self::Brotli(brotli) => brotli.step(bytes, out),
            Self::Zstd(zstd) => zstd.step(bytes, out),
            Self::Unusable(fault) => Err(*fault),
        }
    }
}

/// One step of inflating, and whether the deflate stream has ended with it.
pub(super) fn inflate_step(
    inflate: &mut flate2::Decompress,
    bytes: &[u8],
    out: &mut [u8],
) -> Result<(Step, Ended), Fault> {
    let (read, written) = (inflate.total_in(), inflate.total_out());
    let status =
        inflate.decompress(bytes, out, flate2::FlushDecompress::None).map_err(|_| Fault::InvalidCoding)?;
    let since = |now: u64, before: u64| usize::try_from(now.wrapping_sub(before)).unwrap_or(usize::MAX);
    let step = Step { read: since(inflate.total_in(), read), written: since(inflate.total_out(), written) };
    Ok((step, status == flate2::Status::StreamEnd))
}
