//! Paths with named segments: `/v1/logins/{user_id}`.
//!
//! Invariant: what a template matches is a normalised path. Dot segments, whole or percent-encoded, and
//! encoded separators (`%2F`, `%5C`) or NUL inside a named segment match nothing: a store that decodes
//! them would see another path than the one that was judged.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A path of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTemplate {
    segments: Vec<Segment>,
}

/// What stands between two slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// This text, byte for byte.
    Literal(String),
    /// Any one segment, kept under this name.
    Named(String),
}

/// A named segment of a path that matched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Captured<'t, 'p> {
    /// The name in the template.
    pub name: &'t str,
    /// What stands in the path, still percent-encoded, not empty.
    pub raw: &'p str,
}

/// Why a text is no path template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It does not begin with `/`.
    #[error("a path begins with `/`")]
    NoSlash,
    /// `//`.
    #[error("a path has no empty segment except at its end")]
    EmptySegment,
    /// `.` or `..`.
    #[error("a path has no segment `.` or `..`")]
    DotSegment,
    /// A brace in the middle of a segment, or one without the other.
    #[error("braces stand around a whole segment")]
    StrayBrace,
    /// `{}` or a name with odd characters.
    #[error("the name in braces has other characters than letters, digits, `_` and `-`")]
    BadName,
    /// The same name twice.
    #[error("`{{{0}}}` stands in the path twice")]
    TwiceNamed(String),
    /// A character that cannot stand in a path, `%`, `?` and `#` among them.
    #[error("`{0}` cannot stand in the path of a route")]
    BadCharacter(char),
}

impl TemplateError {
    /// What to write instead.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::BadCharacter('?') => "parameters are declared in `params`, not in the path",
            Self::BadCharacter(_) => {
                "literal segments have unreserved characters only: letters, digits and -._~!$&'()*+,;=:@"
            }
            _ => "a path looks like `/v1/logins/{user_id}`",
        }
    }
}

impl PathTemplate {
    /// The segments after the first slash.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The names in braces, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Named(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// The named segments of `path` (without its query), if it matches.
    #[must_use]
    pub fn captures<'t, 'p>(&'t self, path: &'p str) -> Option<Vec<Captured<'t, 'p>>> {
        let mut parts = path.strip_prefix('/')?.split('/');
        let mut captured = Vec::new();
        for segment in &self.segments {
            let raw = parts.next()?;
            match segment {
                Segment::Literal(text) if text == raw => {}
                Segment::Named(name) if is_plain_segment(raw) => captured.push(Captured { name, raw }),
                Segment::Literal(_) | Segment::Named(_) => return None,
            }
        }
        parts.next().is_none().then_some(captured)
    }

    /// Orders templates so that the first that matches a path is the most literal one.
    #[must_use]
    pub fn compare_by_specificity(&self, other: &Self) -> Ordering {
        let rank = |segment: &Segment| u8::from(matches!(segment, Segment::Named(_)));
        self.segments.iter().map(rank).cmp(other.segments.iter().map(rank))
    }

    /// True if both match the same paths.
    #[must_use]
    pub fn same_paths_as(&self, other: &Self) -> bool {
        self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(|pair| match pair {
                (Segment::Literal(left), Segment::Literal(right)) => left == right,
                (Segment::Named(_), Segment::Named(_)) => true,
                _ => false,
            })
    }
}

/// True for what may stand in a named segment.
fn is_plain_segment(raw: &str) -> bool {
    let lower = raw.to_ascii_lowercase();
    let is_dots = matches!(lower.replace("%2e", ".").as_str(), "" | "." | "..");
    let hides_separator = ["%2f", "%5c", "%00", "\\"].iter().any(|separator| lower.contains(separator));
    !is_dots && !hides_separator
}

impl FromStr for PathTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let parts: Vec<&str> = text.strip_prefix('/').ok_or(TemplateError::NoSlash)?.split('/').collect();
        let mut segments = Vec::with_capacity(parts.len());
        for (position, part) in parts.iter().enumerate() {
            let segment = segment(part, position + 1 == parts.len())?;
            if let Segment::Named(name) = &segment
                && segments.contains(&segment)
            {
                return Err(TemplateError::TwiceNamed(name.clone()));
            }
            segments.push(segment);
        }
        Ok(Self { segments })
    }
}

fn segment(text: &str, is_last: bool) -> Result<Segment, TemplateError> {
    if let Some(name) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        };
        return if is_name(name) { Ok(Segment::Named(name.to_owned())) } else { Err(TemplateError::BadName) };
    }
    if text.contains(['{', '}']) {
        return Err(TemplateError::StrayBrace);
    }
    if let Some(odd) = text.chars().find(|&c| !(c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@".contains(c)))
    {
        return Err(TemplateError::BadCharacter(odd));
    }
    match text {
        "" if !is_last => Err(TemplateError::EmptySegment),
        "." | ".." => Err(TemplateError::DotSegment),
        _ => Ok(Segment::Literal(text.to_owned())),
    }
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.segments.iter().try_for_each(|segment| match segment {
            Segment::Literal(text) => write!(f, "/{text}"),
            Segment::Named(name) => write!(f, "/{{{name}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case = (&'static str, &'static str, Option<&'static [(&'static str, &'static str)]>);

    #[test]
    fn matches_whole_segments_only() {
        let cases: &[Case] = &[
            ("/", "/", Some(&[])),
            ("/", "//", None),
            ("/v1/logins", "/v1/logins", Some(&[])),
            ("/v1/logins", "/v1/logins/", None),
            ("/v1/logins/", "/v1/logins/", Some(&[])),
            ("/v1/{id}", "/v1/42", Some(&[("id", "42")])),
            ("/v1/{id}", "/v1/4%202", Some(&[("id", "4%202")])),
            ("/v1/{id}/at/{day}", "/v1/42/at/1", Some(&[("id", "42"), ("day", "1")])),
            ("/v1/{id}", "/v1/", None),
            ("/v1/{id}", "/v1/42/x", None),
            ("/v1/{id}", "v1/42", None),
            ("/v1/{id}", "/%761/42", None),
            ("/v1/{id}", "/v1/..", None),
            ("/v1/{id}", "/v1/.", None),
            ("/v1/{id}", "/v1/%2E.", None),
            ("/v1/{id}", "/v1/a%2Fb", None),
            ("/v1/{id}", "/v1/a%5cb", None),
            ("/v1/{id}", "/v1/a%00", None),
        ];
        for (template, path, wanted) in cases {
            let template: PathTemplate = template.parse().unwrap();
            let captured = template.captures(path);
            let captured: Option<Vec<(&str, &str)>> =
                captured.map(|all| all.iter().map(|one| (one.name, one.raw)).collect());
            assert_eq!(captured.as_deref(), *wanted, "{template} {path}");
        }
    }

    #[test]
    fn refuses_what_is_no_template() {
        let cases = [
            ("v1", TemplateError::NoSlash),
            ("", TemplateError::NoSlash),
            ("/v1//x", TemplateError::EmptySegment),
            ("/v1/../x", TemplateError::DotSegment),
            ("/v1/a{id}", TemplateError::StrayBrace),
            ("/v1/{id", TemplateError::StrayBrace),
            ("/v1/{}", TemplateError::BadName),
            ("/v1/{a b}", TemplateError::BadName),
            ("/{a}/{a}", TemplateError::TwiceNamed("a".to_owned())),
            ("/v1?ip=1", TemplateError::BadCharacter('?')),
            ("/v1/%20", TemplateError::BadCharacter('%')),
        ];
        for (text, wanted) in cases {
            assert_eq!(text.parse::<PathTemplate>(), Err(wanted), "{text}");
        }
    }

    #[test]
    fn the_most_literal_comes_first() {
        let mut templates: Vec<PathTemplate> =
            ["/{a}/{b}", "/v1/{b}", "/{a}/x", "/v1/x"].iter().map(|text| text.parse().unwrap()).collect();
        templates.sort_by(PathTemplate::compare_by_specificity);
        let sorted: Vec<String> = templates.iter().map(ToString::to_string).collect();
        assert_eq!(sorted, ["/v1/x", "/v1/{b}", "/{a}/x", "/{a}/{b}"]);
    }
}
