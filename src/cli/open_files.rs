//! How many files this process may have open: as many as the system lets it.
//!
//! A connection is a file, and the store's side of it is another. The soft limit is often a thousand for the sake of programs that use
//! `select`, which this one does not; the hard limit is the operator's word.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many there may be after [`raise`]; `None` is no limit.
pub(super) fn at_most() -> Option<u64> {
    getrlimit(Resource::Nofile).maximum
}

/// Raises the soft limit to the hard one; how many there may be now. What cannot be raised stays.
pub(super) fn raise() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    match setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}
