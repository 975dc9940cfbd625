//! What is asked of the database, and what is said of the answers.
//!
//! Invariant: one function asks both sides; it does not know which of the two it is talking to.

use std::io::{self, Write};

use super::Stage;
use crate::cli::Error;
use crate::cli::demo::screen::{Screen, counted};
use crate::cli::demo::story::{WITH, WITHOUT};
use crate::front::postgres::{Own, OwnError};
use crate::session::postgres::Rows;

/// An analyst's questions.
const HONEST: [(&str, &str); 4] = [
    (
        "sign-ins and people by country",
        "SELECT country, count(*), count(DISTINCT user_id) FROM logins GROUP BY country ORDER BY country",
    ),
    (
        "sign-ins by staff (a join)",
        "SELECT count(*) FROM logins JOIN users USING (user_id) WHERE kind = 'staff'",
    ),
    (
        "came back another day",
        "SELECT count(*) FROM (SELECT user_id FROM logins GROUP BY user_id \
         HAVING min(date_trunc('day', at)) < max(date_trunc('day', at))) AS came_back",
    ),
    (
        "busiest hour",
        "SELECT at, count(*) FROM (SELECT date_trunc('hour', at) AS at FROM logins) AS hours \
         GROUP BY at ORDER BY count(*) DESC, at LIMIT 1",
    ),
];

/// A sign-in whose note holds its address.
const VICTIM: &str =
    "SELECT id, host(ip) FROM logins WHERE position(host(ip) IN note) > 0 ORDER BY id LIMIT 1";

/// The question of 2022 as a join.
const CO_LOCATION: &str = "SELECT DISTINCT who.email FROM logins AS seen JOIN users AS press ON press.user_id = seen.user_id \
    JOIN logins AS near ON near.ip = seen.ip AND near.at BETWEEN seen.at - interval '10 minutes' AND seen.at + \
    interval '10 minutes' JOIN users AS who ON who.user_id = near.user_id \
    WHERE press.kind = 'press' AND who.kind = 'staff'";

/// Tells the act.
pub(in crate::cli::demo) async fn tell<W: Write>(
    screen: &mut Screen<W>,
    stage: &mut Stage,
) -> Result<(), Error> {
    let (_, psql) = stage.commands();
    screen.heading(5, "The same sign-ins in a database", &psql)?;
    let labels = HONEST.map(|(label, _)| label);
    screen.columns(&labels, WITHOUT, WITH)?;
    for (label, statement) in HONEST {
        screen.pair(
            label,
            &asked(&mut stage.raw, statement).await?,
            &asked(&mut stage.coarse, statement).await?,
        )?;
    }
    let victim = stage.raw.ask(VICTIM).await?;
    let Some([Some(id), Some(address)]) = victim.first().map(Vec::as_slice) else { return Ok(()) };
    screen.heading(6, "What an insider would try", &format!("of sign-in {id}"))?;
    screen.columns(&[""], WITHOUT, WITH)?;
    for statement in tries(id, address) {
        screen.asked(&statement)?;
        let before = asked(&mut stage.raw, &statement).await?;
        let after = asked(&mut stage.coarse, &statement).await?;
        screen.pair("", &before, &after)?;
    }
    Ok(())
}

fn tries(id: &str, address: &str) -> Vec<String> {
    vec![
        format!("SELECT DISTINCT users.email FROM users JOIN logins USING (user_id) WHERE ip = '{address}'"),
        format!("SELECT host(ip) || '' FROM logins WHERE id = {id}"),
        format!("SELECT to_json(logins) ->> 'ip' FROM logins WHERE id = {id}"),
        format!("SELECT note::inet FROM logins WHERE id = {id}"),
        format!("EXPLAIN SELECT ip FROM logins WHERE ip = '{address}'"),
        CO_LOCATION.to_owned(),
    ]
}

/// The answer in a few words, or the error.
async fn asked(own: &mut Own, statement: &str) -> Result<String, OwnError> {
    match own.ask(statement).await {
        Ok(rows) => Ok(in_short(statement, &rows)),
        Err(OwnError::Refused(said)) => Ok(format!("ERROR: {}", said.message)),
        Err(error) => Err(error),
    }
}

fn in_short(statement: &str, rows: &Rows) -> String {
    let shown = |row: &Vec<Option<String>>| {
        let cells: Vec<&str> = row.iter().map(|cell| cell.as_deref().unwrap_or("null")).collect();
        cells.join(" ")
    };
    match rows.as_slice() {
        [] => "no row".to_owned(),
        // The rest of a plan is as long as it is dull.
        [first, second, ..] if statement.starts_with("EXPLAIN") => {
            format!("{}: {}; ...", shown(first), shown(second).trim())
        }
        few @ ([_] | [_, _] | [_, _, _] | [_, _, _, _]) => {
            few.iter().map(shown).collect::<Vec<_>>().join("; ")
        }
        many => counted(many.len(), "row"),
    }
}

/// What to try with psql.
pub(in crate::cli::demo) fn invite<W: Write>(screen: &mut Screen<W>, stage: &Stage) -> io::Result<()> {
    let (direct, through) = stage.commands();
    screen.command("the database itself", &direct)?;
    screen.command("the database through the proxy; try `EXPLAIN SELECT ip, email FROM logins`", &through)
}
