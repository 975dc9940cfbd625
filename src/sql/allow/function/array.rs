//! Arrays, enumerations, rows, and sets made of nothing but arguments.

use super::super::group::{Group, raising, total};

pub(super) const GROUPS: &[Group] = &[
    // Shape only.
    total(
        "array_dims array_length array_lower array_ndims array_upper cardinality num_nonnulls num_nulls pg_typeof",
    ),
    // Arrays of one domain out of arrays and elements of it.
    raising("array_append array_cat array_prepend"),
    // Elements in their order.
    total("unnest(anyarray)"),
    // Comparison. It runs the comparison of the elements, fields or labels.
    raising(
        "array_eq array_ne array_lt array_le array_gt array_ge arraycontained arraycontains arrayoverlap \
         record_eq record_ne record_lt record_le record_gt record_ge enum_lt enum_le enum_gt enum_ge",
    ),
    total("enum_eq enum_ne"),
    // Making, searching and changing.
    raising(
        "array_fill array_position array_positions array_remove array_replace array_to_string enum_first \
         enum_last enum_range",
    ),
    raising("trim_array").since(14),
    raising("array_reverse array_sort").since(18),
    // Hashes: harmless over coarse values, and never given identifiers.
    raising("hash_array hash_array_extended hashenum hashenumextended"),
    raising("hash_record hash_record_extended").since(14),
    // Binary forms.
    raising("array_send enum_send record_send"),
    // Rows that are counted out.
    raising("generate_series generate_subscripts"),
];
