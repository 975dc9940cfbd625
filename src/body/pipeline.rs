//! Decode, rewrite, encode: a coded body in, the same coding out.

use std::sync::Arc;

use super::count::RecordCount;
use super::{BodyError, Decoder, Encoder, Encoding, Format, Limits, Rewriter, Tally};
use crate::policy::{BoundRecords, Plan};

/// A [`Decoder`], a [`Rewriter`] and an [`Encoder`] in a row. Decoded bytes are handed on in small pieces,
/// so that memory stays flat however much a body expands.
///
/// After an error it is poisoned: every later call fails with the same error and writes nothing.
pub struct Pipeline {
    decoder: Decoder,
    rewriter: Rewriter,
    encoder: Encoder,
    treated: Vec<u8>,
    /// Something was encoded since the last flush.
    is_open: bool,
    /// Nothing is flushed before the end: where the store paused may follow from what is left out.
    is_even: bool,
    failed: Option<BodyError>,
    format: Format,
    records: Option<RecordCount>,
}

impl Pipeline {
    /// For one body that comes in `encoding` and leaves in the same.
    #[must_use]
    pub fn new(encoding: Encoding, format: Format, plan: Arc<Plan>, limits: &Limits) -> Self {
        Self::around((encoding, format), Rewriter::new(format, plan, limits), limits)
    }

    /// For one body of which somebody reads the records of some regions only; `None` for formats without records.
    #[must_use]
    pub fn bound(
        encoding: Encoding,
        format: Format,
        plan: Arc<Plan>,
        rule: Arc<BoundRecords>,
        limits: &Limits,
    ) -> Option<Self> {
        let rewriter = Rewriter::bound(format, plan, rule, limits)?;
        Some(Self { is_even: true, ..Self::around((encoding, format), rewriter, limits) })
    }

    fn around((encoding, format): (Encoding, Format), rewriter: Rewriter, limits: &Limits) -> Self {
        Self {
            decoder: Decoder::new(encoding, limits),
            rewriter,
            encoder: Encoder::new(encoding),
            treated: Vec::new(),
            is_open: false,
            is_even: false,
            failed: None,
            format,
            records: None,
        }
    }

    /// Has the records counted that leave.
    pub fn count_records(&mut self) {
        self.records = Some(RecordCount::new(self.format));
    }

    /// Records that have left, if they are counted.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records.as_ref().map_or(0, RecordCount::records)
    }

    /// Takes the next coded bytes and appends to `out` what may leave.
    ///
    /// # Errors
    /// [`BodyError`] if the body cannot be decoded or rewritten; from then on nothing more is written.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.failed.map_or(Ok(()), Err)?;
        let Self { decoder, rewriter, encoder, treated, is_open, failed, records, .. } = self;
        let mut see = |leaves: &[u8]| records.iter_mut().for_each(|records| records.see(leaves));
        let pushed = decoder.decode(bytes, |plain| {
            if encoder.is_identity() {
                let before = out.len();
                rewriter.push(plain, out)?;
                see(out.get(before..).unwrap_or_default());
                return Ok(());
            }
            treated.clear();
            rewriter.push(plain, treated)?;
            see(treated);
            *is_open |= !treated.is_empty();
            encoder.push(treated, out)
        });
        pushed.inspect_err(|error| *failed = Some(*error))
    }

    /// Appends what the encoder still holds, so that the client can read all that was pushed. To be called
    /// when the store pauses. Where nothing was pushed that leaves, nothing is appended: a flush would tell of what came.
    ///
    /// # Errors
    /// [`BodyError`] if the body has failed before.
    pub fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.failed.map_or(Ok(()), Err)?;
        if self.is_even || !std::mem::take(&mut self.is_open) {
            return Ok(());
        }
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
        self.records.iter_mut().for_each(|records| records.see(&self.treated));
        self.encoder.push(&self.treated, out)?;
        self.encoder.finish(out)
    }

    /// How many values were treated so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        self.rewriter.tally()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Fault;
    use crate::body::testing::plan;
    use crate::kernel::Treatment::{Pass, Redact};

    const ALL: [Encoding; 5] =
        [Encoding::Identity, Encoding::Gzip, Encoding::Deflate, Encoding::Brotli, Encoding::Zstd];

    fn pipeline(encoding: Encoding) -> Pipeline {
        let plan = plan(&Pass, &[("$..ip", Redact("x".into()))]);
        Pipeline::new(encoding, Format::Ndjson, plan, &Limits::default())
    }

    fn encode(encoding: Encoding, plain: &[u8]) -> Vec<u8> {
        let (mut encoder, mut coded) = (Encoder::new(encoding), Vec::new());
        encoder.push(plain, &mut coded).unwrap();
        encoder.finish(&mut coded).unwrap();
        coded
    }

    #[test]
    fn rewrites_under_every_coding() {
        let lines: String =
            (0..2000).map(|line| format!("{{\"n\":{line},\"ip\":\"203.0.113.{}\"}}\n", line % 256)).collect();
        let expected: String = (0..2000).map(|line| format!("{{\"n\":{line},\"ip\":\"x\"}}\n")).collect();
        for encoding in ALL {
            let coded = encode(encoding, lines.as_bytes());
            for piece in [1, 1000, coded.len()] {
                let (mut pipeline, mut out) = (pipeline(encoding), Vec::new());
                for bytes in coded.chunks(piece) {
                    pipeline.push(bytes, &mut out).unwrap();
                }
                pipeline.finish(&mut out).unwrap();
                let (mut decoder, mut plain) = (Decoder::new(encoding, &Limits::default()), Vec::new());
                decoder.push(&out, &mut plain).unwrap();
                decoder.finish().unwrap();
                assert_eq!(String::from_utf8(plain).unwrap(), expected, "{encoding:?} by {piece}");
                assert_eq!(pipeline.tally().total(), 2000);
            }
        }
    }

    #[test]
    fn an_error_anywhere_ends_it() {
        for encoding in ALL {
            let coded = encode(encoding, b"{\"ip\":1} {\"ip\":\"203.0.113.7\"}\n");
            let (mut pipeline, mut out) = (pipeline(encoding), Vec::new());
            let error = pipeline.push(&coded, &mut out).unwrap_err();
            assert_eq!(error.fault, Fault::BytesAfterValue, "{encoding:?}");
            let written = out.len();
            assert_eq!(pipeline.push(&coded, &mut out), Err(error));
            assert_eq!(pipeline.flush(&mut out), Err(error));
            assert_eq!(pipeline.finish(&mut out), Err(error));
            assert_eq!(out.len(), written, "{encoding:?}");
        }
        let (mut pipeline, mut out) = (pipeline(Encoding::Gzip), Vec::new());
        assert_eq!(pipeline.push(b"{\"ip\":1}\n", &mut out).unwrap_err().fault, Fault::InvalidCoding);
        assert!(out.is_empty());
    }

    #[test]
    fn memory_stays_flat_however_much_a_body_expands() {
        let plain = b"{\"n\":1}\n".repeat(1 << 18);
        let coded = encode(Encoding::Zstd, &plain);
        let limits = Limits { max_ratio: u64::MAX, ..Limits::default() };
        let mut pipeline = Pipeline::new(Encoding::Zstd, Format::Ndjson, plan(&Pass, &[]), &limits);
        let mut out = Vec::new();
        pipeline.push(&coded, &mut out).unwrap();
        pipeline.finish(&mut out).unwrap();
        assert!(coded.len() < 4096, "{}", coded.len());
        assert!(pipeline.treated.capacity() < 256 << 10);
    }
}
