//! A line of a trail, read back.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::chain::{Position, Sealed};
use super::digest::Digest;

/// What kind of line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An HTTP exchange.
    Exchange,
    /// A statement.
    Statement,
    /// Clients that were not let in.
    Login,
    /// [`super::Note::Opened`].
    Opened,
    /// [`super::Note::Continued`].
    Continued,
    /// [`super::Note::Gap`].
    Gap,
    /// [`super::Note::Closed`].
    Closed,
}

/// A line as it stands in the file. Members that it does not have are empty.
#[derive(Clone, Debug, Deserialize)]
pub struct Record {
    /// Its number.
    pub seq: u64,
    /// When it was made.
    pub time: String,
    /// What kind of line it is.
    pub kind: Kind,
    /// The store.
    #[serde(default)]
    pub store: String,
    /// Who asked.
    pub who: Option<String>,
    /// From where.
    pub from: Option<String>,
    /// As whom somebody tried to come in.
    pub claimed: Option<String>,
    /// How many tried; nothing where a line is about one.
    pub count: Option<u64>,
    /// In which role.
    pub role: Option<String>,
    /// What was asked, without values.
    pub shape: Option<String>,
    /// What became of it.
    #[serde(default)]
    pub decision: String,
    /// Why.
    pub reason: Option<String>,
    /// The line in which it began.
    pub begun: Option<u64>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Rows of the answer.
    pub rows: Option<u64>,
    /// Bytes of the answer.
    #[serde(default)]
    pub bytes: u64,
    /// The persons asked for by name.
    #[serde(default)]
    pub subjects: Vec<SubjectRecord>,
    /// Treated values, by treatment.
    #[serde(default)]
    pub treated: BTreeMap<String, u64>,
    /// The rulings that held.
    #[serde(default)]
    pub fields: Vec<RulingRecord>,
    /// The hash that a first line follows.
    pub prev: Option<String>,
    /// The epoch of the key of the MACs from here on.
    pub key: Option<String>,
    /// The hash of the policy file from here on.
    pub policy: Option<String>,
    /// Entries that could not be written.
    #[serde(default)]
    pub lost: u64,
}

/// A person asked for by name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SubjectRecord {
    /// The field, in the words of the policy.
    pub field: String,
    /// The token or pseudonym.
    pub token: String,
}

/// A ruling that held.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RulingRecord {
    /// The field, in the words of the policy; `None` for what no rule names.
    pub field: Option<String>,
    /// The treatment's name.
    pub treatment: String,
    /// Which rule said so.
    pub rule: String,
}

impl Record {
    /// Reads a line without its line feed. Whether it holds is for [`super::Verifier`] to say.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }

    /// What the line says that it follows, if it begins a file or a run.
    #[must_use]
    pub fn beginning(&self) -> Option<Position> {
        if !matches!(self.kind, Kind::Opened | Kind::Continued) {
            return None;
        }
        let head = Digest::parse(self.prev.as_deref()?.as_bytes())?;
        Some(Position { seq: self.seq, head })
    }
}

/// A line with all that it carries.
pub(super) fn read(line: &[u8]) -> Option<(Sealed<'_>, Record)> {
    Some((Sealed::parse(line)?, Record::parse(line)?))
}
