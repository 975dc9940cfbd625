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
const MAX_SHAPES: u8 = 32;
/// The longest name that is learnt, with its quotes: names are compared a word at a time.
const MAX_NAME_BYTES: usize = NAME_WORDS * size_of::<u64>();
const NAME_WORDS: usize = 4;

/// All shapes of one body.
pub(super) struct Shapes {
    shapes: Vec<Shape>,
    root: Option<ShapeId>,
    reserved: Option<Reserved>,
    budget: Budget,
}

/// One of the shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShapeId(u8);

/// Where an object stands, as far as that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// Nowhere that is remembered.
    Unknown,
    /// The document itself, or an element of it.
    Root,
    /// The value of a known name, or an element of it.
    Name(ShapeId, u8),
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
    last: Option<u8>,
    expected: u8,
    /// The last name is the one that came last; else an unknown one came after it.
    is_at_last: bool,
}

/// A name that an object of this shape has had.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    bytes: [u8; MAX_NAME_BYTES],
    /// How long it is, with its quotes.
    pub(super) len: usize,
    /// The same bytes as words, as far as they are in use.
    words: [u64; NAME_WORDS],
    masks: [u64; NAME_WORDS],
    /// What holds for its value.
    pub(super) place: Place,
    /// The name that came after this one the last time.
    next: u8,
    child: Option<ShapeId>,
}

struct Shape {
    key: Key,
    names: Vec<Known>,
    hashes: Vec<u64>,
    first: u8,
}

/// A name was recognised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    /// What holds for its value.
    pub(super) place: Place,
    /// How long the name is, with its quotes.
    pub(super) len: usize,
    /// The object has had it before.
    pub(super) again: bool,
}

impl ShapeId {
    fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl Visit {
    /// An object without a shape.
    pub(super) const NONE: Self = Self { shape: None, seen: 0, last: None, expected: 0, is_at_last: false };

    /// Where the value of the name stands that came last.
    pub(super) const fn slot(&self) -> Slot {
        match (self.shape, self.last) {
            (Some(shape), Some(name)) if self.is_at_last => Slot::Name(shape, name),
            _ => Slot::Unknown,
        }
    }

    /// An unknown name came.
    pub(super) const fn miss(&mut self) {
        self.is_at_last = false;
    }

    /// The expected one of these names, if the object has not had it.
    #[inline]
    pub(super) fn ahead<'a>(&self, names: &'a [Known]) -> Option<&'a Known> {
        names.get(usize::from(self.expected)).filter(|_| self.seen & (1 << self.expected) == 0)
    }

    /// Takes the expected name.
    #[inline]
    pub(super) const fn take(&mut self, known: &Known) {
        self.meet(self.expected, known);
    }

    const fn meet(&mut self, index: u8, known: &Known) -> Hit {
        let bit = 1 << index;
        let again = self.seen & bit != 0;
        self.seen |= bit;
        self.last = Some(index);
        self.expected = known.next;
        self.is_at_last = true;
        Hit { place: known.place, len: known.len, again }
    }
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
        match self.shapes.get(shape.index()) {
            Some(found) if found.key == key => {
                Visit { shape: Some(shape), expected: found.first, ..Visit::NONE }
            }
            _ => Visit::NONE,
        }
    }

    /// The names of the object's shape.
    pub(super) fn known(&self, visit: &Visit) -> &[Known] {
        let shape = visit.shape.and_then(|shape| self.shapes.get(shape.index()));
        shape.map_or(&[], |shape| &shape.names)
    }

    /// Recognises the expected name, quotes included, at the beginning of `bytes`.
    #[inline]
    pub(super) fn expect(&self, visit: &mut Visit, bytes: &[u8]) -> Option<Hit> {
        let shape = visit.shape?;
        let known = self.name(shape, visit.expected)?;
        known.begins(bytes).then(|| visit.meet(visit.expected, known))
    }

    /// Recognises any known name of the shape, which may come out of turn, by its hash and unescaped bytes.
    pub(super) fn find(&mut self, visit: &mut Visit, hash: u64, name: &[u8]) -> Option<Hit> {
        let id = visit.shape?;
        let shape = self.shapes.get_mut(id.index())?;
        let index = shape.hashes.iter().position(|&known| known == hash)?;
        let known = *shape.names.get(index).filter(|known| known.unquoted() == name)?;
        let index = u8::try_from(index).ok()?;
        shape.link(visit.last, index);
        Some(visit.meet(index, &known))
    }

    /// Learns a name that came as `quoted` bytes without escapes. `None` if there is no room.
    pub(super) fn learn(&mut self, visit: &mut Visit, hash: u64, quoted: &[u8], place: Place) -> Option<Hit> {
        let id = visit.shape?;
        let shape = self.shapes.get_mut(id.index()).filter(|shape| shape.names.len() < MAX_NAMES)?;
        let mut bytes = [0; MAX_NAME_BYTES];
        bytes.get_mut(..quoted.len())?.copy_from_slice(quoted);
        let index = u8::try_from(shape.names.len()).ok()?;
        let known = Known::new(bytes, quoted.len(), place, index.saturating_add(1));
        shape.names.push(known);
        shape.hashes.push(hash);
        shape.link(visit.last, index);
        Some(visit.meet(index, &known))
    }

    /// Lets the object go on without a shape: the hashes of the names that it has had.
    pub(super) fn leave(&self, visit: &mut Visit) -> impl Iterator<Item = u64> {
        let left = std::mem::replace(visit, Visit::NONE);
        let shape = left.shape.and_then(|shape| self.shapes.get(shape.index()));
        let hashes = shape.map(|shape| shape.hashes.iter()).unwrap_or_default();
        hashes.enumerate().filter(move |(index, _)| left.seen & (1 << index) != 0).map(|(_, &hash)| hash)
    }

    fn name(&self, shape: ShapeId, name: u8) -> Option<&Known> {
        self.shapes.get(shape.index())?.names.get(usize::from(name))
    }

    fn add(&mut self, slot: Slot, key: Key) -> Option<ShapeId> {
        let id = ShapeId(u8::try_from(self.shapes.len()).ok().filter(|&id| id < MAX_SHAPES)?);
        let bytes = (id.index() + 1) * MAX_NAMES * (size_of::<Known>() + size_of::<u64>());
        match &mut self.reserved {
            Some(reserved) => reserved.grow_to(bytes).ok()?,
            None => self.reserved = Some(self.budget.reserve(bytes).ok()?),
        }
        match slot {
            Slot::Unknown => return None,
            Slot::Root => self.root = Some(id),
            Slot::Name(parent, name) => {
                self.shapes.get_mut(parent.index())?.names.get_mut(usize::from(name))?.child = Some(id);
            }
        }
        self.shapes.push(Shape { key, names: Vec::new(), hashes: Vec::new(), first: 0 });
        Some(id)
    }
}

impl Shape {
    /// Expects `index` after `last` from now on.
    fn link(&mut self, last: Option<u8>, index: u8) {
        match last.and_then(|last| self.names.get_mut(usize::from(last))) {
            Some(known) => known.next = index,
            None => self.first = index,
        }
    }
}

impl Known {
    fn new(bytes: [u8; MAX_NAME_BYTES], len: usize, place: Place, next: u8) -> Self {
        let mut in_use = [0; MAX_NAME_BYTES];
        in_use.iter_mut().take(len).for_each(|byte| *byte = 0xff);
        Self { bytes, len, words: words(&bytes), masks: words(&in_use), place, next, child: None }
    }

    /// True if `bytes` begin with this name.
    #[inline]
    pub(super) fn begins(&self, bytes: &[u8]) -> bool {
        let Some(block) = bytes.first_chunk::<MAX_NAME_BYTES>() else {
            return self.bytes.get(..self.len).is_some_and(|name| bytes.starts_with(name));
        };
        let pairs = self.words.iter().zip(&self.masks).zip(words(block));
        pairs.fold(0, |differ, ((known, mask), word)| differ | ((word & mask) ^ known)) == 0
    }

    fn unquoted(&self) -> &[u8] {
        self.bytes.get(1..self.len.saturating_sub(1)).unwrap_or_default()
    }
}

fn words(bytes: &[u8; MAX_NAME_BYTES]) -> [u64; NAME_WORDS] {
    let mut words = [0; NAME_WORDS];
    let (blocks, _) = bytes.as_chunks::<8>();
    words.iter_mut().zip(blocks).for_each(|(word, block)| *word = u64::from_le_bytes(*block));
    words
}
