//! `[keys]`: from files and the environment to a [`KeyRing`].
//!
//! Invariant: a key comes from a file that nobody but its owner can read, or from the environment; two
//! epochs never share one; no problem shows anything of a key.

use std::path::Path;

use zeroize::Zeroizing;

use super::raw::{At, RawKeySource, RawKeys};
use super::report::{Problem, nearest};
use super::world::World;
use crate::kernel::{EpochKey, KeyRing};

/// Permission bits that a file with a secret may have.
pub(super) const PRIVATE_MODES: [u32; 2] = [0o600, 0o400];

/// What came of `[keys]`.
#[derive(Debug)]
pub(super) enum Keys {
    /// There is no such table.
    Absent,
    /// Something is wrong with it, and reported.
    Broken,
    /// All keys are there.
    Ring(KeyRing),
}

/// Loads all keys; relative paths count from `folder`.
pub(super) fn load(
    written: Option<&At<RawKeys>>,
    folder: &Path,
    world: &impl World,
    problems: &mut Vec<Problem>,
) -> Keys {
    let Some(written) = written else { return Keys::Absent };
    let Some(ring) = &written.value.ring else { return Keys::Broken };
    let before = problems.len();
    let mut epochs: Vec<(&At<String>, EpochKey)> = Vec::new();
    for (epoch, source) in &ring.0 {
        let Some(source) = source else { continue };
        let Some(key) = key(epoch, source, folder, world, problems) else { continue };
        if let Some((twin, _)) = epochs.iter().find(|(_, known)| *known.to_file_text() == *key.to_file_text())
        {
            let message = format!("epoch `{}` has the same key as epoch `{}`", epoch.value, twin.value);
            problems.push(epoch.problem(message).help("make a new one with `sfumato keygen FILE`"));
        }
        epochs.push((epoch, key));
    }
    let Some(current) = &written.value.current else { return Keys::Broken };
    let mut names = ring.0.iter().map(|(epoch, _)| epoch.value.as_str());
    if !names.clone().any(|name| name == current.value) {
        let problem = current.problem(format!("the current epoch `{}` is not in the ring", current.value));
        let first = names.next().map(str::to_owned);
        let near = nearest(&current.value, ring.0.iter().map(|(epoch, _)| epoch.value.as_str()));
        let help = match (near, first) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(first)) => format!("the ring has `{first}`"),
            (None, None) => "add it under `[keys.ring]`".to_owned(),
        };
        problems.push(problem.help(help));
    }
    if problems.len() > before {
        return Keys::Broken;
    }
    let epochs = epochs.into_iter().map(|(epoch, key)| (epoch.value.clone(), key));
    match KeyRing::new(epochs, &current.value) {
        Ok(ring) => Keys::Ring(ring),
        Err(error) => {
            problems.push(current.problem(error.to_string()));
            Keys::Broken
        }
    }
}

fn key(
    epoch: &At<String>,
    source: &RawKeySource,
    folder: &Path,
    world: &impl World,
    problems: &mut Vec<Problem>,
) -> Option<EpochKey> {
    let (place, text) = match (&source.file, &source.env) {
        (Some(file), None) => (file, from_file(file, folder, world)),
        (None, Some(variable)) => (variable, from_environment(variable, world)),
        _ => {
            let problem = epoch.problem("a key is in a `file` or in an `env` variable, one of the two");
            problems
                .push(problem.help("write `{ file = \"keys/2026-q4.key\" }` or `{ env = \"SFUMATO_KEY\" }`"));
            return None;
        }
    };
    let parsed = text.and_then(|text| {
        EpochKey::parse(&text)
            .map_err(|error| place.problem(error.to_string()).help("make one with `sfumato keygen FILE`"))
    });
    parsed.map_err(|problem| problems.push(problem)).ok()
}

fn from_file(file: &At<String>, folder: &Path, world: &impl World) -> Result<Zeroizing<String>, Problem> {
    let path = folder.join(&file.value);
    let shown = path.display();
    let content = world.read(&path).map_err(|error| {
        let problem = file.problem(format!("the key file `{shown}` cannot be read: {}", error.kind()));
        problem.help(format!("make it with `sfumato keygen {shown}`"))
    })?;
    if !PRIVATE_MODES.contains(&content.mode) {
        let message = format!("the key file `{shown}` has mode {:04o}", content.mode);
        return Err(file
            .problem(message)
            .help(format!("nobody but its owner may read it: `chmod 0600 {shown}`")));
    }
    match std::str::from_utf8(&content.bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(file.problem(format!("the key file `{shown}` is not text"))),
    }
}

fn from_environment(variable: &At<String>, world: &impl World) -> Result<Zeroizing<String>, Problem> {
    world.variable(&variable.value).ok_or_else(|| {
        let message = format!("the environment variable `{}` is not set", variable.value);
        variable.problem(message).help("its value is the text of a key file, as `sfumato keygen` makes it")
    })
}
