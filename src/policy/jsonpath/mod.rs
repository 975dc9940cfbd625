//! The part of JSONPath (RFC 9535) that can be decided while a document streams past.
//!
//! Names, indices from the front, wildcards, unions and descendants: whether one of these matches a value
//! is known when the value begins. Negative indices, slices and filters are refused, because they need
//! what comes later in the document.
//!
//! Invariant: a [`JsonPath`] has at most 64 segments, and every segment has a selector.
//! Not here: matching, which is the work of the compiled [`Plan`](super::Plan).

use std::fmt;
use std::str::FromStr;

mod parse;

/// The longest path that is accepted, in segments.
const MAX_SEGMENTS: usize = 64;

/// A parsed path. Two spellings of one path are equal.
#[derive(Clone, Debug)]
pub struct JsonPath {
    text: String,
    segments: Vec<Segment>,
}

/// One step down the document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    /// True for `..`: the selectors hold for every value below, not for the children only.
    pub descendant: bool,
    /// Any of these.
    pub selectors: Vec<Selector>,
}

/// Which children a segment means.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selector {
    /// The member of an object with this name, unescaped.
    Name(Box<str>),
    /// The element of an array at this position, counted from 0.
    Index(u64),
    /// Every member and every element.
    Wildcard,
}

/// Why a path is not accepted, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at character {column})")]
pub struct PathError {
    /// What is wrong.
    pub kind: PathErrorKind,
    /// The character at which it is noticed, counted from 1.
    pub column: usize,
}

/// What can be wrong with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathErrorKind {
    /// It does not begin with `$`.
    #[error("a JSONPath begins with `$`")]
    NoRoot,
    /// It ends in the middle of something.
    #[error("the path ends too early")]
    EndsEarly,
    /// A character that cannot stand here.
    #[error("this character cannot stand here")]
    Unexpected,
    /// A quoted name with an escape that RFC 9535 does not know.
    #[error("unknown escape in a quoted name")]
    BadEscape,
    /// An index with a leading zero, or beyond 2^53 - 1.
    #[error("an index is 0 or a number without leading zeros, at most 2^53 - 1")]
    BadIndex,
    /// `[-1]`.
    #[error("an index from the end cannot be decided while the document streams")]
    NegativeIndex,
    /// `[1:3]`.
    #[error("a slice cannot be used in a rule")]
    Slice,
    /// `[?@.a]`.
    #[error("a filter cannot be decided while the document streams")]
    Filter,
    /// More than 64 segments.
    #[error("the path has more than {MAX_SEGMENTS} segments")]
    TooLong,
}

impl PathErrorKind {
    /// What to write instead.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::NoRoot => "write `$.ip` for a member of the document, `$..ip` for any member of that name",
            Self::EndsEarly => "close the bracket or the quote, and name a member after each dot",
            Self::Unexpected => {
                "a name with other characters than letters, digits and `_` is quoted: `$['user-id']`"
            }
            Self::BadEscape => {
                "the escapes are \\b \\f \\n \\r \\t \\/ \\\\ \\uXXXX and the quote that surrounds the name"
            }
            Self::BadIndex => "write `[0]`, `[1]`, or `[*]` for every element",
            Self::NegativeIndex | Self::Slice | Self::Filter => {
                "name every element with `[*]`, or single ones from the front: `[0,1]`"
            }
            Self::TooLong => "use `..name` to reach a member at any depth",
        }
    }
}

impl JsonPath {
    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The steps from the root.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The path `$.NAME`, for a column of a CSV file or a field of a form.
    #[must_use]
    pub fn member(name: &str) -> Self {
        let selectors = vec![Selector::Name(name.into())];
        let mut quoted = String::new();
        for character in name.chars() {
            match character {
                '\'' | '\\' => quoted.extend(['\\', character]),
                control if control < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(control))),
                _ => quoted.push(character),
            }
        }
        Self { text: format!("$['{quoted}']"), segments: vec![Segment { descendant: false, selectors }] }
    }

    /// The name of the members that this path names, if it ends in one name.
    #[must_use]
    pub fn last_name(&self) -> Option<&str> {
        match self.segments.last()?.selectors.as_slice() {
            [Selector::Name(name)] => Some(name),
            _ => None,
        }
    }

    /// True if the value to which the concrete `steps` (names and indices) lead is one that this path names.
    #[must_use]
    pub fn names(&self, steps: &[&Selector]) -> bool {
        // Positions in the path that the steps so far can have reached; bit n is n segments passed.
        let ended = 1_u128 << self.segments.len();
        let reached = steps.iter().fold(1_u128, |reached, step| {
            let positions = (0..).zip(&self.segments).filter(|(position, _)| reached & (1 << position) != 0);
            positions.fold(0, |next, (position, segment)| {
                let stays = if segment.descendant { 1 << position } else { 0 };
                let is_meant =
                    segment.selectors.iter().any(|wanted| wanted == &Selector::Wildcard || wanted == *step);
                next | stays | if is_meant { 2 << position } else { 0 }
            })
        });
        reached & ended != 0
    }

    /// The steps, if the path names exactly one value: no wildcard, no union, no descendant.
    #[must_use]
    pub fn singular(&self) -> Option<Vec<&Selector>> {
        self.segments
            .iter()
            .map(|segment| match segment.selectors.as_slice() {
                [Selector::Wildcard] => None,
                [only] if !segment.descendant => Some(only),
                _ => None,
            })
            .collect()
    }
}

impl FromStr for JsonPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Ok(Self { text: text.to_owned(), segments: parse::segments(text)? })
    }
}

impl PartialEq for JsonPath {
    fn eq(&self, other: &Self) -> bool {
        self.segments == other.segments
    }
}

impl Eq for JsonPath {}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
