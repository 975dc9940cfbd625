//! What clients ask of the server: its version, who asks, how objects are defined, what is allowed to whom.
//!
//! Definitions are the schema's, and the schema is public; sizes and counters are not.

use super::super::call::Special;
use super::super::group::{Group, raising, total};

pub(super) const GROUPS: &[Group] = &[
    // The server and the session.
    total(
        "version current_database getpgusername current_user session_user pg_backend_pid pg_conf_load_time \
         pg_is_other_temp_schema pg_my_temp_schema pg_postmaster_start_time",
    ),
    total("system_user").since(16),
    total("current_schema current_schemas"),
    raising("current_setting").special(Special::SettingName),
    raising("set_config").special(Special::SettingAndValue).volatile(),
    // Connection pools let go of all locks when they take a session back; none can have been taken.
    raising("pg_advisory_unlock_all").volatile(),
    // Definitions of objects by number.
    raising(
        "format_type pg_get_expr pg_get_constraintdef pg_get_functiondef pg_get_function_arg_default \
         pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result pg_get_indexdef \
         pg_get_partkeydef pg_get_partition_constraintdef pg_get_replica_identity_index pg_get_ruledef \
         pg_get_statisticsobjdef pg_get_triggerdef pg_get_userbyid pg_get_viewdef(oid) pg_get_viewdef(oid,bool) \
         pg_get_viewdef(oid,int4) pg_options_to_table pg_sequence_parameters oidvectortypes",
    ),
    raising(
        "pg_get_function_sqlbody pg_get_statisticsobjdef_columns pg_get_statisticsobjdef_expressions \
         pg_get_catalog_foreign_keys",
    ).since(14),
    raising("pg_basetype").since(17),
    // Definitions of objects by name.
    raising("pg_get_viewdef pg_get_serial_sequence pg_get_object_address"),
    // Names of objects by number.
    raising("pg_describe_object pg_identify_object pg_identify_object_as_address pg_collation_for nameconcatoid"),
    // Objects by name: nothing, where there is none.
    raising(
        "to_regclass to_regcollation to_regnamespace to_regoper to_regoperator to_regproc to_regprocedure \
         to_regrole to_regtype regclass",
    ),
    raising("to_regtypemod").since(17),
    raising(
        "pg_collation_is_visible pg_conversion_is_visible pg_function_is_visible pg_opclass_is_visible \
         pg_operator_is_visible pg_opfamily_is_visible pg_statistics_obj_is_visible pg_table_is_visible \
         pg_ts_config_is_visible pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible \
         pg_type_is_visible",
    ),
    // Comments.
    raising("col_description obj_description shobj_description"),
    // Who may do what.
    raising(
        "has_any_column_privilege has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege \
         has_function_privilege has_language_privilege has_schema_privilege has_sequence_privilege \
         has_server_privilege has_table_privilege has_tablespace_privilege has_type_privilege row_security_active",
    ),
    raising("has_parameter_privilege").since(15),
    raising("has_largeobject_privilege").since(18),
    raising(
        "pg_has_role acldefault aclexplode aclcontains aclinsert aclremove aclitemeq makeaclitem hash_aclitem \
         hash_aclitem_extended",
    ),
    raising("pg_get_acl").since(18),
    // Properties of objects.
    raising(
        "pg_column_is_updatable pg_index_column_has_property pg_index_has_property pg_indexam_has_property \
         pg_partition_root pg_relation_is_publishable \
         pg_relation_is_updatable pg_available_extensions \
         pg_available_extension_versions pg_extension_update_paths",
    ),
    raising("pg_settings_get_flags").since(15),
    // Declared volatile, but the same for every row of a statement.
    raising(
        "pg_collation_actual_version pg_is_in_recovery pg_jit_available pg_partition_ancestors pg_partition_tree",
    )
    .volatile(),
    raising("pg_database_collation_actual_version").since(15).volatile(),
    // Sizes, places and counters, which listings ask for in passing: `\d+`, `\l+`, `\db`, trees of tables.
    raising(
        "pg_database_size pg_indexes_size pg_relation_filenode pg_relation_filepath pg_relation_size \
         pg_sequence_last_value pg_stat_get_dead_tuples pg_stat_get_last_analyze_time \
         pg_stat_get_last_autoanalyze_time pg_stat_get_last_autovacuum_time pg_stat_get_last_vacuum_time \
         pg_stat_get_live_tuples pg_stat_get_numscans pg_stat_get_tuples_deleted pg_stat_get_tuples_inserted \
         pg_stat_get_tuples_updated pg_table_size pg_tablespace_location pg_tablespace_size \
         pg_total_relation_size",
    )
    .special(Special::Withheld)
    .volatile(),
    // What the information schema and drivers call.
    raising(
        "_pg_char_max_length _pg_char_octet_length _pg_datetime_precision _pg_expandarray _pg_index_position \
         _pg_interval_type _pg_numeric_precision _pg_numeric_precision_radix _pg_numeric_scale _pg_truetypid \
         _pg_truetypmod",
    ),
];
