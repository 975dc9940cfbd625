//! How the operator logs in to a PostgreSQL store: the options and variables that libpq's programs have.

use crate::app::config::{Machine, World as _};
use crate::front::postgres::Login;

/// Options of verbs that look at a live database.
#[derive(clap::Args, Debug)]
pub(super) struct LoginArgs {
    /// PostgreSQL stores: the database to look at [default: PGDATABASE, or the user's name]
    #[arg(long, value_name = "DB")]
    database: Option<String>,
    /// PostgreSQL stores: who logs in there [default: PGUSER, or USER]; the password is taken from PGPASSWORD
    #[arg(long, value_name = "USER")]
    user: Option<String>,
}

/// Nobody is named who could log in.
#[derive(Debug, thiserror::Error)]
#[error("nobody is named who logs in to the store: give `--user`, or set PGUSER")]
pub(super) struct NoUser;

impl LoginArgs {
    /// Who logs in where.
    pub(super) fn login(&self) -> Result<Login, NoUser> {
        let variable = |name| Machine.variable(name).map(|value| value.to_string());
        let user =
            self.user.clone().or_else(|| variable("PGUSER")).or_else(|| variable("USER")).ok_or(NoUser)?;
        let database =
            self.database.clone().or_else(|| variable("PGDATABASE")).unwrap_or_else(|| user.clone());
        Ok(Login { user, password: Machine.variable("PGPASSWORD"), database })
    }
}
