//! Tests of the layer for opendal.

use std::sync::{Arc, Mutex};

use futures::TryStreamExt;
use gcp_scopes::denial::DenialKind;
use gcp_scopes::{Denial, Guard, Preflight};
use gcp_scopes_opendal::GuardOpendalExt as _;
use gcp_scopes_testing::{FakeGoogle, Fault, RefusalForm, Service};
use opendal::layers::{ConcurrentLimitLayer, RetryLayer, TimeoutLayer};
use opendal::services::Gcs;
use opendal::{
    Buffer, ErrorKind, HttpBody, HttpTransport, HttpTransporter, OperationContext, Operator,
};
use opendal_http_transport_reqwest::ReqwestTransport;

use super::{
    BUCKET, film, full_control_token, google, guard, install_crypto_provider, storage_calls,
};

/// Returns the configuration of the service at this URL, without any source of tokens.
fn gcs(url: &str) -> Gcs {
    Gcs::default().bucket(BUCKET).endpoint(url).disable_vm_metadata().disable_config_load()
}

/// Builds an operator for the fake Cloud Storage, which sends this token.
pub(crate) fn operator(google: &FakeGoogle, token: String) -> Operator {
    install_crypto_provider();
    // Each test has its own connection pool, because its connections end with the runtime of the
    // test.
    let transport = HttpTransporter::new(ReqwestTransport::new(reqwest::Client::new()));
    let context = OperationContext::new().with_http_transport(transport);
    Operator::new(gcs(&google.storage_url()).token(token)).unwrap().with_context(context)
}

/// Returns a retry layer whose delays are short.
fn retry() -> RetryLayer {
    RetryLayer::new().with_min_delay(std::time::Duration::from_millis(1)).with_max_times(3)
}

#[tokio::test]
async fn denied_writes_fail_with_permission_denied_in_any_order_of_layers() {
    let google = google().await;
    for preflight in [Preflight::Warn, Preflight::Deny] {
        let guard = guard(&google).preflight(preflight).detect().await;
        let unguarded = || operator(&google, google.token());
        let (limit, timeout) = (|| ConcurrentLimitLayer::new(2), TimeoutLayer::new);
        // From the innermost layer to the outermost.
        let orders = [
            ("guard", unguarded().layer(guard.opendal())),
            ("guard, retry", unguarded().layer(guard.opendal()).layer(retry())),
            ("retry, guard", unguarded().layer(retry()).layer(guard.opendal())),
            ("timeout, guard, limit, retry", {
                unguarded().layer(timeout()).layer(guard.opendal()).layer(limit()).layer(retry())
            }),
            ("retry, limit, timeout, guard", {
                unguarded().layer(retry()).layer(limit()).layer(timeout()).layer(guard.opendal())
            }),
        ];
        for (order, operator) in orders {
            let before = storage_calls(&google);
            let error = operator.write("cat.jpg", "meow").await.expect_err(order);
            assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{order}");
            assert!(!error.is_temporary(), "{order}");
            let denial =
                Denial::find(&error).unwrap_or_else(|| panic!("{order}: no denial in {error:?}"));
            assert_eq!(denial.method().unwrap().id(), "storage.objects.insert", "{order}");
            let (kind, sent) = match preflight {
                Preflight::Deny => (DenialKind::Predicted, 0),
                _ => (DenialKind::Refused, 1),
            };
            assert_eq!((denial.kind(), storage_calls(&google) - before), (kind, sent), "{order}");
            assert_eq!(error.to_string().matches("No IAM role fixes this").count(), 1, "{error}");
            assert!(
                Denial::find(&std::io::Error::from(error)).is_some(),
                "{order}: not in io::Error"
            );
        }
    }
}

#[tokio::test]
async fn server_errors_are_retried_as_without_the_guard() {
    let google = google().await;
    let operator = operator(&google, full_control_token(&google))
        .layer(guard(&google).build().opendal())
        .layer(retry());
    google.set_fault(Service::Storage, Fault::Flaky { failures: 2, group: 3 });
    operator.write("cat.jpg", "meow").await.unwrap();
    assert_eq!(storage_calls(&google), 3);
}

#[tokio::test]
async fn allowed_operations_of_all_kinds_succeed() {
    let google = google().await;
    let guard = guard(&google).preflight(Preflight::Deny).detect().await;
    let operator = operator(&google, full_control_token(&google)).layer(guard.opendal());
    // opendal sends parts of at least 5 MiB, so the second object below is uploaded in two parts.
    let film = film(6);
    operator.write("pets/cat.jpg", film.clone()).await.unwrap();
    let reader = operator.reader("pets/cat.jpg").await.unwrap();
    let downloaded =
        reader.into_bytes_stream(..).await.unwrap().map_ok(Vec::from).try_concat().await.unwrap();
    assert!(downloaded == film, "{} of {} bytes, or other bytes", downloaded.len(), film.len());
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
    assert!(in_parts, "the second object was not uploaded in parts");

    operator.copy("pets/dog.jpg", "pets/cow.jpg").await.unwrap();
    let listed = operator.list("pets/").await.unwrap();
    let names: Vec<_> =
        listed.iter().map(|entry| entry.name()).filter(|name| !name.is_empty()).collect();
    assert_eq!(names, ["cat.jpg", "cow.jpg", "dog.jpg"]);
    for name in names {
        operator.delete(&format!("pets/{name}")).await.unwrap();
    }
    assert_eq!(operator.read("pets/cat.jpg").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_refusal_for_another_reason_than_scopes_is_unchanged() {
    let google = google().await;
    let unguarded = operator(&google, full_control_token(&google));
    let guarded =
        operator(&google, full_control_token(&google)).layer(guard(&google).build().opendal());
    for form in [
        RefusalForm::IamDenied,
        RefusalForm::ServiceDisabled,
        RefusalForm::VpcSc,
        RefusalForm::Billing,
        RefusalForm::Html,
    ] {
        for fault in [Fault::ChunkSize(64), Fault::ChunkSize(usize::MAX)] {
            google.set_fault(Service::Storage, fault);
            google.script(Service::Storage).times(2).respond_with(form);
            let expected = unguarded.stat("cat.jpg").await.unwrap_err();
            let error = guarded.stat("cat.jpg").await.unwrap_err();
            assert!(Denial::find(&error).is_none(), "{form:?}");
            assert_eq!(
                without_date(&error.to_string()),
                without_date(&expected.to_string()),
                "{form:?}"
            );
        }
    }
}

/// Removes the value of the header `date`: opendal prints the headers of the response in the error.
fn without_date(text: &str) -> String {
    let (before, after) = text.split_once("\"date\": \"").unwrap_or((text, ""));
    format!("{before}{}", after.split_once('"').map_or("", |(_, rest)| rest))
}

/// A transport that refuses every request for lack of scope, as Google does, and records the hosts.
#[derive(Clone, Default)]
struct RefusingTransport(Arc<Mutex<Vec<String>>>);

impl HttpTransport for RefusingTransport {
    async fn fetch(
        &self,
        request: http::Request<Buffer>,
    ) -> opendal::Result<http::Response<HttpBody>> {
        self.0.lock().unwrap().extend(request.uri().host().map(str::to_owned));
        let json =
            r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#;
        let body =
            HttpBody::new(futures::stream::iter([Ok(Buffer::from(json))]), Some(json.len() as u64));
        Ok(http::Response::builder().status(403).body(body).unwrap())
    }
}

#[tokio::test]
async fn requests_for_tokens_are_not_checked() {
    let user_credential =
        r#"{"type":"authorized_user","client_id":"a","client_secret":"b","refresh_token":"c"}"#;
    let credential = base64(user_credential);
    let transport = RefusingTransport::default();
    let operator = |gcs: Gcs| {
        let context =
            OperationContext::new().with_http_transport(HttpTransporter::new(transport.clone()));
        Operator::new(gcs).unwrap().with_context(context).layer(Guard::builder().build().opendal())
    };
    let storage = "https://storage.googleapis.com";
    let with_token = operator(gcs(storage).token("x".to_owned()));
    assert!(Denial::find(&with_token.stat("cat.jpg").await.unwrap_err()).is_some());
    let error = operator(gcs(storage).credential(&credential)).stat("cat.jpg").await.unwrap_err();
    assert!(Denial::find(&error).is_none(), "{error:?}");
    let hosts = transport.0.lock().unwrap().clone();
    assert_eq!(hosts, ["storage.googleapis.com", "oauth2.googleapis.com"]);
}

/// Encodes a text in base64: <https://www.rfc-editor.org/rfc/rfc4648#section-4>.
fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for group in text.as_bytes().chunks(3) {
        let bits = group
            .iter()
            .chain(&[0, 0])
            .take(3)
            .fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        let digit = |index: usize| char::from(LETTERS[bits >> (18 - 6 * index) & 63]);
        let digits = (0..4).map(|index| if index <= group.len() { digit(index) } else { '=' });
        encoded.extend(digits);
    }
    encoded
}
