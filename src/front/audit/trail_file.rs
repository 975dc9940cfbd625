//! The file of a trail: opened where it ended, appended to, put aside when it is long.
//!
//! Invariant: what stands in the file up to [`TrailFile::bytes`] is whole lines that hold together. A write
//! that failed half-way is cut off again before the next; a file that somebody else made shorter or longer
//! is not written to any more.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::audit::{Body, MacKey, Note, Position, Record, Tail, TailError, Terms};

/// How long a look at the path holds: looking is dearer than writing a line.
const HOLDS_MS: u64 = 10;

/// How much of a file's end is read first; more if its last lines are longer.
const FIRST_LOOK_BYTES: u64 = 64 * 1024;

/// The longest end that is read.
const LAST_LOOK_BYTES: u64 = 64 * 1024 * 1024;

/// A trail cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be opened, read or written.
    #[error("the audit trail `{}` cannot be opened: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Another process writes to it.
    #[error("the audit trail `{}` is being written by another process", .0.display())]
    Busy(PathBuf),
    /// It is a device, a pipe or a folder.
    #[error("the audit trail `{}` is no regular file", .0.display())]
    NoFile(PathBuf),
    /// Everybody, or a group, may write to it.
    #[error("the audit trail `{}` can be written by others (mode {mode:o})", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It does not hold.
    #[error("the audit trail `{}` cannot go on: {cause}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: TailError,
    },
}

/// The open end of a trail.
pub(super) struct TrailFile {
    path: PathBuf,
    file: File,
    terms: Terms,
    max_bytes: u64,
    bytes: u64,
    position: Position,
    /// The number of the file's first line.
    first: u64,
    /// True if something may stand behind `bytes` that a failed write left.
    is_torn: bool,
    is_unsynced: bool,
    has_sync_failed: bool,
    /// The file is a new one whose first line could not be written yet.
    owes_beginning: bool,
    /// When it was last seen to be the file at its path.
    held_unix_ms: u64,
    buffer: Vec<u8>,
}

impl TrailFile {
    /// Opens the trail at `path`, or begins it, and notes that.
    pub(super) fn open(
        path: &Path,
        terms: Terms,
        max_bytes: Option<u64>,
        now_unix_ms: u64,
    ) -> Result<Self, OpenError> {
        let failed = |cause| OpenError::File { path: path.to_owned(), cause };
        let mut file = opened(path)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let mut tail = find_tail(path, &mut file, &terms.keys)?;
        let torn_bytes = u64::try_from(tail.torn_bytes).unwrap_or(u64::MAX);
        if tail.position == Position::GENESIS {
            // A process may have died after it put the last file aside and before it began this one.
            if let Some(previous) = rotated(path).map_err(failed)?.pop() {
                let mut file = File::open(&previous).map_err(failed)?;
                tail = find_tail(&previous, &mut file, &terms.keys)?;
            }
        }
        let mut trail = Self {
            file,
            terms,
            max_bytes: max_bytes.unwrap_or(u64::MAX),
            bytes: bytes.saturating_sub(torn_bytes),
            position: tail.position,
            first: tail.position.seq,
            is_torn: torn_bytes > 0,
            is_unsynced: false,
            has_sync_failed: false,
            owes_beginning: false,
            held_unix_ms: now_unix_ms,
            buffer: Vec::new(),
            path: path.to_owned(),
        };
        if trail.bytes > 0 {
            trail.first = first_seq(&mut trail.file).map_err(failed)?;
        }
        let opened = Note::Opened { at: trail.position, terms: &trail.terms, torn_bytes }.body(now_unix_ms);
        trail.write([&opened]).map_err(failed)?;
        trail.sync().and_then(|()| sync_folder(path)).map_err(failed)?;
        Ok(trail)
    }

    /// Appends lines; the number of the first.
    ///
    /// # Errors
    /// What the system says, or that somebody else changed the file. No line stands in the file then, or
    /// what stands there will be cut off.
    pub(super) fn append<'b>(
        &mut self,
        bodies: impl IntoIterator<Item = &'b Body>,
        now_unix_ms: u64,
        sync: bool,
    ) -> io::Result<u64> {
        if self.has_sync_failed {
            self.sync()?;
        }
        self.hold_to_path(now_unix_ms)?;
        if self.owes_beginning {
            self.begin(now_unix_ms)?;
        }
        if self.bytes >= self.max_bytes {
            self.put_aside()?;
            self.begin_next(now_unix_ms)?;
        }
        let before = (self.position, self.bytes);
        self.write(bodies)?;
        if sync && let Err(error) = self.sync() {
            (self.position, self.bytes) = before;
            self.is_torn = true;
            return Err(error);
        }
        Ok(before.0.seq)
    }

    /// Goes on under other terms, and says so.
    ///
    /// # Errors
    /// What the system says; then the old terms stay.
    pub(super) fn change_terms(&mut self, terms: Terms, now_unix_ms: u64) -> io::Result<()> {
        let old = std::mem::replace(&mut self.terms, terms);
        let continued = Note::Continued { at: self.position, terms: &self.terms }.body(now_unix_ms);
        let changed = self.append([&continued], now_unix_ms, true);
        if changed.is_err() {
            self.terms = old;
        }
        changed.map(drop)
    }

    fn write<'b>(&mut self, bodies: impl IntoIterator<Item = &'b Body>) -> io::Result<()> {
        self.cut_off_torn()?;
        let mut position = self.position;
        self.buffer.clear();
        for body in bodies {
            position.append(body, self.terms.keys.first(), &mut self.buffer);
        }
        self.is_torn = true;
        self.file.write_all(&self.buffer)?;
        self.is_torn = false;
        self.is_unsynced = true;
        self.position = position;
        self.bytes = self.bytes.saturating_add(u64::try_from(self.buffer.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Cuts off what a failed write left, and sees that nobody else wrote or cut.
    fn cut_off_torn(&mut self) -> io::Result<()> {
        // Not by `metadata`: where somebody has seen the time of change, the next write has to renew it, which is
        // nearly half of what a write costs.
        let found = self.file.seek(SeekFrom::End(0))?;
        if found < self.bytes || (found > self.bytes && !self.is_torn) {
            return Err(io::Error::other("somebody else changed the file"));
        }
        if self.is_torn {
            self.file.set_len(self.bytes)?;
            self.is_torn = false;
        }
        Ok(())
    }

    /// Brings what is written to the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        let synced = self.file.sync_data();
        self.synced(synced.is_ok());
        synced
    }

    /// A second handle of the file if something in it may not be on the disk yet. The caller syncs it and
    /// says with [`TrailFile::synced`] how that went.
    pub(super) fn unsynced(&mut self) -> Option<io::Result<File>> {
        std::mem::replace(&mut self.is_unsynced, false).then(|| self.file.try_clone())
    }

    /// Takes note of how a sync went.
    pub(super) const fn synced(&mut self, is_done: bool) {
        self.has_sync_failed = !is_done;
        if is_done {
            self.is_unsynced = false;
        }
    }

    /// Sees every so often that the file is still the one at its path. If it was moved or removed, the trail goes on
    /// in a new file, whose first line says what it follows. Lines of the time between are in the old one.
    fn hold_to_path(&mut self, now_unix_ms: u64) -> io::Result<()> {
        if now_unix_ms.abs_diff(self.held_unix_ms) < HOLDS_MS {
            return Ok(());
        }
        let held = self.file.metadata()?;
        let is_held = match fs::metadata(&self.path) {
            Ok(found) if (found.dev(), found.ino()) == (held.dev(), held.ino()) => Ok(()),
            Ok(found) if found.len() > 0 => Err(io::Error::other("another file stands in its place")),
            Ok(_) => self.begin_next(now_unix_ms),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::warn!(file = %self.path.display(), "the audit trail was moved; it goes on in a new file");
                self.begin_next(now_unix_ms)
            }
            Err(error) => Err(error),
        };
        is_held.inspect(|()| self.held_unix_ms = now_unix_ms)
    }

    fn put_aside(&mut self) -> io::Result<()> {
        self.sync()?;
        let aside = rotated_name(&self.path, self.first);
        if aside.exists() {
            return Err(io::Error::other("a file with the name for the next part is there already"));
        }
        fs::rename(&self.path, &aside)
    }

    fn begin_next(&mut self, now_unix_ms: u64) -> io::Result<()> {
        self.cut_off_torn()?;
        let next = opened(&self.path).map_err(io::Error::other)?;
        let previous = std::mem::replace(&mut self.file, next);
        let (bytes, first) = (self.bytes, self.first);
        (self.bytes, self.first) = (0, self.position.seq);
        let begun = self.begin(now_unix_ms);
        if begun.is_err() {
            let _as_far_as_can_be = self.file.set_len(0);
            // What nothing leads to any more would only take the room that the next attempt needs.
            self.owes_beginning = previous.metadata().is_ok_and(|previous| previous.nlink() == 0);
            self.is_torn = self.owes_beginning;
            if !self.owes_beginning {
                // The next attempt finds the path empty or gone, and begins anew.
                (self.file, self.bytes, self.first) = (previous, bytes, first);
            }
        }
        begun
    }

    /// Says in the first line of a file what it follows.
    fn begin(&mut self, now_unix_ms: u64) -> io::Result<()> {
        let before = self.position;
        let continued = Note::Continued { at: before, terms: &self.terms }.body(now_unix_ms);
        let begun = self.write([&continued]).and_then(|()| sync_folder(&self.path));
        match begun {
            Ok(()) => self.owes_beginning = false,
            Err(_) => (self.position, self.bytes, self.is_torn) = (before, 0, true),
        }
        begun
    }
}

fn opened(path: &Path) -> Result<File, OpenError> {
    let failed = |cause| OpenError::File { path: path.to_owned(), cause };
    // Opening a pipe would wait for its reader.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(OpenError::NoFile(path.to_owned()));
    }
    let mut options = OpenOptions::new();
    let file = options.read(true).append(true).create(true).mode(0o600).open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.mode() & 0o777;
    if !metadata.is_file() {
        return Err(OpenError::NoFile(path.to_owned()));
    }
    if mode & 0o022 != 0 {
        return Err(OpenError::Open { path: path.to_owned(), mode });
    }
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Busy(path.to_owned())),
        Err(TryLockError::Error(cause)) => Err(failed(cause)),
    }
}

fn find_tail(path: &Path, file: &mut File, keys: &[MacKey]) -> Result<Tail, OpenError> {
    let failed = |cause| OpenError::File { path: path.to_owned(), cause };
    let len = file.metadata().map_err(failed)?.len();
    let mut look = FIRST_LOOK_BYTES;
    loop {
        let from = len.saturating_sub(look);
        file.seek(SeekFrom::Start(from)).map_err(failed)?;
        let mut bytes = Vec::new();
        Read::by_ref(file).take(len.saturating_sub(from)).read_to_end(&mut bytes).map_err(failed)?;
        match Tail::find(&bytes, from == 0, keys) {
            Err(TailError::NeedsMore) if look < LAST_LOOK_BYTES => look = look.saturating_mul(8),
            found => return found.map_err(|cause| OpenError::Broken { path: path.to_owned(), cause }),
        }
    }
}

fn first_seq(file: &mut File) -> io::Result<u64> {
    file.seek(SeekFrom::Start(0))?;
    let mut line = Vec::new();
    BufReader::new(Read::by_ref(file)).take(LAST_LOOK_BYTES).read_until(b'\n', &mut line)?;
    Ok(Record::parse(&line).map_or(0, |record| record.seq))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

/// `audit.jsonl.00000000000000000042` for a file that begins with line 42: names sort as lines do.
fn rotated_name(path: &Path, first: u64) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{first:020}"));
    PathBuf::from(name)
}

/// The files that were put aside, oldest first.
fn rotated(path: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_rotated =
            entry.file_name().to_str().and_then(|entry| entry.strip_prefix(name)).is_some_and(|rest| {
                rest.len() == 21
                    && rest.strip_prefix('.').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
            });
        if is_rotated {
            found.push(path.with_file_name(entry.file_name()));
        }
    }
    found.sort();
    Ok(found)
}

/// All files of the trail that is being written at `path`, oldest first.
///
/// # Errors
/// What the system says about the folder.
pub fn files_of(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = rotated(path)?;
    if path.exists() || files.is_empty() {
        files.push(path.to_owned());
    }
    Ok(files)
}
