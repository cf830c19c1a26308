//! The coordinator reads its settings from its environment.

use crate::level::Level;
use crate::policy::Policy;
use crate::variables::{Problems, Reader};

/// Settings that are read once, at start.
#[derive(Debug, Clone)]
pub struct CoordinatorSettings {
    /// The settings by which the coordinator decides.
    pub policy: Policy,
    /// The least level that is logged.
    pub log: Level,
}

impl CoordinatorSettings {
    /// Reads all settings through `lookup`; `given` are the names of all variables that are set.
    ///
    /// # Errors
    /// Every setting that is wrong, and every `PROTECTOR_` variable that is not ours.
    pub fn read(
        lookup: &dyn Fn(&str) -> Option<String>,
        given: impl IntoIterator<Item = String>,
    ) -> Result<CoordinatorSettings, Problems> {
        let lookup = |name: &str| lookup(name).map(|value| without_trace(name, value));
        let mut reader = Reader::new(&lookup);
        let policy = Policy::read(&mut reader);
        let log = reader.choice("LOG", Level::CHOICES, Level::Info);
        reader.refuse_unknown(given);
        let settings = policy.map(|policy| CoordinatorSettings { policy, log });
        reader.finish(settings)?.ok_or(Problems(Vec::new()))
    }
}

/// `trace` was a level that no line had. A function must start that still has it in its environment, and log the same.
fn without_trace(name: &str, value: String) -> String {
    match (name, value.trim()) {
        ("PROTECTOR_LOG", "trace") => Level::Debug.name().to_owned(),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<CoordinatorSettings, Problems> {
        let lookup = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        CoordinatorSettings::read(&lookup, variables.iter().map(|(name, _)| (*name).to_owned()))
    }

    #[test]
    fn all_problems_of_all_kinds_come_together() {
        let problems = read(&[
            ("PROTECTOR_LOG", "loud"),
            ("PROTECTOR_SETTLE", "x"),
            ("PROTECTOR_SETLE", "1s"),
        ])
        .unwrap_err();
        let names: Vec<&str> = problems.0.iter().map(|problem| problem.name.as_str()).collect();
        assert_eq!(names, ["PROTECTOR_SETTLE", "PROTECTOR_LOG", "PROTECTOR_SETLE"]);
    }

    #[test]
    fn the_level_of_earlier_versions_writes_all_lines() {
        assert_eq!(read(&[("PROTECTOR_LOG", "trace")]).unwrap().log, Level::Debug);
        assert!(read(&[("PROTECTOR_PREFIX", "trace"), ("PROTECTOR_LOG", "TRACE")]).is_err());
    }

    #[test]
    fn foreign_variables_are_ignored() {
        assert!(read(&[("AWS_REGION", "eu-west-1"), ("HOME", "/")]).is_ok());
    }
}
