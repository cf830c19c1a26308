mod again;
mod completion;
mod elsewhere;
mod evidence;
mod hold;
mod names;
mod policies;
mod properties;
mod release;
mod schedule;
mod steady;
mod waited;

use super::*;
use crate::aws::Scheduling;
use crate::control::KillSwitch;
use crate::ids::InstanceKey;
use crate::observation::{
    ContainerInstance, Hook, HookAction, Observation, Observed, SeenTasks, Stored, Task,
};
use crate::record::ReleaseReason;
use crate::testing::{arn, at, policy, task};
use crate::trigger::{Command, Order};

/// A world for one instance, whose record is written by the plans themselves.
#[derive(Clone)]
struct Bench {
    policy: Policy,
    observation: Observation,
    fleet: Fleet,
    spot: Option<Timestamp>,
    kill_switch: KillSwitch,
}

const TOKEN: &str = "630aa23f-48eb-45e7-aba6-799ea6093a0f";
const OTHER_TOKEN: &str = "730aa23f-48eb-45e7-aba6-799ea6093a0f";

const DRAINED: Verdict = Verdict::Released(ReleaseReason::Drained);
const AT_DEADLINE: Verdict = Verdict::Released(ReleaseReason::Deadline);

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn hook_action(heartbeat_seconds: u32, token: Option<&str>) -> HookAction {
    HookAction {
        group: "ecs-prod".parse().unwrap(),
        hook: "protect-daemons".parse().unwrap(),
        token: token.map(|token| token.parse().unwrap()),
        heartbeat_seconds,
        heartbeat_assumed: false,
        since: at(0),
    }
}

/// A hook that has waited since this second.
fn waits_since(since: i64, heartbeat_seconds: u32, token: Option<&str>) -> Hook {
    Hook::waiting(HookAction {
        since: at(since),
        ..hook_action(heartbeat_seconds, token)
    })
}

fn waits(heartbeat_seconds: u32, token: Option<&str>) -> Hook {
    waits_since(0, heartbeat_seconds, token)
}

fn web(id: u32, status: &str) -> Task {
    task(id, "service:web", status, Scheduling::Replica, &["web"])
}

fn logs(status: &str) -> Task {
    task(
        900,
        "service:logs",
        status,
        Scheduling::Daemon,
        &["fluent-bit", "ecs-daemon-protector"],
    )
}

fn job(id: u32, status: &str) -> Task {
    task(id, "family:job", status, Scheduling::Standalone, &["job"])
}

/// The same task, STOPPED at this second.
fn stopped(seconds: i64, task: Task) -> Task {
    Task {
        last_status: "STOPPED".to_owned().into(),
        stopped_at: Some(at(seconds)),
        ..task
    }
}

/// The order of a person, about the bench's instance.
fn command(order: Order) -> Command {
    let InstanceKey { cluster, instance } = key();
    Command {
        order,
        instance,
        cluster,
        who: "ana".to_owned(),
        why: "ticket 7".to_owned(),
    }
}

fn key() -> InstanceKey {
    InstanceKey {
        cluster: "prod".parse().unwrap(),
        instance: "i-0123456789abcdef0".parse().unwrap(),
    }
}

fn container_instance(life: u32, status: &str, agent_connected: bool) -> ContainerInstance {
    ContainerInstance {
        arn: arn(life),
        status: status.to_owned().into(),
        agent_connected,
        tasks: None,
    }
}

impl Bench {
    /// A hook waits for an ACTIVE instance with one replica task and one protected daemon.
    fn hooked() -> Bench {
        let observation = Observation {
            key: key(),
            at: at(0),
            record: Observed::Absent,
            instance: Observed::Present(container_instance(1, "ACTIVE", true).into()),
            tasks: Observed::Present(vec![web(1, "RUNNING"), logs("RUNNING")]).into(),
            hook: waits(3600, Some(TOKEN)),
            elsewhere: Vec::new(),
        };
        Bench {
            policy: policy(),
            observation,
            fleet: Fleet::default(),
            spot: None,
            kill_switch: KillSwitch::default(),
        }
    }

    /// The same without a hook, set to DRAINING by another actor.
    fn external() -> Bench {
        let mut bench = Bench::hooked();
        bench.observation.hook = Hook::None;
        bench.status("DRAINING");
        bench
    }

    /// A hooked drain that holds: recorded and DRAINING since second 0.
    fn holding() -> Bench {
        let mut bench = Bench::hooked();
        bench.begin(0);
        bench.observation.hook = Hook::None;
        bench
    }

    /// A drain without a hook, that holds since second 0.
    fn external_holding() -> Bench {
        let mut bench = Bench::external();
        bench.step(0);
        bench
    }

    /// The drain of the waiting hook is recorded, and its instance DRAINING.
    fn begin(&mut self, seconds: i64) {
        self.step(seconds);
        self.status("DRAINING");
        self.step(seconds);
    }

    fn status(&mut self, status: &str) {
        self.change(|instance| instance.status = status.to_owned().into());
    }

    /// Changes the present registration.
    fn change(&mut self, change: impl FnOnce(&mut ContainerInstance)) {
        if let Observed::Present(registrations) = &mut self.observation.instance {
            let mut present = registrations.present().clone();
            change(&mut present);
            *registrations = present.into();
        }
    }

    fn tasks(&mut self, tasks: Vec<Task>) {
        self.observation.tasks = Observed::Present(tasks).into();
    }

    fn plan(&mut self, seconds: i64) -> Plan {
        self.plan_with(seconds, None)
    }

    fn plan_with(&mut self, seconds: i64, command: Option<&Command>) -> Plan {
        self.observation.at = at(seconds);
        plan(&self.situation(seconds, command))
    }

    fn situation<'a>(&'a self, seconds: i64, command: Option<&'a Command>) -> Situation<'a> {
        Situation {
            observation: &self.observation,
            policy: &self.policy,
            fleet: self.fleet,
            command,
            spot: self.spot,
            kill_switch: &self.kill_switch,
            heartbeats: HeartbeatSender::Planner,
            calls: 0,
            unrecorded: None,
            now: at(seconds),
        }
    }

    /// Plans, and writes the record as the plan says.
    fn step(&mut self, seconds: i64) -> Plan {
        let plan = self.plan(seconds);
        for action in &plan.actions {
            if let Action::PutRecord(record)
            | Action::PutCount(record)
            | Action::Note(record)
            | Action::Receipt(record) = action
            {
                self.store((**record).clone());
            }
        }
        plan
    }

    /// The same; gives the names of the actions.
    fn done(&mut self, seconds: i64) -> Vec<&'static str> {
        names(&self.step(seconds))
    }

    fn store(&mut self, record: Record) {
        self.observation.record = Observed::Present(Stored {
            record: Ok(record),
            version: 1,
        });
    }

    fn record(&self) -> Record {
        self.observation.record.as_yes().unwrap().record.clone().unwrap()
    }

    /// Changes the record that is stored.
    fn rewrite(&mut self, change: impl FnOnce(&mut Record)) {
        let mut record = self.record();
        change(&mut record);
        self.store(record);
    }
}

/// Returns whether the plan has a warning with this text.
fn warns(plan: &Plan, text: &str) -> bool {
    let mut remarks = plan.remarks.iter();
    remarks.any(|remark| remark.is_warning() && remark.to_string().contains(text))
}

fn names(plan: &Plan) -> Vec<&'static str> {
    plan.actions.iter().map(|action| action.kind().name()).collect()
}
