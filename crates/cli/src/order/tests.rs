use super::*;
use protector_core::record::Record;
use protector_diagnosis::testing::{assert_contains, at, denied, drain_of, record};

fn drain(deadline: i64) -> Drain {
    let record = Record {
        deadline_at: at(deadline),
        ..record()
    };
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
    assert_contains(&release[0], "i-04f05e66a99bdb06f in prod drains for 1m.");
    assert!(release[1].contains("It cannot be taken back."), "{release:?}");
    let extend = texts(Order::Extend(SignedDuration::from_mins(30)));
    assert_contains(&extend[1], "Its deadline moves from 04:00:00Z to 04:30:00Z");
    assert!(texts(Order::Hold)[1].contains("from 04:00:00Z to the last moment"));
}

#[test]
fn a_denied_invocation_names_the_permission() {
    let gap = |kind| Gap {
        kind,
        ..denied("lambda:InvokeFunction")
    };
    let denied = not_invoked(&gap(GapKind::Denied), "arn:f");
    assert!(denied.contains("lambda:InvokeFunction on arn:f"), "{denied}");
    assert!(not_invoked(&gap(GapKind::Unreachable), "arn:f").contains("not reached"));
}
