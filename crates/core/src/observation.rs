//! What the coordinator has seen of one instance, in our own types.
//!
//! A thing is seen, seen to be absent, or not known. Every read error makes it unknown, never smaller (P2).

use jiff::Timestamp;

use crate::aws::{ContainerHealth, ContainerStatus, InstanceStatus, Scheduling, TaskGroup, TaskStatus};
use crate::ids::{
    AutoScalingGroupName, ClusterName, ContainerInstanceArn, ContainerName, InstanceKey,
    LifecycleActionToken, LifecycleHookName, ServiceName, TaskArn,
};
use crate::record::{DecodeError, Lifecycle, Record};
use crate::unprotected::UnprotectedReason;

/// The outcome of looking for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observed<T> {
    /// It is there.
    Present(T),
    /// It is not there, according to AWS.
    Absent,
    /// We do not know: the read failed, or only a part of it came back. Holds why.
    Unknown(String),
}

impl<T> Observed<T> {
    /// The same of something made from it.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Observed<U> {
        match self {
            Observed::Present(thing) => Observed::Present(f(thing)),
            Observed::Absent => Observed::Absent,
            Observed::Unknown(why) => Observed::Unknown(why),
        }
    }

    /// The thing, if it was seen.
    pub fn as_yes(&self) -> Option<&T> {
        match self {
            Observed::Present(thing) => Some(thing),
            Observed::Absent | Observed::Unknown(_) => None,
        }
    }
}

/// One look at one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The key of the instance.
    pub key: InstanceKey,
    /// When the look began: nothing in it is older.
    pub at: Timestamp,
    /// Its record. Read before ECS is asked, so that the record never knows more than the tasks show.
    pub record: Observed<Stored>,
    /// It as a member of its cluster.
    pub instance: Observed<Registrations>,
    /// What is known of the tasks on it.
    pub tasks: SeenTasks,
    /// The hook of ours that waits for it.
    pub hook: Hook,
    /// The same instance in other watched clusters: nearly always in none.
    pub elsewhere: Vec<Elsewhere>,
}

impl Observation {
    /// The same, when Auto Scaling has said that the hooks of the record wait again: the waits that its drain knew are over,
    /// and no event has named the new ones.
    #[must_use]
    pub fn of_another_wait(self, now: Timestamp) -> Observation {
        let hooks = self.record.readable().into_iter().flat_map(Record::lifecycles);
        let again = |hook: &Lifecycle| HookAction {
            token: None,
            since: now,
            ..HookAction::from(hook)
        };
        Observation {
            hook: Hook::Waiting(hooks.map(again).collect()),
            record: self.record.map(|stored| Stored {
                record: stored.record.map(|record| record.outlived(now)),
                ..stored
            }),
            ..self
        }
    }
}

/// The same instance in another watched cluster. Its hooks wait for the drain there too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// The other cluster.
    pub cluster: ClusterName,
    /// What was seen there.
    pub seen: SeenElsewhere,
}

/// What was seen of an instance in another cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeenElsewhere {
    /// A drain, as its record has it: for the hooks that wait now, or one of long ago.
    Drain(Box<Record>),
    /// It is registered there, and no record says that it drains.
    NotBegun,
    /// It is not registered there.
    Nowhere,
    /// It is not known. Holds why.
    Unknown(String),
}

/// What is known of the tasks of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeenTasks {
    /// As they were read: all tasks whose status is not final, and maybe some stopped ones.
    Read(Observed<Vec<Task>>),
    /// They were not read. The drain is released, no task held then, and ECS has reported since that every daemon is
    /// STOPPED, one event for each.
    Flushed,
}

impl SeenTasks {
    /// The tasks, if they were read.
    #[must_use]
    pub fn as_read(&self) -> Option<&Vec<Task>> {
        match self {
            SeenTasks::Read(tasks) => tasks.as_yes(),
            SeenTasks::Flushed => None,
        }
    }
}

impl From<Observed<Vec<Task>>> for SeenTasks {
    fn from(read: Observed<Vec<Task>>) -> Self {
        SeenTasks::Read(read)
    }
}

/// A parameter as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its text, decoded.
    pub record: Result<Record, DecodeError>,
    /// Its version: the next write makes the next number, unless another writer writes between.
    pub version: i64,
}

impl Stored {
    /// The record, if its text could be read.
    #[must_use]
    pub fn readable(&self) -> Option<&Record> {
        self.record.as_ref().ok()
    }
}

impl Observed<Stored> {
    /// The record, if there is one, and its text could be read.
    #[must_use]
    pub fn readable(&self) -> Option<&Record> {
        self.as_yes().and_then(Stored::readable)
    }
}

/// An EC2 instance as a member of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerInstance {
    /// Its name in this life.
    pub arn: ContainerInstanceArn,
    /// Its status.
    pub status: InstanceStatus,
    /// Whether its agent is connected to ECS. Agents reconnect several times an hour, so a short "no" is normal.
    pub agent_connected: bool,
    /// How many tasks ECS counts on it; `None` if it does not say.
    pub tasks: Option<u32>,
}

/// All registrations of one EC2 instance in its cluster: at least one.
///
/// An agent that has lost its data, or whose root volume was replaced, registers again, and the old registration stays
/// in the cluster in whatever status it had. So an EC2 instance is all its registrations, and none of them decides for
/// it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registrations {
    present: ContainerInstance,
    others: Vec<ContainerInstance>,
}

impl Registrations {
    /// These, if there is one. `recorded` is what a drain's record takes for the present one: it stays that, unless
    /// another one's agent is connected and its own is not.
    #[must_use]
    pub fn of(mut all: Vec<ContainerInstance>, recorded: Option<&ContainerInstanceArn>) -> Option<Self> {
        all.sort_by(|a, b| a.arn.cmp(&b.arn));
        all.dedup_by(|a, b| a.arn == b.arn);
        let rank = |one: &ContainerInstance| {
            (
                one.can_hold(),
                one.agent_connected,
                recorded == Some(&one.arn),
                one.status == InstanceStatus::Active,
            )
        };
        let (index, _) = all.iter().enumerate().max_by_key(|(_, one)| rank(one))?;
        let present = all.remove(index);
        Some(Self { present, others: all })
    }

    /// The present one: that is connected, or the drain's own.
    #[must_use]
    pub fn present(&self) -> &ContainerInstance {
        &self.present
    }

    /// All of them, the present one first.
    pub fn all(&self) -> impl Iterator<Item = &ContainerInstance> {
        std::iter::once(&self.present).chain(&self.others)
    }

    /// Those that show what becomes of the machine. A registration that is not connected does not count beside the
    /// present one.
    fn telling(&self) -> impl Iterator<Item = &ContainerInstance> {
        let others = self.others.iter().filter(|other| other.agent_connected);
        std::iter::once(&self.present)
            .chain(others)
            .filter(|one| one.can_hold())
    }

    /// Returns whether it takes no new tasks any more.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.telling().next().is_some() && self.telling().all(ContainerInstance::is_draining)
    }

    /// Returns whether it takes new tasks.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.telling().any(|one| one.status == InstanceStatus::Active)
    }

    /// Returns whether it is in service: it takes new tasks, and its agent is there to start them.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.is_active() && self.agent_connected()
    }

    /// Returns whether ECS has forgotten it.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.all().all(|one| one.status == InstanceStatus::Inactive)
    }

    /// Returns whether none of them ever came in. Such an instance has no tasks, and can never be DRAINING.
    #[must_use]
    pub fn never_came_in(&self) -> bool {
        !self.is_gone() && !self.all().any(ContainerInstance::can_hold)
    }

    /// Those whose tasks count. A registration that was left behind without a task does not count: its agent is gone,
    /// so no task can be placed on it.
    pub fn with_tasks(&self) -> impl Iterator<Item = &ContainerInstance> {
        self.all()
            .filter(move |one| one.arn == self.present.arn || !one.speaks_for_none())
    }

    /// Returns whether it was left behind as DRAINING: no agent of it is connected, and ECS counts no task on it. Tasks
    /// that ECS has ordered to stop are not counted.
    #[must_use]
    pub fn is_left_behind(&self) -> bool {
        self.all().all(ContainerInstance::is_left_behind)
    }

    /// Returns whether an agent of it is connected to ECS.
    #[must_use]
    pub fn agent_connected(&self) -> bool {
        self.all().any(|one| one.agent_connected)
    }

    /// Those that are to be set DRAINING, the present one first. Also one that is not connected: its agent may come
    /// back.
    pub fn to_drain(&self) -> impl Iterator<Item = &ContainerInstanceArn> {
        let active = self.all().filter(|one| one.status == InstanceStatus::Active);
        active.map(|one| &one.arn)
    }

    /// The same, with one of them as it was seen since.
    #[must_use]
    pub fn with(&self, seen: &ContainerInstance) -> Self {
        let mut with = self.clone();
        let all = std::iter::once(&mut with.present).chain(&mut with.others);
        all.filter(|one| one.arn == seen.arn)
            .for_each(|one| one.clone_from(seen));
        with
    }
}

impl From<ContainerInstance> for Registrations {
    fn from(present: ContainerInstance) -> Self {
        Self {
            present,
            others: Vec::new(),
        }
    }
}

impl ContainerInstance {
    /// Returns whether tasks may be on it.
    fn can_hold(&self) -> bool {
        !matches!(
            self.status,
            InstanceStatus::Inactive | InstanceStatus::Registering | InstanceStatus::RegistrationFailed
        )
    }

    fn is_draining(&self) -> bool {
        matches!(
            self.status,
            InstanceStatus::Draining | InstanceStatus::Deregistering
        )
    }

    /// Its agent is gone, and ECS counts no task on it.
    fn speaks_for_none(&self) -> bool {
        !self.agent_connected && self.tasks == Some(0)
    }

    /// Returns whether it was left behind as DRAINING, as [`Registrations::is_left_behind`] has it.
    #[must_use]
    pub fn is_left_behind(&self) -> bool {
        self.is_draining() && self.speaks_for_none()
    }
}

/// Returns whether a drain's own registration is gone, and all that is left are those that it had left behind before: then
/// the machine is gone too. An earlier registration stays DRAINING until it is deregistered.
#[must_use]
pub fn is_machine_gone(record: &Record, left: &[ContainerInstance]) -> bool {
    let own = left.iter().any(|one| one.arn == record.container_instance_arn);
    !own && left
        .iter()
        .all(|one| one.is_left_behind() && record.names(&one.arn))
}

/// Whether a hook of ours waits for the instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hook {
    /// None is known.
    None,
    /// These do: at least one. A group may have several hooks of ours, and all of them wait at the same time.
    Waiting(Vec<HookAction>),
    /// The one that the record names does not wait any more, according to Auto Scaling.
    Over,
    /// Auto Scaling could not be asked.
    Unknown(String),
}

impl Hook {
    /// One hook waits.
    #[must_use]
    pub fn waiting(action: HookAction) -> Hook {
        Hook::Waiting(vec![action])
    }

    /// Returns whether it takes Auto Scaling to say more: an event names no hook, the record has one of a drain that began
    /// and has not ended, and the instance is ACTIVE again. It may be in service again, or its hook may wait still.
    #[must_use]
    pub fn is_in_question(&self, record: Option<&Record>, instance: Option<&Registrations>) -> bool {
        let began = |record: &Record| {
            record.lifecycle.is_some()
                && record.receipt_at.is_none()
                && record.draining_confirmed_at.is_some()
        };
        *self == Hook::None && record.is_some_and(began) && instance.is_some_and(Registrations::is_active)
    }

    /// The hooks that wait.
    #[must_use]
    pub fn waits(&self) -> &[HookAction] {
        match self {
            Hook::Waiting(actions) => actions,
            Hook::None | Hook::Over | Hook::Unknown(_) => &[],
        }
    }
}

/// One waiting of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookAction {
    /// The Auto Scaling group.
    pub group: AutoScalingGroupName,
    /// The hook.
    pub hook: LifecycleHookName,
    /// The token, if the event that holds it has arrived.
    pub token: Option<LifecycleActionToken>,
    /// The hook's own `HeartbeatTimeout`, in seconds.
    pub heartbeat_seconds: u32,
    /// Auto Scaling did not report the timeout, and this one is assumed: it paces heartbeats, and sets no limit.
    pub heartbeat_assumed: bool,
    /// When the wait began, as far as it is known.
    pub since: Timestamp,
}

impl From<&Lifecycle> for HookAction {
    /// The wait that a record describes.
    fn from(hook: &Lifecycle) -> HookAction {
        HookAction {
            group: hook.auto_scaling_group_name.clone(),
            hook: hook.lifecycle_hook_name.clone(),
            token: hook.lifecycle_action_token.clone(),
            heartbeat_seconds: hook.heartbeat_seconds,
            heartbeat_assumed: false,
            since: hook.heartbeat_at,
        }
    }
}

impl HookAction {
    /// Returns whether it is the hook that a record keeps as this one, whichever wait of it.
    #[must_use]
    pub fn is_of(&self, lifecycle: &Lifecycle) -> bool {
        (&self.group, &self.hook) == (&lifecycle.auto_scaling_group_name, &lifecycle.lifecycle_hook_name)
    }
}

/// One task on the instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The task.
    pub arn: TaskArn,
    /// Its group; ECS leaves it out in no documented case, but it is optional in the API.
    pub group: Option<TaskGroup>,
    /// Its status.
    pub last_status: TaskStatus,
    /// Whether ECS has ordered it to stop.
    pub stopping: bool,
    /// Whether the agent of its registration is connected to ECS. If not, its status may be of long ago.
    pub agent_connected: bool,
    /// How its service schedules it.
    pub scheduling: Scheduling,
    /// Its containers, as ECS knows them.
    pub containers: Vec<Container>,
    /// Why it was known not to be protected when it was last seen, before ECS ordered it to stop.
    pub unprotected_before: Option<UnprotectedReason>,
    /// When its containers had ended, by the clock of its agent, as far as [`execution_end`] knows it.
    pub execution_stopped_at: Option<Timestamp>,
    /// When it was STOPPED, if it is.
    pub stopped_at: Option<Timestamp>,
    /// How long task scale-in protection keeps the service scheduler from stopping it, if that was asked for.
    pub protected_until: Option<Timestamp>,
}

/// Returns when the containers of a task had ended, by its `executionStoppedAt` and the number of them. The agent notes that
/// time when the first essential container ends (`RecordExecutionStoppedAt` in its `task.go`), and others may still write
/// until their stop time-outs: it is the end of all of them only if there is one.
#[must_use]
pub fn execution_end(execution_stopped_at: Option<Timestamp>, containers: usize) -> Option<Timestamp> {
    execution_stopped_at.filter(|_| containers == 1)
}

/// Returns when the containers of a task ended, or no later than when: it is STOPPED only after what it had, as a network
/// interface, was taken back. The clock of an agent may be ahead of that of ECS.
#[must_use]
pub fn containers_ended_at(
    execution_stopped_at: Option<Timestamp>,
    stopped_at: Option<Timestamp>,
) -> Option<Timestamp> {
    let known = [execution_stopped_at, stopped_at];
    known.into_iter().flatten().min()
}

impl Task {
    /// The name under which it is counted.
    #[must_use]
    pub fn group_name(&self) -> String {
        let group = self.group.as_ref();
        group.map_or_else(|| "(no group)".to_owned(), TaskGroup::to_string)
    }

    /// Its service, if it is of one.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceName> {
        self.group.as_ref()?.service()
    }

    /// Its container of this name.
    #[must_use]
    pub fn container(&self, name: &ContainerName) -> Option<&Container> {
        self.containers.iter().find(|container| container.name == *name)
    }

    /// Returns whether it has a container of this name, whatever has become of that.
    #[must_use]
    pub fn has_container(&self, name: &ContainerName) -> bool {
        self.container(name).is_some()
    }
}

/// One container of a task (`DescribeTasks`, `containers[]`). ECS leaves out what it does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its name in the task definition.
    pub name: ContainerName,
    /// Its status. The agent reports a container that has stopped up to some 20 s later, and a restart by
    /// `restartPolicy` not at all.
    pub last_status: Option<ContainerStatus>,
    /// What its health check says.
    pub health: Option<ContainerHealth>,
    /// Its exit code, if it has run and ended.
    pub exit_code: Option<i64>,
    /// Why it was stopped or never started, for example `CannotPullContainerError: …`.
    pub reason: Option<String>,
}

impl Container {
    /// A container of which nothing but its name is known.
    #[must_use]
    pub fn named(name: ContainerName) -> Self {
        Self {
            name,
            last_status: None,
            health: None,
            exit_code: None,
            reason: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, holding, released};

    fn one(number: u32, status: &str, agent_connected: bool) -> ContainerInstance {
        ContainerInstance {
            arn: format!("arn:aws:ecs:eu-west-1:1:container-instance/prod/{number}")
                .parse()
                .unwrap(),
            status: status.to_owned().into(),
            agent_connected,
            tasks: None,
        }
    }

    fn all(those: &[ContainerInstance], recorded: Option<u32>) -> Registrations {
        let recorded = recorded.map(|number| one(number, "ACTIVE", true).arn);
        Registrations::of(those.to_vec(), recorded.as_ref()).unwrap()
    }

    #[test]
    fn a_machine_is_gone_with_the_registration_of_its_drain() {
        let record = Record {
            other_registrations: vec![one(1, "", false).arn],
            ..Record::first(
                "i-12345678".parse().unwrap(),
                one(2, "", false).arn,
                "token".to_owned(),
                at(0),
                at(3600),
                5,
            )
        };
        type Left = &'static [(u32, &'static str, bool)];
        // What is left, as number, status and agent.
        let table: [(Left, bool); 5] = [
            (&[(1, "DRAINING", false)], true),
            (&[(1, "DRAINING", true)], false),
            (&[(1, "DRAINING", false), (2, "DRAINING", false)], false),
            (&[(3, "DRAINING", false)], false),
            (&[(1, "ACTIVE", false)], false),
        ];
        for (left, gone) in table {
            let left: Vec<ContainerInstance> = left
                .iter()
                .map(|(number, status, agent)| ContainerInstance {
                    tasks: Some(0),
                    ..one(*number, status, *agent)
                })
                .collect();
            assert_eq!(is_machine_gone(&record, &left), gone, "{left:?}");
        }
    }

    #[test]
    fn p4_auto_scaling_is_asked_about_a_hooked_drain_whose_instance_is_active_again() {
        let drains = holding(1);
        let unconfirmed = Record {
            draining_confirmed_at: None,
            ..drains.clone()
        };
        let unhooked = Record {
            lifecycle: None,
            ..drains.clone()
        };
        let ended = Record {
            receipt_at: Some(at(60)),
            ..released(1)
        };
        let active = all(&[one(1, "ACTIVE", true)], None);
        let draining = all(&[one(1, "DRAINING", true)], None);
        let unknown = Hook::Unknown("throttled".to_owned());
        let table = [
            (&Hook::None, Some(&drains), Some(&active), true),
            (&Hook::None, Some(&released(1)), Some(&active), true),
            (&Hook::None, Some(&drains), Some(&draining), false),
            (&Hook::None, Some(&drains), None, false),
            (&Hook::None, None, Some(&active), false),
            (&Hook::None, Some(&unconfirmed), Some(&active), false),
            (&Hook::None, Some(&unhooked), Some(&active), false),
            (&Hook::None, Some(&ended), Some(&active), false),
            // Auto Scaling was asked.
            (&Hook::Over, Some(&drains), Some(&active), false),
            (&unknown, Some(&drains), Some(&active), false),
        ];
        for (row, (hook, record, instance, asked)) in table.into_iter().enumerate() {
            assert_eq!(hook.is_in_question(record, instance), asked, "row {row}");
        }
    }

    /// What two registrations of one machine say together, whichever ECS names first.
    #[test]
    fn p2_a_registration_that_was_left_behind_does_not_count() {
        // The two, which of them the record knows, which one is present, and whether it drains and is active.
        let table = [
            (("DRAINING", false), ("ACTIVE", true), None, 2, (false, true)),
            (("DRAINING", false), ("ACTIVE", true), Some(1), 2, (false, true)),
            (("DRAINING", false), ("DRAINING", true), Some(2), 2, (true, false)),
            (("ACTIVE", false), ("DRAINING", true), None, 2, (true, false)),
            // The agent of the live one is away for a moment.
            (("DRAINING", false), ("ACTIVE", false), None, 2, (false, true)),
            (("ACTIVE", false), ("DRAINING", false), Some(2), 2, (true, false)),
            // Two agents, and one of them takes tasks.
            (("DRAINING", true), ("ACTIVE", true), Some(1), 1, (false, true)),
            (("REGISTERING", true), ("DRAINING", false), None, 2, (true, false)),
            (("INACTIVE", false), ("DRAINING", true), Some(1), 2, (true, false)),
        ];
        for (first, second, recorded, present, (drains, active)) in table {
            let (first, second) = (one(1, first.0, first.1), one(2, second.0, second.1));
            for those in [[first.clone(), second.clone()], [second.clone(), first.clone()]] {
                let seen = all(&those, recorded);
                assert_eq!(seen.present().arn, one(present, "ACTIVE", true).arn, "{seen:?}");
                assert_eq!(
                    (seen.is_draining(), seen.is_active()),
                    (drains, active),
                    "{seen:?}"
                );
            }
        }
    }

    #[test]
    fn who_never_came_in_is_neither_draining_nor_gone() {
        for status in ["REGISTERING", "REGISTRATION_FAILED"] {
            let seen = all(&[one(1, status, true)], None);
            assert!(seen.never_came_in() && !seen.is_gone() && !seen.is_draining() && !seen.is_active());
        }
        let gone = all(&[one(1, "INACTIVE", false)], None);
        assert!(gone.is_gone() && !gone.never_came_in());
        assert_eq!(Registrations::of(Vec::new(), None), None);
    }

    #[test]
    fn p4_every_registration_that_takes_tasks_is_drained() {
        let seen = all(
            &[
                one(1, "ACTIVE", false),
                one(2, "ACTIVE", true),
                one(3, "DRAINING", false),
            ],
            None,
        );
        let arns: Vec<_> = seen.to_drain().cloned().collect();
        assert_eq!(arns, [one(2, "", true).arn, one(1, "", true).arn]);
        let after = seen.with(&one(2, "DRAINING", true));
        assert!(after.is_draining());
    }

    #[test]
    fn p2_tasks_of_every_registration_count_unless_it_was_left_behind_empty() {
        let empty = ContainerInstance {
            tasks: Some(0),
            ..one(1, "DRAINING", false)
        };
        let phantoms = ContainerInstance {
            tasks: Some(2),
            ..one(3, "DRAINING", false)
        };
        let seen = all(&[empty.clone(), one(2, "DRAINING", true), phantoms.clone()], None);
        let counted: Vec<_> = seen.with_tasks().map(|one| one.arn.clone()).collect();
        assert_eq!(counted, [one(2, "", true).arn, phantoms.arn]);
        let alone = all(std::slice::from_ref(&empty), None);
        assert_eq!(alone.with_tasks().count(), 1, "the present one is always asked");
    }
}
