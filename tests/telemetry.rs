//! What is logged: the fields that `docs/logs.md` lists and no others, and few events in a storm.
#![cfg(all(feature = "reqwest-middleware", feature = "catalog-full"))]
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

#[path = "support/builder.rs"]
mod builder;
#[path = "support/plain.rs"]
mod plain;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use builder::builder;
use gcp_scopes::guard::GuardBuilder;
use gcp_scopes::{Denial, Preflight};
use gcp_scopes_testing::{FakeGoogle, Fault, RefusalForm, Service, Vm};
use http::Response;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

type Fields = BTreeMap<String, String>;

/// Every event and span of ours, with its fields.
#[derive(Clone, Default)]
struct Records(Arc<Mutex<Vec<(Level, Fields)>>>);

impl Records {
    fn capture(&self) -> tracing::subscriber::DefaultGuard {
        tracing::subscriber::set_default(tracing_subscriber::registry().with(self.clone()))
    }

    /// The fields of the events of a kind, told by what only it says.
    fn of(&self, kind: &str) -> Vec<Fields> {
        let records = self.0.lock().unwrap();
        records
            .iter()
            .filter(|(_, fields)| kind_of(fields) == kind)
            .map(|(_, fields)| fields.clone())
            .collect()
    }

    fn add(&self, level: Level, record: impl FnOnce(&mut Values)) {
        let mut values = Values::default();
        record(&mut values);
        self.0.lock().unwrap().push((level, values.0));
    }
}

fn kind_of(fields: &Fields) -> &'static str {
    let is = |field: &str, value: &str| fields.get(field).is_some_and(|held| held == value);
    match fields.get("message") {
        None => "span",
        Some(_) if fields.contains_key("oauth.scope.why_unknown") => "not inspected",
        Some(_) if fields.contains_key("oauth.scope.gate") => "other gate",
        Some(_) if is("oauth.scope.evidence", "contradicted") => "contradicted",
        Some(message) if message.contains("which is sent all the same") => "predicted",
        Some(_) => "denied",
    }
}

#[derive(Default)]
struct Values(Fields);

impl Visit for Values {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl<S: Subscriber> Layer<S> for Records {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == gcp_scopes::telemetry::TARGET {
            self.add(*event.metadata().level(), |values| event.record(values));
        }
    }

    fn on_new_span(&self, span: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        if span.metadata().target() == gcp_scopes::telemetry::TARGET {
            self.add(*span.metadata().level(), |values| span.record(values));
        }
    }
}

async fn google() -> FakeGoogle {
    let poor = Vm::new("web-1").scopes(["logging.write"]);
    FakeGoogle::builder().vm(poor).bucket("photos").start().await.unwrap()
}

async fn client(guard: GuardBuilder) -> ClientWithMiddleware {
    let guard = guard.detect().await;
    ClientBuilder::new(plain::client()).with(guard.middleware()).build()
}

fn publish(client: &ClientWithMiddleware, google: &FakeGoogle) -> reqwest_middleware::RequestBuilder {
    let url = format!("{}/v1/projects/my-project/topics/orders:publish", google.url_of(Service::OtherApi));
    client.post(url).bearer_auth(google.token()).body("{}")
}

/// The rows of the table of fields in `docs/logs.md`, its header first.
fn rows() -> impl Iterator<Item = Vec<String>> {
    let page = include_str!("../docs/logs.md");
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    page.lines()
        .skip_while(|line| !line.starts_with("| field "))
        .map_while(move |line| line.starts_with('|').then(|| cells(line)))
}

/// The values that the page gives to a field, if it gives them and no description.
fn values() -> BTreeMap<String, BTreeSet<String>> {
    let words = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let listed = rows().filter(|row| row[7].starts_with('`'));
    listed.map(|row| (row[0].trim_matches('`').to_owned(), words(&row[7]))).collect()
}

/// The fields of `docs/logs.md`, by kind of event: whether each is always there.
fn documented() -> BTreeMap<String, BTreeMap<String, bool>> {
    let mut rows = rows();
    let header = rows.next().unwrap();
    let mut kinds: BTreeMap<String, BTreeMap<String, bool>> = BTreeMap::new();
    for row in rows.skip(1) {
        for (kind, there) in header.iter().zip(&row).take(7).skip(1).filter(|(_, there)| *there != "no") {
            kinds
                .entry(kind.clone())
                .or_default()
                .insert(row[0].trim_matches('`').to_owned(), there == "yes");
        }
    }
    kinds
}

/// One of each kind of event, and the span.
async fn everything() -> Records {
    let (google, records) = (google().await, Records::default());
    let _capture = records.capture();
    let confirm = client(builder(&google)).await;
    google.other_api().times(1).respond_with(RefusalForm::Scope);
    let refused = publish(&confirm, &google).send().await.unwrap_err();
    let span = gcp_scopes::telemetry::span(Denial::find(&refused).unwrap());
    span.in_scope(|| ());
    let deny = client(builder(&google).preflight(Preflight::Deny)).await;
    publish(&deny, &google).send().await.unwrap_err();
    let warn = client(builder(&google).preflight(Preflight::Warn)).await;
    // What the token holds is known from the second call on.
    google.other_api().times(1).respond_with(RefusalForm::Scope);
    publish(&warn, &google).send().await.unwrap_err();
    google.other_api().times(1).respond(Response::new("{}"));
    publish(&warn, &google).send().await.unwrap();
    google.other_api().times(1).respond_with(RefusalForm::IamDenied);
    publish(&warn, &google).send().await.unwrap();
    google.set_fault(Service::OAuth, Fault::Drop);
    google.set_fault(Service::Metadata, Fault::Drop);
    let blind = client(builder(&google)).await;
    google.other_api().times(1).respond_with(RefusalForm::Scope);
    publish(&blind, &google).send().await.unwrap_err();
    records
}

#[tokio::test]
async fn every_event_has_the_fields_that_the_page_lists_and_no_other() {
    let (records, documented, values) = (everything().await, documented(), values());
    for (kind, listed) in &documented {
        let events = records.of(kind);
        assert!(!events.is_empty(), "no event of the kind: {kind}");
        for event in &events {
            let unknown: Vec<_> = event.keys().filter(|field| !listed.contains_key(*field)).collect();
            assert!(unknown.is_empty(), "{kind} has fields that docs/logs.md does not list: {unknown:?}");
            let absent: Vec<_> =
                listed.iter().filter(|(field, always)| **always && !event.contains_key(*field)).collect();
            assert!(absent.is_empty(), "{kind} lacks fields that docs/logs.md promises: {absent:?}");
            let odd = values
                .iter()
                .find(|(field, values)| event.get(*field).is_some_and(|told| !values.contains(told)));
            assert!(
                odd.is_none(),
                "{kind} has a value that docs/logs.md does not list for {odd:?}: {event:?}"
            );
        }
        let seen: BTreeSet<_> = events.iter().flat_map(|event| event.keys().cloned()).collect();
        let never: Vec<_> = listed.keys().filter(|field| !seen.contains(*field)).collect();
        assert!(never.is_empty(), "docs/logs.md lists fields of {kind} that no event had: {never:?}");
    }
}

#[tokio::test]
async fn a_storm_of_refusals_is_a_handful_of_events_whose_counts_add_up() {
    let (google, records) = (google().await, Records::default());
    let client = client(builder(&google).preflight(Preflight::Deny)).await;
    let _capture = records.capture();
    for _ in 0..1000 {
        publish(&client, &google).send().await.unwrap_err();
    }
    let told: Vec<u64> =
        records.of("denied").iter().map(|event| event["oauth.scope.calls"].parse().unwrap()).collect();
    assert_eq!(told.iter().sum::<u64>(), 1000);
    assert!(told.len() <= 4, "{told:?}");
}
