//! A fleet that drains at once, as a scenario.

use super::args::SimulateArgs;
use super::error::SimulateError;
use super::settings_file::{self, Settings};
use protector_sim::plain::{self, LOGS, MESH, daemon, step};
use protector_sim::scenario::{HOUR, HostSpec, Ms, SECOND, Scenario, Service, TaskSpec, What};
use std::ops::RangeInclusive;
use std::time::Duration;

/// When the first instance is taken away.
pub(crate) const START: Ms = 10 * SECOND;

/// Everything about a fleet but its size and its seed.
#[derive(Clone, Debug)]
pub(crate) struct Fleet {
    tasks: usize,
    stop: RangeInclusive<Ms>,
    daemons: usize,
    within: Ms,
    heartbeat: Ms,
    pub(crate) environments: usize,
    pub(crate) quota: u32,
    pub(crate) ssm_writes: u32,
    ssm_reads: u32,
    pub(crate) settings: Settings,
}

impl Fleet {
    /// What the command line asks for.
    pub(crate) fn new(args: &SimulateArgs) -> Result<Fleet, SimulateError> {
        let (fleet, aws) = (&args.fleet, &args.aws);
        let settings = fleet.settings.as_deref().map(settings_file::read).transpose()?;
        let fleet = Fleet {
            tasks: fleet.tasks,
            stop: fleet.stop.clone(),
            daemons: fleet.daemons,
            within: millis(fleet.within),
            heartbeat: millis(fleet.heartbeat),
            environments: aws.environments,
            quota: aws.quota,
            ssm_writes: aws.ssm_writes,
            ssm_reads: aws.ssm_reads,
            settings: settings.unwrap_or_default(),
        };
        protector_sim::run::check(&fleet.scenario(1, 1)).map_err(SimulateError::Settings)?;
        Ok(fleet)
    }

    /// Records that Parameter Store lets us write in a second; none if nothing is throttled.
    pub(crate) fn writes_per_second(&self) -> Option<f64> {
        let rate = f64::from(self.ssm_writes) * f64::from(self.quota) / 100.0;
        (self.quota > 0).then_some(rate.max(1.0))
    }

    /// The world of `instances` machines.
    pub(crate) fn scenario(&self, instances: usize, seed: u64) -> Scenario {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut scenario = self.account(seed, instances);
        scenario.hosts = (0..instances).map(|_| self.host(&mut rng)).collect();
        scenario.steps = (0..instances)
            .map(|index| step(START + rng.u64(0..self.within.max(1)), What::ScaleIn(index)))
            .collect();
        scenario
    }

    fn account(&self, seed: u64, instances: usize) -> Scenario {
        let mut scenario = plain::plain(seed);
        // What is measured is the product's own time; how long daemons stay beside it is the operator's choice.
        scenario.settings.insert("LINGER".to_owned(), "0s".to_owned());
        self.apply_settings(&mut scenario);
        scenario.groups[0].hooks[0].heartbeat = self.heartbeat;
        scenario.function.environments = self.environments;
        scenario.aws.quotas = self.quota > 0;
        scenario.aws.quota_percent = self.quota.max(1);
        scenario.aws.ssm_writes_per_second = self.ssm_writes;
        scenario.aws.ssm_reads_per_second = self.ssm_reads;
        // A stop of hours, and a fleet of thousands, need their time.
        let writes = instances as u64 * 8 * SECOND / u64::from(self.ssm_writes);
        scenario.limit = 4 * HOUR + *self.stop.end() + writes;
        scenario
            .services
            .extend((MESH..self.daemons).map(|index| Service {
                name: format!("daemon-{}", index + 1),
                daemon: true,
            }));
        scenario
    }

    /// The cluster, the group and the hook are called as the settings have them.
    fn apply_settings(&self, scenario: &mut Scenario) {
        let given = &self.settings.coordinator;
        let first = |name: &str| {
            let list = given.get(name)?.split(',').next()?.trim().to_owned();
            (!list.is_empty()).then_some(list)
        };
        let group = &mut scenario.groups[0];
        let cluster = &mut scenario.clusters[0].name;
        for (setting, name) in [
            ("CLUSTERS", cluster),
            ("AUTO_SCALING_GROUPS", &mut group.name),
            ("LIFECYCLE_HOOKS", &mut group.hooks[0].name),
        ] {
            if let Some(first) = first(setting) {
                *name = first;
            }
        }
        scenario.settings.extend(given.clone());
        scenario.sidecar.extend(self.settings.sidecar.clone());
    }

    fn host(&self, rng: &mut fastrand::Rng) -> HostSpec {
        let task = |rng: &mut fastrand::Rng| TaskSpec {
            stop: rng.u64(*self.stop.start()..(*self.stop.end()).max(*self.stop.start() + 1)),
            ..TaskSpec::default()
        };
        HostSpec {
            group: Some(0),
            cluster: Some(0),
            tasks: (0..self.tasks).map(|_| task(rng)).collect(),
            daemons: (LOGS..LOGS + self.daemons).map(daemon).collect(),
            ..HostSpec::default()
        }
    }
}

fn millis(duration: Duration) -> Ms {
    u64::try_from(duration.as_millis()).unwrap_or(Ms::MAX)
}

#[cfg(test)]
impl Fleet {
    /// As the command line has it without options.
    pub(crate) fn usual() -> Fleet {
        Fleet {
            tasks: 3,
            stop: 10 * SECOND..=30 * SECOND,
            daemons: 1,
            within: 5 * SECOND,
            heartbeat: 900 * SECOND,
            environments: 10,
            quota: 100,
            ssm_writes: 3,
            ssm_reads: 40,
            settings: Settings::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_options_it_is_the_fleet_of_the_simulator_and_daemons_do_not_linger() {
        let mut expected = plain::fleet(7, 20);
        expected.settings.insert("LINGER".to_owned(), "0s".to_owned());
        let found = Fleet::usual().scenario(20, 7);
        expected.limit = found.limit;
        assert_eq!(found, expected);
    }

    #[test]
    fn the_world_has_the_names_of_the_settings() {
        let mut fleet = Fleet::usual();
        let setting = ("CLUSTERS".to_owned(), "blue, green".to_owned());
        fleet.settings.coordinator.extend([setting]);
        let scenario = fleet.scenario(1, 1);
        assert_eq!(scenario.clusters[0].name, "blue");
        assert_eq!(scenario.settings["CLUSTERS"], "blue, green");
    }

    #[test]
    fn every_daemon_has_a_service() {
        let mut fleet = Fleet::usual();
        fleet.daemons = 4;
        let scenario = fleet.scenario(1, 1);
        let services = scenario.hosts[0].daemons.iter().map(|daemon| daemon.service);
        assert!(services.clone().all(|index| scenario.services[index].daemon));
        assert_eq!(services.count(), 4);
    }
}
