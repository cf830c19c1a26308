//! Restarting a container in place.

use crate::ecs::definition::RestartPolicy;
use std::time::Duration;

/// Returns whether the agent restarts a container with this policy that exited with `exit_code` after it ran for `ran`.
/// A container that ran for less than its attempt period is not restarted, because it would only crash again. `period`
/// replaces that of the policy. The caller must check the task's desired status.
pub(crate) fn restarts(
    policy: Option<&RestartPolicy>,
    exit_code: i32,
    ran: Duration,
    period: Option<Duration>,
) -> bool {
    policy.is_some_and(|policy| {
        let period = period.unwrap_or(Duration::from_secs(policy.restart_attempt_period));
        policy.enabled && !policy.ignored_exit_codes.contains(&exit_code) && ran >= period
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_needs_a_policy_a_cause_and_a_long_enough_run() {
        let policy = RestartPolicy {
            enabled: true,
            ignored_exit_codes: vec![0],
            restart_attempt_period: 60,
        };
        let off = RestartPolicy {
            enabled: false,
            ..policy.clone()
        };
        let (short, long) = (Duration::from_secs(59), Duration::from_secs(60));
        let cases = [
            (Some(&policy), 1, long, None, true),
            (Some(&policy), 1, short, None, false),
            (Some(&policy), 1, short, Some(Duration::ZERO), true),
            (Some(&policy), 0, long, None, false),
            (Some(&off), 1, long, None, false),
            (None, 1, long, None, false),
        ];
        for (policy, code, ran, period, expected) in cases {
            assert_eq!(
                restarts(policy, code, ran, period),
                expected,
                "{policy:?} {code} {ran:?}"
            );
        }
    }
}
