//! What the objects at one place looked like so far: records repeat their names, and a name that is known
//! need not be scanned, hashed, looked up or scrubbed again.
//!
//! Invariants: a known name means the same in every object of its shape, because a shape is used for one
//! state of the plan and one cover only. An object knows by one bit for each known name which it has had.
//! What does not fit (too many names, long names, escapes) is not learnt and takes the long way.

use super::frame::Place;
use crate::base::budget::{Budget, Reserved};
use crate::body::treat::Cover;
use crate::policy::State;

/// One bit each in [`Visit::seen`].
const MAX_NAMES: usize = 64;
const MAX_SHAPES: usize = 32;
/// The longest name that is learnt, with its quotes.
const MAX_NAME_BYTES: usize = 38;

/// All shapes of one body.
pub(super) struct Shapes {
    shapes: Vec<Shape>,
    root: Option<ShapeId>,
    reserved: Option<Reserved>,
    budget: Budget,
}

/// One of the shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShapeId(usize);

/// Where an object stands, as far as that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// Nowhere that is remembered.
    Unknown,
    /// The document itself, or an element of it.
    Root,
    /// The value of a known name, or an element of it.
    Name(ShapeId, usize),
}

/// What must be the same for two objects to have one shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) state: State,
    pub(super) cover: Cover,
    pub(super) dead: bool,
}

/// The progress of one object through its shape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visit {
    shape: Option<ShapeId>,
    seen: u64,
    last: Option<usize>,
    expected: usize,
}

/// A name that an object of this shape has had.
#[derive(Clone, Copy, Debug)]
struct Known {
    bytes: [u8; MAX_NAME_BYTES],
    len: usize,
    place: Place,
    /// The name that came after this one the last time.
    next: usize,
    child: Option<ShapeId>,
}

struct Shape {
    key: Key,
    names: Vec<Known>,
    hashes: Vec<u64>,
    first: usize,
}

/// A name was recognised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    /// What holds for its value.
    pub(super) place: Place,
    /// Where its value stands.
    pub(super) slot: Slot,
    /// How long the name is, with its quotes.
    pub(super) len: usize,
    /// The object has had it before.
    pub(super) again: bool,
}

impl Visit {
    /// An object without a shape.
    pub(super) const NONE: Self = Self { shape: None, seen: 0, last: None, expected: 0 };
}

impl Shapes {
    pub(super) const fn new(budget: Budget) -> Self {
        Self { shapes: Vec::new(), root: None, reserved: None, budget }
    }

    /// Begins an object.
    pub(super) fn open(&mut self, slot: Slot, key: Key) -> Visit {
        let known = match slot {
            Slot::Unknown => return Visit::NONE,
            Slot::Root => self.root,
            Slot::Name(shape, name) => self.name(shape, name).and_then(|known| known.child),
        };
        let Some(shape) = known.or_else(|| self.add(slot, key)) else { return Visit::NONE };
        match self.shapes.get(shape.0) {
            Some(found) if found.key == key => {
                Visit { shape: Some(shape), seen: 0, last: None, expected: found.first }
            }
            _ => Visit::NONE,
        }
    }

    /// Recognises the expected name, quotes included, at the beginning of `bytes`.
    pub(super) fn expect(&self, visit: &mut Visit, bytes: &[u8]) -> Option<Hit> {
        let shape = visit.shape?;
        let known = self.name(shape, visit.expected)?;
        if !bytes.starts_with(known.bytes.get(..known.len)?) {
            return None;
        }
        Some(visit.meet(shape, visit.expected, known))
    }

    /// Recognises any known name of the shape, which may come out of turn, by its hash and unescaped bytes.
    pub(super) fn find(&mut self, visit: &mut Visit, hash: u64, name: &[u8]) -> Option<Hit> {
        let id = visit.shape?;
        let shape = self.shapes.get_mut(id.0)?;
        let index = shape.hashes.iter().position(|&known| known == hash)?;
        let known = *shape.names.get(index).filter(|known| known.unquoted() == name)?;
        shape.link(visit.last, index);
        Some(visit.meet(id, index, &known))
    }

    /// Learns a name that came as `quoted` bytes without escapes. `None` if there is no room.
    pub(super) fn learn(&mut self, visit: &mut Visit, hash: u64, quoted: &[u8], place: Place) -> Option<Hit> {
        let id = visit.shape?;
        let shape = self.shapes.get_mut(id.0).filter(|shape| shape.names.len() < MAX_NAMES)?;
        let mut bytes = [0; MAX_NAME_BYTES];
        bytes.get_mut(..quoted.len())?.copy_from_slice(quoted);
        let index = shape.names.len();
        let known = Known { bytes, len: quoted.len(), place, next: index + 1, child: None };
        shape.names.push(known);
        shape.hashes.push(hash);
        shape.link(visit.last, index);
        Some(visit.meet(id, index, &known))
    }

    fn name(&self, shape: ShapeId, name: usize) -> Option<&Known> {
        self.shapes.get(shape.0)?.names.get(name)
    }

    fn add(&mut self, slot: Slot, key: Key) -> Option<ShapeId> {
        let id = ShapeId(self.shapes.len());
        if id.0 >= MAX_SHAPES {
            return None;
        }
        let bytes = (id.0 + 1) * MAX_NAMES * (size_of::<Known>() + size_of::<u64>());
        match &mut self.reserved {
            Some(reserved) => reserved.grow_to(bytes).ok()?,
            None => self.reserved = Some(self.budget.reserve(bytes).ok()?),
        }
        match slot {
            Slot::Unknown => return None,
            Slot::Root => self.root = Some(id),
            Slot::Name(parent, name) => {
                self.shapes.get_mut(parent.0)?.names.get_mut(name)?.child = Some(id);
            }
        }
        self.shapes.push(Shape { key, names: Vec::new(), hashes: Vec::new(), first: 0 });
        Some(id)
    }
}

impl Visit {
    const fn meet(&mut self, shape: ShapeId, index: usize, known: &Known) -> Hit {
        let bit = 1 << index;
        let again = self.seen & bit != 0;
        self.seen |= bit;
        self.last = Some(index);
        self.expected = known.next;
        Hit { place: known.place, slot: Slot::Name(shape, index), len: known.len, again }
    }
}

impl Shape {
    /// Expects `index` after `last` from now on.
    fn link(&mut self, last: Option<usize>, index: usize) {
        match last.and_then(|last| self.names.get_mut(last)) {
            Some(known) => known.next = index,
            None => self.first = index,
        }
    }
}

impl Known {
    fn unquoted(&self) -> &[u8] {
        self.bytes.get(1..self.len.saturating_sub(1)).unwrap_or_default()
    }
}
