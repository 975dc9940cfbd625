//! `COPY ... TO STDOUT`: always of a query that is ours.

use super::One;
use crate::sql::analyse::{Analysed, Analysis, OutputColumn};
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
        let Analysed { query, columns, .. } = analysis.top(query)?;
        let (parameters, _) = analysis.finish();
        if !parameters.is_empty() {
            return Err(Denial::unsupported("COPY with parameters or tokens", Pos::NONE)
                .hint("run the query itself, without COPY"));
        }
        let out = Options::read(options)?.copy_out(&columns)?;
        let rewritten = StatementKind::CopyQuery { query, options: options.to_vec() };
        self.planned(rewritten, Kind::CopyOut(out), &columns, Vec::new())
    }
}

/// The options of a `COPY`, each at most once.
#[derive(Default)]
struct Options<'o> {
    format: Option<&'o str>,
    header: bool,
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
            let byte = || match text.map(str::as_bytes) {
                Some([byte]) => Ok(Some(*byte)),
                _ => Err(odd()),
            };
            match option.name.as_str() {
                "format" => read.format = Some(text.ok_or_else(odd)?),
                "header" => read.header = !matches!(text, Some("false" | "off" | "0")),
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
        Ok(CopyOut { format, header: self.header })
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
