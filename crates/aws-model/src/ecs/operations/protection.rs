//! Task scale-in protection: the service scheduler leaves a protected task alone until it expires.

use super::failure;
use crate::ApiError;
use crate::ecs::{Ecs, EcsTimer, Task};
use crate::params::{Params, invalid};
use crate::time::{later, seconds};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// 2 hours, if the call does not say for how long.
const DEFAULT_MINUTES: i64 = 120;

/// 48 hours.
const MAX_MINUTES: i64 = 2880;

impl Ecs {
    pub(super) fn update_task_protection(
        &mut self,
        now: Timestamp,
        params: Params<'_>,
    ) -> Result<Value, ApiError> {
        let minutes = params.number("expiresInMinutes").unwrap_or(DEFAULT_MINUTES);
        if !(1..=MAX_MINUTES).contains(&minutes) {
            return Err(invalid("expiresInMinutes must be between 1 and 2880."));
        }
        let end = later(now, Duration::from_secs(minutes.unsigned_abs() * 60));
        let until = params.flag("protectionEnabled").then_some(end);
        let cluster = self.cluster_of(params)?;
        for name in params.texts("tasks") {
            let arn = self.arn_in("task", &cluster, name);
            self.protect(now, &arn, until);
        }
        self.get_task_protection(now, params)
    }

    fn protect(&mut self, now: Timestamp, arn: &str, until: Option<Timestamp>) {
        let Some(task) = self.tasks.get_mut(arn).filter(|task| task.is_replica()) else {
            return;
        };
        task.protected_until = until;
        let (service, instance) = (task.origin.service.clone(), task.instance.clone());
        let at = until.unwrap_or(now);
        self.timers.push(at, EcsTimer::Drain(instance));
        self.timers.extend(at, service.map(EcsTimer::Schedule));
    }

    pub(super) fn get_task_protection(&self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster_of(params)?;
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for arn in params
            .texts("tasks")
            .iter()
            .map(|name| self.arn_in("task", &cluster, name))
        {
            match self.tasks.get(&arn) {
                None => failures.push(failure(&arn, "MISSING")),
                Some(task) if !task.is_replica() => failures.push(failure(&arn, "TASK_NOT_VALID")),
                Some(task) => tasks.push(protection(now, task)),
            }
        }
        Ok(json!({"protectedTasks": tasks, "failures": failures}))
    }
}

fn protection(now: Timestamp, task: &Task) -> Value {
    let mut json = json!({"taskArn": task.arn, "protectionEnabled": task.is_protected(now)});
    if let Some(until) = task.protected_until.filter(|until| *until > now) {
        json["expirationDate"] = seconds(until);
    }
    json
}
