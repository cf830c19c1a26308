//! A plan says to people why it decides as it does.

use std::fmt;

use serde::{Serialize, Serializer};

/// One sentence about why a plan is as it is. Log lines show it as [`Remark::Display`](fmt::Display) does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// The drain goes its usual way.
    Note(String),
    /// A person should look at it: a setting that cannot be kept, or protection that was lost.
    Warning(String),
}

impl Remark {
    /// Returns whether a person should look at it. The log line then has the level `warn`.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        matches!(self, Remark::Warning(_))
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remark::Note(text) => f.write_str(text),
            Remark::Warning(text) => write!(f, "warning: {text}"),
        }
    }
}

impl Serialize for Remark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The remarks of a plan in one text.
#[must_use]
pub fn joined(remarks: &[Remark]) -> String {
    let texts: Vec<String> = remarks.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_warning_is_marked_as_one() {
        let note = Remark::Note("warning signs are no warning".to_owned());
        let warning = Remark::Warning("the hook waits".to_owned());
        assert!(!note.is_warning() && warning.is_warning());
        assert_eq!(
            serde_json::to_string(&[note.clone(), warning.clone()]).unwrap(),
            r#"["warning signs are no warning","warning: the hook waits"]"#
        );
        assert_eq!(
            joined(&[note, warning]),
            "warning signs are no warning; warning: the hook waits"
        );
    }
}
