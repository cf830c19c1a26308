//! Durations that must fit together: those of the sidecar, of the daemon, and of the coordinator.

use crate::edit::{Change, Json};
use crate::lint::context::{Expectations, Guarded, about};
use crate::lint::finding::Finding;
use crate::lint::model::{Container, Placed};
use crate::lint::rules::{RuleId, Severity};
use jiff::SignedDuration;
use protector_core::hold::state::HoldPolicy;
use protector_core::limits::{DURATION_MAX, DURATION_MIN, TICK_AND_DELAY};

/// What the agent takes for a `stopTimeout` that is not given, in seconds (agent source, `agent/config`).
pub(super) const STOP_TIMEOUT_DEFAULT: i64 = 30;

/// The written `stopTimeout` is longer than `MAX_HOLD` by this: the sidecar ends by itself, and says why.
const STOP_TIMEOUT_SPARE: SignedDuration = SignedDuration::from_mins(5);

/// `stopTimeout`, `MAX_HOLD`, and the daemons' time to flush.
pub(super) fn check(guarded: &Guarded<'_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(hold) = guarded.settings.max_hold() {
        found.extend(stop_timeout(guarded, hold));
        found.extend(max_hold(guarded, hold));
    }
    found.extend(
        guarded
            .others
            .iter()
            .filter_map(|container| flush(container, guarded.expected)),
    );
    found
}

fn stop_timeout(guarded: &Guarded<'_, '_>, hold: SignedDuration) -> Option<Finding> {
    let given = guarded
        .sidecar
        .members
        .number("stopTimeout")
        .map(|timeout| timeout.value);
    let timeout = given.unwrap_or(STOP_TIMEOUT_DEFAULT);
    let seconds = hold.as_secs();
    if timeout > seconds {
        return None;
    }
    let default = if given.is_none() { ", the default," } else { "" };
    let text = format!(
        "stopTimeout must be above PROTECTOR_MAX_HOLD ({seconds} s): after {timeout} s{default} the agent kills the sidecar, \
         whatever the record says"
    );
    let path = guarded.sidecar.members.path.member("stopTimeout");
    let finding = guarded.member(RuleId::StopTimeout, &["stopTimeout"], text);
    Some(finding.fixed_by(Change::Set(path, Json::Number(stop_timeout_for(hold)))))
}

/// The `stopTimeout` that goes with a longest hold, in seconds.
pub(crate) fn stop_timeout_for(hold: SignedDuration) -> i64 {
    (hold + STOP_TIMEOUT_SPARE).as_secs()
}

fn max_hold(guarded: &Guarded<'_, '_>, hold: SignedDuration) -> Option<Finding> {
    let expected = guarded.expected;
    let needed = hold_needed(expected);
    if hold >= needed {
        return None;
    }
    let guess = if expected.max_drain_is_known {
        ""
    } else {
        ", a guess: --max-drain says what it is"
    };
    let text = format!(
        "PROTECTOR_MAX_HOLD ({} s) must be at least {} s: the coordinator's MAX_DRAIN ({} s{guess}), and for each tier ({}) \
         DAEMON_STOP ({} s) and a late tick ({} s)",
        hold.as_secs(),
        needed.as_secs(),
        expected.max_drain.as_secs(),
        expected.tiers,
        expected.daemon_stop.as_secs(),
        TICK_AND_DELAY.as_secs(),
    );
    let given = guarded.settings.get("MAX_HOLD");
    let mut finding = match given.and_then(|given| given.value.as_ref()) {
        Some(value) => guarded.at(RuleId::MaxHold, value, text),
        None => guarded.missing(RuleId::MaxHold, &["environment"], text),
    };
    finding.severity = if expected.max_drain_is_known {
        Severity::Error
    } else {
        Severity::Warning
    };
    let change = hold_for(expected).map(|hold| set_variable(guarded, "PROTECTOR_MAX_HOLD", &written(hold)));
    Some(match change {
        Some(change) => finding.fixed_by(change),
        None => finding,
    })
}

/// The longest drain, and for each tier its flush and a late tick.
pub(crate) fn hold_needed(expected: &Expectations) -> SignedDuration {
    expected.max_drain + (expected.daemon_stop + TICK_AND_DELAY) * expected.tiers
}

/// The `MAX_HOLD` to write: the default if that is enough, else what is needed in whole minutes. None if no setting is
/// long enough.
pub(crate) fn hold_for(expected: &Expectations) -> Option<SignedDuration> {
    let minutes = (hold_needed(expected).as_secs() + 59) / 60;
    let hold = SignedDuration::from_mins(minutes).max(HoldPolicy::default().max_hold);
    (DURATION_MIN..=DURATION_MAX).contains(&hold).then_some(hold)
}

/// A duration as a setting is written, such as `1h30m`.
pub(crate) fn written(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    let parts = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    parts.map(|(number, unit)| format!("{number}{unit}")).collect()
}

/// The change that gives the sidecar a variable of this value.
pub(crate) fn set_variable(guarded: &Guarded<'_, '_>, name: &str, value: &str) -> Change {
    let bare = name
        .strip_prefix(protector_core::variables::VARIABLE_PREFIX)
        .unwrap_or(name);
    match guarded.settings.get(bare) {
        Some(given) if given.value.is_some() => Change::Set(given.entry.path.member("value"), value.into()),
        _ => {
            let entry = Json::object([("name", name.into()), ("value", value.into())]);
            Change::Append(guarded.settings.environment().clone(), entry)
        }
    }
}

/// After the release the coordinator waits `DAEMON_STOP` for the daemons, and then lets the instance go.
fn flush(container: &Container<'_>, expected: &Expectations) -> Option<Finding> {
    let name = container.name;
    let limit = expected.daemon_stop.as_secs();
    let given = container.members.number("stopTimeout");
    let timeout = given.as_ref().map_or(STOP_TIMEOUT_DEFAULT, |given| given.value);
    let text = format!(
        "stopTimeout of {name} ({timeout} s) must not be above the coordinator's DAEMON_STOP ({limit} s)"
    );
    let is_missing = given.is_none();
    let path = container.members.path.member("stopTimeout");
    let span = given.map_or_else(|| container.at_name.clone(), |given| given.span);
    let finding = about(
        container,
        RuleId::FlushTime,
        Placed {
            value: (),
            path,
            span,
        },
        text,
    );
    (timeout > limit).then_some(Finding {
        is_missing,
        ..finding
    })
}
