//! What a scheme is: as a type, and as a value.

use crate::layout::{Capacity, Field, Layout, Parts, RangeError, WordError};
use crate::text::{Form, ParseError, TextBuf};
use crate::typed::{self, Prefix, TypedText};
use crate::{Name, Timebase, UnixTime, Word};

/// What an id of a scheme is: nothing but constants.
///
/// A scheme of your own is this much, in your own crate:
///
/// ```
/// use core::time::Duration;
/// use idgen_core::layout::{Field, Kind, Layout};
/// use idgen_core::text::Form;
/// use idgen_core::{Id, IdScheme, Timebase, UnixTime};
///
/// /// Order numbers: 10 ms ticks since 2024, 256 tills, 64 orders a tick.
/// struct Order;
///
/// impl IdScheme for Order {
///     type Word = u64;
///     const NAME: &'static str = "order";
///     const LAYOUT: Layout = Layout::new(64, &[
///         Field::new(Kind::Unused, 11), // what is left fits JavaScript's 53 bits
///         Field::new(Kind::Tick, 39),
///         Field::new(Kind::Node, 8).named("till"),
///         Field::new(Kind::Sequence, 6),
///     ]);
///     const TIMEBASE: Option<Timebase> = Some(Timebase::new(
///         UnixTime::from_millis(1_704_067_200_000), // 2024-01-01T00:00:00Z
///         Duration::from_millis(10),
///     ));
///     const TEXT: Form = Form::Base32;
/// }
///
/// let id: Id<Order> = "000000000F0C3".parse()?;
/// assert_eq!((id.tick(), id.node(), id.sequence()), (30, 6, 3));
/// assert_eq!(id.time().unwrap().to_string(), "2024-01-01T00:00:00.300Z");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub trait IdScheme: 'static {
    /// The word that holds an id: `u64` or `u128`, as wide as the layout.
    type Word: Word;
    /// Name of the scheme, as [`Name`] has it.
    const NAME: &'static str;
    /// How the bits are used.
    const LAYOUT: Layout;
    /// The layout that positions are mostly dressed in, where that is a finer one
    /// ([`Builder::refined`](crate::generator::Builder::refined)): so that the compiler knows it.
    /// Nothing but speed hangs on it.
    const LINE: Layout = Self::LAYOUT;
    /// Epoch and tick length; `None` for schemes that keep no time.
    const TIMEBASE: Option<Timebase>;
    /// Form in which ids are written where none is asked for.
    const TEXT: Form;
}

/// A scheme as a value: of a type, or read from a configuration at run time.
///
/// All its words are `u128`; [`Layout::width`] says how many bits of them count.
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::{Name, Scheme, Timebase, UnixTime, text::Form};
///
/// let scheme = Scheme {
///     name: Name::new("mine"),
///     layout: "41:10:12".parse()?,
///     timebase: Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1))),
///     text: Form::Decimal,
/// };
/// let word = scheme.parse("4194304")?;
/// assert_eq!(scheme.time(word), Some(UnixTime::from_millis(1)));
/// assert_eq!(&*scheme.format(word), "4194304");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scheme {
    /// Name of the scheme.
    pub name: Name,
    /// How the bits are used.
    pub layout: Layout,
    /// Epoch and tick length; `None` for schemes that keep no time.
    pub timebase: Option<Timebase>,
    /// Form in which ids are written where none is asked for.
    pub text: Form,
}

impl Scheme {
    /// The scheme of a type.
    ///
    /// # Panics
    /// If the scheme's word is not as wide as its layout, or its name breaks the rules of
    /// [`Name`]; in a constant that is a compile error.
    #[must_use]
    pub const fn of<S: IdScheme>() -> Self {
        assert!(
            S::LAYOUT.width() as u32 == S::Word::BITS,
            "a scheme's word must be as wide as its layout"
        );
        Self { name: Name::new(S::NAME), layout: S::LAYOUT, timebase: S::TIMEBASE, text: S::TEXT }
    }

    /// The word of these numbers.
    ///
    /// # Errors
    /// If a number does not fit its field.
    pub fn pack(&self, parts: Parts) -> Result<u128, RangeError> {
        self.layout.pack(parts).map_err(|error| error.in_scheme(self.name))
    }

    /// When the tick of an id began; `None` where the scheme keeps no time.
    #[must_use]
    pub fn time(&self, word: u128) -> Option<UnixTime> {
        self.timebase.map(|base| base.time_of(self.layout.unpack(word).tick))
    }

    /// The fields of an id with their values, from the highest bit down.
    pub fn fields(&self, word: u128) -> impl Iterator<Item = (&Field, u64)> {
        self.layout.fields().iter().map(move |field| (field, field.of(word)))
    }

    /// An id in the scheme's own form.
    #[must_use]
    pub fn format(&self, word: u128) -> TextBuf {
        self.format_as(word, self.text)
    }

    /// An id in this form. Bits of the word that the layout has not are left out.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a 64-bit layout has words of 64 bits")]
    pub fn format_as(&self, word: u128, form: Form) -> TextBuf {
        if self.layout.width() == 64 { form.encode(word as u64) } else { form.encode(word) }
    }

    /// An id under a prefix, as [`typed::encode`](crate::typed::encode) writes it.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a 64-bit layout has words of 64 bits")]
    pub fn typed(&self, prefix: Prefix<'_>, word: u128) -> TypedText {
        if self.layout.width() == 64 {
            typed::encode(prefix, word as u64)
        } else {
            typed::encode(prefix, word)
        }
    }

    /// The id of a text in the scheme's own form.
    ///
    /// # Errors
    /// If the text is not in that form, or its number is no id of the scheme.
    pub fn parse(&self, text: &str) -> Result<u128, ParseIdError> {
        self.parse_as(text, self.text)
    }

    /// The id of a text in this form.
    ///
    /// # Errors
    /// If the text is not in this form, or its number is no id of the scheme.
    pub fn parse_as(&self, text: &str, form: Form) -> Result<u128, ParseIdError> {
        let word = if self.layout.width() == 64 {
            form.decode::<u64>(text)?.into()
        } else {
            form.decode::<u128>(text)?
        };
        self.layout.check(word)?;
        Ok(word)
    }

    /// Whether the layout's last tick is over at this instant, so that no more ids can be made. Never
    /// where the scheme keeps no time.
    ///
    /// # Example
    /// ```
    /// use core::time::Duration;
    /// use idgen_core::{Name, Scheme, Timebase, UnixTime, text::Form};
    ///
    /// let short = Scheme {
    ///     name: Name::new("short"),
    ///     layout: "unused=29:tick=3:sequence=32".parse()?,
    ///     timebase: Some(Timebase::new(UnixTime::EPOCH, Duration::from_secs(1))),
    ///     text: Form::Decimal,
    /// };
    /// assert!(!short.has_ended(UnixTime::from_millis(7_999)));
    /// assert!(short.has_ended(UnixTime::from_seconds(8)));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn has_ended(&self, now: UnixTime) -> bool {
        let last = self.layout.unpack(u128::MAX).tick;
        let timebase = self.timebase.filter(|_| self.layout.tick_bits() > 0);
        timebase.is_some_and(|base| base.nearest_tick(now) > last)
    }

    /// What the layout can hold.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        Capacity::of(&self.layout, self.timebase.as_ref())
    }
}

/// A text that is no id of a scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseIdError {
    /// The text is not in the form.
    #[error(transparent)]
    Text(#[from] ParseError),
    /// The number is no id of the scheme.
    #[error(transparent)]
    Word(#[from] WordError),
}
