//! Which tables may be written to, and what a statement may read on the way.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::kernel::Treatment;
use crate::policy::{FieldRule, NamedTreatment, SqlPolicy, SqlTreatment};
use crate::sql::{Catalogue, Kind, Planner, QUERIES, Row, SessionView};

/// Tables: number, name, kind, what the store's answers about hazards say of it.
const TABLES: &[(u32, &str, &str, Option<&str>)] = &[
    (20_001, "logins", "r", None),
    (20_002, "notes", "r", None),
    (20_003, "tags", "r", None),
    (20_004, "triggered", "r", Some("t")),
    (20_005, "ruled", "r", Some("r")),
    (20_006, "computed", "r", Some("c")),
    (20_007, "child", "r", None),
    (20_008, "parent", "r", None),
    (20_009, "guarded", "r", None),
    (20_010, "window", "v", None),
    (20_011, "of_login", "r", None),
    (20_012, "login_of", "r", None),
    (20_013, "cascading", "r", None),
];

/// Foreign keys: from, to.
const REFERENCES: &[(u32, u32)] =
    &[(20_002, 20_003), (20_011, 20_001), (20_001, 20_012), (20_004, 20_013), (20_002, 20_002)];

fn answers() -> Vec<Vec<Row>> {
    let row = |fields: &[&str]| -> Row {
        fields.iter().map(|field| (*field != "~").then(|| (*field).to_owned())).collect()
    };
    let relation = |(oid, name, kind, _): &(u32, &str, &str, Option<&str>)| {
        let guarded = if *name == "guarded" { "t" } else { "f" };
        let definition = if *kind == "v" { "SELECT id, body FROM public.notes" } else { "~" };
        row(&[&oid.to_string(), "public", name, kind, guarded, "f", definition, "1", "~"])
    };
    let columns = |(oid, ..): &(u32, &str, &str, Option<&str>)| {
        let oid = oid.to_string();
        [row(&[&oid, "1", "id", "23", "-1", "0"]), row(&[&oid, "2", "body", "25", "-1", "100"])]
    };
    let a_type = |oid: &str, name: &str, category: &str| {
        row(&[oid, "pg_catalog", name, "b", category, "f", "0", "0", "0", "-1", "0", "~", "t"])
    };
    let pair = |(one, two): &(u32, u32)| row(&[&one.to_string(), &two.to_string()]);
    let answer = |name: &str| match name {
        "server" => vec![row(&["150000", "app", "public", "UTF8"])],
        "schemas" => vec![row(&["public"]), row(&["pg_catalog"])],
        "relations" => TABLES.iter().map(relation).collect(),
        "columns" => TABLES.iter().flat_map(columns).collect(),
        "inheritance" => vec![pair(&(20_007, 20_008))],
        "references" => REFERENCES.iter().map(pair).collect(),
        "hazards" => TABLES
            .iter()
            .filter_map(|(oid, _, _, hazard)| hazard.map(|hazard| row(&[&oid.to_string(), hazard])))
            .collect(),
        "types" => vec![a_type("23", "int4", "N"), a_type("25", "text", "S")],
        _ => Vec::new(),
    };
    QUERIES.iter().map(|query| answer(query.name)).collect()
}

fn planner(writes: bool, unlisted: Treatment) -> Planner {
    let named = |treatment| NamedTreatment { name: "test".into(), treatment: Arc::new(treatment) };
    let policy = SqlPolicy {
        unlisted: named(unlisted),
        fields: vec![FieldRule {
            field: "public.logins.body".parse().unwrap(),
            written: "public.logins.body".to_owned(),
            treatment: SqlTreatment::Scalar(named(Treatment::Suppress)),
            span: 0..0,
        }],
        roles: BTreeMap::new(),
    };
    let plans = policy.decide(None).unwrap().with_writes(writes);
    Planner::new(Arc::new(Catalogue::load(&answers()).unwrap()), plans)
}

/// The statement for the store, or the SQLSTATE and message of its refusal.
fn planned(planner: &Planner, text: &str) -> Result<(String, Kind), String> {
    let session = SessionView { search_path: None, user: "someone", role: None, salt: &[0; 16] };
    let mut planned = planner.plan(text, &session, &[]).map_err(|refusal| {
        format!("{} {} ({})", refusal.sqlstate, refusal.message, refusal.hint.unwrap_or_default())
    })?;
    let one = planned.pop().unwrap();
    Ok((one.sql, one.kind))
}

#[test]
fn what_reads_nothing_protected_passes() {
    let planner = planner(true, Treatment::Pass);
    for (text, expected) in [
        (
            "INSERT INTO notes VALUES ($2, DEFAULT), (2, 'x')",
            r#"INSERT INTO "public"."notes" AS "notes" VALUES ($1, DEFAULT), (2, 'x')"#,
        ),
        (
            "INSERT INTO notes DEFAULT VALUES RETURNING id AS n",
            r#"INSERT INTO "public"."notes" AS "notes" DEFAULT VALUES RETURNING "notes"."id" AS "n""#,
        ),
        (
            "INSERT INTO tags (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            r#"INSERT INTO "public"."tags" AS "tags" ("id") VALUES (1) ON CONFLICT ("id") DO UPDATE SET "body" = "excluded"."body""#,
        ),
        (
            "UPDATE notes n SET body = t.body FROM tags t WHERE n.id IS NULL",
            r#"UPDATE "public"."notes" AS "n" SET "body" = "t"."body" FROM "public"."tags" AS "t" WHERE ("n"."id" IS NULL)"#,
        ),
        (
            "DELETE FROM notes USING tags WHERE notes.id IS NULL",
            r#"DELETE FROM "public"."notes" AS "notes" USING "public"."tags" AS "tags" WHERE ("notes"."id" IS NULL)"#,
        ),
    ] {
        let (sql, kind) = planned(&planner, text).unwrap();
        assert_eq!(sql, expected);
        assert_eq!(matches!(kind, Kind::Rows), text.contains("RETURNING"), "{text}");
    }
    for text in [
        "INSERT INTO notes SELECT id, body FROM tags",
        "INSERT INTO notes TABLE \"window\"",
        "WITH q AS (SELECT 1 AS id) INSERT INTO notes (id) TABLE q ON CONFLICT DO NOTHING",
        "UPDATE notes SET body = (SELECT body FROM tags LIMIT 1), id = DEFAULT RETURNING *",
        "DELETE FROM ONLY tags RETURNING ctid, tags.*",
    ] {
        planned(&planner, text).unwrap();
    }
}

#[test]
fn what_could_tell_of_something_protected_is_refused() {
    let planner = planner(true, Treatment::Pass);
    for (text, why) in [
        ("INSERT INTO logins (id) VALUES (1)", "it is protected"),
        ("UPDATE logins SET id = 1", "it is protected"),
        ("DELETE FROM logins", "it is protected"),
        ("INSERT INTO triggered VALUES (1)", "trigger"),
        ("INSERT INTO ruled VALUES (1)", "rule"),
        ("INSERT INTO computed VALUES (1)", "default"),
        ("INSERT INTO child VALUES (1)", "several tables"),
        ("DELETE FROM parent", "several tables"),
        ("INSERT INTO guarded VALUES (1)", "row security"),
        ("INSERT INTO \"window\" VALUES (1)", "no ordinary table"),
        ("DELETE FROM pg_catalog.pg_class", "42P01"),
        ("INSERT INTO of_login VALUES (1)", "leads from it to a protected"),
        ("DELETE FROM login_of", "leads to it from a protected"),
        ("DELETE FROM cascading", "`public.triggered`, which it may change"),
        ("INSERT INTO notes SELECT id, body FROM logins", "reads protected fields"),
        ("INSERT INTO notes (id) VALUES ((SELECT id FROM logins LIMIT 1))", "reads protected fields"),
        ("INSERT INTO notes (id) VALUES (1) RETURNING (SELECT id FROM logins LIMIT 1)", "reads protected"),
        ("UPDATE notes SET id = 1 FROM logins", "reads protected fields"),
        ("UPDATE notes SET id = 1 WHERE EXISTS (SELECT 1 FROM logins)", "reads protected fields"),
        ("DELETE FROM notes USING logins", "reads protected fields"),
        ("WITH q AS (TABLE logins) DELETE FROM notes", "reads protected fields"),
        (
            "INSERT INTO notes (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET id = (SELECT 2 FROM logins)",
            "reads protected",
        ),
        ("WITH q AS (DELETE FROM notes RETURNING *) SELECT * FROM q", "DELETE is refused here"),
        ("UPDATE notes SET (id, body) = (1, 'x')", "several columns"),
        ("UPDATE notes SET id = 1 FROM tags AS notes", "specified more than once"),
        ("EXPLAIN DELETE FROM notes", "EXPLAIN of this statement"),
        ("MERGE INTO notes USING tags ON true WHEN MATCHED THEN DELETE", "MERGE is refused"),
        ("TRUNCATE notes", "`writes`"),
    ] {
        let refusal = planned(&planner, text).unwrap_err();
        assert!(refusal.contains(why), "{text}: {refusal}");
    }
}

#[test]
fn a_table_with_anything_treated_is_protected() {
    let planner = planner(true, Treatment::Suppress);
    let refusal = planned(&planner, "DELETE FROM notes").unwrap_err();
    assert!(refusal.contains("it is protected"), "{refusal}");
}

#[test]
fn a_store_refuses_writes_unless_it_is_told_otherwise() {
    let planner = planner(false, Treatment::Pass);
    for text in [
        "INSERT INTO notes VALUES (1)",
        "UPDATE notes SET id = 1",
        "DELETE FROM notes",
        "EXPLAIN DELETE FROM notes",
    ] {
        let refusal = planned(&planner, text).unwrap_err();
        assert!(refusal.starts_with("42501") && refusal.contains("`writes = \"allow\"`"), "{refusal}");
    }
}
