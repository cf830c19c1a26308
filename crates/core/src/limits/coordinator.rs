//! The coordinator has limits to what it caches, waits for, and does at once.

use std::time::Duration;

use jiff::SignedDuration;

/// A batch waits no longer than this if nothing that is known of awaits an event.
pub const BATCH_RECHECK_INTERVAL: SignedDuration = SignedDuration::from_secs(28);

/// While so many messages come within [`BATCH_WAIT_MAX`], the next one is a second or two away.
pub const BUSY_MESSAGES: usize = 5;

/// The observations at the end of a batch take no longer than this, so what is due LINGER after them is due LINGER and this
/// after the beginning.
pub const LOOKS_WITHIN: SignedDuration = SignedDuration::from_secs(1);

/// After an observation of many, events gather in the queue for one second for each of this number of drains.
pub const GATHERED_PER_SECOND: usize = 10;

/// The same while drains begin: of those that are about to begin few are known then.
pub const BEGINNINGS_PER_SECOND: usize = 3;

/// Drains begin if some have begun together within this time, in an observation that has just ended.
pub const BEGINNING_WINDOW: SignedDuration = SignedDuration::from_secs(3);

/// Events gather for no longer than this, in seconds: of a hundred drains, 99 hear of their release within ten seconds.
pub const GATHER_SECONDS_MAX: i64 = 5;

/// The number of awaited tasks that an observation of many asks for: ten calls, which take less than a second.
pub const PROBED_MAX: usize = 1000;

/// The number of drains that begin together: their calls, at our pace, are over long before the run is.
pub const BEGUN_MAX: usize = 250;

/// The beginning of a drain that has failed is tried again after this: a sidecar waits 15 s for its first record, and a
/// Spot notice gives two minutes. So is, while many drain, an observation at the end of a batch.
pub const BEGINNING_RETRY_AFTER: SignedDuration = SignedDuration::from_secs(3);

/// The beginning of a drain is tried again this number of times before it is left to the tick.
pub const BEGINNING_RETRIES_MAX: u32 = 10;

/// A registration that stays DRAINING after its drain is described again after this.
pub const FINISHED_RECHECK_INTERVAL: SignedDuration = SignedDuration::from_mins(10);

/// The number of sidecars that a drain counts for until its tasks were observed.
pub const SIDECARS_ASSUMED: u32 = 3;

/// The number of drains that are observed together.
pub const LOOKED_AT_MAX: usize = 1000;

/// The number of drains that are observed one by one, of those that could not be surveyed. After a survey that was
/// throttled it is none of them.
pub const ONE_BY_ONE_MAX: usize = 16;

/// An observation of many needs this much of the run.
pub const TIME_FOR_MANY: SignedDuration = SignedDuration::from_secs(30);

/// A connection inside a region takes milliseconds.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// One try. The slowest of our calls, a full page of DescribeTasks, takes well under a second.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// All tries of one call: a run of some ten calls stays inside the function's 60 s even if one of them is slow.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(15);

/// Tries of one call, with exponential back-off and full jitter (the SDK's standard mode). What fails three times is
/// left to the next event or tick.
pub const TRIES: u32 = 3;

/// Lambda freezes the process between runs, and the process does not see what happens to a connection meanwhile:
/// services close idle ones, from some 20 s on. A connection that was idle for so long is not used again; a new one
/// costs some milliseconds.
pub const CONNECTION_IDLE_MAX: Duration = Duration::from_secs(15);

/// How the service of a task schedules cannot change. It is forgotten when no run has asked about the task for this
/// long.
pub const SCHEDULING_TTL: SignedDuration = SignedDuration::from_hours(2);

/// From this number of tasks on it is worth forgetting them.
pub const SCHEDULINGS_MAX: usize = 5000;

/// The hooks of a group hardly ever change: a reading is used for this long.
pub const CONFIGURATION_TTL: SignedDuration = SignedDuration::from_mins(10);

/// That an instance does not drain is believed until the tick after next: longer than one tick with its delay.
pub const NOT_DRAINING_TTL: SignedDuration = SignedDuration::from_secs(90);

/// A drain that this number of listings in a row have left out is forgotten: its record tells of it.
pub const UNLISTED_MAX: u32 = 2;

/// A wait that no run has seen for this long is over: what comes then is another one.
pub const WAIT_TTL: SignedDuration = SignedDuration::from_mins(3);

/// What Auto Scaling has answered about the terminations of a group, a failure included, is used for this long: all
/// instances of a run share one answer, and the next tick asks again.
pub const TERMINATIONS_TTL: SignedDuration = SignedDuration::from_secs(30);

/// The number of pages that are read of the activities of a group. Those that go on come first, so a page has all of
/// them unless a hundred instances come and go at once.
pub const ACTIVITY_PAGES_MAX: usize = 5;

/// The interval at which it is logged that the kill switch cannot be read.
pub const KILL_SWITCH_LOG_INTERVAL: SignedDuration = SignedDuration::from_secs(60);

/// Other runs of the function get events too, so what is left is looked at again when it is down to one of so many tasks.
pub const PROBE_AT_ONE_OF: usize = 3;

/// The same after this long: the tick does it once a minute, in the environment in which it runs.
pub const PROBE_INTERVAL: SignedDuration = SignedDuration::from_secs(60);

/// A batch waits no longer than this while several instances drain: for the default settle window, and its
/// observations. So it waits for an observation that is due within this.
pub const BATCH_WAIT_MAX: SignedDuration = SignedDuration::from_secs(11);

/// The type of a capacity provider does not change, but one may be created again under its name. That one is ours is not asked
/// for again: if ECS came to keep its instances itself, their tasks would show it.
pub const PROVIDER_TTL: SignedDuration = SignedDuration::from_mins(10);

/// The interval after which the type of a capacity provider is asked for again if ECS gave no answer.
pub const PROVIDER_RETRY: SignedDuration = SignedDuration::from_secs(10);

/// The interval at which it is logged that a cluster is gone.
pub const GONE_CLUSTER_LOG_INTERVAL: SignedDuration = SignedDuration::from_hours(1);

/// From this number of foreign things on it is worth forgetting them.
pub const FOREIGN_MAX: usize = 5000;

/// A foreign thing is forgotten when no run has asked about it for this long.
pub const FOREIGN_UNUSED_TTL: SignedDuration = SignedDuration::from_hours(2);

/// A tick spends no longer than this on receipts of drains that have ended and on deletions: events wait behind it.
pub const HOUSEKEEPING_MAX: SignedDuration = SignedDuration::from_secs(10);

/// The number of missing receipts that a tick writes at once.
pub const RECEIPTS_AT_ONCE: usize = 10;

/// A run is over this long before the deadline of its invocation, so that the last line is written and the answer sent.
pub const RUN_MARGIN: SignedDuration = SignedDuration::from_secs(3);

/// A message takes some tenths of a second from the queue to the function, unless others are before it.
pub const BACKLOG_AGE: SignedDuration = SignedDuration::from_secs(2);

/// The heartbeats, or the completions, that are sent in a second. Auto Scaling publishes no quota for them: 20 a second of
/// both together have worked for the fleets that others have reported. A thousand hooks of two minutes need so many
/// heartbeats.
pub const SCALING_CHANGES_PER_SECOND: f64 = 18.0;

/// However many heartbeats the hooks that wait need, so many of them are completed in a second: one that is completed needs no
/// more heartbeats. Beside heartbeats at full pace these are 21 calls a second, until those of the minute are sent.
pub const COMPLETIONS_PER_SECOND_MIN: f64 = 3.0;

/// A completion that would wait longer than this for its turn is put off: a batch of the queue is over when its last
/// completion is sent, and releases of other drains wait behind it.
pub const COMPLETION_WAIT_MAX: Duration = Duration::from_secs(5);

/// How long the heartbeats wait before they ask again for groups and hooks that could not be read. The SDK tries a call three
/// times, but only as long as its process has tokens for retries, and a new client gets none back.
pub const WAITING_RETRY: Duration = Duration::from_secs(3);

/// They ask again only if so much of the run is left: it has 55 s, and a thousand heartbeats take all of it. What took
/// longer to fail is left to the next run.
pub const WAITING_RETRY_TIME_MIN: SignedDuration = SignedDuration::from_secs(45);

/// The number of heartbeats that go at once; and of completions, as long as heartbeats leave them the whole pace.
pub const SCALING_CHANGES_BURST: u32 = 50;

/// The number of heartbeats that are in progress at the same time.
pub const HEARTBEATS_AT_ONCE: usize = 16;

/// The number of problems that one line names.
pub const PROBLEMS_MAX: usize = 10;

/// A notice older than this may be a late duplicate for an instance that has come back from a warm pool since, so
/// Auto Scaling is asked before a live instance is drained. A younger one needs no question.
pub const FRESH_EVENT_MAX: SignedDuration = SignedDuration::from_secs(60);

/// A reading of the kill switch is used for this long: it takes effect within a minute, with a tick's delay to spare.
pub const KILL_SWITCH_TTL: SignedDuration = SignedDuration::from_secs(55);

/// What many instances ask for together is asked for by one of them. If that fails, it is asked for again after this.
pub const SHARED_READING_RETRY: SignedDuration = SignedDuration::from_secs(3);

/// The number of clusters that are asked at the same time.
pub const CLUSTERS_AT_ONCE: usize = 8;

/// The number of clusters that are asked as fast as they answer: half of the burst that ECS allows for its reads.
pub const CLUSTERS_IN_A_BURST: usize = 50;

/// The time between two of the others: ECS allows 20 such reads a second.
pub const CLUSTER_INTERVAL: Duration = Duration::from_millis(50);

/// From this number of clusters on it saves calls to ask first which of them have no container instances.
pub const CLUSTERS_MANY: usize = 10;

/// The number of tasks that one line names; the rest are counted.
pub const EXAMPLES_MAX: usize = 5;

/// The number of instances that are observed at once: some 6 calls each keep below the burst of the ECS read bucket
/// (100).
pub const RECONCILES_MAX: usize = 8;

/// The time between two writes: `PutParameter` allows three a second in an account.
pub const WRITE_INTERVAL: Duration = Duration::from_millis(500);

/// The same with the higher throughput of Parameter Store: `PutParameter` allows ten a second then. With a whole burst
/// before, these are nine in a second.
pub const WRITE_INTERVAL_HIGHER: Duration = Duration::from_millis(200);

/// The number of writes that may go at once after a pause: an ordinary drain's writes never wait.
pub const WRITE_BURST: u32 = 4;

/// A writer that is not the first in the queue asks again after this.
pub const WRITER_RECHECK_INTERVAL: Duration = Duration::from_millis(100);

/// After a notice of EC2, any run but the tick's waits for another look of the drain no longer than this: one run that
/// waits for the deadline is enough.
pub const WAIT_MAX: SignedDuration = SignedDuration::from_secs(20);

/// The time between two observations by a batch that waits for the deadline of a machine that EC2 takes: some seven in
/// its run.
pub const SPOT_RECHECK_INTERVAL: SignedDuration = SignedDuration::from_secs(8);

/// A batch of the queue waits no longer than this: the batch looks again at what is due.
pub const WAIT_IN_A_BATCH_MAX: SignedDuration = SignedDuration::from_secs(1);

/// ECS nearly always shows DRAINING within this.
pub const READ_BACK_LAG: SignedDuration = SignedDuration::from_secs(1);

/// The run that completes a hook writes the receipt within this.
pub const ANOTHERS_RECEIPT_MAX: SignedDuration = SignedDuration::from_secs(2);

/// After a wait there must be this much time to observe and to act.
pub const TIME_FOR_A_LOOK: SignedDuration = SignedDuration::from_secs(5);

/// The largest number of observations of one instance in one run: one, its read-back, the end of the settle window, and
/// spare ones for races. More would mean that two runs keep crossing each other; the tick comes anyway.
pub const LOOKS_MAX: u32 = 8;

/// A drain that only a shared record describes gets a record of its own after this, for people: who holds, and since
/// when.
pub const SHARED_ALONE_MAX: SignedDuration = SignedDuration::from_mins(2);

/// If no observation has met a drain of a shared record for this long, its instance is gone.
pub const SHARED_UNUSED_TTL: SignedDuration = SignedDuration::from_mins(10);

/// The largest number of writes of one text in a row that each were written over another one. Few writers cross: the
/// queue's run, and operators' commands. What is left is repaired by the next observation.
pub const WRITES_MAX: usize = 5;

/// An answer of SSM may lag behind its earlier ones by this.
pub const READ_LAG_MAX: SignedDuration = SignedDuration::from_mins(1);

/// A batch that follows another one within this is taken for the next one: no other writer has written between the
/// two.
pub const NEXT_BATCH_WITHIN: SignedDuration = SignedDuration::from_millis(500);

/// No more instances than this are observed one by one.
pub const FEW_INSTANCES: usize = 2;

/// The records of more than this number are listed, and not read by name: at the beginning most of them are not there.
pub const ASKED_BY_NAME_MAX: usize = 30;

/// The instances of one batch join their shared call within this.
pub const TOGETHER_WITHIN: Duration = Duration::from_millis(20);

/// The number of steady drains that get their heartbeat at once.
pub const STEADY_HEARTBEATS_AT_ONCE: usize = 8;

/// A listing of Auto Scaling may show a wait this long after it was completed.
pub const LISTING_LAG: SignedDuration = SignedDuration::from_secs(90);
