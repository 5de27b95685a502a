//! `cargo xtask catalog`: generates the data under `crates/catalog/src/` from documents that Google
//! publishes.
//!
//! 1. [`fetch`] downloads the pinned packages.
//! 2. [`discovery`] reads the Discovery documents (REST), [`protos`] the protobuf definitions
//!    (gRPC).
//! 3. [`template`] turns the path of a method into a path template. A *route* is an HTTP verb and a
//!    path template.
//! 4. [`rows`] decides which methods become rows of the catalog, and which row owns a route.
//!    [`join`] adds the rpcs.
//! 5. [`encode`] writes the rows into a *blob*, the binary data that the catalog reads.

mod changes;
mod clients;
mod defaults;
mod discovery;
mod encode;
mod fetch;
mod figures;
mod firestore;
mod join;
mod legacy;
mod model;
mod npm;
mod order;
mod pages;
mod protos;
mod render;
mod rows;
mod rpc_scopes;
mod sets;
mod template;
mod text;
mod trie;
mod truth;
mod verify;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use clients::Clients;
use model::CatalogModel;

/// The extract from the generated clients.
const CLIENTS: &str = "xtask/clients.tsv";
const CLIENTS_HEAD: &str = "\
# What Google's generated clients for Python (xtask/clients.txt) send. Written by
# `cargo xtask catalog --clients`. Lines of a service: host, service, default scopes. Lines of a \
route
# that neither Discovery nor the protos have: host, rpc, verb, path template.
";

/// The contents of the generated files, by their path in the repository.
type Files = BTreeMap<&'static str, Vec<u8>>;

/// Writes the generated files.
pub(crate) fn write() -> Result<()> {
    for (name, bytes) in generate()? {
        let path = root().join(name);
        if fs::read(&path).ok().as_ref() != Some(&bytes) {
            fs::write(&path, &bytes).with_context(|| format!("writing {}", path.display()))?;
        }
        println!("{name}: {} bytes", bytes.len());
    }
    Ok(())
}

/// Returns an error if a committed file differs from the generated one.
pub(crate) fn check() -> Result<()> {
    let mut stale = 0;
    for (name, bytes) in generate()? {
        let committed = fs::read(root().join(name)).unwrap_or_default();
        if committed != bytes {
            stale += 1;
            let equal = committed.iter().zip(&bytes).take_while(|(old, new)| old == new).count();
            println!(
                "{name}: differs from byte {equal} on ({} bytes committed, {} generated)",
                committed.len(),
                bytes.len()
            );
        }
    }
    if stale > 0 {
        bail!("{stale} generated files are stale; run `cargo xtask catalog` and commit the result");
    }
    println!("the committed catalog is equal to the generated one");
    Ok(())
}

/// Checks that the catalog finds every method by each of its routes.
pub(crate) fn verify_all() -> Result<()> {
    let clients = Clients::read(&read(CLIENTS)?)?;
    let calls = read(npm::CALLS)?;
    let calls = npm::read(&calls)?;
    let catalog = build(&fetch::pinned(&root())?, &clients, &calls)?;
    verify::run(&catalog)?;
    truth::run(&catalog, &clients, &calls, &read(truth::DEFAULTS)?)
}

/// Prints the differences between a catalog from the newest packages and one from the pinned
/// packages.
pub(crate) fn latest() -> Result<()> {
    let sources = fetch::latest(&root())?;
    let [client, protos] =
        [(fetch::CLIENT, fetch::CLIENT_VERSION), (fetch::PROTOS, fetch::PROTOS_VERSION)];
    println!("\n# Against {} {} and {} {}\n", client.0, client.1, protos.0, protos.1);
    print!("{}", changes::describe(&load()?, &load_from(&sources)?));
    Ok(())
}

/// Writes the whole catalog to a file that programs can open at run time, and checks that it opens.
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

fn generate() -> Result<Files> {
    let catalog = load()?;
    let scopes = catalog.scopes();
    let full = encode::blob(&catalog, &scopes, |_| true)?;
    let cloud = encode::blob(&catalog, &scopes, rows::is_cloud)?;
    let storage = encode::blob(&catalog, &scopes, |group| group.host == "storage.googleapis.com")?;
    Ok(Files::from([
        ("crates/catalog/src/scope/known.rs", render::scopes(&catalog, &scopes).into_bytes()),
        ("crates/catalog/src/made_from.rs", render::made_from(&catalog, &scopes).into_bytes()),
        ("crates/catalog/src/data/full.bin", full),
        ("crates/catalog/src/data/cloud.bin", cloud),
        ("crates/catalog/src/data/storage.bin", storage),
    ]))
}

/// Returns the catalog of the pinned packages.
fn load() -> Result<CatalogModel> {
    load_from(&fetch::pinned(&root())?)
}

fn load_from(sources: &fetch::Sources) -> Result<CatalogModel> {
    build(sources, &Clients::read(&read(CLIENTS)?)?, &npm::read(&read(npm::CALLS)?)?)
}

fn build(
    sources: &fetch::Sources,
    clients: &Clients,
    calls: &[npm::NpmCall<'_>],
) -> Result<CatalogModel> {
    let documents = discovery::read(&sources.wheel)?;
    let rpcs = protos::read(&fs::read(&sources.services)?)?;
    let mut catalog = rows::build_catalog(&documents, rpcs, clients)?;
    let is_unknown = join::is_unknown_in(&catalog);
    npm::join(&mut catalog.groups, calls, is_unknown);
    Ok(catalog)
}

fn read(name: &'static str) -> Result<String> {
    fs::read_to_string(root().join(name)).context(name)
}

/// Extracts what the pinned generated clients send, and writes the routes that no other source has.
pub(crate) fn write_clients() -> Result<()> {
    for (name, text) in extracts()? {
        println!("{name}: {} lines", text.lines().count());
        fs::write(root().join(name), text)?;
    }
    Ok(())
}

/// Checks that the committed extracts are what the pinned clients contain, and that the catalog
/// accepts what older documents list.
pub(crate) fn check_clients() -> Result<()> {
    for (name, text) in extracts()? {
        if read(name)? != text {
            bail!("{name} is stale; run `cargo xtask catalog --clients` and commit the result");
        }
        println!("{name} is equal to what the clients contain");
    }
    truth::check_older(&load()?, &discovery::read(&fetch::older(&root())?)?)
}

/// Returns the extracts from the pinned clients, by their paths.
fn extracts() -> Result<[(&'static str, String); 3]> {
    Ok([
        (CLIENTS, extract_clients()?),
        (truth::DEFAULTS, defaults::extract(&root())?),
        (npm::CALLS, npm::extract(&root())?),
    ])
}

fn extract_clients() -> Result<String> {
    let clients = Clients::read(&fetch::clients(&root())?)?;
    let without = build(&fetch::pinned(&root())?, &Clients::default(), &[])?;
    let text = format!("{CLIENTS_HEAD}{}", clients.lines(join::is_unknown_in(&without)));
    figures::run(&load()?, &clients)?;
    Ok(text)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
