//! What happens outside the model: instances come and go, containers run, events arrive.

use crate::agent::{Addresses, Agent};
use crate::http::{Front, imds};
use crate::ids::RequestIds;
use crate::lambda::Lambda;
use crate::live::Live;
use crate::rules;
use crate::server::Server;
use protector_aws_model::{ContainerStart, Effect};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// Executes the effects of the world, in their order.
pub(crate) struct Hosts {
    pub(crate) live: Arc<Live>,
    pub(crate) agent: Arc<Agent>,
    pub(crate) lambda: Arc<Lambda>,
    pub(crate) front: Arc<Front>,
    endpoint: String,
    rules: Vec<Value>,
    ids: RequestIds,
}

impl Hosts {
    /// The surroundings of `front`, whose listener is at `endpoint`. An event that matches one of `rules`
    /// goes to the coordinator; `log_lines` are kept of each container.
    pub(crate) fn new(front: Arc<Front>, endpoint: String, rules: Vec<Value>, log_lines: usize) -> Hosts {
        Hosts {
            live: front.live.clone(),
            agent: Arc::new(Agent::new(front.live.clone(), log_lines)),
            lambda: front.lambda.clone(),
            front,
            endpoint,
            rules,
            ids: RequestIds::default(),
        }
    }

    /// The listener of the AWS APIs.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The schedule of the ticks fires.
    pub(crate) fn tick(&self) {
        let live = &self.live;
        self.lambda.deliver(&rules::tick(
            &self.ids.next(),
            live.region(),
            live.account(),
            live.now(),
        ));
    }

    /// Fires both schedules until the process ends.
    pub(crate) async fn tick_every(self: Arc<Self>, period: Duration) {
        loop {
            tokio::time::sleep(period).await;
            self.lambda.heartbeats(rules::heartbeats());
            self.tick();
        }
    }

    /// Kills every process and closes every metadata service.
    pub(crate) fn close(&self) {
        self.lambda.close();
        self.agent.registry().close();
        self.servers().clear();
    }

    /// Returns whether no process is left.
    pub(crate) fn is_quiet(&self) -> bool {
        self.lambda.is_quiet() && self.agent.registry().is_empty()
    }

    /// Executes what comes until the world is gone.
    pub(crate) async fn run(self: Arc<Self>, mut effects: mpsc::UnboundedReceiver<Effect>) {
        while let Some(effect) = effects.recv().await {
            self.execute(effect).await;
        }
    }

    /// Where the metadata service of `instance` listens, if it runs.
    pub(crate) fn imds_url(&self, instance: &str) -> Option<String> {
        self.servers().get(instance).map(Server::url)
    }

    async fn execute(&self, effect: Effect) {
        match effect {
            Effect::StartContainer(start) => self.start(&start).await,
            Effect::Signal {
                task_arn,
                container,
                signal,
            } => {
                self.agent.signal(&task_arn, &container, signal);
            }
            Effect::Event(event) => self.route(event),
            Effect::InstanceLaunched { instance } => self.power_on(&instance).await,
            Effect::InstanceTerminated { instance } => {
                self.agent.power_off(&instance);
                self.servers().remove(&instance);
            }
        }
    }

    async fn start(&self, start: &ContainerStart) {
        self.power_on(&start.instance).await;
        let addresses = Addresses {
            endpoint: self.endpoint.clone(),
            imds: self.imds_url(&start.instance),
        };
        self.agent.start(start, &addresses);
    }

    /// Opens the metadata service of an instance that has none. Without a port the instance goes without.
    async fn power_on(&self, instance: &str) {
        if self.servers().contains_key(instance) {
            return;
        }
        if let Ok(server) = imds::open(&self.front, instance).await {
            self.servers().insert(instance.to_owned(), server);
        }
    }

    fn route(&self, event: Value) {
        if self.rules.iter().any(|rule| rules::matches(rule, &event)) {
            self.lambda.deliver(&event);
        }
    }

    fn servers(&self) -> MutexGuard<'_, HashMap<String, Server>> {
        self.front.imds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
