//! Downloads packages into `target/xtask/`, once.

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
const ARCHIVE: &str = "google-proto-files-6.0.1.tgz";
const ARCHIVE_SHA256: &str = "711763f77ea15bbc7436aac53db013b421d2c7b86ae27f4013723970ce54a96e";

/// The files that a catalog is made from.
#[derive(Debug)]
pub(crate) struct Sources {
    /// The wheel with the Discovery documents.
    pub(crate) wheel: PathBuf,
    /// The compiled services of the protos, a `FileDescriptorSet`.
    pub(crate) services: PathBuf,
}

/// The pinned packages.
pub(crate) fn pinned(root: &Path) -> Result<Sources> {
    let folder = folder(root, "target/xtask")?;
    let wheel = folder.join(WHEEL);
    if !is_intact(&wheel, WHEEL_SHA256) {
        pip_download(&folder, &format!("{CLIENT}=={CLIENT_VERSION}"))?;
        ensure!(is_intact(&wheel, WHEEL_SHA256), "{} is not the pinned file", wheel.display());
    }
    let services = folder.join(format!("{PROTOS}-{PROTOS_VERSION}.binpb"));
    if !services.is_file() {
        let archive = folder.join(ARCHIVE);
        if !is_intact(&archive, ARCHIVE_SHA256) {
            npm_pack(&folder, &format!("{PROTOS}@{PROTOS_VERSION}"))?;
            ensure!(is_intact(&archive, ARCHIVE_SHA256), "{} is not the pinned file", archive.display());
        }
        compile(root, &archive, &services)?;
    }
    Ok(Sources { wheel, services })
}

/// The newest packages, downloaded anew. Prints what pins them.
pub(crate) fn latest(root: &Path) -> Result<Sources> {
    let folder = folder(root, "target/xtask/latest")?;
    for old in fs::read_dir(&folder)? {
        let old = old?.path();
        if old.is_file() {
            fs::remove_file(old)?;
        }
    }
    pip_download(&folder, CLIENT)?;
    npm_pack(&folder, &format!("{PROTOS}@latest"))?;
    let (wheel, archive) = (only(&folder, "whl")?, only(&folder, "tgz")?);
    for (package, pinned) in [(&wheel, WHEEL_SHA256), (&archive, ARCHIVE_SHA256)] {
        let (name, sha256) = (package.file_name().unwrap_or_default(), sha256(&fs::read(package)?));
        let is_new = if sha256 == pinned { "pinned already" } else { "new" };
        println!("{} sha256 {sha256} ({is_new})", name.to_string_lossy());
    }
    let services = folder.join("services.binpb");
    compile(root, &archive, &services)?;
    Ok(Sources { wheel, services })
}

/// Compiles every file that has a service. The compiler inside grpcio-tools needs no other package.
const COMPILE: &str = "
import os, pathlib, re, sys, tarfile
compiler, archive, out = sys.argv[1:]
protos = out + '.protos'
tarfile.open(archive).extractall(protos)
os.chdir(protos + '/package')
has_service = lambda file: re.search(rb'^service ', file.read_bytes(), re.M)
files = sorted(str(file) for file in pathlib.Path('.').rglob('*.proto') if has_service(file))
sys.path.insert(0, compiler)
from grpc_tools import _protoc_compiler
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # hundreds of lines about unused imports
arguments = ['protoc', '-I.', '-I' + compiler + '/grpc_tools/_proto', '--descriptor_set_out=' + out]
sys.exit(_protoc_compiler.run_main([argument.encode() for argument in arguments + files]))
";

fn compile(root: &Path, archive: &Path, services: &Path) -> Result<()> {
    let compiler = folder(root, "target/xtask/grpcio-tools")?;
    let pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--root-user-action=ignore"];
    let pinned = ["--no-deps", "--upgrade", "--only-binary=:all:", "--require-hashes"];
    let mut install = Command::new("python3");
    install.args(pip).args(pinned).arg("--target").arg(&compiler);
    run(install.arg("--requirement").arg(root.join("xtask/grpcio-tools.txt")))?;
    let half = services.with_extension("half");
    run(Command::new("python3").args(["-c", COMPILE]).arg(compiler).arg(archive).arg(&half))?;
    fs::rename(half, services)?;
    Ok(())
}

fn pip_download(folder: &Path, requirement: &str) -> Result<()> {
    let pip = ["-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps", "--dest"];
    run(Command::new("python3").args(pip).arg(folder).arg(requirement))
}

fn npm_pack(folder: &Path, package: &str) -> Result<()> {
    run(Command::new("npm").args(["pack", "--silent", package]).current_dir(folder).stdout(Stdio::null()))
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("running {:?}", command.get_program()))?;
    ensure!(status.success(), "{:?} failed", command.get_program());
    Ok(())
}

/// The folder's full path; it is made if need be.
fn folder(root: &Path, name: &str) -> Result<PathBuf> {
    let folder = root.join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder.canonicalize()?)
}

/// The one file with this extension.
fn only(folder: &Path, extension: &str) -> Result<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|other| other == extension) {
            found.push(path);
        }
    }
    ensure!(found.len() == 1, "{} .{extension} files in {}", found.len(), folder.display());
    found.pop().context("one file")
}

fn is_intact(file: &Path, sha256: &str) -> bool {
    fs::read(file).is_ok_and(|bytes| self::sha256(&bytes) == sha256)
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
