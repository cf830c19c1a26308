//! Edits of a JSON text that leave every other byte as it is.
//!
//! An edit replaces a range of the text. Whatever is not in such a range (order, indentation, comments, members that
//! this program does not know) cannot change. What is written follows the style of the text around it.
//!
//! The syntax tree of `jsonc-parser` can insert and remove too, but it drops blank lines around what it inserts, and
//! gives no ranges, which a report needs to show a correction.

mod change;
mod path;
mod splice;
mod style;
mod value;

pub(crate) use change::{Change, edits};
pub(crate) use path::{Path, PathStep, find};
pub(crate) use splice::{Edit, apply, disjoint};
pub(crate) use style::Style;
pub(crate) use value::Json;

#[cfg(test)]
mod tests;
