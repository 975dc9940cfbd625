//! The questions whose answers make a snapshot.
//!
//! They run in this order on one connection, in one transaction, and every name in them is qualified. The second
//! empties the search path, so that the server prints view definitions with qualified names; the last puts the
//! session's own back. Both change it for the transaction only: what the client has set, and for how long, stays.

/// One question.
#[derive(Clone, Copy, Debug)]
pub struct CatalogueQuery {
    /// What it asks for.
    pub name: &'static str,
    /// Its text; the answer is read in text format.
    pub text: &'static str,
}

/// All questions, in order. [`super::Catalogue::load`] wants the answers in the same order.
pub const QUERIES: [CatalogueQuery; 15] = [
    CatalogueQuery {
        name: "server",
        text: "SELECT pg_catalog.current_setting('server_version_num'), pg_catalog.current_database(), \
               (SELECT pg_catalog.string_agg(s, pg_catalog.chr(31)) FROM pg_catalog.unnest(\
               pg_catalog.string_to_array(pg_catalog.current_setting('search_path'), ',')) AS u(s)), \
               pg_catalog.getdatabaseencoding()",
    },
    CatalogueQuery {
        name: "enter",
        text: "SELECT pg_catalog.set_config('search_path', CASE WHEN pg_catalog.set_config('sfumato.search_path', \
               pg_catalog.current_setting('search_path'), true) IS NULL THEN '' ELSE '' END, true)",
    },
    CatalogueQuery { name: "schemas", text: "SELECT nspname FROM pg_catalog.pg_namespace" },
    CatalogueQuery {
        name: "relations",
        text: "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, \
               coalesce(c.reloptions::text, '') ~ 'security_barrier=(true|on|yes|1)', \
               CASE WHEN c.relkind IN ('v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
               THEN pg_catalog.pg_get_viewdef(c.oid) END, \
               pg_catalog.array_to_string(k.conkey, ' '), \
               pg_catalog.array_to_string(p.partattrs::pg_catalog.int2[], ' ') \
               FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p' \
               LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid \
               WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND n.nspname !~ '^pg_(toast|temp)'",
    },
    CatalogueQuery {
        name: "columns",
        text: "SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation \
               FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') \
               AND n.nspname !~ '^pg_(toast|temp)' ORDER BY a.attrelid, a.attnum",
    },
    CatalogueQuery {
        name: "inheritance",
        text: "SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits ORDER BY inhrelid, inhseqno",
    },
    CatalogueQuery {
        name: "references",
        text: "SELECT DISTINCT conrelid, confrelid FROM pg_catalog.pg_constraint WHERE contype = 'f' ORDER BY 1, 2",
    },
    CatalogueQuery { name: "hazards", text: HAZARDS },
    CatalogueQuery {
        name: "types",
        text: "SELECT t.oid, n.nspname, t.typname, t.typtype, t.typcategory, t.typispreferred, \
               CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END, t.typarray, t.typbasetype, t.typtypmod, \
               t.typrelid, e.extname, NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k \
               JOIN pg_catalog.pg_depend u ON u.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass \
               AND u.objid = k.oid AND u.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, \
               'pg_catalog.pg_operator'::pg_catalog.regclass) WHERE t.typtype = 'd' AND k.contypid = t.oid) \
               FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
               LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass \
               AND d.objid = t.oid AND d.objsubid = 0 AND d.deptype = 'e' \
               LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid",
    },
    CatalogueQuery {
        name: "functions",
        text: "SELECT n.nspname, p.proname, p.prokind, p.prorettype, p.proargtypes, \
               p.pronargdefaults, p.provariadic, pg_catalog.array_to_string(p.proallargtypes, ' '), \
               pg_catalog.array_to_string(p.proargmodes, ' '), \
               pg_catalog.array_to_string(p.proargnames, pg_catalog.chr(31)), e.extname, p.oid, p.provolatile, \
               l.lanname IN ('internal', 'c', 'sql') AND NOT p.prosecdef, p.proretset \
               FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
               JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
               LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass \
               AND d.objid = p.oid AND d.deptype = 'e' \
               LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid ORDER BY p.oid",
    },
    CatalogueQuery {
        name: "operators",
        text: "SELECT n.nspname, o.oprname, o.oprleft, o.oprright, o.oprresult, e.extname, o.oid, \
               o.oprcode::pg_catalog.oid \
               FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace \
               LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_operator'::pg_catalog.regclass \
               AND d.objid = o.oid AND d.deptype = 'e' \
               LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid ORDER BY o.oid",
    },
    CatalogueQuery {
        name: "casts",
        text: "SELECT c.castsource, c.casttarget, c.castcontext, c.castfunc FROM pg_catalog.pg_cast c",
    },
    CatalogueQuery {
        name: "collations",
        text: "SELECT c.oid, n.nspname, c.collname, c.collisdeterministic \
               FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace",
    },
    CatalogueQuery { name: "extensions", text: "SELECT extname, extversion FROM pg_catalog.pg_extension" },
    CatalogueQuery {
        name: "leave",
        text: "SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('sfumato.search_path'), true)",
    },
];

/// What runs when the rows of a table are changed: triggers (those of foreign keys apart), rules, and expressions that
/// call functions or operators which did not come with the server, cast to domains whose checks do, or run a text.
/// (What came with the server has no entry in `pg_depend`.)
const HAZARDS: &str = "\
    WITH called(classid, objid) AS (SELECT d.classid, d.objid FROM pg_catalog.pg_depend d \
    WHERE d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass) \
    OR (d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND EXISTS (\
    SELECT 1 FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_depend u \
    ON u.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND u.objid = k.oid \
    AND u.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass) \
    WHERE k.contypid = d.refobjid))) \
    SELECT tgrelid, 't' FROM pg_catalog.pg_trigger WHERE NOT tgisinternal \
    UNION SELECT r.ev_class, 'r' FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class \
    WHERE c.relkind IN ('r', 'p') \
    UNION SELECT a.adrelid, 'c' FROM pg_catalog.pg_attrdef a LEFT JOIN called d ON d.objid = a.oid \
    AND d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass WHERE d.objid IS NOT NULL \
    OR pg_catalog.pg_get_expr(a.adbin, a.adrelid) ~ '(_to_xml|\\mts_stat|\\mts_rewrite|\\mlo_|\\mloread|\\mpg_read_)' \
    UNION SELECT k.conrelid, 'c' FROM pg_catalog.pg_constraint k LEFT JOIN called d ON d.objid = k.oid \
    AND d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass WHERE k.conrelid <> 0 AND k.contype IN ('c', 'x') \
    AND (d.objid IS NOT NULL OR k.contype = 'c' AND pg_catalog.pg_get_expr(k.conbin, k.conrelid) \
    ~ '(_to_xml|\\mts_stat|\\mts_rewrite|\\mlo_|\\mloread|\\mpg_read_)') \
    UNION SELECT coalesce(i.indrelid, c.oid), 'c' FROM called d JOIN pg_catalog.pg_class c ON c.oid = d.objid \
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.relkind IN ('r', 'p', 'i', 'I')";
