//! The names of the stack's queues, as `deploy/terraform` gives them.

/// Events that EventBridge could not deliver. The local AWS delivers all of them: a test must say that one was not.
pub(crate) const DEAD_LETTERS: &str = "ecs-daemon-protector-dead-letters";

/// Events that were received three times and never processed.
pub(crate) const FAILED_EVENTS: &str = "ecs-daemon-protector-failed-events.fifo";

/// Events that wait for the coordinator.
pub(crate) const EVENTS: &str = "ecs-daemon-protector-events.fifo";

/// The ARN of a queue in this place.
pub(crate) fn arn(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:sqs:{region}:{account}:{name}")
}

/// The URL of a queue in this place.
pub(crate) fn url(region: &str, account: &str, name: &str) -> String {
    format!("https://sqs.{region}.amazonaws.com/{account}/{name}")
}
