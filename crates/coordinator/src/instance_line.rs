//! The log line of an instance: its fields, its level, in one place for every kind of look.

use std::collections::BTreeMap;

use jiff::Timestamp;
use protector_core::control::Mode;
use protector_core::holding::Census;
use protector_core::ids::{InstanceId, InstanceKey};
use protector_core::plan::{OrderOutcome, Remark, Verdict, joined};
use protector_core::record::HeldBy;
use protector_core::trigger::TriggerKind;
use protector_core::unprotected::UnprotectedDaemon;
use serde::Serialize;
use serde_json::Value;

use crate::aws::ErrorKind;
use crate::executor::Done;
use crate::logging::{EventName, Level, Line};
use crate::outcome::Outcome;

/// What one run says about one instance. `docs/log-fields.md` has the meaning of the fields.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InstanceLine {
    pub(crate) request_id: String,
    pub(crate) trigger: TriggerKind,
    pub(crate) instance: InstanceId,
    pub(crate) verdict: Verdict,
    pub(crate) mode: Mode,
    #[serde(rename = "messages")]
    pub(crate) remarks: Vec<Remark>,
    pub(crate) actions: Vec<Done>,
    /// Whether something has failed that a retry may fix.
    #[serde(skip)]
    pub(crate) failed: bool,
    /// Only if the instance is in a cluster that is watched.
    #[serde(flatten)]
    pub(crate) registered: Option<RegisteredFields>,
    /// Only if the run has observed the instance completely.
    #[serde(flatten)]
    pub(crate) observed: Option<ObservedFields>,
    /// Only after an operator's order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order: Option<OrderOutcome>,
}

/// What is known of a container instance.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegisteredFields {
    pub(crate) cluster: String,
    pub(crate) container_instance: Option<String>,
    pub(crate) status: String,
    /// `None`: not known, which is never zero.
    pub(crate) remaining: Option<u32>,
    pub(crate) held_by: Option<Vec<HeldBy>>,
    /// How many plans the run has made.
    pub(crate) plans: u32,
}

impl RegisteredFields {
    /// The counts are those of `census`, if the tasks that hold are known.
    pub(crate) fn new(
        key: &InstanceKey,
        status: String,
        census: Option<&Census>,
        plans: u32,
    ) -> RegisteredFields {
        RegisteredFields {
            cluster: key.cluster.to_string(),
            container_instance: None,
            status,
            remaining: census.map(Census::remaining),
            held_by: census.map(|census| census.held_by.clone()),
            plans,
        }
    }
}

/// What only a full observation shows.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ObservedFields {
    pub(crate) daemons: Option<usize>,
    pub(crate) daemons_gone_at: Option<Timestamp>,
    pub(crate) unprotected: Vec<UnprotectedDaemon>,
    pub(crate) calls: BTreeMap<&'static str, u32>,
    pub(crate) failures: BTreeMap<ErrorKind, u32>,
    /// In milliseconds.
    pub(crate) duration_ms: i64,
}

impl Line for InstanceLine {
    fn event(&self) -> EventName {
        EventName::Instance
    }
}

impl InstanceLine {
    /// A failure is an error, a warning of the plan a warning, and an instance that does not drain is for debugging.
    pub(crate) fn level(&self) -> Level {
        let warned = self.remarks.iter().any(Remark::is_warning);
        match (self.failed, warned, self.verdict) {
            (true, _, _) => Level::Error,
            (false, true, _) => Level::Warn,
            (false, false, Verdict::NotDraining) => Level::Debug,
            (false, false, _) => Level::Info,
        }
    }

    /// What failed, or, if no action did, why nothing could be decided.
    pub(crate) fn error(&self) -> String {
        let failed = self.actions.iter().rev().find_map(|done| match &done.outcome {
            Outcome::Failed(error) => Some(error.to_string()),
            _ => None,
        });
        failed.unwrap_or_else(|| joined(&self.remarks))
    }

    pub(crate) fn fields(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use protector_core::control::Control;
    use protector_core::plan::{ActionKind, Note, OrderIgnored, Warning};
    use serde_json::json;

    use super::*;
    use crate::aws::AwsError;

    fn line(verdict: Verdict, failed: bool, remarks: Vec<Remark>) -> InstanceLine {
        InstanceLine {
            request_id: "r-1".to_owned(),
            trigger: TriggerKind::Due,
            instance: "i-0123456789abcdef0".parse().unwrap(),
            verdict,
            mode: Mode::Switch(Control::On),
            remarks,
            actions: vec![Done {
                action: ActionKind::Complete,
                outcome: Outcome::AlreadyEnded,
            }],
            failed,
            registered: None,
            observed: None,
            order: None,
        }
    }

    #[test]
    fn the_level_comes_from_what_happened_and_not_from_a_text() {
        let note = || Note::RecordUnread("warning: a text that only looks like one".to_owned()).into();
        let warning = || Warning::SidecarsLeft.into();
        for (verdict, failed, remarks, level) in [
            (Verdict::Holding, true, vec![warning()], Level::Error),
            (Verdict::NotDraining, true, vec![], Level::Error),
            (Verdict::Holding, false, vec![note(), warning()], Level::Warn),
            (Verdict::NotDraining, false, vec![warning()], Level::Warn),
            (Verdict::NotDraining, false, vec![note()], Level::Debug),
            (Verdict::Holding, false, vec![note()], Level::Info),
            (Verdict::Done, false, vec![], Level::Info),
        ] {
            assert_eq!(line(verdict, failed, remarks).level(), level);
        }
    }

    #[test]
    fn an_error_is_that_of_the_last_action_that_failed_or_why_nothing_is_known() {
        let note = Note::RecordUnread("throttled".to_owned()).into();
        let mut line = line(Verdict::Unknown, true, vec![note]);
        assert_eq!(line.error(), "the record could not be read: throttled");
        for operation in ["StopTask", "PutParameter"] {
            line.actions.push(Done {
                action: ActionKind::PutHolding,
                outcome: Outcome::Failed(AwsError {
                    operation,
                    kind: ErrorKind::Throttled,
                    message: "Rate exceeded".to_owned(),
                }),
            });
        }
        assert_eq!(line.error(), "PutParameter: Rate exceeded");
    }

    #[test]
    fn a_line_has_the_fields_of_what_is_known() {
        let mut line = line(Verdict::Done, false, vec![Warning::StopsRefused(2).into()]);
        let mut fields = json!({"requestId": "r-1", "trigger": "due", "instance": "i-0123456789abcdef0",
            "verdict": "done", "mode": "on", "messages": ["warning: StopTask failed for 2 tasks"],
            "actions": [{"action": "complete", "outcome": "already-ended"}]});
        assert_eq!(line.fields(), fields, "in no cluster");
        let key = InstanceKey {
            cluster: "prod".parse().unwrap(),
            instance: line.instance.clone(),
        };
        line.registered = Some(RegisteredFields::new(&key, "DRAINING".to_owned(), None, 0));
        let registered = json!({"cluster": "prod", "containerInstance": null, "status": "DRAINING",
            "remaining": null, "heldBy": null, "plans": 0});
        let add = |fields: &mut Value, more: &Value| {
            let more = more.as_object().unwrap().clone();
            fields.as_object_mut().unwrap().extend(more);
        };
        add(&mut fields, &registered);
        assert_eq!(line.fields(), fields, "steady");
        line.observed = Some(ObservedFields {
            daemons: Some(2),
            daemons_gone_at: None,
            unprotected: Vec::new(),
            calls: BTreeMap::from([("ListTasks", 1)]),
            failures: BTreeMap::from([(ErrorKind::Over, 1)]),
            duration_ms: 12,
        });
        line.order = Some(OrderOutcome::Ignored(OrderIgnored::NotDraining));
        let observed = json!({"daemons": 2, "daemonsGoneAt": null, "unprotected": [], "calls": {"ListTasks": 1},
            "failures": {"already-ended": 1}, "durationMs": 12,
            "order": {"outcome": "ignored", "message": "the instance does not drain"}});
        add(&mut fields, &observed);
        assert_eq!(line.fields(), fields, "observed");
    }
}
