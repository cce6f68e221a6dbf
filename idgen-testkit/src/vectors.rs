//! The published test vectors.

/// Published test vectors of every scheme of this workspace, as JSON: an object with a list for
/// each family, each of whose entries names an id and what it decodes to.
///
/// # Example
/// ```
/// assert!(idgen_testkit::VECTORS.contains(r#""preset": "twitter", "id": "1541815603606036480""#));
/// ```
pub const VECTORS: &str = include_str!("../vectors.json");
