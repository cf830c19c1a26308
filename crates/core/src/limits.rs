//! Every limit of the product, with its reason: here those of AWS, and those that both programs or the rules share; in
//! [`coordinator`] and [`sidecar`] those of one program. Only a limit that one function alone needs is declared there.

pub mod coordinator;
pub mod sidecar;

use jiff::SignedDuration;

/// Two events of one drain, such as a hook and DRAINING, come within this, and two runs may begin it at once.
pub const BEGUN_TOGETHER: SignedDuration = SignedDuration::from_secs(10);

/// A standard parameter holds 4 KB; larger ones cost money and cannot be made standard again:
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html>
pub const RECORD_BYTES_MAX: usize = 4096;

/// The number of shared records of a cluster: with an instance's own record and the kill switch they are the ten names
/// that one `GetParameters` takes ([`GET_PARAMETERS_MAX`]). Each has room for some 115 instances.
pub const SHARED_RECORDS: usize = 8;

/// The number of the last shared record. Operator commands note their releases in it, so other drains are only put there
/// when the others are full.
pub const LAST_SHARED: usize = SHARED_RECORDS - 1;

/// The largest number of versions that are read to repair one text. Writers that cross are two or three, and each text
/// that was itself repaired ends the search.
pub const VERSIONS_READ_MAX: u32 = 10;

/// The number of names that `GetParameters` takes at once:
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>
pub const GET_PARAMETERS_MAX: usize = 10;

/// From this number of concurrent drains on they share records. A few have records of their own, which say more to a
/// person, and whose writes do not wait for each other.
pub const SHARED_FROM: usize = 5;

/// The number of instances that `UpdateContainerInstancesState` takes at once:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateContainerInstancesState.html>
pub const DRAINING_MAX: usize = 10;

/// The number of groups that `heldBy` names: what a person can take in, and far below the size limit.
pub const HELD_BY_MAX: usize = 5;

/// The number of unprotected daemons that a record names: an instance has one task of each daemon service, and an entry
/// has some 60 bytes.
pub const UNPROTECTED_MAX: usize = 8;

/// The largest number of calls that a tick makes to find unprotected daemons on instances that do not drain. It makes so
/// many only in a check that would last longer than until the next one at the pace of [`PROTECTION_INTERVAL`].
pub const PROTECTION_CALLS_MAX: u32 = 4;

/// The time between two calls of a check: it has every other tick, and the beacon has those between. A check of a cluster
/// with one daemon service and up to a hundred instances takes three calls.
pub const PROTECTION_INTERVAL: SignedDuration = SignedDuration::from_mins(2);

/// The number of other registrations of an instance that its record names: more than one is rare, and each has some 100
/// bytes.
pub const REGISTRATIONS_MAX: usize = 4;

/// The number of other clusters that a record names: an instance that is registered in more than two is unheard of, and a
/// name has up to 255 bytes.
pub const OTHER_CLUSTERS_MAX: usize = 4;

/// The number of items that `DescribeTasks` and `DescribeContainerInstances` take at once:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html>
pub const DESCRIBE_MAX: usize = 100;

/// The number of clusters that `DescribeClusters` takes at once:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeClusters.html>
pub const DESCRIBE_CLUSTERS_MAX: usize = 100;

/// The number of capacity providers for which `DescribeCapacityProviders` answers at once:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeCapacityProviders.html>
pub const DESCRIBE_PROVIDERS_MAX: usize = 10;

/// The number of services that `DescribeServices` takes at once:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html>
pub const DESCRIBE_SERVICES_MAX: usize = 10;

/// The number of names that `DeleteParameters` takes at once:
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameters.html>
pub const DELETE_PARAMETERS_MAX: usize = 10;

/// The number of instances that `DescribeAutoScalingInstances` takes at once:
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingInstances.html>
pub const DESCRIBE_SCALING_INSTANCES_MAX: usize = 50;

/// The number of names that `DescribeAutoScalingGroups` takes at once, unless it is asked for larger pages:
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html>
pub const DESCRIBE_GROUPS_MAX: usize = 50;

/// The number of activities that `DescribeScalingActivities` returns at once:
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingActivities.html>
pub const DESCRIBE_ACTIVITIES_MAX: i32 = 100;

/// A load balancer takes no longer than this to deregister a target or an instance, and a terminate hook waits only after
/// that. <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html>
/// (`deregistration_delay.timeout_seconds`),
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/config-conn-drain.html>
pub const DEREGISTRATION_MAX: SignedDuration = SignedDuration::from_secs(3600);

/// A hook waits no longer than this, regardless of its heartbeats:
/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html>
pub const HOOK_GLOBAL_MAX: SignedDuration = SignedDuration::from_hours(48);

/// A hook waits no longer than this many of its heartbeat timeouts (same page).
pub const HOOK_GLOBAL_HEARTBEATS: i32 = 100;

/// A schedule fires once a minute, so half of a shorter heartbeat timeout can pass between two ticks.
pub const HOOK_HEARTBEAT_MIN_SECONDS: u32 = 120;

/// The daemons' time ends this long before the hook's global limit, at the least. Without events one tick finds that the
/// deadline has passed, and another one that the daemons have had their time: two ticks, a delay, and the readings between.
pub const GLOBAL_MARGIN: SignedDuration = SignedDuration::from_secs(180);

/// A tick comes once a minute (`template.yaml`).
pub const TICK: SignedDuration = SignedDuration::from_secs(60);

/// The beacon is written no sooner than this after the last time, if nothing but its time has changed: once by each
/// tick of the schedule, whose ticks may be some seconds nearer to each other than a minute, and not again by a copy of
/// one.
pub const BEACON_INTERVAL: SignedDuration = SignedDuration::from_secs(45);

/// A beacon of this age is written before anything else that can wait: tools take a coordinator whose beacon is older
/// than three minutes for one that does not run. Every other tick meets it.
pub const BEACON_AGE_MAX: SignedDuration = SignedDuration::from_secs(100);

/// A tick comes once a minute, and may be late by half of one.
pub const TICK_AND_DELAY: SignedDuration = SignedDuration::from_secs(90);

/// A coordinator that is alive releases at the deadline or in the first tick after it. A sidecar takes it for dead this
/// long after the deadline, plus the time between two of the sidecar's readings: a tick with its delay, and one more
/// tick if that one fails.
pub const COORDINATOR_SILENCE: SignedDuration = SignedDuration::from_secs(150);

/// A changed count is written no sooner than this after the last write: PutParameter allows 3 a second for the
/// whole account, and the count is for people.
pub const COUNT_REFRESH: SignedDuration = SignedDuration::from_secs(5);

/// The same, while many instances drain.
pub const COUNT_REFRESH_MANY: SignedDuration = SignedDuration::from_secs(30);

/// A count that has not fallen to a third is written after this long: a person who watches a large drain sees it
/// shrink.
pub const COUNT_STALE: SignedDuration = SignedDuration::from_secs(120);

/// Or after this part of the drain's age, if that is longer: a drain of an hour with a task a minute needs 8 writes for
/// its counts and not 60, and a person who looks after an hour does not need the exact minute.
pub const COUNT_STALE_SHARE: i32 = 3;

/// From this number of drains on, counts are refreshed at the slower pace: 10 × 1/5 s uses up our 2 writes a second.
pub const MANY_DRAINS: usize = 10;

/// The reads per second of all sidecars together: half of what SSM allows by default (40 reads a second per account).
pub const SIDECAR_READS_PER_SECOND: u32 = 20;

/// The same with the higher throughput of Parameter Store: a fifth of the 1,000 `GetParameters` a second that it allows.
/// Each read costs money then, and with these a thousand sidecars read every five seconds ([`HIGHER_POLL_SECONDS`]).
pub const SIDECAR_READS_PER_SECOND_HIGHER: u32 = 200;

/// With the higher throughput of Parameter Store the sidecars of a fleet that would read less often read this often, in
/// seconds, if the quota allows: as those of a few drains do. More often would cost more, and save a few seconds of a drain.
pub const HIGHER_POLL_SECONDS: u32 = 5;

/// Shortest time between two reads of one sidecar, in seconds.
pub const POLL_SECONDS_MIN: u32 = 1;

/// Longest time between two reads of one sidecar, in seconds: the kill switch, which comes with each, takes effect
/// within a minute. So 1,200 sidecars keep within our share, and 2,400 within the quota. A sidecar ignores a longer
/// one: a wrong number must not stop it from reading.
pub const POLL_SECONDS_MAX: u32 = 60;

/// A sidecar whose record has tasks that hold reads no slower than this (seconds), so that an operator's order is
/// obeyed soon.
pub const UNHURRIED_POLL_SECONDS_MAX: u32 = 10;

/// A sidecar that reads unhurriedly learns of a release within this.
pub const RELEASE_HEARD_WITHIN: SignedDuration = SignedDuration::from_secs(3);

/// The end of the last task is in the record within this: the delay of its event, a look, and a write.
pub const NOTE_WRITTEN_WITHIN: SignedDuration = SignedDuration::from_secs(1);

/// A sidecar trusts for this long, without a reading, that no release comes
/// ([`crate::record::Record::release_not_before`]).
pub const UNREAD_MAX: SignedDuration = SignedDuration::from_secs(15);

/// A release that is due is written within this: a look, and a write.
pub const RELEASE_WRITTEN_WITHIN: SignedDuration = SignedDuration::from_millis(700);

/// After the earliest moment of a release a sidecar reads each second for this long, if few sidecars share its record,
/// and each further second for as many more of them ([`FAST_SIDECARS_MAX`]).
pub const FAST_READINGS_WINDOW: SignedDuration = SignedDuration::from_secs(5);

/// The number of sidecars of one drain that may read each second: with those of as many drains as have records of their
/// own they are within our share of the quota.
pub const FAST_SIDECARS_MAX: u32 = SIDECAR_READS_PER_SECOND / (SHARED_FROM as u32 - 1);

/// Within this every sidecar has read a record that asks for a reading every `poll_seconds`, in whole seconds: each
/// puts its reading off by up to a fifth, so that those of a fleet do not read all at once.
#[must_use]
pub fn reading(poll_seconds: u32) -> SignedDuration {
    let fifths = i64::from(poll_seconds) * 6;
    SignedDuration::from_secs((fifths + 4) / 5)
}

/// An agent that was seen away twice was away all the time only if at most two ticks and their delay are between the
/// two sightings: after that it may have come back, and gone again.
pub const AGENT_UNSEEN_MAX: SignedDuration = SignedDuration::from_secs(150);

/// The least time between two notes that an agent is still away: each tick notes it.
pub const AGENT_NOTE_INTERVAL: SignedDuration = SignedDuration::from_secs(45);

/// The number of tasks that are ordered to stop in one run; the rest follow in the next, so that a large instance does
/// not use up the burst of the ECS modify bucket (100).
pub const STOP_TASKS_MAX: usize = 20;

/// The time from the notice of a Spot instance until EC2 takes it, and of an interruptible capacity reservation too
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html>,
/// and there "Monitor interruptible Capacity Reservations").
pub const SPOT_NOTICE: SignedDuration = SignedDuration::from_secs(120);

/// The daemons get this much of it at most, or tasks would have no time to stop.
pub const SPOT_RESERVE_MAX: SignedDuration = SignedDuration::from_secs(60);

/// A record is kept for this long after its container instance is gone: SSM wants 30 s between a delete and a new
/// parameter of that name (`DeleteParameter`), and a late sidecar should still find its release.
pub const RECORD_KEPT: SignedDuration = SignedDuration::from_mins(10);

/// ECS orders daemons to stop within seconds of the last replica task; a release that is older than this at SIGTERM was
/// of another drain.
pub const RELEASE_BEFORE_SIGTERM_MAX: SignedDuration = SignedDuration::from_mins(5);

/// An instance of our hook that is in no cluster is looked for a second time after this: its registration, or the
/// eventual consistency of `ListContainerInstances`, may lag.
pub const CONFIRM_ABSENT_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// The heartbeat timeout of a hook that was created without one:
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html>
pub const HOOK_HEARTBEAT_DEFAULT_SECONDS: u32 = 3600;

/// The longest page of `ListServices`, which has ten services if nothing is asked for:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html>
pub const LIST_SERVICES_MAX: i32 = 100;

/// The number of messages that a FIFO queue delivers at once (`BatchSize` in the template): after a full batch more may
/// be waiting.
pub const BATCH_MAX: usize = 10;

/// If a hook's heartbeat timeout cannot be read, its heartbeats are paced by this one, until it can: short enough for
/// any hook that a schedule of a minute can serve.
pub const HEARTBEAT_ASSUMED_SECONDS: u32 = HOOK_HEARTBEAT_MIN_SECONDS;

/// The number of values of one metric in one line (specification of the Embedded Metric Format).
pub const METRIC_VALUES_MAX: usize = 100;

/// The part of an operator's text that is kept, in bytes, as JSON has it: the record has 4 KB for everything.
pub const ORDER_TEXT_BYTES_MAX: usize = 200;

/// SSM allows 15 levels (`PutParameter`); cluster and instance take two of them.
pub const PREFIX_LEVELS_MAX: usize = 13;

/// Drains that begin within this are written as one wave.
pub const WAVE: SignedDuration = SignedDuration::from_mins(15);

/// The shortest duration any setting takes: short enough to try everything quickly, long enough to be no busy loop.
pub const DURATION_MIN: SignedDuration = SignedDuration::from_secs(1);

/// The longest duration any setting takes: Auto Scaling keeps no instance waiting longer than 48 h.
pub const DURATION_MAX: SignedDuration = SignedDuration::from_hours(48);

/// An error quotes a foreign text up to this length, in characters: names of the usual kind fit.
pub const QUOTED_CHARS_MAX: usize = 120;

/// A message about a foreign text is no longer than this, in characters: a parser's words may quote all of it.
pub const MESSAGE_CHARS_MAX: usize = 400;

/// The mark at the end of a text that was cut, so that no reader takes the beginning of a name for the name.
pub const CUT_MARK: char = '…';

/// Returns a foreign text in at most `max` characters: whole if it fits, else its beginning and [`CUT_MARK`].
#[must_use]
pub fn cut(text: &str, max: usize) -> String {
    if text.chars().nth(max).is_none() {
        return text.to_owned();
    }
    let kept = text.chars().take(max.saturating_sub(1));
    kept.chain(std::iter::once(CUT_MARK)).take(max).collect()
}
