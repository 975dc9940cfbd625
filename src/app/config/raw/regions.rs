//! Whose rows: the tables of a store and of a role that say so.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::de::DeValue;

use super::read::{At, Node, TableReader, Written, table, table_schema, words};
use crate::app::config::report::{Problem, nearest};

/// Where a table says whose region a row is of: a column of its own, or a table that says where else.
#[derive(Clone, Debug)]
pub(in crate::app::config) enum RawRegion {
    /// The name of a column.
    Column(String),
    /// Anything else.
    Table(Box<RawRegionTable>),
}

table! {
    /// Where the region of a table stands: exactly one of these keys.
    RawRegionTable {
        /// A column of this table, and the one of another table that has the same value and knows the region, such as user_id = public.users.id.
        optional join: At<String>,
        /// `nobody` if rows of the table are about nobody, and everybody may read them.
        optional subject: At<RawSubject>,
    }
}

words! {
    /// Whom rows are about.
    RawSubject { Nobody = "nobody", }
}

words! {
    /// What happens to rows of other regions.
    RawOtherRegions { Withhold = "withhold", Suppress = "suppress", Coarsen = "coarsen", }
}

impl Written for RawRegion {
    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        match node.value {
            DeValue::Table(_) => Written::read(node, problems).map(Self::Table),
            _ => String::read(node, problems).map(Self::Column),
        }
    }
}

impl JsonSchema for RawRegion {
    fn schema_name() -> Cow<'static, str> {
        "Region".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Where a table says whose region a row is of.",
            "anyOf": [
                { "type": "string", "description": "a column of the table; of a route: the path to the region of a record" },
                generator.subschema_for::<RawRegionTable>(),
            ],
        })
    }
}
