//! Auto Scaling groups as the API shows them.

use std::cmp::Reverse;

use protector_coordinator::aws::api::{ActivityDescription, ScalingDescription};

use crate::model::{Host, HostId, World};

/// `DescribeAutoScalingGroups` takes so many names.
pub(super) const GROUPS_A_CALL: usize = 50;

/// An instance of a group.
pub(super) fn scaling_description(world: &World, host: HostId) -> Option<ScalingDescription> {
    let entry = world.host(host);
    let group = entry.scaling.group.filter(|_| entry.scaling.is_known())?;
    Some(ScalingDescription {
        instance: entry.id.clone(),
        group: world.groups()[group].name.clone(),
        lifecycle_state: entry.scaling.lifecycle_state().to_owned(),
        load_balanced: Some(false),
    })
}

/// The terminations of a group: those that go on come first, and of each kind those that began last.
pub(super) fn activities(world: &World, group: &str) -> Vec<ActivityDescription> {
    let of_group = |host: &&Host| {
        let group_of = host
            .scaling
            .group
            .map(|group| world.groups()[group].name.as_str());
        group_of == Some(group)
    };
    let hosts = world.hosts().iter().filter(of_group);
    let mut found: Vec<_> = hosts
        .filter_map(|host| Some((host.scaling.termination()?, &host.id)))
        .collect();
    found.sort_by_key(|((began, goes_on), _)| (Reverse(*goes_on), Reverse(*began)));
    let activities = found
        .into_iter()
        .map(|((began, goes_on), id)| ActivityDescription {
            description: Some(format!("Terminating EC2 instance: {id}")),
            status: Some(
                if goes_on {
                    "MidTerminatingLifecycleAction"
                } else {
                    "Successful"
                }
                .to_owned(),
            ),
            started_at: Some(crate::wall_clock(began)),
        });
    activities.collect()
}
