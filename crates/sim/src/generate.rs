//! Worlds drawn from a seed: machines, settings, what happens, and what goes wrong.

use crate::judge::{Expectations, Rule};
use crate::plain::{HOOK, LOGS, MESH, WEB, daemon, hook, plain, step};
use crate::scenario::{
    CallerKind, Cluster, DaemonStop, FaultSpec, HOUR, HostSpec, Kind, MINUTE, Ms, SECOND, Scenario,
    StaleRecord, Step, Stuck, TaskSpec, Trouble, What,
};
use crate::worlds;

/// A world, and the named faults whose condition it may meet.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The world.
    pub scenario: Scenario,
    /// Names of [`crate::worlds`].
    pub known: Vec<&'static str>,
    /// The range from which it was drawn.
    pub range: Range,
}

/// A batch waits for a settle window that is no longer than this, as the limit `settle-longer-than-a-batch-waits` says.
const LONGEST_SETTLE: Ms = 25 * SECOND;

/// A settle window that is no longer than this delays no other instance, as the limits `long-settle-delays-a-hold` and
/// `long-settle-delays-a-release` say.
const DEFAULT_SETTLE: Ms = 10 * SECOND;

/// Which worlds are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Only worlds in which no open fault is known.
    Sound,
    /// Everything.
    Wild,
    /// What is sound, and the condition of this known fault.
    With(&'static str),
}

/// The world of a seed.
#[must_use]
pub fn random(seed: u64, range: Range) -> Drawn {
    let mut draw = Draw {
        rng: fastrand::Rng::with_seed(seed),
        scenario: plain(seed),
        range,
        known: Vec::new(),
    };
    draw.settings();
    draw.deployment();
    draw.hosts();
    draw.departures();
    draw.trouble();
    draw.bounds();
    draw.oddities();
    Drawn {
        scenario: draw.scenario,
        known: draw.known,
        range,
    }
}

struct Draw {
    rng: fastrand::Rng,
    scenario: Scenario,
    range: Range,
    known: Vec<&'static str>,
}

impl Draw {
    /// In so many of a hundred worlds.
    fn percent(&mut self, percent: u32) -> bool {
        self.rng.u32(0..100) < percent
    }

    /// Whether the condition of this known fault may be met. If so, the fault is noted.
    fn may(&mut self, known: &'static str) -> bool {
        let may = match self.range {
            Range::Sound => false,
            Range::Wild => true,
            Range::With(only) => only == known,
        };
        if may && !self.known.contains(&known) {
            self.known.push(known);
        }
        may
    }

    /// True in so many of a hundred worlds where the fault may occur; always true if the range asks for this fault.
    fn wild(&mut self, percent: u32, known: &'static str) -> bool {
        let strikes = self.percent(percent) || self.range == Range::With(known);
        strikes && self.may(known)
    }

    /// A time between the two, small ones more often.
    fn time(&mut self, from: Ms, to: Ms) -> Ms {
        let (low, high) = ((from as f64).ln(), (to as f64).ln());
        (low + self.rng.f64() * (high - low)).exp() as Ms / SECOND * SECOND
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(0..of.len())].clone()
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.scenario.settings.insert(name.to_owned(), value.into());
    }

    fn step(&mut self, at: Ms, what: What) {
        self.scenario.steps.push(step(at, what));
    }

    fn fault(&mut self, from: Ms, to: Ms, percent: u32, what: Trouble) {
        self.scenario.faults.push(FaultSpec {
            from,
            to,
            percent,
            what,
            ..FaultSpec::default()
        });
    }

    /// Settings that validation accepts.
    fn settings(&mut self) {
        // A tick may come so late after a deadline that the sidecars have given up, or that all tasks have ended.
        let late = self.may("sidecar-gives-up-before-a-late-release");
        let max_drain = match self.may("tasks-that-ended-before-the-deadline") || late {
            true => self.time(2 * MINUTE, 2 * HOUR),
            false => 40 * MINUTE,
        };
        let daemon_stop = self.time(30 * SECOND, 3 * MINUTE);
        // A run waits for the end of a settle window of 20 s.
        let longest = match self.may("settle-longer-than-a-run-waits") {
            true => 45 * SECOND,
            false => 20 * SECOND,
        };
        let settle = self.time(SECOND, longest).max(SECOND);
        let tiers = self.percent(25);
        self.set("MAX_DRAIN", seconds(max_drain));
        self.set("DAEMON_STOP", seconds(daemon_stop));
        self.set("SETTLE", seconds(settle));
        if tiers {
            self.set("DAEMON_TIERS", "mesh | logs");
        }
        if self.percent(30) {
            let lost = self.time(2 * MINUTE, 20 * MINUTE);
            if lost < max_drain {
                self.set("AGENT_LOST", seconds(lost));
            }
        }
        if self.percent(10) {
            self.set("ON_DEADLINE", "hold");
        }
        let standalone = self.pick(&["wait", "wait", "wait", "ignore", "stop"]);
        self.set("STANDALONE_TASKS", standalone);
        if self.percent(15) {
            let after = self.time(MINUTE, max_drain.max(2 * MINUTE));
            if after < max_drain {
                self.set("STOP_TASKS_AFTER", seconds(after));
            }
        }
        if self.percent(10) {
            self.set("IGNORE_GROUPS", "family:noise");
        }
        if self.percent(3) {
            self.set("DRY_RUN", "true");
        }
    }

    /// The sidecars hold longer than any drain, unless that is what goes wrong.
    fn bounds(&mut self) {
        let ordered = |step: &Step| matches!(step.what, What::Order { .. });
        let for_long =
            self.scenario.settings.contains_key("ON_DEADLINE") || self.scenario.steps.iter().any(ordered);
        let collide = self.wild(5, "default-bounds-collide");
        let hold = match (collide, for_long) {
            (true, _) => self
                .scenario
                .settings
                .get("MAX_DRAIN")
                .cloned()
                .unwrap_or_default(),
            (_, true) => "48h".to_owned(),
            _ => "3h".to_owned(),
        };
        self.scenario.sidecar.insert("MAX_HOLD".to_owned(), hold);
    }

    fn deployment(&mut self) {
        // Two environments that look at the same moment may overwrite each other's record.
        self.scenario.function.environments = match self.may("release-overwritten-by-a-count") {
            true => self.pick(&[1, 2, 3, 10, 50]),
            false => 1,
        };
        self.scenario.function.first_tick = self.rng.u64(SECOND..MINUTE);
        self.scenario.aws.daemon_stop = self.pick(&[
            DaemonStop::AtOnce,
            DaemonStop::WhenNoneRuns,
            DaemonStop::WhenAllStopped,
        ]);
        self.scenario.aws.page = self.pick(&[100, 100, 100, 10, 2]);
        self.scenario.aws.event_delay_max = self.pick(&[200, SECOND, 3 * SECOND]);
        let heartbeat = self.time(2 * MINUTE, HOUR);
        self.scenario.groups[0].hooks[0].heartbeat = heartbeat;
        self.scenario.groups[0].hooks[0].abandon = self.percent(20);
        if self.percent(20) {
            let mut foreign = hook("ecs-managed-draining-termination-hook", HOUR);
            foreign.foreign_completes = Some(self.time(10 * SECOND, 20 * MINUTE));
            self.scenario.groups[0].hooks.push(foreign);
        }
        if self.wild(5, "two-hooks-of-ours") {
            let second = hook("second", 30 * MINUTE);
            self.scenario.groups[0].hooks.push(second);
            self.set("LIFECYCLE_HOOKS", format!("{HOOK},second"));
        }
        // Every drain is over by then.
        self.scenario.limit = 8 * HOUR;
        if self.percent(5) {
            self.scenario.tail = 75 * MINUTE;
        }
    }

    fn hosts(&mut self) {
        let count = match self.rng.u32(0..100) {
            0..70 => 1,
            70..95 => self.rng.usize(2..5),
            _ if self.may("each-environment-has-its-own-pace") => self.rng.usize(5..40),
            _ => 2,
        };
        let longest = 8 * SECOND;
        let settle = self
            .scenario
            .settings
            .get("SETTLE")
            .and_then(|text| text.strip_suffix('s'));
        let long = settle
            .and_then(|text| text.parse::<Ms>().ok())
            .is_some_and(|settle| settle * SECOND > longest);
        if count > 1 && !self.may("one-settle-window-delays-the-others") && long {
            self.set("SETTLE", seconds(longest));
        }
        if count > 1 && self.may("five-at-once-wait-for-the-tick") {
            self.scenario.function.environments = self.pick(&[1, 2, 3, 10, 50]);
        }
        for _ in 0..count {
            let host = self.host();
            self.scenario.hosts.push(host);
        }
    }

    fn host(&mut self) -> HostSpec {
        let tasks = (0..self.rng.usize(0..7)).map(|_| self.task()).collect();
        let services: &[usize] = match self.rng.u32(0..3) {
            0 => &[LOGS, MESH],
            _ => &[LOGS],
        };
        let daemons = services
            .iter()
            .map(|service| {
                let mut daemon = daemon(*service);
                daemon.sidecar_stop_timeout = 70 * HOUR;
                daemon.flush = self.time(SECOND, 10 * SECOND);
                daemon.knows_registration = self.percent(70);
                daemon
            })
            .collect();
        HostSpec {
            group: Some(0),
            cluster: Some(0),
            tasks,
            daemons,
            imds_closed: self.percent(10),
            ..HostSpec::default()
        }
    }

    fn task(&mut self) -> TaskSpec {
        let stop = self.time(SECOND, MINUTE);
        match self.rng.u32(0..100) {
            0..75 => TaskSpec {
                service: Some(WEB),
                stop,
                notified: self.percent(10).then(|| self.time(10 * SECOND, 4 * MINUTE)),
                ..TaskSpec::default()
            },
            75..95 => TaskSpec {
                service: None,
                group: Some(self.pick(&["family:job", "family:noise", "batch"]).to_owned()),
                stop,
                ends: Some(self.time(30 * SECOND, 20 * MINUTE)),
                ..TaskSpec::default()
            },
            // No one ever stops this task.
            _ if self.may("sidecar-gives-up-before-a-late-release") => TaskSpec {
                service: Some(WEB),
                stop,
                stays: true,
                ..TaskSpec::default()
            },
            _ => TaskSpec::default(),
        }
    }

    /// Why the machines go.
    fn departures(&mut self) {
        for host in 0..self.scenario.hosts.len() {
            let at = self.rng.u64(5 * SECOND..90 * SECOND);
            match self.rng.u32(0..100) {
                0..75 => self.step(at, What::ScaleIn(host)),
                75..82 => {
                    self.step(at, What::SetDraining(host));
                    let later = at + self.rng_time(3 * MINUTE);
                    self.step(later, What::ScaleIn(host));
                }
                82..90 if self.may("tasks-that-ended-before-the-deadline") => {
                    let tiers = self.scenario.settings.contains_key("DAEMON_TIERS");
                    if !tiers || self.may("spot-with-tiers") {
                        // The tick that waits for the notice's deadline keeps its environment meanwhile, too.
                        self.may("one-settle-window-delays-the-others");
                        self.step(at, What::SpotNotice(host));
                    }
                }
                90..96 => {
                    self.step(at, What::Deploy { host, daemon: 0 });
                    self.step(at + 3 * MINUTE, What::ScaleIn(host));
                }
                _ if self.may("ended-drains-cost-every-tick") => self.step(at, What::SetDraining(host)),
                _ => self.step(at, What::ScaleIn(host)),
            }
            self.incidents(host, at);
        }
    }

    fn rng_time(&mut self, max: Ms) -> Ms {
        self.rng.u64(SECOND..max)
    }

    fn incidents(&mut self, host: usize, at: Ms) {
        let during = at + self.rng_time(3 * MINUTE);
        if self.percent(8) {
            let away = self.rng_time(90 * SECOND);
            self.step(during, What::AgentDown(host));
            self.step(during + away, What::AgentUp(host));
        }
        let ruled = |step: &Step| matches!(step.what, What::Control(_));
        let dry = self.scenario.settings.contains_key("DRY_RUN");
        let ruled = self.scenario.steps.iter().any(ruled) || dry;
        if self.percent(6) && (!ruled || self.may("order-answered-while-observing")) {
            let command = self.pick(&["release", "hold", "extend"]).to_owned();
            let by = (command == "extend").then(|| "10m".to_owned());
            self.step(
                during,
                What::Order {
                    host,
                    command,
                    by,
                    why: "ticket 7".to_owned(),
                },
            );
        }
        if self.percent(4) {
            self.step(
                at.saturating_sub(rngless(at)),
                What::Place {
                    host,
                    task: TaskSpec {
                        stop: 10 * SECOND,
                        ..TaskSpec::default()
                    },
                },
            );
        }
        if self.percent(3) {
            self.step(during, What::Recycle);
        }
        if self.percent(3) {
            let ordered = |step: &Step| matches!(step.what, What::Order { .. });
            let modes: &[&str] = match self.scenario.steps.iter().any(ordered) {
                true if !self.may("order-answered-while-observing") => &["release-all"],
                _ => &["release-all", "observe"],
            };
            let mode = self.pick(modes);
            self.step(during, What::Control(Some(format!("{{\"mode\":\"{mode}\"}}"))));
            if mode == "observe" {
                self.step(during + 2 * MINUTE, What::Control(None));
            }
        }
    }

    /// What goes wrong with AWS, for a while.
    fn trouble(&mut self) {
        let by_hand = |step: &Step| matches!(step.what, What::SetDraining(_));
        if self.scenario.steps.iter().any(by_hand) && !self.may("lost-event-of-a-drain-by-hand") {
            return;
        }
        for _ in 0..self.rng.u32(0..4) {
            let from = self.rng.u64(0..3 * MINUTE);
            let to = from + self.time(5 * SECOND, 5 * MINUTE);
            let operation = self.pick(&[
                None,
                Some("GetParameters"),
                Some("PutParameter"),
                Some("DescribeTasks"),
                Some("ListTasks"),
                Some("DescribeContainerInstances"),
                Some("CompleteLifecycleAction"),
                Some("RecordLifecycleActionHeartbeat"),
                Some("DescribeLifecycleHooks"),
                Some("GetParametersByPath"),
                Some("DescribeAutoScalingGroups"),
            ]);
            let of = operation.map(str::to_owned);
            let by = Some(CallerKind::Coordinator);
            let percent = self.pick(&[5, 20, 60, 100]);
            let what = match self.rng.u32(0..10) {
                0 | 1 => Trouble::Throttle { of, by },
                2 => Trouble::Fail { of, by },
                3 => {
                    let of = match of {
                        // The SDK's own retry of a write may come after another writer's.
                        None => Some("ListTasks".to_owned()),
                        Some(put) if put == "PutParameter" && !self.may("late-retry-of-a-write") => {
                            Some("DescribeTasks".to_owned())
                        }
                        other => other,
                    };
                    Trouble::LoseAnswer { of }
                }
                4 => Trouble::DoubleEvents,
                5 => Trouble::DelayEvents {
                    max: 30 * SECOND,
                    of: None,
                },
                6 if self.may("stale-status-twice-cancels") => Trouble::StaleInstance,
                7 => Trouble::MissingTask,
                8 => Trouble::TornListing,
                _ => Trouble::Throttle {
                    of: None,
                    by: Some(CallerKind::Sidecar),
                },
            };
            self.fault(from, to, percent, what);
        }
        if self.percent(15) {
            let percent = self.pick(&[20, 60, 100]);
            // A drain that another actor began is not held if its one event is lost.
            let by_hand = self
                .scenario
                .steps
                .iter()
                .any(|step| matches!(step.what, What::SetDraining(_)));
            if !by_hand || self.wild(100, "lost-event-of-a-drain-by-hand") {
                self.fault(0, HOUR, percent, Trouble::LoseEvents { of: None });
            }
        }
        if self.wild(10, "one-stale-not-found") {
            self.fault(0, 10 * MINUTE, 3, Trouble::Crash);
        }
        if self.wild(10, "one-stale-not-found") {
            self.fault(0, 10 * MINUTE, 5, Trouble::ParameterNotFound);
        }
        if self.wild(10, "one-stale-not-found") {
            self.fault(0, 10 * MINUTE, 20, Trouble::StaleParameter);
        }
    }

    /// Conditions that the tests did not have.
    fn oddities(&mut self) {
        // A tick that fails, or whose environment ends, is tried again beside the next one.
        self.may("failed-ticks-pile-up");
        if self.wild(8, "two-registrations") {
            let host = self.rng.usize(0..self.scenario.hosts.len());
            let leftover = StaleRecord {
                cluster: 0,
                draining: self.rng.bool(),
                phantoms: self.rng.u32(0..3),
                sorts_first: self.rng.bool(),
            };
            self.scenario.hosts[host].stale_records.push(leftover);
        }
        if self.wild(4, "external-instance-in-the-cluster") {
            let mut host = self.host();
            host.kind = Kind::External;
            host.group = None;
            let index = self.scenario.hosts.len();
            self.scenario.hosts.push(host);
            self.step(20 * SECOND, What::SetDraining(index));
        }
        if self.wild(4, "managed-instances-are-drained") {
            let mut host = self.host();
            host.kind = Kind::Managed;
            host.group = None;
            let index = self.scenario.hosts.len();
            self.scenario.hosts.push(host);
            self.step(20 * SECOND, What::SetDraining(index));
            if self.wild(50, "managed-instance-while-providers-are-throttled") {
                let of = Some("DescribeCapacityProviders".to_owned());
                self.fault(0, 2 * MINUTE, 100, Trouble::Throttle { of, by: None });
            }
        }
        if self.wild(4, "registration-never-active") {
            let mut host = self.host();
            host.stuck_registration = Some(self.pick(&[Stuck::Registering, Stuck::Failed]));
            let index = self.scenario.hosts.len();
            self.scenario.hosts.push(host);
            self.step(20 * SECOND, What::ScaleIn(index));
        }
        if self.wild(4, "deleted-cluster-still-named") {
            self.scenario.clusters.push(Cluster {
                name: "gone".to_owned(),
                deleted: true,
            });
            self.set("CLUSTERS", "prod,gone");
        }
        if self.wild(6, "host-clock-ahead") {
            let host = self.rng.usize(0..self.scenario.hosts.len());
            let skew = self.rng.i64(-300_000..300_000);
            self.scenario.hosts[host].clock_skew = skew;
        }
        if self.wild(6, "active-again-while-our-hook-waits") {
            let at = self.rng_time(5 * MINUTE);
            self.step(at, What::SetActive(0));
        }
        if self.wild(5, "second-wait-of-the-same-registration") {
            self.scenario.groups[0].warm_pool = true;
            let at = self.rng_time(8 * MINUTE) + 4 * MINUTE;
            self.step(at, What::BackInService(0));
            self.step(at + 30 * SECOND, What::ScaleIn(0));
        }
        if self.wild(5, "two-registrations") {
            self.scenario
                .steps
                .retain(|step| !matches!(step.what, What::ScaleIn(0)));
            self.step(10 * SECOND, What::ReplaceRootVolume(0));
            let at = 5 * MINUTE + self.rng_time(5 * MINUTE);
            self.step(at, What::ScaleIn(0));
        }
        if self.wild(5, "agent-data-wiped-in-a-drain") {
            let at = self.rng_time(3 * MINUTE);
            self.step(at, What::WipeAgent(0));
        }
        if self.wild(6, "unprotected-daemon-unseen") {
            let at = self.rng_time(3 * MINUTE);
            self.step(at, What::KillSidecar { host: 0, daemon: 0 });
            // It may be killed before the drain too.
            self.may("sidecar-restart-too-early");
        }
        if self.wild(4, "sidecar-restarted-after-the-release") {
            let at = self.rng_time(3 * MINUTE);
            self.step(at, What::RestartSidecar { host: 0, daemon: 0 });
        }
        if self.wild(5, "hook-put-again-in-a-drain") {
            let at = self.rng_time(3 * MINUTE);
            self.step(
                at,
                What::PutHook {
                    group: 0,
                    hook: 0,
                    heartbeat: 2 * MINUTE,
                },
            );
        }
        if self.wild(3, "hook-put-again-in-a-drain") {
            let at = self.rng_time(3 * MINUTE);
            self.step(at, What::DeleteHook { group: 0, hook: 0 });
        }
        if self.wild(4, "writes-refused") {
            self.fault(0, HOUR, 100, Trouble::RefuseWrites);
        }
        if self.wild(5, "dead-connections-after-a-freeze") {
            self.scenario.function.connections_die_after = Some(20 * SECOND);
        }
        if self.wild(5, "switch-unread-when-the-record-is-denied") {
            self.scenario.hosts[0].daemons[0].denied = true;
        }
        if self.wild(5, "wrong-setting-unseen") {
            self.scenario.hosts[0].daemons[0].wrong_setting = true;
        }
    }
}

/// A task is placed up to three seconds before the machine goes.
fn rngless(at: Ms) -> Ms {
    (at % (3 * SECOND)).min(at)
}

fn seconds(time: Ms) -> String {
    format!("{}s", (time / SECOND).max(1))
}

impl Drawn {
    /// The open faults and the limits that explain why this world breaks the rule.
    pub fn explaining(&self, rule: Rule) -> impl Iterator<Item = &'static str> {
        let names = self.known.iter().copied().chain(self.met());
        let faults = names.filter_map(worlds::find);
        let open = faults.filter(|fault| fault.state() != worlds::FaultState::Fixed);
        open.filter(move |fault| fault.may_break(rule))
            .map(|fault| fault.name)
    }

    /// Returns whether an open fault or a limit explains why this world breaks the rule.
    #[must_use]
    pub fn explains(&self, rule: Rule) -> bool {
        self.explaining(rule).next().is_some()
    }

    /// Open faults whose condition is met whenever another condition is. They count for wild worlds alone, since sound
    /// ones must have no excuse.
    fn met(&self) -> impl Iterator<Item = &'static str> {
        let Scenario { steps, .. } = &self.scenario;
        let expected = Expectations::new(&self.scenario);
        let longest_hold = expected.max_drain + expected.flush();
        let step = |wanted: fn(&What) -> bool| steps.iter().any(|step| wanted(&step.what));
        let noticed = step(|what| matches!(what, What::SpotNotice(_) | What::CapacityNotice(_)));
        let delays_others = expected.settle > DEFAULT_SETTLE && self.scenario.hosts.len() > 1;
        let mut faults = self.scenario.faults.iter();
        let not_found = faults.any(|fault| fault.what == Trouble::ParameterNotFound);
        let table = [
            ("spot-notice-delays-the-others", noticed),
            ("lost-spot-notice", noticed),
            ("record-not-found-for-long", not_found),
            (
                "agent-data-wiped-at-the-completion",
                step(|what| matches!(what, What::WipeAgent(_))),
            ),
            (
                "settle-longer-than-a-batch-waits",
                expected.settle > LONGEST_SETTLE,
            ),
            ("long-settle-delays-a-hold", delays_others),
            ("long-settle-delays-a-release", delays_others),
            ("longest-hold-below-the-drain", expected.max_hold < longest_hold),
        ];
        let wild = self.range == Range::Wild;
        let met = table.into_iter().filter(move |(_, met)| wild && *met);
        met.map(|(name, _)| name)
    }
}
