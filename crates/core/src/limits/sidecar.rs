//! The sidecar has limits to its readings, its calls, and what it waits for.

use std::time::Duration;

use jiff::SignedDuration;

/// An exit is delayed until the process has run for this long: the least `restartAttemptPeriod` that ECS accepts, and a
/// second for the agent, which counts from the moment at which it saw the start (agent 1.105.1).
pub const EXIT_NO_SOONER_THAN: SignedDuration = SignedDuration::from_secs(61);

/// The interval at which it is logged until then what is wrong.
pub const EXIT_DELAYED_LOG_INTERVAL: SignedDuration = SignedDuration::from_secs(10);

/// The kill switch is read at least this often.
pub const KILL_SWITCH_INTERVAL: SignedDuration = SignedDuration::from_secs(60);

/// A reading that comes this near to the next one of the kill switch asks for the kill switch too.
pub const KILL_SWITCH_EARLY: SignedDuration = SignedDuration::from_secs(1);

/// A record that was there is gone when no reading has found it for this long. SSM promises no read-after-write: an answer
/// may miss a new record, show a shared one from before it named the instance, or the moment at which a drain moves from a
/// shared record to its own. A count of readings would be no bound for that, since they may be a second apart.
pub const RECORD_GONE_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// After many failures a sidecar still reads this often, unless its normal pace is slower.
pub const BACKOFF_MAX: SignedDuration = SignedDuration::from_secs(30);

/// No sleep is shorter: a bound that is a moment away is not worth a reading of its own.
pub const SLEEP_MIN: SignedDuration = SignedDuration::from_millis(50);

/// Readings of sidecars that await the same moment are spread over this.
pub const READINGS_SPREAD: SignedDuration = SignedDuration::from_millis(500);

/// A share of the interval by which a reading is early or late.
pub const READING_JITTER: f64 = 0.2;

/// A failed self-check is repeated no faster than this after a while: a fleet with a wrong policy must not eat up the
/// 40 reads a second that its account has.
pub const SELF_CHECK_INTERVAL_MAX: SignedDuration = SignedDuration::from_secs(60);

/// The pause after SIGTERM between two tries to get an async runtime: memory or descriptors may come back.
pub const RUNTIME_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// One call to AWS with all that belongs to it, credentials too.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// The agent is on the same host. Shorter than [`CALL_TIMEOUT`], so that a gap is distinguished from a timeout of the
/// call.
pub const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(3);

/// Credentials that end within this are fetched again. The agent renews them earlier.
pub const CREDENTIALS_RENEWED_BEFORE: Duration = Duration::from_secs(300);

/// The introspection of the agent is on the same host, and it is asked only for what nothing else has said.
pub const INTROSPECTION_TIMEOUT: Duration = Duration::from_secs(1);

/// While it holds, the sidecar logs the reason this often.
pub const HOLD_LOG_INTERVAL: Duration = Duration::from_secs(60);

/// IMDS is on the same host. A token that does not come back (hop limit) shows as a timeout.
pub const IMDS_TIMEOUT: Duration = Duration::from_secs(1);

/// A log driver that does not read gets this long, in milliseconds, to make room for a line.
pub const LOG_WRITE_TIMEOUT_MS: u16 = 100;

/// The longest answer that is read. Task metadata of a task with ten containers has some 20 kB, and ten parameters have
/// 40 kB.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;

/// A connection inside a region takes milliseconds. Each step of it (resolver, TCP, tunnel, TLS) gets this long.
pub const CONNECT_STEP_TIMEOUT: Duration = Duration::from_secs(2);

/// A SIGTERM during the self-check is noticed within this.
pub const SIGNAL_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// The agent answers from memory; one that has not answered by then is not there.
pub const TASK_METADATA_TIMEOUT: Duration = Duration::from_secs(2);
