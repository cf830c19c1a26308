//! Any text that a writer of one instance's record may have: for tests of what texts know together.

use jiff::{SignedDuration, Timestamp};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{arn, at};
use crate::ids::ContainerInstanceArn;
use crate::limits::{OTHER_CLUSTERS_MAX, UNPROTECTED_MAX};
use crate::record::{HeldBy, Lifecycle, Ordered, Record, ReleaseReason, Releasing, SCHEMA, State, Waited};
use crate::unprotected::{UnprotectedDaemon, UnprotectedReason};

const REASONS: [ReleaseReason; 5] = [
    ReleaseReason::Drained,
    ReleaseReason::Deadline,
    ReleaseReason::Operator,
    ReleaseReason::Cancelled,
    ReleaseReason::AgentLost,
];

/// A few of these, in any order.
fn some<T: Clone + std::fmt::Debug + 'static>(all: Vec<T>, most: usize) -> impl Strategy<Value = Vec<T>> {
    subsequence(all, 0..=most).prop_shuffle()
}

/// One of a few seconds after the drain began, after each of its beginnings.
fn second() -> impl Strategy<Value = i64> {
    10_i64..13
}

/// A few seconds of a drain, as a time.
fn time(base: i64) -> impl Strategy<Value = Timestamp> {
    second().prop_map(move |second| at(base + second))
}

fn maybe_time(base: i64) -> impl Strategy<Value = Option<Timestamp>> {
    option::of(time(base))
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}{number}")).collect()
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(names: Vec<String>) -> Vec<T> {
    names.into_iter().map(|name| name.parse().unwrap()).collect()
}

fn any_reason() -> impl Strategy<Value = ReleaseReason> {
    select(REASONS.as_slice())
}

/// Which drain this is, and under which name: two runs may begin one at once.
fn any_beginning(drain: u32, base: i64) -> impl Strategy<Value = (String, Timestamp)> {
    select(vec![0, 12, 4000]).prop_map(move |millis| {
        let name = match millis {
            12 => format!("shared-{drain}"),
            _ => format!("drain-{drain}-{millis}"),
        };
        (name, at(base) + SignedDuration::from_millis(millis))
    })
}

/// The present registration, and others; all texts of a drain have one in common.
fn any_registrations(drain: u32) -> impl Strategy<Value = (ContainerInstanceArn, Vec<ContainerInstanceArn>)> {
    // The first two drains are of the same registrations.
    let first = drain / 2 * 10;
    let others = (1..4).map(|number| arn(first + number)).collect();
    let named = some(others, 3).prop_map(move |others| [vec![arn(first)], others].concat());
    (named, any::<prop::sample::Index>()).prop_map(|(mut named, present)| {
        let present = named.remove(present.index(named.len()));
        (present, named)
    })
}

/// A hook of this drain: its token is known, or not.
fn any_hook(drain: u32, base: i64, number: usize) -> impl Strategy<Value = Lifecycle> {
    let numbers = (any::<bool>(), 1_u32..4, time(base), 25_i64..30);
    numbers.prop_map(move |(named, seconds, heartbeat_at, limit)| Lifecycle {
        auto_scaling_group_name: format!("group{}", number / 2).parse().unwrap(),
        lifecycle_hook_name: format!("hook{}", number % 2).parse().unwrap(),
        lifecycle_action_token: named.then(|| {
            let token = format!("71514b9d-6a40-4b26-8523-05e7ee35fa{drain}{number}");
            token.parse().unwrap()
        }),
        heartbeat_seconds: seconds * 60,
        heartbeat_at,
        global_deadline_at: at(base + limit * 100),
    })
}

fn any_hooks(drain: u32, base: i64) -> impl Strategy<Value = Vec<Lifecycle>> {
    some(vec![0, 1, 2], 3).prop_flat_map(move |numbers| {
        let hooks = numbers.into_iter().map(|number| any_hook(drain, base, number));
        hooks.collect::<Vec<_>>()
    })
}

/// A release, one that goes on by tiers, or neither.
type Standing = (State, Option<ReleaseReason>, Option<Timestamp>, Option<Releasing>);

fn any_standing(base: i64) -> impl Strategy<Value = Standing> {
    let releasing = (any_reason(), 0_u32..2, time(base)).prop_map(|(reason, tier, since)| Releasing {
        reason,
        tier,
        since,
    });
    prop_oneof![
        option::of(releasing).prop_map(|releasing| (State::Holding, None, None, releasing)),
        (any_reason(), maybe_time(base)).prop_map(|(reason, at)| (State::Released, Some(reason), at, None)),
    ]
}

fn any_held_by(base: i64) -> impl Strategy<Value = Vec<HeldBy>> {
    let held = (select(names("service:", 2)), 1_u32..3, 0_u32..2, maybe_time(base));
    let held = held.prop_map(|(group, count, protected, protected_until)| HeldBy {
        group,
        count,
        last_status: "RUNNING".to_owned(),
        protected,
        protected_until,
    });
    prop::collection::vec(held, 0..2)
}

fn any_waited(base: i64) -> impl Strategy<Value = Vec<Waited>> {
    some(names("service:", 3), 3).prop_flat_map(move |groups| {
        let waited = groups.into_iter().map(move |group| {
            (1_u32..4, maybe_time(base)).prop_map(move |(count, until)| Waited {
                group: group.clone(),
                count,
                until,
            })
        });
        waited.collect::<Vec<_>>()
    })
}

fn any_ordered(base: i64) -> impl Strategy<Value = Option<Ordered>> {
    let ordered = (
        select(vec!["extend", "hold"]),
        select(vec!["ana", "jo"]),
        time(base),
    );
    option::of(ordered.prop_map(|(command, who, at)| Ordered::new(command, who, "ticket 7", at)))
}

fn any_unprotected() -> impl Strategy<Value = Vec<UnprotectedDaemon>> {
    let daemons = names("daemon", UNPROTECTED_MAX + 2).into_iter();
    let daemons = daemons.map(|service| UnprotectedDaemon {
        service,
        reason: UnprotectedReason::SidecarStopped,
    });
    some(daemons.collect(), UNPROTECTED_MAX)
}

/// Three drains of one instance, which begin some time after each other, and each field in every state it may have.
pub(crate) fn any_record() -> impl Strategy<Value = Record> {
    (0_u32..3).prop_flat_map(|drain| any_of_drain(drain, i64::from(drain) * 10_000))
}

fn any_of_drain(drain: u32, base: i64) -> impl Strategy<Value = Record> {
    let named = (
        any_beginning(drain, base),
        any_registrations(drain),
        any_hooks(drain, base),
        some(
            parsed(names("cluster", OTHER_CLUSTERS_MAX + 2)),
            OTHER_CLUSTERS_MAX,
        ),
    );
    let counts = (0_u32..3, 0_u32..2, 1_u32..3, 0_u32..3, 0_u32..3);
    let seen = (
        (time(base), maybe_time(base), maybe_time(base)),
        (maybe_time(base), maybe_time(base), maybe_time(base)),
        any_held_by(base),
        counts,
    );
    let facts = (
        (maybe_time(base), maybe_time(base), maybe_time(base)),
        some(parsed(names("daemon", 3)), 3),
        any_unprotected(),
        any_waited(base),
        any_ordered(base),
    );
    let deadline = (20_i64..30).prop_map(move |deadline| at(base + deadline * 100));
    (named, any_standing(base), seen, facts, deadline).prop_map(
        |(named, (state, reason, released_at, releasing), seen, facts, deadline_at)| {
            let ((drain_id, started_at), (present, others), hooks, other_clusters) = named;
            let (times, agent, held_by, (remaining, sidecars, poll_seconds, calls, daemons_left)) = seen;
            let (moments, released_services, unprotected, waited, ordered) = facts;
            Record {
                schema: SCHEMA,
                state,
                remaining,
                reason,
                ec2_instance_id: super::key(1).instance,
                container_instance_arn: present,
                other_registrations: others,
                drain_id,
                started_at,
                updated_at: times.0,
                deadline_at,
                released_at,
                poll_seconds,
                release_not_before: times.1,
                held_by,
                released_services,
                lifecycle: hooks.first().cloned(),
                other_lifecycles: hooks.into_iter().skip(1).collect(),
                other_clusters,
                draining_confirmed_at: times.2,
                sidecars,
                releasing,
                agent_lost_at: agent.0,
                agent_away_at: agent.1,
                active_since: agent.2,
                spot_notice_at: moments.0,
                daemons_gone_at: moments.1,
                unprotected,
                daemons_left,
                waited,
                calls,
                receipt_at: moments.2,
                ordered,
            }
        },
    )
}
