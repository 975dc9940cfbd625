//! The bytes of one push on their way from input to output: what is not touched goes in long runs.
//!
//! Invariant: every input byte is either copied as it is or left out on purpose, in order.

/// A cursor over the input with a run of bytes behind it that still has to be copied.
pub(super) struct Run<'a> {
    bytes: &'a [u8],
    /// The next byte to read.
    pub(super) pos: usize,
    copied: usize,
    /// While this is set nothing is copied: the bytes lie inside a value that was replaced.
    pub(super) muted: bool,
    /// Where the output goes.
    pub(super) out: &'a mut Vec<u8>,
}

impl<'a> Run<'a> {
    pub(super) const fn new(bytes: &'a [u8], muted: bool, out: &'a mut Vec<u8>) -> Self {
        Self { bytes, pos: 0, copied: 0, muted, out }
    }

    /// The next byte, if there is one.
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    /// All bytes not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.pos..).unwrap_or_default()
    }

    /// Steps over the space that many writers put behind a colon and a comma.
    pub(super) fn skip_one_space(&mut self) {
        self.pos += usize::from(self.peek() == Some(b' '));
    }

    /// The bytes from `from` up to the cursor.
    pub(super) fn since(&self, from: usize) -> &'a [u8] {
        self.between(from, self.pos)
    }

    /// The bytes from `from` up to `to`.
    pub(super) fn between(&self, from: usize, to: usize) -> &'a [u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// Copies the run up to `end`; what follows is the next run.
    pub(super) fn copy_until(&mut self, end: usize) {
        if !self.muted {
            self.out.extend_from_slice(self.bytes.get(self.copied..end).unwrap_or_default());
        }
        self.copied = end;
    }

    /// Leaves out what lies between the last run and the cursor.
    pub(super) const fn leave_out(&mut self) {
        self.copied = self.pos;
    }
}
