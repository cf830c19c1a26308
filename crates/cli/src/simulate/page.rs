//! The page: one file that needs no other, for a browser or for paper.

mod buckets;
mod ecdf;
mod scale;
mod style;
mod svg;
mod tables;
mod timeline;

use super::args::SimulateArgs;
use super::display::count;
use super::runs::{FleetRun, Runs};
use super::{report, table, violations};
use ecdf::Series;
use std::env;
use svg::escape;

/// The whole page.
pub(super) fn html(args: &SimulateArgs, runs: &Runs) -> String {
    let title = title(args);
    let body = [
        head(args, runs, &title),
        summary(runs),
        latencies(runs),
        quotas(runs),
        timelines(runs),
        contenders(args, runs),
        about(),
    ];
    format!(
        "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>{}</title>
<style>{}</style>
</head>
<body>
<main>
{}</main>
</body>
</html>
",
        escape(&title),
        style::CSS,
        body.concat()
    )
}

fn title(args: &SimulateArgs) -> String {
    let sizes = &args.fleet.instances;
    let largest = sizes.iter().max().copied().unwrap_or_default();
    let smaller = sizes.len() > 1;
    let words = if smaller {
        format!("Up to {}", count(largest, "instance"))
    } else {
        count(largest, "instance")
    };
    format!("{words} drain at once: a simulation")
}

fn head(args: &SimulateArgs, runs: &Runs, title: &str) -> String {
    let command: Vec<String> = env::args().skip(1).map(|argument| quoted(&argument)).collect();
    let broken = runs.rows().iter().any(|row| row.broken_promises > 0);
    let class = if broken || runs.interrupted {
        "verdict bad"
    } else {
        "verdict"
    };
    let shape = report::introduction(args, &runs.fleet)
        .map(|line| escape(&line))
        .join(" ");
    format!(
        "<h1>{}</h1>
<p class=\"dim\">protectorctl {} · the real coordinator and the sidecar's state machine, in a model of AWS on a virtual clock</p>
<pre>protectorctl {}</pre>
<p>{shape}</p>
{}<p class=\"{class}\">{}</p>
{}",
        escape(title),
        env!("CARGO_PKG_VERSION"),
        escape(&command.join(" ")),
        settings(runs),
        escape(&verdict(runs)),
        broken_promises(runs),
    )
}

/// As a shell takes it.
fn quoted(argument: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./,=:%+".contains(letter);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}

fn settings(runs: &Runs) -> String {
    let settings = &runs.fleet.settings;
    let of = |who: &str, map: &std::collections::BTreeMap<String, String>| -> String {
        map.iter()
            .map(|(name, value)| format!("<dt>{who}: {}</dt><dd>{}</dd>\n", escape(name), escape(value)))
            .collect()
    };
    let entries = of("coordinator", &settings.coordinator) + &of("sidecar", &settings.sidecar);
    match entries.is_empty() {
        true => "<p class=\"dim\">All settings of the coordinator are at their defaults.</p>\n".to_owned(),
        false => format!("<dl>\n{entries}</dl>\n"),
    }
}

fn verdict(runs: &Runs) -> String {
    let broken: usize = runs.rows().iter().map(|row| row.broken_promises).sum();
    match (runs.interrupted, broken) {
        (true, _) => "Interrupted: only what was finished is shown.".to_owned(),
        (false, 0) => "✓ No promise was broken.".to_owned(),
        (false, broken) => format!("✗ {} broken; the judge says:", count(broken, "promise")),
    }
}

fn broken_promises(runs: &Runs) -> String {
    let broken = runs
        .ours()
        .map(|run| (report::name(run), run.played.violations.as_slice()));
    let lines: Vec<String> = violations::of_runs(broken)
        .iter()
        .map(|line| escape(line))
        .collect();
    match lines.is_empty() {
        true => String::new(),
        false => format!("<pre>{}</pre>\n", lines.join("\n")),
    }
}

fn summary(runs: &Runs) -> String {
    let rows = runs.rows();
    if rows.is_empty() {
        return String::new();
    }
    let seeds = rows
        .iter()
        .filter(|row| row.instances == rows[0].instances)
        .count();
    let spread = match seeds {
        1 => String::new(),
        seeds => format!(" Cells are the median of {seeds} seeds, and in brackets the range."),
    };
    format!(
        "<h2>In numbers</h2>\n<p>{}{spread}</p>\n{}",
        escape(&report::bound(&runs.fleet)),
        tables::summary(&rows)
    )
}

fn latencies(runs: &Runs) -> String {
    let rows = runs.rows();
    let series = table::sizes(&rows).into_iter().map(|size| {
        let of_size: Vec<&FleetRun> = runs.ours().filter(|run| run.row.instances == size).collect();
        let bound = rows
            .iter()
            .find(|row| row.instances == size)
            .and_then(|row| row.bound_seconds);
        let never = of_size.iter().map(|run| run.row.never_released()).sum();
        Series::new(
            size,
            never,
            of_size
                .iter()
                .flat_map(|run| run.played.statistics.release_latencies()),
            bound,
        )
    });
    let series: Vec<Series> = series.collect();
    if series.iter().all(|series| series.seconds.is_empty()) {
        return String::new();
    }
    format!(
        "<h2>How long daemons wait for their release</h2>
<p>From the moment at which the last task of an instance is STOPPED to the write of the record that lets its daemons
go: the share of drains that were released within so many seconds. Further left is better.</p>
<figure><div class=\"wide\">{}</div><figcaption>◇ on the axis: what the quota of parameter writes allows if all tasks
end at once, N writes at the quota.</figcaption></figure>
",
        ecdf::chart(&series)
    )
}

/// The first run of the largest size.
fn largest(runs: &Runs) -> Option<&FleetRun> {
    let size = runs.ours().map(|run| run.row.instances).max()?;
    runs.ours().find(|run| run.row.instances == size)
}

fn quotas(runs: &Runs) -> String {
    let Some(run) = largest(runs) else {
        return String::new();
    };
    let scenario = runs.fleet.scenario(1, run.row.seed);
    format!(
        "<h2>API quotas over time: {}</h2>
<p>Requests a second of coordinator and sidecars together, against the rate at which each quota is refilled, from
the first hook on. A burst
above the line is what a full bucket allows.</p>
<p class=\"dim keys\"><span class=\"key k-used\"></span>let through<span class=\"key k-thr\"></span>throttled, on top
<span class=\"key k-quota\"></span>quota</p>
<div class=\"small\">{}</div>
",
        escape(&report::name(run)),
        buckets::charts(&run.played.statistics, &scenario.aws)
    )
}

fn timelines(runs: &Runs) -> String {
    let watched: Vec<&FleetRun> = runs.ours().filter(|run| run.played.timeline.is_some()).collect();
    let smallest = watched.iter().min_by_key(|run| run.row.instances);
    let largest = watched.iter().max_by_key(|run| run.row.instances);
    let mut shown: Vec<&&FleetRun> = smallest.into_iter().chain(largest).collect();
    shown.dedup_by_key(|run| run.row.instances);
    let figures: String = shown.into_iter().filter_map(|run| figure(run)).collect();
    match figures.is_empty() {
        true => String::new(),
        false => format!(
            "<h2>One drain, step by step</h2>
<p class=\"dim keys\"><span class=\"key k-moment\"></span>last task STOPPED. Strokes are single moments: a heartbeat, a run of
the coordinator about this instance, a read of the record by the sidecar; pale strokes on the record are writes.</p>
{figures}"
        ),
    }
}

fn figure(run: &FleetRun) -> Option<String> {
    let timeline = run.played.timeline.as_ref()?;
    let chart = timeline::chart(timeline)?;
    let caption = escape(&timeline::caption(timeline));
    let among = match run.row.instances {
        1 => "alone".to_owned(),
        instances => format!("one of {}", count(instances, "instance")),
    };
    Some(format!(
        "<h3>{among}: {}</h3>\n<figure><div class=\"wide\">{chart}</div><figcaption>{caption}</figcaption></figure>\n",
        escape(&timeline.instance)
    ))
}

fn contenders(args: &SimulateArgs, runs: &Runs) -> String {
    match args.worlds.rivals {
        true => format!(
            "<h2>Other drainers, same fleet</h2>\n{}",
            tables::contenders(&runs.all_rows())
        ),
        false => String::new(),
    }
}

fn about() -> String {
    "<h2>How to read it</h2>
<p>AWS is a model here: token buckets with the published quotas, event delays, retries of asynchronous invocations,
task lifecycles. Auto Scaling publishes no quota; 20 requests a second are assumed. Latencies within AWS are drawn from
the seed. The same seed gives the same run. What the model leaves out is in <code>docs/simulate.md</code>.</p>
"
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_typed_again() {
        assert_eq!(quoted("--instances=1,10"), "--instances=1,10");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn the_style_needs_no_other_file() {
        for load in ["url(", "@import", "http"] {
            assert!(!style::CSS.contains(load), "{load}");
        }
    }
}
