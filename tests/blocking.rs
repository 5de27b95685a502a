//! Checks what a program that blocks gets from the guard: responses and errors of
//! `reqwest::blocking` over real sockets against the fake Google.
#![cfg(all(feature = "reqwest-blocking", feature = "catalog-full"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

#[path = "support/builder.rs"]
mod builder;
#[path = "support/plain.rs"]
#[allow(dead_code, reason = "this test uses only the crypto provider")]
mod plain;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use builder::builder;
use gcp_scopes::adapter::reqwest::SendError;
use gcp_scopes::denial::DenialKind;
use gcp_scopes::{Denial, DenialDelivery, Guard, Preflight};
use gcp_scopes_testing::{FakeGoogle, Service};
use http::StatusCode;
use reqwest::blocking::{Client, RequestBuilder, Response};
use tokio::runtime::Runtime;

/// The fake Google, which runs on a runtime of its own, and a client that blocks.
struct BlockingSetup {
    google: FakeGoogle,
    client: Client,
    _runtime: Runtime,
}

impl BlockingSetup {
    fn start() -> Self {
        plain::provider();
        let runtime = Runtime::new().unwrap();
        let google = runtime.block_on(FakeGoogle::builder().bucket("photos").start()).unwrap();
        Self { google, client: Client::new(), _runtime: runtime }
    }

    fn request(&self, verb: http::Method, path: &str) -> RequestBuilder {
        let url = self.google.storage_url() + path;
        self.client.request(verb, url).bearer_auth(self.google.token())
    }

    /// A request for which the token of the VM lacks the scope.
    fn upload(&self) -> RequestBuilder {
        let path = "/upload/storage/v1/b/photos/o?uploadType=media&name=x";
        self.request(http::Method::POST, path).body("meow")
    }

    /// A request that IAM refuses.
    fn list(&self) -> RequestBuilder {
        self.request(http::Method::GET, "/storage/v1/b/photos/o")
    }
}

/// Returns the parts of a response that a program can see, and its body.
fn parts_of(response: Response) -> (StatusCode, String, http::HeaderMap, Option<u64>, String) {
    let (status, url) = (response.status(), response.url().to_string());
    let mut headers = response.headers().clone();
    // These headers have another value in each response of the fake.
    for name in ["date", "x-guploader-uploadid"] {
        headers.remove(name);
    }
    let length = response.content_length();
    (status, url, headers, length, response.text().unwrap())
}

#[test]
fn a_scope_refusal_is_a_denial_and_the_next_call_is_not_sent() {
    let setup = BlockingSetup::start();
    let guard = builder(&setup.google).detect_blocking();
    for kind in [DenialKind::Refused, DenialKind::Confirmed] {
        let error = guard.send_blocking(setup.upload()).unwrap_err();
        let denial = Denial::find(&error).unwrap();
        assert_eq!(
            (denial.kind(), denial.method().unwrap().id()),
            (kind, "storage.objects.insert")
        );
        assert!(denial.report().to_string().contains("gcloud compute instances"), "{error}");
    }
    let requests = setup.google.requests();
    assert_eq!(requests.iter().filter(|it| it.service() == Service::Storage).count(), 1);
}

#[test]
fn a_call_is_stopped_before_the_first_refusal_with_deny() {
    let setup = BlockingSetup::start();
    let guard = builder(&setup.google).preflight(Preflight::Deny).detect_blocking();
    let error = guard.send_blocking(setup.upload()).unwrap_err();
    assert_eq!(Denial::find(&error).unwrap().kind(), DenialKind::Predicted);
}

#[test]
fn a_refusal_by_iam_is_passed_on_unchanged() {
    let setup = BlockingSetup::start();
    let guard = builder(&setup.google).detect_blocking();
    let sent = guard.send_blocking(setup.list()).unwrap();
    let expected = setup.list().send().unwrap();
    assert_eq!(sent.remote_addr(), expected.remote_addr());
    let (sent, expected) = (parts_of(sent), parts_of(expected));
    assert_eq!(sent.0, StatusCode::FORBIDDEN);
    assert!(sent.4.contains("storage.objects.list"), "{}", sent.4);
    assert_eq!(sent, expected);
}

#[test]
fn a_message_replaces_the_body_if_the_guard_is_set_so() {
    let setup = BlockingSetup::start();
    let guard = builder(&setup.google).denial_delivery(DenialDelivery::Message).detect_blocking();
    // The first response is Google's, the second one the guard's.
    for _ in 0..2 {
        let response = guard.send_blocking(setup.upload()).unwrap();
        assert!(response.extensions().get::<Denial>().is_some());
        assert_eq!(response.url().path(), "/upload/storage/v1/b/photos/o");
        let (status, .., body) = parts_of(response);
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(body.contains("No IAM role fixes this"), "{body}");
    }
}

#[test]
fn a_connection_that_breaks_in_a_body_has_the_same_outcome_as_without_the_guard() {
    plain::provider();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        for connection in listener.incoming().take(2) {
            let mut connection = connection.unwrap();
            assert!(connection.read(&mut [0; 4096]).unwrap() > 0);
            let head = "HTTP/1.1 403 Forbidden\r\ncontent-length: 40000\r\n\r\n";
            connection.write_all(head.as_bytes()).unwrap();
            connection.write_all(&[b'x'; 20_000]).unwrap();
        }
    });
    let guard = Guard::builder().endpoint(&host, "storage.googleapis.com").unwrap().build();
    let client = Client::new();
    let request = || client.get(format!("http://{host}/storage/v1/b/photos"));
    let outcomes = [guard.send_blocking(request()).unwrap(), request().send().unwrap()];
    let [guarded, plain] = outcomes.map(|mut response| {
        let (mut bytes, length) = (Vec::new(), response.content_length());
        let ended = response.read_to_end(&mut bytes).map_err(|error| error.kind());
        (response.status(), length, bytes.len(), ended.is_err())
    });
    assert_eq!(guarded, plain);
    assert_eq!(guarded, (StatusCode::FORBIDDEN, Some(40_000), 20_000, true));
    server.join().unwrap();
}

#[test]
fn an_error_of_reqwest_is_passed_on() {
    plain::provider();
    let guard = Guard::builder().build();
    let sent = guard.send_blocking(Client::new().get("http://127.0.0.1:1/"));
    assert!(matches!(sent, Err(SendError::Reqwest(error)) if error.is_connect()));
}
