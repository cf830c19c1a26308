use protector_sim::{
    generate,
    judge::Judge,
    model::Observer,
    play,
    statistics::{Spread, Statistics},
    transcript::Transcript,
};
fn mode2() -> String {
    std::env::args().nth(2).unwrap_or_default()
}
fn main() {
    let first = std::env::args().nth(1).unwrap();
    let file = std::fs::read_to_string(&first)
        .ok()
        .map(|t| protector_sim::scenario::Scenario::from_json(&t).unwrap());
    if let Some(s) = file.or_else(|| protector_sim::worlds::find(&first).map(|f| (f.world)())) {
        let obs: Vec<Box<dyn Observer>> = vec![Box::new(Judge::new(&s)), Box::new(Transcript::with_calls())];
        let (ended, obs) = play::play(&s, play::Options::default(), obs).unwrap();
        let quiet = std::env::args().nth(2).is_none();
        for o in obs {
            match o.into_any().downcast::<Judge>() {
                Ok(j) => {
                    for v in j.violations() {
                        println!("{v}");
                    }
                }
                Err(o) => {
                    if !quiet {
                        println!("{}", o.downcast::<Transcript>().unwrap().text())
                    }
                }
            }
        }
        println!("{ended:?}");
        return;
    }
    let n: usize = first.parse().unwrap();
    if mode2() == "seeds" || mode2() == "wild" {
        let range = if mode2() == "wild" {
            generate::Range::Wild
        } else {
            generate::Range::Sound
        };
        let from: u64 = std::env::args().nth(3).map_or(0, |t| t.parse().unwrap());
        let start = std::time::Instant::now();
        let mut by: std::collections::BTreeMap<String, (usize, u64, String)> = Default::default();
        for seed in from..from + n as u64 {
            let d = generate::random(seed, range);
            match protector_sim::judge::run(&d.scenario, play::Options::default()) {
                Err(e) => println!("seed {seed}: {e}"),
                Ok(j) => {
                    if let Some(v) = j.violations.first() {
                        let e = by.entry(format!("{:?} {:?}", v.rule, d.known)).or_insert((
                            0,
                            seed,
                            v.to_string(),
                        ));
                        e.0 += 1;
                    }
                }
            }
        }
        println!(
            "{:?}, {} a second",
            start.elapsed(),
            n as f64 / start.elapsed().as_secs_f64()
        );
        for (k, v) in by {
            println!("{k}: {v:?}");
        }
        return;
    }
    if mode2() == "rule" {
        let rule = std::env::args().nth(3).unwrap();
        let mut best: Option<(usize, String)> = None;
        let from: u64 = std::env::args().nth(4).map_or(0, |t| t.parse().unwrap());
        for seed in from..n as u64 {
            let d = generate::random(seed, generate::Range::Wild);
            let Ok(j) = protector_sim::judge::run(&d.scenario, play::Options::default()) else {
                continue;
            };
            if let Some(v) = j.violations.iter().find(|v| format!("{:?}", v.rule) == rule) {
                let s = protector_sim::shrink::shrink(&d.scenario, v.rule, play::Options::default(), 400);
                let text = s.scenario.to_json();
                let j2 = protector_sim::judge::run(&s.scenario, play::Options::default()).unwrap();
                println!(
                    "seed {seed} {v} -> {} bytes, {} tried, known {:?}\n   {}",
                    text.len(),
                    s.tried,
                    d.known,
                    j2.violations[0]
                );
                println!("   {:?} {:?}", s.scenario.steps, s.scenario.faults);
                if best.as_ref().is_none_or(|(l, _)| text.len() < *l) {
                    best = Some((text.len(), text));
                }
            }
        }
        if let Some((_, t)) = best {
            std::fs::write(format!("/tmp/{rule}.json"), t).unwrap();
        }
        return;
    }
    if mode2() == "unexplained" {
        let mut by: std::collections::BTreeMap<String, (usize, u64, String)> = Default::default();
        for seed in 0..n as u64 {
            let d = generate::random(seed, generate::Range::Wild);
            let Ok(j) = protector_sim::judge::run(&d.scenario, play::Options::default()) else {
                continue;
            };
            for v in &j.violations {
                if !d.explains(v.rule) {
                    let mut known = d.known.clone();
                    known.sort();
                    known.dedup();
                    known.retain(|k| {
                        ![
                            "sidecar-gives-up-before-a-late-release",
                            "drained-and-called-forced",
                            "release-overwritten-by-a-count",
                            "settle-longer-than-a-run-waits",
                        ]
                        .contains(k)
                    });
                    let e = by
                        .entry(format!("{:?} {:?}", v.rule, known))
                        .or_insert((0, seed, v.to_string()));
                    e.0 += 1;
                    break;
                }
            }
        }
        for (k, v) in by {
            println!("{k}: {v:?}");
        }
        return;
    }
    if mode2() == "with" {
        let name: &'static str = std::env::args().nth(3).unwrap().leak();
        let mut by: std::collections::BTreeMap<String, (usize, u64, String)> = Default::default();
        for seed in 0..n as u64 {
            let d = generate::random(seed, generate::Range::With(name));
            let Ok(j) = protector_sim::judge::run(&d.scenario, play::Options::default()) else {
                continue;
            };
            let mut rules: Vec<_> = j.violations.iter().map(|v| v.rule).collect();
            rules.sort();
            rules.dedup();
            for rule in rules {
                let v = j.violations.iter().find(|v| v.rule == rule).unwrap();
                by.entry(format!("{rule:?}"))
                    .or_insert((0, seed, v.to_string()))
                    .0 += 1;
            }
        }
        println!("## {name}");
        for (k, v) in by {
            println!("  {k}: {} (seed {}) {}", v.0, v.1, v.2);
        }
        return;
    }
    if mode2() == "seed" {
        let range = if std::env::args().nth(3).as_deref() == Some("wild") {
            generate::Range::Wild
        } else {
            generate::Range::Sound
        };
        let d = generate::random(n as u64, range);
        println!("{}", d.scenario.to_json());
        let s = d.scenario;
        let obs: Vec<Box<dyn Observer>> = vec![Box::new(Transcript::with_calls()), Box::new(Judge::new(&s))];
        let (ended, obs) = play::play(&s, play::Options::default(), obs).unwrap();
        for o in obs {
            match o.into_any().downcast::<Judge>() {
                Ok(j) => {
                    for v in j.violations() {
                        println!("{v}");
                    }
                }
                Err(o) => println!("{}", o.downcast::<Transcript>().unwrap().text()),
            }
        }
        println!("{ended:?}");
        return;
    }
    let mode = mode2();
    if mode == "bench" {
        let start = std::time::Instant::now();
        let mut bad = 0;
        for seed in 0..n as u64 {
            let s = generate::fleet(seed, 1);
            let judge = Judge::new(&s);
            let (_, obs) = play::play(&s, play::Options::default(), vec![Box::new(judge)]).unwrap();
            for o in obs {
                let j = o.into_any().downcast::<Judge>().unwrap();
                bad += usize::from(!j.violations().is_empty());
            }
        }
        println!(
            "{n} drains in {:?}, {} a second, bad {bad}",
            start.elapsed(),
            n as f64 / start.elapsed().as_secs_f64()
        );
        return;
    }
    let s = generate::fleet(1, n);
    let start = std::time::Instant::now();
    let obs: Vec<Box<dyn Observer>> = vec![
        Box::new(Statistics::default()),
        Box::new(Judge::new(&s)),
        Box::new(Transcript::with_calls()),
    ];
    let (ended, obs) = play::play(&s, play::Options::default(), obs).unwrap();
    println!("{ended:?} in {:?}", start.elapsed());
    for o in obs {
        match o.into_any().downcast::<Statistics>() {
            Ok(st) => {
                println!("{:#?}", st.numbers());
                println!(
                    "release {:?} told {:?} begin {:?} whole {:?}",
                    Spread::of(st.release_latencies()),
                    Spread::of(st.told_latencies()),
                    Spread::of(st.begin_latencies()),
                    Spread::of(st.whole())
                );
            }
            Err(o) => match o.downcast::<Judge>() {
                Ok(j) => {
                    for v in j.violations() {
                        println!("{v}");
                    }
                }
                Err(o) => {
                    let t = o.downcast::<Transcript>().unwrap();
                    if mode == "t" {
                        println!("{}", t.text());
                    }
                }
            },
        }
    }
}
