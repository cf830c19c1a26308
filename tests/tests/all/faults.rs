//! P8: the coordinator is killed at every point of a drain, and the next run continues it.

use std::time::Duration;

use protector_tests::{Lab, LabConfig};

/// More calls than a drain of this lab makes; past its end there is nothing to kill, which is checked.
const CALLS: u64 = 40;

#[derive(Clone, Copy, Debug)]
enum When {
    BeforeTheCall,
    AfterTheCall,
}

/// A drain whose coordinator is killed at its `call`-th AWS call. True if it made so many.
async fn killed_at(when: When, call: u64) -> bool {
    let lab = Lab::with_logs(LabConfig::default()).await;
    lab.replicas("web", 2, 1).await;
    match when {
        When::BeforeTheCall => lab.aws.crash_coordinator_before_call(call),
        When::AfterTheCall => lab.aws.crash_coordinator_after_call(call),
    }
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    lab.gone_with_ticks_every(&instance, Duration::from_secs(3)).await;
    lab.journal()
        .assert_protected(&instance, &["logs"], &["service:web"]);
    lab.tick().await;
    assert_receipts(&lab, when);
    let runs = lab.aws.invocations();
    let killed = runs.iter().any(|run| !run.outcome.is_success());
    lab.aws.shutdown().await;
    killed
}

/// The coordinator logs a receipt and records that it did: a kill just after it makes the next run log it again, and no
/// kill makes it lost.
fn assert_receipts(lab: &Lab, when: When) {
    let receipts = lab.said("receipt").len();
    assert!((1..=2).contains(&receipts), "{when:?}: {receipts} receipts");
}

/// Several drains at a time: they mostly wait.
async fn killed_at_every_call(when: When) {
    let mut killed = 0;
    let mut running = tokio::task::JoinSet::new();
    for call in 1..=CALLS {
        if running.len() >= 6
            && let Some(done) = running.join_next().await
        {
            killed += u64::from(done.expect("the drain kept its promises"));
        }
        running.spawn(async move { killed_at(when, call).await });
    }
    while let Some(done) = running.join_next().await {
        killed += u64::from(done.expect("the drain kept its promises"));
    }
    assert!(
        (12..CALLS).contains(&killed),
        "{killed} of {CALLS} kills hit a drain"
    );
}

#[tokio::test]
async fn p8_killed_before_any_call_takes_effect() {
    killed_at_every_call(When::BeforeTheCall).await;
}

#[tokio::test]
async fn p8_killed_after_any_call_took_effect() {
    killed_at_every_call(When::AfterTheCall).await;
}
