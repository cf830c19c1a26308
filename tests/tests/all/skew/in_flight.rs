//! Drains at every phase, several at once, while the coordinator or its whole stack is updated, rolled back and updated.

use jiff::Timestamp;
use protector_aws_model::faults::{CallFilter, Limit};
use protector_aws_model::{Faults, Service};
use protector_local_aws::Wiring;
use protector_local_aws::principal::COORDINATOR;
use protector_tests::{Daemon, Lab, LabConfig, all_read_shared_records, assert_has};
use serde_json::{Value, json};

use super::end_job;

/// The phases of the instances when the first version is replaced, by their places in the group.
mod phase {
    use std::ops::RangeInclusive;

    /// Its daemon has ended, and its hook waits: the completion was throttled.
    pub(super) const WAITING: usize = 0;
    /// It is released, and its daemon flushes.
    pub(super) const FLUSHING: usize = 1;
    /// Their jobs hold. More than five drain at once, so new versions use the shared records.
    pub(super) const HOLDING: RangeInclusive<usize> = 2..=7;
    /// Those of them that end when nothing is replaced any more.
    pub(super) const UNDISTURBED: RangeInclusive<usize> = 6..=7;
    /// Its hook waits since a moment ago.
    pub(super) const BEGUN: usize = 8;
    /// How many there are.
    pub(super) const ALL: usize = 9;
}

/// Long enough to replace the coordinator meanwhile. On a machine that is too busy for that the drain is one phase further.
const FLUSH_SECONDS: u32 = 6;

struct Drains {
    lab: Lab,
    first: LabConfig,
    next: LabConfig,
}

impl Drains {
    /// Every instance is at its phase, under the first version.
    async fn at_every_phase(first: Wiring, next: Wiring) -> Drains {
        let lab = Lab::start(config(first)).await;
        let mut daemon = Daemon::new("logs");
        daemon.flush_seconds = FLUSH_SECONDS;
        lab.daemon(&daemon).await;
        lab.replicas("web", phase::ALL, 2).await;
        lab.standalone_on(&lab.instances[phase::HOLDING], "job", 600)
            .await;
        let drains = Drains {
            lab,
            first: config(first),
            next: config(next),
        };
        drains.begin().await;
        drains
    }

    async fn begin(&self) {
        let (lab, waiting, flushing) = (&self.lab, self.on(phase::WAITING), self.on(phase::FLUSHING));
        let completion =
            CallFilter::operation(Service::AutoScaling, "CompleteLifecycleAction").by(COORDINATOR);
        lab.aws
            .faults(|faults| faults.throttle(completion.mentioning(waiting), Limit::Forever));
        lab.instances[phase::HOLDING]
            .iter()
            .chain([&lab.instances[phase::WAITING]])
            .for_each(|instance| lab.scale_in(instance));
        let ended = lab.until("its daemon has ended", || {
            !lab.journal().stopped(waiting, "service:logs").is_empty()
        });
        lab.ticking(ended).await;
        lab.scale_in(flushing);
        self.until_it_flushes(flushing).await;
        lab.scale_in(self.on(phase::BEGUN));
        lab.hook_waits(self.on(phase::BEGUN)).await;
        self.assert_phases();
    }

    /// What is to be tried is there.
    fn assert_phases(&self) {
        let journal = self.lab.journal();
        let waiting = self.on(phase::WAITING);
        assert!(journal.hook(waiting, "completed").is_empty());
        self.assert_held(phase::HOLDING);
    }

    fn on(&self, place: usize) -> &str {
        &self.lab.instances[place]
    }

    async fn until_it_flushes(&self, instance: &str) {
        let flushes = self.lab.until("it flushes", || {
            !self.lab.journal().sigterm(instance, "logs").is_empty()
        });
        self.lab.ticking(flushes).await;
    }

    /// No hold was lost: tasks of these instances hold, and no daemon of theirs got SIGTERM.
    fn assert_held(&self, places: impl IntoIterator<Item = usize>) {
        let journal = self.lab.journal();
        for place in places {
            let instance = self.on(place);
            assert!(
                journal.stopped(instance, "family:job").is_empty(),
                "{instance}: its job runs"
            );
            assert!(
                journal.sigterm(instance, "logs").is_empty(),
                "{instance}: its daemon was let go"
            );
        }
    }

    /// The jobs of these instances end, and the coordinator is replaced while the daemon of the first one flushes.
    async fn replaced_while_they_end(&self, places: &[usize], update: bool) {
        for place in places {
            end_job(&self.lab, self.on(*place));
        }
        self.until_it_flushes(self.on(places[0])).await;
        self.replace(update).await;
    }

    async fn replace(&self, update: bool) {
        match update {
            true => self.lab.update_coordinator(&self.next).await,
            false => self.lab.start_coordinator(&self.first).await,
        }
    }

    async fn all_gone(&self, places: &[usize]) {
        let gone = async {
            for place in places {
                self.lab.gone(self.on(*place)).await;
            }
        };
        self.lab.ticking(gone).await;
        self.lab.idle().await;
    }

    /// Two cases log the receipt of one drain again. A coordinator that is replaced between the end of a drain and the next
    /// tick has not noted yet that it wrote the receipt (ARCHITECTURE.md, what lives in the cache only). Without the queue
    /// several runs may find the same end.
    fn logs_once(&self, place: usize) -> bool {
        let queue_alone = [&self.first, &self.next]
            .iter()
            .all(|config| config.wiring == Wiring::Queue);
        queue_alone && phase::UNDISTURBED.contains(&place)
    }

    /// Every drain has ended rightly, and once.
    fn assert_ended(&self) {
        let journal = self.lab.journal();
        let receipts = self.lab.said("receipt");
        for (place, instance) in self.lab.instances.iter().enumerate() {
            let job = phase::HOLDING.contains(&place).then_some("family:job");
            let holding: Vec<&str> = job.into_iter().chain(["service:web"]).collect();
            journal.assert_daemons_outlive(instance, &["logs"], &holding);
            journal.assert_completed_after(instance, &["logs"]);
            let of_it: Vec<_> = receipts
                .iter()
                .filter(|line| line["instance"] == **instance)
                .collect();
            let enough = match self.logs_once(place) {
                true => of_it.len() == 1,
                false => !of_it.is_empty(),
            };
            assert!(enough, "place {place}, {instance}: {of_it:?}");
            let of_one_drain = of_it.iter().all(|line| phases(line) == phases(of_it[0]));
            assert!(of_one_drain, "place {place}: {of_it:#?}");
            for line in of_it {
                assert_has(line, json!({"reason": "drained", "forced": false}));
            }
        }
        let exits = self.lab.sidecar_said("logs", "exit");
        let whys: Vec<_> = exits
            .iter()
            .map(|exit| (&exit["code"], exit["level"].as_str()))
            .collect();
        assert_eq!(whys, vec![(&json!(0), Some("info")); phase::ALL], "{exits:?}");
    }
}

/// When the drain of a receipt began and was released: to the second, as shared records have it. A coordinator that does
/// not read them takes no release from there, and names the moment in which it found the drain over itself.
fn phases(receipt: &Value) -> Vec<i64> {
    let of_all_versions: &[&str] = match all_read_shared_records() {
        true => &["startedAt", "releasedAt"],
        false => &["startedAt"],
    };
    let second = |phase: &&str| {
        let at = receipt[*phase].as_str().expect("a time");
        at.parse::<Timestamp>().expect("RFC 3339").as_second()
    };
    of_all_versions.iter().map(second).collect()
}

fn config(wiring: Wiring) -> LabConfig {
    let config = LabConfig {
        instances: phase::ALL,
        wiring,
        ..LabConfig::default()
    };
    // Sidecars that predate the shared records: as docs/install.md says.
    match std::env::var_os("PROTECTOR_TEST_OWN_RECORDS") {
        Some(_) => config.set("OWN_RECORDS_ONLY", "true"),
        None => config,
    }
}

/// Updated, rolled back and updated, each time with drains at other phases.
async fn replaced_and_back(first: Wiring, next: Wiring) -> Drains {
    let drains = Drains::at_every_phase(first, next).await;
    drains.replace(true).await;
    drains.lab.aws.faults(Faults::clear);
    drains
        .all_gone(&[phase::WAITING, phase::FLUSHING, phase::BEGUN])
        .await;
    drains.assert_held(phase::HOLDING);
    drains.replaced_while_they_end(&[2, 3], false).await;
    drains.all_gone(&[2, 3]).await;
    drains.assert_held(4..=7);
    drains.replaced_while_they_end(&[4, 5], true).await;
    drains.all_gone(&[4, 5]).await;
    drains.assert_held(phase::UNDISTURBED);
    for place in phase::UNDISTURBED {
        end_job(&drains.lab, drains.on(place));
    }
    drains.all_gone(&[6, 7]).await;
    // A receipt that waited for a write comes with the next tick.
    drains.lab.tick().await;
    drains.assert_ended();
    drains
}

#[tokio::test]
async fn p1_p4_drains_at_every_phase_while_the_coordinator_is_updated_and_back() {
    let drains = replaced_and_back(Wiring::Queue, Wiring::Queue).await;
    let another_version =
        ["BOOTSTRAP", "SIDECAR"].map(|which| std::env::var_os(format!("PROTECTOR_TEST_{which}")));
    if another_version.iter().all(Option::is_none) {
        let shared = drains.lab.journal().shared_writes();
        assert!(!shared.is_empty(), "some of the drains were in shared records");
    }
}

/// One of the stacks predates the queue: EventBridge invokes its function directly, and no function of it sends
/// heartbeats. Which one, scripts/skew-test says; the programs of both are those that it names.
#[tokio::test]
async fn p1_p4_drains_at_every_phase_while_the_stack_gets_its_queue_and_loses_it() {
    let without_queue_later = std::env::var("PROTECTOR_TEST_DIRECT").is_ok_and(|which| which == "next");
    match without_queue_later {
        true => replaced_and_back(Wiring::Queue, Wiring::Direct).await,
        false => replaced_and_back(Wiring::Direct, Wiring::Queue).await,
    };
}
