//! What a trail says about itself: where it begins, goes on, has gaps and ends.

use serde::Serialize;

use super::Digest;
use super::chain::{Body, MacKey, Position};
use super::entry::rfc3339;

/// The version of the lines' form.
const FORMAT: u32 = 1;

/// Under what lines are written.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The keys of the MACs, the current one first; without keys there are none.
    pub keys: Vec<MacKey>,
    /// The hash of the policy file that is in force.
    pub policy: Option<Digest>,
}

/// A line that speaks of the trail.
#[derive(Clone, Copy, Debug)]
pub enum Note<'a> {
    /// The process began to write, at the beginning of a file or behind what stood there.
    Opened {
        /// What it follows.
        at: Position,
        /// Under what the lines that follow are written.
        terms: &'a Terms,
        /// Bytes of an unfinished line that were cut off. Nobody was answered on the strength of that line.
        torn_bytes: u64,
    },
    /// The first line of the next file, or the first under other terms.
    Continued {
        /// What it follows.
        at: Position,
        /// Under what the lines that follow are written.
        terms: &'a Terms,
    },
    /// Entries could not be written.
    Gap {
        /// How many.
        lost: u64,
    },
    /// The process stopped in peace. A trail that ends otherwise was killed, or cut.
    Closed,
}

#[derive(Serialize)]
struct NoteLine<'a> {
    time: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    torn_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<u64>,
}

impl<'a> Note<'a> {
    /// Prints the note, with the time at which it was made (milliseconds since the Unix epoch).
    #[must_use]
    pub fn body(&self, unix_ms: u64) -> Body {
        let bare = |kind| NoteLine {
            time: rfc3339(unix_ms),
            kind,
            format: None,
            version: None,
            prev: None,
            key: None,
            policy: None,
            torn_bytes: None,
            lost: None,
        };
        let start = |kind, at: &Position, terms: &'a Terms| NoteLine {
            format: Some(FORMAT),
            version: Some(env!("CARGO_PKG_VERSION")),
            prev: Some(at.head.to_string()),
            key: terms.keys.first().map(MacKey::epoch),
            policy: terms.policy.map(|policy| policy.to_string()),
            ..bare(kind)
        };
        Body::print(&match *self {
            Self::Opened { ref at, terms, torn_bytes } => {
                let torn_bytes = Some(torn_bytes).filter(|&bytes| bytes > 0);
                NoteLine { torn_bytes, ..start("opened", at, terms) }
            }
            Self::Continued { ref at, terms } => start("continued", at, terms),
            Self::Gap { lost } => NoteLine { lost: Some(lost), ..bare("gap") },
            Self::Closed => bare("closed"),
        })
    }
}
