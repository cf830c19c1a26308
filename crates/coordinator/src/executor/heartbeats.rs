//! Sending heartbeats, at the even pace of their calls.

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use protector_core::heartbeat::Wait;
use protector_core::limits::coordinator::HEARTBEATS_AT_ONCE;
use protector_core::plural::counted;
use protector_core::record::Lifecycle;

use super::changes::Changes;

/// What came of the heartbeats of one run.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// How many were sent.
    pub(crate) ok: usize,
    /// How many waits were over already.
    pub(crate) over: usize,
    pub(crate) problems: Vec<String>,
}

impl Sent {
    /// Adds what came of others.
    pub(crate) fn add(&mut self, others: Sent) {
        self.ok += others.ok;
        self.over += others.over;
        self.problems.extend(others.problems);
    }
}

/// At an even pace, and those that were refused once more when the others had theirs, while there is time.
pub(super) async fn send_all(changes: &Changes<'_>, due: &[Wait]) -> Sent {
    let mut sent = Sent::default();
    let mut left: Vec<Wait> = due.to_vec();
    for _ in 0..2 {
        left = send(changes, &left, &mut sent).await;
    }
    let late = left.len();
    if late > 0 {
        sent.problems.push(format!(
            "{} could not be sent in this run",
            counted(late, "heartbeat")
        ));
    }
    sent
}

/// Returns those that did not get theirs.
async fn send(changes: &Changes<'_>, due: &[Wait], sent: &mut Sent) -> Vec<Wait> {
    let outcomes = due.iter().map(|wait| async move {
        if changes.run.time_left() <= SignedDuration::ZERO {
            return (wait, None);
        }
        // Auto Scaling restarts the clock when it takes the call, so what is remembered is the time before it and before its
        // turn.
        let at = changes.run.now();
        let outcome = changes.aws.heartbeat(&wait.instance, &lifecycle(wait, at)).await;
        (wait, Some((at, outcome)))
    });
    let outcomes: Vec<_> = stream::iter(outcomes)
        .buffer_unordered(HEARTBEATS_AT_ONCE)
        .collect()
        .await;
    let mut left = Vec::new();
    for (wait, outcome) in outcomes {
        match outcome {
            Some((at, Ok(true))) => {
                changes.cache.heartbeats().heartbeats.sent(wait, at);
                sent.ok += 1;
            }
            Some((_, Ok(false))) => sent.over += 1,
            Some((_, Err(failure))) => {
                sent.problems.push(format!("{}: {failure}", wait.instance));
                left.push(wait.clone());
            }
            None => left.push(wait.clone()),
        }
    }
    left
}

/// A wait as Auto Scaling's API takes it: instance and hook name it, without its token.
fn lifecycle(wait: &Wait, at: Timestamp) -> Lifecycle {
    Lifecycle {
        auto_scaling_group_name: wait.group.clone(),
        lifecycle_hook_name: wait.hook.clone(),
        lifecycle_action_token: None,
        heartbeat_seconds: wait.timeout_seconds,
        heartbeat_at: at,
        global_deadline_at: Timestamp::MAX,
    }
}
