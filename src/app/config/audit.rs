//! `[audit]`: where the trail is, and how it is kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::bounds::within;
use super::keys::Keys;
use super::raw::{RawAudit, RawFsync, RawOnFailure};
use super::report::Problem;
use crate::audit::MacKey;
use crate::front::audit::{Fsync, OnFailure};

/// A day, in milliseconds.
const MAX_INTERVAL_MS: u64 = 86_400_000;

/// The least size at which a file may be put aside: a file a line would help nobody.
const MIN_FILE_BYTES: u64 = 1 << 16;

/// `[audit]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The trail, as JSON lines; relative paths count from the policy file.
    pub file: PathBuf,
    /// When what is written has to be on the disk.
    pub fsync: Fsync,
    /// What happens when a line cannot be written.
    pub on_failure: OnFailure,
    /// The size from which on a file is put aside.
    pub max_file_bytes: Option<u64>,
}

/// Reads the table; `None` if it is not there, or names no file.
pub(super) fn audit(raw: Option<&RawAudit>, folder: &Path, problems: &mut Vec<Problem>) -> Option<Audit> {
    let raw = raw?;
    let written = raw.fsync_interval_ms.as_ref();
    let interval_ms = written.and_then(|written| within(written, 1, MAX_INTERVAL_MS, problems));
    let fsync = match raw.fsync {
        None | Some(RawFsync::Interval) => {
            Fsync::Interval(Duration::from_millis(interval_ms.unwrap_or(1000)))
        }
        Some(RawFsync::Always) => Fsync::Always,
        Some(RawFsync::Never) => Fsync::Never,
    };
    if let (Some(written), false) = (written, matches!(fsync, Fsync::Interval(_))) {
        let problem = written.problem("an interval has no meaning here");
        problems.push(problem.help("leave it out, or write `fsync = \"interval\"`"));
    }
    let on_failure = match raw.on_failure {
        None | Some(RawOnFailure::Refuse) => OnFailure::Refuse,
        Some(RawOnFailure::Count) => OnFailure::Count,
    };
    let max_file_bytes = raw.max_file_bytes.as_ref();
    let max_file_bytes =
        max_file_bytes.and_then(|written| within(written, MIN_FILE_BYTES, u64::MAX, problems));
    Some(Audit { file: folder.join(&raw.file.as_ref()?.value), fsync, on_failure, max_file_bytes })
}

/// The keys of the trail's MACs, the current one first.
pub(super) fn mac_keys(keys: &Keys) -> Vec<MacKey> {
    match keys {
        Keys::Absent | Keys::Broken => Vec::new(),
        Keys::Ring(ring) => ring.audit_keys().map(|(epoch, key)| MacKey::new(epoch, &key)).collect(),
    }
}
