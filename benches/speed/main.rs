//! Times the guard in comparison with similar middleware and routers, in turns in one process.
//!
//! `cargo bench` measures every group; `cargo bench -- layer threads` measures only these two. The
//! cases of a group take turns many times. Each row shows the least and the median of its times.
//! The ratio is the row's median divided by the median of the group's reference, which is the row
//! with the ratio 1.00.
//!
//! `cargo xtask instructions` runs this program with `--list` and `--run` to count the instructions
//! of single cases.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot be set up should panic")]

mod calls;
mod catalog;
mod growth;
mod harness;
mod layer;
mod lookup;
mod refusal;
mod start;
mod threads;
mod wire;

use harness::TimedCase;

/// Returns the cases whose instructions `cargo xtask instructions` counts. The iterator is lazy: it
/// creates the cases of a group when it reaches that group.
fn counted_cases() -> impl Iterator<Item = TimedCase> {
    [layer::cases, lookup::cases, refusal::cases].into_iter().flat_map(|cases| cases())
}

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--list"] => counted_cases().for_each(|case| println!("{} {}", case.calls, case.name)),
        ["--run", name, times] => {
            let mut case =
                counted_cases().find(|case| case.name == *name).expect("no case has this name");
            (0..times.parse::<u32>().expect("no number")).for_each(|_| (case.run)());
        }
        groups => run_groups(groups),
    }
}

/// Measures and prints the wanted groups, or all groups if `wanted` is empty.
fn run_groups(wanted: &[&str]) {
    let groups: [(&str, fn()); 8] = [
        ("layer", || {
            harness::compare(
                "a tower layer over a service that does nothing, eight calls in turn",
                layer::cases(),
            )
        }),
        ("lookup", || harness::compare("request line to method", lookup::cases())),
        ("cold", || {
            harness::compare(
                "request line to method, every method of the catalog in random order",
                lookup::cold(),
            )
        }),
        ("growth", growth::print),
        ("threads", threads::print),
        ("refusal", || {
            harness::compare(
                "a refused call (403), its scopes known, no target listening",
                refusal::cases(),
            )
        }),
        ("wire", wire::print),
        ("start", start::print),
    ];
    if let Some(unknown) = wanted.iter().find(|name| groups.iter().all(|(known, _)| known != *name))
    {
        eprintln!(
            "there is no group `{unknown}`; the groups are: {}",
            groups.map(|(name, _)| name).join(" ")
        );
        std::process::exit(2);
    }
    for (name, print) in groups {
        if wanted.is_empty() || wanted.contains(&name) {
            print();
        }
    }
}
