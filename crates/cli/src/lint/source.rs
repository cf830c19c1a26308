//! A text, its lines, and why it cannot be read.

use jsonc_parser::ast::Value;
use jsonc_parser::errors::ParseErrorKind;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use std::fmt;

/// JSON with comments and trailing commas, and nothing else beyond JSON.
const JSONC: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The mark with which some editors begin a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A line and a column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Position {
    /// The position of a byte of `text`.
    #[must_use]
    pub(crate) fn of(text: &str, byte: usize) -> Position {
        let mut end = byte.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = text.get(..end).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Position { line, column }
    }
}

/// Why a text gives no task definition, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// Where; none if the file itself could not be read.
    pub(crate) at: Option<Position>,
    /// What was expected or what failed.
    pub(crate) expected: String,
}

impl Unreadable {
    /// A failure that has no place in the text.
    pub(crate) fn whole(expected: impl Into<String>) -> Unreadable {
        Unreadable {
            at: None,
            expected: expected.into(),
        }
    }

    /// A failure at a byte of `text`.
    pub(crate) fn at(text: &str, byte: usize, expected: impl Into<String>) -> Unreadable {
        Unreadable {
            at: Some(Position::of(text, byte)),
            expected: expected.into(),
        }
    }
}

/// `:LINE:COLUMN: reason`, to be written behind the file's name.
impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = self.at {
            write!(f, ":{}:{}", at.line, at.column)?;
        }
        write!(f, ": {}", self.expected)
    }
}

/// The bytes of a file as text, and whether a byte order mark was before it.
pub(crate) fn decode(bytes: &[u8]) -> Result<(&str, bool), Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let valid = std::str::from_utf8(valid).unwrap_or_default();
        Unreadable::at(valid, valid.len(), "not UTF-8: expected a JSON text in UTF-8")
    })?;
    match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(text) => Ok((text, true)),
        None => Ok((text, false)),
    }
}

/// The value of a JSON text, comments and trailing commas allowed. The error says where the text is not JSON, and
/// what was expected there.
pub(crate) fn parse(text: &str) -> Result<Value<'_>, Unreadable> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &JSONC);
    match parsed.map(|result| result.value) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(Unreadable::at(
            text,
            0,
            "the file is empty: expected a task definition in JSON",
        )),
        Err(error) => {
            let reason = expected(error.kind());
            Err(Unreadable::at(
                text,
                error.range().start,
                format!("not JSON: {reason}"),
            ))
        }
    }
}

/// What the parser wanted, in the form "expected …" where it says so.
fn expected(kind: &ParseErrorKind) -> String {
    use ParseErrorKind as Kind;
    match kind {
        Kind::UnterminatedObject => "expected a closing brace".to_owned(),
        Kind::UnterminatedArray => "expected a closing bracket".to_owned(),
        Kind::UnterminatedCommentBlock => "expected the end of the comment (*/)".to_owned(),
        Kind::MultipleRootJsonValues => "expected the end of the file after the value".to_owned(),
        Kind::NestingDepthExceeded => "nested too deeply: expected a task definition".to_owned(),
        Kind::UnexpectedWord | Kind::UnexpectedToken => {
            "expected a value: an object, a list, a text in double quotes, a number, true, false or null"
                .to_owned()
        }
        Kind::UnexpectedCloseBrace => "expected a value, found a closing brace".to_owned(),
        Kind::UnexpectedCloseBracket => "expected a value, found a closing bracket".to_owned(),
        Kind::UnexpectedColon => "expected a value, found a colon".to_owned(),
        Kind::UnexpectedComma => "expected a value, found a comma".to_owned(),
        Kind::UnexpectedTokenInObject => "expected the name of a member in double quotes".to_owned(),
        other => {
            let text = other.to_string();
            match text.strip_prefix("Expected ") {
                Some(rest) => format!("expected {rest}"),
                None => format!("expected plain JSON: {text}"),
            }
        }
    }
}
