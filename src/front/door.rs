//! The door of a store: places for connections whose peer is nobody yet, and places for those who came in.
//!
//! Whoever connects gets a place at the door, and must come in within a deadline. Where all of these places are taken, the
//! newcomer gets that of the oldest: a login takes milliseconds, so the oldest is hardly ever one that will succeed, and
//! whoever wants to shut others out has to open as many connections as there are places, anew, in the time of one login. To refuse
//! the newcomer instead would let a handful of silent connections keep the door shut until they time out. One source pushes
//! out its own connections first.
//!
//! Invariant: who stands at the door takes no place from those who are in, and the other way round.
//! Not here: who is let in (`session`), and how long that may take (the listeners).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// How many there may be.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// Connections that have come in.
    pub max_connections: usize,
    /// Of these, of one name.
    pub max_connections_per_identity: usize,
    /// Connections that have not.
    pub max_logins: usize,
    /// Of these, from one address (IPv6: from one /64, which is one machine's).
    pub max_logins_per_source: usize,
}

/// The door of one store.
#[derive(Debug)]
pub struct Door {
    places: Places,
    hall: Mutex<Hall>,
}

#[derive(Debug, Default)]
struct Hall {
    next: u64,
    /// Those at the door, the oldest first.
    waiting: BTreeMap<u64, Waiting>,
    by_source: HashMap<IpAddr, BTreeSet<u64>>,
    inside: usize,
    by_identity: HashMap<Arc<str>, usize>,
}

#[derive(Debug)]
struct Waiting {
    source: IpAddr,
    push: oneshot::Sender<()>,
}

/// A place at the door.
#[derive(Debug)]
pub(super) struct Knock {
    door: Arc<Door>,
    number: u64,
}

/// A place inside.
#[derive(Debug)]
pub(super) struct Inside {
    door: Arc<Door>,
    identity: Option<Arc<str>>,
}

/// Tells that a newcomer has taken the place at the door.
#[derive(Debug)]
pub(super) struct Pushed(oneshot::Receiver<()>);

/// Why there is no place inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// All are taken.
    All,
    /// This name has as many as one name may have.
    Identity,
}

impl Door {
    /// A door with nobody at it.
    #[must_use]
    pub fn new(places: Places) -> Arc<Self> {
        Arc::new(Self { places, hall: Mutex::default() })
    }

    /// A place for a connection from `peer`, somebody else's if there is no other.
    pub(super) fn knock(self: &Arc<Self>, peer: IpAddr) -> (Knock, Pushed) {
        let source = source(peer);
        let (push, pushed) = oneshot::channel();
        let mut hall = self.hall();
        let from_there = hall.by_source.get(&source);
        let crowd = from_there.filter(|crowd| crowd.len() >= self.places.max_logins_per_source);
        if let Some(oldest) = crowd.and_then(BTreeSet::first).copied() {
            hall.push_out(oldest);
        } else if hall.waiting.len() >= self.places.max_logins
            && let Some((&oldest, _)) = hall.waiting.first_key_value()
        {
            hall.push_out(oldest);
        }
        let number = hall.next;
        hall.next = number.wrapping_add(1);
        hall.waiting.insert(number, Waiting { source, push });
        hall.by_source.entry(source).or_default().insert(number);
        (Knock { door: Arc::clone(self), number }, Pushed(pushed))
    }

    /// How many stand at the door.
    #[cfg(test)]
    fn waiting(&self) -> usize {
        self.hall().waiting.len()
    }

    /// Every change under the lock is one step, so what a panic of another left is whole.
    fn hall(&self) -> MutexGuard<'_, Hall> {
        self.hall.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hall {
    fn push_out(&mut self, number: u64) {
        if let Some(waiting) = self.leave(number) {
            let _gone_already = waiting.push.send(());
        }
    }

    fn leave(&mut self, number: u64) -> Option<Waiting> {
        let waiting = self.waiting.remove(&number)?;
        if let Some(crowd) = self.by_source.get_mut(&waiting.source) {
            crowd.remove(&number);
            if crowd.is_empty() {
                self.by_source.remove(&waiting.source);
            }
        }
        Some(waiting)
    }
}

impl Knock {
    /// Comes in under this name; `None` is nobody in particular.
    ///
    /// # Errors
    /// [`Full`]; the place at the door is kept for saying so.
    pub(super) fn come_in(&self, identity: Option<&str>) -> Result<Inside, Full> {
        let mut hall = self.door.hall();
        if hall.inside >= self.door.places.max_connections {
            return Err(Full::All);
        }
        let identity: Option<Arc<str>> = identity.map(Arc::from);
        if let Some(name) = &identity {
            let count = hall.by_identity.get(name).copied().unwrap_or(0);
            if count >= self.door.places.max_connections_per_identity {
                return Err(Full::Identity);
            }
            hall.by_identity.insert(Arc::clone(name), count.saturating_add(1));
        }
        hall.inside = hall.inside.saturating_add(1);
        drop(hall.leave(self.number));
        Ok(Inside { door: Arc::clone(&self.door), identity })
    }
}

impl Drop for Knock {
    fn drop(&mut self) {
        drop(self.door.hall().leave(self.number));
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut hall = self.door.hall();
        hall.inside = hall.inside.saturating_sub(1);
        if let Some(name) = &self.identity
            && let Some(count) = hall.by_identity.get_mut(name)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                hall.by_identity.remove(name);
            }
        }
    }
}

impl Pushed {
    /// Waits until a newcomer takes the place; for ever, once the connection has come in.
    pub(super) async fn out(self) {
        if self.0.await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// What counts as one source: an address, and of IPv6 the network of one machine.
pub(super) fn source(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: Places = Places {
        max_connections: 2,
        max_connections_per_identity: 1,
        max_logins: 3,
        max_logins_per_source: 2,
    };

    fn is_out(pushed: &mut Pushed) -> bool {
        pushed.0.try_recv().is_ok()
    }

    #[test]
    fn a_newcomer_takes_the_place_of_the_oldest_and_first_of_its_own() {
        let door = Door::new(PLACES);
        let at = |peer: &str| door.knock(peer.parse().unwrap());
        let mut first = at("192.0.2.1");
        let mut second = at("198.51.100.1");
        let mut third = at("::ffff:198.51.100.1");
        assert!(!is_out(&mut first.1) && !is_out(&mut second.1) && !is_out(&mut third.1));
        let mut fourth = at("198.51.100.1");
        assert!(!is_out(&mut first.1) && is_out(&mut second.1) && !is_out(&mut third.1));
        let mut fifth = at("2001:db8::1");
        assert!(is_out(&mut first.1) && !is_out(&mut third.1) && !is_out(&mut fourth.1));
        assert_eq!(door.waiting(), 3);
        let _others = (at("2001:db8::2"), at("2001:db8:0:1::"));
        assert!(!is_out(&mut fifth.1));
        let _third_of_it = at("2001:db8::ffff");
        assert!(is_out(&mut fifth.1), "one machine has a whole /64");
        drop((first, second, third, fourth));
        assert_eq!(door.waiting(), 3);
    }

    #[test]
    fn places_inside_are_counted_apart_and_given_back() {
        let door = Door::new(PLACES);
        let knock = || door.knock("192.0.2.1".parse().unwrap());
        let (alice, mut pushed) = knock();
        let inside = alice.come_in(Some("alice")).unwrap();
        assert_eq!(door.waiting(), 0);
        assert_eq!(knock().0.come_in(Some("alice")).unwrap_err(), Full::Identity);
        let nobody = knock().0.come_in(None).unwrap();
        assert_eq!(knock().0.come_in(None).unwrap_err(), Full::All);
        assert_eq!(door.waiting(), 0);
        let _crowd = (knock(), knock(), knock(), knock());
        assert!(!is_out(&mut pushed), "who is in is not pushed out");
        drop((inside, nobody));
        let (bob, alice) = (knock().0.come_in(Some("bob")), knock().0.come_in(Some("alice")));
        assert!(bob.is_ok() && alice.is_ok());
    }
}
