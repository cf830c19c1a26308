//! Which drain this is: one that goes on, or a new one.

use super::*;
use crate::observation::Registrations;
use crate::policy::OnDeadline;
use crate::shared::{SharedDrain, SharedRecord};

/// A drain that is over: its tasks have stopped, and its daemons have gone.
fn drained(mut bench: Bench) -> Bench {
    bench.step(0);
    bench.tasks(vec![]);
    bench.step(60);
    assert_eq!(bench.record().reason, Some(ReleaseReason::Drained));
    bench
}

/// Tasks hold on the same draining instance now.
fn holds_again(bench: &mut Bench) -> bool {
    bench.status("DRAINING");
    bench.tasks(vec![web(7, "RUNNING"), logs("RUNNING")]);
    let plan = bench.step(5000);
    let again = bench.record().started_at == at(5000);
    assert_eq!(plan.verdict == Verdict::Holding, again);
    again
}

#[test]
fn p1_tasks_that_hold_after_a_drain_without_a_hook_begin_a_new_one() {
    assert!(holds_again(&mut drained(Bench::external())));
}

#[test]
fn p1_and_after_a_drain_whose_hook_is_over() {
    let mut bench = drained(Bench::holding());
    assert!(!holds_again(&mut bench.clone()), "its hook may still wait");
    bench.observation.hook = Hook::Over;
    assert!(holds_again(&mut bench));
}

#[test]
fn p1_and_after_a_drain_with_its_receipt_for_tasks_of_another_registration() {
    let tasks = Observed::Present(vec![web(7, "RUNNING"), logs("RUNNING")]);
    let mut bench = registered_again(ReleaseReason::Drained, "DRAINING", true, tasks);
    let ended = Record {
        receipt_at: Some(at(61)),
        ..bench.record()
    };
    bench.store(ended);
    bench.observation.hook = Hook::None;
    bench.step(500);
    assert_eq!(bench.record().started_at, at(500));
}

#[test]
fn a_drain_that_is_over_stays_over_while_nothing_holds() {
    for tasks in [
        Observed::Present(vec![logs("RUNNING")]),
        Observed::Present(vec![]),
        Observed::Unknown("down".to_owned()),
    ] {
        let mut bench = drained(Bench::external());
        bench.observation.tasks = tasks.into();
        bench.step(5000);
        assert_eq!(bench.record().started_at, at(0));
    }
}

#[test]
fn tasks_that_outlast_a_deadline_begin_no_new_drain() {
    let mut bench = Bench::external_holding();
    bench.step(3600);
    assert_eq!(bench.record().reason, Some(ReleaseReason::Deadline));
    assert!(!holds_again(&mut bench));
}

#[test]
fn a_drain_that_is_over_is_not_begun_again_while_the_instance_is_active() {
    for notice in [None, Some(at(5000))] {
        let mut bench = drained(Bench::external());
        bench.spot = notice;
        bench.status("ACTIVE");
        bench.tasks(vec![web(7, "RUNNING")]);
        bench.step(5000);
        let again = bench.record().started_at == at(5000);
        assert_eq!(again, notice.is_some(), "unless EC2 takes it back: {notice:?}");
    }
}

/// EC2 does not take a notice back, whatever a person sets.
#[test]
fn p1_an_instance_that_is_active_during_a_notice_is_set_draining_again_and_not_cancelled() {
    for (after, cancelled) in [(119, false), (120, true)] {
        let mut bench = Bench::external();
        bench.policy.on_deadline = OnDeadline::Hold;
        bench.spot = Some(at(0));
        bench.step(0);
        bench.spot = None;
        bench.status("ACTIVE");
        let plan = bench.step(after);
        assert_eq!(bench.record().active_since.is_some(), cancelled, "{after}");
        assert_eq!(names(&plan).contains(&"set-draining"), !cancelled, "{after}");
    }
}

#[test]
fn only_a_drain_without_a_hook_that_is_over_forgets_that_it_was_seen_draining() {
    let active_again = |mut bench: Bench| {
        bench.status("ACTIVE");
        bench.step(70);
        bench.record().draining_confirmed_at
    };
    assert_eq!(active_again(Bench::external_holding()), Some(at(0)));
    let mut hooked = Bench::holding();
    hooked.tasks(vec![logs("RUNNING")]);
    hooked.step(60);
    assert_eq!(active_again(hooked), Some(at(0)));
    assert_eq!(active_again(drained(Bench::external())), None);
}

/// A hooked drain that was released at second 60, as a new execution environment reads it from a shared record.
fn released_in_a_shared_record() -> Bench {
    let mut bench = Bench::holding();
    bench.tasks(vec![logs("RUNNING")]);
    bench.step(60);
    let reported = SharedDrain::of(&bench.record()).unwrap();
    let shared = SharedRecord {
        drains: [(bench.record().ec2_instance_id, reported)].into(),
        ..SharedRecord::empty(at(60))
    };
    let own = &bench.record().container_instance_arn;
    let record = shared.record(&bench.record().ec2_instance_id, Some(own)).unwrap();
    bench.store(record);
    bench
}

#[test]
fn p8_a_drain_of_a_shared_record_has_its_receipt_when_auto_scaling_was_asked_for_its_hook() {
    let waits = Hook::waiting(hook_action(3600, None));
    for (hook, actions) in [
        (Hook::None, vec!["note"]),
        (Hook::Unknown("throttled".to_owned()), vec!["note"]),
        (Hook::Over, vec!["receipt"]),
        (waits, vec!["put-released", "complete", "receipt"]),
    ] {
        let mut bench = released_in_a_shared_record();
        bench.tasks(vec![logs("STOPPED")]);
        bench.observation.hook = hook.clone();
        assert_eq!(names(&bench.plan(90)), actions, "{hook:?}");
    }
}

#[test]
fn p7_the_late_event_of_a_hook_that_waited_before_a_release_in_a_shared_record_begins_nothing() {
    for (since, new) in [(20, false), (60, false), (61, true)] {
        let mut bench = released_in_a_shared_record();
        bench.observation.hook = waits_since(since, 3600, Some(TOKEN));
        let plan = bench.plan(62);
        let holds = plan.verdict == Verdict::Holding;
        assert_eq!(holds, new, "{since}: {:?}", plan.remarks);
    }
}

/// The event of a hook comes when the drain that a person began is released already.
#[test]
fn p8_a_hook_that_waited_before_the_release_of_a_drain_by_hand_begins_nothing() {
    for (since, token, new) in [
        (20, Some(TOKEN), false),
        (60, Some(TOKEN), false),
        (61, Some(TOKEN), true),
        (0, None, false),
    ] {
        let mut bench = Bench::external();
        bench.step(0);
        bench.tasks(vec![logs("RUNNING")]);
        bench.step(60);
        bench.observation.hook = waits_since(since, 3600, token);
        bench.step(62);
        let record = bench.record();
        assert_eq!(!record.is_released(), new, "{since}");
        assert!(
            record.lifecycle.is_some(),
            "{since}: the hook is known, and completed"
        );
    }
}

/// It can never be DRAINING, and another actor's hook keeps it after ours was completed.
#[test]
fn p8_a_new_environment_continues_the_drain_of_an_instance_that_never_came_in() {
    for (status, new) in [("REGISTERING", false), ("DRAINING", false), ("ACTIVE", true)] {
        let mut bench = released_in_a_shared_record();
        bench.status(status);
        bench.observation.hook = waits(3600, None);
        let plan = bench.plan(120);
        assert_eq!(
            plan.verdict == Verdict::Holding,
            new,
            "{status}: {:?}",
            plan.remarks
        );
    }
}

#[test]
fn p7_another_token_begins_a_new_drain_unless_its_wait_is_older_than_this_one() {
    for (since, new) in [(4999, false), (5000, true), (5001, true)] {
        let mut bench = Bench::hooked();
        bench.observation.hook = waits_since(5000, 3600, Some(TOKEN));
        bench.step(5000);
        bench.status("DRAINING");
        bench.observation.hook = waits_since(since, 3600, Some(OTHER_TOKEN));
        bench.step(5010);
        let expected = if new { OTHER_TOKEN } else { TOKEN };
        assert_eq!(bench.record().drain_id, expected, "{since}");
    }
}

/// A hooked drain that was released, and whose agent has registered again since, with these tasks.
fn registered_again(
    reason: ReleaseReason,
    status: &str,
    connected: bool,
    tasks: Observed<Vec<Task>>,
) -> Bench {
    let mut bench = Bench::holding();
    bench.tasks(vec![logs("RUNNING")]);
    bench.step(60);
    assert!(bench.record().is_released());
    bench.rewrite(|record| record.reason = Some(reason));
    let all = vec![
        container_instance(1, "DRAINING", false),
        container_instance(2, status, connected),
    ];
    bench.observation.instance = Observed::Present(Registrations::of(all, Some(&arn(1))).unwrap());
    bench.observation.tasks = tasks.into();
    bench
}

#[test]
fn p4_a_release_by_tiers_is_not_for_a_registration_that_came_meanwhile() {
    let mut bench = Bench::holding();
    bench.policy.tiers = "logs | mesh".parse().unwrap();
    bench.tasks(vec![logs("RUNNING")]);
    assert_eq!(bench.step(60).verdict, Verdict::Releasing);
    let before = bench.record().drain_id;
    let all = vec![
        container_instance(1, "DRAINING", false),
        container_instance(2, "ACTIVE", true),
    ];
    bench.observation.instance = Observed::Present(Registrations::of(all, Some(&arn(1))).unwrap());
    bench.tasks(vec![web(7, "RUNNING"), logs("RUNNING")]);
    let plan = bench.step(61);
    assert_eq!(
        (plan.verdict, names(&plan)),
        (Verdict::Holding, vec!["put-holding", "set-draining"])
    );
    assert_ne!(bench.record().drain_id, before);
    assert!(bench.record().released_services.is_empty());
}

/// The instance came back under a new registration and is taken away again, before this environment knows that the first
/// drain has its receipt.
#[test]
fn p4_the_wait_of_another_token_is_completed_by_its_own_token() {
    let tasks = Observed::Present(vec![web(7, "RUNNING"), logs("RUNNING")]);
    let mut bench = registered_again(ReleaseReason::Drained, "ACTIVE", true, tasks);
    bench.observation.hook = waits_since(500, 3600, Some(OTHER_TOKEN));
    bench.step(501);
    let token = |bench: &Bench| {
        bench
            .record()
            .lifecycle
            .and_then(|hook| hook.lifecycle_action_token)
    };
    assert_eq!(
        token(&bench).map(|token| token.to_string()).as_deref(),
        Some(OTHER_TOKEN)
    );
    assert!(!bench.record().is_released() && bench.record().names(&arn(2)));
}

/// Its event was lost, and the first token completes nothing.
#[test]
fn p4_a_wait_that_is_listed_long_after_its_drain_was_over_is_completed_by_name() {
    let tokens = |plan: &Plan| -> Vec<Option<String>> {
        let completions = plan.actions.iter().filter_map(|action| match action {
            Action::Complete(hook) => Some(hook.lifecycle_action_token.as_ref().map(ToString::to_string)),
            _ => None,
        });
        completions.collect()
    };
    let mut bench = drained(Bench::holding());
    assert!(bench.record().receipt_at.is_some());
    bench.status("DRAINING");
    bench.observation.hook = waits_since(61, 3600, None);
    let first = Some(TOKEN.to_owned());
    assert_eq!(tokens(&bench.plan(120)), [first], "the listing may lag");
    assert_eq!(tokens(&bench.plan(151)), [None]);
    bench.tasks(vec![web(7, "RUNNING"), logs("RUNNING")]);
    bench.status("ACTIVE");
    assert_eq!(
        tokens(&bench.step(180)),
        [],
        "in service again, it gets a drain of its own"
    );
    assert!(!bench.record().is_released());
}

#[test]
fn p4_a_registration_that_no_release_names_gets_a_drain_of_its_own_before_the_hook_is_completed() {
    use ReleaseReason::{AgentLost, Deadline, Drained, Operator};
    let tasks = |tasks: &[Task]| Observed::Present(tasks.to_vec());
    let some = tasks(&[web(7, "RUNNING"), logs("STOPPED")]);
    let phantom = Task {
        agent_connected: false,
        ..web(1, "RUNNING")
    };
    let (coming, old) = (tasks(&[web(7, "PENDING")]), tasks(&[phantom]));
    let (none, unknown) = (
        tasks(&[logs("RUNNING")]),
        Observed::Unknown("throttled".to_owned()),
    );
    let table = [
        (Drained, "ACTIVE", true, &some, true, "tasks hold"),
        (AgentLost, "ACTIVE", true, &some, true, "the agent is back"),
        (Drained, "ACTIVE", true, &coming, true, "they come"),
        (Drained, "ACTIVE", true, &unknown, true, "they may"),
        (Drained, "ACTIVE", true, &none, false, "none does"),
        (Drained, "ACTIVE", true, &old, false, "of the old one"),
        (
            Drained,
            "ACTIVE",
            false,
            &some,
            false,
            "it is away: none can come",
        ),
        (Drained, "DRAINING", true, &some, true, "a person drains it"),
        (Drained, "REGISTERING", true, &some, false, "it takes none yet"),
        (Deadline, "ACTIVE", true, &some, false, "their time is over"),
        (Operator, "ACTIVE", true, &some, false, "so it was ordered"),
    ];
    for (reason, status, connected, tasks, again, why) in table {
        let mut bench = registered_again(reason, status, connected, tasks.clone());
        let before = bench.record();
        let plan = bench.step(61);
        let record = bench.record();
        assert_eq!(record.started_at == at(61), again, "{why}: {:?}", plan.remarks);
        if !again {
            assert!(!record.names(&arn(2)), "{why}: no release is for it");
            continue;
        }
        let (old, new) = (&before.drain_id, &record.drain_id);
        assert_ne!(old, new, "{why}: no released drain holds again");
        assert!(!record.is_released() && record.names(&arn(2)), "{why}");
        let drains = status == "DRAINING";
        let expected: &[&str] = if drains {
            &["put-holding"]
        } else {
            &["put-holding", "set-draining"]
        };
        assert_eq!(names(&plan), expected, "{why}");
        assert_eq!(record.lifecycle, before.lifecycle, "{why}: the same hook waits");
    }
}

#[test]
fn p4_the_hook_is_completed_by_the_drain_of_the_new_registration() {
    let tasks = Observed::Present(vec![web(7, "RUNNING")]);
    let mut bench = registered_again(ReleaseReason::Drained, "ACTIVE", true, tasks);
    bench.step(61);
    if let Observed::Present(registrations) = &mut bench.observation.instance {
        *registrations = registrations.with(&container_instance(2, "DRAINING", true));
    }
    let held = bench.step(62);
    assert_eq!(held.verdict, Verdict::Holding);
    bench.tasks(vec![]);
    let over = bench.step(200);
    assert!(names(&over).contains(&"complete"), "{:?}", names(&over));
    let completed = over
        .actions
        .iter()
        .any(|action| matches!(action, Action::Complete(hook) if hook.lifecycle_action_token.is_some()));
    assert!(completed && bench.record().receipt_at.is_some());
}

#[test]
fn p4_nothing_is_left_to_drain_when_the_hook_is_over_or_the_receipt_is_written() {
    let tasks = || Observed::Present(vec![web(7, "RUNNING")]);
    let mut over = registered_again(ReleaseReason::Drained, "ACTIVE", true, tasks());
    over.observation.hook = Hook::Over;
    over.step(61);
    assert_eq!(over.record().started_at, at(0));
    let mut noted = registered_again(ReleaseReason::Drained, "ACTIVE", true, tasks());
    noted.rewrite(|record| record.receipt_at = Some(at(61)));
    noted.step(62);
    assert_eq!(noted.record().started_at, at(0));
}

/// A hooked drain whose record says that it has ended, and that its instance has been in service since second 200.
fn outlived() -> Bench {
    let mut bench = drained(Bench::holding());
    let record = bench.record().outlived(at(200));
    assert_eq!(record.receipt_at, Some(at(60)), "it had its receipt before");
    bench.store(record);
    bench.tasks(vec![web(7, "RUNNING"), logs("RUNNING")]);
    bench
}

#[test]
fn p8_what_comes_after_an_instance_was_in_service_again_is_another_drain() {
    let late = waits_since(0, 3600, Some(TOKEN));
    let (unnamed, named) = (
        waits_since(201, 3600, None),
        waits_since(201, 3600, Some(OTHER_TOKEN)),
    );
    for (status, hook, verdict, begins) in [
        ("ACTIVE", unnamed, Verdict::Holding, true),
        ("ACTIVE", named, Verdict::Holding, true),
        ("DRAINING", Hook::None, Verdict::Holding, true),
        ("DRAINING", Hook::Over, Verdict::Holding, true),
        ("ACTIVE", Hook::None, Verdict::NotDraining, false),
        ("ACTIVE", late, Verdict::Done, false),
    ] {
        let mut bench = outlived();
        bench.status(status);
        bench.observation.hook = hook.clone();
        let plan = bench.step(201);
        assert_eq!(plan.verdict, verdict, "{status} {hook:?}");
        assert_eq!(bench.record().started_at == at(201), begins, "{status} {hook:?}");
        assert!(
            !names(&plan).contains(&"complete") || !begins,
            "{status} {hook:?}"
        );
    }
}

/// A registration that the drain left behind beside the one that is gone now, with a task that only ECS still shows.
#[test]
fn p8_what_is_left_without_an_agent_begins_no_drain_of_an_instance_that_was_in_service_again() {
    let mut bench = outlived();
    bench.rewrite(|record| record.reason = Some(ReleaseReason::Cancelled));
    bench.status("DRAINING");
    bench.change(|instance| instance.agent_connected = false);
    let plan = bench.step(300);
    assert_eq!((names(&plan), plan.verdict), (vec![], Verdict::Done));
}

/// A deadline ended the drain before; what its instance has now had no time yet.
#[test]
fn p1_an_instance_that_was_in_service_again_drains_whatever_ended_its_last_drain() {
    let mut bench = outlived();
    bench.rewrite(|record| record.reason = Some(ReleaseReason::Deadline));
    bench.status("DRAINING");
    assert_eq!(bench.step(300).verdict, Verdict::Holding);
}

/// A new environment comes upon it, and does not know of the receipt. What runs there now is nothing that the drain left.
#[test]
fn p8_a_drain_is_over_when_its_instance_is_in_service_again() {
    let mut bench = Bench::holding();
    bench.tasks(vec![logs("RUNNING")]);
    bench.step(60);
    bench.status("ACTIVE");
    bench.tasks(vec![web(7, "RUNNING"), logs("RUNNING"), logs("RUNNING")]);
    bench.observation.hook = Hook::Over;
    let plan = bench.step(90);
    assert_eq!((names(&plan), plan.verdict), (vec!["receipt"], Verdict::Done));
    let record = bench.record();
    assert!(record.is_outlived());
    assert_eq!(
        (record.remaining, record.daemons_left),
        (0, 1),
        "as it was seen last"
    );
}

#[test]
fn p4_a_hook_that_waits_again_begins_a_drain_at_once() {
    let mut bench = drained(Bench::holding());
    bench.rewrite(|record| record.receipt_at = None);
    bench.status("ACTIVE");
    bench.tasks(vec![web(7, "RUNNING"), logs("RUNNING")]);
    let again = bench.observation.clone().of_another_wait(at(120));
    assert_eq!(again.hook, waits_since(120, 3600, None));
    bench.observation = again;
    let plan = bench.step(120);
    assert_eq!(names(&plan), ["heartbeat", "put-holding", "set-draining"]);
    assert_eq!(bench.record().lifecycle.unwrap().lifecycle_action_token, None);
}

/// It may have come back with a new root volume since, so the listed wait may be another one than that of the release.
#[test]
fn p4_the_drain_of_a_new_registration_keeps_no_token_of_a_wait_without_a_name() {
    for (tasks, holds) in [(vec![web(7, "RUNNING")], true), (vec![logs("RUNNING")], false)] {
        for (hook, token) in [(Hook::None, Some(TOKEN)), (waits_since(300, 3600, None), None)] {
            let tasks = Observed::Present(tasks.clone());
            let mut bench = registered_again(ReleaseReason::Drained, "ACTIVE", true, tasks);
            bench.observation.hook = hook.clone();
            bench.step(301);
            let record = bench.record();
            let begins = holds || token.is_none();
            assert_eq!(record.started_at == at(301), begins, "{hook:?}");
            let kept = record.lifecycle.and_then(|hook| hook.lifecycle_action_token);
            let expected = if begins { token } else { Some(TOKEN) };
            assert_eq!(
                kept.map(|token| token.to_string()).as_deref(),
                expected,
                "{hook:?}"
            );
        }
    }
}

#[test]
fn p1_no_release_of_a_hook_takes_a_registration_in() {
    let none = || Observed::Present(vec![logs("RUNNING")]);
    for (hook, receipt) in [(Hook::None, None), (Hook::Over, None), (Hook::Over, Some(at(61)))] {
        let mut bench = registered_again(ReleaseReason::Drained, "ACTIVE", true, none());
        bench.rewrite(|record| record.receipt_at = receipt);
        bench.observation.hook = hook.clone();
        bench.step(62);
        assert!(!bench.record().names(&arn(2)), "{hook:?} {receipt:?}");
    }
}

/// Its root volume was replaced, and a person or EC2 takes it away: the release was for another registration.
#[test]
fn p7_a_registration_that_came_after_a_hooked_drain_drains_whatever_ended_that_and_whatever_runs() {
    use ReleaseReason::{AgentLost, Deadline, Drained, Operator};
    let some = || vec![web(7, "RUNNING"), logs("RUNNING")];
    let (daemons, none) = (|| vec![logs("RUNNING")], Vec::new);
    let (ended, unended) = (Some(at(61)), None);
    for (reason, status, connected, tasks, hook, receipt, spot, begins) in [
        (Drained, "DRAINING", true, none(), Hook::None, ended, None, true),
        (
            Drained,
            "DRAINING",
            true,
            daemons(),
            Hook::None,
            ended,
            None,
            true,
        ),
        (
            Drained,
            "DRAINING",
            true,
            daemons(),
            Hook::Over,
            unended,
            None,
            true,
        ),
        (Deadline, "DRAINING", true, some(), Hook::None, ended, None, true),
        (
            Deadline,
            "DRAINING",
            true,
            some(),
            Hook::Over,
            unended,
            None,
            true,
        ),
        (Operator, "DRAINING", true, some(), Hook::None, ended, None, true),
        (AgentLost, "DRAINING", true, some(), Hook::None, ended, None, true),
        (
            Deadline,
            "ACTIVE",
            true,
            some(),
            Hook::None,
            ended,
            Some(at(500)),
            true,
        ),
        // In service.
        (Drained, "ACTIVE", true, daemons(), Hook::None, ended, None, false),
        // Its hook may wait still.
        (
            Drained,
            "DRAINING",
            true,
            daemons(),
            Hook::None,
            unended,
            None,
            false,
        ),
        // It was left behind.
        (Drained, "DRAINING", false, none(), Hook::None, ended, None, false),
    ] {
        let mut bench = registered_again(reason, status, connected, Observed::Present(tasks));
        bench.rewrite(|record| record.receipt_at = receipt);
        (bench.observation.hook, bench.spot) = (hook, spot);
        bench.step(500);
        let (record, what) = (
            bench.record(),
            format!("{reason:?} {status} {receipt:?} {spot:?}"),
        );
        assert_eq!(record.started_at == at(500), begins, "{what}");
        if begins {
            let unhooked = record.lifecycle.is_none();
            assert!(
                !record.is_released() && record.names(&arn(2)) && unhooked,
                "{what}"
            );
        }
    }
}

/// It was cancelled since no hook waited any more.
#[test]
fn p4_a_wait_after_a_hooked_drain_was_cancelled_begins_a_drain_of_its_own() {
    for (known, hook, at_second, begins) in [
        (true, waits_since(120, 3600, None), 160, true),
        (false, waits_since(120, 3600, None), 160, true),
        // The listing may lag: neither DRAINING nor a completion can be taken back.
        (true, waits_since(120, 3600, None), 159, false),
        (false, waits_since(120, 3600, None), 159, false),
        // It began before the release, and after the instance was seen ACTIVE.
        (false, waits_since(65, 3600, Some(OTHER_TOKEN)), 120, true),
        // Its own event, late.
        (false, waits_since(0, 3600, Some(TOKEN)), 120, false),
        (true, waits_since(0, 3600, Some(TOKEN)), 120, false),
    ] {
        let mut bench = Bench::holding();
        if !known {
            bench.rewrite(|record| record.lifecycle.as_mut().unwrap().lifecycle_action_token = None);
        }
        bench.status("ACTIVE");
        bench.observation.hook = Hook::Over;
        bench.step(60);
        bench.step(70);
        assert_eq!(bench.record().reason, Some(ReleaseReason::Cancelled));
        bench.observation.hook = hook.clone();
        let plan = bench.step(at_second);
        let begun = bench.record().started_at == at(at_second);
        assert_eq!(begun, begins, "{known} {at_second} {hook:?}");
        let unnamed = hook.waits().iter().all(|wait| wait.token.is_none());
        assert!(!unnamed || !names(&plan).contains(&"complete"), "{at_second}");
    }
}

#[test]
fn p9_a_new_registration_is_left_alone_while_auto_scaling_cannot_be_asked_whether_its_hook_waits() {
    let unknown = Hook::Unknown("throttled".to_owned());
    for (status, hook, begins, verdict) in [
        ("ACTIVE", unknown.clone(), false, Verdict::Unknown),
        ("ACTIVE", Hook::None, true, Verdict::Holding),
        ("DRAINING", unknown, true, Verdict::Holding),
    ] {
        let tasks = Observed::Present(vec![web(7, "RUNNING"), logs("RUNNING")]);
        let mut bench = registered_again(ReleaseReason::Drained, status, true, tasks);
        bench.observation.hook = hook;
        let plan = bench.step(500);
        let begun = bench.record().started_at == at(500);
        assert_eq!((begun, plan.verdict), (begins, verdict), "{status}");
        assert!(
            begins || names(&plan).is_empty(),
            "neither DRAINING nor a completion"
        );
    }
}

/// The tick has completed it by its name, and its event comes late.
#[test]
fn p8_the_late_event_of_a_wait_that_was_completed_by_name_begins_nothing() {
    for (since, begins) in [(65, false), (80, false), (81, true)] {
        let mut bench = Bench::holding();
        bench.rewrite(|record| record.lifecycle.as_mut().unwrap().lifecycle_action_token = None);
        bench.tasks(vec![logs("RUNNING")]);
        bench.step(60);
        bench.rewrite(|record| record.receipt_at = Some(at(80)));
        bench.observation.hook = waits_since(since, 3600, Some(TOKEN));
        bench.step(120);
        assert_eq!(bench.record().started_at == at(120), begins, "{since}");
    }
}

/// It came back and waits again, and its receipt is written when that is noticed.
#[test]
fn p4_a_named_wait_that_began_before_a_late_receipt_is_another_one() {
    for (status, since, begins) in [
        ("ACTIVE", 490, true),
        ("ACTIVE", 0, false),
        ("DRAINING", 490, false),
    ] {
        let mut bench = drained(Bench::holding());
        bench.rewrite(|record| {
            record.lifecycle.as_mut().unwrap().lifecycle_action_token = None;
            record.receipt_at = None;
        });
        bench.status("ACTIVE");
        bench.tasks(vec![web(7, "RUNNING"), logs("RUNNING")]);
        bench.observation.hook = waits_since(490, 3600, None);
        let noticed = bench.done(500);
        assert!(
            noticed.contains(&"receipt") && !noticed.contains(&"complete"),
            "{noticed:?}"
        );
        bench.status(status);
        bench.observation.hook = waits_since(since, 3600, Some(TOKEN));
        bench.step(501);
        assert_eq!(bench.record().started_at == at(501), begins, "{status} {since}");
    }
}
