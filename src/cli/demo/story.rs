//! What is said, in which order.
//!
//! Not here: how it looks (`screen`), how answers are had (`questions`).

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::Value;

use super::people::World;
use super::probe::Evidence;
use super::questions::{Asker, analysis, play_probe};
use super::screen::{Screen, counted, grouped};
use crate::cli::Error;

const SHOWN_FIELDS: [&str; 9] = ["at", "user_id", "email", "ip", "ip6", "bssid", "lat", "lon", "note"];
pub(super) const WITHOUT: &str = "the store itself";
pub(super) const WITH: &str = "through sfumato";

/// The same store, asked directly and through the proxy.
#[derive(Debug)]
pub(super) struct Both {
    pub(super) raw: Asker,
    pub(super) coarse: Asker,
}

/// The whole story.
pub(super) async fn tell<W: Write>(screen: &mut Screen<W>, world: &World, both: &Both) -> Result<(), Error> {
    introduce(screen, world, both)?;
    let address = one_login(screen, both).await?;
    let logs = (both.raw.whole_log().await?, both.coarse.whole_log().await?);
    honest_questions(screen, both, (&logs.0, &logs.1)).await?;
    a_nosy_question(screen, both, &address).await?;
    the_probe(screen, both, (&logs.0, &logs.1)).await
}

fn introduce<W: Write>(screen: &mut Screen<W>, world: &World, both: &Both) -> io::Result<()> {
    screen.title("sfumato", "makes data too coarse to follow a person with, and no coarser")?;
    screen.space()?;
    screen.paragraph(
        "In 2022 employees of a company looked up journalists in its internal tools, to see who of the staff had \
         been in the same place. Nobody broke in: the tools simply answered. sfumato is a proxy that stands \
         between such tools and the data. Those who run a data platform put it in front of a store, with a policy \
         for each field; those who work with the data go on as before.",
    )?;
    screen.space()?;
    let size = format!(
        "{} people, {} sign-ins, all invented",
        grouped(world.users.len()),
        grouped(world.logins.len())
    );
    screen.line(&format!("{WITHOUT:18}{}  {size}", both.raw.url()))?;
    screen.line(&format!("{WITH:18}{}  the same API; policy: config/demo.toml", both.coarse.url()))
}

/// Shows one record that has an address in its note; returns its address as the store has it.
async fn one_login<W: Write>(screen: &mut Screen<W>, both: &Both) -> Result<String, Error> {
    let raw = both.raw.first_logins().await?;
    let coarse = both.coarse.first_logins().await?;
    let has_address = |it: &Value| text(it, "note").contains(&text(it, "ip"));
    let index = raw.iter().position(has_address).unwrap_or(0);
    let (Some(raw), Some(coarse)) = (raw.get(index), coarse.get(index)) else { return Ok(String::new()) };
    screen.heading(1, "One sign-in", "GET /v1/logins")?;
    screen.columns(&SHOWN_FIELDS, WITHOUT, WITH)?;
    for name in SHOWN_FIELDS {
        screen.pair(name, &text(raw, name), &text(coarse, name))?;
    }
    Ok(text(raw, "ip"))
}

async fn honest_questions<W: Write>(
    screen: &mut Screen<W>,
    both: &Both,
    (raw, coarse): (&[Value], &[Value]),
) -> Result<(), Error> {
    let before = analysis(raw, &both.raw.ids_of("staff").await?);
    let after = analysis(coarse, &both.coarse.ids_of("staff").await?);
    let bars = (both.raw.dashboard().await?, both.coarse.dashboard().await?);
    let same = bars.0.iter().zip(&bars.1).filter(|(one, other)| one == other).count();
    let dashboard = "dashboard: country by hour";
    let mut labels: Vec<&str> = before.iter().map(|(label, _)| *label).collect();
    labels.push(dashboard);
    screen.heading(
        2,
        "Honest questions have the same answer",
        "GET /v1/export.ndjson, /v1/users, /v1/stats",
    )?;
    screen.columns(&labels, WITHOUT, WITH)?;
    for ((label, before), (_, after)) in before.iter().zip(&after) {
        screen.pair(label, before, after)?;
    }
    let all = counted(bars.0.len(), "bar");
    let after =
        if same == bars.0.len() { all.clone() } else { format!("{} of them the same", grouped(same)) };
    screen.pair(dashboard, &all, &after)?;
    Ok(())
}

async fn a_nosy_question<W: Write>(screen: &mut Screen<W>, both: &Both, address: &str) -> Result<(), Error> {
    let network = network_of(address);
    screen.heading(
        3,
        "A nosy question: who was at this address?",
        &format!("GET /v1/logins?ip={address}"),
    )?;
    screen.columns(&[address, &network], WITHOUT, WITH)?;
    for ip in [address, &network] {
        screen.pair(ip, &both.raw.logins_from(ip).await?, &both.coarse.logins_from(ip).await?)?;
    }
    Ok(())
}

async fn the_probe<W: Write>(
    screen: &mut Screen<W>,
    both: &Both,
    (raw, coarse): (&[Value], &[Value]),
) -> Result<(), Error> {
    let before = play_probe(&both.raw, raw).await?;
    let after = play_probe(&both.coarse, coarse).await?;
    screen.heading(4, "The probe of 2022: which colleague met the journalist?", "the whole log, compared")?;
    screen.remark(
        "It is told which account is the journalist's and which are colleagues', and compares every pair of sign-ins: \
         address, network, wireless, position, minutes.",
    )?;
    screen.columns(&["colleagues that fit", "who is it?"], WITHOUT, WITH)?;
    screen.pair("colleagues that fit", &fitting(&before), &fitting(&after))?;
    screen.pair("because", &reasons(&before), &reasons(&after))?;
    screen.pair("who is it?", &named(&both.raw, &before).await?, &named(&both.coarse, &after).await?)?;
    screen.space()?;
    Ok(screen.paragraph(&moral(before.len(), after.len()))?)
}

/// What the figures say, whatever they are.
fn moral(before: usize, after: usize) -> String {
    let colleagues = counted(after, "colleague");
    match (before, after) {
        (1, 2..) => format!(
            "The store gives one person away. Through sfumato {colleagues} were in the same network, the same square of \
             0.1 degree and the same hour as the journalist, and nothing that can be asked tells them apart.",
        ),
        _ => format!(
            "The probe found {} in the store and {colleagues} through sfumato.",
            counted(before, "colleague")
        ),
    }
}

fn fitting(suspects: &BTreeMap<String, Evidence>) -> String {
    match suspects.len() {
        1 => "1".to_owned(),
        many => format!("{}, all equally well", grouped(many)),
    }
}

/// What speaks for the suspects, in words; they have it in common.
fn reasons(suspects: &BTreeMap<String, Evidence>) -> String {
    let Some(evidence) = suspects.values().next() else { return "nothing".to_owned() };
    let mut said = Vec::new();
    let signs = [
        (evidence.same_address, "the same `ip`"),
        (evidence.same_network6, "the same `ip6` network"),
        (evidence.same_wireless, "the same wireless"),
    ];
    said.extend(signs.into_iter().filter(|(is_so, _)| *is_so).map(|(_, sign)| sign.to_owned()));
    match evidence.metres_apart {
        Some(0.0) => said.push("the same `lat` and `lon`".to_owned()),
        Some(metres) => said.push(format!("{metres:.0} m apart")),
        None => {}
    }
    match evidence.seconds_apart {
        0 => said.push("the same `at`".to_owned()),
        seconds => said.push(format!("{} min apart", seconds / 60)),
    }
    said.join(", ")
}

async fn named(asker: &Asker, suspects: &BTreeMap<String, Evidence>) -> Result<String, Error> {
    match suspects.keys().next() {
        Some(id) if suspects.len() == 1 => Ok(asker.email_of(id).await?),
        _ => Ok("nobody can tell".to_owned()),
    }
}

/// Why there is no act with a database.
pub(super) fn without_database<W: Write>(
    screen: &mut Screen<W>,
    reason: &dyn std::error::Error,
) -> io::Result<()> {
    screen.space()?;
    screen.paragraph(&format!("The same with a PostgreSQL database is left out: {reason}."))
}

/// What to try, on the ports of this run.
pub(super) fn invite<W: Write>(screen: &mut Screen<W>, both: &Both) -> Result<(), Error> {
    let (raw, coarse) = (both.raw.url(), both.coarse.url());
    screen.space()?;
    screen.paragraph("All go on answering until Ctrl-C. Try, in another terminal:")?;
    screen.space()?;
    let (logins, network, address) = ("v1/logins?limit=2", "198.18.0.0/16", "198.18.7.41");
    for (what, line) in [
        ("sign-ins as the store has them", format!("curl -s '{raw}/{logins}'")),
        ("the same through the proxy", format!("curl -s '{coarse}/{logins}'")),
        ("a network may be asked for", format!("curl -s '{coarse}/{logins}&ip={network}'")),
        ("an address may not", format!("curl -s '{coarse}/{logins}&ip={address}'")),
        ("as a table", format!("curl -s {coarse}/v1/logins.csv | head -n 3")),
        ("all of it, a line each", format!("curl -s {coarse}/v1/export.ndjson | head -n 3")),
    ] {
        screen.command(what, &line)?;
    }
    Ok(())
}

fn text(record: &Value, name: &str) -> String {
    match record.get(name) {
        None | Some(Value::Null) => "null".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The /16 that an address lies in.
fn network_of(address: &str) -> String {
    let octets: Vec<&str> = address.split('.').take(2).collect();
    format!("{}.0.0/16", octets.join("."))
}
