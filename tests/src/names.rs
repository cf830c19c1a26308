//! The names that all labs share.

/// The cluster of every test.
pub const CLUSTER: &str = "prod";

/// The Auto Scaling group.
pub const GROUP: &str = "ecs-prod";

/// Our terminate hook.
pub const HOOK: &str = "protect-daemons";

/// The container of the sidecar.
pub const SIDECAR: &str = "ecs-daemon-protector";

/// The principal of a task's sidecar.
pub(crate) fn principal(task: &str) -> String {
    protector_local_aws::principal::sidecar(task.rsplit('/').next().unwrap_or(task))
}
