//! Times several cases by taking turns, so that other load on the machine slows all of them
//! equally.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The minimum length of one turn of one case, long in comparison with reading the clock.
const TURN: Duration = Duration::from_micros(300);
/// The number of turns of each case. It is odd, so that the median is one of the measured values.
const TURNS: usize = 401;

/// Code to be timed.
pub(crate) struct TimedCase {
    pub(crate) name: &'static str,
    /// The number of calls that `run` makes. The results are divided by this number.
    pub(crate) calls: u32,
    pub(crate) run: Box<dyn FnMut()>,
}

impl TimedCase {
    pub(crate) fn new<R>(
        name: &'static str,
        calls: usize,
        mut run: impl FnMut() -> R + 'static,
    ) -> Self {
        let run = Box::new(move || drop(black_box(run())));
        Self { name, calls: u32::try_from(calls).unwrap(), run }
    }

    /// Returns how long `runs` runs take.
    fn time(&mut self, runs: u32) -> Duration {
        let started = Instant::now();
        (0..runs).for_each(|_| (self.run)());
        started.elapsed()
    }

    /// Returns how many runs last at least as long as [`TURN`].
    fn runs_per_turn(&mut self) -> u32 {
        let mut runs = 1;
        while self.time(runs) < TURN {
            runs *= 2;
        }
        runs
    }
}

/// The least and the median time of the turns of one case, in nanoseconds per call.
pub(crate) struct Figure {
    pub(crate) least: f64,
    pub(crate) median: f64,
}

impl Figure {
    /// Creates a figure from the times of all turns.
    pub(crate) fn from_times(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self { least: times[0], median: times[times.len() / 2] }
    }
}

/// Times the cases in turns, with [`TURNS`] turns of each case. Returns one figure for each case.
pub(crate) fn measure(cases: &mut [TimedCase]) -> Vec<Figure> {
    let runs: Vec<u32> = cases.iter_mut().map(TimedCase::runs_per_turn).collect();
    let mut times = vec![Vec::with_capacity(TURNS); cases.len()];
    for _ in 0..TURNS {
        for ((case, runs), times) in cases.iter_mut().zip(&runs).zip(&mut times) {
            let calls = f64::from(*runs) * f64::from(case.calls);
            times.push(case.time(*runs).as_secs_f64() * 1e9 / calls);
        }
    }
    times.into_iter().map(Figure::from_times).collect()
}

/// Times the cases and prints a table, in which the ratio compares each case with the first.
pub(crate) fn compare(title: &str, mut cases: Vec<TimedCase>) {
    let figures = measure(&mut cases);
    heading(title);
    for (case, figure) in cases.iter().zip(&figures) {
        row(case.name, figure, &figures[0]);
    }
}

/// Prints the title and the header of a table.
pub(crate) fn heading(title: &str) {
    println!("\n{title}\n{:<58} {:>9} {:>9} {:>7}", "ns a call", "least", "median", "ratio");
}

/// Prints one row of a table. The ratio is the median of `figure` divided by that of `reference`.
pub(crate) fn row(name: &str, figure: &Figure, reference: &Figure) {
    let ratio = figure.median / reference.median;
    println!("{name:<58} {:>9.1} {:>9.1} {ratio:>7.2}", figure.least, figure.median);
}
