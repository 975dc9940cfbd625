//! Ranges and multiranges.

use super::super::group::{Group, raising, total};

pub(super) const GROUPS: &[Group] = &[
    // Comparison.
    total(
        "range_eq range_ne range_lt range_le range_gt range_ge range_adjacent range_after range_before \
         range_contained_by range_contains range_overlaps range_overleft range_overright range_contains_elem \
         elem_contained_by_range",
    ),
    total(
        "multirange_eq multirange_ne multirange_lt multirange_le multirange_gt multirange_ge \
         elem_contained_by_multirange multirange_contains_elem multirange_adjacent_multirange \
         multirange_adjacent_range range_adjacent_multirange multirange_after_multirange multirange_after_range \
         range_after_multirange multirange_before_multirange multirange_before_range range_before_multirange \
         multirange_contained_by_multirange multirange_contained_by_range range_contained_by_multirange \
         multirange_contains_multirange multirange_contains_range range_contains_multirange \
         multirange_overlaps_multirange multirange_overlaps_range range_overlaps_multirange \
         multirange_overleft_multirange multirange_overleft_range range_overleft_multirange \
         multirange_overright_multirange multirange_overright_range range_overright_multirange",
    ).since(14),
    // Bounds.
    total("isempty lower(anyrange) lower_inc lower_inf upper(anyrange) upper_inc upper_inf"),
    total("lower(anymultirange) upper(anymultirange)").since(14),
    // Making and combining.
    raising(
        "range_intersect range_merge range_minus range_union daterange int4range int8range numrange tsrange \
         tstzrange",
    ),
    raising(
        "multirange multirange_intersect multirange_minus multirange_union datemultirange int4multirange \
         int8multirange nummultirange tsmultirange tstzmultirange",
    ).since(14),
    // Rows of a multirange.
    raising("unnest(anymultirange)").since(14),
    // Hashes and binary forms, which not all bounds have.
    raising("hash_range hash_range_extended range_send"),
    raising("hash_multirange hash_multirange_extended multirange_send").since(14),
];
