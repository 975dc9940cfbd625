//! The invented people in a database: the same users and sign-ins that the HTTP store has.

use crate::front::postgres::{Own, OwnError};

use super::super::people::{Login, User, World};

/// The database of the demonstration, and who asks it.
pub(super) const DATABASE: &str = "signins";
pub(super) const ANALYST: &str = "analyst";

const TABLES: &str = "\
    CREATE TABLE users (user_id uuid PRIMARY KEY, email text, kind text, country text);\
    CREATE TABLE logins (id int PRIMARY KEY, at timestamptz, user_id uuid, email text, country text, device text, \
    ip inet, ip6 inet, bssid macaddr, lat float8, lon float8, note text);\
    GRANT SELECT ON users, logins TO analyst";

/// Rows of one statement.
const BATCH: usize = 1_000;

/// Makes the tables and fills them; `own` is the superuser's connection to the new database.
pub(super) async fn load(own: &mut Own, world: &World) -> Result<(), OwnError> {
    own.ask(TABLES).await?;
    // In no order: where an account stands in the table shall not tell its id.
    let users: Vec<String> = world.users.iter().map(user).collect();
    let users = users.join(", ");
    own.ask(&format!(
        "INSERT INTO users SELECT user_id::uuid, email, kind, country \
         FROM (VALUES {users}) AS it(user_id, email, kind, country) ORDER BY random()"
    ))
    .await?;
    for batch in world.logins.chunks(BATCH) {
        let rows: Vec<String> = batch.iter().map(login).collect();
        own.ask(&format!("INSERT INTO logins VALUES {}", rows.join(", "))).await?;
    }
    own.ask("ANALYZE").await.map(drop)
}

fn user(user: &User) -> String {
    let User { user_id, email, kind, country } = user;
    row(&[user_id, email, kind, country])
}

fn login(login: &Login) -> String {
    let Login { id, at, user_id, email, country, device, ip, ip6, bssid, lat, lon, note } = login;
    let (id, lat, lon) = (id.to_string(), lat.to_string(), lon.to_string());
    row(&[&id, at, user_id, email, country, device, ip, ip6, bssid, &lat, &lon, note])
}

/// A row of literals, whose types the server finds out.
fn row(values: &[&str]) -> String {
    let literals: Vec<String> =
        values.iter().map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
    format!("({})", literals.join(", "))
}
