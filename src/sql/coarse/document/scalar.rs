//! Treated strings, numbers and other scalars of a document.

use std::sync::Arc;

use super::is_a;
use super::nodes::{Fate, Source};
use crate::kernel::Treatment;
use crate::policy::Plan;
use crate::sql::coarse::sql::{Sql, call, case};
use crate::sql::coarse::width::Width;
use crate::sql::coarse::{Encoding, Unfit, address, number, text, time_text};

/// Writes scalars for the rulings of one plan.
pub(super) struct Scalars<'p> {
    plan: &'p Plan,
    encoding: Result<Encoding, Unfit>,
    names: Treatment,
}

impl<'p> Scalars<'p> {
    pub(super) fn new(plan: &'p Plan, encoding: Result<Encoding, Unfit>) -> Self {
        Self { plan, encoding, names: Treatment::Scrub(Arc::default()) }
    }

    fn treatment(&self, source: Source) -> &Treatment {
        let plan = self.plan;
        let ruling = match source {
            Source::Rule(state) => plan.ruling(state).unwrap_or(plan.unlisted()),
            Source::Unlisted => plan.unlisted(),
            Source::Names => return &self.names,
        };
        &ruling.treatment
    }

    /// A string that is a `jsonb`, as JSON text.
    pub(super) fn string(&self, value: &Sql, fate: &Fate) -> Result<Sql, Unfit> {
        let source = match fate {
            Fate::Passes => return Ok(value.cast("text")),
            Fate::Constant(constant) => return Ok(Sql::text(constant)),
            Fate::Treated(source) => *source,
        };
        let content = value.op("#>>", &Sql::closed("CAST('{}' AS pg_catalog.text[])")).bytewise();
        // Taken out once, since it is read often.
        let column = Sql::closed("\"~q\".\"~q\"");
        Ok(match self.text(&column, self.treatment(source))? {
            Some(treated) => Sql::query(&format!(
                "SELECT {} FROM (SELECT {} AS \"~q\" OFFSET 0) AS \"~q\"",
                quoted(&treated).as_str(),
                content.as_str()
            )),
            None => Sql::text("null"),
        })
    }

    /// The name of a member, scrubbed by `source`, as text.
    pub(super) fn name(&self, name: &Sql, source: Source) -> Result<Sql, Unfit> {
        Ok(self.text(&name.bytewise(), self.treatment(source))?.unwrap_or_else(|| name.clone()))
    }

    fn text(&self, content: &Sql, treatment: &Treatment) -> Result<Option<Sql>, Unfit> {
        Ok(Some(match treatment {
            Treatment::Truncate(truncate) => address::text(content, truncate),
            Treatment::Grid(grid) => number::text(content, Width::grid(grid)),
            Treatment::Bucket(bucket) => number::text(content, Width::bucket(bucket)),
            Treatment::Floor(floor) => time_text::text(content, floor),
            Treatment::Scrub(scrub) => text::text(content, scrub, self.encoding.clone()?),
            Treatment::Pass => content.clone(),
            Treatment::Redact(with) => Sql::text(with),
            Treatment::Suppress
            | Treatment::Pseudonymize(_)
            | Treatment::Tokenize(_)
            | Treatment::Unsay(_) => {
                return Ok(None);
            }
        }))
    }

    /// A number, truth value or null that is a `jsonb`, as JSON text.
    pub(super) fn other(&self, value: &Sql, fate: &Fate) -> Sql {
        let source = match fate {
            Fate::Passes => return value.cast("text"),
            Fate::Constant(constant) => return Sql::text(constant),
            Fate::Treated(source) => *source,
        };
        let null = Sql::text("null");
        let decimal = value.cast("numeric");
        let treated = match self.treatment(source) {
            Treatment::Grid(grid) => number::numeric(&decimal, Width::grid(grid)),
            Treatment::Bucket(bucket) => number::numeric(&decimal, Width::bucket(bucket)),
            Treatment::Floor(floor) => time_text::ticks(&decimal, floor),
            // Numbers are no text.
            Treatment::Scrub(_) => return value.cast("text"),
            _ => return null,
        };
        case(&[(is_a(value, "number"), treated.cast("text").or_else(&null))], &null)
    }
}

/// A text as a JSON string; NULL is `null`. Building an object is the immutable way there.
pub(super) fn quoted(text: &Sql) -> Sql {
    let empty = Sql::text("");
    let pair = Sql::closed(format!("ARRAY[{}, {}]", empty.as_str(), text.as_str()));
    call("jsonb_object", &[&pair]).op("->", &empty).cast("text")
}
