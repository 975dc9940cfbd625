//! Where a trail ends, so that it can go on there.

use super::chain::{MacKey, Position, follow};
use super::record::read;

/// The end of a file of a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Where the next line goes; [`Position::GENESIS`] if there is no whole line.
    pub position: Position,
    /// Bytes of an unfinished line behind the last whole one.
    pub torn_bytes: usize,
}

/// Why a trail cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TailError {
    /// The last lines do not stand in the bytes given.
    #[error("its last line is longer than what was read of it")]
    NeedsMore,
    /// The last line, or the one before, is none of a trail.
    #[error("its end is no audit trail")]
    Unreadable,
    /// The last line does not follow from the one before.
    #[error("its last line was changed, or the one before it is missing")]
    Broken,
    /// The last line has a MAC that no key of the ring made.
    #[error("the MAC of its last line was made by no key of the key ring")]
    WrongMac,
}

impl Tail {
    /// Finds the end of a trail in the last `bytes` of its file; `is_whole` says that these are all of them.
    ///
    /// # Errors
    /// [`TailError`]; with [`TailError::NeedsMore`], more bytes may help.
    pub fn find(bytes: &[u8], is_whole: bool, keys: &[MacKey]) -> Result<Self, TailError> {
        let mut lines = bytes.rsplit(|&byte| byte == b'\n');
        let torn_bytes = lines.next().map_or(0, <[u8]>::len);
        let missing = if is_whole { None } else { Some(TailError::NeedsMore) };
        let Some(last) = lines.next() else {
            return missing.map_or(Ok(Self { position: Position::GENESIS, torn_bytes }), Err);
        };
        // The first piece may be the end of a line.
        let before = lines.next().filter(|_| is_whole || lines.next().is_some());
        let is_cut = before.is_none() && !is_whole;
        let Some((sealed, record)) = read(last) else {
            return Err(if is_cut { TailError::NeedsMore } else { TailError::Unreadable });
        };
        let due = match (record.beginning(), before) {
            (Some(beginning), _) => beginning,
            (None, None) => return Err(missing.unwrap_or(TailError::Broken)),
            (None, Some(before)) => {
                let (sealed, record) = read(before).ok_or(TailError::Unreadable)?;
                Position { seq: record.seq.saturating_add(1), head: sealed.hash }
            }
        };
        if record.seq != due.seq || follow(&due.head, sealed.hashed) != sealed.hash {
            return Err(TailError::Broken);
        }
        if let Some(mac) = sealed.mac
            && !keys.is_empty()
            && !keys.iter().any(|key| key.mac(&sealed.hash) == mac)
        {
            return Err(TailError::WrongMac);
        }
        Ok(Self { position: Position { seq: due.seq.saturating_add(1), head: sealed.hash }, torn_bytes })
    }
}
