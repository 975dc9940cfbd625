//! Streams made by other programs, cut, broken and blown up.

use std::io::Write;

use super::{Decoder, Encoder, Encoding};
use crate::body::{Fault, Limits};

const ALL: [Encoding; 5] =
    [Encoding::Identity, Encoding::Gzip, Encoding::Deflate, Encoding::Brotli, Encoding::Zstd];

fn encode(encoding: Encoding, plain: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(encoding);
    let mut coded = Vec::new();
    encoder.push(plain, &mut coded).unwrap();
    encoder.finish(&mut coded).unwrap();
    coded
}

fn decode_pieces<'a>(
    encoding: Encoding,
    limits: &Limits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<u8>, Fault> {
    let mut decoder = Decoder::new(encoding, limits);
    let mut plain = Vec::new();
    for piece in pieces {
        decoder.push(piece, &mut plain).map_err(|error| error.fault)?;
    }
    decoder.finish().map_err(|error| error.fault)?;
    Ok(plain)
}

fn decode(encoding: Encoding, coded: &[u8]) -> Result<Vec<u8>, Fault> {
    decode_pieces(encoding, &Limits::default(), [coded])
}

/// Text that compresses, but not to nothing.
fn text(len: usize) -> Vec<u8> {
    (0..len)
        .map(|index| b"{\"ip\":203.0.113.7}"[index % 18] ^ u8::try_from(index * index % 3).unwrap())
        .collect()
}

#[test]
fn what_goes_in_comes_out_however_it_is_cut() {
    for encoding in ALL {
        for len in [0, 1, 100, 200_000] {
            let plain = text(len);
            let coded = encode(encoding, &plain);
            assert_eq!(decode(encoding, &coded).unwrap(), plain, "{encoding:?} {len}");
            let bytes = decode_pieces(encoding, &Limits::default(), coded.chunks(1));
            assert_eq!(bytes.unwrap(), plain, "{encoding:?} {len}");
        }
        for other in ALL {
            assert_eq!(encoding.header() == other.header(), encoding == other);
        }
        assert_eq!(Encoding::from_header(encoding.header().unwrap_or("Identity ")), Some(encoding));
    }
    assert_eq!(Encoding::from_header("gzip, br"), None);
    assert_eq!(Encoding::from_header("compress"), None);
}

#[test]
fn a_flush_lets_the_reader_see_everything() {
    for encoding in ALL {
        let mut encoder = Encoder::new(encoding);
        let mut decoder = Decoder::new(encoding, &Limits::default());
        for round in 0..3 {
            let (mut coded, mut plain) = (Vec::new(), Vec::new());
            encoder.push(b"first byte", &mut coded).unwrap();
            encoder.flush(&mut coded).unwrap();
            decoder.push(&coded, &mut plain).unwrap();
            assert_eq!(plain, b"first byte", "{encoding:?} round {round}");
        }
    }
}

#[test]
fn a_truncated_stream_is_an_error_at_every_length() {
    for encoding in &ALL[1..] {
        let coded = encode(*encoding, &text(300));
        for len in 0..coded.len() {
            assert_eq!(decode(*encoding, &coded[..len]), Err(Fault::UnexpectedEnd), "{encoding:?} {len}");
        }
    }
}

#[test]
fn bytes_behind_the_stream_are_an_error() {
    for encoding in &ALL[1..] {
        let mut coded = encode(*encoding, &text(300));
        coded.push(0);
        let expected =
            if *encoding == Encoding::Zstd { Fault::InvalidCoding } else { Fault::BytesAfterCoding };
        assert_eq!(decode(*encoding, &coded), Err(expected), "{encoding:?}");
        assert!(decode(*encoding, b"{\"ip\":\"203.0.113.7\"}").is_err(), "{encoding:?}");
    }
}

#[test]
fn members_and_frames_may_follow_each_other() {
    for encoding in [Encoding::Gzip, Encoding::Zstd] {
        let coded = [encode(encoding, b"one "), encode(encoding, b""), encode(encoding, b"two")].concat();
        assert_eq!(decode(encoding, &coded).unwrap(), b"one two");
        assert_eq!(decode_pieces(encoding, &Limits::default(), coded.chunks(1)).unwrap(), b"one two");
        assert_eq!(decode(encoding, &coded[..coded.len() - 1]), Err(Fault::UnexpectedEnd));
    }
    let twice = [encode(Encoding::Deflate, b"one"), encode(Encoding::Deflate, b"two")].concat();
    assert_eq!(decode(Encoding::Deflate, &twice), Err(Fault::BytesAfterCoding));
}

#[test]
fn a_broken_checksum_is_an_error() {
    for encoding in [Encoding::Gzip, Encoding::Deflate] {
        let mut coded = encode(encoding, &text(300));
        let at = coded.len() - if encoding == Encoding::Gzip { 8 } else { 4 };
        coded[at] ^= 1;
        assert_eq!(decode(encoding, &coded), Err(Fault::InvalidCoding), "{encoding:?}");
    }
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(&text(300)).unwrap();
    let mut coded = encoder.finish().unwrap();
    assert_eq!(decode(Encoding::Zstd, &coded).unwrap(), text(300));
    *coded.last_mut().unwrap() ^= 1;
    assert_eq!(decode(Encoding::Zstd, &coded), Err(Fault::InvalidCoding));
}

#[test]
fn reads_every_optional_gzip_field_and_checks_the_header() {
    let plain = text(300);
    let mut gzip = flate2::GzBuilder::new()
        .filename("name")
        .comment("why")
        .extra(vec![1, 2, 3])
        .write(Vec::new(), flate2::Compression::default());
    gzip.write_all(&plain).unwrap();
    let coded = gzip.finish().unwrap();
    assert_eq!(decode(Encoding::Gzip, &coded).unwrap(), plain);
    assert_eq!(decode_pieces(Encoding::Gzip, &Limits::default(), coded.chunks(1)).unwrap(), plain);

    let mut header = coded[..10].to_vec();
    header[3] = 0b10;
    let mut crc = flate2::Crc::new();
    crc.update(&header);
    let bare = encode(Encoding::Gzip, &plain);
    let with_crc = [&header, &crc.sum().to_le_bytes()[..2], &bare[10..]].concat();
    assert_eq!(decode(Encoding::Gzip, &with_crc).unwrap(), plain);
    let with_wrong_crc = [&header, &[0, 0][..], &bare[10..]].concat();
    assert_eq!(decode(Encoding::Gzip, &with_wrong_crc), Err(Fault::InvalidCoding));
    let mut reserved = bare.clone();
    reserved[3] = 0x20;
    assert_eq!(decode(Encoding::Gzip, &reserved), Err(Fault::InvalidCoding));
}

#[test]
fn deflate_without_its_wrapper_is_refused() {
    let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    raw.write_all(&text(300)).unwrap();
    assert_eq!(decode(Encoding::Deflate, &raw.finish().unwrap()), Err(Fault::InvalidCoding));
}

#[test]
fn bombs_are_stopped_early() {
    for encoding in &ALL[1..] {
        let bomb = encode(*encoding, &vec![b' '; 24 << 20]);
        let mut decoder = Decoder::new(*encoding, &Limits::default());
        let mut plain = Vec::new();
        let error = decoder.push(&bomb, &mut plain).unwrap_err();
        assert_eq!(error.fault, Fault::ExpandsTooMuch, "{encoding:?}");
        assert!(plain.len() < 20 << 20, "{encoding:?} {}", plain.len());
        assert_eq!(decoder.push(b"", &mut plain), Err(error));
        assert_eq!(decoder.finish(), Err(error));
    }
}

#[test]
fn large_windows_are_refused() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(25).unwrap();
    encoder.write_all(&text(300)).unwrap();
    assert_eq!(decode(Encoding::Zstd, &encoder.finish().unwrap()), Err(Fault::WindowTooLarge));

    let mut coded = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut coded, 4096, 5, 24);
    writer.write_all(&text(300)).unwrap();
    drop(writer);
    assert_eq!(decode(Encoding::Brotli, &coded).unwrap(), text(300));
    let limits = Limits { max_window_log: 22, ..Limits::default() };
    assert_eq!(decode_pieces(Encoding::Brotli, &limits, [&coded[..]]), Err(Fault::WindowTooLarge));
}
