//! What is called clean, and that the slow scan agrees.

use proptest::prelude::*;

use super::super::{Finding, find};
use super::*;

#[test]
fn says_so_of_everyday_texts() {
    for text in [
        "",
        "a",
        "Jane Doe",
        "550e8400-e29b-41d4-a716-446655440000",
        "2024-01-03T10:15:30.123Z",
        "2024-01-03 10:15:30",
        "https://example.com/articles/some-title?ref=home&session=abc",
        "/v1/logins/users/list",
        "12.50 EUR (incl. VAT)",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "Order 66 [done], 100%",
        "こんにちは。世界",
        "Grüße aus Köln: 12:30",
        "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
        "2024-01-03T10:15:30.123Z and 2024-01-03 10:15:31 (+02:00)",
        "took 1.5 s of 17.25, 0.3 left",
        "v1.2, 17.4 and 3.0",
    ] {
        assert!(is_clean(text.as_bytes()), "{text}");
    }
}

fn assert_agrees(text: &str) {
    let mut found = false;
    // Two colons without a digit beside them are nobody's address.
    let is_somebody = |finding: &Finding| {
        let around = text.as_bytes().get(finding.start.saturating_sub(1)..text.len().min(finding.end + 1));
        let bytes = around.unwrap_or_default();
        !bytes.windows(2).any(|two| two == b"::")
            || bytes.windows(3).any(|three| {
                three.starts_with(b"::") && is_hex(three[2]) || three.ends_with(b"::") && is_hex(three[0])
            })
    };
    find(text.as_bytes(), |finding| found |= is_somebody(finding));
    assert!(!(found && is_clean(text.as_bytes())), "{text}");
}

#[test]
fn agrees_at_every_place_of_a_step() {
    for found in [
        "203.0.113.7",
        "2001:db8::7",
        "::1",
        "5.::",
        "1::",
        "1:2:3:4:5:6:7:8",
        "0:1a:2b:3:4:5",
        "001a2b3c4d5e",
        "001a.2b3c.4d5e",
        "00-1a-2b-3c-4d-5e",
        "203-0-113-7",
        "52.52001,13.40495",
        "+52.5200+013.4050",
        "a@b",
        "203.0.113.*",
        "1.2.3/24",
        "203[.]0[.]113[.]7",
        "1%2E2%2e3%2E4",
        "２０３．０．１１３．７",
        "203。0。113。7",
        "a[at]b",
    ] {
        let mut hit = false;
        find(found.as_bytes(), |_| hit = true);
        assert!(hit, "{found}");
        for before in 0..100 {
            for after in [0, 1, 2, 17, 40] {
                assert_agrees(&format!("{}{found}{}", " ".repeat(before), " ".repeat(after)));
            }
        }
    }
}

proptest! {
    #[test]
    fn agrees_on_times(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{0,9})?(Z|[+-][0-9]{2}(:[0-9]{2})?)?") {
        prop_assert!(is_clean(text.as_bytes()));
        assert_agrees(&text);
    }

    #[test]
    fn agrees(text in "([0-9a-f:.%@xg ,_-]|\\[|\\]|203\\.0\\.113\\.7|::7|52\\.5200|aa-bb:cc|[a-z ]{8}|[0-9a-f]{4}){0,30}") {
        assert_agrees(&text);
    }

    #[test]
    fn agrees_on_groups(text in "(([0-9a-f]{1,5}[.:_-]){1,9}[0-9a-f]{1,4}([.][xX*]{1,3}|/[0-9]{2})?[ ,=g-z]{0,3}){1,3}") {
        assert_agrees(&text);
    }

    #[test]
    fn agrees_on_groups_of_one_kind(
        text in "(([0-9]{1,4}[.]){2,4}[0-9x]{1,4}|([0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}|([0-9]{1,3}[-_]){2,4}[0-9]{1,3}|([0-9a-f]{2}[-_]){4,6}[0-9a-f]{2}|[0-9a-f]{11,13}|([0-9]{1,3}[.][0-9]{1,5},?){2}|([0-9a-f]{3,4}[.]){1,3}[0-9a-f]{4})[ ,=g-z.:]{0,2}",
        before in "[ a-z0-9=.:-]{0,40}",
    ) {
        assert_agrees(&format!("{before}{text}"));
    }
}
