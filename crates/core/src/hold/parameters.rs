//! Parameter Store answers for each name with a text, or says that there is no such parameter.

use std::collections::BTreeMap;

/// What Parameter Store returned for the names that it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters(BTreeMap<String, Option<String>>);

impl Parameters {
    /// One more answer: the parameter's text, or nothing if there is no such parameter.
    pub fn insert(&mut self, name: &str, text: Option<String>) {
        self.0.insert(name.to_owned(), text);
    }

    /// Takes over all answers of another call.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The text of a parameter, or nothing in it if there is no such parameter. Nothing at all if Parameter Store gave
    /// no answer, which is no absence (promise P2).
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Option<&str>> {
        self.0.get(name).map(Option::as_deref)
    }
}

impl FromIterator<(String, Option<String>)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (String, Option<String>)>>(answers: I) -> Self {
        Self(answers.into_iter().collect())
    }
}
