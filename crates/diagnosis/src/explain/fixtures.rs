//! A drain of an instance for the tests: 41 minutes old, with a task of service `web` that ECS does not move.

use std::collections::BTreeMap;

use protector_core::aws::{Scheduling, TaskStatus};
use protector_core::record::{Record, Waited};

use super::reads::InstanceReads;
use crate::drain::{Coordinator, Drain, Parts};
use crate::read::{Gap, GapKind};
use crate::seen::{
    Activity, ClassicLoadBalancer, DefinedContainer, Definition, Member, ScalingGroup, SeenService, SeenTask,
    ServiceEvent, Target, TargetGroup,
};
use crate::testing::{at, beacon, key, machine, record, recorded};

pub(super) use crate::testing::{service, task};

/// The moment of the explanation: 03:41:00.
pub(super) const NOW: i64 = 2460;

/// The ids of two tasks.
pub(super) const WEB: &str = "30d374ca58bba814504427a64a6c1eed";
pub(super) const OTHER: &str = "5e025f9ade9eaf3ec65453bac8da37f7";

pub(super) const GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef";

/// A task of `web` that was started in the drain on another instance.
pub(super) fn replacement(status: TaskStatus) -> SeenTask {
    SeenTask {
        container_instance: None,
        created_at: Some(at(NOW - 20)),
        started_at: (status == TaskStatus::Running).then(|| at(NOW - 10)),
        ..task("00000000000000000000000000000001", "service:web", status)
    }
}

/// A task of `web` that was ordered to stop this long ago.
pub(super) fn stopping(status: TaskStatus, seconds: i64) -> SeenTask {
    SeenTask {
        stopping: true,
        stopping_at: Some(at(NOW - seconds)),
        ..task(WEB, "service:web", status)
    }
}

pub(super) fn definition(stop_timeout: Option<u32>) -> Definition {
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
pub(super) fn event(seconds: i64, message: &str) -> ServiceEvent {
    ServiceEvent {
        at: at(NOW - seconds),
        message: message.to_owned(),
    }
}

pub(super) fn gap(call: &'static str) -> Gap {
    Gap {
        call,
        kind: GapKind::Denied,
        code: "AccessDeniedException".to_owned(),
        message: String::new(),
    }
}

pub(super) fn target_group(targets: &[(&str, &str)]) -> TargetGroup {
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
pub(super) fn classic(draining: u32, instances: &[(&str, &str)]) -> ClassicLoadBalancer {
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

pub(super) fn scaling_group(desired: u32, maximum: u32) -> ScalingGroup {
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

pub(super) fn failed_activity() -> Activity {
    Activity {
        status: "Failed".to_owned(),
        message: Some("We currently do not have sufficient m5.large capacity.".to_owned()),
        description: "Launching a new EC2 instance.".to_owned(),
        started_at: at(NOW - 90),
    }
}

/// A record that holds, and has waited for five tasks of `web`.
pub(super) fn held() -> Record {
    Record {
        remaining: 1,
        waited: vec![Waited {
            group: "service:web".to_owned(),
            count: 5,
            until: None,
        }],
        ..record()
    }
}

/// The drain of a record as `status` would show it.
pub(super) fn drain(record: Option<Record>, status: &str, connected: bool) -> Drain {
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
pub(super) fn reads() -> InstanceReads {
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
    pub(super) fn web(&mut self) -> &mut SeenService {
        self.services
            .get_mut(&"web".parse().unwrap())
            .unwrap()
            .as_mut()
            .unwrap()
    }

    /// The tasks of `web` elsewhere.
    pub(super) fn elsewhere(&mut self, tasks: Vec<SeenTask>) {
        self.elsewhere.insert("web".parse().unwrap(), Ok(tasks));
    }

    /// The record, to be changed.
    pub(super) fn record(&mut self) -> &mut Record {
        self.drain.record.as_mut().unwrap()
    }
}
