//! Version 5: the SHA-1 of a name.

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Timebase};

#[cfg(feature = "names")]
use crate::Namespace;
#[cfg(feature = "names")]
use idgen_core::Id;

/// 122 bits of the SHA-1 of a name in a namespace: the same for the same name, everywhere.
///
/// Two names that were not made to collide have different UUIDs but for a chance of 2^-122. Names
/// that were made to collide can be had for some money since 2020; where somebody may gain by one,
/// take [`UuidV8::of_name`](crate::UuidV8::of_name).
///
/// # Source
/// RFC 9562, sections 5.5 and 6.5; Leurent and Peyrin, *SHA-1 is a Shambles*, 2020.
#[derive(Clone, Copy, Debug)]
pub enum UuidV5 {}

impl IdScheme for UuidV5 {
    type Word = u128;
    const NAME: &'static str = "uuid-v5";
    const LAYOUT: Layout = Layout::new(
        128,
        &[
            Field::new(Kind::Data, 48).named("sha1_high"),
            Field::new(Kind::Version(5), 4).named("ver"),
            Field::new(Kind::Data, 12).named("sha1_mid"),
            Field::new(Kind::Version(2), 2).named("var"),
            Field::new(Kind::Data, 62).named("sha1_low"),
        ],
    );
    const TIMEBASE: Option<Timebase> = None;
    const TEXT: Form = Form::Uuid;
}

#[cfg(feature = "names")]
impl UuidV5 {
    /// The UUID of a name.
    ///
    /// # Example
    /// ```
    /// use idgen_uuid::{Namespace, UuidV5};
    ///
    /// let id = UuidV5::of_name(Namespace::DNS, b"www.example.com");
    /// assert_eq!(id.to_string(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    /// ```
    #[must_use]
    pub fn of_name(namespace: Namespace, name: &[u8]) -> Id<Self> {
        Id::stamped(namespace.digest::<sha1::Sha1>(name))
    }
}
