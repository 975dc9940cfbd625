//! Statements: what is said of those that are refused, whatever they say.
//!
//! Allowed, each in the forms that reading them knows: `SELECT`, `VALUES`, `TABLE` and `WITH` of these; `DECLARE`,
//! `FETCH`, `MOVE`, `CLOSE`; `PREPARE`, `EXECUTE`, `DEALLOCATE`; `COPY ... TO STDOUT`; `EXPLAIN`, which is answered
//! by the proxy; `INSERT`, `UPDATE` and `DELETE` where the store's `writes` allows them; `SET`, `RESET` and `SHOW` of what is on the list of settings; `BEGIN` and its family without
//! prepared transactions; `DISCARD` and `UNLISTEN`, by which pools of connections undo what could not be done.
//!
//! Not here: reading the allowed ones.

use pg_query::NodeEnum;

use super::refused::{Reason, Refused};

/// A statement that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) struct RefusedStatement {
    /// What it is called.
    pub(in crate::sql) name: &'static str,
    /// Why.
    pub(in crate::sql) refused: Refused,
}

const QUESTIONS: &str = "this connection answers questions: SELECT, WITH, VALUES, TABLE, COPY (query) TO STDOUT and cursors; \
     the store's `writes` may allow INSERT, UPDATE and DELETE";

/// The refusal of `INSERT`, `UPDATE` and `DELETE` where the store does not allow them.
pub(in crate::sql) const WRITE: Refused = because(Reason::Writes).instead(
    "`writes = \"allow\"` lets it pass for tables in which nothing is protected; the operator decides",
);

/// The refusal of a statement that is none of the allowed ones.
pub(in crate::sql) fn refused(node: &NodeEnum) -> RefusedStatement {
    let (name, refused) = match node {
        NodeEnum::ListenStmt(_) => ("LISTEN", because(Reason::Messages)),
        NodeEnum::NotifyStmt(_) => ("NOTIFY", because(Reason::Messages)),
        NodeEnum::LockStmt(_) => ("LOCK", because(Reason::Locks)),
        NodeEnum::DoStmt(_) => ("DO", because(Reason::UserDefined).instead(QUESTIONS)),
        NodeEnum::CallStmt(_) => ("CALL", because(Reason::UserDefined).instead(QUESTIONS)),
        NodeEnum::LoadStmt(_) => ("LOAD", because(Reason::Files)),
        NodeEnum::CheckPointStmt(_) => ("CHECKPOINT", because(Reason::ServerControl)),
        NodeEnum::AlterSystemStmt(_) => ("ALTER SYSTEM", because(Reason::ServerControl)),
        NodeEnum::ConstraintsSetStmt(_) => ("SET CONSTRAINTS", because(Reason::Unsupported)),
        NodeEnum::VacuumStmt(_) => ("VACUUM and ANALYZE", because(Reason::Statistics)),
        _ => (writing(node), because(Reason::Writes).instead(QUESTIONS)),
    };
    RefusedStatement { name, refused }
}

const fn because(reason: Reason) -> Refused {
    Refused::because(reason)
}

/// What a statement that changes something is called; one that is unknown changes something too.
fn writing(node: &NodeEnum) -> &'static str {
    match node {
        NodeEnum::MergeStmt(_) => "MERGE",
        NodeEnum::TruncateStmt(_) => "TRUNCATE",
        NodeEnum::CreateStmt(_) => "CREATE TABLE",
        NodeEnum::CreateTableAsStmt(_) => "CREATE TABLE AS",
        NodeEnum::RefreshMatViewStmt(_) => "REFRESH MATERIALIZED VIEW",
        NodeEnum::ViewStmt(_) => "CREATE VIEW",
        NodeEnum::RuleStmt(_) => "CREATE RULE",
        NodeEnum::CreateTrigStmt(_) => "CREATE TRIGGER",
        NodeEnum::CreateFunctionStmt(_) => "CREATE FUNCTION",
        NodeEnum::IndexStmt(_) => "CREATE INDEX",
        NodeEnum::CreateStatsStmt(_) => "CREATE STATISTICS",
        NodeEnum::CreateSeqStmt(_) => "CREATE SEQUENCE",
        NodeEnum::CreatePolicyStmt(_) => "CREATE POLICY",
        NodeEnum::CreateSchemaStmt(_) => "CREATE SCHEMA",
        NodeEnum::CreateExtensionStmt(_) => "CREATE EXTENSION",
        NodeEnum::CreateRoleStmt(_) => "CREATE ROLE",
        NodeEnum::CreatedbStmt(_) => "CREATE DATABASE",
        NodeEnum::CreateCastStmt(_) => "CREATE CAST",
        NodeEnum::AlterTableStmt(_) => "ALTER TABLE",
        NodeEnum::AlterOwnerStmt(_) => "ALTER ... OWNER TO",
        NodeEnum::AlterRoleStmt(_) | NodeEnum::AlterRoleSetStmt(_) => "ALTER ROLE",
        NodeEnum::AlterDatabaseStmt(_) | NodeEnum::AlterDatabaseSetStmt(_) => "ALTER DATABASE",
        NodeEnum::RenameStmt(_) => "ALTER ... RENAME",
        NodeEnum::DropStmt(_) => "DROP",
        NodeEnum::DropdbStmt(_) => "DROP DATABASE",
        NodeEnum::DropRoleStmt(_) => "DROP ROLE",
        NodeEnum::GrantStmt(_) | NodeEnum::GrantRoleStmt(_) => "GRANT and REVOKE",
        NodeEnum::CommentStmt(_) => "COMMENT",
        NodeEnum::SecLabelStmt(_) => "SECURITY LABEL",
        NodeEnum::ClusterStmt(_) => "CLUSTER",
        NodeEnum::ReindexStmt(_) => "REINDEX",
        NodeEnum::ImportForeignSchemaStmt(_) => "IMPORT FOREIGN SCHEMA",
        _ => "this statement",
    }
}

#[cfg(test)]
mod tests {
    use super::refused;

    fn name(sql: &str) -> &'static str {
        let parsed = pg_query::parse(sql, pg_query::ParserOptions::default()).expect("it parses");
        let node =
            parsed.protobuf.stmts.into_iter().next().and_then(|raw| raw.stmt).and_then(|node| node.node);
        refused(&node.expect("a statement")).name
    }

    #[test]
    fn what_changes_or_controls_something_is_refused_by_name() {
        for (sql, expected) in [
            ("LISTEN x", "LISTEN"),
            ("NOTIFY x, 'y'", "NOTIFY"),
            ("LOCK TABLE t IN ACCESS SHARE MODE", "LOCK"),
            ("DO $$ BEGIN END $$", "DO"),
            ("CALL p()", "CALL"),
            ("CREATE TEMP TABLE t AS SELECT 1", "CREATE TABLE AS"),
            ("CREATE TEMP VIEW v AS SELECT 1", "CREATE VIEW"),
            ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE FUNCTION"),
            ("CREATE STATISTICS s ON (lower(a)) FROM t", "CREATE STATISTICS"),
            ("MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE", "MERGE"),
            ("ANALYZE t", "VACUUM and ANALYZE"),
            ("ALTER TABLE t OWNER TO CURRENT_USER", "ALTER TABLE"),
            ("CREATE PUBLICATION p FOR ALL TABLES", "this statement"),
        ] {
            assert_eq!(name(sql), expected, "{sql}");
        }
    }
}
