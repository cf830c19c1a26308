use super::*;
use crate::hold::state::{ExitReason, HoldReason, TargetLifecycleState};
use crate::limits::GET_PARAMETERS_MAX;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::{option, sample::select};

const RECORD: &str = "/ecs-daemon-protector/prod/i-0123456789abcdef0";
const CONTROL: &str = "/ecs-daemon-protector/control";

fn identity() -> Identity {
    Identity {
        region: "eu-west-1".into(),
        cluster: "prod".parse().unwrap(),
        instance: "i-0123456789abcdef0".parse().unwrap(),
        own_container: "ecs-daemon-protector".parse().unwrap(),
        task: None,
        known: SidecarIdentity::default(),
    }
}

fn hold() -> Hold {
    of(HoldPolicy::default(), Some(identity()))
}

fn of(policy: HoldPolicy, identity: Option<Identity>) -> Hold {
    Hold::new(policy, ParameterPrefix::default(), identity)
}

fn sigterm() -> Timestamp {
    "2026-11-24T08:00:00Z".parse().unwrap()
}

fn at(seconds: i64) -> Moment {
    Moment::after(sigterm(), SignedDuration::from_secs(seconds), 0.5)
}

fn record(state: &str) -> String {
    format!(
        r#"{{"schema":1,"state":"{state}","remaining":4,"ec2InstanceId":"i-0123456789abcdef0",
        "containerInstanceArn":"arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/0a1b","drainId":"drain-1",
        "startedAt":"2026-11-24T08:00:00Z","updatedAt":"2026-11-24T08:00:00Z","deadlineAt":"2026-11-24T08:10:00Z",
        "pollSeconds":5}}"#
    )
}

/// Every name is answered for; only `texts` are there.
fn reported(names: &[String], texts: &[(&str, &str)]) -> Answer {
    let text = |name: &String| {
        let mut texts = texts.iter();
        texts
            .find(|(there, _)| there == name)
            .map(|(_, text)| (*text).to_owned())
    };
    Answer::Parameters(Ok(names.iter().map(|name| (name.clone(), text(name))).collect()))
}

/// One look at a world: what was asked, in few words, and the step that ended it.
fn look(hold: &mut Hold, now: i64, world: &dyn Fn(&Step) -> Answer) -> (Vec<String>, Step) {
    let (mut asked, mut answer) = (Vec::new(), Answer::Nothing);
    loop {
        let step = hold.next(&at(now), answer);
        asked.push(match &step {
            Step::ReadTask => "task".to_owned(),
            Step::FindIdentity => "identity".to_owned(),
            Step::ReadParameters(names) => format!("{} parameters", names.len()),
            Step::ReadParameter(name) if name == CONTROL => "control".to_owned(),
            Step::ReadParameter(name) if name == RECORD => "record".to_owned(),
            Step::ReadParameter(_) => "shared".to_owned(),
            Step::ReadInstanceMetadata => "instance".to_owned(),
            Step::Sleep { .. } | Step::Exit(_) => return (asked, step),
        });
        assert!(asked.len() < 30, "a look without end: {asked:?}");
        answer = world(&step);
    }
}

fn because(step: &Step) -> HoldReason {
    match step {
        Step::Sleep { reason: because, .. } => *because,
        other => panic!("{other:?} is no sleep"),
    }
}

/// A world in which all goes well.
fn well<'a>(texts: &'a [(&'a str, &'a str)]) -> impl Fn(&Step) -> Answer + 'a {
    move |step| match step {
        Step::ReadTask => Answer::Task(ProtectedContainers::Alive),
        Step::FindIdentity => Answer::Identity(Ok(identity())),
        Step::ReadParameters(names) => reported(names, texts),
        Step::ReadParameter(name) => reported(std::slice::from_ref(name), texts),
        Step::ReadInstanceMetadata => Answer::Instance(TargetLifecycleState::Unknown),
        Step::Sleep { .. } | Step::Exit(_) => Answer::Nothing,
    }
}

#[test]
fn a_look_is_the_task_and_one_call_and_the_instance_only_while_it_decides() {
    let (holding, released) = (record("holding"), record("released"));
    let mut hold = hold();
    let (asked, step) = look(&mut hold, 0, &well(&[]));
    assert_eq!(asked, ["task", "10 parameters", "instance"]);
    assert_eq!(because(&step), HoldReason::NoRecordYet);
    let (asked, step) = look(&mut hold, 5, &well(&[(RECORD, &holding)]));
    assert_eq!(asked, ["task", "10 parameters"]);
    assert_eq!(because(&step), HoldReason::TasksRemain);
    let (asked, step) = look(&mut hold, 10, &well(&[(RECORD, &released)]));
    assert_eq!((asked.len(), step), (2, Step::Exit(ExitReason::Released)));
    assert_eq!(hold.reads(), 3);
}

#[test]
fn who_has_nothing_to_protect_asks_no_further() {
    let gone = |step: &Step| match step {
        Step::ReadTask => Answer::Task(ProtectedContainers::Stopped),
        other => panic!("{other:?} was asked"),
    };
    let (_, step) = look(&mut hold(), 0, &gone);
    assert_eq!(step, Step::Exit(ExitReason::ProtectedStopped));
    let disabled = HoldPolicy {
        disabled: true,
        ..HoldPolicy::default()
    };
    let mut hold = of(disabled, None);
    let nothing = |step: &Step| panic!("{step:?} was asked");
    assert_eq!(look(&mut hold, 0, &nothing).1, Step::Exit(ExitReason::Disabled));
}

#[test]
fn p1_a_denied_name_takes_the_others_with_it_so_they_are_read_alone() {
    let text = record("holding");
    let texts = [(RECORD, text.as_str())];
    let names_denied = |most: usize| {
        let texts = &texts;
        move |step: &Step| match step {
            Step::ReadParameters(names) if names.len() > most => Answer::Parameters(Err(ReadError::Denied)),
            step => well(texts)(step),
        }
    };
    let mut without_control = hold();
    let (asked, step) = look(&mut without_control, 0, &names_denied(GET_PARAMETERS_MAX - 1));
    assert_eq!(asked, ["task", "10 parameters", "9 parameters", "control"]);
    assert_eq!(because(&step), HoldReason::TasksRemain);
    let (asked, _) = look(&mut without_control, 5, &names_denied(GET_PARAMETERS_MAX - 1));
    assert_eq!(asked, ["task", "9 parameters"], "the switch once a minute");

    let mut alone = hold();
    let (asked, step) = look(&mut alone, 0, &names_denied(0));
    let mut expected = vec!["task", "10 parameters", "9 parameters", "record"];
    expected.extend(["shared"; 8]);
    expected.push("control");
    assert_eq!(asked, expected);
    assert_eq!(because(&step), HoldReason::TasksRemain);
    // The denied calls are not made again before the minute.
    let (asked, _) = look(&mut alone, 5, &names_denied(0));
    assert_eq!(asked.len(), 10, "{asked:?}");
}

#[test]
fn p2_one_record_of_several_that_fails_is_no_absence() {
    let text = record("holding");
    let texts = [(RECORD, text.as_str())];
    let fails_late = |step: &Step| match step {
        Step::ReadParameters(_) => Answer::Parameters(Err(ReadError::Denied)),
        Step::ReadParameter(name) if name.ends_with("shared-5") => Answer::Parameters(Err(ReadError::Failed)),
        step => well(&texts)(step),
    };
    let (_, step) = look(&mut hold(), 0, &fails_late);
    assert_eq!(because(&step), HoldReason::ReadFailed(ReadError::Failed));
}

#[test]
fn p2_a_name_that_was_not_answered_for_is_no_absence() {
    for silent in [RECORD, "/ecs-daemon-protector/prod/shared-3"] {
        let forgets = |step: &Step| match step {
            Step::ReadParameters(names) => {
                let answered: Vec<String> = names.iter().filter(|name| *name != silent).cloned().collect();
                reported(&answered, &[])
            }
            step => well(&[])(step),
        };
        let (_, step) = look(&mut hold(), 0, &forgets);
        assert_eq!(
            because(&step),
            HoldReason::ReadFailed(ReadError::Failed),
            "{silent}"
        );
    }
}

#[test]
fn a8_the_kill_switch_is_read_while_the_instance_is_not_known() {
    let nowhere = |switch: &'static str| {
        move |step: &Step| match step {
            Step::FindIdentity => Answer::Identity(Err(ReadError::Unidentified)),
            step => well(&[(CONTROL, switch)])(step),
        }
    };
    let observe = nowhere(r#"{"mode":"observe"}"#);
    let mut lost = of(HoldPolicy::default(), None);
    let (asked, step) = look(&mut lost, 0, &observe);
    assert_eq!(asked, ["task", "identity", "control"]);
    assert_eq!(because(&step), HoldReason::ReadFailed(ReadError::Unidentified));
    assert_eq!(lost.control(), Some(Control::Observe));
    let (asked, _) = look(&mut lost, 5, &observe);
    assert_eq!(asked, ["task", "identity"], "once a minute");
    let (_, step) = look(&mut lost, 60, &nowhere(r#"{"mode":"release-all"}"#));
    assert_eq!(step, Step::Exit(ExitReason::KillSwitch));
}

#[test]
fn a_kill_switch_that_cannot_be_parsed_changes_nothing_and_is_named() {
    let text = record("holding");
    let texts = [(RECORD, text.as_str()), (CONTROL, r#"{"mode":"of"}"#)];
    let mut hold = hold();
    let (_, step) = look(&mut hold, 0, &well(&texts));
    assert_eq!(because(&step), HoldReason::TasksRemain);
    assert!(hold.control_problem().unwrap().contains("unknown mode"));
    look(&mut hold, 5, &well(&texts[..1]));
    assert_eq!(hold.control_problem(), None);
    assert_eq!(hold.control(), Some(Control::On));
}

#[test]
fn p2_an_answer_to_another_question_tells_nothing() {
    let mut hold = hold();
    assert_eq!(hold.next(&at(0), Answer::Nothing), Step::ReadTask);
    let step = hold.next(&at(0), Answer::Parameters(Ok(Parameters::default())));
    assert_eq!(because(&step), HoldReason::ReadFailed(ReadError::NotAsked));
    let next = hold.next(&at(5), Answer::Nothing);
    assert_eq!(next, Step::ReadTask, "and the next look is a whole one");
}

#[derive(Debug, Clone)]
struct World {
    task: ProtectedContainers,
    identified: bool,
    own: Option<String>,
    several: Option<ReadError>,
    alone: Option<ReadError>,
    control: Option<String>,
    target_state: TargetLifecycleState,
}

impl World {
    fn answer(&self, step: &Step) -> Answer {
        let texts: Vec<(&str, &str)> = [(RECORD, &self.own), (CONTROL, &self.control)]
            .into_iter()
            .filter_map(|(name, text)| Some((name, text.as_deref()?)))
            .collect();
        match step {
            Step::ReadTask => Answer::Task(self.task),
            Step::FindIdentity if self.identified => Answer::Identity(Ok(identity())),
            Step::FindIdentity => Answer::Identity(Err(ReadError::Unidentified)),
            Step::ReadParameters(names) => match self.several {
                Some(error) => Answer::Parameters(Err(error)),
                None => reported(names, &texts),
            },
            Step::ReadParameter(name) => match self.alone {
                Some(error) => Answer::Parameters(Err(error)),
                None => reported(std::slice::from_ref(name), &texts),
            },
            Step::ReadInstanceMetadata => Answer::Instance(self.target_state),
            Step::Sleep { .. } | Step::Exit(_) => Answer::Nothing,
        }
    }
}

prop_compose! {
    fn any_world()(
        task in select(vec![
            ProtectedContainers::Alive,
            ProtectedContainers::Unclear,
            ProtectedContainers::Unreachable,
            ProtectedContainers::Absent,
        ]),
        identified: bool,
        own in select(vec![None, Some(record("holding")), Some("no record".to_owned()), Some(String::new())]),
        several in option::of(select(vec![ReadError::Failed, ReadError::NoCredentials, ReadError::Denied])),
        alone in option::of(select(vec![ReadError::Failed, ReadError::NoCredentials, ReadError::Denied])),
        control in select(vec![None, Some(r#"{"mode":"observe"}"#), Some("x")]),
        target_state in select(vec![
            TargetLifecycleState::InService,
            TargetLifecycleState::Leaving,
            TargetLifecycleState::Unknown,
        ]),
    ) -> World {
        let control = control.map(str::to_owned);
        World { task, identified, own, several, alone, control, target_state }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn p3_every_look_ends_and_every_hold_ends(
        worlds in proptest::collection::vec(any_world(), 1..12),
        placed: bool,
        max_hold in 1i64..2000,
    ) {
        let policy = HoldPolicy { max_hold: SignedDuration::from_secs(max_hold), ..HoldPolicy::default() };
        let mut hold = of(policy, placed.then(identity));
        let (mut since, mut answer, mut looks, mut questions) = (SignedDuration::ZERO, Answer::Nothing, 0, 0);
        let end = loop {
            let world = &worlds[looks.min(worlds.len() - 1)];
            let step = hold.next(&Moment::after(sigterm(), since, 0.3), answer);
            questions += 1;
            prop_assert!(questions < 20, "a look without end");
            match &step {
                Step::Sleep { duration, .. } => {
                    prop_assert!(duration.is_positive());
                    since += *duration;
                    (looks, questions) = (looks + 1, 0);
                }
                Step::Exit(why) => break *why,
                Step::ReadParameters(names) => prop_assert!((1..=GET_PARAMETERS_MAX).contains(&names.len())),
                _ => {}
            }
            answer = world.answer(&step);
        };
        prop_assert!(since <= SignedDuration::from_secs(max_hold) + SignedDuration::from_millis(50));
        // No world here releases.
        prop_assert!(!matches!(end, ExitReason::Released | ExitReason::ServiceReleased | ExitReason::KillSwitch), "{:?}", end);
    }
}
