//! Relations of `pg_catalog`.

use super::super::refused::{Reason, Refused};
use super::Replacement::{Constant, IfSettingIsShown, Null};
use super::{Access, Mask, Table};

const fn refused(reason: Reason) -> Access {
    Access::Refused(Refused::because(reason))
}

const fn without(columns: &'static [(&'static str, super::Replacement)]) -> Access {
    Access::Masked(Mask::Without(columns))
}

const fn only(columns: &'static [&'static str]) -> Access {
    Access::Masked(Mask::Only(columns))
}

pub(super) const RELATIONS: Table = &[
    // Relations, their columns, what they are made of.
    (
        without(&[
            ("relpages", Constant("0")),
            ("reltuples", Constant("-1")),
            ("relallvisible", Constant("0")),
            ("relallfrozen", Constant("0")),
            ("relfrozenxid", Constant("0")),
            ("relminmxid", Constant("0")),
        ]),
        "pg_class",
    ),
    // The value that a column had in the rows before it was added was computed once, and is data.
    (without(&[("attmissingval", Null)]), "pg_attribute"),
    (
        Access::Open,
        "pg_am pg_attrdef pg_constraint pg_depend pg_description pg_foreign_table pg_index pg_indexes pg_inherits \
         pg_init_privs pg_matviews pg_namespace pg_partitioned_table pg_policies pg_policy pg_rewrite pg_rules \
         pg_seclabel pg_seclabels pg_sequence pg_shdepend pg_shdescription pg_shseclabel pg_statistic_ext pg_tables \
         pg_tablespace pg_trigger pg_views",
    ),
    (without(&[("last_value", Null)]), "pg_sequences"),
    // Types, functions, operators, languages.
    (
        Access::Open,
        "pg_aggregate pg_amop pg_amproc pg_cast pg_collation pg_conversion pg_enum pg_language pg_opclass pg_operator \
         pg_opfamily pg_proc pg_range pg_transform pg_ts_config pg_ts_config_map pg_ts_dict pg_ts_parser \
         pg_ts_template pg_type",
    ),
    // The database, extensions, who may do what.
    (without(&[("datfrozenxid", Constant("0")), ("datminmxid", Constant("0"))]), "pg_database"),
    (
        Access::Open,
        "pg_auth_members pg_available_extension_versions pg_available_extensions pg_default_acl pg_event_trigger \
         pg_extension pg_group pg_largeobject_metadata pg_parameter_acl pg_timezone_abbrevs pg_timezone_names \
         pg_wait_events",
    ),
    // Settings of roles and databases, and passwords where the server has not already taken them out.
    (without(&[("rolpassword", Constant("********")), ("rolconfig", Null)]), "pg_roles"),
    (without(&[("passwd", Constant("********")), ("useconfig", Null)]), "pg_user"),
    (without(&[("setconfig", Null)]), "pg_db_role_setting"),
    (
        without(&[
            ("setting", IfSettingIsShown),
            ("boot_val", IfSettingIsShown),
            ("reset_val", IfSettingIsShown),
            ("sourcefile", Null),
            ("sourceline", Null),
        ]),
        "pg_settings",
    ),
    // Foreign servers: where they are and how to log in is theirs.
    (without(&[("fdwoptions", Null)]), "pg_foreign_data_wrapper"),
    (without(&[("srvoptions", Null)]), "pg_foreign_server"),
    (without(&[("umoptions", Null)]), "pg_user_mapping pg_user_mappings"),
    // Publications and subscriptions.
    (Access::Open, "pg_publication pg_publication_namespace pg_publication_rel pg_publication_tables"),
    (without(&[("subconninfo", Null), ("subskiplsn", Null)]), "pg_subscription"),
    (refused(Reason::Replication), "pg_replication_origin pg_replication_origin_status pg_replication_slots"),
    (refused(Reason::Replication), "pg_stat_replication pg_stat_replication_slots pg_stat_subscription"),
    (refused(Reason::Replication), "pg_stat_subscription_stats pg_stat_wal_receiver pg_subscription_rel"),
    // Counters: the names are shown, which is what tools join with.
    (
        only(&["relid", "schemaname", "relname"]),
        "pg_stat_all_tables pg_stat_sys_tables pg_stat_user_tables pg_stat_xact_all_tables pg_stat_xact_sys_tables \
         pg_stat_xact_user_tables pg_statio_all_sequences pg_statio_all_tables pg_statio_sys_sequences \
         pg_statio_sys_tables pg_statio_user_sequences pg_statio_user_tables",
    ),
    (
        only(&["relid", "indexrelid", "schemaname", "relname", "indexrelname"]),
        "pg_stat_all_indexes pg_stat_sys_indexes pg_stat_user_indexes pg_statio_all_indexes pg_statio_sys_indexes \
         pg_statio_user_indexes",
    ),
    (only(&["funcid", "schemaname", "funcname"]), "pg_stat_user_functions pg_stat_xact_user_functions"),
    (only(&["datid", "datname"]), "pg_stat_database pg_stat_database_conflicts"),
    (
        refused(Reason::Counters),
        "pg_stat_archiver pg_stat_bgwriter pg_stat_checkpointer pg_stat_io pg_stat_recovery_prefetch pg_stat_slru \
         pg_stat_wal pg_shmem_allocations pg_shmem_allocations_numa pg_backend_memory_contexts",
    ),
    // Statistics are made of raw values: the commonest of them, and the bounds of histograms.
    (
        Access::Refused(Refused::because(Reason::Statistics).instead("count what the table itself shows")),
        "pg_statistic pg_statistic_ext_data pg_stats pg_stats_ext pg_stats_ext_exprs",
    ),
    (
        refused(Reason::OtherSessions),
        "pg_aios pg_prepared_xacts pg_stat_activity pg_stat_gssapi pg_stat_progress_analyze \
         pg_stat_progress_basebackup pg_stat_progress_cluster pg_stat_progress_copy pg_stat_progress_create_index \
         pg_stat_progress_vacuum pg_stat_ssl",
    ),
    (refused(Reason::Locks), "pg_locks"),
    (refused(Reason::ShowsStatement), "pg_cursors pg_prepared_statements"),
    (refused(Reason::LargeObjects), "pg_largeobject"),
    (refused(Reason::Secrets), "pg_authid pg_hba_file_rules pg_ident_file_mappings pg_shadow"),
    (refused(Reason::Files), "pg_config pg_file_settings"),
];
