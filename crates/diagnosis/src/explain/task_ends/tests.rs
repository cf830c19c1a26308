use super::*;
use crate::testing::{at, denied};
use proptest::prelude::*;

fn container(name: &str, stop_timeout: Option<u32>, depends_on: &[&str]) -> DefinedContainer {
    DefinedContainer {
        name: name.to_owned(),
        stop_timeout,
        depends_on: depends_on.iter().map(|name| (*name).to_owned()).collect(),
        ..DefinedContainer::default()
    }
}

fn definition(containers: Vec<DefinedContainer>) -> Definition {
    Definition {
        containers,
        ..Definition::default()
    }
}

#[test]
fn containers_stop_in_the_reverse_order_of_their_start() {
    // The sidecar depends on the app, so it stops first, and the app's time begins at its end.
    let app = |stop_timeout| container("app", stop_timeout, &[]);
    let proxy = container("proxy", Some(20), &["app"]);
    let alone = container("alone", Some(100), &[]);
    let three = vec![
        container("c", Some(3), &["b", "a"]),
        container("b", Some(20), &["a"]),
        container("a", Some(100), &[]),
    ];
    let short = container("short", None, &[]);
    let table = [
        (vec![app(Some(120))], 120, false, "app"),
        (vec![app(None)], 30, true, "app"),
        (vec![app(Some(0))], 30, true, "app"),
        (vec![app(Some(60)), proxy], 80, false, "proxy app"),
        (vec![app(Some(60)), alone], 100, false, "alone"),
        (three, 123, false, "c b a"),
        (vec![app(Some(60)), short], 60, true, "app"),
    ];
    for (containers, seconds, is_estimate, chain) in table {
        let time = stop_time(&definition(containers)).unwrap();
        let found = (time.longest.as_secs(), time.is_estimate);
        assert_eq!(found, (seconds, is_estimate), "{chain}");
        assert_eq!(time.chain.join(" "), chain);
    }
}

#[test]
fn a_circle_has_no_bound() {
    let circle = vec![container("a", Some(1), &["b"]), container("b", Some(1), &["a"])];
    assert_eq!(stop_time(&definition(circle)), None);
    let itself = vec![container("a", Some(1), &["a"])];
    assert_eq!(stop_time(&definition(itself)), None);
    assert_eq!(stop_time(&definition(Vec::new())), None);
}

#[test]
fn a_bound_has_its_reason_and_what_is_not_known_of_it() {
    let known: Reading<Definition> = Ok(definition(vec![container("app", Some(120), &[])]));
    let guess: Reading<Definition> = Ok(definition(vec![container("app", None, &[])]));
    let unread: Reading<Definition> = Err(denied("ecs:DescribeTaskDefinition"));
    let delay = Deregistration::Delay(SignedDuration::from_mins(5));
    let draining = Deregistration::Draining(SignedDuration::from_secs(60));
    let gap = denied("elasticloadbalancing:DescribeTargetGroupAttributes");
    let unknown = Deregistration::Unknown(vec![gap]);
    let none = Deregistration::None;
    let stop = "stopTimeout 2m";
    let delayed = "deregistration delay 5m, stopTimeout 2m";
    let guessed = "deregistration delay 5m, stopTimeout 30s unless the host says otherwise";
    let drained = "connection draining 1m, stopTimeout 2m";
    let table = [
        (Some(&known), &none, Ends::Bound(at(120)), stop, 0),
        (Some(&known), &delay, Ends::Bound(at(420)), delayed, 0),
        (Some(&guess), &delay, Ends::Estimate(at(330)), guessed, 0),
        (Some(&known), &draining, Ends::Bound(at(180)), drained, 0),
        (Some(&known), &unknown, Ends::Unknown, stop, 1),
        (Some(&unread), &unknown, Ends::Unknown, "", 2),
        (Some(&unread), &none, Ends::Unknown, "", 1),
        (None, &none, Ends::Unknown, "", 0),
    ];
    for (read, deregistration, ends, reason, gaps) in table {
        let bound = stopped_by(Some(at(0)), deregistration, read);
        let found = (bound.ends, bound.reason.as_str(), bound.gaps.len());
        assert_eq!(found, (ends, reason, gaps));
    }
    assert_eq!(stopped_by(None, &none, Some(&known)).ends, Ends::Unknown);
}

#[test]
fn overdue_is_a_minute_after_the_bound() {
    for (now, overdue) in [(119, false), (179, false), (180, true), (181, true)] {
        assert_eq!(is_overdue(Ends::Bound(at(120)), at(now)), overdue);
        assert_eq!(is_overdue(Ends::Estimate(at(120)), at(now)), overdue);
    }
    assert!(!is_overdue(Ends::Unknown, at(9_999_999)));
}

#[test]
fn a_bound_is_rounded_up() {
    let half = at(7) + SignedDuration::from_millis(500);
    assert_eq!((up_to_second(half), up_to_second(at(7))), (at(8), at(7)));
}

/// What a container really does: it ends this long after its SIGTERM, or is killed at its timeout.
#[derive(Debug, Clone)]
struct Real {
    timeout: u32,
    ends_after: u32,
    /// Indices of the containers before it that it depends on.
    depends_on: Vec<usize>,
}

/// The agent's stop, second by second: each container that no other waits for any more gets SIGTERM, and is killed when
/// its own timeout has passed. Returns when the last one has ended.
fn simulated(containers: &[Real]) -> u32 {
    let mut term: Vec<Option<u32>> = vec![None; containers.len()];
    let mut ended: Vec<Option<u32>> = vec![None; containers.len()];
    let mut second = 0;
    while ended.iter().any(Option::is_none) {
        loop {
            let mut changed = false;
            for index in 0..containers.len() {
                let held_up = containers
                    .iter()
                    .zip(&ended)
                    .any(|(other, ended)| other.depends_on.contains(&index) && ended.is_none());
                if term[index].is_none() && !held_up {
                    term[index] = Some(second);
                    changed = true;
                }
                let real = &containers[index];
                let lives = real.ends_after.min(real.timeout);
                if ended[index].is_none() && term[index].is_some_and(|term| second >= term + lives) {
                    ended[index] = Some(second);
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        second += 1;
    }
    ended.into_iter().flatten().max().unwrap_or_default()
}

fn real() -> impl Strategy<Value = Vec<Real>> {
    let one = (1_u32..90, 0_u32..120, prop::collection::vec(any::<bool>(), 6));
    prop::collection::vec(one, 1..6).prop_map(|all| {
        all.into_iter()
            .enumerate()
            .map(|(index, (timeout, ends_after, depends))| Real {
                timeout,
                ends_after,
                depends_on: (0..index).filter(|other| depends[*other]).collect(),
            })
            .collect()
    })
}

/// As they are defined, in an order that does not help.
fn defined(containers: &[Real]) -> Definition {
    let name = |index: usize| format!("c{index}");
    let one = |(index, real): (usize, &Real)| DefinedContainer {
        name: name(index),
        stop_timeout: Some(real.timeout),
        depends_on: real.depends_on.iter().map(|other| name(*other)).collect(),
        ..DefinedContainer::default()
    };
    definition(containers.iter().enumerate().map(one).collect())
}

proptest! {
    /// No stop takes longer than its bound, and one whose containers all use up their time takes just as long.
    #[test]
    fn a_bound_is_never_below_a_simulated_stop(
        containers in real(), delay in 0_u32..400, connections in 0_u32..600, millis in 0_i64..1000,
    ) {
        let ordered = at(0) + SignedDuration::from_millis(millis);
        let read = Ok(defined(&containers));
        let deregistration = Deregistration::Delay(SignedDuration::from_secs(i64::from(delay)));
        let bound = stopped_by(Some(ordered), &deregistration, Some(&read));
        let Ends::Bound(bound) = bound.ends else {
            panic!("every timeout is given: {bound:?}");
        };
        let truth = |containers: &[Real], drained: u32| {
            ordered + SignedDuration::from_secs(i64::from(drained + simulated(containers)))
        };
        prop_assert!(truth(&containers, connections.min(delay)) <= bound);
        let slow: Vec<Real> = containers.iter().map(|real| Real { ends_after: real.timeout, ..real.clone() }).collect();
        prop_assert_eq!(up_to_second(truth(&slow, delay)), bound);
    }
}
