//! The words of one line.

use std::fmt;

use jiff::SignedDuration;

/// A line that is not in the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Its number, from 1.
    pub line: usize,
    /// What could have been there.
    pub expected: String,
    /// What is there; empty at the end of the line.
    pub found: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SyntaxError {
            line,
            expected,
            found,
        } = self;
        match found.as_str() {
            "" => write!(f, "line {line}: expected {expected}, found nothing more"),
            _ => write!(f, "line {line}: expected {expected}, found {found:?}"),
        }
    }
}

impl std::error::Error for SyntaxError {}

/// The rest of a line. Words are separated by blanks and commas.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tokens<'a> {
    line: usize,
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(line: usize, text: &'a str) -> Tokens<'a> {
        Tokens {
            line,
            rest: trimmed(text),
        }
    }

    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The next word; empty at the end.
    fn peek(&self) -> &'a str {
        let end = self.rest.find(|c: char| c.is_whitespace() || c == ',');
        &self.rest[..end.unwrap_or(self.rest.len())]
    }

    fn next(&mut self) -> &'a str {
        let word = self.peek();
        self.rest = trimmed(&self.rest[word.len()..]);
        word
    }

    /// What is wrong with the next word.
    pub(super) fn wrong(&self, expected: &str) -> SyntaxError {
        SyntaxError {
            line: self.line,
            expected: expected.to_owned(),
            found: self.peek().to_owned(),
        }
    }

    /// Takes these words, if they come next.
    pub(super) fn accept(&mut self, phrase: &str) -> bool {
        let mut ahead = *self;
        let all = phrase.split(' ').all(|word| ahead.next() == word);
        if all {
            *self = ahead;
        }
        all
    }

    /// These words must come next.
    pub(super) fn expect(&mut self, phrase: &str) -> Result<(), SyntaxError> {
        match self.accept(phrase) {
            true => Ok(()),
            false => Err(self.wrong(&format!("{phrase:?}"))),
        }
    }

    /// A name: letters, digits, `-` and `_`.
    pub(super) fn name(&mut self, expected: &str) -> Result<String, SyntaxError> {
        let word = self.peek();
        let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        match !word.is_empty() && word.chars().all(good) {
            true => Ok(self.next().to_owned()),
            false => Err(self.wrong(expected)),
        }
    }

    /// A duration for people, in whole seconds.
    pub(super) fn duration(&mut self) -> Result<SignedDuration, SyntaxError> {
        let parsed = self.peek().parse::<SignedDuration>().ok();
        let whole = parsed.filter(|d| !d.is_negative() && d.subsec_nanos() == 0);
        let duration = whole.ok_or_else(|| self.wrong("a duration such as 30s, 5m or 1h30m"))?;
        self.next();
        Ok(duration)
    }

    /// A number of things.
    pub(super) fn count(&mut self) -> Result<u32, SyntaxError> {
        let parsed = self.peek().parse::<u32>().ok();
        let number = parsed.filter(|number| (1..=50).contains(number));
        let number = number.ok_or_else(|| self.wrong("a number from 1 to 50"))?;
        self.next();
        Ok(number)
    }

    /// A text in quotes.
    pub(super) fn quoted(&mut self) -> Result<String, SyntaxError> {
        let inner = self.rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        let (text, rest) = inner.ok_or_else(|| self.wrong("a text in \"quotes\""))?;
        self.rest = trimmed(rest);
        Ok(text.to_owned())
    }

    /// Everything that is left, as it is.
    pub(super) fn remainder(&mut self) -> String {
        std::mem::take(&mut self.rest).trim_end().to_owned()
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), SyntaxError> {
        match self.rest.is_empty() {
            true => Ok(()),
            false => Err(self.wrong("the end of the line")),
        }
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || c == ',')
}
