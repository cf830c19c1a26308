//! A SIGTERM that comes early.

use super::support::{Host, Sidecar, Ssm, holding};
use std::thread;
use std::time::Duration;

#[test]
fn p1_sigterm_during_a_failing_self_check_holds() {
    let host = Host::with(Ssm::Error(400, "AccessDeniedException"));
    let mut sidecar = Sidecar::terminated_unready(&host, &[]);
    assert_eq!(sidecar.held_first()["reason"], "denied");
    host.set(|state| state.ssm = holding().into());
    sidecar.held_again();
    host.releases(&mut sidecar);
}

#[test]
fn p2_sigterm_before_the_instance_is_known_holds_and_goes_on_looking() {
    let host = Host::with(holding());
    host.set(|state| state.imds = false);
    let mut sidecar = Sidecar::terminated_unready(&host, &[]);
    assert_eq!(sidecar.held_first()["reason"], "unidentified");
    sidecar.stays(2); // twice the unknown grace
    host.set(|state| state.imds = true);
    assert_eq!(sidecar.held_again()["reason"], "tasks-remain");
    host.releases(&mut sidecar);
}

#[test]
fn p3_an_instance_that_stays_unknown_holds_to_the_maximum() {
    let host = Host::changed(|state| state.imds = false);
    let mut sidecar = Sidecar::terminated_unready(&host, &[("PROTECTOR_MAX_HOLD", "2s")]);
    assert!(sidecar.leaves(10, "max-hold") >= 2.0);
}

#[test]
fn p5_daemons_that_die_before_the_self_check_has_passed() {
    let host = Host::with(Ssm::Error(400, "AccessDeniedException"));
    let mut sidecar = Sidecar::start(&host, &[]);
    sidecar.event("self-check-failed");
    host.set(|state| state.daemon = "STOPPED");
    sidecar.term();
    sidecar.leaves(0, "protected-stopped");
}

/// Whenever it comes, it is neither lost nor deadly: before, during and after the program executes itself again.
#[test]
fn p1_sigterm_is_kept_at_every_moment_of_the_start() {
    let host = Host::new();
    for delay_ms in [0, 1, 2, 4, 8, 12, 16, 24, 32, 64, 128] {
        let mut sidecar = Sidecar::start(&host, &[]);
        sidecar.until_blocked();
        thread::sleep(Duration::from_millis(delay_ms));
        sidecar.term();
        let held = sidecar.leaves(0, "not-a-drain");
        assert!(held >= 1.0, "{delay_ms} ms: {held}");
    }
}
