//! Functions that give something else each time.
//!
//! Numbers from `random` can be foretold by who has seen a few of them, and clocks go forward: each of these tells
//! when it was evaluated, and so in which order rows were read, which raw values may decide. Random UUIDs come from
//! the system's generator and tell nothing.

use super::super::call::Special;
use super::super::group::{Group, raising, total};

pub(super) const GROUPS: &[Group] = &[
    total("gen_random_uuid").volatile(),
    total("uuidv4").volatile().since(18),
    raising("clock_timestamp random setseed timeofday").special(Special::PerRow).volatile(),
    raising("array_sample array_shuffle random_normal").special(Special::PerRow).volatile().since(16),
    raising("uuidv7").special(Special::PerRow).volatile().since(18),
];
