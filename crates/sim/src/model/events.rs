//! Events as EventBridge delivers them, in the shapes of the AWS documentation, and their way to the function.

use serde_json::{Value, json};

use super::clock::iso;
use super::facts::Fact;
use super::ids::{HostId, RegistrationId, TaskId};
use super::invocation::{Payload, Source};
use super::names::{ACCOUNT, REGION, cluster};
use super::status::SidecarState;
use super::timers::Due;
use super::world::World;
use crate::scenario::{Delivery, Ms, Trouble};

fn envelope(world: &World, source: &str, detail_type: &str, detail: Value) -> Value {
    json!({
        "version": "0",
        "id": format!("{:08x}-0000-4000-8000-000000000000", world.sequence),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": iso(world.now),
        "region": REGION,
        "resources": [],
        "detail": detail,
    })
}

pub(super) fn hook(world: &World, host: HostId, wait: usize) -> Value {
    let entry = world.host(host);
    let wait = &entry.scaling.waits[wait];
    let group = entry.scaling.group.map(|group| world.groups[group].name.as_str());
    let detail = json!({
        "LifecycleActionToken": wait.token,
        "AutoScalingGroupName": group,
        "LifecycleHookName": wait.hook,
        "EC2InstanceId": entry.id,
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
        "Origin": "AutoScalingGroup",
        "Destination": "EC2",
    });
    envelope(
        world,
        "aws.autoscaling",
        "EC2 Instance-terminate Lifecycle Action",
        detail,
    )
}

pub(super) fn task_stopped(world: &World, id: TaskId) -> Value {
    let task = world.task(id);
    let registration = world.registration(task.registration);
    let mut containers = vec![json!({"name": "app", "lastStatus": "STOPPED", "exitCode": 0})];
    if let Some(daemon) = &task.daemon
        && let SidecarState::Exited(_, code) = daemon.sidecar
    {
        containers.push(json!({"name": "ecs-daemon-protector", "lastStatus": "STOPPED", "exitCode": code}));
    }
    let mut detail = json!({
        "clusterArn": cluster(&world.scenario.clusters[registration.cluster].name),
        "containerInstanceArn": registration.arn,
        "containers": containers,
        "desiredStatus": "STOPPED",
        "lastStatus": "STOPPED",
        "group": task.group,
        "stoppedAt": iso(task.since),
        "taskArn": task.arn,
    });
    if let Some(at) = task.reported_end() {
        detail["executionStoppedAt"] = iso(at).into();
    }
    envelope(world, "aws.ecs", "ECS Task State Change", detail)
}

/// A container instance has changed.
pub(super) fn instance(world: &World, id: RegistrationId) -> Value {
    let registration = world.registration(id);
    let detail = json!({
        "agentConnected": registration.connected,
        "clusterArn": cluster(&world.scenario.clusters[registration.cluster].name),
        "containerInstanceArn": registration.arn,
        "ec2InstanceId": world.host(registration.host).id,
        "status": registration.status,
        "version": world.sequence,
    });
    envelope(world, "aws.ecs", "ECS Container Instance State Change", detail)
}

/// EC2 takes a Spot instance back.
pub(super) fn spot(world: &World, host: HostId) -> Value {
    let detail = json!({"instance-id": world.host(host).id, "instance-action": "terminate"});
    envelope(world, "aws.ec2", "EC2 Spot Instance Interruption Warning", detail)
}

/// EC2 takes an instance of an interruptible capacity reservation back.
pub(super) fn reservation(world: &World, host: HostId, end: Ms) -> Value {
    let detail = json!({
        "instance-id": world.host(host).id,
        "instance-action": "terminate",
        "instance-termination-time": iso(end),
    });
    envelope(world, "aws.ec2", RESERVATION, detail)
}

/// The notice of a capacity reservation.
pub(super) const RESERVATION: &str = "EC2 Capacity Reservation Instance Interruption Warning";

/// The schedule's event.
pub(super) fn tick(world: &World) -> Value {
    envelope(world, "aws.events", "Scheduled Event", json!({}))
}

/// An event in the shape in which it reaches the function.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
fn delivered(delivery: Delivery, event: Value) -> Value {
    match delivery {
        Delivery::Plain => event,
        Delivery::Pipes => json!([event]),
        Delivery::Queue { copies } => {
            let body = event.to_string();
            let record = |number: u32| json!({"messageId": format!("{number}"), "eventSource": "aws:sqs", "body": body});
            json!({"Records": (0..copies).map(record).collect::<Vec<_>>()})
        }
    }
}

impl World {
    /// An event sets out for the function.
    pub(super) fn emit(&mut self, detail_type: &'static str, event: Value) {
        let delivery = self.faults.event(self.now, detail_type, &mut self.rng);
        if delivery.lost {
            return self.tell(&Fact::EventLost { detail_type });
        }
        let usual = self.scenario.aws.event_delay_max;
        for _ in 0..=u32::from(delivery.doubled) {
            let wait = self.between(usual / 5, usual) + delivery.delay;
            let payload = Payload {
                source: Source::Event(detail_type),
                event: delivered(self.scenario.function.delivery, event.clone()),
            };
            self.after(wait, Due::Arrives(Box::new(payload)));
        }
    }

    pub(super) fn tick(&mut self) {
        self.after(crate::scenario::MINUTE, Due::Tick);
        if self.faults.strikes(self.now, &Trouble::LoseTicks, &mut self.rng) {
            return self.tell(&Fact::EventLost {
                detail_type: "Scheduled Event",
            });
        }
        let event = tick(self);
        self.arrives(Payload {
            source: Source::Tick,
            event,
        });
    }

    /// The heartbeats' schedule, with the constant input of the template.
    pub(super) fn heartbeats(&mut self) {
        self.after(crate::scenario::MINUTE, Due::Heartbeats);
        self.arrives(Payload {
            source: Source::Heartbeats,
            event: json!({"source": "ecs-daemon-protector", "detail-type": "Heartbeats", "detail": {}}),
        });
    }
}
