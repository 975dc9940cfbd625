//! The parser's tree becomes ours, or the statement is refused.
//!
//! Invariant: every field of every node that is read is taken apart by name; what has no counterpart in our
//! tree is a refusal that names the construct, never silently dropped.
//! Not here: the meaning of names.

mod constant;
mod expr;
mod from;
mod function;
mod operator;
mod query;
mod statement;
mod utility;
mod window;
mod write;
mod xml;

use pg_query::NodeEnum;
use pg_query::protobuf::{Node, ParseResult};

use super::ir::{Pos, Qualified, Statement};
use super::refusal::{Checked, Denial};

/// Lowers every statement of a text.
pub(super) fn statements(parsed: ParseResult) -> Checked<Vec<Statement>> {
    let ParseResult { version: _, stmts } = parsed;
    stmts.into_iter().map(statement::raw).collect()
}

/// The content of a node.
fn inner(node: Node) -> Checked<NodeEnum> {
    node.node.ok_or_else(|| Denial::odd_tree("empty node", Pos::NONE))
}

/// The content of a node that has to be there.
fn required(node: Option<Box<Node>>, what: &str) -> Checked<Node> {
    node.map(|node| *node).ok_or_else(|| Denial::odd_tree(what, Pos::NONE))
}

/// An expression that has to be there, boxed.
fn required_expr(node: Option<Box<Node>>, what: &str) -> Checked<Box<super::ir::Expr>> {
    Ok(Box::new(expr::expr(required(node, what)?)?))
}

/// An expression that may be there.
fn optional_expr(node: Option<Box<Node>>) -> Checked<Option<super::ir::Expr>> {
    node.map(|node| expr::expr(*node)).transpose()
}

/// A string node.
fn string(node: Node) -> Checked<String> {
    match inner(node)? {
        NodeEnum::String(value) => Ok(value.sval),
        _ => Err(Denial::odd_tree("name", Pos::NONE)),
    }
}

/// A list of string nodes.
fn strings(nodes: Vec<Node>) -> Checked<Vec<String>> {
    nodes.into_iter().map(string).collect()
}

/// A name of one or two parts; one of three parts names a database.
fn qualified(nodes: Vec<Node>, what: &str, pos: Pos) -> Checked<Qualified> {
    let mut parts = strings(nodes)?;
    let name = parts.pop().ok_or_else(|| Denial::odd_tree(what, pos))?;
    let schema = parts.pop();
    if !parts.is_empty() {
        return Err(Denial::unsupported(&format!("naming a database before a {what}"), pos));
    }
    Ok(Qualified { schema, name })
}

/// `Some` if the text is not empty, which is how the parser says "not given".
fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
