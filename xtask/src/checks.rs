//! What CI checks about dependencies and features.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::tree;
use crate::workspace::{self, Member};

/// Prints the features of all published crates, each with its crate, for a shell loop. A crate by itself
/// stands for no feature at all.
pub(crate) fn features() -> Result<()> {
    for member in workspace::published()? {
        println!("{}", member.name);
        member.features.iter().for_each(|feature| println!("{} {feature}", member.name));
    }
    Ok(())
}

/// Crates that are kept small, and how many direct dependencies each may have at most.
const SMALL: [(&str, usize); 3] = [("gcp-scopes-catalog", 6), ("gcp-scopes-explain", 8), ("gcp-scopes", 12)];
/// Crates that do nothing but compute.
const PURE: [&str; 2] = ["gcp-scopes-catalog", "gcp-scopes-explain"];
/// Crates whose presence means an HTTP client or TLS.
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
/// Crates whose presence means a runtime, I/O or a clock.
const RUNTIMES: [&str; 6] = ["tokio", "mio", "socket2", "async-io", "tracing", "getrandom"];

/// Whether a crate only computes.
pub(crate) fn is_pure(member: &Member) -> bool {
    PURE.contains(&member.name.as_str())
}

/// Proves from `cargo tree` that the small crates bring no HTTP client and no TLS, and few dependencies,
/// and the pure ones no runtime.
pub(crate) fn core() -> Result<()> {
    let published = workspace::published()?;
    for (name, most) in SMALL {
        let Some(member) = published.iter().find(|member| member.name == name) else { continue };
        let banned: &[&str] = if is_pure(member) { &RUNTIMES } else { &[] };
        core_of(name, most, &[&CLIENTS, banned].concat())?;
    }
    Ok(())
}

fn core_of(name: &str, most: usize, banned: &[&str]) -> Result<()> {
    let lines = tree::lines(name, &[])?;
    let all: BTreeSet<&str> = lines.iter().map(|line| tree::name(line)).collect();
    let is_twice = |name: &&&str| lines.iter().filter(|line| tree::name(line) == **name).count() > 1;
    let tree = format!("`cargo tree -p {name} --no-default-features -e normal");
    if let Some(twice) = all.iter().find(is_twice) {
        bail!("{name} has {twice} in two versions: {tree} -d`");
    }
    if let Some(banned) = banned.iter().find(|banned| all.contains(**banned)) {
        bail!("{name} depends on {banned}: {tree} -i {banned}` shows how");
    }
    let direct = tree::lines(name, &["--depth", "1"])?.len() - 1;
    if direct > most {
        bail!("{name} has {direct} direct dependencies; at most {most} are allowed");
    }
    println!("core: {name} has {direct} direct dependencies, {} in all", all.len() - 1);
    Ok(())
}
