//! An id: one word, and the scheme it belongs to.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

use crate::layout::{Apart, Parts, RangeError, WordError};
use crate::text::{Form, TextBuf};
use crate::{IdScheme, ParseIdError, Scheme, UnixTime, Word};

/// An id of the scheme `S`: its word, checked to be one.
///
/// Ids of one scheme compare as their numbers do; ids of different schemes do not compare at all.
///
/// # Example
/// ```
/// # use idgen_core::{Id, IdScheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
/// # struct Short;
/// # impl IdScheme for Short {
/// #     type Word = u64;
/// #     const NAME: &'static str = "short";
/// #     const LAYOUT: Layout = Layout::new(64, &[
/// #         Field::new(Kind::Unused, 1), Field::new(Kind::Tick, 41),
/// #         Field::new(Kind::Node, 10), Field::new(Kind::Sequence, 12)]);
/// #     const TIMEBASE: Option<Timebase> =
/// #         Some(Timebase::new(UnixTime::EPOCH, core::time::Duration::from_millis(1)));
/// #     const TEXT: Form = Form::Decimal;
/// # }
/// let id = Id::<Short>::from_word(7 << 22 | 3 << 12 | 1)?;
/// assert_eq!((id.tick(), id.node(), id.sequence()), (7, 3, 1));
/// assert_eq!(id.to_string(), "29372417");
/// assert_eq!("29372417".parse(), Ok(id));
/// assert_eq!(&*id.text(Form::Base62), "0000001zF6f");
/// assert!(Id::<Short>::from_word(u64::MAX).is_err()); // the sign bit is set
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[cfg_attr(feature = "std", derive(zerocopy::IntoBytes))]
#[repr(transparent)]
pub struct Id<S: IdScheme>(S::Word);

impl<S: IdScheme> Id<S> {
    /// The scheme, checked when compiled.
    const SCHEME: &'static Scheme = &Scheme::of::<S>();

    /// What takes its words apart, made when compiled.
    const APART: &'static Apart = &Apart::of(&Self::SCHEME.layout);

    /// The id of a word.
    ///
    /// # Errors
    /// If the word is no id of the scheme: an unused bit is set, or a constant is another.
    #[inline]
    pub fn from_word(word: S::Word) -> Result<Self, WordError> {
        if Self::APART.fits(word.into()) { Ok(Self(word)) } else { Self::refuse(word) }
    }

    /// Says what is wrong with a word.
    #[cold]
    fn refuse(word: S::Word) -> Result<Self, WordError> {
        Self::SCHEME.layout.check(word.into()).map(|()| Self(word))
    }

    /// The id of random bits: constants are put over them.
    #[inline]
    #[cfg(feature = "random")]
    pub(crate) fn of_random(bits: u128) -> Self {
        // A stamped word is as wide as the layout, so there is always one.
        Self(S::Word::from_u128(Self::APART.stamp(bits)).unwrap_or_default())
    }

    /// The id of these numbers.
    ///
    /// # Errors
    /// If a number does not fit its field.
    #[inline]
    pub fn from_parts(parts: Parts) -> Result<Self, RangeError> {
        let word =
            Self::SCHEME.layout.pack(parts).map_err(|error| error.in_scheme(Self::SCHEME.name))?;
        // A scheme's word is as wide as its layout, so there is always one.
        Ok(Self(S::Word::from_u128(word).unwrap_or_default()))
    }

    /// The id whose constant fields are as they must be and whose other bits are these: for
    /// schemes made of hashes or random numbers.
    #[must_use]
    #[inline]
    pub fn stamped(bits: S::Word) -> Self {
        let word = Self::SCHEME.layout.stamp(bits.into());
        // A stamped word is as wide as the layout, so there is always one.
        Self(S::Word::from_u128(word).unwrap_or_default())
    }

    /// The id of a word that a dressing made.
    #[inline]
    pub(crate) const fn dressed(word: S::Word) -> Self {
        Self(word)
    }

    /// The id as a number.
    #[must_use]
    #[inline]
    pub const fn word(self) -> S::Word {
        self.0
    }

    /// The numbers the id is made of.
    #[must_use]
    #[inline]
    pub fn parts(self) -> Parts {
        Self::APART.unpack(self.0.into())
    }

    /// Ticks since the epoch.
    #[must_use]
    #[inline]
    pub fn tick(self) -> u64 {
        self.parts().tick
    }

    /// Who generated the id.
    #[must_use]
    #[inline]
    pub fn node(self) -> u64 {
        self.parts().node
    }

    /// Counter within the tick.
    #[must_use]
    #[inline]
    pub fn sequence(self) -> u64 {
        self.parts().sequence
    }

    /// When the id's tick began; `None` where the scheme keeps no time.
    #[must_use]
    pub fn time(self) -> Option<UnixTime> {
        S::TIMEBASE.map(|base| base.time_of(self.tick()))
    }

    /// The value of the field with this name; `None` where the layout has none.
    #[must_use]
    pub fn field(self, name: &str) -> Option<u64> {
        Self::SCHEME.layout.field(name).map(|field| field.of(self.0.into()))
    }

    /// The id in this form, on the stack.
    #[must_use]
    #[inline]
    pub fn text(self, form: Form) -> TextBuf {
        form.encode(self.0)
    }

    /// The id of a text in this form.
    ///
    /// # Errors
    /// If the text is not in this form, or its number is no id of the scheme.
    #[inline]
    pub fn parse_as(text: &str, form: Form) -> Result<Self, ParseIdError> {
        Ok(Self::from_word(form.decode(text)?)?)
    }

    /// The id field by field, drawn for people.
    #[must_use]
    pub fn inspect(self) -> Inspection {
        Inspection { scheme: *Self::SCHEME, word: self.0.into() }
    }
}

/// An id laid open: its number, its time and the picture of its fields.
///
/// # Example
/// ```
/// use idgen_core::{Inspection, Name, Scheme, text::Form};
///
/// let scheme =
///     Scheme { name: Name::new("mine"), layout: "41:10:12".parse()?, timebase: None, text: Form::Decimal };
/// let shown = Inspection { scheme, word: 29_372_417 }.to_string();
/// assert!(shown.starts_with("mine 29372417\n"));
/// assert!(shown.contains("│   0    │   7    │   3    │    1     │"));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The scheme of the id.
    pub scheme: Scheme,
    /// The id as a number.
    pub word: u128,
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.scheme.name, self.scheme.format(self.word))?;
        if let Some(time) = self.scheme.time(self.word) {
            writeln!(f, "{time}")?;
        }
        write!(f, "{}", self.scheme.layout.picture(Some(self.word)))
    }
}

/// In the scheme's own form.
impl<S: IdScheme> fmt::Display for Id<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text(S::TEXT))
    }
}

impl<S: IdScheme> fmt::Debug for Id<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", S::NAME, self.text(S::TEXT).as_str())
    }
}

/// From the scheme's own form.
impl<S: IdScheme> FromStr for Id<S> {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        Self::parse_as(text, S::TEXT)
    }
}

// Derived ones would ask the same of `S`, which is only a name.
impl<S: IdScheme> Clone for Id<S> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: IdScheme> Copy for Id<S> {}

impl<S: IdScheme> PartialEq for Id<S> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<S: IdScheme> Eq for Id<S> {}

impl<S: IdScheme> PartialOrd for Id<S> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<S: IdScheme> Ord for Id<S> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<S: IdScheme> Hash for Id<S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<S: IdScheme<Word = u64>> From<Id<S>> for u64 {
    fn from(id: Id<S>) -> Self {
        id.0
    }
}

impl<S: IdScheme> From<Id<S>> for u128 {
    fn from(id: Id<S>) -> Self {
        id.0.into()
    }
}

impl<S: IdScheme<Word = u64>> TryFrom<u64> for Id<S> {
    type Error = WordError;

    fn try_from(word: u64) -> Result<Self, WordError> {
        Self::from_word(word)
    }
}

/// From an SQL BIGINT or a Java long: a negative one is no id.
impl<S: IdScheme<Word = u64>> TryFrom<i64> for Id<S> {
    type Error = IntegerError;

    fn try_from(number: i64) -> Result<Self, IntegerError> {
        let word = u64::try_from(number).map_err(|_| IntegerError::Negative { number })?;
        Ok(Self::from_word(word)?)
    }
}

/// To an SQL BIGINT or a Java long, where the id does not reach into the sign bit.
impl<S: IdScheme<Word = u64>> TryFrom<Id<S>> for i64 {
    type Error = IntegerError;

    fn try_from(id: Id<S>) -> Result<Self, IntegerError> {
        Self::try_from(id.0).map_err(|_| IntegerError::TooLarge { word: id.0 })
    }
}

/// A signed integer that is no id, or an id that is no signed integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntegerError {
    /// The integer is negative.
    #[error("{number} is negative; an id is at least 0")]
    Negative {
        /// The integer.
        number: i64,
    },
    /// The id has its highest bit set.
    #[error("id {word} does not fit a signed 64-bit integer; store it as text or as 8 bytes")]
    TooLarge {
        /// The id.
        word: u64,
    },
    /// The number is no id of the scheme.
    #[error(transparent)]
    Word(#[from] WordError),
}
