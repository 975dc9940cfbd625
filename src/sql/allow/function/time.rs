//! Dates, times, intervals.

use super::super::group::{Group, raising, total};

pub(super) const GROUPS: &[Group] = &[
    // Comparison.
    total(
        "date_eq date_ne date_lt date_le date_gt date_ge time_eq time_ne time_lt time_le time_gt time_ge \
         timetz_eq timetz_ne timetz_lt timetz_le timetz_gt timetz_ge timestamp_eq timestamp_ne timestamp_lt \
         timestamp_le timestamp_gt timestamp_ge timestamptz_eq timestamptz_ne timestamptz_lt timestamptz_le \
         timestamptz_gt timestamptz_ge interval_eq interval_ne interval_lt interval_le interval_gt interval_ge \
         date_eq_timestamp date_ne_timestamp date_lt_timestamp date_le_timestamp date_gt_timestamp \
         date_ge_timestamp date_eq_timestamptz date_ne_timestamptz date_lt_timestamptz date_le_timestamptz \
         date_gt_timestamptz date_ge_timestamptz timestamp_eq_date timestamp_ne_date timestamp_lt_date \
         timestamp_le_date timestamp_gt_date timestamp_ge_date timestamp_eq_timestamptz timestamp_ne_timestamptz \
         timestamp_lt_timestamptz timestamp_le_timestamptz timestamp_gt_timestamptz timestamp_ge_timestamptz \
         timestamptz_eq_date timestamptz_ne_date timestamptz_lt_date timestamptz_le_date timestamptz_gt_date \
         timestamptz_ge_date timestamptz_eq_timestamp timestamptz_ne_timestamp timestamptz_lt_timestamp \
         timestamptz_le_timestamp timestamptz_gt_timestamp timestamptz_ge_timestamp isfinite",
    ),
    // Arithmetic.
    raising(
        "date_mi date_mii date_pli integer_pl_date date_mi_interval date_pl_interval datetime_pl datetimetz_pl \
         timedate_pl timetzdate_pl interval_pl interval_mi interval_mul interval_div interval_um mul_d_interval \
         interval_pl_date interval_pl_time interval_pl_timestamp interval_pl_timestamptz interval_pl_timetz \
         time_mi_interval time_mi_time time_pl_interval timetz_mi_interval timetz_pl_interval timestamp_mi \
         timestamp_mi_interval timestamp_pl_interval timestamptz_mi timestamptz_mi_interval \
         timestamptz_pl_interval justify_days justify_hours justify_interval overlaps",
    ),
    raising("date_add date_subtract").since(16),
    // Parts, cells, zones. One argument of `age` is a transaction number in other overloads.
    raising(
        "age(timestamp) age(timestamptz) age(timestamp,timestamp) age(timestamptz,timestamptz) date_part \
         date_trunc timezone make_date make_interval make_time make_timestamp make_timestamptz",
    ),
    raising("date_bin extract").since(14),
    // Whether it is summer there depends on the day of the transaction, which older servers call volatile.
    raising("timezone(text,timetz)").volatile(),
    // As text, and from it.
    raising("to_char(timestamp,text) to_char(timestamptz,text) to_char(interval,text) to_date to_timestamp"),
    // The time at which the transaction or statement began: the same for all rows.
    total("now transaction_timestamp statement_timestamp"),
    // Hashes: harmless over coarse values.
    total(
        "time_hash time_hash_extended timetz_hash timetz_hash_extended timestamp_hash timestamp_hash_extended \
         interval_hash interval_hash_extended",
    ),
    total("hashdate hashdateextended timestamptz_hash timestamptz_hash_extended").since(18),
    // Binary forms.
    total("date_send time_send timetz_send timestamp_send timestamptz_send interval_send"),
    // Conversions that are written as functions.
    raising("date time timetz timestamp timestamptz interval"),
    // The zones that the server knows.
    total("pg_timezone_abbrevs").until(18),
    total("pg_timezone_names"),
    total("pg_timezone_abbrevs_abbrevs pg_timezone_abbrevs_zone").since(18),
];
