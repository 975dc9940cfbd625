//! The questions that are put to the raw store and to the proxy alike.
//!
//! Invariant: one function asks both; nothing here knows which of the two it is talking to.
//! Not here: how answers are shown.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::probe::{self, Evidence, Sighting};
use super::screen::{counted, grouped};

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error("the address of a question is not valid")]
    Address(#[from] http::uri::InvalidUri),
    #[error("no connection to {1}")]
    Connection(#[source] hyper_util::client::legacy::Error, SocketAddr),
    #[error("the answer of {1} broke off")]
    Body(#[source] hyper::Error, SocketAddr),
    #[error("the answer of {0} is not what was expected")]
    Shape(SocketAddr),
}

/// A store as its users see it.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    client: Client<HttpConnector, Empty<Bytes>>,
    address: SocketAddr,
}

impl Asker {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), address }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    async fn get(&self, path: &str) -> Result<(StatusCode, Bytes), AskError> {
        let uri = format!("http://{}{path}", self.address).parse()?;
        let response =
            self.client.get(uri).await.map_err(|error| AskError::Connection(error, self.address))?;
        let status = response.status();
        let body =
            response.into_body().collect().await.map_err(|error| AskError::Body(error, self.address))?;
        Ok((status, body.to_bytes()))
    }

    async fn json(&self, path: &str) -> Result<Value, AskError> {
        let (_, body) = self.get(path).await?;
        serde_json::from_slice(&body).map_err(|_| AskError::Shape(self.address))
    }

    async fn list(&self, path: &str, name: &str) -> Result<Vec<Value>, AskError> {
        match self.json(path).await?.get_mut(name).map(Value::take) {
            Some(Value::Array(list)) => Ok(list),
            _ => Err(AskError::Shape(self.address)),
        }
    }

    /// The first sign-ins of the log.
    pub(super) async fn first_logins(&self) -> Result<Vec<Value>, AskError> {
        self.list("/v1/logins?limit=40", "logins").await
    }

    /// Who signed in from this address or network: how many, or why that is not answered.
    pub(super) async fn logins_from(&self, ip: &str) -> Result<String, AskError> {
        let answer = self.json(&format!("/v1/logins?ip={ip}&limit=100000")).await?;
        if let Some(logins) = answer.get("logins").and_then(Value::as_array) {
            return Ok(format!("{} by {}", counted(logins.len(), "sign-in"), who(logins)));
        }
        let said = |name| answer.get(name).and_then(Value::as_str);
        let reason = said("detail").or_else(|| said("title")).ok_or(AskError::Shape(self.address))?;
        Ok(format!("refused: {reason}"))
    }

    /// The whole log, as a notebook would load it.
    pub(super) async fn whole_log(&self) -> Result<Vec<Value>, AskError> {
        let (_, body) = self.get("/v1/export.ndjson").await?;
        let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).map_err(|_| AskError::Shape(self.address))).collect()
    }

    /// The user ids of one kind of people.
    pub(super) async fn ids_of(&self, kind: &str) -> Result<BTreeSet<String>, AskError> {
        let users = self.list(&format!("/v1/users?kind={kind}&limit=100000"), "users").await?;
        Ok(names(&users, "user_id").into_iter().map(String::from).collect())
    }

    /// Whose account this is.
    pub(super) async fn email_of(&self, user_id: &str) -> Result<String, AskError> {
        let users = self.list(&format!("/v1/users?user_id={user_id}"), "users").await?;
        let email = users.first().and_then(|it| it.get("email")?.as_str());
        email.map(String::from).ok_or(AskError::Shape(self.address))
    }

    /// What the dashboard shows: a bar for each country and hour.
    pub(super) async fn dashboard(&self) -> Result<Vec<Value>, AskError> {
        self.list("/v1/stats", "logins_per_country_and_hour").await
    }
}

/// An analyst's questions over the whole log: question and answer.
pub(super) fn analysis(log: &[Value], staff: &BTreeSet<String>) -> Vec<(&'static str, String)> {
    let mut per_country: BTreeMap<&str, usize> = BTreeMap::new();
    let mut days_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut by_staff = 0;
    for login in log {
        let text = |name: &str| login.get(name).and_then(Value::as_str).unwrap_or_default();
        *per_country.entry(text("country")).or_default() += 1;
        days_of.entry(text("user_id")).or_default().insert(text("at").get(..10).unwrap_or_default());
        by_staff += usize::from(staff.contains(text("user_id")));
    }
    let countries: Vec<String> =
        per_country.iter().map(|(it, count)| format!("{it} {}", grouped(*count))).collect();
    let came_back = days_of.values().filter(|days| days.len() > 1).count();
    vec![
        ("sign-ins by country", countries.join("  ")),
        ("distinct people", grouped(days_of.len())),
        ("came back another day", grouped(came_back)),
        ("sign-ins by staff (a join)", grouped(by_staff)),
    ]
}

/// Plays the probe with what one store answers. The suspects' user ids, with what speaks for them.
pub(super) async fn play_probe(asker: &Asker, log: &[Value]) -> Result<BTreeMap<String, Evidence>, AskError> {
    let press = asker.ids_of("press").await?;
    let journalist = press.first().ok_or(AskError::Shape(asker.address))?;
    let sightings: Vec<Sighting> = log.iter().filter_map(Sighting::read).collect();
    Ok(probe::suspects(journalist, &asker.ids_of("staff").await?, &sightings))
}

/// The distinct texts under `name`.
fn names<'a>(records: &'a [Value], name: &str) -> BTreeSet<&'a str> {
    records.iter().filter_map(|it| it.get(name)?.as_str()).collect()
}

/// The accounts behind some sign-ins: named as the store names them, if it is but one.
fn who(logins: &[Value]) -> String {
    let emails = names(logins, "email");
    match (emails.first(), emails.len()) {
        (Some(email), 1) => (*email).to_owned(),
        (_, many) => counted(many, "account"),
    }
}
