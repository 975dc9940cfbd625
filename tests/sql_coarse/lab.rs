//! A server with a table for each column to be tried, and what is asked of every expression.
#![allow(unreachable_pub, reason = "modules of one test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sfumato::kernel::{
    AddressForm, Bucket, Floor, Grid, PrefixV4, PrefixV6, Scrub, Treatment, Truncate, Value,
};
use sfumato::policy::{ColumnRule, NamedTreatment, Plan, PlanBuilder, Rule, Ruling};
use sfumato::sql::coarse::{Coarse, Coarsener, Declared, Reach, Unfit};
use sfumato::sql::{Catalogue, QUERIES};

use crate::cluster::Cluster;
use crate::postgres::{Client, literal};

/// Settings that change how values are read or written, none of which may matter.
const ODD_SETTINGS: &[&str] = &[
    "SET standard_conforming_strings = off; SET escape_string_warning = off; SET backslash_quote = on",
    "SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'sql_standard'",
    "SET TimeZone = 'America/St_Johns'; SET DateStyle = 'Postgres, MDY'; SET IntervalStyle = 'postgres_verbose'",
    "SET extra_float_digits = -15; SET bytea_output = 'escape'; SET lc_numeric = 'C'; SET xmloption = document",
    "SET search_path = ''; SET DateStyle = 'German'; SET TimeZone = '<X>-00:17:00'; SET timezone_abbreviations = 'India'",
    "SET quote_all_identifiers = on; SET array_nulls = on; SET jit = off; SET enable_material = off",
];

/// Between them the settings are what they were at the beginning.
const RESET: &str =
    "RESET ALL; SET jit = off; SET extra_float_digits = 3; SET DateStyle = 'ISO, YMD'; SET TimeZone = 'UTC'";

pub struct Lab {
    _cluster: Cluster,
    pub client: Client,
    catalogue: Option<Catalogue>,
    tables: BTreeMap<String, String>,
    made: u32,
    /// Networks written like hosts are hosts when they are read again.
    pub expect_idempotence: bool,
    /// For columns that take long.
    pub few_settings: bool,
}

/// What a column gave: the raw text and the coarse text of each row, in the order of insertion.
pub type Outcome = Vec<(Option<String>, Option<String>)>;

impl Lab {
    pub fn start() -> Option<Self> {
        let cluster = Cluster::start()?;
        let mut client = Client::connect(&cluster.socket(), "postgres");
        client.rows("CREATE EXTENSION citext");
        client.rows(RESET);
        Some(Self {
            _cluster: cluster,
            client,
            catalogue: None,
            tables: BTreeMap::new(),
            made: 0,
            expect_idempotence: true,
            few_settings: false,
        })
    }

    /// Runs some tests on one server.
    pub fn run(tests: &[fn(&mut Self)]) {
        let Some(mut lab) = Self::start() else { return };
        for test in tests {
            (lab.expect_idempotence, lab.few_settings) = (true, false);
            test(&mut lab);
        }
    }

    /// Makes a table with one column of `type_name` and fills it with `values`, each an input text of the type.
    pub fn column<S: AsRef<str>>(&mut self, type_name: &str, values: &[S]) {
        self.made += 1;
        let table = format!("t{}", self.made);
        self.client.rows(&format!("CREATE TABLE {table} (id bigserial, v {type_name})"));
        for some in values.chunks(500) {
            let rows: Vec<String> =
                some.iter().map(|value| format!("({}::{type_name})", literal(value.as_ref()))).collect();
            self.client.rows(&format!("INSERT INTO {table} (v) VALUES {}", rows.join(",")));
        }
        self.client.rows(&format!("INSERT INTO {table} (v) VALUES (NULL)"));
        self.tables.insert(type_name.to_owned(), table);
    }

    fn catalogue(&mut self) -> &Catalogue {
        if self.catalogue.is_none() {
            self.catalogue = Some(load(&mut self.client));
        }
        self.catalogue.as_ref().unwrap()
    }

    /// The catalogue as it is now.
    pub fn loaded(&mut self) -> Catalogue {
        load(&mut self.client)
    }

    fn declared(&mut self, type_name: &str) -> Declared {
        let table = self.tables[type_name].clone();
        let declared = self.client.rows(&format!(
            "SELECT atttypid, atttypmod, nullif(attcollation, 0) FROM pg_attribute \
             WHERE attrelid = '{table}'::regclass AND attname = 'v'"
        ));
        let cell = |at: usize| declared[0][at].as_deref();
        Declared {
            type_oid: cell(0).unwrap().parse().unwrap(),
            type_modifier: cell(1).unwrap().parse().unwrap(),
            collation: cell(2).map(|oid| oid.parse().unwrap()),
        }
    }

    /// Where the raw values lie of which `value` is the coarse one.
    pub fn reach(&mut self, type_name: &str, rule: &ColumnRule, value: &str) -> Option<Reach> {
        let declared = self.declared(type_name);
        Coarsener::new(self.catalogue()).reach(rule, declared, value)
    }

    pub fn coarse(&mut self, type_name: &str, rule: &ColumnRule) -> Result<Coarse, Unfit> {
        let declared = self.declared(type_name);
        let mut coarse = || {
            let coarsener = Coarsener::new(self.catalogue());
            coarsener.column(rule, &ruling(&Treatment::Pass), declared, "\"t\".\"v\"")
        };
        let first = coarse();
        if !matches!(first, Err(Unfit::UnknownType(_))) {
            return first;
        }
        // A type of later.
        self.catalogue = None;
        let coarsener = Coarsener::new(self.catalogue());
        coarsener.column(rule, &ruling(&Treatment::Pass), declared, "\"t\".\"v\"")
    }

    /// The coarse values, after everything has been asked of the expression that is asked of all.
    pub fn outcome(&mut self, type_name: &str, rule: &ColumnRule) -> Outcome {
        let coarse = self.coarse(type_name, rule).unwrap();
        let what = format!("{type_name} under {rule:?}");
        let table = self.tables[type_name].clone();
        self.immutable(&coarse.sql, &table, &what);
        let sql = &coarse.sql;
        let mut outcome = Vec::new();
        let query =
            format!("SELECT \"t\".v::text, {}::text FROM {table} AS \"t\" ORDER BY id", parenthesised(sql));
        for row in self.client.rows(&query) {
            let [raw, coarse] = row.try_into().unwrap();
            assert!(raw.is_some() || coarse.is_none(), "{what}: NULL became {coarse:?}");
            outcome.push((raw, coarse));
        }
        if self.expect_idempotence {
            self.idempotent(sql, &table, &what);
        }
        self.unmoved_by_settings(sql, &table, &what);
        outcome
    }

    /// What a type makes of texts.
    pub fn stored(&mut self, type_name: &str, texts: &[String]) -> Vec<Option<String>> {
        let mut stored = Vec::new();
        for some in texts.chunks(200) {
            let rows: Vec<String> =
                some.iter().enumerate().map(|(at, text)| format!("({at}, {})", literal(text))).collect();
            let query =
                format!("SELECT v::{type_name}::text FROM (VALUES {}) AS l(n, v) ORDER BY n", rows.join(","));
            stored.extend(self.client.rows(&query).into_iter().map(|mut row| row.swap_remove(0)));
        }
        stored
    }

    pub fn table(&self, type_name: &str) -> String {
        self.tables[type_name].clone()
    }

    /// The coarse values of timestamps in microseconds since 2000, the infinities as the largest and the smallest.
    pub fn microseconds(&mut self, type_name: &str, rule: &ColumnRule) -> Vec<Option<i64>> {
        self.outcome(type_name, rule);
        let (sql, table) = (self.coarse(type_name, rule).unwrap().sql, self.table(type_name));
        let sent = if type_name == "timestamptz" { "timestamptz_send" } else { "timestamp_send" };
        let query = format!("SELECT encode({sent}({sql}), 'hex') FROM {table} AS \"t\" ORDER BY id");
        let rows = self.client.rows(&query).into_iter();
        rows.map(|mut row| row.swap_remove(0).map(|hex| u64::from_str_radix(&hex, 16).unwrap().cast_signed()))
            .collect()
    }

    /// Raw and coarse dates that are not NULL before, in days since 2000, likewise.
    pub fn days(&mut self, type_name: &str, rule: &ColumnRule) -> Vec<(i32, Option<i32>)> {
        self.outcome(type_name, rule);
        let (sql, table) = (self.coarse(type_name, rule).unwrap().sql, self.table(type_name));
        let query = format!(
            "SELECT encode(date_send(t.v), 'hex'), encode(date_send({sql}), 'hex') FROM {table} AS \"t\" \
             WHERE t.v IS NOT NULL ORDER BY id"
        );
        let day = |hex: String| u32::from_str_radix(&hex, 16).unwrap().cast_signed();
        let rows = self.client.rows(&query).into_iter();
        rows.map(|row| <[_; 2]>::try_from(row).unwrap())
            .map(|[raw, coarse]| (day(raw.unwrap()), coarse.map(day)))
            .collect()
    }

    fn idempotent(&mut self, sql: &str, table: &str, what: &str) {
        let differing = format!(
            "SELECT u.raw, u.once, u.twice FROM (\
             SELECT t.raw, t.v::text AS once, {}::text AS twice FROM \
             (SELECT t.v::text AS raw, {sql} AS v FROM {table} AS \"t\" OFFSET 0) AS \"t\") AS u \
             WHERE u.once IS DISTINCT FROM u.twice",
            parenthesised(sql)
        );
        let differing = self.client.rows(&differing);
        assert!(differing.is_empty(), "{what}: not idempotent: {:?}", differing.first());
    }

    /// Values are compared in the server, so that only their computation is under the setting.
    fn unmoved_by_settings(&mut self, sql: &str, table: &str, what: &str) {
        self.client.rows(&format!(
            "DROP TABLE IF EXISTS pg_temp.expected; CREATE TEMPORARY TABLE expected AS \
             SELECT id, {sql} AS v FROM {table} AS \"t\""
        ));
        let settings = if self.few_settings { &ODD_SETTINGS[..1] } else { ODD_SETTINGS };
        for settings in settings {
            self.client.rows(settings);
            let made = format!(
                "DROP TABLE IF EXISTS pg_temp.found; CREATE TEMPORARY TABLE found AS \
                 SELECT id, {sql} AS v FROM public.{table} AS \"t\""
            );
            self.client.query(&made).unwrap_or_else(|failure| panic!("{what}: {failure} under {settings}"));
            self.client.rows(RESET);
            let differing = "SELECT e.v, f.v FROM expected e JOIN found f USING (id) \
                             WHERE e.v::text IS DISTINCT FROM f.v::text";
            let differing = self.client.rows(differing);
            assert!(differing.is_empty(), "{what}: {:?} under {settings}", differing.first());
        }
    }

    /// Every function, operator and reader of text in the parsed expression, as the server understood it.
    fn immutable(&mut self, sql: &str, table: &str, what: &str) {
        self.client.rows(&format!(
            "DROP VIEW IF EXISTS parsed; CREATE VIEW parsed AS SELECT {sql} AS v FROM {table} AS \"t\""
        ));
        let tree = "SELECT ev_action::text FROM pg_rewrite WHERE ev_class = 'parsed'::regclass";
        let tree = self.client.value(tree).unwrap();
        self.client.rows("DROP VIEW parsed");
        let numbers = |field: &str| -> String {
            let found = tree
                .match_indices(field)
                .map(|(at, _)| tree[at + field.len()..].split(' ').next().unwrap().to_owned());
            let found: BTreeSet<String> = found.chain(["0".to_owned()]).collect();
            found.into_iter().collect::<Vec<_>>().join(",")
        };
        // Of reading by way of text: what is read. Nothing else has a collation right behind its type.
        let read: BTreeSet<String> = tree
            .match_indices(":resulttype ")
            .filter_map(|(at, field)| {
                let (number, rest) = tree[at + field.len()..].split_once(' ')?;
                rest.starts_with(":resultcollid").then(|| number.to_owned())
            })
            .chain(["0".to_owned()])
            .collect();
        let read = read.into_iter().collect::<Vec<_>>().join(",");
        let mutable = self.client.rows(&format!(
            "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.provolatile <> 'i' AND (p.oid IN ({}) OR p.oid IN ({}) \
             OR p.oid IN (SELECT oprcode FROM pg_operator WHERE oid IN ({})) \
             OR p.oid IN (SELECT typinput FROM pg_type WHERE oid IN ({read})))",
            numbers(":funcid "),
            numbers(":aggfnoid "),
            numbers(":opno "),
        ));
        let mutable: Vec<String> = mutable.into_iter().filter_map(|mut row| row.swap_remove(0)).collect();
        let is_array = sql.contains("[])");
        let other: Vec<_> =
            mutable.iter().filter(|name| !(is_array && name.starts_with("array_in("))).collect();
        assert!(other.is_empty(), "{what}: {other:?} in {sql}");
        // Qualified, all of it: nothing may depend on what the path finds first.
        let operators = sql.matches("OPERATOR(").count();
        assert_eq!(operators, sql.matches("OPERATOR(pg_catalog.").count(), "{what}");
        for session in ["now()", "CURRENT_", "LOCALTIME"] {
            assert!(!sql.contains(session), "{what}: {session}");
        }
    }
}

fn parenthesised(sql: &str) -> String {
    format!("({sql})")
}

fn load(client: &mut Client) -> Catalogue {
    let answers: Vec<_> = QUERIES.iter().map(|query| client.rows(query.text)).collect();
    Catalogue::load(&answers).unwrap()
}

pub fn ruling(treatment: &Treatment) -> Ruling {
    NamedTreatment { name: "x".into(), treatment: Arc::new(treatment.clone()) }.rule_for("x", Rule::Fields)
}

pub fn scalar(treatment: &Treatment) -> ColumnRule {
    ColumnRule::Scalar(ruling(treatment))
}

pub fn plan(unlisted: &Treatment, rules: &[(&str, Treatment)]) -> Plan {
    let mut builder = PlanBuilder::new(
        NamedTreatment { name: "u".into(), treatment: Arc::new(unlisted.clone()) }.rule_for_unlisted(),
    );
    for (path, treatment) in rules {
        builder.add(path.parse().unwrap(), ruling(treatment));
    }
    builder.build().unwrap()
}

pub fn truncate(v4: u8, v6: u8, form: AddressForm) -> Truncate {
    Truncate::new(PrefixV4::new(v4).unwrap(), PrefixV6::new(v6).unwrap(), form)
}

pub fn coarse_ip() -> Treatment {
    Treatment::Truncate(truncate(16, 32, AddressForm::Network))
}

pub fn grid(degrees: &str) -> Treatment {
    Treatment::Grid(Grid::parse(degrees).unwrap())
}

pub fn bucket(width: &str) -> Treatment {
    Treatment::Bucket(Bucket::parse(width).unwrap())
}

pub fn floor(to: &str) -> Treatment {
    Treatment::Floor(Floor::parse(to).unwrap())
}

pub fn scrub() -> Treatment {
    Treatment::Scrub(Arc::new(Scrub::default()))
}

/// What the kernel makes of a text.
pub fn kernel_text(treatment: &Treatment, text: &str) -> Option<String> {
    let mut scratch = String::new();
    match treatment.treat(Value::Text(text), &mut scratch) {
        Value::Text(text) => Some(text.to_owned()),
        _ => None,
    }
}

/// What the kernel makes of a number.
pub fn kernel_number(treatment: &Treatment, number: &str) -> Option<String> {
    let mut scratch = String::new();
    match treatment.treat(Value::Number(number), &mut scratch) {
        Value::Number(number) => Some(number.to_owned()),
        _ => None,
    }
}

/// Numbers that look random and are the same each time.
pub struct Dice(u64);

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}
