//! `cargo xtask msrv --compile`: compiles the published crates with the oldest Rust that they
//! promise.
//!
//! The committed `Cargo.lock` contains dependencies of clients that need a newer Rust. A user of
//! the old compiler lets cargo choose older versions. The same is done here, in a copy of the
//! workspace without its lock file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::stated_version;
use crate::workspace::{self, Member};

/// The minor version that is tested: 1.85, the `rust-version` of most crates.
const OLDEST: u32 = 85;

/// Compiles every published crate that promises the oldest version, with all features that do not
/// need a newer version.
pub(crate) fn check() -> Result<()> {
    let Some(compiler) = MsrvCompiler::installed()? else {
        println!(
            "LEFT OUT: Rust 1.{OLDEST} is installed neither by rustup nor by Debian's packages; \
             install it with `rustup toolchain install 1.{OLDEST}`"
        );
        return Ok(());
    };
    let copy = copy_workspace()?;
    let mut lock = compiler.cargo(&copy);
    run(lock.arg("generate-lockfile"))?;
    for member in workspace::published()?.iter().filter(|member| member.rust == Some(OLDEST)) {
        let mut command = compiler.cargo(&copy);
        command.args(["check", "--quiet", "--lib", "--package", &member.name, "--target-dir"]);
        command.arg(workspace::target()?.join("msrv/target"));
        run(command.arg("--features").arg(old_features(member).join(",")))?;
        println!("msrv: Rust 1.{OLDEST} compiles {}", member.name);
    }
    Ok(())
}

/// Returns the features for which the documentation does not state a newer version.
fn old_features(member: &Member) -> Vec<&str> {
    let page = workspace::features_page(member);
    let features =
        member.features.iter().filter(|feature| stated_version(&page, feature).is_none());
    features.map(String::as_str).collect()
}

struct MsrvCompiler {
    rustc: PathBuf,
    /// The folder of rustc's shared libraries, if rustc does not find them by itself.
    libraries: Option<PathBuf>,
}

impl MsrvCompiler {
    /// Returns rustup's compiler, or else Debian's, unpacked into the target folder; `None` if
    /// there is neither.
    fn installed() -> Result<Option<Self>> {
        let toolchain = format!("1.{OLDEST}");
        let which =
            Command::new("rustup").args(["which", "--toolchain", &toolchain, "rustc"]).output();
        if let Some(output) = which.ok().filter(|output| output.status.success()) {
            let rustc = PathBuf::from(String::from_utf8(output.stdout)?.trim());
            return Ok(Some(Self { rustc, libraries: None }));
        }
        let folder = workspace::target()?.join("msrv/rust");
        let rustc = folder.join("usr/bin/rustc");
        if !rustc.is_file() && !unpack(&folder)? {
            return Ok(None);
        }
        Ok(Some(Self { rustc, libraries: Some(folder.join("usr/lib/x86_64-linux-gnu")) }))
    }

    /// Returns a command of cargo that uses this compiler, and chooses versions of dependencies for
    /// it.
    fn cargo(&self, folder: &Path) -> Command {
        let mut command = Command::new("cargo");
        command.current_dir(folder).env("RUSTC", &self.rustc);
        command.env("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "fallback");
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }
}

/// Downloads and unpacks Debian's packages of the old compiler. Returns `false` if there are none.
fn unpack(folder: &Path) -> Result<bool> {
    let Ok(output) = Command::new("apt-cache").args(["madison", "rustc-web"]).output() else {
        return Ok(false);
    };
    let table = String::from_utf8(output.stdout)?;
    let mut versions = table.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim);
    let Some(version) = versions.find(|version| version.starts_with(&format!("1.{OLDEST}.")))
    else {
        return Ok(false);
    };
    let debs = folder.with_file_name("debs");
    fs::create_dir_all(&debs)?;
    let [compiler, library] =
        [format!("rustc-web={version}"), format!("libstd-rust-web-dev={version}")];
    let shared = format!("libstd-rust-web-1.{OLDEST}={version}");
    let mut download = Command::new("apt-get");
    // rustc of this version is linked with LLVM 19.
    download.args(["download", "-q", &compiler, &library, &shared, "libllvm19"]);
    run(download.current_dir(&debs))?;
    for deb in fs::read_dir(&debs)? {
        run(Command::new("dpkg").arg("-x").arg(deb?.path()).arg(folder))?;
    }
    Ok(true)
}

/// Copies the files that git tracks, except the lock file, and returns the folder of the copy.
fn copy_workspace() -> Result<PathBuf> {
    let (root, copy) = (workspace::root(), workspace::target()?.join("msrv/copy"));
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(&root).output();
    let listed = listed.context("cannot run `git`")?;
    ensure!(listed.status.success(), "`git ls-files` failed");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    let names = String::from_utf8(listed.stdout)?;
    for name in names.split('\0').filter(|name| !name.is_empty() && *name != "Cargo.lock") {
        let target = copy.join(name);
        fs::create_dir_all(target.parent().context("this file has no parent folder")?)?;
        fs::copy(root.join(name), target).with_context(|| name.to_owned())?;
    }
    Ok(copy)
}

fn run(command: &mut Command) -> Result<()> {
    println!("==> {command:?}");
    ensure!(command.status()?.success(), "failed: {command:?}");
    Ok(())
}
