//! Reads `xtask/clients.tsv`: what Google's generated clients for Python send. `clients.py`
//! extracts it from the packages that `xtask/clients.txt` pins.
//!
//! The clients know routes that neither Discovery nor the protos have: those of rpcs that many
//! services include (operations, locations, policies), and those of rpcs that are newer than the
//! package of the protos.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};

use super::model::{short, uri};
use super::protos::Rpc;
use super::template::PathTemplate;
use gcp_scopes_catalog::scope::{Scope, ScopeSet};

/// The services that other services include. The host of such a service is that of the including
/// service.
pub(crate) const INCLUDED: [&str; 3] = [
    "google.longrunning.Operations.",
    "google.cloud.location.Locations.",
    "google.iam.v1.IAMPolicy.",
];

/// What the generated clients send.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    /// The scopes that the client of a service requests by default, by host and service.
    pub(crate) services: BTreeMap<(String, String), BTreeSet<String>>,
    /// The HTTP bindings of the rpcs, by host and rpc.
    bindings: BTreeMap<(String, String), Vec<BindingLine>>,
}

/// A line with a binding, and what it contains.
#[derive(Debug)]
struct BindingLine {
    line: String,
    route: (String, PathTemplate),
}

impl Clients {
    /// Reads the lines that `clients.py` prints.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let mut clients = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            match fields.as_slice() {
                [host, service, scopes] => {
                    let full = |scope: &str| {
                        if scope.contains(':') { scope.to_owned() } else { uri(scope) }
                    };
                    let scopes = scopes.split_whitespace().map(full).collect();
                    clients.services.insert(((*host).to_owned(), (*service).to_owned()), scopes);
                }
                [host, rpc, verb, path] => {
                    let template =
                        PathTemplate::from_http_rule(path).with_context(|| line.to_owned())?;
                    let route = ((*verb).to_owned(), template);
                    let key = ((*host).to_owned(), (*rpc).to_owned());
                    let binding = BindingLine { line: line.to_owned(), route };
                    clients.bindings.entry(key).or_default().push(binding);
                }
                _ => anyhow::bail!("expected three or four fields: {line}"),
            }
        }
        ensure!(!clients.services.is_empty(), "no client was read");
        Ok(clients)
    }

    /// Returns the rpcs with their bindings. An rpc of an included service has the scopes of all
    /// services of its host.
    pub(crate) fn rpcs(&self) -> Vec<Rpc> {
        self.bindings
            .iter()
            .map(|((host, id), bindings)| Rpc {
                package: id.rsplitn(3, '.').last().unwrap_or_default().to_owned(),
                id: id.clone(),
                host: host.clone(),
                scopes: self.scopes(host, id),
                bindings: bindings.iter().map(|binding| binding.route.clone()).collect(),
            })
            .collect()
    }

    /// Returns the services, each with its host and the scopes that its client requests by default.
    pub(crate) fn defaults(&self) -> impl Iterator<Item = (&str, &str, ScopeSet)> {
        self.services.iter().map(|((host, service), scopes)| {
            let held = scopes.iter().map(|scope| Scope::from_uri(scope)).collect();
            (host.as_str(), service.as_str(), held)
        })
    }

    /// Returns the routes of the rpcs of a service, and of those that its host includes.
    pub(crate) fn routes_of(
        &self,
        host: &str,
        service: &str,
    ) -> impl Iterator<Item = &(String, PathTemplate)> {
        let is_of = move |id: &str| {
            is_included(id) || id.rsplit_once('.').is_some_and(|(own, _)| own == service)
        };
        let bindings = self.bindings.iter().filter(move |((at, id), _)| at == host && is_of(id));
        bindings.flat_map(|(_, bindings)| bindings.iter().map(|binding| &binding.route))
    }

    /// Returns every request: host, rpc, HTTP verb and path template.
    pub(crate) fn requests(&self) -> impl Iterator<Item = (&str, &str, &str, &PathTemplate)> {
        self.bindings.iter().flat_map(|((host, rpc), bindings)| {
            let routes = bindings.iter().map(|binding| &binding.route);
            routes.map(|(verb, path)| (host.as_str(), rpc.as_str(), verb.as_str(), path))
        })
    }

    /// Returns the scopes that the client of an rpc requests by default.
    pub(crate) fn held_by(&self, host: &str, rpc: &str) -> ScopeSet {
        self.scopes(host, rpc).iter().map(|scope| Scope::from_uri(scope)).collect()
    }

    fn scopes(&self, host: &str, id: &str) -> BTreeSet<String> {
        let is_of = |service: &str| {
            is_included(id) || id.rsplit_once('.').is_some_and(|(own, _)| own == service)
        };
        let services =
            self.services.iter().filter(|((at, service), _)| at == host && is_of(service));
        services.flat_map(|(_, scopes)| scopes.iter().cloned()).collect()
    }

    /// Returns the lines of all services, and of those bindings for which `keep` returns `true`.
    pub(crate) fn lines(&self, keep: impl Fn(&str, &str, &PathTemplate) -> bool) -> String {
        let services = self.services.iter().map(|((host, service), scopes)| {
            format!(
                "{host}\t{service}\t{}\n",
                scopes.iter().map(|scope| short(scope)).collect::<Vec<_>>().join(" ")
            )
        });
        let bindings = self.bindings.iter().flat_map(|((host, _), bindings)| {
            bindings.iter().filter(|binding| keep(host, &binding.route.0, &binding.route.1))
        });
        services.chain(bindings.map(|binding| format!("{}\n", binding.line))).collect()
    }
}

/// Checks whether an rpc belongs to a service that other services include.
pub(crate) fn is_included(id: &str) -> bool {
    INCLUDED.iter().any(|service| id.starts_with(service))
}
