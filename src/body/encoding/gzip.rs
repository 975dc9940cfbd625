//! The gzip file format (RFC 1952): members, one after another, with their header and trailer.
//!
//! Invariant: the checksum and the length of each member are compared, and what follows a member is
//! another member or nothing.

use flate2::{Crc, Decompress};

use super::decoder::{Step, inflate_step};
use crate::body::Fault;

const HAS_HEADER_CRC: u8 = 0b10;
const HAS_EXTRA: u8 = 0b100;
const HAS_NAME: u8 = 0b1000;
const HAS_COMMENT: u8 = 0b1_0000;
const RESERVED: u8 = 0b1110_0000;

/// A stream of gzip members.
pub(super) struct Gzip {
    part: Part,
    /// Optional fields that the header of this member still has.
    flags: u8,
    header_crc: Crc,
    inflate: Decompress,
    crc: Crc,
    /// A member has ended.
    has_member: bool,
}

/// Where in a member the next byte belongs.
#[derive(Clone, Copy)]
enum Part {
    /// One of the ten fixed bytes of the header.
    Fixed(u8),
    ExtraLen {
        low: Option<u8>,
    },
    Extra(u16),
    /// The file name or comment, which end with a NUL.
    Name,
    Comment,
    HeaderCrc {
        low: Option<u8>,
    },
    Deflated,
    /// One of the eight bytes of the trailer.
    Trailer {
        at: u8,
        bytes: u64,
    },
}

impl Default for Gzip {
    fn default() -> Self {
        Self {
            part: Part::Fixed(0),
            flags: 0,
            header_crc: Crc::new(),
            inflate: Decompress::new(false),
            crc: Crc::new(),
            has_member: false,
        }
    }
}

impl Gzip {
    pub(super) const fn may_end(&self) -> bool {
        self.has_member && matches!(self.part, Part::Fixed(0))
    }

    pub(super) fn step(&mut self, bytes: &[u8], out: &mut [u8]) -> Result<Step, Fault> {
        let mut read = 0;
        for &byte in bytes {
            if matches!(self.part, Part::Deflated) {
                break;
            }
            self.part = match self.part {
                Part::Trailer { at, bytes } => self.trailer(byte, at, bytes)?,
                Part::HeaderCrc { .. } => self.header(byte)?,
                _ => {
                    self.header_crc.update(&[byte]);
                    self.header(byte)?
                }
            };
            read += 1;
        }
        if !matches!(self.part, Part::Deflated) {
            return Ok(Step { read, written: 0 });
        }
        let (step, ended) = inflate_step(&mut self.inflate, bytes.get(read..).unwrap_or_default(), out)?;
        self.crc.update(out.get(..step.written).unwrap_or_default());
        if ended {
            self.part = Part::Trailer { at: 0, bytes: 0 };
        }
        Ok(Step { read: read + step.read, written: step.written })
    }

    fn header(&mut self, byte: u8) -> Result<Part, Fault> {
        match self.part {
            Part::Fixed(at) => self.fixed(at, byte),
            Part::ExtraLen { low: None } => Ok(Part::ExtraLen { low: Some(byte) }),
            Part::ExtraLen { low: Some(low) } => match u16::from_le_bytes([low, byte]) {
                0 => Ok(self.next_field()),
                len => Ok(Part::Extra(len)),
            },
            Part::Extra(left) if left > 1 => Ok(Part::Extra(left - 1)),
            Part::Name | Part::Comment if byte != 0 => Ok(self.part),
            Part::Extra(_) | Part::Name | Part::Comment => Ok(self.next_field()),
            Part::HeaderCrc { low: None } => Ok(Part::HeaderCrc { low: Some(byte) }),
            Part::HeaderCrc { low: Some(low) } => {
                let [first, second, ..] = self.header_crc.sum().to_le_bytes();
                if [first, second] == [low, byte] { Ok(Part::Deflated) } else { Err(Fault::InvalidCoding) }
            }
            Part::Deflated | Part::Trailer { .. } => Err(Fault::InvalidCoding),
        }
    }

    fn fixed(&mut self, at: u8, byte: u8) -> Result<Part, Fault> {
        match (at, byte) {
            (0, 0x1f) | (1, 0x8b) | (2, 8) | (4..=8, _) => Ok(Part::Fixed(at + 1)),
            (0, _) if self.has_member => Err(Fault::BytesAfterCoding),
            (3, flags) if flags & RESERVED == 0 => {
                self.flags = flags;
                Ok(Part::Fixed(4))
            }
            (9, _) => Ok(self.next_field()),
            _ => Err(Fault::InvalidCoding),
        }
    }

    /// The first optional field that the header has and that has not been read.
    fn next_field(&mut self) -> Part {
        let fields = [
            (HAS_EXTRA, Part::ExtraLen { low: None }),
            (HAS_NAME, Part::Name),
            (HAS_COMMENT, Part::Comment),
            (HAS_HEADER_CRC, Part::HeaderCrc { low: None }),
        ];
        for (flag, part) in fields {
            if self.flags & flag != 0 {
                self.flags &= !flag;
                return part;
            }
        }
        Part::Deflated
    }

    fn trailer(&mut self, byte: u8, at: u8, bytes: u64) -> Result<Part, Fault> {
        let bytes = bytes | (u64::from(byte) << (u32::from(at) * 8));
        if at < 7 {
            return Ok(Part::Trailer { at: at + 1, bytes });
        }
        if bytes != u64::from(self.crc.sum()) | (u64::from(self.crc.amount()) << 32) {
            return Err(Fault::InvalidCoding);
        }
        self.header_crc.reset();
        self.crc.reset();
        self.inflate.reset(false);
        self.has_member = true;
        Ok(Part::Fixed(0))
    }
}
