//! Aggregates, ordered-set aggregates, window functions.
//!
//! The order of rows matters to sums of floats too: in their last digits.

use super::super::call::Sensitivity;
use super::super::group::{Group, raising, total};

pub(super) const GROUPS: &[Group] = &[
    total("count"),
    raising("array_agg(anynonarray)").order(Sensitivity::Always),
    total("any_value").order(Sensitivity::Always).since(16),
    total("bit_and bit_or bool_and bool_or every regr_count"),
    total("bit_xor").since(14),
    // Strings of several lengths.
    raising("bit_and(bit) bit_or(bit)"),
    raising("bit_xor(bit)").since(14),
    // Exact sums.
    raising(
        "sum(int2) sum(int4) sum(int8) sum(numeric) avg(int2) avg(int4) avg(int8) avg(numeric) stddev(int2) \
         stddev(int4) stddev(int8) stddev(numeric) stddev_pop(int2) stddev_pop(int4) stddev_pop(int8) \
         stddev_pop(numeric) stddev_samp(int2) stddev_samp(int4) stddev_samp(int8) stddev_samp(numeric) \
         variance(int2) variance(int4) variance(int8) variance(numeric) var_pop(int2) var_pop(int4) var_pop(int8) \
         var_pop(numeric) var_samp(int2) var_samp(int4) var_samp(int8) var_samp(numeric)",
    ),
    // Sums of floats, of money and of intervals: what overflows on the way depends on the way.
    raising(
        "sum avg stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp regr_avgx \
         regr_avgy regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy",
    )
    .order(Sensitivity::Always),
    // The smallest and the greatest, of types whose equal values are the same.
    total(
        "min(int2) min(int4) min(int8) min(money) min(oid) min(date) min(time) min(timestamp) min(timestamptz) \
         min(timetz) min(inet) min(tid) min(anyenum) min(pg_lsn) max(int2) max(int4) max(int8) max(money) \
         max(oid) max(date) max(time) max(timestamp) max(timestamptz) max(timetz) max(inet) max(tid) max(anyenum) \
         max(pg_lsn)",
    ),
    total("min(xid8) max(xid8)").since(15),
    total("min(bytea) max(bytea)").since(18),
    // Of all others: 1.0 and 1.00, one day and 24 hours, texts under a loose collation.
    raising("min max").order(Sensitivity::Ties),
    // Lists.
    raising("array_agg string_agg json_agg json_object_agg jsonb_agg jsonb_object_agg xmlagg")
        .order(Sensitivity::Always),
    raising(
        "json_agg_strict json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict \
         jsonb_agg_strict jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict",
    )
    .order(Sensitivity::Always)
    .since(16),
    // Ranges, of whose bounds the same is true.
    raising("range_agg range_intersect_agg").order(Sensitivity::Ties).since(14),
    // Ordered sets: sorted by themselves.
    raising("mode percentile_cont percentile_disc").order(Sensitivity::Ties),
    // Hypothetical rows, and window functions in which peers are equal.
    raising("cume_dist dense_rank percent_rank rank"),
    // Window functions that count rows.
    raising("ntile row_number").order(Sensitivity::Always),
    // Window functions that pick rows.
    raising("first_value lag last_value lead nth_value").order(Sensitivity::Always),
];
