//! Reading a trail from its files, oldest first, line by line.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::Which;
use crate::app::config::{Machine, audit_keys};
use crate::audit::{Fault, MacKey, Record, Verifier};
use crate::cli::Error;
use crate::front::audit::files_of;

/// A longer line is none of ours.
const MAX_LINE_BYTES: u64 = 256 * 1024 * 1024;

/// Why a trail cannot be read.
#[derive(Debug, thiserror::Error)]
enum TrailError {
    /// A file cannot be read.
    #[error("the audit trail `{file}` cannot be read: {cause}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        cause: io::Error,
    },
    /// `--config` names a policy without keys.
    #[error("the policy has no `[keys]`: there is nothing to check MACs with")]
    NoKeys,
}

/// A line and where it stands.
pub(super) struct Line<'a> {
    /// The file.
    pub(super) file: &'a Path,
    /// Its number in the file, counted from 1.
    pub(super) number: u64,
    /// The line as it stands there, without its line feed.
    pub(super) text: &'a [u8],
    /// The line read, if it can be.
    pub(super) record: Option<&'a Record>,
    /// All that is wrong with it.
    pub(super) faults: Vec<Fault>,
}

/// The keys of the policy file, if one is named.
pub(super) fn keys(which: &Which) -> Result<Option<Vec<MacKey>>, Error> {
    let Some(path) = &which.config else { return Ok(None) };
    let keys = audit_keys(path, &Machine)?;
    if keys.is_empty() { Err(TrailError::NoKeys.into()) } else { Ok(Some(keys)) }
}

/// Reads and checks all lines, and hands each to `see`; how many bytes of an unfinished line stand at the
/// end.
pub(super) fn read(
    which: &Which,
    verifier: &mut Verifier<'_>,
    mut see: impl FnMut(&Verifier<'_>, Line<'_>) -> Result<(), Error>,
) -> Result<usize, Error> {
    let unreadable = |file: &Path, cause| {
        let file = file.display().to_string();
        TrailError::Unreadable { file, cause }
    };
    let files = files_of(&which.file).map_err(|cause| unreadable(&which.file, cause))?;
    let mut unfinished: Option<(PathBuf, u64, Vec<u8>)> = None;
    for file in files {
        if let Some((file, number, text)) = unfinished.take() {
            let faults = vec![Fault::Unfinished];
            see(verifier, Line { file: &file, number, text: &text, record: None, faults })?;
        }
        let opened = File::open(&file).map_err(|cause| unreadable(&file, cause))?;
        let mut reader = BufReader::new(opened);
        for number in 1.. {
            let mut text = Vec::new();
            let mut limited = reader.by_ref().take(MAX_LINE_BYTES);
            let read = limited.read_until(b'\n', &mut text).map_err(|cause| unreadable(&file, cause))?;
            if read == 0 {
                break;
            }
            if text.pop_if(|last| *last == b'\n').is_none() && limited.limit() > 0 {
                unfinished = Some((file.clone(), number, text));
                break;
            }
            let (faults, record) = verifier.line(&text);
            let line = Line { file: &file, number, text: &text, record: record.as_ref(), faults };
            see(verifier, line)?;
        }
    }
    Ok(unfinished.map_or(0, |(_, _, text)| text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_line_is_no_damage_at_the_end_only() {
        let folder = tempfile::tempdir().unwrap();
        let which = Which { file: folder.path().join("audit.jsonl"), config: None };
        std::fs::write(folder.path().join("audit.jsonl.00000000000000000000"), "{\"seq\":0").unwrap();
        std::fs::write(&which.file, "{\"seq\"").unwrap();
        let mut found = Vec::new();
        let torn = read(&which, &mut Verifier::new(None), |_, line| {
            found.extend(line.faults);
            Ok(())
        });
        assert_eq!((torn.unwrap(), found), (6, vec![Fault::Unfinished]));
    }
}
