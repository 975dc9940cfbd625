//! Keys that cancel: a client is given one of ours, which stands for the store's.
//!
//! A store's own key would let a client go around the proxy, and its process number would tell about other
//! sessions.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use crate::wire::postgres::frontend::CancelKey;

/// The keys of all sessions of one store.
#[derive(Default)]
pub struct Cancels {
    keys: Mutex<HashMap<CancelKey, Option<CancelKey>>>,
}

/// A key of ours; it stops working when this is dropped.
pub(super) struct Issued {
    cancels: Arc<Cancels>,
    pub(super) key: CancelKey,
}

impl Cancels {
    /// A fresh random key, or `None` if the system has no randomness to give.
    pub(super) fn issue(self: &Arc<Self>) -> Option<Issued> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let [process, secret] = [getrandom::u32().ok()?, getrandom::u32().ok()?];
            // Clients expect a process number: positive.
            let key =
                CancelKey { process: (process >> 1).cast_signed().max(1), secret: secret.cast_signed() };
            if let Entry::Vacant(place) = keys.entry(key) {
                place.insert(None);
                return Some(Issued { cancels: Arc::clone(self), key });
            }
        }
    }

    /// The store's key behind one of ours.
    pub(super) fn find(&self, key: CancelKey) -> Option<CancelKey> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied().flatten()
    }
}

impl Issued {
    /// Remembers the store's key.
    pub(super) fn stands_for(&self, store: CancelKey) {
        self.cancels.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(self.key, Some(store));
    }
}

impl Drop for Issued {
    fn drop(&mut self) {
        self.cancels.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_work_while_the_session_lives() {
        let cancels = Arc::new(Cancels::default());
        let issued = cancels.issue().unwrap();
        let (ours, store) = (issued.key, CancelKey { process: 7, secret: 8 });
        assert!(ours.process > 0 && cancels.find(ours).is_none());
        issued.stands_for(store);
        assert!(cancels.find(ours) == Some(store));
        assert!(cancels.find(store).is_none());
        drop(issued);
        assert!(cancels.find(ours).is_none());
    }
}
