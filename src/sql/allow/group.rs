//! How the tables are written: words under a heading.
//!
//! A word is a function's name, which stands for all of its overloads, or `name(type,type)` for one of them, with
//! types as `pg_type.typname` has them. One overload beats all overloads. A word that ends in `*` stands for all names
//! that begin so; only refusals may use that, and a whole name beats it.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::call::{Call, Sensitivity, Special};
use super::refused::{Reason, Refused};

/// What a table says of a function.
pub(super) type Rule = Result<Call, Refused>;

/// Words with one rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    rule: Rule,
    /// Expected of the catalogue too: volatile functions are wanted only under such a heading.
    is_volatile: bool,
    /// The first major version that has them.
    since: u32,
    /// The first that has them no more.
    until: u32,
    words: &'static str,
}

/// Functions that never fail.
pub(super) const fn total(words: &'static str) -> Group {
    Group { rule: Ok(Call::TOTAL), is_volatile: false, since: 0, until: u32::MAX, words }
}

/// Functions that fail on some values.
pub(super) const fn raising(words: &'static str) -> Group {
    Group { rule: Ok(Call::RAISING), ..total(words) }
}

/// Functions that are refused for a reason of their own.
pub(super) const fn refused(reason: Reason, words: &'static str) -> Group {
    Group { rule: Err(Refused::because(reason)), ..total(words) }
}

impl Group {
    pub(super) const fn since(self, major_version: u32) -> Self {
        Self { since: major_version, ..self }
    }

    pub(super) const fn until(self, major_version: u32) -> Self {
        Self { until: major_version, ..self }
    }

    pub(super) const fn volatile(self) -> Self {
        Self { is_volatile: true, ..self }
    }

    pub(super) const fn order(self, order: Sensitivity) -> Self {
        match self.rule {
            Ok(call) => Self { rule: Ok(Call { order, ..call }), ..self },
            Err(_) => self,
        }
    }

    pub(super) const fn special(self, special: Special) -> Self {
        match self.rule {
            Ok(call) => Self { rule: Ok(Call { special, ..call }), ..self },
            Err(_) => self,
        }
    }

    pub(super) const fn instead(self, instead: &'static str) -> Self {
        match self.rule {
            Err(refused) => Self { rule: Err(refused.instead(instead)), ..self },
            Ok(_) => self,
        }
    }
}

#[cfg(test)]
impl Group {
    pub(super) const fn is_allowed(&self) -> bool {
        self.rule.is_ok()
    }

    pub(super) const fn words(&self) -> &'static str {
        self.words
    }
}

/// What stands in the tables of one word, for one server version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// The types of one overload; none for all.
    signature: Option<&'static str>,
    pub(super) rule: Rule,
    pub(super) is_volatile: bool,
}

/// Words of many groups, by name.
#[derive(Debug, Default)]
pub(super) struct Index {
    names: HashMap<&'static str, Vec<Entry>, FixedState>,
    /// Beginnings of names, with why those are refused.
    beginnings: Vec<(&'static str, Refused)>,
}

impl Index {
    pub(super) fn new(groups: impl Iterator<Item = &'static Group>, major_version: u32) -> Self {
        let mut index = Self::default();
        for group in groups.filter(|group| (group.since..group.until).contains(&major_version)) {
            for word in group.words.split_ascii_whitespace() {
                if let (Some(beginning), Err(refused)) = (word.strip_suffix('*'), group.rule) {
                    index.beginnings.push((beginning, refused));
                    continue;
                }
                let (name, signature) = split(word);
                let entry = Entry { signature, rule: group.rule, is_volatile: group.is_volatile };
                index.names.entry(name).or_default().push(entry);
            }
        }
        index
    }

    /// What is said of an overload: by itself, or else as one of all.
    pub(super) fn find(&self, name: &str, types: &[&str]) -> Option<Entry> {
        let Some(entries) = self.names.get(name) else {
            let (_, refused) = self.beginnings.iter().find(|(beginning, _)| name.starts_with(beginning))?;
            return Some(Entry { signature: None, rule: Err(*refused), is_volatile: false });
        };
        let exact = |entry: &&Entry| {
            entry.signature.is_some_and(|signature| {
                signature.split(',').filter(|word| !word.is_empty()).eq(types.iter().copied())
            })
        };
        let general = || entries.iter().find(|entry| entry.signature.is_none());
        entries.iter().find(exact).or_else(general).copied()
    }

    /// All whole names: name, types of one overload, whether it is allowed.
    #[cfg(test)]
    pub(super) fn words(&self) -> impl Iterator<Item = (&'static str, Option<&'static str>, bool)> {
        self.names.iter().flat_map(|(name, entries)| {
            entries.iter().map(|entry| (*name, entry.signature, entry.rule.is_ok()))
        })
    }
}

/// `name(type,type)` into its parts.
fn split(word: &'static str) -> (&'static str, Option<&'static str>) {
    match word.split_once('(') {
        Some((name, types)) => (name, Some(types.trim_end_matches(')'))),
        None => (word, None),
    }
}
