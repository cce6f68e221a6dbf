//! A short name that needs no heap, so that descriptors stay plain constants.

use core::fmt;

/// Longest name, in bytes.
const MAX_LEN: usize = 23;

/// The name of a field or a scheme: 1 to 23 bytes of `a-z`, `0-9`, `-` and `_`, a letter first.
///
/// # Example
/// ```
/// use idgen_core::Name;
///
/// const WORKER: Name = Name::new("worker"); // checked when compiled
/// assert_eq!(WORKER.as_str(), "worker");
/// assert!(Name::try_new("Worker 1").is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    bytes: [u8; MAX_LEN],
    len: u8,
}

/// A name that breaks the rules of [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 23 bytes of a-z, 0-9, '-' and '_', and starts with a letter")]
pub struct NameError;

impl Name {
    /// The name, for constants: a bad one does not compile.
    ///
    /// # Panics
    /// If the name breaks the rules; in a constant that is a compile error.
    #[must_use]
    pub const fn new(name: &str) -> Self {
        match Self::try_new(name) {
            Ok(name) => name,
            Err(_) => panic!(
                "a name has 1 to 23 bytes of a-z, 0-9, '-' and '_', and starts with a letter"
            ),
        }
    }

    /// The name, for text read at run time.
    ///
    /// # Errors
    /// If the name is empty, longer than 23 bytes, or holds another character.
    #[expect(clippy::cast_possible_truncation, reason = "the length is at most 23")]
    pub const fn try_new(name: &str) -> Result<Self, NameError> {
        let source = name.as_bytes();
        if source.is_empty() || source.len() > MAX_LEN || !source[0].is_ascii_lowercase() {
            return Err(NameError);
        }
        let mut bytes = [0; MAX_LEN];
        let mut i = 0;
        while i < source.len() {
            match source[i] {
                b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => bytes[i] = source[i],
                _ => return Err(NameError),
            }
            i += 1;
        }
        Ok(Self { bytes, len: source.len() as u8 })
    }

    /// The name as text.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        let (name, _) = self.bytes.split_at(self.len as usize);
        match core::str::from_utf8(name) {
            Ok(name) => name,
            Err(_) => "", // never: only ASCII gets in
        }
    }

    pub(crate) const fn equals(&self, other: &Self) -> bool {
        if self.len != other.len {
            return false;
        }
        let mut i = 0;
        while i < self.len as usize {
            if self.bytes[i] != other.bytes[i] {
                return false;
            }
            i += 1;
        }
        true
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl core::str::FromStr for Name {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        Self::try_new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_kept() {
        for good in ["a", "tick", "uuid-v7", "rand_a", "abcdefghijklmnopqrstuvw"] {
            assert_eq!(Name::try_new(good).unwrap().as_str(), good);
        }
        for bad in ["", "7up", "-a", "Tick", "a b", "é", "abcdefghijklmnopqrstuvwx"] {
            assert_eq!(Name::try_new(bad), Err(NameError), "{bad:?}");
        }
    }

    #[test]
    fn equality_holds_in_constants_too() {
        assert!(Name::new("node").equals(&Name::new("node")));
        assert!(!Name::new("node").equals(&Name::new("nods")));
        assert!(!Name::new("node").equals(&Name::new("nodes")));
    }
}
