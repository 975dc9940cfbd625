//! What the room shows to the session that drives it: types only.

use std::fmt;
use std::sync::Arc;

use super::path::KnownPath;
use crate::policy::Ruling;

/// What a plan depends on besides the text.
#[derive(Clone, Copy)]
pub struct SessionView<'a> {
    /// The schemas that the client asked for by `SET search_path`, in order and unquoted; `None` if it never did.
    /// `$user` stands as it is.
    pub search_path: Option<&'a [String]>,
    /// The database user of the connection.
    pub user: &'a str,
    /// The policy's role, if one applies.
    pub role: Option<&'a str>,
    /// Random per session. Stands in statements as a literal that no answer can show; keys the order of identifiers.
    pub salt: &'a [u8; 16],
}

/// One statement, ready to be sent.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Exactly one statement, in our printing. Empty if nothing is to be sent.
    pub sql: String,
    /// What kind of answer it has.
    pub kind: Kind,
    /// The visible columns of the answer, in order.
    pub columns: Vec<Output>,
    /// How many columns follow them that the client must not see.
    pub hidden_columns: usize,
    /// The parameters of `sql` (`$1` is the first). If a source is a literal, the statement needs the extended
    /// protocol even where the client spoke the simple one.
    pub parameters: Vec<Parameter>,
    /// It reads protected fields. Which of several errors comes first is then an order of raw rows: the session makes
    /// one of all that rows can cause.
    pub reads_protected: bool,
    /// The rulings about the fields that it reads, each once.
    pub applied: Arc<[Ruling]>,
    /// A statement that gives no row and takes no right, whose parsing locks the relations that `sql` names, so that none
    /// of them changes before the transaction's end; empty if there are none.
    pub locks: String,
    /// The `search_path` that it was planned along. `None` where that is not certain: it must not run if the path counts.
    pub path: KnownPath,
}

impl Planned {
    /// True if the salt stands in it.
    #[must_use]
    pub fn is_salted(&self, salt: &[u8; 16]) -> bool {
        let hex: String = salt.iter().map(|byte| format!("{byte:02x}")).collect();
        let literals = self.parameters.iter().filter_map(|parameter| match &parameter.source {
            ParameterSource::Literal(text) => Some(text.as_str()),
            ParameterSource::Client(_) => None,
        });
        [self.sql.as_str(), self.locks.as_str()].into_iter().chain(literals).any(|text| text.contains(&hex))
    }
}

/// What kind of answer a statement has.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Rows of `columns`.
    Rows,
    /// A copy stream of `columns`.
    CopyOut(CopyOut),
    /// No rows; the server's own command tag is the answer.
    Utility {
        /// The tag that the server will give, for the audit trail.
        tag: &'static str,
    },
    /// Changes something that the session keeps.
    Session(Effect),
    /// Answered by the proxy; nothing is sent.
    Answered {
        /// The columns, in order.
        columns: Vec<Column>,
        /// The rows, in text format.
        rows: Vec<Vec<Option<String>>>,
        /// The command tag.
        tag: &'static str,
    },
}

/// What the session has to remember of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// `SET search_path`: sent in the session's own spelling. `None` is the path that the connection began with.
    SearchPath {
        /// The schemas, in order.
        path: Option<Vec<String>>,
        /// True for `SET LOCAL`: until the end of the transaction.
        local: bool,
        /// `SET` or `RESET`.
        tag: &'static str,
    },
    /// `DECLARE`: rows fetched from this cursor have the planned columns.
    Declare {
        /// The cursor.
        cursor: String,
    },
    /// `FETCH`: rows as the cursor (or portal) of this name was declared.
    Fetch {
        /// The cursor.
        cursor: String,
    },
    /// `CLOSE`; `None` is all.
    Close {
        /// The cursor.
        cursor: Option<String>,
    },
    /// `PREPARE`: executions of this name have the planned columns.
    Prepare {
        /// The statement's name.
        name: String,
    },
    /// `EXECUTE`: rows as the statement of this name was prepared (by `PREPARE` or by a Parse message).
    Execute {
        /// The statement's name.
        name: String,
    },
    /// `DEALLOCATE`; `None` is all.
    Deallocate {
        /// The statement's name.
        name: Option<String>,
    },
    /// `DISCARD ALL`: the session forgets everything, and the server's settings are pinned again.
    Discard,
    /// `RESET ALL`: the search path is the store's own again, and the server's settings are pinned again.
    ResetAll,
}

/// One visible column of an answer.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// The ruling to apply to the value that the store sends, if it is an identifier in the raw.
    pub edge: Option<Ruling>,
    /// The type to tell the client instead of the one that the store tells.
    pub type_oid: Option<u32>,
    /// The type that the store sends, if it is known: a COPY does not describe its columns.
    pub stored_oid: Option<u32>,
}

/// A column of an answer that the proxy gives itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_oid: u32,
}

/// How a copy stream is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyOut {
    /// The format.
    pub format: CopyFormat,
    /// A first line of names.
    pub header: bool,
}

/// The three formats of `COPY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyFormat {
    /// PostgreSQL's own text.
    Text {
        /// Between fields.
        delimiter: u8,
        /// What stands for NULL.
        null: String,
    },
    /// Comma-separated values.
    Csv {
        /// Between fields.
        delimiter: u8,
        /// What stands for NULL.
        null: String,
        /// Around fields that need it.
        quote: u8,
        /// Before a quote inside a field.
        escape: u8,
        /// The columns that are always quoted, by position.
        force_quote: Vec<usize>,
    },
    /// Length-prefixed binary.
    Binary,
}

/// Where a parameter of the printed statement comes from.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// The value.
    pub source: ParameterSource,
    /// The ruling by which a token is turned back into the value that it stands for.
    pub turned_back: Option<Ruling>,
    /// The type to declare (0 = let the server infer).
    pub type_oid: u32,
}

/// The value of a parameter before it is turned back.
#[derive(Clone, PartialEq, Eq)]
pub enum ParameterSource {
    /// The client's parameter of this number (1 is the first).
    Client(u32),
    /// A literal of the client's text.
    Literal(String),
}

impl fmt::Debug for ParameterSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(number) => write!(f, "Client({number})"),
            Self::Literal(_) => f.write_str("Literal(..)"),
        }
    }
}

/// Why a statement is not sent, in words for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// `42501` for what the policy forbids, `0A000` for what is not supported, otherwise what the server would say.
    pub sqlstate: &'static str,
    /// What was refused: the field and the construct.
    pub message: String,
    /// What is allowed instead.
    pub hint: Option<String>,
    /// Where in the client's text, counted in characters from 1.
    pub position: Option<u32>,
}
