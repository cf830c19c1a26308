//! What goes out of Auto Scaling, and the ids it hands out.

use super::event_kind::{GroupEvent, HookStep};
use super::state::LifecycleState;
use crate::ids::Ids;

/// Sets these ids apart from those of the rest of the world.
const SALT: u64 = 0x6175_746f_7363_616c;

/// Events that the world has not taken yet, and the source of ids.
#[derive(Debug)]
pub(super) struct Outbox {
    /// Where the groups are.
    pub(super) region: String,
    /// Whose they are.
    pub(super) account: String,
    /// Instances, tokens, events, activities.
    pub(super) ids: Ids,
    events: Vec<GroupEvent>,
}

impl Outbox {
    pub(super) fn new(region: &str, account: &str) -> Outbox {
        Outbox {
            region: region.to_owned(),
            account: account.to_owned(),
            ids: Ids::new(SALT),
            events: Vec::new(),
        }
    }

    /// All that is in it.
    pub(super) fn take(&mut self) -> Vec<GroupEvent> {
        std::mem::take(&mut self.events)
    }

    pub(super) fn push(&mut self, event: GroupEvent) {
        self.events.push(event);
    }

    /// An instance is in a new state.
    pub(super) fn state(&mut self, group: &str, instance: &str, state: LifecycleState) {
        let (instance, group) = (instance.to_owned(), group.to_owned());
        self.push(GroupEvent::LifecycleState {
            instance,
            group,
            state,
        });
    }

    /// Something happened to a lifecycle action.
    pub(super) fn hook(&mut self, group: &str, instance: &str, hook: &str, what: HookStep) {
        let (instance, group, hook) = (instance.to_owned(), group.to_owned(), hook.to_owned());
        self.push(GroupEvent::Hook {
            instance,
            group,
            hook,
            what,
        });
    }
}
