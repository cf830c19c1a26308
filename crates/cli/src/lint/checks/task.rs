//! The task around the sidecar: capacity, operating system, network, role, image, log driver.

use crate::lint::context::{Guarded, of_task};
use crate::lint::finding::Finding;
use crate::lint::model::{Definition, Members};
use crate::lint::rules::RuleId;

/// Log drivers that may send to the daemon of the same task.
const DRIVERS_OF_DAEMONS: [&str; 4] = ["fluentd", "syslog", "gelf", "awsfirelens"];

/// Capacity and operating system: with or without a sidecar.
pub(super) fn platform(definition: &Definition<'_>) -> Vec<Finding> {
    let Some(task) = &definition.task else {
        return Vec::new();
    };
    [ec2(definition, task), linux(definition, task)]
        .into_iter()
        .flatten()
        .collect()
}

fn ec2(definition: &Definition<'_>, task: &Members<'_>) -> Option<Finding> {
    let asked = task.texts("requiresCompatibilities");
    let text = "requiresCompatibilities must have EC2: there is no DAEMON service on other capacity that the coordinator drains";
    let lacks = !asked.is_empty() && !asked.iter().any(|kind| kind.value == "EC2");
    lacks.then(|| of_task(definition, RuleId::Ec2, "requiresCompatibilities", text))
}

fn linux(definition: &Definition<'_>, task: &Members<'_>) -> Option<Finding> {
    let system = task.object("runtimePlatform").text("operatingSystemFamily")?;
    let text = format!(
        "the task runs on {}: the sidecar's image is for Linux, and daemons on Windows cannot be protected",
        system.value
    );
    let finding = of_task(definition, RuleId::Linux, "runtimePlatform", text);
    (system.value != "LINUX").then_some(Finding {
        span: system.span,
        ..finding
    })
}

/// Network, role, image and log driver.
pub(super) fn check(guarded: &Guarded<'_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(task) = &guarded.definition.task {
        found.extend(network(guarded, task));
        found.extend(role(guarded, task));
    }
    found.extend(image(guarded));
    found.extend(log_driver(guarded));
    found
}

fn network(guarded: &Guarded<'_, '_>, task: &Members<'_>) -> Option<Finding> {
    let mode = task.text("networkMode").map_or("bridge", |mode| mode.value);
    let identified = guarded.settings.get("INSTANCE_ID").is_some();
    let (rule, text) = match mode {
        "host" => return None,
        "bridge" if identified => return None,
        "bridge" => {
            let text = "bridge mode: the instances need a metadata hop limit of 2, which the definition does not show";
            (RuleId::HopLimit, text.to_owned())
        }
        "none" => {
            let text = "networkMode must be host or bridge: with none the sidecar reaches neither metadata nor Parameter Store";
            (RuleId::InstanceKnown, text.to_owned())
        }
        _ if identified => return None,
        other => {
            let text = format!(
                "networkMode must be host or bridge for the sidecar to find out its instance: with {other} it cannot reach the \
                 instance metadata service"
            );
            (RuleId::InstanceKnown, text)
        }
    };
    Some(of_task(guarded.definition, rule, "networkMode", text))
}

fn role(guarded: &Guarded<'_, '_>, task: &Members<'_>) -> Option<Finding> {
    let has_role = task
        .text("taskRoleArn")
        .is_some_and(|role| !role.value.is_empty());
    // Static keys go before the role, as in every SDK.
    let given = ["environment", "secrets"].map(|member| guarded.sidecar.members.objects(member));
    let has_keys = given.iter().flatten().any(|entry| {
        entry
            .value
            .text("name")
            .is_some_and(|name| name.value == "AWS_ACCESS_KEY_ID")
    });
    let text = "taskRoleArn is missing: the sidecar has no credentials to read its record";
    (!has_role && !has_keys).then(|| of_task(guarded.definition, RuleId::TaskRole, "taskRoleArn", text))
}

fn image(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let image = guarded.sidecar.members.text("image")?;
    if image.value.contains('@') {
        return None;
    }
    let name = image.value.rsplit('/').next().unwrap_or(image.value);
    let text = match name.split_once(':').map(|(_, tag)| tag) {
        None | Some("") => "image has neither tag nor digest, which means latest: name a version".to_owned(),
        Some("latest") => {
            "image must not be latest: it changes under a running fleet; name a version".to_owned()
        }
        Some(tag) => {
            let own = env!("CARGO_PKG_VERSION");
            if generation(tag).is_none_or(|other| Some(other) == generation(own)) {
                return None;
            }
            format!(
                "image is of version {tag}, and this protectorctl of {own}: its rules may not be those of that sidecar"
            )
        }
    };
    Some(guarded.at(RuleId::Image, &image, text))
}

/// What must be equal for two versions to be compatible: the first number, and below 1.0 the second one too. None of a
/// tag that is no version.
fn generation(tag: &str) -> Option<(u64, u64)> {
    let mut parts = tag.trim_start_matches('v').splitn(3, '.');
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next()?.parse().ok()?;
    Some((major, if major == 0 { minor } else { 0 }))
}

fn log_driver(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let driver = guarded
        .sidecar
        .members
        .object("logConfiguration")
        .text("logDriver")?;
    let text = format!(
        "the sidecar's log driver {} may send to the daemon it protects",
        driver.value
    );
    DRIVERS_OF_DAEMONS
        .contains(&driver.value)
        .then(|| guarded.at(RuleId::LogDriver, &driver, text))
}
