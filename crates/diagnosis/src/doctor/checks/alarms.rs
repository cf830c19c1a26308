//! The alarms of the stack.

use protector_core::plural::counted;

use crate::doctor::catalog::{Category, CheckId};
use crate::doctor::finding::Finding;
use crate::doctor::reads::{Alarm, DoctorReads, short_name};
use crate::explain::command::CommandLine;
use crate::read::Reading;

/// The namespace of the coordinator's metrics.
const NAMESPACE: &str = "EcsDaemonProtector";

pub(super) fn check(reads: &DoctorReads) -> Vec<Finding> {
    let read = reads.alarms.as_ref();
    let findings = read.map(|read| alarms(read, reads)).into_iter().collect();
    super::complete(Category::Alarms, findings, "not read")
}

fn alarms(read: &Reading<Vec<Alarm>>, reads: &DoctorReads) -> Finding {
    let id = CheckId::Alarms;
    let all = match read {
        Ok(all) => all,
        Err(gap) => return Finding::not_known(id, "the alarms", gap),
    };
    let ours: Vec<&Alarm> = all.iter().filter(|alarm| is_ours(alarm, reads)).collect();
    let ringing: Vec<&str> = ours
        .iter()
        .filter(|alarm| alarm.state == "ALARM")
        .map(|alarm| alarm.name.as_str())
        .collect();
    let silent = ours.iter().filter(|alarm| !alarm.notifies).count();
    let unheard = format!(
        "{silent} of {} notify no person: set AlarmEmail or AlarmTopicArn",
        ours.len()
    );
    if let Some(first) = ringing.first() {
        let finding = Finding::fail(id, format!("in alarm: {}", super::names(&ringing)))
            .hint("docs/operations.md#alarms has a line for each")
            .fix(
                CommandLine::new("aws cloudwatch describe-alarms")
                    .option("--alarm-names", first)
                    .line(),
            );
        return if silent > 0 {
            finding.hint(unheard)
        } else {
            finding
        };
    }
    if ours.is_empty() {
        return Finding::warn(id, "no alarm watches the coordinator").hint("deploy the stack's alarms");
    }
    match silent {
        0 => Finding::pass(id, format!("{}, none in alarm", counted(ours.len(), "alarm"))),
        _ => Finding::warn(id, unheard),
    }
}

/// Whether an alarm is about the coordinator: its metrics, its function, one of its queues, or by its name.
fn is_ours(alarm: &Alarm, reads: &DoctorReads) -> bool {
    let function = reads.coordinator.function.as_deref().map(short_name);
    let queues = reads.coordinator.queues.iter().flatten().flatten();
    let mut queues = queues.filter_map(|queue| queue.url.rsplit('/').next());
    let dimension = |name: &str| alarm.dimensions.get(name).map(String::as_str);
    let of_function = function.is_some() && dimension("FunctionName") == function;
    let of_queue = dimension("QueueName").is_some_and(|name| queues.any(|queue| queue == name));
    let by_name = function.is_some_and(|function| {
        let rest = alarm.name.strip_prefix(function);
        rest.is_some_and(|rest| rest.starts_with('-'))
    });
    alarm.namespace == NAMESPACE || of_function || of_queue || by_name
}
