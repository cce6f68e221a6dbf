//! Version 3: the MD5 of a name.

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Timebase};

#[cfg(feature = "names")]
use crate::Namespace;
#[cfg(feature = "names")]
use idgen_core::Id;

/// 122 bits of the MD5 of a name in a namespace: the same for the same name, everywhere.
///
/// Only for those who have version 3 already: collisions of MD5 can be made at will. Take
/// [`UuidV5`](crate::UuidV5), or [`UuidV8::of_name`](crate::UuidV8::of_name) where somebody may
/// gain by one.
///
/// # Source
/// RFC 9562, sections 5.3 and 6.5.
#[derive(Clone, Copy, Debug)]
pub enum UuidV3 {}

impl IdScheme for UuidV3 {
    type Word = u128;
    const NAME: &'static str = "uuid-v3";
    const LAYOUT: Layout = Layout::new(
        128,
        &[
            Field::new(Kind::Data, 48).named("md5_high"),
            Field::new(Kind::Version(3), 4).named("ver"),
            Field::new(Kind::Data, 12).named("md5_mid"),
            Field::new(Kind::Version(2), 2).named("var"),
            Field::new(Kind::Data, 62).named("md5_low"),
        ],
    );
    const TIMEBASE: Option<Timebase> = None;
    const TEXT: Form = Form::Uuid;
}

#[cfg(feature = "names")]
impl UuidV3 {
    /// The UUID of a name.
    ///
    /// # Example
    /// ```
    /// use idgen_uuid::{Namespace, UuidV3};
    ///
    /// let id = UuidV3::of_name(Namespace::DNS, b"www.example.com");
    /// assert_eq!(id.to_string(), "5df41881-3aed-3515-88a7-2f4a814cf09e");
    /// ```
    #[must_use]
    pub fn of_name(namespace: Namespace, name: &[u8]) -> Id<Self> {
        Id::stamped(namespace.digest::<md5::Md5>(name))
    }
}
