use std::sync::{Arc, Mutex};

use futures::TryStreamExt;
use gcp_scopes::denial::DenialKind;
use gcp_scopes::{Denial, Guard, Preflight};
use gcp_scopes_opendal::GuardOpendalExt as _;
use gcp_scopes_testing::{FakeGoogle, Fault, RefusalForm, Service};
use opendal::layers::{ConcurrentLimitLayer, RetryLayer, TimeoutLayer};
use opendal::services::Gcs;
use opendal::{Buffer, ErrorKind, HttpBody, HttpTransport, HttpTransporter, OperationContext, Operator};
use opendal_http_transport_reqwest::ReqwestTransport;

use super::{BUCKET, calls, film, google, guard, provide_crypto, rich};

fn gcs(url: &str) -> Gcs {
    Gcs::default().bucket(BUCKET).endpoint(url).disable_vm_metadata().disable_config_load()
}

pub(crate) fn operator(google: &FakeGoogle, token: String) -> Operator {
    provide_crypto();
    // A pool of connections of its own, which ends with the test's runtime.
    let transport = HttpTransporter::new(ReqwestTransport::new(reqwest::Client::new()));
    let context = OperationContext::new().with_http_transport(transport);
    Operator::new(gcs(&google.storage_url()).token(token)).unwrap().with_context(context)
}

fn retry() -> RetryLayer {
    RetryLayer::new().with_min_delay(std::time::Duration::from_millis(1)).with_max_times(3)
}

#[tokio::test]
async fn a_denial_is_permission_denied_and_found_and_not_retried_in_any_order_of_layers() {
    let google = google().await;
    for preflight in [Preflight::Warn, Preflight::Deny] {
        let guard = guard(&google).preflight(preflight).detect().await;
        let bare = || operator(&google, google.token());
        let (limit, timeout) = (|| ConcurrentLimitLayer::new(2), TimeoutLayer::new);
        let orders = [
            ("guard", bare().layer(guard.opendal())),
            ("guard, retry", bare().layer(guard.opendal()).layer(retry())),
            ("retry, guard", bare().layer(retry()).layer(guard.opendal())),
            ("timeout, guard, limit, retry", {
                bare().layer(timeout()).layer(guard.opendal()).layer(limit()).layer(retry())
            }),
            ("retry, limit, timeout, guard", {
                bare().layer(retry()).layer(limit()).layer(timeout()).layer(guard.opendal())
            }),
        ];
        for (order, operator) in orders {
            let before = calls(&google);
            let error = operator.write("cat.jpg", "meow").await.expect_err(order);
            assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{order}");
            assert!(!error.is_temporary(), "{order}");
            let denial = Denial::find(&error).unwrap_or_else(|| panic!("{order}: {error:?}"));
            assert_eq!(denial.method().unwrap().id(), "storage.objects.insert", "{order}");
            let (kind, sent) = match preflight {
                Preflight::Deny => (DenialKind::Predicted, 0),
                _ => (DenialKind::Refused, 1),
            };
            assert_eq!((denial.kind(), calls(&google) - before), (kind, sent), "{order}");
            assert_eq!(error.to_string().matches("No IAM role fixes this").count(), 1, "{error}");
            assert!(Denial::find(&std::io::Error::from(error)).is_some(), "{order}: as an io::Error");
        }
    }
}

#[tokio::test]
async fn retries_of_a_server_that_is_down_go_on() {
    let google = google().await;
    let operator = operator(&google, rich(&google)).layer(guard(&google).build().opendal()).layer(retry());
    google.set_fault(Service::Storage, Fault::Flaky { failures: 2, group: 3 });
    operator.write("cat.jpg", "meow").await.unwrap();
    assert_eq!(calls(&google), 3);
}

#[tokio::test]
async fn everything_that_is_allowed_works_as_without_the_guard() {
    let google = google().await;
    let guard = guard(&google).preflight(Preflight::Deny).detect().await;
    let operator = operator(&google, rich(&google)).layer(guard.opendal());
    // opendal sends parts of no less than 5 MiB.
    let film = film(6);
    operator.write("pets/cat.jpg", film.clone()).await.unwrap();
    let reader = operator.reader("pets/cat.jpg").await.unwrap();
    let down = reader.into_bytes_stream(..).await.unwrap().map_ok(Vec::from).try_concat().await.unwrap();
    assert!(down == film, "{} bytes", down.len());
    let part = operator.read_with("pets/cat.jpg").range(1000..2000).await.unwrap();
    assert_eq!(part.to_vec(), film[1000..2000]);
    assert_eq!(operator.stat("pets/cat.jpg").await.unwrap().content_length(), film.len() as u64);

    let mut writer = operator.writer_with("pets/dog.jpg").chunk(5 * 1024 * 1024).await.unwrap();
    for part in film.chunks(1024 * 1024) {
        writer.write(part.to_vec()).await.unwrap();
    }
    writer.close().await.unwrap();
    assert!(operator.read("pets/dog.jpg").await.unwrap().to_vec() == film);
    let in_parts = google.requests().iter().any(|request| request.query().contains("partNumber=2"));
    assert!(in_parts, "the second object went up in parts");

    operator.copy("pets/dog.jpg", "pets/cow.jpg").await.unwrap();
    let listed = operator.list("pets/").await.unwrap();
    let names: Vec<_> = listed.iter().map(|entry| entry.name()).filter(|name| !name.is_empty()).collect();
    assert_eq!(names, ["cat.jpg", "cow.jpg", "dog.jpg"]);
    for name in names {
        operator.delete(&format!("pets/{name}")).await.unwrap();
    }
    assert_eq!(operator.read("pets/cat.jpg").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_refusal_by_another_gate_is_the_same_error() {
    let google = google().await;
    let bare = operator(&google, rich(&google));
    let guarded = operator(&google, rich(&google)).layer(guard(&google).build().opendal());
    for wire in [
        RefusalForm::IamDenied,
        RefusalForm::ServiceDisabled,
        RefusalForm::VpcSc,
        RefusalForm::Billing,
        RefusalForm::Html,
    ] {
        for fault in [Fault::ChunkSize(64), Fault::ChunkSize(usize::MAX)] {
            google.set_fault(Service::Storage, fault);
            google.script(Service::Storage).times(2).respond_with(wire);
            let expected = bare.stat("cat.jpg").await.unwrap_err();
            let error = guarded.stat("cat.jpg").await.unwrap_err();
            assert!(Denial::find(&error).is_none(), "{wire:?}");
            assert_eq!(dateless(&error.to_string()), dateless(&expected.to_string()), "{wire:?}");
        }
    }
}

/// opendal shows the headers of a refused answer.
fn dateless(text: &str) -> String {
    let (before, after) = text.split_once("\"date\": \"").unwrap_or((text, ""));
    format!("{before}{}", after.split_once('"').map_or("", |(_, rest)| rest))
}

/// Answers every request as Google refuses for lack of scope, and notes which host it went to.
#[derive(Clone, Default)]
struct Refuses(Arc<Mutex<Vec<String>>>);

impl HttpTransport for Refuses {
    async fn fetch(&self, request: http::Request<Buffer>) -> opendal::Result<http::Response<HttpBody>> {
        self.0.lock().unwrap().extend(request.uri().host().map(str::to_owned));
        let json = r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#;
        let body = HttpBody::new(futures::stream::iter([Ok(Buffer::from(json))]), Some(json.len() as u64));
        Ok(http::Response::builder().status(403).body(body).unwrap())
    }
}

#[tokio::test]
async fn token_traffic_passes_untouched_through_the_same_transport() {
    let user = r#"{"type":"authorized_user","client_id":"a","client_secret":"b","refresh_token":"c"}"#;
    let credential = base64(user);
    let google = Refuses::default();
    let operator = |gcs: Gcs| {
        let context = OperationContext::new().with_http_transport(HttpTransporter::new(google.clone()));
        Operator::new(gcs).unwrap().with_context(context).layer(Guard::builder().build().opendal())
    };
    let storage = "https://storage.googleapis.com";
    let by_token = operator(gcs(storage).token("x".to_owned()));
    assert!(Denial::find(&by_token.stat("cat.jpg").await.unwrap_err()).is_some());
    let error = operator(gcs(storage).credential(&credential)).stat("cat.jpg").await.unwrap_err();
    assert!(Denial::find(&error).is_none(), "{error:?}");
    let hosts = google.0.lock().unwrap().clone();
    assert_eq!(hosts, ["storage.googleapis.com", "oauth2.googleapis.com"]);
}

/// <https://www.rfc-editor.org/rfc/rfc4648#section-4>
fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in text.as_bytes().chunks(3) {
        let bits = three.iter().chain(&[0, 0]).take(3).fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        let digit = |place: usize| char::from(LETTERS[bits >> (18 - 6 * place) & 63]);
        let digits = (0..4).map(|place| if place <= three.len() { digit(place) } else { '=' });
        out.extend(digits);
    }
    out
}
