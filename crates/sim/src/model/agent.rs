//! What happens on machines: the agent, the containers, and the sidecars that delay the daemons' SIGTERM.

use super::daemon::DaemonState;
use super::facts::{Cause, Fact};
use super::host::Host;
use super::ids::{HostId, RegistrationId, TaskId};
use super::lifecycle::Scaling;
use super::status::{InstanceStatus, Process, SidecarState, TaskStatus};
use super::timers::Due;
use super::world::{Guard, GuardAnswer, GuardView, World};
use crate::scenario::{self, Ms, SECOND};

impl World {
    pub(super) fn add_host(&mut self, index: usize) {
        let plan = self.scenario.hosts[index].clone();
        let id = HostId(index as u32);
        self.hosts.push(Host {
            kind: plan.kind,
            id: super::names::machine(id, plan.kind),
            registrations: Vec::new(),
            scaling: Scaling::new(plan.group),
            on: true,
            taken_at: None,
            noticed_at: None,
            agent: true,
            agent_since: 0,
            busy: false,
            clock_skew: plan.clock_skew,
            imds_closed: plan.imds_closed,
        });
        for leftover in &plan.stale_records {
            let sort = if leftover.sorts_first { 1 } else { u32::MAX };
            let registration = self.register(id, leftover.cluster, Some(sort));
            let entry = &mut self.registrations[registration.0 as usize];
            entry.connected = false;
            entry.leftover = true;
            if leftover.draining {
                entry.status = InstanceStatus::Draining;
            }
            for _ in 0..leftover.phantoms {
                let task = self.place(registration, &scenario::TaskSpec::default());
                self.tasks[task.0 as usize].process = Process::Gone;
            }
        }
        let Some(cluster) = plan.cluster else { return };
        let registration = self.register(id, cluster, None);
        if let Some(stuck) = plan.stuck_registration {
            return self.stick(registration, stuck);
        }
        for task in &plan.tasks {
            self.place(registration, task);
        }
        for daemon in &plan.daemons {
            self.start_daemon(registration, daemon, 0);
        }
    }

    pub(super) fn start_daemon(&mut self, registration: RegistrationId, plan: &scenario::Daemon, after: Ms) {
        let name = self.scenario.services[plan.service].name.clone();
        let task = scenario::TaskSpec {
            service: Some(plan.service),
            ..scenario::TaskSpec::default()
        };
        let id = self.add_task(registration, Some(plan.service), format!("service:{name}"), task);
        self.tasks[id.0 as usize].daemon = Some(Box::new(DaemonState::new(plan.clone(), self.now)));
        match after {
            0 => self.sidecar_starts(id),
            _ => self.after(after, Due::SidecarStarts(id)),
        }
    }

    fn set_guard(&mut self, id: TaskId, guard: Option<Box<dyn Guard>>) {
        match guard {
            Some(guard) => drop(self.guards.insert(id, guard)),
            None => drop(self.guards.remove(&id)),
        }
    }

    pub(super) fn sidecar_starts(&mut self, id: TaskId) {
        let now = self.now;
        let makers = self.guard_maker.clone();
        let Some(daemon) = self.daemon_mut(id) else { return };
        if daemon.sidecar != SidecarState::Starts || daemon.daemon_end.is_some() {
            return;
        }
        daemon.life += 1;
        daemon.sidecar = SidecarState::Runs(now);
        daemon.sidecar_started = Some(now);
        let (sidecar, life) = (daemon.plan.sidecar, daemon.life);
        self.set_guard(id, makers(sidecar));
        self.tell(&Fact::SidecarStarted { task: id });
        self.sidecar_checks(id, life);
    }

    /// The sidecar has no SIGTERM yet, and checks itself.
    pub(super) fn sidecar_checks(&mut self, id: TaskId, life: u32) {
        let Some(daemon) = self.daemon_mut(id) else { return };
        if !daemon.is_guarded() || daemon.life != life || daemon.sidecar_term.is_some() {
            return;
        }
        let Some(mut guard) = self.guards.remove(&id) else {
            return;
        };
        let answer = GuardView::new(self, id).and_then(|mut view| guard.check(&mut view));
        self.guards.insert(id, guard);
        match answer {
            Some(GuardAnswer::Sleep(wait)) => self.after(wait.max(1), Due::SidecarChecks(id, life)),
            Some(GuardAnswer::Exit(code, reason)) => self.sidecar_ends(id, code, reason),
            None => {}
        }
    }

    /// ECS has asked the agent to stop the task.
    pub(super) fn agent_stops(&mut self, id: TaskId) {
        let task = self.task(id);
        let registration = self.registration(task.registration);
        if task.process != Process::Runs || !registration.connected || !self.host(task.host).on {
            return;
        }
        let (stop, daemon, status) = (task.plan.stop, task.daemon.is_some(), task.status);
        let task = &mut self.tasks[id.0 as usize];
        task.process = Process::Stops;
        if status < TaskStatus::Stopping {
            task.status = TaskStatus::Stopping;
            self.tell(&Fact::TaskStatus {
                task: id,
                status: TaskStatus::Stopping,
            });
        }
        if daemon {
            self.stop_daemon_task(id);
        } else {
            self.after(stop, Due::ProcessEnds(id));
        }
    }

    /// The agent stops the sidecar first, and the daemon when that has ended (`dependsOn`).
    fn stop_daemon_task(&mut self, id: TaskId) {
        let now = self.now;
        let Some(daemon) = self.daemon_mut(id) else { return };
        if !daemon.is_guarded() {
            daemon.sidecar = match daemon.sidecar {
                SidecarState::Starts => SidecarState::None,
                other => other,
            };
            return self.term_daemon(id);
        }
        daemon.protected = true;
        daemon.sidecar_term = Some(now);
        let (life, kill) = (daemon.life, daemon.plan.sidecar_stop_timeout);
        self.tell(&Fact::SidecarTerm { task: id });
        self.after(kill, Due::SidecarKill(id));
        self.sidecar_looks(id, life);
    }

    /// The sidecar looks, and sleeps or ends.
    pub(super) fn sidecar_looks(&mut self, id: TaskId, life: u32) {
        let Some(daemon) = self.daemon_mut(id) else { return };
        if !daemon.is_guarded() || daemon.life != life {
            return;
        }
        let Some(mut guard) = self.guards.remove(&id) else {
            return self.sidecar_ends(id, 0, "no-guard");
        };
        let answer = match GuardView::new(self, id) {
            Some(mut view) => guard.look(&mut view),
            None => return,
        };
        self.guards.insert(id, guard);
        match answer {
            GuardAnswer::Sleep(wait) => self.after(wait.max(1), Due::SidecarLooks(id, life)),
            GuardAnswer::Exit(code, reason) => self.sidecar_ends(id, code, reason),
        }
    }

    /// A sidecar has ended. After SIGTERM the daemon is next; before it, the agent may start the sidecar again.
    pub(super) fn sidecar_ends(&mut self, id: TaskId, code: i32, reason: &str) {
        let now = self.now;
        let Some(daemon) = self.daemon_mut(id) else { return };
        let SidecarState::Runs(since) = daemon.sidecar else {
            return;
        };
        daemon.sidecar = SidecarState::Exited(now, code);
        let terminated = daemon.sidecar_term.is_some();
        self.set_guard(id, None);
        self.tell(&Fact::SidecarExit {
            task: id,
            code,
            reason,
        });
        if terminated {
            return self.daemon_is_next(id);
        }
        // The agent restarts what has run for `restartAttemptPeriod`, counted from its last start.
        let agent = self.host(self.task(id).host).agent;
        if agent && now - since >= 60 * SECOND {
            if let Some(daemon) = self.daemon_mut(id) {
                daemon.sidecar = SidecarState::Starts;
            }
            let wait = self.between(200, 800);
            self.after(wait, Due::SidecarStarts(id));
        }
    }

    /// The kernel, or the agent after `stopTimeout`, kills a sidecar.
    pub(super) fn sidecar_is_killed(&mut self, id: TaskId) {
        self.sidecar_ends(id, 137, "killed");
    }

    /// The sidecar of a task that stops has ended: the agent continues with the daemon, if it is there.
    pub(super) fn daemon_is_next(&mut self, id: TaskId) {
        let agent = self.host(self.task(id).host).agent;
        let Some(daemon) = self.daemon_mut(id) else { return };
        let ended = matches!(daemon.sidecar, SidecarState::Exited(..));
        if agent && ended && daemon.sidecar_term.is_some() {
            self.term_daemon(id);
        }
    }

    /// A task has ended, and its last lines are in the sockets of the daemons beside it.
    pub(super) fn wrote_last(&mut self, id: TaskId) {
        let now = self.now;
        let registration = self.registration(self.task(id).registration);
        for other in registration.tasks.clone() {
            if let Some(daemon) = self.daemon_mut(other) {
                daemon.reads_until = daemon.reads_until.max(now + daemon.plan.behind);
            }
        }
    }

    fn term_daemon(&mut self, id: TaskId) {
        let now = self.now;
        let Some(daemon) = self.daemon_mut(id) else { return };
        if daemon.daemon_term.is_some() || daemon.daemon_end.is_some() {
            return;
        }
        daemon.daemon_term = Some(now);
        let (flush, kill) = (daemon.plan.flush, daemon.plan.stop_timeout);
        let left = daemon.reads_until.saturating_sub(now);
        self.tell(&Fact::DaemonTerm { task: id });
        if left > 0 {
            self.tell(&Fact::LinesLost { task: id, left });
        }
        if flush <= kill {
            self.after(flush, Due::DaemonEnds(id));
        } else {
            self.after(kill, Due::DaemonKill(id));
        }
    }

    pub(super) fn daemon_ends(&mut self, id: TaskId, killed: bool) {
        let now = self.now;
        let Some(daemon) = self.daemon_mut(id) else { return };
        if daemon.daemon_end.is_some() {
            return;
        }
        daemon.daemon_end = Some(now);
        self.tell(&Fact::DaemonExit { task: id, killed });
        self.process_ends(id);
    }

    pub(super) fn deploy(&mut self, id: TaskId) {
        self.tell_to_stop(id, Cause::Deployment);
        let (registration, plan) = {
            let task = self.task(id);
            (
                task.registration,
                task.daemon.as_ref().map(|daemon| daemon.plan.clone()),
            )
        };
        if let Some(plan) = plan {
            // The next task of the service comes when this one has stopped. If that takes long, there is a gap.
            self.start_daemon(registration, &plan, 60 * SECOND);
        }
    }
}
