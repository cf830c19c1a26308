//! Changes of a document, as edits of its text.

use super::path::{Path, PathStep, find};
use super::splice::Edit;
use super::style::{Style, begins_its_line, indentation};
use super::value::{Json, quoted};
use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;
use std::ops::Range;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The value at the path is this one; missing or null objects on the path are created.
    Set(Path, Json),
    /// The list at the path has this element at its end; the list is made if it is missing or null.
    Append(Path, Json),
    /// The member or element at the path is taken out, with its comma and the blanks before it.
    Remove(Path),
}

/// The edits that make `change`. None if the path leads through a value of another type.
#[must_use]
pub(crate) fn edits(text: &str, root: &Value<'_>, style: &Style, change: &Change) -> Vec<Edit> {
    let writer = Writer { text, root, style };
    match change {
        Change::Set(path, value) => writer.set(path, value.clone()),
        Change::Append(path, value) => writer.append(path, value),
        Change::Remove(path) => writer.remove(path),
    }
}

struct Writer<'a, 't> {
    text: &'a str,
    root: &'a Value<'t>,
    style: &'a Style,
}

/// What surrounds the children of a collection.
struct Children {
    /// The collection with its brackets.
    whole: Range<usize>,
    /// Each child, a member with its name.
    ranges: Vec<Range<usize>>,
}

impl Writer<'_, '_> {
    fn set(&self, path: &Path, value: Json) -> Vec<Edit> {
        if let Some(old) = find(self.root, &path.0) {
            let range = old.range();
            let base = indentation(self.text, range.start);
            let text = value.written(self.style, base);
            return vec![Edit {
                range: range.start..range.end,
                text,
            }];
        }
        let Some((PathStep::Member(name), parent)) = path.0.split_last() else {
            return Vec::new();
        };
        match find(self.root, parent) {
            Some(Value::Object(object)) => {
                let children = Children {
                    whole: range(object),
                    ranges: object.properties.iter().map(range).collect(),
                };
                self.insert(&children, Some(name), &value)
            }
            None | Some(Value::NullKeyword(_)) => {
                self.set(&Path(parent.to_vec()), Json::Object(vec![(name.clone(), value)]))
            }
            Some(_) => Vec::new(),
        }
    }

    fn append(&self, path: &Path, value: &Json) -> Vec<Edit> {
        match find(self.root, &path.0) {
            Some(Value::Array(array)) => {
                let children = Children {
                    whole: range(array),
                    ranges: array.elements.iter().map(range).collect(),
                };
                self.insert(&children, None, value)
            }
            None | Some(Value::NullKeyword(_)) => self.set(path, Json::List(vec![value.clone()])),
            Some(_) => Vec::new(),
        }
    }

    fn remove(&self, path: &Path) -> Vec<Edit> {
        let Some((step, parent)) = path.0.split_last() else {
            return Vec::new();
        };
        match (step, find(self.root, parent)) {
            (PathStep::Member(name), Some(Value::Object(object))) => {
                let ranges: Vec<_> = object.properties.iter().map(range).collect();
                let named = object.properties.iter().rposition(|p| p.name.as_str() == name);
                named.map_or_else(Vec::new, |index| self.remove_child(&ranges, index))
            }
            (PathStep::Element(index), Some(Value::Array(array))) => {
                let ranges: Vec<_> = array.elements.iter().map(range).collect();
                self.remove_child(&ranges, *index)
            }
            _ => Vec::new(),
        }
    }

    /// Inserts a child behind the last one.
    fn insert(&self, children: &Children, name: Option<&str>, value: &Json) -> Vec<Edit> {
        let Some(last) = children.ranges.last() else {
            return self.insert_first(&children.whole, name, value);
        };
        let comma = self.comma_after(last.end);
        let end = comma.unwrap_or(last.end);
        let (before, base) = self.separation(last.start);
        // On the same line nothing may follow a comment that goes to the end of the line.
        let place = if before.contains('\n') {
            self.end_of_comments(end)
        } else {
            end
        };
        let child = self.child(name, value, base);
        let mut edits = Vec::new();
        let text = match comma {
            Some(_) => format!("{before}{child},"),
            None if place == last.end => format!(",{before}{child}"),
            None => {
                edits.push(Edit::insert(last.end, ",".to_owned()));
                format!("{before}{child}")
            }
        };
        edits.push(Edit::insert(place, text));
        edits
    }

    /// Inserts a child where there is none. Comments stay where they are, after it.
    fn insert_first(&self, whole: &Range<usize>, name: Option<&str>, value: &Json) -> Vec<Edit> {
        let base = indentation(self.text, whole.start);
        let inside = whole.start + 1..whole.end.saturating_sub(1);
        let blank = self
            .text
            .get(inside.clone())
            .is_none_or(|text| text.trim().is_empty());
        if !blank {
            return vec![Edit::insert(
                inside.start,
                format!(" {}", self.child(name, value, base)),
            )];
        }
        let pad = if self.style.padded && name.is_some() {
            " "
        } else {
            ""
        };
        let text = format!("{pad}{}{pad}", self.child(name, value, base));
        vec![Edit { range: inside, text }]
    }

    fn child(&self, name: Option<&str>, value: &Json, base: &str) -> String {
        let value = value.written(self.style, base);
        name.map_or_else(
            || value.clone(),
            |name| format!("{}{}{value}", quoted(name), self.style.colon),
        )
    }

    /// What separates a child from the one before it, as the last child has it; and the indentation of its line.
    fn separation(&self, last: usize) -> (String, &str) {
        let base = indentation(self.text, last);
        let newline = self.style.newline.filter(|_| begins_its_line(self.text, last));
        match newline {
            Some(newline) => (format!("{newline}{base}"), base),
            None => (self.style.comma.trim_start_matches(',').to_owned(), base),
        }
    }

    fn remove_child(&self, ranges: &[Range<usize>], index: usize) -> Vec<Edit> {
        let Some(child) = ranges.get(index) else {
            return Vec::new();
        };
        let before = self.text.get(..child.start).unwrap_or_default();
        let start = before.trim_end_matches([' ', '\t', '\r', '\n']).len();
        let own_comma = self.comma_after(child.end);
        let mut edits = vec![Edit::delete(start..child.end)];
        let previous = index.checked_sub(1).and_then(|index| ranges.get(index));
        match (
            own_comma,
            previous.and_then(|previous| self.comma_after(previous.end)),
        ) {
            (Some(end), _) => edits.push(Edit::delete(end - 1..end)),
            (None, Some(end)) => edits.push(Edit::delete(end - 1..end)),
            (None, None) => {}
        }
        edits
    }

    /// The end of the comma that follows `place`, if nothing but blanks and comments is between.
    fn comma_after(&self, place: usize) -> Option<usize> {
        let at = skip_trivia(self.text, place);
        let comma = self.text.get(at..)?.starts_with(',');
        comma.then_some(at + 1)
    }

    /// The end of the comments on the rest of the line of `place`.
    fn end_of_comments(&self, place: usize) -> usize {
        let mut end = place;
        loop {
            let rest = self.text.get(end..).unwrap_or_default();
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            match comment(rest.get(blanks..).unwrap_or_default()) {
                Some(comment) if !comment.contains('\n') => end += blanks + comment.len(),
                _ => return end,
            }
        }
    }
}

fn range(node: &impl Ranged) -> Range<usize> {
    let range = node.range();
    range.start..range.end
}

/// The first place from `place` on that is neither blank nor comment.
fn skip_trivia(text: &str, place: usize) -> usize {
    let mut at = place;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        match comment(trimmed) {
            Some(comment) => at += comment.len(),
            None => return at,
        }
    }
}

/// The comment with which a text begins, without the end of its line.
fn comment(text: &str) -> Option<&str> {
    if text.starts_with("//") {
        let line = text.split(['\n', '\r']).next().unwrap_or(text);
        return Some(line);
    }
    let inner = text.strip_prefix("/*")?;
    let end = inner.find("*/")?;
    text.get(..end + 4)
}
