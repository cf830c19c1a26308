//! The kill switch: the parameter `<prefix>/control`, for people who need everything to stop now.

use serde::{Deserialize, Serialize};

use crate::limits::{MESSAGE_CHARS_MAX, cut};

/// What the product may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// All that it is for. So it is without the parameter.
    #[default]
    On,
    /// Look and say, and change nothing: no new hold, and no heartbeat, release or completion either.
    Observe,
    /// Every daemon may go at once.
    ReleaseAll,
}

#[derive(Deserialize)]
struct ControlText {
    mode: String,
}

impl Control {
    /// Reads the parameter's value.
    ///
    /// # Errors
    /// What is wrong with it. Whoever reads it stays as it is and says so: a typing mistake must not release a fleet.
    pub fn decode(text: &str) -> Result<Self, String> {
        let expected = |problem: String| {
            let problem = cut(&problem, MESSAGE_CHARS_MAX);
            format!("expected {{\"mode\":\"on\"|\"observe\"|\"release-all\"}}: {problem}")
        };
        // serde would also take a list of the members' values.
        if !text.trim_start().starts_with('{') {
            return Err(expected("not an object".to_owned()));
        }
        let ControlText { mode } = serde_json::from_str(text).map_err(|error| expected(error.to_string()))?;
        [Control::On, Control::Observe, Control::ReleaseAll]
            .into_iter()
            .find(|control| control.name() == mode)
            .ok_or_else(|| expected(format!("unknown mode {mode:?}")))
    }

    /// The mode's name, as logs have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Control::On => "on",
            Control::Observe => "observe",
            Control::ReleaseAll => "release-all",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_modes_and_nothing_else() {
        for mode in [Control::On, Control::Observe, Control::ReleaseAll] {
            assert_eq!(
                Control::decode(&format!(r#"{{"mode":"{}","by":"ana"}}"#, mode.name())),
                Ok(mode)
            );
        }
        for wrong in [
            "",
            "on",
            "{}",
            r#"{"mode":"off"}"#,
            r#"{"mode":1}"#,
            "null",
            r#"["release-all"]"#,
            r#"{"mode":{"release-all":null}}"#,
            r#"{"mode":"on","mode":"release-all"}"#,
        ] {
            assert!(Control::decode(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_long_text_is_quoted_short() {
        let problem = Control::decode(&format!(r#"{{"mode":"{}"}}"#, "x".repeat(9000))).unwrap_err();
        assert!(problem.chars().count() < 600, "{problem}");
    }
}
