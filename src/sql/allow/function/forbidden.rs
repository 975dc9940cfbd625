//! Functions that are refused for a reason that is worth saying. All that stands in no table is refused too.

use super::super::group::{Group, refused};
use super::super::refused::Reason;

pub(super) const GROUPS: &[Group] = &[
    refused(
        Reason::RunsText,
        "query_to_xml query_to_xmlschema query_to_xml_and_xmlschema ts_stat",
    )
    .instead("select the rows yourself, and use xmlelement, xmlforest and xmlagg"),
    refused(Reason::RunsText, "ts_rewrite(tsquery,text)").instead("use ts_rewrite with three arguments"),
    refused(
        Reason::ReadsByName,
        "cursor_to_xml cursor_to_xmlschema database_to_xml database_to_xmlschema database_to_xml_and_xmlschema \
         schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema table_to_xml table_to_xmlschema \
         table_to_xml_and_xmlschema",
    )
    .instead("select the rows yourself, and use xmlelement, xmlforest and xmlagg"),
    refused(Reason::ReadsByName, "currtid").until(14),
    refused(Reason::ReadsByName, "currtid2"),
    refused(Reason::ReadsStorage, "pg_column_size").instead("use octet_length"),
    refused(Reason::ReadsStorage, "pg_column_compression").instead("use octet_length").since(14),
    refused(Reason::ReadsStorage, "pg_column_toast_chunk_id").instead("use octet_length").since(17),
    refused(
        Reason::ReadsStorage,
        "pg_filenode_relation pg_get_multixact_members",
    ),
    refused(Reason::Statistics, "pg_mcv_list_items"),
    refused(
        Reason::Statistics,
        "pg_restore_attribute_stats pg_restore_relation_stats pg_clear_attribute_stats pg_clear_relation_stats",
    )
    .since(18),
    refused(Reason::Counters, "pg_stat_*"),
    refused(Reason::Counters, "pg_get_wait_events").since(17),
    refused(
        Reason::OtherSessions,
        "pg_blocking_pids pg_cancel_backend pg_isolation_test_session_is_blocked pg_listening_channels \
         pg_lock_status pg_notification_queue_usage pg_prepared_xact pg_safe_snapshot_blocking_pids \
         pg_terminate_backend",
    ),
    refused(Reason::OtherSessions, "pg_log_backend_memory_contexts pg_get_backend_memory_contexts").since(14),
    refused(Reason::OtherSessions, "pg_get_aios").since(18),
    refused(Reason::ShowsStatement, "current_query pg_cursor pg_prepared_statement"),
    refused(Reason::Waits, "pg_sleep pg_sleep_for pg_sleep_until"),
    refused(Reason::Locks, "pg_advisory_* pg_try_advisory_*"),
    refused(Reason::Messages, "pg_logical_emit_message pg_notify"),
    refused(
        Reason::SharedPosition,
        "currval lastval nextval pg_nextoid setval",
    )
    .instead("use row_number()"),
    refused(Reason::SharedPosition, "pg_get_sequence_data").instead("use row_number()").since(18),
    refused(
        Reason::SharedPosition,
        "age(xid) mxid_age pg_current_snapshot pg_current_xact_id pg_current_xact_id_if_assigned \
         pg_export_snapshot pg_last_committed_xact pg_snapshot_xip pg_snapshot_xmax pg_snapshot_xmin \
         pg_visible_in_snapshot pg_xact_commit_timestamp pg_xact_status txid_current txid_current_if_assigned \
         txid_current_snapshot txid_snapshot_xip txid_snapshot_xmax txid_snapshot_xmin txid_status \
         txid_visible_in_snapshot",
    ),
    refused(Reason::SharedPosition, "pg_xact_commit_timestamp_origin").since(14),
    refused(Reason::Files, "pg_rotate_logfile_old").until(17),
    refused(
        Reason::Files,
        "pg_config pg_current_logfile pg_hba_file_rules pg_ls_* pg_read_* pg_rotate_logfile \
         pg_show_all_file_settings pg_stat_file",
    ),
    refused(Reason::Files, "pg_ident_file_mappings").since(15),
    refused(Reason::Files, "pg_get_loaded_modules").since(18),
    refused(Reason::LargeObjects, "lo_* loread lowrite"),
    refused(
        Reason::Replication,
        "pg_copy_* pg_create_* pg_current_wal_* pg_drop_replication_slot pg_get_publication_tables \
         pg_get_replication_slots pg_get_wal_* pg_is_wal_replay_paused pg_last_wal_* \
         pg_last_xact_replay_timestamp pg_logical_slot_* pg_promote pg_replication_* \
         pg_show_replication_origin_status pg_switch_wal pg_wal_* pg_walfile_*",
    ),
    refused(Reason::Replication, "pg_log_standby_snapshot pg_split_walfile_name").since(16),
    refused(Reason::Replication, "pg_available_wal_summaries pg_sync_replication_slots").since(17),
    refused(Reason::ServerControl, "pg_backup_start_time pg_is_in_backup pg_start_backup pg_stop_backup").until(15),
    refused(
        Reason::ServerControl,
        "pg_reload_conf pg_control_checkpoint pg_control_init pg_control_recovery pg_control_system \
         pg_get_shmem_allocations brin_desummarize_range brin_summarize_new_values brin_summarize_range \
         gin_clean_pending_list pg_extension_config_dump pg_import_system_collations binary_upgrade_*",
    ),
    refused(Reason::ServerControl, "pg_backup_start pg_backup_stop pg_stop_making_pinned_objects").since(15),
    refused(Reason::ServerControl, "pg_get_shmem_allocations_numa").since(18),
    refused(Reason::Settings, "pg_show_all_settings").instead("use SHOW"),
    refused(Reason::Secrets, "inet_client_addr inet_client_port inet_server_addr inet_server_port"),
    // It reads a text as a value of a type that another text names.
    refused(Reason::Unsupported, "pg_input_error_info pg_input_is_valid").since(16),
];
