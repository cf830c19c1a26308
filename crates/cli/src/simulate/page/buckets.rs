//! The use of each quota over time: small charts of one shape.

use super::scale::Scale;
use super::svg::{Anchor, Point, Rect, Svg};
use crate::simulate::display::{self, number};
use protector_sim::model::{Bucket, Buckets};
use protector_sim::scenario::Aws;
use protector_sim::statistics::{Statistics, Usage};

const FRAME: Rect = Rect {
    x: 38.0,
    y: 34.0,
    width: 314.0,
    height: 96.0,
};

/// The largest number of bars beside one another.
const BINS: usize = 105;

/// One chart: seconds are gathered in bins, of each the mean.
struct Panel {
    bucket: Bucket,
    bin: usize,
    used: Vec<f64>,
    throttled: Vec<f64>,
    quota: Option<f64>,
}

/// The charts of the buckets that were used.
pub(super) fn charts(statistics: &Statistics, aws: &Aws) -> String {
    let rates = Buckets::new(aws);
    let seconds = statistics.buckets().values().map(length).max().unwrap_or(0);
    let from = statistics
        .drains()
        .filter_map(|drain| drain.began)
        .min()
        .unwrap_or(0)
        / 1000;
    let from = usize::try_from(from).unwrap_or(0).min(seconds);
    let panels = Bucket::ALL.into_iter().filter_map(|bucket| {
        let usage = statistics.buckets().get(&bucket)?;
        let quota = aws.quotas.then(|| f64::from(rates.rate(bucket)));
        Some(Panel::new(bucket, usage, (from, seconds), quota))
    });
    panels.map(|panel| panel.draw()).collect::<Vec<_>>().join("\n")
}

fn length(usage: &Usage) -> usize {
    usage.used.len().max(usage.throttled.len())
}

impl Panel {
    fn new(bucket: Bucket, usage: &Usage, (from, to): (usize, usize), quota: Option<f64>) -> Panel {
        let bin = (to - from).div_ceil(BINS).max(1);
        let means = |series: &[u32]| -> Vec<f64> {
            let second = |second: usize| f64::from(series.get(second).copied().unwrap_or(0));
            let bins = (from..to).step_by(bin);
            bins.map(|first| (first..(first + bin).min(to)).map(second).sum::<f64>() / bin as f64)
                .collect()
        };
        Panel {
            bucket,
            bin,
            used: means(&usage.used),
            throttled: means(&usage.throttled),
            quota,
        }
    }

    fn top(&self) -> f64 {
        let both = self
            .used
            .iter()
            .zip(&self.throttled)
            .map(|(used, throttled)| used + throttled);
        both.chain(self.quota).fold(1.0, f64::max) * 1.05
    }

    fn draw(&self) -> String {
        let name = self.bucket.name();
        let mut svg = Svg::new(364.0, 164.0, name, &self.caption());
        svg.text("label", (FRAME.x, 14.0), Anchor::Start, name);
        svg.text("tick", (FRAME.x, 28.0), Anchor::Start, &self.caption());
        let minutes = (self.used.len() * self.bin) as f64 / 60.0;
        let x = Scale::linear((0.0, minutes), (FRAME.x, FRAME.right()));
        let y = Scale::linear((0.0, self.top()), (FRAME.bottom(), FRAME.y));
        self.axes(&mut svg, x, y);
        self.bars(&mut svg, x, y);
        if let Some(quota) = self.quota {
            svg.line("quota", (FRAME.x, y.at(quota)), (FRAME.right(), y.at(quota)));
        }
        svg.finish()
    }

    fn axes(&self, svg: &mut Svg, x: Scale, y: Scale) {
        for tick in y.ticks(3) {
            svg.line("grid", (FRAME.x, y.at(tick)), (FRAME.right(), y.at(tick)));
            svg.text(
                "tick",
                (FRAME.x - 5.0, y.at(tick) + 4.0),
                Anchor::End,
                &display::tick(tick),
            );
        }
        for tick in x.ticks(5) {
            svg.text(
                "tick",
                (x.at(tick), FRAME.bottom() + 15.0),
                Anchor::Middle,
                &display::tick(tick),
            );
        }
        let unit = match self.bin {
            1 => "requests a second".to_owned(),
            bin => format!("requests a second (means of {bin} s)"),
        };
        let below = FRAME.bottom() + 29.0;
        svg.text("name", (FRAME.x, below), Anchor::Start, &unit);
        svg.text(
            "name",
            (FRAME.right(), FRAME.bottom() + 29.0),
            Anchor::End,
            "minutes",
        );
    }

    /// Two areas: what was let through, and on it what was throttled.
    fn bars(&self, svg: &mut Svg, x: Scale, y: Scale) {
        let at = |bin: usize| x.at((bin * self.bin) as f64 / 60.0);
        let mut area = |class: &str, low: &dyn Fn(usize) -> f64, high: &dyn Fn(usize) -> f64| {
            let bins = 0..self.used.len();
            let upper = bins
                .clone()
                .flat_map(|bin| [(at(bin), y.at(high(bin))), (at(bin + 1), y.at(high(bin)))]);
            let lower = bins
                .rev()
                .flat_map(|bin| [(at(bin + 1), y.at(low(bin))), (at(bin), y.at(low(bin)))]);
            svg.path(class, &upper.chain(lower).collect::<Vec<Point>>());
        };
        area("used", &|_| 0.0, &|bin| self.used[bin]);
        if self.throttled.iter().any(|throttled| *throttled > 0.0) {
            area("throttled", &|bin| self.used[bin], &|bin| {
                self.used[bin] + self.throttled[bin]
            });
        }
    }

    fn caption(&self) -> String {
        let total = |series: &[f64]| number((series.iter().sum::<f64>() * self.bin as f64).round());
        let quota = self
            .quota
            .map_or_else(String::new, |quota| format!(", quota {}/s", number(quota)));
        format!(
            "{} let through, {} throttled{quota}",
            total(&self.used),
            total(&self.throttled)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_gathered_and_nothing_is_lost() {
        let usage = Usage {
            used: (0..1000).collect(),
            throttled: vec![1],
        };
        let panel = Panel::new(Bucket::SsmWrite, &usage, (0, 1000), Some(3.0));
        assert!(panel.used.len() <= BINS);
        assert!(
            panel
                .caption()
                .starts_with("499,500 let through, 1 throttled, quota 3/s"),
            "{}",
            panel.caption()
        );
        assert!(panel.draw().contains("class=\"quota\""));
    }
}
