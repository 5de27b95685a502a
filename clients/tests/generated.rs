//! Tests of the adapter for the generated clients of google-apis-rs, with google-storage1 and
//! google-drive3.
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, Once};

use gcp_scopes::denial::DenialKind;
use gcp_scopes::granted::GrantSource;
use gcp_scopes::{Denial, Guard, GuardBuilder, Preflight};
use gcp_scopes_google_apis::GuardGoogleApisExt as _;
use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service, Vm};
use google_apis_common::{Error, GetToken, NoToken};
use google_drive3::DriveHub;
use google_storage1::Storage;
use google_storage1::api::Object;
use http::Response;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

/// Starts a fake Google with a VM that has the default scopes, and whose account may write objects.
async fn google() -> FakeGoogle {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let builder = FakeGoogle::builder().vm(Vm::new("web-1")).bucket("photos");
    builder.iam("photos", ACCOUNT, "roles/storage.objectAdmin").start().await.unwrap()
}

/// Returns a builder of a guard that runs on the VM and queries the tokeninfo endpoint of the fake.
fn builder(google: &FakeGoogle) -> GuardBuilder {
    let builder = Guard::builder().env(google.env());
    builder.tokeninfo_endpoint(format!("{}/tokeninfo", google.oauth_url())).unwrap()
}

/// Builds the client of Cloud Storage for the fake, with this source of tokens.
fn storage(google: &FakeGoogle, tokens: impl GetToken + 'static) -> Storage<HttpConnector> {
    let mut hub = Storage::new(Client::builder(TokioExecutor::new()).build_http(), tokens);
    hub.base_url(format!("{}/storage/v1/", google.storage_url()));
    hub.root_url(format!("{}/", google.storage_url()));
    hub
}

/// Builds the client of Drive for the fake, with this source of tokens.
fn drive(google: &FakeGoogle, tokens: impl GetToken + 'static) -> DriveHub<HttpConnector> {
    let mut hub = DriveHub::new(Client::builder(TokioExecutor::new()).build_http(), tokens);
    hub.base_url(format!("{}/drive/v3/", google.url_of(Service::OtherApi)));
    hub
}

async fn upload(hub: &Storage<HttpConnector>) -> Result<(), Error> {
    let content = std::io::Cursor::new("meow");
    let insert = hub.objects().insert(Object::default(), "photos").name("cat.jpg");
    insert.upload(content, "text/plain".parse().unwrap()).await.map(drop)
}

/// Returns the number of objects in the bucket.
async fn list(hub: &Storage<HttpConnector>) -> Result<usize, Error> {
    Ok(hub.objects().list("photos").doit().await?.1.items.unwrap_or_default().len())
}

/// Scripts one refusal of `drive.files.list`, as Drive sends it.
fn refuse_list(google: &FakeGoogle) {
    let name = "google.apps.drive.v3.DriveFiles.List";
    google.other_api().method("drive.googleapis.com", name).respond_with(RefusalForm::Scope);
}

/// Returns how many requests Cloud Storage has received.
fn storage_calls(google: &FakeGoogle) -> usize {
    google.requests().iter().filter(|request| request.service() == Service::Storage).count()
}

/// Returns the message of a `BadRequest`, the error for a refused call.
fn message(error: &Error) -> &str {
    match error {
        Error::BadRequest(body) => body.pointer("/error/message").unwrap().as_str().unwrap(),
        other => panic!("not a BadRequest: {other:?}"),
    }
}

#[tokio::test]
async fn an_allowed_call_succeeds_with_every_preflight() {
    let google = google().await;
    for preflight in [Preflight::Off, Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
        let guard = builder(&google).preflight(preflight).detect().await;
        let hub = storage(&google, guard.google_apis(google.token()));
        assert_eq!(list(&hub).await.unwrap(), 0);
        assert_eq!(
            guard.calling("storage.objects.list").unwrap().run(list(&hub)).await.unwrap(),
            0
        );
    }
}

#[tokio::test]
async fn a_refusal_is_still_a_bad_request_and_its_message_contains_the_denial() {
    let google = google().await;
    let guard = builder(&google).detect().await;
    let hub = storage(&google, guard.google_apis(google.token()));
    let expected = upload(&storage(&google, google.token())).await.unwrap_err();
    let error =
        guard.calling("storage.objects.insert").unwrap().run(upload(&hub)).await.unwrap_err();
    assert!(message(&error).starts_with(message(&expected)));
    assert!(message(&error).contains("No IAM role fixes this"), "{}", message(&error));
    let denial = guard.explain_error(&error).unwrap();
    assert_eq!(denial.kind(), DenialKind::Refused);
    // The denial of the call itself, not one that is made from the text.
    assert_eq!(denial.granted().source(), Some(GrantSource::Metadata));
    assert!(guard.explain_error(&expected).is_some());
}

#[tokio::test]
async fn a_refusal_outside_of_calling_is_explained_and_logged_once() {
    let google = google().await;
    let logged = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&logged);
    let guard = builder(&google).on_denial(move |_, calls| {
        count.fetch_add(calls, Relaxed);
    });
    let guard = guard.preflight(Preflight::Warn).detect().await;
    let hub = drive(&google, guard.google_apis(google.token()));
    refuse_list(&google);
    let error = hub.files().list().doit().await.map(drop).unwrap_err();
    assert_eq!(logged.load(Relaxed), 0);
    let denial = guard.explain_error(&error).unwrap();
    assert_eq!(denial.method().unwrap().id(), "drive.files.list");
    assert_eq!(logged.load(Relaxed), 1);
    // Inside of `calling` the call is logged by itself.
    let list = guard.calling("drive.files.list").unwrap();
    refuse_list(&google);
    let error = list.run(hub.files().list().doit()).await.map(drop).unwrap_err();
    assert_eq!(logged.load(Relaxed), 2);
    assert!(guard.explain_error(&error).is_some());
    assert_eq!(logged.load(Relaxed), 2);
}

#[tokio::test]
async fn a_wrong_method_in_calling_is_warned_of_and_confirms_nothing() {
    let google = google().await;
    let log = CapturedLog::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let guard = builder(&google).detect().await;
    let hub = drive(&google, guard.google_apis(google.token()));
    let wrong = guard.calling("pubsub.projects.topics.list").unwrap();
    for _ in 0..2 {
        refuse_list(&google);
        let error = wrong.run(hub.files().list().doit()).await.map(drop).unwrap_err();
        let denial = guard.explain_error(&error).unwrap();
        assert_eq!(denial.kind(), DenialKind::Refused);
        assert_eq!(denial.method().unwrap().id(), "drive.files.list");
        assert!(!denial.accepted().contains(&"pubsub".parse().unwrap()), "{denial}");
    }
    let text = log.text();
    assert_eq!(text.matches("wrong_method").count(), 1, "{text}");
}

/// What a subscriber writes.
#[derive(Clone, Default)]
struct CapturedLog(Arc<Mutex<Vec<u8>>>);

impl CapturedLog {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn an_unsent_call_is_a_missing_token_with_the_denial() {
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Deny).detect().await;
    let hub = storage(&google, guard.google_apis(google.token()));
    let insert = guard.calling("storage.objects.insert").unwrap();
    let error = insert.run(upload(&hub)).await.unwrap_err();
    let Error::MissingToken(inner) = &error else { panic!("not a MissingToken: {error:?}") };
    assert_eq!(Denial::find(inner.as_ref()).unwrap().kind(), DenialKind::Predicted);
    assert_eq!(
        guard.explain_error(&error).unwrap().method().unwrap().id(),
        "storage.objects.insert"
    );
    assert_eq!(storage_calls(&google), 0);
}

#[tokio::test]
async fn confirm_sends_only_the_first_refused_call() {
    let google = google().await;
    let guard = builder(&google).detect().await;
    let hub = storage(&google, guard.google_apis(google.token()));
    let insert = guard.calling("storage.objects.insert").unwrap();
    insert.run(upload(&hub)).await.unwrap_err();
    let before = storage_calls(&google);
    for _ in 0..3 {
        let error = insert.run(upload(&hub)).await.unwrap_err();
        assert_eq!(guard.explain_error(&error).unwrap().kind(), DenialKind::Confirmed);
    }
    assert_eq!(storage_calls(&google), before);
}

#[tokio::test]
async fn a_refusal_for_another_reason_than_scopes_is_unchanged() {
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Warn).detect().await;
    let hub = drive(&google, guard.google_apis(google.token()));
    let list = guard.calling("drive.files.list").unwrap();
    for form in RefusalForm::all().iter().filter(|form| !form.is_grpc() && !form.is_scope_refusal())
    {
        google.other_api().respond_with(*form);
        let expected =
            drive(&google, google.token()).files().list().doit().await.map(drop).unwrap_err();
        google.other_api().respond_with(*form);
        let error = list.run(hub.files().list().doit()).await.map(drop).unwrap_err();
        // The remaining forms named `Scope…` resemble a refusal for lack of scope. The guard may
        // explain them, because it knows that the token lacks the scope.
        let resembles_scope_refusal = format!("{form:?}").starts_with("Scope");
        if let (Error::BadRequest(expected), Error::BadRequest(error)) = (&expected, &error) {
            assert!(expected == error || resembles_scope_refusal, "{form:?}: {error}");
        }
        assert_eq!(std::mem::discriminant(&expected), std::mem::discriminant(&error), "{form:?}");
    }
}

#[tokio::test]
async fn add_scope_is_suggested_only_if_the_default_scope_is_not_suitable() {
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Warn).detect().await;
    let hub = drive(&google, guard.google_apis(google.token()));
    let list = guard.calling("drive.files.list").unwrap();
    refuse_list(&google);
    let error = list.run(hub.files().list().doit()).await.map(drop).unwrap_err();
    assert!(message(&error).contains(".add_scope("), "{}", message(&error));
    // The guard has kept the denial, with the step, and finds it by the text of the error.
    let steps = guard.explain_error(&error).unwrap().steps().to_vec();
    assert!(steps[0].code_line().is_some(), "{steps:?}");
    // A program that requests a suitable scope needs no such step.
    refuse_list(&google);
    let with_scope = hub.files().list().add_scope(google_drive3::api::Scope::Readonly);
    let error = list.run(with_scope.doit()).await.map(drop).unwrap_err();
    assert!(!message(&error).contains(".add_scope("), "{}", message(&error));
}

#[tokio::test]
async fn a_call_without_a_token_is_sent_and_an_authenticator_error_is_kept() {
    #[derive(Clone)]
    struct FailingAuthenticator;
    impl GetToken for FailingAuthenticator {
        fn get_token<'a>(
            &'a self,
            _: &'a [&str],
        ) -> std::pin::Pin<
            Box<
                dyn Future<
                        Output = Result<Option<String>, Box<dyn std::error::Error + Send + Sync>>,
                    > + Send
                    + 'a,
            >,
        > {
            Box::pin(async { Err(std::io::Error::other("no token today").into()) })
        }
    }
    let google = google().await;
    let guard = builder(&google).preflight(Preflight::Deny).detect().await;
    google.other_api().respond(Response::new(r#"{"files":[]}"#));
    let without_token = drive(&google, guard.google_apis(NoToken));
    let list = guard.calling("drive.files.list").unwrap();
    list.run(without_token.files().list().doit()).await.unwrap();
    let failing = drive(&google, guard.google_apis(FailingAuthenticator));
    let error = list.run(failing.files().list().doit()).await.map(drop).unwrap_err();
    let Error::MissingToken(inner) = &error else { panic!("not a MissingToken: {error:?}") };
    assert!(inner.is::<std::io::Error>() && guard.explain_error(&error).is_none());
}
