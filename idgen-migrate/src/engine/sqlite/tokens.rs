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
        let inner = |quote: char| {
            let inner = &self.text[1..self.text.len() - 1];
            inner.replace(&format!("{quote}{quote}"), &quote.to_string())
        };
        match self.text.chars().next()? {
            quote @ ('"' | '`') => Some(inner(quote)),
            '[' => Some(self.text[1..self.text.len() - 1].to_owned()),
            first if first.is_alphabetic() || first == '_' => Some(self.text.to_owned()),
            _ => None,
        }
    }
}

/// The tokens of a text, without blanks and comments.
pub(super) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = sql[at..].chars().next() {
        let rest = &sql[at..];
        let length = match first {
            _ if first.is_whitespace() => first.len_utf8(),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
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
    let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    match first {
        '"' | '`' | '\'' => quoted(rest, first),
        '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
        // A number may have a point, and an exponent with a sign is one more number for us.
        _ if first.is_ascii_digit() => rest.find(|c| !in_word(c) && c != '.').unwrap_or(rest.len()),
        _ if in_word(first) => rest.find(|c| !in_word(c)).unwrap_or(rest.len()),
        _ => first.len_utf8(),
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

    #[test]
    fn names_literals_and_comments_are_told_apart() {
        let sql = "a \"b \"\"c\" 'it''s' -- d\n /* e */ [f g] `h`,(1.5)";
        let texts: Vec<_> = tokens(sql).iter().map(|token| token.text).collect();
        let all = ["a", "\"b \"\"c\"", "'it''s'", "[f g]", "`h`", ",", "(", "1.5", ")"];
        assert_eq!(texts, all);
        let names: Vec<_> = tokens(sql).iter().filter_map(Token::name).collect();
        assert_eq!(names, ["a", "b \"c", "f g", "h"]);
        let text = replaced(sql, |_, token| (token.name()? == "f g").then(|| "x".into()));
        assert_eq!(text, sql.replace("[f g]", "x"));
    }
}
