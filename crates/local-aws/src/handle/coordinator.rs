//! The facade: the coordinator as a Lambda function.

use super::LocalAws;
use crate::config::{StartError, Timeout};
use crate::lambda::{CoordinatorSpec, CrashPoint, Invocation};
use crate::rules;
use serde_json::Value;
use std::io::Write;
use std::time::Duration;

impl LocalAws {
    /// Deploys the coordinator and its heartbeats, in place of those that were there. Their first processes start with
    /// their first events; the queue of events stays.
    ///
    /// # Errors
    /// The binary does not exist.
    pub async fn start_coordinator(&self, spec: CoordinatorSpec) -> Result<(), StartError> {
        let hosts = &self.0.hosts;
        let binary = spec.binary.clone();
        let deployed = hosts.lambda.deploy(&spec, hosts.endpoint());
        deployed.map_err(|source| StartError::Binary { binary, source })
    }

    /// Takes the coordinator away, with its heartbeats and the queue: runs are killed, events are lost from now on.
    pub fn stop_coordinator(&self) {
        self.0.hosts.lambda.remove();
    }

    /// Invokes the coordinator directly, as an operator does, past the queue and beside what runs, and waits for its
    /// answer. It is not tried again.
    pub async fn invoke(&self, event: Value) -> Invocation {
        self.0.hosts.lambda.invoke(event).await
    }

    /// Sends an event to the coordinator, past the rules.
    pub fn deliver(&self, event: Value) {
        self.0.hosts.lambda.deliver(&event);
    }

    /// Lets the schedule of the ticks fire once.
    pub fn tick(&self) {
        self.0.hosts.tick();
    }

    /// Lets the schedule of the heartbeats fire once. A run that fails is not tried again.
    pub fn heartbeats(&self) {
        self.0.hosts.lambda.heartbeats(rules::heartbeats());
    }

    /// Waits until every queued event has been processed, with its retries, and no heartbeats are in progress.
    ///
    /// # Errors
    /// Some events were not processed within `bound`.
    pub async fn wait_idle(&self, bound: Duration) -> Result<(), Timeout> {
        let lambda = &self.0.hosts.lambda;
        self.wait_until("every event is dealt with", bound, |_| {
            (lambda.pending() == 0).then_some(())
        })
        .await
    }

    /// Kills the coordinator with SIGKILL right after its `n`-th AWS call from now (1 is the next) has had its
    /// effect, and before the answer is written. Happens once; a new plan replaces the old one.
    pub fn crash_coordinator_after_call(&self, n: u64) {
        self.0.hosts.lambda.plan_crash(CrashPoint::AfterCall, n);
    }

    /// The same, but the `n`-th call has no effect.
    pub fn crash_coordinator_before_call(&self, n: u64) {
        self.0.hosts.lambda.plan_crash(CrashPoint::BeforeCall, n);
    }

    /// The last lines of the output of both functions' processes.
    pub fn coordinator_logs(&self) -> Vec<String> {
        self.0.hosts.lambda.logs()
    }

    /// Writes each line of output of both functions to `copy` from now on, at once. A write that fails ends the copying
    /// and nothing else.
    pub fn copy_coordinator_log(&self, copy: impl Write + Send + 'static) {
        self.0.hosts.lambda.copy_logs(Box::new(copy));
    }

    /// Every invocation of both functions that is over, in the order of their ends.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.0.hosts.lambda.invocations()
    }

    /// EventBridge could not deliver this event: it is in the dead-letter queue of the rules from now on.
    pub fn lose(&self, event: Value) {
        self.0.hosts.lambda.lose(event);
    }

    /// An alarm of the stack is in this state from now on: `OK`, `ALARM`, `INSUFFICIENT_DATA`.
    pub fn set_alarm(&self, name: &str, state: &str) {
        let now = self.0.hosts.live.now();
        self.0.hosts.front.reads.monitoring().set_alarm(now, name, state);
    }

    /// A metric has had these values, one a period, the newest first.
    pub fn set_metric(&self, namespace: &str, name: &str, values: &[f64]) {
        self.0
            .hosts
            .front
            .reads
            .monitoring()
            .set_metric(namespace, name, values);
    }

    /// Events that were received three times and never processed.
    pub fn dead_letters(&self) -> Vec<Value> {
        self.0.hosts.lambda.dead_letters()
    }
}
