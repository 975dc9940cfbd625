//! UTF-8 in pieces: checked whole by the standard library, and across cuts byte by byte.

use super::Fault;

/// A UTF-8 sequence that a cut has split.
#[derive(Clone, Debug, Default)]
pub(super) struct Sequence {
    bytes: [u8; 4],
    len: usize,
}

impl Sequence {
    /// True if the bytes so far end inside a sequence.
    pub(super) const fn is_open(&self) -> bool {
        self.len > 0
    }

    /// Checks one piece of a text that may go on. A fault comes with the index of the byte that shows it.
    pub(super) fn check_piece(&mut self, piece: &[u8]) -> Result<(), (Fault, usize)> {
        let mut rest = piece;
        let mut at = 0;
        while self.is_open()
            && let Some((&byte, after)) = rest.split_first()
        {
            self.push(byte).map_err(|fault| (fault, at))?;
            rest = after;
            at += 1;
        }
        self.check(rest, true).map_err(|(fault, index)| (fault, at + index))
    }

    /// Checks a run; if the piece ends with it, a sequence may go on in the next piece.
    pub(super) fn check(&mut self, run: &[u8], cut: bool) -> Result<(), (Fault, usize)> {
        let Err(error) = std::str::from_utf8(run) else { return Ok(()) };
        let valid = error.valid_up_to();
        if error.error_len().is_some() || !cut {
            return Err((Fault::InvalidUtf8, valid));
        }
        run.iter().skip(valid).try_for_each(|&byte| self.push(byte)).map_err(|fault| (fault, valid))
    }

    /// One more byte of a split sequence, which is empty again once it is whole.
    pub(super) fn push(&mut self, byte: u8) -> Result<(), Fault> {
        *self.bytes.get_mut(self.len).ok_or(Fault::InvalidUtf8)? = byte;
        self.len += 1;
        match std::str::from_utf8(self.bytes.get(..self.len).unwrap_or_default()) {
            Ok(_) => self.len = 0,
            Err(error) if error.error_len().is_some() => return Err(Fault::InvalidUtf8),
            Err(_) => {}
        }
        Ok(())
    }
}
