//! Addresses of networks and machines, and UUIDs.

use super::super::group::{Group, raising, total};

pub(super) const GROUPS: &[Group] = &[
    // Comparison.
    total(
        "network_eq network_ne network_lt network_le network_gt network_ge macaddr_eq macaddr_ne macaddr_lt \
         macaddr_le macaddr_gt macaddr_ge macaddr8_eq macaddr8_ne macaddr8_lt macaddr8_le macaddr8_gt macaddr8_ge \
         uuid_eq uuid_ne uuid_lt uuid_le uuid_gt uuid_ge network_overlap network_sub network_subeq network_sup \
         network_supeq inet_same_family",
    ),
    // Parts.
    total(
        "abbrev broadcast family host hostmask masklen netmask network text(inet) inetnot macaddr_not macaddr_and \
         macaddr_or macaddr8_not macaddr8_and macaddr8_or macaddr8_set7bit trunc(macaddr) trunc(macaddr8)",
    ),
    total("uuid_extract_timestamp uuid_extract_version").since(17),
    // Arithmetic and changing.
    raising("inet_merge inetand inetor inetmi inetmi_int8 inetpl int8pl_inet set_masklen"),
    // Hashes: harmless over coarse values, and never given identifiers.
    total(
        "hashinet hashinetextended hashmacaddr hashmacaddrextended hashmacaddr8 hashmacaddr8extended uuid_hash \
         uuid_hash_extended",
    ),
    // Binary forms.
    total("cidr_send inet_send macaddr_send macaddr8_send uuid_send"),
    // Conversions that are written as functions.
    raising("cidr macaddr macaddr8"),
];
