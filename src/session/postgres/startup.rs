//! The client's start-up message, judged and rewritten.
//!
//! Invariant: what goes to the store is written here, name by name; nothing is copied through unseen.
//! Not here: TLS, authentication.

use bytes::BytesMut;

use super::refusal::Ending;
use super::settings::{self, Choice};
use crate::wire::postgres::backend::NegotiateProtocolVersion;
use crate::wire::postgres::frontend::Startup;

/// PostgreSQL cuts longer names off; two different names could then be one.
pub(super) const MAX_NAME_BYTES: usize = 63;

/// A client that has said who it wants to be, and what the store shall be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Login {
    /// The database user.
    pub(super) user: String,
    /// The database.
    pub(super) database: String,
    /// The schemas that the client asked for, if it did.
    pub(super) search_path: Option<Vec<String>>,
    settings: Vec<(String, String)>,
    unknown_options: Vec<String>,
    is_newer: bool,
}

impl Login {
    /// Judges a start-up message.
    ///
    /// # Errors
    /// [`Ending`] for what is not allowed, in words for the client.
    pub(super) fn judge(startup: &Startup<'_>) -> Result<Self, Ending> {
        if startup.major != 3 {
            return Err(Ending::refused("0A000", "only version 3 of the protocol is spoken here"));
        }
        let (mut user, mut database) = (None, None);
        let mut login = Self {
            user: String::new(),
            database: String::new(),
            search_path: None,
            settings: Vec::new(),
            unknown_options: Vec::new(),
            is_newer: startup.minor > 0,
        };
        for (name, value) in startup.parameters.iter() {
            match name {
                "user" => set_once(&mut user, value)?,
                "database" => set_once(&mut database, value)?,
                "replication" => refuse_replication(value)?,
                "options" => login.options(value)?,
                _ if name.starts_with("_pq_.") => login.unknown_options.push(name.to_owned()),
                _ => login.setting(name, value)?,
            }
        }
        login.user = user.ok_or_else(|| Ending::refused("28000", "no user name in the start-up message"))?;
        login.database = database.unwrap_or_else(|| login.user.clone());
        Ok(login)
    }

    fn setting(&mut self, name: &str, value: &str) -> Result<(), Ending> {
        let name = name.to_ascii_lowercase();
        match settings::choose(&name, value) {
            Choice::Send(value) => self.settings.push((name, value)),
            Choice::Pinned => {}
            Choice::SearchPath(path) => self.search_path = Some(path),
            Choice::Refused => {
                let message = format!("setting `{name}` may not be set to this value at start-up here");
                return Err(Ending::refused("42501", &message));
            }
        }
        Ok(())
    }

    /// The `options` of a start-up message: a command line of which only `-c name=value` and `--name=value`
    /// are understood.
    fn options(&mut self, line: &str) -> Result<(), Ending> {
        let refused = || Ending::refused("42501", "only `-c name=value` is allowed in start-up options here");
        let mut words = split_words(line).into_iter();
        while let Some(word) = words.next() {
            let assignment = match word.strip_prefix("--") {
                Some(assignment) => assignment.to_owned(),
                None => match word.strip_prefix("-c").ok_or_else(refused)? {
                    "" => words.next().ok_or_else(refused)?,
                    assignment => assignment.to_owned(),
                },
            };
            let (name, value) = assignment.split_once('=').ok_or_else(refused)?;
            self.setting(&name.replace('-', "_"), value)?;
        }
        Ok(())
    }

    /// Answers a client that asked for more than version 3.0, before anything else is said.
    pub(super) fn write_negotiation(&self, to_client: &mut BytesMut) -> Result<(), Ending> {
        if self.is_newer || !self.unknown_options.is_empty() {
            let unknown_options: Vec<&str> = self.unknown_options.iter().map(String::as_str).collect();
            NegotiateProtocolVersion { unknown_options: &unknown_options }.write(to_client)?;
        }
        Ok(())
    }

    /// Writes the start-up message for the store: what the client chose, then what is pinned.
    pub(super) fn write(&self, to_server: &mut BytesMut, pins: &[(String, String)]) -> Result<(), Ending> {
        let path = self.search_path.as_deref().map(settings::path_value);
        let names = [("user", self.user.as_str()), ("database", self.database.as_str())];
        let chosen = self.settings.iter().chain(pins).map(|(name, value)| (name.as_str(), value.as_str()));
        let all = names
            .into_iter()
            .chain(settings::DEFAULTS.iter().copied())
            .chain(chosen)
            .chain(settings::PINNED.iter().copied())
            .chain(path.as_deref().map(|path| ("search_path", path)));
        Ok(Startup::write(to_server, all)?)
    }
}

fn set_once(slot: &mut Option<String>, value: &str) -> Result<(), Ending> {
    if value.is_empty() || value.len() > MAX_NAME_BYTES || slot.is_some() {
        return Err(Ending::refused(
            "28000",
            "user and database must each be named once, in at most 63 bytes",
        ));
    }
    *slot = Some(value.to_owned());
    Ok(())
}

fn refuse_replication(value: &str) -> Result<(), Ending> {
    match value.to_ascii_lowercase().as_str() {
        "false" | "off" | "no" | "0" => Ok(()),
        _ => Err(Ending::refused("0A000", "replication connections are not allowed here")),
    }
}

/// Splits at white space; a backslash takes the next character as it is.
fn split_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => word.get_or_insert_default().extend(characters.next()),
            _ if character.is_ascii_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::postgres::frontend::Opening;

    fn judge(version: [u8; 4], parameters: &[(&str, &str)]) -> Result<Login, Ending> {
        let mut body = version.to_vec();
        for (name, value) in parameters {
            body.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
        }
        body.push(0);
        let Ok(Opening::Startup(startup)) = Opening::read(&body) else { panic!("startup") };
        Login::judge(&startup)
    }

    const V3: [u8; 4] = [0, 3, 0, 0];

    #[test]
    fn names_and_settings() {
        let login = judge(
            V3,
            &[
                ("user", "alice"),
                ("application_name", "psql"),
                ("client_encoding", "UTF8"),
                ("options", r"-c search_path=a\ ,b --TimeZone=UTC -cextra-float-digits=2"),
            ],
        )
        .unwrap();
        assert_eq!((login.user.as_str(), login.database.as_str()), ("alice", "alice"));
        assert_eq!(login.search_path, Some(vec!["a".to_owned(), "b".to_owned()]));
        let mut out = BytesMut::new();
        login.write(&mut out, &[]).unwrap();
        let sent = String::from_utf8(out[8..].to_vec()).unwrap();
        for part in [
            "user\0alice\0database\0alice\0",
            "application_name\0psql\0",
            "timezone\0UTC\0",
            "extra_float_digits\x002\0",
            "standard_conforming_strings\0on\0",
            "search_path\0\"a\", \"b\"\0",
        ] {
            assert!(sent.contains(part), "{part:?} in {sent:?}");
        }
        assert!(!sent.contains("options"));
    }

    #[test]
    fn what_is_refused() {
        let long = "x".repeat(64);
        for parameters in [
            &[("database", "app")][..],
            &[("user", "a"), ("user", "b")],
            &[("user", &long)],
            &[("user", "a"), ("replication", "database")],
            &[("user", "a"), ("replication", "true")],
            &[("user", "a"), ("options", "-c row_security=off")],
            &[("user", "a"), ("options", "-csession_replication_role=replica")],
            &[("user", "a"), ("options", "-e")],
            &[("user", "a"), ("options", "-c")],
            &[("user", "a"), ("standard_conforming_strings", "off")],
            &[("user", "a"), ("Role", "postgres")],
        ] {
            assert!(judge(V3, parameters).is_err(), "{parameters:?}");
        }
        assert!(judge([0, 2, 0, 0], &[("user", "a")]).is_err());
    }

    #[test]
    fn newer_clients_are_told() {
        let login = judge([0, 3, 0, 2], &[("user", "a"), ("_pq_.foo", "1")]).unwrap();
        let mut out = BytesMut::new();
        login.write_negotiation(&mut out).unwrap();
        assert_eq!(&out[..], b"v\0\0\0\x15\0\x03\0\0\0\0\0\x01_pq_.foo\0");
        let mut out = BytesMut::new();
        judge(V3, &[("user", "a")]).unwrap().write_negotiation(&mut out).unwrap();
        assert!(out.is_empty());
    }
}
