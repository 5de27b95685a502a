//! Whether the pure crates compile for wasm32-unknown-unknown, and ask nothing of an operating system.
//!
//! The target's standard library compiles calls that can only fail there, such as opening a file, so the
//! code is searched for them. The standard library comes from rustup where it has the target installed; else it is
//! compiled along from its sources, which rustup's `rust-src` and Debian's `rust-web-src` bring.

mod impure;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::checks;
use crate::workspace::{self, Member};

const TARGET: &str = "wasm32-unknown-unknown";

/// Checks the pure crates.
pub(crate) fn check() -> Result<()> {
    let mut members = workspace::published()?;
    members.retain(checks::is_pure);
    members.iter().try_for_each(impure::check)?;
    if members.is_empty() {
        println!("wasm: the workspace has no pure crate yet");
        return Ok(());
    }
    let Some(compiler) = Compiler::installed() else { return left_out() };
    for features in ["--all-features", "--no-default-features"] {
        compiler.run(&members, features)?;
    }
    let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    println!("wasm: {} compile for {TARGET}", names.join(" and "));
    Ok(())
}

/// Says whether a compiler is there, for a script that can install one.
pub(crate) fn is_possible() -> Result<()> {
    if Compiler::installed().is_none() {
        bail!("no installed compiler can compile for {TARGET}");
    }
    Ok(())
}

fn left_out() -> Result<()> {
    let how = format!("`rustup target add {TARGET}`, or Debian's rustc-web, cargo-web and rust-web-src");
    if std::env::var_os("CI").is_some_and(|value| value == "true") {
        bail!("no installed compiler can compile for {TARGET}: {how}");
    }
    println!("LEFT OUT: {TARGET}, because no installed compiler can compile for it: {how}");
    Ok(())
}

/// A compiler, and whether its standard library has to be compiled along.
struct Compiler {
    rustc: &'static str,
    cargo: &'static str,
    builds_std: bool,
}

impl Compiler {
    /// The first that will do: the usual one, or the distribution's.
    fn installed() -> Option<Self> {
        let found = [("rustc", "cargo"), ("/usr/bin/rustc", "/usr/bin/cargo")];
        found.into_iter().find_map(|(rustc, cargo)| {
            let has_target = printed(rustc, &["--print", "target-libdir", "--target", TARGET])?.is_dir();
            let sources = "lib/rustlib/src/rust/library/Cargo.lock";
            let has_sources = printed(rustc, &["--print", "sysroot"])?.join(sources).is_file();
            (has_target || has_sources).then_some(Self { rustc, cargo, builds_std: !has_target })
        })
    }

    /// Nothing is linked, so checking is compiling but for the machine code.
    fn run(&self, members: &[Member], features: &str) -> Result<()> {
        let mut command = Command::new(self.cargo);
        command.args(["check", "--quiet", "--lib", "--target", TARGET]).arg(features);
        command.arg("--target-dir").arg(workspace::target()?.join("wasm")).current_dir(workspace::root());
        members.iter().for_each(|member| _ = command.args(["--package", &member.name]));
        // The running cargo names its own compiler to its children.
        command.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN").env("RUSTC", self.rustc);
        if self.builds_std {
            command.args(["-Z", "build-std=std,panic_abort"]).env("RUSTC_BOOTSTRAP", "1");
        }
        println!("==> {command:?}");
        if !command.status().with_context(|| self.cargo.to_owned())?.success() {
            bail!("the pure crates do not compile for {TARGET}");
        }
        Ok(())
    }
}

fn printed(rustc: &str, arguments: &[&str]) -> Option<PathBuf> {
    let output = Command::new(rustc).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(Path::new(text.trim()).to_owned())
}
