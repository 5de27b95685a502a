//! Extracts the scopes that google-apis-rs requests by default into `xtask/google-apis-rs.tsv`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::model::short;

/// The version of the crates: that of their generator, and the date of the documents.
const VERSION: &str = "=7.0.0";
/// The crates that are read: those of the APIs that users of Google Cloud and Workspace call most.
const CRATES: [&str; 25] = [
    "androidpublisher3",
    "bigquery2",
    "calendar3",
    "classroom1",
    "cloudkms1",
    "cloudresourcemanager3",
    "cloudtasks2",
    "container1",
    "datastore1",
    "dns1",
    "docs1",
    "drive3",
    "firestore1",
    "gmail1",
    "iam1",
    "logging2",
    "monitoring3",
    "people1",
    "pubsub1",
    "run2",
    "secretmanager1",
    "sheets4",
    "storage1",
    "tasks1",
    "youtube3",
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    manifest_path: String,
}

/// Downloads the crates and returns the text of `xtask/google-apis-rs.tsv`.
pub(crate) fn extract(root: &Path) -> Result<String> {
    let folder = root.join("target/xtask/google-apis-rs");
    let dependencies: String = CRATES
        .iter()
        .map(|name| {
            format!("google-{name} = {{ version = {VERSION:?}, default-features = false }}\n")
        })
        .collect();
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    let manifest = folder.join("Cargo.toml");
    fs::write(
        &manifest,
        format!(
            "[package]\nname = \"defaults\"\nedition = \"2021\"\n[workspace]\n[dependencies]\n\
             {dependencies}"
        ),
    )?;
    let metadata = ["metadata", "--format-version", "1", "--manifest-path"];
    let output = Command::new("cargo").args(metadata).arg(&manifest).output()?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    let lock = fs::read_to_string(folder.join("Cargo.lock"))?;
    let mut text = String::from(
        "# The scope that google-apis-rs requests by default for each method: id, scope. Written \
         by\n# `cargo xtask catalog --clients`, from these crates (name, version, SHA-256):\n",
    );
    let mut defaults = BTreeSet::new();
    for package in metadata.packages.iter().filter(|package| is_read(&package.name)) {
        let checksum = checksum(&lock, &package.name).with_context(|| package.name.clone())?;
        writeln!(text, "# {} {} {checksum}", package.name, package.version)?;
        let source = Path::new(&package.manifest_path).with_file_name("src").join("api.rs");
        defaults.extend(read(&fs::read_to_string(source)?));
    }
    defaults.iter().for_each(|(id, scope)| text.push_str(&format!("{id}\t{}\n", short(scope))));
    Ok(text)
}

fn is_read(package: &str) -> bool {
    package.strip_prefix("google-").is_some_and(|name| CRATES.contains(&name))
}

/// Returns the checksum of a package in a `Cargo.lock`.
fn checksum<'l>(lock: &'l str, name: &str) -> Option<&'l str> {
    let (_, package) = lock.split_once(&format!("name = \"{name}\""))?;
    package.split_once("checksum = \"")?.1.split('"').next()
}

/// Returns the ids of the methods in the source of a crate, each with its default scope.
fn read(source: &str) -> Vec<(String, String)> {
    let uris: BTreeMap<&str, &str> = source.split("Scope::").filter_map(scope_uri).collect();
    let (mut id, mut found) = (None, Vec::new());
    for line in source.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("id: \"") {
            id = name.strip_suffix("\",");
        }
        let default = line.split_once("insert(Scope::").and_then(|(_, rest)| rest.split_once('.'));
        if let (Some((variant, _)), Some(id)) = (default, id) {
            found.extend(uris.get(variant).map(|uri| (id.to_owned(), (*uri).to_owned())));
        }
    }
    found
}

/// Returns the variant and the URI of a text such as `Full => "https://…",`. A brace and a line
/// break may precede the URI.
fn scope_uri(text: &str) -> Option<(&str, &str)> {
    let (variant, rest) = text.split_once(" => ")?;
    let uri = rest.trim_start_matches(['{', ' ', '\n']).strip_prefix('"')?.split('"').next()?;
    variant.bytes().all(|byte| byte.is_ascii_alphanumeric()).then_some((variant, uri))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_behind_a_method_is_its_default() {
        let source = "
            Scope::Full => {
                \"https://www.googleapis.com/auth/drive\"
            }
                id: \"drive.files.copy\",
                self._scopes.insert(Scope::Full.as_ref().to_string());
                self._scopes.insert(String::from(scope.as_ref()));";
        let expected =
            ("drive.files.copy".to_owned(), "https://www.googleapis.com/auth/drive".to_owned());
        assert_eq!(read(source), [expected]);
    }
}
