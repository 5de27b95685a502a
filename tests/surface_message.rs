//! Checks `DenialDelivery::Message` over real sockets. The caller must get Google's response with
//! one change: a line that says what to do is added to the message.
#![cfg(all(feature = "reqwest-middleware", feature = "tower"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

#[path = "support/builder.rs"]
mod builder;
#[path = "support/plain.rs"]
mod plain;

use bytes::Bytes;
use gcp_scopes::denial::DenialKind;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::{Denial, DenialDelivery, Guard, Preflight, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, Fault, RefusalForm, Service};
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use serde_json::Value;
use tower::{ServiceBuilder, ServiceExt};

/// Creates a guarded client.
async fn client(google: &FakeGoogle, preflight: Preflight) -> ClientWithMiddleware {
    let guard = builder::builder(google)
        .denial_delivery(DenialDelivery::Message)
        .preflight(preflight)
        .detect()
        .await;
    ClientBuilder::new(plain::client()).with(guard.middleware()).build()
}

/// Makes a call to the service [`Service::OtherApi`] of the fake, which the guard treats as
/// Pub/Sub.
async fn publish(client: &ClientWithMiddleware, google: &FakeGoogle) -> reqwest::Response {
    let url = format!(
        "{}/v1/projects/my-project/topics/orders:publish",
        google.url_of(Service::OtherApi)
    );
    client.post(url).bearer_auth(google.token()).body("{}").send().await.unwrap()
}

#[tokio::test]
async fn a_refusal_keeps_everything_except_the_message() {
    let google = FakeGoogle::builder().start().await.unwrap();
    let guarded = client(&google, Preflight::Warn).await;
    let plain = ClientBuilder::new(plain::client()).build();
    for form in
        RefusalForm::all().iter().copied().filter(|form| form.is_scope_refusal() && !form.is_grpc())
    {
        google.other_api().times(2).respond_with(form);
        let (mut expected, mut response) =
            (publish(&plain, &google).await, publish(&guarded, &google).await);
        let line = response.extensions().get::<Denial>().unwrap().to_string();
        assert_eq!(
            (response.status(), response.version()),
            (expected.status(), expected.version()),
            "{form:?}"
        );
        assert_eq!(response.url(), expected.url(), "{form:?}");
        let length = response.headers_mut().remove(CONTENT_LENGTH).unwrap();
        expected.headers_mut().remove(CONTENT_LENGTH);
        for headers in [response.headers_mut(), expected.headers_mut()] {
            headers.remove(DATE);
        }
        assert_eq!(response.headers(), expected.headers(), "{form:?}");
        assert_eq!(
            response.content_length().unwrap().to_string(),
            length.to_str().unwrap(),
            "{form:?}"
        );
        let (text, expected) = (response.text().await.unwrap(), expected.text().await.unwrap());
        assert_eq!(length.to_str().unwrap(), text.len().to_string(), "{form:?}");
        let without_line = text.replace(&format!(". {line}"), "");
        assert!(!without_line.contains(&line), "{form:?}: {text}");
        assert_eq!(without_stops(&without_line), without_stops(&expected), "{form:?}");
    }
}

/// Returns `body` as compact JSON and without the full stops at the end of texts. Bodies are
/// compared in this form, because the guard ends Google's message with a full stop before it adds
/// the line.
fn without_stops(body: &str) -> String {
    let compact = serde_json::from_str::<Value>(body)
        .map_or_else(|_| body.to_owned(), |json| json.to_string());
    compact.replace(".\"", "\"").replace(".</", "</")
}

#[tokio::test]
async fn refusals_for_other_reasons_are_passed_on_unchanged() {
    let google = FakeGoogle::builder().start().await.unwrap();
    let guarded = client(&google, Preflight::Warn).await;
    let plain = ClientBuilder::new(plain::client()).build();
    for form in [
        RefusalForm::IamDenied,
        RefusalForm::ServiceDisabled,
        RefusalForm::AnalyticsLookAlike,
        RefusalForm::Html,
    ] {
        google.other_api().times(2).respond_with(form);
        let expected = publish(&plain, &google).await.bytes().await.unwrap();
        let response = publish(&guarded, &google).await;
        assert!(response.extensions().get::<Denial>().is_none(), "{form:?}");
        assert_eq!(response.bytes().await.unwrap(), expected, "{form:?}");
    }
}

#[tokio::test]
async fn an_oversized_refusal_is_replaced_by_valid_json() {
    let google = FakeGoogle::builder().start().await.unwrap();
    let guarded = client(&google, Preflight::Warn).await;
    let message = "Request had insufficient authentication scopes.";
    let error = serde_json::json!({"error": {
        "code": 403, "message": message, "status": "PERMISSION_DENIED",
        "zeroes": "0".repeat(1 << 17),
    }});
    let large = http::Response::builder().status(403).header("content-type", "application/json");
    google.other_api().respond(large.body(error.to_string()).unwrap());
    let response = publish(&guarded, &google).await;
    let line = response.extensions().get::<Denial>().unwrap().to_string();
    let length = response.content_length().unwrap();
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert!(body["error"]["message"].as_str().unwrap().ends_with(&line), "{body}");
    assert!(length < 8 * 1024, "{length}");
}

#[tokio::test]
async fn a_truncated_refusal_is_replaced_by_valid_json() {
    let google = FakeGoogle::builder().start().await.unwrap();
    let guarded = client(&google, Preflight::Warn).await;
    google.other_api().respond_with(RefusalForm::Scope);
    google.set_fault(Service::OtherApi, Fault::CutOff(200));
    let response = publish(&guarded, &google).await;
    let line = response.extensions().get::<Denial>().unwrap().to_string();
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert!(body["error"]["message"].as_str().unwrap().contains(&line), "{body}");
}

#[tokio::test]
async fn an_unsent_call_gets_a_403_through_reqwest_middleware() {
    let google = FakeGoogle::builder().start().await.unwrap();
    let guarded = client(&google, Preflight::Deny).await;
    let response = publish(&guarded, &google).await;
    assert!(google.requests().iter().all(|request| request.service() != Service::OtherApi));
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(response.url().path().ends_with(":publish"), "{}", response.url());
    let denial = response.extensions().get::<Denial>().unwrap().clone();
    assert_eq!(denial.kind(), DenialKind::Predicted);
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(body["error"]["message"], denial.to_string());
}

#[tokio::test]
async fn an_unsent_call_gets_a_403_through_tower() {
    let google = FakeGoogle::builder().start().await.unwrap();
    // The guard does not know the scopes of the token at the first call, but at the second.
    let guard = builder::builder(&google)
        .denial_delivery(DenialDelivery::Message)
        .preflight(Preflight::Deny);
    let guard = guard.detect().await;
    let hyper = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let service = ServiceBuilder::new().layer(guard.layer()).service(hyper);
    for _ in 0..2 {
        let url = format!(
            "{}/v1/projects/my-project/topics/orders:publish",
            google.url_of(Service::OtherApi)
        );
        let request =
            Request::post(url).header("authorization", format!("Bearer {}", google.token()));
        let response =
            service.clone().oneshot(request.body(Full::default()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        let line = response.extensions().get::<Denial>().unwrap().to_string();
        let body: Value =
            serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes())
                .unwrap();
        assert_eq!(body["error"]["message"], line);
    }
    assert!(google.requests().iter().all(|request| request.service() != Service::OtherApi));
}

/// Makes a `HEAD` request through reqwest-middleware and through tower. Returns the header
/// `Content-Length`, the body and the denial of each response.
async fn head(guard: &Guard, url: &str, token: &str) -> [(Option<HeaderValue>, Bytes, Denial); 2] {
    let length = |headers: &HeaderMap| headers.get(CONTENT_LENGTH).cloned();
    let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    let response = client.head(url).bearer_auth(token).send().await.unwrap();
    let denial = response.extensions().get::<Denial>().unwrap().clone();
    let reqwest = (length(response.headers()), response.bytes().await.unwrap(), denial);
    let hyper = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let service = ServiceBuilder::new().layer(guard.layer()).service(hyper);
    let request = Request::head(url).header("authorization", format!("Bearer {token}"));
    let response = service.oneshot(request.body(Full::default()).unwrap()).await.unwrap();
    let denial = response.extensions().get::<Denial>().unwrap().clone();
    let length = length(response.headers());
    [reqwest, (length, response.into_body().collect().await.unwrap().to_bytes(), denial)]
}

#[tokio::test]
async fn a_response_to_a_head_request_has_no_body() {
    let google = FakeGoogle::builder().bucket("photos").start().await.unwrap();
    let token = google.mint("robot@my-project.iam.gserviceaccount.com", ["logging.write"]);
    let url = format!("{}/photos/cat.jpg", google.storage_url());
    for (preflight, kind) in
        [(Preflight::Warn, DenialKind::Refused), (Preflight::Deny, DenialKind::Predicted)]
    {
        let guard =
            builder::builder(&google).denial_delivery(DenialDelivery::Message).preflight(preflight);
        let guard = guard.detect().await;
        let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/logging.write");
        let token_value = AccessToken::new(&token).unwrap();
        guard.declare(token_value, GrantedScopes::known(held, GrantSource::Declared));
        for (length, body, denial) in head(&guard, &url, &token).await {
            assert_eq!((denial.kind(), body.len()), (kind, 0), "{preflight:?}");
            // The length is that of the body that the response to a `GET` request has. The fake
            // does not send the length.
            let length = length.map(|length| length.to_str().unwrap().parse::<usize>().unwrap());
            assert_eq!(length.is_some_and(|length| length > 100), preflight == Preflight::Deny);
        }
        let get = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
        let get = get.get(&url).bearer_auth(&token).send().await.unwrap();
        assert!(!get.bytes().await.unwrap().is_empty(), "{preflight:?}");
    }
}
