//! The record, and what both programs do with one that they have read.

use jiff::{SignedDuration, Timestamp};
use protector_core::aws::{InstanceStatus, Scheduling};
use protector_core::control::KillSwitch;
use protector_core::hold::state::{
    self, Decision, ExitReason, HoldState, KillSwitchReading, Reading, SidecarIdentity,
};
use protector_core::ids::{InstanceKey, LifecycleActionToken};
use protector_core::limits::{HELD_BY_MAX, RECORD_BYTES_MAX};
use protector_core::observation::{
    ContainerInstance, Hook, HookAction, Observation, Observed, Registrations, Stored, Task,
};
use protector_core::plan::{Action, Fleet, HeartbeatSender, Situation, next_due, plan};
use protector_core::policy::Policy;
use protector_core::receipt::Receipt;
use protector_core::record::{DecodeError, Record};
use protector_core::variables::Reader;

/// A record that was read can be written: its text fits, and it is the same record. A text that is no record is an
/// error of bounded length. Any record that can be read leads to a plan, a receipt, and an answer of the sidecar.
pub fn record(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Record::decode(text) {
        Ok(record) => judge(&record),
        Err(error) => {
            super::assert_said(&error.to_string());
            assert!(matches!(Reading::of_text(text), Reading::Failed(_)));
            assert!(
                !matches!(answer(Reading::of_text(text), now()), Decision::Exit(_)),
                "P2: {error}"
            );
            let stored = Err(error);
            situations(&stored, &mut |situation| drop(plan(situation)));
        }
    }
}

fn judge(record: &Record) {
    round_trip(record);
    assert_eq!(&record.clone().merged(record), record);
    receipt(record);
    sidecar(record);
    let stored = Ok(record.clone());
    let policy = policy();
    if let Some(policy) = &policy {
        let _ = next_due(record, policy);
    }
    situations(&stored, &mut |situation| {
        for action in plan(situation).actions {
            if let Action::PutRecord(next) | Action::PutCount(next) | Action::Receipt(next) = action {
                round_trip(&next);
            }
        }
    });
}

/// `decode` of `encode`: the same record, except lists that are cut so that it fits.
fn round_trip(record: &Record) {
    let Ok(text) = record.encode() else {
        let whole = serde_json::to_string(record).unwrap_or_default();
        // A brace in a text is written as \u007b.
        let braces = whole.matches(['{', '}']).count();
        assert!(
            whole.len() + 5 * braces > RECORD_BYTES_MAX,
            "refused, and it would have fitted"
        );
        return;
    };
    assert!(
        (1..=RECORD_BYTES_MAX).contains(&text.len()),
        "{} bytes",
        text.len()
    );
    assert!(!text.contains("{{"), "Parameter Store refuses {text}");
    let back = match Record::decode(&text) {
        Ok(back) => back,
        Err(error) => panic!("{error}: {text}"),
    };
    assert_eq!(back.encode().as_ref(), Ok(&text), "written again it is the same");
    assert!(record.held_by.starts_with(&back.held_by) && back.held_by.len() <= HELD_BY_MAX);
    assert!(record.waited.starts_with(&back.waited));
    assert!(record.released_services.starts_with(&back.released_services));
    let whole = Record {
        held_by: record.held_by.clone(),
        waited: record.waited.clone(),
        released_services: record.released_services.clone(),
        ..back
    };
    assert_eq!(&whole, record, "all but the lists is kept");
}

/// The receipt is logged: neither `drainId` nor the token is in it, unless they stand elsewhere too.
fn receipt(record: &Record) {
    let Some(key) = key() else { return };
    let said = serde_json::to_string(&Receipt::new(&key, record, SignedDuration::from_secs(5), now()))
        .unwrap_or_default();
    let mut bare = record.clone();
    bare.drain_id = String::new();
    let token = bare
        .lifecycle
        .as_mut()
        .and_then(|hook| hook.lifecycle_action_token.take());
    let elsewhere = serde_json::to_string(&bare).unwrap_or_default();
    let token = token.as_ref().map(LifecycleActionToken::as_str);
    for secret in token.into_iter().chain([record.drain_id.as_str()]) {
        let reported = secret.len() >= 8 && !elsewhere.contains(secret) && said.contains(secret);
        assert!(!reported, "a token is said: {said}");
    }
}

fn sidecar(record: &Record) {
    for now in [
        now(),
        record.started_at,
        record.deadline_at,
        Timestamp::MIN,
        Timestamp::MAX,
    ] {
        let released = match answer(Reading::Record(Box::new(record.clone())), now) {
            Decision::Exit(ExitReason::Released) => true,
            Decision::Exit(_) => false,
            Decision::Sleep { duration, .. } => {
                let max = state::HoldPolicy::default().max_hold;
                assert!(duration > SignedDuration::ZERO && duration <= max, "{duration:?}");
                false
            }
        };
        assert!(!released || record.is_released(), "P1");
    }
}

/// What the sidecar answers to its first reading.
fn answer(reading: Reading, now: Timestamp) -> Decision {
    let seen = state::HoldObservation {
        since_sigterm: SignedDuration::from_secs(1),
        sigterm_at: Some(now),
        host_clock: now,
        reading,
        task: state::ProtectedContainers::Alive,
        target_state: state::TargetLifecycleState::Unknown,
        kill_switch: KillSwitchReading::NotAsked,
        together: state::Together::Answered,
        jitter: 0.5,
    };
    HoldState::new(state::HoldPolicy::default()).next(&SidecarIdentity::default(), &seen)
}

/// Looks at an instance that has this record.
fn situations(stored: &Result<Record, DecodeError>, judge: &mut dyn FnMut(&Situation<'_>)) {
    let (Some(key), Some(policy)) = (key(), policy()) else {
        return;
    };
    for (instance, tasks, hook) in looks(stored) {
        let record = stored.clone();
        let observation = Observation {
            key: key.clone(),
            at: now(),
            record: Observed::Present(Stored { record, version: 1 }),
            instance,
            tasks: tasks.into(),
            hook,
            elsewhere: Vec::new(),
        };
        judge(&Situation {
            observation: &observation,
            policy: &policy,
            fleet: Fleet::default(),
            command: None,
            spot: None,
            kill_switch: &KillSwitch::default(),
            heartbeats: HeartbeatSender::Planner,
            calls: 7,
            unrecorded: None,
            now: now(),
        });
    }
}

type Look = (Observed<Registrations>, Observed<Vec<Task>>, Hook);

fn looks(stored: &Result<Record, DecodeError>) -> Vec<Look> {
    let arn = match stored {
        Ok(record) => Some(record.container_instance_arn.clone()),
        Err(_) => "arn:aws:ecs:eu-west-1:1:container-instance/prod/0a1b"
            .parse()
            .ok(),
    };
    let Some(arn) = arn else { return Vec::new() };
    let one = |status, agent_connected| {
        let instance = ContainerInstance {
            arn: arn.clone(),
            status,
            agent_connected,
            tasks: None,
        };
        Observed::Present(instance.into())
    };
    let hook = waiting().map_or(Hook::None, Hook::waiting);
    vec![
        (
            one(InstanceStatus::Draining, true),
            Observed::Present(Vec::new()),
            Hook::None,
        ),
        (
            one(InstanceStatus::Draining, false),
            Observed::Present(web()),
            hook.clone(),
        ),
        (
            one(InstanceStatus::Active, true),
            Observed::Present(web()),
            Hook::Over,
        ),
        (
            Observed::Unknown("throttled".to_owned()),
            Observed::Unknown("throttled".to_owned()),
            hook,
        ),
    ]
}

fn waiting() -> Option<HookAction> {
    Some(HookAction {
        group: "ecs-prod".parse().ok()?,
        hook: "protect-daemons".parse().ok()?,
        token: "630aa23f-48eb-45e7-aba6-799ea6093a0f".parse().ok(),
        heartbeat_seconds: 300,
        heartbeat_assumed: false,
        since: now(),
    })
}

fn web() -> Vec<Task> {
    let task = |arn| Task {
        arn,
        group: Some("service:web".to_owned().into()),
        last_status: "RUNNING".to_owned().into(),
        stopping: false,
        agent_connected: true,
        scheduling: Scheduling::Replica,
        containers: Vec::new(),
        unprotected_before: None,
        execution_stopped_at: None,
        stopped_at: None,
        protected_until: None,
    };
    "arn:aws:ecs:eu-west-1:1:task/prod/0a1b"
        .parse()
        .ok()
        .map(task)
        .into_iter()
        .collect()
}

fn key() -> Option<InstanceKey> {
    Some(InstanceKey {
        cluster: "prod".parse().ok()?,
        instance: "i-0123456789abcdef0".parse().ok()?,
    })
}

fn policy() -> Option<Policy> {
    Policy::read(&mut Reader::new(&|_| None))
}

/// The records among the seeds have this date.
fn now() -> Timestamp {
    Timestamp::constant(1_795_640_400, 0)
}
