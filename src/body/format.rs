//! Which rewriter a media type asks for.

/// The formats that can be rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON value (RFC 8259).
    Json,
    /// One JSON value a line.
    Ndjson,
    /// Comma-separated values with a header row (RFC 4180).
    Csv,
    /// Tab-separated values with a header row.
    Tsv,
    /// `application/x-www-form-urlencoded`.
    Form,
}

impl Format {
    /// The format of a `Content-Type` (RFC 9110 section 8.3). `None` for media types that are not
    /// understood, charsets other than UTF-8 and its subset ASCII, tables without a header, and parameters
    /// that cannot be read.
    #[must_use]
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
        let format = Self::from_essence(&essence.trim().to_ascii_lowercase())?;
        let mut charset_seen = false;
        for parameter in parameters.split(';').map(str::trim).filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=')?;
            let value = unquote(value)?;
            if name.eq_ignore_ascii_case("charset") {
                let utf8 =
                    ["utf-8", "utf8", "us-ascii"].iter().any(|known| value.eq_ignore_ascii_case(known));
                if charset_seen || !utf8 {
                    return None;
                }
                charset_seen = true;
            }
            if name.eq_ignore_ascii_case("header") && !value.eq_ignore_ascii_case("present") {
                return None;
            }
        }
        Some(format)
    }

    fn from_essence(essence: &str) -> Option<Self> {
        match essence {
            "application/json" | "text/json" => Some(Self::Json),
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/jsonlines"
            | "application/x-jsonlines"
            | "application/stream+json" => Some(Self::Ndjson),
            "text/csv" | "application/csv" => Some(Self::Csv),
            "text/tab-separated-values" => Some(Self::Tsv),
            "application/x-www-form-urlencoded" => Some(Self::Form),
            other => {
                let (kind, subtype) = other.split_once('/')?;
                (kind == "application" && subtype.ends_with("+json")).then_some(Self::Json)
            }
        }
    }
}

/// A parameter's value, a token or a quoted string without escapes.
fn unquote(value: &str) -> Option<&str> {
    let inner = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => value,
    };
    (!inner.contains(['"', '\\'])).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_media_types() {
        let table = [
            ("application/json", Some(Format::Json)),
            ("Application/JSON; Charset=\"UTF-8\"", Some(Format::Json)),
            ("application/vnd.example.v2+json;profile=x", Some(Format::Json)),
            ("application/problem+json", Some(Format::Json)),
            ("application/x-ndjson", Some(Format::Ndjson)),
            ("application/jsonl", Some(Format::Ndjson)),
            ("text/csv; charset=us-ascii; header=present", Some(Format::Csv)),
            ("text/csv; header=absent", None),
            ("text/tab-separated-values", Some(Format::Tsv)),
            ("application/x-www-form-urlencoded", Some(Format::Form)),
            ("application/json; charset=utf-16", None),
            ("application/json; charset=utf-8; charset=latin1", None),
            ("application/json; charset", None),
            ("application/json; charset=\"utf-8", None),
            ("application/json-seq", None),
            ("application/json, text/html", None),
            ("image/svg+json", None),
            ("text/html", None),
            ("", None),
        ];
        for (content_type, format) in table {
            assert_eq!(Format::from_content_type(content_type), format, "{content_type}");
        }
    }
}
