//! `cargo xtask wasm`: checks that the crates without I/O compile for wasm32-unknown-unknown and
//! make no calls to the operating system.
//!
//! Compiling is not enough: the target's standard library has functions that always fail, such as
//! those that open files. So the code is also searched for such calls. If rustup has not installed
//! the target, the standard library is compiled from its sources, which are part of rustup's
//! `rust-src` and of Debian's `rust-web-src`.

mod impure;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::checks;
use crate::workspace::{self, Member};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Searches the crates without I/O for calls to the operating system, and compiles them.
pub(crate) fn check() -> Result<()> {
    let mut members = workspace::published()?;
    members.retain(checks::is_pure);
    members.iter().try_for_each(impure::check)?;
    if members.is_empty() {
        println!("wasm: the workspace has no crate without I/O");
        return Ok(());
    }
    let Some(compiler) = WasmCompiler::installed() else { return leave_out() };
    for features in ["--all-features", "--no-default-features"] {
        compiler.compile(&members, features)?;
    }
    let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    println!("wasm: {} compile for {TARGET}", names.join(" and "));
    Ok(())
}

/// Returns an error if no installed compiler can compile for the target, so that a script can
/// install such a compiler before it runs the check.
pub(crate) fn is_possible() -> Result<()> {
    if WasmCompiler::installed().is_none() {
        bail!("no installed compiler can compile for {TARGET}");
    }
    Ok(())
}

/// Prints that compiling is left out. Returns an error in CI, where a compiler must be installed.
pub(crate) fn leave_out() -> Result<()> {
    let advice =
        format!("`rustup target add {TARGET}`, or Debian's rustc-web, cargo-web and rust-web-src");
    if std::env::var_os("CI").is_some_and(|value| value == "true") {
        bail!("no installed compiler can compile for {TARGET}; install one: {advice}");
    }
    println!(
        "LEFT OUT: {TARGET}, because no installed compiler can compile for it; install one: \
         {advice}"
    );
    Ok(())
}

/// A compiler that can compile for the target.
pub(crate) struct WasmCompiler {
    rustc: &'static str,
    cargo: &'static str,
    /// Whether the standard library must be compiled from its sources.
    builds_std: bool,
}

impl WasmCompiler {
    /// Returns the compiler on the PATH. If that compiler cannot compile for the target, returns
    /// the compiler of the distribution; `None` if neither can.
    pub(crate) fn installed() -> Option<Self> {
        let candidates = [("rustc", "cargo"), ("/usr/bin/rustc", "/usr/bin/cargo")];
        candidates.into_iter().find_map(|(rustc, cargo)| {
            let has_target =
                printed_path(rustc, &["--print", "target-libdir", "--target", TARGET])?.is_dir();
            let sources = "lib/rustlib/src/rust/library/Cargo.lock";
            let has_sources = printed_path(rustc, &["--print", "sysroot"])?.join(sources).is_file();
            (has_target || has_sources).then_some(Self { rustc, cargo, builds_std: !has_target })
        })
    }

    /// Returns a command of this compiler's cargo, for the target.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut command = Command::new(self.cargo);
        command.args([subcommand, "--quiet", "--target", TARGET]);
        // The cargo that runs this program has set these variables to its own toolchain.
        command.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN").env("RUSTC", self.rustc);
        if self.builds_std {
            command.args(["-Z", "build-std=std,panic_abort"]).env("RUSTC_BOOTSTRAP", "1");
        }
        if self.rustc == "/usr/bin/rustc" {
            // Debian's compiler contains no linker for the target; its package `lld` does.
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld");
        }
        command
    }

    /// Runs `cargo check` for the target. Checking finds what compiling a library would find,
    /// because a library is not linked.
    fn compile(&self, members: &[Member], features: &str) -> Result<()> {
        let mut command = self.cargo("check");
        command.args(["--lib", features]);
        command
            .arg("--target-dir")
            .arg(workspace::target()?.join("wasm"))
            .current_dir(workspace::root());
        members.iter().for_each(|member| _ = command.args(["--package", &member.name]));
        println!("==> {command:?}");
        if !command.status().with_context(|| self.cargo.to_owned())?.success() {
            bail!("the crates without I/O do not compile for {TARGET}");
        }
        Ok(())
    }
}

/// Returns the path that rustc prints; `None` if rustc fails.
fn printed_path(rustc: &str, arguments: &[&str]) -> Option<PathBuf> {
    let output = Command::new(rustc).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(Path::new(text.trim()).to_owned())
}
