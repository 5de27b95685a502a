//! Downloads the pinned packages into `target/xtask/`, once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

/// The PyPI package that ships Google's Discovery documents, and its version.
pub(crate) const CLIENT: &str = "google-api-python-client";
pub(crate) const CLIENT_VERSION: &str = "2.202.0";
const WHEEL: &str = "google_api_python_client-2.202.0-py3-none-any.whl";
const WHEEL_SHA256: &str = "aaa90064c9bb642ff1d065b22ca8958a2cb6e345909cefe70d0e5452fc50e08b";

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

fn pip_download(folder: &Path, requirement: &str) -> Result<()> {
    let status = Command::new("python3")
        .args(["-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps", "--dest"])
        .arg(folder)
        .arg(requirement)
        .status()
        .context("running python3 -m pip")?;
    ensure!(status.success(), "pip could not download {requirement}");
    Ok(())
}

fn is_intact(file: &Path, sha256: &str) -> bool {
    fs::read(file).is_ok_and(|bytes| {
        let digest = Sha256::digest(&bytes);
        digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>() == sha256
    })
}
