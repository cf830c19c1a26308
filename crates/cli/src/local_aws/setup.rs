//! `local-aws --setup stuck`: an account at three in the morning, with a drain for each reason for which one hangs.
//!
//! Each reason has an instance of its own. Applications and daemons are simulated; coordinator and sidecars are the
//! real programs.

use clap::ValueEnum;
use protector_aws_model::{ApiError, InstanceStatus, Service, TaskStatus, World};
use protector_local_aws::{InvocationOutcome, LocalAws, Timeout};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use thiserror::Error;

/// The cluster that the coordinator watches.
pub(crate) const CLUSTER: &str = "prod";

/// One that it does not.
const UNWATCHED: &str = "staging";

const HOOK: &str = "ecs-daemon-protector";
const GROUP: &str = "prod-ecs";
const SHORT_GROUP: &str = "prod-short";
const UNWATCHED_GROUP: &str = "staging-ecs";

/// How long one step may take.
const BOUND: Duration = Duration::from_secs(30);

/// So often the schedules fire while something is waited for.
const SCHEDULES: usize = 15;

/// So long there is between.
const SCHEDULE: Duration = Duration::from_secs(2);

/// MiB that a task of `search` takes: an instance has room for one.
const LARGE: u32 = 20_000;

/// What the account looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Setup {
    /// One healthy drain, and one for each reason for which a drain hangs: no room for the successor, a deployment
    /// configuration of 100/100, task protection, a standalone task, a lost agent, a target group that deregisters, a hook of
    /// 90 s, no record. And one that is released: its daemon flushes.
    Stuck,
}

/// Why an instance drains, and hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Case {
    /// It does not hang: three tasks end within four minutes.
    Healthy,
    /// The successor finds no room.
    NoRoom,
    /// `minimumHealthyPercent` 100 with `maximumPercent` 100.
    DeploymentConfiguration,
    /// Task scale-in protection.
    Protected,
    /// A task of no service.
    Standalone,
    /// Its agent does not answer.
    AgentLost,
    /// Its task waits for the deregistration delay of a target group.
    Deregistering,
    /// It is released, and a daemon flushes.
    Flushing,
    /// Its hook has a `HeartbeatTimeout` of 90 s.
    ShortHook,
    /// Its cluster is not watched.
    NoRecord,
}

/// An instance that drains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Stuck {
    /// The reason why it is stuck.
    pub(crate) case: Case,
    pub(crate) cluster: &'static str,
    /// Its EC2 id.
    pub(crate) instance: String,
    /// The same reason for people.
    pub(crate) wrong: &'static str,
}

impl Stuck {
    /// An instance that drains for this reason.
    pub(crate) fn new(case: Case, cluster: &'static str, instance: &str) -> Stuck {
        Stuck {
            case,
            cluster,
            instance: instance.to_owned(),
            wrong: case.text(),
        }
    }
}

/// Why the account could not be set up.
#[derive(Debug, Error)]
pub(crate) enum SetupError {
    /// A call was refused.
    #[error("{operation}: {source}")]
    Call {
        /// The name of the call.
        operation: String,
        /// Why it failed.
        source: ApiError,
    },
    /// The coordinator has not carried out the order to release.
    #[error("release of {instance}: {outcome}")]
    Order {
        instance: String,
        /// How the run of the coordinator ended.
        outcome: String,
    },
    /// Something did not happen.
    #[error(transparent)]
    Late(#[from] Timeout),
}

impl Case {
    /// The same for people.
    fn text(self) -> &'static str {
        match self {
            Case::Healthy => "healthy: three tasks in their SIGTERM window",
            Case::NoRoom => "no room: the successor of search fits nowhere",
            Case::DeploymentConfiguration => "billing allows 100 to 100 percent: neither a stop nor a start",
            Case::Protected => "game is protected from scale-in",
            Case::Standalone => "nightly-etl is a task of no service",
            Case::AgentLost => "its agent does not answer",
            Case::Deregistering => "checkout waits for the deregistration delay of its target group, 5 min",
            Case::Flushing => "released: audit-log flushes for up to 2 min",
            Case::ShortHook => "its hook waits 90 s, less than two ticks",
            Case::NoRecord => "its cluster is not watched: no record",
        }
    }
}

/// Settings of the coordinator. Seven drains would share their records, and a record per instance says more to a
/// person.
pub(crate) fn settings() -> [(&'static str, &'static str); 3] {
    [
        ("PROTECTOR_CLUSTERS", CLUSTER),
        ("PROTECTOR_OWN_RECORDS_ONLY", "true"),
        // The run that begins a drain without tasks waits so long, and the others wait for it.
        ("PROTECTOR_SETTLE", "1s"),
    ]
}

pub(crate) async fn set(aws: &LocalAws, sidecar: &Path) -> Result<Vec<Stuck>, SetupError> {
    let setup = AccountSetup { aws };
    setup.clusters(sidecar)?;
    let stuck = setup.instances().await?;
    setup.flush(&stuck).await?;
    setup.beacons().await?;
    // The one without room goes last: while another one takes tasks, there is room.
    let (last, first): (Vec<Stuck>, Vec<Stuck>) =
        stuck.iter().cloned().partition(|one| one.case == Case::NoRoom);
    setup.drain(&first)?;
    // No task is placed where the agent is away, and ECS may not say that such an instance drains.
    for one in first.iter().filter(|one| one.case != Case::AgentLost) {
        setup.draining(one).await?;
    }
    setup.drain(&last)?;
    setup.recorded(&stuck).await?;
    Ok(stuck)
}

struct AccountSetup<'a> {
    aws: &'a LocalAws,
}

impl AccountSetup<'_> {
    fn clusters(&self, sidecar: &Path) -> Result<(), SetupError> {
        self.roles()?;
        for (cluster, group, heartbeat) in [
            (CLUSTER, GROUP, 900),
            (CLUSTER, SHORT_GROUP, 90),
            (UNWATCHED, UNWATCHED_GROUP, 900),
        ] {
            self.ecs("CreateCluster", json!({"clusterName": cluster}))?;
            self.group(cluster, group, heartbeat)?;
        }
        for definition in definitions(sidecar) {
            self.ecs("RegisterTaskDefinition", definition)?;
        }
        for cluster in [CLUSTER, UNWATCHED] {
            self.service(cluster, "fluent-bit", json!({"schedulingStrategy": "DAEMON"}))?;
        }
        Ok(())
    }

    /// The task roles of the daemons: one with the policy of the stack, and one without. Sidecars here read all the same:
    /// only the simulator of IAM looks at policies.
    fn roles(&self) -> Result<(), SetupError> {
        for name in ["fluent-bit-task", "audit-log-task"] {
            let role = json!({"RoleName": name, "AssumeRolePolicyDocument": "{}"});
            self.call(Service::Iam, "CreateRole", role)?;
        }
        let place = "arn:aws:ssm:*:123456789012:parameter/ecs-daemon-protector";
        let statement = json!({"Sid": "ReadRecord", "Effect": "Allow",
            "Action": ["ssm:GetParameter", "ssm:GetParameters"],
            "Resource": [format!("{place}/control"), format!("{place}/*/*")]});
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let put = json!({"RoleName": "fluent-bit-task", "PolicyName": "sidecar", "PolicyDocument": policy});
        self.call(Service::Iam, "PutRolePolicy", put).map(drop)
    }

    /// One instance after another, each with what will keep it: a task goes where the fewest are, which is the newest.
    async fn instances(&self) -> Result<Vec<Stuck>, SetupError> {
        let mut stuck = Vec::new();
        let mut has = |case, cluster, instance: &str| {
            stuck.push(Stuck::new(case, cluster, instance));
        };
        let bounds = |minimum: u32, maximum: u32| {
            json!({"desiredCount": 1, "deploymentConfiguration":
                {"minimumHealthyPercent": minimum, "maximumPercent": maximum}})
        };
        let web = self.launch(GROUP, 1).await?;
        self.service(CLUSTER, "web", json!({"desiredCount": 3}))?;
        self.running(&web, 4).await?;
        has(Case::Healthy, CLUSTER, &web);
        let full = self.launch(GROUP, 2).await?;
        self.service(CLUSTER, "search", bounds(100, 200))?;
        self.running(&full, 2).await?;
        has(Case::NoRoom, CLUSTER, &full);
        // This one stays: it takes what others lose, and has no room for a second task of search.
        let spare = self.launch(GROUP, 3).await?;
        let more = json!({"cluster": CLUSTER, "service": "search", "desiredCount": 2});
        self.ecs("UpdateService", more)?;
        self.running(&spare, 2).await?;
        let fixed = self.launch(GROUP, 4).await?;
        self.service(CLUSTER, "billing", bounds(100, 100))?;
        self.running(&fixed, 2).await?;
        has(Case::DeploymentConfiguration, CLUSTER, &fixed);
        let game = self.launch(GROUP, 5).await?;
        self.service(CLUSTER, "game", json!({"desiredCount": 1}))?;
        self.running(&game, 2).await?;
        self.protect(&game)?;
        has(Case::Protected, CLUSTER, &game);
        let alone = self.launch(GROUP, 6).await?;
        self.standalone(CLUSTER, "nightly-etl", &alone)?;
        self.running(&alone, 2).await?;
        has(Case::Standalone, CLUSTER, &alone);
        let lost = self.launch(GROUP, 7).await?;
        self.service(CLUSTER, "api", json!({"desiredCount": 1}))?;
        self.running(&lost, 2).await?;
        has(Case::AgentLost, CLUSTER, &lost);
        let behind = self.launch(GROUP, 8).await?;
        self.service(CLUSTER, "checkout", self.balanced()?)?;
        self.running(&behind, 2).await?;
        has(Case::Deregistering, CLUSTER, &behind);
        let flushing = self.launch(GROUP, 9).await?;
        let only = json!([{"type": "memberOf", "expression": format!("ec2InstanceId == {flushing}")}]);
        let daemon = json!({"schedulingStrategy": "DAEMON", "placementConstraints": only});
        self.service(CLUSTER, "audit-log", daemon)?;
        self.running(&flushing, 2).await?;
        has(Case::Flushing, CLUSTER, &flushing);
        for (case, cluster, group) in [
            (Case::ShortHook, CLUSTER, SHORT_GROUP),
            (Case::NoRecord, UNWATCHED, UNWATCHED_GROUP),
        ] {
            let instance = self.launch(group, 1).await?;
            self.standalone(cluster, "report", &instance)?;
            self.running(&instance, 2).await?;
            has(case, cluster, &instance);
        }
        Ok(stuck)
    }

    /// Two are set DRAINING in the console, the others go by their group.
    fn drain(&self, stuck: &[Stuck]) -> Result<(), SetupError> {
        for one in stuck {
            match one.case {
                // It drains already.
                Case::Flushing => {}
                Case::DeploymentConfiguration | Case::NoRecord => self.set_draining(one)?,
                Case::AgentLost => {
                    self.scale_in(&one.instance)?;
                    self.aws
                        .world(|world, now| world.agent_connected(now, &one.instance, false));
                }
                _ => self.scale_in(&one.instance)?,
            }
        }
        Ok(())
    }

    /// Drains and releases the one that is to flush, before the others begin: what they lose would hold it.
    async fn flush(&self, stuck: &[Stuck]) -> Result<(), SetupError> {
        for one in stuck.iter().filter(|one| one.case == Case::Flushing) {
            self.scale_in(&one.instance)?;
            self.draining(one).await?;
            self.recorded(std::slice::from_ref(one)).await?;
            let order = json!({"command": "release", "cluster": one.cluster, "instance": one.instance,
                "who": "local-aws", "why": "to show a daemon that flushes"});
            let ended = self.aws.invoke(order).await.outcome;
            if !matches!(ended, InvocationOutcome::Returned(_)) {
                let (instance, outcome) = (one.instance.clone(), format!("{ended:?}"));
                return Err(SetupError::Order { instance, outcome });
            }
        }
        Ok(())
    }

    async fn draining(&self, one: &Stuck) -> Result<(), SetupError> {
        let draining = |world: &World| {
            let view = world.instance_state(&one.instance)?;
            (view.status == Some(InstanceStatus::Draining)).then_some(())
        };
        let what = format!("{} is DRAINING", one.instance);
        Ok(self.scheduled(&what, draining).await?)
    }

    /// The coordinator and the heartbeats have said that they run. That is while only one instance drains: a tick that
    /// has records to write writes no beacon.
    async fn beacons(&self) -> Result<(), SetupError> {
        self.aws.tick();
        self.aws.heartbeats();
        let written = |world: &World| {
            let mut beacons = ["coordinator", "heartbeats"].into_iter();
            let there = |name| {
                world
                    .parameter(&format!("/ecs-daemon-protector/{name}"))
                    .is_some()
            };
            beacons.all(there).then_some(())
        };
        let what = "the coordinator has its beacons";
        Ok(self.scheduled(what, written).await?)
    }

    /// Waits until something is so, with schedules that fire more often than each minute: what was throttled is left to
    /// the next tick.
    async fn scheduled(&self, what: &str, so: impl Fn(&World) -> Option<()>) -> Result<(), Timeout> {
        let mut left = SCHEDULES;
        loop {
            let waited = self.aws.wait_until(what, SCHEDULE, &so).await;
            if waited.is_ok() || left == 0 {
                return waited;
            }
            left -= 1;
            self.aws.tick();
            self.aws.heartbeats();
        }
    }

    /// One task behind a target group with the deregistration delay that AWS gives it.
    fn balanced(&self) -> Result<Value, SetupError> {
        let group = json!({"Name": "checkout", "Protocol": "HTTP", "Port": 8080});
        let made = self.call(Service::LoadBalancing, "CreateTargetGroup", group)?;
        let arn = &made["TargetGroups"][0]["TargetGroupArn"];
        Ok(json!({"desiredCount": 1, "loadBalancers":
            [{"targetGroupArn": arn, "containerName": "app", "containerPort": 8080}]}))
    }

    fn set_draining(&self, one: &Stuck) -> Result<(), SetupError> {
        let arn = self.container_instance(&one.instance);
        let params = json!({"cluster": one.cluster, "containerInstances": [arn], "status": "DRAINING"});
        self.ecs("UpdateContainerInstancesState", params).map(drop)
    }

    fn scale_in(&self, instance: &str) -> Result<(), SetupError> {
        let params = json!({"InstanceId": instance, "ShouldDecrementDesiredCapacity": true});
        self.auto_scaling("TerminateInstanceInAutoScalingGroup", params)
    }

    async fn recorded(&self, stuck: &[Stuck]) -> Result<(), SetupError> {
        for one in stuck.iter().filter(|one| one.case != Case::NoRecord) {
            let name = format!("/ecs-daemon-protector/{}/{}", one.cluster, one.instance);
            let recorded = |world: &World| world.parameter(&name).map(drop);
            self.scheduled("each drain has its record", recorded).await?;
        }
        Ok(())
    }

    fn group(&self, cluster: &str, group: &str, heartbeat: u32) -> Result<(), SetupError> {
        let tag = json!({"Key": "local-aws.cluster", "Value": cluster, "PropagateAtLaunch": true});
        let params = json!({"AutoScalingGroupName": group, "MinSize": 0, "MaxSize": 10, "DesiredCapacity": 0,
            "Tags": [tag]});
        self.auto_scaling("CreateAutoScalingGroup", params)?;
        let hook = json!({"AutoScalingGroupName": group, "LifecycleHookName": HOOK, "HeartbeatTimeout": heartbeat,
            "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "DefaultResult": "CONTINUE"});
        self.auto_scaling("PutLifecycleHook", hook)
    }

    /// One more instance of a group, which then has so many.
    async fn launch(&self, group: &str, capacity: u32) -> Result<String, SetupError> {
        let before = self.aws.world(|world, _| world.running_instances());
        let params = json!({"AutoScalingGroupName": group, "DesiredCapacity": capacity});
        self.auto_scaling("SetDesiredCapacity", params)?;
        let active = |world: &World| {
            let mut new = world
                .running_instances()
                .into_iter()
                .filter(|one| !before.contains(one));
            let instance = new.next()?;
            let view = world.instance_state(&instance)?;
            (view.status == Some(InstanceStatus::Active)).then_some(instance)
        };
        let launched = self
            .aws
            .wait_until("an instance is ACTIVE", BOUND, active)
            .await?;
        self.running(&launched, 1).await?;
        Ok(launched)
    }

    async fn running(&self, instance: &str, count: usize) -> Result<(), SetupError> {
        let running = |world: &World| {
            let tasks = world.tasks_on(instance).into_iter();
            let running = tasks.filter(|task| task.last_status == TaskStatus::Running);
            (running.count() >= count).then_some(())
        };
        let what = format!("{count} tasks are RUNNING on {instance}");
        Ok(self.aws.wait_until(&what, BOUND, running).await?)
    }

    fn protect(&self, instance: &str) -> Result<(), SetupError> {
        let tasks = self.aws.world(|world, _| world.tasks_on(instance));
        let game = tasks.into_iter().filter(|task| task.group == "service:game");
        let arns: Vec<String> = game.map(|task| task.task_arn).collect();
        let params =
            json!({"cluster": CLUSTER, "tasks": arns, "protectionEnabled": true, "expiresInMinutes": 180});
        self.ecs("UpdateTaskProtection", params).map(drop)
    }

    fn standalone(&self, cluster: &str, family: &str, instance: &str) -> Result<(), SetupError> {
        let arn = self.container_instance(instance);
        let params = json!({"cluster": cluster, "taskDefinition": family, "containerInstances": [arn],
            "startedBy": "events-rule/nightly"});
        self.ecs("StartTask", params).map(drop)
    }

    fn service(&self, cluster: &str, name: &str, with: Value) -> Result<(), SetupError> {
        let mut params = json!({"cluster": cluster, "serviceName": name, "taskDefinition": name});
        if let (Some(params), Value::Object(with)) = (params.as_object_mut(), with) {
            params.extend(with);
        }
        self.ecs("CreateService", params).map(drop)
    }

    fn container_instance(&self, instance: &str) -> Option<String> {
        let view = self.aws.world(|world, _| world.instance_state(instance));
        view.and_then(|view| view.container_instance_arn)
    }

    fn ecs(&self, operation: &str, params: Value) -> Result<Value, SetupError> {
        self.call(Service::Ecs, operation, params)
    }

    fn auto_scaling(&self, operation: &str, params: Value) -> Result<(), SetupError> {
        self.call(Service::AutoScaling, operation, params).map(drop)
    }

    fn call(&self, service: Service, operation: &str, params: Value) -> Result<Value, SetupError> {
        let answer = self.aws.call(service, operation, params);
        answer.map_err(|source| SetupError::Call {
            operation: operation.to_owned(),
            source,
        })
    }
}

/// All task definitions of the setup.
fn definitions(sidecar: &Path) -> Vec<Value> {
    let app = |family: &str, memory: u32, stop_seconds: u32| {
        json!({"family": family, "requiresCompatibilities": ["EC2"], "networkMode": "host",
            "containerDefinitions": [simulated("app", memory, stop_seconds)]})
    };
    let mut definitions = vec![
        app("web", 64, 240),
        app("search", LARGE, 5),
        app("billing", 64, 5),
        app("game", 64, 30),
        app("api", 64, 5),
        app("checkout", 64, 5),
        app("nightly-etl", 64, 30),
        app("report", 64, 30),
    ];
    definitions.push(daemon(sidecar, "fluent-bit", 2));
    // Within DAEMON_STOP.
    definitions.push(daemon(sidecar, "audit-log", 110));
    definitions
}

/// A container without a process.
fn simulated(name: &str, memory: u32, stop_seconds: u32) -> Value {
    json!({"name": name, "image": name, "essential": true, "memory": memory, "stopTimeout": 300, "dockerLabels":
        {"local-aws.simulated": "true", "local-aws.stop-seconds": stop_seconds.to_string()}})
}

/// A daemon with its sidecar, as in `examples/task-definition.json`, with the bounds of a drain of one hour.
fn daemon(sidecar: &Path, name: &str, stop_seconds: u32) -> Value {
    let sidecar = json!({"name": "ecs-daemon-protector", "image": "ecs-daemon-protector", "essential": false,
        "memory": 32, "restartPolicy": {"enabled": true, "restartAttemptPeriod": 60}, "stopTimeout": 3840,
        "dependsOn": [{"containerName": name, "condition": "START"}],
        "command": [sidecar.to_string_lossy()],
        "environment": [{"name": "PROTECTOR_MAX_HOLD", "value": "63m"}]});
    json!({"family": name, "requiresCompatibilities": ["EC2"], "networkMode": "host",
        "taskRoleArn": format!("arn:aws:iam::123456789012:role/{name}-task"),
        "containerDefinitions": [simulated(name, 128, stop_seconds), sidecar]})
}
