//! Hooks of ours may wait for an instance, and Auto Scaling or an event says which.

use jiff::Timestamp;

use crate::ids::{AutoScalingGroupName, LifecycleActionToken, LifecycleHookName};
use crate::record::{Lifecycle, Record};

use super::registrations::Registrations;

/// Whether a hook of ours waits for the instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hook {
    /// No hook of ours is known to wait.
    None,
    /// These do: at least one. A group may have several hooks of ours, and all of them wait at the same time.
    Waiting(Vec<HookAction>),
    /// The one that the record names does not wait any more, according to Auto Scaling.
    Over,
    /// Auto Scaling could not be asked.
    Unknown(String),
}

impl Hook {
    /// One hook waits.
    #[must_use]
    pub fn waiting(action: HookAction) -> Hook {
        Hook::Waiting(vec![action])
    }

    /// Returns whether it takes Auto Scaling to say more: an event names no hook, the record has one of a drain that began
    /// and has not ended, and the instance is ACTIVE again, or takes tasks in a registration that the release does not name. It
    /// may be in service again, or its hook may wait still.
    #[must_use]
    pub fn is_in_question(&self, record: Option<&Record>, instance: Option<&Registrations>) -> bool {
        let began = |record: &Record| {
            record.lifecycle.is_some()
                && record.receipt_at.is_none()
                && (record.draining_confirmed_at.is_some() || record.is_released())
        };
        let came_since =
            |record: &Record, instance: &Registrations| record.is_released() && !instance.is_named_by(record);
        let asks = |(record, instance): (&Record, &Registrations)| {
            began(record) && (instance.is_active() || came_since(record, instance))
        };
        *self == Hook::None && record.zip(instance).is_some_and(asks)
    }

    /// The hooks that wait.
    #[must_use]
    pub fn waits(&self) -> &[HookAction] {
        match self {
            Hook::Waiting(actions) => actions,
            Hook::None | Hook::Over | Hook::Unknown(_) => &[],
        }
    }
}

/// One waiting of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookAction {
    /// The Auto Scaling group.
    pub group: AutoScalingGroupName,
    /// The hook of the group that waits.
    pub hook: LifecycleHookName,
    /// The token, if the event that holds it has arrived.
    pub token: Option<LifecycleActionToken>,
    /// The hook's own `HeartbeatTimeout`, in seconds.
    pub heartbeat_seconds: u32,
    /// Auto Scaling did not report the timeout, and this one is assumed: it paces heartbeats, and sets no limit.
    pub heartbeat_assumed: bool,
    /// When the wait began, as far as it is known.
    pub since: Timestamp,
}

impl From<&Lifecycle> for HookAction {
    /// The wait that a record describes.
    fn from(hook: &Lifecycle) -> HookAction {
        HookAction {
            group: hook.auto_scaling_group_name.clone(),
            hook: hook.lifecycle_hook_name.clone(),
            token: hook.lifecycle_action_token.clone(),
            heartbeat_seconds: hook.heartbeat_seconds,
            heartbeat_assumed: false,
            since: hook.heartbeat_at,
        }
    }
}

impl HookAction {
    /// Returns whether it is the hook that a record keeps as this one, whichever wait of it.
    #[must_use]
    pub fn is_of(&self, lifecycle: &Lifecycle) -> bool {
        (&self.group, &self.hook) == (&lifecycle.auto_scaling_group_name, &lifecycle.lifecycle_hook_name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::registrations::ContainerInstance;
    use crate::testing::{at, holding, released};

    fn registered(status: &str) -> Registrations {
        let instance = ContainerInstance {
            arn: "arn:aws:ecs:eu-west-1:1:container-instance/prod/1"
                .parse()
                .unwrap(),
            status: status.to_owned().into(),
            agent_connected: true,
            tasks: None,
        };
        instance.into()
    }

    #[test]
    fn p4_auto_scaling_is_asked_about_a_hooked_drain_whose_instance_is_active_again() {
        let drains = holding(1);
        let unconfirmed = Record {
            draining_confirmed_at: None,
            ..drains.clone()
        };
        let released_unconfirmed = Record {
            draining_confirmed_at: None,
            ..released(1)
        };
        let unhooked = Record {
            lifecycle: None,
            ..drains.clone()
        };
        let ended = Record {
            receipt_at: Some(at(60)),
            ..released(1)
        };
        let active = registered("ACTIVE");
        let draining = registered("DRAINING");
        let own = crate::testing::registration(1, "DRAINING", None).into();
        let unknown = Hook::Unknown("throttled".to_owned());
        let table = [
            (&Hook::None, Some(&drains), Some(&active), true),
            (&Hook::None, Some(&released(1)), Some(&active), true),
            (&Hook::None, Some(&drains), Some(&draining), false),
            (&Hook::None, Some(&drains), None, false),
            (&Hook::None, None, Some(&active), false),
            (&Hook::None, Some(&unconfirmed), Some(&active), false),
            // Another environment has seen DRAINING, and a shared record has its release.
            (&Hook::None, Some(&released_unconfirmed), Some(&active), true),
            (&Hook::None, Some(&unhooked), Some(&active), false),
            (&Hook::None, Some(&ended), Some(&active), false),
            // A registration has come since, or has not.
            (&Hook::None, Some(&released(1)), Some(&draining), true),
            (&Hook::None, Some(&ended), Some(&draining), false),
            (&Hook::None, Some(&released(1)), Some(&own), false),
            // Auto Scaling was asked.
            (&Hook::Over, Some(&drains), Some(&active), false),
            (&unknown, Some(&drains), Some(&active), false),
        ];
        for (row, (hook, record, instance, asked)) in table.into_iter().enumerate() {
            assert_eq!(hook.is_in_question(record, instance), asked, "row {row}");
        }
    }
}
