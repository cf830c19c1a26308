//! Things that tests of this crate need, and those of what shows its answers: feature `testing`.

#![allow(
    clippy::unwrap_used,
    reason = "only tests use it, and a test that cannot go on panics"
)]

use jiff::{SignedDuration, Timestamp};
use protector_core::aws::{Scheduling, TaskStatus};
use protector_core::beacon::{Beacon, HeartbeatsBeacon};
use protector_core::ids::{ContainerInstanceArn, InstanceKey};
use protector_core::record::{HeldBy, Lifecycle, Record, ReleaseReason, State, Waited};

use crate::drain::{Coordinator, Drain, Parts};
use crate::listing::Recorded;
use crate::read::{Gap, GapKind};
use crate::seen::{Deployment, Machine, SeenContainer, SeenService, SeenTask};

/// A lifecycle action token that no output may show.
pub const TOKEN: &str = "71514b9d-6a40-4b26-8523-05e7ee35fa40";

/// Asserts that the text has this part.
#[track_caller]
pub fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is not in {text:?}");
}

/// A read that was denied.
pub fn denied(call: &'static str) -> Gap {
    Gap {
        call,
        kind: GapKind::Denied,
        code: "AccessDeniedException".to_owned(),
        message: String::new(),
    }
}

/// A read that was throttled.
pub fn throttled(call: &'static str) -> Gap {
    Gap {
        kind: GapKind::Throttled,
        code: "ThrottlingException".to_owned(),
        message: "Rate exceeded".to_owned(),
        ..denied(call)
    }
}

/// The time this many seconds after three in the morning.
pub fn at(seconds: i64) -> Timestamp {
    "2026-11-28T03:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

/// An instance of the cluster `prod`.
pub fn key() -> InstanceKey {
    InstanceKey {
        cluster: "prod".parse().unwrap(),
        instance: "i-04f05e66a99bdb06f".parse().unwrap(),
    }
}

/// Its registration.
pub fn registration() -> ContainerInstanceArn {
    "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/0a1b2c3d"
        .parse()
        .unwrap()
}

/// A record that holds since `at(0)`, with a deadline in an hour. Its drain id is [`TOKEN`].
pub fn record() -> Record {
    Record {
        draining_confirmed_at: Some(at(1)),
        ..Record::first(
            key().instance,
            registration(),
            TOKEN.to_owned(),
            at(0),
            at(3600),
            5,
        )
    }
}

/// The record, released at `at(second)` because no task was left.
pub fn released(record: Record, second: i64) -> Record {
    Record {
        state: State::Released,
        reason: Some(ReleaseReason::Drained),
        released_at: Some(at(second)),
        ..record
    }
}

/// So many tasks of a group that hold.
pub fn held_by(group: &str, count: u32, last_status: &str) -> HeldBy {
    HeldBy {
        group: group.to_owned(),
        count,
        last_status: last_status.to_owned(),
        protected: 0,
        protected_until: None,
    }
}

/// So many tasks of `web` that a drain has waited for.
pub fn waited(count: u32) -> Waited {
    Waited {
        group: "service:web".to_owned(),
        count,
        until: None,
    }
}

/// The same as it was read.
pub fn recorded(record: Record) -> Recorded {
    Recorded {
        record: Ok(record),
        version: Some(7),
    }
}

/// A drain of which nothing but its record is known, as it is at this time.
pub fn drain_of(record: Record, now: Timestamp) -> Drain {
    let recorded = recorded(record);
    let parts = Parts {
        recorded: Some(&recorded),
        ..Parts::default()
    };
    Drain::of(key(), &parts, Coordinator::default(), now)
}

/// A hook of ours whose event came at `at(heartbeat)`.
pub fn lifecycle(timeout: u32, heartbeat: i64, with_event: bool) -> Lifecycle {
    Lifecycle {
        auto_scaling_group_name: "prod-ecs".parse().unwrap(),
        lifecycle_hook_name: "ecs-daemon-protector".parse().unwrap(),
        lifecycle_action_token: with_event.then(|| TOKEN.parse().unwrap()),
        heartbeat_seconds: timeout,
        heartbeat_at: at(heartbeat),
        global_deadline_at: at(100 * i64::from(timeout)),
    }
}

/// The container instance.
pub fn machine(status: &str, agent_connected: bool) -> Machine {
    Machine {
        cluster: key().cluster,
        arn: registration(),
        instance: key().instance,
        status: status.to_owned().into(),
        agent_connected,
        tasks: Some(3),
        agent_version: Some("1.105.1".to_owned()),
        remaining_cpu: Some(512),
        remaining_memory: Some(1024),
        registered_at: None,
    }
}

/// The beacon of a coordinator with the default settings, whose last tick was at `at(tick)`.
pub fn beacon(tick: i64) -> Beacon {
    let text = format!(
        r#"{{"schema":1,"version":"0.2.0","clusters":["prod"],"groups":[],"hooks":[],"maxDrain":"1h",
        "daemonStop":"2m","agentLost":"10m","tiers":[],"control":"on","tickAt":"{}"}}"#,
        at(tick)
    );
    Beacon::decode(&text).unwrap()
}

/// The beacon of heartbeats whose last run was at `at(run)` and late with `late` of them.
pub fn heartbeats(run: i64, late: usize) -> HeartbeatsBeacon {
    HeartbeatsBeacon::new(at(run), 1, late)
}

/// A task of this id that runs since two hours before three in the morning.
pub fn task(id: &str, group: &str, status: TaskStatus) -> SeenTask {
    SeenTask {
        arn: format!("arn:aws:ecs:eu-west-1:123456789012:task/prod/{id}")
            .parse()
            .unwrap(),
        container_instance: Some(registration()),
        group: Some(group.to_owned().into()),
        last_status: status,
        stopping: false,
        connected: Some(true),
        started_by: None,
        created_at: Some(at(-7200)),
        started_at: Some(at(-7190)),
        stopping_at: None,
        execution_stopped_at: None,
        stopped_at: None,
        stop_code: None,
        stopped_reason: None,
        health: None,
        definition: Some("web:1".to_owned()),
        containers: vec![SeenContainer {
            name: "app".to_owned(),
            ..SeenContainer::default()
        }],
    }
}

/// A service of two tasks with the percentages of ECS.
pub fn service(name: &str, scheduling: Scheduling) -> SeenService {
    SeenService {
        name: name.parse().unwrap(),
        scheduling,
        desired: 2,
        running: 2,
        pending: 0,
        minimum_percent: 100,
        maximum_percent: 200,
        deployments: vec![Deployment {
            status: "PRIMARY".to_owned(),
            rollout_state: Some("COMPLETED".to_owned()),
            ..Deployment::default()
        }],
        events: Vec::new(),
        target_groups: Vec::new(),
        classic_load_balancers: Vec::new(),
        capacity_providers: Vec::new(),
        definition: Some("web:1".to_owned()),
    }
}
