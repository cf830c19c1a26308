//! A text that `register-task-definition` takes.

use crate::edit::{Change, Path, apply, find};
use crate::lint::{DESCRIBED_ONLY, DefinitionForm, Document, Unreadable};
use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;

/// A text that can be registered.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) text: String,
    /// Whether the definition was taken out of the output of `describe-task-definition`.
    pub(crate) unwrapped: bool,
    /// The members that were dropped, each as a JSON pointer.
    pub(crate) dropped: Vec<String>,
    /// Whether comments or trailing commas are left, which the AWS CLI does not take.
    pub(crate) is_jsonc: bool,
}

/// Drops what describing a definition adds, and members that are null.
pub(crate) fn ready(text: &str) -> Result<Ready, Unreadable> {
    let (mut text, unwrapped) = unwrapped(text)?;
    let mut dropped = Vec::new();
    // Each round makes the text shorter.
    loop {
        let document = Document::parse(&text)?;
        let Some(path) = superfluous(&document.root) else {
            break;
        };
        dropped.push(path.to_string());
        text = apply(&text, &document.edits(&Change::Remove(path)));
    }
    let is_jsonc = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err();
    Ok(Ready {
        text,
        unwrapped,
        dropped,
        is_jsonc,
    })
}

/// The definition alone, with the tags that were described beside it.
fn unwrapped(text: &str) -> Result<(String, bool), Unreadable> {
    let document = Document::parse(text)?;
    let slice = |path: &Path| {
        let range = find(&document.root, &path.0).map(Ranged::range)?;
        text.get(range.start..range.end)
    };
    let definition =
        slice(&document.layout.definition).filter(|_| document.layout.form == DefinitionForm::Described);
    let Some(definition) = definition else {
        return Ok((text.to_owned(), false));
    };
    let root = Path::default();
    let tags = find(&document.root, &root.member("tags").0).and_then(Value::as_array);
    let tags = tags
        .filter(|tags| !tags.elements.is_empty())
        .and_then(|_| slice(&root.member("tags")));
    let own = find(&document.root, &document.layout.definition.member("tags").0);
    let text = match (tags, definition.strip_prefix('{')) {
        (Some(tags), Some(rest)) if own.is_none() => format!("{{\"tags\": {tags},{rest}"),
        _ => definition.to_owned(),
    };
    Ok((text + "\n", true))
}

/// The first member that must go.
fn superfluous(root: &Value<'_>) -> Option<Path> {
    let whole = Path::default();
    let object = root.as_object();
    let described = DESCRIBED_ONLY
        .iter()
        .find(|name| object.is_some_and(|object| object.get(name).is_some()));
    described
        .map(|name| whole.member(name))
        .or_else(|| null(root, &whole))
}

fn null(value: &Value<'_>, path: &Path) -> Option<Path> {
    match value {
        Value::Object(object) => object.properties.iter().find_map(|property| {
            let path = path.member(property.name.as_str());
            match property.value {
                Value::NullKeyword(_) => Some(path),
                _ => null(&property.value, &path),
            }
        }),
        Value::Array(array) => {
            let mut elements = array.elements.iter().enumerate();
            elements.find_map(|(index, element)| null(element, &path.element(index)))
        }
        _ => None,
    }
}
