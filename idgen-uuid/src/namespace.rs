//! What a name is a name of.

use core::fmt;
use core::str::FromStr;

use idgen_core::text::Form;
use idgen_core::{Id, IdScheme};
use sha1::Digest;

/// The space that a name belongs to: a UUID that goes into the hash before the name.
///
/// # Example
/// ```
/// use idgen_uuid::{Namespace, UuidV5};
///
/// // A namespace of one's own is any UUID, such as one made of a name.
/// let ours = Namespace::from(UuidV5::of_name(Namespace::DNS, b"example.org"));
/// let orders = UuidV5::of_name(ours, b"orders");
/// assert_ne!(orders, UuidV5::of_name(Namespace::DNS, b"orders"));
/// assert_eq!("dns".parse(), Ok(Namespace::DNS));
/// ```
///
/// # Source
/// RFC 9562, section 6.6.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Namespace(u128);

/// Names that are known by a word.
const KNOWN: [(&str, Namespace); 4] = [
    ("dns", Namespace::DNS),
    ("url", Namespace::URL),
    ("oid", Namespace::OID),
    ("x500", Namespace::X500),
];

impl Namespace {
    /// Fully qualified domain names.
    pub const DNS: Self = Self(0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8);
    /// URLs.
    pub const URL: Self = Self(0x6ba7_b811_9dad_11d1_80b4_00c0_4fd4_30c8);
    /// Object identifiers of ISO, in decimal with dots.
    pub const OID: Self = Self(0x6ba7_b812_9dad_11d1_80b4_00c0_4fd4_30c8);
    /// Distinguished names of X.500, as text or DER.
    pub const X500: Self = Self(0x6ba7_b814_9dad_11d1_80b4_00c0_4fd4_30c8);

    /// The namespace of this UUID.
    #[must_use]
    pub const fn new(uuid: u128) -> Self {
        Self(uuid)
    }

    /// The UUID as a number.
    #[must_use]
    pub const fn word(self) -> u128 {
        self.0
    }

    /// The first 128 bits of the hash of the namespace and the name.
    pub(crate) fn digest<D: Digest>(self, name: &[u8]) -> u128 {
        let hash = D::new().chain_update(self.0.to_be_bytes()).chain_update(name).finalize();
        first_bits(&hash)
    }
}

/// The first 128 bits of a hash.
fn first_bits(hash: &[u8]) -> u128 {
    hash.first_chunk().copied().map_or(0, u128::from_be_bytes)
}

/// Any id of 128 bits can be one, a UUID of any version above all.
impl<S: IdScheme<Word = u128>> From<Id<S>> for Namespace {
    fn from(id: Id<S>) -> Self {
        Self(id.word())
    }
}

/// As `dns`, `url`, `oid` or `x500`, or as a UUID.
impl FromStr for Namespace {
    type Err = UnknownNamespace;

    fn from_str(text: &str) -> Result<Self, UnknownNamespace> {
        match KNOWN.iter().find(|(word, _)| *word == text) {
            Some((_, namespace)) => Ok(*namespace),
            None => Form::Uuid.decode(text).map(Self).map_err(|_| UnknownNamespace),
        }
    }
}

/// By the word it is known by, or as a UUID.
impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match KNOWN.iter().find(|(_, namespace)| namespace == self) {
            Some((word, _)) => f.pad(word),
            None => f.pad(&Form::Uuid.encode(self.0)),
        }
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Namespace({self})")
    }
}

/// A text that names no namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown namespace; write dns, url, oid, x500, or a UUID")]
pub struct UnknownNamespace;

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9562, section 6.6, table 3.
    #[test]
    fn reference_namespaces() {
        for (word, uuid) in [
            ("dns", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
            ("url", "6ba7b811-9dad-11d1-80b4-00c04fd430c8"),
            ("oid", "6ba7b812-9dad-11d1-80b4-00c04fd430c8"),
            ("x500", "6ba7b814-9dad-11d1-80b4-00c04fd430c8"),
        ] {
            let namespace: Namespace = word.parse().unwrap();
            assert_eq!(uuid.parse(), Ok(namespace));
            assert_eq!(namespace.to_string(), word);
        }
        assert_eq!("DNS".parse::<Namespace>(), Err(UnknownNamespace));
        let own = Namespace::new(7);
        assert_eq!(own.to_string().parse(), Ok(own));
    }
}
