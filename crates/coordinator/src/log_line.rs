//! The lines of the log: the event of each, and its fields. `docs/log-fields.md` has the meaning of the fields.

use std::collections::BTreeMap;

use protector_core::control::{Control, Mode};
use protector_core::ids::{ClusterName, ContainerInstanceArn, TaskArn};
use protector_core::receipt::Receipt;
use protector_core::trigger::TriggerKind;
use protector_core::unprotected::UnprotectedReason;
use serde::Serialize;

use crate::logging::{EventName, Line};

/// What an `ignored` line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum IgnoredTrigger {
    /// An event whose kind is not one of ours.
    Event,
    /// A cluster that does not exist.
    Cluster,
    #[serde(untagged)]
    Kind(TriggerKind),
}

impl From<TriggerKind> for IgnoredTrigger {
    fn from(kind: TriggerKind) -> IgnoredTrigger {
        IgnoredTrigger::Kind(kind)
    }
}

/// The fields of a line.
#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(crate) enum LogLine<'l> {
    Receipt(&'l Receipt),
    ControlChanged {
        mode: Control,
        previous: Control,
        #[serde(skip_serializing_if = "Option::is_none")]
        who: Option<&'l str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<&'l str>,
    },
    ControlMalformed {
        mode: Control,
        error: &'l str,
    },
    ControlUnread {
        error: String,
    },
    Ignored {
        request_id: &'l str,
        trigger: IgnoredTrigger,
        message: &'l str,
    },
    Unprotected {
        request_id: &'l str,
        cluster: &'l ClusterName,
        service: &'l str,
        reason: UnprotectedReason,
        hint: &'static str,
        tasks: usize,
        examples: &'l [UnprotectedExample],
    },
    ProtectionCheck {
        request_id: &'l str,
        finished: bool,
        /// `None`: the check has not finished.
        tasks: Option<usize>,
        /// `None`: the check has not finished.
        unprotected: Option<usize>,
        error: Option<String>,
        calls: BTreeMap<&'static str, u32>,
    },
    Tick {
        request_id: &'l str,
        instances: usize,
        steady: usize,
        deleted_records: usize,
        errors: &'l [String],
        calls: BTreeMap<&'static str, u32>,
    },
    Beacon {
        request_id: &'l str,
        error: String,
    },
    Heartbeats {
        request_id: &'l str,
        mode: Mode,
        waiting: usize,
        due: usize,
        sent: usize,
        already_ended: usize,
        errors: &'l [String],
        calls: BTreeMap<&'static str, u32>,
    },
    Malformed {
        request_id: &'l str,
        field: &'l str,
        error: &'l str,
    },
    Failed {
        request_id: &'l str,
        error: &'l str,
    },
    NotDeleted {
        request_id: &'l str,
        error: String,
    },
    InvalidSetting {
        setting: &'l str,
        value: &'l str,
        expected: &'l str,
    },
    Crashed {
        error: &'l str,
    },
}

/// A task whose daemon is not protected, as an `unprotected` line shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UnprotectedExample {
    pub(crate) task: TaskArn,
    pub(crate) container_instance: Option<ContainerInstanceArn>,
    /// That of the sidecar.
    pub(crate) exit_code: Option<i64>,
    /// The text of the agent.
    pub(crate) error: Option<String>,
}

impl Line for LogLine<'_> {
    fn event(&self) -> EventName {
        match self {
            LogLine::Receipt(_) => EventName::Receipt,
            LogLine::ControlChanged { .. }
            | LogLine::ControlMalformed { .. }
            | LogLine::ControlUnread { .. } => EventName::Control,
            LogLine::Ignored { .. } => EventName::Ignored,
            LogLine::Unprotected { .. } => EventName::Unprotected,
            LogLine::ProtectionCheck { .. } => EventName::ProtectionCheck,
            LogLine::Tick { .. } => EventName::Tick,
            LogLine::Beacon { .. } => EventName::Beacon,
            LogLine::Heartbeats { .. } => EventName::Heartbeats,
            LogLine::Malformed { .. } => EventName::Malformed,
            LogLine::Failed { .. } => EventName::Failed,
            LogLine::NotDeleted { .. } => EventName::NotDeleted,
            LogLine::InvalidSetting { .. } => EventName::InvalidSetting,
            LogLine::Crashed { .. } => EventName::Crashed,
        }
    }
}

#[cfg(test)]
#[path = "../../../tests/tests/all/log_fields.rs"]
mod log_fields;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::SignedDuration;
    use protector_core::plan::{OrderOutcome, Verdict};
    use protector_core::record::Record;
    use protector_core::unprotected::UnprotectedDaemon;

    use serde_json::{Value, json};

    use super::*;
    use crate::instance_line::{InstanceLine, ObservedFields, RegisteredFields};
    use crate::testing::key;

    type FieldsByEvent = BTreeMap<String, BTreeSet<String>>;

    fn instance() -> InstanceLine {
        InstanceLine {
            request_id: "r-1".to_owned(),
            trigger: TriggerKind::Operator,
            instance: key(1).instance,
            verdict: Verdict::Holding,
            mode: Mode::DryRun,
            remarks: Vec::new(),
            actions: Vec::new(),
            failed: false,
            registered: Some(RegisteredFields::new(&key(1), "DRAINING".to_owned(), None, 1)),
            observed: Some(ObservedFields {
                daemons: None,
                daemons_gone_at: None,
                unprotected: Vec::new(),
                calls: BTreeMap::new(),
                failures: BTreeMap::new(),
                duration_ms: 12,
            }),
            order: Some(OrderOutcome::Done),
        }
    }

    /// The receipt of a drain in which everything has happened that a receipt may tell of.
    fn receipt() -> Receipt {
        let text = include_str!("../../core/fixtures/records/0.1.0-ended.json");
        let mut record = Record::decode(text).unwrap();
        record.daemons_gone_at = Some(record.started_at);
        record.daemons_left = 1;
        record.unprotected.push(UnprotectedDaemon {
            service: "logs".to_owned(),
            reason: UnprotectedReason::SidecarStopped,
        });
        Receipt::new(&key(1), &record, SignedDuration::from_secs(5), record.updated_at)
    }

    /// The fields of each event, with all that may be left out.
    fn said() -> FieldsByEvent {
        let (instance, receipt, key) = (instance(), receipt(), key(1));
        let (request_id, calls, error) = ("r-1", BTreeMap::new, || "denied".to_owned());
        let lines = [
            LogLine::Receipt(&receipt),
            LogLine::ControlChanged {
                mode: Control::Observe,
                previous: Control::On,
                who: Some("ana"),
                why: Some("ticket 7"),
            },
            LogLine::ControlMalformed {
                mode: Control::On,
                error: "not an object",
            },
            LogLine::ControlUnread { error: error() },
            LogLine::Ignored {
                request_id,
                trigger: IgnoredTrigger::Cluster,
                message: "it does not exist",
            },
            LogLine::Unprotected {
                request_id,
                cluster: &key.cluster,
                service: "logs",
                reason: UnprotectedReason::SidecarStopped,
                hint: UnprotectedReason::SidecarStopped.hint(),
                tasks: 0,
                examples: &[],
            },
            LogLine::ProtectionCheck {
                request_id,
                finished: false,
                tasks: None,
                unprotected: None,
                error: Some(error()),
                calls: calls(),
            },
            LogLine::Tick {
                request_id,
                instances: 0,
                steady: 0,
                deleted_records: 0,
                errors: &[],
                calls: calls(),
            },
            LogLine::Beacon {
                request_id,
                error: error(),
            },
            LogLine::Heartbeats {
                request_id,
                mode: Mode::Switch(Control::On),
                waiting: 0,
                due: 0,
                sent: 0,
                already_ended: 0,
                errors: &[],
                calls: calls(),
            },
            LogLine::Malformed {
                request_id,
                field: "detail",
                error: "missing",
            },
            LogLine::Failed {
                request_id,
                error: "denied",
            },
            LogLine::NotDeleted {
                request_id,
                error: error(),
            },
            LogLine::InvalidSetting {
                setting: "PROTECTOR_LINGER",
                value: "soon",
                expected: "a duration",
            },
            LogLine::Crashed { error: "a panic" },
        ];
        let mut said = FieldsByEvent::new();
        let mut add = |event: EventName, fields: Value| {
            let names = fields.as_object().unwrap().keys().cloned();
            said.entry(event.to_string()).or_default().extend(names);
        };
        add(instance.event(), json!(instance));
        for line in &lines {
            add(line.event(), json!(line));
        }
        said
    }

    #[test]
    fn what_has_no_kind_of_its_own_is_named_as_documented() {
        assert_eq!(json!(IgnoredTrigger::from(TriggerKind::Spot)), "spot");
        assert_eq!(json!(IgnoredTrigger::Event), "event");
        assert_eq!(json!(IgnoredTrigger::Cluster), "cluster");
    }

    #[test]
    fn every_line_has_the_fields_that_are_documented_and_no_other() {
        let mut documented = log_fields::documented("Coordinator");
        let metrics = documented.remove("metrics");
        assert_eq!(metrics, Some(BTreeSet::from(["requestId".to_owned()])));
        assert_eq!(said(), documented);
    }
}
