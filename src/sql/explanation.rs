//! What happens to a statement and why, as a value: `EXPLAIN`, `sfumato explain` and its JSON print it.
//!
//! Invariant: it is made of the statement, the policy and the catalogue, and holds neither data nor a salt.

use super::layout::laid_out;
use crate::policy::Ruling;

/// What stands in a printed statement for the salt of a session.
pub const SALT_PLACEHOLDER: &str = "<salt of the session>";

/// What happens to one statement.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The columns of its answer, in order.
    pub columns: Vec<ExplainedColumn>,
    /// The fields that it uses and a rule decides about, by name.
    pub fields: Vec<ExplainedField>,
    /// Which rows there are of tables whose rows belong to regions, in words.
    pub regions: Vec<String>,
    /// The statement for the store, with [`SALT_PLACEHOLDER`]; empty if nothing is sent.
    pub statement: String,
    /// The same for people: what a treatment does to a column stands as a call by its name.
    pub sketch: String,
}

/// A column of an answer.
#[derive(Clone, Debug)]
pub struct ExplainedColumn {
    /// Its name.
    pub name: String,
    /// The fields that it is made of, protected or not, as `schema.table.column`.
    pub from: Vec<String>,
    /// The ruling that is applied where it leaves, if it is an identifier.
    pub edge: Option<Ruling>,
}

/// A protected field that a statement uses.
#[derive(Clone, Debug)]
pub struct ExplainedField {
    /// Schema, table and column.
    pub field: [String; 3],
    /// What was decided, and by which rule.
    pub ruling: Ruling,
    /// Where that happens.
    pub handling: Handling,
    /// It has a part in which rows there are, how they are grouped or in which order they come.
    pub decides_rows: bool,
}

/// Where a field is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// In the store, before the statement computes anything from it.
    Inside,
    /// In the proxy, where it leaves.
    AtTheEdge,
    /// In the proxy, where it leaves, and inside for whatever is computed from it.
    OnItsWay,
}

/// How a ruling is put into words.
pub struct Wording {
    /// The treatment.
    pub treatment: String,
    /// The rule.
    pub rule: String,
}

impl Wording {
    /// As far as the ruling itself tells.
    #[must_use]
    pub fn plain(ruling: &Ruling) -> Self {
        Self { treatment: ruling.treatment_name.to_string(), rule: ruling.rule.to_string() }
    }
}

impl ExplainedField {
    /// `schema.table.column`.
    #[must_use]
    pub fn name(&self) -> String {
        self.field.join(".")
    }

    /// Why it is treated in this way, sentence by sentence.
    #[must_use]
    pub fn why(&self) -> Vec<&'static str> {
        let mut why = match self.handling {
            Handling::Inside => {
                vec![
                    "replaced in the store before anything is computed from it: conditions and functions see this value",
                ]
            }
            Handling::OnItsWay => {
                vec!["nothing is computed from what is shown, which is replaced where it leaves"]
            }
            Handling::AtTheEdge => {
                vec!["an identifier: only compared for equality inside, and replaced where it leaves"]
            }
        };
        if self.handling == Handling::OnItsWay && self.decides_rows {
            why.push("conditions and functions in the store see the replaced value");
        }
        if self.decides_rows {
            why.push("it has a part in which rows there are, how they are grouped or ordered");
        }
        why
    }
}

impl Explanation {
    /// The explanation for people, line by line; `say` puts rulings into words. The statement is a sketch unless
    /// it is wanted `whole`.
    pub fn lines(&self, whole: bool, say: impl Fn(&Ruling) -> Wording) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.columns.is_empty() {
            lines.push("Columns".to_owned());
            let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
            let width = widest(&names);
            lines.extend(self.columns.iter().map(|column| column.line(width, &say)));
        }
        lines.push(
            if self.fields.is_empty() { "No protected field is used" } else { "Protected fields" }.to_owned(),
        );
        for field in &self.fields {
            let Wording { treatment, rule } = say(&field.ruling);
            lines.push(format!("  {}", field.name()));
            lines.push(format!("    treatment  {treatment}"));
            lines.push(format!("    rule       {rule}"));
            let leads = std::iter::once("why").chain(std::iter::repeat(""));
            lines.extend(field.why().iter().zip(leads).map(|(why, lead)| format!("    {lead:11}{why}")));
        }
        if !self.regions.is_empty() {
            lines.push("Regions".to_owned());
            lines.extend(self.regions.iter().map(|words| format!("  {words}")));
        }
        let (heading, text) = match whole {
            _ if self.statement.is_empty() => ("Answered by the proxy", ""),
            true => ("Statement for the store", self.statement.as_str()),
            false => ("Statement for the store, with treatments by name", self.sketch.as_str()),
        };
        lines.push(heading.to_owned());
        lines.extend(laid_out(text).iter().filter(|line| !line.is_empty()).map(|line| format!("  {line}")));
        lines
    }
}

impl ExplainedColumn {
    fn line(&self, width: usize, say: impl Fn(&Ruling) -> Wording) -> String {
        let from = if self.from.is_empty() { "no field".to_owned() } else { self.from.join(", ") };
        let edge = self.edge.as_ref().map(|ruling| format!("; leaves by {}", say(ruling).treatment));
        format!("  {:width$}  from {from}{}", self.name, edge.unwrap_or_default())
    }
}

/// The length of the longest, but not more than names usually have.
fn widest(names: &[&str]) -> usize {
    names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(30)
}
