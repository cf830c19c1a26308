use super::*;
use crate::look::Look;
use crate::status::watch::model::{Event, Key};
use crate::status::watch::testing::{
    UPDATE, at, data, explained, explanation, full, holding, hooked, model, press, throttled,
};
use protector_diagnosis::testing::assert_contains;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

fn drawn(model: &Model, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view(model, frame)).unwrap();
    terminal.backend().buffer().clone()
}

fn rows(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area;
    let row = |y| {
        (0..area.width)
            .map(|x| buffer[(x, y)].symbol())
            .collect::<String>()
    };
    (0..area.height).map(|y| row(y).trim_end().to_owned()).collect()
}

fn text(model: &Model) -> String {
    rows(&drawn(model, model.size.width, model.size.height)).join("\n")
}

const SIZES: [(u16, u16); 7] = [
    (200, 50),
    (120, 30),
    (100, 24),
    (80, 24),
    (60, 20),
    (40, 10),
    (20, 5),
];

#[test]
fn the_table_fits_each_terminal() {
    for (width, height) in SIZES {
        insta::assert_snapshot!(format!("table_{width}x{height}"), text(&full(width, height)));
    }
}

#[test]
fn what_covers_the_table_fits_each_terminal() {
    for (width, height) in [(120, 30), (80, 24), (40, 10), (20, 5)] {
        for (name, key) in [
            ("help", Key::Char('?')),
            ("orders", Key::Char('o')),
            ("detail", Key::Enter),
        ] {
            let mut model = full(width, height);
            model.update(Event::Key(key));
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), text(&model));
        }
    }
}

/// A terminal that cannot show more than ASCII gets no more.
#[test]
fn a_plain_terminal_gets_ascii() {
    for (width, height) in SIZES {
        let mut model = full(width, height);
        model.look = Look::plain();
        assert!(text(&model).is_ascii(), "{}", text(&model));
    }
}

/// Nothing is written beyond the terminal, and each has its last line.
#[test]
fn every_size_is_drawn() {
    for width in 0..130 {
        for height in 0..40 {
            let mut model = full(width, height);
            for key in [Key::Escape, Key::Char('?'), Key::Char('o'), Key::Enter] {
                let lines = lines(&model, Size { width, height });
                assert_eq!(lines.len(), usize::from(height), "{width}x{height}");
                model.overlay = None;
                model.update(Event::Key(key));
            }
        }
    }
    // The backend panics if it is drawn beyond its area.
    for (width, height) in [(1, 1), (1, 2), (2, 3), (7, 8), (19, 7)] {
        drawn(&full(width, height), width, height);
    }
}

/// Table lines are never cut at the right: what gives way shows that it was cut.
#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in 40..200 {
        let mut model = full(width, 24);
        // The widest of each column.
        let wide = hooked(holding(6, 120), 100_000, 5);
        let first = protector_core::record::Record {
            started_at: at(-100_000),
            remaining: 120,
            ..wide
        };
        let hooked = hooked(holding(1, 2), 90, 660);
        model.update(data(&[(6, Some(first)), (1, Some(hooked))], 727));
        let size = Size { width, height: 24 };
        for line in lines(&model, size) {
            let text: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
            let used = text.trim_end().chars().count();
            assert!(used <= usize::from(width), "{width}: {text}");
        }
    }
}

#[test]
fn a_failed_look_dims_the_rows_and_says_so_in_the_header() {
    let mut model = full(120, 30);
    model.look.colors = true;
    let fresh = drawn(&model, 120, 30);
    assert!(!fresh[(3, 3)].modifier.contains(Modifier::DIM));
    model.update(Event::Failed(vec![throttled()]));
    model.update(Event::Tick(at(727 + 34)));
    let old = drawn(&model, 120, 30);
    let header = rows(&old).remove(0);
    assert!(header.contains("data 34s old: ThrottlingException"), "{header}");
    let place = header.find("data 34s").unwrap();
    assert_eq!(old[(u16::try_from(place).unwrap(), 0)].fg, Color::Yellow);
    for y in 2..6 {
        assert!(old[(3, y)].modifier.contains(Modifier::DIM), "row {y}");
    }
    // The rows stay, and their clocks go on.
    assert_eq!(rows(&old)[3..6], rows(&full_at(761))[3..6]);
}

fn full_at(now: i64) -> Buffer {
    let mut model = full(120, 30);
    model.update(Event::Tick(at(now)));
    drawn(&model, 120, 30)
}

#[test]
fn without_data_the_screen_says_why() {
    let mut model = model(80, 24);
    assert_eq!(rows(&drawn(&model, 80, 24))[1], "Reading...");
    model.update(Event::Failed(vec![throttled()]));
    insta::assert_snapshot!("nothing_known_80x24", text(&model));
}

#[test]
fn a_table_without_rows_says_why() {
    let mut model = full(80, 24);
    press(&mut model, "/zzz");
    insta::assert_snapshot!(text(&model).lines().nth(1).unwrap(), @r#"No drain contains "zzz"."#);
    insta::assert_snapshot!(text(&model).lines().last().unwrap(), @"/zzz_");
    let mut over = super::super::testing::model(80, 24);
    let record = super::super::testing::over(holding(1, 0), 5);
    over.update(data(&[(1, Some(record))], 10));
    insta::assert_snapshot!(rows(&drawn(&over, 80, 24))[1..3].join("\n"), @r"
    No instance drains.
    1 drain is over; a shows them.
    ");
}

#[test]
fn the_selected_row_is_reversed_and_what_is_worse_is_bold() {
    let mut model = model(120, 30);
    let look = |left| {
        [
            (1, Some(hooked(holding(1, left), 900, 0))),
            (2, Some(holding(2, 1))),
        ]
    };
    model.update(data(&look(2), 10));
    model.update(data(&look(3), 15));
    let buffer = drawn(&model, 120, 30);
    let head = rows(&buffer).remove(1);
    let left = u16::try_from(head.find("LEFT").unwrap()).unwrap();
    let is = |y, modifier| buffer[(left, y)].modifier.contains(modifier);
    assert!(is(2, Modifier::REVERSED) && !is(3, Modifier::REVERSED));
    assert!(is(2, Modifier::BOLD) && !is(3, Modifier::BOLD));
    assert_eq!(buffer[(1, 2)].symbol(), ">", "and without attributes");
}

#[test]
fn without_colours_nothing_is_coloured() {
    let mut model = full(120, 30);
    model.update(Event::Failed(vec![throttled()]));
    for (colors, expected) in [(false, false), (true, true)] {
        model.look.colors = colors;
        let buffer = drawn(&model, 120, 30);
        let colored = buffer.content.iter().any(|cell| cell.fg != Color::Reset);
        assert_eq!(colored, expected);
    }
}

#[test]
fn pages_keep_the_selected_row_in_sight() {
    let mut model = model(80, 12);
    let many: Vec<_> = (1..=30)
        .map(|number| (number, Some(holding(number, 1))))
        .collect();
    model.update(data(&many, 10));
    for place in 0..30 {
        let shown = rows(&drawn(&model, 80, 12));
        let row = shown.iter().find(|row| row.get(1..2) == Some(">")).unwrap();
        assert!(row.contains(&format!("i-{:08x}", place + 1)), "{row}");
        press(&mut model, "j");
    }
    assert!(text(&model).ends_with("28-30 of 30"), "{}", text(&model));
}

#[test]
fn the_header_names_a_stretched_interval() {
    let mut model = full(120, 30);
    model.interval.every = jiff::SignedDuration::from_secs(50);
    model.interval.pages = Some(100);
    let header = text(&model).lines().next().unwrap().to_owned();
    assert_contains(&header, "every 50s: 100 pages");
}

#[test]
fn the_pane_explains_the_selected_drain() {
    for (width, height) in [(200, 50), (120, 30), (100, 24), (80, 24), (60, 20)] {
        let model = explained(width, height);
        insta::assert_snapshot!(format!("pane_{width}x{height}"), text(&model));
    }
    // Without room for a pane the explanation is on the full screen.
    for (width, height) in [(120, 30), (80, 24), (40, 12)] {
        let mut model = explained(width, height);
        update(&mut model, Event::Key(Key::Enter));
        insta::assert_snapshot!(format!("explain_{width}x{height}"), text(&model));
    }
}

#[test]
fn every_size_of_an_explanation_is_drawn() {
    for width in (0..130).step_by(3) {
        for height in 0..40 {
            let mut model = explained(width, height);
            for key in [Key::Escape, Key::Enter, Key::End, Key::PageUp] {
                let lines = lines(&model, Size { width, height });
                assert_eq!(lines.len(), usize::from(height), "{width}x{height}");
                update(&mut model, Event::Key(key));
            }
        }
    }
}

/// Nothing of an explanation is lost beyond the right edge: what is long is broken.
#[test]
fn a_command_in_the_detail_is_whole() {
    for width in [50, 60, 80, 120] {
        let mut model = explained(width, 60);
        update(&mut model, Event::Key(Key::Enter));
        let shown = text(&model);
        let joined = shown.replace(" \\\n", " ");
        let words = joined.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(UPDATE), "{width}: {shown}");
    }
}

#[test]
fn an_explanation_that_could_not_be_read_again_stays_dim_and_says_why() {
    let mut model = explained(120, 30);
    let row = |model: &Model, part: &str| {
        let buffer = drawn(model, 120, 30);
        let y = rows(&buffer).iter().position(|line| line.contains(part)).unwrap();
        let dim = buffer[(2, u16::try_from(y).unwrap())]
            .modifier
            .contains(Modifier::DIM);
        (rows(&buffer)[y].clone(), dim)
    };
    let task = "30d374ca";
    assert!(!row(&model, task).1);
    update(&mut model, Event::Tick(at(737)));
    update(&mut model, explanation(3, 737, &[throttled()]));
    let (line, dim) = row(&model, task);
    assert!(dim && line.contains("minimumHealthyPercent 100"), "{line}");
    let (data, _) = row(&model, "data  ");
    assert!(data.ends_with("of 10s ago: ThrottlingException"), "{data}");
    update(&mut model, explanation(3, 738, &[]));
    assert!(!row(&model, task).1 && !text(&model).contains("ThrottlingException"));
    // Without an answer for long it is old, too.
    update(&mut model, Event::Tick(at(738 + 21)));
    assert!(row(&model, task).1, "{}", text(&model));
    assert!(row(&model, "data  ").0.ends_with("of 21s ago: no answer yet"));
}
