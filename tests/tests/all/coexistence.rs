//! Other drainers beside us.

use protector_tests::{GROUP, Lab, LabConfig, complete};
use serde_json::json;

const MANAGED_HOOK: &str = "ecs-managed-draining-termination-hook";

#[tokio::test]
async fn p9_the_hook_of_managed_draining_waits_beside_ours_and_is_left_to_ecs() {
    let lab = Lab::with_logs(LabConfig::default()).await;
    lab.replicas("web", 2, 2).await;
    lab.auto_scaling(
        "PutLifecycleHook",
        json!({"AutoScalingGroupName": GROUP, "LifecycleHookName": MANAGED_HOOK, "DefaultResult": "CONTINUE",
            "HeartbeatTimeout": 3600, "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"}),
    );
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    let ours = || lab.journal().hook(&instance, "completed").len() == 1;
    lab.tick_until("our hook is completed", ours).await;
    lab.auto_scaling("CompleteLifecycleAction", complete(MANAGED_HOOK, &instance));
    lab.gone(&instance).await;
    let journal = lab.journal();
    journal.assert_daemons_outlive(&instance, &["logs"], &["service:web"]);
    for operation in ["CompleteLifecycleAction", "RecordLifecycleActionHeartbeat"] {
        let called = journal.coordinator_called(operation, MANAGED_HOOK);
        assert!(called.is_empty(), "{operation}");
    }
}

#[tokio::test]
async fn p9_the_agents_own_spot_draining_is_the_same_drain() {
    let lab = Lab::with_logs(LabConfig::default()).await;
    lab.replicas("web", 2, 2).await;
    let instance = lab.instance().to_owned();
    lab.set_status(&instance, "DRAINING");
    lab.spot_notice(&instance);
    let reported = || !lab.journal().sigterm(&instance, "logs").is_empty();
    lab.tick_until("the daemon is asked to stop", reported).await;
    let record = lab.last_record(&instance);
    assert!(record["spotNoticeAt"].is_string(), "{record}");
    assert_eq!(record["reason"], "drained", "{record}");
    lab.journal()
        .assert_daemons_outlive(&instance, &["logs"], &["service:web"]);
}
