//! What the new ids are: scheme, the two reserved lanes, and the fence between old rows and new.
//!
//! A *lane* is here a node id that no generator of the app may have. One makes the ids of old
//! rows, one those of rows that the database's trigger fills in because the app did not. So which
//! of the three made an id can be read from it, and none of them can clash with another. The
//! *fence* is a tick: live ids are at or after it, and those of old rows before it.
//!
//! **Invariant:** no bit is shifted here; [`Layout`] packs and unpacks.

use std::time::Duration;

use idgen_core::layout::{Field, Kind, Layout, Parts, RangeError};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Name, Scheme, Timebase, TimebaseError, UnixTime};
use serde::{Deserialize, Serialize};

/// UUIDs of version 7 that have room for a count and a node id: 12 bits of sequence in rand_a, 10
/// of node at the head of rand_b, and 52 that no two ids of a lane share by more than chance.
///
/// # Source
/// RFC 9562, section 5.7, leaves rand_a and rand_b to us.
pub const UUID: Layout = Layout::new(
    128,
    &[
        Field::new(Kind::Tick, 48).named("unix_ts_ms"),
        Field::new(Kind::Version(7), 4).named("ver"),
        Field::new(Kind::Sequence, 12).named("sequence"),
        Field::new(Kind::Version(2), 2).named("var"),
        Field::new(Kind::Node, 10).named("node"),
        Field::new(Kind::Random, 52).named("scattered"),
    ],
);

/// The scheme of UUIDs in the layout [`UUID`], for the generators of an app.
///
/// Its generators are [`Tailed`](idgen_core::generator::Tailed), with a node id of their own.
#[derive(Clone, Copy, Debug)]
pub enum LanedUuid {}

impl IdScheme for LanedUuid {
    type Word = u128;
    const NAME: &'static str = "uuid-v7";
    const LAYOUT: Layout = UUID;
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
    const TEXT: Form = Form::Uuid;
}

/// The scheme of the new ids, and the lanes that are reserved in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Name of the scheme.
    pub scheme: String,
    /// Its layout as text; none for UUIDs in the layout [`UUID`].
    pub layout: Option<String>,
    /// Milliseconds of Unix time at tick 0.
    pub epoch_millis: i64,
    /// Length of a tick in nanoseconds.
    pub tick_nanos: u64,
    /// Node id of the ids that old rows get.
    pub backfill_lane: u64,
    /// Node id of the ids that the trigger makes.
    pub trigger_lane: u64,
}

/// Who made an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// The backfill.
    Backfill,
    /// The trigger, for an app that does not write new ids.
    Trigger,
    /// The app.
    App,
}

impl Target {
    /// 64-bit ids of a scheme, whose two greatest node ids are reserved.
    ///
    /// # Errors
    /// If the scheme does not consist of tick, node and sequence, or keeps no time.
    pub fn of(scheme: &Scheme) -> Result<Self, TargetError> {
        let base = scheme.timebase.ok_or(TargetError::NoTime { scheme: scheme.name })?;
        let layout = scheme.layout;
        let enough = layout.width() == 64 && layout.node_bits() >= 2 && layout.sequence_bits() > 0;
        if !enough || layout.payload_bits() > 0 || !layout.is_time_ordered() {
            return Err(TargetError::Layout { scheme: scheme.name });
        }
        let fits = base.epoch().as_nanos() % 1_000_000 == 0;
        let epoch_millis = i64::try_from(base.epoch().as_millis()).ok().filter(|_| fits);
        let last = u64::MAX >> (64 - layout.node_bits());
        let target = Self {
            scheme: scheme.name.to_string(),
            layout: Some(layout.to_string()),
            epoch_millis: epoch_millis.ok_or(TargetError::Epoch { epoch: base.epoch() })?,
            tick_nanos: base.tick_nanos(),
            backfill_lane: last,
            trigger_lane: last - 1,
        };
        target.lanes().map(|_| target)
    }

    /// UUIDs in the layout [`UUID`].
    #[must_use]
    pub fn uuid() -> Self {
        Self {
            scheme: "uuid-v7".into(),
            layout: None,
            epoch_millis: 0,
            tick_nanos: 1_000_000,
            backfill_lane: 1_023,
            trigger_lane: 1_022,
        }
    }

    /// Whether the new ids are UUIDs; 64-bit integers otherwise.
    #[must_use]
    pub fn is_uuid(&self) -> bool {
        self.layout.is_none()
    }

    /// What computes with it.
    ///
    /// # Errors
    /// If a layout or a number, read from a database or a file, is none.
    pub fn lanes(&self) -> Result<Lanes, TargetError> {
        let layout = match &self.layout {
            Some(text) => text.parse().map_err(|_| TargetError::Text { layout: text.clone() })?,
            None => UUID,
        };
        let epoch = UnixTime::from_millis(self.epoch_millis);
        let base = Timebase::try_new(epoch, Duration::from_nanos(self.tick_nanos))?;
        let per_tick = 1_i64.checked_shl(layout.sequence_bits()).filter(|count| *count > 0);
        let name: Name = Name::try_new(&self.scheme)
            .map_err(|_| TargetError::Text { layout: self.scheme.clone() })?;
        let text = if layout.width() == 64 { Form::Decimal } else { Form::Uuid };
        let scheme = Scheme { name, layout, timebase: Some(base), text };
        let lanes = Lanes {
            scheme,
            base,
            per_tick: per_tick.ok_or(TargetError::Layout { scheme: name })?,
            backfill: self.backfill_lane,
            trigger: self.trigger_lane,
        };
        // A lane that does not fit is found now, and not in the middle of a backfill.
        lanes.word(lanes.backfill, 0)?;
        lanes.word(lanes.trigger, 0)?;
        Ok(lanes)
    }
}

/// Positions and ids of the reserved lanes.
///
/// # Example
/// ```
/// use idgen_core::UnixTime;
/// use idgen_migrate::target::{Maker, Target};
///
/// let lanes = Target::uuid().lanes()?;
/// let begin = lanes.begin(UnixTime::from_millis(1_700_000_000_000));
/// let first = lanes.backfilled(begin)?;
/// assert!(first < lanes.backfilled(begin + 1)?);
/// assert_eq!(lanes.maker(first), Maker::Backfill);
/// assert_eq!(lanes.scheme().time(first).unwrap().as_millis(), 1_700_000_000_000);
/// # Ok::<(), idgen_migrate::target::TargetError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Lanes {
    scheme: Scheme,
    base: Timebase,
    per_tick: i64,
    backfill: u64,
    trigger: u64,
}

impl Lanes {
    /// The scheme of the ids.
    #[must_use]
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Positions of a lane in a tick.
    #[must_use]
    pub fn per_tick(&self) -> i64 {
        self.per_tick
    }

    /// Epoch and tick length.
    #[must_use]
    pub fn timebase(&self) -> Timebase {
        self.base
    }

    /// The first position of the tick that an instant lies in: tick 0 for what is before it.
    #[must_use]
    pub fn begin(&self, time: UnixTime) -> i64 {
        self.first_of(i64::try_from(self.base.nearest_tick(time)).unwrap_or(i64::MAX))
    }

    /// The first position of a tick.
    #[must_use]
    pub fn first_of(&self, tick: i64) -> i64 {
        tick.saturating_mul(self.per_tick)
    }

    /// The id of an old row whose slot is this.
    ///
    /// # Errors
    /// If the position is past the layout's end.
    pub fn backfilled(&self, slot: i64) -> Result<u128, TargetError> {
        self.word(self.backfill, slot)
    }

    /// The id of the trigger's lane at this position.
    ///
    /// # Errors
    /// If the position is past the layout's end.
    pub fn triggered(&self, position: i64) -> Result<u128, TargetError> {
        self.word(self.trigger, position)
    }

    /// The least id of a tick: with the fence's, what is below is an old row's.
    ///
    /// # Errors
    /// If the tick is past the layout's end.
    pub fn least_of(&self, tick: u64) -> Result<u128, TargetError> {
        Ok(self.scheme.pack(Parts { tick, ..Parts::default() })?)
    }

    /// Who made an id.
    #[must_use]
    pub fn maker(&self, word: u128) -> Maker {
        match self.scheme.layout.unpack(word).node {
            node if node == self.backfill => Maker::Backfill,
            node if node == self.trigger => Maker::Trigger,
            _ => Maker::App,
        }
    }

    /// When an id of the scheme was made, as it is written, in Unix milliseconds. No generator makes negative
    /// numbers: whoever made them up meant them to be before all others.
    pub(crate) fn made_millis(&self, text: &str) -> Option<i64> {
        if self.scheme.layout.width() == 64 && text.starts_with('-') {
            return Some(i64::MIN);
        }
        let time = self.scheme.time(self.scheme.parse(text).ok()?)?;
        Some(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
    }

    /// For ids of 64 bits: what a node id weighs, how many there are, and which is the trigger's.
    pub(crate) fn trigger_digits(&self) -> Result<Option<(u128, u128, u64)>, TargetError> {
        let layout = self.scheme.layout;
        if layout.width() != 64 {
            return Ok(None);
        }
        let of = |node| self.scheme.pack(Parts { node, ..Parts::default() });
        let count = 1_u128 << layout.node_bits();
        Ok(Some((of(1)? - of(0)?, count, self.trigger)))
    }

    fn word(&self, node: u64, position: i64) -> Result<u128, TargetError> {
        let at = u64::try_from(position).map_err(|_| TargetError::Position { position })?;
        let per_tick = self.per_tick.unsigned_abs();
        let payload = match self.scheme.layout.payload_bits() {
            0 => 0,
            bits => scattered(at) >> (128 - bits),
        };
        let parts = Parts { tick: at / per_tick, node, sequence: at % per_tick, payload };
        Ok(self.scheme.pack(parts)?)
    }
}

/// Bits that look random and are the same for the same position: two rounds of SplitMix64.
fn scattered(position: u64) -> u128 {
    let mix = |seed: u64| {
        let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let high = mix(position);
    u128::from(high) << 64 | u128::from(mix(high))
}

/// A target that ids cannot be made for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The scheme keeps no time.
    #[error("the {scheme} scheme keeps no time; take one that does, such as snowflake")]
    NoTime {
        /// The scheme.
        scheme: Name,
    },
    /// The layout is no line of positions with node ids.
    #[error(
        "the {scheme} layout is not 64 bits of tick, node (2 bits or more) and sequence; take snowflake, or uuid-v7"
    )]
    Layout {
        /// The scheme.
        scheme: Name,
    },
    /// The epoch is no whole millisecond.
    #[error("epoch {epoch} is no whole millisecond of 64 bits")]
    Epoch {
        /// The epoch.
        epoch: UnixTime,
    },
    /// A text that is no layout or no name.
    #[error("'{layout}' is no layout or scheme's name; the plan was changed by hand")]
    Text {
        /// The text.
        layout: String,
    },
    /// A position before the first.
    #[error("position {position} is before the scheme's epoch; choose an earlier epoch")]
    Position {
        /// The position.
        position: i64,
    },
    /// A number that does not fit its field.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// An epoch or tick length that cannot be.
    #[error(transparent)]
    Timebase(#[from] TimebaseError),
}
