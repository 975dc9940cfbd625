//! Peers that vanish, stop reading, or never say anything.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::Upstream;
use super::passing::Proxy;
use crate::cluster::Cluster;

/// A raw connection that has been let in.
pub(super) fn login(port: u16) -> TcpStream {
    let mut stream = asks_to_come_in(port, "postgres");
    until(&mut stream, b"Z\0\0\0\x05I");
    stream
}

fn asks_to_come_in(port: u16, user: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let body = format!("\0\x03\0\0user\0{user}\0database\0postgres\0\0");
    stream.write_all(&u32::try_from(body.len() + 4).unwrap().to_be_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    stream
}

pub(super) fn until(stream: &mut TcpStream, end: &[u8]) -> Vec<u8> {
    let (mut all, mut buffer) = (Vec::new(), [0; 65536]);
    while !all.ends_with(end) {
        let count = stream.read(&mut buffer).expect("bytes");
        assert!(count > 0, "closed after {}", all.escape_ascii());
        all.extend_from_slice(&buffer[..count]);
    }
    all
}

fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let _reset = stream.read_to_end(&mut all);
    all.escape_ascii().to_string()
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[tag][..], &length, body].concat()
}

pub(super) fn query(text: &str) -> Vec<u8> {
    message(b'Q', format!("{text}\0").as_bytes())
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn backends(cluster: &Cluster) -> String {
    cluster
        .psql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
        .trim()
        .to_owned()
}

#[test]
fn a_client_that_vanishes_takes_its_backend_along() {
    let Some(cluster) = Cluster::start() else { return };
    let proxy = Proxy::start(Upstream::Unix(cluster.socket()), |_| {});
    let mut stream = login(proxy.port);
    // A suspended portal in an open batch.
    let batch = [
        message(b'P', b"\0SELECT generate_series(1, 1000000)\0\0\0"),
        message(b'B', &[0; 8]),
        message(b'E', b"\0\0\0\0\x05"),
        message(b'H', b""),
    ];
    stream.write_all(&batch.concat()).unwrap();
    until(&mut stream, b"s\0\0\0\x04");
    assert_eq!(backends(&cluster), "2");
    drop(stream);
    eventually("the backend ends", || backends(&cluster) == "1");
}

#[test]
fn a_client_that_closes_its_half_gets_its_answer() {
    let Some(cluster) = Cluster::start() else { return };
    let proxy = Proxy::start(Upstream::Unix(cluster.socket()), |_| {});
    let mut stream = login(proxy.port);
    stream.write_all(&query("SELECT 'late', pg_sleep(0.5)")).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let answer = rest(&mut stream);
    assert!(answer.contains("late") && answer.contains("SELECT 1"), "{answer}");
    eventually("the backend ends", || backends(&cluster) == "1");
}

#[test]
fn a_client_that_stops_reading_holds_up_nobody_else_and_is_let_go() {
    let Some(cluster) = Cluster::start() else { return };
    let mut budget = None;
    let proxy = Proxy::start(Upstream::Unix(cluster.socket()), |store| {
        store.limits.write_timeout = Duration::from_secs(4);
        budget = Some(store.budget.clone());
    });
    let mut slow = login(proxy.port);
    slow.write_all(&query("SELECT repeat('x', 1000) FROM generate_series(1, 1000000)")).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(budget.as_ref().unwrap().used_bytes() < 8 << 20, "{}", budget.as_ref().unwrap().used_bytes());
    let mut other = login(proxy.port);
    other.write_all(&query("SELECT 'quick'")).unwrap();
    until(&mut other, b"Z\0\0\0\x05I");
    eventually("the slow one is let go", || backends(&cluster) == "2");
    drop(slow);
}

#[test]
fn a_backend_that_dies_is_told_of() {
    let Some(cluster) = Cluster::start() else { return };
    let proxy = Proxy::start(Upstream::Unix(cluster.socket()), |_| {});
    let mut stream = login(proxy.port);
    stream.write_all(&query("SELECT pg_sleep(60)")).unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ 'pg_sleep' AND pid <> pg_backend_pid()";
    eventually("it runs", || cluster.psql(end).contains('t'));
    let answer = rest(&mut stream);
    assert!(answer.contains("C57P01") && answer.contains("FATAL"), "{answer}");
}

/// A store that lets everybody in, answers the questions of the proxy, and breaks off in the middle of a row.
fn breaks_off(listener: &TcpListener) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut buffer = [0; 65536];
    let _startup = stream.read(&mut buffer).unwrap();
    stream.write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I").unwrap();
    let _question = stream.read(&mut buffer).unwrap();
    stream.write_all(b"1\0\0\0\x042\0\0\0\x04D\0\0\0\x0d\0\x01\0\0\0\x03203").unwrap();
}

#[test]
fn a_store_that_breaks_off_is_told_of() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let proxy = Proxy::start(Upstream::Tcp { host: "127.0.0.1".into(), port }, |_| {});
    let store = std::thread::spawn(move || breaks_off(&listener));
    let mut stream = TcpStream::connect(("127.0.0.1", proxy.port)).unwrap();
    stream.write_all(b"\0\0\0\x14\0\x03\0\0user\0alice\0\0").unwrap();
    let answer = rest(&mut stream);
    store.join().unwrap();
    assert!(answer.contains("FATAL") && !answer.contains("203"), "{answer}");
}

#[test]
fn no_store_and_no_login() {
    let proxy = Proxy::start(Upstream::Unix("/nowhere/.s.PGSQL.5432".into()), |store| {
        store.limits.login_timeout = Duration::from_millis(300);
    });
    let mut stream = TcpStream::connect(("127.0.0.1", proxy.port)).unwrap();
    stream.write_all(b"\0\0\0\x14\0\x03\0\0user\0alice\0\0").unwrap();
    let answer = rest(&mut stream);
    assert!(answer.contains("C08001"), "{answer}");
    let mut silent = TcpStream::connect(("127.0.0.1", proxy.port)).unwrap();
    let answer = rest(&mut silent);
    assert!(answer.contains("the login took too long"), "{answer}");
}

#[test]
fn sessions_at_rest_end_when_the_proxy_stops() {
    let Some(cluster) = Cluster::start() else { return };
    let mut proxy = Proxy::start(Upstream::Unix(cluster.socket()), |_| {});
    let (mut at_rest, mut busy) = (login(proxy.port), login(proxy.port));
    busy.write_all(&query("BEGIN")).unwrap();
    until(&mut busy, b"Z\0\0\0\x05T");
    let stopping = std::thread::spawn(move || {
        proxy.stop();
        proxy
    });
    assert!(rest(&mut at_rest).contains("C57P01"));
    busy.write_all(&query("SELECT 'still here'")).unwrap();
    assert!(until(&mut busy, b"Z\0\0\0\x05T").escape_ascii().to_string().contains("still here"));
    busy.write_all(&query("COMMIT")).unwrap();
    assert!(rest(&mut busy).contains("C57P01"));
    drop(stopping.join().unwrap());
}

#[test]
fn a_panic_ends_one_session_and_gives_its_places_back() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.psql("CREATE ROLE panics LOGIN");
    let mut metrics = None;
    let proxy =
        Proxy::start(Upstream::Unix(cluster.socket()), |store| metrics = Some(Arc::clone(&store.metrics)));
    let mut other = login(proxy.port);
    // More often than there are places.
    for _ in 0..210 {
        let told = rest(&mut asks_to_come_in(proxy.port, "panics"));
        assert!(!told.ends_with("Z\\x00\\x00\\x00\\x05I"), "{told}");
    }
    for _ in 0..2 {
        other.write_all(&query("SELECT 'goes on'")).unwrap();
        assert!(until(&mut other, b"Z\0\0\0\x05I").escape_ascii().to_string().contains("goes on"));
    }
    let counted = metrics.as_ref().unwrap();
    assert_eq!((counted.plans_missed.get(), counted.plans_found.get()), (1, 1));
    assert_eq!(counted.planning.count(), 1, "what is found made was not waited for");
    eventually("both statements were timed", || counted.statement.count() >= 2);
    drop((login(proxy.port), other));
    eventually("nobody is left", || {
        metrics.as_ref().unwrap().connections.get() == 0 && backends(&cluster) == "1"
    });
}
