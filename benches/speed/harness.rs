//! Times cases in turn, so that a busy machine is equally unfair to all of them.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long one turn of one case takes.
const TURN: Duration = Duration::from_micros(300);
/// How many turns each case has.
const ROUNDS: usize = 401;

/// Something to be timed.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// How many calls one run makes.
    pub(crate) calls: u32,
    pub(crate) run: Box<dyn FnMut()>,
}

impl Case {
    pub(crate) fn new<R>(name: &'static str, calls: usize, mut run: impl FnMut() -> R + 'static) -> Self {
        let run = Box::new(move || drop(black_box(run())));
        Self { name, calls: u32::try_from(calls).unwrap(), run }
    }

    fn time(&mut self, runs: u32) -> Duration {
        let started = Instant::now();
        (0..runs).for_each(|_| (self.run)());
        started.elapsed()
    }

    /// How many runs fill a turn.
    fn runs(&mut self) -> u32 {
        let mut runs = 1;
        while self.time(runs) < TURN {
            runs *= 2;
        }
        runs
    }
}

/// What a row took, in nanoseconds a call.
pub(crate) struct Figure {
    pub(crate) least: f64,
    pub(crate) median: f64,
}

impl Figure {
    pub(crate) fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        Self { least: all[0], median: all[all.len() / 2] }
    }
}

/// Times the cases in turn.
pub(crate) fn measure(cases: &mut [Case]) -> Vec<Figure> {
    let runs: Vec<u32> = cases.iter_mut().map(Case::runs).collect();
    let mut times = vec![Vec::with_capacity(ROUNDS); cases.len()];
    for _ in 0..ROUNDS {
        for ((case, runs), times) in cases.iter_mut().zip(&runs).zip(&mut times) {
            let calls = f64::from(*runs) * f64::from(case.calls);
            times.push(case.time(*runs).as_secs_f64() * 1e9 / calls);
        }
    }
    times.into_iter().map(Figure::of).collect()
}

/// Times the cases in turn and prints them beside the first.
pub(crate) fn compare(title: &str, mut cases: Vec<Case>) {
    let figures = measure(&mut cases);
    heading(title);
    for (case, figure) in cases.iter().zip(&figures) {
        row(case.name, figure, &figures[0]);
    }
}

pub(crate) fn heading(title: &str) {
    println!("\n{title}\n{:<58} {:>9} {:>9} {:>7}", "ns a call", "least", "median", "ratio");
}

pub(crate) fn row(name: &str, figure: &Figure, reference: &Figure) {
    let ratio = figure.median / reference.median;
    println!("{name:<58} {:>9.1} {:>9.1} {ratio:>7.2}", figure.least, figure.median);
}
