//! What loses lines although a daemon is held: queues that end with a container, and routers that are killed while they
//! flush. With or without a sidecar.

use super::bounds::STOP_TIMEOUT_DEFAULT;
use crate::lint::context::about;
use crate::lint::finding::Finding;
use crate::lint::model::{Container, Definition};
use crate::lint::rules::RuleId;

/// Fluent Bit's `Grace`, if its file does not say otherwise, in seconds
/// (<https://docs.fluentbit.io/manual/administration/configuring-fluent-bit/classic-mode/configuration-file>).
const GRACE_SECONDS_DEFAULT: i64 = 5;

/// The option that gives the `fluentd` driver a queue, and its name before Docker 20.10
/// (<https://docs.docker.com/engine/logging/drivers/fluentd/>).
const ASYNC_OPTIONS: [&str; 2] = ["fluentd-async", "fluentd-async-connect"];

/// What Docker takes as true: <https://pkg.go.dev/strconv#ParseBool>.
const TRUE: [&str; 6] = ["true", "TRUE", "True", "t", "T", "1"];

/// The log drivers of all containers, and the stop timeouts of those with Fluent Bit.
pub(super) fn check(definition: &Definition<'_>) -> Vec<Finding> {
    let containers = definition.containers.iter();
    containers
        .flat_map(|container| [asynchronous(container), grace(container)])
        .flatten()
        .collect()
}

fn asynchronous(container: &Container<'_>) -> Option<Finding> {
    let configuration = container.members.object("logConfiguration");
    let driver = configuration.text("logDriver")?;
    let options = configuration.object("options");
    let is_on = |name: &&str| {
        options
            .text(name)
            .is_some_and(|option| TRUE.contains(&option.value))
    };
    let option = ASYNC_OPTIONS.into_iter().find(is_on)?;
    let text = format!(
        "{option} of {} must not be true: the log driver discards its queue when the container ends",
        container.name
    );
    let place = options.place(option)?;
    (driver.value == "fluentd").then(|| about(container, RuleId::AsyncLogs, place, text))
}

fn grace(container: &Container<'_>) -> Option<Finding> {
    let given = container.members.number("stopTimeout");
    let timeout = given.as_ref().map_or(STOP_TIMEOUT_DEFAULT, |given| given.value);
    if !is_fluent_bit(container) || timeout > GRACE_SECONDS_DEFAULT {
        return None;
    }
    let text = format!(
        "stopTimeout of {} ({timeout} s) must be above Fluent Bit's Grace ({GRACE_SECONDS_DEFAULT} s by default), or it is \
         killed while it flushes",
        container.name
    );
    let place = container.members.place("stopTimeout")?;
    Some(about(container, RuleId::RouterGrace, place, text))
}

/// By its image, or as the router of FireLens.
fn is_fluent_bit(container: &Container<'_>) -> bool {
    let is_router = container.members.object("firelensConfiguration").text("type");
    let image = container.members.text("image").map_or("", |image| image.value);
    let path = image.split('@').next().unwrap_or(image);
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.split(':').next().unwrap_or(name);
    name.contains("fluent-bit") || is_router.is_some_and(|router| router.value == "fluentbit")
}
