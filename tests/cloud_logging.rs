//! Checks the library's events in the JSON that two common formatters write for Cloud Logging.
#![cfg(all(feature = "reqwest-middleware", feature = "catalog-full"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

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

/// The `@type` of a log entry that Error Reporting counts as an error.
/// Source: <https://docs.cloud.google.com/error-reporting/docs/formatting-error-messages>
const ERROR_EVENT: &str =
    "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent";

/// Makes a refused call, after which the library logs a denial and the service logs its own error.
async fn log_refused_call() {
    let vm = Vm::new("web-1").scopes(["logging.write"]);
    let google = FakeGoogle::builder().vm(vm).start().await.unwrap();
    google.other_api().times(1).respond_with(RefusalForm::Scope);
    let guard = builder(&google).detect().await;
    let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    let url = format!(
        "{}/v1/projects/my-project/topics/orders:publish",
        google.url_of(Service::OtherApi)
    );
    let error = client.post(url).bearer_auth(google.token()).send().await.unwrap_err();
    let span = gcp_scopes::telemetry::span(Denial::find(&error).unwrap());
    span.in_scope(|| tracing::error!({ "@type" = ERROR_EVENT }, "the order was not published"));
}

/// Returns the library's log entry and the service's log entry.
fn entries(log: &Log) -> (Value, Value) {
    let entries: Vec<Value> =
        log.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let with_message = |message: &str| {
        let matches =
            |entry: &&Value| entry["message"].as_str().is_some_and(|text| text.contains(message));
        let entry = entries.iter().find(matches);
        entry.unwrap_or_else(|| panic!("no entry has the message {message}: {entries:#?}")).clone()
    };
    (with_message("was refused"), with_message("the order was not published"))
}

#[tokio::test]
async fn tracing_stackdriver_writes_camel_case_names_and_a_span_object() {
    let log = Log::default();
    let buffer = log.clone();
    let layer = tracing_stackdriver::layer().with_writer(move || buffer.clone());
    let _capture = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    log_refused_call().await;
    let (denial_entry, service_entry) = entries(&log);
    let expected = [
        ("severity", json!("WARNING")),
        ("target", json!("gcp_scopes")),
        ("errorType", json!("ACCESS_TOKEN_SCOPE_INSUFFICIENT")),
        ("rpcMethod", json!("google.pubsub.v1.Publisher/Publish")),
        ("serverAddress", json!("pubsub.googleapis.com")),
        ("httpResponseStatusCode", json!(403)),
        ("oauthScopeCalls", json!(1)),
        ("oauthScopeGranted", json!("logging.write")),
    ];
    for (key, value) in expected {
        assert_eq!(denial_entry[key], value, "{key} of {denial_entry:#}");
    }
    assert_eq!(service_entry["severity"], "ERROR");
    assert_eq!(service_entry["span"]["oauth.scope.gate"], "scope", "{service_entry:#}");
    assert!(
        service_entry["span"]["oauth.scope.remedy"].as_str().unwrap().contains("web-1"),
        "{service_entry:#}"
    );
}

#[tokio::test]
async fn json_subscriber_keeps_field_names_and_the_error_reporting_type() {
    let log = Log::default();
    let buffer = log.clone();
    let mut layer = JsonLayer::new(move || buffer.clone());
    layer.with_flattened_event().with_top_level_flattened_current_span();
    // Cloud Logging calls the level WARN "WARNING":
    // <https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity>
    layer.add_dynamic_field("severity", |event, _| {
        Some(if *event.metadata().level() == Level::WARN {
            "WARNING"
        } else {
            event.metadata().level().as_str()
        })
    });
    let _capture = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    log_refused_call().await;
    let (denial_entry, service_entry) = entries(&log);
    assert_eq!(denial_entry["severity"], "WARNING");
    assert_eq!(denial_entry["error.type"], "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    assert_eq!(denial_entry["oauth.scope.calls"], 1);
    assert_eq!(service_entry["severity"], "ERROR");
    assert_eq!(service_entry["@type"], ERROR_EVENT);
    assert_eq!(service_entry["oauth.scope.gate"], "scope", "{service_entry:#}");
    assert_eq!(
        service_entry["rpc.method"], "google.pubsub.v1.Publisher/Publish",
        "{service_entry:#}"
    );
}
