//! Tables of paths that are read, refused and printed.

use super::*;

fn name(text: &str) -> Selector {
    Selector::Name(text.into())
}

type Steps<'a> = &'a [(bool, &'a [Selector])];

#[test]
fn reads_what_the_standard_allows() {
    let cases: &[(&str, Steps<'_>)] = &[
        ("$", &[]),
        ("$.ip", &[(false, &[name("ip")])]),
        ("$['ip']", &[(false, &[name("ip")])]),
        ("$[\"i'p\"]", &[(false, &[name("i'p")])]),
        ("$['i\\'p']", &[(false, &[name("i'p")])]),
        (r"$['\u0069p\n\/\\']", &[(false, &[name("ip\n/\\")])]),
        (r"$['\uD83D\uDE00']", &[(false, &[name("😀")])]),
        ("$..ip", &[(true, &[name("ip")])]),
        ("$..[0]", &[(true, &[Selector::Index(0)])]),
        ("$..*", &[(true, &[Selector::Wildcard])]),
        (
            "$ .a [ 'b' , 3 ,*]",
            &[(false, &[name("a")]), (false, &[name("b"), Selector::Index(3), Selector::Wildcard])],
        ),
        ("$.größe", &[(false, &[name("größe")])]),
        ("$[9007199254740991]", &[(false, &[Selector::Index(9_007_199_254_740_991)])]),
    ];
    for (text, wanted) in cases {
        let path: JsonPath = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        let wanted: Vec<Segment> = wanted
            .iter()
            .map(|(descendant, selectors)| Segment { descendant: *descendant, selectors: selectors.to_vec() })
            .collect();
        assert_eq!(path.segments(), wanted, "{text}");
    }
}

#[test]
fn refuses_the_rest_and_says_where() {
    use PathErrorKind as Kind;
    let cases = [
        ("", Kind::NoRoot, 1),
        ("ip", Kind::NoRoot, 1),
        ("$.", Kind::EndsEarly, 3),
        ("$ ", Kind::EndsEarly, 3),
        ("$..", Kind::EndsEarly, 4),
        ("$['ip'", Kind::EndsEarly, 7),
        ("$['ip", Kind::EndsEarly, 6),
        ("$.user-id", Kind::Unexpected, 7),
        ("$.1", Kind::Unexpected, 3),
        ("$[ip]", Kind::Unexpected, 3),
        ("$.['ip']", Kind::Unexpected, 3),
        ("$[]", Kind::Unexpected, 3),
        ("$['a\nb']", Kind::Unexpected, 5),
        (r"$['\x']", Kind::BadEscape, 5),
        (r#"$["\'"]"#, Kind::BadEscape, 5),
        (r"$['\uD83D']", Kind::BadEscape, 5),
        (r"$['\uDE00']", Kind::BadEscape, 5),
        ("$[01]", Kind::BadIndex, 3),
        ("$[9007199254740992]", Kind::BadIndex, 3),
        ("$[-1]", Kind::NegativeIndex, 3),
        ("$[1:3]", Kind::Slice, 4),
        ("$[:3]", Kind::Slice, 3),
        ("$[?@.a]", Kind::Filter, 3),
    ];
    for (text, kind, column) in cases {
        assert_eq!(text.parse::<JsonPath>().unwrap_err(), PathError { kind, column }, "{text}");
    }
    assert_eq!(format!("${}", ".a".repeat(65)).parse::<JsonPath>().unwrap_err().kind, Kind::TooLong);
}

#[test]
fn a_column_is_a_member_whatever_its_name() {
    for column in ["ip", "Client IP", "o'clock", "back\\slash", "tab\t"] {
        let path = JsonPath::member(column);
        assert_eq!(path.as_str().parse::<JsonPath>().unwrap(), path, "{column}");
    }
}
