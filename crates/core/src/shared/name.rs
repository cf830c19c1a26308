//! The names of shared records are beside those of single instances.

use crate::ids::ClusterName;
use crate::limits::SHARED_RECORDS;
use crate::record::ParameterPrefix;

/// The last level of a shared record's name, before its number. No instance id begins like this.
const NAME: &str = "shared-";

impl ParameterPrefix {
    /// The name of a cluster's shared record, by its number from 0.
    #[must_use]
    pub fn shared_name(&self, cluster: &ClusterName, number: usize) -> String {
        format!("{self}/{cluster}/{NAME}{number}")
    }

    /// The names of all shared records of a cluster.
    pub fn shared_names(&self, cluster: &ClusterName) -> impl Iterator<Item = String> {
        (0..SHARED_RECORDS).map(|number| self.shared_name(cluster, number))
    }

    /// Returns which shared record of which cluster a parameter is, or nothing if it is not a shared record.
    #[must_use]
    pub fn shared_of(&self, name: &str) -> Option<(ClusterName, usize)> {
        let rest = name.strip_prefix(&self.to_string())?.strip_prefix('/')?;
        let (cluster, last) = rest.split_once('/')?;
        let number = last.strip_prefix(NAME)?.parse().ok();
        let number = number.filter(|number| *number < SHARED_RECORDS)?;
        Some((cluster.parse().ok()?, number))
    }
}
