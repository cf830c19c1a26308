//! ListTasks.

use crate::ApiError;
use crate::ecs::{Ecs, Task};
use crate::page::page;
use crate::params::{Params, client, invalid};
use crate::scope::short;
use crate::status::DesiredStatus;
use jiff::Timestamp;
use serde_json::Value;

/// What a task must be like to be listed.
struct TaskQuery<'a> {
    /// PENDING matches nothing: ECS never sets it.
    desired: Option<DesiredStatus>,
    family: Option<&'a str>,
    service: Option<&'a str>,
    started_by: Option<&'a str>,
    launch_type: Option<&'a str>,
}

impl Ecs {
    /// Without a desired status, those that are to run: a task that is stopping is not among them.
    pub(super) fn list_tasks(&self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster_of(params)?;
        let query = TaskQuery::read(params)?;
        let listed =
            |task: &&Task| task.cluster == cluster && now >= task.visible_from && query.matches(task);
        match params.text("containerInstance") {
            Some(instance) => {
                let arn = self.arn_in("container-instance", &cluster, instance);
                if !self.instances.contains_key(&arn) {
                    return Err(invalid("Referenced container instance not found."));
                }
                page(
                    params,
                    "taskArns",
                    arns(self.tasks_of_instance(&arn).filter(listed)),
                    100,
                )
            }
            None => page(params, "taskArns", arns(self.tasks.values().filter(listed)), 100),
        }
    }
}

fn arns<'a>(tasks: impl Iterator<Item = &'a Task>) -> impl Iterator<Item = String> {
    tasks.map(|task| task.arn.clone())
}

impl<'a> TaskQuery<'a> {
    fn read(params: Params<'a>) -> Result<TaskQuery<'a>, ApiError> {
        let desired = match params.text("desiredStatus") {
            None | Some("RUNNING") => Some(DesiredStatus::Running),
            Some("STOPPED") => Some(DesiredStatus::Stopped),
            Some("PENDING") => None,
            Some(_) => return Err(invalid("desiredStatus must be one of [RUNNING,PENDING,STOPPED].")),
        };
        let query = TaskQuery {
            desired,
            family: params.text("family"),
            service: params.text("serviceName").map(short),
            started_by: params.text("startedBy"),
            launch_type: params.text("launchType"),
        };
        query.check(params)?;
        Ok(query)
    }

    fn check(&self, params: Params<'_>) -> Result<(), ApiError> {
        let other = self.family.or(self.service).or(params.text("containerInstance"));
        match (self.started_by, self.service.and(self.family)) {
            (Some(_), _) if other.is_some() => Err(client(
                "InvalidParameterException",
                "startedBy must be the only filter.",
            )),
            (_, Some(_)) => Err(invalid("Cannot specify both serviceName and family.")),
            _ => Ok(()),
        }
    }

    fn matches(&self, task: &Task) -> bool {
        let service = task.origin.service.as_ref().map(|key| key.1.as_str());
        self.desired == Some(task.desired)
            && self.family.is_none_or(|family| task.definition.family == family)
            && self.service.is_none_or(|wanted| service == Some(wanted))
            && self
                .started_by
                .is_none_or(|wanted| task.origin.started_by.as_deref() == Some(wanted))
            && self.launch_type.is_none_or(|wanted| wanted == "EC2")
    }
}
