//! Settings of the environment are read through one closure, and all problems are reported together.
//!
//! Every setting is called `PROTECTOR_<NAME>`. An empty value means "use the default", because a CloudFormation
//! parameter that is left empty becomes an empty environment variable.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;

use crate::limits::{DURATION_MAX, DURATION_MIN, MESSAGE_CHARS_MAX, QUOTED_CHARS_MAX, cut};
use crate::plural::counted;

/// What each setting's name starts with.
pub const VARIABLE_PREFIX: &str = "PROTECTOR_";

/// One wrong setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Full name of the variable; two names joined by "and" if two settings contradict one another. A name that is none
    /// of ours is cut to a length that is safe to log.
    pub name: String,
    /// The value as given, cut likewise.
    pub value: String,
    /// The value that was expected instead.
    pub expected: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={:?}: expected {}", self.name, self.value, self.expected)
    }
}

/// All wrong settings of one start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", counted(self.0.len(), "invalid setting"))?;
        self.0.iter().try_for_each(|p| write!(f, "; {p}"))
    }
}

/// Reads settings and collects what is wrong with them.
pub struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<Problem>,
    known: BTreeSet<String>,
    removed: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    /// Reads through `lookup`: the environment in a program, a map in a test.
    #[must_use]
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            lookup,
            problems: Vec::new(),
            known: BTreeSet::new(),
            removed: BTreeSet::new(),
        }
    }

    /// The text of a setting, if it is given and not empty.
    fn text(&mut self, name: &str) -> Option<(String, String)> {
        let variable = format!("{VARIABLE_PREFIX}{name}");
        let value = (self.lookup)(&variable).map(|v| v.trim().to_owned());
        self.known.insert(variable.clone());
        value.filter(|v| !v.is_empty()).map(|v| (variable, v))
    }

    /// Returns whether the setting is given. Then it was meant: a default that contradicts another setting is not a
    /// mistake of the operator.
    #[must_use]
    pub fn is_given(&self, name: &str) -> bool {
        let value = (self.lookup)(&format!("{VARIABLE_PREFIX}{name}"));
        value.is_some_and(|value| !value.trim().is_empty())
    }

    /// A setting read by its type's own parser, whose error says what was expected.
    pub fn parsed<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let (variable, value) = self.text(name)?;
        let parsed = value.parse().ok();
        if parsed.is_none() {
            self.wrong(variable, value, expected);
        }
        parsed
    }

    /// A comma-separated list of values; empty if not given.
    pub fn list<T: FromStr>(&mut self, name: &str, expected: &str) -> Vec<T> {
        let Some((variable, value)) = self.text(name) else {
            return Vec::new();
        };
        let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
        let parsed: Result<Vec<T>, _> = items.map(str::parse).collect();
        parsed.unwrap_or_else(|_| {
            self.wrong(
                variable,
                value,
                &format!("a comma-separated list, each {expected}"),
            );
            Vec::new()
        })
    }

    /// A duration written for people (`90s`, `15m`, `1h30m`), from 1 s to 48 h.
    pub fn duration(&mut self, name: &str, default: SignedDuration) -> SignedDuration {
        let Some((variable, value)) = self.text(name) else {
            return default;
        };
        match value.parse::<SignedDuration>() {
            Ok(d) if (DURATION_MIN..=DURATION_MAX).contains(&d) => d,
            _ => {
                self.wrong(
                    variable,
                    value,
                    "a duration such as 90s, 15m or 1h30m, from 1s to 48h",
                );
                default
            }
        }
    }

    /// The same, for a setting that may be switched off with `0s`.
    pub fn duration_or_zero(&mut self, name: &str, default: SignedDuration) -> SignedDuration {
        let zero = |(_, value): (String, String)| value.parse().ok() == Some(SignedDuration::ZERO);
        match self.text(name).is_some_and(zero) {
            true => SignedDuration::ZERO,
            false => self.duration(name, default),
        }
    }

    /// The same, for a setting that may be left out.
    pub fn optional_duration(&mut self, name: &str) -> Option<SignedDuration> {
        self.text(name)?;
        Some(self.duration(name, DURATION_MIN))
    }

    /// `true` or `false`; false if not given.
    pub fn flag(&mut self, name: &str) -> bool {
        let Some((variable, value)) = self.text(name) else {
            return false;
        };
        match value.to_ascii_lowercase().as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => {
                self.wrong(variable, value, "true or false");
                false
            }
        }
    }

    /// One of a few words, the first of which is the default.
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)], default: T) -> T {
        let Some((variable, value)) = self.text(name) else {
            return default;
        };
        let found = choices.iter().find(|(word, _)| *word == value);
        found.map(|(_, choice)| *choice).unwrap_or_else(|| {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            self.wrong(variable, value, &format!("one of {}", words.join(", ")));
            default
        })
    }

    /// Two settings that cannot both hold.
    pub fn contradiction(&mut self, names: [&str; 2], values: [&str; 2], expected: &str) {
        let name = names.map(|n| format!("{VARIABLE_PREFIX}{n}")).join(" and ");
        self.wrong(name, values.join(" and "), expected);
    }

    /// A value that is well formed and still cannot be taken.
    pub fn refuse(&mut self, name: &str, value: &str, expected: &str) {
        self.wrong(format!("{VARIABLE_PREFIX}{name}"), value.to_owned(), expected);
    }

    /// Reports a setting of an earlier version if it is still given; `instead` says what to use in its place.
    pub fn refuse_removed(&mut self, name: &str, instead: &str) {
        let variable = format!("{VARIABLE_PREFIX}{name}");
        let value = (self.lookup)(&variable).unwrap_or_default().trim().to_owned();
        self.removed.insert(variable.clone());
        if !value.is_empty() {
            self.wrong(variable, value, instead);
        }
    }

    /// Reports each variable of ours in `given` that nothing has read: a misspelt setting must not be ignored silently.
    pub fn refuse_unknown(&mut self, given: impl IntoIterator<Item = String>) {
        let unknown: Vec<String> = given
            .into_iter()
            .filter(|n| {
                n.starts_with(VARIABLE_PREFIX) && !self.known.contains(n) && !self.removed.contains(n)
            })
            .collect();
        let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
        let expected = format!("no such setting; there are {}", known.join(", "));
        for name in unknown {
            let value = (self.lookup)(&name).unwrap_or_default();
            self.wrong(cut(&name, QUOTED_CHARS_MAX), value, &expected);
        }
    }

    fn wrong(&mut self, name: String, value: String, expected: &str) {
        self.problems.push(Problem {
            name,
            value: cut(&value, MESSAGE_CHARS_MAX),
            expected: expected.to_owned(),
        });
    }

    /// Returns `value` if nothing was wrong.
    ///
    /// # Errors
    /// All problems that were met.
    pub fn finish<T>(self, value: T) -> Result<T, Problems> {
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(Problems(self.problems))
        }
    }
}

#[cfg(test)]
mod tests;
