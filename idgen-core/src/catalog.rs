//! How a scheme presents itself to programs that list schemes, or choose one at run time.

use alloc::boxed::Box;
use core::time::Duration;

#[cfg(feature = "std")]
use crate::generator::Builder;
use crate::generator::{BuildError, ErasedGenerator, Start};
use crate::{IdScheme, Name, Scheme};

/// What a program can set on a generator whose scheme it does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Node id: who generates.
    pub node: Option<u64>,
    /// Takes the block of 2^`block_bits` node ids that starts with `node`; 0 for one.
    pub block_bits: u32,
    /// How far ids may run ahead of the clock; the generator's default where it is `None`.
    pub max_drift: Option<Duration>,
    /// How long generating may wait for an id; the generator's default where it is `None`.
    pub max_wait: Option<Duration>,
    /// What may be issued from the beginning. Later windows are granted to the generator's line
    /// ([`ErasedGenerator::windowed`]).
    pub start: Start,
}

impl Settings {
    /// Settings with this node id, and defaults for the rest.
    #[must_use]
    pub fn with_node(node: u64) -> Self {
        Self { node: Some(node), ..Self::default() }
    }

    /// Refuses these settings for a scheme whose generators have no use for them: nothing that was asked
    /// for is left out in silence.
    ///
    /// # Errors
    /// If one of them is set.
    ///
    /// # Example
    /// ```
    /// use idgen_core::Name;
    /// use idgen_core::catalog::{Setting, Settings};
    ///
    /// let random = Name::new("uuid-v4");
    /// assert!(Settings::default().refuse(random, &[Setting::Node, Setting::MaxWait]).is_ok());
    /// let error = Settings::with_node(7).refuse(random, &[Setting::Node]).unwrap_err();
    /// assert_eq!(error.to_string(), "uuid-v4 generators have no node id; leave it out");
    /// ```
    pub fn refuse(&self, scheme: Name, settings: &[Setting]) -> Result<(), BuildError> {
        let set = |setting: &&Setting| match setting {
            Setting::Node => self.node.is_some(),
            Setting::Block => self.block_bits > 0,
            Setting::MaxDrift => self.max_drift.is_some(),
            Setting::MaxWait => self.max_wait.is_some(),
        };
        match settings.iter().find(set) {
            Some(setting) => Err(BuildError::NoSetting { scheme, setting: setting.label() }),
            None => Ok(()),
        }
    }
}

/// One of the [`Settings`], by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// [`Settings::node`].
    Node,
    /// [`Settings::block_bits`].
    Block,
    /// [`Settings::max_drift`].
    MaxDrift,
    /// [`Settings::max_wait`].
    MaxWait,
}

impl Setting {
    const fn label(self) -> &'static str {
        match self {
            Self::Node => "node id",
            Self::Block => "block of node ids",
            Self::MaxDrift => "drift",
            Self::MaxWait => "wait",
        }
    }
}

/// A scheme with what people want to know of it, and how to generate its ids.
///
/// Scheme crates hold their entries as constants; the facade gathers them into one list.
///
/// # Example
/// ```
/// # use idgen_core::{Id, IdScheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
/// # struct Snowflake;
/// # impl IdScheme for Snowflake {
/// #     type Word = u64;
/// #     const NAME: &'static str = "snowflake";
/// #     const LAYOUT: Layout = Layout::new(64, &[
/// #         Field::new(Kind::Unused, 1), Field::new(Kind::Tick, 41),
/// #         Field::new(Kind::Node, 10), Field::new(Kind::Sequence, 12)]);
/// #     const TIMEBASE: Option<Timebase> =
/// #         Some(Timebase::new(UnixTime::EPOCH, core::time::Duration::from_millis(1)));
/// #     const TEXT: Form = Form::Decimal;
/// # }
/// use idgen_core::catalog::{Entry, Settings};
///
/// const ENTRY: Entry = Entry::positional::<Snowflake>("an example", "this page", "the node id");
/// let ids = ENTRY.generator(&Settings::with_node(7)).unwrap()?;
/// assert_eq!(ENTRY.scheme.layout.unpack(ids.generate_word()?).node, 7);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// The scheme.
    pub scheme: Scheme,
    /// What it is, in one line.
    pub about: &'static str,
    /// Where it is specified.
    pub source: &'static str,
    /// What its uniqueness rests on.
    pub rests_on: &'static str,
    make: Option<Make>,
    needs_node: bool,
    successor: Option<Successor>,
}

/// Builds a generator from settings.
pub type Make = fn(&Settings) -> Result<Box<dyn ErasedGenerator>, BuildError>;

/// The id that follows one in its tick; `None` where the tick has no further one.
type Successor = fn(u128) -> Option<u128>;

impl Entry {
    /// The entry of a scheme that is only decoded, or made from names.
    #[must_use]
    pub const fn new<S: IdScheme>(
        about: &'static str,
        source: &'static str,
        rests_on: &'static str,
    ) -> Self {
        let scheme = Scheme::of::<S>();
        Self { scheme, about, source, rests_on, make: None, needs_node: true, successor: None }
    }

    /// The entry of a scheme whose ids are nothing but tick, node and sequence.
    #[cfg(feature = "std")]
    #[must_use]
    pub const fn positional<S: IdScheme>(
        about: &'static str,
        source: &'static str,
        rests_on: &'static str,
    ) -> Self {
        Self::new::<S>(about, source, rests_on)
            .made_by(|settings| Ok(Box::new(Builder::<S>::new().settings(settings).shared()?)))
    }

    /// The same entry with its own way to build a generator.
    #[must_use]
    pub const fn made_by(mut self, make: Make) -> Self {
        self.make = Some(make);
        self
    }

    /// The same entry, of generators that need nothing of each other: random bits keep them apart.
    /// A node id may still be given where the layout has one.
    #[must_use]
    pub const fn without_node(mut self) -> Self {
        self.needs_node = false;
        self
    }

    /// The same entry, of a scheme that says what follows an id within its tick.
    #[must_use]
    pub const fn followed_by(mut self, successor: fn(u128) -> Option<u128>) -> Self {
        self.successor = Some(successor);
        self
    }

    /// Whether two generators at the same time must have different node ids, and no two may run
    /// where the layout has none.
    #[must_use]
    pub const fn needs_node(&self) -> bool {
        self.needs_node
    }

    /// Whether ids of the scheme can be generated.
    #[must_use]
    pub const fn generates(&self) -> bool {
        self.make.is_some()
    }

    /// A generator of the scheme; `None` where there is none.
    #[must_use]
    pub fn generator(
        &self,
        settings: &Settings,
    ) -> Option<Result<Box<dyn ErasedGenerator>, BuildError>> {
        self.make.map(|make| make(settings))
    }

    /// The id that follows this one in its tick, as the scheme specifies it: `None` where it does not,
    /// and `Some(None)` where the tick has no further id.
    #[must_use]
    pub fn successor(&self, word: u128) -> Option<Option<u128>> {
        self.successor.map(|successor| successor(word))
    }
}
