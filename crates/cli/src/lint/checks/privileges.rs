//! The sidecar needs nothing but the network and a little memory.

use crate::edit::{Change, Json};
use crate::lint::context::Guarded;
use crate::lint::finding::Finding;
use crate::lint::rules::RuleId;
use protector_core::variables::VARIABLE_PREFIX;
use std::ops::RangeInclusive;

/// The sidecar's hard limit of memory, in MiB.
const MEMORY_MIB: RangeInclusive<i64> = 16..=32;

/// User and group of the image.
pub(crate) const USER: &str = "65532:65532";

/// The security option that keeps a program from gaining privileges.
pub(crate) const NO_NEW_PRIVILEGES: &str = "no-new-privileges";

/// The hard limit that is written, in MiB.
pub(crate) const MEMORY_WRITTEN: i64 = 32;

/// Memory and privileges.
pub(super) fn check(guarded: &Guarded<'_, '_>) -> Vec<Finding> {
    let rules: [fn(&Guarded<'_, '_>) -> Option<Finding>; 7] = [
        memory,
        user,
        privileged,
        root_filesystem,
        dropped,
        added,
        new_privileges,
    ];
    rules.iter().filter_map(|rule| rule(guarded)).collect()
}

fn finding(guarded: &Guarded<'_, '_>, rule: RuleId, member: &[&str], text: &str, value: Json) -> Finding {
    let path = guarded.sidecar.members.path.members(member);
    guarded
        .member(rule, member, text)
        .fixed_by(Change::Set(path, value))
}

fn memory(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let limit = guarded
        .sidecar
        .members
        .number("memory")
        .map(|memory| memory.value);
    let is_good = limit.is_some_and(|limit| MEMORY_MIB.contains(&limit));
    let value = Json::Number(MEMORY_WRITTEN);
    (!is_good).then(|| {
        finding(
            guarded,
            RuleId::Memory,
            &["memory"],
            "memory should be 16 to 32 MiB",
            value,
        )
    })
}

fn user(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let user = guarded.sidecar.members.text("user").map_or("", |user| user.value);
    let name = user.split(':').next().unwrap_or_default();
    let is_root = name.is_empty() || name == "root" || name.bytes().all(|digit| digit == b'0');
    let text = "user must not be root (the image has 65532)";
    is_root.then(|| finding(guarded, RuleId::Privileges, &["user"], text, USER.into()))
}

fn privileged(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let flag = guarded.sidecar.members.flag("privileged")?;
    let text = "privileged must not be true: the sidecar needs nothing of the host";
    flag.value.then(|| {
        finding(
            guarded,
            RuleId::Privileges,
            &["privileged"],
            text,
            Json::Flag(false),
        )
    })
}

fn root_filesystem(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let flag = guarded.sidecar.members.flag("readonlyRootFilesystem");
    let text = "readonlyRootFilesystem must be true";
    let rule = RuleId::Privileges;
    let is_good = flag.is_some_and(|flag| flag.value);
    (!is_good).then(|| finding(guarded, rule, &["readonlyRootFilesystem"], text, Json::Flag(true)))
}

const DROP: [&str; 3] = ["linuxParameters", "capabilities", "drop"];
const ADD: [&str; 3] = ["linuxParameters", "capabilities", "add"];

fn dropped(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let capabilities = guarded
        .sidecar
        .members
        .object("linuxParameters")
        .object("capabilities");
    let drops_all = capabilities.texts("drop").iter().any(|name| name.value == "ALL");
    let path = guarded.sidecar.members.path.members(&DROP);
    let text = "linuxParameters.capabilities.drop must have ALL";
    let finding = guarded.member(RuleId::Privileges, &DROP, text);
    (!drops_all).then(|| finding.fixed_by(Change::Append(path, "ALL".into())))
}

fn added(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let capabilities = guarded
        .sidecar
        .members
        .object("linuxParameters")
        .object("capabilities");
    let path = guarded.sidecar.members.path.members(&ADD);
    let text = "linuxParameters.capabilities.add must be empty: the sidecar needs no capability";
    let finding = guarded.member(RuleId::Privileges, &ADD, text);
    (!capabilities.texts("add").is_empty()).then(|| finding.fixed_by(Change::Remove(path)))
}

fn new_privileges(guarded: &Guarded<'_, '_>) -> Option<Finding> {
    let options = guarded.sidecar.members.texts("dockerSecurityOptions");
    let is_good = options.iter().any(|option| {
        let (name, value) = option.value.split_once(':').unwrap_or((option.value, "true"));
        name == NO_NEW_PRIVILEGES && value == "true"
    });
    let path = guarded.sidecar.members.path.member("dockerSecurityOptions");
    let text = "dockerSecurityOptions must have no-new-privileges";
    let finding = guarded.member(RuleId::Privileges, &["dockerSecurityOptions"], text);
    (!is_good).then(|| finding.fixed_by(Change::Append(path, NO_NEW_PRIVILEGES.into())))
}

/// Ports, mounts and secrets.
pub(super) fn needs_nothing(guarded: &Guarded<'_, '_>) -> Vec<Finding> {
    let members = &guarded.sidecar.members;
    let lists = ["portMappings", "mountPoints", "volumesFrom"];
    let mut found: Vec<Finding> = lists
        .into_iter()
        .filter(|name| !members.objects(name).is_empty())
        .map(|name| {
            let text = format!("the sidecar needs no {name}");
            let change = Change::Remove(members.path.member(name));
            guarded
                .member(RuleId::NeedsNothing, &[name], text)
                .fixed_by(change)
        })
        .collect();
    found.extend(members.objects("secrets").into_iter().filter_map(|secret| {
        let name = secret.value.text("name").map_or("", |name| name.value);
        let is_setting = name.starts_with(VARIABLE_PREFIX) || name.starts_with("AWS_");
        let text = format!("the sidecar needs no secret {name}");
        let change = Change::Remove(secret.path.clone());
        (!is_setting).then(|| guarded.at(RuleId::NeedsNothing, &secret, text).fixed_by(change))
    }));
    found
}
