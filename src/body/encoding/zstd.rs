//! Zstandard (RFC 8878), with the window that RFC 9659 allows for content codings.

use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, get_error_name};

use super::decoder::Step;
use crate::base::budget::Reserved;
use crate::body::{Fault, Limits};

/// RFC 9659: a content coding's window is at most 8 MiB.
const MAX_WINDOW_LOG: u32 = 23;

/// What zstd calls a frame whose window is above the limit.
const WINDOW_ERROR: &str = "Frame requires too much memory for decoding";

/// A stream of zstd frames.
pub(super) struct Zstd {
    context: DCtx<'static>,
    reserved: Reserved,
    /// The last byte read was the last of a frame.
    at_end: bool,
}

impl Zstd {
    pub(super) fn new(limits: &Limits) -> Result<Self, Fault> {
        let mut context = DCtx::try_create().ok_or(Fault::InvalidCoding)?;
        let window_log = limits.max_window_log.min(MAX_WINDOW_LOG);
        context.set_parameter(DParameter::WindowLogMax(window_log)).map_err(|_| Fault::InvalidCoding)?;
        let reserved = limits.budget.reserve(context.sizeof())?;
        Ok(Self { context, reserved, at_end: false })
    }

    pub(super) const fn may_end(&self) -> bool {
        self.at_end
    }

    pub(super) fn step(&mut self, bytes: &[u8], out: &mut [u8]) -> Result<Step, Fault> {
        if self.at_end && bytes.is_empty() {
            return Ok(Step { read: 0, written: 0 });
        }
        let mut input = InBuffer::around(bytes);
        let mut output = OutBuffer::around(out);
        let hint = self.context.decompress_stream(&mut output, &mut input).map_err(|code| {
            if get_error_name(code) == WINDOW_ERROR { Fault::WindowTooLarge } else { Fault::InvalidCoding }
        })?;
        self.reserved.grow_to(self.context.sizeof())?;
        self.at_end = hint == 0;
        Ok(Step { read: input.pos(), written: output.pos() })
    }
}
