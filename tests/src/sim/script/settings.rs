//! Settings of a setup, read as the programs read theirs.

use protector_coordinator::settings::CoordinatorSettings;
use protector_core::hold::state::HoldPolicy;
use protector_core::settings::sidecar::SidecarSettings;
use protector_core::variables::{Problem, Problems};

use super::lexer::SyntaxError;
use super::setting::Setting;
use super::setup::ScriptSetup;
use crate::names::{CLUSTER, GROUP};

impl ScriptSetup {
    /// The coordinator's settings, read as the program reads them.
    pub(crate) fn coordinator(&self) -> Result<CoordinatorSettings, Vec<SyntaxError>> {
        let all = [
            ("PROTECTOR_CLUSTERS".to_owned(), CLUSTER.to_owned()),
            ("PROTECTOR_AUTO_SCALING_GROUPS".to_owned(), GROUP.to_owned()),
        ];
        let all: Vec<(String, String)> = all.into_iter().chain(variables(&self.settings)).collect();
        let read = CoordinatorSettings::read(
            &|name| look_up(&all, name),
            all.iter().map(|(name, _)| name.clone()),
        );
        read.map_err(|problems| wrong_settings(&self.settings, &problems))
    }

    /// What every sidecar is set to.
    pub(crate) fn sidecar(&self) -> Result<HoldPolicy, Vec<SyntaxError>> {
        let all: Vec<(String, String)> = variables(&self.sidecar).collect();
        let read = SidecarSettings::read(
            &|name| look_up(&all, name),
            all.iter().map(|(name, _)| name.clone()),
        );
        read.map(|settings| settings.policy)
            .map_err(|problems| wrong_settings(&self.sidecar, &problems))
    }
}

fn variables(settings: &[Setting]) -> impl Iterator<Item = (String, String)> {
    let variable = |setting: &Setting| (format!("PROTECTOR_{}", setting.name), setting.value.clone());
    settings.iter().map(variable)
}

/// The last of several settings of the same name.
fn look_up(variables: &[(String, String)], name: &str) -> Option<String> {
    let found = variables.iter().rev().find(|(known, _)| known == name);
    found.map(|(_, value)| value.clone())
}

fn wrong_settings(settings: &[Setting], Problems(problems): &Problems) -> Vec<SyntaxError> {
    let made_in = |problem: &Problem| {
        let named = |setting: &&Setting| problem.name.contains(&format!("PROTECTOR_{}", setting.name));
        settings
            .iter()
            .rev()
            .find(named)
            .map_or(0, |setting| setting.line)
    };
    let wrong = |problem: &Problem| SyntaxError {
        line: made_in(problem),
        expected: format!("{}: {}", problem.name, problem.expected),
        found: problem.value.clone(),
    };
    problems.iter().map(wrong).collect()
}
