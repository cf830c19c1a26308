//! After SIGTERM, with no record of this drain.

use super::support::{Host, INSTANCE, Sidecar, changed, ended, holding, released};
use serde_json::{Value, json};

/// A sidecar with no record, or with a leftover, that got SIGTERM.
fn terminated(host: &Host, settings: &[(&str, &str)]) -> Sidecar {
    Sidecar::terminated(host, settings, |_| ())
}

/// It leaves for this reason, and not before so many seconds.
fn leaves_after(mut sidecar: Sidecar, seconds: f64, why: &str) {
    let held = sidecar.leaves(0, why);
    assert!(held >= seconds, "{held}");
}

#[test]
fn p5_a_deployment_is_delayed_by_the_unknown_grace() {
    let host = Host::new();
    let sidecar = terminated(&host, &[("PROTECTOR_UNKNOWN_GRACE", "2s")]);
    leaves_after(sidecar, 2.0, "not-a-drain");
    assert!(host.calls("target-lifecycle-state") >= 1);
}

#[test]
fn p5_and_by_half_of_it_if_the_instance_stays() {
    let host = Host::changed(|state| state.target_lifecycle_state = Some("InService"));
    let settings = [("PROTECTOR_UNKNOWN_GRACE", "4s"), ("PROTECTOR_MAX_HOLD", "3s")];
    leaves_after(terminated(&host, &settings), 2.0, "not-a-drain");
}

#[test]
fn an_instance_that_goes_is_given_the_longer_grace() {
    for (target, spot) in [
        (Some("Terminated"), false),
        (Some("InService"), true),
        (None, true),
    ] {
        let host = Host::changed(|state| {
            state.target_lifecycle_state = target;
            state.spot_action = spot;
        });
        let sidecar = terminated(&host, &[("PROTECTOR_TERMINATING_GRACE", "3s")]);
        leaves_after(sidecar, 3.0, "no-record-though-terminating");
    }
}

#[test]
fn a_record_that_comes_late_is_obeyed() {
    let host = Host::changed(|state| state.target_lifecycle_state = Some("Terminated"));
    let mut sidecar = terminated(&host, &[]);
    sidecar.held_first();
    host.set(|state| state.ssm = holding().into());
    assert_eq!(sidecar.held_again()["reason"], "tasks-remain");
    host.releases(&mut sidecar);
}

#[test]
fn imds_that_is_gone_after_start_does_no_harm() {
    let host = Host::new();
    let mut sidecar = Sidecar::terminated(&host, &[], |state| state.imds = false);
    let held = sidecar.leaves(0, "not-a-drain");
    assert!(held >= 1.0, "{held}");
    let name = format!("/ecs-daemon-protector/prod/{INSTANCE}");
    assert_eq!(sidecar.event("exit")["parameter"], name);
}

#[test]
fn p2_a_release_of_a_drain_that_is_over_is_no_release() {
    let sidecar = terminated(&Host::with(ended()), &[("PROTECTOR_UNKNOWN_GRACE", "2s")]);
    leaves_after(sidecar, 2.0, "not-a-drain");
}

#[test]
fn a_new_drain_after_a_leftover_is_held_and_released() {
    let host = Host::with(ended());
    let next = |record: Value| changed(record, json!({"drainId": "the-next"}));
    let mut sidecar = Sidecar::terminated(&host, &[], |state| state.ssm = next(holding()).into());
    sidecar.held_first();
    sidecar.stays(2); // twice the unknown grace
    host.set(|state| state.ssm = next(released()).into());
    sidecar.leaves(0, "released");
}

#[test]
fn p2_a_release_of_another_container_instance_is_no_release() {
    let arn = "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/another";
    let other = changed(released(), json!({"containerInstanceArn": arn}));
    let grace = [("PROTECTOR_UNKNOWN_GRACE", "2s")];
    let sidecar = Sidecar::terminated(&Host::new(), &grace, |state| state.ssm = other.into());
    leaves_after(sidecar, 2.0, "not-a-drain");
}

#[test]
fn p2_a_leftover_on_an_instance_that_goes_is_given_the_longer_grace() {
    let host = Host::with(ended());
    host.set(|state| state.target_lifecycle_state = Some("Terminated"));
    let sidecar = terminated(&host, &[("PROTECTOR_TERMINATING_GRACE", "3s")]);
    leaves_after(sidecar, 3.0, "no-record-though-terminating");
}

/// The agent also restarts a sidecar that has crashed, even between the release and its SIGTERM.
#[test]
fn p3_a_release_that_lies_there_at_the_start_is_obeyed() {
    let mut sidecar = terminated(&Host::with(released()), &[("PROTECTOR_UNKNOWN_GRACE", "1h")]);
    sidecar.leaves(0, "released");
}
