//! The words of an SQL text.

/// A word, a quoted name, a literal or a sign, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
}

impl<'a> Token<'a> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword, or this sign.
    pub(super) fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    /// The name that it is, without its quotes; none for literals and signs.
    pub(super) fn name(&self) -> Option<String> {
        match self.text.chars().next()? {
            quote @ ('"' | '`') => self.inner(quote),
            '[' => self.inner(']'),
            first if is_of_word(first) && !first.is_ascii_digit() && !self.text.ends_with('\'') => {
                Some(self.text.to_owned())
            }
            _ => None,
        }
    }

    /// The name that it is where nothing but a name can stand: a text is one there.
    pub(super) fn label(&self) -> Option<String> {
        if self.text.starts_with('\'') { self.inner('\'') } else { self.name() }
    }

    fn inner(&self, quote: char) -> Option<String> {
        let inner = self.text.get(1..self.text.len() - 1)?;
        Some(inner.replace(&format!("{quote}{quote}"), &quote.to_string()))
    }
}

/// The tokens of a text, without blanks and comments.
pub(super) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = sql[at..].chars().next() {
        let rest = &sql[at..];
        let length = match first {
            _ if first.is_ascii_whitespace() => 1,
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            // Its end has a star of its own.
            '/' if rest.starts_with("/*") => rest[2..].find("*/").map_or(rest.len(), |end| end + 4),
            _ => {
                let length = length_of(first, rest);
                found.push(Token { text: &rest[..length], start: at });
                length
            }
        };
        at += length;
    }
    found
}

fn length_of(first: char, rest: &str) -> usize {
    let word = |text: &str| text.find(|c| !is_of_word(c)).unwrap_or(text.len());
    let next = rest[first.len_utf8()..].chars().next();
    match first {
        '"' | '`' | '\'' => quoted(rest, first),
        '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
        // A literal of bytes.
        'x' | 'X' if next == Some('\'') => 1 + quoted(&rest[1..], '\''),
        '0'..='9' => number(rest),
        '.' if next.is_some_and(|next| next.is_ascii_digit()) => number(rest),
        _ if is_of_word(first) => word(rest),
        _ => first.len_utf8(),
    }
}

/// Whether SQLite takes a sign for part of a word: whatever is not ASCII is one.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

/// The length of a number: it may have a point, and an exponent a sign.
fn number(rest: &str) -> usize {
    let digits = |text: &str| text.find(|c| !is_of_word(c) && c != '.').unwrap_or(text.len());
    let length = digits(rest);
    let exponent = rest[..length].ends_with(['e', 'E']) && !rest.starts_with("0x");
    match rest[length..].strip_prefix(['+', '-']) {
        Some(power) if exponent && !rest.starts_with("0X") => length + 1 + digits(power),
        _ => length,
    }
}

/// The length of what is quoted: a doubled quote stands for itself.
fn quoted(rest: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(end) = rest[at..].find(quote) {
        at += end + 1;
        if !rest[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    rest.len()
}

/// The same text, with each token for which there is another one replaced by it.
pub(super) fn replaced(sql: &str, with: impl Fn(usize, &Token<'_>) -> Option<String>) -> String {
    let mut text = String::new();
    let mut at = 0;
    for (i, token) in tokens(sql).iter().enumerate() {
        if let Some(other) = with(i, token) {
            text += &sql[at..token.start];
            text += &other;
            at = token.end();
        }
    }
    text + &sql[at..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        tokens(sql).iter().map(|token| token.text).collect()
    }

    #[test]
    fn names_literals_and_comments_are_told_apart() {
        let sql = "a \"b \"\"c\" 'it''s' -- d\n /* e */ [f g] `h`,(1.5)";
        let all = ["a", "\"b \"\"c\"", "'it''s'", "[f g]", "`h`", ",", "(", "1.5", ")"];
        assert_eq!(texts(sql), all);
        let names: Vec<_> = tokens(sql).iter().filter_map(Token::name).collect();
        assert_eq!(names, ["a", "b \"c", "f g", "h"]);
        let labels: Vec<_> = tokens(sql).iter().filter_map(Token::label).collect();
        assert_eq!(labels, ["a", "b \"c", "it's", "f g", "h"]);
        let text = replaced(sql, |_, token| (token.name()? == "f g").then(|| "x".into()));
        assert_eq!(text, sql.replace("[f g]", "x"));
    }

    #[test]
    fn literals_are_one_token_and_no_name() {
        for literal in ["x''", "X'00ff'", "1.5e-3", ".5", "2.E+10", "0xfe", "1e6", "''", "1_000"] {
            assert_eq!(texts(&format!("a {literal}-b")), ["a", literal, "-", "b"]);
            assert_eq!(tokens(literal)[0].name(), None, "{literal}");
        }
        // A sign after a hexadecimal number is no exponent's.
        assert_eq!(texts("0x1e-3"), ["0x1e", "-", "3"]);
        assert_eq!(texts("a.b t.5"), ["a", ".", "b", "t", ".5"]);
    }

    #[test]
    fn blanks_and_words_are_what_sqlite_takes_for_such() {
        assert_eq!(
            texts("/*/ not closed */ a\x0cb € \u{a0}c/**/d"),
            ["a", "b", "€", "\u{a0}c", "d"]
        );
        // What never ends, as no text that the database keeps does.
        for open in ["\"", "[", "'", "x'", "/*", "[ü", "\"ü"] {
            let _ = tokens(open).iter().filter_map(Token::label).count();
        }
    }
}
