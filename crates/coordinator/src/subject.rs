//! An instance to observe, and what a run knows of it before.

use jiff::Timestamp;
use protector_core::ids::{ContainerInstanceArn, InstanceKey};
use protector_core::observation::{ContainerInstance, Hook, Observed, Stored, Task};

/// An instance to look at, and what its trigger says of it.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Which instance.
    pub key: InstanceKey,
    /// What is known of its registrations in the cluster.
    pub registered: Registered,
    /// The hooks that wait for it.
    pub hook: Hook,
    /// When EC2 said, by this run's event, that it takes the instance back.
    pub spot: Option<Timestamp>,
    /// What this run has been shown of it already.
    pub shown: Shown,
}

/// What a run knows of the registrations of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// These are all, by a listing of this run: maybe none.
    All(Vec<ContainerInstanceArn>),
    /// These are some of them.
    Some(Vec<ContainerInstanceArn>),
}

/// What a listing or an event of this very run has shown of an instance: the first look need not ask for it again.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// When it was asked for; now if nothing was.
    pub at: Option<Timestamp>,
    /// Its record, if it was read. A listing that leaves it out says nothing.
    pub record: Option<Observed<Stored>>,
    /// Registrations of it.
    pub instances: Vec<ContainerInstance>,
    /// Its tasks.
    pub tasks: Option<Observed<Vec<Task>>>,
    /// Every daemon of the released drain is STOPPED: its events have said so.
    pub flushed: bool,
}

impl Subject {
    /// Its registrations, as far as they are known.
    pub fn arns(&self) -> &[ContainerInstanceArn] {
        match &self.registered {
            Registered::All(arns) | Registered::Some(arns) => arns,
        }
    }

    /// An instance of which its trigger says nothing else.
    pub fn new(key: InstanceKey, registered: Registered) -> Subject {
        Subject {
            key,
            registered,
            hook: Hook::None,
            spot: None,
            shown: Shown::default(),
        }
    }

    /// An instance, some registrations of which were just described.
    pub fn described(key: InstanceKey, instances: Vec<ContainerInstance>, at: Timestamp) -> Subject {
        let arns = instances.iter().map(|instance| instance.arn.clone()).collect();
        Subject {
            shown: Shown {
                at: Some(at),
                instances,
                ..Shown::default()
            },
            ..Subject::new(key, Registered::Some(arns))
        }
    }
}
