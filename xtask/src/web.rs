//! `cargo xtask web`: builds, shows and tests the web page in `web/`.
//!
//! The page consists of static files in `web/dist`. The catalog is cut out of the WebAssembly
//! module: `catalog.bin` contains the address of the catalog in the module's memory, as four bytes,
//! the lowest first, and then the catalog.

mod module;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

use crate::package::run;
use crate::wasm::{self, TARGET, WasmCompiler};
use crate::workspace;

/// The maximum size of all files together, compressed by gzip as servers do. The number is this
/// project's own limit.
const MAX_COMPRESSED: usize = 1_200_000;

/// The files that people write.
const PAGE: [&str; 3] = ["index.html", "page.css", "page.js"];

/// Builds the page into `web/dist`.
pub(crate) fn build() -> Result<()> {
    match WasmCompiler::installed() {
        Some(compiler) => build_with(&compiler),
        None => wasm::leave_out(),
    }
}

/// Builds the page, and answers requests for it on 127.0.0.1 until the program is stopped.
pub(crate) fn serve(port: &str) -> Result<()> {
    build()?;
    let port = port.parse().with_context(|| format!("{port} is no port"))?;
    let server = server::PageServer::start(dist(), port)?;
    println!("the page is at http://{}/", server.address());
    server.run()
}

/// Builds the page, and runs its tests in headless Chromium.
pub(crate) fn test() -> Result<()> {
    let tests = folder().join("tests");
    let missing = ["node", "npm", "chromium"].into_iter().find(|name| !is_installed(name));
    if let Some(missing) = missing {
        ensure!(
            std::env::var_os("CI").is_none_or(|value| value != "true"),
            "the tests of the page need {missing}: install node, npm and chromium"
        );
        println!("LEFT OUT: the tests of the page, because {missing} is not installed");
        return Ok(());
    }
    build()?;
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&tests))?;
    let server = server::PageServer::start(dist(), 0)?;
    let address = format!("http://{}/", server.address());
    std::thread::spawn(move || server.run());
    run(Command::new("node")
        .args(["--test", "page.test.mjs"])
        .env("PAGE", address)
        .current_dir(tests))
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn folder() -> PathBuf {
    workspace::root().join("web")
}

fn dist() -> PathBuf {
    folder().join("dist")
}

fn build_with(compiler: &WasmCompiler) -> Result<()> {
    let target = workspace::target()?.join("web");
    let mut command = compiler.cargo("build");
    command.args(["--release", "--locked", "--target-dir"]).arg(&target).current_dir(folder());
    run(&mut command)?;
    let built = target.join(TARGET).join("release/gcp_scopes_web.wasm");
    let catalog = fs::read(workspace::root().join("crates/catalog/src/data/full.bin"))?;
    let (module, address) = module::cut(&fs::read(built)?, &catalog)?;
    let mut data = address.to_le_bytes().to_vec();
    data.extend(catalog);
    write(&module, &data)
}

/// Writes the files of the page. Their addresses contain a version, so that no browser uses files
/// of two versions together.
fn write(module: &[u8], catalog: &[u8]) -> Result<()> {
    let dist = dist();
    fs::create_dir_all(&dist)?;
    fs::write(dist.join("answers.wasm"), module)?;
    fs::write(dist.join("catalog.bin"), catalog)?;
    let mut hash = Sha256::new_with_prefix(module);
    hash.update(catalog);
    let texts = PAGE.map(|name| fs::read_to_string(folder().join("page").join(name)));
    for text in texts.iter().flatten() {
        hash.update(text);
    }
    let version: String =
        hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    for (name, text) in PAGE.iter().zip(texts) {
        fs::write(dist.join(name), text?.replace("VERSION", &version))?;
    }
    check_size(&dist)
}

/// Checks the size of all files, compressed.
fn check_size(dist: &Path) -> Result<()> {
    let mut sum = 0;
    for name in PAGE.into_iter().chain(["answers.wasm", "catalog.bin"]) {
        let output = Command::new("gzip").arg("-9c").arg(dist.join(name)).output();
        let output = output.context("cannot run gzip")?;
        let bytes = output.stdout.len();
        println!("web: {name} takes {} KB, compressed", bytes.div_ceil(1000));
        sum += bytes;
    }
    if sum > MAX_COMPRESSED {
        bail!("the page takes {sum} bytes, compressed; at most {MAX_COMPRESSED} are allowed");
    }
    println!("web: the page takes {} KB, compressed, in {}", sum.div_ceil(1000), dist.display());
    Ok(())
}
