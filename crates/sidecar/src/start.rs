//! The self-check: it tests everything that will be needed after SIGTERM.
//!
//! One call, the same as after SIGTERM, proves credentials, permission and network; "not found" is a pass. A failure is
//! logged with a hint, and the check is retried at a slow pace. It never takes the daemon down.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use protector_core::hold::state::{Reading, self_check_pause};
use serde_json::json;
use tokio::time::sleep;

use crate::aws::ssm::Parameters;
use crate::aws::{Aws, AwsError};
use crate::discovery;
use crate::identity::Place;
use crate::jitter::jitter;
use crate::logging::{Level, Logger};
use crate::settings::SidecarSettings;
use crate::signal::Pending;
use crate::task_metadata::{self, TaskMetadataResponse};

/// How the start ended.
pub(crate) enum Started {
    /// The self-check has passed. `released`: there was a record that says released.
    Ready { place: Place, released: bool },
    /// SIGTERM came first. It is still pending; so much was found out.
    Terminated(Option<Place>),
}

/// Repeats the self-check until it passes or SIGTERM is pending.
pub(crate) async fn until_ready(settings: &SidecarSettings, log: Logger, pending: &Pending) -> Started {
    let aws = Aws::new();
    let mut place = None;
    for attempt in 1.. {
        let Some(outcome) = unless(pending.arrives(), check(settings, &aws, &mut place)).await else {
            break;
        };
        let fault = match outcome {
            Ok((place, released)) => return Started::Ready { place, released },
            Err(fault) => fault,
        };
        let pause = self_check_pause(&settings.policy, attempt, jitter()).unsigned_abs();
        log_failure(log, attempt, &fault, pause);
        if unless(pending.arrives(), sleep(pause)).await.is_none() {
            break;
        }
    }
    Started::Terminated(place)
}

/// One self-check: the place, and whether there is a release. Leaves the place behind even if the read fails.
async fn check(
    settings: &SidecarSettings,
    aws: &Aws,
    place: &mut Option<Place>,
) -> Result<(Place, bool), AwsError> {
    let reported = task_metadata::fetch().await;
    let found = match place.take() {
        Some(found) => found,
        None => discovery::place_in_time(settings, &reported).await?,
    };
    let found = place.insert(found);
    protects_exist(settings, &reported)?;
    let names = found.names(&settings.prefix);
    let mut parameters = Parameters::of(found, &settings.prefix);
    let read = parameters.together(aws, &names).await?;
    let texts = found.records(&settings.prefix).texts(&read).unwrap_or_default();
    let released = matches!(found.reading(&texts), Reading::Record(record) if record.is_released());
    Ok((found.clone(), released))
}

/// The sidecar would wait without end for a container whose name is misspelt, and task metadata must answer for the
/// stop to be seen.
fn protects_exist(settings: &SidecarSettings, reported: &TaskMetadataResponse) -> Result<(), AwsError> {
    let metadata = match reported {
        TaskMetadataResponse::NotOnEcs => return Ok(()),
        TaskMetadataResponse::Refused(detail) | TaskMetadataResponse::Unavailable(detail) => {
            return Err(AwsError::failed(
                detail,
                "nothing; the sidecar tries again until the agent responds",
            ));
        }
        TaskMetadataResponse::Ok(metadata) => metadata,
    };
    let unknown = metadata.unknown_containers(&settings.protects);
    if unknown.is_empty() {
        return Ok(());
    }
    let detail = format!("the task has no container {}", unknown.join(", "));
    Err(AwsError::failed(&detail, "correct PROTECTOR_PROTECTS"))
}

fn log_failure(log: Logger, attempt: u32, fault: &AwsError, pause: Duration) {
    log.log(
        Level::Warn,
        "self-check-failed",
        &json!({
            "attempt": attempt,
            "reason": fault.kind,
            "error": fault.detail,
            "hint": fault.hint,
            "retryInSeconds": pause.as_secs(),
        }),
    );
}

/// Says that the sidecar is ready.
pub(crate) fn log_ready(log: Logger, settings: &SidecarSettings, place: &Place, released: bool) {
    log.log(
        Level::Info,
        "ready",
        &json!({
            "instance": place.instance,
            "cluster": place.cluster,
            "region": place.region,
            "service": place.known.service,
            "containerInstance": place.known.container_instance,
            "parameter": place.parameter(&settings.prefix),
            "staleRelease": released,
            "maxHoldSeconds": settings.policy.max_hold.as_secs(),
        }),
    );
}

/// Runs `work` unless `interruption` comes first.
async fn unless<T>(interruption: impl Future<Output = ()>, work: impl Future<Output = T>) -> Option<T> {
    let (mut interruption, mut work) = (pin!(interruption), pin!(work));
    poll_fn(move |context| {
        if interruption.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        work.as_mut().poll(context).map(Some)
    })
    .await
}
