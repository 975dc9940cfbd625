//! Where listeners and stores are.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::PostgresUpstream;
use super::raw::At;
use super::report::Problem;

/// An address to listen on.
pub(super) fn listen(written: &At<String>) -> Result<SocketAddr, Problem> {
    written.value.parse().map_err(|_| {
        let problem = written.problem(format!("`{}` is no address to listen on", written.value));
        problem
            .help("write an IP address and a port: `127.0.0.1:8088`, `[::1]:8088`; port 0 takes a free one")
    })
}

/// The scheme, host and port of an HTTP store.
pub(super) fn http_upstream(written: &At<String>) -> Result<http::Uri, Problem> {
    let wrong = |message: &str| {
        let problem = written.problem(format!("`{}` {message}", written.value));
        problem.help("write scheme, host and port: `http://127.0.0.1:9000` or `https://store.example.com`")
    };
    let uri: http::Uri = written.value.parse().map_err(|_| wrong("is no URL"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https" | "h2c")) {
        return Err(wrong("does not begin with `http://`, `https://` or `h2c://`"));
    }
    let authority = uri.authority().ok_or_else(|| wrong("names no host"))?;
    if authority.as_str().contains('@') {
        return Err(wrong("holds a user name or a password"));
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() || written.value.contains('#') {
        return Err(wrong("has more than scheme, host and port; paths stand in the routes"));
    }
    Ok(uri)
}

/// Where a PostgreSQL server listens.
pub(super) fn postgres_upstream(written: &At<String>) -> Result<PostgresUpstream, Problem> {
    if written.value.starts_with('/') {
        return Ok(PostgresUpstream::UnixFolder(PathBuf::from(&written.value)));
    }
    let wrong = || {
        let problem = written.problem(format!("`{}` is no place of a PostgreSQL server", written.value));
        problem.help("write `127.0.0.1:5432`, `db.example.com:5432`, or the folder of a unix socket such as `/run/postgresql`")
    };
    let authority: http::uri::Authority = written.value.parse().map_err(|_| wrong())?;
    let port = authority.port_u16().filter(|&port| port > 0 && !authority.as_str().contains('@'));
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok(PostgresUpstream::Tcp { host, port: port.ok_or_else(wrong)? })
}
