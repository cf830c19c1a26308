//! A drain of an instance for the tests: 41 minutes old, with a task of service `web` that ECS does not move.

#![allow(
    clippy::unwrap_used,
    reason = "only tests use it, and a test that cannot go on panics"
)]

use std::collections::BTreeMap;

use protector_core::aws::{Scheduling, TaskStatus};
use protector_core::record::Record;

use super::reads::InstanceReads;
use crate::drain::{Coordinator, Drain, Parts};
use crate::hook::HookClock;
use crate::read::Reading;
use crate::seen::{
    Activity, ClassicLoadBalancer, DefinedContainer, Definition, LifecycleHook, Member, ScalingGroup,
    SeenService, SeenTask, ServiceEvent, Target, TargetGroup,
};
use crate::testing::{at, beacon, key, lifecycle, machine, record, recorded, waited};

pub use crate::testing::{assert_contains, denied, service, task};

/// The moment of the explanation: 03:41:00.
pub const NOW: i64 = 2460;

/// The id of the task of `web`.
pub const WEB: &str = "30d374ca58bba814504427a64a6c1eed";
/// The id of another task.
pub const OTHER: &str = "5e025f9ade9eaf3ec65453bac8da37f7";

/// The target group of `web`.
pub const GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef";

/// A task of `web` that was started in the drain on another instance.
pub fn replacement(status: TaskStatus) -> SeenTask {
    SeenTask {
        container_instance: None,
        created_at: Some(at(NOW - 20)),
        started_at: (status == TaskStatus::Running).then(|| at(NOW - 10)),
        ..task("00000000000000000000000000000001", "service:web", status)
    }
}

/// A task of `web` whose id is this digit, which was ordered to stop this long ago.
pub fn stops(digit: &str, seconds: i64) -> SeenTask {
    SeenTask {
        arn: task(&digit.repeat(32), "service:web", TaskStatus::Stopping).arn,
        ..stopping(TaskStatus::Stopping, seconds)
    }
}

/// A task of `web` that was ordered to stop this long ago.
pub fn stopping(status: TaskStatus, seconds: i64) -> SeenTask {
    SeenTask {
        stopping: true,
        stopping_at: Some(at(NOW - seconds)),
        ..task(WEB, "service:web", status)
    }
}

/// A definition of one container with this `stopTimeout`.
pub fn definition(stop_timeout: Option<u32>) -> Definition {
    Definition {
        containers: vec![DefinedContainer {
            name: "app".to_owned(),
            stop_timeout,
            ..DefinedContainer::default()
        }],
        memory: Some(20_000),
        cpu: Some(256),
        ..Definition::default()
    }
}

/// An event of `web` that was written this long ago.
pub fn event(seconds: i64, message: &str) -> ServiceEvent {
    ServiceEvent {
        at: at(NOW - seconds),
        message: message.to_owned(),
    }
}

/// [`GROUP`] with the ids and states of its targets.
pub fn target_group(targets: &[(&str, &str)]) -> TargetGroup {
    let targets = targets.iter().map(|(id, state)| Target {
        id: (*id).to_owned(),
        state: (*state).to_owned(),
        reason: Some("Target.Reason".to_owned()),
        description: None,
    });
    TargetGroup {
        arn: GROUP.to_owned(),
        deregistration_delay: 300,
        targets: targets.collect(),
    }
}

/// A Classic Load Balancer with connection draining of this many seconds; its instances with their states.
pub fn classic(draining: u32, instances: &[(&str, &str)]) -> ClassicLoadBalancer {
    let members = instances.iter().map(|(instance, state)| Member {
        instance: (*instance).to_owned(),
        state: (*state).to_owned(),
        reason: Some("N/A".to_owned()),
        description: Some("Instance deregistration currently in progress.".to_owned()),
    });
    ClassicLoadBalancer {
        name: "old-web".to_owned(),
        connection_draining: draining,
        instances: members.collect(),
    }
}

/// The Auto Scaling group of the instance, of these sizes.
pub fn scaling_group(desired: u32, maximum: u32) -> ScalingGroup {
    ScalingGroup {
        name: "prod-ecs".parse().unwrap(),
        minimum: 1,
        maximum,
        desired,
        instances: vec![key().instance],
        protects_from_scale_in: false,
        has_warm_pool: false,
    }
}

/// A scaling activity that failed.
pub fn failed_activity() -> Activity {
    Activity {
        status: "Failed".to_owned(),
        message: Some("We currently do not have sufficient m5.large capacity.".to_owned()),
        description: "Launching a new EC2 instance.".to_owned(),
        started_at: at(NOW - 90),
    }
}

/// A terminate hook of the group.
pub fn terminate_hook(name: &str, timeout: u32) -> LifecycleHook {
    LifecycleHook {
        name: name.parse().unwrap(),
        terminates: true,
        heartbeat_timeout: timeout,
        default_result: "CONTINUE".to_owned(),
    }
}

/// A record that holds, and has waited for five tasks of `web`.
pub fn held() -> Record {
    Record {
        remaining: 1,
        waited: vec![waited(5)],
        ..record()
    }
}

/// The drain of a record as `status` would show it.
pub fn drain(record: Option<Record>, status: &str, connected: bool) -> Drain {
    let recorded = record.map(recorded);
    let machine = machine(status, connected);
    let parts = Parts {
        recorded: recorded.as_ref(),
        machine: Some(&machine),
        ..Parts::default()
    };
    let beacon = beacon(NOW - 10);
    let coordinator = Coordinator {
        beacon: Some(&beacon),
        heartbeats: None,
        control: None,
    };
    Drain::of(key(), &parts, coordinator, at(NOW))
}

/// What is read of an instance on which one task of `web` runs, and nothing shows why.
pub fn reads() -> InstanceReads {
    InstanceReads {
        beacon: Some(beacon(NOW - 10)),
        tasks: Ok(vec![task(WEB, "service:web", TaskStatus::Running)]),
        services: BTreeMap::from([("web".parse().unwrap(), Ok(service("web", Scheduling::Replica)))]),
        elsewhere: BTreeMap::from([("web".parse().unwrap(), Ok(Vec::new()))]),
        definitions: BTreeMap::from([("web:1".to_owned(), Ok(definition(Some(120))))]),
        ..InstanceReads::of(drain(Some(held()), "DRAINING", true), at(NOW))
    }
}

impl InstanceReads {
    /// The service `web`, to be changed.
    pub fn web(&mut self) -> &mut SeenService {
        let web = self.services.get_mut(&"web".parse().unwrap());
        web.unwrap().as_mut().unwrap()
    }

    /// The service `web` cannot be read.
    pub fn deny_services(&mut self) {
        let denied = Err(denied("ecs:DescribeServices"));
        self.services.insert("web".parse().unwrap(), denied);
    }

    /// The tasks of `web` elsewhere.
    pub fn elsewhere(&mut self, tasks: Reading<Vec<SeenTask>>) {
        self.elsewhere.insert("web".parse().unwrap(), tasks);
    }

    /// The definition of the tasks of `web`.
    pub fn define(&mut self, definition: Reading<Definition>) {
        self.definitions.insert("web:1".to_owned(), definition);
    }

    /// The service `web` is behind this target group.
    pub fn balance(&mut self, group: Reading<TargetGroup>) {
        self.web().target_groups = vec![GROUP.to_owned()];
        self.target_groups.insert(GROUP.to_owned(), group);
    }

    /// The coordinator has noted that the agent is away.
    pub fn lose_agent(&mut self) {
        self.record().agent_lost_at = Some(at(NOW - 300));
        self.drain.machine.as_mut().unwrap().agent_connected = false;
    }

    /// The drain has a hook of this time-out, whose event came this long ago.
    pub fn hook(&mut self, timeout: u32, ago: i64) {
        self.record().lifecycle = Some(lifecycle(timeout, NOW - ago, true));
        self.drain.hooks = HookClock::all(self.record(), None, at(NOW));
    }

    /// The record, to be changed.
    pub fn record(&mut self) -> &mut Record {
        self.drain.record.as_mut().unwrap()
    }
}
