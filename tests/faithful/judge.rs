//! Two answers to one statement: the same or not, and what is written down about it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::connection::{Message, fields, text};

/// What was found about one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The same columns with the same types, the same rows in the same order.
    Same,
    /// An error both ways, of one SQLSTATE.
    SameError,
    /// As directly with the settings that the proxy pins, which is not as without them.
    Pinned,
    /// Asked directly of two servers it is not answered the same: nothing can be said.
    Unsteady,
    /// The pipeline refuses what the server answers.
    Refused,
    /// The server answers with an error, the pipeline refuses with another one.
    RefusedError,
    /// Everything else: it was answered differently.
    Different,
}

pub const VERDICTS: [(Verdict, &str); 7] = [
    (Verdict::Same, "same"),
    (Verdict::SameError, "same error"),
    (Verdict::Refused, "refused"),
    (Verdict::RefusedError, "refused, other error"),
    (Verdict::Different, "different"),
    (Verdict::Pinned, "by settings"),
    (Verdict::Unsteady, "unsteady"),
];

/// All that counts of an answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// SQLSTATE and message.
    pub error: Option<(String, String)>,
    /// Name, type, length and modifier of each column.
    columns: Vec<(String, Vec<u8>)>,
    rows: Vec<Vec<u8>>,
    tags: Vec<Vec<u8>>,
}

impl Answer {
    pub fn of(messages: &[Message]) -> Self {
        let of = |tag: u8| messages.iter().filter(move |message| message.tag == tag);
        Self {
            error: of(b'E').next().map(|message| error(&message.body)),
            columns: of(b'T').flat_map(|message| columns(&message.body)).collect(),
            rows: of(b'D').map(|message| message.body.clone()).collect(),
            tags: of(b'C').map(|message| message.body.clone()).collect(),
        }
    }

    /// Answers count as the same if they are equal, or fail with one SQLSTATE.
    pub fn is_like(&self, other: &Self) -> bool {
        match (&self.error, &other.error) {
            (Some((one, _)), Some((two, _))) => one == two,
            (None, None) => self == other,
            _ => false,
        }
    }

    fn shown(&self) -> String {
        match &self.error {
            Some((code, message)) => format!("{code} {message}"),
            None => {
                let rows: Vec<String> =
                    self.rows.iter().take(8).map(|row| format!("{:?}", fields(row))).collect();
                let columns: Vec<String> =
                    self.columns.iter().map(|(name, ty)| format!("{name} {ty:?}")).collect();
                format!("{} rows of ({}): {}", self.rows.len(), columns.join(", "), rows.join(" "))
            }
        }
    }
}

fn error(body: &[u8]) -> (String, String) {
    let field = |wanted: u8| {
        let fields = body.split(|byte| *byte == 0).filter_map(<[u8]>::split_first);
        fields
            .into_iter()
            .find(|(kind, _)| **kind == wanted)
            .map_or_else(String::new, |(_, value)| text(value))
    };
    (field(b'C'), field(b'M'))
}

fn columns(body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut rest = body.get(2..).unwrap_or_default();
    let mut columns = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == 0) {
        let (name, after) = rest.split_at(end);
        // Behind the name: table, number (6 bytes, not compared), type, length, modifier (10), format (2).
        let Some(described) = after.get(7..17) else { break };
        columns.push((text(name), described.to_vec()));
        rest = after.get(19..).unwrap_or_default();
    }
    columns
}

/// What the pipeline did with a statement.
pub enum Planned {
    Sent(String),
    Refused { code: String, message: String },
}

/// What was found so far.
pub struct Tally {
    /// The file whose statements run.
    file: String,
    /// What it says.
    text: String,
    counts: BTreeMap<(String, Verdict), usize>,
    /// Of these, how many stand in the files; the others are asked by psql's own commands.
    written: BTreeMap<Verdict, usize>,
    order: Vec<String>,
    notes: String,
    folder: PathBuf,
}

impl Tally {
    pub fn new(folder: &Path) -> Self {
        Self {
            file: String::new(),
            text: String::new(),
            counts: BTreeMap::new(),
            written: BTreeMap::new(),
            order: Vec::new(),
            notes: String::new(),
            folder: folder.to_owned(),
        }
    }

    pub fn begin(&mut self, file: &str, text: String) {
        file.clone_into(&mut self.file);
        self.text = text;
        self.order.push(file.to_owned());
    }

    /// Judges what `ours` answers beside what two servers answer directly.
    pub fn judge(
        &mut self,
        statement: &str,
        planned: &Planned,
        direct: &Answer,
        control: &Answer,
        ours: &Answer,
    ) {
        let verdict = match planned {
            Planned::Sent(_) if !direct.is_like(control) && control.is_like(ours) => Verdict::Pinned,
            _ if !direct.is_like(control) => Verdict::Unsteady,
            Planned::Refused { code, .. } => match &direct.error {
                Some((expected, _)) if expected == code => Verdict::SameError,
                Some(_) => Verdict::RefusedError,
                None => Verdict::Refused,
            },
            Planned::Sent(_) if !direct.is_like(ours) => Verdict::Different,
            Planned::Sent(_) if direct.error.is_some() => Verdict::SameError,
            Planned::Sent(_) => Verdict::Same,
        };
        *self.counts.entry((self.file.clone(), verdict)).or_default() += 1;
        // Comments and variables are replaced on the way, but hardly ever at the head of a statement.
        let head: String = statement.chars().take_while(|c| *c != '\n').take(40).collect();
        if self.text.contains(head.trim_end()) {
            *self.written.entry(verdict).or_default() += 1;
        }
        if matches!(verdict, Verdict::Same | Verdict::SameError) {
            return;
        }
        let _ = writeln!(
            self.notes,
            "{} [{}] {statement}\n    direct  {}",
            name(verdict),
            self.file,
            direct.shown()
        );
        let _ = match planned {
            Planned::Refused { code, message } => writeln!(self.notes, "    refused {code} {message}"),
            Planned::Sent(_) if matches!(verdict, Verdict::Pinned | Verdict::Unsteady) => {
                writeln!(self.notes, "    again   {}", control.shown())
            }
            Planned::Sent(sent) => writeln!(self.notes, "    ours    {}\n    sent    {sent}", ours.shown()),
        };
    }

    /// Something that is no verdict.
    pub fn note(&mut self, text: &str) {
        let _ = writeln!(self.notes, "note [{}] {text}", self.file);
    }

    pub fn count(&self, wanted: Verdict) -> usize {
        self.counts.iter().filter(|((_, verdict), _)| *verdict == wanted).map(|(_, count)| count).sum()
    }

    /// All that was not the same.
    pub fn notes(&self) -> &str {
        &self.notes
    }

    /// Of all that can be judged, how many per cent are answered as directly.
    pub fn share(&self) -> f64 {
        shares(|verdict| self.count(verdict)).0
    }

    /// Writes the table and the notes, and gives the table.
    pub fn write(&self) -> std::io::Result<String> {
        let heads: Vec<&str> = VERDICTS.iter().map(|(_, name)| *name).collect();
        let mut table = format!("| file | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
        let row = |name: &str, counts: Vec<usize>| {
            let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
            format!("| {name} | {} |\n", counts.join(" | "))
        };
        for file in &self.order {
            let count = |(verdict, _): &(Verdict, _)| {
                self.counts.get(&(file.clone(), *verdict)).copied().unwrap_or_default()
            };
            table.push_str(&row(file, VERDICTS.iter().map(count).collect()));
        }
        let total = row("all", VERDICTS.iter().map(|(verdict, _)| self.count(*verdict)).collect());
        table.push_str(&total);
        let written = |verdict| self.written.get(&verdict).copied().unwrap_or_default();
        for (what, (all, answered)) in [
            ("Statements of the files", shares(written)),
            ("With what psql's own commands ask", shares(|verdict| self.count(verdict))),
        ] {
            let _ = write!(
                table,
                "\n{what}: {all:.2} % answered as directly, {answered:.2} % of those that do not fail directly.\n"
            );
        }
        std::fs::create_dir_all(&self.folder)?;
        std::fs::write(self.folder.join("table.md"), &table)?;
        std::fs::write(self.folder.join("differences.txt"), &self.notes)?;
        Ok(table)
    }
}

fn name(wanted: Verdict) -> &'static str {
    VERDICTS.iter().find(|(verdict, _)| *verdict == wanted).map_or("", |(_, name)| name)
}

/// The share answered as directly of all that can be judged, and of what the server does not refuse itself.
fn shares(count: impl Fn(Verdict) -> usize) -> (f64, f64) {
    let share = |good: usize, bad: usize| 100.0 * good as f64 / (good + bad).max(1) as f64;
    let (good, errors) = (count(Verdict::Same), count(Verdict::SameError));
    let bad = count(Verdict::Refused) + count(Verdict::Different);
    (share(good + errors, bad + count(Verdict::RefusedError)), share(good, bad))
}
