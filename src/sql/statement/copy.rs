//! `COPY ... TO STDOUT`: always of a query that is ours.

use super::One;
use crate::sql::analyse::{Analysis, OutputColumn};
use crate::sql::ir::{
    Body, CopyOption, CopyValue, Expr, ExprKind, FromItem, Pos, Qualified, Query, Select, StatementKind,
    TableItem, Target,
};
use crate::sql::refusal::{Checked, Denial};
use crate::sql::seam::{CopyFormat, CopyOut, Kind, Planned};

/// `COPY table (columns)` as a query; children's rows are not copied with their parent.
pub(super) fn query_of(catalog: Option<&str>, table: &Qualified, columns: &[String]) -> Query {
    let target =
        |names: Vec<String>, star| Target { value: Expr::made(ExprKind::Column { names, star }), name: None };
    let targets = if columns.is_empty() {
        vec![target(Vec::new(), true)]
    } else {
        columns.iter().map(|column| target(vec![column.clone()], false)).collect()
    };
    let item = TableItem {
        catalog: catalog.map(str::to_owned),
        name: table.clone(),
        only: true,
        alias: None,
        sample: None,
        pos: Pos::NONE,
    };
    let select = Select { targets, from: vec![FromItem::Table(item)], ..Select::default() };
    Query::of(Body::Select(Box::new(select)))
}

impl One<'_> {
    pub(super) fn copy(&self, query: &Query, options: &[CopyOption]) -> Checked<Planned> {
        let mut analysis: Analysis<'_> = self.analysis();
        let analysed = analysis.top(query)?;
        if analysis.has_parameters() {
            return Err(Denial::unsupported("COPY with parameters or tokens", Pos::NONE)
                .hint("run the query itself, without COPY"));
        }
        let options = Options::read(options)?;
        let out = options.copy_out(&analysed.columns)?;
        let has_identifiers = analysed.columns.iter().any(|column| !column.label.is_public());
        let printed = options.printed(&out, has_identifiers || !analysis.late().is_empty());
        let rewritten = |query| StatementKind::CopyQuery { query, options: printed };
        self.analysed(analysed, rewritten, Kind::CopyOut(out), analysis)
    }
}

/// The options of a `COPY`, each at most once.
#[derive(Default)]
struct Options<'o> {
    format: Option<&'o str>,
    header: Option<bool>,
    delimiter: Option<u8>,
    null: Option<&'o str>,
    quote: Option<u8>,
    escape: Option<u8>,
    force_quote: Option<&'o CopyValue>,
}

impl<'o> Options<'o> {
    fn read(options: &'o [CopyOption]) -> Checked<Self> {
        let mut read = Self::default();
        for option in options {
            let text = match &option.value {
                CopyValue::Text(text) => Some(text.as_str()),
                CopyValue::None | CopyValue::Star | CopyValue::Names(_) => None,
            };
            let odd =
                || Denial::unsupported(&format!("this value of COPY option {}", option.name), option.pos);
            // The server would take the end of a line for a quote, and no reader could tell it from one.
            let byte = || match text.map(str::as_bytes) {
                Some([byte]) if !matches!(byte, b'\r' | b'\n') => Ok(Some(*byte)),
                _ => Err(odd()),
            };
            match option.name.as_str() {
                "format" => read.format = Some(text.ok_or_else(odd)?),
                "header" => read.header = Some(boolean(text).ok_or_else(odd)?),
                "delimiter" => read.delimiter = byte()?,
                "quote" => read.quote = byte()?,
                "escape" => read.escape = byte()?,
                "null" => read.null = Some(text.ok_or_else(odd)?),
                "force_quote" => read.force_quote = Some(&option.value),
                "encoding" if text.is_some_and(|text| text.eq_ignore_ascii_case("utf8")) => {}
                _ => return Err(Denial::unsupported(&format!("COPY option {}", option.name), option.pos)),
            }
        }
        Ok(read)
    }

    fn copy_out(&self, columns: &[OutputColumn]) -> Checked<CopyOut> {
        let format = match self.format.unwrap_or("text").to_ascii_lowercase().as_str() {
            "text" => CopyFormat::Text {
                delimiter: self.delimiter.unwrap_or(b'\t'),
                null: self.null.unwrap_or("\\N").to_owned(),
            },
            "csv" => {
                let quote = self.quote.unwrap_or(b'"');
                CopyFormat::Csv {
                    delimiter: self.delimiter.unwrap_or(b','),
                    null: self.null.unwrap_or("").to_owned(),
                    quote,
                    escape: self.escape.unwrap_or(quote),
                    force_quote: self.forced(columns),
                }
            }
            "binary" => CopyFormat::Binary,
            _ => return Err(Denial::new("22023", "COPY format not recognized", Pos::NONE)),
        };
        Ok(CopyOut { format, header: self.header.unwrap_or(false) })
    }

    /// The options in our own words, so that the server understands them as we do. A text that is treated comes
    /// with a NULL that no value can look like: with the client's own, a value that is equal to it would show.
    fn printed(&self, out: &CopyOut, treated: bool) -> Vec<CopyOption> {
        let mut printed = Vec::new();
        let mut option = |name: &str, value: CopyValue| {
            printed.push(CopyOption { name: name.to_owned(), value, pos: Pos::NONE });
        };
        let text = |text: &str| CopyValue::Text(text.to_owned());
        let byte = |byte: u8| CopyValue::Text(char::from(byte).to_string());
        let (name, null) = match &out.format {
            CopyFormat::Text { .. } if treated => ("text", Some("\\N")),
            CopyFormat::Text { .. } => ("text", self.null),
            CopyFormat::Csv { .. } => ("csv", self.null),
            CopyFormat::Binary => ("binary", self.null),
        };
        option("format", text(name));
        if let Some(header) = self.header {
            option("header", text(if header { "true" } else { "false" }));
        }
        if let Some(null) = null {
            option("null", text(null));
        }
        for (name, value) in [("delimiter", self.delimiter), ("quote", self.quote), ("escape", self.escape)] {
            if let Some(value) = value {
                option(name, byte(value));
            }
        }
        if let Some(force_quote) = self.force_quote {
            option("force_quote", force_quote.clone());
        }
        printed
    }

    fn forced(&self, columns: &[OutputColumn]) -> Vec<usize> {
        match self.force_quote {
            Some(CopyValue::Star) => (0..columns.len()).collect(),
            Some(CopyValue::Names(names)) => (0..columns.len())
                .filter(|index| columns.get(*index).is_some_and(|column| names.contains(&column.name)))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// As the server reads a Boolean option.
fn boolean(text: Option<&str>) -> Option<bool> {
    match text.map(str::to_ascii_lowercase).as_deref() {
        None | Some("true" | "on" | "1") => Some(true),
        Some("false" | "off" | "0") => Some(false),
        Some(_) => None,
    }
}
