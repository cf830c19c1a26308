//! A plan says to people why it decides as it does. Each reason stands beside its sentence.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use crate::aws::InstanceStatus;
use crate::ids::{ClusterName, ContainerInstanceArn, LifecycleHookName};
use crate::limits::HOOK_HEARTBEAT_MIN_SECONDS;
use crate::plural::counted;
use crate::record::DecodeError;
use crate::sentences::sentences;
use crate::unprotected::UnprotectedDaemon;

/// One sentence about why a plan is as it is. Log lines show it as [`Remark::Display`](fmt::Display) does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// The drain goes its usual way.
    Note(Note),
    /// A person should look at it: a setting that cannot be kept, or protection that was lost.
    Warning(Warning),
}

sentences! {
    /// A drain goes its usual way, for this reason.
    pub enum Note {
        /// Nothing is decided without the record. Holds why its reading failed.
        RecordUnread(why: String) => "the record could not be read: {why}";
        /// The record is left to the version that can read it.
        RecordOfAnotherSchema(error: DecodeError) => "{error}";
        /// The record is written again.
        RecordReplaced(error: DecodeError) => "replaced an {error}";
        /// The record says nothing of this drain.
        RecordOfAnotherRegistration => "the record belongs to an earlier registration of this instance";
        /// Without it no drain begins. Holds why its reading failed.
        InstanceUnread(why: String) => "the container instance could not be read: {why}";
        /// It may be in service, or its hook may wait still. Holds why the question failed.
        ActiveUnasked(why: String) => "the container instance is ACTIVE again, and Auto Scaling could not be asked why: {why}";
        /// Nothing drains here.
        NothingDrains(status: InstanceStatus) => "the container instance is {status}, and no hook of ours waits";
        /// The registration has nothing to protect.
        LeftBehind => "the container instance was left behind as DRAINING, without an agent and without a task";
        /// No hook waits either. Holds what was said of the record.
        Gone(before: Vec<Remark>) => "{}the container instance is gone", each_before(before);
        /// The container instance is gone, and hooks wait.
        GoneWithHooks(end: HookEnd) => "the container instance is gone{end}";
        /// A registration may be late: a second look follows.
        NotFound => "the instance is in no watched cluster at the first look";
        /// The second look has confirmed it, at this time.
        NotFoundAgain(at: Timestamp) => "the instance is in no watched cluster at {at}: nothing to wait for";
        /// Not every cluster could be asked. Holds the error of the call that failed.
        SearchIncomplete(error: String) => "it is not known whether the instance is in a cluster: {error}";
        /// So many tasks are awaited.
        Steady(awaited: usize) => "steady: {} awaited, and nothing else is due", counted(*awaited, "task");
        /// The order came after the release.
        OrderedTooLate => "already released: the order changes nothing";
        /// The daemons are kept.
        Held(by: KeptBy) => "held{by}";
        /// A release by tiers begins.
        FirstTier(cause: Cause) => "the first tier may go: {cause}";
        /// A release by tiers has come to this one; the first is 1.
        Tier(number: usize) => "tier {number} may go";
        /// Every daemon may go.
        Released(cause: Cause) => "released: {cause}";
        /// It is not known which wait of the hook is listed.
        MayBeAnotherWait => "released, and in service again: the listing of the hook may lag, or it waits again";
        /// The drain is over.
        Flushed(end: HookEnd) => "the daemons have had their time{end}";
    }
}

sentences! {
    /// A person should look at a drain, for this reason.
    pub enum Warning {
        /// A registration that the release does not name, and that takes tasks.
        NotReleased(arn: ContainerInstanceArn) => "registration {arn} takes tasks and was not released: it gets a drain of its own";
        /// [`Note::SearchIncomplete`], for as long as the longest drain.
        SearchGivenUp(error: String) => "the hook has waited for longer than MAX_DRAIN, and it is not known whether the instance is in a cluster: {error}";
        /// This hook may run out between two ticks. Holds its timeout, in seconds.
        ShortHeartbeat(hook: LifecycleHookName, seconds: u32) => "the heartbeat timeout of hook {hook} is {seconds} s; a tick per minute needs {HOOK_HEARTBEAT_MIN_SECONDS} s";
        /// No record bounds the wait.
        UnrecordedSince(since: Timestamp) => "the hook has waited since {since}, and no record could be written: it is completed now";
        /// A sidecar had let its daemon go, or another actor stopped its task.
        DaemonGone(at: Timestamp) => "a protected daemon ended at {at}, while tasks held";
        /// The sidecar of a daemon did not protect it.
        Unprotected(daemon: UnprotectedDaemon) => "{daemon}";
        /// The flush that the setting asks for, and what is left of it.
        FlushCut(flush: SignedDuration, left: SignedDuration) => "the hook does not wait for a flush of {flush:#} (DAEMON_STOP); at the deadline the daemons get {left:#}";
        /// The sidecars have left by themselves, a while after the deadline.
        SidecarsLeft => "no release was written, and the sidecars have left: completing the hook";
        /// So many tasks could not be ordered to stop.
        StopsRefused(count: usize) => "StopTask failed for {}", counted(*count, "task");
    }
}

sentences! {
    /// What keeps the daemons of a drain. The text follows the word "held".
    pub enum KeptBy {
        /// Nothing is known of it. Holds why its reading failed.
        InstanceUnread(why: String) => ": the container instance could not be read: {why}";
        /// It may be in service, or its hooks may wait.
        ActiveUnasked => ": the container instance is ACTIVE again, and Auto Scaling could not be asked why";
        /// A read of ECS may lag.
        ActiveOnce => ": the container instance is ACTIVE again; a second look must confirm it";
        /// Unknown tasks are never no tasks. Holds why their reading failed.
        TasksUnread(why: String) => ": tasks are not known: {why}";
        /// So many tasks, of these groups.
        Tasks(count: u32, groups: Vec<String>) => " by {} of {}", counted(*count, "task"), groups.join(", ");
        /// New tasks may still be placed.
        DrainingUnconfirmed => ": DRAINING is not confirmed yet";
        /// Tasks may still have been placed a moment ago.
        Settles(end: Timestamp) => ": no task holds; the settle window ends at {end}";
        /// Daemons may have to read what the last task has said.
        Lingers(end: Timestamp) => ": no task holds; the daemons stay until {end} (LINGER)";
    }
}

sentences! {
    /// Why daemons may go.
    pub enum Cause {
        /// Who has thrown it and why, if that is known.
        KillSwitch(by: Option<String>) => "the kill switch says release-all{}", by.as_ref().map(|by| format!(", thrown {by}")).unwrap_or_default();
        /// ECS does not know it any more.
        Gone => "the container instance is gone";
        /// ECS remembers it for a while.
        Inactive => "the container instance is INACTIVE";
        /// The drain was cancelled.
        Active => "the container instance is ACTIVE again";
        /// Its tasks are phantoms.
        AgentLost => "the agent has been lost for too long";
        /// They are tasks of a registration that was left behind.
        AgentOfTasksLost => "the agent of the tasks that hold has been lost for too long";
        /// The usual end.
        Drained => "no task holds";
        /// The usual end, just in time.
        DrainedWithoutLinger => "no task holds, and the deadline leaves no time for LINGER";
        /// Tasks hold, or may.
        Deadline(at: Timestamp) => "the deadline {at} has passed";
        /// An operator's order: who gave it, and why.
        Ordered(who: String, why: String) => "ordered by {who}: {why}";
        /// A release by tiers ends.
        LastTier => "the last tier may go";
    }
}

sentences! {
    /// What becomes of the hooks of a drain that is over. The text follows the reason.
    pub enum HookEnd {
        /// Nothing is left to wait for.
        Completed => ": completing the hook";
        /// The instance drains in these clusters too.
        KeptFor(clusters: Vec<ClusterName>) => "; the hook waits for the drain of the same instance in {}", names(clusters);
    }
}

impl HookEnd {
    pub(super) fn of(others: &[&ClusterName]) -> Self {
        match others {
            [] => HookEnd::Completed,
            others => HookEnd::KeptFor(others.iter().map(|cluster| (*cluster).clone()).collect()),
        }
    }
}

fn names(clusters: &[ClusterName]) -> String {
    let names: Vec<&str> = clusters.iter().map(ClusterName::as_str).collect();
    names.join(", ")
}

fn each_before(remarks: &[Remark]) -> String {
    remarks.iter().map(|remark| format!("{remark}; ")).collect()
}

impl Remark {
    /// Returns whether a person should look at it. The log line then has the level `warn`.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        matches!(self, Remark::Warning(_))
    }
}

impl From<Note> for Remark {
    fn from(note: Note) -> Remark {
        Remark::Note(note)
    }
}

impl From<Warning> for Remark {
    fn from(warning: Warning) -> Remark {
        Remark::Warning(warning)
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remark::Note(note) => note.fmt(f),
            Remark::Warning(warning) => write!(f, "warning: {warning}"),
        }
    }
}

impl Serialize for Remark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The remarks of a plan in one text.
#[must_use]
pub fn joined(remarks: &[Remark]) -> String {
    let texts: Vec<String> = remarks.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_warning_is_marked_as_one() {
        let note = Remark::from(Note::RecordUnread("warning signs are no warning".to_owned()));
        let warning = Remark::from(Warning::StopsRefused(1));
        assert!(!note.is_warning() && warning.is_warning());
        assert_eq!(
            serde_json::to_string(&[note.clone(), warning.clone()]).unwrap(),
            r#"["the record could not be read: warning signs are no warning","warning: StopTask failed for 1 task"]"#
        );
        assert_eq!(
            joined(&[note, warning]),
            "the record could not be read: warning signs are no warning; warning: StopTask failed for 1 task"
        );
    }
}
