//! Finding things by name, along a search path.

use std::collections::HashSet;
use std::sync::Arc;

use pg_query::protobuf::KeywordKind;

use super::super::ir::Qualified;
use super::{Cast, Catalogue, Collation, Function, Oid, Operator, Relation, Type, TypeKind, TypeRef};

impl Catalogue {
    /// The schemas that unqualified names are looked up in, in order: `wanted` or the store's own path, with
    /// `pg_catalog` first unless it is listed.
    pub(in crate::sql) fn path(&self, wanted: Option<&[String]>, user: &str) -> Vec<String> {
        let listed = wanted.unwrap_or(&self.search_path);
        let listed = listed.iter().map(|schema| if schema == "$user" { user } else { schema.as_str() });
        let mut path: Vec<String> =
            listed.filter(|schema| self.schemas.contains(*schema)).map(str::to_owned).collect();
        if !path.iter().any(|schema| schema == "pg_catalog") {
            path.insert(0, "pg_catalog".to_owned());
        }
        path
    }

    /// The path, `wanted` or the store's own, as the server shows it.
    pub(in crate::sql) fn shown_path(&self, wanted: Option<&[String]>) -> String {
        let listed = wanted.unwrap_or(&self.search_path).iter();
        listed.map(|schema| quoted(schema)).collect::<Vec<_>>().join(", ")
    }

    /// True if the path, `wanted` or the store's own, lists `pg_catalog`.
    pub(in crate::sql) fn lists_itself(&self, wanted: Option<&[String]>) -> bool {
        wanted.unwrap_or(&self.search_path).iter().any(|schema| schema == "pg_catalog")
    }

    /// The relation of this name, and its schema if the name was found along the path.
    pub(in crate::sql) fn relation(&self, name: &Qualified, path: &[String]) -> Option<&Arc<Relation>> {
        let within = |schema: &String| self.relation_names.get(&(schema.clone(), name.name.clone()));
        let oid = match &name.schema {
            Some(schema) => within(schema),
            None => path.iter().find_map(within),
        };
        self.relations.get(oid?)
    }

    pub(in crate::sql) fn relation_by_oid(&self, oid: Oid) -> Option<&Arc<Relation>> {
        self.relations.get(&oid)
    }

    pub(in crate::sql) fn type_by_oid(&self, oid: Oid) -> Option<&Type> {
        self.types.get(&oid)
    }

    /// The type of this name.
    pub(in crate::sql) fn type_by_name(&self, name: &Qualified, path: &[String]) -> Option<&Type> {
        let within = |schema: &String| self.type_names.get(&(schema.clone(), name.name.clone()));
        let oid = match &name.schema {
            Some(schema) => within(schema),
            None => path.iter().find_map(within),
        };
        self.types.get(oid?)
    }

    /// True if anything at all is called so: a schema, relation, column, type, function or collation.
    pub(in crate::sql) fn has_word(&self, word: &str) -> bool {
        let words = || {
            let columns = self.relations.values().flat_map(|relation| &relation.columns);
            let mut words: HashSet<String> = self.schemas.clone();
            words.extend(self.relations.values().map(|relation| relation.name.clone()));
            words.extend(columns.map(|column| column.name.clone()));
            words.extend(self.types.values().map(|ty| ty.name.clone()));
            words.extend(self.functions.keys().cloned());
            words.extend(self.collations.values().map(|collation| collation.name.clone()));
            words
        };
        self.words.get_or_init(words).contains(word)
    }

    /// True if a type of any schema has this name.
    pub(in crate::sql) fn has_type_named(&self, name: &str) -> bool {
        self.type_names.keys().any(|(_, known)| known == name)
    }

    /// All functions of this name, in every schema.
    pub(in crate::sql) fn functions(&self, name: &str) -> &[Function] {
        self.functions.get(name).map_or(&[], Vec::as_slice)
    }

    /// All operators of this name, in every schema.
    pub(in crate::sql) fn operators(&self, name: &str) -> &[Operator] {
        self.operators.get(name).map_or(&[], Vec::as_slice)
    }

    /// The function of this number, and its name.
    pub(in crate::sql) fn function_by_oid(&self, oid: Oid) -> Option<(&str, &Function)> {
        let (name, index) = self.function_names.get(&oid)?;
        Some((name, self.functions.get(name)?.get(*index)?))
    }

    /// Every function, with its name.
    #[cfg(test)]
    pub(in crate::sql) fn all_functions(&self) -> impl Iterator<Item = (&str, &Function)> {
        self.functions
            .iter()
            .flat_map(|(name, all)| all.iter().map(move |function| (name.as_str(), function)))
    }

    /// Every operator.
    #[cfg(test)]
    pub(in crate::sql) fn all_operators(&self) -> impl Iterator<Item = (&str, &Operator)> {
        self.operators
            .iter()
            .flat_map(|(name, all)| all.iter().map(move |operator| (name.as_str(), operator)))
    }

    /// Every relation.
    #[cfg(test)]
    pub(in crate::sql) fn all_relations(&self) -> impl Iterator<Item = &Arc<Relation>> {
        self.relations.values()
    }

    /// The functions that a cast between these types (from any type, if the first is not known) may run.
    pub(in crate::sql) fn cast_functions(
        &self,
        source: Option<Oid>,
        target: Oid,
    ) -> impl Iterator<Item = Oid> {
        let fits = move |(from, to): &(Oid, Oid)| *to == target && source.is_none_or(|ty| ty == *from);
        self.casts.iter().filter(move |(types, _)| fits(types)).filter_map(|(_, cast)| cast.function)
    }

    pub(in crate::sql) fn cast(&self, source: Oid, target: Oid) -> Option<Cast> {
        self.casts.get(&(source, target)).copied()
    }

    pub(in crate::sql) fn collation(&self, oid: Oid) -> Option<&Collation> {
        self.collations.get(&oid)
    }

    /// True if some collation takes different texts for equal.
    pub(in crate::sql) fn has_loose_collation(&self) -> bool {
        self.collations.values().any(|collation| !collation.deterministic)
    }

    /// True if there is a collation of this name.
    pub(in crate::sql) fn collation_named(&self, name: &Qualified, path: &[String]) -> Option<&Collation> {
        let fits =
            |collation: &&Collation, schema: &str| collation.schema == schema && collation.name == name.name;
        match &name.schema {
            Some(schema) => self.collations.values().find(|collation| fits(collation, schema)),
            None => path
                .iter()
                .find_map(|schema| self.collations.values().find(|collation| fits(collation, schema))),
        }
    }

    /// What a domain is over, down to the base; any other type is itself.
    pub(in crate::sql) fn base_type(&self, ty: TypeRef) -> TypeRef {
        let mut base = ty;
        // Domains over domains are few; the bound is against a catalogue that goes in circles.
        for _ in 0..32 {
            match self.types.get(&base.oid).and_then(|ty| ty.base) {
                Some(inner) => {
                    let modifier = if base.modifier == -1 { inner.modifier } else { base.modifier };
                    base = TypeRef { oid: inner.oid, modifier };
                }
                None => return base,
            }
        }
        base
    }

    /// The element type of an array type (or of a domain over one).
    pub(in crate::sql) fn element_type(&self, ty: Oid) -> Option<Oid> {
        self.types.get(&self.base_type(TypeRef::plain(ty)).oid)?.element
    }

    /// The attributes of a composite type (or of a domain over one).
    pub(in crate::sql) fn composite(&self, ty: Oid) -> Option<&Arc<Relation>> {
        let ty = self.types.get(&self.base_type(TypeRef::plain(ty)).oid)?;
        if ty.kind == TypeKind::Composite { self.relations.get(&ty.relation?) } else { None }
    }
}

/// A name in quotes, if it needs them (`quote_identifier`).
fn quoted(name: &str) -> String {
    let is_plain =
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            && !name.starts_with(|first: char| first.is_ascii_digit());
    let is_free = |name: &str| {
        let scanned = pg_query::scan(name).map(|scanned| scanned.tokens);
        let free = [KeywordKind::NoKeyword as i32, KeywordKind::UnreservedKeyword as i32];
        matches!(scanned.as_deref(), Ok([one]) if free.contains(&one.keyword_kind))
    };
    if is_plain && is_free(name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
