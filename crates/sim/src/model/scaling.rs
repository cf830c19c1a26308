//! EC2 Auto Scaling: the termination of an instance, and the hooks that delay it.
//!
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html>

use super::errors::CallError;
use super::events;
use super::facts::{Caller, Fact, HookEnd};
use super::ids::HostId;
use super::lifecycle::{Destination, ScalingState, Wait, WaitState};
use super::timers::Due;
use super::world::World;
use crate::scenario::{self, HOUR, Ms, SECOND};

/// A hook waits no longer than this, and no longer than 100 of its heartbeat time-outs.
const GLOBAL_MAX: Ms = 48 * HOUR;

impl World {
    pub(super) fn scale_in(&mut self, host: HostId) {
        let warm = self
            .host(host)
            .scaling
            .group
            .is_some_and(|group| self.groups[group].warm_pool);
        let destination = if warm {
            Destination::WarmPool
        } else {
            Destination::Terminated
        };
        self.leave(host, destination);
    }

    pub(super) fn replace_root_volume(&mut self, host: HostId) {
        self.leave(host, Destination::NewRoot);
    }

    fn leave(&mut self, host: HostId, destination: Destination) {
        let now = self.now;
        let entry = &mut self.hosts[host.0 as usize];
        let Some(group) = entry.scaling.group.filter(|_| entry.on) else {
            return;
        };
        let terminates = destination == Destination::Terminated;
        match entry.scaling.state {
            ScalingState::InService => {}
            // The API reference says how a retained instance is terminated, and not whether its hooks wait once more.
            ScalingState::Retained if terminates => {}
            _ => return,
        }
        entry.scaling.state = ScalingState::Waiting;
        entry.scaling.destination = destination;
        entry.scaling.left_at = now;
        for hook in self.groups[group].hooks.clone() {
            self.begin_wait(host, &hook, now);
        }
        self.proceed_if_free(host);
    }

    fn begin_wait(&mut self, host: HostId, hook: &scenario::HookSpec, now: Ms) {
        let token = self.token();
        let waits = &mut self.hosts[host.0 as usize].scaling.waits;
        let wait = waits.len();
        waits.push(Wait {
            hook: hook.name.clone(),
            ours: hook.foreign_completes.is_none(),
            token,
            since: now,
            deadline: now + hook.heartbeat,
            limit: now + GLOBAL_MAX.min(hook.heartbeat.saturating_mul(100)),
            state: WaitState::Waits,
            abandon: hook.abandon,
        });
        self.tell(&Fact::HookWaits { host, wait });
        self.due(now + hook.heartbeat, Due::HookDeadline(host, wait));
        if let Some(after) = hook.foreign_completes {
            self.due(now + after, Due::ForeignCompletes(host, wait));
        }
        let event = events::hook(self, host, wait);
        self.emit("EC2 Instance-terminate Lifecycle Action", event);
    }

    /// In the form of AWS's tokens.
    fn token(&mut self) -> String {
        let (high, low) = (self.rng.u64(..), self.rng.u64(..));
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }

    pub(super) fn hook_deadline(&mut self, host: HostId, index: usize) {
        let now = self.now;
        let Some(wait) = self
            .host(host)
            .scaling
            .waits
            .get(index)
            .filter(|wait| wait.waits())
        else {
            return;
        };
        let end = wait.deadline.min(wait.limit);
        if end > now {
            return self.due(end, Due::HookDeadline(host, index));
        }
        let how = if wait.limit <= now {
            HookEnd::Limit
        } else {
            HookEnd::RanOut
        };
        let abandon = wait.abandon;
        if abandon {
            self.is_abandoned(host);
        }
        self.end_wait(host, index, how);
        if abandon {
            self.cut_short(host);
        }
    }

    /// A hook has run out with ABANDON: when all hooks are over, a group may retain the instance.
    /// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/configure-instance-retention.html>
    fn is_abandoned(&mut self, host: HostId) {
        let scaling = &mut self.hosts[host.0 as usize].scaling;
        let retains = scaling.group.is_some_and(|group| self.groups[group].retain);
        if retains && scaling.destination == Destination::Terminated {
            scaling.destination = Destination::Retained;
        }
    }

    /// An abandoned hook ends all others.
    fn cut_short(&mut self, host: HostId) {
        for index in 0..self.host(host).scaling.waits.len() {
            if self.host(host).scaling.waits[index].waits() {
                self.end_wait(host, index, HookEnd::CutShort);
            }
        }
    }

    pub(super) fn foreign_completes(&mut self, host: HostId, index: usize) {
        if self.host(host).scaling.waits[index].waits() {
            self.end_wait(host, index, HookEnd::Completed(Caller::Person));
        }
    }

    fn end_wait(&mut self, host: HostId, wait: usize, how: HookEnd) {
        self.hosts[host.0 as usize].scaling.waits[wait].state = WaitState::Over(self.now, how);
        self.tell(&Fact::HookEnds { host, wait, how });
        self.proceed_if_free(host);
    }

    fn proceed_if_free(&mut self, host: HostId) {
        let scaling = &mut self.hosts[host.0 as usize].scaling;
        if scaling.state != ScalingState::Waiting || scaling.waits.iter().any(Wait::waits) {
            return;
        }
        scaling.state = ScalingState::Proceeding;
        let wait = self.between(SECOND, 4 * SECOND);
        self.after(wait, Due::Off(host));
    }

    /// The hooks are over: the machine is terminated, stopped, gets its new root volume, or is retained.
    pub(super) fn goes_off(&mut self, host: HostId) {
        let scaling = &mut self.hosts[host.0 as usize].scaling;
        let destination = scaling.destination;
        scaling.state = match destination {
            Destination::Terminated => ScalingState::Gone,
            Destination::WarmPool => ScalingState::Warmed,
            Destination::NewRoot => ScalingState::Proceeding,
            Destination::Retained => ScalingState::Retained,
        };
        if destination == Destination::Retained {
            return;
        }
        self.power_off(host);
        match destination {
            Destination::Terminated => {
                let wait = self.between(5 * SECOND, 40 * SECOND);
                self.after(wait, Due::Deregister(host));
            }
            Destination::WarmPool | Destination::Retained => {}
            Destination::NewRoot => self.after(40 * SECOND, Due::BackWithNewRoot(host)),
        }
    }

    /// EC2 has taken a machine that was to come back: Auto Scaling no longer lists it.
    pub(super) fn is_lost(&mut self, host: HostId) {
        let scaling = &mut self.hosts[host.0 as usize].scaling;
        if scaling.destination != Destination::Terminated {
            scaling.state = ScalingState::Gone;
        }
    }

    /// Its agent's data was on the old volume: it registers again, and the old registration stays.
    pub(super) fn back_with_new_root(&mut self, host: HostId) {
        self.hosts[host.0 as usize].scaling.state = ScalingState::InService;
        self.power_on(host);
        self.new_registration(host);
    }

    pub(super) fn back_in_service(&mut self, host: HostId) {
        if self.host(host).scaling.state != ScalingState::Warmed {
            return;
        }
        self.hosts[host.0 as usize].scaling.state = ScalingState::InService;
        self.power_on(host);
        self.same_registration(host);
    }

    /// The answer of Auto Scaling for an instance that does not wait.
    fn no_action(host: &str) -> CallError {
        CallError::new(
            "ValidationError",
            format!("No active Lifecycle Action found with instance ID {host}"),
        )
    }

    fn active_wait(&self, host: HostId, hook: &str, token: Option<&str>) -> Option<usize> {
        let waits = &self.hosts.get(host.0 as usize)?.scaling.waits;
        waits.iter().position(|wait| {
            wait.waits() && wait.hook == hook && token.is_none_or(|token| token == wait.token)
        })
    }

    /// `RecordLifecycleActionHeartbeat`: the wait lasts for the hook's present time-out from now on.
    ///
    /// # Errors
    /// Nothing waits.
    pub fn heartbeat(&mut self, host: HostId, hook: &str, token: Option<&str>) -> Result<(), CallError> {
        let wait = self.active_wait(host, hook, token);
        let wait = wait.ok_or_else(|| World::no_action(&format!("{}", host.0)))?;
        let group = self.host(host).scaling.group;
        let hooks = group.map(|group| &self.groups[group].hooks);
        let timeout = hooks.and_then(|hooks| hooks.iter().find(|known| known.name == hook));
        let (timeout, now) = (timeout.map(|hook| hook.heartbeat), self.now);
        let Some(timeout) = timeout else {
            return Err(CallError::new("ValidationError", "Lifecycle hook not found."));
        };
        self.hosts[host.0 as usize].scaling.waits[wait].deadline = now + timeout;
        self.due(now + timeout, Due::HookDeadline(host, wait));
        self.tell(&Fact::Heartbeat { host, wait });
        Ok(())
    }

    /// `CompleteLifecycleAction` with CONTINUE.
    ///
    /// # Errors
    /// Nothing waits.
    pub fn complete(
        &mut self,
        by: Caller,
        host: HostId,
        hook: &str,
        token: Option<&str>,
    ) -> Result<(), CallError> {
        let wait = self.active_wait(host, hook, token);
        let wait = wait.ok_or_else(|| World::no_action(&format!("{}", host.0)))?;
        self.end_wait(host, wait, HookEnd::Completed(by));
        Ok(())
    }

    pub(super) fn put_hook(&mut self, group: usize, hook: usize, heartbeat: Ms) {
        if let Some(hook) = self.groups[group].hooks.get_mut(hook) {
            hook.heartbeat = heartbeat;
        }
    }

    pub(super) fn delete_hook(&mut self, group: usize, hook: usize) {
        if hook >= self.groups[group].hooks.len() {
            return;
        }
        let name = self.groups[group].hooks.remove(hook).name;
        for index in 0..self.hosts.len() {
            let host = HostId(index as u32);
            if self.host(host).scaling.group != Some(group) {
                continue;
            }
            // It is not documented what happens to a wait whose hook is deleted. The model lets the wait go on without
            // a hook.
            let waits = &self.host(host).scaling.waits;
            if let Some(wait) = waits.iter().position(|wait| wait.waits() && wait.hook == name) {
                self.end_wait(host, wait, HookEnd::CutShort);
            }
        }
    }
}
