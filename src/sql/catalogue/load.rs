//! Answers become a snapshot.
//!
//! Invariant: an answer that is not what the question asked for is an error, never a smaller snapshot.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::sync::Arc;

use super::{
    Cast, CastContext, Catalogue, Collation, Column, Function, FunctionKind, Hazard, MAJOR_VERSIONS, Oid,
    Operator, QUERIES, Relation, RelationKind, Type, TypeKind, TypeRef, Volatility,
};

/// A row of an answer, in text format; `None` is NULL.
pub type Row = Vec<Option<String>>;

/// Why there is no snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Not one answer for each question.
    #[error("{given} answers were given to {} questions about the catalogue", QUERIES.len())]
    Answers {
        /// How many there were.
        given: usize,
    },
    /// A row is not of the form that was asked for.
    #[error("the catalogue answered `{question}` with a row of another form")]
    Form {
        /// The question's name.
        question: &'static str,
    },
    /// The server is older than any version that this program knows.
    #[error("server version {version} is not supported")]
    Version {
        /// `server_version_num`.
        version: u32,
    },
}

impl Catalogue {
    /// Makes a snapshot of the answers to [`QUERIES`], in order.
    ///
    /// # Errors
    /// [`CatalogueError`].
    pub fn load(answers: &[Vec<Row>]) -> Result<Self, CatalogueError> {
        if answers.len() != QUERIES.len() {
            return Err(CatalogueError::Answers { given: answers.len() });
        }
        let answer = |name: &'static str| {
            let rows = QUERIES.iter().zip(answers).find(|(query, _)| query.name == name);
            Answer { question: name, rows: rows.map_or(&[], |(_, rows)| rows.as_slice()) }
        };
        let (server_version, database, search_path, encoding) =
            answer("server").each(server)?.pop().ok_or(CatalogueError::Form { question: "server" })?;
        // A later one than is known has the newest lists: what it brings anew is on none of them.
        if server_version / 10_000 < *MAJOR_VERSIONS.start() {
            return Err(CatalogueError::Version { version: server_version });
        }
        let relations = relations(&answer)?;
        let types: HashMap<Oid, Type> =
            answer("types").each(a_type)?.into_iter().map(|ty| (ty.oid, ty)).collect();
        let functions = grouped(answer("functions").each(function)?);
        Ok(Self {
            database,
            server_version,
            encoding,
            search_path,
            schemas: answer("schemas").each(|fields| fields.text())?.into_iter().collect::<HashSet<_>>(),
            relation_names: relations
                .values()
                .map(|relation| ((relation.schema.clone(), relation.name.clone()), relation.oid))
                .collect(),
            relations,
            type_names: types.values().map(|ty| ((ty.schema.clone(), ty.name.clone()), ty.oid)).collect(),
            types,
            function_names: functions
                .iter()
                .flat_map(|(name, all)| {
                    all.iter().enumerate().map(|(index, one)| (one.oid, (name.clone(), index)))
                })
                .collect(),
            functions,
            operators: grouped(answer("operators").each(operator)?),
            casts: answer("casts").each(cast)?.into_iter().collect(),
            collations: answer("collations").each(collation)?.into_iter().collect(),
            words: std::sync::OnceLock::new(),
        })
    }
}

fn grouped<T>(items: Vec<(String, T)>) -> HashMap<String, Vec<T>> {
    let mut groups: HashMap<String, Vec<T>> = HashMap::new();
    for (name, item) in items {
        groups.entry(name).or_default().push(item);
    }
    groups
}

/// The rows of one answer.
struct Answer<'a> {
    question: &'static str,
    rows: &'a [Row],
}

/// The fields of one row, taken from the left.
struct Fields<'a> {
    rest: std::slice::Iter<'a, Option<String>>,
}

impl Answer<'_> {
    fn each<T>(&self, read: impl Fn(&mut Fields<'_>) -> Option<T>) -> Result<Vec<T>, CatalogueError> {
        let one = |row: &Row| {
            let mut fields = Fields { rest: row.iter() };
            let item = read(&mut fields)?;
            fields.rest.next().is_none().then_some(item)
        };
        let items: Option<Vec<T>> = self.rows.iter().map(one).collect();
        items.ok_or(CatalogueError::Form { question: self.question })
    }
}

impl<'a> Fields<'a> {
    fn nullable(&mut self) -> Option<Option<&'a str>> {
        self.rest.next().map(Option::as_deref)
    }

    fn str(&mut self) -> Option<&'a str> {
        self.nullable().flatten()
    }

    fn text(&mut self) -> Option<String> {
        self.str().map(str::to_owned)
    }

    fn number<T: FromStr>(&mut self) -> Option<T> {
        self.str()?.parse().ok()
    }

    fn flag(&mut self) -> Option<bool> {
        match self.str()? {
            "t" | "true" => Some(true),
            "f" | "false" => Some(false),
            _ => None,
        }
    }

    /// An oid of which 0 means none.
    fn reference(&mut self) -> Option<Option<Oid>> {
        Some(Some(self.number::<Oid>()?).filter(|oid| *oid != 0))
    }

    /// Numbers or letters with blanks between them; NULL is none.
    fn words<T: FromStr>(&mut self) -> Option<Vec<T>> {
        self.nullable()?.unwrap_or("").split_ascii_whitespace().map(|word| word.parse().ok()).collect()
    }

    /// Names with unit separators between them; NULL is none.
    fn names(&mut self) -> Option<Vec<String>> {
        let names = self.nullable()?;
        Some(names.map(|names| names.split('\u{1f}').map(str::to_owned).collect()).unwrap_or_default())
    }
}

fn server(fields: &mut Fields<'_>) -> Option<(u32, String, Vec<String>, String)> {
    let version = fields.number()?;
    let database = fields.text()?;
    let path = fields.names()?;
    let unquoted = path.iter().map(|schema| {
        let schema = schema.trim();
        let inner = schema.strip_prefix('"').and_then(|inner| inner.strip_suffix('"'));
        inner.map_or_else(|| schema.to_owned(), |inner| inner.replace("\"\"", "\""))
    });
    let path = unquoted.filter(|schema| !schema.is_empty()).collect();
    Some((version, database, path, fields.text()?))
}

fn relations<'a>(
    answer: &impl Fn(&'static str) -> Answer<'a>,
) -> Result<HashMap<Oid, Arc<Relation>>, CatalogueError> {
    let mut all: HashMap<Oid, Relation> =
        answer("relations").each(relation)?.into_iter().map(|relation| (relation.oid, relation)).collect();
    for (owner, column) in answer("columns").each(column)? {
        let relation = all.get_mut(&owner).ok_or(CatalogueError::Form { question: "columns" })?;
        relation.columns.push(column);
    }
    let pair = |fields: &mut Fields<'_>| Some((fields.number::<Oid>()?, fields.number::<Oid>()?));
    for (child, parent) in answer("inheritance").each(pair)? {
        // Indexes inherit too, and temporary children of other sessions are none of ours.
        if all.contains_key(&child) && all.contains_key(&parent) {
            all.entry(child).and_modify(|relation| relation.parents.push(parent));
            all.entry(parent).and_modify(|relation| relation.children.push(child));
        }
    }
    for (from, to) in answer("references").each(pair)? {
        all.entry(from).and_modify(|relation| relation.references.push(to));
        all.entry(to).and_modify(|relation| relation.referenced_by.push(from));
    }
    for (oid, hazard) in
        answer("hazards").each(|fields| Some((fields.number()?, Hazard::of(fields.str()?)?)))?
    {
        all.entry(oid).and_modify(|relation| relation.hazards.push(hazard));
    }
    Ok(all.into_iter().map(|(oid, relation)| (oid, Arc::new(relation))).collect())
}

fn relation(fields: &mut Fields<'_>) -> Option<Relation> {
    Some(Relation {
        oid: fields.number()?,
        schema: fields.text()?,
        name: fields.text()?,
        kind: RelationKind::of(fields.str()?),
        columns: Vec::new(),
        parents: Vec::new(),
        children: Vec::new(),
        row_security: fields.flag()?,
        security_barrier: fields.flag()?,
        definition: fields.nullable()?.map(str::to_owned),
        primary_key: fields.words()?,
        partition_key: fields.words()?,
        references: Vec::new(),
        referenced_by: Vec::new(),
        hazards: Vec::new(),
    })
}

fn column(fields: &mut Fields<'_>) -> Option<(Oid, Column)> {
    let owner = fields.number()?;
    let column = Column {
        number: fields.number()?,
        name: fields.text()?,
        ty: TypeRef { oid: fields.number()?, modifier: fields.number()? },
        collation: fields.number()?,
    };
    Some((owner, column))
}

fn a_type(fields: &mut Fields<'_>) -> Option<Type> {
    let oid = fields.number()?;
    let (schema, name) = (fields.text()?, fields.text()?);
    let kind = TypeKind::of(fields.str()?)?;
    let category = *fields.str()?.as_bytes().first()?;
    let preferred = fields.flag()?;
    let (element, array, base) = (fields.reference()?, fields.reference()?, fields.reference()?);
    let modifier = fields.number()?;
    Some(Type {
        oid,
        schema,
        name,
        kind,
        category,
        preferred,
        element,
        array,
        base: base.map(|oid| TypeRef { oid, modifier }),
        relation: fields.reference()?,
        extension: fields.nullable()?.map(str::to_owned),
        plain_checks: fields.flag()?,
    })
}

fn function(fields: &mut Fields<'_>) -> Option<(String, Function)> {
    let schema = fields.text()?;
    let name = fields.text()?;
    let kind = FunctionKind::of(fields.str()?)?;
    let result = fields.number()?;
    let arguments = fields.words()?;
    let defaults = fields.number()?;
    let variadic = fields.reference()?;
    let all_types: Vec<Oid> = fields.words()?;
    let modes: Vec<String> = fields.words()?;
    let names = fields.names()?;
    let returned = all_types.iter().zip(&modes).enumerate();
    let returned = returned.filter(|(_, (_, mode))| matches!(mode.as_str(), "o" | "b" | "t"));
    let outputs = returned.enumerate().map(|(number, (index, (ty, _)))| {
        let name = names.get(index).filter(|name| !name.is_empty()).cloned();
        (name.unwrap_or_else(|| format!("column{}", number + 1)), *ty)
    });
    let outputs = outputs.collect();
    let function = Function {
        schema,
        kind,
        result,
        arguments,
        defaults,
        variadic,
        outputs,
        extension: fields.nullable()?.map(str::to_owned),
        oid: fields.number()?,
        volatility: Volatility::of(fields.str()?)?,
        is_plain: fields.flag()?,
        gives_set: fields.flag()?,
    };
    Some((name, function))
}

fn operator(fields: &mut Fields<'_>) -> Option<(String, Operator)> {
    let schema = fields.text()?;
    let name = fields.text()?;
    let left = fields.reference()?;
    let (right, result) = (fields.number()?, fields.number()?);
    let extension = fields.nullable()?.map(str::to_owned);
    let (oid, function) = (fields.number()?, fields.number()?);
    Some((name, Operator { oid, schema, left, right, result, function, extension }))
}

fn cast(fields: &mut Fields<'_>) -> Option<((Oid, Oid), Cast)> {
    let types = (fields.number()?, fields.number()?);
    let context = match fields.str()? {
        "i" => CastContext::Implicit,
        "a" => CastContext::Assignment,
        "e" => CastContext::Explicit,
        _ => return None,
    };
    Some((types, Cast { context, function: fields.reference()? }))
}

fn collation(fields: &mut Fields<'_>) -> Option<(Oid, Collation)> {
    let oid = fields.number()?;
    Some((oid, Collation { schema: fields.text()?, name: fields.text()?, deterministic: fields.flag()? }))
}
