use super::*;
use crate::testing::{at, heartbeats, lifecycle, record};
use proptest::prelude::*;

fn clock(hook: Lifecycle, run: Option<HeartbeatsBeacon>, now: i64) -> HookClock {
    let record = Record {
        lifecycle: Some(hook),
        ..record()
    };
    HookClock::all(&record, run.as_ref(), at(now)).remove(0)
}

#[test]
fn what_is_left_of_a_hook() {
    // HeartbeatTimeout, when the event came if it did, the last run of the heartbeats with what it was late with, now;
    // seconds left, and whether it is at risk.
    let table = [
        // The event alone.
        (900, Some(0), None, 0, Some(900), false),
        (900, Some(0), None, 600, Some(300), false),
        (900, Some(0), None, 676, Some(224), true),
        (900, Some(0), None, 841, Some(59), true),
        (900, Some(0), None, 900, Some(0), true),
        // It is over, and the hook still waits: it had a heartbeat that was not noted.
        (900, Some(0), None, 901, None, false),
        // Found by the tick: nothing is known until the first heartbeat.
        (900, None, None, 30, None, false),
        (900, None, Some((60, 0)), 60, Some(450), false),
        // At half of its time it had a heartbeat, so at least half is left at each run.
        (900, Some(0), Some((1200, 0)), 1210, Some(440), false),
        // A run that was late with one says nothing.
        (900, Some(0), Some((1200, 1)), 1210, None, false),
        // A run before the drain began may not have seen its hook.
        (900, Some(0), Some((-5, 0)), 10, Some(890), false),
        // 120 s: heartbeats at a quarter of it. At risk if a run is missed, not before.
        (120, Some(0), Some((600, 0)), 600, Some(90), false),
        (120, Some(0), Some((600, 0)), 630, Some(60), false),
        (120, Some(0), Some((600, 0)), 631, Some(59), true),
        // 90 s is less than two runs of the heartbeats need.
        (90, Some(0), Some((600, 0)), 608, Some(59), true),
        // The last five minutes of a very long one are in time for the next run.
        (7200, Some(0), None, 6800, Some(400), false),
        (7200, Some(0), None, 6901, Some(299), true),
    ];
    for (timeout, event, run, now, left, at_risk) in table {
        let hook = match event {
            Some(second) => lifecycle(timeout, second, true),
            None => lifecycle(timeout, -i64::from(timeout), false),
        };
        let run = run.map(|(second, late)| heartbeats(second, late));
        let clock = clock(hook, run, now);
        let seen = clock.left(at(now)).map(|left| left.as_secs());
        assert_eq!(
            (seen, clock.is_at_risk(at(now))),
            (left, at_risk),
            "{timeout} {event:?} {run:?} {now}"
        );
    }
}

#[test]
fn nothing_waits_beyond_the_global_limit() {
    let hook = Lifecycle {
        global_deadline_at: at(100),
        ..lifecycle(900, 0, true)
    };
    assert_eq!(clock(hook, None, 60).left(at(60)).unwrap().as_secs(), 40);
}

proptest! {
    /// What is shown is never more than what is really left, wherever the real heartbeats were.
    #[test]
    fn what_is_shown_as_left_is_left(
        timeout in 60_u32..7200, first in 0_i64..60, minutes in 0_i64..200, now in 0_i64..59,
    ) {
        let step = interval(SignedDuration::from_secs(i64::from(timeout))).as_secs();
        // The real ones: a run a minute, which sends what is due.
        let (mut sent, mut run) = (first, first);
        for minute in 0..minutes {
            run = first + minute * 60;
            if run - sent >= step {
                sent = run;
            }
        }
        let now = run + now;
        let clock = clock(lifecycle(timeout, 0, true), (minutes > 0 && run > 0).then(|| heartbeats(run, 0)), now);
        let truth = (sent + i64::from(timeout)).min(100 * i64::from(timeout));
        if let Some(shown) = clock.runs_out_at {
            prop_assert!(shown <= at(truth), "{shown} {}", at(truth));
        }
    }
}
