//! Text search.
//!
//! Not here: `ts_stat` and the form of `ts_rewrite` that run a text as SQL (`forbidden`).

use super::super::group::{Group, raising, total};

pub(super) const GROUPS: &[Group] = &[
    // Matching and comparison.
    total(
        "ts_match_qv ts_match_vq tsq_mcontained tsq_mcontains tsquery_eq tsquery_ne tsquery_lt tsquery_le \
         tsquery_gt tsquery_ge tsvector_eq tsvector_ne tsvector_lt tsvector_le tsvector_gt tsvector_ge \
         length(tsvector) numnode querytree strip",
    ),
    // Making and changing.
    raising(
        "array_to_tsvector get_current_ts_config json_to_tsvector jsonb_to_tsvector phraseto_tsquery \
         plainto_tsquery setweight to_tsquery to_tsvector ts_delete ts_filter ts_match_tq ts_match_tt \
         tsquery_and tsquery_not tsquery_or tsvector_concat ts_rewrite(tsquery,tsquery,tsquery) tsquery_phrase tsvector_to_array unnest(tsvector) \
         websearch_to_tsquery",
    ),
    // Ranking, showing, taking apart.
    raising("ts_debug ts_headline ts_lexize ts_parse ts_rank ts_rank_cd ts_token_type"),
    // Binary forms.
    total("tsquerysend tsvectorsend"),
];
