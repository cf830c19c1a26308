use super::*;
use crate::status::watch::testing::{
    UPDATE, at, data, drain, explained, explanation, full, holding, hooked, key, model, over, press,
    released, shown, throttled,
};
use crate::status::watch::view::update;
use proptest::prelude::*;
use protector_diagnosis::drain::DrainState;

fn selected(model: &Model) -> Option<InstanceKey> {
    model.selected().map(|row| row.drain.key.clone())
}

fn row(model: &Model, number: u32) -> &DrainRow {
    model
        .visible()
        .find(|row| row.drain.key == key(number))
        .unwrap_or_else(|| panic!("{number} is not shown"))
}

#[test]
fn the_first_look_is_sorted_and_selects_the_first_row() {
    let model = full(120, 30);
    assert_eq!(shown(&model), [1, 2, 3, 4]);
    assert_eq!(selected(&model), Some(key(1)));
    assert_eq!((model.counts(), model.hidden()), ((4, 2), 1));
}

#[test]
fn the_selection_stays_on_its_instance() {
    let mut model = model(120, 30);
    model.update(data(&[(2, Some(holding(2, 3))), (3, Some(holding(3, 3)))], 10));
    press(&mut model, "j");
    assert_eq!(selected(&model), Some(key(3)));
    // One that needs a person comes in above it.
    let three = [(1, None), (2, Some(holding(2, 3))), (3, Some(holding(3, 3)))];
    model.update(data(&three, 15));
    assert_eq!(shown(&model), [1, 2, 3]);
    assert_eq!(selected(&model), Some(key(3)));
    press(&mut model, "ss");
    assert_eq!(selected(&model), Some(key(3)));
    // Where it was is what is selected when it is gone.
    press(&mut model, "s");
    model.update(data(&[(1, None), (2, Some(holding(2, 3)))], 20));
    model.update(Event::Tick(at(51)));
    assert_eq!(shown(&model), [1, 2]);
    assert_eq!(selected(&model), Some(key(2)));
}

#[test]
fn a_row_moves_when_it_begins_to_need_a_person_and_not_otherwise() {
    let mut model = model(120, 30);
    let three = |first: u32, second: u32| {
        [
            (1, Some(hooked(holding(1, first), 900, 0))),
            (2, Some(holding(2, second))),
            (3, Some(holding(3, 5))),
        ]
    };
    model.update(data(&three(5, 5), 10));
    assert_eq!(shown(&model), [1, 2, 3]);
    // Released: the order has it last.
    let mut looks = three(5, 5);
    looks[0].1 = Some(released(holding(1, 0), 12));
    model.update(data(&looks, 15));
    assert_eq!(shown(&model), [1, 2, 3]);
    // No record any more: it goes up.
    looks[2].1 = None;
    model.update(data(&looks, 20));
    assert_eq!(shown(&model), [3, 1, 2]);
    assert!(row(&model, 3).worse.risk);
    press(&mut model, "sss");
    assert_eq!(shown(&model), [3, 2, 1], "the order that was chosen");
}

#[test]
fn a_row_that_ends_is_shown_for_thirty_seconds() {
    let mut model = model(120, 30);
    model.update(data(&[(1, Some(holding(1, 1))), (2, Some(holding(2, 1)))], 10));
    // One has a receipt, the other is not there any more.
    model.update(data(&[(1, Some(over(holding(1, 0), 14)))], 15));
    assert_eq!(shown(&model), [1, 2]);
    assert_eq!(row(&model, 2).drain.state, DrainState::Done);
    assert!(row(&model, 2).gone && !row(&model, 1).gone);
    assert_eq!(model.counts(), (0, 0));
    for (now, expected) in [(44, vec![1, 2]), (45, vec![])] {
        model.update(Event::Tick(at(now)));
        assert_eq!(shown(&model), expected, "at {now}");
    }
    assert_eq!(model.hidden(), 1);
    press(&mut model, "a");
    assert_eq!(shown(&model), [1], "what is gone cannot be shown");
}

#[test]
fn a_drain_that_comes_back_is_open_again() {
    let mut model = model(120, 30);
    model.update(data(&[(1, Some(holding(1, 1)))], 10));
    model.update(data(&[], 15));
    model.update(data(&[(1, Some(holding(1, 1)))], 20));
    model.update(Event::Tick(at(100)));
    assert_eq!(shown(&model), [1]);
    assert_eq!(row(&model, 1).drain.state, DrainState::Holding);
    assert!(!row(&model, 1).gone);
}

#[test]
fn what_has_become_worse_is_marked_until_the_next_look() {
    let mut model = model(120, 30);
    let look = |left, heartbeat, now| data(&[(1, Some(hooked(holding(1, left), 900, heartbeat)))], now);
    for (event, left, hook) in [
        (look(3, 100, 100), false, false),
        (look(2, 100, 105), false, false),
        (look(4, 100, 110), true, false),
        (look(4, 50, 115), false, true),
        (look(4, 115, 120), false, false),
    ] {
        model.update(event);
        let worse = row(&model, 1).worse;
        assert_eq!((worse.left, worse.hook, worse.risk), (left, hook, false));
    }
}

#[test]
fn a_failed_look_keeps_the_rows_and_says_how_old_they_are() {
    let mut model = full(120, 30);
    assert!(!model.is_stale());
    model.update(Event::Failed(vec![throttled()]));
    model.update(Event::Tick(at(727 + 34)));
    assert_eq!(shown(&model), [1, 2, 3, 4]);
    assert!(model.is_stale());
    assert_eq!(model.age(), Some(SignedDuration::from_secs(34)));
    // What is printed at the end says so too.
    assert_eq!(model.fleet().unwrap().gaps, [throttled()]);
    model.update(data(&[(3, Some(holding(3, 1)))], 765));
    assert!(!model.is_stale());
}

#[test]
fn data_are_old_after_two_intervals_without_an_answer() {
    let mut model = full(120, 30);
    for (now, stale) in [(727 + 10, false), (727 + 11, true)] {
        model.update(Event::Tick(at(now)));
        assert_eq!(model.is_stale(), stale, "at {now}");
    }
}

#[test]
fn the_filter_is_typed_and_taken_back() {
    let mut model = full(120, 30);
    press(&mut model, "/no rec");
    assert_eq!(shown(&model), [2]);
    // Letters that are keys elsewhere are letters here.
    assert_eq!(model.filter.text, "no rec");
    model.update(Event::Key(Key::Backspace));
    model.update(Event::Key(Key::Enter));
    assert_eq!(model.filter.text, "no re");
    assert!(!model.filter.typing);
    let effects = model.update(Event::Key(Key::Char('q')));
    assert_eq!(effects, [Effect::Leave(Left::Quit)]);
    press(&mut model, "/");
    assert_eq!(model.update(Event::Key(Key::Escape)), []);
    assert_eq!(shown(&model), [1, 2, 3, 4]);
    press(&mut model, "/PROD-ECS");
    assert_eq!(shown(&model), [1, 4], "upper and lower case, and the group");
}

#[test]
fn keys_ask_for_effects() {
    let mut model = full(120, 30);
    let command = format!("protectorctl explain {}", key(1).instance);
    for (key, effect) in [
        (Key::Interrupt, Effect::Leave(Left::Interrupt)),
        (Key::Escape, Effect::Leave(Left::Quit)),
        (Key::Char('q'), Effect::Leave(Left::Quit)),
        (Key::Suspend, Effect::Suspend),
        (Key::Redraw, Effect::Redraw),
        (Key::Char('c'), Effect::Copy(command)),
        (Key::Char('p'), Effect::Pause(true)),
        (Key::Char('p'), Effect::Pause(false)),
    ] {
        assert_eq!(model.update(Event::Key(key)), [effect], "{key:?}");
    }
    assert!(model.note().unwrap().contains("protectorctl explain"));
    model.update(Event::Tick(at(727 + 4)));
    assert_eq!(model.note(), None);
}

#[test]
fn the_command_that_is_copied_is_that_of_the_warning() {
    let mut model = full(120, 30);
    press(&mut model, "jc");
    let effects = model.update(Event::Key(Key::Char('c')));
    assert_eq!(effects, [Effect::Copy("protectorctl doctor".to_owned())]);
}

#[test]
fn an_overlay_is_left_before_the_screen_is() {
    for (open, overlay) in [
        (Key::Char('?'), Overlay::Help),
        (Key::Char('o'), Overlay::Orders),
        (Key::Enter, Overlay::Detail),
    ] {
        for close in [Key::Escape, Key::Char('q'), open] {
            let mut model = full(120, 30);
            assert_eq!(model.update(Event::Key(open)), []);
            assert_eq!(model.overlay, Some(overlay));
            assert_eq!(model.update(Event::Key(close)), []);
            assert_eq!(model.overlay, None);
        }
    }
    let mut covered = full(120, 30);
    press(&mut covered, "o");
    let effects = covered.update(Event::Key(Key::Char('c')));
    assert!(matches!(effects.as_slice(), [Effect::Copy(_)]) && covered.overlay.is_some());
    let mut empty = model(120, 30);
    press(&mut empty, "o");
    assert_eq!(empty.overlay, None, "there is nothing to order");
}

#[test]
fn an_overlay_scrolls_as_far_as_it_has_lines() {
    let mut model = full(20, 5);
    press(&mut model, "?");
    update(&mut model, Event::Key(Key::End));
    let end = model.scroll;
    press(&mut model, "j");
    assert_eq!(model.scroll, end);
    press(&mut model, "k");
    assert_eq!(model.scroll, end - 1);
    update(
        &mut model,
        Event::Resize(Size {
            width: 200,
            height: 50,
        }),
    );
    assert_eq!(model.scroll, 0, "all of it fits");
}

#[test]
fn a_paused_screen_takes_no_data() {
    let mut model = full(120, 30);
    press(&mut model, "p");
    model.update(data(&[], 730));
    model.update(Event::Failed(vec![throttled()]));
    model.update(Event::Tick(at(800)));
    assert_eq!(shown(&model), [1, 2, 3, 4]);
    assert!(!model.is_stale(), "it is old because a person wants it");
    press(&mut model, "p");
    model.update(data(&[], 801));
    assert_eq!(model.counts(), (0, 0));
}

#[test]
fn the_order_goes_by_risk_age_and_cluster() {
    let mut model = model(120, 30);
    let younger = protector_core::record::Record {
        started_at: at(100),
        ..holding(1, 1)
    };
    let three = [(1, Some(younger)), (2, Some(holding(2, 1))), (3, None)];
    model.update(data(&three, 200));
    assert_eq!(shown(&model), [3, 2, 1]);
    press(&mut model, "s");
    assert_eq!((model.sort, shown(&model)), (Sort::Age, vec![2, 1, 3]));
    press(&mut model, "s");
    assert_eq!((model.sort, shown(&model)), (Sort::Cluster, vec![1, 2, 3]));
}

#[test]
fn pages_are_turned() {
    let mut model = model(80, 12);
    let many: Vec<_> = (1..=30)
        .map(|number| (number, Some(holding(number, 1))))
        .collect();
    model.update(data(&many, 10));
    // Twelve lines have nine rows: header, head and keys.
    for (key, place) in [
        (Key::PageDown, 9),
        (Key::Up, 8),
        (Key::End, 29),
        (Key::Down, 29),
        (Key::PageUp, 20),
        (Key::Home, 0),
        (Key::Up, 0),
    ] {
        model.update(Event::Key(key));
        assert_eq!(model.selected_place(), place, "{key:?}");
    }
}

fn events() -> impl Strategy<Value = Event> {
    let number = 1_u32..6;
    let one = (number, 0_u32..4, 0_u8..4).prop_map(|(number, left, kind)| {
        let record = match kind {
            0 => None,
            1 => Some(released(holding(number, left), 5)),
            2 => Some(over(holding(number, left), 15)),
            _ => Some(hooked(holding(number, left), 90, 0)),
        };
        (number, record)
    });
    let look = proptest::collection::btree_map(1_u32..6, one, 0..5);
    let look = (look, 0_i64..200).prop_map(|(look, now)| {
        let look: Vec<_> = look
            .into_iter()
            .map(|(number, (_, record))| (number, record))
            .collect();
        data(&look, now)
    });
    let letters = prop::sample::select("jkgGsapoc?/xbwq".chars().collect::<Vec<_>>());
    let keys = prop::sample::select(vec![
        Key::Enter,
        Key::Escape,
        Key::Backspace,
        Key::PageDown,
        Key::PageUp,
        Key::End,
    ]);
    let size = (0_u16..130, 0_u16..40).prop_map(|(width, height)| Event::Resize(Size { width, height }));
    prop_oneof![
        3 => look,
        4 => letters.prop_map(|letter| Event::Key(Key::Char(letter))),
        2 => keys.prop_map(Event::Key),
        1 => (0_i64..300).prop_map(|now| Event::Tick(at(now))),
        1 => Just(Event::Failed(vec![throttled()])),
        1 => size,
    ]
}

proptest! {
    /// Whatever happens: something is selected if something is shown, it is the row at its place, no data and no second
    /// moves the selection to another instance that is shown, and no instance has two rows.
    #[test]
    fn the_selection_is_always_a_row_that_is_shown(events in proptest::collection::vec(events(), 1..40)) {
        let mut model = model(80, 24);
        for event in events {
            let before = selected(&model);
            let is_look = matches!(event, Event::Data(_) | Event::Tick(_) | Event::Failed(_) | Event::Resize(_));
            model.update(event);
            let keys: Vec<_> = model.visible().map(|row| row.drain.key.clone()).collect();
            let mut unique = keys.clone();
            unique.sort();
            unique.dedup();
            prop_assert_eq!(unique.len(), keys.len());
            prop_assert_eq!(selected(&model), keys.get(model.selected_place()).cloned());
            prop_assert_eq!(keys.is_empty(), model.selected().is_none());
            if let Some(before) = before.filter(|before| is_look && keys.contains(before)) {
                prop_assert_eq!(selected(&model), Some(before));
            }
        }
    }
}

#[test]
fn drains_of_the_tests_are_what_they_are_called() {
    assert_eq!(drain(1, Some(holding(1, 2)), 10).state, DrainState::Holding);
    assert_eq!(drain(1, Some(over(holding(1, 2), 9)), 10).state, DrainState::Done);
}

#[test]
fn the_selected_drain_is_explained_where_its_explanation_is_shown() {
    let wanted = |model: &Model| model.wanted().map(|wanted| wanted.drain.key);
    let mut wide = full(120, 30);
    assert_eq!(wanted(&wide), Some(key(1)));
    press(&mut wide, "jj");
    assert_eq!(wanted(&wide), Some(key(3)));
    press(&mut wide, "o");
    assert_eq!(wanted(&wide), None, "it is covered");
    press(&mut wide, "o");
    press(&mut wide, "p");
    assert_eq!(wanted(&wide), None, "nothing is read while it is paused");
    press(&mut wide, "pa");
    update(&mut wide, Event::Key(Key::End));
    // It is over.
    assert_eq!((selected(&wide), wanted(&wide)), (Some(key(5)), None));
    // Without a pane there is a reason to read only when the drain is on the full screen.
    let mut flat = full(80, 19);
    assert_eq!(wanted(&flat), None);
    update(&mut flat, Event::Key(Key::Enter));
    assert_eq!(wanted(&flat), Some(key(1)));
    assert_eq!(wanted(&model(120, 30)), None, "nothing is known yet");
}

#[test]
fn the_command_of_an_explanation_is_copied_with_the_options_that_were_given() {
    let mut plain = explained(120, 30);
    let copied = |model: &mut Model| match model.update(Event::Key(Key::Char('c'))).as_slice() {
        [Effect::Copy(command)] => command.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(copied(&mut plain), UPDATE);
    let mut given = full(120, 30);
    given.invocation.profile = Some("on-call".to_owned());
    given.invocation.clusters = vec!["other".parse().unwrap(), "prod".parse().unwrap()];
    let instance = key(1).instance;
    let first = format!("protectorctl explain {instance} --profile on-call --cluster prod");
    assert_eq!(copied(&mut given), first);
    press(&mut given, "j");
    let doctor = "protectorctl doctor --profile on-call --cluster prod";
    assert_eq!(copied(&mut given), doctor);
}

#[test]
fn a_read_that_failed_does_not_take_away_an_explanation() {
    let mut model = explained(120, 30);
    let shown = |model: &Model| {
        let explained = model.explained(&row(model, 3).drain).unwrap();
        (
            explained.at,
            explained.failed.len(),
            explained.explanation.gaps.len(),
        )
    };
    update(&mut model, explanation(3, 737, &[throttled()]));
    assert_eq!(shown(&model), (at(727), 1, 0));
    // A denied read is denied the next time too: what else is known by then is shown.
    let denied = Gap {
        kind: protector_diagnosis::read::GapKind::Denied,
        ..throttled()
    };
    update(&mut model, explanation(3, 747, &[denied]));
    assert_eq!(shown(&model), (at(747), 0, 1));
    // Nothing better is known, so the newest is shown.
    let mut first = full(120, 30);
    for now in [730, 740] {
        update(&mut first, explanation(3, now, &[throttled()]));
        assert_eq!(shown(&first), (at(now), 0, 1));
    }
    // What comes for a drain that is not there is dropped, and so is what there is of one that has gone.
    update(&mut first, explanation(9, 750, &[]));
    first.update(data(&[(9, Some(holding(9, 1)))], 760));
    assert!(first.explained(&drain(9, None, 760)).is_none());
    first.update(Event::Tick(at(800)));
    first.update(data(&[(9, Some(holding(9, 1)))], 801));
    assert!(first.explained(&drain(3, None, 801)).is_none());
}
