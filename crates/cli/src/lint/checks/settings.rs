//! The sidecar's settings, by the sidecar's own parser.

use crate::lint::context::Guarded;
use crate::lint::finding::Finding;
use crate::lint::rules::RuleId;
use protector_core::hold::state::HoldPolicy;
use protector_core::variables::{Problem, VARIABLE_PREFIX};

/// Values of settings.
pub(super) fn check(guarded: &Guarded<'_, '_>) -> Vec<Finding> {
    let problems = guarded.settings.problems();
    let mut found: Vec<Finding> = problems.iter().map(|problem| wrong(guarded, problem)).collect();
    found.extend(protects(guarded));
    found.extend(disabled(guarded));
    found.extend(grace(guarded));
    found.extend(prefix(guarded));
    found
}

/// A finding at the value of a setting.
fn at_setting(guarded: &Guarded<'_, '_>, rule: RuleId, name: &str, text: impl Into<String>) -> Finding {
    match guarded.settings.get(name) {
        Some(given) => match &given.value {
            Some(value) => guarded.at(rule, value, text),
            None => guarded.at(rule, &given.entry, text),
        },
        None => guarded.missing(rule, &["environment"], text),
    }
}

fn wrong(guarded: &Guarded<'_, '_>, problem: &Problem) -> Finding {
    // Of two settings that contradict each other the first one is shown.
    let name = problem.name.split(" and ").next().unwrap_or(&problem.name);
    let name = name.strip_prefix(VARIABLE_PREFIX).unwrap_or(name);
    at_setting(guarded, RuleId::Settings, name, problem.to_string())
}

fn protects(guarded: &Guarded<'_, '_>) -> Vec<Finding> {
    let is_there = |name: &String| guarded.others.iter().any(|container| container.name == name);
    let lost = guarded
        .settings
        .protects()
        .into_iter()
        .filter(|name| !is_there(name));
    let finding = |name: String| {
        let text = if name == guarded.sidecar.name {
            format!("PROTECTOR_PROTECTS names the sidecar itself ({name}): it protects other containers")
        } else {
            format!("PROTECTOR_PROTECTS names {name}, which is no container of this task")
        };
        at_setting(guarded, RuleId::ProtectsNames, "PROTECTS", text)
    };
    lost.map(finding).collect()
}

fn disabled(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let text =
        "PROTECTOR_DISABLED is true: on SIGTERM the sidecar leaves at once, and nothing holds the daemon";
    guarded
        .settings
        .is_disabled()
        .then(|| at_setting(guarded, RuleId::Enabled, "DISABLED", text))
}

fn grace(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let grace = guarded.settings.unknown_grace()?;
    let usual = HoldPolicy::default().unknown_grace;
    let text = format!(
        "PROTECTOR_UNKNOWN_GRACE is {} s: every deployment of the daemon waits that long on every instance",
        grace.as_secs()
    );
    (grace > usual).then(|| at_setting(guarded, RuleId::UnknownGrace, "UNKNOWN_GRACE", text))
}

fn prefix(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let expected = guarded.expected.prefix.as_ref()?;
    let own = guarded.settings.prefix()?.prefix;
    let text = format!("PROTECTOR_PARAMETER_PREFIX is {own}, and the coordinator writes below {expected}");
    (own != *expected).then(|| at_setting(guarded, RuleId::Prefix, "PARAMETER_PREFIX", text))
}
