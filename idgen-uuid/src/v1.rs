//! Version 1: time since 1582, its low bits first.

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{Id, IdScheme, Timebase};

use crate::{UuidV6, gregorian};

#[cfg(feature = "std")]
use idgen_core::generator::{BuildError, Builder, Tailed};

/// 60 bits of 100 ns since 1582, low bits first, 14 of clock sequence and 48 of node.
///
/// Ids last until 5236. Their texts do not sort by time: [`UuidV6`] has the same fields in an order
/// that does, and both convert into each other.
///
/// A generator [without a node](Self::generator) draws for each id 47 bits of node, with the
/// multicast bit set so that it is nobody's address, and ten bits of clock sequence; the other four
/// count within the 100 ns. The times of its ids are in strict order, but for 16 ids that may share
/// one. A generator [of a node](Self::with_node) draws the ten bits once, and issues no time and
/// count twice. The machine's address is never looked up.
///
/// # Example
/// ```
/// use idgen_core::Id;
/// use idgen_uuid::UuidV1;
///
/// let id: Id<UuidV1> = "c232ab00-9414-11ec-b3c8-9f6bdeced846".parse()?;
/// assert_eq!(id.time().unwrap().to_string(), "2022-02-22T19:22:22Z");
/// assert_eq!((id.node(), id.sequence()), (0x9f6b_dece_d846, 0x33c8));
/// # Ok::<(), idgen_core::ParseIdError>(())
/// ```
///
/// # Source
/// RFC 9562, sections 5.1, 6.1 (overruns), 6.3 and 6.10 (nodes).
#[derive(Clone, Copy, Debug)]
pub enum UuidV1 {}

impl IdScheme for UuidV1 {
    type Word = u128;
    const NAME: &'static str = "uuid-v1";
    const LAYOUT: Layout = gregorian::layout(&TIME, gregorian::PLAIN);
    const LINE: Layout = Self::COUNTED;
    const TIMEBASE: Option<Timebase> = Some(gregorian::TIMEBASE);
    const TEXT: Form = Form::Uuid;
}

/// The first 66 bits.
const TIME: [Field; 5] = [
    Field::new(Kind::Tick, 32).named("time_low").holding_from(0),
    Field::new(Kind::Tick, 16).named("time_mid").holding_from(32),
    Field::new(Kind::Version(1), 4).named("ver"),
    Field::new(Kind::Tick, 12).named("time_high").holding_from(48),
    Field::new(Kind::Version(2), 2).named("var"),
];

impl UuidV1 {
    /// The layout that generators without a node count in: 4 bits of the clock sequence, and 57
    /// random bits.
    pub const COUNTED: Layout = gregorian::layout(&TIME, gregorian::COUNTED);

    /// The layout that generators of a node count in: 4 bits of the clock sequence, of which the
    /// other ten are the higher bits of the node.
    pub const COUNTED_OF_NODE: Layout = gregorian::layout(&TIME, gregorian::COUNTED_OF_NODE);

    /// The version 1 of the same time, clock sequence and node.
    ///
    /// # Example
    /// ```
    /// use idgen_uuid::{UuidV1, UuidV6};
    ///
    /// let v6 = "1ec9414c-232a-6b00-b3c8-9f6bdeced846".parse()?;
    /// let v1 = UuidV1::from_v6(v6);
    /// assert_eq!(v1.to_string(), "c232ab00-9414-11ec-b3c8-9f6bdeced846");
    /// assert_eq!(UuidV6::from_v1(v1), v6);
    /// # Ok::<(), idgen_core::ParseIdError>(())
    /// ```
    #[must_use]
    pub fn from_v6(id: Id<UuidV6>) -> Id<Self> {
        match Id::from_parts(id.parts()) {
            Ok(id) => id,
            Err(error) => unreachable!("versions 1 and 6 have fields of one width: {error}"),
        }
    }
}

#[cfg(feature = "std")]
impl UuidV1 {
    /// A generator without a node, on the operating system's clock.
    ///
    /// # Errors
    /// If the clock is before 1582 or after 5236, or no ticker thread can be started.
    pub fn generator() -> Result<Tailed<Self>, BuildError> {
        Self::builder().tailed()
    }

    /// Settings of a generator without a node, to be made by [`Builder::tailed`].
    pub fn builder() -> Builder<Self> {
        Builder::new().refined(Self::COUNTED)
    }

    /// Settings of a generator of this node, to be made by [`Builder::shared`]: an IEEE 802 address
    /// that is nobody else's at the same time.
    ///
    /// # Example
    /// ```
    /// use idgen_core::generator::Generator;
    /// use idgen_uuid::UuidV1;
    ///
    /// let ids = UuidV1::with_node([0x9f, 0x6b, 0xde, 0xce, 0xd8, 0x46]).shared()?;
    /// assert_eq!(ids.generate()?.node(), 0x9f6b_dece_d846);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn with_node(address: [u8; 6]) -> Builder<Self> {
        let node = gregorian::with_random_clock(gregorian::node_of(address));
        Builder::new().refined(Self::COUNTED_OF_NODE).node(node)
    }
}
