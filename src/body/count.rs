//! How many records leave: of JSON the elements of arrays that stand in no other array, of NDJSON, CSV and TSV the lines
//! (without the header). It looks at what the client is given, so that it tells nothing else.
//!
//! Invariant: any cut of the bytes gives the same count.
//! Not here: whether the bytes are well-formed, which the rewriter has seen to.

use memchr::memchr2;

use super::Format;

/// Counts the records of one body.
pub(super) struct RecordCount {
    format: Format,
    records: u64,
    /// Objects and arrays that are open.
    depth: u64,
    /// How deep the elements of the array stand that is counted.
    elements_at: Option<u64>,
    /// Inside a string, or a quoted field.
    is_quoted: bool,
    /// Behind a backslash.
    is_escaped: bool,
    /// Something stands in this line, or in this array.
    has_begun: bool,
    has_header: bool,
}

impl RecordCount {
    pub(super) const fn new(format: Format) -> Self {
        let has_header = matches!(format, Format::Csv | Format::Tsv);
        Self {
            format,
            records: 0,
            depth: 0,
            elements_at: None,
            is_quoted: false,
            is_escaped: false,
            has_begun: false,
            has_header,
        }
    }

    /// Records so far.
    pub(super) const fn records(&self) -> u64 {
        self.records
    }

    /// Takes what leaves.
    pub(super) fn see(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, rest)) = bytes.split_first() {
            bytes = rest;
            match self.format {
                Format::Json if self.is_quoted => {
                    if std::mem::take(&mut self.is_escaped) {
                        continue;
                    }
                    match byte {
                        b'"' => self.is_quoted = false,
                        b'\\' => self.is_escaped = true,
                        _ => {
                            let next = memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len());
                            bytes = bytes.get(next..).unwrap_or_default();
                        }
                    }
                }
                Format::Json => self.json(byte),
                Format::Ndjson => self.line(byte),
                Format::Csv | Format::Tsv => {
                    self.is_quoted ^= byte == b'"';
                    if !self.is_quoted {
                        self.line(byte);
                    }
                }
                Format::Form => return,
            }
        }
    }

    /// A byte of JSON that stands in no string.
    fn json(&mut self, byte: u8) {
        if self.elements_at == Some(self.depth) {
            match byte {
                b']' => self.elements_at = None,
                b' ' | b'\t' | b'\r' | b'\n' => {}
                b',' => self.count(),
                _ if !self.has_begun => {
                    self.has_begun = true;
                    self.count();
                }
                _ => {}
            }
        }
        match byte {
            b'"' => self.is_quoted = true,
            b'[' | b'{' => {
                self.depth = self.depth.saturating_add(1);
                if byte == b'[' && self.elements_at.is_none() {
                    (self.elements_at, self.has_begun) = (Some(self.depth), false);
                }
            }
            b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    /// A byte of a line: the first one that is not white counts.
    fn line(&mut self, byte: u8) {
        match byte {
            b'\n' => self.has_begun = false,
            b'\r' => {}
            _ if self.has_begun => {}
            _ => {
                self.has_begun = true;
                if !std::mem::take(&mut self.has_header) {
                    self.count();
                }
            }
        }
    }

    const fn count(&mut self) {
        self.records = self.records.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_what_a_reader_would_call_so() {
        for (format, body, records) in [
            (Format::Json, r#"{"ip":"203.0.113.7"}"#, 0),
            (Format::Json, r#"[{"ip":"[,]\"","hops":["a","b"]}, {"a":[]} ]"#, 2),
            (Format::Json, r#"{"rows":[[1,2],[3,4],[5,6]],"next":null}"#, 3),
            (Format::Json, r#"{"a":["x","\\"],"b":[ ],"c":{"d":[1]}}"#, 3),
            (Format::Json, "[ ]", 0),
            (Format::Ndjson, "{\"a\":1}\n\n{\"b\":[1,2]}\r\n[3]", 3),
            (Format::Csv, "ip,note\n203.0.0.0/16,\"a\nb\"\n,\r\n", 2),
            (Format::Csv, "ip\n\"a\"\"\n\"\"b\"\n", 1),
            (Format::Tsv, "ip\n", 0),
            (Format::Form, "a=b&c=d", 0),
        ] {
            for cut in 1..=body.len() {
                let mut count = RecordCount::new(format);
                body.as_bytes().chunks(cut).for_each(|piece| count.see(piece));
                assert_eq!(count.records(), records, "{body} by {cut}");
            }
        }
    }
}
