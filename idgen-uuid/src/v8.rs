//! Version 8: whatever one likes.

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Timebase};

#[cfg(feature = "names")]
use crate::Namespace;
#[cfg(feature = "names")]
use idgen_core::Id;

/// 122 bits of one's own: here the SHA-256 of a name, or a 64-bit id that a
/// [`Carrier`](crate::Carrier) put in.
///
/// # Source
/// RFC 9562, section 5.8.
#[derive(Clone, Copy, Debug)]
pub enum UuidV8 {}

impl IdScheme for UuidV8 {
    type Word = u128;
    const NAME: &'static str = "uuid-v8";
    const LAYOUT: Layout = Layout::new(
        128,
        &[
            Field::new(Kind::Data, 48).named("custom_a"),
            Field::new(Kind::Version(8), 4).named("ver"),
            Field::new(Kind::Data, 12).named("custom_b"),
            Field::new(Kind::Version(2), 2).named("var"),
            Field::new(Kind::Data, 62).named("custom_c"),
        ],
    );
    const TIMEBASE: Option<Timebase> = None;
    const TEXT: Form = Form::Uuid;
}

#[cfg(feature = "names")]
impl UuidV8 {
    /// The UUID of a name, by SHA-256: the same for the same name, everywhere.
    ///
    /// # Example
    /// ```
    /// use idgen_uuid::{Namespace, UuidV8};
    ///
    /// let id = UuidV8::of_name(Namespace::DNS, b"www.example.com");
    /// assert_eq!(id.to_string(), "5c146b14-3c52-8afd-938a-375d0df1fbf6");
    /// ```
    ///
    /// # Source
    /// RFC 9562, section 6.5 and appendix B.2.
    #[must_use]
    pub fn of_name(namespace: Namespace, name: &[u8]) -> Id<Self> {
        Id::stamped(namespace.digest::<sha2::Sha256>(name))
    }
}
