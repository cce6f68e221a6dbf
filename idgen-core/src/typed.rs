//! Ids of one entity, which ids of another cannot take the place of, and their text: a prefix that
//! says of what they are.
//!
//! The text is that of the TypeID specification, for every scheme: `order_01h455vb4pex5vsknk084sn02q`.
//! The part after the underscore is Crockford's base 32 of fixed width in lower case, 13 characters
//! of 64 bits and 26 of 128, and read strictly: no upper case, and no i, l, o or u. So texts of one
//! prefix sort as the ids do.
//!
//! # Source
//! The TypeID specification, version 0.3.0, <https://github.com/jetify-com/typeid/tree/main/spec>.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use core::ops::Deref;
use core::str::FromStr;

use crate::layout::WordError;
use crate::text::{Form, ParseError};
use crate::{Id, IdScheme, Word};

/// Longest prefix, in bytes.
const MAX_PREFIX: usize = 63;

/// Longest text: a prefix, the underscore, and 128 bits.
const MAX_TEXT: usize = MAX_PREFIX + 1 + 26;

/// What an id is the id of.
///
/// # Example
/// ```
/// enum Order {}
///
/// impl idgen_core::typed::Entity for Order {
///     const PREFIX: &'static str = "order";
/// }
/// ```
pub trait Entity: 'static {
    /// Prefix of the ids' texts, as [`Prefix`] has it: a bad one does not compile.
    const PREFIX: &'static str;
}

/// An id of the entity `E`, of the scheme `S`.
///
/// Ids of different entities neither compare nor convert into each other, and a text of another
/// prefix is refused. Of one entity they compare as the ids do.
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
/// #     const TIMEBASE: Option<Timebase> = None;
/// #     const TEXT: Form = Form::Decimal;
/// # }
/// use idgen_core::typed::{Entity, TypedId};
///
/// enum Order {}
/// impl Entity for Order {
///     const PREFIX: &'static str = "order";
/// }
/// type OrderId = TypedId<Order, Snowflake>;
///
/// let order = OrderId::new("1541815603606036480".parse()?);
/// assert_eq!(order.to_string(), "order_1asd13xh1f800");
/// assert_eq!("order_1asd13xh1f800".parse(), Ok(order));
/// assert!("user_1asd13xh1f800".parse::<OrderId>().is_err());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// The id of a user is no id of an order:
///
/// ```compile_fail,E0308
/// # use idgen_core::{IdScheme, Timebase, layout::{Field, Kind, Layout}, text::Form};
/// # use idgen_core::typed::{Entity, TypedId};
/// # struct Plain;
/// # impl IdScheme for Plain {
/// #     type Word = u64;
/// #     const NAME: &'static str = "plain";
/// #     const LAYOUT: Layout = Layout::new(64, &[Field::new(Kind::Data, 64)]);
/// #     const TIMEBASE: Option<Timebase> = None;
/// #     const TEXT: Form = Form::Decimal;
/// # }
/// # enum Order {}
/// # impl Entity for Order { const PREFIX: &'static str = "order"; }
/// # enum User {}
/// # impl Entity for User { const PREFIX: &'static str = "user"; }
/// fn cancel(order: TypedId<Order, Plain>) {}
///
/// let user: TypedId<User, Plain> = "user_0000000000007".parse().unwrap();
/// cancel(user);
/// ```
#[repr(transparent)]
pub struct TypedId<E: Entity, S: IdScheme> {
    pub(crate) id: Id<S>,
    of: PhantomData<fn() -> E>,
}

impl<E: Entity, S: IdScheme> TypedId<E, S> {
    const PREFIX: Prefix<'static> = Prefix::new(E::PREFIX);

    /// The id as that of an `E`.
    #[must_use]
    #[inline]
    pub const fn new(id: Id<S>) -> Self {
        Self { id, of: PhantomData }
    }

    /// The id by itself.
    #[must_use]
    #[inline]
    pub const fn id(self) -> Id<S> {
        self.id
    }

    /// The text, on the stack.
    #[must_use]
    pub fn text(self) -> TypedText {
        encode(const { Self::PREFIX }, self.id.word())
    }
}

/// With its prefix.
impl<E: Entity, S: IdScheme> fmt::Display for TypedId<E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

impl<E: Entity, S: IdScheme> fmt::Debug for TypedId<E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", S::NAME, &*self.text())
    }
}

/// From a text with the entity's prefix.
impl<E: Entity, S: IdScheme> FromStr for TypedId<E, S> {
    type Err = TypedIdError;

    fn from_str(text: &str) -> Result<Self, TypedIdError> {
        let (prefix, word) = decode::<S::Word>(text)?;
        if prefix.as_str() != E::PREFIX {
            return Err(TypedIdError::OtherPrefix { expected: E::PREFIX });
        }
        Ok(Self::new(Id::from_word(word)?))
    }
}

// Derived ones would ask the same of `E` and `S`, which are only names.
impl<E: Entity, S: IdScheme> Clone for TypedId<E, S> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: Entity, S: IdScheme> Copy for TypedId<E, S> {}

impl<E: Entity, S: IdScheme> PartialEq for TypedId<E, S> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<E: Entity, S: IdScheme> Eq for TypedId<E, S> {}

impl<E: Entity, S: IdScheme> PartialOrd for TypedId<E, S> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E: Entity, S: IdScheme> Ord for TypedId<E, S> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }
}

impl<E: Entity, S: IdScheme> Hash for TypedId<E, S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// What stands before the underscore: 0 to 63 of `a-z` and `_`, with a letter at both ends.
///
/// # Example
/// ```
/// use idgen_core::typed::Prefix;
///
/// const ORDER: Prefix = Prefix::new("order"); // checked when compiled
/// assert_eq!(ORDER.as_str(), "order");
/// assert!(Prefix::try_new("Order").is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefix<'a>(&'a str);

impl<'a> Prefix<'a> {
    /// The prefix, for constants: a bad one does not compile.
    ///
    /// # Panics
    /// If the prefix breaks the rules; in a constant that is a compile error.
    #[must_use]
    pub const fn new(prefix: &'a str) -> Self {
        match Self::try_new(prefix) {
            Ok(prefix) => prefix,
            Err(_) => panic!("a prefix has 0 to 63 of a-z and '_', with a letter at both ends"),
        }
    }

    /// The prefix, for text read at run time.
    ///
    /// # Errors
    /// If it is longer than 63 bytes, holds another character, or has an underscore at an end.
    pub const fn try_new(prefix: &'a str) -> Result<Self, PrefixError> {
        let bytes = prefix.as_bytes();
        if bytes.len() > MAX_PREFIX {
            return Err(PrefixError);
        }
        let mut i = 0;
        while i < bytes.len() {
            let is_end = i == 0 || i + 1 == bytes.len();
            match bytes[i] {
                b'a'..=b'z' => {}
                b'_' if !is_end => {}
                _ => return Err(PrefixError),
            }
            i += 1;
        }
        Ok(Self(prefix))
    }

    /// The prefix as text.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

/// The text of a word of any scheme under a prefix; without the underscore where that is empty.
///
/// # Example
/// ```
/// use idgen_core::typed::{Prefix, encode};
///
/// let word = 0x0189_0a5d_ac96_774b_bcce_b302_099a_8057_u128;
/// assert_eq!(&*encode(Prefix::new("prefix"), word), "prefix_01h455vb4pex5vsknk084sn02q");
/// ```
#[must_use]
pub fn encode<W: Word>(prefix: Prefix<'_>, word: W) -> TypedText {
    let digits = Form::Base32.encode(word);
    let mut text = TypedText { bytes: [0; MAX_TEXT], len: 0 };
    text.push(prefix.0.as_bytes());
    if !prefix.0.is_empty() {
        text.push(b"_");
    }
    let digits_at = text.len;
    text.push(digits.as_bytes());
    text.bytes[digits_at..text.len].make_ascii_lowercase();
    text
}

/// The prefix and the word of a text.
///
/// # Errors
/// If the text is none of a prefix and such a word.
///
/// # Example
/// ```
/// use idgen_core::typed::decode;
///
/// let (prefix, word) = decode::<u128>("prefix_01h455vb4pex5vsknk084sn02q")?;
/// assert_eq!((prefix.as_str(), word), ("prefix", 0x0189_0a5d_ac96_774b_bcce_b302_099a_8057));
/// # Ok::<(), idgen_core::typed::TypedIdError>(())
/// ```
pub fn decode<W: Word>(text: &str) -> Result<(Prefix<'_>, W), TypedIdError> {
    let (prefix, digits) = match text.rsplit_once('_') {
        Some(("", _)) => return Err(TypedIdError::LoneSeparator),
        Some((prefix, digits)) => (Prefix::try_new(prefix)?, digits),
        None => (Prefix(""), text),
    };
    let is_strange = |c: char| c.is_ascii_uppercase() || matches!(c, 'i' | 'l' | 'o' | 'u');
    let digits_at = text.len() - digits.len();
    if let Some((at, found)) = digits.char_indices().find(|&(_, c)| is_strange(c)) {
        return Err(TypedIdError::Alphabet { at: digits_at + at, found });
    }
    let word = Form::Base32.decode(digits);
    Ok((prefix, word.map_err(|error| TypedIdError::Suffix(error.in_typed_id(digits_at)))?))
}

/// A written typed id: 13 to 90 ASCII characters on the stack, which deref to [`str`].
#[derive(Clone, Copy)]
pub struct TypedText {
    bytes: [u8; MAX_TEXT],
    len: usize,
}

impl TypedText {
    fn push(&mut self, text: &[u8]) {
        for (slot, byte) in self.bytes[self.len..].iter_mut().zip(text) {
            *slot = *byte;
        }
        self.len += text.len();
    }

    /// The text as ASCII bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Deref for TypedText {
    type Target = str;

    fn deref(&self) -> &str {
        // Only ASCII is ever put in, so that the empty text cannot be the answer.
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl fmt::Debug for TypedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for TypedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

/// A prefix that breaks the rules of [`Prefix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a prefix has 0 to 63 of a-z and '_', with a letter at both ends")]
pub struct PrefixError;

/// A text that is no typed id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TypedIdError {
    /// The prefix breaks the rules.
    #[error(transparent)]
    Prefix(#[from] PrefixError),
    /// The prefix is another entity's.
    #[error("the text is of another entity: its prefix is not '{expected}'")]
    OtherPrefix {
        /// The prefix of the entity that was asked for.
        expected: &'static str,
    },
    /// An underscore stands first, and so after an empty prefix.
    #[error("the text begins with '_'; without a prefix there is no underscore")]
    LoneSeparator,
    /// A character of Crockford's that this strict form leaves out.
    #[error("character '{found}' at {at} is not one of 0-9 and a-z without i, l, o, u")]
    Alphabet {
        /// Where it stands, in bytes from the start of the text.
        at: usize,
        /// The character.
        found: char,
    },
    /// The part after the underscore is no word. Places are counted from the start of the text.
    #[error("after the prefix: {0}")]
    Suffix(#[source] ParseError),
    /// The number is no id of the scheme.
    #[error(transparent)]
    Word(#[from] WordError),
}
