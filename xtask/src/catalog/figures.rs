//! Measures how many requests of Google's generated clients the catalog names and judges.

use anyhow::{Result, ensure};

use super::clients::{Clients, is_included};
use super::model::CatalogModel;
use super::template::PathTemplate;
use super::truth::Truth;
use gcp_scopes_catalog::scope::{Scope, ScopeSet};

/// A custom verb that no method has.
const UNKNOWN_VERB: &str = "frobnicate";

/// The number of requests, and how many of them have a property (`part`).
#[derive(Debug, Default)]
struct Share {
    part: usize,
    whole: usize,
}

impl Share {
    fn count(&mut self, is_part: bool) {
        self.part += usize::from(is_part);
        self.whole += 1;
    }

    fn percent(&self) -> f64 {
        100.0 * self.part as f64 / self.whole.max(1) as f64
    }
}

/// The figures, each with its limit in [`Figures::check`].
#[derive(Debug, Default)]
struct Figures {
    /// The requests for which a method is found.
    named: Share,
    /// As in `named`, but only the requests of services that other services include.
    included: Share,
    /// The requests that are judged insufficient with the default scopes of the client.
    blocked: Share,
    /// The requests that are judged insufficient with a scope that no method of the API accepts.
    seen_through: Share,
    /// The requests with an unknown custom verb for which a method is found.
    mistaken: Share,
}

/// Measures the catalog with everything that the clients send, and prints the figures.
pub(crate) fn run(model: &CatalogModel, clients: &Clients) -> Result<()> {
    let truth = Truth::new(model)?;
    let mut figures = Figures::default();
    for (host, rpc, verb, template) in clients.requests() {
        let Some((_, found)) = truth.look_up(host, verb, template) else { continue };
        figures.named.count(found.method().is_some());
        if is_included(rpc) {
            figures.included.count(found.method().is_some());
        }
        let held = clients.held_by(host, rpc);
        if !held.is_empty() {
            figures.blocked.count(found.accepts(&held) == Ok(false));
            figures.seen_through.count(found.accepts(&foreign_scope(&held)) == Ok(false));
        }
    }
    let routes = model.groups.iter().flat_map(|group| {
        let rows = group.rows.iter().flat_map(|row| &row.routes);
        rows.map(|(verb, template)| (group.host.as_str(), verb, template))
    });
    for (host, verb, template) in routes.filter(|(.., route)| route.custom_verb.is_some()) {
        let custom_verb = Some(UNKNOWN_VERB.to_owned());
        let unknown = PathTemplate { custom_verb, ..template.clone() };
        let found = truth.look_up(host, verb, &unknown);
        figures.mistaken.count(found.is_some_and(|(_, found)| found.method().is_some()));
    }
    figures.check()
}

/// Returns a token with a scope that belongs to none of the APIs of the clients.
fn foreign_scope(held: &ScopeSet) -> ScopeSet {
    let scopes = ["fitness.body.read", "youtube.upload"]
        .map(|name| Scope::from_uri(&super::model::uri(name)));
    scopes.into_iter().filter(|scope| !held.contains(scope)).take(1).collect()
}

impl Figures {
    /// Prints the figures, and returns an error if one of them is outside its limit.
    fn check(&self) -> Result<()> {
        let rows = [
            ("requests with a method", &self.named, 98.5..=100.0),
            ("requests of included services with a method", &self.included, 97.0..=100.0),
            ("requests blocked with the client's default scopes", &self.blocked, 0.0..=0.0),
            ("requests blocked with a scope of another API", &self.seen_through, 95.0..=100.0),
            ("unknown custom verbs with a method", &self.mistaken, 0.0..=1.0),
        ];
        for (name, share, limits) in rows {
            let percent = share.percent();
            println!("{name}: {} of {}, {percent:.2} %", share.part, share.whole);
            ensure!(limits.contains(&percent), "{name}: expected {limits:?} %");
        }
        Ok(())
    }
}
