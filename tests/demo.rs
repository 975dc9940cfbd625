//! The demonstration as a stranger meets it: the story holds, and the commands that it offers work.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

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
    let output = command().arg("--once").output().unwrap();
    assert!(output.status.success());
    let told = String::from_utf8(output.stdout).unwrap();
    let answer = told.lines().find(|line| line.contains("who is it?")).expect("the probe was played");
    assert!(answer.contains("colleague-0317@example.com") && answer.ends_with("nobody can tell"), "{answer}");
    let crowd = told.lines().find(|line| line.contains("colleagues that fit")).unwrap();
    assert!(crowd.ends_with("78, all equally well"), "{crowd}");
    assert!(told.contains("refused: "), "{told}");
    assert!(!told.contains('\u{1b}'), "no colours where nobody sees them");
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
}

#[test]
fn it_serves_what_it_says_until_it_is_interrupted() {
    let mut demo = Demo(command().spawn().unwrap());
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
    let sent = Command::new("kill").arg("-INT").arg(demo.0.id().to_string()).status().unwrap();
    assert!(sent.success());
    assert!(demo.0.wait().unwrap().success(), "an interrupted demonstration ends well");
}
