//! The kill switch: the parameter `<prefix>/control`, for people who need everything to stop now.

use serde::Deserialize;

/// What the product may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
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
struct Text {
    mode: Control,
}

impl Control {
    /// Reads the parameter's value.
    ///
    /// # Errors
    /// What is wrong with it. Whoever reads it stays as it is and says so: a typing mistake must not release a fleet.
    pub fn decode(text: &str) -> Result<Self, String> {
        let Text { mode } = serde_json::from_str(text)
            .map_err(|error| format!("expected {{\"mode\":\"on\"|\"observe\"|\"release-all\"}}: {error}"))?;
        Ok(mode)
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
        for wrong in ["", "on", "{}", r#"{"mode":"off"}"#, r#"{"mode":1}"#, "null"] {
            assert!(Control::decode(wrong).is_err(), "{wrong}");
        }
    }
}
