//! A crash of the sidecar must end neither the daemon nor the protection.

use crate::edit::{Change, Json};
use crate::lint::context::Guarded;
use crate::lint::finding::Finding;
use crate::lint::model::Container;
use crate::lint::rules::RuleId;

/// The least `restartAttemptPeriod` that ECS takes, in seconds:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerRestartPolicy.html>
pub(crate) const RESTART_PERIOD_SECONDS: i64 = 60;

/// The sidecar's health check.
pub(crate) const HEALTH_CHECK: [&str; 3] = ["CMD", "/ecs-daemon-protector", "check"];

/// Essential or not, restarted, and its health.
pub(super) fn check(guarded: &Guarded<'_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(essential(guarded));
    found.extend(restart(guarded));
    found.extend(daemon(guarded));
    found.extend(health(guarded));
    found
}

fn essential(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let text = "essential must be false, or a crash of the sidecar takes the daemon down";
    let path = guarded.sidecar.members.path.member("essential");
    let finding = guarded.member(RuleId::NotEssential, &["essential"], text);
    guarded
        .sidecar
        .is_essential()
        .then(|| finding.fixed_by(Change::Set(path, Json::Flag(false))))
}

fn restart(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let policy = guarded.sidecar.members.object("restartPolicy");
    if policy.flag("enabled").is_none_or(|enabled| !enabled.value) {
        let text = "restartPolicy must be enabled, or a crash of the sidecar ends the protection in silence";
        let finding = guarded.member(RuleId::RestartPolicy, &["restartPolicy"], text);
        return Some(finding.fixed_by(Change::Set(policy.path.member("enabled"), Json::Flag(true))));
    }
    let period = policy.number("restartAttemptPeriod").map(|period| period.value);
    let text = format!(
        "restartPolicy.restartAttemptPeriod must be {RESTART_PERIOD_SECONDS}: a sidecar that ends sooner after its start is \
         never restarted, and without a value ECS takes 300 s"
    );
    let finding = guarded.member(
        RuleId::RestartPeriod,
        &["restartPolicy", "restartAttemptPeriod"],
        text,
    );
    let change = Change::Set(
        policy.path.member("restartAttemptPeriod"),
        Json::Number(RESTART_PERIOD_SECONDS),
    );
    (period != Some(RESTART_PERIOD_SECONDS)).then(|| finding.fixed_by(change))
}

fn daemon(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let protected = guarded.protected();
    let none = !protected
        .iter()
        .any(|container: &&Container<'_>| container.is_essential());
    none.then(|| {
        let text = "no protected container is essential: the task would outlive its daemon";
        guarded.missing(RuleId::DaemonEssential, &["name"], text)
    })
}

fn health(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let check = guarded.sidecar.members.object("healthCheck");
    let command: Vec<&str> = check.texts("command").iter().map(|word| word.value).collect();
    if command == HEALTH_CHECK {
        return None;
    }
    let text = "healthCheck must be [\"CMD\", \"/ecs-daemon-protector\", \"check\"]: the image has no shell";
    let is_there = guarded.sidecar.members.place("healthCheck").is_some();
    let (member, change): (&[&str], _) = match is_there {
        true => {
            let command = Change::Set(check.path.member("command"), Json::texts(HEALTH_CHECK));
            (&["healthCheck", "command"], command)
        }
        false => (&["healthCheck"], Change::Set(check.path, health_check())),
    };
    Some(guarded.member(RuleId::HealthCheck, member, text).fixed_by(change))
}

/// The whole health check, as the examples have it.
pub(crate) fn health_check() -> Json {
    Json::object([
        ("command", Json::texts(HEALTH_CHECK)),
        ("interval", Json::Number(60)),
        ("timeout", Json::Number(5)),
        ("retries", Json::Number(3)),
        ("startPeriod", Json::Number(30)),
    ])
}
