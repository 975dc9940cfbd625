//! The types that treatments know.

use super::array::ElementText;

/// A base type, as far as treatments tell types apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Inet,
    Cidr,
    Text(Text),
    Float4,
    Float8,
    Numeric,
    /// By its name.
    Integer(&'static str),
    Timestamptz,
    Timestamp,
    Date,
    Time,
    Timetz,
    Jsonb,
    Json,
    Macaddr,
    Point,
    /// Neither text nor a place, whatever the value: truth values, amounts of money, intervals, enumerations and the
    /// like, and ranges of such.
    Harmless,
    /// Strings of bits, whose modifier is a length.
    Bits,
    /// Everything else.
    Other,
}

/// Types that hold text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    Plain,
    Varchar,
    /// Padded with blanks, which casting to text takes off.
    Bpchar,
    /// The extension's.
    Citext,
    /// At most 63 bytes.
    Name,
}

impl Kind {
    /// By the name of a type of `pg_catalog`; `None` for one that only its kind says more about.
    pub(super) fn builtin(name: &str) -> Option<Self> {
        Some(match name {
            "inet" => Self::Inet,
            "cidr" => Self::Cidr,
            "text" => Self::Text(Text::Plain),
            "varchar" => Self::Text(Text::Varchar),
            "bpchar" => Self::Text(Text::Bpchar),
            "name" => Self::Text(Text::Name),
            "float4" => Self::Float4,
            "float8" => Self::Float8,
            "numeric" => Self::Numeric,
            "int2" => Self::Integer("int2"),
            "int4" => Self::Integer("int4"),
            "int8" => Self::Integer("int8"),
            "timestamptz" => Self::Timestamptz,
            "timestamp" => Self::Timestamp,
            "date" => Self::Date,
            "time" => Self::Time,
            "timetz" => Self::Timetz,
            "jsonb" => Self::Jsonb,
            "json" => Self::Json,
            "macaddr" | "macaddr8" => Self::Macaddr,
            "point" => Self::Point,
            "bit" | "varbit" => Self::Bits,
            "bool" | "money" | "interval" | "uuid" | "oid" | "pg_lsn" | "xid" | "xid8" | "char"
            | "regclass" | "regtype" | "regproc" => Self::Harmless,
            "int4range" | "int8range" | "numrange" | "tsrange" | "tstzrange" | "daterange"
            | "int4multirange" | "int8multirange" | "nummultirange" | "tsmultirange" | "tstzmultirange"
            | "datemultirange" => Self::Harmless,
            _ => return None,
        })
    }

    /// True if there is nothing in any value that scrubbing looks for.
    pub(super) const fn is_harmless(self) -> bool {
        matches!(
            self,
            Self::Float4
                | Self::Float8
                | Self::Numeric
                | Self::Integer(_)
                | Self::Timestamptz
                | Self::Timestamp
                | Self::Date
                | Self::Time
                | Self::Timetz
                | Self::Harmless
        )
    }

    /// How many characters of a text its modifier lets stand, if that is less than a treated value may have.
    pub(super) fn max_characters(self, modifier: i32) -> Option<i32> {
        const LONGEST_VALUE: i32 = 64;
        let length = modifier.checked_sub(4).filter(|&length| (0..LONGEST_VALUE).contains(&length))?;
        matches!(self, Self::Text(Text::Varchar | Text::Bpchar)).then_some(length)
    }

    /// How treated elements of arrays are written.
    pub(super) const fn element_text(self) -> ElementText {
        match self {
            Self::Inet | Self::Cidr | Self::Text(_) | Self::Numeric | Self::Integer(_) | Self::Time => {
                ElementText::AsItIs
            }
            Self::Jsonb | Self::Macaddr | Self::Timetz => ElementText::AsItIs,
            Self::Float4 | Self::Float8 => ElementText::Float,
            Self::Timestamp => ElementText::Timestamp,
            Self::Timestamptz => ElementText::Timestamptz,
            Self::Date => ElementText::Date,
            Self::Json | Self::Point | Self::Harmless | Self::Bits | Self::Other => ElementText::None,
        }
    }

    /// The modifier behind the type's name, with its parentheses.
    pub(super) fn modifier(self, modifier: i32) -> String {
        let Ok(known) = u32::try_from(modifier) else { return String::new() };
        match self {
            Self::Text(Text::Varchar | Text::Bpchar) => format!("({})", known.saturating_sub(4)),
            Self::Numeric => match numeric_limits(modifier) {
                Some((precision, scale)) => format!("({precision},{scale})"),
                None => String::new(),
            },
            Self::Timestamptz | Self::Timestamp | Self::Time | Self::Timetz | Self::Bits => {
                format!("({known})")
            }
            _ => String::new(),
        }
    }
}

/// Precision and scale of `numeric(precision, scale)`, as the modifier packs them (negative scales from PostgreSQL 15).
pub(super) fn numeric_limits(modifier: i32) -> Option<(i32, i32)> {
    let packed = modifier.checked_sub(4).filter(|&packed| packed >= 0)?;
    Some((packed >> 16 & 0xffff, ((packed & 0x7ff) ^ 0x400) - 0x400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_numeric() {
        assert_eq!(numeric_limits(-1), None);
        assert_eq!(numeric_limits((10 << 16 | 2) + 4), Some((10, 2)));
        assert_eq!(numeric_limits((3 << 16 | (-2 & 0x7ff)) + 4), Some((3, -2)));
        assert_eq!(Kind::Numeric.modifier((10 << 16 | 2) + 4), "(10,2)");
        assert_eq!(Kind::Text(Text::Varchar).modifier(44), "(40)");
        assert_eq!(Kind::Text(Text::Varchar).modifier(-1), "");
    }
}
