//! `sfumato passwd`: what a name proves itself with, in a file of verifiers. The password itself is not kept.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use postgres_protocol::password::scram_sha_256;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::{Error, Outcome};
use crate::session::postgres::scram::{BadVerifiers, with_verifier};

/// What `passwd` takes.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The file of verifiers; it is made if it is not there
    file: PathBuf,
    /// Whose password it is; one that is there already is replaced
    name: String,
}

/// As long as a PostgreSQL client's name may be.
const MAX_NAME_BYTES: usize = 63;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
enum PasswdError {
    /// The name cannot stand in the file.
    #[error(
        "a name has 1 to {MAX_NAME_BYTES} bytes, does not begin with `#`, and has no line breaks or spaces around it"
    )]
    BadName,
    /// There is no password.
    #[error("no password was given, so nothing is changed")]
    NoPassword,
    /// Two passwords were typed.
    #[error("the two passwords differ, so nothing is changed")]
    Differ,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    NoRandomness(getrandom::Error),
    /// The file is none of verifiers.
    #[error("`{file}` is left as it is: {cause}")]
    NotVerifiers {
        /// The file.
        file: String,
        /// What is wrong with it.
        cause: BadVerifiers,
    },
    /// Somebody else changes the file.
    #[error("`{0}` is there: somebody else changes the file now, or was interrupted; then remove it")]
    Busy(String),
    /// The file cannot be read or written.
    #[error("`{file}` cannot be changed: {cause}")]
    Io {
        /// The file.
        file: String,
        /// What the system says.
        cause: io::Error,
    },
}

/// Replaces the file whole, with mode 0600, or leaves it as it is.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let shown = args.file.display().to_string();
    let mut mock_key = [0; 32];
    getrandom::fill(&mut mock_key).map_err(PasswdError::NoRandomness)?;
    let with =
        |text: &str, verifier: &str| with_verifier(text, &args.name, verifier, &mock_key).map(Zeroizing::new);
    let of_file = |cause| PasswdError::NotVerifiers { file: shown.clone(), cause };
    // Whether name and file are right is said before a password is asked for.
    let any = scram_sha_256(b"");
    if args.name.len() > MAX_NAME_BYTES || with("", &any).is_err() {
        return Err(PasswdError::BadName.into());
    }
    with(&read(&args.file)?, &any).map_err(of_file)?;
    let password = password(&args.name)?;
    let verifier = scram_sha_256(password.as_bytes());
    let mut new = New::beside(&args.file)?;
    new.replace(with(&read(&args.file)?, &verifier).map_err(of_file)?.as_bytes())?;
    writeln!(anstream::stderr(), "wrote `{shown}`; a running proxy reads it again when it gets SIGHUP")?;
    Ok(Outcome::Fine)
}

/// The file as it is; nothing if it is not there.
fn read(file: &Path) -> Result<Zeroizing<String>, PasswdError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Zeroizing::default()),
        Err(cause) => Err(PasswdError::Io { file: file.display().to_string(), cause }),
    }
}

/// Twice from a terminal, without showing it; else the first line of standard input.
fn password(name: &str) -> Result<Zeroizing<String>, Error> {
    let stdin = io::stdin();
    let password = if stdin.is_terminal() {
        let _quiet = Quiet::begin()?;
        let once = asked(&format!("password for {name}: "))?;
        if *asked("the same again: ")? != *once {
            return Err(PasswdError::Differ.into());
        }
        once
    } else {
        line()?
    };
    if password.is_empty() { Err(PasswdError::NoPassword.into()) } else { Ok(password) }
}

fn asked(question: &str) -> Result<Zeroizing<String>, Error> {
    let mut out = anstream::stderr();
    write!(out, "{question}")?;
    out.flush()?;
    let answer = line()?;
    writeln!(out)?;
    Ok(answer)
}

fn line() -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line)?;
    let end = line.trim_end_matches(['\n', '\r']).len();
    line.truncate(end);
    Ok(line)
}

/// A terminal that does not show what is typed, until this is dropped.
struct Quiet(Termios);

impl Quiet {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _as_it_was = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

/// A new file beside the old one, to be put in its place. Only one can be there, so that of two who change the file
/// at a time one is told.
struct New<'a> {
    old: &'a Path,
    path: PathBuf,
    file: File,
}

impl<'a> New<'a> {
    fn beside(old: &'a Path) -> Result<Self, PasswdError> {
        let mut path = old.as_os_str().to_owned();
        path.push(".new");
        let path = PathBuf::from(path);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => Ok(Self { old, path, file }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(PasswdError::Busy(path.display().to_string()))
            }
            Err(cause) => Err(PasswdError::Io { file: path.display().to_string(), cause }),
        }
    }

    fn replace(&mut self, text: &[u8]) -> Result<(), PasswdError> {
        let written = self.file.write_all(text).and_then(|()| self.file.sync_all());
        let replaced = written.and_then(|()| fs::rename(&self.path, self.old));
        replaced.map_err(|cause| PasswdError::Io { file: self.old.display().to_string(), cause })?;
        // The name, too, has to be on the disk; where a folder cannot be synced it will be soon.
        let folder = self.old.parent().filter(|folder| !folder.as_os_str().is_empty());
        let _soon = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

impl Drop for New<'_> {
    fn drop(&mut self) {
        // After a change there is none any more.
        let _gone = fs::remove_file(&self.path);
    }
}
