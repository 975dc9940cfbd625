//! Truth values, numbers, money, and the numbers that the server gives to things.

use super::super::group::{Group, raising, total};

pub(super) const GROUPS: &[Group] = &[
    // Comparison.
    total(
        "booleq boolne boollt boolle boolgt boolge int2eq int2ne int2lt int2le int2gt int2ge int4eq int4ne int4lt \
         int4le int4gt int4ge int8eq int8ne int8lt int8le int8gt int8ge int24eq int24ne int24lt int24le int24gt \
         int24ge int28eq int28ne int28lt int28le int28gt int28ge int42eq int42ne int42lt int42le int42gt int42ge \
         int48eq int48ne int48lt int48le int48gt int48ge int82eq int82ne int82lt int82le int82gt int82ge int84eq \
         int84ne int84lt int84le int84gt int84ge float4eq float4ne float4lt float4le float4gt float4ge float8eq \
         float8ne float8lt float8le float8gt float8ge float48eq float48ne float48lt float48le float48gt float48ge \
         float84eq float84ne float84lt float84le float84gt float84ge numeric_eq numeric_ne numeric_lt numeric_le \
         numeric_gt numeric_ge cash_eq cash_ne cash_lt cash_le cash_gt cash_ge oideq oidne oidlt oidle oidgt \
         oidge oidvectoreq oidvectorne oidvectorlt oidvectorle oidvectorgt oidvectorge pg_lsn_eq pg_lsn_ne \
         pg_lsn_lt pg_lsn_le pg_lsn_gt pg_lsn_ge tideq tidne tidlt tidle tidgt tidge xid8eq xid8ne xid8lt xid8le \
         xid8gt xid8ge xideq xidneq xideqint4 xidneqint4 cideq",
    ),
    // Arithmetic that cannot overflow.
    total(
        "int2and int2or int2xor int2not int4and int4or int4xor int4not int8and int8or int8xor int8not int2up \
         int4up int8up int2shl int2shr int4shl int4shr int8shl int8shr float4up float4um float4abs float8up \
         float8um float8abs numeric_uplus numeric_uminus numeric_abs",
    ),
    // Arithmetic.
    raising(
        "int2pl int2mi int2mul int2div int4pl int4mi int4mul int4div int8pl int8mi int8mul int8div int24pl \
         int24mi int24mul int24div int28pl int28mi int28mul int28div int42pl int42mi int42mul int42div int48pl \
         int48mi int48mul int48div int82pl int82mi int82mul int82div int84pl int84mi int84mul int84div int2mod \
         int4mod int8mod int2um int4um int8um int2abs int4abs int8abs float4pl float4mi float4mul float4div \
         float8pl float8mi float8mul float8div float48pl float48mi float48mul float48div float84pl float84mi \
         float84mul float84div dpow dsqrt dcbrt numeric_add numeric_sub numeric_mul numeric_div numeric_mod \
         numeric_power cash_pl cash_mi cash_div_cash cash_div_flt4 cash_div_flt8 cash_div_int2 cash_div_int4 \
         cash_div_int8 cash_mul_flt4 cash_mul_flt8 cash_mul_int2 cash_mul_int4 cash_mul_int8 flt4_mul_cash \
         flt8_mul_cash int2_mul_cash int4_mul_cash int8_mul_cash pg_lsn_mi",
    ),
    raising("numeric_pl_pg_lsn pg_lsn_pli pg_lsn_mii").since(14),
    raising("numeric_fac").until(14),
    // Rounding and signs.
    total(
        "abs(float4) abs(float8) abs(numeric) ceil(float8) ceiling(float8) floor(float8) round(float8) sign \
         trunc(float8) trunc(numeric) trim_scale scale min_scale pi",
    ),
    // Away from zero, which leads out of the longest numbers.
    raising("ceil(numeric) ceiling(numeric) floor(numeric) round(numeric)"),
    // Mathematics.
    raising(
        "abs acos acosd acosh asin asind asinh atan atan2 atan2d atand atanh cbrt cos cosd cosh cot cotd degrees \
         div exp factorial gcd lcm ln log log10 mod pow power radians round sin sind sinh sqrt tan tand tanh \
         trunc width_bucket",
    ),
    raising("erf erfc").since(16),
    raising("gamma lgamma").since(18),
    // As text, and from it.
    raising(
        "to_hex to_char(int4,text) to_char(int8,text) to_char(float4,text) to_char(float8,text) \
         to_char(numeric,text) to_number cash_words pg_size_bytes pg_size_pretty",
    ),
    raising("to_bin to_oct").since(17),
    // Hashes: harmless over coarse values, and never given identifiers.
    total(
        "hashint2 hashint2extended hashint4 hashint4extended hashint8 hashint8extended hashfloat4 \
         hashfloat4extended hashfloat8 hashfloat8extended hashoid hashoidextended hashoidvector \
         hashoidvectorextended hashtid hashtidextended hash_numeric hash_numeric_extended pg_lsn_hash \
         pg_lsn_hash_extended",
    ),
    total(
        "hashbool hashboolextended hashxid hashxidextended hashxid8 hashxid8extended hashcid hashcidextended",
    )
    .since(18),
    // Binary forms.
    total(
        "boolsend cash_send float4send float8send int2send int4send int8send int2vectorsend numeric_send oidsend \
         oidvectorsend pg_lsn_send tidsend xidsend xid8send",
    ),
    // Conversions that are written as functions.
    raising("bool int2 int4 int8 float4 float8 numeric money oid xid"),
    // Those of them that lead to a wider type.
    total(
        "bool(int4) int4(bool) int4(char) int4(int2) int8(int2) int8(int4) int8(oid) float4(int2) float4(int4) \
         float4(int8) float8(int2) float8(int4) float8(int8) float8(float4) numeric(int2) numeric(int4) \
         numeric(int8)",
    ),
    raising("pg_lsn").since(14),
];
