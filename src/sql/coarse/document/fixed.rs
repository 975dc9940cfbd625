//! Places that are a tree of names, indices and wildcards: one nested expression, which touches only what it treats.
//!
//! An object is the old one with a small one of its treated members laid over it; an array, and an object all of whose
//! members are treated, is put together anew as text.

use super::nodes::{Inside, Machine, NodeId, Steps};
use super::scalar::{Scalars, quoted};
use super::{is_a, json_string};
use crate::sql::coarse::Unfit;
use crate::sql::coarse::sql::{Sql, call, case};

/// The document, which is not NULL; `None` if the places are no tree, or a tree too large.
pub(super) fn document(
    value: &Sql,
    machine: &Machine,
    scalars: &Scalars<'_>,
    max_bytes: usize,
) -> Result<Option<Sql>, Unfit> {
    let mut tree = Tree { machine, scalars, path: Vec::new(), bytes_left: max_bytes };
    tree.value(value, 1)
}

struct Tree<'a, 'p> {
    machine: &'a Machine,
    scalars: &'a Scalars<'p>,
    /// The nodes from the root to here.
    path: Vec<NodeId>,
    bytes_left: usize,
}

impl Tree<'_, '_> {
    /// The treated `jsonb` that stands at a node.
    fn value(&mut self, value: &Sql, id: NodeId) -> Result<Option<Sql>, Unfit> {
        let Some(node) = self.machine.node(id).filter(|_| !self.path.contains(&id)) else { return Ok(None) };
        if node.passes() {
            return Ok(Some(value.clone()));
        }
        self.path.push(id);
        let mut branches = Vec::new();
        match &node.inside {
            Inside::Passes => {}
            Inside::Constant(constant) => {
                let constant = Sql::constant("jsonb", constant);
                branches.push((is_a(value, "object"), constant.clone()));
                branches.push((is_a(value, "array"), constant));
            }
            Inside::Steps(steps) => {
                let (Some(object), Some(array)) = (self.object(value, steps)?, self.array(value, steps)?)
                else {
                    return Ok(None);
                };
                branches.push((is_a(value, "object"), object));
                branches.push((is_a(value, "array"), array));
            }
        }
        let read = |text: Sql| text.cast("jsonb");
        let strings = read(self.scalars.string(value, &node.strings)?);
        let others = read(self.scalars.other(value, &node.others));
        self.path.pop();
        // Each node counts for itself, so that a tree that doubles with every step ends early.
        let own_bytes = strings.as_str().len() + others.as_str().len() + value.as_str().len();
        let Some(left) = self.bytes_left.checked_sub(own_bytes) else { return Ok(None) };
        self.bytes_left = left;
        branches.push((is_a(value, "string"), strings));
        Ok(Some(case(&branches, &others)))
    }

    fn object(&mut self, value: &Sql, steps: &Steps) -> Result<Option<Sql>, Unfit> {
        if steps.names.is_some() {
            return Ok(None);
        }
        if self.machine.node(steps.other_member).is_none_or(|other| !other.passes()) {
            return self.whole_object(value, steps);
        }
        let mut over: Option<Sql> = None;
        let nothing = Sql::constant("jsonb", "{}");
        for (name, &id) in &steps.members {
            if self.machine.node(id).is_some_and(super::nodes::Node::passes) {
                continue;
            }
            let key = Sql::text(name);
            let member = value.op("->", &key);
            let Some(treated) = self.value(&member, id)? else { return Ok(None) };
            let alone = Sql::constant("jsonb", &format!("{{{}:null}}", json_string(name)));
            let place = Sql::closed(format!("ARRAY[{}]", key.as_str()));
            let alone = call("jsonb_set", &[&alone, &place, &treated]);
            let layer = case(&[(member.is_not_null(), alone)], &nothing);
            over = Some(over.map_or(layer.clone(), |over| over.op("||", &layer)));
        }
        Ok(Some(over.map_or_else(|| value.clone(), |over| value.op("||", &over))))
    }

    /// Every member is treated.
    fn whole_object(&mut self, value: &Sql, steps: &Steps) -> Result<Option<Sql>, Unfit> {
        let alias = format!("~j{}", self.path.len());
        let (name, member) = (column(&alias, "~k"), column(&alias, "~v"));
        let mut branches = Vec::new();
        for (known, &id) in &steps.members {
            let Some(treated) = self.value(&member, id)? else { return Ok(None) };
            branches.push((name.bytewise().op("=", &Sql::text(known)), treated));
        }
        let Some(other) = self.value(&member, steps.other_member)? else { return Ok(None) };
        let token = quoted(&name).op("||", &Sql::text(":")).op("||", &case(&branches, &other).cast("text"));
        let each = format!("pg_catalog.jsonb_each({})", value.as_str());
        Ok(Some(glued(("{", "}"), &token, &each, &alias, "\"~k\", \"~v\", \"~o\"")))
    }

    fn array(&mut self, value: &Sql, steps: &Steps) -> Result<Option<Sql>, Unfit> {
        let passes = |id: NodeId| self.machine.node(id).is_some_and(super::nodes::Node::passes);
        if passes(steps.other_element) && steps.elements.values().all(|&id| passes(id)) {
            return Ok(Some(value.clone()));
        }
        let alias = format!("~j{}", self.path.len());
        let (ordinal, element) = (column(&alias, "~o"), column(&alias, "~v"));
        let mut branches = Vec::new();
        for (&index, &id) in &steps.elements {
            let Some(treated) = self.value(&element, id)? else { return Ok(None) };
            // No array of the store has that many elements.
            let Ok(index) = i64::try_from(index) else { continue };
            branches.push((ordinal.op("=", &Sql::int8(index.saturating_add(1))), treated));
        }
        let Some(other) = self.value(&element, steps.other_element)? else { return Ok(None) };
        let token = case(&branches, &other).cast("text");
        let each = format!("pg_catalog.jsonb_array_elements({})", value.as_str());
        Ok(Some(glued(("[", "]"), &token, &each, &alias, "\"~v\", \"~o\"")))
    }
}

/// Pieces of text between brackets, read as `jsonb`.
fn glued((open, close): (&str, &str), token: &Sql, each: &str, alias: &str, columns: &str) -> Sql {
    let listed = format!(
        "(SELECT pg_catalog.string_agg({}, {} ORDER BY \"{alias}\".\"~o\") \
         FROM {each} WITH ORDINALITY AS \"{alias}\"({columns}))",
        token.as_str(),
        Sql::text(",").as_str(),
    );
    let listed = Sql::closed(listed).or_else(&Sql::text(""));
    Sql::text(open).op("||", &listed).op("||", &Sql::text(close)).cast("jsonb")
}

fn column(table: &str, name: &str) -> Sql {
    Sql::closed(format!("\"{table}\".\"{name}\""))
}
