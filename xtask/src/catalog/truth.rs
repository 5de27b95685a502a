//! Compares the catalog with clients of Google that were not used to build it: what they request by
//! default must never be judged insufficient.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::clients::Clients;
use super::encode;
use super::model::{CatalogModel, uri};
use super::render;
use super::template::PathTemplate;
use super::verify::example_path;
use gcp_scopes_catalog::call::Call;
use gcp_scopes_catalog::scope::{Scope, ScopeSet};
use gcp_scopes_catalog::{ApiMethod, Catalog, Endpoints, Lookup, lookup};

/// The scopes that google-apis-rs requests by default, by the id of the method.
pub(crate) const DEFAULTS: &str = "xtask/google-apis-rs.tsv";

/// The calls of npm's googleapis whose path is in no Discovery document.
pub(crate) const CALLS: &str = "xtask/npm-googleapis.tsv";

/// Versions of APIs that Google has turned off, and whose methods no source lists any more: host
/// and beginning of the path.
const TURNED_OFF: [(&str, &str); 0] = [];

/// Checks the generated clients for Python, google-apis-rs and npm's googleapis.
pub(crate) fn run(model: &CatalogModel, clients: &Clients, root: &Path) -> Result<()> {
    let scopes = model.scopes();
    let data = encode::blob(model, &scopes, |_| true)?;
    let bytes = [render::head(model, &scopes).into_bytes(), data].concat();
    let truth = Truth { catalog: Catalog::open(&bytes)? };
    let (mut calls, mut wrong) = (0, Vec::new());
    for (host, service, held) in clients.defaults() {
        let requests = truth.requests_of(clients, host, service);
        for (name, found) in requests.into_iter().chain(truth.methods_of(service)) {
            calls += 1;
            if found.accepts(&held) == Ok(false) {
                wrong.push(format!("{name}: {held:?}"));
            }
        }
    }
    println!("{calls} calls of generated clients with their default scopes, {} judged wrongly", wrong.len());
    let text = fs::read_to_string(root.join(DEFAULTS)).context(DEFAULTS)?;
    wrong.extend(truth.check_defaults(&text)?);
    let text = fs::read_to_string(root.join(CALLS)).context(CALLS)?;
    check_calls(model, &text)?;
    if !wrong.is_empty() {
        bail!("these calls are accepted, and the catalog says that they lack a scope:\n{}", wrong.join("\n"));
    }
    Ok(())
}

/// Checks that the catalog has a method for each of these calls, except those of APIs that are
/// turned off.
fn check_calls(model: &CatalogModel, text: &str) -> Result<()> {
    let (mut named, mut unnamed) = (0, Vec::new());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let [host, verb, path] = line.split('\t').collect::<Vec<_>>()[..] else { bail!("{CALLS}: {line}") };
        let wide = PathTemplate::from_path(path)?;
        let groups = model.groups.iter().filter(|group| group.host == host);
        let mut routes = groups.flat_map(|group| &group.rows).flat_map(|row| &row.routes);
        let is_off = TURNED_OFF.iter().any(|(at, start)| *at == host && path.starts_with(start));
        match routes.any(|(by, template)| by == verb && wide.includes(template)) {
            true => named += 1,
            false if is_off => {}
            false => unnamed.push(line),
        }
    }
    println!("{named} calls of npm's googleapis that Discovery does not list have a method");
    ensure!(unnamed.is_empty(), "the catalog has no method for these calls:\n{}", unnamed.join("\n"));
    Ok(())
}

struct Truth {
    catalog: Catalog,
}

impl Truth {
    /// Returns the REST methods of the rpcs of a service.
    fn methods_of(&self, service: &str) -> Vec<(String, Lookup)> {
        let methods = (0..self.catalog.method_count()).filter_map(|index| self.catalog.method_at(index));
        let of_service = methods.filter(|method| {
            let (id, len) = (method.id(), service.len());
            id.starts_with(service) && id[len..].starts_with('.') && !id[len + 1..].contains('.')
        });
        let rest = |method: ApiMethod| self.catalog.method(method.discovery_id()?).ok();
        of_service.filter_map(rest).map(|method| (method.id().to_owned(), Lookup::from(method))).collect()
    }

    /// Returns the look-ups of the requests of a service that `clients.tsv` lists.
    fn requests_of(&self, clients: &Clients, host: &str, service: &str) -> Vec<(String, Lookup)> {
        let endpoints = Endpoints::new().with_catalog(self.catalog);
        let request = |(verb, template): &(String, _)| {
            let url = format!("https://{host}{}", example_path(template));
            let (verb, uri) = (verb.parse().ok()?, url.parse().ok()?);
            Some((url, lookup(&Call::new(&verb, &uri), &endpoints)))
        };
        clients.routes_of(host, service).filter_map(request).collect()
    }

    /// Returns the defaults of google-apis-rs that the catalog does not accept.
    fn check_defaults(&self, text: &str) -> Result<Vec<String>> {
        let (mut wrong, mut count) = (Vec::new(), 0);
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (id, scope) = line.split_once('\t').with_context(|| line.to_owned())?;
            let held: ScopeSet = [Scope::from_uri(&uri(scope))].into_iter().collect();
            let versions: Vec<ApiMethod> = self.catalog.versions(id).collect();
            count += usize::from(!versions.is_empty());
            let is_lacking = |method: &ApiMethod| Lookup::from(*method).accepts(&held) == Ok(false);
            if !versions.is_empty() && versions.iter().all(is_lacking) {
                wrong.push(format!("{id}: {scope}"));
            }
        }
        ensure!(count > 100, "{DEFAULTS} has only {count} methods that the catalog knows");
        println!("{count} defaults of google-apis-rs, {} judged wrongly", wrong.len());
        Ok(wrong)
    }
}
