use protector_sim::{generate, judge::Judge, play, statistics::{Spread, Statistics}, transcript::Transcript, model::Observer};
fn main() {
    let first = std::env::args().nth(1).unwrap();
    if let Some(fault) = protector_sim::worlds::find(&first) {
        let s = (fault.world)();
        let obs: Vec<Box<dyn Observer>> = vec![Box::new(Judge::new(&s)), Box::new(Transcript::with_calls())];
        let (ended, obs) = play::play(&s, play::Options::default(), obs).unwrap();
        let quiet = std::env::args().nth(2).is_none();
        for o in obs {
            match o.into_any().downcast::<Judge>() {
                Ok(j) => for v in j.violations() { println!("{v}"); },
                Err(o) => if !quiet { println!("{}", o.downcast::<Transcript>().unwrap().text()) },
            }
        }
        println!("{ended:?}");
        return;
    }
    let n: usize = first.parse().unwrap();
    let mode = std::env::args().nth(2).unwrap_or_default();
    if mode == "bench" {
        let start = std::time::Instant::now();
        let mut bad = 0;
        for seed in 0..n as u64 {
            let s = generate::fleet(seed, 1);
            let judge = Judge::new(&s);
            let (_, obs) = play::play(&s, play::Options::default(), vec![Box::new(judge)]).unwrap();
            for o in obs { let j = o.into_any().downcast::<Judge>().unwrap(); bad += usize::from(!j.violations().is_empty()); }
        }
        println!("{n} drains in {:?}, {} a second, bad {bad}", start.elapsed(), n as f64 / start.elapsed().as_secs_f64());
        return;
    }
    let s = generate::fleet(1, n);
    let start = std::time::Instant::now();
    let obs: Vec<Box<dyn Observer>> = vec![Box::new(Statistics::default()), Box::new(Judge::new(&s)), Box::new(Transcript::with_calls())];
    let (ended, obs) = play::play(&s, play::Options::default(), obs).unwrap();
    println!("{ended:?} in {:?}", start.elapsed());
    for o in obs {
        match o.into_any().downcast::<Statistics>() {
            Ok(st) => {
                println!("{:#?}", st.numbers());
                println!("release {:?} told {:?} begin {:?} whole {:?}", Spread::of(st.release_latencies()), Spread::of(st.told_latencies()), Spread::of(st.begin_latencies()), Spread::of(st.whole()));
            }
            Err(o) => match o.downcast::<Judge>() {
                Ok(j) => for v in j.violations() { println!("{v}"); },
                Err(o) => { let t = o.downcast::<Transcript>().unwrap(); if mode == "t" { println!("{}", t.text()); } }
            }
        }
    }
}
