//! The self-check: does everything work that will be needed after SIGTERM?
//!
//! One call, the same as after SIGTERM, proves credentials, permission and network; "not found" is a pass. A failure is
//! said with its mend and tried again at a slow pace. It never takes the daemon down.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use protector_core::wait::{Reading, self_check_pause};
use serde_json::json;
use tokio::time::sleep;

use crate::aws::ssm::Parameters;
use crate::aws::{Aws, Fault};
use crate::chance::chance;
use crate::find;
use crate::place::Place;
use crate::say::{Level, Log};
use crate::settings::Settings;
use crate::signal::Pending;
use crate::task::{self, Told};

/// How the start ended.
pub(crate) enum Started {
    /// The self-check has passed. Was there a record that says released?
    Ready { place: Place, released: bool },
    /// SIGTERM came first. It is still pending; so much was found out.
    Terminated(Option<Place>),
}

/// Repeats the self-check until it passes or SIGTERM is pending.
pub(crate) async fn until_ready(settings: &Settings, log: Log, pending: &Pending) -> Started {
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
        let pause = self_check_pause(&settings.policy, attempt, chance()).unsigned_abs();
        say_failure(log, attempt, &fault, pause);
        if unless(pending.arrives(), sleep(pause)).await.is_none() {
            break;
        }
    }
    Started::Terminated(place)
}

/// One self-check: the place, and whether a release lies there. Leaves the place behind even if the read fails.
async fn check(settings: &Settings, aws: &Aws, place: &mut Option<Place>) -> Result<(Place, bool), Fault> {
    let told = task::ask().await;
    let found = match place.take() {
        Some(found) => found,
        None => find::place_in_time(settings, &told).await?,
    };
    let found = place.insert(found);
    protects_exist(settings, &told)?;
    let names = found.names(&settings.prefix);
    let mut parameters = Parameters::of(found, &settings.prefix);
    let read = parameters.together(aws, &names).await?;
    let texts = found.records(&settings.prefix).texts(&read).unwrap_or_default();
    let released = matches!(found.reading(&texts), Reading::Record(record) if record.is_released());
    Ok((found.clone(), released))
}

/// A name that is misspelt would be waited for in vain, and task metadata must answer for the stop to be seen.
fn protects_exist(settings: &Settings, told: &Told) -> Result<(), Fault> {
    let metadata = match told {
        Told::NoAddress => return Ok(()),
        Told::Refused(detail) | Told::Nothing(detail) => {
            return Err(Fault::failed(detail, "nothing, the agent will answer"));
        }
        Told::Task(metadata) => metadata,
    };
    let strangers = metadata.strangers(&settings.protects);
    if strangers.is_empty() {
        return Ok(());
    }
    let detail = format!("the task has no container {}", strangers.join(", "));
    Err(Fault::failed(&detail, "correct PROTECTOR_PROTECTS"))
}

fn say_failure(log: Log, attempt: u32, fault: &Fault, pause: Duration) {
    log.say(
        Level::Warn,
        "self-check-failed",
        &json!({
            "attempt": attempt,
            "why": fault.trouble,
            "detail": fault.detail,
            "mend": fault.mend,
            "nextTrySeconds": pause.as_secs(),
        }),
    );
}

/// Says that the sidecar is ready.
pub(crate) fn say_ready(log: Log, settings: &Settings, place: &Place, released: bool) {
    log.say(
        Level::Info,
        "ready",
        &json!({
            "instance": place.instance,
            "cluster": place.cluster,
            "region": place.region,
            "service": place.known.service,
            "containerInstance": place.known.container_instance,
            "parameter": place.parameter(&settings.prefix),
            "leftover": released,
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
