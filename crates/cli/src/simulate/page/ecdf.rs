//! How release latency is spread: one curve for each size.

use super::scale::Scale;
use super::svg::{Anchor, Point, Rect, Svg};
use crate::simulate::display::{self, count, number};
use protector_sim::scenario::Ms;

/// The number of colours and dashes.
const SERIES: usize = 6;

const FRAME: Rect = Rect {
    x: 52.0,
    y: 30.0,
    width: 688.0,
    height: 260.0,
};

#[derive(Clone, Debug)]
pub(super) struct Series {
    /// Instances at once.
    pub(super) size: usize,
    /// Latencies in seconds, the smallest first; of those that were released.
    pub(super) seconds: Vec<f64>,
    /// Drains, those that were never released among them.
    pub(super) drains: usize,
    /// Of the quota: one write a drain.
    pub(super) bound: Option<f64>,
}

impl Series {
    /// Of latencies in any order.
    pub(super) fn new(
        size: usize,
        never: usize,
        latencies: impl IntoIterator<Item = Ms>,
        bound: Option<f64>,
    ) -> Series {
        let mut seconds: Vec<f64> = latencies.into_iter().map(|ms| ms as f64 / 1000.0).collect();
        seconds.sort_by(f64::total_cmp);
        Series {
            size,
            drains: seconds.len() + never,
            seconds,
            bound,
        }
    }

    /// Not longer than this, so many of a hundred.
    fn points(&self, x: Scale, y: Scale) -> Vec<Point> {
        let count = self.drains as f64;
        let mut points: Vec<Point> = Vec::new();
        for (index, seconds) in self.seconds.iter().enumerate() {
            let (at, before) = (x.at(*seconds), y.at(index as f64 * 100.0 / count));
            let after = y.at((index + 1) as f64 * 100.0 / count);
            // Steps that are smaller than a dot are one step.
            match points.last_mut() {
                Some(last) if at - last.0 < 0.5 && index > 1 => last.1 = after,
                _ => points.extend([(at, before), (at, after)]),
            }
        }
        // Nothing comes after the last one, up to the edge.
        let level = points.last().map(|last| last.1);
        points.extend(level.map(|level| (x.at(f64::MAX), level)));
        points
    }
}

pub(super) fn chart(series: &[Series]) -> String {
    let longest = series
        .iter()
        .filter_map(|series| series.seconds.last())
        .fold(1.0, |a, b| b.max(a));
    let bound = series
        .iter()
        .filter_map(|series| series.bound)
        .fold(0.0, f64::max);
    let x = Scale::logarithmic((0.1, longest.max(bound) * 1.15), (FRAME.x, FRAME.right()));
    let y = Scale::linear((0.0, 100.0), (FRAME.bottom(), FRAME.y));
    let height = FRAME.bottom() + 50.0 + 20.0 * series.len() as f64;
    let mut svg = Svg::new(
        760.0,
        height,
        "Release latency, distribution",
        &description(series),
    );
    axes(&mut svg, x, y);
    for (index, one) in series.iter().enumerate() {
        let class = format!("curve s{}", index % SERIES);
        svg.path(&class, &one.points(x, y));
        if let Some(bound) = one.bound {
            let hint = format!("{}: bound {} s", count(one.size, "instance"), number(bound));
            svg.mark(
                &format!("bound s{}", index % SERIES),
                (x.at(bound), FRAME.bottom()),
                &hint,
            );
        }
    }
    legend(&mut svg, series);
    svg.finish()
}

fn axes(svg: &mut Svg, x: Scale, y: Scale) {
    for tick in y.ticks(4) {
        svg.line("grid", (FRAME.x, y.at(tick)), (FRAME.right(), y.at(tick)));
        svg.text(
            "tick",
            (FRAME.x - 6.0, y.at(tick) + 4.0),
            Anchor::End,
            &format!("{tick} %"),
        );
    }
    for tick in x.ticks(6) {
        svg.line("grid", (x.at(tick), FRAME.y), (x.at(tick), FRAME.bottom()));
        svg.text(
            "tick",
            (x.at(tick), FRAME.bottom() + 17.0),
            Anchor::Middle,
            &display::tick(tick),
        );
    }
    svg.line("axis", (FRAME.x, FRAME.bottom()), (FRAME.right(), FRAME.bottom()));
    svg.text(
        "name",
        (FRAME.x - 44.0, 14.0),
        Anchor::Start,
        "share of drains that were released",
    );
    let name = "last STOPPED to released, in seconds (logarithmic)";
    svg.text("name", (FRAME.right(), FRAME.bottom() + 34.0), Anchor::End, name);
}

fn legend(svg: &mut Svg, series: &[Series]) {
    for (index, one) in series.iter().enumerate() {
        let y = FRAME.bottom() + 54.0 + 20.0 * index as f64;
        let class = format!("curve s{}", index % SERIES);
        svg.path(&class, &[(FRAME.x, y), (FRAME.x + 34.0, y)]);
        svg.text("label", (FRAME.x + 42.0, y + 4.0), Anchor::Start, &caption(one));
    }
}

fn caption(series: &Series) -> String {
    let never = match series.drains - series.seconds.len() {
        0 => String::new(),
        never => format!("; {} never released", count(never, "drain")),
    };
    let at = |percent: usize| {
        let rank = (series.seconds.len() * percent).div_ceil(100).max(1);
        series
            .seconds
            .get(rank - 1)
            .map_or_else(|| "none".to_owned(), |seconds| number(*seconds) + " s")
    };
    let bound = series
        .bound
        .map_or_else(String::new, |bound| format!("; bound {} s", number(bound)));
    format!(
        "{}: p50 {}, p99 {}{bound}{never}",
        count(series.size, "instance"),
        at(50),
        at(99)
    )
}

fn description(series: &[Series]) -> String {
    let lines: Vec<String> = series.iter().map(caption).collect();
    format!(
        "Share of drains released within so many seconds. {}.",
        lines.join(". ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_rises_from_nothing_to_all() {
        let series = Series::new(2, 0, [4000, 1000], None);
        let x = Scale::logarithmic((0.1, 10.0), (0.0, 100.0));
        let y = Scale::linear((0.0, 100.0), (100.0, 0.0));
        let points = series.points(x, y);
        assert_eq!(points.first().map(|point| point.1), Some(100.0));
        assert_eq!(points.last(), Some(&(100.0, 0.0)));
        assert!(
            points
                .windows(2)
                .all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 >= pair[1].1)
        );
    }

    #[test]
    fn who_is_never_released_keeps_the_curve_low() {
        let series = Series::new(2, 1, [1000], None);
        let x = Scale::logarithmic((0.1, 10.0), (0.0, 100.0));
        let y = Scale::linear((0.0, 100.0), (100.0, 0.0));
        assert_eq!(series.points(x, y).last(), Some(&(100.0, 50.0)));
        assert!(
            caption(&series).ends_with("1 drain never released"),
            "{}",
            caption(&series)
        );
    }

    #[test]
    fn the_words_have_the_percentiles() {
        let series = Series::new(100, 0, (1..=100).map(|second| second * 1000), Some(33.3));
        assert_eq!(
            caption(&series),
            "100 instances: p50 50 s, p99 99 s; bound 33.3 s"
        );
        assert!(caption(&Series::new(1, 1, [], None)).contains("p50 none"));
    }
}
