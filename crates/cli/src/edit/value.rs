//! A value that is to be written.

use super::style::Style;

/// A collection on one line has at most so many characters.
const INLINE_CHARS_MAX: usize = 90;

/// A JSON value in the order in which it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    /// `true` or `false`.
    Flag(bool),
    Number(i64),
    Text(String),
    List(Vec<Json>),
    /// Members by name.
    Object(Vec<(String, Json)>),
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.to_owned())
    }
}

impl Json {
    pub(crate) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
        Json::Object(members.map(|(name, value)| (name.to_owned(), value)).into())
    }

    pub(crate) fn texts<const N: usize>(texts: [&str; N]) -> Json {
        Json::List(texts.map(Json::from).into())
    }

    /// The value as text, for a line that is indented by `base`.
    pub(crate) fn written(&self, style: &Style, base: &str) -> String {
        let line = self.on_one_line(style);
        let short = style.inline && line.chars().count() + base.len() <= INLINE_CHARS_MAX;
        match (style.newline, self) {
            (Some(newline), Json::List(items)) if !items.is_empty() && !short => {
                let inner = format!("{base}{}", style.indent);
                let items = items.iter().map(|item| item.written(style, &inner));
                lines(['[', ']'], items, newline, base, &inner)
            }
            (Some(newline), Json::Object(members)) if !members.is_empty() && !short => {
                let inner = format!("{base}{}", style.indent);
                let members = members.iter().map(|(name, value)| {
                    format!("{}{}{}", quoted(name), style.colon, value.written(style, &inner))
                });
                lines(['{', '}'], members, newline, base, &inner)
            }
            _ => line,
        }
    }

    fn on_one_line(&self, style: &Style) -> String {
        match self {
            Json::Flag(flag) => flag.to_string(),
            Json::Number(number) => number.to_string(),
            Json::Text(text) => quoted(text),
            Json::List(items) => {
                let items: Vec<String> = items.iter().map(|item| item.on_one_line(style)).collect();
                format!("[{}]", items.join(style.comma))
            }
            Json::Object(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, value)| {
                        format!("{}{}{}", quoted(name), style.colon, value.on_one_line(style))
                    })
                    .collect();
                let pad = if style.padded && !members.is_empty() {
                    " "
                } else {
                    ""
                };
                format!("{{{pad}{}{pad}}}", members.join(style.comma))
            }
        }
    }
}

fn lines(
    [open, close]: [char; 2],
    items: impl Iterator<Item = String>,
    newline: &str,
    base: &str,
    inner: &str,
) -> String {
    let items: Vec<String> = items.map(|item| format!("{newline}{inner}{item}")).collect();
    format!("{open}{}{newline}{base}{close}", items.join(","))
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
