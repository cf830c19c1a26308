//! Replaced ranges of a text.

use std::ops::Range;

/// A range of the text, in bytes, and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// What is replaced; an empty range inserts.
    pub(crate) range: Range<usize>,
    /// The text that replaces the range.
    pub(crate) text: String,
}

impl Edit {
    /// Writes `text` at `place`.
    pub(crate) fn insert(place: usize, text: String) -> Edit {
        Edit {
            range: place..place,
            text,
        }
    }

    /// Takes `range` out.
    pub(crate) fn delete(range: Range<usize>) -> Edit {
        Edit {
            range,
            text: String::new(),
        }
    }

    /// Whether both could be made in either order with the same result. Two edits that touch are not disjoint: the
    /// order of two insertions at one place would matter.
    fn is_apart_from(&self, other: &Edit) -> bool {
        self.range.end < other.range.start || other.range.end < self.range.start
    }
}

/// Whether all edits of `some` are apart from all of `others`.
pub(crate) fn disjoint(some: &[Edit], others: &[Edit]) -> bool {
    some.iter()
        .all(|one| others.iter().all(|other| one.is_apart_from(other)))
}

/// The text with all edits made. They must not overlap; one that is outside of the text, or inside of another, is left
/// out rather than made wrongly.
#[must_use]
pub(crate) fn apply(text: &str, edits: &[Edit]) -> String {
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    ordered.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for edit in ordered {
        let (Some(kept), true) = (
            text.get(done..edit.range.start),
            text.is_char_boundary(edit.range.end),
        ) else {
            continue;
        };
        out.push_str(kept);
        out.push_str(&edit.text);
        done = edit.range.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}
