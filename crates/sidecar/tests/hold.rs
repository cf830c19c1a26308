//! After SIGTERM, in a drain.

use super::support::{
    Host, REGISTRATION, Sidecar, Ssm, State, changed, holding, in_seconds, released, shared,
};
use nix::sys::signal::Signal;
use serde_json::json;
use std::thread;
use std::time::Duration;

/// A sidecar that has got SIGTERM in a drain and holds.
fn holds(host: &Host, settings: &[(&str, &str)]) -> Sidecar {
    let sidecar = Sidecar::terminated(host, settings, |state| state.ssm = holding().into());
    let line = sidecar.held_first();
    assert_eq!(line["reason"], "tasks-remain", "{line:#}");
    assert_eq!(line["lastRecord"]["remaining"], 4, "{line:#}");
    assert_eq!(line["lastRecord"]["heldBy"][0]["group"], "service:web");
    sidecar
}

#[test]
fn p1_it_lives_as_long_as_the_record_holds() {
    let host = Host::new();
    let mut sidecar = holds(&host, &[]);
    sidecar.stays(3); // three times the unknown grace
    host.set(|state| state.ssm = released().into());
    let held = sidecar.leaves(0, "released");
    assert!(held >= 3.0, "{held}");
    let line = sidecar.event("exit");
    let record = &line["lastRecord"];
    assert_eq!([&record["reason"], &record["state"]], ["drained", "released"]);
    // All but the self-check, and the kill switch with each.
    assert_eq!(line["reads"], host.calls("GetParameter") - 1);
}

#[test]
fn p1_a_shared_record_holds_and_releases_as_its_own_would() {
    let host = Host::new();
    let shares = |standing: &'static str| {
        move |state: &mut State| state.shared = shared(standing, REGISTRATION).into()
    };
    let mut sidecar = Sidecar::terminated(&host, &[], shares("holding"));
    assert_eq!(sidecar.held_first()["reason"], "tasks-remain");
    sidecar.stays(3); // three times the unknown grace
    host.set(shares("deadline"));
    sidecar.leaves(0, "released");
    let line = sidecar.event("exit");
    assert_eq!(line["lastRecord"]["reason"], "deadline", "{line:#}");
}

#[test]
fn p5_a_shared_record_of_another_registration_does_not_hold() {
    let other = shared("holding", "ffff");
    let mut sidecar = Sidecar::terminated(&Host::new(), &[], |state| state.shared = other.into());
    sidecar.leaves(0, "not-a-drain");
}

#[test]
fn p2_a_shared_record_that_cannot_be_read_is_no_absence() {
    let within = [("PROTECTOR_MAX_HOLD", "3s")];
    let torn = Ssm::Value("{\"schema\":1,".to_owned());
    let mut sidecar = Sidecar::terminated(&Host::new(), &within, |state| state.shared = torn);
    sidecar.leaves(10, "max-hold");
}

#[test]
fn its_own_tier_is_released_before_the_others() {
    let host = Host::new();
    let mut sidecar = holds(&host, &[]);
    let may_go = |services: &[&str]| changed(holding(), json!({"releasedServices": services}));
    host.set(|state| state.ssm = may_go(&["xray"]).into());
    sidecar.stays(2);
    host.set(|state| state.ssm = may_go(&["xray", "fluent-bit"]).into());
    sidecar.leaves(0, "service-released");
}

#[test]
fn the_kill_switch_ends_the_hold() {
    let host = Host::new();
    let mut sidecar = holds(&host, &[]);
    host.set(|state| state.kill_switch = json!({"mode": "release-all"}).into());
    sidecar.leaves(0, "kill-switch");
    let line = sidecar.event("exit");
    assert_eq!(line["control"], "release-all", "{line:#}");
}

#[test]
fn p2_a_kill_switch_that_cannot_be_parsed_leaves_all_as_it_is_and_is_said() {
    let denied = Ssm::Error(400, "AccessDeniedException");
    for wrong in [json!({"mode": "of"}).into(), denied] {
        let host = Host::new();
        let mut sidecar = holds(&host, &[]);
        host.set(|state| state.kill_switch = wrong);
        assert_eq!(sidecar.event("control")["level"], "warn");
        assert!(sidecar.events("exit").is_empty());
        host.releases(&mut sidecar);
    }
}

#[test]
fn its_lines_say_in_words_what_it_waits_for() {
    let host = Host::new();
    let mut sidecar = holds(&host, &[]);
    let line = sidecar.held_first();
    let message = line["message"].as_str().unwrap();
    assert!(message.starts_with("held by "), "{message}");
    assert!(message.contains("service:web"), "{message}");
    host.releases(&mut sidecar);
    let line = sidecar.event("exit");
    let message = line["message"].as_str().unwrap();
    assert!(message.starts_with("released: drained, after "), "{message}");
}

#[test]
fn a_record_that_is_gone_ends_the_hold() {
    let host = Host::new();
    let mut sidecar = holds(&host, &[]);
    host.set(|state| state.ssm = Ssm::NotFound);
    sidecar.leaves(0, "record-gone");
    assert!(sidecar.event("exit")["reads"].as_u64().unwrap() >= 3);
}

#[test]
fn p3_maximum_hold() {
    let host = Host::new();
    let mut sidecar = holds(&host, &[("PROTECTOR_MAX_HOLD", "2s")]);
    let held = sidecar.leaves(10, "max-hold");
    assert!(held >= 2.0, "{held}");
}

#[test]
fn p3_a_coordinator_that_is_dead_does_not_hold_daemons() {
    let host = Host::new();
    let after_deadline = |seconds: i64| {
        let record = changed(holding(), json!({"deadlineAt": in_seconds(-seconds)}));
        Sidecar::terminated(&host, &[], |state| state.ssm = record.into())
    };
    after_deadline(120).held_first();
    after_deadline(155).leaves(11, "deadline-passed");
}

/// Ten minutes are more than the time that a coordinator is given after its deadline.
#[test]
fn p1_the_clock_of_aws_counts_and_not_the_clock_of_the_host() {
    for (aws_ahead, deadline_in, leaves) in [
        (Some(-900), -600, false),
        (Some(900), 300, true),
        (None, -600, false),
    ] {
        let host = Host::changed(|state| state.aws_ahead = aws_ahead);
        // Without a `Date` the time that the record itself states must have passed too.
        let times =
            json!({"updatedAt": in_seconds(deadline_in - 3600), "deadlineAt": in_seconds(deadline_in)});
        let record = changed(holding(), times);
        let mut sidecar = Sidecar::terminated(&host, &[], |state| state.ssm = record.into());
        if leaves {
            sidecar.leaves(11, "deadline-passed");
        } else {
            sidecar.held_first();
            assert!(sidecar.events("exit").is_empty());
        }
    }
}

#[test]
fn p5_daemons_that_are_dead_are_not_waited_for() {
    let host = Host::new();
    let mut sidecar = Sidecar::ready(&host, &[("PROTECTOR_UNKNOWN_GRACE", "1h")]);
    let reads = host.calls("GetParameter");
    host.set(|state| {
        state.ssm = holding().into();
        state.daemon = "STOPPED";
    });
    sidecar.term();
    sidecar.leaves(0, "protected-stopped");
    assert_eq!(host.calls("GetParameter"), reads);
}

#[test]
fn p5_daemons_that_die_in_a_drain_are_not_waited_for() {
    let host = Host::new();
    let mut sidecar = holds(&host, &[]);
    host.set(|state| state.daemon = "STOPPED");
    sidecar.leaves(0, "protected-stopped");
}

#[test]
fn a_second_signal_changes_nothing() {
    let host = Host::new();
    let mut sidecar = holds(&host, &[]);
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGTERM] {
        sidecar.signal(signal);
        thread::sleep(Duration::from_millis(200));
    }
    assert!(sidecar.events("exit").is_empty());
    host.releases(&mut sidecar);
}

#[test]
fn sigint_means_the_same() {
    let host = Host::new();
    let mut sidecar = Sidecar::ready(&host, &[]);
    host.set(|state| state.ssm = holding().into());
    sidecar.signal(Signal::SIGINT);
    sidecar.held_first();
    host.releases(&mut sidecar);
}
