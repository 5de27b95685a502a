//! Runs commands, and finds out which tools are installed.

use std::process::Command;

use anyhow::{Result, bail};

/// Checks whether a subcommand of cargo is installed.
pub(super) fn is_installed(tool: &str) -> bool {
    Command::new("cargo")
        .args([tool, "--version"])
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Prints that a check is left out because its tool is not installed.
pub(super) fn leave_out(tool: &str) -> Result<()> {
    println!(
        "LEFT OUT: cargo-{tool} is not installed; install it with `cargo install --locked \
         cargo-{tool}`"
    );
    Ok(())
}

pub(super) fn run(command: &mut Command) -> Result<()> {
    println!("==> {command:?}");
    if !command.status()?.success() {
        bail!("failed: {command:?}");
    }
    Ok(())
}
