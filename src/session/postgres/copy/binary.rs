//! COPY's binary format: a header, rows of length-prefixed values, a trailer.
//!
//! <https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4>

use bytes::{BufMut, BytesMut};

use super::{Columns, Field, Taken};
use crate::base::reader::Reader;
use crate::session::postgres::refusal::Fault;
use crate::session::postgres::values::Scratch;
use crate::wire::postgres::frame;
use crate::wire::postgres::{Malformed, span_of_values, take_value};

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// Where the stream stands.
#[derive(Default)]
pub(super) struct Binary {
    place: Place,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Header,
    /// The header has been taken and not been written.
    FirstRow,
    Rows,
    Ended,
}

impl Binary {
    /// The header, one row, or the trailer.
    pub(super) fn next_row<'a>(&mut self, input: &'a [u8]) -> Result<Taken<'a>, Fault> {
        let mut reader = Reader::new(input);
        let next = match self.place {
            Place::Header => header(&mut reader).map(|()| Place::FirstRow),
            Place::FirstRow | Place::Rows => {
                row(&mut reader).map(|is_row| if is_row { Place::Rows } else { Place::Ended })
            }
            Place::Ended => return Err(Fault::Columns),
        };
        match next {
            Ok(next) => self.place = next,
            Err(Malformed::Truncated(_)) => return Ok(Taken::Partial),
            Err(other) => return Err(other.into()),
        }
        let bytes = input.len().saturating_sub(reader.rest().len());
        Ok(Taken::Row(input.get(..bytes).unwrap_or_default(), bytes))
    }

    pub(super) const fn is_ended(&self) -> bool {
        matches!(self.place, Place::Ended)
    }

    pub(super) fn rewrite(
        &self,
        row: &[u8],
        columns: &Columns,
        scratch: &mut Scratch,
        out: &mut BytesMut,
    ) -> Result<(), Fault> {
        if self.place != Place::Rows {
            out.put_slice(row);
            return Ok(());
        }
        let mut reader = Reader::new(row);
        let count = reader.i16().map_err(Malformed::from)?;
        if usize::try_from(count) != Ok(columns.all()) {
            return Err(Fault::Columns);
        }
        frame::put_count(out, columns.visible.len());
        for index in 0..columns.all() {
            match columns.at(index).ok_or(Fault::Columns)? {
                Field::Hidden => drop(take_value(&mut reader)?),
                Field::Treated(edge) => edge.put(take_value(&mut reader)?, scratch, out),
                Field::Passed => out.put_slice(span_of_values(&mut reader, 1)?),
            }
        }
        Ok(())
    }
}

fn header(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    let signature = reader.array::<11>()?;
    let _flags = reader.i32()?;
    let extension = usize::try_from(reader.i32()?).map_err(|_| Malformed::BadCount)?;
    reader.take(extension)?;
    if signature == *SIGNATURE { Ok(()) } else { Err(Malformed::UnknownCode) }
}

/// Walks over a row; false if it is the trailer.
fn row(reader: &mut Reader<'_>) -> Result<bool, Malformed> {
    let count = reader.i16()?;
    if count == -1 {
        return Ok(false);
    }
    for _ in 0..u16::try_from(count).map_err(|_| Malformed::BadCount)? {
        take_value(reader)?;
    }
    Ok(true)
}
