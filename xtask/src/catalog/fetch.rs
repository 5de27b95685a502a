//! Downloads the packages with Google's documents into `target/xtask/`, unless they are there
//! already.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

/// The name of the PyPI package that ships Google's Discovery documents.
pub(crate) const CLIENT: &str = "google-api-python-client";
/// The version of [`CLIENT`].
pub(crate) const CLIENT_VERSION: &str = "2.202.0";
const WHEEL: &str = "google_api_python_client-2.202.0-py3-none-any.whl";
const WHEEL_SHA256: &str = "aaa90064c9bb642ff1d065b22ca8958a2cb6e345909cefe70d0e5452fc50e08b";

/// An older version of [`CLIENT`]. Its Discovery documents are at most a few weeks older or newer
/// than those from which google-apis-rs 7.0.0 is generated.
pub(crate) const OLDER_VERSION: &str = "2.187.0";
const OLDER_WHEEL: &str = "google_api_python_client-2.187.0-py3-none-any.whl";
const OLDER_SHA256: &str = "d8d0f6d85d7d1d10bdab32e642312ed572bdc98919f72f831b44b9a9cebba32f";

/// The name of the npm package that ships Google's protos.
pub(crate) const PROTOS: &str = "google-proto-files";
/// The version of [`PROTOS`].
pub(crate) const PROTOS_VERSION: &str = "6.0.1";
const ARCHIVE: &str = "google-proto-files-6.0.1.tgz";
const ARCHIVE_SHA256: &str = "711763f77ea15bbc7436aac53db013b421d2c7b86ae27f4013723970ce54a96e";

/// The files from which a catalog is generated.
#[derive(Debug)]
pub(crate) struct Sources {
    /// The wheel with the Discovery documents.
    pub(crate) wheel: PathBuf,
    /// The `FileDescriptorSet` with the services of the protos, compiled by protoc.
    pub(crate) services: PathBuf,
}

/// Returns the files of the pinned packages. Returns an error if a package does not have the pinned
/// hash.
pub(crate) fn pinned(root: &Path) -> Result<Sources> {
    let folder = folder(root, "target/xtask")?;
    let wheel = pinned_wheel(&folder, CLIENT_VERSION, WHEEL, WHEEL_SHA256)?;
    let services = folder.join(format!("{PROTOS}-{PROTOS_VERSION}.binpb"));
    if !services.is_file() {
        let archive = folder.join(ARCHIVE);
        if !is_intact(&archive, ARCHIVE_SHA256) {
            npm_pack(&folder, &format!("{PROTOS}@{PROTOS_VERSION}"))?;
            let name = archive.display();
            ensure!(is_intact(&archive, ARCHIVE_SHA256), "{name} does not have the pinned SHA-256");
        }
        compile(root, &archive, &services)?;
    }
    Ok(Sources { wheel, services })
}

/// Returns the wheel with older Discovery documents.
pub(crate) fn older(root: &Path) -> Result<PathBuf> {
    pinned_wheel(&folder(root, "target/xtask")?, OLDER_VERSION, OLDER_WHEEL, OLDER_SHA256)
}

/// Returns a wheel of [`CLIENT`]. Returns an error if it does not have this hash.
fn pinned_wheel(folder: &Path, version: &str, name: &str, hash: &str) -> Result<PathBuf> {
    let wheel = folder.join(name);
    if !is_intact(&wheel, hash) {
        pip_download(folder, &format!("{CLIENT}=={version}"))?;
        ensure!(is_intact(&wheel, hash), "{} does not have the pinned SHA-256", wheel.display());
    }
    Ok(wheel)
}

/// Downloads the newest packages and returns their files. Prints the constants of this module with
/// which the packages are pinned.
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
    let (wheel, archive) = (only_file(&folder, "whl")?, only_file(&folder, "tgz")?);
    println!("// The pins of these packages, for xtask/src/catalog/fetch.rs:");
    for (package, constants) in
        [(&wheel, ["CLIENT_VERSION", "WHEEL"]), (&archive, ["PROTOS_VERSION", "ARCHIVE"])]
    {
        let name = package.file_name().unwrap_or_default().to_string_lossy();
        let [version, file] = constants;
        let digits = name.split('-').find(|part| part.starts_with(|c: char| c.is_ascii_digit()));
        let digits = digits.unwrap_or_default().trim_end_matches(".tgz");
        println!("pub(crate) const {version}: &str = \"{digits}\";");
        println!("const {file}: &str = \"{name}\";");
        println!("const {file}_SHA256: &str = \"{}\";", sha256(&fs::read(package)?));
    }
    let services = folder.join("services.binpb");
    compile(root, &archive, &services)?;
    Ok(Sources { wheel, services })
}

/// A program in Python that compiles every proto file with a service. It calls the native module of
/// grpcio-tools directly, so that no other package, such as grpcio, is needed.
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

/// Compiles the protos of an archive into `services`.
fn compile(root: &Path, archive: &Path, services: &Path) -> Result<()> {
    let compiler = folder(root, "target/xtask/grpcio-tools")?;
    let pip = [
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
        "--root-user-action=ignore",
    ];
    let pinned = ["--no-deps", "--upgrade", "--only-binary=:all:", "--require-hashes"];
    let mut install = Command::new("python3");
    install.args(pip).args(pinned).arg("--target").arg(&compiler);
    run(install.arg("--requirement").arg(root.join("xtask/grpcio-tools.txt")))?;
    // The file gets its name when it is complete: a run that is stopped leaves no partial file
    // behind.
    let incomplete = services.with_extension("half");
    run(Command::new("python3").args(["-c", COMPILE]).arg(compiler).arg(archive).arg(&incomplete))?;
    fs::rename(incomplete, services)?;
    Ok(())
}

/// A program in Python that prints what generated clients send.
const CLIENTS: &str = include_str!("clients.py");

/// Downloads the pinned generated clients, and returns what the program [`CLIENTS`] prints.
pub(crate) fn clients(root: &Path) -> Result<String> {
    let folder = folder(root, "target/xtask/clients")?;
    let pip = ["-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"];
    let pinned = ["--only-binary=:all:", "--require-hashes", "--dest"];
    let mut download = Command::new("python3");
    download.args(pip).args(pinned).arg(&folder);
    run(download.arg("--requirement").arg(root.join("xtask/clients.txt")))?;
    let output = Command::new("python3").args(["-c", CLIENTS]).arg(&folder).output()?;
    ensure!(output.status.success(), "clients.py: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// A program in Python that prints the calls of the package googleapis of npm.
const NPM_CALLS: &str = include_str!("npm.py");
/// The package, whose version and hash are printed with the calls.
pub(crate) const NPM: &str = "googleapis 188.0.0";
const NPM_ARCHIVE: &str = "googleapis-188.0.0.tgz";
pub(crate) const NPM_SHA256: &str =
    "a8bbbc550186965a4fb506744c3269678fefaa3a392f8f002b15284c2402e5d3";

/// Downloads the package googleapis of npm, and returns what the program [`NPM_CALLS`] prints.
pub(crate) fn npm_calls(root: &Path) -> Result<String> {
    let folder = folder(root, "target/xtask")?;
    let archive = folder.join(NPM_ARCHIVE);
    if !is_intact(&archive, NPM_SHA256) {
        npm_pack(&folder, &NPM.replace(' ', "@"))?;
        ensure!(
            is_intact(&archive, NPM_SHA256),
            "{} does not have the pinned SHA-256",
            archive.display()
        );
    }
    let output = Command::new("python3").args(["-c", NPM_CALLS]).arg(&archive).output()?;
    ensure!(output.status.success(), "npm.py: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn pip_download(folder: &Path, requirement: &str) -> Result<()> {
    let pip =
        ["-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps", "--dest"];
    run(Command::new("python3").args(pip).arg(folder).arg(requirement))
}

fn npm_pack(folder: &Path, package: &str) -> Result<()> {
    run(Command::new("npm")
        .args(["pack", "--silent", package])
        .current_dir(folder)
        .stdout(Stdio::null()))
}

fn run(command: &mut Command) -> Result<()> {
    let status =
        command.status().with_context(|| format!("cannot run {:?}", command.get_program()))?;
    ensure!(status.success(), "failed: {command:?}");
    Ok(())
}

/// Returns the absolute path of a folder, and creates the folder if it does not exist.
fn folder(root: &Path, name: &str) -> Result<PathBuf> {
    let folder = root.join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder.canonicalize()?)
}

/// Returns the file with this extension, or an error if there is not exactly one.
fn only_file(folder: &Path, extension: &str) -> Result<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|other| other == extension) {
            files.push(path);
        }
    }
    let (count, folder) = (files.len(), folder.display());
    ensure!(count == 1, "expected one file .{extension} in {folder}, found {count}");
    files.pop().context("no file")
}

/// Checks whether a file exists and has this hash.
fn is_intact(file: &Path, sha256: &str) -> bool {
    fs::read(file).is_ok_and(|bytes| self::sha256(&bytes) == sha256)
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
