//! Heartbeats: every hook of ours that waits gets its own in time, whatever else goes on.
//!
//! A function of its own, by a schedule of its own, in which nothing can stand in front of them. They need no record, no
//! look at ECS and no event: a listing of the groups says who waits. The run never fails for one instance, and as a whole
//! it is never tried again: the next one comes in a minute.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use protector_core::beacon::HeartbeatsBeacon;
use protector_core::heartbeat::{Heartbeats, Wait};
use protector_core::ids::{AutoScalingGroupName, LifecycleHookName};
use protector_core::limits::HEARTBEAT_ASSUMED_SECONDS;
use protector_core::limits::coordinator::{
    HEARTBEAT_BURST, HEARTBEAT_INTERVAL, HEARTBEATS_AT_ONCE, PROBLEMS_MAX,
};
use protector_core::plural::counted;
use protector_core::record::Lifecycle;
use serde_json::json;

use crate::aws::{AwsError, ScalingInstance};
use crate::cache::heartbeats::HeartbeatCache;
use crate::coordinator::Coordinator;
use crate::handled::Handled;
use crate::logging::Level;
use crate::metrics::Metric;

/// What came of one run.
#[derive(Debug, Default)]
struct Sent {
    ok: usize,
    over: usize,
    problems: Vec<String>,
}

impl Coordinator {
    /// Gives every hook of ours that waits its heartbeat, if it is due.
    pub(crate) async fn heartbeats(&self) -> Handled {
        let began = self.now();
        let (waiting, failures) = self.aws.list_waiting(&self.policy.auto_scaling_groups).await;
        let (waits, mut problems) = self.waits(&waiting).await;
        problems.extend(failures.iter().map(ToString::to_string));
        if problems.is_empty() {
            self.remembered().heartbeats.keep(&waits);
        }
        let due = self.due(&waits);
        if !due.is_empty() {
            self.refresh_kill_switch().await;
        }
        let sent = match self.only_observes() {
            true => Sent::default(),
            false => self.send_all(&due).await,
        };
        // A group that could not be read may have hooks that are due.
        let late = due.len().saturating_sub(sent.ok + sent.over) + problems.len();
        problems.extend(sent.problems.iter().cloned());
        self.write_heartbeats_beacon(HeartbeatsBeacon::new(began, waits.len(), late))
            .await;
        self.measure_time_left(&waits);
        self.log_heartbeats(waits.len(), due.len(), &sent, &problems);
        Handled::Done(json!({"waiting": waits.len(), "due": due.len(), "sent": sent.ok}))
    }

    /// The hooks of ours that wait. Every terminate hook of a group waits at the same time.
    async fn waits(&self, waiting: &[ScalingInstance]) -> (Vec<Wait>, Vec<String>) {
        let mut groups: BTreeMap<&AutoScalingGroupName, Vec<&ScalingInstance>> = BTreeMap::new();
        for instance in waiting {
            groups.entry(&instance.group).or_default().push(instance);
        }
        let (mut waits, mut problems) = (Vec::new(), Vec::new());
        for (group, instances) in groups {
            let (hooks, problem) = self.hooks_to_serve(group).await;
            problems.extend(problem.map(|failure| failure.to_string()));
            for instance in instances {
                waits.extend(hooks.iter().map(|(hook, timeout_seconds)| Wait {
                    instance: instance.instance.clone(),
                    group: group.clone(),
                    hook: hook.clone(),
                    timeout_seconds: *timeout_seconds,
                }));
            }
        }
        (waits, problems)
    }

    /// The hooks of a group as they are now: a time-out may have been changed since the last run. If Auto Scaling cannot tell, as
    /// they were, or as the settings name them.
    async fn hooks_to_serve(
        &self,
        group: &AutoScalingGroupName,
    ) -> (Vec<(LifecycleHookName, u32)>, Option<AwsError>) {
        match self.read_hooks(group).await {
            Ok(hooks) => {
                self.remembered().hooks.insert(group.clone(), hooks.clone());
                (hooks, None)
            }
            Err(failure) => {
                let known = self.remembered().hooks.get(group).cloned();
                let named = self.policy.lifecycle_hooks.iter();
                let assumed = || {
                    named
                        .map(|hook| (hook.clone(), HEARTBEAT_ASSUMED_SECONDS))
                        .collect()
                };
                (known.unwrap_or_else(assumed), Some(failure))
            }
        }
    }

    fn due(&self, waits: &[Wait]) -> Vec<Wait> {
        let now = self.now();
        let due = |heartbeats: &Heartbeats| heartbeats.due(waits, now).into_iter().cloned().collect();
        due(&self.remembered().heartbeats)
    }

    /// At an even pace, and who was refused once more when the others had theirs, while there is time.
    async fn send_all(&self, due: &[Wait]) -> Sent {
        let mut sent = Sent::default();
        let mut left: Vec<Wait> = due.to_vec();
        for _ in 0..2 {
            left = self.send(&left, &mut sent).await;
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

    /// Gives back those that did not get theirs.
    async fn send(&self, due: &[Wait], sent: &mut Sent) -> Vec<Wait> {
        let begin = tokio::time::Instant::now();
        let numbered = (0_u32..).zip(due);
        let outcomes = numbered.map(|(number, wait)| async move {
            tokio::time::sleep_until(begin + HEARTBEAT_INTERVAL * number.saturating_sub(HEARTBEAT_BURST))
                .await;
            if self.time_left() <= SignedDuration::ZERO {
                return (wait, None);
            }
            // Auto Scaling restarts the clock when it takes the call, so what is remembered is the time before it.
            let at = self.now();
            let outcome = self.aws.heartbeat(&wait.instance, &lifecycle(wait, at)).await;
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
                    self.remembered().heartbeats.sent(wait, at);
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

    /// The least time that a wait has left, as far as its heartbeats tell.
    fn measure_time_left(&self, waits: &[Wait]) {
        let (now, remembered) = (self.now(), self.remembered());
        let ends = waits
            .iter()
            .filter_map(|wait| remembered.heartbeats.runs_out(wait));
        if let Some(end) = ends.min() {
            self.cache
                .metrics
                .record_duration(Metric::HookTimeLeft, end.duration_since(now));
        }
    }

    fn log_heartbeats(&self, waiting: usize, due: usize, sent: &Sent, problems: &[String]) {
        let level = match (problems.is_empty(), due) {
            (false, _) => Level::Error,
            (true, 0) => Level::Debug,
            (true, _) => Level::Info,
        };
        let fields = json!({
            "requestId": self.request_id,
            "mode": self.mode(),
            "waiting": waiting,
            "due": due,
            "sent": sent.ok,
            "alreadyEnded": sent.over,
            "errors": problems.iter().take(PROBLEMS_MAX).collect::<Vec<_>>(),
            "calls": self.aws.meter.calls(),
        });
        self.logger.log(level, "heartbeats", fields);
    }

    fn remembered(&self) -> MutexGuard<'_, HeartbeatCache> {
        self.cache
            .heartbeats
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
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
