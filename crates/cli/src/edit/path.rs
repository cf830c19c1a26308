//! Where a value is in a document.

use jsonc_parser::ast::Value;
use std::fmt;

/// One step from a value to one inside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PathStep {
    Member(String),
    /// An element of an array, counted from 0.
    Element(usize),
}

/// The steps from the root of a document to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Path(pub(crate) Vec<PathStep>);

impl Path {
    /// The path of a member of this object.
    #[must_use]
    pub(crate) fn member(&self, name: &str) -> Path {
        self.with(PathStep::Member(name.to_owned()))
    }

    /// The path of an element of this array.
    #[must_use]
    pub(crate) fn element(&self, index: usize) -> Path {
        self.with(PathStep::Element(index))
    }

    #[must_use]
    pub(crate) fn members(&self, names: &[&str]) -> Path {
        names.iter().fold(self.clone(), |path, name| path.member(name))
    }

    fn with(&self, step: PathStep) -> Path {
        let mut steps = self.0.clone();
        steps.push(step);
        Path(steps)
    }

    /// What is left of this path below `base`; all of it if it is not below `base`.
    #[must_use]
    pub(crate) fn below(&self, base: &Path) -> Path {
        Path(self.0.strip_prefix(base.0.as_slice()).unwrap_or(&self.0).to_vec())
    }
}

/// A JSON pointer (RFC 6901).
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.0 {
            match step {
                PathStep::Member(name) => write!(f, "/{}", name.replace('~', "~0").replace('/', "~1"))?,
                PathStep::Element(index) => write!(f, "/{index}")?,
            }
        }
        Ok(())
    }
}

/// The value at `path`, if there is one. Of members with one name the last counts, as for other readers of JSON.
#[must_use]
pub(crate) fn find<'v, 't>(root: &'v Value<'t>, path: &[PathStep]) -> Option<&'v Value<'t>> {
    let Some((step, rest)) = path.split_first() else {
        return Some(root);
    };
    let next = match (step, root) {
        (PathStep::Member(name), Value::Object(object)) => {
            let named = object.properties.iter().rev().find(|p| p.name.as_str() == name);
            &named?.value
        }
        (PathStep::Element(index), Value::Array(array)) => array.elements.get(*index)?,
        _ => return None,
    };
    find(next, rest)
}
