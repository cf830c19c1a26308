//! Bugs that are planted between the product and AWS, to show that the judge can fail.
//!
//! Each acts as the product would act if it had the bug: a request is changed, left out or made too late, an answer is
//! changed before the product sees it, or a setting is not obeyed. The product's own code stays as it is.

use protector_coordinator::settings::CoordinatorSettings;
use protector_core::policy::StandaloneTasks;
use serde_json::Value;

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Only RUNNING tasks hold.
    CountsRunningOnly,
    /// DRAINING is set before the hold is written.
    DrainsBeforeTheRecord,
    /// A listing of tasks that failed counts as an empty one.
    FailureIsZero,
    /// Only the first page of a listing is read.
    FirstPageOnly,
    /// The hook is completed with the release.
    CompletesBeforeTheFlush,
    /// A completion that failed is not tried again.
    DropsAFailedCompletion,
    /// The last write of a drain says holding again.
    ReleasedBackToHolding,
    /// The sidecar obeys a release of an earlier drain.
    ObeysALeftover,
    /// The first registration of an EC2 instance is taken for the only one.
    FirstRegistrationOnly,
    /// Heartbeats wait behind everything else.
    HeartbeatLast,
    /// The sidecar believes one reading that does not find the record.
    BelievesOneAbsence,
    /// The record's state of the tiers is not written.
    ForgetsTiers,
    /// No heartbeat is sent.
    NoHeartbeat,
    /// After one failed heartbeat no more are sent.
    HeartbeatGivesUp,
    /// The settle window is not waited for.
    NoSettleWindow,
    /// Hooks of others are completed too.
    CompletesForeignHooks,
    /// Standalone tasks do not hold.
    IgnoresStandaloneTasks,
    /// Daemon tasks hold.
    DaemonsHold,
    /// The tick does nothing.
    NoTick,
    /// The deadline is not kept.
    NoDeadline,
    /// Completion names a token that is not the wait's.
    WrongToken,
    /// Records are never deleted.
    NeverDeletes,
    /// Each write is made three times.
    WritesThrice,
    /// The receipt never says that a release was forced.
    ReceiptNeverForced,
    /// The kill switch is not read.
    NoKillSwitch,
    /// An operator's order is answered and not carried out.
    ForgetsOrders,
    /// The sidecar has no bound of its own.
    SidecarWithoutBounds,
    /// The sidecar holds for long although there is no drain.
    LongGrace,
    /// The sidecar reads its parameter over and over before SIGTERM.
    ReadsBeforeSigterm,
    /// Each tick makes many calls, whether or not anything drains.
    IdleChatter,
    /// Daemons of instances that do not drain are not checked for their sidecars.
    NoProtectionCheck,
    /// A container of the sidecar's name counts as a sidecar, whatever its status in ECS.
    SidecarByNameAlone,
    /// A shared record leaves out one of the drains that it holds.
    SharedLeavesOneOut,
    /// A shared record says of one of the drains that it holds that it is released.
    SharedReleasesOne,
    /// Each text says that it is based on one version earlier than it is.
    BasedOnTooOld,
    /// A release counts for every registration of its instance, also for one that came later.
    ReleaseNamesAll,
    /// Of the hooks that wait for an instance only the first is completed.
    SkipsSecondHook,
    /// Daemons do not stay for a while after the last task has ended.
    IgnoresLinger,
    /// A listing of tasks leaves one out, and nothing notices.
    ListingLeavesOneOut,
    /// A registration that was set DRAINING once is never set DRAINING again.
    DrainsOnce,
    /// One instance gets no heartbeats.
    HeartbeatSkipsOne,
    /// No record says how often its sidecars should read.
    NoPace,
}

impl Bug {
    /// All of them.
    pub const ALL: [Bug; 42] = [
        Bug::CountsRunningOnly,
        Bug::DrainsBeforeTheRecord,
        Bug::FailureIsZero,
        Bug::FirstPageOnly,
        Bug::CompletesBeforeTheFlush,
        Bug::DropsAFailedCompletion,
        Bug::ReleasedBackToHolding,
        Bug::ObeysALeftover,
        Bug::FirstRegistrationOnly,
        Bug::HeartbeatLast,
        Bug::BelievesOneAbsence,
        Bug::ForgetsTiers,
        Bug::NoHeartbeat,
        Bug::HeartbeatGivesUp,
        Bug::NoSettleWindow,
        Bug::CompletesForeignHooks,
        Bug::IgnoresStandaloneTasks,
        Bug::DaemonsHold,
        Bug::NoTick,
        Bug::NoDeadline,
        Bug::WrongToken,
        Bug::NeverDeletes,
        Bug::WritesThrice,
        Bug::ReceiptNeverForced,
        Bug::NoKillSwitch,
        Bug::ForgetsOrders,
        Bug::SidecarWithoutBounds,
        Bug::LongGrace,
        Bug::ReadsBeforeSigterm,
        Bug::IdleChatter,
        Bug::NoProtectionCheck,
        Bug::SidecarByNameAlone,
        Bug::SharedLeavesOneOut,
        Bug::SharedReleasesOne,
        Bug::BasedOnTooOld,
        Bug::ReleaseNamesAll,
        Bug::SkipsSecondHook,
        Bug::IgnoresLinger,
        Bug::ListingLeavesOneOut,
        Bug::DrainsOnce,
        Bug::HeartbeatSkipsOne,
        Bug::NoPace,
    ];

    /// Settings as a product with this bug obeys them.
    pub(super) fn settings(self, settings: &mut CoordinatorSettings) {
        match self {
            Bug::NoProtectionCheck => settings.policy.unprotected_check = jiff::SignedDuration::ZERO,
            Bug::NoSettleWindow => settings.policy.settle = jiff::SignedDuration::ZERO,
            Bug::IgnoresLinger => settings.policy.linger = jiff::SignedDuration::ZERO,
            Bug::IgnoresStandaloneTasks => settings.policy.standalone_tasks = StandaloneTasks::Ignore,
            Bug::NoDeadline => settings.policy.max_drain = jiff::SignedDuration::from_hours(40),
            _ => {}
        }
    }

    /// The text of an instance's own record as a sidecar of this registration reads it.
    pub(super) fn as_read(self, text: String, registration: &str) -> String {
        match serde_json::from_str::<Value>(&text) {
            Ok(mut record) if self == Bug::ReleaseNamesAll && record["state"] == "released" => {
                record["containerInstanceArn"] = Value::from(registration);
                record.to_string()
            }
            _ => text,
        }
    }

    /// The text of a record as a product with this bug writes it; none if it does not write it.
    pub(super) fn record(self, text: String) -> Option<String> {
        let Ok(mut record) = serde_json::from_str::<Value>(&text) else {
            return Some(text);
        };
        match self {
            Bug::ForgetsTiers if record["state"] == "holding" => {
                record["releasedServices"] = Value::Array(Vec::new());
                if let Some(fields) = record.as_object_mut() {
                    fields.remove("releasing");
                }
            }
            Bug::ForgetsOrders if record.get("ordered").is_some() && record.get("receiptAt").is_none() => {
                return None;
            }
            Bug::ForgetsOrders if tells_of_an_order(&record) => return None,
            Bug::SharedLeavesOneOut => drop(take_a_holder(&mut record)),
            Bug::SharedReleasesOne => release_a_holder(&mut record),
            Bug::BasedOnTooOld => {
                if let Some(version @ 1..) = record["basedOn"].as_i64() {
                    record["basedOn"] = Value::from(version - 1);
                }
            }
            Bug::NoPace => drop(
                record
                    .as_object_mut()
                    .and_then(|fields| fields.remove("pollSeconds")),
            ),
            _ => return Some(text),
        }
        Some(record.to_string())
    }
}

/// Takes one of several drains that a shared record holds out of it: the number of its wave, and its words.
fn take_a_holder(record: &mut Value) -> Option<(usize, String)> {
    let waves = record["waves"].as_array_mut()?;
    let holds = |wave: &Value| wave["drains"]["holding"].as_str().map(str::to_owned);
    let (number, words) = waves.iter().enumerate().rev().find_map(|(number, wave)| {
        let words = holds(wave)?;
        (words.matches('/').count() > 1).then_some((number, words))
    })?;
    let mut left: Vec<&str> = words.split(' ').collect();
    let taken = left.pop()?;
    // What it began after is said before it.
    let began = left.iter().rfind(|word| word.starts_with('+')).unwrap_or(&"+0");
    let taken = format!("{began} {taken}");
    waves[number]["drains"]["holding"] = Value::from(left.join(" "));
    Some((number, taken))
}

/// Says of one of several drains that a shared record holds that no task has held it any more.
fn release_a_holder(record: &mut Value) {
    let Some((number, taken)) = take_a_holder(record) else {
        return;
    };
    let second = |value: &Value| {
        let at: Option<jiff::Timestamp> = value.as_str().and_then(|text| text.parse().ok());
        at.map_or(0, jiff::Timestamp::as_second)
    };
    let updated = second(&record["updatedAt"]);
    let wave = &mut record["waves"][number];
    let after = (updated - second(&wave["startedAt"])).max(0);
    let released = format!("{taken}+{after}");
    let drained = match wave["drains"]["drained"].as_str() {
        Some(others) => format!("{others} {released}"),
        None => released,
    };
    wave["drains"]["drained"] = Value::from(drained);
}

/// Returns whether a shared record has a drain that an operator has released.
fn tells_of_an_order(record: &Value) -> bool {
    let mut waves = record["waves"].as_array().into_iter().flatten();
    waves.any(|wave| wave["drains"].get("operator").is_some())
}
