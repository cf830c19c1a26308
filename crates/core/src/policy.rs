//! The operator's choices are the settings of the coordinator that decide, in one type.

use jiff::SignedDuration;

use crate::aws::TaskGroup;
use crate::ids::{AutoScalingGroupName, ClusterName, ContainerName, LifecycleHookName};
use crate::record::ParameterPrefix;
use crate::throughput::ParameterThroughput;
use crate::tiers::Tiers;
use crate::variables::Reader;

/// The terminate hook of ECS managed instance draining. It is ECS's to complete, never ours
/// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instance-draining.html>).
pub const MANAGED_DRAINING_HOOK: &str = "ecs-managed-draining-termination-hook";

/// The default name of the sidecar's container.
pub const SIDECAR_CONTAINER: &str = "ecs-daemon-protector";

/// What happens at the deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDeadline {
    /// The daemons are released, whatever still runs.
    Release,
    /// They are kept until the hook's global limit.
    Hold,
}

/// What is done about tasks of no service, which DRAINING leaves alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandaloneTasks {
    /// They hold until they end.
    Wait,
    /// They do not hold.
    Ignore,
    /// They are ordered to stop, and hold until they have.
    Stop,
}

/// How to drain, and what is ours to drain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Clusters that are watched; empty means all of the account and region.
    pub clusters: Vec<ClusterName>,
    /// Groups whose hooks are served; empty means any. Only listed groups are searched by the tick.
    pub auto_scaling_groups: Vec<AutoScalingGroupName>,
    /// Hooks that are ours; empty means any but [`MANAGED_DRAINING_HOOK`].
    pub lifecycle_hooks: Vec<LifecycleHookName>,
    /// The prefix of the records' parameters.
    pub prefix: ParameterPrefix,
    /// How long a drain may hold, unless an operator extends it.
    pub max_drain: SignedDuration,
    /// What daemons get to stop and flush after release.
    pub daemon_stop: SignedDuration,
    /// How long "no task left" must hold after DRAINING was confirmed: placements that were in progress arrive late.
    pub settle: SignedDuration,
    /// How long after the last holding task's end the daemons stay: STOPPED says nothing of what they have yet to read.
    pub linger: SignedDuration,
    /// What happens at the deadline.
    pub on_deadline: OnDeadline,
    /// Groups whose tasks never hold.
    pub ignore_groups: Vec<TaskGroup>,
    /// What is done about standalone tasks.
    pub standalone_tasks: StandaloneTasks,
    /// How long after the start of a drain whatever still holds is ordered to stop; never if none.
    pub stop_tasks_after: Option<SignedDuration>,
    /// How long an agent must be away for its tasks to count as phantoms. Agents reconnect several times an hour.
    pub agent_lost: SignedDuration,
    /// How often the daemons of instances that do not drain are checked for the protection of their sidecars; zero is
    /// never.
    pub unprotected_check: SignedDuration,
    /// The order in which daemons go.
    pub tiers: Tiers,
    /// Look, plan and say, and change nothing.
    pub dry_run: bool,
    /// Each drain has a record of its own, however many there are: sidecars of an earlier version read no other.
    pub own_records_only: bool,
    /// The throughput of Parameter Store that the account pays for: what records are written and read by.
    pub parameter_throughput: ParameterThroughput,
    /// The container that makes a task a protected daemon task.
    pub sidecar_container: ContainerName,
}

impl Policy {
    /// Reads the policy's settings; problems stay in `reader`.
    #[must_use]
    pub fn read(reader: &mut Reader<'_>) -> Option<Policy> {
        let policy = Policy {
            clusters: reader.list("CLUSTERS", "an ECS cluster name (not an ARN)"),
            auto_scaling_groups: reader.list("AUTO_SCALING_GROUPS", "the name of an Auto Scaling group"),
            lifecycle_hooks: reader.list("LIFECYCLE_HOOKS", "the name of a lifecycle hook"),
            prefix: reader
                .parsed("PARAMETER_PREFIX", PREFIX_EXPECTED)
                .unwrap_or_default(),
            max_drain: reader.duration("MAX_DRAIN", SignedDuration::from_hours(1)),
            daemon_stop: reader.duration("DAEMON_STOP", SignedDuration::from_mins(2)),
            settle: reader.duration("SETTLE", SignedDuration::from_secs(10)),
            linger: reader.duration_or_zero("LINGER", SignedDuration::from_secs(5)),
            on_deadline: reader.choice("ON_DEADLINE", ON_DEADLINE, OnDeadline::Release),
            ignore_groups: reader.list(
                "IGNORE_GROUPS",
                "a task group such as service:web or family:batch",
            ),
            standalone_tasks: reader.choice("STANDALONE_TASKS", STANDALONE_TASKS, StandaloneTasks::Wait),
            stop_tasks_after: reader.optional_duration("STOP_TASKS_AFTER"),
            agent_lost: reader.duration("AGENT_LOST", SignedDuration::from_mins(10)),
            unprotected_check: reader.duration_or_zero("UNPROTECTED_CHECK", SignedDuration::from_mins(15)),
            tiers: reader.parsed("DAEMON_TIERS", TIERS_EXPECTED).unwrap_or_default(),
            dry_run: reader.flag("DRY_RUN"),
            own_records_only: reader.flag("OWN_RECORDS_ONLY"),
            parameter_throughput: reader.choice(
                "PARAMETER_THROUGHPUT",
                ParameterThroughput::CHOICES,
                ParameterThroughput::Standard,
            ),
            sidecar_container: sidecar_container(reader)?,
        };
        policy.contradictions(reader);
        Some(policy)
    }

    /// What all daemons get together from their release to their end: each tier in turn.
    #[must_use]
    pub fn flush(&self) -> SignedDuration {
        self.daemon_stop * i32::try_from(self.tiers.count()).unwrap_or(i32::MAX)
    }

    /// Returns whether the hook is ours to heartbeat and complete.
    #[must_use]
    pub fn serves_hook(&self, hook: &LifecycleHookName) -> bool {
        let listed = self.lifecycle_hooks.is_empty() || self.lifecycle_hooks.contains(hook);
        listed && hook.as_str() != MANAGED_DRAINING_HOOK
    }

    /// Returns whether the operator named the hook or its group. Only then is an instance that is in no cluster ours to
    /// let go: other groups of the account have terminate hooks of their own.
    #[must_use]
    pub fn names(&self, group: &AutoScalingGroupName, hook: &LifecycleHookName) -> bool {
        self.lifecycle_hooks.contains(hook) || self.auto_scaling_groups.contains(group)
    }

    /// Returns whether the group is ours.
    #[must_use]
    pub fn serves_group(&self, group: &AutoScalingGroupName) -> bool {
        self.auto_scaling_groups.is_empty() || self.auto_scaling_groups.contains(group)
    }

    /// Returns whether the cluster is ours.
    #[must_use]
    pub fn serves_cluster(&self, cluster: &ClusterName) -> bool {
        self.clusters.is_empty() || self.clusters.contains(cluster)
    }

    fn contradictions(&self, reader: &mut Reader<'_>) {
        if self.settle >= self.max_drain {
            reader.contradiction(
                ["SETTLE", "MAX_DRAIN"],
                [&format!("{:#}", self.settle), &format!("{:#}", self.max_drain)],
                "a settle window shorter than the longest drain, or no drain could end as drained",
            );
        }
        if reader.is_given("LINGER") && self.linger >= self.max_drain {
            reader.contradiction(
                ["LINGER", "MAX_DRAIN"],
                [&format!("{:#}", self.linger), &format!("{:#}", self.max_drain)],
                "daemons to stay for less than the longest drain, or the deadline always comes first",
            );
        }
        let too_late = self.stop_tasks_after.filter(|after| *after >= self.max_drain);
        if let (Some(after), OnDeadline::Release) = (too_late, self.on_deadline) {
            reader.contradiction(
                ["STOP_TASKS_AFTER", "MAX_DRAIN"],
                [&format!("{after:#}"), &format!("{:#}", self.max_drain)],
                "tasks to be stopped before the longest drain is over, or they never are",
            );
        }
        let meant = reader.is_given("AGENT_LOST") && reader.is_given("MAX_DRAIN");
        if meant && self.on_deadline == OnDeadline::Release && self.agent_lost >= self.max_drain {
            reader.contradiction(
                ["AGENT_LOST", "MAX_DRAIN"],
                [
                    &format!("{:#}", self.agent_lost),
                    &format!("{:#}", self.max_drain),
                ],
                "an agent to count as lost before the longest drain is over, or it never does",
            );
        }
        if self
            .lifecycle_hooks
            .iter()
            .any(|hook| hook.as_str() == MANAGED_DRAINING_HOOK)
        {
            reader.refuse(
                "LIFECYCLE_HOOKS",
                MANAGED_DRAINING_HOOK,
                "hooks of yours: that one is completed by ECS",
            );
        }
    }
}

const PREFIX_EXPECTED: &str = "an SSM path such as /ecs-daemon-protector (letters, digits, _ . - and /, at most 13 levels, not starting with aws or ssm)";

const ON_DEADLINE: &[(&str, OnDeadline)] = &[("release", OnDeadline::Release), ("hold", OnDeadline::Hold)];

const STANDALONE_TASKS: &[(&str, StandaloneTasks)] = &[
    ("wait", StandaloneTasks::Wait),
    ("ignore", StandaloneTasks::Ignore),
    ("stop", StandaloneTasks::Stop),
];

const TIERS_EXPECTED: &str =
    "tiers of daemon services such as \"xray, datadog | fluent-bit\", each service once";

/// Read by hand for its default, which is a constant that parses.
fn sidecar_container(reader: &mut Reader<'_>) -> Option<ContainerName> {
    reader
        .parsed("SIDECAR_CONTAINER", "a container name")
        .or_else(|| SIDECAR_CONTAINER.parse().ok())
}

#[cfg(test)]
mod tests;
