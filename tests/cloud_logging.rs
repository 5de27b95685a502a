//! Our events in Cloud Logging's JSON, as the formatters that services use write it.
#![cfg(all(feature = "reqwest-middleware", feature = "catalog-full"))]
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

#[path = "support/builder.rs"]
mod builder;
#[path = "support/log.rs"]
mod log;
#[path = "support/plain.rs"]
mod plain;

use builder::builder;
use gcp_scopes::Denial;
use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service, Vm};
use json_subscriber::JsonLayer;
use log::Log;
use reqwest_middleware::ClientBuilder;
use serde_json::{Value, json};
use tracing::Level;
use tracing_subscriber::layer::SubscriberExt;

/// The `@type` by which Error Reporting takes a log entry for an error.
/// Source: <https://docs.cloud.google.com/error-reporting/docs/formatting-error-messages>
const ERROR_EVENT: &str =
    "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent";

/// A service's call is refused, and it says so in its own words.
async fn refused() {
    let poor = Vm::new("web-1").scopes(["logging.write"]);
    let google = FakeGoogle::builder().vm(poor).start().await.unwrap();
    google.other_api().times(1).respond_with(RefusalForm::Scope);
    let guard = builder(&google).detect().await;
    let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    let url = format!("{}/v1/projects/my-project/topics/orders:publish", google.url_of(Service::OtherApi));
    let error = client.post(url).bearer_auth(google.token()).send().await.unwrap_err();
    let span = gcp_scopes::telemetry::span(Denial::find(&error).unwrap());
    span.in_scope(|| tracing::error!({ "@type" = ERROR_EVENT }, "the order was not published"));
}

/// The entries of the library and of the service.
fn entries(log: &Log) -> (Value, Value) {
    let all: Vec<Value> = log.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |message: &str| {
        let is = |entry: &&Value| entry["message"].as_str().is_some_and(|text| text.contains(message));
        all.iter().find(is).unwrap_or_else(|| panic!("no entry says {message}: {all:#?}")).clone()
    };
    (of("was refused"), of("the order was not published"))
}

#[tokio::test]
async fn tracing_stackdriver_writes_camel_case_and_puts_the_span_beside_the_event() {
    let log = Log::default();
    let sink = log.clone();
    let layer = tracing_stackdriver::layer().with_writer(move || sink.clone());
    let _capture = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    refused().await;
    let (ours, theirs) = entries(&log);
    let expected = [
        ("severity", json!("WARNING")),
        ("target", json!("gcp_scopes")),
        ("errorType", json!("ACCESS_TOKEN_SCOPE_INSUFFICIENT")),
        ("rpcMethod", json!("pubsub.projects.topics.publish")),
        ("serverAddress", json!("pubsub.googleapis.com")),
        ("httpResponseStatusCode", json!(403)),
        ("oauthScopeCalls", json!(1)),
        ("oauthScopeGranted", json!("logging.write")),
    ];
    for (key, value) in expected {
        assert_eq!(ours[key], value, "{key} of {ours:#}");
    }
    assert_eq!(theirs["severity"], "ERROR");
    assert_eq!(theirs["span"]["oauth.scope.gate"], "scope", "{theirs:#}");
    assert!(theirs["span"]["oauth.scope.remedy"].as_str().unwrap().contains("web-1"), "{theirs:#}");
}

#[tokio::test]
async fn json_subscriber_keeps_the_names_and_what_error_reporting_looks_for() {
    let log = Log::default();
    let sink = log.clone();
    let mut layer = JsonLayer::new(move || sink.clone());
    layer.with_flattened_event().with_top_level_flattened_current_span();
    // Cloud Logging knows the level WARN by another name.
    // Source: <https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity>
    layer.add_dynamic_field("severity", |event, _| {
        Some(if *event.metadata().level() == Level::WARN {
            "WARNING"
        } else {
            event.metadata().level().as_str()
        })
    });
    let _capture = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    refused().await;
    let (ours, theirs) = entries(&log);
    assert_eq!(ours["severity"], "WARNING");
    assert_eq!(ours["error.type"], "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    assert_eq!(ours["oauth.scope.calls"], 1);
    assert_eq!(theirs["severity"], "ERROR");
    assert_eq!(theirs["@type"], ERROR_EVENT);
    assert_eq!(theirs["oauth.scope.gate"], "scope", "{theirs:#}");
    assert_eq!(theirs["rpc.method"], "pubsub.projects.topics.publish", "{theirs:#}");
}
