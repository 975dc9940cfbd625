//! Whose a record of an HTTP answer is: where a route says that its region stands, and what holds for one role.
//!
//! A record is the innermost array element that holds the region, or, where no array is on the way, the whole document
//! (a line, of NDJSON).
//!
//! Invariant: a record whose region is not one text at that place belongs to no region, and so does all that stands
//! outside of records.
//! Not here: finding records in a body (`body/records`).

use std::str::FromStr;
use std::sync::Arc;

use super::{Binding, DocumentPlan, JsonPath, PathError, Selector};

/// What a route says of the regions of its answers.
#[derive(Clone, Debug)]
pub enum RouteRegion {
    /// Each record has one.
    Record(Arc<RecordPath>),
    /// Its answers are about nobody.
    Nobody,
}

/// `$.items[*].user.country`: the way to the records, and on to the region of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordPath {
    written: String,
    /// From the document to a record; ends in [`RecordStep::Each`] unless it is empty.
    record: Vec<RecordStep>,
    /// From a record to its region; at least one name.
    region: Vec<Box<str>>,
}

/// One step from the document to its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordStep {
    /// The member of an object with this name, unescaped.
    Member(Box<str>),
    /// Every element of an array.
    Each,
}

/// Why a path leads to no region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordPathError {
    /// It is no path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// It has other steps than names and `[*]`.
    #[error("the way to a region has names and `[*]` only")]
    Step,
    /// It ends at the document, or at an element.
    #[error("the region is a named member of its record")]
    NoMember,
}

/// What holds for the records of one route for one role.
#[derive(Clone, Debug)]
pub struct BoundRecords {
    /// Where they are.
    pub path: Arc<RecordPath>,
    /// Which of them the role reads.
    pub binding: Binding,
    /// For records of other regions, where they are shown, and for what stands outside of records.
    pub others: DocumentPlan,
}

impl RecordPathError {
    /// What to write instead.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Path(error) => error.kind.help(),
            Self::Step | Self::NoMember => {
                "write `$.items[*].user.country` for the elements of an array, `$.country` for a document or the lines of one"
            }
        }
    }
}

impl RecordPath {
    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The way from the document to a record.
    #[must_use]
    pub fn record(&self) -> &[RecordStep] {
        &self.record
    }

    /// The names that lead from a record to its region.
    #[must_use]
    pub fn region(&self) -> &[Box<str>] {
        &self.region
    }

    /// True if the record is the document itself.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.record.is_empty()
    }
}

impl FromStr for RecordPath {
    type Err = RecordPathError;

    fn from_str(text: &str) -> Result<Self, RecordPathError> {
        let path: JsonPath = text.parse()?;
        let (mut record, mut region) = (Vec::new(), Vec::new());
        for segment in path.segments() {
            match segment.selectors.as_slice() {
                _ if segment.descendant => return Err(RecordPathError::Step),
                [Selector::Name(name)] => region.push(name.clone()),
                [Selector::Wildcard] => {
                    record.extend(region.drain(..).map(RecordStep::Member));
                    record.push(RecordStep::Each);
                }
                _ => return Err(RecordPathError::Step),
            }
        }
        if region.is_empty() {
            return Err(RecordPathError::NoMember);
        }
        Ok(Self { written: text.to_owned(), record, region })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_array_has_the_records() {
        let path: RecordPath = "$.groups[*].items[*].user.country".parse().unwrap();
        let member = |name: &str| RecordStep::Member(name.into());
        assert_eq!(path.record(), [member("groups"), RecordStep::Each, member("items"), RecordStep::Each]);
        assert_eq!(path.region(), [Box::from("user"), Box::from("country")]);
        assert!("$.country".parse::<RecordPath>().unwrap().is_whole());
        for wrong in ["$", "$..country", "$.items[*]", "$.items[0].country", "$['a','b']", "country"] {
            assert!(wrong.parse::<RecordPath>().is_err(), "{wrong}");
        }
    }
}
