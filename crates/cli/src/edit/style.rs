//! How a text is laid out, so that what is written into it looks alike.

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;

/// The indentation of a text that shows none.
const INDENT_DEFAULT: &str = "  ";

/// The layout of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    /// The line ending; none if the whole document is on one line.
    pub(crate) newline: Option<&'static str>,
    /// One level of indentation.
    pub(crate) indent: String,
    /// The text between a name and its value.
    pub(crate) colon: &'static str,
    /// The text between two values on one line.
    pub(crate) comma: &'static str,
    /// Whether short objects and lists are written on one line although the document has several.
    pub(crate) inline: bool,
    /// Whether there are blanks inside the braces of an object on one line.
    pub(crate) padded: bool,
}

impl Style {
    /// The style of a document: of its first object, and of any collection on one line.
    #[must_use]
    pub(crate) fn of(text: &str, root: &Value<'_>) -> Style {
        let whole = slice(text, root);
        let newline = match (whole.contains("\r\n"), whole.contains('\n')) {
            (true, _) => Some("\r\n"),
            (false, true) => Some("\n"),
            (false, false) => None,
        };
        let mut seen = Seen::default();
        seen.look(text, root);
        Style {
            newline,
            indent: seen.indent.unwrap_or_else(|| INDENT_DEFAULT.to_owned()),
            colon: if seen.tight_colon { ":" } else { ": " },
            comma: if seen.tight_comma.unwrap_or(seen.tight_colon && newline.is_none()) {
                ","
            } else {
                ", "
            },
            inline: seen.inline,
            padded: seen.padded,
        }
    }
}

/// What the parts of a document show.
#[derive(Default)]
struct Seen {
    indent: Option<String>,
    tight_colon: bool,
    tight_comma: Option<bool>,
    inline: bool,
    padded: bool,
}

impl Seen {
    fn look(&mut self, text: &str, value: &Value<'_>) {
        let whole = slice(text, value);
        match value {
            Value::Object(object) => {
                if let Some(first) = object.properties.first() {
                    let between = text.get(first.name.range().end..first.value.range().start);
                    self.tight_colon |= between == Some(":");
                    self.first(text, value, first.range().start);
                }
                self.comma(text, &object.properties);
                self.inline |= object.properties.len() > 1 && !whole.contains('\n');
                self.padded |= !whole.contains('\n') && whole.starts_with("{ ");
                object.properties.iter().for_each(|p| self.look(text, &p.value));
            }
            Value::Array(array) => {
                self.comma(text, &array.elements);
                if let Some(first) = array.elements.first() {
                    self.first(text, value, first.range().start);
                    self.inline |= matches!(first, Value::Object(_)) && !whole.contains('\n');
                }
                array.elements.iter().for_each(|element| self.look(text, element));
            }
            _ => {}
        }
    }

    /// What is between the first two children, if they are on one line.
    fn comma(&mut self, text: &str, children: &[impl Ranged]) {
        if let ([first, second, ..], None) = (children, self.tight_comma) {
            let between = text.get(first.range().end..second.range().start);
            self.tight_comma = between
                .filter(|between| !between.contains('\n'))
                .map(|between| between == ",");
        }
    }

    /// The indentation of a first child, less that of the line on which its parent begins.
    fn first(&mut self, text: &str, parent: &Value<'_>, child: usize) {
        if self.indent.is_some() || !begins_its_line(text, child) {
            return;
        }
        let (outer, inner) = (indentation(text, parent.range().start), indentation(text, child));
        let step = inner.strip_prefix(outer).filter(|step| !step.is_empty());
        self.indent = step.map(str::to_owned);
    }
}

fn slice<'t>(text: &'t str, value: &Value<'_>) -> &'t str {
    let range = value.range();
    text.get(range.start..range.end).unwrap_or_default()
}

/// The blanks that begin the line of `place`.
#[must_use]
pub(super) fn indentation(text: &str, place: usize) -> &str {
    let before = text.get(..place).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = text.get(line..).unwrap_or_default();
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    rest.get(..blanks).unwrap_or_default()
}

/// Whether nothing but blanks is before `place` on its line.
#[must_use]
pub(super) fn begins_its_line(text: &str, place: usize) -> bool {
    let before = text.get(..place).unwrap_or_default();
    before.trim_end_matches([' ', '\t']).ends_with('\n')
}
