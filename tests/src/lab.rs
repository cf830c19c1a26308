//! One cluster, one Auto Scaling group with our hook, the coordinator.

use std::time::Duration;

use protector_aws_model::faults::{CallFilter, Limit};
use protector_aws_model::{Entry, InstanceStatus, Service, TaskStatus, What, World};
use protector_local_aws::{CoordinatorSpec, LocalAws, LocalAwsConfig, Timeout, Wiring};
use serde_json::{Value, json};

use crate::journal_view::JournalView;
use crate::names::{CLUSTER, GROUP, HOOK};
use crate::programs::Coordinator;
use crate::requests;

/// Longer than any step of any test takes, even on a busy machine; only a failed test waits so long.
const BOUND: Duration = Duration::from_secs(90);

/// How often a test ticks: the schedule does it once a minute.
const TICK: Duration = Duration::from_millis(500);

/// Settings of the coordinator: short times.
const USUAL_SETTINGS: [(&str, &str); 6] = [
    ("CLUSTERS", CLUSTER),
    ("AUTO_SCALING_GROUPS", GROUP),
    ("SETTLE", "1s"),
    ("LINGER", "0s"),
    ("DAEMON_STOP", "30s"),
    ("LOG", "debug"),
];

/// How a lab differs from the usual.
#[derive(Clone, Debug)]
pub struct LabConfig {
    /// Settings of the coordinator on top of short ones, by name.
    pub settings: Vec<(&'static str, String)>,
    /// Instances of the group.
    pub instances: usize,
    /// `HeartbeatTimeout` of the hook, in seconds.
    pub heartbeat_seconds: u32,
    /// How soon an event comes again if the run that had it failed. Lambda takes no less than the time-out of the
    /// function, a minute.
    pub visibility_timeout: Duration,
    /// How events reach the coordinator.
    pub wiring: Wiring,
}

impl Default for LabConfig {
    fn default() -> LabConfig {
        LabConfig {
            settings: Vec::new(),
            instances: 1,
            heartbeat_seconds: 300,
            visibility_timeout: Duration::from_millis(500),
            wiring: Wiring::Queue,
        }
    }
}

impl LabConfig {
    /// With so many instances.
    pub fn of(instances: usize) -> LabConfig {
        LabConfig {
            instances,
            ..LabConfig::default()
        }
    }

    /// With one more setting of the coordinator: the name without `PROTECTOR_`.
    #[must_use]
    pub fn set(mut self, name: &'static str, value: &str) -> LabConfig {
        self.settings.push((name, value.to_owned()));
        self
    }
}

/// A running lab.
pub struct Lab {
    /// The local AWS.
    pub aws: LocalAws,
    /// The instances of the group, all ACTIVE in the cluster.
    pub instances: Vec<String>,
}

impl Lab {
    /// A lab with the coordinator.
    pub async fn start(config: LabConfig) -> Lab {
        let lab = Lab::without_coordinator(&config).await;
        lab.start_coordinator(&config).await;
        lab
    }

    /// A lab without a coordinator.
    pub async fn without_coordinator(config: &LabConfig) -> Lab {
        let mut setup = LocalAwsConfig {
            tick_every: None,
            ..LocalAwsConfig::default()
        };
        setup.world.quotas = false;
        let aws = LocalAws::start(setup).await.expect("a free port");
        let mut lab = Lab {
            aws,
            instances: Vec::new(),
        };
        lab.ecs("CreateCluster", json!({"clusterName": CLUSTER}));
        lab.group(config);
        lab.instances = lab
            .wait("instances are ACTIVE", |world| active(world, config.instances))
            .await;
        lab
    }

    /// Deploys the coordinator with short times.
    pub async fn start_coordinator(&self, config: &LabConfig) {
        self.deploy(&Coordinator::first(), config).await;
    }

    /// Deploys another version of the coordinator in place of the one that runs, as an update would.
    pub async fn update_coordinator(&self, config: &LabConfig) {
        self.deploy(&Coordinator::next(), config).await;
    }

    async fn deploy(&self, coordinator: &Coordinator, config: &LabConfig) {
        let mut spec = CoordinatorSpec::new(&coordinator.path);
        let usual = USUAL_SETTINGS.map(|(name, value)| (name, value.to_owned()));
        let settings = usual.iter().chain(&config.settings);
        for (name, value) in settings.filter(|(name, _)| coordinator.knows(name)) {
            spec = spec.env(&format!("PROTECTOR_{name}"), value.clone());
        }
        spec.visibility_timeout = config.visibility_timeout;
        spec.wiring = config.wiring;
        self.aws.start_coordinator(spec).await.expect("bootstrap runs");
    }

    fn group(&self, config: &LabConfig) {
        self.auto_scaling("CreateAutoScalingGroup", requests::group(config.instances));
        let hook = requests::hook(HOOK, config.heartbeat_seconds.into());
        self.auto_scaling("PutLifecycleHook", hook);
    }

    /// One call by a person.
    pub fn call(&self, service: Service, operation: &str, params: Value) -> Value {
        let answer = self.aws.call(service, operation, params);
        answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    /// The same, of ECS.
    pub fn ecs(&self, operation: &str, params: Value) -> Value {
        self.call(Service::Ecs, operation, params)
    }

    /// The same, of Auto Scaling.
    pub fn auto_scaling(&self, operation: &str, params: Value) -> Value {
        self.call(Service::AutoScaling, operation, params)
    }

    /// A person writes a parameter.
    pub fn put(&self, name: &str, text: &str) {
        let params = json!({"Name": name, "Type": "String", "Value": text, "Overwrite": true});
        self.call(Service::Ssm, "PutParameter", params);
    }

    /// The text of a parameter, if there is one.
    pub fn text(&self, name: &str) -> Option<String> {
        self.aws
            .world(|world, _| world.parameter(name).map(str::to_owned))
    }

    /// A person stops a task.
    pub fn stop_task(&self, task: &str) {
        self.ecs("StopTask", json!({"cluster": CLUSTER, "task": task}));
    }

    /// Denies these calls from now on.
    pub fn deny(&self, calls: CallFilter) {
        self.aws.faults(|faults| faults.deny(calls, Limit::Forever));
    }

    /// The ARNs of tasks that the journal knows to have had a container of that name.
    pub fn tasks_with(&self, container: &str) -> Vec<String> {
        self.journal().tasks_with(container)
    }

    /// The first instance.
    pub fn instance(&self) -> &str {
        &self.instances[0]
    }

    /// Auto Scaling takes an instance away.
    pub fn scale_in(&self, instance: &str) {
        self.auto_scaling(
            "TerminateInstanceInAutoScalingGroup",
            requests::terminate(instance),
        );
    }

    /// A person sets a container instance's status.
    pub fn set_status(&self, instance: &str, status: &str) {
        let params = requests::status(&self.container_instance(instance), status);
        self.ecs("UpdateContainerInstancesState", params);
    }

    /// EC2 takes an instance back.
    pub fn spot_notice(&self, instance: &str) {
        self.aws
            .world(|world, now| world.spot_notice(now, instance, "terminate"));
    }

    /// The agent of an instance loses its connection, or finds it again.
    pub fn agent_connected(&self, instance: &str, connected: bool) {
        self.aws
            .world(|world, now| world.agent_connected(now, instance, connected));
    }

    /// The ARN of a container instance.
    pub fn container_instance(&self, instance: &str) -> String {
        let view = self.aws.world(|world, _| world.instance_state(instance));
        view.and_then(|view| view.container_instance_arn)
            .expect("a registered instance")
    }

    /// Waits until `f` finds something in the world. Otherwise it panics with the end of the journal and the
    /// coordinator's log.
    pub async fn wait<T>(&self, what: &str, f: impl FnMut(&World) -> Option<T>) -> T {
        match self.aws.wait_until(what, BOUND, f).await {
            Ok(found) => found,
            Err(timeout) => self.give_up(&timeout),
        }
    }

    /// Waits until a condition holds that is not in the world, such as the output of a program.
    pub async fn until(&self, what: &str, mut so: impl FnMut() -> bool) {
        let polled = async {
            while !so() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let waited = tokio::time::timeout(BOUND, polled).await;
        waited.unwrap_or_else(|_| panic!("not within {BOUND:?}: {what}"));
    }

    fn give_up(&self, timeout: &Timeout) -> ! {
        panic!(
            "{timeout}\nthe coordinator said:\n{}",
            self.aws.coordinator_logs().join("\n")
        )
    }

    /// Waits until the hook of an instance that goes waits.
    pub async fn hook_waits(&self, instance: &str) {
        self.wait("the hook waits", |world| {
            let view = world.instance_state(instance)?;
            (view.lifecycle_state.as_deref() == Some("Terminating:Wait")).then_some(())
        })
        .await;
    }

    /// Drains an instance, by events alone.
    pub async fn drained(&self, instance: &str) {
        self.scale_in(instance);
        self.gone(instance).await;
    }

    /// Drains an instance, by events and ticks.
    pub async fn drained_with_ticks(&self, instance: &str) {
        self.scale_in(instance);
        self.gone_with_ticks(instance).await;
    }

    /// Waits until an instance is terminated.
    pub async fn gone(&self, instance: &str) {
        self.gone_within(instance, BOUND).await;
    }

    /// The same, with ticks as the schedule would make them, only faster.
    pub async fn gone_with_ticks(&self, instance: &str) {
        self.gone_with_ticks_every(instance, TICK).await;
    }

    /// The same, with ticks as often as this.
    pub async fn gone_with_ticks_every(&self, instance: &str, every: Duration) {
        self.ticking_every(every, self.gone(instance)).await;
        self.idle().await;
    }

    /// The same, for drains that take long on purpose.
    pub async fn gone_within(&self, instance: &str, bound: Duration) {
        let gone = self.aws.wait_until("the instance is terminated", bound, |world| {
            let view = world.instance_state(instance)?;
            (!view.running).then_some(())
        });
        if let Err(timeout) = gone.await {
            self.give_up(&timeout);
        }
    }

    /// Lets the schedules fire until `done`.
    pub async fn ticking<T>(&self, done: impl Future<Output = T>) -> T {
        self.ticking_every(TICK, done).await
    }

    async fn ticking_every<T>(&self, every: Duration, done: impl Future<Output = T>) -> T {
        let ticks = async {
            loop {
                tokio::time::sleep(every).await;
                self.aws.heartbeats();
                self.tick().await;
            }
        };
        // Both are polled: what is awaited may last for less time than a tick.
        tokio::select! {
            found = done => found,
            never = ticks => never,
        }
    }

    /// Waits until the coordinator has processed every event, with its retries.
    pub async fn idle(&self) {
        if let Err(timeout) = self.aws.wait_idle(BOUND).await {
            self.give_up(&timeout);
        }
    }

    /// Waits until the hook's event has come and has been processed.
    pub async fn hook_dealt_with(&self) {
        self.wait("the hook's event", |world| {
            let hook = |entry: &Entry| {
                matches!(&entry.what, What::Event { event }
                    if event["detail-type"] == "EC2 Instance-terminate Lifecycle Action")
            };
            world.journal().iter().any(hook).then_some(())
        })
        .await;
        self.idle().await;
    }

    /// The tick, and what follows from it.
    pub async fn tick(&self) {
        self.aws.tick();
        self.idle().await;
    }

    /// The heartbeats' schedule, and what follows from it.
    pub async fn heartbeats(&self) {
        self.aws.heartbeats();
        self.idle().await;
    }

    /// Ticks until a condition holds.
    pub async fn tick_until(&self, what: &str, so: impl Fn() -> bool) {
        for _ in 0..60 {
            self.tick().await;
            if so() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("it did not come to be, tick by tick: {what}");
    }

    /// What has happened.
    pub fn journal(&self) -> JournalView {
        JournalView::new(self.aws.journal())
    }

    /// Waits until the tasks of these services on an instance are STOPPED.
    pub async fn services_stopped(&self, instance: &str, services: &[&str]) {
        let groups: Vec<String> = services.iter().map(|name| format!("service:{name}")).collect();
        self.wait("the tasks have stopped", |world| {
            let tasks = world.tasks_on(instance).into_iter();
            let mut of_them = tasks.filter(|task| groups.contains(&task.group));
            of_them
                .all(|task| task.last_status == TaskStatus::Stopped)
                .then_some(())
        })
        .await;
    }

    /// The name of an instance's parameter.
    pub fn parameter(&self, instance: &str) -> String {
        format!("/ecs-daemon-protector/{CLUSTER}/{instance}")
    }

    /// An instance's record, if there is one.
    pub fn record(&self, instance: &str) -> Option<Value> {
        serde_json::from_str(&self.text(&self.parameter(instance))?).ok()
    }

    /// The last text of an instance's record: once its drain is over and its machine gone, the next tick deletes it.
    pub fn last_record(&self, instance: &str) -> Value {
        let records = self.journal().records(instance);
        let last = records.into_iter().next_back();
        last.map(|(_, record)| record).expect("a record was written")
    }

    /// The coordinator's log lines with this event name.
    pub fn said(&self, event: &str) -> Vec<Value> {
        let lines = self.aws.coordinator_logs();
        let parsed = lines
            .iter()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        parsed.filter(|line| line["event"] == event).collect()
    }
}

fn active(world: &World, count: usize) -> Option<Vec<String>> {
    let registered = |id: &String| {
        let view = world.instance_state(id);
        view.and_then(|view| view.status) == Some(InstanceStatus::Active)
    };
    let active: Vec<String> = world.running_instances().into_iter().filter(registered).collect();
    (active.len() == count).then_some(active)
}
