//! The policy of an SQL store, and what it decides for a role: a rule for each column.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    FieldRule, JsonPath, NamedTreatment, Plan, PlanBuilder, PlanTooLarge, RegionPlan, Rule, Ruling, SqlField,
};

/// The rules of an SQL store, as the policy file has them.
#[derive(Clone, Debug)]
pub struct SqlPolicy {
    /// For what no rule names.
    pub unlisted: NamedTreatment,
    /// The store's own rules.
    pub fields: Vec<FieldRule<SqlField, SqlTreatment>>,
    /// What a role changes, by the role's name.
    pub roles: BTreeMap<String, Vec<FieldRule<SqlField, SqlTreatment>>>,
}

/// What the policy file says of a column.
#[derive(Clone, Debug)]
pub enum SqlTreatment {
    /// One treatment, for the value or for each element of an array.
    Scalar(NamedTreatment),
    /// A treatment for each named attribute of a composite type; others are unlisted.
    Composite(Vec<(String, NamedTreatment)>),
    /// Rules for a document.
    Json(Vec<(JsonPath, NamedTreatment)>),
}

/// All decisions for one role (or for no role) in one SQL store.
#[derive(Clone, Debug)]
pub struct SqlPlans {
    unlisted: Ruling,
    /// `None` is every database.
    databases: BTreeMap<Option<String>, Tables>,
    allows_writes: bool,
    is_plain: bool,
    is_closed: bool,
    regions: Option<Arc<RegionPlan>>,
}

/// By schema and table, then by column.
type Tables = BTreeMap<(String, String), BTreeMap<String, ColumnRule>>;

/// The decision for a column.
#[derive(Clone, Debug)]
pub enum ColumnRule {
    /// One ruling, for the value or for each element of an array.
    Scalar(Ruling),
    /// A ruling for each named attribute of a composite type; others are unlisted.
    Composite(BTreeMap<String, Ruling>),
    /// A plan for a document.
    Json(Arc<Plan>),
}

impl SqlPolicy {
    /// Decides everything for `role`, or for those who have none. A role's line replaces the store's line
    /// for the same column; a line for one database comes before a line for every database.
    ///
    /// # Errors
    /// [`PlanTooLarge`] if the paths for one document multiply each other beyond measure.
    pub fn decide(&self, role: Option<&str>) -> Result<SqlPlans, PlanTooLarge> {
        let mut plans = SqlPlans {
            unlisted: self.unlisted.rule_for_unlisted(),
            databases: BTreeMap::new(),
            allows_writes: false,
            is_plain: false,
            is_closed: false,
            regions: None,
        };
        for line in &self.fields {
            plans.insert(line, &Rule::Fields)?;
        }
        if let Some((name, fields)) = role.and_then(|name| self.roles.get_key_value(name)) {
            for line in fields {
                plans.forget_named_databases(line);
            }
            for line in fields {
                plans.insert(line, &Rule::Role(name.clone()))?;
            }
        }
        Ok(plans)
    }
}

impl SqlPlans {
    /// The same decisions, with or without statements that change tables in which nothing is protected.
    #[must_use]
    pub const fn with_writes(mut self, allowed: bool) -> Self {
        self.allows_writes = allowed;
        self
    }

    /// The same decisions, carried out with or without what only makes statements fast.
    #[must_use]
    pub const fn plainly(mut self, is_plain: bool) -> Self {
        self.is_plain = is_plain;
        self
    }

    /// True if everything that can be is treated in the store, and nothing helps its indexes.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// The same decisions, for somebody who may ask nothing here, or may.
    #[must_use]
    pub const fn closed(mut self, is_closed: bool) -> Self {
        self.is_closed = is_closed;
        self
    }

    /// True if no statement may be asked.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// The same decisions, for a role that is bound to regions.
    #[must_use]
    pub fn within(mut self, regions: Option<RegionPlan>) -> Self {
        self.regions = regions.map(Arc::new);
        self
    }

    /// The regions that the role is bound to, if it is.
    #[must_use]
    pub fn regions(&self) -> Option<&RegionPlan> {
        self.regions.as_deref()
    }

    /// True if statements may change tables in which nothing is protected.
    #[must_use]
    pub const fn allows_writes(&self) -> bool {
        self.allows_writes
    }

    /// The decision for a column, if the policy names it.
    #[must_use]
    pub fn column(&self, database: &str, schema: &str, table: &str, column: &str) -> Option<&ColumnRule> {
        self.table(database, schema, table).remove(column)
    }

    /// The decisions for all columns of a table that the policy names, whether the catalogue has them or
    /// not. Empty for a table that the policy does not name.
    #[must_use]
    pub fn table(&self, database: &str, schema: &str, table: &str) -> BTreeMap<&str, &ColumnRule> {
        let key = (schema.to_owned(), table.to_owned());
        let everywhere = self.databases.get(&None).and_then(|tables| tables.get(&key));
        let here = self.databases.get(&Some(database.to_owned())).and_then(|tables| tables.get(&key));
        let columns = everywhere.into_iter().chain(here).flatten();
        columns.map(|(column, rule)| (column.as_str(), rule)).collect()
    }

    /// The (schema, table) pairs of which the policy names a column in `database`.
    pub fn tables(&self, database: &str) -> impl Iterator<Item = (&str, &str)> {
        let of =
            |database: Option<String>| self.databases.get(&database).into_iter().flat_map(BTreeMap::keys);
        let names: std::collections::BTreeSet<_> = of(None).chain(of(Some(database.to_owned()))).collect();
        names.into_iter().map(|(schema, table)| (schema.as_str(), table.as_str()))
    }

    /// The ruling for columns that no rule names.
    #[must_use]
    pub const fn unlisted(&self) -> &Ruling {
        &self.unlisted
    }

    fn insert(&mut self, line: &FieldRule<SqlField, SqlTreatment>, rule: &Rule) -> Result<(), PlanTooLarge> {
        let field = &line.field;
        let decided = self.column_rule(line, rule)?;
        let tables = self.databases.entry(field.database.clone()).or_default();
        let columns = tables.entry((field.schema.clone(), field.table.clone())).or_default();
        columns.insert(field.column.clone(), decided);
        Ok(())
    }

    /// A role's line for every database comes before the store's lines for single ones.
    fn forget_named_databases(&mut self, line: &FieldRule<SqlField, SqlTreatment>) {
        if line.field.database.is_some() {
            return;
        }
        let key = (line.field.schema.clone(), line.field.table.clone());
        for tables in self.databases.values_mut() {
            if let Some(columns) = tables.get_mut(&key) {
                columns.remove(&line.field.column);
            }
        }
    }

    fn column_rule(
        &self,
        line: &FieldRule<SqlField, SqlTreatment>,
        rule: &Rule,
    ) -> Result<ColumnRule, PlanTooLarge> {
        Ok(match &line.treatment {
            SqlTreatment::Scalar(named) => ColumnRule::Scalar(named.rule_for(&line.written, rule.clone())),
            SqlTreatment::Composite(attributes) => {
                let ruling = |(attribute, named): &(String, NamedTreatment)| {
                    (
                        attribute.clone(),
                        named.rule_for(&format!("{}.{attribute}", line.written), rule.clone()),
                    )
                };
                ColumnRule::Composite(attributes.iter().map(ruling).collect())
            }
            SqlTreatment::Json(paths) => {
                let mut plan = PlanBuilder::new(self.unlisted.clone());
                for (path, named) in paths {
                    plan.add(path.clone(), named.rule_for(&format!("{} {path}", line.written), rule.clone()));
                }
                ColumnRule::Json(Arc::new(plan.build()?))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Treatment;

    fn line(field: &str, treatment: Treatment) -> FieldRule<SqlField, SqlTreatment> {
        let named = NamedTreatment { name: treatment.kind().into(), treatment: Arc::new(treatment) };
        let (treatment, written) = (SqlTreatment::Scalar(named), field.to_owned());
        FieldRule { field: field.parse().unwrap(), written, treatment, span: 0..0 }
    }

    fn kind(plans: &SqlPlans, database: &str, column: &str) -> Option<&'static str> {
        match plans.column(database, "public", "logins", column)? {
            ColumnRule::Scalar(ruling) => Some(ruling.treatment.kind()),
            ColumnRule::Composite(_) | ColumnRule::Json(_) => None,
        }
    }

    #[test]
    fn one_database_comes_before_all_and_a_role_before_the_store() {
        let redact = || Treatment::Redact("x".to_owned());
        let pass = NamedTreatment { name: "pass".into(), treatment: Arc::new(Treatment::Pass) };
        let policy = SqlPolicy {
            unlisted: pass,
            fields: vec![
                line("test/public.logins.ip", Treatment::Pass),
                line("public.logins.ip", Treatment::Suppress),
                line("public.logins.at", Treatment::Suppress),
                line("test/audit.events.at", Treatment::Suppress),
            ],
            roles: BTreeMap::from([
                ("all".to_owned(), vec![line("public.logins.ip", redact())]),
                ("one".to_owned(), vec![line("app/public.logins.ip", redact())]),
            ]),
        };
        let cases = [
            (None, "app", Some("suppress")),
            (None, "test", Some("pass")),
            (Some("all"), "app", Some("redact")),
            (Some("all"), "test", Some("redact")),
            (Some("one"), "app", Some("redact")),
            (Some("one"), "test", Some("pass")),
        ];
        for (role, database, wanted) in cases {
            let plans = policy.decide(role).unwrap();
            assert_eq!(kind(&plans, database, "ip"), wanted, "{role:?} {database}");
            assert_eq!(kind(&plans, database, "at"), Some("suppress"));
            assert_eq!(kind(&plans, database, "note"), None);
        }
        let plans = policy.decide(None).unwrap();
        assert_eq!(plans.table("app", "public", "logins").into_keys().collect::<Vec<_>>(), ["at", "ip"]);
        assert_eq!(plans.tables("app").collect::<Vec<_>>(), [("public", "logins")]);
        assert_eq!(plans.tables("test").collect::<Vec<_>>(), [("audit", "events"), ("public", "logins")]);
    }
}
