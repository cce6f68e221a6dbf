//! What goes into a statement, and what comes out: NULL, integers and texts.

use crate::Error;

/// A parameter, or a field of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// NULL.
    Null,
    /// An integer or a truth value.
    Integer(i64),
    /// Everything else.
    Text(String),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// The integer in this column, counted from 0.
    ///
    /// # Errors
    /// If it holds none.
    pub fn integer(&self, column: usize) -> Result<i64, Error> {
        match self.0.get(column) {
            Some(Value::Integer(number)) => Ok(*number),
            Some(Value::Text(text)) => text.parse().map_err(|_| self.unexpected(column)),
            _ => Err(self.unexpected(column)),
        }
    }

    /// The text in this column, counted from 0.
    ///
    /// # Errors
    /// If it is NULL.
    pub fn text(&self, column: usize) -> Result<String, Error> {
        match self.0.get(column) {
            Some(Value::Integer(number)) => Ok(number.to_string()),
            Some(Value::Text(text)) => Ok(text.clone()),
            _ => Err(self.unexpected(column)),
        }
    }

    /// The same, where NULL is to be expected.
    #[must_use]
    pub fn optional(&self, column: usize) -> Option<String> {
        self.text(column).ok()
    }

    fn unexpected(&self, column: usize) -> Error {
        Error::Kept(format!("column {column} of {:?} holds something else", self.0))
    }
}
