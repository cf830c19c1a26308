//! The whole local AWS with real processes: containers, stop order, metadata, the wire.

mod endpoints;
mod reads;

use crate::{LocalAws, LocalAwsConfig};
use protector_aws_model::{ContainerStatus, Entry, Service, TaskStatus, What};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Far more than anything here takes.
const BOUND: Duration = Duration::from_secs(20);

/// A shell that says how it ends.
const SCRIPT: &str = "trap 'echo bye; exit 0' TERM; echo hello $NAME; while :; do sleep 0.02; done";

async fn started() -> LocalAws {
    let mut config = LocalAwsConfig {
        tick_every: None,
        ..LocalAwsConfig::default()
    };
    config.world.quotas = false;
    LocalAws::start(config).await.unwrap()
}

/// A cluster of one instance, and a running task: a daemon, and a protector that depends on it.
async fn protected(aws: &LocalAws) -> (String, String) {
    let ecs = |operation: &str, params: Value| aws.call(Service::Ecs, operation, params).unwrap();
    ecs("CreateCluster", json!({"clusterName": "demo"}));
    let instance = aws.world(|world, now| world.launch_instance(now, "demo"));
    let shell = |name: &str| json!({"name": name, "command": ["sh", "-c", SCRIPT], "environment": [{"name": "NAME", "value": name}]});
    let mut protector = shell("protector");
    protector["dependsOn"] = json!([{"containerName": "daemon", "condition": "START"}]);
    let definition = json!({"family": "f", "containerDefinitions": [shell("daemon"), protector]});
    ecs("RegisterTaskDefinition", definition);
    let service = json!({"cluster": "demo", "serviceName": "router", "taskDefinition": "f",
        "schedulingStrategy": "DAEMON"});
    ecs("CreateService", service);
    let running = aws.wait_until("the task runs", BOUND, |world| {
        let task = world.tasks_on(&instance).pop()?;
        (task.last_status == TaskStatus::Running).then_some(task.task_arn)
    });
    let task = running.await.unwrap();
    for container in ["daemon", "protector"] {
        until_logged(aws, &task, container, &format!("hello {container}")).await;
    }
    (instance, task)
}

/// A line of output is not a change of the world, so the test must poll for it.
async fn until_logged(aws: &LocalAws, task: &str, container: &str, line: &str) {
    let logged = async {
        while !aws.container_logs(task, container).contains(&line.to_owned()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(BOUND, logged).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_are_processes_that_stop_in_the_order_of_the_agent() {
    let aws = started().await;
    let (_, task) = protected(&aws).await;
    let stop = json!({"cluster": "demo", "task": task});
    aws.call(Service::Ecs, "StopTask", stop).unwrap();
    let stopped = aws.wait_until("the task is stopped", BOUND, |world| {
        let task = world.task(&task)?;
        (task.last_status == TaskStatus::Stopped).then_some(task)
    });
    let stopped = stopped.await.unwrap();
    let codes = stopped.containers.iter().map(|container| container.exit_code);
    assert_eq!(codes.collect::<Vec<_>>(), [Some(0), Some(0)]);
    for container in ["daemon", "protector"] {
        assert_eq!(aws.container_logs(&task, container).last().unwrap(), "bye");
    }
    let ends = ["protector", "daemon"].map(|container| {
        let is = |entry: &Entry, wanted| {
            matches!(&entry.what, What::ContainerStatus { task_arn, container: name, status, .. }
            if *task_arn == task && name == container && *status == wanted)
        };
        let journal = aws.journal();
        let place = |wanted| journal.iter().position(|entry| is(entry, wanted)).unwrap();
        [ContainerStatus::Terminating, ContainerStatus::Stopped].map(place)
    });
    let [[_, protector_gone], [daemon_terminated, _]] = ends;
    assert!(protector_gone < daemon_terminated, "{ends:?}");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_goes_takes_its_processes_along() {
    let aws = started().await;
    let (instance, task) = protected(&aws).await;
    assert!(aws.imds_url(&instance).is_some());
    aws.world(|world, now| world.terminate_instance(now, &instance));
    let gone = aws.wait_until("the task is written off", BOUND, |world| {
        (world.task(&task)?.last_status == TaskStatus::Stopped).then_some(())
    });
    gone.await.unwrap();
    let closed = async {
        while aws.imds_url(&instance).is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(BOUND, closed).await.unwrap();
    assert!(!aws.container_logs(&task, "daemon").contains(&"bye".to_owned()));
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wire_tells_the_same_as_the_model() {
    let aws = started().await;
    let (_, task) = protected(&aws).await;
    let target = "AmazonEC2ContainerServiceV20141113.ListTasks";
    let list = |cluster| reads::json_of(&aws, "me", "ecs", target, json!({"cluster": cluster}));
    assert_eq!(list("demo").await, (200, json!({"taskArns": [task]})));
    let (status, refused) = list("x").await;
    assert_eq!(
        (status, &refused["__type"]),
        (400, &json!("ClusterNotFoundException"))
    );
    let id = task.rsplit('/').next().unwrap();
    let metadata = request(&aws, &format!("GET /v4/{id}-protector/task HTTP/1.1\r\n"), "").await;
    assert!(metadata.starts_with("HTTP/1.1 200"), "{metadata}");
    assert!(metadata.contains("\"ServiceName\":\"router\""), "{metadata}");
    aws.shutdown().await;
}

/// Where the APIs are: host and port.
fn address(aws: &LocalAws) -> String {
    aws.endpoint_url().replace("http://", "")
}

async fn request(aws: &LocalAws, head: &str, body: &str) -> String {
    let address = address(aws);
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let text = format!(
        "{head}host: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    tokio::time::timeout(BOUND, read).await.unwrap().unwrap();
    answer
}
