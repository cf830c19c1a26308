//! Fleets that drain at once, against the budgets: by the virtual clock, so that the machine does not matter.

use std::any::Any;
use std::collections::HashMap;
use std::sync::LazyLock;

use protector_sim::judge::{Judge, Violation};
use protector_sim::model::{Bucket, Caller, EnvironmentId, Fact, Observer, Source, World};
use protector_sim::plain;
use protector_sim::run::{self, Options};
use protector_sim::scenario::{CallerKind, FaultSpec, MINUTE, Ms, SECOND, Scenario, Trouble, What};
use protector_sim::statistics::{Numbers, Spread, Statistics};

/// What a fleet may take, for each drain unless stated otherwise.
struct Budget {
    /// From the last STOPPED to the release, 99 of 100, in seconds.
    release: u64,
    /// From the hook to its completion, 99 of 100, in seconds.
    whole: u64,
    requests: f64,
    writes: f64,
    billed_seconds: f64,
}

/// What a hundred at once may take, however they are taken away.
const A_HUNDRED: Budget = Budget {
    release: 10,
    whole: 90,
    requests: 15.0,
    writes: 0.2,
    billed_seconds: 2.0,
};

/// The statistics of a world.
fn played(scenario: &Scenario) -> Statistics {
    let observers: Vec<Box<dyn Observer>> = vec![Box::<Statistics>::default()];
    let (_, observers) = run::play(scenario, Options::default(), observers).unwrap();
    let mut observers = observers.into_iter().map(Observer::into_any);
    let statistics = observers.next().unwrap().downcast::<Statistics>().unwrap();
    *statistics
}

/// When each run of the schedule ended and how long it took, in milliseconds.
#[derive(Debug, Default)]
struct Ticks(Vec<(Ms, Ms)>);

impl Observer for Ticks {
    fn see(&mut self, now: Ms, fact: &Fact<'_>, _: &World) {
        if let Fact::Ran {
            invocation, billed, ..
        } = fact
            && invocation.source == Source::Tick
        {
            self.0.push((now, *billed));
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// The statistics of a world, its ticks, and what the judge says of it.
fn judged(scenario: &Scenario) -> (Statistics, Ticks, Vec<Violation>) {
    let observers: Vec<Box<dyn Observer>> = vec![
        Box::<Statistics>::default(),
        Box::<Ticks>::default(),
        Box::new(Judge::new(scenario)),
    ];
    let (_, observers) = run::play(scenario, Options::default(), observers).unwrap();
    let mut observers = observers.into_iter().map(Observer::into_any);
    let statistics = observers.next().unwrap().downcast::<Statistics>().unwrap();
    let ticks = observers.next().unwrap().downcast::<Ticks>().unwrap();
    let judge = observers.next().unwrap().downcast::<Judge>().unwrap();
    (*statistics, *ticks, judge.violations().to_vec())
}

/// So many instances, which are taken away within 5 s. Three tasks that take 10 to 30 s to stop and a daemon on each;
/// `LINGER` would only be added to each release.
fn at_once(seed: u64, instances: usize) -> Scenario {
    let mut scenario = plain::fleet(seed, instances);
    scenario.settings.insert("LINGER".to_owned(), "0s".to_owned());
    scenario
}

fn drains_within(scenario: &Scenario, budget: &Budget) {
    let instances = scenario.hosts.len();
    let (statistics, _, violations) = judged(scenario);
    assert!(violations.is_empty(), "{violations:?}");
    let (numbers, each) = (statistics.numbers(), |number: u64| {
        number as f64 / instances as f64
    });
    let seconds = |spread: Spread| (spread.count, spread.p99.div_ceil(1000));
    let (released, release) = seconds(Spread::of(statistics.release_latencies()));
    let (completed, whole) = seconds(Spread::of(statistics.whole()));
    assert_eq!((released, completed), (instances, instances));
    assert!(release <= budget.release, "released after {release} s");
    assert!(whole <= budget.whole, "completed after {whole} s");
    let requests = each(numbers.function_requests + numbers.sidecar_requests);
    assert!(requests <= budget.requests, "{requests} requests a drain");
    assert!(each(numbers.writes) <= budget.writes, "{} writes", numbers.writes);
    assert!(
        each(numbers.billed) <= 1000.0 * budget.billed_seconds,
        "{} ms",
        numbers.billed
    );
    less_than_one_of_is_throttled_and_nothing_fails(100, numbers);
}

fn less_than_one_of_is_throttled_and_nothing_fails(one_of: u64, numbers: &Numbers) {
    let all = numbers.function_requests + numbers.sidecar_requests;
    assert!(
        numbers.throttled * one_of < all,
        "{} of {all} requests throttled",
        numbers.throttled
    );
    assert_eq!(
        (
            numbers.failed,
            numbers.ticks_failed,
            numbers.dead_letters,
            numbers.hooks_ran_out
        ),
        (0, 0, 0, 0)
    );
}

#[test]
fn p10_a_lone_drain_writes_its_record_twice() {
    let budget = Budget {
        release: 3,
        whole: 60,
        // Three of them are those of a check of the daemons' sidecars.
        requests: 73.0,
        writes: 2.0,
        billed_seconds: 2.0,
    };
    drains_within(&at_once(1, 1), &budget);
}

#[test]
fn p10_twenty_at_once() {
    let budget = Budget {
        release: 4,
        whole: 60,
        requests: 35.0,
        writes: 1.0,
        billed_seconds: 2.0,
    };
    drains_within(&at_once(1, 20), &budget);
}

#[test]
fn p10_fifty_at_once() {
    let budget = Budget {
        release: 8,
        whole: 75,
        requests: 20.0,
        writes: 0.2,
        billed_seconds: 2.0,
    };
    drains_within(&at_once(1, 50), &budget);
}

#[test]
fn p10_a_hundred_at_once() {
    drains_within(&at_once(1, 100), &A_HUNDRED);
}

/// `TerminateInstanceInAutoScalingGroup` takes up to a hundred instances.
#[test]
fn p10_a_hundred_terminated_by_one_call() {
    let mut scenario = at_once(1, 100);
    for step in &mut scenario.steps {
        step.at = 10 * SECOND;
    }
    drains_within(&scenario, &A_HUNDRED);
}

/// The same, while calls of one operation are throttled for six seconds from this moment on.
fn while_throttled(mut scenario: Scenario, operation: &str, from: Ms) -> Scenario {
    scenario.faults.push(FaultSpec {
        from,
        to: from + 6 * SECOND,
        what: Trouble::Throttle {
            of: Some(operation.to_owned()),
            by: Some(CallerKind::Coordinator),
        },
        ..FaultSpec::default()
    });
    scenario
}

/// After a call for a hundred instances that is throttled a hundred calls for one each would be throttled too.
#[test]
fn p10_a_survey_that_is_throttled_is_made_again_together() {
    let (statistics, _, violations) = judged(&while_throttled(
        at_once(1, 100),
        "ListContainerInstances",
        12 * SECOND,
    ));
    assert!(violations.is_empty(), "{violations:?}");
    let numbers = statistics.numbers();
    let listings = numbers.operations["ListContainerInstances"];
    assert!(
        numbers.throttled > 0 && listings <= 15,
        "{listings} listings, {} throttled",
        numbers.throttled
    );
    let released = Spread::of(statistics.release_latencies());
    assert_eq!((released.count, statistics.whole().len()), (100, 100));
    assert!(released.p99 <= 10 * SECOND, "{released:?}");
}

/// While drains begin, and while their tasks end.
#[test]
fn p10_throttling_makes_no_load_whatever_is_throttled() {
    for operation in [
        "ListContainerInstances",
        "DescribeContainerInstances",
        "UpdateContainerInstancesState",
        "ListTasks",
        "DescribeTasks",
        "DescribeServices",
        "DescribeClusters",
        "GetParameters",
        "GetParametersByPath",
        "DescribeLifecycleHooks",
    ] {
        for from in [10 * SECOND, 12 * SECOND, 24 * SECOND, 36 * SECOND] {
            let (statistics, _, violations) = judged(&while_throttled(at_once(1, 100), operation, from));
            let (numbers, case) = (statistics.numbers(), format!("{operation} from {from}"));
            assert!(violations.is_empty(), "{case}: {violations:?}");
            let released = Spread::of(statistics.release_latencies());
            assert_eq!((released.count, statistics.whole().len()), (100, 100), "{case}");
            assert!(released.p99 <= 11 * SECOND, "{case}: {released:?}");
            assert!(numbers.throttled <= 10, "{case}: {} throttled", numbers.throttled);
        }
    }
}

/// Those that are surveyed although they are few, and one that is not.
#[test]
fn p7_few_drains_begin_and_end_in_time_although_calls_are_throttled() {
    for instances in [1, 3, 4, 5, 16] {
        for operation in ["ListContainerInstances", "ListTasks", "DescribeTasks"] {
            for from in [10 * SECOND, 22 * SECOND, 36 * SECOND] {
                let scenario = while_throttled(at_once(1, instances), operation, from);
                let (statistics, _, violations) = judged(&scenario);
                let case = format!("{instances} instances, {operation} from {from}");
                assert!(violations.is_empty(), "{case}: {violations:?}");
                let begun = Spread::of(statistics.begin_latencies());
                let released = Spread::of(statistics.release_latencies());
                assert_eq!((begun.count, released.count), (instances, instances), "{case}");
                assert!(begun.max <= 15 * SECOND, "{case}: {begun:?}");
                assert!(released.max <= 10 * SECOND, "{case}: {released:?}");
            }
        }
    }
}

/// The tick finds a hundred instances that wait, whose events were lost.
#[test]
fn p10_a_tick_that_is_throttled_asks_for_no_instance_by_itself() {
    let mut scenario = while_throttled(at_once(1, 100), "ListContainerInstances", 18 * SECOND);
    scenario.faults.push(FaultSpec {
        what: Trouble::LoseEvents {
            of: Some("Lifecycle Action".to_owned()),
        },
        ..FaultSpec::default()
    });
    let (statistics, _, violations) = judged(&scenario);
    assert!(violations.is_empty(), "{violations:?}");
    let throttled = statistics.numbers().throttled;
    assert!((1..=10).contains(&throttled), "{throttled} throttled");
    // The next tick finds them.
    let begun = Spread::of(statistics.begin_latencies());
    assert_eq!((begun.count, statistics.whole().len()), (100, 100));
    assert!(begun.max <= 75 * SECOND, "{begun:?}");
}

#[test]
fn p10_a_thousand_at_once() {
    let budget = Budget {
        release: 60,
        whole: 300,
        requests: 10.0,
        writes: 0.2,
        billed_seconds: 2.0,
    };
    drains_within(&at_once(1, 1000), &budget);
}

/// The requests of the coordinator, and the `calls` of all receipts.
#[derive(Debug, Default)]
struct CountedCalls {
    runs: HashMap<EnvironmentId, Source>,
    outside_ticks: u64,
    in_ticks: u64,
    receipts: Vec<u64>,
}

impl Observer for CountedCalls {
    fn see(&mut self, _: Ms, fact: &Fact<'_>, _: &World) {
        match fact {
            Fact::Runs {
                environment,
                invocation,
                ..
            } => drop(self.runs.insert(*environment, invocation.source.clone())),
            Fact::Call {
                by: Caller::Coordinator(environment),
                ..
            } => match self.runs[environment] {
                Source::Heartbeats => {}
                Source::Tick => self.in_ticks += 1,
                _ => self.outside_ticks += 1,
            },
            Fact::Line { line, .. } => {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                if line["event"] == "receipt" {
                    self.receipts.extend(line["calls"].as_u64());
                }
            }
            _ => {}
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// Calls that are made for many drains are divided among them.
#[test]
fn p10_the_receipts_of_a_fleet_count_all_calls_outside_ticks() {
    for (seed, instances) in [(1, 1), (1, 3), (1, 8), (1, 50), (2, 50), (3, 50), (1, 200)] {
        let observers: Vec<Box<dyn Observer>> = vec![Box::<CountedCalls>::default()];
        let (_, observers) = run::play(&at_once(seed, instances), Options::default(), observers).unwrap();
        let mut observers = observers.into_iter().map(Observer::into_any);
        let counted = observers.next().unwrap().downcast::<CountedCalls>().unwrap();
        assert_eq!(counted.receipts.len(), instances);
        let (sum, outside) = (counted.receipts.iter().sum::<u64>(), counted.outside_ticks);
        // A drain that is observed at the end of a tick counts that too.
        let all = outside + counted.in_ticks;
        eprintln!(
            "{instances} drains: {sum} calls, {outside} requests outside ticks, {all} in all {:?}",
            counted.receipts
        );
        assert!(
            (outside..=all).contains(&sum),
            "{instances} drains: {sum} calls, {outside} requests outside ticks, {all} in all"
        );
    }
}

/// Some seeds need a write more.
#[test]
fn p10_fifty_at_once_write_a_fifth_of_a_record_each_by_median() {
    let writes = (1..=5).map(|seed| played(&at_once(seed, 50)).numbers().writes);
    let spread = Spread::of(writes.collect());
    assert_eq!(spread.count, 5);
    assert!(
        spread.p50 <= 10 && spread.max <= 11,
        "{} writes, {} at the most",
        spread.p50,
        spread.max
    );
}

/// A fleet whose hooks wait for two minutes, and whose tasks take five to stop.
fn short_hooks(instances: usize) -> Scenario {
    let mut scenario = at_once(1, instances);
    scenario.groups[0].hooks[0].heartbeat = 2 * MINUTE;
    for host in &mut scenario.hosts {
        host.tasks.truncate(1);
        host.tasks[0].stop = 5 * MINUTE;
    }
    scenario
}

/// When the environments are replaced while a fleet of short hooks waits.
const REPLACED: Ms = 4 * MINUTE;

/// The queue hands out a batch at a time, so that more environments change nothing.
#[test]
fn p4_short_hooks_wait_alike_in_one_environment_and_in_ten() {
    let [one, ten] = [1, 10].map(|environments| {
        let mut scenario = short_hooks(60);
        scenario.function.environments = environments;
        scenario.steps.push(plain::step(REPLACED, What::Recycle));
        let (statistics, _, violations) = judged(&scenario);
        assert!(violations.is_empty(), "{violations:?}");
        serde_json::to_value(statistics.numbers()).unwrap()
    });
    assert_eq!(one["hooksRanOut"], 0);
    assert_eq!(one, ten);
}

/// A thousand short hooks in one environment, which Lambda replaces while all of them wait.
static THOUSAND_SHORT_HOOKS: LazyLock<(Statistics, Ticks, Vec<Violation>)> = LazyLock::new(|| {
    let mut scenario = short_hooks(1000);
    scenario.function.environments = 1;
    scenario.steps.push(plain::step(REPLACED, What::Recycle));
    judged(&scenario)
});

#[test]
fn p4_a_thousand_short_hooks() {
    let (statistics, _, violations) = &*THOUSAND_SHORT_HOOKS;
    assert!(violations.is_empty(), "{violations:?}");
    let begun = Spread::of(statistics.begin_latencies());
    assert_eq!((begun.count, statistics.numbers().hooks_ran_out), (1000, 0));
    // Each of them would have run out twice without its heartbeats.
    assert!(statistics.drains().all(|drain| drain.began < Some(MINUTE)));
    let heartbeats = statistics.numbers().operations["RecordLifecycleActionHeartbeat"];
    assert!(heartbeats >= 2000, "{heartbeats} heartbeats");
}

/// Heartbeats and completions share a quota, and at first the heartbeats need nearly all of it.
#[test]
fn p10_a_thousand_short_hooks_are_completed_beside_their_heartbeats() {
    let (statistics, _, _) = &*THOUSAND_SHORT_HOOKS;
    let numbers = statistics.numbers();
    // 0.1 to 1.2 % by the seed, 0.8 in the middle: heartbeats and completions are calls of two functions.
    less_than_one_of_is_throttled_and_nothing_fails(70, numbers);
    let released = Spread::of(statistics.release_latencies());
    let completed = Spread::of(statistics.whole());
    assert_eq!((released.count, completed.count), (1000, 1000));
    assert!(released.p99 <= 15 * SECOND, "released after {} ms", released.p99);
    // Of these the tasks take five minutes, and DRAINING one and a half.
    assert!(
        completed.p99 <= 10 * MINUTE,
        "completed after {} ms",
        completed.p99
    );
}

/// Those that begin after all have begun and end before the first task does, and the first of a new environment among them.
#[test]
fn p10_a_tick_of_a_thousand_steady_drains() {
    let (statistics, Ticks(ticks), _) = &*THOUSAND_SHORT_HOOKS;
    let begun = statistics.drains().filter_map(|drain| drain.draining).max();
    let stopped = statistics.drains().filter_map(|drain| drain.stopped).min();
    let quiet = ticks
        .iter()
        .filter(|(end, took)| Some(end - took) > begun && Some(*end) < stopped)
        .map(|(_, took)| *took);
    let quiet = Spread::of(quiet.collect());
    assert!(quiet.count >= 3, "{} quiet ticks", quiet.count);
    assert!(quiet.max <= 10 * SECOND, "a tick takes {} ms", quiet.max);
}

/// A group of short hooks, and one listing of the heartbeats that is throttled for some seconds each time that they begin: half
/// a minute after each full one.
fn a_listing_fails(operation: &str, hooks_are_named: bool) -> Scenario {
    let mut scenario = plain::fleet(1, 3);
    if !hooks_are_named {
        scenario.settings.remove("LIFECYCLE_HOOKS");
    }
    scenario.groups[0].hooks[0].heartbeat = 2 * MINUTE;
    for host in &mut scenario.hosts {
        host.tasks[0].stop = 20 * MINUTE;
    }
    scenario.faults = (0..30)
        .map(|minute| FaultSpec {
            from: minute * MINUTE + 30 * SECOND,
            to: minute * MINUTE + 33_500,
            what: Trouble::Throttle {
                of: Some(operation.to_owned()),
                by: None,
            },
            ..FaultSpec::default()
        })
        .collect();
    scenario
}

/// The SDK tries a call again for some seconds at the most, and does so only as long as its process has tokens for that.
#[test]
fn p4_a_listing_that_fails_for_seconds_keeps_no_hook_without_its_heartbeat() {
    for (operation, hooks_are_named) in [
        ("DescribeAutoScalingGroups", true),
        ("DescribeAutoScalingGroups", false),
        ("DescribeLifecycleHooks", true),
        ("DescribeLifecycleHooks", false),
    ] {
        let (statistics, _, violations) = judged(&a_listing_fails(operation, hooks_are_named));
        let numbers = statistics.numbers();
        let case = format!("{operation}, named: {hooks_are_named}");
        assert_eq!(numbers.hooks_ran_out, 0, "{case}");
        assert!(violations.is_empty(), "{case}: {violations:?}");
        assert!(numbers.throttled >= 20, "{case}: {}", numbers.throttled);
    }
}

/// A fleet, with the quotas of Parameter Store's higher throughput if `higher`, and the setting if given.
fn with_throughput(instances: usize, higher: bool, setting: Option<&str>) -> Scenario {
    let mut scenario = at_once(1, instances);
    if higher {
        (
            scenario.aws.ssm_writes_per_second,
            scenario.aws.ssm_reads_per_second,
        ) = (10, 1000);
    }
    let setting = setting.map(|word| ("PARAMETER_THROUGHPUT".to_owned(), word.to_owned()));
    scenario.settings.extend(setting);
    scenario
}

/// Its sidecars read every five seconds then, and not every fifteen: daemons are notified of their release, and hooks
/// completed, sooner.
#[test]
fn p10_higher_throughput_ends_the_drains_of_a_fleet_sooner_and_keeps_its_quotas() {
    let standard = played(&with_throughput(300, false, None));
    let higher = played(&with_throughput(300, true, Some("higher")));
    let of = |latencies: Vec<u64>| (latencies.len(), Spread::of(latencies));
    for statistics in [&standard, &higher] {
        let numbers = statistics.numbers();
        assert_eq!(
            (numbers.throttled, numbers.failed, numbers.hooks_ran_out),
            (0, 0, 0)
        );
    }
    let ((count, before), (_, after)) = (of(standard.whole()), of(higher.whole()));
    assert_eq!((count, after.count), (300, 300));
    assert!(
        after.p50 + 3000 < before.p50,
        "completed: {before:?}, now {after:?}"
    );
    let (_, before) = of(standard.notified_latencies());
    let (_, after) = of(higher.notified_latencies());
    assert!(
        after.p99 + 3000 < before.p99,
        "notified: {before:?}, now {after:?}"
    );
    let (_, before) = of(standard.release_latencies());
    let (_, after) = of(higher.release_latencies());
    assert!(
        after.p99 <= before.p99 + 500,
        "released: {before:?}, now {after:?}"
    );
    let busiest = |bucket| higher.buckets()[&bucket].used.iter().max().copied();
    assert!(busiest(Bucket::SsmWrite) <= Some(10) && busiest(Bucket::SsmRead) <= Some(1000));
}

#[test]
fn p10_few_drains_are_the_same_with_either_throughput() {
    for instances in [1, 2, 3, 4] {
        let drains = |setting| {
            let statistics = played(&with_throughput(instances, false, setting));
            let drains: Vec<_> = statistics.drains().cloned().collect();
            (format!("{drains:?}"), format!("{:?}", statistics.numbers()))
        };
        assert_eq!(drains(Some("higher")), drains(None), "{instances}");
        assert_eq!(drains(Some("standard")), drains(None), "{instances}");
    }
}

/// While many drain, an observation asks for the tasks of all of them, so that half of the events may be lost.
#[test]
fn p2_the_end_of_a_task_whose_event_is_lost_is_found_with_those_of_others() {
    let mut scenario = at_once(1, 20);
    scenario.faults.push(FaultSpec {
        percent: 50,
        what: Trouble::LoseEvents {
            of: Some("Task State Change".to_owned()),
        },
        ..FaultSpec::default()
    });
    let statistics = played(&scenario);
    let released = statistics.release_latencies();
    let soon = released.iter().filter(|latency| **latency <= 6000).count();
    assert_eq!(released.len(), 20);
    assert!(soon >= 15, "released within 6 s: {soon} of 20, {released:?}");
}

/// A drain of five minutes on few machines at once, with the default `LINGER`: each of its sidecars read each second
/// before.
#[test]
fn p10_a_sidecar_reads_a_fifth_of_once_a_second_and_hears_of_the_release_in_time() {
    let (mut alone, mut notified) = (Vec::new(), Vec::new());
    for seed in 1..=40 {
        let instances = 1 + usize::try_from(seed % 4).unwrap();
        let mut scenario = plain::fleet(seed, instances);
        for host in &mut scenario.hosts {
            host.tasks[0].stop = 300_000 + 137 * seed;
        }
        let statistics = played(&scenario);
        let held = statistics.drains().map(|drain| {
            let (begin, end) = (drain.draining.unwrap(), drain.daemons_notified.unwrap());
            (end - begin).div_ceil(1000)
        });
        // Beside the self-check, and a reading for which a moment was missing.
        let most = held.sum::<u64>() / 5 + 2 * u64::try_from(instances).unwrap();
        let reads = statistics.numbers().sidecar_requests;
        assert!(reads <= most, "seed {seed}: {reads} reads, {most} at the most");
        let after = statistics
            .drains()
            .map(|drain| drain.daemons_notified.unwrap() - drain.released.unwrap());
        match instances {
            1 => alone.extend(after),
            _ => notified.extend(after),
        }
    }
    let (alone, notified) = (Spread::of(alone), Spread::of(notified));
    assert_eq!((alone.count, notified.count), (10, 90));
    assert!(
        alone.p95 <= 3000,
        "the daemons are notified {} ms after the release",
        alone.p95
    );
    // An event that waits behind another drain's batch comes too late for the note: then it is a reading's time.
    assert!(
        notified.max <= 6500,
        "the daemons are notified {} ms after the release",
        notified.max
    );
}
