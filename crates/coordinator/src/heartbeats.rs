//! Heartbeats: every hook of ours that waits gets its own in time, whatever else goes on.
//!
//! A function of its own, by a schedule of its own, in which nothing can stand in front of them. They need no record, no
//! look at ECS and no event: a listing of the groups says who waits. The run never fails for one instance, and as a whole
//! it is never tried again: the next one comes in a minute.

use std::collections::{BTreeMap, BTreeSet};

use protector_core::beacon::HeartbeatsBeacon;
use protector_core::heartbeat::{Heartbeats, Wait};
use protector_core::ids::{AutoScalingGroupName, InstanceId, LifecycleHookName};
use protector_core::limits::HEARTBEAT_ASSUMED_SECONDS;
use protector_core::limits::coordinator::{PROBLEMS_MAX, WAITING_RETRY, WAITING_RETRY_TIME_MIN};
use protector_core::policy::Policy;
use serde_json::json;

use crate::aws::{Aws, AwsError, ScalingInstance};
use crate::cache::Cache;
use crate::context::RunContext;
use crate::executor::{Executor, Sent};
use crate::handled::Handled;
use crate::log_line::LogLine;
use crate::logging::Level;
use crate::metrics::Metric;
use crate::observer::{Hooks, KillSwitchReader};

/// Keeps the hooks alive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeartbeatRun<'r> {
    pub(crate) hooks: Hooks<'r>,
    pub(crate) kill_switch: KillSwitchReader<'r>,
    pub(crate) executor: Executor<'r>,
    pub(crate) aws: &'r Aws,
    pub(crate) cache: &'r Cache,
    pub(crate) policy: &'r Policy,
    pub(crate) run: &'r RunContext,
    /// Whether the run executes as a function that tools look for.
    pub(crate) is_deployed: bool,
}

impl HeartbeatRun<'_> {
    /// Gives every hook of ours that waits its heartbeat, if it is due.
    pub(crate) async fn send_due(&self) -> Handled {
        let began = self.run.now();
        let (waiting, failures) = self.list_waiting().await;
        let (waits, mut problems) = self.waits(&waiting).await;
        problems.extend(failures.iter().map(ToString::to_string));
        if problems.is_empty() {
            self.cache.heartbeats().heartbeats.keep(&waits);
        }
        let due = self.due(&waits);
        if !due.is_empty() {
            self.kill_switch.refresh().await;
        }
        let sent = self.executor.send_heartbeats(&due).await;
        // A group that could not be read may have hooks that are due.
        let late = due.len().saturating_sub(sent.ok + sent.over) + problems.len();
        problems.extend(sent.problems.iter().cloned());
        if self.is_deployed {
            let beacon = HeartbeatsBeacon::new(began, waits.len(), late);
            self.executor.write_heartbeats_beacon(&beacon).await;
        }
        self.measure_time_left(&waits);
        self.log_heartbeats(waits.len(), due.len(), &sent, &problems);
        Handled::Done(json!({"waiting": waits.len(), "due": due.len(), "sent": sent.ok}))
    }

    /// Lists who waits. What could not be read is asked for once more: without an answer no hook of these groups would get
    /// a heartbeat for a minute.
    async fn list_waiting(&self) -> (Vec<ScalingInstance>, Vec<AwsError>) {
        let groups = &self.policy.auto_scaling_groups;
        let (mut waiting, failures) = self.aws.list_waiting(groups).await;
        // What did not answer for long leaves the rest of the run to those that are known.
        if failures.is_empty() || self.run.time_left() < WAITING_RETRY_TIME_MIN {
            return (waiting, failures);
        }
        tokio::time::sleep(WAITING_RETRY).await;
        let (again, failures) = self.aws.list_waiting(groups).await;
        let known: BTreeSet<InstanceId> = waiting.iter().map(|one| one.instance.clone()).collect();
        waiting.extend(again.into_iter().filter(|one| !known.contains(&one.instance)));
        (waiting, failures)
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
        match self.hooks.read(group).await {
            Ok(hooks) => {
                self.cache.heartbeats().hooks.insert(group.clone(), hooks.clone());
                (hooks, None)
            }
            Err(failure) => {
                let known = self.cache.heartbeats().hooks.get(group).cloned();
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
        let now = self.run.now();
        let due = |heartbeats: &Heartbeats| heartbeats.due(waits, now).into_iter().cloned().collect();
        due(&self.cache.heartbeats().heartbeats)
    }

    /// The least time that a wait has left, as far as its heartbeats tell.
    fn measure_time_left(&self, waits: &[Wait]) {
        let (now, remembered) = (self.run.now(), self.cache.heartbeats());
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
        let line = LogLine::Heartbeats {
            request_id: &self.run.request_id,
            mode: self.executor.mode(),
            waiting,
            due,
            sent: sent.ok,
            already_ended: sent.over,
            errors: problems.get(..PROBLEMS_MAX).unwrap_or(problems),
            calls: self.aws.meter.calls(),
        };
        self.run.logger.log(level, &line);
    }
}
