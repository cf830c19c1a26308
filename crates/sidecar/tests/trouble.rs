//! After SIGTERM, when something does not answer.

use super::support::{Host, REGISTRATION, Sidecar, Ssm, State, changed, holding, released, shared};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use serde_json::json;
use std::thread;
use std::time::Duration;

/// A record of a later version.
fn newer() -> Ssm {
    changed(holding(), json!({"schema": 2})).into()
}

const WITHIN: &[(&str, &str)] = &[("PROTECTOR_MAX_HOLD", "4s")];

#[test]
fn p2_no_trouble_with_the_record_releases_before_the_maximum_hold() {
    let cases = [
        (Ssm::Error(400, "ThrottlingException"), "failed"),
        (Ssm::Error(500, "InternalServerError"), "failed"),
        (Ssm::Error(503, "ServiceUnavailable"), "failed"),
        (Ssm::Nothing, "failed"),
        (Ssm::Error(400, "AccessDeniedException"), "denied"),
        (Ssm::Error(400, "ExpiredTokenException"), "no-credentials"),
        (Ssm::Value("released".to_owned()), "unreadable"),
        (Ssm::Value(released().to_string()[..100].to_owned()), "unreadable"),
        (newer(), "unknown-schema"),
    ];
    let started = cases.map(|(ssm, why)| {
        (
            Sidecar::terminated(&Host::new(), WITHIN, |state| state.ssm = ssm),
            why,
        )
    });
    for (mut sidecar, why) in started {
        let line = sidecar.held_first();
        assert_eq!([&line["reason"], &line["level"]], [why, "warn"], "{line:#}");
        let held = sidecar.leaves(10, "max-hold");
        assert!(held >= 4.0, "{held}");
    }
}

/// Every call hangs, and an operator wants the instance to go: the kill switch ends a hold in every kind of trouble.
#[test]
fn p3_the_kill_switch_reaches_a_sidecar_in_every_trouble() {
    let cases = [
        (Ssm::Value("released".to_owned()), "unreadable"),
        (newer(), "unknown-schema"),
        (Ssm::NotFound, "no-record-yet"),
    ];
    let started = cases.map(|(ssm, why)| {
        let host = Host::new();
        let sidecar = Sidecar::terminated(&host, &[("PROTECTOR_UNKNOWN_GRACE", "1h")], |state| {
            state.ssm = ssm;
            state.kill_switch = json!({"mode": "on"}).into();
        });
        (host, sidecar, why)
    });
    for (host, mut sidecar, why) in started {
        let line = sidecar.held_first();
        assert_eq!([&line["reason"], &line["control"]], [why, "on"], "{line:#}");
        host.set(|state| state.kill_switch = release_all());
        sidecar.leaves(0, "kill-switch");
    }
}

fn release_all() -> Ssm {
    json!({"mode": "release-all"}).into()
}

#[test]
fn p3_the_kill_switch_reaches_a_sidecar_that_is_denied_its_record() {
    let mut sidecar = Sidecar::terminated(&Host::new(), &[], |state| {
        state.ssm = Ssm::Error(400, "AccessDeniedException");
        state.kill_switch = release_all();
    });
    sidecar.leaves(0, "kill-switch");
}

#[test]
fn p3_the_kill_switch_reaches_a_sidecar_that_does_not_know_its_instance() {
    let host = Host::changed(|state| {
        state.imds = false;
        state.kill_switch = release_all();
    });
    let mut sidecar = Sidecar::terminated_unready(&host, &[]);
    sidecar.leaves(0, "kill-switch");
}

/// A task role of before has `GetParameter` only.
#[test]
fn p2_a_role_that_may_read_one_by_one_alone_is_enough() {
    let host = Host::new();
    let mut sidecar = Sidecar::terminated(&host, &[], |state| {
        state.denies_together = true;
        state.ssm = holding().into();
    });
    assert_eq!(sidecar.held_first()["reason"], "tasks-remain");
    host.releases(&mut sidecar);
    // The self-check, one with the switch that was denied, and one without.
    assert_eq!(host.calls("GetParameters"), 3);
}

#[test]
fn p2_a_role_that_may_read_one_by_one_is_held_by_a_shared_record() {
    let host = Host::new();
    let mut sidecar = Sidecar::terminated(&host, &[], |state| {
        state.denies_together = true;
        state.shared = shared("holding", REGISTRATION).into();
    });
    assert_eq!(sidecar.held_first()["reason"], "tasks-remain");
    host.set(|state| state.shared = shared("drained", REGISTRATION).into());
    sidecar.leaves(0, "released");
}

#[test]
fn p2_an_answer_that_never_comes_is_no_answer() {
    let within = [("PROTECTOR_MAX_HOLD", "1s")];
    let mut sidecar = Sidecar::terminated(&Host::new(), &within, |state| state.ssm = Ssm::Silence);
    let held = sidecar.leaves(10, "max-hold");
    assert!(held >= 5.0, "the attempt has its time-out of 5 s: {held}");
}

fn holds_through(spoil: fn(&mut State), why: &str) {
    let host = Host::new();
    let mut sidecar = Sidecar::terminated(&host, &[], spoil);
    let line = sidecar.held_first();
    assert_eq!(line["reason"], why, "{line:#}");
    assert!(line["hint"].is_string(), "{line:#}");
    sidecar.stays(2); // twice the unknown grace
    host.set(|state| state.credentials = true);
    host.releases(&mut sidecar);
}

#[test]
fn p2_a_throttled_read_is_repeated() {
    let throttled = |state: &mut State| state.ssm = Ssm::Error(400, "ThrottlingException");
    holds_through(throttled, "failed");
}

#[test]
fn p2_a_gap_in_the_credentials_is_waited_through() {
    holds_through(|state| state.credentials = false, "no-credentials");
}

#[test]
fn p3_a_host_that_goes_down_is_not_waited_for() {
    let mut sidecar = Sidecar::terminated(&Host::new(), &[], |state| {
        state.credentials = false;
        state.task_metadata = false;
    });
    let held = sidecar.leaves(0, "host-going-down");
    assert!(held >= 2.0, "{held}");
}

/// The agent limits how often it is asked, and has no credentials for a while after its own start.
#[test]
fn p2_an_agent_that_answers_429_or_503_is_there() {
    let started = [429, 503].map(|status| {
        let host = Host::new();
        let sidecar = Sidecar::terminated(&host, &[], |state| state.agent_refuses = Some(status));
        assert_eq!(sidecar.held_first()["reason"], "no-credentials");
        (host, sidecar)
    });
    thread::sleep(Duration::from_secs(6)); // longer than the grace of a host that goes down, with a back-off
    for (host, mut sidecar) in started {
        sidecar.stays(0);
        host.set(|state| state.agent_refuses = None);
        host.releases(&mut sidecar);
    }
}

#[test]
fn p1_an_agent_that_is_away_does_not_end_a_hold_whose_record_was_read() {
    let host = Host::changed(|state| state.credentials_last = 2);
    let mut sidecar = Sidecar::terminated(&host, &[], |state| state.ssm = holding().into());
    assert_eq!(sidecar.held_first()["reason"], "tasks-remain");
    host.set(|state| {
        state.task_metadata = false;
        state.credentials = false;
    });
    assert_eq!(sidecar.held_again()["reason"], "no-credentials");
    sidecar.stays(6); // longer than the grace of a host that goes down, with a back-off
    host.set(|state| state.credentials = true);
    host.releases(&mut sidecar);
}

#[test]
fn task_metadata_alone_is_not_missed() {
    let host = Host::new();
    let mut sidecar = Sidecar::terminated(&host, &[], |state| {
        state.task_metadata = false;
        state.ssm = holding().into();
    });
    sidecar.held_first();
    sidecar.stays(3); // longer than the grace of a host that goes down
    host.releases(&mut sidecar);
}

#[test]
fn p3_a_log_without_a_reader_does_not_block_the_hold() {
    let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC).unwrap();
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    while nix::unistd::write(&writer, &[b' '; 4096]).is_ok() {}
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap(); // full, and a write to it blocks
    let host = Host::new();
    let mut sidecar = Sidecar::start_to(&host, &[], writer.into());
    sidecar.until_waiting();
    host.set(|state| state.ssm = released().into());
    sidecar.term();
    sidecar.ends_silently(0);
    drop(reader);
}

/// Without a descriptor it can read nothing, and must neither release nor leave in silence.
#[test]
fn p3_a_hold_without_a_runtime_ends_at_the_maximum_and_is_counted() {
    let mut sidecar = Sidecar::ready(&Host::new(), &[("PROTECTOR_MAX_HOLD", "2s")]);
    sidecar.exhaust_descriptors();
    sidecar.term();
    let held = sidecar.leaves(10, "max-hold");
    assert!(held >= 2.0, "{held}");
    assert_eq!(sidecar.event("exit")["reads"], 0);
}
