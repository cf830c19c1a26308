//! Parameter Store: versions, limits, and reads that lag.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>

use std::collections::{BTreeMap, VecDeque};

use crate::scenario::Ms;

/// A standard parameter holds so many bytes.
const VALUE_BYTES_MAX: usize = 4096;

/// One version of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its text.
    pub text: String,
    /// Counts the writes.
    pub version: i64,
    /// When it was written.
    pub at: Ms,
}

/// Why a write is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterError {
    /// Longer than 4 KB.
    TooLong,
    /// Holds `{{`: SSM takes that for a reference.
    Braces,
}

impl ParameterError {
    /// The error code and the message of SSM.
    #[must_use]
    pub fn parts(self) -> (&'static str, &'static str) {
        match self {
            ParameterError::TooLong => (
                "ValidationException",
                "Standard tier parameters support a maximum parameter value of 4096 characters.",
            ),
            ParameterError::Braces => (
                "ValidationException",
                "Parameter value: can't contain {{ or nested parameters",
            ),
        }
    }
}

/// Parameter Store keeps the last hundred versions; no caller in the simulation needs more than these.
const VERSIONS: usize = 20;

/// The parameters of the account, each with its last versions: the present one, and those before it, the newest first.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    all: BTreeMap<String, (Stored, VecDeque<Stored>)>,
}

impl Parameters {
    pub(super) fn put(&mut self, now: Ms, name: &str, text: &str) -> Result<i64, ParameterError> {
        if text.len() > VALUE_BYTES_MAX {
            return Err(ParameterError::TooLong);
        }
        if text.contains("{{") {
            return Err(ParameterError::Braces);
        }
        let new = |version| Stored {
            text: text.to_owned(),
            version,
            at: now,
        };
        match self.all.get_mut(name) {
            Some((last, before)) => {
                let version = last.version + 1;
                before.push_front(std::mem::replace(last, new(version)));
                before.truncate(VERSIONS);
                Ok(version)
            }
            None => {
                self.all.insert(name.to_owned(), (new(1), VecDeque::new()));
                Ok(1)
            }
        }
    }

    pub(super) fn delete(&mut self, name: &str) -> Option<Stored> {
        self.all.remove(name).map(|(last, _)| last)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Stored> {
        self.all.get(name).map(|(last, _)| last)
    }

    /// The version before the last.
    pub(super) fn before(&self, name: &str) -> Option<&Stored> {
        self.all.get(name).and_then(|(_, before)| before.front())
    }

    /// One version by its number, as far as it is kept.
    pub(super) fn version(&self, name: &str, version: i64) -> Option<&Stored> {
        let (last, before) = self.all.get(name)?;
        let mut kept = std::iter::once(last).chain(before);
        kept.find(|stored| stored.version == version)
    }

    /// All below a path, in the order of their names.
    pub(super) fn below<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a String, &'a Stored)> {
        let start = format!("{path}/");
        let end = start.clone();
        self.all
            .range(start..)
            .take_while(move |(name, _)| name.starts_with(&end))
            .map(|(name, (last, _))| (name, last))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.all.keys()
    }
}
