//! What a run reconciles, and what it knows of it before.

use jiff::Timestamp;
use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceId, InstanceKey};
use protector_core::observation::{ContainerInstance, Hook, HookAction, Observed, Stored, Task};
use protector_core::plan::Search;
use protector_core::sweep::{NeedsObservation, SteadyDrain};

/// What a run reconciles.
#[derive(Debug, Clone)]
pub(crate) enum Subject {
    /// An instance of a cluster, to be observed completely.
    Registered(Box<Registered>),
    /// A drain that needs no full observation.
    Steady(Box<SteadyDrain>),
    /// An instance that is in no cluster, as far as is known: only its hooks are there to act on.
    Unregistered(Unregistered),
}

impl Subject {
    pub(crate) fn registered(instance: Registered) -> Subject {
        Subject::Registered(Box::new(instance))
    }
}

/// An instance for which hooks wait, and that was not found in a cluster.
#[derive(Debug, Clone)]
pub(crate) struct Unregistered {
    pub(crate) instance: InstanceId,
    pub(crate) hooks: Vec<HookAction>,
    /// What the search for it has found.
    pub(crate) search: Search,
}

/// An instance of a cluster to look at, and what its trigger says of it.
#[derive(Debug, Clone)]
pub(crate) struct Registered {
    pub(crate) key: InstanceKey,
    /// What is known of its registrations in the cluster.
    pub(crate) registrations: KnownRegistrations,
    pub(crate) hook: Hook,
    /// Other clusters in which it is registered, or may be, as far as the trigger says. Its record may name more.
    pub(crate) elsewhere: Vec<ClusterName>,
    /// When EC2 said, by this run's event, that it takes the instance back.
    pub(crate) spot: Option<Timestamp>,
    /// What this run has been shown of it already.
    pub(crate) shown: Shown,
}

/// What a run knows of the registrations of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KnownRegistrations {
    /// These are all, by a listing of this run: maybe none.
    All(Vec<ContainerInstanceArn>),
    /// These are some of them.
    Some(Vec<ContainerInstanceArn>),
}

/// What a listing or an event of this very run has shown of an instance: the first look need not ask for it again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    /// When it was asked for; now if nothing was.
    pub(crate) at: Option<Timestamp>,
    /// Its record, if it was read. A listing that leaves it out says nothing.
    pub(crate) record: Option<Observed<Stored>>,
    /// Registrations of it.
    pub(crate) instances: Vec<ContainerInstance>,
    pub(crate) tasks: Option<Observed<Vec<Task>>>,
    /// Every daemon of the released drain is STOPPED: its events have said so.
    pub(crate) flushed: bool,
}

impl Registered {
    /// Its registrations, as far as they are known.
    pub(crate) fn arns(&self) -> &[ContainerInstanceArn] {
        match &self.registrations {
            KnownRegistrations::All(arns) | KnownRegistrations::Some(arns) => arns,
        }
    }

    /// An instance of which its trigger says nothing else.
    pub(crate) fn new(key: InstanceKey, registrations: KnownRegistrations) -> Registered {
        Registered {
            key,
            registrations,
            hook: Hook::None,
            elsewhere: Vec::new(),
            spot: None,
            shown: Shown::default(),
        }
    }

    /// An instance, some registrations of which were just described.
    pub(crate) fn described(
        key: InstanceKey,
        instances: Vec<ContainerInstance>,
        at: Timestamp,
    ) -> Registered {
        let arns = instances.iter().map(|instance| instance.arn.clone()).collect();
        Registered {
            shown: Shown {
                at: Some(at),
                instances,
                ..Shown::default()
            },
            ..Registered::new(key, KnownRegistrations::Some(arns))
        }
    }

    /// An instance that a tick has listed at this time.
    pub(crate) fn listed(needs: NeedsObservation, at: Timestamp) -> Registered {
        let mut subject = match needs.instances {
            Some(instances) => Registered::described(needs.key, instances, at),
            None => Registered::new(needs.key, KnownRegistrations::Some(Vec::new())),
        };
        subject.hook = needs.hook;
        subject.elsewhere = needs.elsewhere;
        subject.shown.at = Some(at);
        subject.shown.record = needs.stored.map(Observed::Present);
        subject
    }
}
