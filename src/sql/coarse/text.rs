//! `scrub` in SQL: what looks location-grade in free text is found by regular expressions and replaced.
//!
//! The kernel's scanner ([`crate::kernel::text`]) takes runs apart byte by byte; a regular expression finds the same
//! runs and more, but not their inner borders. So:
//!
//! - a text in which the kernel finds nothing for want of any suspicious run comes back as it is;
//! - an IPv4 or IPv6 address that stands alone (with port, prefix, zone or brackets as the kernel reads them, between
//!   blanks or marks, behind a word and a colon, before a full stop) becomes the network that the kernel writes; a MAC
//!   address, a pair of coordinates and an e-mail address that stand alone become what the kernel writes;
//! - any other run without blanks that could hold an address is replaced as a whole, where the kernel keeps what is
//!   around the address. Pseudonyms of findings cannot be made here, nor cells of
//!   coordinates: they are written as `[ip]`, `[mac]`, `[email]`, `[geo]`;
//! - where a text is defanged, percent-encoded or fullwidth and something is found when it is unfolded, the unfolded
//!   text is what comes back, scrubbed;
//! - four octets with dashes behind a year, five groups of two digits between colons, two numbers of two decimals in a
//!   text that also has a word like `lat`, are findings here and not in the kernel.
//!
//! Invariant: in what comes back the kernel finds nothing that it would change.

use super::Encoding;
use super::address;
use super::sql::{Sql, all, any, call, case};
use crate::kernel::text::Kind;
use crate::kernel::{Scrub, Treatment};

const HEX: &str = "[0-9A-Fa-f]";
const OCTET: &str = "0{0,3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
/// What ends a token: blanks, and marks that are in no address.
const TOKEN: &str = "[^][\"#&(),/;<>?{|}`\\\\[:space:][:cntrl:]]";
const LOCAL: &str = "[^][@\"#&(),/:;<>?{|}`\\\\[:space:][:cntrl:]]";
const DOMAIN: &str = "[^][@\"#&(),/:;<>?{|}`\\\\[:space:][:cntrl:]!$%'*+=^~]";
/// Of a domain, what is neither digit nor mark.
const LETTER: &str = "[^][@\"#&(),/:;<>?{|}`\\\\[:space:][:cntrl:]!$%'*+=^~0-9._-]";
const MAC: &str = "^(?:(?:[0-9A-Fa-f]{1,2}:){5,}[0-9A-Fa-f]{1,2}|[0-9A-Fa-f]{2}(?:[-_][0-9A-Fa-f]{2}){5,}|\
    [0-9A-Fa-f]{4}(?:[.][0-9A-Fa-f]{4}){2,}|[0-9A-Fa-f]{12})$";
const WORDS: &str = "lat|lon|lng|geo|gps|coord|point|pos";
/// In a text without any of these nothing is found; most texts are such.
const SUSPICIOUS: &str = "[0-9A-Fa-f][.:_-][0-9A-Fa-f:.*xX]|::|@|[0-9A-Fa-f]{12}";
/// A percent-encoded digit, letter or mark that addresses are made of.
const PERCENT: &str = "%(?:2[05CDEFcdef]|3[0-9Aa]|4[0-6]|5[BDbd]|6[1-6])";
const BRACKETED: &str = "[[({](?:[.:@]|[Dd][Oo][Tt]|[Aa][Tt])[])}]|\\\\[.]";

/// Longer texts become NULL: the server's regular expressions take four bytes for each character, of a gigabyte.
const MAX_BYTES: i32 = 64 * 1024 * 1024;

/// A text, as text.
pub(super) fn text(value: &Sql, scrub: &Scrub, encoding: Encoding) -> Sql {
    let matches = |pattern: &str| value.op("~", &Sql::text(pattern));
    let hidden = match encoding {
        Encoding::Utf8 => format!("{PERCENT}|{BRACKETED}|[{}]|{}", wide_characters().0, wide_stop()),
        Encoding::SingleByte => format!("{PERCENT}|{BRACKETED}"),
    };
    let shown = case(&[(matches(&hidden), unfolded(value, encoding))], value);
    let is_suspicious = matches(&format!("{SUSPICIOUS}|{hidden}"));
    let is_long = call("octet_length", &[value]).op(">", &Sql::int4(MAX_BYTES));
    case(&[(is_long, Sql::null()), (is_suspicious, looked_into(value, &shown, scrub, encoding))], value)
}

/// The `shown` text, first without coordinates, then token by token; the `raw` text if nothing was found.
fn looked_into(raw: &Sql, shown: &Sql, scrub: &Scrub, encoding: Encoding) -> Sql {
    let column = |table: &str, name: &str| Sql::closed(format!("\"{table}\".\"{name}\""));
    let (source, pattern) = (column("~g", "~t"), Sql::text(&token()));
    // Behind the last piece there is no token.
    let found = Sql::closed("(\"~p\".\"~m\")[1]");
    let treated = case(&[(found.is_not_null(), treated(&found, scrub, encoding))], &Sql::text(""));
    let piece = column("~p", "~t").op("||", &treated);
    let (before, after) = (column("~z", "~t"), column("~z", "~s"));
    Sql::query(&format!(
        "SELECT {outcome} FROM (\
         SELECT \"~x\".\"~r\", \"~x\".\"~t\", (\
         SELECT pg_catalog.string_agg({piece}, {empty} ORDER BY \"~p\".\"~o\") \
         FROM ROWS FROM ({split}, {found}) WITH ORDINALITY AS \"~p\"(\"~t\", \"~m\", \"~o\")) AS \"~s\" \
         FROM (SELECT {raw} AS \"~r\", {shown} AS \"~t\" OFFSET 0) AS \"~x\" \
         CROSS JOIN LATERAL (SELECT {without_coordinates} AS \"~t\" OFFSET 0) AS \"~g\" OFFSET 0) AS \"~z\"",
        outcome = case(&[(before.op("=", &after), column("~z", "~r"))], &after).as_str(),
        piece = piece.as_str(),
        empty = Sql::text("").as_str(),
        raw = raw.as_str(),
        shown = shown.as_str(),
        without_coordinates = without_coordinates(&column("~x", "~t"), scrub, encoding).as_str(),
        split = call("regexp_split_to_table", &[&source, &pattern]).as_str(),
        found = call("regexp_matches", &[&source, &pattern, &Sql::text("g")]).as_str(),
    ))
}

/// What is taken apart: a run without blanks in which anything stands that addresses are made of, with the prefix
/// behind it. Longest first, and no look behind or ahead, which the server's engine pays for at every character.
fn token() -> String {
    let run = format!("{TOKEN}*(?:{SUSPICIOUS}){TOKEN}*");
    let bracketed = format!("[[]{run}[]]:[0-9]{TOKEN}*");
    let mail = format!("{TOKEN}+@[[][0-9A-Za-z.:-]+[]]{TOKEN}*");
    format!("({run}(?:/[0-9]{TOKEN}*)*|{bracketed}|{mail})")
}

/// What becomes of one token.
fn treated(token: &Sql, scrub: &Scrub, encoding: Encoding) -> Sql {
    let part =
        |of: &Sql, pattern: &str| call("substring", &[of, &Sql::text(pattern)]).or_else(&Sql::text(""));
    let matches = |text: &Sql, pattern: &str| text.op("~", &Sql::text(pattern));
    let after =
        |text: &Sql, head: &Sql| call("substr", &[text, &call("length", &[head]).op("+", &Sql::int4(1))]);
    let constant = |kind: Kind, word: &str| match scrub.treatment_of(kind) {
        Treatment::Pass => token.clone(),
        Treatment::Redact(with) => Sql::text(with),
        _ => Sql::text(word),
    };
    let other = other_characters(encoding);
    let is_email =
        matches(token, &format!("[0-9A-Za-z_{other}]{LOCAL}*@({DOMAIN}*{LETTER}|[[][^]]*[.:][^]]*[]])"));
    let email = match scrub.treatment_of(Kind::Email) {
        Treatment::Pass => token.clone(),
        _ => {
            let key = part(
                token,
                "^[^0-9A-Za-z_@]*(?:[A-Za-z]*[G-Zg-z][A-Za-z]*:)?(?:[^0-9A-Za-z_@]*[A-Za-z_]+=)*",
            );
            let marks = part(token, "[^0-9A-Za-z_@]+$");
            key.op("||", &constant(Kind::Email, "[email]")).op("||", &marks)
        }
    };
    // What stands before an equals sign, marks, and a word with a colon; the marks behind, but no double colon.
    let head = part(token, "^(?:.*[@=])?[^0-9A-Za-z:]*(?:[A-Za-z]*[G-Zg-z][A-Za-z]*:)?");
    let rest = Sql::closed("\"~h\".\"~t\"");
    let head_column = Sql::closed("\"~h\".\"~h\"");
    // A port belongs to the marks.
    let marks = case(
        &[
            (matches(&rest, "::[^0-9A-Za-z:]*$"), part(&rest, "[^0-9A-Za-z:]*$")),
            (
                matches(&rest, "^(?:[0-9./]+|.*[]]):[0-9]{1,5}[^0-9A-Za-z]*$"),
                part(&rest, "[]]?:[0-9]+[^0-9A-Za-z]*$"),
            ),
        ],
        &part(&rest, "[^0-9A-Za-z]*$"),
    );
    let core = call(
        "substr",
        &[&rest, &Sql::int4(1), &call("length", &[&rest]).op("-", &call("length", &[&marks]))],
    );
    let (ip, mac) = (constant(Kind::Ip, "[ip]"), constant(Kind::Mac, "[mac]"));
    // What is not clear may be either.
    let unclear = if matches!(scrub.treatment_of(Kind::Ip), Treatment::Pass) { mac.clone() } else { ip };
    let (core_column, marks_column) = (Sql::closed("\"~k\".\"~c\""), Sql::closed("\"~k\".\"~m\""));
    let alone = |treated: &Sql| head_column.op("||", treated).op("||", &marks_column);
    let lone_mac = if matches!(scrub.treatment_of(Kind::Mac), Treatment::Pass) { mac } else { alone(&mac) };
    let address = match scrub.treatment_of(Kind::Ip) {
        Treatment::Truncate(truncate) => alone(&address::text(&core_column, truncate)).or_else(&unclear),
        _ => unclear.clone(),
    };
    let by_core =
        case(&[(is_finding(&head_column), unclear), (matches(&core_column, MAC), lone_mac)], &address);
    let apart = Sql::query(&format!(
        "SELECT {by_core} FROM (SELECT {head} AS \"~h\", {rest} AS \"~t\" OFFSET 0) AS \"~h\" \
         CROSS JOIN LATERAL (SELECT {core} AS \"~c\", {marks} AS \"~m\" OFFSET 0) AS \"~k\"",
        by_core = by_core.as_str(),
        head = head.as_str(),
        rest = after(token, &head).as_str(),
        core = core.as_str(),
        marks = marks.as_str(),
    ));
    case(&[(is_email, email), (is_finding(token), apart)], token)
}

/// True if the kernel could find something in a token that is no e-mail address.
fn is_finding(token: &Sql) -> Sql {
    // Blanks at the ends, so that a border is always a character.
    let token = Sql::text(" ").op("||", token).op("||", &Sql::text(" "));
    let matches = |pattern: &str| token.op("~", &Sql::text(pattern));
    let group = "[0-9A-Fa-f.]+";
    let dots = "[.][0-9A-Fa-f]*[.][0-9A-Fa-f]*[.]";
    let patterns = [
        // Four octets between dots, or between dashes; three and a wildcard or a prefix.
        format!("[^0-9]{OCTET}(?:(?:[.]{OCTET}){{3}}|(?:[-_]{OCTET}){{3}})[^0-9]"),
        format!("[^0-9]{OCTET}(?:[.]{OCTET}){{2}}(?:[.][*xX]|/(?:1[7-9]|2[0-9]|3[0-2]))"),
        // Nibbles of a reverse name, Cisco's MAC addresses.
        format!("{HEX}(?:[.]{HEX}){{7}}|{HEX}{{4}}(?:[.]{HEX}{{4}}){{2}}"),
        // Compressed, beside anything but letters; in words, with three groups; with three dots.
        "[^0-9A-Za-z](?:[0-9A-Fa-f.:]*::[0-9A-Fa-f.:]*[0-9A-Fa-f.]|[0-9A-Fa-f.:]*[0-9A-Fa-f.]:*::)[0-9A-Fa-f.:]*[^0-9A-Za-z]".to_owned(),
        format!("{group}:{{1,2}}{group}::{group}|{group}::{group}:{{1,2}}{group}"),
        format!("::(?:{group}:{{1,2}}){{2}}{group}|(?:{group}:{{1,2}}){{2}}{group}::"),
        format!("{dots}[0-9A-Fa-f.:]*::|::[0-9A-Fa-f.:]*{dots}"),
        // Five groups between colons, six pairs between dashes.
        format!("{HEX}{{1,4}}(?::{HEX}{{1,4}}){{4}}|{HEX}{{2}}(?:[-_]{HEX}{{2}}){{5}}"),
    ];
    // Twelve digits alone, letters among them.
    let bare = all(&[
        &matches(&format!("[^0-9A-Za-z:._-]{HEX}{{12}}[^0-9A-Za-z:_-]")),
        &matches("[0-9]"),
        &matches("[A-Fa-f]"),
    ]);
    any(&[&matches(&patterns.join("|")), &bare])
}

/// Two or more numbers with enough decimals, and between them marks and the words that coordinates have, replaced.
fn without_coordinates(text: &Sql, scrub: &Scrub, encoding: Encoding) -> Sql {
    let with = match scrub.treatment_of(Kind::Geo) {
        Treatment::Pass => return text.clone(),
        Treatment::Redact(with) => with.replace('\\', "\\\\"),
        _ => "[geo]".to_owned(),
    };
    let degree = if encoding == Encoding::Utf8 { "|\u{b0}" } else { "" };
    // A word like `lat` anywhere makes coordinates of numbers with fewer decimals.
    let has_word = call("lower", &[text]).op("~", &Sql::text(&format!("{WORDS}{degree}")));
    let pattern = |decimals| Sql::text(&coordinates(decimals, encoding));
    let pattern = case(&[(has_word, pattern(2))], &pattern(3));
    let with = Sql::text(&format!("\\1{with}"));
    let replaced = call("regexp_replace", &[text, &pattern, &with, &Sql::text("g")]);
    case(&[(text.op("~", &Sql::text("[0-9][.][0-9]{2}.*[0-9][.][0-9]{2}")), replaced)], text)
}

/// The first group is what stands before: the end of no number.
fn coordinates(decimals: u8, encoding: Encoding) -> String {
    let number = format!("0*[0-9]{{1,3}}[.][0-9]{{{decimals},}}");
    let degree = if encoding == Encoding::Utf8 { "|\u{b0}" } else { "" };
    let other = if encoding == Encoding::Utf8 { other_characters(encoding) } else { "" };
    let words = "[Ll][Aa][Tt](?:[Ii][Tt][Uu][Dd][Ee])?|[Ll][Oo][Nn](?:[Gg](?:[Ii][Tt][Uu][Dd][Ee])?)?|\
                 [Ll][Nn][Gg]|[NSEWXYnsewxy]|[Aa][Nn][Dd]|[Dd][Ee][Gg]|[Gg][Ee][Oo]";
    // Dots are the end of a sentence, not the next part of a number.
    let gap = format!("(?:[.]*(?:[^0-9A-Za-z.{other}]{degree}|{words})){{1,24}}[.]*");
    format!("(^[.]*|[^0-9.][.]*)[-+]?{number}(?:(?:{gap}[-+]?|[-+]){number})+")
}

/// What is not ASCII, within brackets.
const fn other_characters(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "\u{80}-\u{10ffff}",
        Encoding::SingleByte => "\\u0080-\\u00ff",
    }
}

/// Fullwidth letters, digits and marks of addresses, and what they stand for.
fn wide_characters() -> (String, String) {
    let plain = ('!'..='~').filter(|c| c.is_ascii_alphanumeric() || ".:@-/[],%_+".contains(*c));
    let plain: String = plain.collect();
    let wide = plain.chars().filter_map(|c| char::from_u32(u32::from(c) + 0xfee0)).collect();
    (wide, plain)
}

/// The ideographic full stop, in both widths, behind a digit.
fn wide_stop() -> String {
    "([0-9\u{ff10}-\u{ff19}])[\u{3002}\u{ff61}]".to_owned()
}

/// The text without the spellings that hide an address: as in the kernel, but in one step for each mark.
fn unfolded(text: &Sql, encoding: Encoding) -> Sql {
    let mut unfolded = text.clone();
    if encoding == Encoding::Utf8 {
        let stop = [&unfolded, &Sql::text(&wide_stop()), &Sql::text("\\1."), &Sql::text("g")];
        unfolded = call("regexp_replace", &stop);
        let (wide, plain) = wide_characters();
        unfolded = call("translate", &[&unfolded, &Sql::text(&wide), &Sql::text(&plain)]);
    }
    for (pattern, mark) in [
        ("[[({](?:[.]|[Dd][Oo][Tt])[])}]|\\\\[.]", "."),
        ("[[({]:[])}]", ":"),
        ("[[({](?:@|[Aa][Tt])[])}]", "@"),
    ] {
        let arguments = [&unfolded, &Sql::text(pattern), &Sql::text(mark), &Sql::text("g")];
        unfolded = call("regexp_replace", &arguments);
    }
    // The percent sign last: what it begins then was encoded twice, and stays.
    let marks = "0123456789ABCDEFabcdef.:@-/[], %";
    for mark in marks.bytes() {
        let (upper, lower) = (format!("%{mark:02X}"), format!("%{mark:02x}"));
        let plain = Sql::text(&char::from(mark).to_string());
        unfolded = call("replace", &[&unfolded, &Sql::text(&upper), &plain]);
        if upper != lower {
            unfolded = call("replace", &[&unfolded, &Sql::text(&lower), &plain]);
        }
    }
    unfolded
}
