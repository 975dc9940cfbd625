//! Texts in which the store's patterns and the kernel find the very same: words, numbers, dates, times, and addresses
//! that stand alone.
//!
//! Such a text may be scrubbed where it leaves, which costs next to nothing; any other is scrubbed in the store. What is
//! shown is the same either way. Should a text that is simple be scrubbed otherwise by the kernel, nothing more is told
//! than by the kernel, whose scrub is the definition.
//!
//! Invariant: the condition is about one text, ASCII from end to end, and never raises; a text that is too long for the
//! store's patterns is not simple.
//! Not here: what is made of any text ([`mod@super::text`]).

use super::sql::{Sql, all, call};
use crate::kernel::text::Kind;
use crate::kernel::{AddressForm, Scrub, Treatment};

/// Longer texts are left to the store.
const MAX_BYTES: i32 = 1024 * 1024;

/// True for the treatments of findings by which both write the same for what stands alone.
pub(in crate::sql) fn is_alike(scrub: &Scrub) -> bool {
    let is_bracketed = |kind| matches!(scrub.treatment_of(kind), Treatment::Suppress);
    let is_network = match scrub.treatment_of(Kind::Ip) {
        Treatment::Truncate(truncate) => truncate.form() == AddressForm::Network,
        _ => false,
    };
    is_network && [Kind::Mac, Kind::Geo, Kind::Email].into_iter().all(is_bracketed)
}

/// The condition that `value`, closed text of a reference to a column of type `text`, is simple.
pub(in crate::sql) fn condition(value: &str) -> String {
    let value = Sql::closed(value).bytewise();
    let is_short = call("octet_length", &[&value]).op("<=", &Sql::int4(MAX_BYTES));
    // A blank at the end, so that every piece has something behind it.
    let is_simple = value.op("||", &Sql::text(" ")).op("~", &Sql::text(&pattern()));
    all(&[&is_short, &is_simple]).into_text()
}

/// Pieces between blanks, commas and semicolons. No piece holds a decimal number of two decimals, of which coordinates
/// are made, and none has a sign in it by which a scan would go on into the next.
fn pattern() -> String {
    let octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    let v4 = format!("{octet}(?:[.]{octet}){{3}}");
    let pair = "[0-9A-Fa-f]{2}";
    let time = "[0-9]{2}:[0-9]{2}(?::[0-9]{2})?";
    let pieces = [
        "[A-Za-z]+(?:-[A-Za-z]+)?(?:-[A-Za-z]+)?:?".to_owned(),
        // Twelve digits could be a hardware address.
        format!("(?:[A-Za-z]+=)?(?:[0-9A-Za-z]{{1,11}}|{v4}(?::[0-9]{{1,5}})?)"),
        format!("[(]{v4}[)]|[[]{v4}[]]"),
        format!("[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:T{time}Z?)?|{time}"),
        "[0-9]{1,6}[.][0-9]".to_owned(),
        format!("{pair}(?::{pair}){{5}}"),
        "[A-Za-z][0-9A-Za-z]*@[A-Za-z]+(?:[.][A-Za-z]+)*".to_owned(),
    ];
    format!("^[ ,;]*(?:(?:{})[.!?]?[ ,;]+)*$", pieces.join("|"))
}
