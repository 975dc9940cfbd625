//! A PostgreSQL client of a few lines: the simple protocol over a unix socket, and answers that tell NULL from an
//! empty text.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::disallowed_methods, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::fmt;
use std::io::{BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// One session.
pub struct Client {
    stream: BufReader<UnixStream>,
}

/// A row in text format; `None` is NULL.
pub type Row = Vec<Option<String>>;

/// An error that the server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// SQLSTATE.
    pub code: String,
    /// The primary message.
    pub message: String,
}

impl Client {
    /// Opens a session as the superuser.
    pub fn connect(socket: &Path, database: &str) -> Self {
        Self::try_connect(socket, database).expect("a session")
    }

    fn try_connect(socket: &Path, database: &str) -> std::io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(300)))?;
        let mut startup = 196_608_u32.to_be_bytes().to_vec();
        for word in ["user", "postgres", "database", database, "client_encoding", "UTF8", ""] {
            startup.extend_from_slice(word.as_bytes());
            startup.push(0);
        }
        let mut client = Self { stream: BufReader::new(stream) };
        client.send(None, &startup)?;
        loop {
            match client.receive()? {
                (b'E', body) => return Err(std::io::Error::other(Failure::read(&body).to_string())),
                (b'Z', _) => return Ok(client),
                _ => {}
            }
        }
    }

    /// Runs a text of one or more statements; the rows of the last that gave any.
    pub fn query(&mut self, sql: &str) -> Result<Vec<Row>, Failure> {
        let mut body = sql.as_bytes().to_vec();
        body.push(0);
        self.send(Some(b'Q'), &body).expect("the server listens");
        let mut rows = Vec::new();
        let mut failure = None;
        loop {
            match self.receive().expect("the server answers") {
                (b'T', _) => rows.clear(),
                (b'D', body) => rows.push(read_row(&body)),
                (b'E', body) => failure = Some(Failure::read(&body)),
                (b'Z', _) => return failure.map_or(Ok(rows), Err),
                _ => {}
            }
        }
    }

    /// Runs a text that must not fail.
    pub fn rows(&mut self, sql: &str) -> Vec<Row> {
        self.query(sql).unwrap_or_else(|failure| panic!("{failure}\n{sql}"))
    }

    /// The first column of the first row.
    pub fn value(&mut self, sql: &str) -> Option<String> {
        self.rows(sql).swap_remove(0).swap_remove(0)
    }

    fn send(&mut self, kind: Option<u8>, body: &[u8]) -> std::io::Result<()> {
        let mut message: Vec<u8> = kind.into_iter().collect();
        let length = u32::try_from(body.len() + 4).map_err(std::io::Error::other)?;
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(body);
        self.stream.get_mut().write_all(&message)
    }

    fn receive(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        let mut head = [0; 5];
        self.stream.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let length = u32::from_be_bytes(length).saturating_sub(4);
        let mut body = vec![0; usize::try_from(length).map_err(std::io::Error::other)?];
        self.stream.read_exact(&mut body)?;
        Ok((kind, body))
    }
}

impl Failure {
    fn read(body: &[u8]) -> Self {
        let fields: Vec<String> =
            body.split(|&byte| byte == 0).map(|field| String::from_utf8_lossy(field).into_owned()).collect();
        let field = |kind: char| fields.iter().find_map(|field| field.strip_prefix(kind)).unwrap_or_default();
        Self { code: field('C').to_owned(), message: field('M').to_owned() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

fn read_row(body: &[u8]) -> Row {
    let (count, mut rest) = body.split_first_chunk::<2>().expect("a count");
    let cells = (0..u16::from_be_bytes(*count)).map(|_| {
        let (length, after) = rest.split_first_chunk::<4>().expect("a length");
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            rest = after;
            return None;
        };
        let (cell, after) = after.split_at(length);
        rest = after;
        Some(String::from_utf8(cell.to_vec()).expect("UTF-8"))
    });
    cells.collect()
}

/// `text` as a literal that means the same under every setting.
pub fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
