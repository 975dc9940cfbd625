//! The places that a policy can name: parsed from the text of the file into values that can only be right.

use std::str::FromStr;

use super::{JsonPath, PathError};

mod sql;

pub(in crate::policy) use sql::sql_name;
pub use sql::{SqlField, SqlFieldError, SqlTable};

/// One line of a `fields` table: a place and what happens to the value there.
#[derive(Clone, Debug)]
pub struct FieldRule<Field, Treated> {
    /// The place.
    pub field: Field,
    /// The place as the policy file spells it.
    pub written: String,
    /// What happens there.
    pub treatment: Treated,
    /// Where the line stands in the file, in bytes.
    pub span: std::ops::Range<usize>,
}

/// A place in an HTTP exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpField {
    /// A value in a body: `$..ip`. A CSV row or a form counts as an object; `column:ip` is `$.ip`.
    Body(JsonPath),
    /// A response header, by its name in lower case: `header:x-client-ip`.
    Header(String),
}

/// Why a text names no place in an HTTP exchange.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpFieldError {
    /// It looks like a path and is none.
    #[error(transparent)]
    Path(#[from] PathError),
    /// What follows `header:` is no field name of RFC 9110 section 5.1.
    #[error("this is not the name of a header")]
    HeaderName,
    /// The header belongs to the connection or describes the raw bytes; the proxy sets its own or none.
    #[error("this header describes the raw bytes or the connection, and never crosses")]
    FramingHeader,
    /// Nothing follows `column:`.
    #[error("the column has no name")]
    ColumnName,
    /// It is none of the three kinds.
    #[error("this names no place in an HTTP exchange")]
    Unknown,
}

impl HttpFieldError {
    /// What to write instead.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Path(error) => error.kind.help(),
            Self::HeaderName => "a header's name has letters, digits and `-` only: `header:x-client-ip`",
            Self::FramingHeader => "leave the line out",
            Self::ColumnName | Self::Unknown => {
                "write a JSONPath such as `$..ip`, a CSV column such as `column:ip`, or a response header such as `header:x-client-ip`"
            }
        }
    }
}

impl FromStr for HttpField {
    type Err = HttpFieldError;

    fn from_str(text: &str) -> Result<Self, HttpFieldError> {
        if let Some(name) = text.strip_prefix("header:") {
            return header(&name.to_ascii_lowercase());
        }
        if let Some(name) = text.strip_prefix("column:") {
            return if name.is_empty() {
                Err(HttpFieldError::ColumnName)
            } else {
                Ok(Self::Body(JsonPath::member(name)))
            };
        }
        if text.starts_with('$') { Ok(Self::Body(text.parse()?)) } else { Err(HttpFieldError::Unknown) }
    }
}

/// Headers that describe the raw bytes or the connection, in lower case.
const FRAMING: [&str; 15] = [
    "accept-ranges",
    "connection",
    "content-digest",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-range",
    "content-type",
    "digest",
    "etag",
    "last-modified",
    "repr-digest",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn header(name: &str) -> Result<HttpField, HttpFieldError> {
    if name.is_empty() || !name.bytes().all(is_token_byte) {
        return Err(HttpFieldError::HeaderName);
    }
    if FRAMING.contains(&name) {
        return Err(HttpFieldError::FramingHeader);
    }
    Ok(HttpField::Header(name.to_owned()))
}

/// `tchar` of RFC 9110 section 5.6.2.
pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_three_kinds_apart() {
        let body = |path: &str| Ok(HttpField::Body(path.parse().unwrap()));
        assert_eq!("$..ip".parse(), body("$..ip"));
        assert_eq!("column:Client IP".parse(), body("$['Client IP']"));
        assert_eq!("header:X-Client-IP".parse(), Ok(HttpField::Header("x-client-ip".to_owned())));
        assert_eq!("header:x y".parse::<HttpField>(), Err(HttpFieldError::HeaderName));
        assert_eq!("header:".parse::<HttpField>(), Err(HttpFieldError::HeaderName));
        assert_eq!("header:ETag".parse::<HttpField>(), Err(HttpFieldError::FramingHeader));
        assert_eq!("column:".parse::<HttpField>(), Err(HttpFieldError::ColumnName));
        assert_eq!("public.logins.ip".parse::<HttpField>(), Err(HttpFieldError::Unknown));
        assert!(matches!("$[-1]".parse::<HttpField>(), Err(HttpFieldError::Path(_))));
    }
}
