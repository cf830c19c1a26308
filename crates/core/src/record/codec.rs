//! The record is written as a parameter's text, and read back.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::ser::Formatter;

use super::{Record, SCHEMA};
use crate::limits::{CUT_MARK, HELD_BY_MAX, MESSAGE_CHARS_MAX, ORDER_TEXT_BYTES_MAX, RECORD_BYTES_MAX, cut};

/// A text of an operator, in no more than [`ORDER_TEXT_BYTES_MAX`] of the record; one that was cut ends with [`CUT_MARK`].
pub(super) fn order_text(text: &str) -> String {
    if chars_within(text, ORDER_TEXT_BYTES_MAX) == text.chars().count() {
        return text.to_owned();
    }
    let kept = chars_within(text, ORDER_TEXT_BYTES_MAX - CUT_MARK.len_utf8());
    text.chars().take(kept).chain([CUT_MARK]).collect()
}

/// How many characters of `text` JSON writes in no more than `max` bytes.
fn chars_within(text: &str, max: usize) -> usize {
    let bytes = text.chars().scan(0, |sum, c| {
        *sum += match c {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..'\u{20}' | '{' | '}' => "\\u0000".len(),
            _ => c.len_utf8(),
        };
        Some(*sum)
    });
    bytes.take_while(|sum| *sum <= max).count()
}

/// Why a parameter's value is not a record. Never a reason to release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The text is not JSON, or a field is missing or of the wrong type: what, in words of bounded length.
    #[error("unreadable record: {0}")]
    Unreadable(String),
    /// Another version of this software wrote it.
    #[error("record has schema {0}, this version reads {SCHEMA}")]
    UnknownSchema(u64),
}

/// The record does not fit into a standard parameter even without its lists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record has {bytes} bytes, a standard parameter holds {RECORD_BYTES_MAX}")]
pub struct TooLarge {
    /// Size of the text.
    pub bytes: usize,
}

/// A record, and the version on which its text is based ([`crate::versions`]).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordText<'a> {
    #[serde(flatten)]
    record: &'a Record,
    #[serde(skip_serializing_if = "Option::is_none")]
    based_on: Option<i64>,
}

/// JSON without a brace in any text: SSM takes `{{` in a value for a reference to another parameter, and refuses it
/// (`PutParameter`, `Value`). Task groups and orders are the texts of others, and may hold anything.
struct WithoutBraces;

impl Formatter for WithoutBraces {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        for part in text.split_inclusive(['{', '}']) {
            match part.strip_suffix(['{', '}']) {
                Some(rest) if part.ends_with('{') => write!(writer, "{rest}\\u007b")?,
                Some(rest) => write!(writer, "{rest}\\u007d")?,
                None => writer.write_all(part.as_bytes())?,
            }
        }
        Ok(())
    }
}

/// A parameter's value; empty if it cannot be written, which nothing of ours is.
pub(crate) fn parameter_text<T: Serialize>(record: &T) -> String {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, WithoutBraces);
    match record.serialize(&mut serializer) {
        Ok(()) => String::from_utf8(text).unwrap_or_default(),
        Err(_) => String::new(),
    }
}

/// Reads a text that names its schema, which is looked at first: another schema may have other fields.
pub(crate) fn decode_versioned<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    #[derive(Deserialize)]
    struct Versioned {
        schema: u64,
    }
    let unreadable = |e: serde_json::Error| DecodeError::Unreadable(cut(&e.to_string(), MESSAGE_CHARS_MAX));
    let Versioned { schema } = serde_json::from_str(text).map_err(unreadable)?;
    if schema != u64::from(SCHEMA) {
        return Err(DecodeError::UnknownSchema(schema));
    }
    serde_json::from_str(text).map_err(unreadable)
}

impl Record {
    /// Makes the parameter's value. Lists are cut if the text would not fit: first what only the receipt reports, last
    /// what decides.
    ///
    /// # Errors
    /// [`TooLarge`] if even the bare record does not fit, which needs names beyond what AWS allows.
    pub fn encode(&self) -> Result<String, TooLarge> {
        self.text(None)
    }

    /// The same for a text that includes all that the versions up to this one say; 0 if there is none.
    pub fn encode_based_on(&self, version: i64) -> Result<String, TooLarge> {
        self.text(Some(version))
    }

    fn text(&self, based_on: Option<i64>) -> Result<String, TooLarge> {
        let mut record = self.clone();
        record.held_by.truncate(HELD_BY_MAX);
        loop {
            let text = parameter_text(&RecordText {
                record: &record,
                based_on,
            });
            if (1..=RECORD_BYTES_MAX).contains(&text.len()) {
                return Ok(text);
            }
            let cut = record.waited.pop().is_some()
                || record.held_by.pop().is_some()
                || record.unprotected.pop().is_some()
                || record.released_services.pop().is_some();
            if !cut {
                return Err(TooLarge { bytes: text.len() });
            }
        }
    }

    /// Reads a parameter's value.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        decode_versioned(text)
    }
}
