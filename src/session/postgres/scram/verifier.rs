//! What a server keeps in place of passwords, in PostgreSQL's own form, name by name.
//!
//! ```text
//! #mock:BASE64
//! alice SCRAM-SHA-256$4096:SALT$STORED:SERVER
//! ```
//!
//! The first line keys the salts that unknown names are answered with; a file without one has its own content for a
//! key. Other lines that begin with `#` are comments.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::mac;

/// The length of each key: SHA-256.
pub(super) const KEY_BYTES: usize = 32;

/// What the first line begins with.
const MOCK: &str = "#mock:";

/// The server's own number.
const ITERATIONS: u32 = 4_096;

/// Clients that guard themselves against endless work stop here.
const MAX_ITERATIONS: u32 = 100_000;

const SALT_BYTES: usize = 16;

/// One name's.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(super) struct Verifier {
    pub(super) iterations: u32,
    pub(super) salt: Vec<u8>,
    pub(super) stored_key: [u8; KEY_BYTES],
    pub(super) server_key: [u8; KEY_BYTES],
}

/// All names.
pub struct Verifiers {
    names: BTreeMap<String, Verifier>,
    mock_key: [u8; KEY_BYTES],
    iterations: u32,
    salt_bytes: usize,
}

/// A file of verifiers is not right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadVerifiers {
    /// It is not UTF-8.
    #[error("it is not UTF-8 text")]
    NotText,
    /// A line is neither a name with its verifier nor a comment.
    #[error("line {0} is no name with a SCRAM-SHA-256 verifier")]
    Line(usize),
    /// A name has two.
    #[error("the name on line {0} has a verifier already")]
    Twice(usize),
    /// Names that are there could be told from names that are not.
    #[error("the verifier on line {0} has another iteration count or length of salt than those before it")]
    Uneven(usize),
}

impl fmt::Debug for Verifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifiers").field("names", &self.names.len()).finish_non_exhaustive()
    }
}

impl Drop for Verifiers {
    fn drop(&mut self) {
        self.mock_key.zeroize();
    }
}

impl Verifiers {
    /// Reads a file.
    ///
    /// # Errors
    /// [`BadVerifiers`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BadVerifiers> {
        let text = std::str::from_utf8(bytes).map_err(|_| BadVerifiers::NotText)?;
        let mut names = BTreeMap::new();
        let mut form = None;
        let mut mock_key = Sha256::digest(bytes).into();
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(key) = line.strip_prefix(MOCK) {
                let key = STANDARD.decode(key.trim()).ok().and_then(|key| key.try_into().ok());
                mock_key = key.ok_or(BadVerifiers::Line(number))?;
            }
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let (name, verifier) = line.trim_end().rsplit_once(' ').ok_or(BadVerifiers::Line(number))?;
            let verifier = Verifier::parse(verifier).filter(|_| is_name(name));
            let verifier = verifier.ok_or(BadVerifiers::Line(number))?;
            let own = (verifier.iterations, verifier.salt.len());
            if *form.get_or_insert(own) != own || own.1 > KEY_BYTES {
                return Err(BadVerifiers::Uneven(number));
            }
            if names.insert(name.to_owned(), verifier).is_some() {
                return Err(BadVerifiers::Twice(number));
            }
        }
        let (iterations, salt_bytes) = form.unwrap_or((ITERATIONS, SALT_BYTES));
        Ok(Self { names, mock_key, iterations, salt_bytes })
    }

    /// The name's verifier, and whether it has one: else one that no proof fits, the same each time.
    pub(super) fn find(&self, name: &str) -> (Verifier, bool) {
        let mut salt = mac(&self.mock_key, name.as_bytes()).to_vec();
        salt.truncate(self.salt_bytes);
        let key = mac(&self.mock_key, b"no proof fits");
        let mock = Verifier { iterations: self.iterations, salt, stored_key: key, server_key: key };
        match self.names.get(name) {
            Some(verifier) => (verifier.clone(), true),
            None => (mock, false),
        }
    }
}

/// A name as it can stand in a file.
#[must_use]
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.trim() == name && !name.starts_with('#') && !name.chars().any(char::is_control)
}

impl Verifier {
    fn parse(text: &str) -> Option<Self> {
        let (iterations, rest) = text.strip_prefix("SCRAM-SHA-256$")?.split_once(':')?;
        let (salt, keys) = rest.split_once('$')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        let key = |text: &str| STANDARD.decode(text).ok()?.try_into().ok();
        let verifier = Self {
            iterations: iterations.parse().ok()?,
            salt: STANDARD.decode(salt).ok()?,
            stored_key: key(stored_key)?,
            server_key: key(server_key)?,
        };
        let is_sound = (1..=MAX_ITERATIONS).contains(&verifier.iterations) && !verifier.salt.is_empty();
        is_sound.then_some(verifier)
    }
}

/// The file `text` with another verifier for `name`, or with one more. `mock_key` keys a file that is new.
///
/// # Errors
/// [`BadVerifiers`] for a file, name or verifier that is not right.
pub fn with_verifier(
    text: &str,
    name: &str,
    verifier: &str,
    mock_key: &[u8; KEY_BYTES],
) -> Result<String, BadVerifiers> {
    let mut file = String::with_capacity(text.len().saturating_add(256));
    if text.is_empty() {
        file.push_str(MOCK);
        STANDARD.encode_string(mock_key, &mut file);
        file.push('\n');
    }
    let own = |line: &str| !line.starts_with('#') && line.rsplit_once(' ').is_some_and(|(it, _)| it == name);
    let mut is_written = false;
    let push = |file: &mut String, line: &str| {
        file.push_str(line);
        file.push('\n');
    };
    let new = format!("{name} {verifier}");
    for line in text.lines() {
        is_written |= own(line);
        push(&mut file, if own(line) { &new } else { line });
    }
    if !is_written {
        push(&mut file, &new);
    }
    // A name of two lines, or one that reads as a comment, is found out here.
    let read = Verifiers::parse(file.as_bytes())?;
    if read.names.contains_key(name) { Ok(file) } else { Err(BadVerifiers::Line(0)) }
}
