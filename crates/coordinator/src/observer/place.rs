//! Where an EC2 instance is registered.

use protector_core::ids::{ClusterName, ContainerInstanceArn, InstanceKey};

/// Where an EC2 instance is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In some clusters.
    In(Whereabouts),
    /// In no cluster of ours: each of them said so.
    Nowhere,
    /// Not every cluster could be asked.
    Unknown(String),
}

/// In which clusters an EC2 instance is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    /// Those that count: at least one, and nearly always no other.
    pub(crate) homes: Vec<Home>,
    /// Clusters that could not be asked, if the instance's agent is in none of the others: it may be there.
    pub(crate) unasked: Vec<ClusterName>,
}

impl Whereabouts {
    /// The instance in each of the clusters that count.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &InstanceKey> {
        self.homes.iter().map(|home| &home.key)
    }

    /// The other clusters in which the instance is to drain, or may have to.
    pub(crate) fn beside(&self, cluster: &ClusterName) -> Vec<ClusterName> {
        let homes = self.homes.iter().map(|home| &home.key.cluster);
        let others = homes.chain(&self.unasked).filter(|other| *other != cluster);
        others.cloned().collect()
    }
}

impl From<Home> for Whereabouts {
    fn from(home: Home) -> Self {
        Self {
            homes: vec![home],
            unasked: Vec::new(),
        }
    }
}

/// A cluster in which an EC2 instance is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    pub(crate) key: InstanceKey,
    pub(crate) registrations: Vec<ContainerInstanceArn>,
}
