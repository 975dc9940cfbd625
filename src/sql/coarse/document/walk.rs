//! The walk to any depth: a recursive query takes the document apart, each value with its place and the state of the
//! machine; then the pieces are put together in their order, as the text of a document.

use std::collections::BTreeMap;

use super::nodes::{Inside, Machine, Node, NodeId, Steps};
use super::scalar::{Scalars, quoted};
use super::{is_a, json_string};
use crate::sql::coarse::Unfit;
use crate::sql::coarse::sql::{Sql, all, any, call, case};

/// The document, which is not NULL.
pub(super) fn document(value: &Sql, machine: &Machine, scalars: &Scalars<'_>) -> Result<Sql, Unfit> {
    let (piece, state) = (column("~w", "~v"), column("~w", "~s"));
    let descends =
        is_one_of(&state, machine.nodes().filter(|(_, node)| steps(node).is_some()).map(|(id, _)| id));
    let (repeated, is_first) = (column("~w", "~d"), column("~w", "~d").op("=", &Sql::constant("bool", "f")));
    let opens = |kind| all(&[&is_a(&piece, kind), &descends, &is_first]);
    let (object, array) = (opens("object"), opens("array"));
    let next = case(
        &[(column("~c", "~k").is_not_null(), next_member(machine, &state))],
        &next_element(machine, &state),
    );
    let place = |last: &Sql| call("array_append", &[&column("~w", "~p"), last]);
    let comma = case(&[(column("~c", "~o").op(">", &Sql::int4(1)), Sql::text(","))], &Sql::text(""));
    let opening = case(
        &[(repeated, Sql::text("null")), (object.clone(), Sql::text("{")), (array.clone(), Sql::text("["))],
        &leaf(&piece, &state, machine, scalars)?,
    );
    let name = column("~w", "~k");
    let name = case(&[(name.is_not_null(), quoted(&name).op("||", &Sql::text(":")))], &Sql::text(""));
    let (shown, repeats) = shown_names(machine, scalars)?;
    let token = column("~w", "~c").op("||", &name).op("||", &opening);
    let closing = case(&[(is_a(&piece, "object"), Sql::text("}"))], &Sql::text("]"));
    let taken = |condition: &Sql| {
        Sql::closed(format!("CASE WHEN {} THEN {} END", condition.as_str(), piece.as_str()))
    };
    let query = format!(
        "WITH RECURSIVE \"~w\"(\"~p\", \"~c\", \"~k\", \"~d\", \"~v\", \"~s\") AS (\
         SELECT CAST('{{}}' AS pg_catalog.int4[]), {empty}, {nameless}, {no}, {value}, {one} \
         UNION ALL \
         SELECT {place}, {comma}, \"~c\".\"~h\", \"~c\".\"~d\", \"~c\".\"~v\", {next} \
         FROM \"~w\" CROSS JOIN LATERAL (\
         SELECT CAST(\"~g\".\"~o\" AS pg_catalog.int4) AS \"~o\", \"~g\".\"~k\", \"~g\".\"~v\", \
         \"~g\".\"~h\", {repeats} AS \"~d\" FROM (\
         SELECT \"~f\".\"~o\", \"~f\".\"~k\", \"~f\".\"~v\", {shown} AS \"~h\" \
         FROM pg_catalog.jsonb_each({objects}) WITH ORDINALITY AS \"~f\"(\"~k\", \"~v\", \"~o\")) AS \"~g\" \
         UNION ALL \
         SELECT CAST(\"~f\".\"~o\" AS pg_catalog.int4), CAST(NULL AS pg_catalog.text), \"~f\".\"~v\", \
         {nameless}, {no} \
         FROM pg_catalog.jsonb_array_elements({arrays}) WITH ORDINALITY AS \"~f\"(\"~v\", \"~o\")\
         ) AS \"~c\") \
         SELECT CAST(pg_catalog.string_agg(\"~t\".\"~x\", {empty} ORDER BY \"~t\".\"~p\") AS pg_catalog.jsonb) FROM (\
         SELECT \"~w\".\"~p\", {token} AS \"~x\" FROM \"~w\" \
         UNION ALL \
         SELECT {end}, {closing} FROM \"~w\" WHERE {opened}) AS \"~t\"",
        empty = Sql::text("").as_str(),
        value = value.as_str(),
        one = Sql::int4(1).as_str(),
        place = place(&column("~c", "~o")).as_str(),
        comma = comma.as_str(),
        next = next.as_str(),
        nameless = Sql::null().bytewise().as_str(),
        no = Sql::constant("bool", "f").as_str(),
        shown = shown.as_str(),
        repeats = repeats.as_str(),
        objects = taken(&object).as_str(),
        arrays = taken(&array).as_str(),
        token = token.as_str(),
        // Behind everything inside.
        end = place(&Sql::int4(i32::MAX)).as_str(),
        closing = closing.as_str(),
        opened = any(&[&object, &array]).as_str(),
    );
    Ok(Sql::query(&query))
}

/// A value that is not taken apart, as JSON text.
fn leaf(value: &Sql, state: &Sql, machine: &Machine, scalars: &Scalars<'_>) -> Result<Sql, Unfit> {
    let mut alike: Vec<(Vec<NodeId>, &Node)> = Vec::new();
    for (id, node) in machine.nodes() {
        let same = |other: &&mut (Vec<NodeId>, &Node)| {
            other.1.strings == node.strings
                && other.1.others == node.others
                && constant(other.1) == constant(node)
        };
        match alike.iter_mut().find(same) {
            Some((ids, _)) => ids.push(id),
            None => alike.push((vec![id], node)),
        }
    }
    let mut branches = Vec::new();
    for (ids, node) in alike {
        let mut kinds = Vec::new();
        if let Some(constant) = constant(node) {
            kinds.push((any(&[&is_a(value, "object"), &is_a(value, "array")]), Sql::text(constant)));
        }
        kinds.push((is_a(value, "string"), scalars.string(value, &node.strings)?));
        let others = [is_a(value, "number"), is_a(value, "boolean"), is_a(value, "null")];
        kinds.push((any(&others.each_ref()), scalars.other(value, &node.others)));
        let treated = if node.passes() { value.cast("text") } else { case(&kinds, &value.cast("text")) };
        branches.push((is_one_of(state, ids.into_iter()), treated));
    }
    Ok(case(&branches, &Sql::text("null")))
}

/// The name of a member as it is shown, and whether another member of the object has the same. Which of them the
/// server would keep depends on the names as they were, so that neither keeps its value.
fn shown_names(machine: &Machine, scalars: &Scalars<'_>) -> Result<(Sql, Sql), Unfit> {
    let name = &column("~f", "~k");
    // By the node of the object that it stands in.
    let parent = column("~w", "~s");
    let mut branches = Vec::new();
    let mut sources: Vec<_> = machine.nodes().filter_map(|(_, node)| steps(node)?.names).collect();
    sources.dedup();
    for source in sources {
        let ids =
            machine.nodes().filter(|(_, node)| steps(node).and_then(|steps| steps.names) == Some(source));
        let condition = is_one_of(&parent, ids.map(|(id, _)| id));
        if branches.iter().all(|(known, _)| *known != condition) {
            branches.push((condition, scalars.name(name, source)?));
        }
    }
    if branches.is_empty() {
        return Ok((name.bytewise(), Sql::constant("bool", "f")));
    }
    let shown = case(&branches, name).bytewise();
    let alike = Sql::closed("pg_catalog.count(*) OVER (PARTITION BY \"~g\".\"~h\")");
    Ok((shown, alike.op(">", &Sql::int8(1))))
}

fn next_member(machine: &Machine, state: &Sql) -> Sql {
    let named = machine.nodes().map(|(_, node)| {
        let members = steps(node).into_iter().flat_map(|steps| &steps.members);
        members.map(|(name, id)| (json_string(name), *id)).collect()
    });
    let other = machine.nodes().map(|(_, node)| steps(node).map_or(1, |steps| steps.other_member));
    looked_up(named.collect(), &other.collect::<Vec<_>>(), state, &column("~c", "~k"))
}

fn next_element(machine: &Machine, state: &Sql) -> Sql {
    let named = machine.nodes().map(|(_, node)| {
        let elements = steps(node).into_iter().flat_map(|steps| &steps.elements);
        elements.map(|(index, id)| (json_string(&index.to_string()), *id)).collect()
    });
    let other = machine.nodes().map(|(_, node)| steps(node).map_or(1, |steps| steps.other_element));
    let index = column("~c", "~o").op("-", &Sql::int4(1)).cast("text");
    looked_up(named.collect(), &other.collect::<Vec<_>>(), state, &index)
}

/// The table of one kind of step: by the state's number, then by name.
fn looked_up(named: Vec<BTreeMap<String, NodeId>>, other: &[NodeId], state: &Sql, name: &Sql) -> Sql {
    let at = |array: String| Sql::closed(format!("({array})[{}]", state.as_str()));
    let others: Vec<String> = other.iter().map(NodeId::to_string).collect();
    let other = at(format!("CAST('{{{}}}' AS pg_catalog.int4[])", others.join(",")));
    if named.iter().all(BTreeMap::is_empty) {
        return other;
    }
    let tables: Vec<String> = named
        .into_iter()
        .map(|table| {
            let steps: Vec<String> = table.iter().map(|(name, id)| format!("{name}:{id}")).collect();
            Sql::constant("jsonb", &format!("{{{}}}", steps.join(","))).into_text()
        })
        .collect();
    at(format!("ARRAY[{}]", tables.join(", "))).op("->>", name).cast("int4").or_else(&other)
}

fn steps(node: &Node) -> Option<&Steps> {
    match &node.inside {
        Inside::Steps(steps) => Some(steps),
        Inside::Passes | Inside::Constant(_) => None,
    }
}

fn constant(node: &Node) -> Option<&str> {
    match &node.inside {
        Inside::Constant(constant) => Some(constant),
        Inside::Passes | Inside::Steps(_) => None,
    }
}

fn is_one_of(state: &Sql, ids: impl Iterator<Item = NodeId>) -> Sql {
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    Sql::closed(format!(
        "({} OPERATOR(pg_catalog.=) ANY (CAST('{{{}}}' AS pg_catalog.int4[])))",
        state.as_str(),
        ids.join(",")
    ))
}

fn column(table: &str, name: &str) -> Sql {
    Sql::closed(format!("\"{table}\".\"{name}\""))
}
