//! Decode, rewrite, encode: a coded body in, the same coding out.

use std::sync::Arc;

use super::{BodyError, Decoder, Encoder, Encoding, Format, Limits, Rewriter, Tally};
use crate::policy::Plan;

/// A [`Decoder`], a [`Rewriter`] and an [`Encoder`] in a row. Decoded bytes are handed on in small pieces,
/// so that memory stays flat however much a body expands.
pub struct Pipeline {
    decoder: Decoder,
    rewriter: Rewriter,
    encoder: Encoder,
    plain: Vec<u8>,
    treated: Vec<u8>,
}

impl Pipeline {
    /// For one body that comes in `encoding` and leaves in the same.
    #[must_use]
    pub fn new(encoding: Encoding, format: Format, plan: Arc<Plan>, limits: &Limits) -> Self {
        Self {
            decoder: Decoder::new(encoding, limits),
            rewriter: Rewriter::new(format, plan, limits),
            encoder: Encoder::new(encoding),
            plain: Vec::new(),
            treated: Vec::new(),
        }
    }

    /// Takes the next coded bytes and appends to `out` what may leave.
    ///
    /// # Errors
    /// [`BodyError`] if the body cannot be decoded or rewritten; from then on nothing more is written.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.decoder.push(bytes, &mut self.plain)?;
        self.rewriter.push(&self.plain, &mut self.treated)?;
        self.plain.clear();
        self.encoder.push(&self.treated, out)?;
        self.treated.clear();
        Ok(())
    }

    /// Appends what the encoder still holds, so that the client can read all that was pushed. To be called
    /// when the store pauses.
    ///
    /// # Errors
    /// [`BodyError`] if the body has failed before.
    pub fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.encoder.flush(out)
    }

    /// Says that the body has ended and appends the rest.
    ///
    /// # Errors
    /// [`BodyError`] if it ended too early, or had failed before.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.decoder.finish(&mut self.plain)?;
        self.rewriter.finish(&mut self.treated)?;
        self.encoder.finish(out)
    }

    /// How many values were treated so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        self.rewriter.tally()
    }
}
