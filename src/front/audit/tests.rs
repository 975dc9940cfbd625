//! The trail on a real disk: groups, restarts, rotation, and everything that goes wrong.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::audit::{Asked, Asker, Decision, Kind, MacKey, Outcome, Protocol, Record, Verifier};
use crate::base::clock::SystemClock;
use crate::base::secret::Secret;

fn settings(folder: &TempDir) -> Settings {
    Settings {
        file: folder.path().join("audit.jsonl"),
        terms: terms(7),
        fsync: Fsync::Never,
        on_failure: OnFailure::Refuse,
        max_file_bytes: None,
    }
}

fn terms(key: u8) -> Terms {
    Terms { keys: vec![MacKey::new("test", &Secret::new([key; 32]))], policy: None }
}

fn open(settings: &Settings) -> Result<AuditLog, OpenError> {
    AuditLog::open(settings.clone(), Arc::new(SystemClock), Arc::default())
}

fn record(log: &AuditLog, bytes: u64) -> Recording {
    let (asker, asked) = (Asker::default(), Asked::default());
    let outcome = Outcome { bytes, ..Outcome::of(Decision::Answered) };
    log.record(&Entry { store: "events", protocol: Protocol::Http, asker: &asker, asked: &asked, outcome })
}

/// As if the process had died: nothing is closed, and nobody holds the file.
async fn dies(log: AuditLog) {
    while log.0.as_ref().is_some_and(|queue| Arc::strong_count(queue) > 1) {
        tokio::task::yield_now().await;
    }
}

/// All lines of a trail, which holds.
fn lines(settings: &Settings) -> Vec<Record> {
    let mut verifier = Verifier::new(Some(&settings.terms.keys));
    let mut records = Vec::new();
    for file in files_of(&settings.file).unwrap() {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.ends_with('\n'), "{text}");
        for line in text.lines() {
            let (faults, record) = verifier.line(line.as_bytes());
            assert_eq!(faults, [], "{line}");
            records.extend(record);
        }
    }
    assert_eq!(verifier.summary().unvouched, 0);
    records
}

fn kinds(settings: &Settings) -> Vec<Kind> {
    lines(settings).iter().map(|record| record.kind).collect()
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_the_number_of_their_own_line() {
    for fsync in [Fsync::Always, Fsync::Never] {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { fsync, ..settings(&folder) };
        let log = open(&settings).unwrap();
        let tasks: Vec<_> = (0..200)
            .map(|number| {
                let log = if number % 3 == 0 { log.own_queue() } else { log.clone() };
                tokio::spawn(async move { (number, record(&log, number).await.unwrap().unwrap()) })
            })
            .collect();
        let mut expected = Vec::new();
        for task in tasks {
            expected.push(task.await.unwrap());
        }
        // What nobody waits for is written all the same.
        drop(record(&log, 4711));
        log.close();
        let lines = lines(&settings);
        assert_eq!(lines.len(), 203);
        assert_eq!(lines[202].kind, Kind::Closed);
        for (number, seq) in expected {
            assert_eq!(lines[usize::try_from(seq).unwrap()].bytes, number);
        }
        assert!(lines.iter().any(|line| line.bytes == 4711));
    }
}

#[tokio::test]
async fn a_trail_goes_on_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder);
    for round in 0..3 {
        let log = open(&settings).unwrap();
        assert!(matches!(open(&settings), Err(OpenError::Busy(_))), "two processes would break the chain");
        record(&log, round).await.unwrap();
        dies(log).await;
        append(&settings.file, "{\"seq\":99,\"time\":");
    }
    let log = open(&settings).unwrap();
    log.close();
    let kinds = kinds(&settings);
    assert_eq!(kinds.iter().filter(|kind| **kind == Kind::Opened).count(), 4);
    assert_eq!(kinds.len(), 8);
    assert_eq!(fs::metadata(&settings.file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn long_files_are_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { max_file_bytes: Some(1000), ..settings(&folder) };
    let log = open(&settings).unwrap();
    for number in 0..20 {
        record(&log, number).await.unwrap();
    }
    dies(log).await;
    // A process may die after it put a file aside, and before it began the next.
    let files = files_of(&settings.file).unwrap();
    assert!(files.len() > 4, "{files:?}");
    let last = files.last().unwrap();
    let first = Record::parse(fs::read_to_string(last).unwrap().lines().next().unwrap().as_bytes()).unwrap();
    fs::rename(last, last.with_file_name(format!("audit.jsonl.{:020}", first.seq))).unwrap();
    let log = open(&settings).unwrap();
    record(&log, 20).await.unwrap();
    drop(log);
    let lines = lines(&settings);
    let entries: Vec<u64> =
        lines.iter().filter(|line| line.kind == Kind::Exchange).map(|line| line.bytes).collect();
    assert_eq!(entries, (0..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn nobody_else_writes_to_it() {
    let folder = tempfile::tempdir().unwrap();
    for on_failure in [OnFailure::Refuse, OnFailure::Count] {
        let settings =
            Settings { on_failure, file: folder.path().join(format!("{on_failure:?}")), ..settings(&folder) };
        let failed = match on_failure {
            OnFailure::Refuse => Err(Unrecorded),
            OnFailure::Count => Ok(None),
        };
        let log = open(&settings).unwrap();
        record(&log, 1).await.unwrap();
        let good = fs::read(&settings.file).unwrap();
        append(&settings.file, "{\"seq\":2}\n");
        assert_eq!(record(&log, 2).await, failed, "a line was added");
        fs::write(&settings.file, &good[..good.len() / 2]).unwrap();
        assert_eq!(record(&log, 3).await, failed, "lines were cut off");
        // Mended, it goes on, and says what it lacks.
        fs::write(&settings.file, &good).unwrap();
        assert_eq!(record(&log, 4).await, Ok(Some(3)));
        let lines = lines(&settings);
        assert_eq!((lines[2].kind, lines[2].lost), (Kind::Gap, 2));
        assert_eq!(lines[3].bytes, 4);
    }
}

fn until_the_path_is_looked_at() {
    std::thread::sleep(Duration::from_millis(20));
}

#[tokio::test]
async fn moved_away_it_goes_on_in_a_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder);
    let log = open(&settings).unwrap();
    record(&log, 1).await.unwrap();
    let moved = folder.path().join("audit.jsonl.00000000000000000000");
    fs::rename(&settings.file, &moved).unwrap();
    until_the_path_is_looked_at();
    record(&log, 2).await.unwrap();
    assert_eq!(kinds(&settings), [Kind::Opened, Kind::Exchange, Kind::Continued, Kind::Exchange]);
    fs::remove_file(&settings.file).unwrap();
    fs::write(&settings.file, "something else\n").unwrap();
    until_the_path_is_looked_at();
    assert_eq!(record(&log, 3).await, Err(Unrecorded));
}

#[test]
fn what_is_no_trail_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder);
    let opened = |settings: &Settings| open(settings).map(|_| ()).unwrap_err().to_string();

    let device = Settings { file: "/dev/full".into(), ..settings.clone() };
    assert!(opened(&device).contains("no regular file"), "{}", opened(&device));
    let nowhere = Settings { file: folder.path().join("no/such/folder"), ..settings.clone() };
    assert!(opened(&nowhere).contains("No such file"), "{}", opened(&nowhere));

    fs::write(&settings.file, "not a trail\n").unwrap();
    fs::set_permissions(&settings.file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(opened(&settings).contains("no audit trail"), "{}", opened(&settings));
    fs::set_permissions(&settings.file, fs::Permissions::from_mode(0o622)).unwrap();
    assert!(opened(&settings).contains("mode 622"), "{}", opened(&settings));
    assert_eq!(fs::read_to_string(&settings.file).unwrap(), "not a trail\n");

    fs::remove_file(&settings.file).unwrap();
    open(&settings).unwrap().close();
    let text = fs::read_to_string(&settings.file).unwrap();
    fs::write(&settings.file, text.replace("closed", "closer")).unwrap();
    assert!(opened(&settings).contains("cannot go on"), "{}", opened(&settings));
    fs::write(&settings.file, &text).unwrap();
    let other = Settings { terms: terms(8), ..settings.clone() };
    assert!(opened(&other).contains("no key of the key ring"), "{}", opened(&other));
}

#[test]
fn a_runtime_that_ends_leaves_no_line_behind() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder);
    let log = open(&settings).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { drop(record(&log, 1)) });
    drop(runtime);
    drop(record(&log, 2));
    assert_eq!(kinds(&settings), [Kind::Opened, Kind::Exchange, Kind::Exchange]);
}

#[tokio::test]
async fn another_key_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&folder);
    let log = open(&settings).unwrap();
    record(&log, 1).await.unwrap();
    settings.terms.keys.insert(0, MacKey::new("next", &Secret::new([9; 32])));
    log.change_terms(settings.terms.clone()).unwrap();
    record(&log, 2).await.unwrap();
    let lines = lines(&settings);
    assert_eq!(lines[0].key.as_deref(), Some("test"));
    assert_eq!((lines[2].kind, lines[2].key.as_deref()), (Kind::Continued, Some("next")));
}

#[tokio::test]
async fn no_trail_costs_nothing() {
    assert_eq!(record(&AuditLog::off(), 1).await, Ok(None));
}
