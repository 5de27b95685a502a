//! What the guard costs, beside its peers, in the same process and the same minutes.
//!
//! `cargo bench` prints everything; `cargo bench -- layer threads` only these groups. Each row is the
//! least and the median of many rounds in which all rows of a group take turns, and the ratio of its
//! median to that of the row marked 1.00. `cargo xtask instructions` counts what rows named there do.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot begin should say so")]

mod calls;
mod catalog;
mod growth;
mod harness;
mod layer;
mod lookup;
mod refusal;
mod threads;
mod wire;

use harness::Case;

/// The rows that `cargo xtask instructions` counts. A group is made when it is come to.
fn counted() -> impl Iterator<Item = Case> {
    [layer::cases, lookup::cases, refusal::cases].into_iter().flat_map(|make| make())
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--list"] => counted().for_each(|case| println!("{} {}", case.calls, case.name)),
        ["--run", name, times] => {
            let mut case = counted().find(|case| case.name == *name).expect("a row of `--list`");
            (0..times.parse::<u32>().expect("a number")).for_each(|_| (case.run)());
        }
        groups => groups_named(groups),
    }
}

fn groups_named(wanted: &[&str]) {
    let all: [(&str, fn()); 7] = [
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
            harness::compare("a refused call (403), its scopes known, no target listening", refusal::cases())
        }),
        ("wire", wire::print),
    ];
    if let Some(unknown) = wanted.iter().find(|name| all.iter().all(|(known, _)| known != *name)) {
        eprintln!("no group `{unknown}`; there are: {}", all.map(|(name, _)| name).join(" "));
        std::process::exit(2);
    }
    for (name, print) in all {
        if wanted.is_empty() || wanted.contains(&name) {
            print();
        }
    }
}
