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

/// Versions and methods that Google has withdrawn: npm's package still calls them, and neither
/// Discovery, the protos nor the generated clients have them. Host, and beginning of the path.
const WITHDRAWN: [(&str, &str); 31] = [
    ("accessapproval.googleapis.com", "/v1beta1/"),
    ("artifactregistry.googleapis.com", "/v1beta2/{+name}/operations"),
    ("baremetalsolution.googleapis.com", "/v2/{+location}/instanceProvisioningSettings:fetch"),
    ("baremetalsolution.googleapis.com", "/v2/{+parent}/instances"),
    ("beyondcorp.googleapis.com", "/v1alpha/{+appConnector}"),
    ("beyondcorp.googleapis.com", "/v1alpha/{+connector}"),
    ("beyondcorp.googleapis.com", "/v1alpha/{+parent}/appConn"),
    ("beyondcorp.googleapis.com", "/v1alpha/{+parent}/appGateways"),
    ("beyondcorp.googleapis.com", "/v1alpha/{+parent}/conn"),
    ("cloudfunctions.googleapis.com", "/v1beta2/"),
    (
        "compute.googleapis.com",
        "/compute/v1/projects/{project}/zones/{zone}/instances/{instance}/troubleshoot",
    ),
    ("contactcenterinsights.googleapis.com", "/v1/{+parent}/charts"),
    ("deepreview.googleapis.com", "/v1/{+name}:cancel"),
    ("displayvideo.googleapis.com", "/v1beta/"),
    ("displayvideo.googleapis.com", "/v1beta2/"),
    ("displayvideo.googleapis.com", "/v1dev/"),
    ("dns.googleapis.com", "/dns/v2beta1/"),
    ("file.googleapis.com", "/v1beta1/{+name}:directDelete"),
    ("file.googleapis.com", "/v1beta1/{+parent}/volumes:directCreate"),
    ("healthcare.googleapis.com", "/v1beta1/{+name}:evaluate"),
    ("healthcare.googleapis.com", "/v1beta1/{+parent}/annotation"),
    ("saasservicemgmt.googleapis.com", "/v1beta1/{+parent}/saasReleases"),
    ("saasservicemgmt.googleapis.com", "/v1beta1/{+parent}/unitGroup"),
    ("securitycenter.googleapis.com", "/v1p1alpha1/"),
    (
        "sqladmin.googleapis.com",
        "/sql/v1beta4/projects/{project}/instances/{instance}/workloadCaptures/",
    ),
    ("sqladmin.googleapis.com", "/v1/projects/{project}/instances/{instance}/workloadCaptures/"),
    ("storage.googleapis.com", "/storage/v1beta2/"),
    ("www.googleapis.com", "/adsense/v1.4/"),
    ("www.googleapis.com", "/androidpublisher/v"),
    ("www.googleapis.com", "/appsactivity/v1/"),
    ("www.googleapis.com", "/plus/v1/"),
];

/// Checks the generated clients for Python, google-apis-rs and npm's googleapis.
pub(crate) fn run(model: &CatalogModel, clients: &Clients, root: &Path) -> Result<()> {
    let scopes = model.scopes();
    let data = encode::blob(model, &scopes, |_| true)?;
    let bytes = [render::head(model, &scopes).into_bytes(), data].concat();
    let truth = Truth { catalog: Catalog::open(&bytes)? };
    let (mut calls, mut wrong) = (0, Vec::new());
    // A client without default scopes does not show which scopes are enough.
    for (host, service, held) in clients.defaults().filter(|(.., held)| !held.is_empty()) {
        let requests = truth.requests_of(clients, host, service);
        for (name, found) in requests.into_iter().chain(truth.methods_of(service)) {
            calls += 1;
            if found.accepts(&held) == Ok(false) {
                wrong.push(format!("lacking a scope: {name} with {held:?}"));
            }
        }
    }
    println!(
        "{calls} calls of generated clients with their default scopes, {} judged wrongly",
        wrong.len()
    );
    let text = fs::read_to_string(root.join(DEFAULTS)).context(DEFAULTS)?;
    wrong.extend(truth.check_defaults(&text)?);
    let text = fs::read_to_string(root.join(CALLS)).context(CALLS)?;
    wrong.extend(unnamed_calls(model, &text)?);
    if !wrong.is_empty() {
        bail!("the catalog contradicts Google's clients:\n{}", wrong.join("\n"));
    }
    Ok(())
}

/// Returns the calls for which the catalog has no method, except those that Google has withdrawn.
fn unnamed_calls(model: &CatalogModel, text: &str) -> Result<Vec<String>> {
    let (mut named, mut unnamed) = (0, Vec::new());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let [host, verb, path] = line.split('\t').collect::<Vec<_>>()[..] else {
            bail!("{CALLS}: {line}")
        };
        let wide = PathTemplate::from_path(path)?;
        let groups = model.groups.iter().filter(|group| group.host == host);
        let mut routes = groups.flat_map(|group| &group.rows).flat_map(|row| &row.routes);
        let is_withdrawn =
            WITHDRAWN.iter().any(|(at, start)| *at == host && path.starts_with(start));
        match routes.any(|(by, template)| by == verb && wide.includes(template)) {
            true => named += 1,
            false if is_withdrawn => {}
            false => unnamed.push(format!("no method: {line}")),
        }
    }
    println!("{named} calls of npm's googleapis that Discovery does not list have a method");
    Ok(unnamed)
}

struct Truth {
    catalog: Catalog,
}

impl Truth {
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
                wrong.push(format!("lacking a scope: {id} with {scope}"));
            }
        }
        ensure!(count > 100, "{DEFAULTS} has only {count} methods that the catalog knows");
        println!("{count} defaults of google-apis-rs, {} judged wrongly", wrong.len());
        Ok(wrong)
    }
}
