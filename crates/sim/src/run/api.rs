//! The coordinator's requests, answered by the model: with latency, the SDK's own retries, and connections that die
//! while an environment is frozen.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protector_coordinator::aws::api::{
    ActivityDescription, Answer, Api, Batch, ClusterDescription, ContainerDescription, HookDescription,
    InstanceDescription, ItemFailure, Page, ParameterText, Parameters, ProviderDescription,
    ScalingDescription, ServiceDescription, TaskDescription, TaskProtection, TasksOf,
};
use protector_coordinator::aws::{AwsError, ErrorKind};
use protector_core::ids::InstanceId;
use protector_core::limits::coordinator::CONNECTION_IDLE_MAX;
use protector_core::record::Lifecycle;

use super::groups::{GROUPS_A_CALL, activities, scaling_description};
use super::harness::Harness;
use super::sabotage::Bug;
use crate::model::{
    Bucket, CallError, Caller, EnvironmentId, HostId, Listed, Outcome, RegistrationId, SidecarReport, TaskId,
    TaskStatus, Verdict, WaitState, World, instance_number,
};
use crate::scenario::{Kind as Machine, MINUTE, Ms, SECOND};

/// Tries of one call, with a pause of up to 1 s and up to 2 s between them (the SDK's standard mode, as the coordinator
/// sets it).
const TRIES: u32 = 3;

/// Retries are paid from so many tokens, which belong to the process.
const TOKENS: u32 = 500;

/// What a retry costs.
const TOKENS_OF_A_RETRY: u32 = 5;

/// A call that gets no answer is given up after this.
const ATTEMPT: Ms = 5 * SECOND;

/// The SDK of one execution environment.
pub(crate) struct Sdk {
    harness: Arc<Harness>,
    id: EnvironmentId,
    tokens: AtomicU32,
    in_flight: AtomicU32,
    connections: AtomicU32,
    dead: AtomicU32,
    heartbeats_given_up: AtomicBool,
    completions_dropped: AtomicBool,
    /// Registrations that were set DRAINING here.
    drained: Mutex<BTreeSet<String>>,
}

impl fmt::Debug for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sdk")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Sdk {
    pub(super) fn new(harness: Arc<Harness>, id: EnvironmentId) -> Sdk {
        Sdk {
            harness,
            id,
            tokens: AtomicU32::new(TOKENS),
            in_flight: AtomicU32::new(0),
            connections: AtomicU32::new(0),
            dead: AtomicU32::new(0),
            heartbeats_given_up: AtomicBool::new(false),
            completions_dropped: AtomicBool::new(false),
            drained: Mutex::default(),
        }
    }

    /// The connections did not survive the freeze. The product's client does not use those again that were idle for
    /// longer than it allows.
    pub(super) fn connections_died(&self, idle_for: Ms) {
        let known = self.connections.swap(0, Ordering::Relaxed);
        let pooled = Duration::from_millis(idle_for) <= CONNECTION_IDLE_MAX;
        self.dead.store(if pooled { known } else { 0 }, Ordering::Relaxed);
    }

    pub(crate) fn caller(&self) -> Caller {
        Caller::Coordinator(self.id)
    }

    /// Calls that no one needs.
    pub(super) async fn chatter(&self) {
        for _ in 0..12 {
            let _ = self
                .request("ListClusters", None, |world| Ok(world.cluster_arns()))
                .await;
        }
    }

    fn bug(&self, bug: Bug) -> bool {
        self.harness.bug == Some(bug)
    }

    /// One call: tried up to three times.
    pub(crate) async fn request<T>(
        &self,
        operation: &'static str,
        about: Option<HostId>,
        mut effect: impl FnMut(&mut World) -> Result<T, CallError>,
    ) -> Result<T, AwsError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let outcome = self.attempt(operation, about, &mut effect).await;
            let error = match outcome {
                Ok(answer) => {
                    let _ = self
                        .tokens
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| {
                            Some((tokens + 1).min(TOKENS))
                        });
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let paid = || {
                let pay = |tokens: u32| tokens.checked_sub(TOKENS_OF_A_RETRY);
                self.tokens
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay)
                    .is_ok()
            };
            if !error.retryable || tries >= TRIES || !paid() {
                return Err(failure(operation, error));
            }
            let pause = self.harness.with(|world| world.draw(0, SECOND << (tries - 1)));
            sleep(pause).await;
        }
    }

    async fn attempt<T>(
        &self,
        operation: &'static str,
        about: Option<HostId>,
        effect: &mut impl FnMut(&mut World) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let busy = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.connections.fetch_max(busy, Ordering::Relaxed);
        let latency = self.harness.with(|world| latency(world, operation));
        sleep(latency).await;
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let one_less = |dead: u32| dead.checked_sub(1);
        let died = self
            .dead
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            .is_ok();
        if died {
            return Err(unanswered("connection closed before message completed"));
        }
        let by = self.caller();
        let (now, (verdict, answer)) = self.harness.with(|world| {
            let now = world.now();
            (now, world.call(by, operation, about, |world| effect(world)))
        });
        match verdict {
            // Of the answers that are lost, one half is replaced by an error: the call had its effect all the same.
            Verdict::AnswerLost if now % 2 == 1 => Err(CallError {
                code: "InternalServerError",
                message: "an internal error occurred".to_owned(),
                retryable: true,
            }),
            Verdict::AnswerLost => {
                sleep(ATTEMPT).await;
                Err(unanswered("operation attempt timed out"))
            }
            Verdict::CrashBefore | Verdict::CrashAfter => {
                self.harness.finished(self.id, Outcome::Crashed, "Runtime exited");
                std::future::pending().await
            }
            _ => answer,
        }
    }

    /// A page of a listing, and the token of the next.
    fn page<T: Clone>(&self, all: &[T], token: Option<&str>, size: usize) -> Page<T> {
        let start: usize = token.and_then(|token| token.parse().ok()).unwrap_or(0);
        let end = (start + size).min(all.len());
        let more = end < all.len() && !self.bug(Bug::FirstPageOnly);
        Page {
            items: all.get(start..end).unwrap_or_default().to_vec(),
            next_token: more.then(|| end.to_string()),
        }
    }
}

/// The answers of listings have so many items at the most.
const LIST_PAGE: usize = 100;

const PARAMETER_PAGE: usize = 10;

fn latency(world: &mut World, operation: &str) -> Ms {
    let usual = match Bucket::of(operation) {
        Bucket::SsmRead | Bucket::SsmWrite | Bucket::SsmDelete => 30,
        Bucket::ScalingRead | Bucket::ScalingModify => 80,
        _ => 50,
    };
    world.draw(usual / 2, usual * 3 / 2)
}

async fn sleep(time: Ms) {
    tokio::time::sleep(Duration::from_millis(time)).await;
}

fn unanswered(words: &str) -> CallError {
    CallError {
        code: "",
        message: words.to_owned(),
        retryable: true,
    }
}

fn failure(operation: &'static str, error: CallError) -> AwsError {
    match error.code {
        "" => AwsError {
            operation,
            kind: ErrorKind::Timeout,
            message: error.message,
        },
        code => AwsError::of_service(operation, code, &error.message),
    }
}

fn no_instance() -> CallError {
    CallError::new(
        "ValidationError",
        "No active Lifecycle Action found with instance ID (unknown)",
    )
}

/// The machines that a filter names: `ec2InstanceId == i-1` or `ec2InstanceId in [i-1, i-2]`.
fn machines_of(filter: &str) -> Vec<&str> {
    let Some(rest) = filter.strip_prefix("ec2InstanceId ") else {
        return Vec::new();
    };
    let names = rest.trim_start_matches("== ").trim_start_matches("in [");
    names.trim_end_matches(']').split(", ").collect()
}

/// The machine that a text names.
fn machine_of(text: &str) -> Option<HostId> {
    text.rfind("i-").and_then(|at| instance_number(&text[at..]))
}

fn describe_instance(world: &mut World, cluster: usize, arn: &str) -> Option<InstanceDescription> {
    let id = world.find_registration(cluster, arn)?;
    let status = world.shown_status(id).to_string();
    let registration = world.registration(id);
    let alive = registration
        .tasks
        .iter()
        .filter(|task| world.task(**task).is_alive());
    let tasks = alive.count();
    let capacity_provider = capacity_provider(world, registration.host);
    Some(InstanceDescription {
        arn: Some(registration.arn.clone()),
        ec2_instance_id: Some(world.host(registration.host).id.clone()),
        status: Some(status),
        agent_connected: registration.connected,
        tasks: u32::try_from(tasks).ok(),
        capacity_provider,
    })
}

/// The capacity provider of all Managed Instances.
const MANAGED: &str = "managed";

/// In a cluster with both kinds of capacity each machine has its capacity provider.
fn capacity_provider(world: &World, host: HostId) -> Option<String> {
    let host = world.host(host);
    let group = host.scaling.group.map(|group| world.groups()[group].name.clone());
    let provider = match host.kind {
        Machine::Managed => Some(MANAGED.to_owned()),
        Machine::Ec2 | Machine::External => group,
    };
    let mixed = world.hosts().iter().any(|host| host.kind == Machine::Managed);
    provider.filter(|_| mixed)
}

fn launch_type(world: &World, registration: RegistrationId) -> &'static str {
    match world.host(world.registration(registration).host).kind {
        Machine::Managed => "MANAGED_INSTANCES",
        Machine::Ec2 => "EC2",
        Machine::External => "EXTERNAL",
    }
}

/// The task that a planted bug leaves out of listings: the first one of the first machine that is alive and of no daemon.
fn unseen(world: &World) -> Option<TaskId> {
    let alive = |id: &TaskId| !world.task(*id).daemon_task && world.task(*id).is_alive();
    let first = world.tasks_of(HostId(0)).find(|id| !world.task(*id).daemon_task);
    first.filter(alive)
}

fn missing(arn: &str, reason: &str) -> ItemFailure {
    ItemFailure {
        arn: Some(arn.to_owned()),
        reason: Some(reason.to_owned()),
    }
}

fn batch<T>(arns: &[String], mut describe: impl FnMut(&str) -> Result<T, &'static str>) -> Batch<T> {
    let (mut items, mut failures) = (Vec::with_capacity(arns.len()), Vec::new());
    for arn in arns {
        match describe(arn) {
            Ok(item) => items.push(item),
            Err(reason) => failures.push(missing(arn, reason)),
        }
    }
    Batch { items, failures }
}

fn sidecar_container(notified: SidecarReport) -> ContainerDescription {
    let text = |words: &str| Some(words.to_owned());
    let container = ContainerDescription {
        name: text("ecs-daemon-protector"),
        health_status: text("UNKNOWN"),
        ..ContainerDescription::default()
    };
    match notified {
        SidecarReport::Pending => ContainerDescription {
            last_status: text("PENDING"),
            ..container
        },
        SidecarReport::NoImage => ContainerDescription {
            last_status: text("STOPPED"),
            reason: text("CannotPullContainerError: manifest unknown"),
            ..container
        },
        SidecarReport::Runs { health } => ContainerDescription {
            last_status: text("RUNNING"),
            health_status: text(health),
            ..container
        },
        SidecarReport::Ended { code } => ContainerDescription {
            last_status: text("STOPPED"),
            health_status: text("UNHEALTHY"),
            exit_code: Some(i64::from(code)),
            ..container
        },
    }
}

impl Sdk {
    fn describe_task(&self, world: &mut World, arn: &str) -> Result<TaskDescription, &'static str> {
        if world.hides_task() {
            return Err("MISSING");
        }
        let id = world.find_task(arn).ok_or("MISSING")?;
        let task = world.task(id);
        let mut containers = vec![ContainerDescription {
            name: Some("app".to_owned()),
            exit_code: task.has_reported_its_end().then_some(0),
            ..ContainerDescription::default()
        }];
        let guarded = task.daemon.as_ref().is_some_and(|daemon| daemon.has_sidecar());
        if guarded && !self.bug(Bug::DaemonsHold) {
            let mut sidecar = sidecar_container(world.report_of_sidecar(id));
            if self.bug(Bug::SidecarByNameAlone) {
                sidecar.last_status = None;
            }
            containers.push(sidecar);
        }
        let counts = task.status == TaskStatus::Running || !self.bug(Bug::CountsRunningOnly);
        let status = if counts { task.status } else { TaskStatus::Stopped };
        let connected = world.registration(task.registration).connected;
        Ok(TaskDescription {
            arn: Some(task.arn.clone()),
            container_instance: Some(world.registration(task.registration).arn.clone()),
            group: Some(task.group.clone()),
            started_by: task.service.map(|service| format!("ecs-svc/{service:019}")),
            created_at: Some(crate::wall_clock(task.created)),
            last_status: Some(status.to_string()),
            desired_status: Some(
                if task.notified.is_some() {
                    "STOPPED"
                } else {
                    "RUNNING"
                }
                .to_owned(),
            ),
            connectivity: Some(if connected { "CONNECTED" } else { "DISCONNECTED" }.to_owned()),
            containers,
            execution_stopped_at: task.reported_end().map(crate::wall_clock),
            stopped_at: (task.status == TaskStatus::Stopped).then(|| crate::wall_clock(task.since)),
            launch_type: Some(launch_type(world, task.registration).to_owned()),
        })
    }

    fn page_size(&self) -> usize {
        self.harness
            .with(|world| world.scenario().aws.page.clamp(1, LIST_PAGE))
    }

    /// What the product writes with a planted bug.
    async fn put(&self, name: &str, value: String) -> Result<i64, AwsError> {
        let (by, about) = (self.caller(), machine_of(name));
        let value = match self.harness.bug {
            Some(bug) => match bug.record(value) {
                Some(value) => value,
                None => return Ok(1),
            },
            None => value,
        };
        let begins = value.contains("\"state\":\"holding\"") && !value.contains("drainingConfirmedAt");
        if let Some(host) = about.filter(|_| begins && self.bug(Bug::DrainsBeforeTheRecord)) {
            self.harness.with(|world| {
                let _ = world.drain_present(host, by);
            });
        }
        let times = if self.bug(Bug::WritesThrice) { 3 } else { 1 };
        let mut version = Ok(1);
        for _ in 0..times {
            version = self
                .request("PutParameter", about, |world| {
                    world.write_parameter(by, name, &value)
                })
                .await;
        }
        let released = value.contains("\"state\":\"released\"");
        if released && self.bug(Bug::ReleasedBackToHolding) {
            let holding = value.replace("\"state\":\"released\"", "\"state\":\"holding\"");
            let write = |world: &mut World| world.write_parameter(by, name, &holding);
            let _ = self.request("PutParameter", about, write).await;
        }
        if let (Some(host), true) = (about, released && self.bug(Bug::CompletesBeforeTheFlush)) {
            self.harness.with(|world| {
                let ours: Vec<String> = world
                    .host(host)
                    .scaling
                    .our_waits()
                    .map(|wait| wait.hook.clone())
                    .collect();
                for hook in ours {
                    let _ = world.complete(by, host, &hook, None);
                }
            });
        }
        version
    }

    /// Returns whether this registration is set DRAINING: once only, if that is the planted bug.
    fn sets_draining(&self, arn: &str) -> bool {
        let mut drained = self.drained.lock().unwrap_or_else(PoisonError::into_inner);
        drained.insert(arn.to_owned()) || !self.bug(Bug::DrainsOnce)
    }

    /// Returns whether the hook is not the first one of its group.
    fn is_second_hook(&self, host: Option<HostId>, name: &str) -> bool {
        self.harness.with(|world| {
            let group = host.and_then(|host| world.host(host).scaling.group);
            let first = group.and_then(|group| world.groups()[group].hooks.first());
            first.is_some_and(|hook| hook.name != name)
        })
    }

    /// Completes hooks of others, if that is the planted bug.
    fn complete_foreign(&self, host: HostId) {
        let by = self.caller();
        self.harness.with(|world| {
            let waits = world.host(host).scaling.waits.clone();
            for wait in waits
                .iter()
                .filter(|wait| !wait.ours && wait.state == WaitState::Waits)
            {
                let _ = world.complete(by, host, &wait.hook, None);
            }
        });
    }
}

impl Api for Sdk {
    fn list_clusters<'a>(&'a self, token: Option<String>) -> Answer<'a, Page<String>> {
        Box::pin(async move {
            let arns = self
                .request("ListClusters", None, |world| Ok(world.cluster_arns()))
                .await?;
            Ok(self.page(&arns, token.as_deref(), self.page_size()))
        })
    }

    fn describe_clusters<'a>(&'a self, names: Vec<String>) -> Answer<'a, Vec<ClusterDescription>> {
        Box::pin(async move {
            self.request("DescribeClusters", None, |world| {
                let known = names.iter().filter_map(|name| {
                    let registered = world.list_instances(name, &[], None, false).ok()?.len();
                    let tasks = world.list_tasks(name, Listed::All, false).ok()?.len();
                    Some(ClusterDescription {
                        name: Some(name.clone()),
                        registered: i32::try_from(registered).unwrap_or(i32::MAX),
                        tasks: i32::try_from(tasks).unwrap_or(i32::MAX),
                    })
                });
                Ok(known.collect())
            })
            .await
        })
    }

    fn list_container_instances<'a>(
        &'a self,
        cluster: &'a str,
        filter: Option<String>,
        status: Option<&'a str>,
        token: Option<String>,
    ) -> Answer<'a, Page<String>> {
        Box::pin(async move {
            let machines: Vec<&str> = filter.as_deref().map(machines_of).unwrap_or_default();
            let about = machines.first().and_then(|machine| instance_number(machine));
            let connected = filter.as_deref() == Some("agentConnected == true");
            let list = |world: &mut World| world.list_instances(cluster, &machines, status, connected);
            let mut arns = self.request("ListContainerInstances", about, list).await?;
            arns.sort();
            if machines.len() == 1 && self.bug(Bug::FirstRegistrationOnly) {
                arns.truncate(1);
            }
            Ok(self.page(&arns, token.as_deref(), self.page_size()))
        })
    }

    fn describe_container_instances<'a>(
        &'a self,
        cluster: &'a str,
        arns: Vec<String>,
    ) -> Answer<'a, Batch<InstanceDescription>> {
        Box::pin(async move {
            self.request("DescribeContainerInstances", None, |world| {
                let cluster = world.cluster(cluster)?;
                let unseen = unseen(world).filter(|_| self.bug(Bug::ListingLeavesOneOut));
                Ok(batch(&arns, |arn| {
                    let mut found = describe_instance(world, cluster, arn).ok_or("MISSING")?;
                    if unseen.is_some_and(|task| world.registration(world.task(task).registration).arn == arn)
                    {
                        found.tasks = found.tasks.map(|tasks| tasks.saturating_sub(1));
                    }
                    Ok(found)
                }))
            })
            .await
        })
    }

    fn describe_capacity_providers<'a>(
        &'a self,
        cluster: &'a str,
        names: Vec<String>,
    ) -> Answer<'a, Vec<ProviderDescription>> {
        Box::pin(async move {
            self.request("DescribeCapacityProviders", None, |world| {
                world.cluster(cluster)?;
                let described = names.iter().map(|name| ProviderDescription {
                    name: Some(name.clone()),
                    kind: Some(
                        if name == MANAGED {
                            "MANAGED_INSTANCES"
                        } else {
                            "EC2_AUTOSCALING"
                        }
                        .to_owned(),
                    ),
                });
                Ok(described.collect())
            })
            .await
        })
    }

    fn list_services<'a>(
        &'a self,
        cluster: &'a str,
        scheduling_strategy: &'a str,
        token: Option<String>,
    ) -> Answer<'a, Page<String>> {
        Box::pin(async move {
            let daemons = scheduling_strategy == "DAEMON";
            let list = |world: &mut World| world.list_services(cluster, daemons);
            let arns = self.request("ListServices", None, list).await?;
            Ok(self.page(&arns, token.as_deref(), self.page_size()))
        })
    }

    fn list_tasks<'a>(
        &'a self,
        cluster: &'a str,
        of: TasksOf<'a>,
        desired_status: &'a str,
        token: Option<String>,
    ) -> Answer<'a, Page<String>> {
        Box::pin(async move {
            let stopped = desired_status == "STOPPED";
            let listed = match of {
                TasksOf::Cluster => Listed::All,
                TasksOf::Instance(arn) => Listed::On(arn),
                TasksOf::Service(name) => Listed::Of(name),
            };
            let list = |world: &mut World| world.list_tasks(cluster, listed, stopped);
            let mut arns = match self.request("ListTasks", None, list).await {
                Err(_) if self.bug(Bug::FailureIsZero) => Vec::new(),
                arns => arns?,
            };
            if self.bug(Bug::ListingLeavesOneOut) {
                self.harness.with(|world| {
                    let unseen = unseen(world).map(|task| world.task(task).arn.clone());
                    arns.retain(|arn| Some(arn) != unseen.as_ref());
                });
            }
            Ok(self.page(&arns, token.as_deref(), self.page_size()))
        })
    }

    fn describe_tasks<'a>(
        &'a self,
        cluster: &'a str,
        arns: Vec<String>,
    ) -> Answer<'a, Batch<TaskDescription>> {
        Box::pin(async move {
            self.request("DescribeTasks", None, |world| {
                world.cluster(cluster)?;
                Ok(batch(&arns, |arn| self.describe_task(world, arn)))
            })
            .await
        })
    }

    fn describe_services<'a>(
        &'a self,
        cluster: &'a str,
        names: Vec<String>,
    ) -> Answer<'a, Vec<ServiceDescription>> {
        Box::pin(async move {
            self.request("DescribeServices", None, |world| {
                world.cluster(cluster)?;
                let services = world.scenario().services.iter().enumerate();
                let asked = services.filter(|(_, service)| names.contains(&service.name));
                Ok(asked
                    .map(|(index, service)| {
                        let daemon = world.is_daemon_service(index) && !self.bug(Bug::DaemonsHold);
                        ServiceDescription {
                            name: Some(service.name.clone()),
                            scheduling_strategy: Some(if daemon { "DAEMON" } else { "REPLICA" }.to_owned()),
                            created_at: world.service_created(index).map(crate::wall_clock),
                        }
                    })
                    .collect())
            })
            .await
        })
    }

    fn get_task_protection<'a>(&'a self, _: &'a str, _: Vec<String>) -> Answer<'a, Vec<TaskProtection>> {
        Box::pin(self.request("GetTaskProtection", None, |_| Ok(Vec::new())))
    }

    fn update_container_instances_state<'a>(
        &'a self,
        cluster: &'a str,
        arns: Vec<String>,
        status: &'a str,
    ) -> Answer<'a, Batch<InstanceDescription>> {
        Box::pin(async move {
            let (by, draining) = (self.caller(), status == "DRAINING");
            self.request("UpdateContainerInstancesState", None, |world| {
                let cluster = world.cluster(cluster)?;
                Ok(batch(&arns, |arn| {
                    let id = world.find_registration(cluster, arn).ok_or("MISSING")?;
                    if self.sets_draining(arn) {
                        world.set_status(id, draining, by)?;
                    }
                    describe_instance(world, cluster, arn).ok_or("MISSING")
                }))
            })
            .await
        })
    }

    fn stop_task<'a>(&'a self, _: &'a str, task: &'a str, _: &'a str) -> Answer<'a, ()> {
        Box::pin(self.request("StopTask", None, |world| world.stop_task(task)))
    }

    fn describe_auto_scaling_instances<'a>(
        &'a self,
        instances: Vec<String>,
    ) -> Answer<'a, Vec<ScalingDescription>> {
        Box::pin(async move {
            self.request("DescribeAutoScalingInstances", None, |world| {
                let hosts = instances.iter().filter_map(|id| instance_number(id));
                let known = hosts.filter(|host| (host.0 as usize) < world.hosts().len());
                Ok(known
                    .filter_map(|host| scaling_description(world, host))
                    .collect())
            })
            .await
        })
    }

    fn describe_auto_scaling_groups<'a>(
        &'a self,
        names: Vec<String>,
        token: Option<String>,
    ) -> Answer<'a, Page<ScalingDescription>> {
        Box::pin(async move {
            let list = |world: &mut World| {
                if names.len() > GROUPS_A_CALL {
                    let words = "The number of group names must not exceed the maximum number of records";
                    return Err(CallError::new("ValidationError", words));
                }
                let hosts = (0..world.hosts().len()).map(|host| HostId(host as u32));
                let known = hosts.filter_map(|host| scaling_description(world, host));
                Ok(known
                    .filter(|known| names.is_empty() || names.contains(&known.group))
                    .collect::<Vec<_>>())
            };
            let instances = self.request("DescribeAutoScalingGroups", None, list).await?;
            // A page holds some groups with all of their instances.
            let _ = token;
            Ok(Page {
                items: instances,
                next_token: None,
            })
        })
    }

    fn describe_scaling_activities<'a>(
        &'a self,
        group: &'a str,
        token: Option<String>,
    ) -> Answer<'a, Page<ActivityDescription>> {
        Box::pin(async move {
            let list = |world: &mut World| Ok(activities(world, group));
            let all = self.request("DescribeScalingActivities", None, list).await?;
            Ok(self.page(&all, token.as_deref(), self.page_size()))
        })
    }

    fn describe_lifecycle_hooks<'a>(&'a self, group: &'a str) -> Answer<'a, Vec<HookDescription>> {
        Box::pin(self.request("DescribeLifecycleHooks", None, move |world| {
            let groups = world.groups().iter();
            let hooks = groups
                .filter(|known| known.name == group)
                .flat_map(|group| &group.hooks);
            Ok(hooks
                .map(|hook| HookDescription {
                    name: hook.name.clone(),
                    transition: Some("autoscaling:EC2_INSTANCE_TERMINATING".to_owned()),
                    heartbeat_timeout: i32::try_from(hook.heartbeat / SECOND).ok(),
                })
                .collect())
        }))
    }

    fn record_lifecycle_action_heartbeat<'a>(
        &'a self,
        instance: &'a InstanceId,
        hook: &'a Lifecycle,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            let host = instance_number(instance.as_str());
            let skipped = self.bug(Bug::HeartbeatSkipsOne) && host == Some(HostId(0));
            if self.bug(Bug::NoHeartbeat) || skipped || self.heartbeats_given_up.load(Ordering::Relaxed) {
                return Ok(());
            }
            if self.bug(Bug::HeartbeatLast) {
                sleep(3 * MINUTE).await;
            }
            let (name, token) = (
                hook.lifecycle_hook_name.as_str(),
                hook.lifecycle_action_token.as_ref(),
            );
            let token = token.map(ToString::to_string);
            let outcome = self
                .request("RecordLifecycleActionHeartbeat", host, |world| {
                    world.heartbeat(host.ok_or_else(no_instance)?, name, token.as_deref())
                })
                .await;
            if outcome.is_err() && self.bug(Bug::HeartbeatGivesUp) {
                self.heartbeats_given_up.store(true, Ordering::Relaxed);
            }
            outcome
        })
    }

    fn complete_lifecycle_action<'a>(
        &'a self,
        instance: &'a InstanceId,
        hook: &'a Lifecycle,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            let (by, host) = (self.caller(), instance_number(instance.as_str()));
            let (name, token) = (
                hook.lifecycle_hook_name.as_str(),
                hook.lifecycle_action_token.as_ref(),
            );
            let token = match self.bug(Bug::WrongToken) {
                true => Some("00000000-0000-0000-0000-000000000000".to_owned()),
                false => token.map(ToString::to_string),
            };
            let second = self.bug(Bug::SkipsSecondHook) && self.is_second_hook(host, name);
            if self.completions_dropped.load(Ordering::Relaxed) || second {
                return Ok(());
            }
            if let (Some(host), true) = (host, self.bug(Bug::CompletesForeignHooks)) {
                self.complete_foreign(host);
            }
            let outcome = self
                .request("CompleteLifecycleAction", host, |world| {
                    world.complete(by, host.ok_or_else(no_instance)?, name, token.as_deref())
                })
                .await;
            match outcome {
                Err(_) if self.bug(Bug::DropsAFailedCompletion) => {
                    self.completions_dropped.store(true, Ordering::Relaxed);
                    Ok(())
                }
                outcome => outcome,
            }
        })
    }

    fn get_parameter<'a>(&'a self, name: &'a str) -> Answer<'a, ParameterText> {
        Box::pin(self.request("GetParameter", machine_of(name), move |world| {
            let stored = world.read_parameter(name)?;
            Ok(ParameterText {
                name: name.to_owned(),
                value: stored.text,
                version: stored.version,
            })
        }))
    }

    fn get_parameters<'a>(&'a self, names: Vec<String>) -> Answer<'a, Parameters> {
        Box::pin(async move {
            let about = names.first().and_then(|name| machine_of(name));
            self.request("GetParameters", about, |world| {
                let mut parameters = Parameters::default();
                for name in &names {
                    let hidden = name.ends_with("/control") && self.bug(Bug::NoKillSwitch);
                    match world.read_parameter(name) {
                        Ok(stored) if !hidden => parameters.found.push(ParameterText {
                            name: name.clone(),
                            value: stored.text,
                            version: stored.version,
                        }),
                        _ => parameters.missing.push(name.clone()),
                    }
                }
                Ok(parameters)
            })
            .await
        })
    }

    fn get_parameters_by_path<'a>(
        &'a self,
        path: &'a str,
        token: Option<String>,
    ) -> Answer<'a, Page<ParameterText>> {
        Box::pin(async move {
            let list = |world: &mut World| Ok(world.parameters_below(path));
            let all = self.request("GetParametersByPath", None, list).await?;
            let texts: Vec<ParameterText> = all
                .into_iter()
                .filter(|(name, _)| !(name.ends_with("/control") && self.bug(Bug::NoKillSwitch)))
                .map(|(name, stored)| ParameterText {
                    name,
                    value: stored.text,
                    version: stored.version,
                })
                .collect();
            Ok(self.page(&texts, token.as_deref(), PARAMETER_PAGE))
        })
    }

    fn put_parameter<'a>(&'a self, name: &'a str, value: String) -> Answer<'a, i64> {
        Box::pin(self.put(name, value))
    }

    fn delete_parameters<'a>(&'a self, names: Vec<String>) -> Answer<'a, ()> {
        Box::pin(async move {
            if self.bug(Bug::NeverDeletes) {
                return Ok(());
            }
            let by = self.caller();
            self.request("DeleteParameters", None, |world| {
                names.iter().for_each(|name| world.delete_parameter(by, name));
                Ok(())
            })
            .await
        })
    }
}
