//! The demonstration as a stranger meets it: the story holds, and the commands that it offers work.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sfumato"));
    command.arg("demo").stdout(Stdio::piped());
    command
}

#[test]
fn the_probe_finds_its_man_in_the_store_and_nobody_through_the_proxy() {
    // Without a temporary folder there is no database, and the rest is told all the same.
    let output = command().arg("--once").env("TMPDIR", "/nowhere").output().unwrap();
    assert!(output.status.success());
    let told = String::from_utf8(output.stdout).unwrap();
    let answer = told.lines().find(|line| line.contains("who is it?")).expect("the probe was played");
    assert!(answer.contains("colleague-0317@example.com") && answer.ends_with("nobody can tell"), "{answer}");
    let crowd = told.lines().find(|line| line.contains("colleagues that fit")).unwrap();
    assert!(crowd.ends_with("78, all equally well"), "{crowd}");
    assert!(told.contains("refused: "), "{told}");
    assert!(told.contains("PostgreSQL database is left out: "), "{told}");
    assert!(!told.contains('\u{1b}'), "no colours where nobody sees them");
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
}

/// A folder for temporary folders that a server under another account can reach.
fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    folder
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

fn has_server() -> bool {
    Path::new("/usr/lib/postgresql").exists()
}

#[test]
fn the_database_keeps_its_secrets_and_is_gone_afterwards() {
    let folder = open_folder();
    let output = command().arg("--once").env("TMPDIR", folder.path()).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && is_empty(folder.path()));
    if !has_server() {
        assert!(told.contains("is left out: no server programs"), "{told}");
        return;
    }
    let (_, act) = told.split_once("5  The same sign-ins in a database").expect("the act is played");
    let (honest, tries) = act.split_once("6  What an insider would try").expect("its second half too");
    for line in honest.lines().filter(|line| line.contains("staff") || line.contains("another day")) {
        let words: Vec<&str> = line.split_whitespace().rev().take(2).collect();
        assert_eq!(words[0], words[1], "{line}");
    }
    let answers: Vec<&str> = tries.lines().filter(|line| line.starts_with("     ")).collect();
    let cells = |line: &&str| {
        line.split("   ").map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect()
    };
    let rows: Vec<Vec<String>> = answers.iter().map(cells).collect();
    let answered = |raw: &str, coarse: &str| {
        assert!(rows.iter().any(|row| row.as_slice() == [raw, coarse]), "{raw} {coarse}: {tries}");
    };
    answered("member-2378@mail.example.com", "no row");
    answered("10.21.138.95", "10.21.0.0");
    answered("10.21.138.95", "10.21.0.0/16");
    answered("colleague-0317@example.com", "78 rows");
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    if !has_server() {
        return;
    }
    for (signal, wanted) in [("INT", ""), ("TERM", "1  One sign-in"), ("HUP", "5  The same")] {
        let folder = open_folder();
        let mut demo = Demo(command().env("TMPDIR", folder.path()).spawn().unwrap());
        let mut read = BufReader::new(demo.0.stdout.take().unwrap()).lines().map_while(Result::ok);
        while is_empty(folder.path()) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let seen = wanted.is_empty() || read.any(|line| line.starts_with(wanted));
        let sent =
            Command::new("kill").arg(format!("-{signal}")).arg(demo.0.id().to_string()).status().unwrap();
        assert!(seen && sent.success());
        assert!(demo.0.wait().unwrap().success(), "{signal}");
        assert!(is_empty(folder.path()), "{signal}");
    }
}

#[test]
fn it_serves_what_it_says_until_it_is_interrupted() {
    let folder = open_folder();
    let mut demo = Demo(command().env("TMPDIR", folder.path()).spawn().unwrap());
    // The reader stays: whoever goes away ends the demonstration.
    let mut read = BufReader::new(demo.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let offered: Vec<String> = read
        .by_ref()
        .skip_while(|line| !line.contains("Ctrl-C"))
        .filter(|line| line.trim_start().starts_with("curl "))
        .take(6)
        .collect();
    let answers: Vec<String> = offered
        .iter()
        .map(|line| Command::new("sh").arg("-c").arg(line).output().unwrap())
        .map(|output| String::from_utf8(output.stdout).unwrap())
        .collect();
    let [raw, coarse, network, address, table, lines] = answers.as_slice() else { panic!("{offered:?}") };
    assert!(raw.contains("mail.example.com") && !coarse.contains("example."), "{raw}\n{coarse}");
    assert!(network.contains("\"198.18.0.0/16\""), "{network}");
    assert!(address.contains("finer than the cell"), "{address}");
    assert!(table.starts_with("id,at,user_id,") && table.lines().count() == 3, "{table}");
    assert_eq!(lines.lines().count(), 3);
    let psql: Vec<String> =
        read.by_ref().take_while(|line| !line.is_empty()).filter(|line| line.contains("psql -h")).collect();
    for (line, wanted) in psql.iter().zip(["10.21.138.95", "10.21.0.0/16"]) {
        let line = format!("{line} -Atc 'SELECT ip FROM logins WHERE id = 3'");
        let output = Command::new("sh").arg("-c").arg(&line).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), wanted, "{line}");
    }
    assert_eq!(psql.len(), if has_server() { 2 } else { 0 });
    let sent = Command::new("kill").arg("-INT").arg(demo.0.id().to_string()).status().unwrap();
    assert!(sent.success());
    assert!(demo.0.wait().unwrap().success(), "an interrupted demonstration ends well");
    assert!(is_empty(folder.path()));
}
