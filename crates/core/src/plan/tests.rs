mod again;
mod completion;
mod evidence;
mod hold;
mod names;
mod policies;
mod properties;
mod quiet;
mod release;
mod schedule;
mod waited;

use super::*;
use crate::aws::Scheduling;
use crate::ids::InstanceKey;
use crate::observation::{ContainerInstance, Hook, HookAction, Observation, Observed, Stored, Task};
use crate::record::Record;
use crate::testing::{at, policy, task};
use crate::trigger::Command;

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

fn arn(life: u32) -> ContainerInstanceArn {
    format!("arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/{life:032x}")
        .parse()
        .unwrap()
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

impl Bench {
    /// A hook waits for an ACTIVE instance with one replica task and one protected daemon.
    fn hooked() -> Bench {
        let key = InstanceKey {
            cluster: "prod".parse().unwrap(),
            instance: "i-0123456789abcdef0".parse().unwrap(),
        };
        let instance = ContainerInstance {
            arn: arn(1),
            status: "ACTIVE".to_owned().into(),
            agent_connected: true,
            tasks: None,
        };
        let observation = Observation {
            key,
            at: at(0),
            record: Observed::Absent,
            instance: Observed::Present(instance.into()),
            tasks: Observed::Present(vec![web(1, "RUNNING"), logs("RUNNING")]),
            hook: Hook::waiting(hook_action(3600, Some(TOKEN))),
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
        bench.step(0);
        bench.status("DRAINING");
        bench.step(0);
        bench.observation.hook = Hook::None;
        bench
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
        self.observation.tasks = Observed::Present(tasks);
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

    fn store(&mut self, record: Record) {
        self.observation.record = Observed::Present(Stored {
            record: Ok(record),
            version: 1,
        });
    }

    fn record(&self) -> Record {
        self.observation.record.as_yes().unwrap().record.clone().unwrap()
    }
}

fn names(plan: &Plan) -> Vec<&'static str> {
    plan.actions.iter().map(|action| action.kind().name()).collect()
}
