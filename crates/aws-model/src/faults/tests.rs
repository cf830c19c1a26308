use super::*;
use crate::Service;
use serde_json::json;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn call(service: Service, operation: &str) -> Call {
    let params = json!({"instanceId": "i-1", "list": [{"name": "/prefix/i-2"}]});
    Call {
        service,
        operation: operation.to_owned(),
        params,
        principal: "p".to_owned(),
    }
}

fn event(detail_type: &str, instance: &str) -> Value {
    json!({"detail-type": detail_type, "detail": {"EC2InstanceId": instance}})
}

fn codes(faults: &mut Faults, call: &Call, count: usize) -> Vec<Option<String>> {
    (0..count)
        .map(|_| faults.before(at(0), call).map(|error| error.code))
        .collect()
}

#[test]
fn a_filter_chooses_by_all_that_is_set() {
    let get = call(Service::Ssm, "GetParameter");
    let cases = [
        (CallFilter::any(), true),
        (CallFilter::service(Service::Ssm), true),
        (CallFilter::service(Service::Ecs), false),
        (CallFilter::operation(Service::Ssm, "GetParameter"), true),
        (CallFilter::operation(Service::Ssm, "PutParameter"), false),
        (CallFilter::any().by("p"), true),
        (CallFilter::service(Service::Ssm).by("q"), false),
        (CallFilter::any().mentioning("i-2"), true),
        (CallFilter::any().mentioning("i-3"), false),
    ];
    for (filter, fits) in cases {
        let mut faults = Faults::default();
        faults.throttle(filter.clone(), 1);
        assert_eq!(faults.before(at(0), &get).is_some(), fits, "{filter:?}");
    }
}

#[test]
fn a_plan_ends_after_its_count_or_at_its_time() {
    let get = call(Service::Ssm, "GetParameter");
    let mut faults = Faults::default();
    faults.throttle(CallFilter::any(), 2);
    let throttled = Some("ThrottlingException".to_owned());
    assert_eq!(codes(&mut faults, &get, 3), [throttled.clone(), throttled, None]);
    faults.throttle(CallFilter::any(), at(5));
    assert!(faults.before(at(4), &get).is_some());
    assert!(faults.before(at(5), &get).is_none());
    faults.throttle(CallFilter::any(), Limit::Forever);
    assert!(faults.before(at(99), &get).is_some());
    faults.clear();
    assert!(faults.before(at(99), &get).is_none());
}

#[test]
fn the_oldest_plan_acts_first() {
    let complete = call(Service::AutoScaling, "CompleteLifecycleAction");
    let mut faults = Faults::default();
    faults.deny(CallFilter::any(), 1);
    faults.fail(CallFilter::any(), errors::broken(Service::AutoScaling), 1);
    faults.throttle(CallFilter::any(), 1);
    let expected = ["AccessDenied", "InternalFailure", "Throttling"].map(|code| Some(code.to_owned()));
    assert_eq!(codes(&mut faults, &complete, 3), expected);
}

#[test]
fn a_fault_after_the_effect_does_not_stop_the_call() {
    let put = call(Service::Ssm, "PutParameter");
    let mut faults = Faults::default();
    faults.fail_after_effect(CallFilter::any(), errors::broken(Service::Ssm), 1);
    assert_eq!(faults.before(at(0), &put), None);
    assert_eq!(faults.after(at(0), &put), Some(errors::broken(Service::Ssm)));
    assert_eq!(faults.after(at(0), &put), None);
}

#[test]
fn a_denial_names_the_caller_and_the_action() {
    let denied = errors::denied(&call(Service::Ecs, "ListTasks"));
    assert_eq!(
        (denied.code.as_str(), denied.status),
        ("AccessDeniedException", 400)
    );
    assert!(
        denied
            .message
            .starts_with("User: p is not authorized to perform: ecs:ListTasks")
    );
}

#[test]
fn reads_are_stale_and_things_missing_as_often_as_planned() {
    let get = call(Service::Ssm, "GetParameter");
    let mut faults = Faults::default();
    faults.stale_reads(CallFilter::service(Service::Ssm), 1);
    assert!(faults.is_stale(at(0), &get));
    assert!(!faults.is_stale(at(0), &get));
    faults.missing_in_describe("arn:task", 2);
    let missing: Vec<_> = (0..3).map(|_| faults.is_missing("arn:task")).collect();
    assert_eq!(missing, [true, true, false]);
    assert!(!faults.is_missing("arn:other"));
}

#[test]
fn events_are_lost_doubled_and_late() {
    let mut faults = Faults::default();
    faults.drop_events(EventFilter::detail_type("A"), 1);
    faults.duplicate_events(EventFilter::any().mentioning("i-2"), 1);
    faults.delay_events(EventFilter::detail_type("B"), Duration::from_secs(3), 1);
    let times = |faults: &mut Faults, event: Value| -> Vec<i64> {
        faults
            .deliver(at(10), event)
            .into_iter()
            .map(|(time, _)| time.as_second())
            .collect()
    };
    assert_eq!(times(&mut faults, event("A", "i-1")), Vec::<i64>::new());
    assert_eq!(times(&mut faults, event("A", "i-1")), [10]);
    assert_eq!(times(&mut faults, event("B", "i-2")), [10, 10]);
    assert_eq!(times(&mut faults, event("B", "i-2")), [13]);
    assert_eq!(times(&mut faults, event("B", "i-2")), [10]);
}

#[test]
fn events_are_turned_round() {
    let mut faults = Faults::default();
    faults.reorder(3);
    assert!(faults.deliver(at(1), event("A", "i-1")).is_empty());
    assert!(faults.deliver(at(2), event("A", "i-2")).is_empty());
    let all = faults.deliver(at(3), event("A", "i-3"));
    let expected = ["i-3", "i-2", "i-1"].map(|instance| (at(3), event("A", instance)));
    assert_eq!(all, expected);
    assert_eq!(faults.deliver(at(4), event("A", "i-4")).len(), 1);
}
