//! The sample store: a plain HTTP API over the invented log, as internal tools have them.
//!
//! It knows nothing of privacy and answers whatever it is asked; that is its part in the story. It listens on a free
//! port of the loopback interface.
//! Not here: the proxy, and the data itself (`people`).

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpListener;

use super::people::{Login, User, World};

const DEFAULT_LIMIT: usize = 20;
const JSON: &str = "application/json";

/// Starts to serve; ends with the runtime.
pub(super) async fn start(world: Arc<World>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let world = Arc::clone(&world);
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = answer(&world, request.uri().path(), request.uri().query().unwrap_or_default());
                async move { Ok::<_, Infallible>(answer) }
            });
            // A client that goes away is no news here.
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    Ok(address)
}

fn answer(world: &World, path: &str, query: &str) -> Response<Full<Bytes>> {
    let query = Query::parse(query);
    match path {
        "/v1/logins" => {
            let found: Vec<&Login> =
                world.logins.iter().filter(|it| query.wants_login(it)).take(query.limit).collect();
            body(JSON, json!({ "logins": found }).to_string())
        }
        "/v1/users" => {
            let found: Vec<&User> =
                world.users.iter().filter(|it| query.wants_user(it)).take(query.limit).collect();
            body(JSON, json!({ "users": found }).to_string())
        }
        "/v1/logins.csv" => body("text/csv; charset=utf-8", csv(&world.logins)),
        "/v1/export.ndjson" => body("application/x-ndjson", ndjson(&world.logins)),
        "/v1/stats" => body(JSON, json!({ "logins_per_country_and_hour": stats(&world.logins) }).to_string()),
        _ => {
            let mut missing = body(JSON, json!({ "error": "no such page" }).to_string());
            *missing.status_mut() = StatusCode::NOT_FOUND;
            missing
        }
    }
}

fn body(content_type: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// What a query string asks for; what it does not name is not asked for.
struct Query {
    limit: usize,
    wanted: BTreeMap<String, String>,
}

impl Query {
    fn parse(query: &str) -> Self {
        let decoded =
            |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().ok().map(String::from);
        let mut wanted: BTreeMap<String, String> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .filter_map(|(name, value)| Some((name.to_owned(), decoded(value)?)))
            .collect();
        let limit = wanted.remove("limit").and_then(|it| it.parse().ok()).unwrap_or(DEFAULT_LIMIT);
        Self { limit, wanted }
    }

    fn wants_login(&self, login: &Login) -> bool {
        self.wanted.iter().all(|(name, value)| match name.as_str() {
            "user_id" => login.user_id == *value,
            "email" => login.email == *value,
            "country" => login.country == value,
            "ip" => lies_in(&login.ip, value),
            "ip6" => lies_in(&login.ip6, value),
            _ => false,
        })
    }

    fn wants_user(&self, user: &User) -> bool {
        self.wanted.iter().all(|(name, value)| match name.as_str() {
            "user_id" => user.user_id == *value,
            "email" => user.email == *value,
            "country" => user.country == value,
            "kind" => user.kind == value,
            _ => false,
        })
    }
}

/// `wanted` is an address or a network.
fn lies_in(address: &str, wanted: &str) -> bool {
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    match (wanted.parse::<IpNet>(), wanted.parse::<IpAddr>()) {
        (Ok(network), _) => network.contains(&address),
        (_, Ok(wanted)) => wanted == address,
        _ => false,
    }
}

fn ndjson(logins: &[Login]) -> String {
    let mut text = String::new();
    for line in logins.iter().filter_map(|it| serde_json::to_string(it).ok()) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn csv(logins: &[Login]) -> String {
    let mut text = "id,at,user_id,email,country,device,ip,ip6,bssid,lat,lon,note\n".to_owned();
    for it in logins {
        let Login { id, at, user_id, email, country, device, ip, ip6, bssid, lat, lon, note } = it;
        let note = note.replace('"', "\"\"");
        text.push_str(&format!(
            "{id},{at},{user_id},{email},{country},{device},{ip},{ip6},{bssid},{lat},{lon},\"{note}\"\n"
        ));
    }
    text
}

/// One bar of the dashboard.
#[derive(Serialize)]
struct Bar {
    country: &'static str,
    at: String,
    logins: usize,
    people: usize,
}

fn stats(logins: &[Login]) -> Vec<Bar> {
    let mut bars: BTreeMap<(&str, String), (usize, BTreeSet<&str>)> = BTreeMap::new();
    for login in logins {
        let hour = login.at.get(..13).map(|it| format!("{it}:00:00Z")).unwrap_or_default();
        let (count, people) = bars.entry((login.country, hour)).or_default();
        *count += 1;
        people.insert(&login.user_id);
    }
    bars.into_iter()
        .map(|((country, at), (logins, people))| Bar { country, at, logins, people: people.len() })
        .collect()
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn ask(path: &str, query: &str) -> String {
        let response = answer(&World::invent(), path, query);
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn it_answers_whatever_it_is_asked() {
        let logins = |text: &str| {
            serde_json::from_str::<serde_json::Value>(text).unwrap()["logins"].as_array().unwrap().len()
        };
        assert_eq!(logins(&ask("/v1/logins", "limit=3").await), 3);
        assert!(logins(&ask("/v1/logins", "ip=198.18.0.0%2F16&limit=100000").await) > 1_000);
        assert_eq!(logins(&ask("/v1/logins", "colour=red").await), 0);
        assert!(ask("/v1/users", "kind=press").await.contains("journalist@example.net"));
        let lines = ask("/v1/export.ndjson", "").await.lines().count();
        assert_eq!(ask("/v1/logins.csv", "").await.lines().count(), lines + 1);
    }
}
