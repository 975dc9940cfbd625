//! `sfumato audit show`: who asked what, and of whom.

use std::io::Write as _;

use super::{Format, Which, trail};
use crate::audit::{Kind, Record, Verifier};
use crate::cli::{Error, Outcome};

/// What `audit show` takes.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// Only entries that asked for this person, by token or pseudonym
    #[arg(long, value_name = "TOKEN")]
    subject: Option<String>,
    /// Only entries of this asker: a name, or an address
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Only entries of this store
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
    /// Only entries with this decision
    #[arg(long, value_name = "WORD", value_parser = ["begun", "answered", "refused", "cut"])]
    decision: Option<String>,
    /// How to print entries; json prints them as they stand in the trail
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Args {
    fn is_filtered(&self) -> bool {
        self.subject.is_some() || self.who.is_some() || self.store.is_some() || self.decision.is_some()
    }

    fn wants(&self, record: &Record) -> bool {
        let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
        let has_subject = self.subject.as_ref().is_none_or(|wanted| {
            record.subjects.iter().any(|subject| subject.token.eq_ignore_ascii_case(wanted))
        });
        let is_asker = self.who.as_ref().is_none_or(|wanted| {
            let host = record.from.as_deref().and_then(|from| from.rsplit_once(':'));
            let host = host.map(|(host, _)| host.trim_start_matches('[').trim_end_matches(']'));
            record.who.as_ref() == Some(wanted)
                || record.from.as_ref() == Some(wanted)
                || host == Some(wanted)
        });
        has_subject && is_asker && is(&self.store, &record.store) && is(&self.decision, &record.decision)
    }
}

/// Shows what is wanted on standard output; says on standard error if the trail does not hold.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let keys = trail::keys(&args.which)?;
    let mut verifier = Verifier::new(keys.as_deref());
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut findings = 0_u64;
    trail::read(&args.which, &mut verifier, |_, line| {
        findings = findings.saturating_add(u64::try_from(line.faults.len()).unwrap_or(u64::MAX));
        let Some(record) = line.record else { return Ok(()) };
        let is_entry = matches!(record.kind, Kind::Exchange | Kind::Statement | Kind::Login);
        if if is_entry { !args.wants(record) } else { args.is_filtered() } {
            return Ok(());
        }
        match args.format {
            Format::Json => {
                out.write_all(line.text)?;
                out.write_all(b"\n")?;
            }
            Format::Text if is_entry => writeln!(out, "{}", entry(record))?,
            Format::Text => writeln!(out, "{}", note(record))?,
        }
        Ok(())
    })?;
    out.flush()?;
    if findings > 0 {
        let hint = "see `sfumato audit verify`";
        writeln!(anstream::stderr(), "the trail does NOT hold: {findings} findings; {hint}")?;
    }
    Ok(if findings > 0 { Outcome::Findings } else { Outcome::Fine })
}

fn entry(record: &Record) -> String {
    let mut words = vec![
        record.time.clone(),
        record.who.clone().unwrap_or_else(|| "-".to_owned()),
        record.from.clone().unwrap_or_else(|| "-".to_owned()),
        record.store.clone(),
    ];
    words.extend(record.role.iter().map(|role| format!("as {role}")));
    words.push(record.decision.clone());
    words.extend(record.reason.clone());
    words.extend(record.status.map(|status| status.to_string()));
    words.extend(record.shape.iter().map(|shape| format!("\"{shape}\"")));
    words.extend(record.subjects.iter().map(|subject| format!("{}={}", subject.field, subject.token)));
    words.extend(record.rows.map(|rows| format!("{rows} rows")));
    match record.count {
        Some(count) => {
            words.extend(record.claimed.iter().map(|name| format!("as if {name}")));
            words.push(format!("{count} logins"));
        }
        None => words.push(format!("{} bytes", record.bytes)),
    }
    words.extend(record.treated.iter().map(|(treatment, count)| format!("{treatment}:{count}")));
    plain(&words.join("  "))
}

fn note(record: &Record) -> String {
    let words = match record.kind {
        Kind::Opened => "the proxy begins to write".to_owned(),
        Kind::Continued => "the trail goes on".to_owned(),
        Kind::Gap => format!("{} entries could not be written", record.lost),
        Kind::Closed => "the proxy stops in peace".to_owned(),
        Kind::Exchange | Kind::Statement | Kind::Login => String::new(),
    };
    let policy = record.policy.iter().map(|policy| format!(", policy {policy}"));
    let key = record.key.iter().map(|key| format!(", key {key}"));
    plain(&format!("{}  -- {words}{}", record.time, policy.chain(key).collect::<String>()))
}

/// What a forged trail says must not steer a terminal.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            plain.extend(character.escape_default());
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_lines_of_plain_text() {
        let line = br#"{"seq":4,"time":"2026-08-01T09:00:00.123Z","kind":"exchange","store":"events","who":"al\u001b[31mice\n","from":"192.0.2.7:4711","shape":"GET /v1/{id}","decision":"refused","reason":"parameter","status":403,"bytes":0,"subjects":[{"field":"id","token":"psn_x"}],"treated":{"coarse-ip":5}}"#;
        let record = Record::parse(line).unwrap();
        let shown = entry(&record);
        let expected = "2026-08-01T09:00:00.123Z  al\\u{1b}[31mice\\n  192.0.2.7:4711  events  refused  \
                        parameter  403  \"GET /v1/{id}\"  id=psn_x  0 bytes  coarse-ip:5";
        assert_eq!(shown, expected);
        let args = |subject: Option<&str>, who: Option<&str>| Args {
            which: Which { file: "x".into(), config: None },
            subject: subject.map(str::to_owned),
            who: who.map(str::to_owned),
            store: None,
            decision: None,
            format: Format::Text,
        };
        assert!(args(Some("PSN_X"), Some("192.0.2.7")).wants(&record));
        assert!(!args(Some("psn_y"), None).wants(&record));
        assert!(!args(None, Some("192.0.2.70")).wants(&record));
    }
}
