//! Heartbeats: every hook of ours that waits gets its own in time, whatever else goes on.
//!
//! A function of its own, by a schedule of its own, in which nothing can stand in front of them. They need no record, no
//! look at ECS and no event: a listing of the groups says who waits. The run never fails for one instance, and as a whole
//! it is never tried again: the next one comes in a minute.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use protector_core::beacon::HeartbeatsBeacon;
use protector_core::heartbeat::{Heartbeats, Wait};
use protector_core::ids::{AutoScalingGroupName, InstanceId, LifecycleHookName};
use protector_core::limits::HEARTBEAT_ASSUMED_SECONDS;
use protector_core::limits::coordinator::{PROBLEMS_MAX, WAITING_RETRY, WAITING_RETRY_TIME_MIN};
use protector_core::policy::Policy;
use serde_json::json;

use crate::aws::{Aws, AwsError, ScalingInstance, UnlistedGroups};
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

/// Which hooks of ours wait, as far as Auto Scaling has answered.
#[derive(Debug, Default)]
struct WaitListing {
    waits: Vec<Wait>,
    unlisted: Vec<UnlistedGroups>,
    unread: Vec<UnreadHooks>,
}

/// Instances of a group that wait, and whose hooks were not answered. What is known of them is among the waits.
#[derive(Debug)]
struct UnreadHooks {
    instances: Vec<ScalingInstance>,
    failure: AwsError,
}

impl WaitListing {
    fn failures(&self) -> impl Iterator<Item = &AwsError> {
        let unlisted = self.unlisted.iter().map(|groups| &groups.failure);
        unlisted.chain(self.unread.iter().map(|group| &group.failure))
    }

    /// Takes in what was asked again: all that this listing misses.
    fn renew(&mut self, again: WaitListing) {
        let renewed: BTreeSet<_> = again.waits.iter().map(Wait::key).collect();
        self.waits.retain(|wait| !renewed.contains(&wait.key()));
        self.waits.extend(again.waits);
        (self.unlisted, self.unread) = (again.unlisted, again.unread);
    }
}

impl HeartbeatRun<'_> {
    /// Gives every hook of ours that waits its heartbeat, if it is due.
    pub(crate) async fn send_due(&self) -> Handled {
        let began = self.run.now();
        let (waiting, unlisted) = self.aws.list_waiting(&self.policy.auto_scaling_groups).await;
        let mut listing = self.read_hooks(waiting, unlisted).await;
        let mut due = self.due(&listing.waits);
        // Hooks that are known do not wait for answers that are missing.
        let (mut sent, again) = tokio::join!(self.send(&due), self.send_again(&listing, &due));
        if let Some((listed, more, sent_again)) = again {
            listing.renew(listed);
            due.extend(more);
            sent.add(sent_again);
        }
        let WaitListing { waits, .. } = &listing;
        let mut problems: Vec<String> = listing.failures().map(ToString::to_string).collect();
        if problems.is_empty() {
            self.cache.heartbeats().heartbeats.keep(waits);
        }
        // A group that could not be read may have hooks that are due.
        let late = due.len().saturating_sub(sent.ok + sent.over) + problems.len();
        problems.extend(sent.problems.iter().cloned());
        if self.is_deployed {
            let beacon = HeartbeatsBeacon::new(began, waits.len(), late);
            self.executor.write_heartbeats_beacon(&beacon).await;
        }
        self.measure_time_left(waits);
        self.log_heartbeats(waits.len(), due.len(), &sent, &problems);
        Handled::Done(json!({"waiting": waits.len(), "due": due.len(), "sent": sent.ok}))
    }

    async fn send(&self, due: &[Wait]) -> Sent {
        if !due.is_empty() {
            self.kill_switch.refresh().await;
        }
        self.executor.send_heartbeats(due).await
    }

    /// Asks once more for what was not answered, and sends what turns out to be due beside those that are `known`: without
    /// an answer no hook of these groups would get a heartbeat for a minute.
    async fn send_again(
        &self,
        first: &WaitListing,
        known: &[Wait],
    ) -> Option<(WaitListing, Vec<Wait>, Sent)> {
        // What did not answer for long is left to the next run.
        if first.failures().next().is_none() || self.run.time_left() < WAITING_RETRY_TIME_MIN {
            return None;
        }
        tokio::time::sleep(WAITING_RETRY).await;
        let listing = self.list_again(first).await;
        let known: BTreeSet<_> = known.iter().map(Wait::key).collect();
        let mut due = self.due(&listing.waits);
        due.retain(|wait| !known.contains(&wait.key()));
        let sent = self.send(&due).await;
        Some((listing, due, sent))
    }

    /// What the first listing misses, and nothing else.
    async fn list_again(&self, first: &WaitListing) -> WaitListing {
        let unread = || first.unread.iter().flat_map(|group| &group.instances);
        let known = first.waits.iter().map(|wait| &wait.instance);
        let known: BTreeSet<&InstanceId> = known.chain(unread().map(|one| &one.instance)).collect();
        let (mut waiting, mut unlisted) = (Vec::new(), Vec::new());
        for call in &first.unlisted {
            let (listed, still_unlisted) = self.aws.list_waiting(&call.groups).await;
            waiting.extend(listed.into_iter().filter(|one| !known.contains(&one.instance)));
            unlisted.extend(still_unlisted);
        }
        waiting.extend(unread().cloned());
        self.read_hooks(waiting, unlisted).await
    }

    /// The hooks of ours that wait for these instances. Every terminate hook of a group waits at the same time.
    async fn read_hooks(&self, waiting: Vec<ScalingInstance>, unlisted: Vec<UnlistedGroups>) -> WaitListing {
        let mut groups: BTreeMap<AutoScalingGroupName, Vec<ScalingInstance>> = BTreeMap::new();
        for instance in waiting {
            groups.entry(instance.group.clone()).or_default().push(instance);
        }
        // Side by side: a group whose hooks are not answered for seconds delays no other.
        let read = groups.into_iter().map(async |(group, instances)| {
            let (hooks, failure) = self.hooks_to_serve(&group).await;
            (hooks, instances, failure)
        });
        let mut listing = WaitListing {
            unlisted,
            ..WaitListing::default()
        };
        for (hooks, instances, failure) in join_all(read).await {
            for instance in &instances {
                listing
                    .waits
                    .extend(hooks.iter().map(|(hook, timeout_seconds)| Wait {
                        instance: instance.instance.clone(),
                        group: instance.group.clone(),
                        hook: hook.clone(),
                        timeout_seconds: *timeout_seconds,
                    }));
            }
            let unread = failure.map(|failure| UnreadHooks { instances, failure });
            listing.unread.extend(unread);
        }
        listing
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
