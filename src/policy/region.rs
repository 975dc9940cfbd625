//! Regions: whose rows a role may read, by where the person that a row is about belongs.
//!
//! A store states for each table where the region stands: in a column of it, or in another table that a join leads to.
//! A role is bound to some regions. Where roles are, whoever has none of them is bound to no region at all.
//!
//! Invariant: a row whose region is not known (no value, or nobody at the end of the join) belongs to no region.
//! Not here: how rows are held back (`sql/rules/region`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::SqlPlans;
use super::field::{SqlFieldError, SqlTable, sql_name};

/// Where a table says in which region the person is whom a row is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegionSource {
    /// In a column of its own.
    Column(String),
    /// In a row of another table, which states its own region.
    Join(RegionJoin),
    /// Nowhere: its rows are about nobody.
    Nobody,
}

/// `user_id = public.users.id`: from a row to the row that knows its region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionJoin {
    /// The column of the table itself.
    pub column: String,
    /// The table that the join leads to.
    pub table: SqlTable,
    /// The column there that has the same value.
    pub key: String,
}

/// A line of `regions`.
#[derive(Clone, Debug)]
pub struct RegionRule {
    /// The table.
    pub table: SqlTable,
    /// Where its region stands.
    pub source: RegionSource,
    /// The table as the file spells it.
    pub written: String,
    /// Where the line stands in the file, in bytes.
    pub span: std::ops::Range<usize>,
}

/// What a role is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The regions whose rows it reads, as the store spells them.
    pub regions: BTreeSet<String>,
    /// What happens to the rows of others.
    pub others: OtherRegions,
}

/// What happens to the rows of other regions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtherRegions {
    /// They are not there.
    #[default]
    Withhold,
    /// They are there, without their protected fields.
    Suppress,
    /// They are there by the plain fields of the store.
    Coarsen,
}

/// What every role of a policy file is bound to.
#[derive(Clone, Debug, Default)]
pub struct Bindings(BTreeMap<String, Binding>);

/// What holds for one role in one store.
#[derive(Clone, Debug)]
pub struct RegionPlan {
    binding: Binding,
    /// By database (`None` is every one), schema and table.
    sources: BTreeMap<SqlTable, RegionSource>,
    /// The fields of the store for whoever has no role, if rows of others are shown so.
    plain: Option<Box<SqlPlans>>,
}

impl Bindings {
    /// What each bound role is bound to.
    #[must_use]
    pub const fn new(bound: BTreeMap<String, Binding>) -> Self {
        Self(bound)
    }

    /// True if a role is bound.
    #[must_use]
    pub fn are_there(&self) -> bool {
        !self.0.is_empty()
    }

    /// What a role, or whoever has none, is bound to; `None` reads all regions.
    #[must_use]
    pub fn of(&self, role: Option<&str>) -> Option<Binding> {
        match role {
            Some(role) => self.0.get(role).cloned(),
            None => {
                self.are_there().then(|| Binding { regions: BTreeSet::new(), others: OtherRegions::Withhold })
            }
        }
    }
}

impl RegionPlan {
    /// Puts together what a store states and what a role is bound to; `plain` are the decisions for those without role.
    #[must_use]
    pub fn new(binding: Binding, rules: &[RegionRule], plain: SqlPlans) -> Self {
        let plain = (binding.others == OtherRegions::Coarsen).then(|| Box::new(plain));
        let sources = rules.iter().map(|rule| (rule.table.clone(), rule.source.clone())).collect();
        Self { binding, sources, plain }
    }

    /// What the role is bound to.
    #[must_use]
    pub const fn binding(&self) -> &Binding {
        &self.binding
    }

    /// The fields of the store for whoever has no role, if rows of others are shown so.
    #[must_use]
    pub fn plain(&self) -> Option<&SqlPlans> {
        self.plain.as_deref()
    }

    /// Where the region of a table stands; a line for one database comes before a line for all.
    #[must_use]
    pub fn source(&self, database: &str, schema: &str, table: &str) -> Option<&RegionSource> {
        let named = |database: Option<&str>| SqlTable {
            database: database.map(str::to_owned),
            schema: schema.to_owned(),
            table: table.to_owned(),
        };
        self.sources.get(&named(Some(database))).or_else(|| self.sources.get(&named(None)))
    }

    /// The tables of which a region is stated in `database`.
    pub fn tables<'a>(&'a self, database: &'a str) -> impl Iterator<Item = (&'a SqlTable, &'a RegionSource)> {
        self.sources
            .iter()
            .filter(move |(table, _)| table.database.as_deref().is_none_or(|it| it == database))
    }
}

impl FromStr for RegionJoin {
    type Err = SqlFieldError;

    fn from_str(text: &str) -> Result<Self, SqlFieldError> {
        let (own, there) = text.split_once('=').ok_or(SqlFieldError::NotThreeNames)?;
        let there: super::SqlField = there.trim().parse()?;
        let super::SqlField { database, schema, table, column: key } = there;
        Ok(Self { column: sql_name(own.trim())?, table: SqlTable { database, schema, table }, key })
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let regions: Vec<String> = self.regions.iter().map(|region| format!("`{region}`")).collect();
        match regions.as_slice() {
            [] => f.write_str("no region"),
            [one] => write!(f, "region {one}"),
            _ => write!(f, "regions {}", regions.join(", ")),
        }
    }
}

impl fmt::Display for RegionSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(column) => write!(f, "`{column}`"),
            Self::Join(join) => {
                write!(f, "the row of `{}` whose `{}` is `{}`", join.table, join.key, join.column)
            }
            Self::Nobody => f.write_str("nobody's"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_join_is_written_as_in_sql() {
        let join: RegionJoin = "User_Id = public.users.id".parse().unwrap();
        assert_eq!((join.column.as_str(), join.key.as_str()), ("user_id", "id"));
        assert_eq!(join.table.to_string(), "public.users");
        let quoted: RegionJoin = r#""User"=public."All Users"."Id""#.parse().unwrap();
        assert_eq!((quoted.column.as_str(), quoted.key.as_str()), ("User", "Id"));
        for text in
            ["user_id", "user_id = users.id", "a.b = public.users.id", "= public.users.id", "user_id = "]
        {
            assert!(text.parse::<RegionJoin>().is_err(), "{text}");
        }
    }

    #[test]
    fn whoever_has_no_role_has_no_region_where_roles_are_bound() {
        assert_eq!(Bindings::default().of(None), None);
        let german = Binding { regions: BTreeSet::from(["DE".to_owned()]), others: OtherRegions::Suppress };
        let bindings = Bindings::new(BTreeMap::from([("german".to_owned(), german.clone())]));
        assert_eq!(bindings.of(Some("german")), Some(german));
        assert_eq!(bindings.of(Some("worldwide")), None);
        assert_eq!(bindings.of(None).unwrap().regions.len(), 0);
        assert_eq!(bindings.of(None).unwrap().others, OtherRegions::Withhold);
    }
}
