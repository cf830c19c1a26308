//! Conditions that the tests did not have.

use super::Draw;
use crate::plain::{WEB, hook};
use crate::scenario::{HOUR, HostSpec, Kind, MINUTE, SECOND, StaleRecord, Stuck, TaskSpec, Trouble, What};

/// What arrives at the function and is not for it.
const FOREIGN: &[&str] = &[
    r#"{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"hello"}}]}"#,
    r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"logs"}"#,
    r#"{"source":"warmup"}"#,
    r#"{"Records":[]}"#,
];

impl Draw {
    pub(super) fn oddities(&mut self) {
        self.other_registrations();
        self.other_machines();
        self.statuses();
        self.hooks();
        self.sidecars();
        self.services();
    }

    fn any_host(&mut self) -> usize {
        self.rng.usize(0..self.scenario.hosts.len())
    }

    fn other_registrations(&mut self) {
        if self.strikes(8, "two-registrations") {
            let host = self.any_host();
            let clusters = self.scenario.clusters.iter().filter(|cluster| !cluster.deleted);
            let clusters = clusters.count();
            let leftover = StaleRecord {
                cluster: self.rng.usize(0..clusters),
                draining: self.rng.bool(),
                phantoms: self.rng.u32(0..3),
                sorts_first: self.rng.bool(),
            };
            self.scenario.hosts[host].stale_records.push(leftover);
        }
        if self.strikes(5, "root-volume-replaced-twice") {
            // Nothing is placed later than ECS may place it, either.
            self.scenario
                .steps
                .retain(|step| !matches!(step.what, What::ScaleIn(0) | What::Place { host: 0, .. }));
            self.step(10 * SECOND, What::ReplaceRootVolume(0));
            let at = 5 * MINUTE + self.below(5 * MINUTE);
            self.step(at, What::ScaleIn(0));
        }
        if self.strikes(5, "agent-data-wiped-in-a-drain") {
            let at = self.below(3 * MINUTE);
            self.step(at, What::WipeAgent(0));
        }
    }

    /// A machine that is not like the others, and goes.
    fn another(&mut self, host: HostSpec, what: fn(usize) -> What) {
        let index = self.scenario.hosts.len();
        self.scenario.hosts.push(host);
        self.step(20 * SECOND, what(index));
    }

    fn other_machines(&mut self) {
        if self.strikes(4, "external-instance-in-the-cluster") {
            let host = HostSpec {
                kind: Kind::External,
                group: None,
                ..self.host()
            };
            self.another(host, What::SetDraining);
        }
        // While its tasks cannot be described either, nothing shows what it is.
        let shown = self.scenario.faults.iter().all(|fault| {
            matches!(
                fault.what,
                Trouble::LoseEvents { .. } | Trouble::DoubleEvents | Trouble::DelayEvents { .. }
            )
        });
        if shown && self.strikes(4, "managed-instances-are-drained") {
            let mut host = HostSpec {
                kind: Kind::Managed,
                group: None,
                ..self.host()
            };
            // Without a task nothing but its capacity provider shows what it is.
            if host.tasks.is_empty() {
                host.tasks.push(TaskSpec::default());
            }
            self.another(host, What::SetDraining);
            if self.strikes(50, "managed-instance-while-providers-are-throttled") {
                let of = Some("DescribeCapacityProviders".to_owned());
                self.fault(0, 2 * MINUTE, 100, Trouble::Throttle { of, by: None });
            }
        }
        if self.strikes(4, "registration-never-active") {
            let host = HostSpec {
                stuck_registration: Some(self.pick(&[Stuck::Registering, Stuck::Failed])),
                ..self.host()
            };
            self.another(host, What::ScaleIn);
        }
        // It is let go only if its group or its hook is named.
        let named = ["AUTO_SCALING_GROUPS", "LIFECYCLE_HOOKS"];
        let named = named
            .iter()
            .any(|name| self.scenario.settings.contains_key(*name));
        if named && self.strikes(3, "unplaced-instance-waits-indefinitely") {
            let host = HostSpec {
                cluster: None,
                tasks: Vec::new(),
                daemons: Vec::new(),
                ..self.host()
            };
            self.another(host, What::ScaleIn);
        }
    }

    fn statuses(&mut self) {
        if self.strikes(6, "host-clock-ahead") {
            let host = self.any_host();
            self.scenario.hosts[host].clock_skew = self.rng.i64(-300_000..300_000);
        }
        if self.strikes(6, "active-again-while-our-hook-waits") {
            let at = self.below(5 * MINUTE);
            self.step(at, What::SetActive(0));
        }
        if self.strikes(5, "second-wait-of-the-same-registration") {
            self.scenario.groups[0].warm_pool = true;
            let at = self.below(8 * MINUTE) + 4 * MINUTE;
            self.step(at, What::BackInService(0));
            self.step(at + 30 * SECOND, What::ScaleIn(0));
        }
    }

    fn hooks(&mut self) {
        if self.strikes(5, "hook-put-again-in-a-drain") {
            let at = self.below(3 * MINUTE);
            self.step(
                at,
                What::PutHook {
                    group: 0,
                    hook: 0,
                    heartbeat: 2 * MINUTE,
                },
            );
        }
        if self.strikes(3, "in-service-again-without-its-hook") {
            let at = self.below(3 * MINUTE);
            self.step(at, What::DeleteHook { group: 0, hook: 0 });
        }
        // Which of its hooks an instance waits at is not listed, so one that comes later counts for all that wait.
        if self.strikes(4, "new-hook-is-not-found") {
            let (at, heartbeat) = (self.below(5 * SECOND), self.time(2 * MINUTE, HOUR));
            let hook = hook("added", heartbeat);
            self.step(at, What::AddHook { group: 0, hook });
            self.name("LIFECYCLE_HOOKS", "added");
        }
    }

    fn sidecars(&mut self) {
        // It may be killed before the drain too.
        if self.strikes(6, "unprotected-daemon-unseen") {
            let at = self.below(3 * MINUTE);
            self.step(at, What::KillSidecar { host: 0, daemon: 0 });
        }
        if self.strikes(4, "sidecar-restarted-after-the-release") {
            let at = self.below(3 * MINUTE);
            self.step(at, What::RestartSidecar { host: 0, daemon: 0 });
        }
        if self.strikes(4, "switch-unread-when-the-record-is-denied") {
            self.scenario.hosts[0].daemons[0].denied = true;
        }
        if self.strikes(4, "wrong-setting-unseen") {
            self.scenario.hosts[0].daemons[0].wrong_setting = true;
        }
        if self.strikes(3, "sidecar-image-cannot-be-pulled") {
            self.scenario.hosts[0].daemons[0].no_image = true;
        }
        if self.strikes(5, "agent-answers-429") {
            let host = self.any_host();
            let (from, ends) = (self.below(3 * MINUTE), self.time(2 * MINUTE, 15 * MINUTE));
            let busy = self.time(30 * SECOND, 10 * MINUTE);
            self.step(from, What::AgentBusy(host));
            self.step(from + busy, What::AgentCalm(host));
            for daemon in &mut self.scenario.hosts[host].daemons {
                daemon.credentials_end = Some(ends);
            }
        }
    }

    fn services(&mut self) {
        if self.strikes(3, "service-made-again-as-a-daemon") {
            let at = self.below(3 * MINUTE);
            self.step(at, What::RemakeService(WEB));
        }
        if self.strikes(4, "foreign-messages-are-malformed") {
            let (at, text) = (self.below(3 * MINUTE), self.pick(FOREIGN));
            self.step(at, What::Foreign(text.to_owned()));
        }
    }
}
