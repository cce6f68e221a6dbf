//! How ids are written in a file.

use std::fmt;
use std::str::FromStr;

use idgen_core::text::Form;

/// How the ids of a file are written.
///
/// # Example
/// ```
/// use idgen_verify::Format;
///
/// assert_eq!("u128le".parse(), Ok(Format::U128_LE));
/// assert_eq!(Format::U64_BE.to_string(), "u64be");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One id a line in this form; blanks around it do not count, and lines without anything else
    /// are passed over. It may stand behind the prefix of a typed id, which is base 32 then, or in
    /// an object of JSON as its `id`.
    Text(Form),
    /// Words of 64 bits, one after the other. Those of ids of 128 bits have 64 zeros above.
    U64(Endian),
    /// Words of 128 bits, one after the other. Of ids of 64 bits the upper half is zero.
    U128(Endian),
}

/// Which byte of a word comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endian {
    /// The lowest.
    Little,
    /// The highest.
    Big,
}

impl Format {
    /// Words of 64 bits, lowest byte first.
    pub const U64_LE: Self = Self::U64(Endian::Little);
    /// Words of 64 bits, highest byte first.
    pub const U64_BE: Self = Self::U64(Endian::Big);
    /// Words of 128 bits, lowest byte first.
    pub const U128_LE: Self = Self::U128(Endian::Little);
    /// Words of 128 bits, highest byte first.
    pub const U128_BE: Self = Self::U128(Endian::Big);

    /// The formats of bare words, which have a name: `u64le`, `u64be`, `u128le`, `u128be`.
    pub const BINARY: [(&'static str, Self); 4] = [
        ("u64le", Self::U64_LE),
        ("u64be", Self::U64_BE),
        ("u128le", Self::U128_LE),
        ("u128be", Self::U128_BE),
    ];

    /// What a record of it is called: a line or a word.
    #[must_use]
    pub const fn record(self) -> &'static str {
        match self {
            Self::Text(_) => "line",
            Self::U64(_) | Self::U128(_) => "word",
        }
    }
}

/// The name of a binary format, or that of the text's form.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(form) => f.pad(form.name()),
            _ => f.pad(Self::BINARY.iter().find(|(_, it)| it == self).map_or("", |(name, _)| name)),
        }
    }
}

/// From the name of a binary format or of a text form.
impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        if let Some((_, format)) = Self::BINARY.iter().find(|(known, _)| *known == name) {
            return Ok(*format);
        }
        name.parse().map(Self::Text).map_err(|_| UnknownFormat)
    }
}

/// A name that is no format's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a format is u64le, u64be, u128le, u128be, or the name of a text form")]
pub struct UnknownFormat;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for name in ["u64le", "u64be", "u128le", "u128be", "decimal", "uuid"] {
            assert_eq!(name.parse::<Format>().unwrap().to_string(), name);
        }
        assert!("u32le".parse::<Format>().is_err());
    }
}
