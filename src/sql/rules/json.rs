//! Documents of type `jsonb`, value by value, in SQL.
//!
//! Members are replaced where they stand by a chain of `jsonb_set`; a path that leads through something that is
//! no object is emptied, so that nothing is set and nothing raises. Elements of arrays are rebuilt.

use super::{address, coarse, number, text};
use crate::kernel::Treatment;
use crate::policy::{Plan, Ruling, State};

/// Deeper rules make the whole document NULL.
const MAX_DEPTH: usize = 32;

/// `x`, a document; `None` if the plan holds rules that cannot be written as an expression.
pub(super) fn document(x: &str, plan: &Plan) -> Option<String> {
    Document { plan }.treated(x, plan.root(), &mut Vec::new())
}

/// A document under its plan.
struct Document<'p> {
    plan: &'p Plan,
}

impl Document<'_> {
    /// `x` with the rules at and below `state`; `above` are the states that led here.
    fn treated(&self, x: &str, state: State, above: &mut Vec<State>) -> Option<String> {
        let base = match self.plan.ruling(state) {
            Some(ruling) if ruling.replaces_containers() => return Some(leaf(x, ruling)),
            Some(ruling) if matches!(*ruling.treatment, Treatment::Scrub(_)) => scrub(x),
            Some(_) => x.to_owned(),
            None => match &*self.plan.unlisted().treatment {
                Treatment::Pass => x.to_owned(),
                Treatment::Scrub(_) => scrub(x),
                _ => return None,
            },
        };
        if self.plan.is_dead(state) {
            return Some(base);
        }
        // A rule for descendants at any depth leads back to where it was.
        if above.len() >= MAX_DEPTH || above.contains(&state) {
            return None;
        }
        above.push(state);
        let objects = self.objects(x, &base, state, above);
        let arrays = self.arrays(x, state, above);
        above.pop();
        let (objects, arrays) = (objects?, arrays?);
        if objects.is_empty() && arrays.is_empty() {
            return Some(base);
        }
        Some(format!("CASE {objects}{arrays}ELSE {base} END"))
    }

    /// Members are set one by one; where a rule names any member, the object is made anew.
    fn objects(&self, x: &str, base: &str, state: State, above: &mut Vec<State>) -> Option<String> {
        let steps = self.plan.steps(state);
        let when = format!("WHEN jsonb_typeof({x}) = 'object' THEN");
        if !self.plan.is_dead(steps.other_member) {
            let alias = format!("m{}", above.len());
            let value = format!("{alias}.v");
            let mut cases = String::new();
            for (name, next) in &steps.members {
                let name = coarse::literal(std::str::from_utf8(name).ok()?);
                let treated = self.treated(&value, *next, above)?;
                cases.push_str(&format!("WHEN {alias}.k = {name} THEN {treated} "));
            }
            let other = self.treated(&value, steps.other_member, above)?;
            let each = if cases.is_empty() { other } else { format!("CASE {cases}ELSE {other} END") };
            return Some(format!(
                "{when} (SELECT coalesce(jsonb_object_agg({alias}.k, coalesce({each}, 'null'::jsonb)), '{{}}'::jsonb) \
                 FROM jsonb_each({x}) AS {alias} (k, v)) "
            ));
        }
        if steps.members.is_empty() {
            return Some(String::new());
        }
        let mut set = base.to_owned();
        for (name, next) in &steps.members {
            let name = coarse::literal(std::str::from_utf8(name).ok()?);
            let value = self.treated(&format!("({x} -> {name})"), *next, above)?;
            set = format!("jsonb_set({set}, ARRAY[{name}], coalesce({value}, 'null'::jsonb), false)");
        }
        Some(format!("{when} {set} "))
    }

    fn arrays(&self, x: &str, state: State, above: &mut Vec<State>) -> Option<String> {
        let steps = self.plan.steps(state);
        if self.plan.is_dead(steps.other_element) && steps.elements.is_empty() {
            return Some(String::new());
        }
        let alias = format!("e{}", above.len());
        let value = format!("{alias}.v");
        let mut cases = String::new();
        for (index, next) in &steps.elements {
            let treated = self.treated(&value, *next, above)?;
            cases.push_str(&format!("WHEN {alias}.o = {} THEN {treated} ", index.checked_add(1)?));
        }
        let other = self.treated(&value, steps.other_element, above)?;
        let each = if cases.is_empty() { other } else { format!("CASE {cases}ELSE {other} END") };
        Some(format!(
            "WHEN jsonb_typeof({x}) = 'array' THEN (SELECT coalesce(jsonb_agg(coalesce({each}, 'null'::jsonb) \
             ORDER BY {alias}.o), '[]'::jsonb) FROM jsonb_array_elements({x}) WITH ORDINALITY AS {alias} (v, o)) "
        ))
    }
}

/// A scalar under a ruling; objects and arrays become `null`.
fn leaf(x: &str, ruling: &Ruling) -> String {
    let text_of = format!("({x} #>> '{{}}'::text[])");
    let string = |value: String| format!("CASE WHEN jsonb_typeof({x}) = 'string' THEN to_jsonb({value}) END");
    let numeric = |corner: &dyn Fn(&str) -> String| {
        let corner = corner(&format!("({text_of})::numeric"));
        let decimal = number::is_decimal(&text_of);
        format!(
            "CASE WHEN jsonb_typeof({x}) = 'number' THEN to_jsonb({corner}) \
             WHEN jsonb_typeof({x}) = 'string' THEN CASE WHEN {decimal} THEN to_jsonb(({corner})::text) END END"
        )
    };
    match &*ruling.treatment {
        Treatment::Truncate(truncate) => string(address::text(&text_of, truncate)),
        Treatment::Grid(grid) => numeric(&|x| number::grid_numeric(x, grid)),
        Treatment::Bucket(bucket) => numeric(&|x| number::bucket_numeric(x, bucket)),
        Treatment::Redact(with) => format!("to_jsonb({})", coarse::literal(with)),
        // Identifiers are named in the proxy only; times in documents have too many spellings.
        Treatment::Suppress
        | Treatment::Pseudonymize(_)
        | Treatment::Tokenize(_)
        | Treatment::Unsay(_)
        | Treatment::Floor(_)
        | Treatment::Scrub(_)
        | Treatment::Pass => "'null'::jsonb".to_owned(),
    }
}

/// A whole document with what looks location-grade in its strings hidden. Where escapes stand in it, replacing
/// could break the notation, so such a document becomes NULL.
pub(super) fn scrub(x: &str) -> String {
    let text = format!("({x})::text");
    format!(
        "CASE WHEN NOT ({}) THEN {x} WHEN strpos({text}, chr(92)) = 0 THEN ({})::jsonb END",
        text::looks_located(&text),
        text::replaced(&text)
    )
}
