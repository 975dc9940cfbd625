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

/// The scheme, host and port of a collector of spans.
pub(super) fn collector(written: &At<String>) -> Result<http::Uri, Problem> {
    let uri = http_upstream(written)?;
    if uri.scheme_str() != Some("http") {
        let problem = written.problem(format!("`{}` does not begin with `http://`", written.value));
        return Err(problem.help("write `http://127.0.0.1:4318`, a collector of this machine or network"));
    }
    Ok(uri)
}

/// The port in the name of a unix socket, where none is written.
const DEFAULT_PORT: u16 = 5432;

/// Where a PostgreSQL server listens.
pub(super) fn postgres_upstream(written: &At<String>) -> Result<PostgresUpstream, Problem> {
    let wrong = || {
        let problem = written.problem(format!("`{}` is no place of a PostgreSQL server", written.value));
        problem.help("write `127.0.0.1:5432`, `db.example.com:5432`, or the folder of a unix socket such as `/run/postgresql` or `/run/postgresql:5433`")
    };
    if written.value.starts_with('/') {
        let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (folder, port) = match written.value.rsplit_once(':').filter(|(_, port)| is_port(port)) {
            Some((folder, port)) => (folder, port.parse().ok().filter(|&port| port > 0).ok_or_else(wrong)?),
            None => (written.value.as_str(), DEFAULT_PORT),
        };
        return Ok(PostgresUpstream::Unix { folder: PathBuf::from(folder), port });
    }
    let authority: http::uri::Authority = written.value.parse().map_err(|_| wrong())?;
    let port = authority.port_u16().filter(|&port| port > 0 && !authority.as_str().contains('@'));
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok(PostgresUpstream::Tcp { host, port: port.ok_or_else(wrong)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_postgres_server_may_be() {
        let unix = |folder: &str, port| Some(PostgresUpstream::Unix { folder: folder.into(), port });
        let tcp = |host: &str, port| Some(PostgresUpstream::Tcp { host: host.into(), port });
        for (written, expected) in [
            ("127.0.0.1:5432", tcp("127.0.0.1", 5432)),
            ("[2001:db8::1]:5433", tcp("2001:db8::1", 5433)),
            ("db.example.com:5432", tcp("db.example.com", 5432)),
            ("db.example.com", None),
            ("someone@db.example.com:5432", None),
            ("/run/postgresql", unix("/run/postgresql", 5432)),
            ("/run/postgresql:5433", unix("/run/postgresql", 5433)),
            ("/run/a:b", unix("/run/a:b", 5432)),
            ("/run/postgresql:0", None),
            ("/run/postgresql:65536", None),
        ] {
            let at = At { value: written.to_owned(), span: 0..0, key: String::new() };
            assert_eq!(postgres_upstream(&at).ok(), expected, "{written}");
        }
    }
}
