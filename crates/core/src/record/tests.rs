use super::*;
use crate::ids::InstanceKey;
use crate::limits::{CUT_MARK, HELD_BY_MAX, RECORD_BYTES_MAX};
use crate::unprotected::UnprotectedReason;
use proptest::prelude::*;

/// A time of the day of these records.
fn at(time: &str) -> Timestamp {
    format!("2026-11-24T{time}Z").parse().unwrap()
}

fn record() -> Record {
    Record {
        schema: SCHEMA,
        state: State::Holding,
        remaining: 4,
        reason: None,
        ec2_instance_id: "i-0123456789abcdef0".parse().unwrap(),
        container_instance_arn: "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/0a1b"
            .parse()
            .unwrap(),
        other_registrations: Vec::new(),
        drain_id: "made-1".into(),
        started_at: at("08:00:00"),
        updated_at: at("08:00:05"),
        deadline_at: at("09:00:00"),
        released_at: None,
        poll_seconds: 5,
        release_not_before: None,
        held_by: vec![HeldBy {
            group: "service:web".into(),
            count: 4,
            last_status: "STOPPING".into(),
            protected: 0,
            protected_until: None,
        }],
        released_services: vec![],
        lifecycle: None,
        other_lifecycles: Vec::new(),
        other_clusters: Vec::new(),
        draining_confirmed_at: None,
        releasing: None,
        agent_lost_at: None,
        agent_away_at: None,
        active_since: None,
        spot_notice_at: None,
        daemons_gone_at: None,
        daemons_left: 0,
        unprotected: Vec::new(),
        waited: Vec::new(),
        calls: 0,
        receipt_at: None,
        ordered: None,
        sidecars: 2,
    }
}

fn lifecycle() -> Lifecycle {
    Lifecycle {
        auto_scaling_group_name: "blue".parse().unwrap(),
        lifecycle_hook_name: "drain".parse().unwrap(),
        lifecycle_action_token: Some("71514b9d-6a40-4b26-8523-05e7ee35fa40".parse().unwrap()),
        heartbeat_seconds: 900,
        heartbeat_at: at("08:00:00"),
        global_deadline_at: "2026-11-25T09:00:00Z".parse().unwrap(),
    }
}

fn waited(group: &str) -> Waited {
    Waited {
        group: group.to_owned(),
        count: 1,
        until: None,
    }
}

fn releasing(reason: ReleaseReason, tier: u32, since: Timestamp) -> Option<Releasing> {
    Some(Releasing { reason, tier, since })
}

fn released(reason: ReleaseReason, time: &str) -> Record {
    Record {
        state: State::Released,
        reason: Some(reason),
        released_at: Some(at(time)),
        ..record()
    }
}

#[track_caller]
fn assert_unreadable(text: &str) {
    let read = Record::decode(text);
    assert!(
        matches!(read, Err(DecodeError::Unreadable(_))),
        "{text}: {read:?}"
    );
}

#[test]
fn a_record_reads_as_documented() {
    let mut record = record();
    record.lifecycle = Some(lifecycle());
    let value: serde_json::Value = serde_json::from_str(&record.encode().unwrap()).unwrap();
    insta::assert_json_snapshot!(value);
}

#[test]
fn p2_another_schema_is_refused_even_if_all_fields_fit() {
    let text = record().encode().unwrap().replace("\"schema\":1", "\"schema\":2");
    assert_eq!(Record::decode(&text), Err(DecodeError::UnknownSchema(2)));
}

#[test]
fn p2_a_truncated_record_is_never_a_record() {
    let text = record().encode().unwrap();
    for cut in 0..text.len() {
        assert_unreadable(&text[..cut]);
    }
}

#[test]
fn unknown_fields_are_ignored() {
    let text = record().encode().unwrap();
    let later = text.replacen('{', "{\"madeLater\":[1,2],", 1);
    assert_eq!(Record::decode(&later).unwrap(), record());
}

#[test]
fn unknown_fields_are_ignored_at_every_depth() {
    for (name, text) in old_records() {
        let later = text.replace('{', "{\"madeLater\":{\"deep\":[1,null]},");
        assert_eq!(Record::decode(&later), Record::decode(&text), "{name}");
    }
}

/// Texts that released versions have written, byte for byte, by file name.
#[expect(clippy::disallowed_methods, reason = "fixtures are files")]
fn old_records() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/records");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let read = |file: std::fs::DirEntry| {
        let name = file.file_name().into_string().unwrap();
        (name, std::fs::read_to_string(file.path()).unwrap())
    };
    let records: Vec<(String, String)> = files.map(read).collect();
    assert!(records.len() >= 6, "files are only ever added: {records:?}");
    records
}

/// Returns whether all that `old` has is in `new` too. `new` may have more.
fn covers(new: &serde_json::Value, old: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Object};
    match (new, old) {
        (Object(new), Object(old)) => old
            .iter()
            .all(|(name, old)| new.get(name).is_some_and(|new| covers(new, old))),
        (Array(new), Array(old)) => {
            new.len() == old.len() && new.iter().zip(old).all(|(new, old)| covers(new, old))
        }
        _ => new == old,
    }
}

/// An old program reads what a new one writes of it, too: no field that it needs has gone.
#[test]
fn what_released_versions_have_written_stays_readable_and_keeps_every_field() {
    for (name, text) in old_records() {
        let record = Record::decode(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let again: serde_json::Value = serde_json::from_str(&record.encode().unwrap()).unwrap();
        let old: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(covers(&again, &old), "{name}: {old}\nis written again as {again}");
    }
}

#[test]
fn p2_a_reason_that_a_later_version_may_have_is_no_release() {
    let text = released(ReleaseReason::Drained, "08:10:00").encode().unwrap();
    assert_unreadable(&text.replace("\"drained\"", "\"made-later\""));
}

#[test]
fn p2_a_field_of_the_wrong_type_is_unreadable() {
    for (good, bad) in [
        ("\"remaining\":4", "\"remaining\":-1"),
        ("\"remaining\":4", "\"remaining\":\"4\""),
        ("\"holding\"", "\"done\""),
        ("\"i-0123456789abcdef0\"", "\"web-1\""),
        ("\"2026-11-24T09:00:00Z\"", "\"tomorrow\""),
    ] {
        let text = record().encode().unwrap().replacen(good, bad, 1);
        assert_unreadable(&text);
    }
}

#[test]
fn prefixes_are_checked_as_ssm_would() {
    for good in ["/ecs-daemon-protector", "/team/drain", "/a.b_c-d/"] {
        assert!(good.parse::<ParameterPrefix>().is_ok(), "{good}");
    }
    for bad in ["", "/", "drain", "//x", "/aws/x", "/SSM-x", "/a b", "/a/{{x}}"] {
        assert!(bad.parse::<ParameterPrefix>().is_err(), "{bad}");
    }
    for (levels, good) in [(13, true), (14, false)] {
        let deep = "/x".repeat(levels);
        assert_eq!(deep.parse::<ParameterPrefix>().is_ok(), good, "{deep}");
    }
}

#[test]
fn a_name_leads_back_to_its_instance() {
    let prefix = ParameterPrefix::default();
    let key = InstanceKey {
        cluster: "prod".parse().unwrap(),
        instance: "i-12345678".parse().unwrap(),
    };
    let name = prefix.record_name(&key);
    assert_eq!(name, "/ecs-daemon-protector/prod/i-12345678");
    assert_eq!(prefix.key_of(&name), Some(key));
    assert_eq!(prefix.control_name(), "/ecs-daemon-protector/control");
    for foreign in [
        "/other/prod/i-12345678",
        "/ecs-daemon-protector/control",
        "/ecs-daemon-protectorx/prod/i-12345678",
    ] {
        assert_eq!(prefix.key_of(foreign), None, "{foreign}");
    }
}

proptest! {
    #[test]
    fn whatever_the_lists_the_text_fits_and_counts_survive(
        groups in proptest::collection::vec("[a-z\"{}\\\\]{1,400}", 0..40),
        services in proptest::collection::vec("[a-zA-Z0-9_-]{1,255}", 0..60),
        bare_ones in proptest::collection::vec("\\PC{1,120}", 0..12),
        remaining in 0u32..100_000,
    ) {
        let mut big = record();
        big.remaining = remaining;
        big.held_by = groups.into_iter().map(|group| HeldBy { group, count: 1, last_status: "RUNNING".into(), protected: remaining, protected_until: Some(at("08:00:00.123456789")) }).collect();
        big.released_services = services.iter().map(|s| s.parse().unwrap()).collect();
        let bare_ones: Vec<UnprotectedDaemon> =
            bare_ones.iter().map(|name| bare(name, UnprotectedReason::SidecarNeverStarted)).collect();
        big.note_unprotected(&bare_ones);
        let text = big.encode().unwrap();
        prop_assert!(text.len() <= RECORD_BYTES_MAX && !text.contains("{{"));
        let back = Record::decode(&text).unwrap();
        prop_assert_eq!(back.remaining, remaining);
        prop_assert!(back.held_by.len() <= HELD_BY_MAX);
    }
}

/// Everything that AWS or an operator names, as long as it may be, in characters that take the most room.
#[test]
fn a_record_with_the_longest_names_and_order_fits() {
    let token = "71514b9d-6a40-4b26-8523-05e7ee35fa40";
    for odd in ["\u{1}", "\u{1f600}", "\"", "\n", "a"] {
        let long = odd.repeat(5000);
        let now = at("08:00:00.123456789");
        let mut record = record();
        let (cluster, id) = ("c".repeat(255), "0".repeat(36));
        let arn = format!("arn:aws-us-gov:ecs:us-gov-west-1:123456789012:container-instance/{cluster}/{id}");
        record.container_instance_arn = arn.parse().unwrap();
        record.drain_id = token.to_owned();
        record.lifecycle = Some(Lifecycle {
            auto_scaling_group_name: "\u{1f600}".repeat(255).parse().unwrap(),
            lifecycle_hook_name: "h".repeat(255).parse().unwrap(),
            lifecycle_action_token: token.parse().ok(),
            heartbeat_seconds: u32::MAX,
            heartbeat_at: now,
            global_deadline_at: now,
        });
        record.reason = Some(ReleaseReason::AgentLost);
        record.releasing = releasing(ReleaseReason::AgentLost, u32::MAX, now);
        for time in [
            &mut record.released_at,
            &mut record.draining_confirmed_at,
            &mut record.agent_lost_at,
            &mut record.agent_away_at,
            &mut record.active_since,
            &mut record.spot_notice_at,
            &mut record.receipt_at,
            &mut record.daemons_gone_at,
        ] {
            *time = Some(now);
        }
        let ordered = Ordered::new("hold", &long, &long, now);
        assert!(long.starts_with(ordered.who.strip_suffix(CUT_MARK).unwrap()));
        record.ordered = Some(ordered);
        let text = record.encode().unwrap();
        assert_eq!(Record::decode(&text).unwrap().ordered, record.ordered);
    }
}

#[test]
fn what_is_said_of_a_text_that_is_none_is_short_and_has_no_token() {
    let token = "71514b9d-6a40-4b26-8523-05e7ee35fa40";
    let long = record().encode().unwrap().replace("holding", &"q".repeat(3000));
    assert!(Record::decode(&long).unwrap_err().to_string().chars().count() < 500);
    let hook = format!(
        r#""lifecycle":{{"autoScalingGroupName":"blue","lifecycleHookName":"drain","lifecycleActionToken":"{token}x","#
    );
    let text = record().encode().unwrap();
    let torn = text.replacen('{', &format!("{{{hook}\"heartbeatSeconds\":1}},"), 1);
    let error = Record::decode(&torn).unwrap_err().to_string();
    assert!(error.contains("token") && !error.contains(token), "{error}");
}

#[test]
fn p8_what_a_racing_writer_has_said_is_not_lost() {
    let holding = record();
    let released = Record {
        reason: Some(ReleaseReason::Operator),
        state: State::Released,
        lifecycle: None,
        ..record()
    };
    let merged = holding.clone().merged(&released);
    let ordered = (State::Released, Some(ReleaseReason::Operator));
    assert_eq!((merged.state, merged.reason), ordered);
    assert_eq!(merged.lifecycle, holding.lifecycle);
    let other = Record {
        drain_id: "another".to_owned(),
        started_at: at("07:59:00"),
        ..released
    };
    let merged = holding.clone().merged(&other);
    assert_eq!(
        merged, holding,
        "another drain's release is no release of this one"
    );
}

#[test]
fn p1_a_writer_that_waited_long_does_not_take_a_newer_drain_back() {
    let old = Record {
        state: State::Released,
        receipt_at: Some(at("09:00:00")),
        ..record()
    };
    let newer = Record {
        drain_id: "another".to_owned(),
        started_at: at("09:00:01"),
        ..record()
    };
    assert_eq!(old.clone().merged(&newer), newer);
    assert_eq!(newer.clone().merged(&old), newer);
}

#[test]
fn a_receipt_that_was_noted_stays_noted() {
    let noted = Record {
        receipt_at: Some(at("09:00:00")),
        ..record()
    };
    assert_eq!(record().merged(&noted).receipt_at, noted.receipt_at);
}

#[test]
fn p7_two_events_that_begin_one_drain_at_the_same_moment_make_one_record() {
    let begun = |id: &str, millis: i64| Record {
        drain_id: id.to_owned(),
        started_at: at("08:00:00") + jiff::SignedDuration::from_millis(millis),
        ..record()
    };
    let noticed = Record {
        spot_notice_at: Some(at("08:00:00")),
        deadline_at: at("08:01:00"),
        ..begun("spot", 0)
    };
    let merged = begun("draining", 12).merged(&noticed);
    assert_eq!(merged.spot_notice_at, noticed.spot_notice_at);
    assert_eq!(merged.deadline_at, noticed.deadline_at);
    let without_token = Lifecycle {
        lifecycle_action_token: None,
        ..lifecycle()
    };
    let (other, hooked) = (begun("x", 0), begun("token", 5));
    let hooked = Record {
        lifecycle: Some(without_token),
        ..hooked
    };
    for merged in [other.clone().merged(&hooked), hooked.clone().merged(&other)] {
        assert_eq!(merged.drain_id, "token");
        assert_eq!(merged.lifecycle, hooked.lifecycle);
    }
}

#[test]
fn a_release_is_forced_unless_the_tasks_or_the_drain_ended_by_themselves() {
    for (reason, forced) in [
        (ReleaseReason::Drained, false),
        (ReleaseReason::Cancelled, false),
        (ReleaseReason::Deadline, true),
        (ReleaseReason::Operator, true),
        (ReleaseReason::AgentLost, true),
    ] {
        assert_eq!(reason.is_forced(), forced, "{reason:?}");
    }
}

#[test]
fn protected_tasks_are_written_if_there_are_any() {
    let mut record = record();
    assert!(!record.encode().unwrap().contains("protected"));
    record.held_by[0].protected = 3;
    // An older coordinator did not tell.
    assert!(!record.encode().unwrap().contains("protectedUntil"));
    record.held_by[0].protected_until = Some(at("10:00:00"));
    let text = record.encode().unwrap();
    assert!(
        text.contains(r#""protectedUntil":"2026-11-24T10:00:00Z""#),
        "{text}"
    );
    assert_eq!(Record::decode(&text), Ok(record));
}

fn bare(service: &str, reason: UnprotectedReason) -> UnprotectedDaemon {
    UnprotectedDaemon {
        service: service.to_owned(),
        reason,
    }
}

#[test]
fn daemons_that_were_not_protected_are_written_if_there_are_any() {
    let mut record = record();
    record.note_unprotected(&[
        bare("logs", UnprotectedReason::SidecarStopped),
        bare("mesh", UnprotectedReason::SidecarNeverStarted),
    ]);
    let text = record.encode().unwrap();
    let expected = r#""unprotected":[{"service":"logs","reason":"sidecar-stopped"},{"service":"mesh","reason":"sidecar-never-started"}]"#;
    assert!(text.contains(expected), "{text}");
    assert_eq!(Record::decode(&text), Ok(record));
}

#[test]
fn p8_that_a_daemon_was_not_protected_only_grows() {
    let (logs, mesh) = (
        bare("logs", UnprotectedReason::SidecarStopped),
        bare("mesh", UnprotectedReason::SidecarUnhealthy),
    );
    let mut overwritten = record();
    overwritten.note_unprotected(&[logs.clone(), mesh.clone()]);
    let mut later = record();
    later.note_unprotected(std::slice::from_ref(&mesh));
    let merged = later.merged(&overwritten);
    assert_eq!(merged.unprotected, [logs, mesh], "each once");
    let many: Vec<UnprotectedDaemon> = (0..30)
        .map(|number| bare(&format!("s{number}"), UnprotectedReason::SidecarStopped))
        .collect();
    let mut full = merged;
    full.note_unprotected(&many);
    assert_eq!(full.unprotected.len(), UNPROTECTED_MAX);
}

#[test]
fn p3_no_text_of_others_keeps_a_record_from_being_written() {
    for odd in ["{{ dag_id }}", "{", "}}{{", "a{b{{\"c\\", "{\n{"] {
        let mut record = record();
        record.held_by[0].group = odd.to_owned();
        record.waited = vec![waited(odd)];
        let why = odd.repeat(100);
        record.ordered = Some(Ordered::new("hold", "{{ssm:x}}", &why, at("08:00:00")));
        let text = record.encode().unwrap();
        assert!(!text.contains("{{"), "{text}");
        assert_eq!(Record::decode(&text), Ok(record));
    }
}

#[test]
fn who_may_go_is_the_last_that_is_cut() {
    let groups = |count: u32| (0..count).map(|n| format!("family:{n:060}"));
    let held_by = |group| HeldBy {
        group,
        ..record().held_by[0].clone()
    };
    let full = |services| Record {
        held_by: groups(5).map(held_by).collect(),
        waited: groups(40).map(|group| waited(&group)).collect(),
        released_services: (0..services)
            .map(|n| format!("{n:0200}").parse().unwrap())
            .collect(),
        ..record()
    };
    let read = |record: &Record| Record::decode(&record.encode().unwrap()).unwrap();
    let (whole, cut) = (full(0), read(&full(0)));
    assert_eq!(cut.held_by, whole.held_by);
    let left = cut.waited.len();
    assert!((20..40).contains(&left), "no more than needed: {left}");
    let cut = read(&full(17));
    assert_eq!(cut.released_services, full(17).released_services);
    assert!(cut.waited.is_empty() && cut.held_by.len() < whole.held_by.len());
    let cut = read(&full(30));
    assert!(cut.held_by.is_empty() && (17..30).contains(&cut.released_services.len()));
}

fn ordered(text: &str) -> Option<Ordered> {
    Some(Ordered {
        command: "extend".to_owned(),
        who: "ana".to_owned(),
        why: "ticket 7".to_owned(),
        at: at(text),
    })
}

#[test]
fn of_two_orders_the_later_one_is_named_and_the_later_deadline_stays() {
    let with = |deadline: &str, time: &str| Record {
        deadline_at: at(deadline),
        ordered: ordered(time),
        ..record()
    };
    let (far, near) = (with("09:30:00", "08:10:00"), with("09:10:00", "08:20:00"));
    let both = with("09:30:00", "08:20:00");
    for (written, overwritten, stays) in [
        (&far, &near, &both),
        (&near, &far, &both),
        (&far, &record(), &far),
        (&record(), &far, &far),
    ] {
        assert_eq!(&written.clone().merged(overwritten), stays);
    }
}

#[test]
fn p3_a_deadline_that_a_notice_has_shortened_stays_short() {
    let noticed = Record {
        deadline_at: at("08:01:00"),
        spot_notice_at: Some(at("08:00:00")),
        ..record()
    };
    assert_eq!(noticed.clone().merged(&record()), noticed);
    assert_eq!(record().merged(&noticed), noticed);
    let second = Record {
        spot_notice_at: Some(at("08:00:30")),
        ..noticed.clone()
    };
    assert_eq!(second.merged(&noticed), noticed, "one notice is enough");
}

#[test]
fn a_release_that_has_begun_goes_on_over_a_text_that_holds() {
    let releasing = Record {
        releasing: releasing(ReleaseReason::Drained, 1, at("08:10:00")),
        ..record()
    };
    assert_eq!(releasing.clone().merged(&record()), releasing);
}

#[test]
fn p8_tiers_that_may_go_are_not_taken_back_by_a_text_that_was_made_before() {
    let releasing = |tier, services: &[&str]| Record {
        releasing: releasing(ReleaseReason::Drained, tier, at("08:10:00")),
        released_services: services.iter().map(|service| service.parse().unwrap()).collect(),
        deadline_at: at("09:05:00"),
        ..record()
    };
    let ordered = Record {
        deadline_at: at("09:10:00"),
        ordered: ordered("08:10:01"),
        ..record()
    };
    let both = ordered.clone().merged(&releasing(0, &["mesh"]));
    assert_eq!(both.releasing, releasing(0, &[]).releasing);
    assert_eq!(both.released_services.len(), 1);
    assert_eq!(both.deadline_at, ordered.deadline_at);
    assert_eq!(both.ordered, ordered.ordered);
    let first = releasing(0, &["mesh"]);
    let second = releasing(1, &["mesh", "xray"]);
    assert_eq!(first.clone().merged(&second), second);
    assert_eq!(second.clone().merged(&first), second);
}

#[test]
fn p8_a_text_tells_on_which_version_it_is_based_and_readers_of_earlier_releases_pass_it_over() {
    let text = record().encode_based_on(7).unwrap();
    assert_eq!(crate::versions::based_on(&text), Some(7));
    assert_eq!(Record::decode(&text).unwrap(), record());
    assert_eq!(crate::versions::based_on(&record().encode().unwrap()), None);
    let mut long = record();
    long.waited = (0..200)
        .map(|number| waited(&format!("service:{number}")))
        .collect();
    let text = long.encode_based_on(i64::MAX).unwrap();
    assert!(text.len() <= RECORD_BYTES_MAX);
    assert_eq!(crate::versions::based_on(&text), Some(i64::MAX));
}

#[test]
fn p8_of_two_releases_the_earlier_one_counts() {
    let drained = released(ReleaseReason::Drained, "08:10:00");
    let ordered = released(ReleaseReason::Operator, "08:10:01");
    assert_eq!(ordered.clone().merged(&drained), drained);
    assert_eq!(drained.clone().merged(&ordered), drained);
}

#[test]
fn p7_a_hook_and_a_notice_that_begin_one_drain_are_both_in_its_record_whichever_was_first() {
    for millis in [-20, 20] {
        let hooked = Record {
            drain_id: "token".to_owned(),
            lifecycle: Some(lifecycle()),
            ..record()
        };
        let noticed = Record {
            drain_id: "spot".to_owned(),
            started_at: hooked.started_at + jiff::SignedDuration::from_millis(millis),
            spot_notice_at: Some(at("08:00:00")),
            ..record()
        };
        for merged in [hooked.clone().merged(&noticed), noticed.clone().merged(&hooked)] {
            assert_eq!(merged.drain_id, "token", "{millis}");
            assert_eq!(merged.started_at, hooked.started_at, "{millis}");
            assert_eq!(merged.lifecycle, hooked.lifecycle, "{millis}");
            assert_eq!(merged.spot_notice_at, noticed.spot_notice_at, "{millis}");
        }
    }
}

#[test]
fn of_an_order_as_much_is_kept_as_fits_when_it_is_escaped() {
    for (sign, kept) in [
        ("a", 197),
        ("\"", 98),
        ("\n", 98),
        ("\u{1}", 32),
        ("é", 98),
        ("{", 32),
    ] {
        let ordered = Ordered::new("hold", "ana", &sign.repeat(500), at("08:00:00"));
        let expected = format!("{}{CUT_MARK}", sign.repeat(kept));
        assert_eq!(ordered.why, expected, "{sign:?}");
    }
}

#[test]
fn p8_no_writer_forgets_a_cluster_that_another_one_knows() {
    let known = Record {
        other_clusters: vec!["batch".parse().unwrap()],
        ..record()
    };
    for merged in [known.clone().merged(&record()), record().merged(&known)] {
        assert_eq!(merged.other_clusters, known.other_clusters);
    }
    let mut full = record();
    for number in 0..9 {
        full.add_cluster(&format!("c{}", number / 2).parse().unwrap());
    }
    assert_eq!(full.other_clusters.len(), crate::limits::OTHER_CLUSTERS_MAX);
}
