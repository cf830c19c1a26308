//! `--benchmark`: how fast the simulator is on one core, against its budgets.

use super::Ended;
use super::args::SimulateArgs;
use super::display::number;
use super::error::SimulateError;
use super::fleet::Fleet;
use super::job::{Job, Keep, Origin};
use crate::output;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread;
use std::time::{Duration, Instant};

/// Single drains with the judge, a second.
const DRAINS_PER_SECOND: f64 = 2000.0;

/// Seconds for a thousand drains at once.
const THOUSAND: f64 = 30.0;

/// The time for which single drains are played.
const MEASURED_FOR: Duration = Duration::from_secs(2);

/// One thing that was measured.
struct Measured {
    what: &'static str,
    unit: &'static str,
    measured: f64,
    budget: f64,
    /// More is better.
    more: bool,
}

impl Measured {
    fn is_kept(&self) -> bool {
        if self.more {
            self.measured >= self.budget
        } else {
            self.measured <= self.budget
        }
    }
}

/// Measures, and says whether the budgets are kept.
pub(super) fn run(args: &SimulateArgs) -> Result<Ended, SimulateError> {
    let fleet = Arc::new(Fleet::new(args)?);
    let results = thread::scope(|scope| scope.spawn(|| measure(&fleet)).join());
    let results = results.map_err(|_| SimulateError::Usage("the simulator panicked".to_owned()))??;
    if args.output.json {
        let rows = results.iter().map(|result| {
            json!({"what": result.what, "unit": result.unit, "measured": result.measured, "budget": result.budget, "kept": result.is_kept()})
        });
        let rows: Vec<_> = rows.collect();
        output::json(&json!({"schema": 1, "kind": "benchmark", "profile": profile(), "results": rows}))?;
    } else {
        output::line(&table(&results))?;
        output::line(&advice())?;
    }
    let kept = results.iter().all(Measured::is_kept);
    Ok(if kept { Ended::Kept } else { Ended::Broken })
}

/// On a thread of its own: each run brings its own runtime.
fn measure(fleet: &Arc<Fleet>) -> Result<[Measured; 2], SimulateError> {
    Ok([single(fleet)?, thousand(fleet)?])
}

/// Drains of one instance, one after the other.
fn single(fleet: &Arc<Fleet>) -> Result<Measured, SimulateError> {
    let (clock, start) = (Clock::start(), Instant::now());
    let mut seed = 0;
    while start.elapsed() < MEASURED_FOR {
        // What is measured is the drain, and not the idle minutes that a run waits for afterwards.
        let mut scenario = fleet.scenario(1, seed);
        scenario.tail = 0;
        play(Origin::Given(Arc::new(scenario)))?;
        seed += 1;
    }
    Ok(Measured {
        what: "drains of one instance",
        unit: "a second",
        measured: seed as f64 / clock.seconds(),
        budget: DRAINS_PER_SECOND,
        more: true,
    })
}

fn thousand(fleet: &Arc<Fleet>) -> Result<Measured, SimulateError> {
    let clock = Clock::start();
    play(Origin::Fleet(fleet.clone(), 1000, 1))?;
    Ok(Measured {
        what: "1,000 instances at once",
        unit: "seconds",
        measured: clock.seconds(),
        budget: THOUSAND,
        more: false,
    })
}

fn play(origin: Origin) -> Result<(), SimulateError> {
    let job = Job::new(origin, Keep::Verdict);
    let played = job.play(&Arc::new(AtomicUsize::new(0)));
    played.map(drop).map_err(SimulateError::Settings)
}

/// What this thread has had of its core: other programs do not count. Elapsed time where the system does not say.
struct Clock {
    start: Instant,
    on_core: Option<Duration>,
}

impl Clock {
    fn start() -> Clock {
        Clock {
            start: Instant::now(),
            on_core: on_core(),
        }
    }

    fn seconds(&self) -> f64 {
        let used = on_core()
            .zip(self.on_core)
            .map(|(now, then)| now.saturating_sub(then));
        used.unwrap_or_else(|| self.start.elapsed()).as_secs_f64()
    }
}

fn on_core() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace()
        .next()?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}

fn table(results: &[Measured]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["", "measured", "budget", ""]);
    for result in results {
        let [measured, budget] = [result.measured, result.budget].map(number);
        let verdict = if result.is_kept() { "kept" } else { "over" };
        table.add_row([
            result.what.to_owned(),
            format!("{measured} {}", result.unit),
            format!("{budget} {}", result.unit),
            verdict.to_owned(),
        ]);
    }
    for column in table.column_iter_mut().skip(1).take(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn profile() -> &'static str {
    if cfg!(debug_assertions) { "dev" } else { "release" }
}

fn advice() -> String {
    let own = "With the judge, in time on one core without what other programs took of it.";
    if cfg!(debug_assertions) {
        return format!(
            "{own}
A dev build: its crates are optimised less, assertions are on. For long runs:
  cargo run --profile simulate -p protectorctl -- simulate …"
        );
    }
    format!("{own}\nA release build.")
}
