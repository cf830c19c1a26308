//! DescribeTasks and StopTask.

use super::failure;
use crate::ApiError;
use crate::ecs::{Ecs, Task, shape};
use crate::params::{Params, invalid};
use crate::status::StopCode;
use crate::time::seconds;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The most that one DescribeTasks takes.
const MAX_TASKS: usize = 100;

impl Ecs {
    /// Tasks that are unknown, or no longer kept, come as failures.
    pub(super) fn describe_tasks(&self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster_of(params)?;
        let names = params.texts("tasks");
        match names.len() {
            0 => return Err(invalid("Tasks cannot be empty.")),
            1..=MAX_TASKS => {}
            _ => {
                return Err(invalid(format!(
                    "Tasks cannot have more than {MAX_TASKS} elements."
                )));
            }
        }
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for arn in names.iter().map(|name| self.arn_in("task", &cluster, name)) {
            match self.tasks.get(&arn).filter(|task| now >= task.visible_from) {
                Some(task) => found.push(self.described_task(task)),
                None => failures.push(failure(&arn, "MISSING")),
            }
        }
        Ok(json!({"tasks": found, "failures": failures}))
    }

    /// A task as the API gives it.
    pub(super) fn described_task(&self, task: &Task) -> Value {
        let connected = self
            .instances
            .get(&task.instance)
            .is_some_and(|instance| instance.agent_connected);
        let mut json = shape::task(&self.scope, task, connected, seconds);
        json["tags"] = json!([]);
        json
    }

    pub(super) fn stop_task_of(&mut self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster_of(params)?;
        let arn = self.arn_in("task", &cluster, params.required("task")?);
        if !self.tasks.contains_key(&arn) {
            return Err(invalid("The referenced task was not found."));
        }
        let reason = params.text("reason").unwrap_or("Task stopped by user");
        self.stop_task(now, &arn, StopCode::UserInitiated, reason);
        let task = self.tasks.get(&arn).map(|task| self.described_task(task));
        Ok(json!({"task": task}))
    }
}
