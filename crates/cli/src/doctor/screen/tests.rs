use super::*;
use protector_diagnosis::doctor::{Category, CheckId};
use protector_diagnosis::read::{Gap, GapKind};

fn finding(id: CheckId, result: Outcome, text: &str, hints: &[&str], fix: Option<&str>) -> Finding {
    Finding {
        id,
        result,
        text: text.to_owned(),
        hints: hints.iter().map(|hint| (*hint).to_owned()).collect(),
        fix: fix.map(str::to_owned),
    }
}

fn report() -> Report {
    let gap = Gap {
        call: "sqs:GetQueueAttributes",
        kind: GapKind::Denied,
        code: "AccessDenied".to_owned(),
        message: String::new(),
    };
    let section = |category, subject: Option<&str>, findings| Section {
        category,
        subject: subject.map(str::to_owned),
        findings,
    };
    let coordinator = vec![
        finding(CheckId::Tick, Outcome::Pass, "tick 12s ago", &["unseen"], None),
        finding(
            CheckId::DeadLetters,
            Outcome::NotKnown(gap),
            "the queues: not known: needs sqs:GetQueueAttributes",
            &[],
            None,
        ),
        finding(CheckId::Errors, Outcome::Skipped, "no function", &[], None),
        finding(CheckId::Concurrency, Outcome::Skipped, "no function", &[], None),
    ];
    let hooks = vec![
        finding(
            CheckId::HookHeartbeat,
            Outcome::Warn,
            "HeartbeatTimeout of ecs-daemon-protector is 90 s; a tick a minute needs 120 s",
            &["it may run out between two heartbeats"],
            Some(
                "aws autoscaling put-lifecycle-hook --auto-scaling-group-name prod-ecs --heartbeat-timeout 900",
            ),
        ),
        finding(
            CheckId::HookResult,
            Outcome::Fail,
            "\u{1b}[2Janother has ABANDON",
            &[],
            None,
        ),
    ];
    let nothing = |id| vec![finding(id, Outcome::Skipped, "no cluster is known", &[], None)];
    Report {
        sections: vec![
            section(Category::Coordinator, None, coordinator),
            section(Category::Hooks, Some("prod-ecs"), hooks),
            section(Category::Cluster, None, nothing(CheckId::Kinds)),
            section(Category::Alarms, None, nothing(CheckId::Alarms)),
        ],
    }
}

fn look(width: usize, unicode: bool) -> Look {
    Look {
        width,
        unicode,
        ..Look::plain()
    }
}

#[test]
fn a_screen_in_ascii() {
    let text = screen(None, &report(), false, look(60, false));
    let expected = "\
coordinator
-----------
ok tick 12s ago
?  the queues: not known: needs sqs:GetQueueAttributes
    see docs/checks.md#dead-letters
-  not looked at: errors, concurrency (no function)

hooks: prod-ecs
---------------
!  HeartbeatTimeout of ecs-daemon-protector is 90 s; a tick
   a minute needs 120 s
    it may run out between two heartbeats
    aws autoscaling put-lifecycle-hook --auto-scaling-group-name prod-ecs --heartbeat-timeout 900
    see docs/checks.md#hook-heartbeat
x  \u{fffd}[2Janother has ABANDON
    see docs/checks.md#hook-result

-  not looked at: cluster, alarms (no cluster is known)
Checks: 1 passes, 1 warns, 1 fails, 1 not known, 4 not
looked at.";
    assert_eq!(text, expected);
}

#[test]
fn a_short_screen_leaves_out_what_passes() {
    let text = screen(None, &report(), true, look(120, true));
    assert!(!text.contains("tick 12s ago"), "{text}");
    for mark in ["\u{203c} ", "\u{d7} ", "? ", "\u{2013} "] {
        assert!(text.lines().any(|line| line.starts_with(mark)), "{mark}{text}");
    }
    let whole = screen(None, &report(), false, look(120, true));
    assert!(whole.contains("\u{221a} tick 12s ago"), "{whole}");
}

#[test]
fn no_line_is_wider_than_the_terminal_but_a_command() {
    for width in [60, 80, 100, 120, 200] {
        for unicode in [true, false] {
            let text = screen(None, &report(), false, look(width, unicode));
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("aws "));
            for line in lines {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }
}

#[test]
fn colour_says_nothing_that_the_text_does_not() {
    let plain = screen(None, &report(), false, look(80, true));
    let coloured = Look {
        colors: true,
        ..look(80, true)
    };
    let coloured = screen(None, &report(), false, coloured);
    assert_ne!(plain, coloured);
    let mut stripped = String::new();
    let mut letters = coloured.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => drop(letters.by_ref().find(|letter| *letter == 'm')),
            _ => stripped.push(letter),
        }
    }
    assert_eq!(stripped, plain);
}
