use super::*;
use crate::testing::at;

fn one(number: u32, status: &str, agent_connected: bool) -> ContainerInstance {
    ContainerInstance {
        arn: format!("arn:aws:ecs:eu-west-1:1:container-instance/prod/{number}")
            .parse()
            .unwrap(),
        status: status.to_owned().into(),
        agent_connected,
        tasks: None,
    }
}

fn all(those: &[ContainerInstance], recorded: Option<u32>) -> Registrations {
    let recorded = recorded.map(|number| one(number, "ACTIVE", true).arn);
    Registrations::of(those.to_vec(), recorded.as_ref()).unwrap()
}

#[test]
fn a_machine_is_gone_with_the_registration_of_its_drain() {
    let record = Record {
        other_registrations: vec![one(1, "", false).arn],
        ..Record::first(
            "i-12345678".parse().unwrap(),
            one(2, "", false).arn,
            "token".to_owned(),
            at(0),
            at(3600),
            5,
        )
    };
    type Left = &'static [(u32, &'static str, bool)];
    // What is left, as number, status and agent.
    let table: [(Left, bool); 5] = [
        (&[(1, "DRAINING", false)], true),
        (&[(1, "DRAINING", true)], false),
        (&[(1, "DRAINING", false), (2, "DRAINING", false)], false),
        (&[(3, "DRAINING", false)], false),
        (&[(1, "ACTIVE", false)], false),
    ];
    for (left, gone) in table {
        let left: Vec<ContainerInstance> = left
            .iter()
            .map(|(number, status, agent)| ContainerInstance {
                tasks: Some(0),
                ..one(*number, status, *agent)
            })
            .collect();
        assert_eq!(is_machine_gone(&record, &left), gone, "{left:?}");
    }
}

/// What two registrations of one machine say together, whichever ECS names first.
#[test]
fn p2_a_registration_that_was_left_behind_does_not_count() {
    // The two, which of them the record knows, which one is present, and whether it drains and is active.
    let table = [
        (("DRAINING", false), ("ACTIVE", true), None, 2, (false, true)),
        (("DRAINING", false), ("ACTIVE", true), Some(1), 2, (false, true)),
        (("DRAINING", false), ("DRAINING", true), Some(2), 2, (true, false)),
        (("ACTIVE", false), ("DRAINING", true), None, 2, (true, false)),
        // The agent of the live one is away for a moment.
        (("DRAINING", false), ("ACTIVE", false), None, 2, (false, true)),
        (("ACTIVE", false), ("DRAINING", false), Some(2), 2, (true, false)),
        // Two agents, and one of them takes tasks.
        (("DRAINING", true), ("ACTIVE", true), Some(1), 1, (false, true)),
        (("REGISTERING", true), ("DRAINING", false), None, 2, (true, false)),
        (("INACTIVE", false), ("DRAINING", true), Some(1), 2, (true, false)),
    ];
    for (first, second, recorded, present, (drains, active)) in table {
        let (first, second) = (one(1, first.0, first.1), one(2, second.0, second.1));
        for those in [[first.clone(), second.clone()], [second.clone(), first.clone()]] {
            let seen = all(&those, recorded);
            assert_eq!(seen.present().arn, one(present, "ACTIVE", true).arn, "{seen:?}");
            assert_eq!(
                (seen.is_draining(), seen.is_active()),
                (drains, active),
                "{seen:?}"
            );
        }
    }
}

#[test]
fn who_never_came_in_is_neither_draining_nor_gone() {
    for status in ["REGISTERING", "REGISTRATION_FAILED"] {
        let seen = all(&[one(1, status, true)], None);
        assert!(seen.never_came_in() && !seen.is_gone() && !seen.is_draining() && !seen.is_active());
    }
    let gone = all(&[one(1, "INACTIVE", false)], None);
    assert!(gone.is_gone() && !gone.never_came_in());
    assert_eq!(Registrations::of(Vec::new(), None), None);
}

#[test]
fn p4_every_registration_that_takes_tasks_is_drained() {
    let seen = all(
        &[
            one(1, "ACTIVE", false),
            one(2, "ACTIVE", true),
            one(3, "DRAINING", false),
        ],
        None,
    );
    let arns: Vec<_> = seen.to_drain().cloned().collect();
    assert_eq!(arns, [one(2, "", true).arn, one(1, "", true).arn]);
    let after = seen.with(&one(2, "DRAINING", true));
    assert!(after.is_draining());
}

#[test]
fn p2_tasks_of_every_registration_count_unless_it_was_left_behind_empty() {
    let empty = ContainerInstance {
        tasks: Some(0),
        ..one(1, "DRAINING", false)
    };
    let phantoms = ContainerInstance {
        tasks: Some(2),
        ..one(3, "DRAINING", false)
    };
    let seen = all(&[empty.clone(), one(2, "DRAINING", true), phantoms.clone()], None);
    let counted: Vec<_> = seen.with_tasks().map(|one| one.arn.clone()).collect();
    assert_eq!(counted, [one(2, "", true).arn, phantoms.arn]);
    let alone = all(std::slice::from_ref(&empty), None);
    assert_eq!(alone.with_tasks().count(), 1, "the present one is always asked");
}
