//! Between psql and three servers in lockstep: two are asked directly, the third what the pipeline makes of a query.
//!
//! The second, like the third, has the settings that the proxy pins, and is asked for the catalogue whenever the
//! third is: what already differs between the first two does not come from the pipeline.
//! psql reads the statements' files, so that its own commands and variables mean what they mean. It is shown what the
//! first server answers. Whatever is no query goes to all three as it is.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use sfumato::policy::SqlPlans;
use sfumato::sql::{Catalogue, PINNED_SETTINGS, Planner, QUERIES, Row, SessionView};

use super::connection::{Connection, Message, text};
use super::judge::{Answer, Planned, Tally};

/// Deep statements are parsed here too.
const STACK_BYTES: usize = 512 * 1024 * 1024;

/// Statements after which the catalogue and the search path are what they were.
const HARMLESS: &[&str] = &[
    "SELECT",
    "FETCH",
    "INSERT",
    "UPDATE",
    "DELETE",
    "SHOW",
    "BEGIN",
    "EXPLAIN",
    "SAVEPOINT",
    "DECLARE",
    "MOVE",
];

/// The ports of the servers.
#[derive(Clone, Copy)]
pub struct Ports {
    pub direct: u16,
    pub control: u16,
    pub ours: u16,
}

/// Listens for psql; one thread for each connection. Gives the port.
pub fn start(ports: Ports, plans: &SqlPlans, tally: &Arc<Mutex<Tally>>) -> io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let (plans, tally) = (plans.clone(), Arc::clone(tally));
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (plans, tally) = (plans.clone(), Arc::clone(&tally));
            let work = move || {
                let ended = Session::open(client, ports, plans, &tally).and_then(Session::run);
                if let Err(error) = ended {
                    tally.lock().unwrap().note(&format!("a connection ended: {error}"));
                }
            };
            std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).expect("a thread");
        }
    });
    Ok(port)
}

struct Session<'t> {
    client: Connection,
    direct: Connection,
    control: Connection,
    ours: Connection,
    plans: SqlPlans,
    tally: &'t Mutex<Tally>,
    planner: Option<Planner>,
    /// The answers that the planner's catalogue was made of.
    known: Vec<Vec<Row>>,
    user: String,
    /// The session's `search_path`, schema by schema.
    path: Vec<String>,
    temporary: Option<String>,
    stale: bool,
    /// In a transaction that failed.
    failed: bool,
    /// Settings that the proxy pins and that this session has turned away: what it reads is not what it says.
    unpinned: Vec<String>,
}

impl<'t> Session<'t> {
    fn open(client: TcpStream, ports: Ports, plans: SqlPlans, tally: &'t Mutex<Tally>) -> io::Result<Self> {
        client.set_nodelay(true)?;
        let (mut client, parameters) = Connection::from_client(client)?;
        let (direct, greeting) = Connection::to_server(ports.direct, &parameters)?;
        let (control, _) = Connection::to_server(ports.control, &pinned(&parameters))?;
        let (ours, _) = Connection::to_server(ports.ours, &pinned(&parameters))?;
        client.send_all(&greeting)?;
        let user = parameters.iter().find(|(name, _)| name == "user").map(|(_, user)| user.clone());
        Ok(Self {
            client,
            direct,
            control,
            ours,
            plans,
            tally,
            planner: None,
            known: Vec::new(),
            user: user.unwrap_or_default(),
            path: Vec::new(),
            temporary: None,
            stale: true,
            failed: false,
            unpinned: Vec::new(),
        })
    }

    fn run(mut self) -> io::Result<()> {
        loop {
            let message = match self.client.receive() {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                other => other?,
            };
            match message.tag {
                b'X' => return Ok(()),
                b'Q' => self.query(&message)?,
                // psql waits for an answer after these; not after the other messages of the extended protocol and of COPY.
                b'S' | b'c' | b'f' | b'F' => {
                    self.everywhere(&message)?;
                    let answer = self.answers()?.0;
                    self.reply(&answer)?;
                }
                _ => self.everywhere(&message)?,
            }
        }
    }

    fn everywhere(&mut self, message: &Message) -> io::Result<()> {
        [&mut self.direct, &mut self.control, &mut self.ours]
            .into_iter()
            .try_for_each(|one| one.send(message))
    }

    fn answers(&mut self) -> io::Result<(Vec<Message>, Vec<Message>, Vec<Message>)> {
        Ok((self.direct.answer()?, self.control.answer()?, self.ours.answer()?))
    }

    fn reply(&mut self, answer: &[Message]) -> io::Result<()> {
        for message in answer {
            match (message.tag, message.body.as_slice()) {
                (b'C', tag) => {
                    let harmless = HARMLESS.iter().any(|word| tag.starts_with(word.as_bytes()));
                    self.stale |= !harmless;
                }
                (b'Z', [status]) => self.failed = *status == b'E',
                (b'S', body) => self.setting(body),
                _ => {}
            }
        }
        self.client.send_all(answer)
    }

    fn setting(&mut self, body: &[u8]) {
        let mut texts = body.split(|byte| *byte == 0).map(text);
        let (Some(name), Some(value)) = (texts.next(), texts.next()) else { return };
        if let Some((_, pinned)) = PINNED_SETTINGS.iter().find(|(setting, _)| *setting == name) {
            self.unpinned.retain(|setting| *setting != name);
            if value != *pinned {
                self.unpinned.push(name);
            }
        }
    }

    fn query(&mut self, message: &Message) -> io::Result<()> {
        let bytes = message.body.strip_suffix(b"\0").unwrap_or(&message.body);
        let statement = std::str::from_utf8(bytes).ok().filter(|text| is_select(text));
        let Some(statement) = statement.filter(|_| !self.failed && self.unpinned.is_empty()) else {
            self.everywhere(message)?;
            let answer = self.answers()?.0;
            return self.reply(&answer);
        };
        if self.stale {
            self.look_up()?;
        }
        if statement.contains("current_schema") && self.has_temporary() {
            // What it answers is the session's, and so is whether temporary relations come first.
            self.everywhere(message)?;
            let answer = self.answers()?.0;
            return self.reply(&answer);
        }
        let planned = self.plan(statement)?;
        let direct = self.direct.ask(bytes)?;
        let control = self.control.ask(bytes)?;
        let ours = match &planned {
            Planned::Sent(sent) => self.ours.ask(sent.as_bytes())?,
            Planned::Refused { .. } => self.ours.ask(bytes)?,
        };
        let (one, two, three) = (Answer::of(&direct), Answer::of(&control), Answer::of(&ours));
        self.tally.lock().unwrap().judge(statement, &planned, &one, &two, &three);
        self.reply(&direct)
    }

    /// What the pipeline makes of a statement; what it does not know is looked up again, once.
    fn plan(&mut self, statement: &str) -> io::Result<Planned> {
        match self.planned(statement) {
            Planned::Refused { code, .. } if code.starts_with("42") => {
                self.look_up()?;
                Ok(self.planned(statement))
            }
            planned => Ok(planned),
        }
    }

    fn has_temporary(&self) -> bool {
        self.temporary.is_some() || self.path.iter().any(|schema| schema.starts_with("pg_temp"))
    }

    fn planned(&self, statement: &str) -> Planned {
        let Some(planner) = &self.planner else {
            return Planned::Refused { code: String::new(), message: "no catalogue".to_owned() };
        };
        // Temporary tables hide others without being on the path that a session shows.
        let hidden = self.temporary.iter().filter(|temporary| !self.path.contains(temporary));
        let path: Vec<String> = hidden.chain(&self.path).cloned().collect();
        let view = SessionView { search_path: Some(&path), user: &self.user, role: None, salt: &[7; 16] };
        match planner.plan(statement, &view, &[]) {
            Ok(planned) => match planned.as_slice() {
                [one] if one.parameters.is_empty() && one.hidden_columns == 0 => {
                    Planned::Sent(one.sql.clone())
                }
                _ => Planned::Refused { code: String::new(), message: "not one plain statement".to_owned() },
            },
            Err(refusal) => {
                Planned::Refused { code: refusal.sqlstate.to_owned(), message: refusal.message.clone() }
            }
        }
    }

    /// Reads the catalogue with the session's own eyes: temporary tables and what is not yet committed too.
    fn look_up(&mut self) -> io::Result<()> {
        let paths = "SELECT pg_catalog.current_setting('search_path'), (SELECT nspname FROM pg_catalog.pg_namespace \
                     WHERE oid = pg_catalog.pg_my_temp_schema())";
        let found = self.ours.rows(paths)?;
        let [Some(listed), temporary] = found.first().map(Vec::as_slice).unwrap_or_default() else {
            return Err(io::Error::other("no search path"));
        };
        self.control.rows(paths)?;
        let mut answers = Vec::with_capacity(QUERIES.len());
        for query in &QUERIES {
            let text = query.text.replace("'^pg_(toast|temp)'", "'^pg_toast'");
            // No transaction is there to end it.
            let text = match query.name {
                "enter" => back_to(""),
                "leave" => back_to(listed),
                _ => text,
            };
            answers.push(self.ours.rows(&text)?);
            self.control.rows(&text)?;
        }
        self.path = schemas(listed);
        self.temporary.clone_from(temporary);
        for schema in &mut self.path {
            if let ("pg_temp", Some(temporary)) = (schema.as_str(), temporary) {
                schema.clone_from(temporary);
            }
        }
        self.stale = false;
        if self.planner.is_none() || answers != self.known {
            let catalogue = Catalogue::load(&answers).map_err(io::Error::other)?;
            self.planner = Some(Planner::with_open_lists(Arc::new(catalogue), self.plans.clone()));
            self.known = answers;
        }
        Ok(())
    }
}

/// The client's parameters, with the proxy's own settings behind them.
fn pinned(parameters: &[(String, String)]) -> Vec<(String, String)> {
    let mut parameters = parameters.to_vec();
    let wanted: String = PINNED_SETTINGS.iter().map(|(name, value)| format!(" -c {name}={value}")).collect();
    match parameters.iter_mut().find(|(name, _)| name == "options") {
        Some((_, options)) => options.push_str(&wanted),
        None => parameters.push(("options".to_owned(), wanted)),
    }
    parameters
}

fn back_to(listed: &str) -> String {
    let quoted = listed.replace('\'', "''");
    format!("SELECT pg_catalog.set_config('search_path', '{quoted}', false)")
}

/// The schemas of a `search_path`, unquoted.
fn schemas(listed: &str) -> Vec<String> {
    let unquoted = |schema: &str| match schema.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => schema.to_lowercase(),
    };
    listed.split(',').map(str::trim).filter(|schema| !schema.is_empty()).map(unquoted).collect()
}

/// `SELECT`, `WITH`, `VALUES` or `TABLE` that writes nothing.
fn is_select(statement: &str) -> bool {
    use pg_query::NodeEnum;
    let Ok(parsed) = pg_query::parse(statement, pg_query::ParserOptions::DEFAULT) else {
        let first = statement.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
        let first: String = first.chars().take_while(char::is_ascii_alphabetic).collect();
        return ["select", "values", "table"].contains(&first.to_lowercase().as_str());
    };
    let [one] = parsed.protobuf.stmts.as_slice() else { return false };
    let Some(NodeEnum::SelectStmt(select)) = one.stmt.as_ref().and_then(|stmt| stmt.node.as_ref()) else {
        return false;
    };
    let writes = |cte: &pg_query::protobuf::Node| match cte.node.as_ref() {
        Some(NodeEnum::CommonTableExpr(cte)) => !matches!(
            cte.ctequery.as_ref().and_then(|query| query.node.as_ref()),
            Some(NodeEnum::SelectStmt(_))
        ),
        _ => true,
    };
    let with = select.with_clause.iter().flat_map(|with| &with.ctes);
    select.into_clause.is_none() && !with.into_iter().any(writes)
}
