//! Plain worlds, and the pieces that all worlds are made of.

use std::collections::BTreeMap;

use crate::scenario::{
    Cluster, Daemon, Group, HOUR, HookSpec, HostSpec, MINUTE, Ms, SECOND, Scenario, Service, Step, TaskSpec,
    What,
};

/// The replica service of every plain world.
pub const WEB: usize = 0;

/// The daemon service of every plain world: a log router.
pub const LOGS: usize = 1;

/// A second daemon service: a mesh agent.
pub const MESH: usize = 2;

/// The cluster of every plain world.
pub const CLUSTER: &str = "prod";

/// The group of every plain world.
pub const GROUP: &str = "workers";

/// The hook of every plain world.
pub const HOOK: &str = "protect-daemons";

/// One cluster, one group with our hook, and no machine yet. Every setting is at its default, except those that name
/// the cluster, the group and the hook, and the sidecar's maximum hold, which is longer than a drain.
#[must_use]
pub fn plain(seed: u64) -> Scenario {
    let service = |name: &str, daemon| Service {
        name: name.to_owned(),
        daemon,
    };
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Scenario {
        seed,
        settings: BTreeMap::from([
            setting("CLUSTERS", CLUSTER),
            setting("AUTO_SCALING_GROUPS", GROUP),
            setting("LIFECYCLE_HOOKS", HOOK),
        ]),
        sidecar: BTreeMap::from([setting("MAX_HOLD", "2h")]),
        clusters: vec![Cluster {
            name: CLUSTER.to_owned(),
            deleted: false,
        }],
        groups: vec![Group {
            name: GROUP.to_owned(),
            hooks: vec![hook(HOOK, 15 * MINUTE)],
            warm_pool: false,
            retain: false,
        }],
        services: vec![
            service("web", false),
            service("logs", true),
            service("mesh", true),
        ],
        ..Scenario::default()
    }
}

/// A hook of ours.
#[must_use]
pub fn hook(name: &str, heartbeat: Ms) -> HookSpec {
    HookSpec {
        name: name.to_owned(),
        heartbeat,
        abandon: false,
        foreign_completes: None,
    }
}

/// A machine with tasks of `web` that take 10 to 30 s to stop, and one daemon.
#[must_use]
pub fn host(rng: &mut fastrand::Rng, tasks: usize) -> HostSpec {
    let task = |rng: &mut fastrand::Rng| TaskSpec {
        stop: rng.u64(10 * SECOND..30 * SECOND),
        ..TaskSpec::default()
    };
    HostSpec {
        group: Some(0),
        cluster: Some(0),
        tasks: (0..tasks).map(|_| task(rng)).collect(),
        daemons: vec![daemon(LOGS)],
        ..HostSpec::default()
    }
}

/// A daemon task with our sidecar.
#[must_use]
pub fn daemon(service: usize) -> Daemon {
    Daemon {
        service,
        sidecar_stop_timeout: 3 * HOUR,
        ..Daemon::default()
    }
}

/// `hosts` machines of three tasks and one daemon, all taken away within five seconds.
#[must_use]
pub fn fleet(seed: u64, hosts: usize) -> Scenario {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut scenario = plain(seed);
    scenario.hosts = (0..hosts).map(|_| host(&mut rng, 3)).collect();
    scenario.steps = (0..hosts)
        .map(|index| step(10 * SECOND + rng.u64(0..5 * SECOND), What::ScaleIn(index)))
        .collect();
    scenario
}

/// Something happens.
#[must_use]
pub fn step(at: Ms, what: What) -> Step {
    Step { at, what }
}
