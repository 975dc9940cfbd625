//! The machine around the program, as one parameter: files and the environment.

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

/// What a policy file may read of the machine.
pub trait World {
    /// The content of a file, and its permission bits (0 to 0o7777) as they were when it was opened.
    ///
    /// # Errors
    /// What the operating system says.
    fn read(&self, path: &Path) -> io::Result<FileContent>;

    /// The value of an environment variable, if it is set and UTF-8.
    fn variable(&self, name: &str) -> Option<Zeroizing<String>>;
}

/// A file that was read; its bytes may be secret.
#[derive(Debug)]
pub struct FileContent {
    /// All of its bytes.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Its permission bits.
    pub mode: u32,
}

/// The machine that the program runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Machine;

impl World for Machine {
    fn read(&self, path: &Path) -> io::Result<FileContent> {
        use std::io::Read as _;
        use std::os::unix::fs::PermissionsExt as _;

        let mut file = std::fs::File::open(path)?;
        let mode = file.metadata()?.permissions().mode() & 0o7777;
        let mut bytes = Zeroizing::new(Vec::new());
        file.read_to_end(&mut bytes)?;
        Ok(FileContent { bytes, mode })
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place where the environment enters")]
    fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        std::env::var(name).ok().map(Zeroizing::new)
    }
}
