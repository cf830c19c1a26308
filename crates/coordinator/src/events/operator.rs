//! An operator's command.

use protector_core::ids::InstanceKey;
use protector_core::plan::{OrderIgnored, OrderOutcome};
use protector_core::trigger::{Command, TriggerKind};
use serde_json::json;

use crate::handled::Handled;
use crate::logging::Level;
use crate::reconciler::Reconciler;
use crate::subject::{KnownRegistrations, Registered, Subject};

/// Handles the commands of operators.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Orders<'r> {
    pub(crate) reconciler: Reconciler<'r>,
}

impl Orders<'_> {
    /// Carries out a command. Its answer says what became of it.
    pub(crate) async fn handle(&self, command: Command) -> Handled {
        let key = InstanceKey {
            cluster: command.cluster.clone(),
            instance: command.instance.clone(),
        };
        if !self.reconciler.policy.serves_cluster(&key.cluster) {
            let reason = OrderIgnored::ClusterNotWatched;
            let run = self.reconciler.run;
            run.ignored(Level::Warn, TriggerKind::Operator, &reason.to_string());
            return order_ignored(&command, reason);
        }
        let aws = self.reconciler.aws.metered();
        let clusters = self.reconciler.observer.counting(&aws).clusters();
        let located = clusters.locate_in(&key.cluster, &key.instance).await;
        self.reconciler.cache.add_uncounted(&key, aws.meter.total());
        let registered = match located {
            Ok(arns) => KnownRegistrations::All(arns),
            Err(_) => KnownRegistrations::Some(Vec::new()),
        };
        let subject = Subject::registered(Registered::new(key, registered));
        let outcome = self
            .reconciler
            .reconcile(TriggerKind::Operator, subject, Some(&command))
            .await;
        if let Some(error) = outcome.error {
            return Handled::Failed(error);
        }
        match outcome.order {
            Some(OrderOutcome::Ignored(reason)) => order_ignored(&command, reason),
            Some(OrderOutcome::Done) => Handled::Done(outcome.line),
            // Too little was seen to obey the order, and the operator who gave it must not take the answer for a yes.
            None => Handled::Failed(format!(
                "it is not known what became of the order: {}",
                outcome.line
            )),
        }
    }
}

/// An order that changes nothing. Its answer has no verdict: what a drain would be like is no answer.
fn order_ignored(command: &Command, reason: OrderIgnored) -> Handled {
    Handled::OrderIgnored(json!({
        "command": command.order.name(),
        "cluster": command.cluster,
        "instance": command.instance,
        "reason": reason,
    }))
}
