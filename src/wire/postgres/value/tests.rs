//! Values as a server writes them.

use super::*;

fn text(type_oid: u32, value: Typed<'_>) -> Option<String> {
    let mut out = BytesMut::new();
    write(type_oid, Format::Text, value, &mut out).then(|| String::from_utf8(out.to_vec()).unwrap())
}

#[test]
fn what_is_read_is_written_again() {
    for (type_oid, form) in [
        (oid::INT2, "-32768"),
        (oid::INT4, "2147483647"),
        (oid::INT8, "-9223372036854775808"),
        (oid::TEXT, "ä b"),
        (oid::UUID, "550e8400-e29b-41d4-a716-446655440000"),
        (oid::BYTEA, "\\x00ff10"),
        (oid::BYTEA, "\\x"),
        (oid::INET, "203.0.113.7"),
        (oid::INET, "203.0.0.0/16"),
        (oid::CIDR, "203.0.113.7/32"),
        (oid::INET, "2001:db8::/32"),
        (oid::CIDR, "::/0"),
        (oid::INET, "2001:db8::1"),
        (oid::INET, "::ffff:203.0.113.7"),
        (oid::INET, "1::"),
        (oid::INET, "1:0:2:3:4:5:6:7"),
        (oid::FLOAT8, "0.1"),
        (oid::FLOAT8, "1e-05"),
        (oid::FLOAT8, "0.0001"),
        (oid::FLOAT8, "100000000000000"),
        (oid::FLOAT8, "1e+15"),
        (oid::FLOAT8, "999999999999999.9"),
        (oid::FLOAT8, "9.999999999999999e-05"),
        (oid::FLOAT8, "1.7976931348623157e+308"),
        (oid::FLOAT8, "-0"),
        (oid::FLOAT8, "NaN"),
        (oid::FLOAT8, "-Infinity"),
        (oid::FLOAT4, "0.1"),
        (oid::FLOAT4, "100000"),
        (oid::FLOAT4, "999999.94"),
        (oid::FLOAT4, "0.0001"),
        (oid::FLOAT4, "9.999999e-05"),
        (oid::FLOAT4, "1e+06"),
    ] {
        let mut scratch = Vec::new();
        let value = read(type_oid, Format::Text, form.as_bytes(), &mut scratch).expect(form);
        assert_eq!(text(type_oid, value).as_deref(), Some(form), "{type_oid}");
        let mut binary = BytesMut::new();
        assert!(write(type_oid, Format::Binary, value, &mut binary), "{form}");
        let mut scratch = Vec::new();
        let again = read(type_oid, Format::Binary, &binary, &mut scratch).expect(form);
        assert_eq!(text(type_oid, again).as_deref(), Some(form), "{type_oid} in binary");
    }
}

#[test]
fn literal_bytes() {
    let mut out = BytesMut::new();
    let value = Typed::Network([203, 0, 0, 0].into(), 16);
    assert!(write(oid::INET, Format::Binary, value, &mut out));
    assert_eq!(&out[..], [2, 16, 0, 4, 203, 0, 0, 0]);
}

#[test]
fn rubbish_is_nothing() {
    for (type_oid, format, bytes) in [
        (oid::INT4, Format::Binary, &b"\0\0\0"[..]),
        (oid::INT4, Format::Text, b"2147483648"),
        (oid::INT8, Format::Text, b""),
        (oid::UUID, Format::Binary, b"short"),
        (oid::INET, Format::Binary, &[2, 33, 0, 4, 1, 2, 3, 4]),
        (oid::INET, Format::Binary, &[2, 32, 0, 16, 1, 2, 3, 4]),
        (oid::INET, Format::Binary, &[9, 32, 0, 4, 1, 2, 3, 4]),
        (oid::INET, Format::Text, b"203.0.113.7/33"),
        (oid::BYTEA, Format::Text, b"\\x0"),
        (oid::BYTEA, Format::Text, b"abc"),
        (oid::TEXT, Format::Text, b"\xff"),
        (3802, Format::Text, b"{}"),
    ] {
        assert!(read(type_oid, format, bytes, &mut Vec::new()).is_none(), "{type_oid} {bytes:?}");
    }
    assert!(text(oid::INT4, Typed::Int64(1 << 40)).is_none());
    assert!(text(oid::UUID, Typed::Text("x")).is_none());
}

#[test]
fn arrays_keep_their_shape() {
    let double = |element: &str, out: &mut BytesMut| {
        out.put_slice(element.as_bytes());
        out.put_slice(element.as_bytes());
        element != "gone"
    };
    for (input, expected) in [
        ("{}", Some("{}")),
        ("{a,NULL,b}", Some("{aa,NULL,bb}")),
        ("{gone,\"NULL\"}", Some("{NULL,NULLNULL}")),
        ("[0:1]={a,b}", Some("[0:1]={aa,bb}")),
        ("{{a,b},{c,d}}", Some("{{aa,bb},{cc,dd}}")),
        ("{\"a,\\\"\\\\}\",\"\"}", Some("{\"a,\\\"\\\\}a,\\\"\\\\}\",\"\"}")),
        ("{a", None),
        ("{a}}", None),
        ("{a}x", None),
        ("x{a}", None),
        ("{\"a}", None),
        ("{{{{{{{a}}}}}}}", None),
        ("a", None),
        ("", None),
    ] {
        let mut out = BytesMut::new();
        let done = array::rewrite_text(input, &mut out, double);
        assert_eq!(done.map(|()| std::str::from_utf8(&out).unwrap()), expected, "{input}");
    }
}

#[test]
fn binary_arrays_change_their_element_type() {
    let input = b"\0\0\0\x01\0\0\0\x01\0\0\0\x17\0\0\0\x02\0\0\0\x01\0\0\0\x04\0\0\0\x07\xff\xff\xff\xff";
    let widen = |element: &[u8], out: &mut BytesMut| {
        out.put_i64(i64::from(i32::from_be_bytes(element.try_into().unwrap())));
        true
    };
    let mut out = BytesMut::new();
    array::rewrite_binary(input, (oid::INT4, oid::INT8), &mut out, widen).unwrap();
    assert_eq!(
        &out[..],
        b"\0\0\0\x01\0\0\0\x01\0\0\0\x14\0\0\0\x02\0\0\0\x01\0\0\0\x08\0\0\0\0\0\0\0\x07\xff\xff\xff\xff"
    );
    let cut = &input[..input.len() - 1];
    let huge = b"\0\0\0\x02\0\0\0\0\0\0\0\x17\x7f\xff\xff\xff\0\0\0\x01\x7f\xff\xff\xff\0\0\0\x01";
    for bad in [cut, &b"\0\0\0\x07\0\0\0\0\0\0\0\x17"[..], b"\xff\xff\xff\xff", huge] {
        assert!(array::rewrite_binary(bad, (oid::INT4, oid::INT8), &mut BytesMut::new(), widen).is_none());
    }
    assert!(array::rewrite_binary(input, (oid::INT8, oid::INT8), &mut BytesMut::new(), widen).is_none());
}
