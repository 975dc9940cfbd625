//! Decode, rewrite, encode: a coded body in, the same coding out.

use std::sync::Arc;

use super::{BodyError, Decoder, Encoder, Encoding, Format, Limits, Rewriter, Tally};
use crate::policy::Plan;

/// A [`Decoder`], a [`Rewriter`] and an [`Encoder`] in a row. Decoded bytes are handed on in small pieces,
/// so that memory stays flat however much a body expands.
///
/// After an error it is poisoned: every later call fails with the same error and writes nothing.
pub struct Pipeline {
    decoder: Decoder,
    rewriter: Rewriter,
    encoder: Encoder,
    treated: Vec<u8>,
    failed: Option<BodyError>,
}

impl Pipeline {
    /// For one body that comes in `encoding` and leaves in the same.
    #[must_use]
    pub fn new(encoding: Encoding, format: Format, plan: Arc<Plan>, limits: &Limits) -> Self {
        Self {
            decoder: Decoder::new(encoding, limits),
            rewriter: Rewriter::new(format, plan, limits),
            encoder: Encoder::new(encoding),
            treated: Vec::new(),
            failed: None,
        }
    }

    /// Takes the next coded bytes and appends to `out` what may leave.
    ///
    /// # Errors
    /// [`BodyError`] if the body cannot be decoded or rewritten; from then on nothing more is written.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.failed.map_or(Ok(()), Err)?;
        let Self { decoder, rewriter, encoder, treated, failed } = self;
        let pushed = decoder.decode(bytes, |plain| {
            if encoder.is_identity() {
                return rewriter.push(plain, out);
            }
            treated.clear();
            rewriter.push(plain, treated)?;
            encoder.push(treated, out)
        });
        pushed.inspect_err(|error| *failed = Some(*error))
    }

    /// Appends what the encoder still holds, so that the client can read all that was pushed. To be called
    /// when the store pauses.
    ///
    /// # Errors
    /// [`BodyError`] if the body has failed before.
    pub fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.failed.map_or(Ok(()), Err)?;
        self.encoder.flush(out).inspect_err(|error| self.failed = Some(*error))
    }

    /// Says that the body has ended and appends the rest.
    ///
    /// # Errors
    /// [`BodyError`] if it ended too early, or had failed before.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.failed.map_or(Ok(()), Err)?;
        self.end(out).inspect_err(|error| self.failed = Some(*error))
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.decoder.finish()?;
        self.treated.clear();
        self.rewriter.finish(&mut self.treated)?;
        self.encoder.push(&self.treated, out)?;
        self.encoder.finish(out)
    }

    /// How many values were treated so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        self.rewriter.tally()
    }
}
