//! One side of a connection that speaks the protocol of PostgreSQL: messages as they are, nothing interpreted.

use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;

/// A message: its type and what follows its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub tag: u8,
    pub body: Vec<u8>,
}

/// A connection to a server or from a client.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// A connection from a client, and the parameters of its start-up.
    pub fn from_client(stream: TcpStream) -> io::Result<(Self, Vec<(String, String)>)> {
        let mut client = Self { stream: BufReader::new(stream) };
        let body = client.sized()?;
        let mut texts = body.get(4..).unwrap_or_default().split(|byte| *byte == 0).map(text);
        let mut parameters = Vec::new();
        while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
            if !name.is_empty() {
                parameters.push((name, value));
            }
        }
        Ok((client, parameters))
    }

    /// A connection to the server on this port of the loopback address, and all that it says at first.
    pub fn to_server(port: u16, parameters: &[(String, String)]) -> io::Result<(Self, Vec<Message>)> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        let mut packet = 196_608_u32.to_be_bytes().to_vec();
        for text in parameters.iter().flat_map(|(name, value)| [name, value]) {
            packet.extend_from_slice(text.as_bytes());
            packet.push(0);
        }
        packet.push(0);
        let mut server = Self { stream: BufReader::new(stream) };
        let length = u32::try_from(packet.len() + 4).map_err(io::Error::other)?;
        server.stream.get_mut().write_all(&[&length.to_be_bytes()[..], &packet].concat())?;
        let greeting = server.answer()?;
        Ok((server, greeting))
    }

    pub fn send(&mut self, message: &Message) -> io::Result<()> {
        self.send_all(std::slice::from_ref(message))
    }

    pub fn send_all(&mut self, messages: &[Message]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for message in messages {
            bytes.push(message.tag);
            let length = u32::try_from(message.body.len() + 4).map_err(io::Error::other)?;
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(&message.body);
        }
        self.stream.get_mut().write_all(&bytes)
    }

    pub fn receive(&mut self) -> io::Result<Message> {
        let mut tag = [0];
        self.stream.read_exact(&mut tag)?;
        Ok(Message { tag: tag[0], body: self.sized()? })
    }

    /// All that the server says until it waits for the client.
    pub fn answer(&mut self) -> io::Result<Vec<Message>> {
        let mut messages = Vec::new();
        loop {
            let message = self.receive()?;
            let waits = matches!(message.tag, b'Z' | b'G' | b'W');
            messages.push(message);
            if waits {
                return Ok(messages);
            }
        }
    }

    /// Asks by the simple protocol.
    pub fn ask(&mut self, statement: &[u8]) -> io::Result<Vec<Message>> {
        self.send(&Message { tag: b'Q', body: [statement, b"\0"].concat() })?;
        self.answer()
    }

    /// The rows of an answer in text format.
    pub fn rows(&mut self, statement: &str) -> io::Result<Vec<Vec<Option<String>>>> {
        let answer = self.ask(statement.as_bytes())?;
        Ok(answer.iter().filter(|message| message.tag == b'D').map(|row| fields(&row.body)).collect())
    }

    fn sized(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(io::Error::other)?;
        let mut body = vec![0; length.saturating_sub(4)];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }
}

/// The fields of a row.
pub fn fields(row: &[u8]) -> Vec<Option<String>> {
    let mut rest = row.get(2..).unwrap_or_default();
    let mut fields = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        match usize::try_from(i32::from_be_bytes(*length)) {
            Ok(length) => {
                let (field, after) = after.split_at(length.min(after.len()));
                fields.push(Some(text(field)));
                rest = after;
            }
            Err(_) => {
                fields.push(None);
                rest = after;
            }
        }
    }
    fields
}

/// Bytes for people to read.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
