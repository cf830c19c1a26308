//! The file of settings: lines `NAME=VALUE`, as an environment file has them.

use super::error::SimulateError;
use std::collections::BTreeMap;
use std::path::Path;

/// What a setting is called in the environment of either program.
const PREFIX: &str = "PROTECTOR_";

/// Settings of the sidecar that the model knows, and those that make no difference in it.
const SIDECAR: [&str; 5] = [
    "MAX_HOLD",
    "UNKNOWN_GRACE",
    "TERMINATING_GRACE",
    "POLL_INTERVAL",
    "DISABLED",
];

/// Settings that name what is there in the real account only.
const WITHOUT_EFFECT: [&str; 6] = [
    "PARAMETER_PREFIX",
    "CLUSTER",
    "INSTANCE_ID",
    "PROTECTS",
    "LOG",
    "SIDECAR_CONTAINER",
];

/// Settings of both programs, by name without the prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) coordinator: BTreeMap<String, String>,
    pub(crate) sidecar: BTreeMap<String, String>,
    /// Names that were left out, since they make no difference in the model.
    pub(crate) without_effect: Vec<String>,
}

/// Which program the lines are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Coordinator,
    Sidecar,
}

/// Reads the file.
pub(crate) fn read(path: &Path) -> Result<Settings, SimulateError> {
    let text = std::fs::read_to_string(path).map_err(|source| SimulateError::file(path, source))?;
    parse(&text).map_err(|(line, what)| SimulateError::Setting {
        path: path.to_owned(),
        line,
        what,
    })
}

/// Reads the text. The error has the number of the line.
fn parse(text: &str) -> Result<Settings, (usize, String)> {
    let mut settings = Settings::default();
    let mut section = Section::Coordinator;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        match line {
            "[sidecar]" => section = Section::Sidecar,
            "[coordinator]" => section = Section::Coordinator,
            _ if line.is_empty() || line.starts_with('#') => {}
            _ => settings.add(section, line).map_err(|what| (index + 1, what))?,
        }
    }
    Ok(settings)
}

impl Settings {
    fn add(&mut self, section: Section, line: &str) -> Result<(), String> {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or_else(|| expected(line))?;
        let (name, value) = (name.trim(), unquoted(value.trim()));
        let name = name.strip_prefix(PREFIX).unwrap_or(name);
        if name.is_empty() {
            return Err(expected(line));
        }
        if WITHOUT_EFFECT.contains(&name) {
            self.without_effect.push(name.to_owned());
            return Ok(());
        }
        let settings = match section {
            Section::Coordinator => &mut self.coordinator,
            Section::Sidecar if SIDECAR.contains(&name) => &mut self.sidecar,
            Section::Sidecar => return Err(no_such(name)),
        };
        settings.insert(name.to_owned(), value.to_owned());
        Ok(())
    }
}

fn expected(line: &str) -> String {
    format!(
        "{line:?}: expected NAME=VALUE such as PROTECTOR_MAX_DRAIN=45m, [coordinator], [sidecar], or a # comment"
    )
}

fn no_such(name: &str) -> String {
    format!(
        "{PREFIX}{name}: the sidecar has no such setting; there are {}",
        SIDECAR.join(", ")
    )
}

fn unquoted(value: &str) -> &str {
    let inner = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_have_their_prefix_and_sections_part_the_programs() {
        let text = "# production\nPROTECTOR_MAX_DRAIN=45m\nSETTLE = '5s'\nexport PROTECTOR_LOG=debug\n\n[sidecar]\nMAX_HOLD=1h\n[coordinator]\nDAEMON_STOP=\"1m\"\n";
        let settings = parse(text).unwrap();
        let of = |map: &BTreeMap<String, String>| {
            map.iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of(&settings.coordinator),
            ["DAEMON_STOP=1m", "MAX_DRAIN=45m", "SETTLE=5s"]
        );
        assert_eq!(of(&settings.sidecar), ["MAX_HOLD=1h"]);
        assert_eq!(settings.without_effect, ["LOG"]);
    }

    #[test]
    fn a_wrong_line_is_named_with_the_form_that_is_right() {
        let (line, what) = parse("SETTLE=5s\nMAX_DRAIN 45m\n").unwrap_err();
        assert_eq!(line, 2);
        assert!(what.contains("PROTECTOR_MAX_DRAIN=45m"), "{what}");
        let (line, what) = parse("[sidecar]\nMAX_DRAIN=45m\n").unwrap_err();
        assert_eq!(line, 2);
        assert!(what.contains("MAX_HOLD"), "{what}");
    }
}
