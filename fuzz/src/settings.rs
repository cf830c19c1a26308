//! The settings of both programs.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use protector_core::ids::InstanceKey;
use protector_core::limits::{CUT_MARK, DURATION_MAX, DURATION_MIN, QUOTED_CHARS_MAX, cut};
use protector_core::record::ParameterPrefix;
use protector_core::settings::{coordinator, sidecar};
use protector_core::variables::{Problem, Problems, VARIABLE_PREFIX};

type Variables = BTreeMap<String, String>;

/// The coordinator's settings, one `NAME=value` a line (U+0001 in a value is a line feed): read, or every problem with
/// name, value and what was expected.
pub fn coordinator_settings(data: &[u8]) {
    let variables = variables(data);
    let read = |variables: &Variables| {
        coordinator::CoordinatorSettings::read(
            &|name| variables.get(name).cloned(),
            variables.keys().cloned(),
        )
    };
    let result = read(&variables);
    assert_problems(&variables, result.as_ref().err());
    let bare = without_blanks(&variables, result.as_ref().err());
    assert_eq!(
        format!("{result:?}"),
        format!("{:?}", read(&bare)),
        "a blank value is a default"
    );
    let Ok(coordinator::CoordinatorSettings { policy, log }) = result else {
        return;
    };
    let durations = [
        policy.max_drain,
        policy.daemon_stop,
        policy.settle,
        policy.agent_lost,
    ];
    durations
        .into_iter()
        .chain(policy.stop_tasks_after)
        .for_each(assert_duration);
    assert!(policy.settle < policy.max_drain);
    assert!(policy.flush() >= policy.daemon_stop);
    assert!(policy.tiers.of(None) < policy.tiers.count());
    assert_prefix(&policy.prefix);
    assert_said_of_level(log.name());
}

/// The sidecar's settings, in the same form.
pub fn sidecar_settings(data: &[u8]) {
    let variables = variables(data);
    let read = |variables: &Variables| {
        sidecar::SidecarSettings::read(&|name| variables.get(name).cloned(), variables.keys().cloned())
    };
    let result = read(&variables);
    assert_problems(&variables, result.as_ref().err());
    let bare = without_blanks(&variables, result.as_ref().err());
    assert_eq!(result, read(&bare), "a blank value is a default");
    let Ok(settings) = result else {
        return;
    };
    let policy = settings.policy;
    [
        policy.poll_interval,
        policy.max_hold,
        policy.unknown_grace,
        policy.terminating_grace,
    ]
    .into_iter()
    .for_each(assert_duration);
    assert_prefix(&settings.prefix);
    assert_said_of_level(settings.log.name());
}

fn variables(data: &[u8]) -> Variables {
    let text = String::from_utf8_lossy(data);
    let line = |line: &str| {
        let (name, value) = line.split_once('=')?;
        Some((name.to_owned(), value.replace('\u{1}', "\n")))
    };
    text.split('\n').filter_map(line).collect()
}

fn is_unknown(problem: &Problem) -> bool {
    problem.expected.starts_with("no such setting")
}

/// Two settings of ours that contradict each other, each by its name.
fn is_contradiction(problem: &Problem) -> bool {
    let mut names = problem.name.split(" and ");
    !is_unknown(problem) && names.clone().count() == 2 && names.all(|name| name.starts_with(VARIABLE_PREFIX))
}

/// Returns whether the problem names this variable and its value, each whole or cut.
fn is_reported((name, value): (&String, &String), problem: &Problem) -> bool {
    let kept = problem.value.strip_suffix(CUT_MARK).unwrap_or(&problem.value);
    name.starts_with(VARIABLE_PREFIX) && cut(name, QUOTED_CHARS_MAX) == problem.name && value.contains(kept)
}

/// All wrong settings are reported, each in a text of bounded length, and nothing else is.
fn assert_problems(variables: &Variables, problems: Option<&Problems>) {
    let Some(Problems(problems)) = problems else {
        return;
    };
    assert!(!problems.is_empty(), "refused, and nothing is wrong");
    for problem in problems {
        let words = problem.to_string();
        super::assert_said(&words);
        assert!(
            words.contains(&problem.name) && words.ends_with(&problem.expected),
            "{words}"
        );
        assert!(
            is_contradiction(problem) || variables.iter().any(|given| is_reported(given, problem)),
            "no setting gave it: {words}"
        );
    }
    let mut names: Vec<&str> = problems
        .iter()
        .filter(|one| is_unknown(one))
        .map(|one| one.name.as_str())
        .collect();
    let reported = names.len();
    names.dedup();
    assert!(
        names.len() == reported || names.iter().any(|name| name.ends_with(CUT_MARK)),
        "reported twice: {names:?}"
    );
}

/// The same, without known settings whose value is blank.
fn without_blanks(variables: &Variables, problems: Option<&Problems>) -> Variables {
    let unknown = |name: &str| {
        let reported = problems.iter().flat_map(|problems| &problems.0);
        reported
            .filter(|problem| is_unknown(problem))
            .any(|problem| cut(name, QUOTED_CHARS_MAX) == problem.name)
    };
    let mut bare = variables.clone();
    bare.retain(|name, value| !value.trim().is_empty() || unknown(name));
    bare
}

fn assert_duration(duration: SignedDuration) {
    assert!((DURATION_MIN..=DURATION_MAX).contains(&duration), "{duration:?}");
}

/// A prefix is itself again, and the names below it lead back to their instance.
fn assert_prefix(prefix: &ParameterPrefix) {
    assert_eq!(prefix.to_string().parse().as_ref(), Ok(prefix));
    if let (Ok(cluster), Ok(instance)) = ("prod".parse(), "i-0123456789abcdef0".parse()) {
        let key = InstanceKey { cluster, instance };
        let name = prefix.record_name(&key);
        assert_eq!(prefix.key_of(&name), Some(key));
        assert!(name.split('/').count() <= 16, "SSM takes 15 levels: {name}");
    }
}

fn assert_said_of_level(name: &str) {
    assert!(["debug", "info", "warn", "error"].contains(&name));
}
