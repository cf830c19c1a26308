//! How an instance goes through the states of its life.
//!
//! All hooks of a transition begin at once, and each is waited for. The first ABANDON ends the waiting: a launch is
//! undone, a termination continues.

use super::activities;
use super::event;
use super::event_kind::{ActionResult, GroupEvent, HookStep};
use super::group::Group;
use super::hook::{Hook, Transition};
use super::instance::{Instance, Wait};
use super::outbox::Outbox;
use super::state::LifecycleState;
use jiff::Timestamp;

/// Launches an instance into the group and gives its id.
pub(super) fn launch(now: Timestamp, group: &mut Group, out: &mut Outbox) -> String {
    let id = out.ids.instance();
    let instance = Instance {
        id: id.clone(),
        number: group.launched,
        zone: group.zone_of(group.launched),
        state: LifecycleState::Pending,
        protected: group.protect_new,
        waits: Vec::new(),
    };
    group.launched += 1;
    group.instances.insert(id.clone(), instance);
    activities::begin(now, group, out, &id, Transition::Launching);
    let cluster = group.cluster().map(str::to_owned);
    out.push(GroupEvent::Launch {
        instance: id.clone(),
        group: group.name.clone(),
        cluster,
    });
    out.state(&group.name, &id, LifecycleState::Pending);
    begin(now, group, out, &id, Transition::Launching);
    id
}

/// Begins the termination of an instance. One whose termination has begun stays as it is.
pub(super) fn terminate(now: Timestamp, group: &mut Group, out: &mut Outbox, id: &str) {
    let Some(instance) = group
        .instances
        .get_mut(id)
        .filter(|instance| !instance.state.is_leaving())
    else {
        return;
    };
    for wait in std::mem::take(&mut instance.waits) {
        out.hook(&group.name, id, &wait.hook, HookStep::Lost);
    }
    enter(now, group, out, id, LifecycleState::Terminating);
    activities::begin(now, group, out, id, Transition::Terminating);
    begin(now, group, out, id, Transition::Terminating);
}

/// An instance no longer exists; its open actions are lost.
pub(super) fn vanish(now: Timestamp, group: &mut Group, out: &mut Outbox, id: &str) {
    let Some(instance) = group.instances.remove(id) else {
        return;
    };
    activities::entered(now, group, id, LifecycleState::Terminated);
    for wait in instance.waits {
        out.hook(&group.name, id, &wait.hook, HookStep::Lost);
    }
    out.state(&group.name, id, LifecycleState::Terminated);
}

/// Terminates an instance at once, without any hook.
pub(super) fn force_out(now: Timestamp, group: &mut Group, out: &mut Outbox, id: &str) {
    vanish(now, group, out, id);
    out.push(GroupEvent::Terminate {
        instance: id.to_owned(),
    });
}

/// An open action of an instance ends; `step` says how.
pub(super) fn resolve(
    now: Timestamp,
    group: &mut Group,
    out: &mut Outbox,
    id: &str,
    hook: &str,
    step: HookStep,
    result: ActionResult,
) {
    let Some(instance) = group.instances.get_mut(id) else {
        return;
    };
    instance.waits.retain(|wait| wait.hook != hook);
    out.hook(&group.name, id, hook, step);
    if result == ActionResult::Abandon {
        for wait in std::mem::take(&mut instance.waits) {
            out.hook(&group.name, id, &wait.hook, HookStep::Skipped);
        }
    }
    match (instance.waits.is_empty(), instance.state, result) {
        (false, ..) => {}
        (true, LifecycleState::PendingWait, ActionResult::Abandon) => terminate(now, group, out, id),
        (true, LifecycleState::PendingWait, ActionResult::Continue) => {
            enter(now, group, out, id, LifecycleState::PendingProceed);
            finish(now, group, out, id, Transition::Launching);
        }
        (true, ..) => {
            enter(now, group, out, id, LifecycleState::TerminatingProceed);
            finish(now, group, out, id, Transition::Terminating);
        }
    }
}

/// A hook is deleted: what still waits for it is complete. The size of the group is the caller's to reconcile.
pub(super) fn hook_deleted(now: Timestamp, group: &mut Group, out: &mut Outbox, hook: &Hook) {
    let result = hook.result_of_deletion();
    let waiting = group
        .instances
        .values()
        .filter(|instance| instance.waits.iter().any(|wait| wait.hook == hook.name));
    let ids: Vec<_> = waiting.map(|instance| instance.id.clone()).collect();
    for id in ids {
        resolve(
            now,
            group,
            out,
            &id,
            &hook.name,
            HookStep::HookDeleted(result),
            result,
        );
    }
}

/// Begins the actions of a transition; without any it is over at once.
fn begin(now: Timestamp, group: &mut Group, out: &mut Outbox, id: &str, transition: Transition) {
    let hooks = group.hooks.values().filter(|hook| hook.transition == transition);
    let actions: Vec<(Wait, _)> = hooks
        .map(|hook| {
            let wait = hook.begin(now, out.ids.uuid());
            let event = event::lifecycle_action(now, group, out, id, hook, &wait.token);
            (wait, event)
        })
        .collect();
    if actions.is_empty() {
        finish(now, group, out, id, transition);
        return;
    }
    enter(now, group, out, id, waiting(transition));
    for (wait, event) in actions {
        out.hook(&group.name, id, &wait.hook, HookStep::Waiting);
        out.push(GroupEvent::Event(event));
        group
            .instances
            .entry(id.to_owned())
            .and_modify(|instance| instance.waits.push(wait));
    }
}

fn finish(now: Timestamp, group: &mut Group, out: &mut Outbox, id: &str, transition: Transition) {
    match transition {
        Transition::Launching => enter(now, group, out, id, LifecycleState::InService),
        Transition::Terminating => force_out(now, group, out, id),
    }
}

fn waiting(transition: Transition) -> LifecycleState {
    match transition {
        Transition::Launching => LifecycleState::PendingWait,
        Transition::Terminating => LifecycleState::TerminatingWait,
    }
}

fn enter(now: Timestamp, group: &mut Group, out: &mut Outbox, id: &str, state: LifecycleState) {
    if let Some(instance) = group.instances.get_mut(id) {
        instance.state = state;
        activities::entered(now, group, id, state);
        out.state(&group.name, id, state);
    }
}
