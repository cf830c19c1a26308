//! After SIGTERM, with no record of this drain.

use super::support::{Host, INSTANCE, Sidecar, Ssm, ended, holding, released};
use std::thread;
use std::time::Duration;

#[test]
fn p5_a_deployment_is_delayed_by_the_unknown_grace() {
    let host = Host::new();
    let mut sidecar = Sidecar::ready(&host, &[("PROTECTOR_UNKNOWN_GRACE", "2s")]);
    sidecar.term();
    let held = sidecar.leaves(0, "not-a-drain");
    assert!(held >= 2.0, "{held}");
    assert!(host.calls("target-lifecycle-state") >= 1);
}

#[test]
fn p5_and_by_half_of_it_if_the_instance_stays() {
    let host = Host::new();
    host.set(|state| state.target_lifecycle_state = Some("InService"));
    let mut sidecar = Sidecar::ready(
        &host,
        &[("PROTECTOR_UNKNOWN_GRACE", "4s"), ("PROTECTOR_MAX_HOLD", "3s")],
    );
    sidecar.term();
    let held = sidecar.leaves(0, "not-a-drain");
    assert!(held >= 2.0, "{held}");
}

#[test]
fn an_instance_that_goes_is_given_the_longer_grace() {
    for (state, spot) in [
        (Some("Terminated"), false),
        (Some("InService"), true),
        (None, true),
    ] {
        let host = Host::new();
        host.set(|s| {
            s.target_lifecycle_state = state;
            s.spot_action = spot;
        });
        let mut sidecar = Sidecar::ready(&host, &[("PROTECTOR_TERMINATING_GRACE", "3s")]);
        sidecar.term();
        let held = sidecar.leaves(0, "no-record-though-terminating");
        assert!(held >= 3.0, "{held}");
    }
}

#[test]
fn a_record_that_comes_late_is_obeyed() {
    let host = Host::new();
    host.set(|state| state.target_lifecycle_state = Some("Terminated"));
    let mut sidecar = Sidecar::ready(&host, &[]);
    sidecar.term();
    sidecar.held_first();
    host.set(|state| state.ssm = Ssm::Value(holding().to_string()));
    let line = sidecar.held_again();
    assert_eq!(line["reason"], "tasks-remain");
    host.releases(&mut sidecar);
}

#[test]
fn imds_that_is_gone_after_start_does_no_harm() {
    let host = Host::new();
    let mut sidecar = Sidecar::ready(&host, &[]);
    host.set(|state| state.imds = false);
    sidecar.term();
    let held = sidecar.leaves(0, "not-a-drain");
    assert!(held >= 1.0, "{held}");
    assert_eq!(
        sidecar.event("exit")["parameter"],
        format!("/ecs-daemon-protector/prod/{INSTANCE}")
    );
}

#[test]
fn p2_a_release_of_a_drain_that_is_over_is_no_release() {
    let host = Host::with(Ssm::Value(ended().to_string()));
    let mut sidecar = Sidecar::ready(&host, &[("PROTECTOR_UNKNOWN_GRACE", "2s")]);
    sidecar.term();
    let held = sidecar.leaves(0, "not-a-drain");
    assert!(held >= 2.0, "{held}");
}

#[test]
fn a_new_drain_after_a_leftover_is_held_and_released() {
    let host = Host::with(Ssm::Value(ended().to_string()));
    let mut sidecar = Sidecar::ready(&host, &[]);
    let mut next = holding();
    next["drainId"] = "the-next".into();
    host.set(|state| state.ssm = Ssm::Value(next.to_string()));
    sidecar.term();
    sidecar.held_first();
    thread::sleep(Duration::from_secs(2)); // twice the unknown grace
    assert!(sidecar.events("exit").is_empty());
    let mut next = released();
    next["drainId"] = "the-next".into();
    host.set(|state| state.ssm = Ssm::Value(next.to_string()));
    sidecar.leaves(0, "released");
}

#[test]
fn p2_a_release_of_another_container_instance_is_no_release() {
    let host = Host::new();
    let mut sidecar = Sidecar::ready(&host, &[("PROTECTOR_UNKNOWN_GRACE", "2s")]);
    let mut other = released();
    other["containerInstanceArn"] =
        "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/another".into();
    host.set(|state| state.ssm = Ssm::Value(other.to_string()));
    sidecar.term();
    let held = sidecar.leaves(0, "not-a-drain");
    assert!(held >= 2.0, "{held}");
}

#[test]
fn p2_a_leftover_on_an_instance_that_goes_is_given_the_longer_grace() {
    let host = Host::with(Ssm::Value(ended().to_string()));
    host.set(|state| state.target_lifecycle_state = Some("Terminated"));
    let mut sidecar = Sidecar::ready(&host, &[("PROTECTOR_TERMINATING_GRACE", "3s")]);
    sidecar.term();
    let held = sidecar.leaves(0, "no-record-though-terminating");
    assert!(held >= 3.0, "{held}");
}

/// The agent also restarts a sidecar that has crashed, even between the release and its SIGTERM.
#[test]
fn p3_a_release_that_lies_there_at_the_start_is_obeyed() {
    let host = Host::with(Ssm::Value(released().to_string()));
    let mut sidecar = Sidecar::ready(&host, &[("PROTECTOR_UNKNOWN_GRACE", "1h")]);
    sidecar.term();
    sidecar.leaves(0, "released");
}
