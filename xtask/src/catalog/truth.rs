//! Compares the catalog with clients of Google that were not used to build it: what they request by
//! default must never be judged insufficient.

use anyhow::{Context, Result, bail, ensure};

use super::clients::Clients;
use super::discovery::Document;
use super::encode;
use super::model::{CatalogModel, uri};
use super::npm::{self, NpmCall};
use super::render;
use super::template::PathTemplate;
use super::verify::example_path;
use gcp_scopes_catalog::call::Call;
use gcp_scopes_catalog::scope::{Scope, ScopeSet};
use gcp_scopes_catalog::{ApiMethod, Catalog, Endpoints, Lookup, lookup};

/// The scopes that google-apis-rs requests by default, by the id of the method.
pub(crate) const DEFAULTS: &str = "xtask/google-apis-rs.tsv";

/// Checks the generated clients for Python, google-apis-rs and npm's googleapis.
pub(crate) fn run(
    model: &CatalogModel,
    clients: &Clients,
    calls: &[NpmCall<'_>],
    defaults: &str,
) -> Result<()> {
    let truth = Truth::new(model)?;
    let (mut count, mut wrong) = (0, Vec::new());
    // A client without default scopes does not show which scopes are enough.
    for (host, service, held) in clients.defaults().filter(|(.., held)| !held.is_empty()) {
        let requests = truth.requests_of(clients, host, service);
        for (name, found) in requests.into_iter().chain(truth.methods_of(service)) {
            count += 1;
            if found.accepts(&held) == Ok(false) {
                wrong.push(format!("lacking a scope: {name} with {held:?}"));
            }
        }
    }
    println!(
        "{count} calls of generated clients with their default scopes, {} judged wrongly",
        wrong.len()
    );
    wrong.extend(truth.check_defaults(defaults)?);
    let (count, unnamed) = npm::unnamed(calls, |call| {
        truth
            .look_up(call.host, call.verb, &call.template)
            .is_some_and(|(_, found)| found.method().is_some())
    });
    println!(
        "{count} calls of npm's googleapis that Discovery does not list, {} without a method",
        unnamed.len()
    );
    wrong.extend(unnamed);
    if !wrong.is_empty() {
        bail!("the catalog contradicts Google's clients:\n{}", wrong.join("\n"));
    }
    Ok(())
}

/// Checks that the catalog accepts every scope that older documents list for a method.
/// google-apis-rs requests by default one of the scopes that the documents of its time list, so
/// this check covers the defaults of all of its crates.
pub(crate) fn check_older(model: &CatalogModel, documents: &[Document]) -> Result<()> {
    let catalog = Truth::new(model)?.catalog;
    let (mut wrong, mut count) = (Vec::new(), 0);
    for method in documents.iter().flat_map(Document::methods) {
        for scope in &method.scopes {
            let is_lacking = is_lacking_in_every_version(catalog, &method.id, scope);
            count += usize::from(is_lacking.is_some());
            wrong.extend(is_lacking.unwrap_or_default().then(|| lacking(&method.id, scope)));
        }
    }
    println!("{count} scopes that older documents list, {} judged insufficient", wrong.len());
    ensure!(count > 10_000, "the catalog knows too few methods of the older documents");
    ensure!(wrong.is_empty(), "the catalog contradicts older documents:\n{}", wrong.join("\n"));
    Ok(())
}

/// Returns whether every version of a method lacks a scope if the token holds only this scope;
/// `None` if the catalog does not have the method.
fn is_lacking_in_every_version(catalog: Catalog, id: &str, scope: &str) -> Option<bool> {
    let held = ScopeSet::from_iter([Scope::from_uri(scope)]);
    let is_lacking = |method: ApiMethod| Lookup::from(method).accepts(&held) == Ok(false);
    catalog.versions(id).map(is_lacking).reduce(|all, one| all && one)
}

fn lacking(id: &str, scope: &str) -> String {
    format!("lacking a scope: {id} with {scope}")
}

/// A model, encoded and opened as a catalog in which calls can be looked up.
pub(crate) struct Truth {
    catalog: Catalog,
}

impl Truth {
    pub(crate) fn new(model: &CatalogModel) -> Result<Self> {
        let scopes = model.scopes();
        let data = encode::blob(model, &scopes, |_| true)?;
        let bytes = [render::head(model, &scopes).into_bytes(), data].concat();
        Ok(Self { catalog: Catalog::open(&bytes)? })
    }

    /// Returns the REST methods of the rpcs of a service.
    fn methods_of(&self, service: &str) -> Vec<(String, Lookup)> {
        let methods =
            (0..self.catalog.method_count()).filter_map(|index| self.catalog.method_at(index));
        let of_service = methods.filter(|method| {
            let (id, len) = (method.id(), service.len());
            id.starts_with(service) && id[len..].starts_with('.') && !id[len + 1..].contains('.')
        });
        let rest = |method: ApiMethod| self.catalog.method(method.discovery_id()?).ok();
        of_service
            .filter_map(rest)
            .map(|method| (method.id().to_owned(), Lookup::from(method)))
            .collect()
    }

    /// Returns the look-ups of the requests of a service that `clients.tsv` lists.
    fn requests_of(&self, clients: &Clients, host: &str, service: &str) -> Vec<(String, Lookup)> {
        let routes = clients.routes_of(host, service);
        routes.filter_map(|(verb, template)| self.look_up(host, verb, template)).collect()
    }

    /// Returns the URL of an example of a request, and its look-up.
    pub(crate) fn look_up(
        &self,
        host: &str,
        verb: &str,
        template: &PathTemplate,
    ) -> Option<(String, Lookup)> {
        let url = format!("https://{host}{}", example_path(template));
        let (verb, uri) = (verb.parse().ok()?, url.parse().ok()?);
        let endpoints = Endpoints::new().with_catalog(self.catalog);
        Some((url, lookup(&Call::new(&verb, &uri), &endpoints)))
    }

    /// Returns the defaults of google-apis-rs that the catalog does not accept.
    fn check_defaults(&self, text: &str) -> Result<Vec<String>> {
        let (mut wrong, mut count) = (Vec::new(), 0);
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (id, scope) = line.split_once('\t').with_context(|| line.to_owned())?;
            let is_lacking = is_lacking_in_every_version(self.catalog, id, &uri(scope));
            count += usize::from(is_lacking.is_some());
            wrong.extend(is_lacking.unwrap_or_default().then(|| lacking(id, scope)));
        }
        ensure!(count > 100, "{DEFAULTS} has only {count} methods that the catalog knows");
        println!("{count} defaults of google-apis-rs, {} judged wrongly", wrong.len());
        Ok(wrong)
    }
}
