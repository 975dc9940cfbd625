//! The `search_path` from one statement of a text or batch to the next, as far as it is certain.
//!
//! The server keeps the setting with the semantics of transactions. What is followed here is a part of them: `SET`
//! and `SET LOCAL` to a list that is written out, and the ends of transactions. Planner and session follow it with the same
//! steps; the planner from where it is told that the text begins, the session from what the server said last.
//!
//! Invariant: what holds behind a statement that is not followed here is unknown, and stays so until the server says it.
//! Not here: which schemas of the path there are.

use std::sync::Arc;

use super::seam::{Effect, Kind};

/// The value of the setting, its schemas unquoted and in order; `None` where it is not certain.
pub type KnownPath = Option<Arc<[String]>>;

/// What holds at one point of a transaction.
#[derive(Clone, Debug, Default)]
pub struct Path {
    /// The setting.
    now: KnownPath,
    /// What `COMMIT` would leave: `SET LOCAL` goes.
    at_commit: KnownPath,
    /// What `ROLLBACK` would leave: what held where the transaction began.
    at_rollback: KnownPath,
}

impl Path {
    /// Where no transaction has changed it.
    #[must_use]
    pub fn at(path: KnownPath) -> Self {
        Self { now: path.clone(), at_commit: path.clone(), at_rollback: path }
    }

    /// The setting.
    #[must_use]
    pub const fn now(&self) -> &KnownPath {
        &self.now
    }

    /// The server says what holds. What the ends of the transaction leave is believed only if that is what was expected.
    #[must_use]
    pub fn told(self, path: KnownPath) -> Self {
        if self.now.is_some() && self.now == path { self } else { Self { now: path, ..Self::default() } }
    }

    /// The transaction has failed: nothing runs along a path before its end, and what that leaves is not certain.
    pub fn fail(&mut self, path: KnownPath) {
        *self = Self { now: path, ..Self::default() };
    }

    /// Behind a statement that succeeds; `sql` is how it is sent.
    pub fn step(&mut self, kind: &Kind, sql: &str) {
        match kind {
            Kind::Session(Effect::SearchPath { path, local, .. }) => {
                self.now = path.as_deref().map(Into::into);
                if !local {
                    self.at_commit = self.now.clone();
                }
            }
            Kind::Session(Effect::Discard | Effect::ResetAll) => *self = Self::default(),
            Kind::Utility { tag: "COMMIT" | "ROLLBACK" } if !self.is_untouched() => match sql {
                "COMMIT" => *self = Self::at(self.at_commit.take()),
                "ROLLBACK" => *self = Self::at(self.at_rollback.take()),
                // Savepoints, chains.
                _ => *self = Self { at_rollback: self.at_rollback.take(), ..Self::default() },
            },
            _ => {}
        }
    }

    /// True if no end of a transaction can change anything.
    fn is_untouched(&self) -> bool {
        self.now.is_some() && self.now == self.at_commit && self.now == self.at_rollback
    }
}

/// True if the server looks anything up along the path while it runs such a statement, or the proxy says what it is.
#[must_use]
pub const fn follows_path(kind: &Kind) -> bool {
    match kind {
        Kind::Rows | Kind::CopyOut(_) | Kind::Answered { .. } => true,
        Kind::Session(effect) => matches!(
            effect,
            Effect::Declare { .. } | Effect::Prepare { .. } | Effect::Execute { .. } | Effect::Fetch { .. }
        ),
        Kind::Utility { tag } => {
            matches!(tag.as_bytes(), b"INSERT" | b"UPDATE" | b"DELETE" | b"MERGE" | b"MOVE")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(path: &str) -> Arc<[String]> {
        path.split(' ').map(str::to_owned).collect()
    }

    fn set(path: Option<&str>, local: bool) -> Kind {
        let path = path.map(|path| list(path).to_vec());
        Kind::Session(Effect::SearchPath { path, local, tag: "SET" })
    }

    /// Statements as words: `=x` sets, `~x` sets locally, `?` resets; others are sent as they are.
    fn behind(statements: &[&str]) -> Option<String> {
        let mut path = Path::at(Some(list("own")));
        for statement in statements {
            let kind = match statement.split_at(1) {
                ("=", name) => set(Some(name), false),
                ("~", name) => set(Some(name), true),
                ("?", _) => set(None, false),
                ("D", _) => Kind::Session(Effect::Discard),
                ("C", _) => Kind::Utility { tag: "COMMIT" },
                ("R", _) => Kind::Utility { tag: "ROLLBACK" },
                _ => Kind::Utility { tag: "SAVEPOINT" },
            };
            path.step(&kind, statement);
        }
        path.now().as_deref().map(|path| path.join(" "))
    }

    #[test]
    fn what_holds_behind_statements() {
        for (statements, expected) in [
            (&["=a"][..], Some("a")),
            (&["~a"], Some("a")),
            (&["=a", "COMMIT"], Some("a")),
            (&["~a", "COMMIT"], Some("own")),
            (&["=a", "~b", "COMMIT"], Some("a")),
            (&["~b", "=a", "COMMIT"], Some("a")),
            (&["=a", "ROLLBACK"], Some("own")),
            (&["=a", "COMMIT", "~b", "ROLLBACK"], Some("a")),
            (&["BEGIN", "COMMIT AND CHAIN"], Some("own")),
            (&["SAVEPOINT s", "ROLLBACK TO s"], Some("own")),
            (&["SAVEPOINT s", "=a", "ROLLBACK TO s"], None),
            (&["SAVEPOINT s", "=a", "ROLLBACK TO s", "ROLLBACK"], Some("own")),
            (&["SAVEPOINT s", "=a", "ROLLBACK TO s", "COMMIT"], None),
            (&["=a", "COMMIT AND CHAIN"], None),
            (&["?"], None),
            (&["?", "COMMIT"], None),
            (&["?", "=a"], Some("a")),
            (&["DISCARD ALL"], None),
            (&["DISCARD ALL", "ROLLBACK"], None),
            (&["=a b"], Some("a b")),
        ] {
            assert_eq!(behind(statements).as_deref(), expected, "{statements:?}");
        }
    }

    #[test]
    fn what_the_server_says_counts() {
        let mut path = Path::at(Some(list("own")));
        path.step(&set(Some("a"), true), "");
        let mut as_expected = path.clone().told(Some(list("a")));
        as_expected.step(&Kind::Utility { tag: "COMMIT" }, "COMMIT");
        assert_eq!(as_expected.now(), &Some(list("own")));
        let mut otherwise = path.clone().told(Some(list("b")));
        assert_eq!(otherwise.now(), &Some(list("b")));
        otherwise.step(&Kind::Utility { tag: "COMMIT" }, "COMMIT");
        assert_eq!(otherwise.now(), &None);
        path.fail(Some(list("a")));
        path.step(&Kind::Utility { tag: "ROLLBACK" }, "ROLLBACK");
        assert_eq!(path.now(), &None);
    }
}
