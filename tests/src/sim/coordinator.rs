//! The functions: the coordinator's own library in two warm execution environments, one for events and orders, one for
//! heartbeats.

use std::sync::Arc;

use jiff::SignedDuration;
use protector_coordinator::aws::Aws;
use protector_coordinator::clock::Clock;
use protector_coordinator::coordinator::{Coordinator, Invocation};
use protector_coordinator::logging::{Level, Logger};
use protector_coordinator::settings::CoordinatorSettings;
use protector_local_aws::principal::{COORDINATOR, HEARTBEATS};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::aws;
use super::harness::{Deliveries, Harness};

/// `Timeout` of the coordinator in `template.yaml`.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(60);

/// `Timeout` of the heartbeats in `template.yaml`.
const HEARTBEATS_TIMEOUT: SignedDuration = SignedDuration::from_secs(55);

/// Most events of one batch, as in `template.yaml`.
const BATCH: usize = 10;

/// Runs every invocation, without an end.
pub(crate) async fn serve(
    harness: Arc<Harness>,
    settings: CoordinatorSettings,
    deliveries: Deliveries<UnboundedReceiver<Value>>,
) {
    let coordinator = Function::new(&harness, &settings, COORDINATOR, TIMEOUT);
    let heartbeats = Function::new(&harness, &settings, HEARTBEATS, HEARTBEATS_TIMEOUT);
    tokio::join!(
        coordinator.take(deliveries.events),
        coordinator.each(deliveries.orders),
        heartbeats.each(deliveries.heartbeats),
    );
}

/// A warm function.
struct Function {
    harness: Arc<Harness>,
    coordinator: Coordinator,
    timeout: SignedDuration,
}

impl Function {
    fn new(
        harness: &Arc<Harness>,
        settings: &CoordinatorSettings,
        principal: &str,
        timeout: SignedDuration,
    ) -> Function {
        let (clock, reporter) = (harness.clock, harness.clone());
        let coordinator = Coordinator::new(
            settings.policy.clone(),
            Aws::new(&aws::configuration(harness, principal)),
            Logger::with_sink(Level::Info, move |line| said(&reporter, line)),
            Clock::new(move || clock.now()),
        );
        Function {
            harness: harness.clone(),
            coordinator,
            timeout,
        }
    }

    /// Takes events from the queue: one batch after another, of all that waits, up to ten.
    async fn take(&self, mut queue: UnboundedReceiver<Value>) {
        let mut batch = Vec::new();
        while queue.recv_many(&mut batch, BATCH).await > 0 {
            let records: Vec<Value> = batch.drain(..).enumerate().map(record).collect();
            self.run(&json!({"Records": records})).await;
        }
    }

    /// One invocation after another.
    async fn each(&self, mut invocations: UnboundedReceiver<Value>) {
        while let Some(payload) = invocations.recv().await {
            self.run(&payload).await;
        }
    }

    async fn run(&self, payload: &Value) {
        let invocation = Invocation {
            request_id: "transcript".to_owned(),
            deadline: self.harness.clock.now() + self.timeout,
            deployment: None,
        };
        // The log lines show what went wrong.
        let _ = self.coordinator.handle(invocation, payload).await;
    }
}

fn record((number, event): (usize, Value)) -> Value {
    json!({"messageId": number.to_string(), "eventSource": "aws:sqs", "body": event.to_string(),
        "attributes": {"MessageGroupId": "drains"}})
}

fn said(harness: &Harness, line: &str) {
    let line: Value = serde_json::from_str(line).unwrap_or_default();
    harness.tell(|transcript, now| transcript.coordinator(now, &line));
}
