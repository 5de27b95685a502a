//! `cargo xtask core` and `cargo xtask published`: the dependencies and the names of published
//! crates.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::tree;
use crate::workspace::{self, Member};

/// Crates that are kept small, and the maximum number of direct dependencies of each.
const SMALL: [(&str, usize); 5] = [
    ("gcp-scopes-catalog", 6),
    ("gcp-scopes-explain", 8),
    ("gcp-scopes-needs", 4),
    ("gcp-scopes-reader", 5),
    ("gcp-scopes", 14),
];
/// Crates without I/O, which make no calls to the operating system.
const PURE: [&str; 4] =
    ["gcp-scopes-catalog", "gcp-scopes-explain", "gcp-scopes-needs", "gcp-scopes-reader"];
/// Crates that are part of an HTTP client or of TLS.
const CLIENTS: [&str; 11] = [
    "reqwest",
    "hyper",
    "hyper-util",
    "h2",
    "ureq",
    "rustls",
    "native-tls",
    "openssl-sys",
    "ring",
    "aws-lc-sys",
    "tower",
];
/// Crates that are part of a runtime, do I/O, or read a clock.
const RUNTIMES: [&str; 6] = ["tokio", "mio", "socket2", "async-io", "tracing", "getrandom"];

/// Checks whether a crate is one without I/O.
pub(crate) fn is_pure(member: &Member) -> bool {
    PURE.contains(&member.name.as_str())
}

/// Checks that the small crates, without features, have few dependencies and neither an HTTP client
/// nor TLS, and that the crates without I/O have no runtime.
pub(crate) fn core() -> Result<()> {
    let published = workspace::published()?;
    for (name, max_direct) in SMALL {
        let Some(member) = published.iter().find(|member| member.name == name) else { continue };
        let banned: &[&str] = if is_pure(member) { &RUNTIMES } else { &[] };
        check_dependencies(name, max_direct, &[&CLIENTS, banned].concat())?;
    }
    Ok(())
}

fn check_dependencies(name: &str, max_direct: usize, banned: &[&str]) -> Result<()> {
    let lines = tree::lines(name, &[])?;
    let names: BTreeSet<&str> = lines.iter().map(|line| tree::name(line)).collect();
    let has_two_versions =
        |name: &&&str| lines.iter().filter(|line| tree::name(line) == **name).count() > 1;
    let command =
        |options: &str| format!("`cargo tree -p {name} --no-default-features -e normal {options}`");
    if let Some(duplicate) = names.iter().find(has_two_versions) {
        bail!("{name} depends on two versions of {duplicate}; {} shows them", command("-d"));
    }
    if let Some(banned) = banned.iter().find(|banned| names.contains(**banned)) {
        bail!(
            "{name} must not depend on {banned}; {} shows why it does",
            command(&format!("-i {banned}"))
        );
    }
    let direct = tree::lines(name, &["--depth", "1"])?.len() - 1;
    if direct > max_direct {
        bail!("{name} has {direct} direct dependencies; at most {max_direct} are allowed");
    }
    println!("core: {name} has {direct} direct dependencies, {} in all", names.len() - 1);
    Ok(())
}
