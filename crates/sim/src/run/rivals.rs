//! Other drainers as small models. Each does what its code does, neither better nor worse.

use serde_json::Value;

use super::api::Sdk;
use super::harness::Harness;
use crate::model::{
    CallError, Guard, GuardAnswer, GuardView, HostId, Invocation, Outcome, Payload, Source, TaskId, World,
    instance_number,
};
use crate::scenario::SECOND;

/// The original sidecar: every 5 s it asks ECS for the tasks of its instance, and ends when none of them is to run any
/// more. No record is written for it.
#[derive(Debug, Default)]
pub(super) struct Original;

impl Guard for Original {
    fn check(&mut self, view: &mut GuardView<'_>) -> Option<GuardAnswer> {
        let _ = view.count_running(&["ListContainerInstances"]);
        None
    }

    fn look(&mut self, view: &mut GuardView<'_>) -> GuardAnswer {
        match view.count_running(&["ListTasks", "DescribeTasks", "ListServices", "DescribeServices"]) {
            Ok(0) => GuardAnswer::Exit(0, "nothing-runs"),
            Ok(_) => GuardAnswer::Sleep(5 * SECOND),
            // An error ends the process: nothing catches it.
            Err(_) => GuardAnswer::Exit(1, "error"),
        }
    }
}

/// What a hook's event names.
struct Hook {
    host: HostId,
    name: String,
    token: String,
}

impl Hook {
    fn of(event: &Value) -> Option<Hook> {
        let detail = &event["detail"];
        Some(Hook {
            host: instance_number(detail["EC2InstanceId"].as_str()?)?,
            name: detail["LifecycleHookName"].as_str()?.to_owned(),
            token: detail["LifecycleActionToken"].as_str()?.to_owned(),
        })
    }
}

/// One Lambda for each instance: sets DRAINING, asks every 10 s whether tasks are RUNNING, completes the hook when none
/// is.
pub(super) async fn sleeping(harness: &Harness, sdk: &Sdk, invocation: &Invocation) -> (Outcome, String) {
    let Some(hook) = Hook::of(&invocation.payload) else {
        return (Outcome::Answered, String::new());
    };
    let _ = harness;
    let mut outcome = drain(sdk, hook.host).await;
    while outcome.is_ok() {
        match running(sdk, hook.host).await {
            Ok(0) => {
                outcome = complete(sdk, &hook).await;
                break;
            }
            Ok(_) => tokio::time::sleep(std::time::Duration::from_secs(10)).await,
            Err(error) => outcome = Err(error),
        }
    }
    on_sigterm(outcome)
}

/// One look per invocation; the function sends the message on to itself until nothing runs. Lambda's loop detection
/// cuts such a chain after 16 (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>).
pub(super) async fn looping(harness: &Harness, sdk: &Sdk, invocation: &Invocation) -> (Outcome, String) {
    let Some(hook) = Hook::of(&invocation.payload) else {
        return (Outcome::Answered, String::new());
    };
    on_sigterm(hop(harness, sdk, invocation, &hook).await)
}

async fn hop(harness: &Harness, sdk: &Sdk, invocation: &Invocation, hook: &Hook) -> Result<(), String> {
    let hops = invocation.payload["hops"].as_u64().unwrap_or(0);
    if hops == 0 {
        drain(sdk, hook.host).await?;
    }
    if running(sdk, hook.host).await? == 0 {
        return complete(sdk, hook).await;
    }
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    if hops < LOOP_MAX {
        let mut event = (*invocation.payload).clone();
        event["hops"] = (hops + 1).into();
        let payload = Payload {
            source: Source::Event("loop"),
            event,
        };
        harness.with(|world| world.invoke(payload));
    }
    Ok(())
}

/// Lambda cuts a loop after so many invocations.
const LOOP_MAX: u64 = 15;

fn on_sigterm(outcome: Result<(), String>) -> (Outcome, String) {
    match outcome {
        Ok(()) => (Outcome::Answered, String::new()),
        Err(problem) => (Outcome::Failed, problem),
    }
}

async fn drain(sdk: &Sdk, host: HostId) -> Result<(), String> {
    let by = sdk.caller();
    let find = |_: &mut World| Ok(());
    let words = |failure: protector_coordinator::aws::AwsError| failure.to_string();
    sdk.request("ListContainerInstances", Some(host), find)
        .await
        .map_err(words)?;
    sdk.request("DescribeContainerInstances", Some(host), find)
        .await
        .map_err(words)?;
    sdk.request("UpdateContainerInstancesState", Some(host), |world| {
        world
            .drain_present(host, by)
            .map_err(|reason| CallError::new("InvalidParameterException", reason))
    })
    .await
    .map_err(words)
}

/// How many tasks are RUNNING: those that are stopping are not listed by default.
async fn running(sdk: &Sdk, host: HostId) -> Result<usize, String> {
    sdk.request("ListTasks", Some(host), |world| {
        let runs = |id: &TaskId| world.task(*id).is_alive() && world.task(*id).notified.is_none();
        Ok(world.tasks_of(host).filter(runs).count())
    })
    .await
    .map_err(|failure| failure.to_string())
}

async fn complete(sdk: &Sdk, hook: &Hook) -> Result<(), String> {
    let by = sdk.caller();
    sdk.request("CompleteLifecycleAction", Some(hook.host), |world| {
        world.complete(by, hook.host, &hook.name, Some(&hook.token))
    })
    .await
    .map_err(|failure| failure.to_string())
}
