//! 64-bit ids inside UUIDs of version 8, and back.

use core::fmt;

use idgen_core::Id;
use idgen_core::layout::{Field, Kind, Layout, Parts};
use sha2::{Digest, Sha256};

use crate::UuidV8;

/// Carries the 64-bit ids of one namespace in UUIDs of version 8, for places that take nothing
/// else.
///
/// UUIDs compare as the ids do. The 58 bits that are left over hold a tag of the namespace, which
/// is checked on the way back: a UUID of another namespace, or of somebody else's making, is told
/// apart but for a chance of 2^-58.
///
/// | bits of the UUID | hold |
/// |---|---|
/// | 127–80 | bits 63–16 of the id |
/// | 75–64 | bits 15–4 |
/// | 61–58 | bits 3–0 |
/// | 57–0 | the first 58 bits of the SHA-256 of the namespace |
///
/// # Example
/// ```
/// use idgen_core::Id;
/// use idgen_snowflake::Snowflake;
/// use idgen_uuid::Carrier;
///
/// let orders = Carrier::of("orders");
/// let id: Id<Snowflake> = "1541815603606036480".parse()?;
/// let uuid = orders.wrap(id);
/// assert_eq!(Id::try_from(orders.unwrap(uuid)?), Ok(id));
/// assert!(Carrier::of("customers").unwrap(uuid).is_err());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// # Source
/// RFC 9562, section 5.8, leaves the bits to us.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Carrier {
    tag: u64,
}

/// The bits of a UUID that carries an id. The id takes the place of a tick, so that the layout's
/// own check says that the order is kept.
const CARRIED: Layout = Layout::new(
    128,
    &[
        Field::new(Kind::Tick, 48).named("id_high"),
        Field::new(Kind::Version(8), 4).named("ver"),
        Field::new(Kind::Tick, 12).named("id_mid"),
        Field::new(Kind::Version(2), 2).named("var"),
        Field::new(Kind::Tick, 4).named("id_low"),
        Field::new(Kind::Data, TAG_BITS).named("tag"),
    ],
);

const TAG_BITS: u8 = 58;

const _: () = assert!(CARRIED.is_time_ordered() && CARRIED.tick_bits() == 64);

impl Carrier {
    /// The carrier of this namespace: any text, such as the table that the ids belong to.
    #[must_use]
    pub fn of(namespace: &str) -> Self {
        let hash = Sha256::digest(namespace);
        let first = hash.first_chunk().copied().map_or(0, u64::from_be_bytes);
        Self { tag: first >> (64 - TAG_BITS) }
    }

    /// The UUID that carries an id of any scheme of 64 bits.
    #[must_use]
    pub fn wrap(self, id: impl Into<u64>) -> Id<UuidV8> {
        let parts = Parts { tick: id.into(), payload: self.tag.into(), ..Parts::default() };
        match CARRIED.pack(parts) {
            Ok(word) => Id::stamped(word),
            Err(error) => unreachable!("64 bits and a tag fill the layout: {error}"),
        }
    }

    /// The id that a UUID carries, as a number.
    ///
    /// # Errors
    /// If the UUID has not this namespace's tag.
    pub fn unwrap(self, uuid: Id<UuidV8>) -> Result<u64, CarrierError> {
        let Parts { tick: word, payload: found, .. } = CARRIED.unpack(uuid.word());
        if found == u128::from(self.tag) {
            Ok(word)
        } else {
            Err(CarrierError { found, expected: self.tag })
        }
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Carrier({:#x})", self.tag)
    }
}

/// A UUID of version 8 that carries no id of the namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the UUID's tag is {found:#x}, the namespace's {expected:#x}; was it made for another one?"
)]
pub struct CarrierError {
    found: u128,
    expected: u64,
}
