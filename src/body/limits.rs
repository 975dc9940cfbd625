//! How much of one body is held in memory, and how much it may expand.

use crate::base::budget::Budget;

/// Bounds for one body. What it holds beyond its budget is at most three treated values (as read, unescaped,
/// treated) of `max_token_bytes` and one frame for each of `max_depth`.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Objects and arrays inside each other.
    pub max_depth: usize,
    /// Bytes of a member name, a treated or scrubbed value, a number, or a CSV header, as written.
    pub max_token_bytes: usize,
    /// Bytes of a record that is held until its region is known; a longer one is of no region.
    pub max_record_bytes: usize,
    /// Decoded bytes for each coded byte, from the second decoded mebibyte on.
    pub max_ratio: u64,
    /// Base-2 logarithm of the decoder's window in bytes; for zstd never more than 23 (RFC 9659).
    pub max_window_log: u32,
    /// Where buffers ask before they grow; clones share one allowance.
    pub budget: Budget,
}

impl Limits {
    /// The defaults, drawing on `budget`.
    #[must_use]
    pub const fn new(budget: Budget) -> Self {
        Self {
            max_depth: 128,
            max_token_bytes: 1 << 20,
            max_record_bytes: 1 << 20,
            max_ratio: 250,
            max_window_log: 24,
            budget,
        }
    }
}

impl Default for Limits {
    /// The defaults, with 32 MiB for this body alone.
    fn default() -> Self {
        Self::new(Budget::new(32 << 20))
    }
}
