//! An instance whose hook has run out, and that its group retains.

use std::any::Any;
use std::collections::BTreeMap;

use protector_sim::judge;
use protector_sim::model::{Caller, EnvironmentId, Fact, HookEnd, Observer, Source, World};
use protector_sim::plain;
use protector_sim::run::{self, Ended, Options};
use protector_sim::scenario::{HOUR, MINUTE, Ms, SECOND, Scenario, What};
use protector_sim::statistics::Statistics;
use protector_sim::worlds;

/// How the hooks ended, which calls the coordinator made, and what Auto Scaling says at the end.
#[derive(Debug, Default)]
struct Seen {
    ends: Vec<HookEnd>,
    calls: Vec<(Ms, &'static str)>,
    state: &'static str,
    on: bool,
}

impl Observer for Seen {
    fn see(&mut self, now: Ms, fact: &Fact<'_>, _: &World) {
        match fact {
            Fact::HookEnds { how, .. } => self.ends.push(*how),
            Fact::Call {
                by: Caller::Coordinator(_),
                operation,
                ..
            } => self.calls.push((now, operation)),
            _ => {}
        }
    }

    fn end(&mut self, _: Ms, world: &World) {
        let host = &world.hosts()[0];
        (self.state, self.on) = (host.scaling.lifecycle_state(), host.on);
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

fn played(scenario: &Scenario) -> (Ended, Seen, Statistics) {
    let observers: Vec<Box<dyn Observer>> = vec![Box::<Seen>::default(), Box::<Statistics>::default()];
    let (ended, observers) = run::play(scenario, Options::default(), observers).unwrap();
    let mut observers = observers.into_iter().map(Observer::into_any);
    let seen = observers.next().unwrap().downcast::<Seen>().unwrap();
    let statistics = observers.next().unwrap().downcast::<Statistics>().unwrap();
    (ended, *seen, *statistics)
}

/// The calls of each tick, and when the beacon was written.
#[derive(Debug, Default)]
struct Ticks {
    running: Option<EnvironmentId>,
    calls: u64,
    ticks: Vec<(Ms, u64)>,
    beacons: Vec<Ms>,
}

impl Observer for Ticks {
    fn see(&mut self, now: Ms, fact: &Fact<'_>, _: &World) {
        match fact {
            Fact::Runs {
                environment,
                invocation,
                ..
            } if invocation.source == Source::Tick => (self.running, self.calls) = (Some(*environment), 0),
            Fact::Call {
                by: Caller::Coordinator(environment),
                ..
            } => self.calls += u64::from(self.running == Some(*environment)),
            Fact::Ran { invocation, .. } if invocation.source == Source::Tick => {
                self.ticks.push((now, self.calls));
            }
            Fact::Parameter { name, .. } if name.ends_with("/coordinator") => self.beacons.push(now),
            _ => {}
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// The instance stays DRAINING, checks of the daemons' sidecars are due, and the beacon is written.
#[test]
fn p10_no_idle_tick_makes_more_than_four_calls_whatever_has_ended_before() {
    let observers: Vec<Box<dyn Observer>> = vec![Box::<Ticks>::default()];
    let (ended, mut observers) = run::play(&world(), Options::default(), observers).unwrap();
    let seen = observers.pop().unwrap().into_any().downcast::<Ticks>().unwrap();
    let last_hour = |at: Ms| at + HOUR > ended.at;
    let ticks = seen.ticks.iter().filter(|(at, _)| last_hour(*at));
    let calls: Vec<u64> = ticks.map(|(_, calls)| *calls).collect();
    assert!(calls.len() >= 59, "{calls:?}");
    assert!(calls.iter().all(|calls| *calls <= 4), "{calls:?}");
    // Tools take a coordinator whose beacon is older than three minutes for one that does not run.
    let apart = seen.beacons.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(
        apart.max() <= Some(2 * MINUTE + 10 * SECOND),
        "{:?}",
        seen.beacons
    );
}

fn world() -> Scenario {
    (worlds::find("retained-after-a-time-out").unwrap().world)()
}

#[test]
fn p10_a_retained_instance_ends_its_drain_and_costs_six_calls_an_hour_from_then_on() {
    let (ended, seen, statistics) = played(&world());
    assert_eq!(seen.ends, [HookEnd::RanOut]);
    assert_eq!((seen.state, seen.on), ("Terminating:Retained", true));
    let drain = statistics.drains().next().unwrap();
    let (stopped, released) = (drain.stopped.unwrap(), drain.released.unwrap());
    assert!(stopped <= released && released <= stopped + MINUTE, "{drain:?}");
    assert!(drain.daemons_notified >= Some(released), "{drain:?}");
    let mut last_hour: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, operation) in seen.calls.iter().filter(|(at, _)| at + HOUR > ended.at) {
        *last_hour.entry(operation).or_default() += 1;
    }
    // Whether it was ACTIVE meanwhile is asked every ten minutes, for a hundred instances in one call.
    assert_eq!(last_hour.remove("DescribeContainerInstances"), Some(6));
    for operation in [
        "DescribeAutoScalingInstances",
        "DescribeLifecycleHooks",
        "RecordLifecycleActionHeartbeat",
        "CompleteLifecycleAction",
    ] {
        assert!(!last_hour.contains_key(operation), "{last_hour:?}");
    }
}

/// Its hook waits once more, as far as is known, and has nothing to wait for.
#[test]
fn p4_a_retained_instance_that_is_terminated_at_last_is_completed() {
    let mut scenario = world();
    scenario.steps.push(plain::step(HOUR, What::ScaleIn(0)));
    let (_, seen, _) = played(&scenario);
    let [HookEnd::RanOut, HookEnd::Completed(Caller::Coordinator(_))] = seen.ends[..] else {
        panic!("{:?}", seen.ends);
    };
    assert_eq!((seen.state, seen.on), ("Terminated", false));
    let judged = judge::run(&scenario, Options::default()).unwrap();
    assert!(judged.violations.is_empty(), "{:?}", judged.violations);
}

/// With CONTINUE, as with every group that does not say otherwise, it ends with its task.
#[test]
fn only_an_abandoned_hook_retains_its_instance() {
    for (retain, abandon) in [(true, false), (false, true)] {
        let mut scenario = world();
        scenario.groups[0].retain = retain;
        scenario.groups[0].hooks[0].abandon = abandon;
        let (_, seen, statistics) = played(&scenario);
        assert_eq!((seen.state, seen.on), ("Terminated", false));
        assert_eq!(statistics.numbers().tasks_killed, 1);
    }
}
