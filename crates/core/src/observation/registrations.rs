//! The registrations of an EC2 instance in its cluster say together what becomes of the machine.

use crate::aws::InstanceStatus;
use crate::ids::ContainerInstanceArn;
use crate::record::Record;

/// An EC2 instance as a member of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerInstance {
    /// Its name in this life.
    pub arn: ContainerInstanceArn,
    /// Its status in the cluster: ECS places tasks on an ACTIVE one only.
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

    /// Returns whether a record is of the present registration.
    #[must_use]
    pub fn is_named_by(&self, record: &Record) -> bool {
        record.names(&self.present().arn)
    }

    /// Returns whether no task can come to it any more: it drains, or never came in.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_draining() || self.never_came_in()
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

#[cfg(test)]
mod tests;
