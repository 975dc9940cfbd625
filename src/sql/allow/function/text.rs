//! Text, bytes and bit strings.

use super::super::group::{Group, raising, total};

pub(super) const GROUPS: &[Group] = &[
    // Comparison. The collation is the value's own.
    total(
        "texteq textne text_lt text_le text_gt text_ge text_pattern_lt text_pattern_le text_pattern_gt \
         text_pattern_ge bpchareq bpcharne bpcharlt bpcharle bpchargt bpcharge bpchar_pattern_lt \
         bpchar_pattern_le bpchar_pattern_gt bpchar_pattern_ge chareq charne charlt charle chargt charge nameeq \
         namene namelt namele namegt namege nameeqtext namenetext namelttext nameletext namegttext namegetext \
         texteqname textnename textltname textlename textgtname textgename byteaeq byteane bytealt byteale \
         byteagt byteage biteq bitne bitlt bitle bitgt bitge varbiteq varbitne varbitlt varbitle varbitgt \
         varbitge",
    ),
    // Concatenation and length.
    total(
        "textcat anytextcat textanycat byteacat bitcat concat concat_ws length(text) length(bpchar) length(bytea) \
         length(bit) char_length character_length octet_length bit_length textlen",
    ),
    // Cutting, changing and finding.
    total(
        "ascii btrim initcap left lower(text) ltrim md5 position(text,text) position(bytea,bytea) quote_ident \
         quote_literal(text) quote_nullable(text) reverse right rtrim starts_with strpos translate \
         upper(text) bitnot",
    ),
    total("bit_count").since(14),
    total("casefold").since(18),
    // Those of them that fail on some values: out of range, not in the encoding, not a pattern.
    raising(
        "chr convert convert_from convert_to decode encode format get_bit get_byte is_normalized \
         length(bytea,name) lpad normalize overlay parse_ident position quote_literal quote_nullable repeat replace rpad \
         set_bit set_byte split_part string_to_array substr substring to_ascii bitand bitor bitxor bitshiftleft \
         bitshiftright",
    ),
    raising("string_to_table unistr").since(14),
    raising("unicode_assigned").since(17),
    // Patterns.
    raising(
        "like notlike like_escape similar_escape similar_to_escape textlike textnlike texticlike texticnlike \
         textregexeq textregexne texticregexeq texticregexne bpcharlike bpcharnlike bpchariclike bpcharicnlike \
         bpcharregexeq bpcharregexne bpcharicregexeq bpcharicregexne namelike namenlike nameiclike nameicnlike \
         nameregexeq nameregexne nameicregexeq nameicregexne bytealike byteanlike regexp_match regexp_matches \
         regexp_replace regexp_split_to_array regexp_split_to_table",
    ),
    raising("regexp_count regexp_instr regexp_like regexp_substr").since(15),
    // Hashes and checksums: harmless over coarse values, and never given identifiers.
    total(
        "sha224 sha256 sha384 sha512 hashtext hashtextextended hashbpchar hashbpcharextended hashchar \
         hashcharextended hashname hashnameextended",
    ),
    total("crc32 crc32c hashbytea hashbyteaextended").since(18),
    // Binary forms.
    total("bit_send bpcharsend byteasend charsend namesend textsend varbit_send varcharsend"),
    // Conversions that are written as functions.
    raising("bpchar char name text varchar bit varbit"),
    // Those of them that take every text. A name is cut to its length.
    total(
        "bpchar(name) char(text) name(text) name(varchar) name(bpchar) text(bpchar) text(char) text(name) text(bool) \
         varchar(name)",
    ),
    raising("bytea").since(18),
    // The server's encodings and words.
    total(
        "pg_char_to_encoding pg_encoding_to_char pg_encoding_max_length pg_client_encoding getdatabaseencoding \
         pg_get_keywords",
    ),
    total("icu_unicode_version unicode_version").since(17),
];
