//! JSON and XML.
//!
//! Not here: functions that make XML of a table, a schema or a query (`forbidden`).

use super::super::call::Special;
use super::super::group::{Group, raising, total};

pub(super) const GROUPS: &[Group] = &[
    // Looking into a `jsonb`.
    total(
        "jsonb_array_element jsonb_array_element_text jsonb_extract_path jsonb_extract_path_text \
         jsonb_object_field jsonb_object_field_text jsonb_exists jsonb_exists_all jsonb_exists_any \
         jsonb_contained jsonb_contains jsonb_eq jsonb_ne jsonb_lt jsonb_le jsonb_gt jsonb_ge jsonb_typeof \
         jsonb_strip_nulls",
    ),
    // As many spaces as a value lies deep, for each.
    raising("jsonb_pretty"),
    // Looking into a `json`, which may hold what no text can.
    raising(
        "json_array_element json_array_element_text json_extract_path json_extract_path_text json_object_field \
         json_object_field_text json_array_length json_strip_nulls json_typeof jsonb_array_length",
    ),
    // Rows of a document.
    raising(
        "json_array_elements json_array_elements_text json_each json_each_text json_object_keys \
         jsonb_array_elements jsonb_array_elements_text jsonb_each jsonb_each_text jsonb_object_keys",
    ),
    // Rows of a document in types of the client's choice.
    raising(
        "json_populate_record json_populate_recordset json_to_record json_to_recordset jsonb_populate_record \
         jsonb_populate_recordset jsonb_to_record jsonb_to_recordset",
    )
    .special(Special::ReadsAsResult),
    raising("jsonb_populate_record_valid").special(Special::ReadsAsResult).since(17),
    // Paths.
    raising(
        "jsonb_path_exists jsonb_path_exists_opr jsonb_path_exists_tz jsonb_path_match jsonb_path_match_opr \
         jsonb_path_match_tz jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz \
         jsonb_path_query_first jsonb_path_query_first_tz jsonb_path_query_tz",
    ),
    // Making and changing.
    raising(
        "array_to_json json_build_array json_build_object json_object jsonb_build_array jsonb_build_object \
         jsonb_concat jsonb_delete jsonb_delete_path jsonb_insert jsonb_object jsonb_set jsonb_set_lax \
         row_to_json to_json to_jsonb",
    ),
    // Hashes and binary forms.
    total("jsonb_hash jsonb_hash_extended json_send jsonb_send jsonpath_send"),
    // XML. External entities are not followed by the server.
    raising(
        "xml xml_is_well_formed xml_is_well_formed_content xml_is_well_formed_document xml_send xmlcomment \
         xmlconcat2 xmlexists xpath xpath_exists",
    ),
    raising("xmltext").since(17),
];
