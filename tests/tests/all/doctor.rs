//! `protectorctl doctor` against the local AWS: what it finds in the setup of a bad night, what it does not know if a
//! read is denied, and its exit codes.

use crate::setup::Stuck;
use protector_aws_model::faults::{CallFilter, Limit};
use protector_aws_model::{Cut, Faults, Service};
use protector_tests::{CLUSTER, Lab, LabConfig, PERSON, Said, assert_has, ctl, tool};
use serde_json::{Value, json};

async fn doctor(lab: &Lab, arguments: &[&str]) -> Said {
    ctl(lab, &[&["doctor"], arguments].concat()).await
}

/// A check: the name of its category's part, its result, and all of it.
type Found = (String, String, Value);

fn checks(answer: &Value) -> impl Iterator<Item = Found> {
    let categories = answer["categories"].as_array().unwrap().iter();
    categories.flat_map(|category| {
        let checks = category["checks"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        checks.map(move |check| (text(&category["name"]), text(&check["result"]), check.clone()))
    })
}

fn findings(answer: &Value, id: &str) -> Vec<Found> {
    checks(answer).filter(|(_, _, check)| check["id"] == id).collect()
}

/// The checks that ended so.
fn ended(answer: &Value, result: &str) -> Vec<Found> {
    checks(answer).filter(|(_, found, _)| found == result).collect()
}

#[test]
fn the_faults_of_the_stuck_setup_are_found() {
    let stuck = Stuck::start(&[]);
    let asked = |arguments: &[&str]| {
        let line = [&["doctor"], arguments].concat();
        tool(stuck.endpoint(), "us-east-1", &line)
    };
    let answer = asked(&["--json"]).ended(1).json();
    let expected = json!({"success": false, "kind": "doctor", "account": "123456789012"});
    assert_has(&answer, expected);
    for gap in ["not-known", "skipped"] {
        assert!(ended(&answer, gap).is_empty(), "{answer}");
    }
    let heartbeat = findings(&answer, "hook-heartbeat");
    let heartbeat: Vec<_> = heartbeat
        .iter()
        .map(|(name, result, _)| (&**name, &**result))
        .collect();
    let expected = [("hooks: prod-ecs", "pass"), ("hooks: prod-short", "warn")];
    assert_eq!(heartbeat, expected);
    let (_, result, drainable) = &findings(&answer, "services-drainable")[0];
    assert_eq!(result, "warn");
    let error = drainable["error"].as_str().unwrap();
    assert!(error.ends_with(": billing"), "{drainable}");
    let fix = drainable["fix"].as_str().unwrap();
    assert!(fix.contains("--service billing"), "{drainable}");
    // The sidecar of the setup's definitions has no health check, and its image no version.
    let definitions = findings(&answer, "definition");
    assert!(
        definitions.iter().all(|(_, result, _)| result == "fail"),
        "{definitions:?}"
    );
    let hint = definitions[0].2["hint"].as_str().unwrap();
    assert!(hint.contains("PL022: "), "{hint}");
    let rules = &findings(&answer, "rules")[0].2;
    assert_eq!(rules["description"], "5 rules are enabled and send to the queue");
    for (arguments, code) in [
        ("--only account,events", 0),
        ("--only hook-heartbeat", 0),
        ("--only hook-heartbeat --fail-on warn", 1),
        ("--only hook-heartbeat --fail-on warn --wait 1s", 3),
        ("--only tick --wait 1m", 0),
        ("--only hop-limit", 0),
        // audit-log-task has no policy.
        ("--only policy", 1),
        ("--only hook-heartbeats", 2),
    ] {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let said = asked(&arguments).ended(code);
        assert!(!said.out.contains('\x1b'), "piped output has no escape");
        let _ = asked(&[&*arguments, &["--json"]].concat()).ended(code);
    }
    stuck.stopped();
}

/// The one finding of a check that is about this service.
fn of_service(answer: &Value, id: &str, service: &str) -> Value {
    let found = findings(answer, id);
    let about = found.iter().find(|(name, ..)| name.contains(service));
    let (_, _, check) = about.unwrap_or_else(|| panic!("{id} of {service}: {found:?}"));
    check.clone()
}

#[test]
fn deeper_checks_judge_the_roles_and_hosts_of_the_stuck_setup() {
    let stuck = Stuck::start(&[]);
    let line = ["doctor", "--json", "--deep", "--only", "daemons"];
    let answer = tool(stuck.endpoint(), "us-east-1", &line).json();
    let with = of_service(&answer, "policy", "fluent-bit");
    assert_eq!(with["result"], "pass", "{answer}");
    let without = of_service(&answer, "policy", "audit-log");
    let error = without["error"].as_str().unwrap();
    let expected = "the task role audit-log-task may not ssm:GetParameter and ssm:GetParameters \
                    /ecs-daemon-protector/prod/i-";
    assert!(error.starts_with(expected), "{error}");
    let fix = without["fix"].as_str().unwrap();
    assert!(fix.contains("--role-name audit-log-task"), "{without}");
    let hops = of_service(&answer, "hop-limit", "fluent-bit");
    let description = hops["description"].as_str().unwrap();
    let expected = "the metadata service answers host mode on ";
    assert!(description.starts_with(expected), "{hops}");
    stuck.stopped();
}

const ROLE: &str = "logs-task";

/// A daemon in bridge mode runs, and has a task role.
async fn with_a_daemon_in_bridge_mode() -> Lab {
    let lab = Lab::start(LabConfig::default()).await;
    lab.tick().await;
    daemon_with_a_role(&lab, "bridge");
    lab.until("the daemon runs", || !lab.tasks_of("logs").is_empty())
        .await;
    lab
}

/// A daemon with a sidecar, whose containers are simulated, and with a task role.
fn daemon_with_a_role(lab: &Lab, network: &str) {
    let container = |name: &str| {
        json!({"name": name, "image": format!("example.com/{name}:0.1.0"), "memory": 16,
            "essential": name == "logs", "dockerLabels": {"local-aws.simulated": "true"}})
    };
    let definition = json!({"family": "logs", "networkMode": network,
        "taskRoleArn": format!("arn:aws:iam::123456789012:role/{ROLE}"),
        "containerDefinitions": [container("logs"), container("ecs-daemon-protector")]});
    lab.ecs("RegisterTaskDefinition", definition);
    let service = json!({"cluster": CLUSTER, "serviceName": "logs", "taskDefinition": "logs",
        "schedulingStrategy": "DAEMON"});
    lab.ecs("CreateService", service);
}

/// The one check that is asked for: how the doctor ends, the result, and a part of what is shown.
async fn judged(lab: &Lab, id: &str, code: i32, result: &str, text: &str) {
    let said = doctor(lab, &["--json", "--only", id]).await.ended(code);
    let (_, found, check) = &findings(&said.json(), id)[0];
    assert_eq!(found, result, "{check}");
    let shown = check["error"].as_str().or(check["description"].as_str());
    assert!(shown.unwrap().contains(text), "{text}: {check}");
}

/// Gives the role this policy in the place of the one that it had.
fn allow(lab: &Lab, actions: &[&str], resources: &[&str]) {
    let arn = |name| format!("arn:aws:ssm:eu-west-1:123456789012:parameter/{name}");
    let arns: Vec<String> = resources.iter().map(arn).collect();
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": arns});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let params = json!({"RoleName": ROLE, "PolicyName": "parameters", "PolicyDocument": document});
    lab.call(Service::Iam, "PutRolePolicy", params);
}

#[tokio::test]
async fn a_task_role_may_too_little_or_too_much() {
    let lab = with_a_daemon_in_bridge_mode().await;
    let judged = async |code, result: &str, text: &str| judged(&lab, "policy", code, result, text).await;
    judged(1, "fail", "the task role logs-task does not exist").await;
    let role = json!({"RoleName": ROLE, "AssumeRolePolicyDocument": "{}"});
    lab.call(Service::Iam, "CreateRole", role);
    let nothing = "may not ssm:GetParameter and ssm:GetParameters /ecs-daemon-protector/";
    judged(1, "fail", nothing).await;
    let ours = ["ecs-daemon-protector/control", "ecs-daemon-protector/*/*"];
    let reads = ["ssm:GetParameter", "ssm:GetParameters"];
    allow(&lab, &reads[..1], &ours);
    judged(1, "fail", "may not ssm:GetParameters /ecs-daemon-protector/").await;
    allow(&lab, &reads, &ours[1..]);
    judged(1, "fail", &format!("{nothing}control")).await;
    allow(&lab, &reads, &ours);
    judged(0, "pass", "may read its records and the kill switch").await;
    allow(&lab, &reads, &["ecs-daemon-protector/*"]);
    let beacon = "ssm:GetParameter and ssm:GetParameters /ecs-daemon-protector/coordinator";
    judged(0, "warn", &format!("may also {beacon}")).await;
    allow(&lab, &["ssm:*"], &["*"]);
    judged(0, "warn", &format!("{beacon}, any other parameter")).await;
    let writes = "ssm:DeleteParameter and ssm:PutParameter /ecs-daemon-protector/";
    judged(0, "warn", writes).await;
    let simulator = CallFilter::operation(Service::Iam, "SimulatePrincipalPolicy").by(PERSON);
    lab.deny(simulator.clone());
    judged(2, "not-known", "not known: needs iam:SimulatePrincipalPolicy").await;
    lab.aws.faults(|faults| {
        faults.clear();
        faults.cut(simulator.clone(), Cut::HalfOfTheBody, Limit::Forever);
    });
    judged(2, "not-known", "iam:SimulatePrincipalPolicy did not answer").await;
    lab.aws.faults(|faults| {
        faults.clear();
        faults.throttle(simulator, 1);
    });
    judged(0, "warn", "may also").await;
}

#[tokio::test]
async fn bridge_mode_needs_two_hops_and_a_service_that_answers() {
    let lab = with_a_daemon_in_bridge_mode().await;
    let judged = async |code, result: &str, text: &str| judged(&lab, "hop-limit", code, result, text).await;
    let options = |limit: u32, endpoint: &str| {
        let params =
            json!({"InstanceId": lab.instance(), "HttpPutResponseHopLimit": limit, "HttpEndpoint": endpoint});
        lab.call(Service::Ec2, "ModifyInstanceMetadataOptions", params);
    };
    judged(0, "pass", "answers bridge mode on 1 host").await;
    options(1, "enabled");
    let one = format!("hop limit 1 on 1 of 1 ({}): bridge mode needs 2", lab.instance());
    judged(1, "fail", &one).await;
    options(2, "disabled");
    judged(1, "fail", "the metadata service is off on 1 of 1").await;
    lab.deny(CallFilter::operation(Service::Ec2, "DescribeInstances").by(PERSON));
    judged(2, "not-known", "not known: needs ec2:DescribeInstances").await;
}

/// Each read, and a check that is not known without it.
const READS: [(Service, &str, &str); 14] = [
    (Service::Ssm, "GetParametersByPath", "beacon"),
    (Service::Lambda, "GetFunctionConfiguration", "dry-run"),
    (Service::Lambda, "GetFunctionConcurrency", "concurrency"),
    (Service::Lambda, "ListEventSourceMappings", "event-source"),
    (Service::Events, "ListRuleNamesByTarget", "rules"),
    (Service::Events, "DescribeRule", "rules"),
    (Service::Sqs, "GetQueueAttributes", "dead-letters"),
    (Service::CloudWatch, "GetMetricData", "errors"),
    (Service::CloudWatch, "DescribeAlarms", "alarms"),
    (Service::AutoScaling, "DescribeAutoScalingGroups", "hook-present"),
    (Service::AutoScaling, "DescribeLifecycleHooks", "hook-present"),
    (Service::Ecs, "ListContainerInstances", "agents"),
    (Service::Ecs, "DescribeCapacityProviders", "managed-draining"),
    (Service::Ecs, "ListServices", "sidecar-present"),
];

#[tokio::test]
async fn what_is_denied_is_not_known_and_named() {
    let lab = Lab::start(LabConfig::default()).await;
    lab.tick().await;
    for (service, operation, id) in READS {
        let action = format!("{}:{operation}", service.prefix());
        lab.deny(CallFilter::operation(service, operation).by(PERSON));
        let answer = doctor(&lab, &["--json"]).await.json();
        let found = findings(&answer, id);
        let unknown = found.iter().find(|(_, result, _)| result == "not-known");
        let (_, _, check) = unknown.unwrap_or_else(|| panic!("{action}: {found:?}"));
        let error = check["error"].as_str().unwrap();
        assert!(error.contains(&format!("not known: needs {action}")), "{error}");
        let (_, result, permissions) = &findings(&answer, "permissions")[0];
        assert_eq!(result, "warn", "{action}");
        let error = permissions["error"].as_str().unwrap();
        assert!(error.contains(&action), "{permissions}");
        lab.aws.faults(Faults::clear);
    }
    lab.deny(CallFilter::operation(Service::CloudWatch, "DescribeAlarms").by(PERSON));
    let _ = doctor(&lab, &["--only", "alarms"]).await.ended(2);
    lab.aws.set_alarm("ecs-daemon-protector-drain-stuck", "ALARM");
    lab.aws.faults(Faults::clear);
    let ringing = doctor(&lab, &["--only", "alarms", "--json"]).await.ended(1);
    let (_, _, alarms) = &findings(&ringing.json(), "alarms")[0];
    assert_eq!(alarms["error"], "in alarm: ecs-daemon-protector-drain-stuck");
}

#[tokio::test]
async fn without_a_coordinator_its_category_ends_and_hooks_are_checked() {
    let lab = Lab::without_coordinator(&LabConfig::default()).await;
    let answer = doctor(&lab, &["--json"]).await.ended(1).json();
    for (id, result) in [
        ("beacon", "fail"),
        ("tick", "skipped"),
        ("mode", "skipped"),
        ("rules", "skipped"),
        ("hook-result", "pass"),
    ] {
        assert_eq!(findings(&answer, id)[0].1, result, "{id}");
    }
}
