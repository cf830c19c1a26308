use super::*;
use crate::record::ReleaseReason;

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// A run of the queue, after a plan that holds and has nothing to wait for.
fn holding() -> AfterPlan {
    AfterPlan {
        verdict: Verdict::Holding,
        look_again: None,
        failed: false,
        raced: false,
        hook_ended: false,
        put_off: None,
        read_back: ReadBack::None,
        plans: 1,
        spot_noticed: false,
        tasks_unknown: false,
        throttled: false,
        run: LookingRun {
            is_batch: true,
            is_tick: false,
            surveyed: false,
            time_left: seconds(50),
            settle: seconds(30),
        },
    }
}

/// The same in a direct invocation.
fn direct() -> AfterPlan {
    let mut after = holding();
    after.run.is_batch = false;
    after
}

fn waiting(look_again: i64, after: AfterPlan) -> AfterPlan {
    AfterPlan {
        look_again: Some(seconds(look_again)),
        ..after
    }
}

#[test]
fn what_went_wrong_comes_before_what_would_be_worth_a_look() {
    let turn = Some(seconds(7));
    let all = AfterPlan {
        raced: true,
        hook_ended: true,
        put_off: turn,
        read_back: ReadBack::Lags,
        ..waiting(1, holding())
    };
    let steps: [fn(AfterPlan) -> AfterPlan; 7] = [
        |after| AfterPlan {
            failed: true,
            ..after
        },
        |after| AfterPlan {
            plans: LOOKS_MAX,
            ..after
        },
        |after| after,
        |after| AfterPlan {
            raced: false,
            ..after
        },
        |after| AfterPlan {
            raced: false,
            hook_ended: false,
            ..after
        },
        |after| AfterPlan {
            raced: false,
            hook_ended: false,
            put_off: None,
            ..after
        },
        |after| AfterPlan {
            raced: false,
            hook_ended: false,
            put_off: None,
            read_back: ReadBack::Draining,
            ..after
        },
    ];
    assert_eq!(
        steps.map(|step| next_look(&step(all))),
        [
            NextLook::None,
            NextLook::None,
            NextLook::After(SignedDuration::ZERO),
            NextLook::After(ANOTHERS_RECEIPT_MAX),
            NextLook::Later(turn),
            NextLook::After(READ_BACK_LAG),
            NextLook::Replan,
        ]
    );
}

#[test]
fn of_many_that_lag_all_are_looked_at_later() {
    let mut after = AfterPlan {
        read_back: ReadBack::Lags,
        ..holding()
    };
    after.run.surveyed = true;
    assert_eq!(next_look(&after), NextLook::Later(Some(READ_BACK_LAG)));
}

#[test]
fn a_batch_waits_for_a_second_and_other_runs_as_long_as_they_may() {
    for (after, expected) in [
        (waiting(1, holding()), NextLook::After(seconds(1))),
        (waiting(2, holding()), NextLook::Later(Some(seconds(2)))),
        (waiting(45, direct()), NextLook::After(seconds(45))),
        (waiting(46, direct()), NextLook::Later(Some(seconds(46)))),
        (holding(), NextLook::Later(None)),
    ] {
        assert_eq!(next_look(&after), expected, "{after:?}");
    }
}

#[test]
fn no_run_waits_for_what_comes_after_a_release() {
    for verdict in [
        Verdict::Releasing,
        Verdict::Released(ReleaseReason::Drained),
        Verdict::Done,
        Verdict::Unknown,
    ] {
        let after = AfterPlan {
            verdict,
            ..waiting(1, direct())
        };
        assert_eq!(next_look(&after), NextLook::Later(Some(seconds(1))), "{verdict}");
    }
}

#[test]
fn of_a_machine_that_is_taken_the_tick_waits_to_the_end_and_looks_often() {
    let taken = |after: AfterPlan, is_tick| {
        let run = LookingRun { is_tick, ..after.run };
        AfterPlan {
            spot_noticed: true,
            run,
            ..after
        }
    };
    let releasing = AfterPlan {
        verdict: Verdict::Releasing,
        ..waiting(30, holding())
    };
    for (after, expected) in [
        (
            taken(waiting(30, holding()), true),
            NextLook::After(SPOT_RECHECK_INTERVAL),
        ),
        (taken(waiting(3, holding()), true), NextLook::After(seconds(3))),
        (taken(releasing, true), NextLook::After(SPOT_RECHECK_INTERVAL)),
        (
            taken(waiting(30, holding()), false),
            NextLook::Later(Some(seconds(30))),
        ),
        (taken(releasing, false), NextLook::Later(Some(seconds(30)))),
        (taken(waiting(45, direct()), true), NextLook::After(seconds(45))),
        (taken(waiting(20, direct()), false), NextLook::After(WAIT_MAX)),
        (
            taken(waiting(21, direct()), false),
            NextLook::Later(Some(seconds(21))),
        ),
    ] {
        assert_eq!(next_look(&after), expected, "{after:?}");
    }
}

#[test]
fn p7_a_batch_looks_again_in_a_moment_at_an_instance_of_which_a_call_was_throttled() {
    let failed = |after| AfterPlan {
        failed: true,
        ..after
    };
    let unseen = |after| AfterPlan {
        tasks_unknown: true,
        ..after
    };
    let throttled = |after| AfterPlan {
        throttled: true,
        ..after
    };
    let again = NextLook::Later(Some(BEGINNING_RETRY_AFTER));
    for (after, expected) in [
        (throttled(failed(holding())), again),
        (throttled(unseen(holding())), again),
        (throttled(holding()), NextLook::Later(None)),
        (failed(holding()), NextLook::None),
        (unseen(holding()), NextLook::Later(None)),
        (throttled(failed(direct())), NextLook::None),
        (throttled(unseen(direct())), NextLook::Later(None)),
    ] {
        assert_eq!(next_look(&after), expected, "{after:?}");
    }
}

#[test]
fn tasks_that_a_survey_has_left_out_are_read_at_the_end_of_the_settle_window() {
    let unseen = |surveyed, verdict, tasks_unknown| {
        let mut after = AfterPlan {
            verdict,
            tasks_unknown,
            ..holding()
        };
        after.run.surveyed = surveyed;
        next_look(&after)
    };
    assert_eq!(
        unseen(true, Verdict::Holding, true),
        NextLook::Later(Some(seconds(30)))
    );
    assert_eq!(unseen(false, Verdict::Holding, true), NextLook::Later(None));
    assert_eq!(unseen(true, Verdict::Unknown, true), NextLook::Later(None));
    assert_eq!(unseen(true, Verdict::Holding, false), NextLook::Later(None));
}
