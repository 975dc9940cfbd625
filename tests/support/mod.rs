//! The built binary in front of a store, for tests that drive it as a client would.
//!
//! Every process is ended by its id when its guard is dropped; every port is the system's choice.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A running `sfumato run` and the folder that it lives in.
pub struct Proxy {
    child: Child,
    /// Where it listens, by store name.
    pub listeners: Vec<(String, SocketAddr)>,
    /// All that it has logged so far.
    pub log: Arc<Mutex<String>>,
    folder: tempfile::TempDir,
}

/// Runs the binary with `args` to its end.
pub fn sfumato(args: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_sfumato")).args(args).output().expect("the binary runs")
}

impl Proxy {
    /// Starts the proxy with `config`; `@KEY@` in it stands for a fresh key file.
    pub fn start(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let key = folder.path().join("test.key");
        let made = sfumato(&["keygen", &key.to_string_lossy()]);
        assert!(made.status.success(), "keygen: {}", String::from_utf8_lossy(&made.stderr));
        let file = folder.path().join("sfumato.toml");
        let config = config.replace("@KEY@", &key.to_string_lossy());
        std::fs::write(&file, config).expect("the configuration is written");
        let (child, log, listeners) = run(&file);
        Self { child, listeners, log, folder }
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }

    /// Starts again what has ended.
    pub fn restart(&mut self, config: &Path) {
        (self.child, self.log, self.listeners) = run(config);
    }

    /// The address of the first listener.
    pub fn address(&self) -> SocketAddr {
        self.listeners[0].1
    }

    /// The folder of its configuration, gone when the proxy is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its configuration.
    pub fn config(&self) -> PathBuf {
        self.folder().join("sfumato.toml")
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Opens a connection, sends `request` as it is, and reads until the proxy closes.
    pub fn exchange(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address()).expect("the proxy listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        // The proxy may refuse and close before it has read everything.
        let _refused_early = stream.write_all(request);
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer);
        answer
    }

    /// `GET target`, all of the answer as text.
    pub fn get(&self, target: &str) -> String {
        let head = format!("GET {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        String::from_utf8_lossy(&self.exchange(head.as_bytes())).into_owned()
    }

    /// Sends a signal by name (`HUP`, `TERM`).
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for the process to end by itself.
    pub fn wait(&mut self) -> std::process::ExitStatus {
        self.child.wait().expect("the process ends")
    }
}

/// Starts the proxy, and reads where it listens.
fn run(file: &Path) -> (Child, Arc<Mutex<String>>, Vec<(String, SocketAddr)>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sfumato"))
        .args(["run", "--config"])
        .arg(file)
        .env("RUST_LOG", "debug")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let log = collect(child.stderr.take().expect("standard error"));
    let mut output = BufReader::new(child.stdout.take().expect("standard output"));
    let stores = std::fs::read_to_string(file).expect("it was written").matches("[[stores]]").count();
    let mut listeners = Vec::new();
    for _ in 0..stores {
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        let (name, address) = listening(&line)
            .unwrap_or_else(|| panic!("`{line}` is no listening line; log: {}", log.lock().unwrap()));
        listeners.push((name, address));
    }
    (child, log, listeners)
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

fn listening(line: &str) -> Option<(String, SocketAddr)> {
    let rest = line.trim().strip_prefix("listening store=")?;
    let (name, address) = rest.split_once(" addr=")?;
    Some((name.to_owned(), address.parse().ok()?))
}

fn collect(mut source: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let shared = Arc::clone(&text);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = source.read(&mut buffer) {
            shared.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    });
    text
}

/// A store that speaks raw bytes: it reads a request head and writes what the script says.
pub struct RawStore {
    /// Where it listens.
    pub address: SocketAddr,
    /// All that it was sent.
    pub received: Arc<Mutex<Vec<u8>>>,
}

impl RawStore {
    /// Answers each request by `script`, which is given the request's target.
    pub fn start(script: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let received = Arc::new(Mutex::new(Vec::new()));
        let (script, seen) = (Arc::new(script), Arc::clone(&received));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
                std::thread::spawn(move || serve(stream, &*script, &seen));
            }
        });
        Self { address, received }
    }

    /// What was sent to the store so far, as text.
    pub fn received(&self) -> String {
        String::from_utf8_lossy(&self.received.lock().unwrap()).into_owned()
    }
}

fn serve(mut stream: TcpStream, script: &dyn Fn(&str, &mut TcpStream), seen: &Mutex<Vec<u8>>) {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(read @ 1..) => {
                head.extend_from_slice(&buffer[..read]);
                seen.lock().unwrap().extend_from_slice(&buffer[..read]);
            }
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    script(head.split(' ').nth(1).unwrap_or(""), &mut stream);
    let _gone = stream.shutdown(Shutdown::Write);
    // What comes behind the head (a body) is seen too.
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        seen.lock().unwrap().extend_from_slice(&buffer[..read]);
    }
}

/// True if `path` names a program on the search path.
pub fn has_program(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|paths| {
        std::env::split_paths(&paths).any(|folder| Path::new(&folder).join(name).is_file())
    })
}
