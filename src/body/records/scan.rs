//! Where a record ends.

/// Looks for the end of a value. Whether what is inside is right is for others to say.
#[derive(Debug, Default)]
pub(super) struct RecordScan {
    depth: u64,
    string: Option<StringEnd>,
    is_bare: bool,
}

/// Looks for the end of a string whose first quote was read.
#[derive(Debug, Default)]
pub(super) struct StringEnd {
    is_escaped: bool,
}

impl StringEnd {
    /// True if this byte is the closing quote.
    pub(super) const fn push(&mut self, byte: u8) -> bool {
        let is_escaped = self.is_escaped;
        self.is_escaped = !is_escaped && byte == b'\\';
        !is_escaped && byte == b'"'
    }
}

impl RecordScan {
    /// How many bytes belong to the record, and whether it ends with them.
    pub(super) fn push(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut len = 0;
        for &byte in bytes {
            if self.is_bare && matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n') {
                return (len, true);
            }
            len += 1;
            if let Some(string) = &mut self.string {
                if !string.push(byte) {
                    continue;
                }
                self.string = None;
            } else {
                match byte {
                    b'"' => {
                        self.string = Some(StringEnd::default());
                        continue;
                    }
                    b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ if self.depth == 0 => self.is_bare = true,
                    _ => {}
                }
            }
            if self.depth == 0 && !self.is_bare {
                return (len, true);
            }
        }
        (len, false)
    }

    /// True if the record may end with the body: a number or a word may.
    pub(super) const fn may_end(&self) -> bool {
        self.is_bare
    }
}
