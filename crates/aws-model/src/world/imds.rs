//! What the instance metadata service knows of an instance.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html>

use super::World;
use jiff::Timestamp;
use serde_json::json;

impl World {
    /// The metadata at `path`, below `/latest/meta-data/`. None, as 404, if there is nothing or the instance is off.
    pub fn imds(&self, _now: Timestamp, instance: &str, path: &str) -> Option<String> {
        let host = self.hosts.get(instance).filter(|host| host.running)?;
        match path.trim_end_matches('/') {
            "instance-id" => Some(instance.to_owned()),
            "instance-type" => Some("m5.large".to_owned()),
            "instance-life-cycle" => Some(if host.spot.is_some() { "spot" } else { "on-demand" }.to_owned()),
            "placement/region" => Some(self.config.region.clone()),
            "placement/availability-zone" => Some(host.zone.clone()),
            "autoscaling/target-lifecycle-state" => self
                .auto_scaling
                .target_lifecycle_state(instance)
                .map(str::to_owned),
            "spot/instance-action" => host.spot.as_ref().map(|spot| {
                let time = spot.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
                json!({"action": spot.action, "time": time}).to_string()
            }),
            _ => None,
        }
    }
}
