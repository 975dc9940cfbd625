//! HTTP/2 on both sides, with peers that are hyper's own: the same answers as over HTTP/1.1.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic, and shares its support"
)]

mod support;

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use support::Proxy;
use tokio::net::TcpListener;

const RECORD: &str = r#"{"ip":"203.0.113.77","note":"from 203.0.113.77"}"#;

/// A store that answers over the version that it is asked in, and says which.
async fn store() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(|request: Request<hyper::body::Incoming>| async move {
                let rows = if request.uri().path() == "/many" { 20_000 } else { 1 };
                let version = format!("{:?}", request.version());
                let lines = format!("{}\n{RECORD}\n", serde_json::json!({ "version": version }));
                let mut response = Response::new(Full::new(Bytes::from(lines.repeat(rows))));
                let media_type = hyper::header::HeaderValue::from_static("application/x-ndjson");
                response.headers_mut().insert("content-type", media_type);
                Ok::<_, Infallible>(response)
            });
            tokio::spawn(async move {
                auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await
            });
        }
    });
    address
}

fn policy(scheme: &str, store: SocketAddr) -> String {
    format!(
        r#"
[keys]
current = "test"
[keys.ring]
"test" = {{ file = "@KEY@" }}
[[stores]]
name = "events"
protocol = "http"
listen = "127.0.0.1:0"
upstream = "{scheme}://{store}"
[stores.fields]
"$.ip" = {{ truncate = {{ ipv4 = 16, ipv6 = 32 }} }}
[[stores.routes]]
methods = ["GET"]
path = "/{{rows}}"
params = {{ rows = "pass" }}
"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_pair_of_versions_gives_the_same_answer() {
    let store = store().await;
    for (scheme, asked) in [("http", "HTTP/1.1"), ("h2c", "HTTP/2.0")] {
        let proxy = tokio::task::spawn_blocking(move || Proxy::start(&policy(scheme, store))).await.unwrap();
        for is_http2 in [false, true] {
            let client: Client<_, Empty<Bytes>> =
                Client::builder(TokioExecutor::new()).http2_only(is_http2).build_http();
            for (path, rows) in [("one", 1), ("many", 20_000)] {
                let target = format!("http://{}/{path}", proxy.address()).parse().unwrap();
                let response = client.get(target).await.unwrap();
                assert_eq!(response.version() == Version::HTTP_2, is_http2);
                assert_eq!(response.status(), 200);
                let body = response.into_body().collect().await.unwrap().to_bytes();
                let line = format!(
                    "{{\"version\":\"{asked}\"}}\n{{\"ip\":\"203.0.0.0/16\",\"note\":\"from 203.0.0.0/16\"}}\n"
                );
                assert!(body == line.repeat(rows), "{scheme} {is_http2} {path}");
            }
            // Many at a time over few connections.
            let target: hyper::Uri = format!("http://{}/one", proxy.address()).parse().unwrap();
            let asked = (0..64).map(|_| tokio::spawn(client.get(target.clone())));
            for answer in asked.collect::<Vec<_>>() {
                assert_eq!(answer.await.unwrap().unwrap().status(), 200);
            }
        }
    }
}
