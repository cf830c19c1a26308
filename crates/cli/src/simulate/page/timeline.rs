//! One drain, lane by lane.

use super::scale::Scale;
use super::svg::{Anchor, Rect, Svg};
use crate::simulate::display::{self, number};
use crate::simulate::timeline::{Span, TaskLane, Timeline};
use protector_sim::scenario::{Ms, SECOND};

/// Where the lanes begin.
const LEFT: f64 = 128.0;

/// Where they end.
const RIGHT: f64 = 740.0;

/// Where the first lane is.
const TOP: f64 = 12.0;

const LANE: f64 = 22.0;

/// More tasks than this are not shown.
const TASKS_MAX: usize = 12;

/// Draws it; nothing if the instance did not drain.
pub(super) fn chart(timeline: &Timeline) -> Option<String> {
    let began = timeline.began()?;
    let end = end(timeline)?;
    let lanes = 4 + usize::from(!timeline.heartbeats.is_empty());
    let lanes = lanes
        + lanes_of(timeline)
            .iter()
            .map(|task| if task.daemon { 2 } else { 1 })
            .sum::<usize>();
    let bottom = TOP + LANE * lanes as f64;
    let seconds = (end - began) as f64 / 1000.0;
    let scale = Scale::linear((0.0, seconds * 1.02), (LEFT, RIGHT));
    let title = format!("One drain: {}", timeline.instance);
    let mut drawing = Drawing {
        svg: Svg::new(760.0, bottom + 40.0, &title, &description(timeline, began)),
        scale,
        began,
        end,
        off: timeline.off,
        lane: 0,
    };
    drawing.axis(bottom, seconds);
    drawing.instance(timeline);
    lanes_of(timeline).into_iter().for_each(|task| drawing.task(task));
    drawing.release(timeline, bottom);
    Some(drawing.svg.finish())
}

fn lanes_of(timeline: &Timeline) -> Vec<&TaskLane> {
    let mut tasks: Vec<&TaskLane> = timeline
        .tasks
        .values()
        .filter(|task| task.notified.or(task.stopped).is_some())
        .collect();
    tasks.sort_by_key(|task| task.daemon);
    let daemons = tasks.iter().filter(|task| task.daemon).count();
    let others = tasks.len() - daemons;
    let hidden = others.saturating_sub(TASKS_MAX);
    tasks.drain(..hidden);
    tasks
}

fn end(timeline: &Timeline) -> Option<Ms> {
    let hook = timeline.hook.as_ref().and_then(|hook| hook.to);
    let tasks = timeline.tasks.values().filter_map(|task| task.stopped);
    timeline.off.into_iter().chain(hook).chain(tasks).max()
}

struct Drawing {
    svg: Svg,
    scale: Scale,
    began: Ms,
    end: Ms,
    off: Option<Ms>,
    lane: usize,
}

impl Drawing {
    fn axis(&mut self, bottom: f64, seconds: f64) {
        let minutes = seconds >= 300.0;
        let (unit, name) = if minutes {
            (60.0, "minutes since the hook")
        } else {
            (1.0, "seconds since the hook")
        };
        for tick in Scale::linear((0.0, seconds / unit), (0.0, 1.0)).ticks(8) {
            let x = self.scale.at(tick * unit);
            self.svg.line("grid", (x, TOP), (x, bottom));
            self.svg
                .text("tick", (x, bottom + 16.0), Anchor::Middle, &display::tick(tick));
        }
        self.svg.text("name", (RIGHT, bottom + 32.0), Anchor::End, name);
    }

    fn x(&self, at: Ms) -> f64 {
        self.scale.at(at.saturating_sub(self.began) as f64 / 1000.0)
    }

    fn y(&self) -> f64 {
        TOP + LANE * (self.lane as f64 - 1.0)
    }

    fn next(&mut self, name: &str) {
        self.lane += 1;
        let y = self.y() + LANE * 0.68;
        self.svg.text("label", (LEFT - 8.0, y), Anchor::End, name);
    }

    fn bar(&mut self, class: &str, span: &Span, words: &str) {
        let to = span.to.unwrap_or(self.end).max(span.from);
        let (from, right) = (self.x(span.from), self.x(to));
        let rect = Rect {
            x: from,
            y: self.y() + 4.0,
            width: (right - from).max(1.5),
            height: LANE - 8.0,
        };
        let took = (to - span.from) as f64 / SECOND as f64;
        self.svg
            .rect(class, rect, &format!("{words}: {} s", number(took)));
        let written = words.chars().count() as f64 * 6.6 + 8.0;
        if rect.width > written {
            let class = format!("on {class}-text");
            self.svg
                .text(&class, (from + 5.0, rect.y + 10.8), Anchor::Start, words);
        }
    }

    /// Short strokes; those in one place are one.
    fn strokes(&mut self, class: &str, moments: &[Ms]) {
        let mut last = f64::MIN;
        for at in moments {
            let x = self.x(*at);
            if x - last >= 1.5 {
                last = x;
                let y = self.y();
                self.svg.line(class, (x, y + 5.0), (x, y + LANE - 5.0));
            }
        }
    }

    fn instance(&mut self, timeline: &Timeline) {
        self.next("hook");
        if let Some(hook) = &timeline.hook {
            self.bar("wait", hook, &format!("waits, {}", timeline.hook_end));
        }
        if !timeline.heartbeats.is_empty() {
            self.next("heartbeats");
            self.strokes("stroke", &timeline.heartbeats);
        }
        self.next("instance");
        if let Some(draining) = &timeline.draining {
            self.bar("wait", draining, "DRAINING");
        }
        self.next("coordinator runs");
        let runs: Vec<Ms> = timeline.runs.iter().map(|run| run.from).collect();
        self.strokes("stroke", &runs);
        self.next("record");
        let released = timeline
            .records
            .iter()
            .find(|(_, released)| *released)
            .map(|(at, _)| *at);
        if let Some((from, _)) = timeline.records.first() {
            let holding = Span {
                from: *from,
                to: released,
            };
            self.bar("hold", &holding, "holding");
        }
        if let Some(from) = released {
            self.bar("free", &Span { from, to: None }, "released");
        }
        let writes: Vec<Ms> = timeline.records.iter().map(|(at, _)| *at).collect();
        self.strokes("write", &writes);
    }

    fn task(&mut self, task: &TaskLane) {
        self.next(&task.name);
        match task.daemon {
            true => self.daemon(task),
            false => self.application(task),
        }
    }

    /// The task runs until ECS orders it to stop, or, without such an order, until its instance goes off.
    fn application(&mut self, task: &TaskLane) {
        let off = self.off.unwrap_or(self.end);
        let Some(notified) = task.notified.filter(|notified| *notified < off) else {
            return self.runs_until(off, "runs, killed with the instance");
        };
        self.runs_until(notified, "runs");
        let to = task.stopped.map_or(off, |stopped| stopped.min(off));
        let stops = Span {
            from: notified,
            to: Some(to),
        };
        self.bar("stops", &stops, "stops");
    }

    fn daemon(&mut self, task: &TaskLane) {
        let hold = task.hold.as_ref().map(|hold| hold.from);
        self.runs_until(hold.or(task.notified).or(self.off).unwrap_or(self.end), "runs");
        if let Some(hold) = &task.hold {
            self.bar("hold", hold, "sidecar holds");
        }
        if let Some(flush) = &task.flush {
            self.bar("stops", flush, "flushes");
        }
        self.next("sidecar reads");
        self.strokes("stroke", &task.reads);
    }

    fn runs_until(&mut self, to: Ms, words: &str) {
        let runs = Span {
            from: self.began,
            to: Some(to),
        };
        self.bar("runs", &runs, words);
    }

    /// A line from the last STOPPED to the release.
    fn release(&mut self, timeline: &Timeline, bottom: f64) {
        let tasks = timeline.tasks.values().filter(|task| !task.daemon);
        let Some(last) = tasks.filter_map(|task| task.stopped).max() else {
            return;
        };
        let x = self.x(last);
        self.svg.line("moment", (x, TOP), (x, bottom));
    }
}

fn description(timeline: &Timeline, began: Ms) -> String {
    let after = |at: Option<Ms>| {
        at.map_or_else(
            || "never".to_owned(),
            |at| format!("after {} s", number(at.saturating_sub(began) as f64 / 1000.0)),
        )
    };
    let released = timeline
        .records
        .iter()
        .find(|(_, released)| *released)
        .map(|(at, _)| *at);
    let stopped = timeline
        .tasks
        .values()
        .filter(|task| !task.daemon)
        .filter_map(|task| task.stopped)
        .max();
    let hook = timeline.hook.as_ref().and_then(|hook| hook.to);
    format!(
        "DRAINING {}, last task STOPPED {}, record released {}, hook {} {}. {} sidecar reads, {} coordinator runs about it.",
        after(timeline.draining.as_ref().map(|span| span.from)),
        after(stopped),
        after(released),
        timeline.hook_end,
        after(hook),
        timeline
            .tasks
            .values()
            .map(|task| task.reads.len())
            .sum::<usize>(),
        timeline.runs.len(),
    )
}

/// The same words, for the text of the page.
pub(super) fn caption(timeline: &Timeline) -> String {
    timeline
        .began()
        .map_or_else(String::new, |began| description(timeline, began))
}
