use super::*;
use protector_core::record::Record;
use protector_diagnosis::testing::{at, drain_of};

fn drain(deadline: i64) -> Drain {
    let record = Record::first(
        "i-04f05e66a99bdb06f".parse().unwrap(),
        "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/0a1b"
            .parse()
            .unwrap(),
        "d".to_owned(),
        at(0),
        at(deadline),
        5,
    );
    drain_of(record, at(60))
}

fn fleet() -> Fleet {
    Fleet {
        now: at(60),
        drains: vec![drain(3600)],
        coordinator: protector_diagnosis::fleet::Seen::default(),
        gaps: Vec::new(),
    }
}

#[test]
fn a_person_is_reported_what_an_order_does() {
    let texts = |order| consequences(order, &drain(3600), &fleet());
    let release = texts(Order::Release);
    assert!(
        release[0].starts_with("i-04f05e66a99bdb06f in prod drains for 1m."),
        "{release:?}"
    );
    assert!(release[1].contains("It cannot be taken back."), "{release:?}");
    let extend = texts(Order::Extend(SignedDuration::from_mins(30)));
    assert!(
        extend[1].starts_with("Its deadline moves from 04:00:00Z to 04:30:00Z"),
        "{extend:?}"
    );
    assert!(texts(Order::Hold)[1].contains("from 04:00:00Z to the last moment"));
}

#[test]
fn a_denied_invocation_names_the_permission() {
    let gap = |kind| Gap {
        call: "lambda:InvokeFunction",
        kind,
        code: "AccessDeniedException".to_owned(),
        message: "no".to_owned(),
    };
    let denied = not_invoked(&gap(GapKind::Denied), "arn:f");
    assert!(denied.contains("lambda:InvokeFunction on arn:f"), "{denied}");
    assert!(not_invoked(&gap(GapKind::Unreachable), "arn:f").contains("not reached"));
}
