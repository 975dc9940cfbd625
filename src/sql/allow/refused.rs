//! Why something is not on the lists, in words for the person who wrote the statement.
//!
//! Invariant: a reason is about the construct, never about data.

use std::fmt;

/// Why a function, operator, cast, relation, setting or statement may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::sql) enum Reason {
    /// It is on no list.
    NotListed,
    /// Its code was written by users of the database, and may read anything.
    UserDefined,
    /// It belongs to an extension that nobody has read for this purpose.
    UnknownExtension,
    /// It runs a text as SQL, which would be read by the server and not here.
    RunsText,
    /// It reads the rows of a table that is named by a value.
    ReadsByName,
    /// It reads stored bytes past the tables.
    ReadsStorage,
    /// It shows statistics, which are made of raw values.
    Statistics,
    /// It shows sizes, which follow raw values.
    Sizes,
    /// It shows counters, which move with what statements read.
    Counters,
    /// It shows what other sessions do.
    OtherSessions,
    /// It shows the statement as the store was sent it.
    ShowsStatement,
    /// It shows in which order rows were read, and raw values may decide that.
    ReadingOrder,
    /// It waits, so that time can tell what no answer does.
    Waits,
    /// It takes or shows locks, through which sessions can talk.
    Locks,
    /// It sends messages to other sessions.
    Messages,
    /// It shows or moves positions that all sessions share.
    SharedPosition,
    /// It reads or writes files of the server.
    Files,
    /// It reads or writes large objects, to which no policy applies.
    LargeObjects,
    /// It is about replication, which carries raw rows.
    Replication,
    /// It changes the database.
    Writes,
    /// It changes a setting.
    Settings,
    /// It controls the server or another session.
    ServerControl,
    /// It shows secrets or addresses of the store itself.
    Secrets,
    /// It is a part of the server that no statement calls by name.
    Internal,
    /// It needs a session of the store with other rights.
    Rights,
    /// The rewriting of statements relies on it.
    Pinned,
    /// It is answered here or not at all.
    Unsupported,
}

/// A refusal of something by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::sql) struct Refused {
    /// Why.
    pub(in crate::sql) reason: Reason,
    /// What to use instead, where there is something.
    pub(in crate::sql) instead: Option<&'static str>,
}

impl Refused {
    /// A refusal without a way out.
    #[must_use]
    pub(in crate::sql) const fn because(reason: Reason) -> Self {
        Self { reason, instead: None }
    }

    /// With what to use instead.
    #[must_use]
    pub(in crate::sql) const fn instead(self, instead: &'static str) -> Self {
        Self { instead: Some(instead), ..self }
    }

    /// The SQLSTATE to answer with: `42501` for what is forbidden, `0A000` for what is only not supported.
    #[must_use]
    pub(in crate::sql) const fn sqlstate(self) -> &'static str {
        match self.reason {
            Reason::Unsupported | Reason::NotListed | Reason::UnknownExtension => "0A000",
            _ => "42501",
        }
    }
}

impl Reason {
    /// A clause to stand behind "X is refused: ".
    #[must_use]
    pub(in crate::sql) const fn clause(self) -> &'static str {
        match self {
            Self::NotListed => "it is not on the list of what is known to be harmless",
            Self::UserDefined => "its code was written in the database and may read anything",
            Self::UnknownExtension => "it belongs to an extension that is not on the list",
            Self::RunsText => "it runs a text as SQL",
            Self::ReadsByName => "it reads the rows of a table that a value names",
            Self::ReadsStorage => "it reads stored bytes past the tables",
            Self::Statistics => "it shows statistics, which are made of raw values",
            Self::Sizes => "it shows sizes, which follow raw values",
            Self::Counters => "it shows counters, which follow what statements read",
            Self::OtherSessions => "it shows what other sessions do",
            Self::ShowsStatement => "it shows the statement as it was sent to the store",
            Self::ReadingOrder => "it shows in which order rows were read",
            Self::Waits => "it waits",
            Self::Locks => "sessions could talk through locks",
            Self::Messages => "it sends messages to other sessions",
            Self::SharedPosition => "it shows a position that all sessions share",
            Self::Files => "it reaches files of the server",
            Self::LargeObjects => "no policy applies to large objects",
            Self::Replication => "replication carries raw rows",
            Self::Writes => "it changes the database",
            Self::Settings => "it changes a setting",
            Self::ServerControl => "it controls the server or another session",
            Self::Secrets => "it shows secrets or addresses of the store",
            Self::Internal => "it is a part of the server that no statement calls",
            Self::Rights => "it changes whose rights apply",
            Self::Pinned => "the protection relies on its value",
            Self::Unsupported => "it is not supported here",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.clause())
    }
}
