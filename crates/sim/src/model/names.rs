//! Names as AWS gives them. Each carries its number, so that nothing has to be looked up by text.

use super::ids::{HostId, RegistrationId, TaskId};
use crate::scenario::{Kind, Scenario};

/// Region of every world.
pub(crate) const REGION: &str = "eu-west-1";

/// Account of every world.
pub(crate) const ACCOUNT: &str = "123456789012";

/// The machine's id: an EC2 id, or that of an external instance.
pub(crate) fn machine(host: HostId, kind: Kind) -> String {
    match kind {
        Kind::Ec2 | Kind::Managed => format!("i-{:017x}", host.0 + 1),
        Kind::External => format!("mi-{:017x}", host.0 + 1),
    }
}

/// The name of the record of a machine, with the prefix that every simulated deployment has.
pub(crate) fn record_name(scenario: &Scenario, host: usize) -> String {
    let entry = &scenario.hosts[host];
    let cluster = entry
        .cluster
        .map(|cluster| scenario.clusters[cluster].name.as_str());
    let id = machine(HostId(host as u32), entry.kind);
    format!("/ecs-daemon-protector/{}/{id}", cluster.unwrap_or_default())
}

/// A container instance's ARN. `sort` decides its position among others.
pub(crate) fn registration(cluster: &str, sort: u32, id: RegistrationId) -> String {
    format!(
        "arn:aws:ecs:{REGION}:{ACCOUNT}:container-instance/{cluster}/{sort:08x}{:024x}",
        id.0
    )
}

pub(crate) fn task(cluster: &str, sort: u32, id: TaskId) -> String {
    format!(
        "arn:aws:ecs:{REGION}:{ACCOUNT}:task/{cluster}/{sort:08x}{:024x}",
        id.0
    )
}

pub(crate) fn cluster(name: &str) -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{name}")
}

/// The number of a machine.
#[must_use]
pub fn instance_number(id: &str) -> Option<HostId> {
    let (_, number) = id.rsplit_once('-')?;
    Some(HostId(u32::from_str_radix(number, 16).ok()?.checked_sub(1)?))
}

/// The number of a task.
#[must_use]
pub fn task_number(arn: &str) -> Option<TaskId> {
    number(arn).map(TaskId)
}

pub(crate) fn registration_number(arn: &str) -> Option<RegistrationId> {
    number(arn).map(RegistrationId)
}

fn number(arn: &str) -> Option<u32> {
    let hex = arn.get(arn.len().checked_sub(8)?..)?;
    u32::from_str_radix(hex, 16).ok()
}
