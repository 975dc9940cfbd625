//! `sfumato audit verify`: every line that was changed, removed, moved or inserted.
//!
//! A chain cannot show by itself that whole lines are missing at its end: the summary gives the number and
//! the hash of the last line, to be noted elsewhere and given to `--noted` the next time.

use std::io::Write as _;

use serde::Serialize;

use super::{Format, Which, trail};
use crate::audit::{Digest, Verifier};
use crate::cli::{Error, Outcome};

/// What `audit verify` takes.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// A hash that was noted when the trail was checked before: it must still be there
    #[arg(long, value_name = "HASH", value_parser = digest)]
    noted: Option<Digest>,
    /// How to print what is found
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn digest(text: &str) -> Result<Digest, &'static str> {
    Digest::parse(text.as_bytes()).ok_or("a hash has 64 hexadecimal digits in lower case")
}

#[derive(Serialize)]
struct Finding<'a> {
    file: String,
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    finding: &'a str,
}

#[derive(Serialize)]
struct Verdict {
    holds: bool,
    findings: u64,
    lines: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    without_mac: Option<u64>,
    lost_entries: u64,
    unfinished_bytes: usize,
    closed: bool,
}

/// Reads the whole trail; findings and a verdict go to standard output.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let keys = trail::keys(&args.which)?;
    let mut verifier = Verifier::new(keys.as_deref());
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (mut findings, mut has_noted) = (0_u64, args.noted.is_none());
    let torn = trail::read(&args.which, &mut verifier, |verifier, line| {
        has_noted |= verifier.position().is_some_and(|at| Some(at.head) == args.noted);
        for fault in line.faults {
            findings = findings.saturating_add(1);
            let (file, fault) = (line.file.display().to_string(), fault.to_string());
            let seq = line.record.map(|record| record.seq);
            match (args.format, seq) {
                (Format::Json, _) => {
                    let finding = Finding { file, line: line.number, seq, finding: &fault };
                    writeln!(out, "{}", serde_json::to_string(&finding)?)?;
                }
                (Format::Text, Some(seq)) => writeln!(out, "{file}:{}: line {seq} {fault}", line.number)?,
                (Format::Text, None) => writeln!(out, "{file}:{}: {fault}", line.number)?,
            }
        }
        Ok(())
    })?;
    let summary = verifier.summary();
    let position = verifier.position();
    let unvouched = keys.is_some().then_some(summary.unvouched);
    let is_there = position.is_some();
    let verdict = Verdict {
        holds: findings == 0 && has_noted && unvouched.unwrap_or(0) == 0 && is_there,
        findings,
        lines: summary.lines,
        first: is_there.then_some(summary.first),
        last: position.map(|at| at.seq.saturating_sub(1)),
        hash: position.map(|at| at.head.to_string()),
        without_mac: unvouched,
        lost_entries: summary.lost,
        unfinished_bytes: torn,
        closed: summary.is_closed,
    };
    match args.format {
        Format::Json => writeln!(out, "{}", serde_json::to_string(&verdict)?)?,
        Format::Text => print(&verdict, has_noted, &mut out)?,
    }
    out.flush()?;
    Ok(if verdict.holds { Outcome::Fine } else { Outcome::Findings })
}

fn print(verdict: &Verdict, has_noted: bool, out: &mut impl std::io::Write) -> std::io::Result<()> {
    if let (Some(first), Some(last), Some(hash)) = (verdict.first, verdict.last, &verdict.hash) {
        writeln!(out, "lines {first} to {last}, hash of the last {hash}")?;
        if first > 0 {
            writeln!(out, "lines before {first} are in files that are not here")?;
        }
    } else {
        writeln!(out, "there is no trail here")?;
    }
    if verdict.lost_entries > 0 {
        writeln!(out, "the trail itself says that {} entries could not be written", verdict.lost_entries)?;
    }
    if verdict.unfinished_bytes > 0 {
        let bytes = verdict.unfinished_bytes;
        writeln!(out, "an unfinished line of {bytes} bytes follows: the process was stopped while it wrote")?;
    } else if !verdict.closed {
        writeln!(
            out,
            "the trail is not closed: it is being written, or the process was killed, or its end is cut off"
        )?;
    }
    match verdict.without_mac {
        None => writeln!(out, "MACs were not checked: give --config to check them")?,
        Some(0) => writeln!(out, "the key vouches for every line")?,
        Some(lines) => writeln!(out, "the last {lines} lines have no MAC that the key made")?,
    }
    if !has_noted {
        writeln!(
            out,
            "the noted hash is not in the trail: its end was cut off, or all of it was written anew"
        )?;
    }
    let words = if verdict.holds { "the trail holds" } else { "the trail does NOT hold" };
    writeln!(out, "{words}")
}
