//! Extensions whose types and operators are harmless, and which of their functions are open.

/// Extensions that compute on their arguments and nothing else.
const TRUSTED: [&str; 16] = [
    "bloom",
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "earthdistance",
    "fuzzystrmatch",
    "hstore",
    "intarray",
    "isn",
    "ltree",
    "pg_trgm",
    "pgcrypto",
    "seg",
    "unaccent",
    "uuid-ossp",
];

/// Functions of trusted extensions that are refused: they keep state of the session, or run queries.
const REFUSED: [&str; 2] = ["set_limit", "show_limit"];

/// True for an extension whose types and operators may be used.
pub(super) fn is_trusted(extension: &str) -> bool {
    TRUSTED.contains(&extension)
}

/// True for a function of an extension that may be called.
pub(super) fn opens(extension: &str, function: &str) -> bool {
    match extension {
        "tablefunc" => function == "normal_rand",
        "xml2" => function.starts_with("xpath_") && function != "xpath_table",
        _ => is_trusted(extension) && !REFUSED.contains(&function),
    }
}
