//! Writing the beacon, by which people's tools find the coordinator and see that it runs.

use jiff::{SignedDuration, Timestamp};
use protector_core::beacon::{Beacon, HeartbeatsBeacon};
use serde_json::json;

use crate::aws::{AwsError, Listed};
use crate::coordinator::Coordinator;
use crate::logging::Level;
use crate::rate_limit::Priority;

impl Coordinator {
    /// Says that a tick that began at `at` has run. `listed` are the parameters that it has found, if they could be
    /// listed.
    ///
    /// A dry run is not allowed to write. The kill switch at `observe` does not prevent the beacon: the beacon changes
    /// no drain, and says that the switch was read. A failure here is no failure of the tick, and the next tick tries
    /// again.
    pub(crate) async fn write_beacon(&self, listed: Option<&str>, at: Timestamp) {
        let Some(deployment) = self.deployment.as_ref().filter(|_| !self.policy.dry_run) else {
            return;
        };
        let beacon = Beacon::new(deployment, &self.policy, self.cache.control(), at);
        // Every other write goes first: a busy minute has no beacon.
        if !beacon.replaces(listed) || !self.cache.limiter.try_acquire(Priority::Beacon) {
            return;
        }
        let name = self.policy.prefix.beacon_name();
        if let Err(failure) = self.aws.put_beacon(&name, &beacon).await {
            let fields = json!({"requestId": self.request_id, "error": failure.to_string()});
            self.logger.log(Level::Warn, "beacon", fields);
        }
    }

    /// Says how a run of the heartbeats went, if hooks wait. Every heartbeat goes first, and a failure here is no failure
    /// of the run.
    pub(crate) async fn write_heartbeats_beacon(&self, beacon: HeartbeatsBeacon) {
        let is_deployed = self.deployment.is_some() && !self.policy.dry_run;
        if !is_deployed || beacon.waiting == 0 || self.time_left() <= SignedDuration::ZERO {
            return;
        }
        let name = self.policy.prefix.heartbeats_name();
        if let Err(failure) = self.aws.put_heartbeats_beacon(&name, &beacon).await {
            let fields = json!({"requestId": self.request_id, "error": failure.to_string()});
            self.logger.log(Level::Warn, "beacon", fields);
        }
    }

    /// The text of the beacon in a listing of all parameters.
    pub(crate) fn listed_beacon(&self, listed: &Result<Vec<Listed>, AwsError>) -> Option<String> {
        let name = self.policy.prefix.beacon_name();
        let found = listed.as_ref().ok()?.iter().find(|one| one.name == name)?;
        Some(found.text.clone())
    }
}
