//! How the coordinator is deployed, what it watches, and how AWS behaves.

use super::Draw;
use crate::plain::{CLUSTER, GROUP, hook};
use crate::scenario::{Cluster, DaemonStop, Group, HOUR, HookSpec, MINUTE, SECOND};

/// So many groups are named in one setting: more than one call of `DescribeAutoScalingGroups` may name.
const MANY_GROUPS: usize = 60;

impl Draw {
    pub(super) fn deployment(&mut self) {
        self.function();
        self.aws();
        self.clusters();
        self.groups();
        // Every drain is over by then.
        self.scenario.limit = 8 * HOUR;
        if self.percent(5) {
            self.scenario.tail = 75 * MINUTE;
        }
    }

    /// The queue delivers one batch at a time. More environments serve operators, who invoke the function beside it.
    fn function(&mut self) {
        self.scenario.function.environments = self.pick(&[1, 2, 3, 10, 50]);
        self.scenario.function.first_tick = self.rng.u64(SECOND..MINUTE);
        if self.percent(10) {
            self.scenario.function.cold_start = self.time(SECOND, 5 * SECOND);
        }
        if self.strikes(5, "dead-connections-after-a-freeze") {
            self.scenario.function.connections_die_after = Some(20 * SECOND);
        }
    }

    fn aws(&mut self) {
        self.scenario.aws.daemon_stop = self.pick(&[
            DaemonStop::AtOnce,
            DaemonStop::WhenNoneRuns,
            DaemonStop::WhenAllStopped,
        ]);
        self.scenario.aws.page = self.pick(&[100, 100, 100, 10, 2]);
        self.scenario.aws.event_delay_max = self.pick(&[200, SECOND, 3 * SECOND]);
        if self.strikes(8, "looks-cost-more-in-a-fleet") {
            let percent = self.pick(&[50, 75]);
            match self.rng.u32(0..3) {
                // Half of three writes a second would be one.
                0 => self.scenario.aws.quota_percent = 75,
                1 => self.scenario.aws.ecs_percent = percent,
                _ => self.scenario.aws.scaling_percent = percent,
            }
        }
        if self.strikes(6, "ended-drains-cost-every-tick") {
            self.scenario.aws.registrations_linger = true;
        }
        self.scenario.aws.spot_instance_draining = self.percent(25);
    }

    fn clusters(&mut self) {
        if self.strikes(12, "dead-registration-in-another-cluster") {
            self.scenario.clusters.push(Cluster {
                name: "batch".to_owned(),
                deleted: false,
            });
            self.name("CLUSTERS", "batch");
        }
        if self.strikes(4, "deleted-cluster-still-named") {
            self.scenario.clusters.push(Cluster {
                name: "gone".to_owned(),
                deleted: true,
            });
            self.name("CLUSTERS", "gone");
        }
        if self.strikes(8, "hundreds-of-clusters") {
            self.scenario.settings.remove("CLUSTERS");
        }
        debug_assert_eq!(self.scenario.clusters[0].name, CLUSTER);
    }

    fn groups(&mut self) {
        let heartbeat = self.time(2 * MINUTE, HOUR);
        let abandon = self.percent(20);
        let hooks = &mut self.scenario.groups[0].hooks;
        (hooks[0].heartbeat, hooks[0].abandon) = (heartbeat, abandon);
        if self.percent(20) {
            let mut foreign = hook("ecs-managed-draining-termination-hook", HOUR);
            foreign.foreign_completes = Some(self.time(10 * SECOND, 20 * MINUTE));
            self.scenario.groups[0].hooks.push(foreign);
        }
        if self.strikes(5, "two-hooks-of-ours") {
            let second = hook("second", 30 * MINUTE);
            self.scenario.groups[0].hooks.push(second);
            self.name("LIFECYCLE_HOOKS", "second");
        }
        if self.strikes(8, "two-hooks-when-any-is-ours") {
            self.scenario.settings.remove("LIFECYCLE_HOOKS");
        }
        if self.strikes(12, "fifty-one-groups") {
            let (mut hook, abandon) = (self.scenario.groups[0].hooks[0].clone(), self.percent(30));
            hook = HookSpec {
                heartbeat: self.time(2 * MINUTE, HOUR),
                abandon,
                ..hook
            };
            self.scenario.groups.push(Group {
                name: "others".to_owned(),
                hooks: vec![hook],
                warm_pool: false,
                retain: false,
            });
            self.name("AUTO_SCALING_GROUPS", "others");
            if self.percent(20) {
                (0..MANY_GROUPS)
                    .for_each(|group| self.name("AUTO_SCALING_GROUPS", &format!("other-{group}")));
            }
        }
        if self.strikes(10, "retained-after-a-time-out") {
            for group in 0..self.scenario.groups.len() {
                self.scenario.groups[group].retain = true;
                self.scenario.groups[group].hooks[0].abandon |= self.percent(50);
            }
        }
        if self.percent(6) {
            self.scenario.settings.remove("AUTO_SCALING_GROUPS");
        }
        debug_assert_eq!(self.scenario.groups[0].name, GROUP);
    }
}
