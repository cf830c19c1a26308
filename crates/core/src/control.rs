//! The kill switch is the parameter `<prefix>/control`, for people who need everything to stop now.

use serde::{Deserialize, Serialize};

use crate::limits::{MESSAGE_CHARS_MAX, QUOTED_CHARS_MAX, cut};

/// What the product may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// All that it is for. This is the mode without the parameter.
    #[default]
    On,
    /// Observe and log, and change nothing: no new hold, and no heartbeat, release or completion either.
    Observe,
    /// Every daemon may go at once.
    ReleaseAll,
}

/// The kill switch with what its parameter says of the person who set it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KillSwitch {
    /// What the product may do.
    pub control: Control,
    /// Who set the switch, in at most [`QUOTED_CHARS_MAX`] characters.
    pub who: Option<String>,
    /// Why, in at most [`MESSAGE_CHARS_MAX`] characters.
    pub why: Option<String>,
}

#[derive(Deserialize)]
struct ControlText {
    mode: String,
    #[serde(default)]
    who: ReasonText,
    #[serde(default)]
    why: ReasonText,
}

/// A text for people. Anything else in its place is no reason to refuse an order to stop.
#[derive(Default)]
struct ReasonText(Option<String>);

impl<'de> Deserialize<'de> for ReasonText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = value.as_str().map(str::trim).filter(|text| !text.is_empty());
        Ok(ReasonText(text.map(str::to_owned)))
    }
}

impl ReasonText {
    fn within(self, max: usize) -> Option<String> {
        self.0.map(|text| cut(&text, max))
    }
}

impl KillSwitch {
    /// Reads the parameter's value: `{"mode":"release-all","who":"ana","why":"ticket 7"}`, where `who` and `why` may be
    /// left out.
    ///
    /// # Errors
    /// What is wrong with it. A reader keeps its state and logs the error: a typing mistake must not release a fleet.
    pub fn decode(text: &str) -> Result<Self, String> {
        let expected = |problem: String| {
            let problem = cut(&problem, MESSAGE_CHARS_MAX);
            format!("expected {{\"mode\":\"on\"|\"observe\"|\"release-all\"}}: {problem}")
        };
        // serde would also take a list of the members' values.
        if !text.trim_start().starts_with('{') {
            return Err(expected("not an object".to_owned()));
        }
        let read: ControlText = serde_json::from_str(text).map_err(|error| expected(error.to_string()))?;
        let mut modes = [Control::On, Control::Observe, Control::ReleaseAll].into_iter();
        let control = modes
            .find(|control| control.name() == read.mode)
            .ok_or_else(|| expected(format!("unknown mode {:?}", read.mode)))?;
        Ok(KillSwitch {
            control,
            who: read.who.within(QUOTED_CHARS_MAX),
            why: read.why.within(MESSAGE_CHARS_MAX),
        })
    }

    /// Returns in words who set the switch and why; nothing if the parameter does not say.
    #[must_use]
    pub fn by(&self) -> Option<String> {
        match (&self.who, &self.why) {
            (None, None) => None,
            (Some(who), None) => Some(format!("by {who}")),
            (None, Some(why)) => Some(format!("because: {why}")),
            (Some(who), Some(why)) => Some(format!("by {who}: {why}")),
        }
    }
}

impl From<Control> for KillSwitch {
    fn from(control: Control) -> Self {
        Self {
            control,
            who: None,
            why: None,
        }
    }
}

impl Control {
    /// Reads the mode alone.
    pub fn decode(text: &str) -> Result<Self, String> {
        KillSwitch::decode(text).map(|switch| switch.control)
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

/// What a run of the coordinator may do: the setting `DRY_RUN` and the kill switch together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The setting: everything is observed, planned and logged, and nothing is changed.
    DryRun,
    /// What the kill switch says.
    #[serde(untagged)]
    Switch(Control),
}

impl Mode {
    /// The mode of a run with this setting and this kill switch: the setting is the stronger one.
    #[must_use]
    pub fn of(dry_run: bool, control: Control) -> Mode {
        match dry_run {
            true => Mode::DryRun,
            false => Mode::Switch(control),
        }
    }

    /// The mode's name, as logs have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Mode::DryRun => "dry-run",
            Mode::Switch(control) => control.name(),
        }
    }

    /// Returns whether a drain, its record or its hook may be changed.
    #[must_use]
    pub fn changes_drains(self) -> bool {
        match self {
            Mode::DryRun | Mode::Switch(Control::Observe) => false,
            Mode::Switch(Control::On | Control::ReleaseAll) => true,
        }
    }

    /// Returns whether a beacon may be written. It changes no drain, and says that the kill switch was read.
    #[must_use]
    pub fn writes_beacons(self) -> bool {
        self != Mode::DryRun
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_writes_nothing_and_observe_writes_the_beacon_alone() {
        for (dry_run, control, name, changes, beacons) in [
            (false, Control::On, "on", true, true),
            (false, Control::ReleaseAll, "release-all", true, true),
            (false, Control::Observe, "observe", false, true),
            (true, Control::On, "dry-run", false, false),
            (true, Control::ReleaseAll, "dry-run", false, false),
            (true, Control::Observe, "dry-run", false, false),
        ] {
            let mode = Mode::of(dry_run, control);
            let seen = (mode.name(), mode.changes_drains(), mode.writes_beacons());
            assert_eq!(seen, (name, changes, beacons), "{mode:?}");
            assert_eq!(serde_json::to_value(mode).unwrap(), name);
        }
    }

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
    fn who_and_why_are_remarks_that_no_order_depends_on() {
        let read = |text: &str| KillSwitch::decode(text).unwrap();
        let said = |who: Option<&str>, why: Option<&str>| KillSwitch {
            control: Control::ReleaseAll,
            who: who.map(str::to_owned),
            why: why.map(str::to_owned),
        };
        for (members, switch, words) in [
            ("", said(None, None), None),
            (r#","who":"ana""#, said(Some("ana"), None), Some("by ana")),
            (
                r#","why":"fire""#,
                said(None, Some("fire")),
                Some("because: fire"),
            ),
            (
                r#","why":"fire","who":" ana ","at":1"#,
                said(Some("ana"), Some("fire")),
                Some("by ana: fire"),
            ),
            (r#","who":7,"why":["fire"]"#, said(None, None), None),
            (r#","who":"","why":null"#, said(None, None), None),
        ] {
            let text = format!(r#"{{"mode":"release-all"{members}}}"#);
            assert_eq!(read(&text), switch, "{text}");
            assert_eq!(switch.by().as_deref(), words, "{text}");
        }
        let long = read(&format!(r#"{{"mode":"on","why":"{}"}}"#, "x".repeat(9000)));
        assert_eq!(long.why.map(|why| why.chars().count()), Some(MESSAGE_CHARS_MAX));
    }

    #[test]
    fn a_long_text_is_quoted_short() {
        let problem = Control::decode(&format!(r#"{{"mode":"{}"}}"#, "x".repeat(9000))).unwrap_err();
        assert!(problem.chars().count() < 600, "{problem}");
    }
}
