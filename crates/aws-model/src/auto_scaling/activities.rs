//! The scaling activities of groups: those that go on, then what they have done, each the newest first.
//!
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-verify-scaling-activity.html>

use super::activity::Activity;
use super::group::Group;
use super::hook::Transition;
use super::outbox::Outbox;
use super::state::LifecycleState;
use super::{AutoScaling, no_such_group, pages};
use crate::ApiError;
use crate::params::Params;
use jiff::Timestamp;
use serde_json::Value;

/// A group keeps so many. AWS keeps those of six weeks.
const KEPT: usize = 500;

/// The status of an activity that waits for a terminate hook. The service model has `MidLifecycleAction` for both
/// transitions; users report this one of AWS, so a reader must not depend on either.
const MID_TERMINATING: &str = "MidTerminatingLifecycleAction";

impl AutoScaling {
    /// A page of the activities of all groups, or of one.
    pub(super) fn describe_activities(&self, params: Params<'_>) -> Result<Value, ApiError> {
        let name = params.text("AutoScalingGroupName");
        let ids = params.texts("ActivityIds");
        let groups = self.groups.values();
        let groups = groups.filter(|group| name.is_none_or(|name| group.name == name));
        let mut all: Vec<(String, &Group, &Activity)> = groups
            .flat_map(|group| group.activities.iter().map(move |one| (one.place(), group, one)))
            .filter(|(_, _, one)| ids.is_empty() || ids.contains(&one.id.as_str()))
            .collect();
        all.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        let items = all
            .iter()
            .map(|(place, group, one)| (place.as_str(), || one.view(&group.name, &group.arn)));
        pages::page(params, "Activities", items, pages::GROUPS_MAX)
    }

    /// A launch of a group fails, for the reason `message`.
    ///
    /// # Errors
    /// There is no such group.
    pub fn fail_launch(&mut self, now: Timestamp, group: &str, message: &str) -> Result<(), ApiError> {
        let known = self.groups.get_mut(group).ok_or_else(|| no_such_group(group))?;
        failed_launch(now, known, &mut self.out, message);
        Ok(())
    }
}

/// An instance begins to be launched or terminated.
pub(super) fn begin(now: Timestamp, group: &mut Group, out: &mut Outbox, id: &str, transition: Transition) {
    let (description, what) = match transition {
        Transition::Launching => (
            "Launching a new EC2 instance",
            "was started in response to a difference between desired and actual capacity",
        ),
        Transition::Terminating => (
            "Terminating EC2 instance",
            "was taken out of service in response to a user request",
        ),
    };
    add(
        group,
        Activity {
            id: out.ids.uuid(),
            key: String::new(),
            instance: Some(id.to_owned()),
            zone: group
                .instances
                .get(id)
                .map(|one| one.zone.clone())
                .unwrap_or_default(),
            transition,
            description: format!("{description}: {id}"),
            cause: format!("At {now} instance {id} {what}."),
            start: now,
            end: None,
            status: "InProgress",
            message: None,
        },
    );
}

/// An instance is in a new state: its activity waits for hooks, or has ended.
pub(super) fn entered(now: Timestamp, group: &mut Group, id: &str, state: LifecycleState) {
    let (transition, status, ends) = match state {
        LifecycleState::PendingWait => (Transition::Launching, "MidLifecycleAction", false),
        LifecycleState::InService => (Transition::Launching, "Successful", true),
        LifecycleState::Terminating => return cancel_launch(now, group, id),
        LifecycleState::TerminatingWait => (Transition::Terminating, MID_TERMINATING, false),
        LifecycleState::Terminated => (Transition::Terminating, "Successful", true),
        _ => return,
    };
    if let Some(activity) = open(group, id, transition) {
        activity.status = status;
        activity.end = ends.then_some(now);
    }
}

/// An instance that is terminated before it was in service was never launched successfully.
fn cancel_launch(now: Timestamp, group: &mut Group, id: &str) {
    if let Some(activity) = open(group, id, Transition::Launching) {
        activity.status = "Cancelled";
        activity.end = Some(now);
    }
}

/// A launch fails, for this reason.
fn failed_launch(now: Timestamp, group: &mut Group, out: &mut Outbox, message: &str) {
    add(
        group,
        Activity {
            id: out.ids.uuid(),
            key: String::new(),
            instance: None,
            zone: group.zone_of(group.launched),
            transition: Transition::Launching,
            description: format!("Launching a new EC2 instance.  Status Reason: {message}"),
            cause: format!(
                "At {now} an instance was started in response to a difference between desired and actual capacity."
            ),
            start: now,
            end: Some(now),
            status: "Failed",
            message: Some(message.to_owned()),
        },
    );
}

fn open<'a>(group: &'a mut Group, id: &str, transition: Transition) -> Option<&'a mut Activity> {
    group
        .activities
        .iter_mut()
        .find(|one| one.end.is_none() && one.transition == transition && one.instance.as_deref() == Some(id))
}

fn add(group: &mut Group, activity: Activity) {
    group.acted += 1;
    let key = format!("{}/{:020}", group.name, u64::MAX - group.acted);
    let activity = Activity { key, ..activity };
    group.activities.push_front(activity);
    group.activities.truncate(KEPT);
}
