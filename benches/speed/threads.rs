//! One token on two threads.

use std::sync::Barrier;
use std::time::Instant;

use gcp_scopes::{Guard, ScopeSet};
use tower_layer::Layer;

use crate::calls::{self, CLOUD, READS};
use crate::harness::Figure;
use crate::layer::{Echo, Rounds};

const ROUNDS: usize = 300;
/// Times that the eight calls are made in a round.
const TIMES: u32 = 1000;

/// Prints how much more two threads get done than one, in their best rounds: on a busy machine the others
/// say how busy it was.
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
            one.push(round(&guard, urls, 1));
            two.push(round(&guard, urls, 2));
        }
        let (one, two) = (Figure::of(one).least, Figure::of(two).least);
        println!("{name:<58} {one:>9.1} {two:>9.1} {:>7.2}", 2.0 * one / two);
    }
}

/// The slowest thread's time for a call.
fn round(guard: &Guard, urls: &[&str], threads: usize) -> f64 {
    let layer = guard.layer();
    let start = Barrier::new(threads);
    let work = || {
        let requests = urls.iter().map(|url| calls::request(url, &calls::token(0)));
        let mut rounds = Rounds::new(layer.layer(Echo), requests);
        rounds.run();
        start.wait();
        let started = Instant::now();
        (0..TIMES).for_each(|_| rounds.run());
        started.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES) / urls.len() as f64
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).fold(0.0, f64::max)
    })
}
