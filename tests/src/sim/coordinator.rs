//! The function: the coordinator's own library, one invocation after another in one warm execution environment.

use std::sync::Arc;

use jiff::SignedDuration;
use protector_coordinator::aws::Aws;
use protector_coordinator::clock::Clock;
use protector_coordinator::coordinator::Coordinator;
use protector_coordinator::memory::Memory;
use protector_coordinator::say::{Level, Voice};
use protector_coordinator::settings::Settings;
use serde_json::Value;
use tokio::sync::mpsc;

use super::aws;
use super::stage::Stage;

/// `Timeout` of the function in `template.yaml`.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(60);

/// Deals with every invocation, in order, for ever.
pub(crate) async fn serve(stage: Arc<Stage>, settings: Settings, mut queue: mpsc::UnboundedReceiver<Value>) {
    let (clock, teller) = (stage.clock, stage.clone());
    let function = Coordinator {
        policy: Arc::new(settings.policy),
        aws: Aws::new(&aws::configuration(&stage)),
        memory: Arc::new(Memory::default()),
        voice: Voice::with_sink(Level::Info, move |line| said(&teller, line)),
        clock: Clock::new(move || clock.now()),
        request_id: String::new(),
        queued: false,
        deadline: clock.now(),
    };
    while let Some(payload) = queue.recv().await {
        let invocation = Coordinator {
            deadline: clock.now() + TIMEOUT,
            ..function.clone()
        };
        // What went wrong is in its lines.
        let _ = invocation.handle(&payload).await;
    }
}

fn said(stage: &Stage, line: &str) {
    let line: Value = serde_json::from_str(line).unwrap_or_default();
    stage.tell(|tale, now| tale.coordinator(now, &line));
}
