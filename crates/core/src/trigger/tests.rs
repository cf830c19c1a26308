use super::*;
use jiff::SignedDuration;
use serde_json::{Value, json};

/// Reads a fixture: an event in the shape that AWS documents.
#[expect(clippy::disallowed_methods, reason = "fixtures are files")]
fn fixture(name: &str) -> Value {
    let path = format!("{}/fixtures/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn single(event: &Value) -> Event {
    match parse(event) {
        Delivery::Single(event) => event,
        other => panic!("not a single event: {other:?}"),
    }
}

fn malformed(event: &Value) -> Malformed {
    let event = single(event);
    let malformed = event.malformed().cloned();
    malformed.unwrap_or_else(|| panic!("not malformed: {event:?}"))
}

fn trigger(event: &Value) -> Trigger {
    match single(event) {
        Event::Trigger(trigger) => trigger,
        other => panic!("no trigger: {other:?}"),
    }
}

/// The parts of a trigger of this kind.
macro_rules! trigger_of {
    ($kind:ident, $event:expr) => {
        match trigger($event) {
            Trigger::$kind(parts) => parts,
            other => panic!("another trigger: {other:?}"),
        }
    };
}

fn queued(event: &Value) -> Vec<SqsMessage> {
    match parse(event) {
        Delivery::Sqs(messages) => messages,
        other => panic!("not SQS: {other:?}"),
    }
}

/// The fixture with another value of a field, by its path.
fn changed(name: &str, path: &str, value: Value) -> Value {
    let mut event = fixture(name);
    let (parent, key) = at_path(&mut event, path);
    parent[key] = value;
    event
}

fn notice() -> Trigger {
    Trigger::Hook(HookNotice {
        instance: "i-0123456789abcdef0".parse().unwrap(),
        group: "ecs-prod".parse().unwrap(),
        hook: "protect-daemons".parse().unwrap(),
        token: "630aa23f-48eb-45e7-aba6-799ea6093a0f".parse().unwrap(),
        since: Some("2026-03-01T12:00:37.214Z".parse().unwrap()),
    })
}

#[test]
fn a_terminate_hook_is_the_same_in_every_envelope() {
    let singles = [
        "terminate-event-bridge",
        "terminate-event-bridge-bare",
        "terminate-to-warm-pool",
        "replace-root-volume",
        "terminate-direct",
    ];
    for name in singles {
        assert_eq!(single(&fixture(name)), Event::Trigger(notice()), "{name}");
    }
    let topic = Delivery::Sns(vec![Event::Trigger(notice())]);
    assert_eq!(parse(&fixture("terminate-sns")), topic);
    for (name, id) in [
        ("terminate-sqs", "059f36b4-87a3-44ab-83d2-661975830a7d"),
        ("terminate-sns-in-sqs", "2e1424d4-f796-459a-8184-9c92662be6da"),
    ] {
        let message = SqsMessage {
            message_id: id.to_owned(),
            in_order: false,
            sent_at: Timestamp::from_millisecond(1_772_366_437_000).ok(),
            event: Event::Trigger(notice()),
        };
        assert_eq!(queued(&fixture(name)), [message], "{name}");
    }
}

#[test]
fn one_field_is_enough_to_know_a_message_of_auto_scaling() {
    let mut notice_alone = fixture("terminate-direct");
    let fields = notice_alone.as_object_mut().unwrap();
    for other in ["Event", "Service"] {
        fields.remove(other);
    }
    assert_eq!(single(&notice_alone), Event::Trigger(notice()));
    let test = json!({"Event": "autoscaling:TEST_NOTIFICATION"});
    assert!(matches!(single(&test), Event::Ignored(_)));
    let torn = json!({"Service": "AWS Auto Scaling"});
    assert_eq!(malformed(&torn).field, "LifecycleTransition");
}

#[test]
fn a_message_of_a_fifo_queue_has_a_group() {
    let record = |attributes: serde_json::Value| {
        json!({"Records": [{
            "eventSource": "aws:sqs", "messageId": "1", "attributes": attributes, "body": fixture("tick").to_string(),
        }]})
    };
    let of_a_group = json!({"MessageGroupId": "drains", "SequenceNumber": "18849496460467696128"});
    let of_none = json!({"ApproximateReceiveCount": "1"});
    for (attributes, in_order) in [(of_a_group, true), (of_none, false)] {
        let messages = queued(&record(attributes));
        assert_eq!(messages[0].in_order, in_order);
        assert_eq!(messages[0].event, Event::Trigger(Trigger::Tick));
    }
}

#[test]
fn each_message_of_a_batch_stands_for_itself() {
    let messages = queued(&fixture("mixed-sqs"));
    let ids: Vec<&str> = messages.iter().map(|message| &*message.message_id).collect();
    assert_eq!(ids, ["m-1", "m-2", "m-3"]);
    assert_eq!(messages[0].event, Event::Trigger(notice()));
    assert!(matches!(messages[1].event, Event::Ignored(_)));
    assert!(matches!(messages[2].event, Event::Ignored(_)));
}

#[test]
fn task_and_instance_changes_are_read() {
    let task = trigger_of!(Task, &fixture("task-stopped"));
    assert_eq!(task.cluster.as_str(), "prod");
    assert!(task.last_status.is_final());
    let instance = trigger_of!(Instance, &fixture("instance-draining"));
    assert_eq!(instance.status, InstanceStatus::Draining);
    assert_eq!(instance.container_instance, task.container_instance);
}

#[test]
fn the_moments_at_which_a_task_ended_and_was_stopped_are_reported_and_odd_ones_are_left_out() {
    let moments = |ended: Value, stopped: Value| {
        let mut event = fixture("task-stopped");
        event["detail"]["executionStoppedAt"] = ended;
        event["detail"]["stoppedAt"] = stopped;
        let Event::Trigger(Trigger::Task(task)) = single(&event) else {
            panic!("no task: {event}")
        };
        (task.execution_stopped_at, task.stopped_at)
    };
    let (ended, stopped) = ("2026-01-05T08:00:24.912Z", "2026-01-05T08:00:36.498Z");
    let read = (ended.parse().ok(), stopped.parse().ok());
    assert_eq!(moments(json!(ended), json!(stopped)), read);
    for odd in [json!(null), json!(1_767_600_036), json!("yesterday")] {
        assert_eq!(moments(odd.clone(), json!(stopped)), (None, read.1), "{odd}");
        assert_eq!(moments(json!(ended), odd.clone()), (read.0, None), "{odd}");
    }
}

/// The agent notes the time when the first essential container ends.
#[test]
fn p1_of_several_containers_the_first_end_is_not_that_of_the_task() {
    let ended_at = |containers: Value| {
        let mut event = changed("task-stopped", "detail.containers", containers);
        event["detail"]["executionStoppedAt"] = json!("2026-01-05T08:00:24.912Z");
        trigger_of!(Task, &event).execution_stopped_at
    };
    assert!(ended_at(json!([{"name": "web"}])).is_some());
    assert_eq!(ended_at(json!([{"name": "web"}, {"name": "worker"}])), None);
    assert_eq!(ended_at(json!([])), None);
}

#[test]
fn containers_that_have_ended_are_reported_with_their_codes_and_odd_ones_are_left_out() {
    let exits = |containers: Value| {
        let event = changed("task-stopped", "detail.containers", containers);
        let exits = trigger_of!(Task, &event).exits.into_iter();
        let named = exits.map(|(name, code)| (name.to_string(), code));
        named.collect::<Vec<_>>()
    };
    let reported = exits(json!([
        {"name": "web", "exitCode": 0},
        {"name": "fluent-bit", "exitCode": 137},
        {"name": "still-runs"},
        {"exitCode": 1},
        {"name": "no name", "exitCode": 1},
        {"name": "no-number", "exitCode": "1"},
    ]));
    assert_eq!(reported, [("web".to_owned(), 0), ("fluent-bit".to_owned(), 137)]);
    assert_eq!(exits(json!([])), []);
}

#[test]
fn a_container_instance_without_an_ec2_instance_is_ignored() {
    let of = |id| changed("instance-draining", "detail.ec2InstanceId", id);
    for id in [json!("mi-0123456789abcdef0"), json!(""), json!(null)] {
        assert!(matches!(single(&of(id.clone())), Event::Ignored(_)), "{id}");
    }
    assert_eq!(malformed(&of(json!("web-1"))).field, "detail.ec2InstanceId");
}

#[test]
fn spot_and_tick_are_read() {
    let spot = trigger_of!(Spot, &fixture("spot-interruption"));
    assert_eq!(spot.at, "2026-03-01T12:05:00Z".parse().unwrap());
    assert_eq!(trigger(&fixture("tick")), Trigger::Tick);
    let reserved = trigger_of!(Spot, &fixture("capacity-reservation-interruption"));
    assert_eq!(reserved, spot, "two minutes before the end that it names");
    let heartbeats = json!({"source": "ecs-daemon-protector", "detail-type": "Heartbeats", "detail": {}});
    assert_eq!(trigger(&heartbeats), Trigger::Heartbeats);
}

#[test]
fn orders_are_read_with_who_and_why() {
    for (name, order) in [
        ("operator-release", Order::Release),
        ("operator-hold", Order::Hold),
        ("operator-extend", Order::Extend(SignedDuration::from_mins(30))),
    ] {
        let command = trigger_of!(Operator, &fixture(name));
        assert_eq!(command.order, order);
        assert_eq!((&*command.who, &*command.why), ("ana", "ticket 7"));
    }
}

#[test]
fn what_concerns_another_deployment_is_ignored_with_a_reason() {
    for (name, reason) in [
        ("launch-direct", "does not terminate an instance"),
        ("launch-event-bridge", "is not handled"),
        ("test-notification", "a test notification"),
        ("task-stopped-fargate", "does not run on a container instance"),
        ("instance-external", "is not an EC2 instance"),
        ("rebalance-recommendation", "is not handled"),
    ] {
        match single(&fixture(name)) {
            Event::Ignored(why) => assert!(why.to_string().contains(reason), "{name}: {why}"),
            other => panic!("{name} is not ignored: {other:?}"),
        }
    }
}

/// The fields without which an event cannot be acted on, by fixture.
fn required() -> impl Iterator<Item = (&'static str, &'static str)> {
    let fields = [
        (
            "terminate-event-bridge",
            "detail.LifecycleActionToken detail.AutoScalingGroupName detail.LifecycleHookName \
             detail.EC2InstanceId detail.LifecycleTransition",
        ),
        (
            "terminate-direct",
            "LifecycleActionToken AutoScalingGroupName LifecycleHookName EC2InstanceId",
        ),
        (
            "task-stopped",
            "detail.clusterArn detail.taskArn detail.lastStatus",
        ),
        (
            "instance-draining",
            "detail.clusterArn detail.containerInstanceArn detail.status",
        ),
        ("spot-interruption", "detail.instance-id time"),
        (
            "capacity-reservation-interruption",
            "detail.instance-id detail.instance-termination-time",
        ),
        ("operator-release", "instance cluster who why"),
        ("operator-extend", "by"),
    ];
    let each = |(name, fields): (_, &'static str)| fields.split(' ').map(move |field| (name, field));
    fields.into_iter().flat_map(each)
}

fn at_path<'a>(event: &'a mut Value, path: &str) -> (&'a mut Value, String) {
    match path.split_once('.') {
        Some((outer, inner)) => (&mut event[outer], inner.to_owned()),
        None => (event, path.to_owned()),
    }
}

#[test]
fn a_missing_field_is_named() {
    for (name, field) in required() {
        let mut event = fixture(name);
        let (parent, key) = at_path(&mut event, field);
        parent.as_object_mut().unwrap().remove(&key);
        assert_eq!(malformed(&event).field, field, "{name}");
    }
}

#[test]
fn a_field_of_the_wrong_type_is_named() {
    for (name, field) in required() {
        for wrong in [json!(7), json!(["x"]), json!({"x": 1}), json!(null)] {
            let found = malformed(&changed(name, field, wrong.clone())).field;
            assert!(found.ends_with(field), "{name} {field}={wrong}: {found}");
        }
    }
}

#[test]
fn a_field_that_is_no_identifier_is_named() {
    let any_text = ["detail.lastStatus", "detail.status", "who", "why"];
    for (name, field) in required().filter(|(_, field)| !any_text.contains(field)) {
        match single(&changed(name, field, json!("\u{7}"))) {
            Event::Malformed(malformed) => assert_eq!(malformed.field, field, "{name}: {malformed}"),
            Event::Ignored(_) => assert_eq!(field, "detail.LifecycleTransition"),
            Event::Trigger(trigger) => panic!("{name} with a bell in {field} passed: {trigger:?}"),
        }
    }
}

#[test]
fn what_is_no_event_at_all_is_ignored() {
    for event in [
        json!({}),
        json!(null),
        json!([]),
        json!("x"),
        json!({"source": "warmup"}),
        json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "logs"}),
        json!({"Service": "AWS Auto Scaling", "Event": "autoscaling:EC2_INSTANCE_TERMINATE"}),
        json!({"Service": "another"}),
        json!({"Records": []}),
        json!({"Records": [{"eventSource": "aws:s3"}]}),
        json!({"Records": [{"EventSource": "aws:ses", "Sns": {"Message": "{}"}}]}),
    ] {
        assert!(matches!(single(&event), Event::Ignored(_)), "{event}");
    }
    let plain = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "hello"}}]});
    assert!(matches!(parse(&plain), Delivery::Sns(all) if matches!(all[..], [Event::Ignored(_)])));
    let confirmation = json!({"Type": "SubscriptionConfirmation", "Message": "You have chosen"}).to_string();
    let note = json!({"Type": "Notification", "Message": "hello"}).to_string();
    for body in [confirmation, note, "hello".to_owned()] {
        let batch = json!({"Records": [{"eventSource": "aws:sqs", "messageId": "m", "body": body}]});
        assert!(matches!(queued(&batch)[0].event, Event::Ignored(_)), "{batch}");
    }
}

#[test]
fn an_array_of_pipes_is_a_batch() {
    let (event, tick) = (fixture("terminate-event-bridge"), fixture("tick"));
    let batch = json!([event, tick.to_string(), 1]);
    let Delivery::Events(events) = parse(&batch) else {
        panic!("no batch")
    };
    assert_eq!(events[0], Event::Trigger(notice()));
    // A text of an input transformer.
    assert_eq!(events[1], Event::Trigger(Trigger::Tick));
    assert!(matches!(events[2], Event::Ignored(_)));
    // A pipe from a queue.
    let whole = fixture("terminate-sqs");
    assert_eq!(parse(&whole["Records"]), parse(&whole));
}

#[test]
fn what_is_torn_is_malformed() {
    let wrong = json!({"Records": 1});
    assert_eq!(malformed(&wrong).field, "Records");
    let mistyped = json!({"comand": "release", "who": "ana"});
    for order in [mistyped, json!({"why": "ticket 7"})] {
        assert_eq!(malformed(&order).field, "command");
    }
    let torn = json!({"Records": [{"eventSource": "aws:sqs", "messageId": "m", "body": "{\"detail-type\""}]});
    assert_eq!(queued(&torn)[0].event.malformed().unwrap().field, "body");
    let Delivery::Events(events) = parse(&json!(["{\"detail-type\""])) else {
        panic!("no batch")
    };
    assert_eq!(events[0].malformed().unwrap().field, "whole-event");
}

#[test]
fn an_order_that_makes_no_sense_is_refused() {
    for (change, problem) in [
        (json!({"command": "explode"}), "unknown variant"),
        (json!({"command": "extend"}), "by"),
        (json!({"command": "extend", "by": "-5m"}), "above zero"),
        (json!({"command": "hold", "by": "5m"}), "only extend"),
        (json!({"command": "hold", "force": true}), "unknown field"),
    ] {
        let mut event = fixture("operator-release");
        let fields = event.as_object_mut().unwrap();
        fields.extend(change.as_object().unwrap().clone());
        let said = malformed(&event).to_string();
        assert!(said.contains(problem), "{said}");
    }
}

#[test]
fn triggers_are_named_as_documented() {
    for (name, kind) in [
        ("terminate-direct", "hook"),
        ("task-stopped", "task"),
        ("instance-draining", "instance"),
        ("spot-interruption", "spot"),
        ("tick", "tick"),
        ("operator-hold", "operator"),
    ] {
        let found = trigger(&fixture(name)).kind();
        assert_eq!((found.to_string(), json!(found)), (kind.to_owned(), json!(kind)));
    }
    assert_eq!(Trigger::Heartbeats.kind().to_string(), "heartbeats");
    assert_eq!(TriggerKind::Due.to_string(), "due");
}

#[test]
fn a_mistake_of_a_person_is_distinguished_from_one_of_a_service() {
    for (event, sender) in [
        (json!({"command": "explode"}), Sender::Operator),
        (json!({"comand": "release", "who": "ana"}), Sender::Operator),
        (json!({"why": "ticket 7"}), Sender::Operator),
        (json!({"Records": 1, "who": "ana"}), Sender::Operator),
        (json!({"detail-type": 7, "who": "ana"}), Sender::Operator),
        (json!({"Records": 1}), Sender::Service),
        (json!({"detail-type": 7}), Sender::Service),
        (json!({"Service": "AWS Auto Scaling"}), Sender::Service),
    ] {
        assert_eq!(malformed(&event).sender, sender, "{event}");
    }
}

const TOKEN: &str = "630aa23f-48eb-45e7-aba6-799ea6093a0f";

fn message(token: &str) -> Value {
    json!({"LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "EC2InstanceId": "i-0123456789abcdef0",
        "AutoScalingGroupName": "ecs-prod", "LifecycleHookName": "protect-daemons", "LifecycleActionToken": token})
}

#[test]
fn a_token_is_in_nothing_that_is_said_of_an_event() {
    let kind = "EC2 Instance-terminate Lifecycle Action";
    let whole = message(TOKEN).to_string();
    for event in [
        message(&format!("{TOKEN} ")),
        message(&TOKEN[1..]),
        json!({"detail-type": kind, "detail": message(&format!("x{TOKEN}"))}),
        json!({"detail-type": kind, "detail": whole}),
        json!({"Records": [{"eventSource": "aws:sqs", "body": format!("{whole},")}]}),
    ] {
        let said = format!("{:?}", parse(&event));
        assert!(said.contains("Malformed"), "{said}");
        assert!(!said.contains(&TOKEN[1..]), "{said}");
    }
    assert!(!format!("{:?}", parse(&message(TOKEN))).contains(TOKEN));
}

#[test]
fn what_is_said_of_an_event_is_short() {
    let long = "y".repeat(100_000);
    let mut transition = message(TOKEN);
    transition["LifecycleTransition"] = json!(long);
    let task = json!({"clusterArn": "arn:aws:ecs:eu-west-1:1:cluster/prod", "taskArn": long, "lastStatus": "RUNNING"});
    for event in [
        json!({"detail-type": long}),
        transition,
        json!({"detail-type": "ECS Task State Change", "detail": task}),
        json!({"detail-type": "ECS Task State Change", "detail": {"containers": long}}),
        json!({"detail-type": "EC2 Spot Instance Interruption Warning", "time": long}),
        json!({"command": "hold", "instance": "i-12345678", "cluster": "prod", "who": "a", "why": "b", long.as_str(): 1}),
    ] {
        let said = format!("{:?}", single(&event));
        assert!(said.chars().count() < 1000, "{} characters", said.chars().count());
    }
}

#[test]
fn members_are_not_taken_from_a_list() {
    let at = "2026-03-01T12:00:37Z";
    for event in [
        json!({"detail-type": "EC2 Spot Instance Interruption Warning", "time": at, "detail": ["i-12345678"]}),
        json!({"detail-type": "ECS Task State Change", "detail": null}),
        json!({"detail-type": "ECS Task State Change"}),
    ] {
        assert_eq!(malformed(&event).field, "detail");
    }
}
