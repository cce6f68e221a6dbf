//! The one list of schemes that programs iterate.

use idgen_core::catalog::Entry;
use once_cell::race::OnceBox;

/// Every scheme of the features that are on, family by family.
///
/// # Example
/// ```
/// # #[cfg(feature = "snowflake")]
/// assert!(idgen::catalog().iter().any(|entry| entry.scheme.name.as_str() == "snowflake"));
/// ```
#[must_use]
pub fn catalog() -> &'static [Entry] {
    static ENTRIES: OnceBox<Vec<Entry>> = OnceBox::new();
    ENTRIES.get_or_init(|| Box::new(FAMILIES.concat()))
}

/// The scheme of this name, if its feature is on.
///
/// # Example
/// ```
/// # #[cfg(feature = "snowflake")]
/// assert!(idgen::find("twitter").is_some());
/// assert!(idgen::find("nobody").is_none());
/// ```
#[must_use]
pub fn find(name: &str) -> Option<&'static Entry> {
    catalog().iter().find(|entry| entry.scheme.name.as_str() == name)
}

/// A line for each family, under its feature.
const FAMILIES: &[&[Entry]] = &[
    #[cfg(feature = "snowflake")]
    idgen_snowflake::CATALOG,
    #[cfg(feature = "sonyflake")]
    idgen_sonyflake::CATALOG,
    #[cfg(feature = "instagram")]
    idgen_instagram::CATALOG,
    #[cfg(feature = "uuid")]
    idgen_uuid::CATALOG,
    #[cfg(feature = "wide")]
    idgen_128::CATALOG,
    #[cfg(feature = "lamport")]
    idgen_lamport::CATALOG,
];
