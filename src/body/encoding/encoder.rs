//! Puts a content coding on.

use std::io::Write;

use super::Encoding;
use crate::body::{BodyError, Fault};

/// Levels at which a core keeps up with a network: bytes are saved, but not at any price.
const DEFLATE_LEVEL: u32 = 3;
const BROTLI_QUALITY: u32 = 3;
const ZSTD_LEVEL: i32 = 1;

/// A brotli window of 256 KiB: what one body may cost in memory.
const BROTLI_WINDOW_LOG: u32 = 18;
const BROTLI_BUFFER_BYTES: usize = 4096;

/// Puts a content coding on.
pub struct Encoder {
    codec: Codec,
}

enum Codec {
    Identity,
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
    Deflate(flate2::write::ZlibEncoder<Vec<u8>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    Ended,
}

impl Encoder {
    /// For one body.
    #[must_use]
    pub fn new(encoding: Encoding) -> Self {
        let level = flate2::Compression::new(DEFLATE_LEVEL);
        let codec = match encoding {
            Encoding::Identity => Codec::Identity,
            Encoding::Gzip => Codec::Gzip(flate2::write::GzEncoder::new(Vec::new(), level)),
            Encoding::Deflate => Codec::Deflate(flate2::write::ZlibEncoder::new(Vec::new(), level)),
            Encoding::Brotli => Codec::Brotli(Box::new(brotli::CompressorWriter::new(
                Vec::new(),
                BROTLI_BUFFER_BYTES,
                BROTLI_QUALITY,
                BROTLI_WINDOW_LOG,
            ))),
            Encoding::Zstd => {
                let encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL);
                encoder.map_or(Codec::Ended, Codec::Zstd)
            }
        };
        Self { codec }
    }

    /// True if pushed bytes leave as they are.
    pub(in crate::body) const fn is_identity(&self) -> bool {
        matches!(self.codec, Codec::Identity)
    }

    /// Takes the next bytes and appends the coded ones, if any are due.
    ///
    /// # Errors
    /// [`BodyError`] if the compressor fails or the stream has ended.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), BodyError> {
        let is_identity = self.is_identity();
        match self.codec.writer() {
            Some(writer) => writer.write_all(bytes).map_err(|_| FAILED)?,
            None if is_identity => out.extend_from_slice(bytes),
            None => return Err(FAILED),
        }
        self.drain(out);
        Ok(())
    }

    /// Appends all that is held back, so that a reader can decode every byte pushed so far.
    ///
    /// # Errors
    /// [`BodyError`] if the compressor fails.
    pub fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        if let Some(writer) = self.codec.writer() {
            writer.flush().map_err(|_| FAILED)?;
            self.drain(out);
        }
        Ok(())
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// [`BodyError`] if the compressor fails.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        let last = match std::mem::replace(&mut self.codec, Codec::Ended) {
            Codec::Identity | Codec::Ended => Ok(Vec::new()),
            Codec::Gzip(encoder) => encoder.finish(),
            Codec::Deflate(encoder) => encoder.finish(),
            Codec::Brotli(encoder) => Ok(encoder.into_inner()),
            Codec::Zstd(encoder) => encoder.finish(),
        };
        out.append(&mut last.map_err(|_| FAILED)?);
        Ok(())
    }

    fn drain(&mut self, out: &mut Vec<u8>) {
        match &mut self.codec {
            Codec::Identity | Codec::Ended => {}
            Codec::Gzip(encoder) => out.append(encoder.get_mut()),
            Codec::Deflate(encoder) => out.append(encoder.get_mut()),
            Codec::Brotli(encoder) => out.append(encoder.get_mut()),
            Codec::Zstd(encoder) => out.append(encoder.get_mut()),
        }
    }
}

/// A compressor that writes to memory fails only for want of memory, or after its end.
const FAILED: BodyError = BodyError { fault: Fault::InvalidCoding, offset: 0 };

impl Codec {
    fn writer(&mut self) -> Option<&mut dyn Write> {
        match self {
            Self::Identity | Self::Ended => None,
            Self::Gzip(encoder) => Some(encoder),
            Self::Deflate(encoder) => Some(encoder),
            Self::Brotli(encoder) => Some(encoder),
            Self::Zstd(encoder) => Some(encoder),
        }
    }
}
