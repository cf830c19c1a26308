//! One run: build, warm up, scale in, wait for the end, count.

use super::outcome::{self, Outcome};
use super::reporter::{Follower, Reporter};
use super::scenario::{GROUP, Kind, REGION, REPLICAS, ROUTER, SIDECAR, Scenario, WARM_UP, text};
use super::{DemoError, native, progress, setup};
use jiff::Timestamp;
use protector_aws_model::DaemonStop;
use protector_aws_model::journal::tasks_with;
use protector_local_aws::{CoordinatorSpec, LocalAws, LocalAwsConfig};
use serde_json::json;
use std::time::Duration;

/// How long a drain may take on top of its longest task and of `LINGER`.
const MARGIN: Duration = Duration::from_secs(20);

/// A run that is over, and its local AWS.
pub(crate) struct Done {
    /// The result of the run.
    pub(crate) outcome: Outcome,
    /// Still there, for `--keep`.
    pub(crate) aws: LocalAws,
}

/// Runs `scenario`, with the ECS of `native`, and reports it. If it does not come to its end, its directory has the
/// logs.
pub(crate) async fn run(
    scenario: &Scenario,
    native: DaemonStop,
    reporter: Reporter,
) -> Result<Done, DemoError> {
    scenario.run.clear()?;
    let aws = start(scenario, native).await?;
    let result = drain(&aws, scenario, reporter).await;
    keep_logs(&aws, scenario)?;
    match result {
        Ok(outcome) => Ok(Done { outcome, aws }),
        Err(source) => {
            aws.shutdown().await;
            Err(in_run(scenario, source))
        }
    }
}

fn in_run(scenario: &Scenario, source: DemoError) -> DemoError {
    let (run, dir) = (scenario.kind.name(), scenario.run.dir().to_owned());
    match source {
        // Standard output cannot be written: that is no fault of the run.
        DemoError::Io(error) => DemoError::Io(error),
        source => DemoError::Run {
            run,
            dir,
            source: Box::new(source),
        },
    }
}

async fn start(scenario: &Scenario, native: DaemonStop) -> Result<LocalAws, DemoError> {
    let mut config = LocalAwsConfig::default();
    config.world.region = REGION.to_owned();
    config.world.daemon_stop = native;
    let aws = LocalAws::start(config).await?;
    if let Some(coordinator) = &scenario.coordinator {
        let spec = CoordinatorSpec::new(coordinator)
            .env("PROTECTOR_LIFECYCLE_HOOKS", scenario.kind.hook())
            .env("PROTECTOR_SETTLE", "1s")
            .env("PROTECTOR_LINGER", text(scenario.linger))
            .env("PROTECTOR_DAEMON_STOP", "10s");
        aws.start_coordinator(spec).await?;
    }
    Ok(aws)
}

async fn drain(aws: &LocalAws, scenario: &Scenario, reporter: Reporter) -> Result<Outcome, DemoError> {
    let instance = setup::build(aws, scenario).await?;
    reporter.print(-WARM_UP.as_secs_f64(), &ready(&instance, scenario.kind))?;
    tokio::time::sleep(WARM_UP).await;
    let mut follower = Follower::new(aws, reporter, now(aws), aws.journal().len());
    let start = scale_in(aws, reporter)?;
    let end = async {
        let bound = scenario.job_runs() + scenario.linger + MARGIN;
        if scenario.kind == Kind::Without {
            native::drain(aws, &instance, bound).await?;
        }
        gone(aws, &instance, bound).await
    };
    let result = tokio::select! {
        result = end => result,
        closed = follower.follow() => Err(closed.map(|never| match never {}).unwrap_or_else(DemoError::from)),
    };
    follower.catch_up()?;
    result?;
    outcome::of(&scenario.run, &aws.journal(), start)
}

fn ready(instance: &str, kind: Kind) -> String {
    let with = if kind == Kind::With {
        " with the sidecar"
    } else {
        ""
    };
    format!("{instance} runs {REPLICAS} replica tasks, 1 standalone task, and the {ROUTER} daemon{with}")
}

fn scale_in(aws: &LocalAws, reporter: Reporter) -> Result<Timestamp, DemoError> {
    let start = now(aws);
    reporter.print(0.0, "scale-in: desired capacity 1 -> 0")?;
    let smaller = json!({"AutoScalingGroupName": GROUP, "DesiredCapacity": 0});
    setup::auto_scaling(aws, "SetDesiredCapacity", smaller)?;
    Ok(start)
}

async fn gone(aws: &LocalAws, instance: &str, bound: Duration) -> Result<(), DemoError> {
    let gone = aws.wait_until("the instance is terminated", bound, |world| {
        progress::is_gone(world.journal(), instance).then_some(())
    });
    Ok(gone.await?)
}

fn now(aws: &LocalAws) -> Timestamp {
    aws.world(|_, now| now)
}

/// Keeps the logs, for a person who wants to look closer.
fn keep_logs(aws: &LocalAws, scenario: &Scenario) -> Result<(), DemoError> {
    let journal = aws.journal();
    let lines: Result<Vec<_>, _> = journal.iter().map(serde_json::to_string).collect();
    scenario
        .run
        .keep("journal.jsonl", &lines.map_err(std::io::Error::from)?)?;
    if scenario.kind == Kind::With {
        scenario.run.keep("coordinator.log", &aws.coordinator_logs())?;
        let said = tasks_with(&journal, SIDECAR)
            .into_iter()
            .flat_map(|task| aws.container_logs(task, SIDECAR));
        scenario.run.keep("sidecar.log", &said.collect::<Vec<_>>())?;
    }
    Ok(())
}
