//! Content codings (RFC 9110 section 8.4): taken off before a body is rewritten, put back after.
//!
//! Not here: which coding a body has (headers), and stacked codings, which nothing here undoes.

mod brotli;
mod decoder;
mod encoder;
mod gzip;
#[cfg(test)]
mod tests;
mod zstd;

pub use decoder::Decoder;
pub use encoder::Encoder;

/// A content coding that can be taken off and put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// None.
    Identity,
    /// RFC 1952, one or more members.
    Gzip,
    /// RFC 1950: `deflate` with its zlib wrapper. Deflate streams without it are refused, because whether
    /// a stream has one can only be guessed.
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878, one or more frames.
    Zstd,
}

impl Encoding {
    /// Reads one `Content-Encoding` value. `None` for codings that are not known and for stacked ones.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        let value = value.trim();
        let table = [
            ("identity", Self::Identity),
            ("gzip", Self::Gzip),
            ("x-gzip", Self::Gzip),
            ("deflate", Self::Deflate),
            ("br", Self::Brotli),
            ("zstd", Self::Zstd),
        ];
        table.into_iter().find(|(name, _)| value.eq_ignore_ascii_case(name)).map(|(_, encoding)| encoding)
    }

    /// The token for a `Content-Encoding` header; `None` for identity, which is said by absence.
    #[must_use]
    pub const fn header(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Deflate => Some("deflate"),
            Self::Brotli => Some("br"),
            Self::Zstd => Some("zstd"),
        }
    }
}
