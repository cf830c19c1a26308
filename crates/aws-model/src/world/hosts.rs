//! EC2 instances: on, off, taken by Spot.

use super::metadata_options::MetadataOptions;
use super::{Due, World};
use crate::effects::Effect;
use crate::events;
use crate::time::later;
use jiff::Timestamp;

/// An EC2 instance, independent of its state in ECS and Auto Scaling.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) zone: String,
    /// Its group, if it was launched by one.
    pub(super) group: Option<String>,
    /// The cluster that its agent registers it with.
    pub(super) cluster: Option<String>,
    /// Whether it is on.
    pub(super) running: bool,
    /// What Spot will do to it, and when.
    pub(super) spot: Option<SpotAction>,
    /// How its metadata service answers. Only EC2's answers depend on it: containers reach the service here whatever it says.
    pub(super) metadata_options: MetadataOptions,
}

#[derive(Clone, Debug)]
pub(super) struct SpotAction {
    /// `terminate`, `stop` or `hibernate`.
    pub(super) action: String,
    pub(super) at: Timestamp,
}

impl World {
    /// Launches an instance outside of any group; its agent registers it with `cluster`. Gives its EC2 id.
    /// (Instances of groups are launched by their groups.)
    pub fn launch_instance(&mut self, now: Timestamp, cluster: &str) -> String {
        self.advance(now);
        let id = self.ids.instance();
        self.power_on(now, &id, None, Some(cluster.to_owned()));
        self.settle(now);
        id
    }

    /// A caller asks EC2 to terminate an instance: it is off at once, no hook runs.
    pub fn terminate_instance(&mut self, now: Timestamp, instance: &str) {
        self.advance(now);
        self.take(now, instance);
        self.settle(now);
    }

    /// Spot gives notice: `action` is `terminate`, `stop` or `hibernate`. When the time is over, the instance is off.
    pub fn spot_notice(&mut self, now: Timestamp, instance: &str, action: &str) {
        self.advance(now);
        self.notice(now, instance, action);
        self.settle(now);
    }

    /// The agent of an instance that is on loses its connection to ECS, or finds it again.
    pub fn agent_connected(&mut self, now: Timestamp, instance: &str, connected: bool) {
        self.advance(now);
        if self.hosts.get(instance).is_some_and(|host| host.running) {
            self.ecs.agent_connected(now, instance, connected);
        }
        self.settle(now);
    }

    fn notice(&mut self, now: Timestamp, instance: &str, action: &str) {
        let at = later(now, self.config.timings.spot_notice);
        let Some(host) = self.hosts.get_mut(instance).filter(|host| host.running) else {
            return;
        };
        host.spot = Some(SpotAction {
            action: action.to_owned(),
            at,
        });
        let zone = host.zone.clone();
        let event = events::spot(&self.scope, &mut self.ids, now, &zone, instance, action);
        self.emit(now, event);
        self.timers.push(at, Due::Take(instance.to_owned()));
        if self.config.spot_instance_draining {
            self.ecs.agent_drains(now, instance);
        }
    }

    /// Switches an instance on; soon its agent registers it.
    pub(super) fn power_on(
        &mut self,
        now: Timestamp,
        instance: &str,
        group: Option<String>,
        cluster: Option<String>,
    ) {
        let zone = match self.auto_scaling.zone_of(instance) {
            Some(zone) => zone.to_owned(),
            None => format!("{}{}", self.config.region, ["a", "b", "c"][self.hosts.len() % 3]),
        };
        let host = Host {
            zone,
            group,
            cluster,
            running: true,
            spot: None,
            metadata_options: MetadataOptions::default(),
        };
        self.hosts.insert(instance.to_owned(), host);
        self.effects.push(Effect::InstanceLaunched {
            instance: instance.to_owned(),
        });
        let at = later(now, self.config.timings.registering);
        self.timers.push(at, Due::Register(instance.to_owned()));
    }

    /// Its agent has started.
    pub(super) fn register(&mut self, now: Timestamp, instance: &str) {
        let Some(host) = self.hosts.get(instance).filter(|host| host.running) else {
            return;
        };
        if let Some(cluster) = &host.cluster {
            self.ecs.register(now, instance, &host.zone, cluster);
        }
    }

    /// An instance is gone without a request from its group.
    pub(super) fn take(&mut self, now: Timestamp, instance: &str) {
        self.power_off(now, instance);
        self.auto_scaling.terminated(now, instance);
    }

    /// Switches an instance off, with everything on it.
    pub(super) fn power_off(&mut self, now: Timestamp, instance: &str) {
        let Some(host) = self.hosts.get_mut(instance).filter(|host| host.running) else {
            return;
        };
        host.running = false;
        self.effects.push(Effect::InstanceTerminated {
            instance: instance.to_owned(),
        });
        self.ecs.power_off(now, instance);
    }
}
