//! One setting of a script.

use super::lexer::{SyntaxError, Tokens};

/// One setting, and where it was made.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) value: String,
}

/// Reads `NAME = VALUE`.
pub(super) fn setting(words: &mut Tokens<'_>) -> Result<Setting, SyntaxError> {
    let line = words.line();
    let name = words.name("a setting's name, without PROTECTOR_")?;
    words.expect("=")?;
    let value = words.remainder();
    Ok(Setting { line, name, value })
}
