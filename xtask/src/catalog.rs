//! Makes the data under `crates/catalog/src/` from Google's own documents.
//!
//! The steps are the modules, in order: fetch the pinned packages, read the documents, turn paths
//! into templates, choose and number the rows, encode.

mod changes;
mod discovery;
mod encode;
mod fetch;
mod firestore;
mod join;
mod model;
mod placed;
mod protos;
mod render;
mod rows;
mod sets;
mod template;
mod text;
mod trie;
mod verify;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use model::Catalog;

/// The generated files, by their path in the repository.
type Files = BTreeMap<&'static str, Vec<u8>>;

/// Writes the generated files.
pub(crate) fn write() -> Result<()> {
    for (name, bytes) in make()? {
        let path = root().join(name);
        if fs::read(&path).ok().as_ref() != Some(&bytes) {
            fs::write(&path, &bytes).with_context(|| format!("writing {}", path.display()))?;
        }
        println!("{name}: {} bytes", bytes.len());
    }
    Ok(())
}

/// Compares the committed files with freshly made ones.
pub(crate) fn check() -> Result<()> {
    let mut stale = 0;
    for (name, bytes) in make()? {
        let old = fs::read(root().join(name)).unwrap_or_default();
        if old != bytes {
            stale += 1;
            let place = old.iter().zip(&bytes).take_while(|(a, b)| a == b).count();
            println!(
                "{name}: differs from byte {place} on ({} bytes committed, {} made)",
                old.len(),
                bytes.len()
            );
        }
    }
    if stale > 0 {
        bail!("{stale} generated files are stale; run `cargo xtask catalog` and commit the result");
    }
    println!("the committed catalog is what the generator makes");
    Ok(())
}

/// Resolves one concrete URL for every template with the reader the crate uses.
pub(crate) fn verify() -> Result<()> {
    verify::run(&load()?)
}

/// Prints what the newest packages have that the pinned ones have not.
pub(crate) fn latest() -> Result<()> {
    let sources = fetch::latest(&root())?;
    let [client, protos] = [(fetch::CLIENT, fetch::CLIENT_VERSION), (fetch::PROTOS, fetch::PROTOS_VERSION)];
    println!("\n# Against {} {} and {} {}\n", client.0, client.1, protos.0, protos.1);
    print!("{}", changes::describe(&load()?, &load_from(&sources)?));
    Ok(())
}

/// Writes the whole catalog to a file that programs can open at run time, and opens it.
pub(crate) fn write_file(path: &str) -> Result<()> {
    let catalog = load()?;
    let scopes = catalog.scopes();
    let data = encode::blob(&catalog, &scopes, |_| true)?;
    let bytes = [render::head(&catalog, &scopes).into_bytes(), data].concat();
    let opened = gcp_scopes_catalog::Catalog::open(&bytes)?;
    fs::write(path, &bytes).with_context(|| format!("writing {path}"))?;
    println!("{path}: {} bytes, {} methods", bytes.len(), opened.method_count());
    Ok(())
}

fn make() -> Result<Files> {
    let catalog = load()?;
    let scopes = catalog.scopes();
    let full = encode::blob(&catalog, &scopes, |_| true)?;
    let cloud = encode::blob(&catalog, &scopes, rows::is_cloud)?;
    let storage = encode::blob(&catalog, &scopes, |group| group.host == "storage.googleapis.com")?;
    Ok(Files::from([
        ("crates/catalog/src/scope/known.rs", render::scopes(&scopes).into_bytes()),
        ("crates/catalog/src/made_from.rs", render::made_from(&catalog, &scopes).into_bytes()),
        ("crates/catalog/src/data/full.bin", full),
        ("crates/catalog/src/data/cloud.bin", cloud),
        ("crates/catalog/src/data/storage.bin", storage),
    ]))
}

fn load() -> Result<Catalog> {
    load_from(&fetch::pinned(&root())?)
}

fn load_from(sources: &fetch::Sources) -> Result<Catalog> {
    let documents = discovery::read(&sources.wheel)?;
    let rpcs = protos::read(&fs::read(&sources.services)?)?;
    rows::choose(&documents, rpcs)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
