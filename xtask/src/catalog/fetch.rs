//! Downloads the pinned packages into `target/xtask/`, once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

/// The PyPI package that ships Google's Discovery documents, and its version.
pub(crate) const CLIENT: &str = "google-api-python-client";
pub(crate) const CLIENT_VERSION: &str = "2.202.0";
const WHEEL: &str = "google_api_python_client-2.202.0-py3-none-any.whl";
const WHEEL_SHA256: &str = "aaa90064c9bb642ff1d065b22ca8958a2cb6e345909cefe70d0e5452fc50e08b";

/// The npm package that ships Google's protos, and its version.
pub(crate) const PROTOS: &str = "google-proto-files";
pub(crate) const PROTOS_VERSION: &str = "6.0.1";
const PROTOS_SHA256: &str = "711763f77ea15bbc7436aac53db013b421d2c7b86ae27f4013723970ce54a96e";

/// The PyPI package that ships protoc. One hash per wheel.
const TOOLS_VERSION: &str = "1.85.1";
const TOOLS_SHA256: [&str; 1] = ["38b8307a9e7f36678dad9d2590a5e849238a7c2d1178a433fbdd46ab3f6aa452"];

/// The wheel with the Discovery documents.
pub(crate) fn discovery_wheel(root: &Path) -> Result<PathBuf> {
    let folder = root.join("target/xtask");
    fs::create_dir_all(&folder)?;
    let wheel = folder.join(WHEEL);
    if !is_intact(&wheel, WHEEL_SHA256) {
        pip_download(&folder, &format!("{CLIENT}=={CLIENT_VERSION}"))?;
        ensure!(is_intact(&wheel, WHEEL_SHA256), "{} is not the pinned file", wheel.display());
    }
    Ok(wheel)
}

/// The compiled services of Google's protos, a `FileDescriptorSet`.
pub(crate) fn descriptors(root: &Path) -> Result<PathBuf> {
    let folder = root.join("target/xtask");
    fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let compiled = folder.join(format!("{PROTOS}-{PROTOS_VERSION}.binpb"));
    if !compiled.is_file() {
        let protos = proto_files(&folder)?;
        let compiler = proto_compiler(&folder)?;
        let half = compiled.with_extension("half");
        python(&[COMPILE, path(&compiler)?, path(&protos)?, path(&half)?])?;
        fs::rename(half, &compiled)?;
    }
    Ok(compiled)
}

/// Compiles every file that has a service. The compiler inside grpcio-tools needs no other package.
const COMPILE: &str = "
import os, pathlib, re, sys
compiler, protos, out = sys.argv[1:]
sys.path.insert(0, compiler)
from grpc_tools import _protoc_compiler
os.chdir(protos)
has_service = lambda file: re.search(rb'^service ', file.read_bytes(), re.M)
files = sorted(str(file) for file in pathlib.Path('.').rglob('*.proto') if has_service(file))
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # hundreds of lines about unused imports
arguments = ['protoc', '-I.', '-I' + compiler + '/grpc_tools/_proto', '--descriptor_set_out=' + out]
sys.exit(_protoc_compiler.run_main([argument.encode() for argument in arguments + files]))
";

fn proto_files(folder: &Path) -> Result<PathBuf> {
    let archive = folder.join(format!("{PROTOS}-{PROTOS_VERSION}.tgz"));
    if !is_intact(&archive, PROTOS_SHA256) {
        let mut npm = Command::new("npm");
        npm.args(["pack", "--silent", &format!("{PROTOS}@{PROTOS_VERSION}")])
            .current_dir(folder)
            .stdout(Stdio::null());
        run(&mut npm)?;
        ensure!(is_intact(&archive, PROTOS_SHA256), "{} is not the pinned file", archive.display());
    }
    let to = folder.join("protos");
    python(&[
        "import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])",
        path(&archive)?,
        path(&to)?,
    ])?;
    Ok(to.join("package"))
}

/// Any of the pinned wheels, whichever suits this machine: they hold the same compiler.
fn proto_compiler(folder: &Path) -> Result<PathBuf> {
    let to = folder.join("grpcio-tools");
    let pins = folder.join("grpcio-tools.txt");
    let hashes = TOOLS_SHA256.map(|hash| format!(" --hash=sha256:{hash}")).concat();
    fs::write(&pins, format!("grpcio-tools=={TOOLS_VERSION}{hashes}\n"))?;
    let pip = [
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
        "--no-deps",
        "--upgrade",
        "--root-user-action=ignore",
    ];
    let pinned =
        ["--only-binary=:all:", "--require-hashes", "--target", path(&to)?, "--requirement", path(&pins)?];
    run(Command::new("python3").args(pip).args(pinned))?;
    Ok(to)
}

fn python(arguments: &[&str]) -> Result<()> {
    run(Command::new("python3").arg("-c").args(arguments))
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("running {:?}", command.get_program()))?;
    ensure!(status.success(), "{:?} failed", command.get_program());
    Ok(())
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}

fn pip_download(folder: &Path, requirement: &str) -> Result<()> {
    let pip = ["-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps", "--dest"];
    run(Command::new("python3").args(pip).arg(folder).arg(requirement))
}

fn is_intact(file: &Path, sha256: &str) -> bool {
    fs::read(file).is_ok_and(|bytes| {
        let digest = Sha256::digest(&bytes);
        digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>() == sha256
    })
}
