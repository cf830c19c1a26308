//! `protectorctl status`, `explain`, `release`, `hold`, `extend` and `mode` against the real coordinator: the questions of
//! an operator are answered, orders are carried out or refused, and what cannot be read is not known.

use std::cell::Cell;

use protector_aws_model::faults::{CallFilter, Cut, Limit};
use protector_aws_model::{Faults, Service};
use protector_tests::{CLUSTER, HOOK, Lab, LabConfig, PERSON, Said, assert_has, ctl};
use serde_json::{Value, json};

/// An instance whose drain is held by a standalone task, with a record that has counted it.
async fn stuck() -> Lab {
    let lab = Lab::with_logs(LabConfig::default().set("CLUSTERS", CLUSTER)).await;
    lab.standalone("job", 600).await;
    lab.scale_in(lab.instance());
    lab.hook_waits(lab.instance()).await;
    lab.tick_until("the job is counted", || {
        let record = lab.record(lab.instance());
        record.is_some_and(|record| record["remaining"] == 1 && record["heldBy"][0]["group"] == "family:job")
    })
    .await;
    lab.heartbeats().await;
    lab
}

/// The calls that the person has made since `from` of them.
fn calls(lab: &Lab, from: usize) -> Vec<String> {
    lab.journal().calls_by(PERSON).split_off(from)
}

fn token(lab: &Lab) -> String {
    let record = lab.record(lab.instance()).unwrap();
    let token = record["lifecycle"]["lifecycleActionToken"].as_str();
    token.unwrap().to_owned()
}

fn deny(lab: &Lab, service: Service, operation: &str) {
    lab.deny(CallFilter::operation(service, operation).by(PERSON));
}

/// An order of a person with `rest` of its line.
async fn ordered(lab: &Lab, command: &str, rest: &str) -> Said {
    let line = [&[command, lab.instance()], &*rest.split(' ').collect::<Vec<_>>()].concat();
    ctl(lab, &line).await
}

#[tokio::test]
async fn status_answers_five_questions_in_four_calls() {
    let lab = stuck().await;
    let said = ctl(&lab, &["status", "--json"]).await.ended(0);
    assert_eq!(
        calls(&lab, 0),
        [
            "GetParametersByPath",
            "ListContainerInstances",
            "DescribeContainerInstances",
            "DescribeAutoScalingInstances"
        ]
    );
    let answer = said.json();
    let expected = json!({"kind": "status", "partial": [], "coordinator": {"silent": false}});
    assert_has(&answer, expected);
    let drain = &answer["drains"][0];
    let expected = json!({"instance": lab.instance(), "state": "holding", "risk": "none", "remaining": 1,
        "most": 1, "ends": {"kind": "unknown"}});
    assert_has(drain, expected);
    assert_eq!(drain["heldBy"][0]["group"], "family:job");
    let hook = &drain["hooks"][0];
    assert_eq!(hook["name"], HOOK);
    let left = hook["leftSeconds"].as_i64().unwrap();
    assert!((100..=300).contains(&left), "{hook}");
    let text = ctl(&lab, &["status"]).await.ended(0);
    text.shows(&[
        "1 instance drains",
        lab.instance(),
        "job standalone",
        "123456789012",
    ]);
}

#[tokio::test]
async fn without_a_drain_status_says_so() {
    let lab = Lab::start(LabConfig::default().set("CLUSTERS", CLUSTER)).await;
    lab.tick().await;
    let said = ctl(&lab, &["status"]).await.ended(0);
    said.shows(&["No instance drains."]);
    assert!(!said.out.contains("The last drain"), "{said:?}");
    // There is nothing to wait for.
    let _ = ctl(&lab, &["status", "--wait=1m"]).await.ended(0);

    let instance = lab.instance();
    lab.set_status(instance, "DRAINING");
    let has_receipt = || !lab.said("receipt").is_empty();
    lab.tick_until("the drain is over", has_receipt).await;
    let last = format!("ago: {instance} in {CLUSTER}, drained");
    let said = ctl(&lab, &["status"]).await;
    said.shows(&["No instance drains.", &last]);
    let said = ctl(&lab, &["status", "--json"]).await;
    assert_has(&said.json(), json!({"lastReceipt": {"instance": instance}}));
    // Its log may not be read, and nothing else is missing.
    deny(&lab, Service::Logs, "FilterLogEvents");
    let said = ctl(&lab, &["status"]).await.ended(0);
    assert!(!said.out.contains("The last drain"), "{said:?}");
}

#[tokio::test]
async fn explain_names_the_task_the_cause_and_the_next_command() {
    let lab = stuck().await;
    let said = ctl(&lab, &["explain", &lab.instance()[..6], "--json"])
        .await
        .ended(0);
    let explanation = &said.json()["explanation"];
    let task = &explanation["tasks"][0];
    assert_has(task, json!({"group": "family:job", "cause": "standalone"}));
    let next = task["next"][0].as_str().unwrap();
    let stop = "aws ecs stop-task --cluster prod --task ";
    assert!(next.starts_with(stop), "{next}");
    let text = ctl(&lab, &["explain", lab.instance()]).await.ended(0);
    text.shows(&["HOLDING for ", next]);
}

#[tokio::test]
async fn an_instance_that_is_not_there_or_does_not_drain_is_distinguished() {
    let lab = Lab::start(LabConfig::default().set("CLUSTERS", CLUSTER)).await;
    lab.tick().await;
    let active = ctl(&lab, &["explain", lab.instance()]).await.ended(0);
    active.shows(&["does not drain"]);
    let unknown = "i-0123456789abcdef0";
    let _ = ctl(&lab, &["explain", unknown]).await.ended(2);
    // What was never seen has not ended.
    let _ = ctl(&lab, &["status", unknown, "--wait=1m"]).await.ended(2);
    let _ = ordered(&lab, "release", "--why 7 --yes").await.ended(1);
}

#[tokio::test]
async fn a_release_is_carried_out_once_and_kept_with_who_and_why() {
    let lab = stuck().await;
    // There is no terminal to ask on.
    let refused = ordered(&lab, "release", "--why 7").await.ended(2);
    assert!(refused.err.contains("--yes"), "{refused:?}");
    assert_eq!(lab.record(lab.instance()).unwrap()["state"], "holding");
    let dry = ordered(&lab, "release", "--why 7 --who ana --dry-run").await;
    let order = json!({"command": "release", "cluster": CLUSTER, "instance": lab.instance(), "who": "ana", "why": "7"});
    assert_eq!(dry.json(), order);
    let done = ordered(&lab, "release", "--why 7 --who ana --yes").await.ended(0);
    assert!(done.out.starts_with("ok  released at "), "{done:?}");
    let record = lab.last_record(lab.instance());
    let by_ana = json!({"who": "ana", "why": "7"});
    let expected = json!({"state": "released", "reason": "operator", "ordered": by_ana});
    assert_has(&record, expected);
    let _ = ordered(&lab, "release", "--why 7 --yes").await.ended(1);
    // The record is removed by a tick after the end, so the end may be seen in either way.
    let over = || {
        let record = lab.record(lab.instance());
        record.is_none_or(|record| record["receiptAt"].is_string())
    };
    let line = ["status", lab.instance(), "--wait=1m"];
    let before = calls(&lab, 0).len();
    let answered = Cell::new(false);
    let follow = async {
        let followed = ctl(&lab, &line).await;
        answered.set(true);
        followed
    };
    // An instance whose record is gone before the first look at it is unknown: the second look follows a whole one.
    let is_look = |call: &&String| *call == "GetParametersByPath";
    let looked_twice = || calls(&lab, before).iter().filter(is_look).count() >= 2;
    let tick = async {
        lab.until("the wait has begun", || answered.get() || looked_twice())
            .await;
        lab.tick_until("the drain is over", over).await;
    };
    let (followed, ()) = tokio::join!(follow, tick);
    // It was forced.
    followed.ended(1).shows(&["done: released (operator"]);
}

#[tokio::test]
async fn a_deadline_is_moved_as_far_as_the_hook_allows() {
    let lab = stuck().await;
    let deadline = |lab: &Lab| lab.record(lab.instance()).unwrap()["deadlineAt"].clone();
    let before = deadline(&lab);
    let moved = ordered(&lab, "extend", "--by 10m --why 7 --yes").await.ended(0);
    assert!(moved.out.starts_with("ok  deadline "), "{moved:?}");
    let after = deadline(&lab);
    assert!(after.as_str() > before.as_str(), "{before} {after}");
    let cut = ordered(&lab, "extend", "--by 47h --why 7 --yes").await.ended(0);
    cut.shows(&["the hook's global limit less the flush"]);
    let kept = ordered(&lab, "hold", "--why 7 --yes --json").await;
    assert_has(&kept.json(), json!({"order": {"command": "hold"}}));
}

#[tokio::test]
async fn an_order_that_may_not_be_given_names_the_permission() {
    let lab = stuck().await;
    deny(&lab, Service::Lambda, "Invoke");
    let said = ordered(&lab, "release", "--why 7 --yes").await.ended(2);
    let needs = "lambda:InvokeFunction on arn:aws:lambda:";
    assert!(said.err.contains(needs), "{said:?}");
    assert_eq!(lab.record(lab.instance()).unwrap()["state"], "holding");
}

#[tokio::test]
async fn a_mode_is_set_when_the_coordinator_says_that_it_obeys() {
    let lab = stuck().await;
    const CONTROL: &str = "/ecs-daemon-protector/control";
    let line = ["mode", "observe", "--why", "ticket 7", "--who", "ana", "--yes"];
    let (said, ()) = tokio::join!(ctl(&lab, &line), async {
        lab.until("the switch is set", || lab.text(CONTROL).is_some())
            .await;
        lab.tick().await;
    });
    let said = said.ended(0);
    assert!(said.out.starts_with("ok  observe by ana: ticket 7"), "{said:?}");
    let shown = ctl(&lab, &["mode", "--json"]).await.json();
    assert_has(
        &shown,
        json!({"mode": "observe", "who": "ana", "obeyed": "observe"}),
    );
    // Its hook waits and gets no heartbeat.
    let status = ctl(&lab, &["status", "--json"]).await.ended(1);
    assert_eq!(status.json()["drains"][0]["risk"], "mode");
    let order = ordered(&lab, "release", "--why 7 --yes").await.ended(1);
    order.shows(&["observe"]);
    lab.put(CONTROL, r#"{"mode":"release_all"}"#);
    let wrong = ctl(&lab, &["mode"]).await.ended(1);
    wrong.shows(&["unknown mode \"release_all\""]);
}

/// Every read of `status`, and what only `explain` reads.
const READS: [(Service, &str); 6] = [
    (Service::Ssm, "GetParametersByPath"),
    (Service::Ecs, "ListContainerInstances"),
    (Service::Ecs, "DescribeContainerInstances"),
    (Service::AutoScaling, "DescribeAutoScalingInstances"),
    (Service::Ecs, "ListTasks"),
    (Service::Ecs, "DescribeTasks"),
];

#[tokio::test]
async fn what_may_not_be_read_is_not_known_and_never_fine() {
    let lab = stuck().await;
    for (number, (service, operation)) in READS.into_iter().enumerate() {
        let action = format!("{}:{operation}", service.prefix());
        deny(&lab, service, operation);
        let of_status = number < 4;
        let line = if of_status {
            vec!["status"]
        } else {
            vec!["explain", lab.instance()]
        };
        let text = ctl(&lab, &line).await.ended(2);
        text.shows(&[&format!("not known: needs {action}")]);
        assert!(!text.out.contains("Nothing is wrong"), "{text:?}");
        if of_status {
            // The format does not decide.
            let answer = ctl(&lab, &["status", "--json"]).await.ended(2).json();
            let gap = &answer["partial"][0];
            assert_eq!(gap["call"], action, "{answer}");
            let code = gap["code"].as_str().unwrap();
            assert!(code.starts_with("AccessDenied"), "{answer}");
        }
        lab.aws.faults(Faults::clear);
    }
}

#[tokio::test]
async fn an_answer_that_is_throttled_or_cut_is_a_gap_too() {
    let lab = stuck().await;
    for (service, operation) in [READS[0], READS[1], READS[3]] {
        let filter = CallFilter::operation(service, operation).by(PERSON);
        let throttled = |faults: &mut Faults| faults.throttle(filter.clone(), Limit::Forever);
        let cut = |faults: &mut Faults| faults.cut(filter.clone(), Cut::HalfOfTheBody, Limit::Forever);
        for fault in [&throttled as &dyn Fn(&mut Faults), &cut] {
            lab.aws.faults(fault);
            let said = ctl(&lab, &["status", "--json"]).await.ended(2);
            let action = format!("{}:{operation}", service.prefix());
            assert_eq!(said.json()["partial"][0]["call"], action, "{said:?}");
            lab.aws.faults(Faults::clear);
        }
    }
    // One refusal is asked again.
    let once = CallFilter::operation(Service::Ssm, "GetParametersByPath").by(PERSON);
    lab.aws.faults(|faults| faults.throttle(once, Limit::Times(1)));
    let _ = ctl(&lab, &["status", "--json"]).await.ended(0);
}

#[tokio::test]
async fn a_silent_coordinator_is_bad_news() {
    let lab = stuck().await;
    let name = "/ecs-daemon-protector/coordinator";
    let mut beacon: Value = serde_json::from_str(&lab.text(name).unwrap()).unwrap();
    beacon["tickAt"] = json!("2026-01-01T00:00:00Z");
    lab.put(name, &beacon.to_string());
    let said = ctl(&lab, &["status"]).await.ended(1);
    said.shows(&["so it does not run"]);
}

/// Page edges: ten parameters come on a page, and the coordinator's two are among them.
#[tokio::test]
async fn each_page_is_one_call_and_no_page_is_left_out() {
    let lab = Lab::start(LabConfig::default().set("CLUSTERS", CLUSTER)).await;
    lab.tick().await;
    let mut made = 0;
    for (drains, pages) in [(0, 1), (1, 1), (9, 1), (10, 2), (19, 2), (100, 11)] {
        while made < drains {
            put_record(&lab, made);
            made += 1;
        }
        let from = lab.journal().calls_by(PERSON).len();
        let said = ctl(&lab, &["status", "--json"]).await;
        let listed = said.json()["drains"].as_array().unwrap().len();
        assert_eq!(listed, drains, "{said:?}");
        let made = calls(&lab, from);
        let count = |name| made.iter().filter(|call| *call == name).count();
        let (read, described) = (
            count("GetParametersByPath"),
            count("DescribeAutoScalingInstances"),
        );
        assert_eq!((read, described), (pages, drains.div_ceil(50)), "{drains}");
        // An empty list is not described.
        assert_eq!(count("DescribeContainerInstances"), 0, "{made:?}");
    }
}

fn put_record(lab: &Lab, number: usize) {
    let instance = format!("i-{number:017x}");
    let record = json!({"schema": 1, "state": "holding", "remaining": 1, "ec2InstanceId": instance,
        "containerInstanceArn": format!("arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/{number:032x}"),
        "drainId": "d", "startedAt": "2026-11-28T03:00:00Z", "updatedAt": "2026-11-28T03:00:00Z",
        "deadlineAt": "2099-11-28T04:00:00Z", "pollSeconds": 5});
    lab.put(&lab.parameter(&instance), &record.to_string());
}

#[tokio::test]
async fn the_action_token_is_in_no_output() {
    let lab = stuck().await;
    let token = token(&lab);
    let instance = lab.instance();
    let lines: [&[&str]; 9] = [
        &["status", "-v"],
        &["status", "--json"],
        &["status", "--all", "--json", "--wait=1s"],
        &["explain", instance, "--logs"],
        &["explain", instance, "--json", "--logs"],
        &["mode", "--json"],
        &["extend", instance, "--by", "1m", "--why", "7", "--yes", "--json"],
        &["hold", instance, "--why", "7", "--yes"],
        &["release", instance, "--why", "7", "--yes", "--json"],
    ];
    for line in lines {
        let said: Said = ctl(&lab, line).await;
        assert!(!said.all().contains(&token), "{line:?}: {said:?}");
        assert!(!said.all().contains("drainId"), "{line:?}: {said:?}");
    }
}

#[tokio::test]
async fn a_wait_ends_at_its_time_and_ends_no_drain() {
    let lab = stuck().await;
    let said = ctl(&lab, &["status", "--wait=100ms"]).await.ended(3);
    said.shows(&["holding, 1 left: job standalone"]);
    assert_eq!(lab.record(lab.instance()).unwrap()["state"], "holding");
}

#[tokio::test]
async fn without_credentials_a_person_is_asked_to_sign_in() {
    let lab = Lab::without_coordinator(&LabConfig::default()).await;
    let mut command = std::process::Command::new(protector_tests::protectorctl());
    command
        .args(["status", "--region", "eu-west-1"])
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL", lab.aws.endpoint_url());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let said = Said::from(output);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.all().contains("not signed in"), "{said:?}");
    assert!(said.all().contains("aws sso login"), "{said:?}");
}
