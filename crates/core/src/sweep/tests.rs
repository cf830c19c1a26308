//! What a tick does with each thing that it lists.

use jiff::SignedDuration;

use super::*;
use crate::aws::Scheduling;
use crate::control::Control;
use crate::observation::{ContainerInstance, Hook, HookAction, Stored, Task};
use crate::record::ReleaseReason;
use crate::testing::{arn, at, holding, key, policy, registration, released, task};

/// A world of one tick, and what AWS answers to it.
#[derive(Clone)]
struct World {
    policy: Policy,
    listing: Listing,
    view: View,
    answers: Answers,
    now: Timestamp,
}

fn listed(number: u32, record: Record) -> (InstanceKey, ListedRecord) {
    let listed = ListedRecord {
        name: name(number),
        stored: Stored {
            record: Ok(record),
            version: 7,
        },
    };
    (key(number), listed)
}

fn name(number: u32) -> String {
    format!("/ecs-daemon-protector/prod/{}", key(number).instance)
}

fn hook(number: u32, heartbeat_seconds: u32) -> (InstanceId, Vec<HookAction>) {
    let action = HookAction {
        group: "workers".parse().unwrap(),
        hook: "protect-daemons".parse().unwrap(),
        token: None,
        heartbeat_seconds,
        heartbeat_assumed: false,
        since: at(0),
    };
    (key(number).instance, vec![action])
}

fn web(id: u32, status: &str) -> Task {
    task(id, "service:web", status, Scheduling::Replica, &["web"])
}

/// A registration whose agent is gone.
fn lost(number: u32, tasks: Option<u32>) -> ContainerInstance {
    ContainerInstance {
        agent_connected: false,
        ..registration(number, "DRAINING", tasks)
    }
}

fn over(number: u32) -> Record {
    Record {
        receipt_at: Some(at(90)),
        updated_at: at(90),
        ..released(number)
    }
}

fn unhooked(record: Record) -> Record {
    Record {
        lifecycle: None,
        ..record
    }
}

impl World {
    /// Two minutes after the start of all drains: nothing is listed.
    fn empty() -> World {
        World {
            policy: Policy {
                clusters: vec![key(1).cluster],
                ..policy()
            },
            listing: Listing {
                records: Some(BTreeMap::new()),
                draining: Draining::new(),
                waiting: Some(Waiting::new()),
            },
            view: View::default(),
            answers: Answers {
                leaving: Some(BTreeSet::new()),
                ..Answers::default()
            },
            now: at(120),
        }
    }

    fn record(mut self, number: u32, record: Record) -> World {
        self.listing
            .records
            .as_mut()
            .unwrap()
            .extend([listed(number, record)]);
        self
    }

    fn waiting(mut self, number: u32) -> World {
        self.listing.waiting.as_mut().unwrap().extend([hook(number, 900)]);
        self
    }

    /// ECS describes the instance; a connected registration that is DRAINING is listed as such.
    fn registered(mut self, number: u32, one: ContainerInstance) -> World {
        if one.status == "DRAINING".to_owned().into() && one.agent_connected {
            let draining = self.listing.draining.entry(key(number).cluster);
            draining.or_default().insert(one.arn.clone());
        }
        self.answers.described.entry(key(number)).or_default().push(one);
        self
    }

    fn awaits(mut self, number: u32, released: bool, tasks: &[u32]) -> World {
        let tasks = tasks.iter().map(|id| web(*id, "RUNNING").arn).collect();
        self.view.awaited.insert(key(number), Awaited { released, tasks });
        self
    }

    fn finished(mut self, number: u32, connected: bool) -> World {
        let finished = FinishedRegistration {
            instance: key(number).instance,
            connected,
            at: at(100),
            recorded: true,
            recheck: false,
        };
        let known = self.view.finished.entry(key(number).cluster).or_default();
        known.insert(arn(number), finished);
        self
    }

    /// Its drain could not be recorded, and it had no task.
    fn unrecorded(mut self, number: u32) -> World {
        self = self.finished(number, true);
        let known = self.view.finished.values_mut().flat_map(BTreeMap::values_mut);
        known.for_each(|finished| finished.recorded = false);
        self
    }

    fn later(mut self, span: SignedDuration) -> World {
        self.now += span;
        self
    }

    fn sweep(&self) -> Sweep<'_> {
        sweep(self.listing.clone(), &self.view, &self.policy, self.now)
    }

    fn needs(&self) -> Needs {
        self.assign(self.sweep())
    }

    /// ECS describes what it is asked for.
    fn assign(&self, sweep: Sweep<'_>) -> Needs {
        let mut answers = self.answers.clone();
        let asked = sweep.to_describe();
        answers.described.retain(|key, all| {
            let asked = asked.get(&key.cluster);
            all.retain(|one| asked.is_some_and(|asked| asked.contains(&one.arn)));
            !all.is_empty()
        });
        sweep.assign(answers)
    }

    /// What the instance needs, in a word or two.
    fn needs_of(&self, number: u32) -> String {
        let mut sweep = self.sweep();
        let candidate = sweep.take_candidates().into_iter().flat_map(|(_, all)| all);
        let steady = candidate.filter(|one| one.key == key(number)).count() > 0;
        let kept = sweep.kept.contains(&key(number));
        let needs = self.needs();
        let is_it = |one: &NeedsObservation| one.key == key(number);
        let words = [
            (steady, "may be steady"),
            (kept, "kept"),
            (needs.observe.iter().any(is_it), "observe"),
            (needs.receipts.iter().any(is_it), "receipt"),
            (needs.delete.iter().any(|old| old.name == name(number)), "delete"),
            (needs.unplaced.contains_key(&key(number).instance), "unplaced"),
            (
                needs.finished.iter().any(|(one, _)| *one == key(number)),
                "finished",
            ),
            (needs.empty.iter().any(|(one, _)| *one == key(number)), "empty"),
            (needs.back.iter().any(|(one, _)| *one == key(number)), "back"),
        ];
        let needed = words.into_iter().filter_map(|(is, word)| is.then_some(word));
        needed.collect::<Vec<_>>().join(" ")
    }
}

const KEPT: SignedDuration = RECORD_KEPT;

/// A deadline ended it: what holds still had its time.
fn forced(record: Record) -> Record {
    Record {
        reason: Some(ReleaseReason::Deadline),
        ..record
    }
}

#[test]
fn each_listed_instance_gets_what_it_needs() {
    let (draining, active) = (
        registration(1, "DRAINING", Some(2)),
        registration(1, "ACTIVE", Some(2)),
    );
    let (idle, gone) = (
        registration(1, "DRAINING", Some(0)),
        registration(1, "INACTIVE", None),
    );
    // What it needs; its record; its registration; whether a hook waits; whether the record was written minutes ago.
    let (hooked, late) = (true, true);
    for (expected, record, instance, is_hooked, is_late) in [
        (
            "observe",
            Some(holding(1)),
            Some(draining.clone()),
            !hooked,
            !late,
        ),
        ("observe", Some(holding(1)), None, !hooked, !late),
        ("observe", None, Some(draining.clone()), !hooked, !late),
        ("observe", None, Some(draining.clone()), hooked, !late),
        ("", None, Some(active.clone()), !hooked, !late),
        ("unplaced", None, None, hooked, !late),
        ("receipt", Some(released(1)), None, !hooked, !late),
        ("observe", Some(released(1)), None, hooked, !late),
        ("delete", Some(released(1)), None, !hooked, late),
        ("observe", Some(released(1)), Some(active.clone()), !hooked, late),
        ("delete", Some(over(1)), None, !hooked, !late),
        ("delete", Some(over(1)), Some(gone), !hooked, !late),
        ("", Some(unhooked(over(1))), None, !hooked, !late),
        ("delete", Some(unhooked(over(1))), None, !hooked, late),
        ("back", Some(over(1)), Some(active.clone()), !hooked, !late),
        (
            "",
            Some(over(1).outlived(at(100))),
            Some(active.clone()),
            !hooked,
            !late,
        ),
        ("", Some(unhooked(over(1))), Some(active.clone()), !hooked, !late),
        ("delete", Some(over(1)), Some(active), !hooked, late),
        (
            "finished",
            Some(forced(over(1))),
            Some(draining.clone()),
            !hooked,
            late,
        ),
        (
            "observe",
            Some(forced(over(1))),
            Some(draining.clone()),
            hooked,
            late,
        ),
        ("observe", Some(over(1)), Some(draining), !hooked, !late),
        ("finished", Some(over(1)), Some(idle), !hooked, late),
        ("finished", Some(over(1)), Some(lost(1, Some(2))), !hooked, !late),
        (
            "delete finished",
            Some(over(1)),
            Some(lost(1, Some(2))),
            !hooked,
            late,
        ),
        ("observe", Some(over(1)), Some(lost(1, Some(2))), hooked, !late),
    ] {
        let mut world = World::empty();
        let what = format!("{record:?} {instance:?} {is_hooked} {is_late}");
        if let Some(record) = record {
            world = world.record(1, record);
        }
        if let Some(instance) = instance {
            world = world.registered(1, instance);
        }
        if is_hooked {
            world = world.waiting(1);
        }
        if is_late {
            world = world.later(KEPT);
        }
        assert_eq!(world.needs_of(1), expected, "{what}");
    }
}

#[test]
fn what_is_not_known_deletes_nothing_and_skips_nothing() {
    let gone = World::empty().record(1, over(1)).later(KEPT);
    assert_eq!(gone.needs_of(1), "delete");
    let mut unanswered = gone.clone();
    unanswered.answers.unanswered.insert(key(1).cluster);
    assert_eq!(
        unanswered.needs_of(1),
        "receipt",
        "ECS gave no answer for its cluster"
    );
    let idle = registration(1, "DRAINING", Some(0));
    let mut unhooked = World::empty().record(1, over(1)).registered(1, idle);
    assert_eq!(unhooked.needs_of(1), "finished");
    unhooked.listing.waiting = None;
    assert_eq!(unhooked.needs_of(1), "observe", "Auto Scaling gave no answer");
    let mut unreadable = World::empty().record(1, over(1)).later(KEPT);
    let records = unreadable.listing.records.as_mut().unwrap();
    records.get_mut(&key(1)).unwrap().stored.record = Record::decode("{}");
    assert_eq!(unreadable.needs_of(1), "observe", "it may be of another version");
}

#[test]
fn without_a_listing_of_records_nothing_is_measured_and_the_rest_still_counts() {
    let mut world = World::empty().registered(1, registration(1, "DRAINING", None));
    world.listing.records = None;
    let sweep = world.sweep();
    assert_eq!((&sweep.fleet, &sweep.gauges), (&None, &None));
    assert_eq!(world.needs_of(1), "observe");
}

#[test]
fn p10_every_hook_that_waits_counts_for_the_pace_of_completions() {
    let mut world = World::empty();
    assert_eq!(world.sweep().completions_per_second, Some(18.0));
    let twice =
        |(instance, hooks): (InstanceId, Vec<HookAction>)| (instance, [hooks.clone(), hooks].concat());
    world.listing.waiting = Some((0..30).map(|number| twice(hook(number, 120))).collect());
    let paced = world.sweep().completions_per_second;
    assert!(
        paced.is_some_and(|paced| (paced - 17.0).abs() < 0.001),
        "{paced:?}"
    );
    world.listing.waiting = None;
    assert_eq!(world.sweep().completions_per_second, None);
}

#[test]
fn whether_a_hook_waits_comes_from_the_group_or_from_the_instance() {
    let draining = registration(1, "DRAINING", Some(2));
    let base = World::empty().record(1, holding(1)).registered(1, draining);
    let hook_of = |world: &World| world.needs().observe.pop().unwrap().hook;
    assert_eq!(base.sweep().hooks_to_ask(&BTreeMap::new()), [key(1).instance]);
    assert_eq!(hook_of(&base), Hook::Over, "it is neither listed nor leaving");
    let mut leaving = base.clone();
    leaving.answers.leaving = Some([key(1).instance].into());
    assert_eq!(
        hook_of(&leaving),
        Hook::Waiting(hook(1, 900).1),
        "the record names it"
    );
    let mut unknown = base.clone();
    unknown.answers.leaving = None;
    assert!(matches!(hook_of(&unknown), Hook::Unknown(_)));
    let mut listed = base.clone();
    listed.listing.waiting = Some([hook(1, 300)].into());
    assert_eq!(listed.sweep().hooks_to_ask(&BTreeMap::new()), []);
    assert_eq!(
        hook_of(&listed),
        Hook::Waiting(hook(1, 300).1),
        "the listing is newer"
    );
    let mut none = base.clone();
    none.listing.records = Some([self::listed(1, unhooked(holding(1)))].into());
    assert_eq!(none.sweep().hooks_to_ask(&BTreeMap::new()), []);
    assert_eq!(hook_of(&none), Hook::None);
}

#[test]
fn releases_are_observed_first_then_new_holds_then_the_rest() {
    let due = Record {
        deadline_at: at(100),
        ..holding(3)
    };
    let mut world = World::empty()
        .record(1, holding(1))
        .record(3, due)
        .record(4, released(4));
    for number in 1..=4 {
        world = world.registered(number, registration(number, "DRAINING", Some(1)));
    }
    let order: Vec<InstanceKey> = world.needs().observe.into_iter().map(|one| one.key).collect();
    assert_eq!(order, [3, 4, 2, 1].map(key));
}

#[test]
fn what_is_described_is_what_drains_and_what_records_name() {
    let other = Record {
        other_registrations: vec![arn(9)],
        ..holding(1)
    };
    let world = World::empty()
        .record(1, other)
        .registered(2, registration(2, "DRAINING", None));
    let asked = world.sweep().to_describe();
    assert_eq!(asked, [(key(1).cluster, [1, 2, 9].map(arn).into())].into());
}

#[test]
fn p10_finished_registrations_cost_nothing_until_a_hook_waits() {
    let idle = || registration(1, "DRAINING", Some(0));
    let base = || World::empty().record(1, over(1)).registered(1, idle());
    let known = base().finished(1, true);
    assert_eq!(
        known.sweep().to_describe(),
        [(key(1).cluster, BTreeSet::new())].into()
    );
    assert_eq!(known.sweep().kept, [key(1)]);
    let waits = base().finished(1, true).waiting(1);
    assert!(waits.sweep().kept.is_empty() && waits.needs_of(1) == "observe");
    let left_behind = World::empty().record(1, over(1)).finished(1, false);
    assert_eq!(
        left_behind.sweep().kept,
        [key(1)],
        "its sidecars may still read it"
    );
    let back = left_behind
        .clone()
        .registered(1, registration(1, "ACTIVE", Some(2)));
    assert_eq!(
        back.needs_of(1),
        "kept back",
        "our hook let it go, and it came back"
    );
    assert_eq!(left_behind.later(KEPT).needs_of(1), "delete");
    let mut another = over(1);
    another.other_registrations = vec![arn(2)];
    let another = World::empty()
        .record(1, another)
        .registered(1, idle())
        .registered(1, registration(2, "DRAINING", Some(0)))
        .finished(1, true);
    assert!(
        another.sweep().kept.is_empty(),
        "the other registration is not known"
    );
}

/// A person has drained it, and it stays. What an earlier registration of it seems to run had its time.
#[test]
fn p10_tasks_of_a_registration_without_an_agent_cost_nothing_after_the_drain() {
    let earlier = |connected| ContainerInstance {
        agent_connected: connected,
        ..registration(2, "ACTIVE", Some(1))
    };
    let mut record = unhooked(over(1));
    record.other_registrations = vec![arn(2)];
    let world = |connected| {
        let world = World::empty().record(1, record.clone());
        world
            .registered(1, registration(1, "DRAINING", Some(0)))
            .registered(1, earlier(connected))
    };
    assert_eq!(world(false).needs_of(1), "finished");
    assert_eq!(world(true).needs_of(1), "observe", "its agent is back");
}

/// An agent has registered again since, whatever ended the drain.
#[test]
fn p7_a_registration_that_no_release_names_is_observed_after_a_drain() {
    let forced = Record {
        reason: Some(ReleaseReason::Deadline),
        ..over(1)
    };
    for record in [over(1), forced] {
        for tasks in [Some(0), Some(2)] {
            let world = |came| {
                let world = World::empty().record(1, record.clone());
                world.registered(1, lost(1, Some(0))).registered(1, came)
            };
            assert_eq!(world(registration(2, "DRAINING", tasks)).needs_of(1), "observe");
            assert_eq!(world(lost(2, tasks)).needs_of(1), "finished", "its agent is gone");
        }
    }
}

/// Its agent has lost its data, and registered again: what it left behind DRAINING does not count beside that.
#[test]
fn p10_a_registration_that_was_left_behind_costs_nothing_beside_one_in_service() {
    let world = |record, left: ContainerInstance| {
        let record = Record {
            other_registrations: vec![arn(2)],
            ..record
        };
        let world = World::empty().record(1, record).registered(1, left);
        world.registered(1, registration(2, "ACTIVE", Some(1)))
    };
    for tasks in [Some(0), Some(2)] {
        let left = || lost(1, tasks);
        for (expected, world) in [
            ("", world(unhooked(over(1)), left())),
            ("delete", world(unhooked(over(1)), left()).later(KEPT)),
            ("back", world(over(1), left())),
            ("unplaced", world(over(1), left()).waiting(1)),
            (
                "observe",
                world(unhooked(over(1)), registration(1, "DRAINING", Some(2))),
            ),
            ("observe", world(unhooked(holding(1)), left())),
        ] {
            assert_eq!(world.needs_of(1), expected, "{tasks:?}");
        }
    }
}

/// Its root volume was replaced, and ECS shows only the registration that its record names.
#[test]
fn p1_an_instance_in_service_under_another_registration_is_noted_as_back() {
    let outlived = Record {
        active_since: Some(at(100)),
        ..over(1)
    };
    assert!(outlived.is_outlived());
    for (record, connected, asks, serves, needs) in [
        (over(1), false, true, true, "finished back"),
        (over(1), false, true, false, "finished"),
        (outlived, false, false, true, "finished"),
        (over(1), true, false, false, "finished"),
    ] {
        let one = ContainerInstance {
            agent_connected: connected,
            ..registration(1, "DRAINING", Some(0))
        };
        let mut world = World::empty().record(1, record).registered(1, one);
        let asked = world.sweep().hooks_to_ask(&world.answers.described);
        assert_eq!(asked.contains(&key(1).instance), asks, "{connected} {needs}");
        world.answers.serving.extend(serves.then(|| key(1).instance));
        assert_eq!(world.needs_of(1), needs);
    }
}

/// A drain with a hook that holds, of which two tasks are awaited.
fn steady() -> World {
    World::empty()
        .record(1, holding(1))
        .registered(1, registration(1, "DRAINING", Some(2)))
        .waiting(1)
        .awaits(1, false, &[1, 2])
}

#[test]
fn p10_a_drain_is_steady_while_nothing_but_the_end_of_a_task_can_change_it() {
    assert_eq!(steady().sweep().take_candidates().len(), 1);
    type Change = fn(&mut World);
    let changes: [(&str, Change); 8] = [
        ("no task is known", |world| world.view.awaited.clear()),
        ("the known tasks are daemons", |world| {
            world.view.awaited.get_mut(&key(1)).unwrap().released = true;
        }),
        ("the listing leaves it out", |world| {
            world.listing.draining.clear()
        }),
        ("its deadline has come", |world| world.now = at(3600)),
        ("every daemon may go", |world| {
            world.view.control = Control::ReleaseAll
        }),
        ("its hook does not wait", |world| {
            world.listing.waiting = Some(Waiting::new());
        }),
        ("the timeout of its hook has changed", |world| {
            world.listing.waiting = Some([hook(1, 300)].into());
        }),
        ("another actor drains it, and our hook waits", |world| {
            world.listing.records = Some([listed(1, unhooked(holding(1)))].into());
        }),
    ];
    for (what, change) in changes {
        let mut world = steady();
        change(&mut world);
        assert!(world.sweep().take_candidates().is_empty(), "{what}");
        assert_eq!(world.needs_of(1), "observe", "{what}");
    }
    let mut unasked = steady();
    unasked.listing.waiting = None;
    assert_eq!(
        unasked.sweep().take_candidates().len(),
        1,
        "Auto Scaling gave no answer"
    );
}

#[test]
fn p2_a_drain_is_steady_only_if_an_awaited_task_is_seen_to_live() {
    let seen = |tasks: &[Task]| {
        let world = steady();
        let mut sweep = world.sweep();
        let (_, mut candidates) = sweep.take_candidates().pop().unwrap();
        let steady = sweep.steady(candidates.pop().unwrap(), tasks);
        let left = world.assign(sweep).observe.len();
        assert_eq!(usize::from(steady.is_some()) + left, 1, "it is one or the other");
        steady.map(|drain| drain.tasks.len())
    };
    let away = Task {
        agent_connected: false,
        ..web(2, "RUNNING")
    };
    assert_eq!(
        seen(&[web(1, "RUNNING"), web(2, "STOPPED"), web(3, "RUNNING")]),
        Some(2)
    );
    assert_eq!(seen(&[web(1, "STOPPED"), web(2, "STOPPED")]), None);
    assert_eq!(seen(&[web(3, "RUNNING")]), None, "it is another drain's");
    assert_eq!(seen(&[]), None, "ECS gave no answer for them");
    assert_eq!(seen(&[web(1, "RUNNING"), away]), None, "its agent is away");
}

#[test]
fn a_released_drain_is_steady_while_a_daemon_is_awaited() {
    let world = World::empty()
        .record(1, released(1))
        .registered(1, registration(1, "DRAINING", Some(1)))
        .waiting(1)
        .awaits(1, true, &[1]);
    for (status, expected) in [("RUNNING", true), ("STOPPED", false)] {
        let mut sweep = world.sweep();
        let (_, mut candidates) = sweep.take_candidates().pop().unwrap();
        let steady = sweep.steady(candidates.pop().unwrap(), &[web(1, status)]);
        assert_eq!(steady.is_some(), expected, "{status}");
    }
}

#[test]
fn the_gauges_are_of_drains_that_are_not_over() {
    let record = |number, remaining, sidecars, heartbeat| {
        let mut record = Record {
            remaining,
            sidecars,
            started_at: at(i64::from(number)),
            ..holding(number)
        };
        record.lifecycle.as_mut().unwrap().heartbeat_at = at(heartbeat);
        record
    };
    let mut world = World::empty()
        .record(1, record(1, 4, 2, 60))
        .record(2, record(2, 3, 1, 30))
        .record(3, released(3))
        .record(4, over(4));
    world.policy.settle = SignedDuration::ZERO;
    let sweep = world.sweep();
    let expected = Gauges {
        drains: 3,
        remaining: 7,
        oldest: Some(SignedDuration::from_secs(120)),
        hook_ends: Some(at(900)),
    };
    assert_eq!(sweep.gauges.as_ref(), Some(&expected));
    assert_eq!(sweep.fleet, Some([(key(1), 2), (key(2), 1)].into()));
    assert_eq!(World::empty().sweep().gauges, Some(Gauges::default()));
}

#[test]
fn p10_an_empty_instance_that_cannot_be_recorded_is_described_now_and_then() {
    let (idle, busy) = (
        registration(1, "DRAINING", Some(0)),
        registration(1, "DRAINING", Some(2)),
    );
    for (expected, instance, is_hooked, recheck) in [
        ("", &busy, false, false),
        ("observe", &idle, true, false),
        ("empty", &idle, false, true),
        ("observe", &busy, false, true),
        ("observe", &idle, true, true),
    ] {
        let mut world = World::empty().unrecorded(1).registered(1, instance.clone());
        let known = world.view.finished.values_mut().flat_map(BTreeMap::values_mut);
        known.for_each(|finished| finished.recheck = recheck);
        let world = if is_hooked { world.waiting(1) } else { world };
        assert_eq!(world.needs_of(1), expected, "{instance:?} {is_hooked} {recheck}");
    }
}

/// The same world, and another cluster that is watched.
fn several(mut world: World) -> World {
    world.policy.clusters.push("batch".parse().unwrap());
    world
}

/// A drain of an instance that is registered in another cluster too.
fn in_two(record: Record) -> Record {
    Record {
        other_clusters: vec!["batch".parse().unwrap()],
        ..record
    }
}

#[test]
fn p4_a_hook_that_no_record_knows_is_located_in_all_clusters() {
    let draining = |number| registration(number, "DRAINING", Some(2));
    let unrecorded = World::empty().registered(1, draining(1)).waiting(1);
    let by_another = World::empty()
        .record(1, unhooked(holding(1)))
        .registered(1, draining(1))
        .waiting(1);
    for world in [unrecorded, by_another] {
        assert_eq!(world.needs_of(1), "observe", "one cluster is watched");
        assert_eq!(several(world).needs_of(1), "unplaced");
    }
    let known = World::empty()
        .record(1, holding(1))
        .registered(1, draining(1))
        .waiting(1);
    assert_eq!(several(known).needs_of(1), "observe");
}

#[test]
fn p4_a_drain_that_a_record_of_another_cluster_names_is_begun() {
    let world = several(World::empty())
        .record(1, in_two(holding(1)))
        .registered(1, registration(1, "DRAINING", Some(2)));
    assert_eq!(world.needs().observe.len(), 1, "no hook waits any more");
    let needs = world.waiting(1).needs();
    let begun = needs
        .observe
        .iter()
        .find(|one| one.key.cluster.as_str() == "batch")
        .unwrap();
    assert_eq!(begun.elsewhere, [key(1).cluster]);
    assert!(matches!(begun.hook, Hook::Waiting(_)) && begun.stored.is_none());
}

#[test]
fn p4_the_record_of_a_drain_that_is_over_stays_until_its_hook_is_completed() {
    let gone = several(World::empty()).record(1, in_two(over(1)));
    assert_eq!(gone.needs_of(1), "delete");
    assert_eq!(gone.waiting(1).needs_of(1), "observe");
    let mut unanswered = several(World::empty()).record(1, in_two(over(1)));
    unanswered.listing.waiting = None;
    assert!(
        unanswered.needs().delete.is_empty(),
        "it is not known whether the hook waits"
    );
}

#[test]
fn a_listing_has_news_of_an_instance_if_its_record_does_not_tell_the_same() {
    let needs = |hook| NeedsObservation {
        key: key(1),
        instances: None,
        hook,
        stored: None,
        elsewhere: Vec::new(),
    };
    let (_, waits) = hook(1, 900);
    let second = HookAction {
        hook: "second".parse().unwrap(),
        ..waits[0].clone()
    };
    let [ours, another] = [waits, vec![second]].map(|waits| needs(Hook::Waiting(waits)));
    let hooked = over(1);
    assert_eq!(hooked.lifecycles().count(), 1, "protect-daemons");
    assert!(ours.has_news(None) && !ours.has_news(Some(&hooked)));
    assert!(another.has_news(Some(&hooked)));
    let listed = NeedsObservation {
        stored: Some(Stored {
            record: Ok(hooked.clone()),
            version: 1,
        }),
        ..ours
    };
    assert!(!listed.has_news(None));
    assert!(
        listed.has_news(Some(&unhooked(hooked.clone()))),
        "what is known was read or written later"
    );
    assert!(needs(Hook::Over).has_news(Some(&hooked)));
    for hook in [Hook::None, Hook::Unknown("throttled".to_owned())] {
        assert!(!needs(hook.clone()).has_news(Some(&hooked)));
        let elsewhere = vec!["dev".parse().unwrap()];
        let beside = NeedsObservation {
            elsewhere,
            ..needs(hook)
        };
        assert!(beside.has_news(Some(&hooked)));
    }
}
