//! Times calls with the same token on two threads at the same time, to show that the guard's cache
//! does not make threads wait for each other.

use std::sync::Barrier;
use std::time::Instant;

use gcp_scopes::{Guard, ScopeSet};
use tower_layer::Layer;

use crate::calls::{self, CLOUD, READS};
use crate::harness::Figure;
use crate::layer::{Echo, Rounds};

/// The number of rounds that are measured. Only the best round is printed.
const ROUNDS: usize = 300;
/// The number of times that each of the eight calls is made in a round.
const REPEATS: u32 = 1000;

/// Measures and prints the group `threads`. The gain is the number of calls that two threads make
/// together in the time in which one thread alone makes one call. It is 2 if the threads do not
/// slow each other. Only the best rounds are compared, because other load on the machine slows the
/// other rounds.
pub(crate) fn print() {
    println!("\none token on two threads (each with a clone of the service)");
    println!("{:<58} {:>9} {:>9} {:>7}", "ns a call, best round", "1 thread", "2 threads", "gain");
    let rows: [(&str, &[&str], ScopeSet); 2] = [
        ("threads/guard, path matched", &READS, calls::read_scopes()),
        ("threads/guard, token opens the whole host", &CLOUD, calls::cloud_platform()),
    ];
    for (name, urls, held) in rows {
        let guard = calls::guard([0], &held);
        let (mut one, mut two) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            one.push(run_round(&guard, urls, 1));
            two.push(run_round(&guard, urls, 2));
        }
        let (one, two) = (Figure::from_times(one).least, Figure::from_times(two).least);
        println!("{name:<58} {one:>9.1} {two:>9.1} {:>7.2}", 2.0 * one / two);
    }
}

/// Runs one round on `threads` threads, each with its own clone of the service. Returns the slowest
/// thread's time per call in nanoseconds.
fn run_round(guard: &Guard, urls: &[&str], threads: usize) -> f64 {
    let layer = guard.layer();
    let start = Barrier::new(threads);
    let work = || {
        let requests = urls.iter().map(|url| calls::request(url, &calls::token(0)));
        let mut rounds = Rounds::new(layer.layer(Echo), requests);
        rounds.run();
        start.wait();
        let started = Instant::now();
        (0..REPEATS).for_each(|_| rounds.run());
        started.elapsed().as_secs_f64() * 1e9 / f64::from(REPEATS) / urls.len() as f64
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).fold(0.0, f64::max)
    })
}
