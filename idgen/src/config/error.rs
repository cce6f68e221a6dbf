//! What is wrong with a configuration.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong with a configuration, and how it would be right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Fault {
    /// Where: the key with its table, such as `scheme.layout`; empty for the whole file.
    pub path: String,
    /// What is wrong, with the value and the range.
    pub message: String,
    /// Lines that would be right.
    pub example: &'static str,
}

impl Fault {
    pub(super) fn new(path: &str, message: impl fmt::Display, example: &'static str) -> Self {
        Self { path: path.into(), message: message.to_string(), example }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{} (right would be: {})", self.message, self.example.replace('\n', ", "))
    }
}

/// Everything that is wrong with a configuration, one fault a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    faults: Vec<Fault>,
}

impl ConfigError {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self { faults }
    }

    /// The faults: each value by itself, then what is missing, then what does not go together. There
    /// is at least one.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
