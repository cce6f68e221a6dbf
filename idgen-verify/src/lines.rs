//! Ids as text: what a line says.

use idgen_core::layout::Undressing;
use idgen_core::text::Form;
use idgen_core::{Scheme, Word, typed};
use serde_json::Value;

/// What a record of a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found<W> {
    Id(W),
    /// A line with nothing on it.
    Nothing,
    /// No id of the scheme.
    Bad,
}

/// Reads the lines of one file.
///
/// What stands around the id of one line, such as a prefix, most likely stands around that of the
/// next. So that is compared first, and only a line that is of another shape is looked at closely.
#[derive(Clone, Debug)]
pub(crate) struct Lines<W> {
    undressing: Undressing<W>,
    form: Form,
    shape: Shape,
}

/// A line, without its id.
#[derive(Clone, Debug)]
struct Shape {
    before: String,
    after: String,
    form: Form,
    /// Whether it is that of a typed id, which is read more strictly than its form.
    is_typed: bool,
}

impl<W: Word> Lines<W> {
    pub(crate) fn new(undressing: Undressing<W>, form: Form) -> Self {
        let shape = Shape { before: String::new(), after: String::new(), form, is_typed: false };
        Self { undressing, form, shape }
    }

    /// What a line says, without its end.
    #[inline]
    pub(crate) fn read(&mut self, line: &str) -> Found<W> {
        match self.read_as_before(line) {
            Some(word) if self.undressing.is_id(word) => Found::Id(word),
            _ => self.look_closely(line),
        }
    }

    #[inline]
    fn read_as_before(&self, line: &str) -> Option<W> {
        let Shape { before, after, form, is_typed } = &self.shape;
        if before.is_empty() && after.is_empty() {
            return decode(*form, line);
        }
        let digits = line.strip_prefix(&**before)?.strip_suffix(&**after)?;
        let is_alias = |byte| matches!(byte, b'A'..=b'Z' | b'i' | b'l' | b'o');
        if *is_typed && digits.bytes().any(is_alias) {
            return None;
        }
        decode(*form, digits)
    }

    #[cold]
    fn look_closely(&mut self, line: &str) -> Found<W> {
        if line.trim_ascii().is_empty() {
            return Found::Nothing;
        }
        match look(line, self.form) {
            Some((word, shape)) if self.undressing.is_id(word) => {
                self.shape = shape.unwrap_or_else(|| self.shape.clone());
                Found::Id(word)
            }
            _ => Found::Bad,
        }
    }

    /// Why a line has no id.
    pub(crate) fn fault(&self, line: &[u8], scheme: &Scheme) -> String {
        let text = String::from_utf8_lossy(line.trim_ascii());
        if text.starts_with('{') {
            return match serde_json::from_str::<Value>(&text) {
                Err(error) => format!("no object of JSON: {error}"),
                Ok(object) => match id_of(&object) {
                    None => "an object without an id".into(),
                    Some(id) => self.fault_of(&id, scheme),
                },
            };
        }
        self.fault_of(&text, scheme)
    }

    fn fault_of(&self, text: &str, scheme: &Scheme) -> String {
        if text.contains('_') {
            return match typed::decode::<W>(text) {
                Err(error) => format!("no typed id: {error}"),
                Ok((_, word)) => {
                    self.undressing.check(word).err().map(|e| e.to_string()).unwrap_or_default()
                }
            };
        }
        scheme.parse_as(text, self.form).err().map(|error| error.to_string()).unwrap_or_default()
    }
}

/// Reads a text that is nothing but the id.
#[inline]
fn decode<W: Word>(form: Form, text: &str) -> Option<W> {
    // A text of another width, such as that of a line with something around it, need not be
    // looked at to the end only to be told what is wrong with it.
    if text.len() > form.max_width::<W>() {
        return None;
    }
    form.decode(text).ok()
}

/// The id of a line, and the line without it, where no other part of the line reads the same.
fn look<W: Word>(line: &str, form: Form) -> Option<(W, Option<Shape>)> {
    let id = id_in(line)?;
    let (word, digits, form, is_typed) = match id.rsplit_once('_') {
        Some((_, digits)) => (typed::decode(&id).ok()?.1, digits, Form::Base32, true),
        None => (form.decode(&id).ok()?, &*id, form, false),
    };
    let shape = |at| Shape {
        before: line[..at].to_owned(),
        after: line[at + digits.len()..].to_owned(),
        form,
        is_typed,
    };
    let only = line.find(digits).filter(|&at| line.rfind(digits) == Some(at));
    Some((word, only.map(shape)))
}

/// The text of the id in a line, as `idgen generate` prints it.
fn id_in(line: &str) -> Option<String> {
    let text = line.trim_ascii();
    if text.starts_with('{') {
        id_of(&serde_json::from_str(text).ok()?)
    } else {
        Some(text.to_owned())
    }
}

/// The text of the id in a line as [`Format::Text`](crate::Format::Text) has it, without the
/// prefix of a typed one, which has to be base 32 then; `None` where there is none.
///
/// # Example
/// ```
/// use idgen_core::text::Form;
/// use idgen_verify::id_of_line;
///
/// assert_eq!(id_of_line(r#"{"id":"42"}"#), Some(("42".into(), None)));
/// assert_eq!(id_of_line("till_00000000000z1"), Some(("00000000000z1".into(), Some(Form::Base32))));
/// assert_eq!(id_of_line(" "), None);
/// ```
#[must_use]
pub fn id_of_line(line: &str) -> Option<(String, Option<Form>)> {
    let id = id_in(line).filter(|id| !id.is_empty())?;
    Some(match id.rsplit_once('_') {
        Some((_, digits)) => (digits.to_owned(), Some(Form::Base32)),
        None => (id, None),
    })
}

/// The id of an object, a string or a number.
fn id_of(object: &Value) -> Option<String> {
    let id = object.get("id")?;
    Some(id.as_str().map_or_else(|| id.to_string(), str::to_owned))
}

/// The form that most of these lines, which may be any in a file, are written in, if the scheme has
/// ids among them: its own if that fits as many as any other. `None` where there is no id.
///
/// # Example
/// ```
/// use idgen_core::{Scheme, text::Form};
/// use idgen_snowflake::Twitter;
///
/// let twitter = Scheme::of::<Twitter>();
/// assert_eq!(idgen_verify::guess_form(&twitter, &["1565a11f6217a000", "?"]), Some(Form::Hex));
/// assert_eq!(idgen_verify::guess_form(&twitter, &["1234567890123"]), Some(Form::Decimal));
/// assert_eq!(idgen_verify::guess_form(&twitter, &["?"]), None);
/// ```
#[must_use]
pub fn guess_form(scheme: &Scheme, lines: &[&str]) -> Option<Form> {
    let wide = scheme.layout.width() == 128;
    let fits = |line: &&&str, form| {
        let word = if wide {
            look::<u128>(line, form).map(|(word, _)| word)
        } else {
            look::<u64>(line, form).map(|(word, _)| word.into())
        };
        word.is_some_and(|word: u128| scheme.layout.check(word).is_ok())
    };
    let mut best = (0, None);
    for form in [scheme.text].into_iter().chain(Form::ALL) {
        let count = lines.iter().filter(|line| fits(line, form)).count();
        if count > best.0 {
            best = (count, Some(form));
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use idgen_snowflake::Twitter;

    fn lines(form: Form) -> Lines<u64> {
        Lines::new(Undressing::new(&Scheme::of::<Twitter>().layout).unwrap(), form)
    }

    #[test]
    fn whatever_generate_prints_is_read() {
        let mut lines = lines(Form::Decimal);
        for (text, expected) in [
            ("42", Found::Id(42)),
            ("43\r", Found::Id(43)),
            ("\t44  ", Found::Id(44)),
            ("45", Found::Id(45)),
            ("", Found::Nothing),
            (" \r", Found::Nothing),
            (r#"{"scheme":"twitter","id":"46"}"#, Found::Id(46)),
            (r#"{"scheme":"twitter","id":"47"}"#, Found::Id(47)),
            (r#"{"id":48,"scheme":"48"}"#, Found::Id(48)),
            (r#"{"id":48,"scheme":"50"}"#, Found::Id(48)),
            (r#"{"scheme":"twitter"}"#, Found::Bad),
            ("order_1asd13xh1f800", Found::Id(1_541_815_603_606_036_480)),
            ("order_1asd13xh1f801", Found::Id(1_541_815_603_606_036_481)),
            ("user_1asd13xh1f802", Found::Id(1_541_815_603_606_036_482)),
            ("user_1ASD13XH1F803", Found::Bad),
            ("order_1asd13xh1f8", Found::Bad),
            ("042", Found::Bad),
            ("-1", Found::Bad),
            ("9223372036854775808", Found::Bad),
            ("1565a11f6217a000", Found::Bad),
            ("42 43", Found::Bad),
        ] {
            assert_eq!(lines.read(text), expected, "{text}");
        }
    }

    #[test]
    fn a_fault_is_said() {
        let scheme = Scheme::of::<Twitter>();
        let lines = lines(Form::Decimal);
        let fault = |text: &str| lines.fault(text.as_bytes(), &scheme);
        assert!(fault(" 4x").contains("character 'x' at 1"), "{}", fault(" 4x"));
        assert!(fault("9223372036854775808").contains("unused"));
        assert_eq!(fault("{}"), "an object without an id");
        assert!(fault("{").contains("no object of JSON: EOF"), "{}", fault("{"));
        assert!(fault(r#"{"id":"x"}"#).contains("character 'x' at 0"));
        assert!(fault("order_1").contains("no typed id"));
    }
}
