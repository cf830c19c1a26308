//! Where an EC2 instance is registered.

use protector_core::ids::{ContainerInstanceArn, InstanceKey};

/// Where an EC2 instance is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In these clusters: at least one, and nearly always no other.
    In(Vec<Home>),
    /// In no cluster of ours: each of them said so.
    Nowhere,
    /// Not every cluster could be asked.
    Unknown(String),
}

/// A cluster in which an EC2 instance is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    /// The instance in this cluster.
    pub(crate) key: InstanceKey,
    /// All its registrations there.
    pub(crate) registrations: Vec<ContainerInstanceArn>,
}
