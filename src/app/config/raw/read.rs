//! From TOML to what is written, key by key, so that one mistake never hides another.
//!
//! Invariant: a value that is not there, or is not what it should be, is `None` and has a [`Problem`];
//! everything around it is still read.

use std::borrow::Cow;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::app::config::report::{Problem, nearest};

/// A value of the file, with the place where it stands in bytes.
#[derive(Clone, Debug)]
pub(in crate::app::config) struct At<T> {
    pub(in crate::app::config) value: T,
    pub(in crate::app::config) span: Range<usize>,
    /// The dotted path of keys that leads here.
    pub(in crate::app::config) key: String,
}

/// A value of the file on its way to a type.
pub(in crate::app::config) struct Node<'a> {
    pub(super) value: &'a DeValue<'a>,
    pub(super) span: Range<usize>,
    pub(super) key: String,
}

/// What can be read from a value of the file, and has a schema.
pub(in crate::app::config) trait Written: Sized + JsonSchema {
    /// Reads the value, or says why it cannot be read.
    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self>;
}

/// A table with keys that the operator chooses, in the order of the file.
#[derive(Clone, Debug)]
pub(in crate::app::config) struct Entries<T>(pub(in crate::app::config) Vec<(At<String>, Option<T>)>);

/// A number exactly as it was written, so that 0.1 stays 0.1.
#[derive(Clone, Debug)]
pub(in crate::app::config) struct Decimal(pub(in crate::app::config) String);

impl<T> At<T> {
    /// A problem with this value.
    pub(in crate::app::config) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::error(Some(self.span.clone()), &self.key, message)
    }

    /// The same place with another value.
    pub(in crate::app::config) fn with<U>(&self, value: U) -> At<U> {
        At { value, span: self.span.clone(), key: self.key.clone() }
    }
}

impl Node<'_> {
    fn wrong_type<T>(&self, wanted: &str, problems: &mut Vec<Problem>) -> Option<T> {
        let message = format!("this is {}, and {wanted} is wanted", described(self.value));
        problems.push(Problem::error(Some(self.span.clone()), &self.key, message));
        None
    }
}

fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

/// A key as one step of a dotted path, quoted where TOML needs it.
fn step(name: &str) -> String {
    let is_bare =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if is_bare { name.to_owned() } else { format!("{name:?}") }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { step(name) } else { format!("{path}.{}", step(name)) }
}

/// A table on its way to a struct.
pub(super) struct TableReader<'a, 'p> {
    table: &'a DeTable<'a>,
    node: &'p Node<'a>,
    problems: &'p mut Vec<Problem>,
}

impl<'a, 'p> TableReader<'a, 'p> {
    /// Opens a table and reports keys other than `known`.
    pub(super) fn open(node: &'p Node<'a>, known: &[&str], problems: &'p mut Vec<Problem>) -> Option<Self> {
        let DeValue::Table(table) = node.value else { return node.wrong_type("a table", problems) };
        for (key, _) in table.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref().as_ref();
            let help = nearest(name, known.iter().copied()).map_or_else(
                || format!("the keys here are {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let problem =
                Problem::error(Some(key.span()), &joined(&node.key, name), format!("unknown key `{name}`"));
            problems.push(problem.help(help));
        }
        Some(Self { table, node, problems })
    }

    /// The value of a key, if it is there and right.
    pub(super) fn optional<T: Written>(&mut self, name: &str) -> Option<T> {
        let value = self.table.get(name)?;
        T::read(
            &Node { value: value.get_ref(), span: value.span(), key: joined(&self.node.key, name) },
            self.problems,
        )
    }

    /// The value of a key that must be there.
    pub(super) fn required<T: Written>(&mut self, name: &str) -> Option<T> {
        if !self.table.contains_key(name) {
            let message = format!("the key `{name}` is missing");
            self.problems.push(Problem::error(Some(self.node.span.clone()), &self.node.key, message));
        }
        self.optional(name)
    }
}

impl Written for String {
    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let DeValue::String(text) = node.value else { return node.wrong_type("a text", problems) };
        Some(text.clone().into_owned())
    }
}

impl Written for u64 {
    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let wanted = "an integer from 0 upwards";
        let DeValue::Integer(integer) = node.value else { return node.wrong_type(wanted, problems) };
        let parsed = Self::from_str_radix(integer.as_str(), integer.radix()).ok();
        parsed.filter(|&value| i64::try_from(value).is_ok()).or_else(|| {
            let message = format!("`{integer}` is out of range: {wanted} is wanted");
            problems.push(Problem::error(Some(node.span.clone()), &node.key, message));
            None
        })
    }
}

impl Written for Decimal {
    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        match node.value {
            DeValue::Float(number) => Some(Self(number.as_str().to_owned())),
            DeValue::Integer(number) if number.radix() == 10 => Some(Self(number.as_str().to_owned())),
            _ => node.wrong_type("a decimal number", problems),
        }
    }
}

impl<T: Written> Written for At<T> {
    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let value = T::read(node, problems)?;
        Some(Self { value, span: node.span.clone(), key: node.key.clone() })
    }
}

impl<T: Written> Written for Box<T> {
    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        T::read(node, problems).map(Self::new)
    }
}

impl<T: Written> Written for Vec<T> {
    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let DeValue::Array(elements) = node.value else { return node.wrong_type("an array", problems) };
        let read = |(index, element): (usize, &Spanned<DeValue<'_>>)| {
            let key = format!("{}[{index}]", node.key);
            T::read(&Node { value: element.get_ref(), span: element.span(), key }, problems)
        };
        Some(elements.iter().enumerate().filter_map(read).collect())
    }
}

impl<T: Written> Written for Entries<T> {
    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let DeValue::Table(table) = node.value else { return node.wrong_type("a table", problems) };
        let entries = table.iter().map(|(name, value)| {
            let key = joined(&node.key, name.get_ref());
            let child = Node { value: value.get_ref(), span: value.span(), key: key.clone() };
            let name = At { value: name.get_ref().clone().into_owned(), span: name.span(), key };
            (name, T::read(&child, problems))
        });
        Some(Self(entries.collect()))
    }
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("MapOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": generator.subschema_for::<T>() })
    }
}

impl JsonSchema for Decimal {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

/// The schema of a struct that the `table!` macro makes.
pub(super) fn table_schema(
    description: &str,
    properties: Vec<(&'static str, &'static str, Schema)>,
    required: &[&str],
) -> Schema {
    let described = properties.into_iter().map(|(name, text, schema)| {
        let mut object = serde_json::Map::from_iter([("description".to_owned(), text.trim().into())]);
        object.extend(schema.as_object().cloned().unwrap_or_default());
        (name.to_owned(), serde_json::Value::Object(object))
    });
    let properties: serde_json::Map<String, serde_json::Value> = described.collect();
    let mut schema = json_schema!({
        "description": description.trim(),
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema
}

/// A struct for a table of the file: every key optional to read, `required` ones reported when they lack.
macro_rules! table {
    ($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $doc:literal])+ $mode:ident $field:ident: $kind:ty,)* }) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug)]
        pub(in crate::app::config) struct $name {
            $($(#[doc = $doc])+ pub(in crate::app::config) $field: Option<$kind>,)*
        }

        impl $name {
            const KEYS: &[&str] = &[$(stringify!($field)),*];
        }

        impl Written for $name {
            fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
                let mut table = TableReader::open(node, Self::KEYS, problems)?;
                Some(Self { $($field: table.$mode(stringify!($field)),)* })
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).trim_start_matches("Raw").into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let properties = vec![
                    $((stringify!($field), concat!($($doc),+), generator.subschema_for::<$kind>()),)*
                ];
                let modes: &[(&str, &str)] = &[$((stringify!($field), stringify!($mode))),*];
                let required: Vec<&str> =
                    modes.iter().filter(|(_, mode)| *mode == "required").map(|(name, _)| *name).collect();
                table_schema(concat!($($about),+), properties, &required)
            }
        }
    };
}

/// An enum for a key that takes one of a few words.
macro_rules! words {
    ($(#[doc = $about:literal])+ $name:ident { $($variant:ident = $word:literal,)* }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::app::config) enum $name {
            $(#[doc = concat!("`", $word, "`")] $variant,)*
        }

        impl Written for $name {
            fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
                let text = String::read(node, problems)?;
                match text.as_str() {
                    $($word => Some(Self::$variant),)*
                    _ => {
                        let words = [$($word),*];
                        let message = format!("`{text}` is not one of the words that can stand here");
                        let problem = Problem::error(Some(node.span.clone()), &node.key, message);
                        let help = nearest(&text, words.into_iter()).map_or_else(
                            || format!("write one of {}", words.join(", ")),
                            |near| format!("did you mean `{near}`?"),
                        );
                        problems.push(problem.help(help));
                        None
                    }
                }
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).trim_start_matches("Raw").into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "enum": [$($word),*] })
            }
        }
    };
}

pub(super) use {table, words};
