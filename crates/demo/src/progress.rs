//! Where a run is, read from the journal of its local AWS.

use super::scenario::{APP, ROUTER};
use jiff::Timestamp;
use protector_aws_model::journal::tasks_on;
use protector_aws_model::{ContainerStatus, Entry, InstanceStatus, Outcome, TaskStatus, What};

/// State of a group's instance that waits for its terminate hooks.
const WAITING: &str = "Terminating:Wait";

/// The first instance that is ACTIVE in its cluster.
pub(crate) fn active_instance(journal: &[Entry]) -> Option<String> {
    journal.iter().find_map(|entry| match &entry.what {
        What::InstanceStatus {
            instance,
            status: InstanceStatus::Active,
            ..
        } => Some(instance.clone()),
        _ => None,
    })
}

/// The ARN by which ECS knows `instance`.
pub(crate) fn container_instance_arn(journal: &[Entry], wanted: &str) -> Option<String> {
    journal.iter().find_map(|entry| match &entry.what {
        What::InstanceStatus {
            instance,
            container_instance_arn,
            ..
        } if instance == wanted => Some(container_instance_arn.clone()),
        _ => None,
    })
}

/// How many tasks on `wanted` are RUNNING now.
pub(crate) fn running_on(journal: &[Entry], wanted: &str) -> usize {
    let tasks = tasks_on(journal, wanted).into_values();
    tasks.filter(|(_, status)| *status == TaskStatus::Running).count()
}

/// Returns whether `wanted` had at least one task, and every one of them is STOPPED.
pub(crate) fn all_stopped_on(journal: &[Entry], wanted: &str) -> bool {
    let tasks = tasks_on(journal, wanted);
    !tasks.is_empty() && tasks.values().all(|(_, status)| *status == TaskStatus::Stopped)
}

/// Returns whether `wanted` waits, or has waited, for its terminate hooks.
pub(crate) fn waits_at_hook(journal: &[Entry], wanted: &str) -> bool {
    journal.iter().any(|entry| {
        matches!(&entry.what, What::Lifecycle { instance, state, .. } if instance == wanted && state == WAITING)
    })
}

/// Returns whether `wanted` has left its cluster.
pub(crate) fn is_gone(journal: &[Entry], wanted: &str) -> bool {
    journal.iter().any(|entry| {
        matches!(&entry.what, What::InstanceStatus { instance, status: InstanceStatus::Inactive, .. }
            if instance == wanted)
    })
}

/// When the lifecycle action was completed, the first time.
pub(crate) fn hook_completed(journal: &[Entry]) -> Option<Timestamp> {
    let completed = journal.iter().find(|entry| {
        matches!(&entry.what, What::Call { operation, outcome: Outcome::Ok, .. }
            if operation == "CompleteLifecycleAction")
    });
    completed.map(|entry| entry.at)
}

/// By how many seconds the router outlived the last application; negative if it was gone before. None if one of
/// them is still there.
pub(crate) fn router_outlived(journal: &[Entry]) -> Option<f64> {
    let router = last_end(journal, ROUTER)?;
    let application = last_end(journal, APP)?;
    Some(router.duration_since(application).as_secs_f64())
}

fn last_end(journal: &[Entry], wanted: &str) -> Option<Timestamp> {
    let ends = journal.iter().rev().find(|entry| {
        matches!(&entry.what, What::ContainerStatus { container, status: ContainerStatus::Stopped, .. }
            if container == wanted)
    });
    ends.map(|entry| entry.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protector_aws_model::DesiredStatus;

    fn at(second: i64, what: What) -> Entry {
        Entry {
            at: Timestamp::from_second(second).unwrap(),
            what,
        }
    }

    fn task(second: i64, task: &str, status: TaskStatus) -> Entry {
        let what = What::TaskStatus {
            task_arn: task.to_owned(),
            group: String::new(),
            instance: "i-1".to_owned(),
            status,
            desired: DesiredStatus::Running,
        };
        at(second, what)
    }

    fn stopped(second: i64, container: &str) -> Entry {
        let what = What::ContainerStatus {
            task_arn: String::new(),
            group: String::new(),
            instance: "i-1".to_owned(),
            container: container.to_owned(),
            status: ContainerStatus::Stopped,
            exit_code: Some(0),
        };
        at(second, what)
    }

    #[test]
    fn the_latest_status_of_a_task_counts() {
        let mut journal = vec![
            task(1, "a", TaskStatus::Running),
            task(1, "b", TaskStatus::Running),
        ];
        assert_eq!((running_on(&journal, "i-1"), running_on(&journal, "i-2")), (2, 0));
        journal.push(task(2, "a", TaskStatus::Stopped));
        assert_eq!(running_on(&journal, "i-1"), 1);
        assert!(!all_stopped_on(&journal, "i-1"));
        journal.push(task(3, "b", TaskStatus::Stopped));
        assert!(all_stopped_on(&journal, "i-1"));
        assert!(!all_stopped_on(&journal, "i-2"), "nothing known is not stopped");
    }

    #[test]
    fn the_last_application_is_what_the_router_must_outlive() {
        let early = [stopped(3, ROUTER), stopped(5, APP), stopped(10, APP)];
        assert_eq!(router_outlived(&early), Some(-7.0));
        let late = [stopped(5, APP), stopped(10, APP), stopped(12, ROUTER)];
        assert_eq!(router_outlived(&late), Some(2.0));
        assert_eq!(router_outlived(&late[..2]), None);
    }
}
