//! Ways around the proxy: logins that could read the raw data if they reached the server, and whether
//! `pg_hba.conf` lets them.

use super::{Live, LiveError, Survey};
use crate::app::config::Problem;

/// Who may log in and do more than tables allow, and by what.
const ROLES: &str = "\
    SELECT r.rolname, pg_catalog.string_agg(w.what, ', ' ORDER BY w.what) FROM pg_catalog.pg_roles r CROSS JOIN LATERAL (\
    SELECT 'is a superuser' WHERE r.rolsuper UNION ALL \
    SELECT 'may replicate' WHERE r.rolreplication AND NOT r.rolsuper UNION ALL \
    SELECT 'is a member of ' || g.rolname FROM pg_catalog.pg_roles g WHERE NOT r.rolsuper AND g.oid <> r.oid \
    AND (g.rolsuper OR g.rolreplication OR g.rolname IN ('pg_read_all_data', 'pg_read_server_files', \
    'pg_execute_server_program', 'pg_write_server_files')) AND pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER')\
    ) AS w(what) WHERE r.rolcanlogin GROUP BY r.rolname ORDER BY r.rolname";

/// Lines that let somebody in over the network, and our own address as the server sees it.
const LINES: &str = "\
    SELECT line_number, type, pg_catalog.array_to_string(database, ','), \
    pg_catalog.array_to_string(user_name, ','), coalesce(address, '') || coalesce(' ' || netmask, '') \
    FROM pg_catalog.pg_hba_file_rules WHERE error IS NULL AND type LIKE 'host%' AND auth_method <> 'reject' \
    AND NOT coalesce(address IN ('127.0.0.1', '::1', 'localhost', 'samehost', \
    pg_catalog.host(pg_catalog.inet_client_addr())) \
    AND coalesce(netmask, '') IN ('', '255.255.255.255', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'), false) \
    ORDER BY line_number";

const OURS: &str = "SELECT pg_catalog.host(pg_catalog.inet_client_addr())";

impl Survey<'_> {
    pub(super) async fn ways_around(&self, live: &mut Live) -> Result<Vec<Problem>, LiveError> {
        let ours = live.ask(OURS).await?.into_iter().flatten().next().flatten();
        let mut problems: Vec<Problem> =
            live.ask(ROLES).await?.iter().filter_map(|row| self.role(row)).collect();
        match live.try_ask(LINES).await? {
            Ok(lines) => {
                let let_in = lines.iter().filter(|line| self.is_about(line));
                problems.extend(let_in.filter_map(|line| self.line(line, ours.as_deref())));
            }
            Err(_) => problems.push(
                self.note(
                    "whether `pg_hba.conf` closes the ways around the proxy cannot be seen with this login"
                        .to_owned(),
                    format!(
                        "ask as a superuser, or see to it that it has these lines first\n{}",
                        self.lines(ours.as_deref())
                    ),
                ),
            ),
        }
        Ok(problems)
    }

    fn role(&self, row: &[Option<String>]) -> Option<Problem> {
        let [Some(role), Some(what)] = row else { return None };
        let message = format!("role `{role}` may log in and {what}: beside the proxy nothing holds it back");
        let name = if role.chars().all(|it| it.is_ascii_alphanumeric() || it == '_') {
            role.clone()
        } else {
            format!("\"{role}\"")
        };
        Some(self.finding(
            message,
            format!("keep it to the server itself, by a line of `pg_hba.conf` before all others of type host:\nhost  all,replication  {name}  all  reject"),
        ))
    }

    fn is_about(&self, line: &[Option<String>]) -> bool {
        let databases = line.get(2).cloned().flatten().unwrap_or_default();
        databases.split(',').any(|name| {
            name.starts_with(['+', '@', '/'])
                || matches!(name, "all" | "sameuser" | "samerole" | "samegroup")
                || name == self.database
        })
    }

    fn line(&self, line: &[Option<String>], ours: Option<&str>) -> Option<Problem> {
        let [Some(number), Some(kind), Some(databases), Some(users), Some(address)] = line else {
            return None;
        };
        let message = format!(
            "line {number} of `pg_hba.conf` ({kind} {databases} {users} {address}) lets others in than the proxy"
        );
        Some(self.finding(message, format!("put these lines in its place\n{}", self.lines(ours))))
    }

    /// What lets the proxy in and nobody else over the network.
    fn lines(&self, ours: Option<&str>) -> String {
        let proxy = match ours {
            Some(address) if address.contains(':') => format!("{address}/128"),
            Some(address) => format!("{address}/32"),
            None => "ADDRESS-OF-THE-PROXY/32".to_owned(),
        };
        let database = &self.database;
        format!("host  {database}  all  {proxy}  scram-sha-256\nhost  all,replication  all  all  reject")
    }
}
