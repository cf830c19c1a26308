//! The health check.

use super::support::{Host, Sidecar, Ssm, check_at};

#[test]
fn unhealthy_until_the_self_check_has_passed() {
    let host = Host::with(Ssm::Error(400, "AccessDeniedException"));
    let sidecar = Sidecar::start(&host, &[]);
    sidecar.event("self-check-failed");
    let (code, line) = sidecar.check();
    assert_eq!((code, line.lines().count()), (Some(1), 1));
    assert!(line.contains("self-check has not passed"), "{line}");

    host.set(|state| state.ssm = Ssm::NotFound);
    sidecar.until_waiting();
    let before = host.all_calls();
    assert_eq!(sidecar.check(), (Some(0), String::new()));
    assert_eq!(host.all_calls(), before, "a health check makes no call");
}

#[test]
fn a_sidecar_of_another_task_does_not_count() {
    let host = Host::new();
    let _sidecar = Sidecar::ready(&host, &[]);
    let (code, line) = check_at("http://169.254.170.2/v4/another");
    assert_eq!(code, Some(1));
    assert!(line.contains("no sidecar of this task"), "{line}");
}
