//! The steps of the scenario.

use serde_json::json;

use super::events;
use super::facts::{Caller, Fact, HookEnd};
use super::ids::{HostId, RegistrationId, TaskId};
use super::invocation::{Payload, Source};
use super::lifecycle::WaitState;
use super::status::{InstanceStatus, Process, SidecarState};
use super::timers::Due;
use super::world::World;
use crate::scenario::{MINUTE, Ms, SECOND, What};

/// So long after DRAINING a placement that was in progress may still show.
const PLACED_WITHIN: Ms = 15 * SECOND;

/// The name of the kill switch, with the prefix that every simulated deployment has.
pub(crate) const CONTROL: &str = "/ecs-daemon-protector/control";

impl World {
    pub(super) fn step(&mut self, index: usize) {
        self.steps_left -= 1;
        let id = |host: usize| HostId(host as u32);
        match self.scenario.steps[index].what.clone() {
            What::ScaleIn(host) => self.scale_in(id(host)),
            What::SpotNotice(host) => self.notice(id(host), true),
            What::CapacityNotice(host) => self.notice(id(host), false),
            What::SetDraining(host) => self.set_by_hand(id(host), true),
            What::SetActive(host) => self.set_by_hand(id(host), false),
            What::AgentDown(host) => self.agent(id(host), false),
            What::AgentUp(host) => self.agent(id(host), true),
            What::AgentBusy(host) => self.hosts[host].busy = true,
            What::AgentCalm(host) => self.hosts[host].busy = false,
            What::WipeAgent(host) => self.wipe(id(host)),
            What::ReplaceRootVolume(host) => self.replace_root_volume(id(host)),
            What::BackInService(host) => self.back_in_service(id(host)),
            What::Control(text) => match text {
                Some(text) => drop(self.write_parameter(Caller::Person, CONTROL, &text)),
                None => self.delete_parameter(Caller::Person, CONTROL),
            },
            What::Order {
                host,
                command,
                by,
                why,
            } => self.order(id(host), &command, by.as_deref(), &why),
            What::PutHook {
                group,
                hook,
                heartbeat,
            } => self.put_hook(group, hook, heartbeat),
            What::AddHook { group, hook } => self.groups[group].hooks.push(hook),
            What::DeleteHook { group, hook } => self.delete_hook(group, hook),
            What::KillSidecar { host, daemon } => {
                if let Some(task) = self.daemon_task(id(host), daemon) {
                    self.sidecar_is_killed(task);
                }
            }
            What::RestartSidecar { host, daemon } => self.restart_sidecar(id(host), daemon),
            What::Deploy { host, daemon } => {
                if let Some(task) = self.daemon_task(id(host), daemon) {
                    self.deploy(task);
                }
            }
            What::Place { host, task } => {
                if let Some(registration) = self.host(id(host)).present()
                    && self.takes_tasks(registration)
                {
                    self.place(registration, &task);
                }
            }
            What::RemakeService(service) => {
                self.daemon_services[service] = !self.daemon_services[service];
                self.services_created[service] = Some(self.now);
            }
            What::Recycle => self.recycle(),
            What::Foreign(text) => {
                let event = serde_json::from_str(&text).unwrap_or_default();
                self.arrives(Payload {
                    source: Source::Foreign,
                    event,
                });
            }
        }
    }

    /// The last task of one of the machine's daemons.
    fn daemon_task(&self, host: HostId, daemon: usize) -> Option<TaskId> {
        let service = self.scenario.hosts[host.0 as usize].daemons.get(daemon)?.service;
        let registration = self.registration(self.host(host).present()?);
        let tasks = registration.tasks.iter().rev().copied();
        let mut of_service = tasks.filter(|id| self.task(*id).service == Some(service));
        of_service.find(|id| self.task(*id).is_alive())
    }

    fn restart_sidecar(&mut self, host: HostId, daemon: usize) {
        let Some(task) = self.daemon_task(host, daemon) else {
            return;
        };
        self.sidecar_is_killed(task);
        if let Some(daemon) = self.tasks[task.0 as usize].daemon.as_deref_mut()
            && daemon.sidecar_term.is_none()
        {
            daemon.sidecar = SidecarState::Starts;
            self.sidecar_starts(task);
        }
    }

    fn notice(&mut self, host: HostId, spot: bool) {
        let end = self.now + 2 * MINUTE;
        let entry = &mut self.hosts[host.0 as usize];
        if !entry.on || entry.taken_at.is_some() {
            return;
        }
        entry.taken_at = Some(end);
        entry.noticed_at = Some(self.now);
        self.tell(&Fact::Notice { host, end });
        self.due(end, Due::Taken(host));
        if spot {
            let event = events::spot(self, host);
            self.emit("EC2 Spot Instance Interruption Warning", event);
        } else {
            let event = events::reservation(self, host, end);
            self.emit(events::RESERVATION, event);
        }
        let registration = self.host(host).present();
        if let (Some(registration), true) = (registration, self.scenario.aws.spot_instance_draining) {
            let _ = self.set_status(registration, true, Caller::Service);
        }
    }

    pub(super) fn taken(&mut self, host: HostId) {
        if self.host(host).on {
            self.power_off(host);
            self.is_lost(host);
            self.after(20 * SECOND, Due::Deregister(host));
        }
    }

    fn set_by_hand(&mut self, host: HostId, draining: bool) {
        if let Some(registration) = self.host(host).present() {
            let _ = self.set_status(registration, draining, Caller::Person);
        }
    }

    fn agent(&mut self, host: HostId, there: bool) {
        let entry = &mut self.hosts[host.0 as usize];
        if !entry.on || entry.agent == there {
            return;
        }
        (entry.agent, entry.agent_since) = (there, self.now);
        if let Some(registration) = self.host(host).present() {
            self.connect(registration, there);
        }
    }

    /// Returns whether ECS places a task there: on an ACTIVE instance, and on one that has just become DRAINING, since a
    /// placement may have been in progress then.
    fn takes_tasks(&self, registration: RegistrationId) -> bool {
        let registration = self.registration(registration);
        let (_, changed) = registration.before;
        registration.status == InstanceStatus::Active || self.now - changed <= PLACED_WITHIN
    }

    /// The agent's data is lost: the agent kills no container, but it knows none. ECS starts the tasks again elsewhere;
    /// on this machine new tasks come under a new registration.
    fn wipe(&mut self, host: HostId) {
        // What is off has no agent.
        let present = self.host(host).present().filter(|_| self.host(host).on);
        if let Some(old) = present {
            self.forget(old);
            self.new_registration(host);
        }
    }

    /// A registration whose agent does not come back. Its tasks are phantoms from now on.
    fn forget(&mut self, old: RegistrationId) {
        self.connect(old, false);
        self.registrations[old.0 as usize].leftover = true;
        for task in self.registration(old).tasks.clone() {
            self.tasks[task.0 as usize].process = Process::Gone;
            if let Some(daemon) = self.tasks[task.0 as usize].daemon.as_deref_mut() {
                daemon.daemon_end.get_or_insert(0);
                daemon.sidecar = SidecarState::None;
            }
        }
    }

    /// The machine registers again, and gets the tasks of its plan.
    pub(super) fn new_registration(&mut self, host: HostId) {
        let plan = self.scenario.hosts[host.0 as usize].clone();
        if let Some(cluster) = plan.cluster {
            let registration = self.register(host, cluster, None);
            self.fill(registration, &plan);
        }
    }

    /// The machine comes back under its present registration.
    pub(super) fn same_registration(&mut self, host: HostId) {
        let plan = self.scenario.hosts[host.0 as usize].clone();
        let Some(registration) = self.host(host).present() else {
            return;
        };
        let entry = &mut self.registrations[registration.0 as usize];
        entry.before = (entry.status, self.now);
        entry.status = InstanceStatus::Active;
        entry.leftover = false;
        self.connect(registration, true);
        self.tell(&Fact::Instance {
            registration,
            status: InstanceStatus::Active,
            by: Caller::Service,
        });
        self.fill(registration, &plan);
    }

    fn fill(&mut self, registration: RegistrationId, plan: &crate::scenario::HostSpec) {
        self.tell(&Fact::Registered { registration });
        for task in &plan.tasks {
            self.place(registration, task);
        }
        for daemon in &plan.daemons {
            self.start_daemon(registration, daemon, 0);
        }
    }

    /// The machine is off: everything that ran there has ended.
    pub(super) fn power_off(&mut self, host: HostId) {
        if !self.host(host).on {
            return;
        }
        // Watchers see what still runs.
        self.tell(&Fact::Off { host });
        let entry = &mut self.hosts[host.0 as usize];
        (entry.on, entry.agent, entry.agent_since) = (false, false, self.now);
        let waits = entry.scaling.waits.len();
        for wait in 0..waits {
            if self.host(host).scaling.waits[wait].waits() {
                self.hosts[host.0 as usize].scaling.waits[wait].state =
                    WaitState::Over(self.now, HookEnd::CutShort);
            }
        }
        if let Some(registration) = self.host(host).present() {
            self.forget(registration);
        }
    }

    pub(super) fn power_on(&mut self, host: HostId) {
        let entry = &mut self.hosts[host.0 as usize];
        (entry.on, entry.agent, entry.agent_since) = (true, true, self.now);
        entry.taken_at = None;
        entry.noticed_at = None;
        self.tell(&Fact::On { host });
    }

    /// ECS learns that a machine was terminated.
    pub(super) fn deregistered(&mut self, host: HostId) {
        if self.scenario.aws.registrations_linger {
            return;
        }
        for registration in self.host(host).registrations.clone() {
            if !self.registration(registration).leftover || Some(registration) == self.host(host).present() {
                self.deactivate(registration);
            }
        }
    }

    fn order(&mut self, host: HostId, command: &str, by: Option<&str>, why: &str) {
        let entry = self.host(host);
        let Some(registration) = entry.present() else {
            return;
        };
        let cluster = &self.scenario.clusters[self.registration(registration).cluster].name;
        let mut event =
            json!({"command": command, "cluster": cluster, "instance": entry.id, "who": "ana", "why": why});
        if let Some(by) = by {
            event["by"] = json!(by);
        }
        self.tell(&Fact::Ordered { host, command });
        self.arrives(Payload {
            source: Source::Operator(host, command.to_owned()),
            event,
        });
    }
}
