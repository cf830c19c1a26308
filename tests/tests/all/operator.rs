//! `protectorctl status`, `explain`, `release`, `hold`, `extend` and `mode` against the real coordinator: the questions of
//! an operator are answered, orders are carried out or refused, and what cannot be read is not known.

use std::cell::Cell;

use protector_aws_model::faults::{CallFilter, Cut, Limit};
use protector_aws_model::{Faults, Service};
use protector_tests::{CLUSTER, Daemon, HOOK, Lab, LabConfig, PERSON, Said, ctl};
use serde_json::{Value, json};

/// An instance whose drain is held by a standalone task, with a record that has counted it.
async fn stuck() -> Lab {
    let lab = Lab::start(LabConfig::default().set("CLUSTERS", CLUSTER)).await;
    lab.daemon(&Daemon::new("logs")).await;
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
    record["lifecycle"]["lifecycleActionToken"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn deny(lab: &Lab, service: Service, operation: &str) {
    let filter = CallFilter::operation(service, operation).by(PERSON);
    lab.aws.faults(|faults| faults.deny(filter, Limit::Forever));
}

#[tokio::test]
async fn status_answers_five_questions_in_four_calls() {
    let lab = stuck().await;
    let said = ctl(&lab, &["status", "--json"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
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
    assert_eq!(
        (&answer["kind"], &answer["partial"]),
        (&json!("status"), &json!([]))
    );
    assert_eq!(answer["coordinator"]["silent"], false);
    let drain = &answer["drains"][0];
    assert_eq!(drain["instance"], lab.instance());
    assert_eq!(
        (&drain["state"], &drain["risk"]),
        (&json!("holding"), &json!("none"))
    );
    assert_eq!(drain["heldBy"][0]["group"], "family:job");
    assert_eq!((&drain["remaining"], &drain["most"]), (&json!(1), &json!(1)));
    assert_eq!(drain["ends"]["kind"], "unknown");
    let hook = &drain["hooks"][0];
    assert_eq!(hook["name"], HOOK);
    let left = hook["leftSeconds"].as_i64().unwrap();
    assert!((100..=300).contains(&left), "{hook}");
    let text = ctl(&lab, &["status"]).await;
    assert_eq!(text.code, Some(0));
    for part in [
        "1 instance drains",
        lab.instance(),
        "job standalone",
        "123456789012",
    ] {
        assert!(text.out.contains(part), "{part}: {}", text.out);
    }
}

#[tokio::test]
async fn without_a_drain_status_says_so() {
    let lab = Lab::start(LabConfig::default().set("CLUSTERS", CLUSTER)).await;
    lab.tick().await;
    let said = ctl(&lab, &["status"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("No instance drains."), "{said:?}");
    assert!(!said.out.contains("The last drain"), "{said:?}");
    let wait = ctl(&lab, &["status", "--wait=1m"]).await;
    assert_eq!(wait.code, Some(0), "there is nothing to wait for: {wait:?}");

    let instance = lab.instance().to_owned();
    lab.set_status(&instance, "DRAINING");
    let has_receipt = || {
        let lines = lab.aws.coordinator_logs();
        lines.iter().any(|line| line.contains("\"event\":\"receipt\""))
    };
    lab.tick_until("the drain is over", has_receipt).await;
    let said = ctl(&lab, &["status"]).await;
    let last = format!("ago: {instance} in {CLUSTER}, drained");
    assert!(
        said.out.contains("No instance drains.") && said.out.contains(&last),
        "{said:?}"
    );
    let said = ctl(&lab, &["status", "--json"]).await;
    assert_eq!(
        said.json()["lastReceipt"]["instance"],
        json!(instance),
        "{said:?}"
    );
    let filter = CallFilter::operation(Service::Logs, "FilterLogEvents").by(PERSON);
    lab.aws.faults(|faults| faults.deny(filter, Limit::Forever));
    let said = ctl(&lab, &["status"]).await;
    assert_eq!(
        said.code,
        Some(0),
        "its log may not be read, and nothing else is missing: {said:?}"
    );
    assert!(!said.out.contains("The last drain"), "{said:?}");
}

#[tokio::test]
async fn explain_names_the_task_the_cause_and_the_next_command() {
    let lab = stuck().await;
    let said = ctl(&lab, &["explain", &lab.instance()[..6], "--json"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let explanation = &said.json()["explanation"];
    let task = &explanation["tasks"][0];
    assert_eq!(
        (&task["group"], &task["cause"]),
        (&json!("family:job"), &json!("standalone"))
    );
    let next = task["next"][0].as_str().unwrap();
    assert!(
        next.starts_with("aws ecs stop-task --cluster prod --task "),
        "{next}"
    );
    let text = ctl(&lab, &["explain", lab.instance()]).await;
    assert_eq!(text.code, Some(0));
    assert!(
        text.out.contains("HOLDING for ") && text.out.contains(next),
        "{text:?}"
    );
}

#[tokio::test]
async fn an_instance_that_is_not_there_or_does_not_drain_is_distinguished() {
    let lab = Lab::start(LabConfig::default().set("CLUSTERS", CLUSTER)).await;
    lab.tick().await;
    let active = ctl(&lab, &["explain", lab.instance()]).await;
    assert_eq!(active.code, Some(0), "{active:?}");
    assert!(active.out.contains("does not drain"), "{active:?}");
    let unknown = ctl(&lab, &["explain", "i-0123456789abcdef0"]).await;
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    let waited = ctl(&lab, &["status", "i-0123456789abcdef0", "--wait=1m"]).await;
    assert_eq!(
        waited.code,
        Some(2),
        "what was never seen has not ended: {waited:?}"
    );
    let order = ctl(&lab, &["release", lab.instance(), "--why", "7", "--yes"]).await;
    assert_eq!(order.code, Some(1), "{order:?}");
}

#[tokio::test]
async fn a_release_is_carried_out_once_and_kept_with_who_and_why() {
    let lab = stuck().await;
    let refused = ctl(&lab, &["release", lab.instance(), "--why", "ticket 7"]).await;
    assert_eq!(
        refused.code,
        Some(2),
        "there is no terminal to ask on: {refused:?}"
    );
    assert!(refused.err.contains("--yes"), "{refused:?}");
    assert_eq!(lab.record(lab.instance()).unwrap()["state"], "holding");
    let dry = ctl(
        &lab,
        &[
            "release",
            lab.instance(),
            "--why",
            "ticket 7",
            "--who",
            "ana",
            "--dry-run",
        ],
    )
    .await;
    assert_eq!(
        dry.json(),
        json!({"command": "release", "cluster": CLUSTER, "instance": lab.instance(), "who": "ana", "why": "ticket 7"})
    );
    let done = ctl(
        &lab,
        &[
            "release",
            lab.instance(),
            "--why",
            "ticket 7",
            "--who",
            "ana",
            "--yes",
        ],
    )
    .await;
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.out.starts_with("ok  released at "), "{done:?}");
    let record = lab.last_record(lab.instance());
    assert_eq!(
        (&record["state"], &record["reason"]),
        (&json!("released"), &json!("operator"))
    );
    assert_eq!(
        (&record["ordered"]["who"], &record["ordered"]["why"]),
        (&json!("ana"), &json!("ticket 7"))
    );
    let again = ctl(&lab, &["release", lab.instance(), "--why", "ticket 7", "--yes"]).await;
    assert_eq!(again.code, Some(1), "{again:?}");
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
    let looked_twice = || {
        let calls = calls(&lab, before);
        calls
            .iter()
            .filter(|call| call.contains("GetParametersByPath"))
            .count()
            >= 2
    };
    let tick = async {
        lab.until("the wait has begun", || answered.get() || looked_twice())
            .await;
        lab.tick_until("the drain is over", over).await;
    };
    let (followed, ()) = tokio::join!(follow, tick);
    assert_eq!(followed.code, Some(1), "it was forced: {followed:?}");
    assert!(followed.out.contains("done: released (operator"), "{followed:?}");
}

#[tokio::test]
async fn a_deadline_is_moved_as_far_as_the_hook_allows() {
    let lab = stuck().await;
    let deadline = |lab: &Lab| lab.record(lab.instance()).unwrap()["deadlineAt"].clone();
    let before = deadline(&lab);
    let moved = ctl(
        &lab,
        &["extend", lab.instance(), "--by", "10m", "--why", "7", "--yes"],
    )
    .await;
    assert_eq!(moved.code, Some(0), "{moved:?}");
    assert!(moved.out.starts_with("ok  deadline "), "{moved:?}");
    let after = deadline(&lab);
    assert!(after.as_str() > before.as_str(), "{before} {after}");
    let cut = ctl(
        &lab,
        &["extend", lab.instance(), "--by", "47h", "--why", "7", "--yes"],
    )
    .await;
    assert_eq!(cut.code, Some(0), "{cut:?}");
    assert!(
        cut.out.contains("the hook's global limit less the flush"),
        "{cut:?}"
    );
    let kept = ctl(&lab, &["hold", lab.instance(), "--why", "7", "--yes", "--json"]).await;
    assert_eq!(kept.json()["order"]["command"], "hold", "{kept:?}");
}

#[tokio::test]
async fn an_order_that_may_not_be_given_names_the_permission() {
    let lab = stuck().await;
    deny(&lab, Service::Lambda, "Invoke");
    let said = ctl(&lab, &["release", lab.instance(), "--why", "7", "--yes"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(
        said.err.contains("lambda:InvokeFunction on arn:aws:lambda:"),
        "{said:?}"
    );
    assert_eq!(lab.record(lab.instance()).unwrap()["state"], "holding");
}

#[tokio::test]
async fn a_mode_is_set_when_the_coordinator_says_that_it_obeys() {
    let lab = stuck().await;
    let (said, ()) = tokio::join!(
        ctl(
            &lab,
            &["mode", "observe", "--why", "ticket 7", "--who", "ana", "--yes"]
        ),
        async {
            let name = "/ecs-daemon-protector/control";
            lab.wait("the switch is set", |world| world.parameter(name).map(drop))
                .await;
            lab.tick().await;
        }
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.starts_with("ok  observe by ana: ticket 7"), "{said:?}");
    let shown = ctl(&lab, &["mode", "--json"]).await.json();
    assert_eq!(
        (&shown["mode"], &shown["who"]),
        (&json!("observe"), &json!("ana"))
    );
    assert_eq!(shown["obeyed"], "observe");
    let status = ctl(&lab, &["status", "--json"]).await;
    assert_eq!(
        status.code,
        Some(1),
        "its hook waits and gets no heartbeat: {status:?}"
    );
    assert_eq!(status.json()["drains"][0]["risk"], "mode");
    let order = ctl(&lab, &["release", lab.instance(), "--why", "7", "--yes"]).await;
    assert_eq!(order.code, Some(1), "{order:?}");
    assert!(order.out.contains("observe"), "{order:?}");
    lab.ssm(
        "PutParameter",
        json!({"Name": "/ecs-daemon-protector/control", "Type": "String", "Overwrite": true, "Value": "{\"mode\":\"release_all\"}"}),
    );
    let wrong = ctl(&lab, &["mode"]).await;
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(wrong.out.contains("unknown mode \"release_all\""), "{wrong:?}");
}

/// Every read of `status` and `explain`, and what it is in IAM.
const READS: [(Service, &str, &str); 6] = [
    (Service::Ssm, "GetParametersByPath", "ssm:GetParametersByPath"),
    (
        Service::Ecs,
        "ListContainerInstances",
        "ecs:ListContainerInstances",
    ),
    (
        Service::Ecs,
        "DescribeContainerInstances",
        "ecs:DescribeContainerInstances",
    ),
    (
        Service::AutoScaling,
        "DescribeAutoScalingInstances",
        "autoscaling:DescribeAutoScalingInstances",
    ),
    (Service::Ecs, "ListTasks", "ecs:ListTasks"),
    (Service::Ecs, "DescribeTasks", "ecs:DescribeTasks"),
];

#[tokio::test]
async fn what_may_not_be_read_is_not_known_and_never_fine() {
    let lab = stuck().await;
    for (service, operation, action) in &READS[..4] {
        deny(&lab, *service, operation);
        let said = ctl(&lab, &["status", "--json"]).await;
        assert_eq!(said.code, Some(2), "{operation}: {said:?}");
        let answer = said.json();
        assert_eq!(answer["partial"][0]["call"], *action, "{answer}");
        let code = answer["partial"][0]["code"].as_str().unwrap();
        assert!(code.starts_with("AccessDenied"), "{answer}");
        let text = ctl(&lab, &["status"]).await;
        assert_eq!(text.code, Some(2), "the format does not decide: {text:?}");
        assert!(
            text.out.contains(&format!("not known: needs {action}")),
            "{text:?}"
        );
        lab.aws.faults(Faults::clear);
    }
    for (service, operation, action) in &READS[4..] {
        deny(&lab, *service, operation);
        let said = ctl(&lab, &["explain", lab.instance()]).await;
        assert_eq!(said.code, Some(2), "{operation}: {said:?}");
        assert!(
            said.out.contains(&format!("not known: needs {action}")),
            "{said:?}"
        );
        assert!(!said.out.contains("Nothing is wrong"), "{said:?}");
        lab.aws.faults(Faults::clear);
    }
}

#[tokio::test]
async fn an_answer_that_is_throttled_or_cut_is_a_gap_too() {
    let lab = stuck().await;
    for (service, operation, action) in [READS[0], READS[1], READS[3]] {
        let filter = CallFilter::operation(service, operation).by(PERSON);
        lab.aws
            .faults(|faults| faults.throttle(filter.clone(), Limit::Forever));
        let said = ctl(&lab, &["status", "--json"]).await;
        assert_eq!(said.code, Some(2), "{operation}: {said:?}");
        assert_eq!(said.json()["partial"][0]["call"], action, "{said:?}");
        lab.aws.faults(Faults::clear);
        lab.aws
            .faults(|faults| faults.cut(filter, Cut::HalfOfTheBody, Limit::Forever));
        let said = ctl(&lab, &["status", "--json"]).await;
        assert_eq!(said.code, Some(2), "{operation}: {said:?}");
        assert_eq!(said.json()["partial"][0]["call"], action, "{said:?}");
        lab.aws.faults(Faults::clear);
    }
    let once = CallFilter::operation(Service::Ssm, "GetParametersByPath").by(PERSON);
    lab.aws.faults(|faults| faults.throttle(once, Limit::Times(1)));
    let said = ctl(&lab, &["status", "--json"]).await;
    assert_eq!(said.code, Some(0), "one refusal is asked again: {said:?}");
}

#[tokio::test]
async fn a_silent_coordinator_is_bad_news() {
    let lab = stuck().await;
    let name = "/ecs-daemon-protector/coordinator";
    let text = lab.aws.world(|world, _| world.parameter(name).map(str::to_owned));
    let mut beacon: Value = serde_json::from_str(&text.unwrap()).unwrap();
    beacon["tickAt"] = json!("2026-01-01T00:00:00Z");
    lab.ssm(
        "PutParameter",
        json!({"Name": name, "Type": "String", "Overwrite": true, "Value": beacon.to_string()}),
    );
    let said = ctl(&lab, &["status"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("so it does not run"), "{said:?}");
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
        assert_eq!(
            said.json()["drains"].as_array().unwrap().len(),
            drains,
            "{said:?}"
        );
        let listings = calls(&lab, from);
        let read = listings
            .iter()
            .filter(|call| *call == "GetParametersByPath")
            .count();
        let described = listings
            .iter()
            .filter(|call| *call == "DescribeAutoScalingInstances")
            .count();
        assert_eq!((read, described), (pages, drains.div_ceil(50)), "{drains}");
        assert!(
            !listings.contains(&"DescribeContainerInstances".to_owned()),
            "an empty list is not described"
        );
    }
}

fn put_record(lab: &Lab, number: usize) {
    let instance = format!("i-{number:017x}");
    let record = json!({"schema": 1, "state": "holding", "remaining": 1, "ec2InstanceId": instance,
        "containerInstanceArn": format!("arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/{number:032x}"),
        "drainId": "d", "startedAt": "2026-11-28T03:00:00Z", "updatedAt": "2026-11-28T03:00:00Z",
        "deadlineAt": "2099-11-28T04:00:00Z", "pollSeconds": 5});
    let name = format!("/ecs-daemon-protector/prod/{instance}");
    lab.ssm(
        "PutParameter",
        json!({"Name": name, "Type": "String", "Value": record.to_string()}),
    );
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
    let said = ctl(&lab, &["status", "--wait=100ms"]).await;
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.out.contains("holding, 1 left: job standalone"), "{said:?}");
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
