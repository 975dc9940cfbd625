//! `sfumato keygen`: a new key in a new file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{Error, Outcome};
use crate::kernel::EpochKey;

/// What `keygen` takes.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The file to make; one that is there already is left alone
    file: PathBuf,
}

/// Why there is no new key.
#[derive(Debug, thiserror::Error)]
enum KeygenError {
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    NoRandomness(getrandom::Error),
    /// A file with this name is there.
    #[error("`{0}` is there already and is left as it is: a key that is lost cannot be made again")]
    Exists(String),
    /// The file cannot be made.
    #[error("`{file}` cannot be written: {cause}")]
    Unwritable {
        /// The file.
        file: String,
        /// What the system says.
        cause: io::Error,
    },
}

/// Makes the file with mode 0600, or no file at all.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    getrandom::fill(bytes.as_mut()).map_err(KeygenError::NoRandomness)?;
    let text = EpochKey::from_random(*bytes).to_file_text();
    let shown = args.file.display().to_string();
    write_new(&args.file, text.as_bytes()).map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => KeygenError::Exists(shown.clone()),
        _ => KeygenError::Unwritable { file: shown.clone(), cause },
    })?;
    writeln!(anstream::stderr(), "made `{shown}` with mode 0600; keep a copy where only you can read it")?;
    Ok(Outcome::Fine)
}

fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(text).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key is worth nothing, and would be in the way of the next attempt.
        let _gone = fs::remove_file(path);
    }
    written
}
