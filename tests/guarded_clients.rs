//! Checks what the user of a guarded client gets: responses, errors and logs of real clients over
//! real sockets against the fake Google.
#![cfg(all(feature = "reqwest-middleware", feature = "tower"))]
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
#[path = "support/publish.rs"]
mod publish;

use std::error::Error;
use std::time::Duration;

use builder::builder;
use bytes::Bytes;
use gcp_scopes::adapter::reqwest::{SendError, call_of};
use gcp_scopes::denial::DenialKind;
use gcp_scopes::environment::Snapshot;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::remedy::RemedyOption;
use gcp_scopes::{Denial, DenialDelivery, Guard, GuardBuilder, Preflight, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service, Vm};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use log::Log;
use publish::publish;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;
use reqwest_tracing::TracingMiddleware;
use tower::{BoxError, Service as _, ServiceBuilder, ServiceExt};

/// The account that the fake's VM has by default.
const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

/// Starts a fake Google with a bucket whose objects the VM's account may read and write. The VM has
/// the default scopes.
async fn google() -> FakeGoogle {
    let role = "roles/storage.objectAdmin";
    FakeGoogle::builder().bucket("photos").iam("photos", ACCOUNT, role).start().await.unwrap()
}

/// Returns the builder of a guard on the fake's VM, with `Preflight::Warn` and without tokeninfo.
fn guard(google: &FakeGoogle) -> GuardBuilder {
    builder(google).preflight(Preflight::Warn).without_tokeninfo()
}

fn client(guard: &Guard) -> ClientWithMiddleware {
    ClientBuilder::new(plain::client()).with(guard.middleware()).build()
}

/// Creates a request that uploads an object. The default scopes of a VM do not allow uploads.
fn upload(
    client: &ClientWithMiddleware,
    google: &FakeGoogle,
) -> reqwest_middleware::RequestBuilder {
    let url = format!(
        "{}/upload/storage/v1/b/photos/o?uploadType=media&name=secret-cat.jpg",
        google.storage_url()
    );
    client.post(url).bearer_auth(google.token()).body("meow")
}

/// Returns how many requests the fake Cloud Storage has received.
fn storage_requests(google: &FakeGoogle) -> usize {
    google.requests().iter().filter(|request| request.service() == Service::Storage).count()
}

#[tokio::test]
async fn the_denial_is_found_behind_other_middlewares_in_any_order() {
    let google = google().await;
    let guard = guard(&google).detect().await;
    let builder = || ClientBuilder::new(plain::client());
    let retry = || {
        RetryTransientMiddleware::new_with_policy(
            ExponentialBackoff::builder().build_with_max_retries(2),
        )
    };
    let tracing = TracingMiddleware::default;
    let clients = [
        ("guard", builder().with(guard.middleware()).build()),
        ("retry, guard", builder().with(retry()).with(guard.middleware()).build()),
        ("guard, retry", builder().with(guard.middleware()).with(retry()).build()),
        ("tracing, guard", builder().with(tracing()).with(guard.middleware()).build()),
        ("guard, tracing", builder().with(guard.middleware()).with(tracing()).build()),
        (
            "tracing, retry, guard",
            builder().with(tracing()).with(retry()).with(guard.middleware()).build(),
        ),
    ];
    for (order, client) in clients {
        let before = storage_requests(&google);
        let error = upload(&client, &google).send().await.expect_err(order);
        let denial = Denial::find(&error).unwrap_or_else(|| panic!("{order}: {error:?}"));
        assert_eq!(denial.kind(), DenialKind::Refused, "{order}");
        assert_eq!(denial.method().unwrap().id(), "storage.objects.insert", "{order}");
        assert_eq!(
            storage_requests(&google),
            before + 1,
            "{order}: a denial should not be retried"
        );
        let error = anyhow::Error::new(error).context("cannot store the picture").context("job 7");
        assert!(Denial::find(&*error).is_some(), "{order}, in an anyhow error");
    }
}

#[tokio::test]
async fn a_plain_reqwest_client_sends_through_the_guard() {
    let google = google().await;
    let upload = |token: &str| {
        let url = format!(
            "{}/upload/storage/v1/b/photos/o?uploadType=media&name=x",
            google.storage_url()
        );
        plain::client().post(url).bearer_auth(token).body("meow")
    };
    let guard = guard(&google).preflight(Preflight::Confirm).detect().await;
    let error = guard.send(upload(&google.token())).await.unwrap_err();
    let denial = Denial::find(&error).unwrap();
    assert_eq!(denial.method().unwrap().id(), "storage.objects.insert");
    // A log that prints the whole chain has the denial once, and `Debug` prints one line.
    let logged = format!("{:#}", anyhow::Error::from(error));
    assert_eq!(logged.matches("storage.objects.insert").count(), 1, "{logged}");
    let error = guard.send(upload(&google.token())).await.unwrap_err();
    assert_eq!(Denial::find(&error).unwrap().kind(), DenialKind::Confirmed);
    assert_eq!(format!("{error:?}"), format!("Denied(DenialError(Denial({error})))"));
    assert_eq!(storage_requests(&google), 1);
    let sufficient = google.mint(ACCOUNT, ["devstorage.read_write"]);
    assert!(guard.send(upload(&sufficient)).await.unwrap().status().is_success());
    let held = guard.granted(AccessToken::new(&google.token()).unwrap()).await;
    assert_eq!(held.source(), Some(GrantSource::Metadata));
    let unreachable = guard.send(plain::client().get("http://127.0.0.1:1/"));
    assert!(matches!(unreachable.await, Err(SendError::Reqwest(error)) if error.is_connect()));
}

#[tokio::test]
async fn a_program_that_sends_by_itself_ends_the_flight_with_the_response() {
    let google = google().await;
    let guard = guard(&google).denial_delivery(DenialDelivery::Message).detect().await;
    let url =
        format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=x", google.storage_url());
    let client = plain::client();
    let request = client.post(url).bearer_auth(google.token()).body("meow").build().unwrap();
    let flight = guard.begin(&call_of(&request)).unwrap();
    let sent_to = request.url().clone();
    let response = client.execute(request).await.unwrap();
    let response = flight.explain_reqwest(&sent_to, response).await.unwrap();
    assert_eq!((response.status(), response.url()), (StatusCode::FORBIDDEN, &sent_to));
    assert!(response.extensions().get::<Denial>().is_some());
    assert!(response.text().await.unwrap().contains("No IAM role fixes this"));
}

#[tokio::test]
async fn the_denial_is_found_behind_a_boxed_tower_stack() {
    /// Retries a failed call as many times as the field says.
    #[derive(Clone)]
    struct RetryErrors(u8);
    impl tower::retry::Policy<Request<Full<Bytes>>, Response<Bytes>, BoxError> for RetryErrors {
        type Future = std::future::Ready<()>;
        fn retry(
            &mut self,
            _: &mut Request<Full<Bytes>>,
            result: &mut Result<Response<Bytes>, BoxError>,
        ) -> Option<Self::Future> {
            let should_retry = result.is_err() && self.0 > 0;
            self.0 = self.0.saturating_sub(1);
            should_retry.then(|| std::future::ready(()))
        }
        fn clone_request(
            &mut self,
            request: &Request<Full<Bytes>>,
        ) -> Option<Request<Full<Bytes>>> {
            Some(request.clone())
        }
    }

    let google = google().await;
    let guard = guard(&google).detect().await;
    let hyper = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut service = ServiceBuilder::new()
        .boxed_clone()
        .buffer(4)
        .timeout(Duration::from_secs(20))
        .retry(RetryErrors(1))
        .concurrency_limit(1)
        .and_then(
            |response: Response<gcp_scopes::response::GuardBody<hyper::body::Incoming>>| async {
                let (parts, body) = response.into_parts();
                Ok::<_, BoxError>(Response::from_parts(parts, body.collect().await?.to_bytes()))
            },
        )
        .layer(guard.layer())
        .service(hyper);
    let request =
        Request::post(format!("{}/upload/storage/v1/b/photos/o?name=x", google.storage_url()))
            .header(AUTHORIZATION, format!("Bearer {}", google.token()))
            .body(Full::new(Bytes::from("meow")))
            .unwrap();
    let error = service.ready().await.unwrap().call(request).await.unwrap_err();
    let denial = Denial::find(&*error).expect("the chain should contain the denial");
    assert_eq!(denial.granted().source(), Some(GrantSource::Metadata));
    assert_eq!(storage_requests(&google), 2, "the caller's retry policy retries every error");
}

#[tokio::test]
async fn the_report_names_the_vm_and_keeps_existing_scopes() {
    let google = google().await;
    let guard = guard(&google).detect().await;
    let error = upload(&client(&guard), &google).send().await.unwrap_err();
    let denial = Denial::find(&error).unwrap();
    let [recommended, narrow] = denial.options() else { panic!("{:#?}", denial.options()) };
    let commands = |option: &RemedyOption| -> Vec<String> {
        let commands = option.steps().iter().filter_map(|step| step.command_line());
        commands.map(str::to_owned).collect()
    };
    let narrow = commands(narrow);
    let [set, _, roles] = narrow.as_slice() else { panic!("{narrow:#?}") };
    let vm = "web-1 --zone=us-central1-a --project=my-project";
    assert_eq!(
        *set,
        format!(
            "gcloud compute instances stop {vm} && gcloud compute instances set-service-account \
             {vm} --scopes=\"storage-ro,storage-rw,logging-write,monitoring-write,\
             service-management,service-control,trace\" && gcloud compute instances start {vm} || \
             gcloud compute instances start {vm}"
        )
    );
    // The VM uses the default account of the project, so it gets another one.
    let wide = commands(recommended);
    assert!(wide[2].contains("--service-account=NEW_ACCOUNT@my-project."), "{wide:?}");
    assert!(wide[2].contains("--scopes=cloud-platform &&"), "{wide:?}");
    assert!(
        roles.starts_with("gcloud projects get-iam-policy my-project ") && roles.contains(ACCOUNT),
        "{roles}"
    );
    let report = denial.report();
    for line in
        report.lines().filter(|line| !line.contains("gcloud ") && !line.contains("https://"))
    {
        assert!(line.len() <= 80, "{line}");
    }
    assert!(report.contains("No IAM role fixes this"), "{report}");
}

#[tokio::test]
async fn a_denial_serializes_to_json() {
    let google = google().await;
    let guard = guard(&google).detect().await;
    let error = upload(&client(&guard), &google).send().await.unwrap_err();
    let value = serde_json::to_value(Denial::find(&error).unwrap()).unwrap();
    assert_eq!(value["method"], "storage.objects.insert");
    assert_eq!(value["granted"][0], "https://www.googleapis.com/auth/devstorage.read_only");
    assert_eq!(value["steps"], value["options"][0]["steps"]);
    assert_eq!(value["options"][0]["recommended"], true);
    assert_eq!((&value["kind"], &value["gate"]), (&"refused".into(), &"scope".into()));
}

/// Checks whether `form` refuses a call because of scopes: because the token lacks a scope, or
/// because a scope of the token restricts the method.
fn is_about_scopes(form: RefusalForm) -> bool {
    form.is_scope_refusal()
        || matches!(form, RefusalForm::ScopeRestricting | RefusalForm::ScopeOrShare)
}

/// Returns all parts of a response that a caller can read, except the headers that differ in every
/// response.
async fn observable_parts(
    response: reqwest::Response,
) -> (StatusCode, http::Version, String, HeaderMap, Bytes) {
    let mut headers = response.headers().clone();
    headers.remove("date");
    headers.remove("x-guploader-uploadid");
    (
        response.status(),
        response.version(),
        response.url().to_string(),
        headers,
        response.bytes().await.unwrap(),
    )
}

#[tokio::test]
async fn refusals_for_other_reasons_are_passed_on_unchanged() {
    let google =
        FakeGoogle::builder().vm(Vm::new("web-1").scopes(["pubsub"])).start().await.unwrap();
    let guarded = client(&guard(&google).detect().await);
    let plain = ClientBuilder::new(plain::client()).build();
    for form in RefusalForm::all().iter().copied().filter(|form| !is_about_scopes(*form)) {
        google.other_api().times(2).respond_with(form);
        let expected = observable_parts(publish(&plain, &google).send().await.unwrap()).await;
        let response = publish(&guarded, &google)
            .send()
            .await
            .unwrap_or_else(|error| panic!("{form:?}: {error}"));
        assert!(
            response.content_length().is_some(),
            "{form:?}: the length of the body should be known"
        );
        assert_eq!(observable_parts(response).await, expected, "{form:?}");
    }
}

#[tokio::test]
async fn every_form_of_scope_refusal_is_explained() {
    let google = google().await;
    let guarded = client(&guard(&google).detect().await);
    // A gRPC refusal has the HTTP status 200. The adapter for gRPC handles it.
    for form in
        RefusalForm::all().iter().copied().filter(|form| form.is_scope_refusal() && !form.is_grpc())
    {
        google.other_api().respond_with(form);
        let error = publish(&guarded, &google).send().await.expect_err(&format!("{form:?}"));
        let denial = Denial::find(&error).unwrap_or_else(|| panic!("{form:?}: {error:?}"));
        assert_eq!(denial.method().unwrap().id(), "pubsub.projects.topics.publish", "{form:?}");
    }
}

#[tokio::test]
async fn restricting_scopes_and_unshared_files_get_specific_advice() {
    let google =
        FakeGoogle::builder().vm(Vm::new("web-1").scopes(["pubsub"])).start().await.unwrap();
    let guarded = client(&guard(&google).detect().await);
    let rows = [
        (RefusalForm::ScopeRestricting, "restricts", "Get a token without"),
        (RefusalForm::ScopeOrShare, "drive.readonly", "Share the file"),
    ];
    for (form, reason, advice) in rows {
        google.other_api().respond_with(form);
        let error = publish(&guarded, &google).send().await.unwrap_err();
        let denial = Denial::find(&error).unwrap();
        for text in [denial.to_string(), denial.report()] {
            assert!(text.contains(advice), "{form:?}: {text}");
            assert!(!text.contains("needs pubsub"), "{form:?}: {text}");
        }
        assert!(denial.report().contains(reason), "{form:?}: {}", denial.report());
    }
}

#[tokio::test]
async fn deny_sends_only_allowed_calls() {
    let google = google().await;
    let guarded = client(&guard(&google).preflight(Preflight::Deny).detect().await);
    for _ in 0..3 {
        let error = upload(&guarded, &google).send().await.unwrap_err();
        assert_eq!(Denial::find(&error).unwrap().kind(), DenialKind::Predicted);
    }
    assert_eq!(storage_requests(&google), 0);
    let list = guarded
        .get(format!("{}/storage/v1/b/photos/o", google.storage_url()))
        .bearer_auth(google.token());
    assert_eq!(list.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn deny_sends_calls_with_unknown_scopes() {
    let google = google().await;
    let guarded = client(&guard(&google).preflight(Preflight::Deny).detect().await);
    // This is not the token of the metadata server, and the guard does not query tokeninfo, so the
    // scopes are unknown.
    let token = google.mint(ACCOUNT, ["devstorage.read_write"]);
    let url =
        format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=x", google.storage_url());
    let response = guarded.post(url).bearer_auth(token).body("meow").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn without_a_metadata_server_calls_are_sent_and_refusals_are_explained() {
    let google = google().await;
    let closed_port =
        std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for preflight in [Preflight::Off, Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
        let guard = guard(&google)
            .env([("GCE_METADATA_HOST", closed_port.clone())])
            .preflight(preflight)
            .detect()
            .await;
        let guarded = client(&guard);
        let read = guarded
            .get(format!("{}/storage/v1/b/photos/o", google.storage_url()))
            .bearer_auth(google.token());
        assert_eq!(read.send().await.unwrap().status(), StatusCode::OK);
        let error = upload(&guarded, &google).send().await.unwrap_err();
        let denial = Denial::find(&error).expect("the refusal should still be explained");
        assert!(denial.granted().is_unknown());
        assert!(denial.report().contains("not known"), "{}", denial.report());
    }
}

#[tokio::test]
async fn extension_delivery_leaves_the_response_unchanged() {
    let google = google().await;
    let guarded = client(&guard(&google).denial_delivery(DenialDelivery::Extension).detect().await);
    let plain = ClientBuilder::new(plain::client()).build();
    let expected = observable_parts(upload(&plain, &google).send().await.unwrap()).await;
    let response = upload(&guarded, &google).send().await.unwrap();
    assert!(response.extensions().get::<Denial>().is_some());
    assert_eq!(observable_parts(response).await, expected);
}

#[tokio::test]
async fn refusals_of_other_hosts_are_not_explained() {
    let (google, other_host) = (google().await, google().await);
    let guarded = client(&guard(&google).detect().await);
    let url = format!(
        "{}/v1/projects/my-project/topics/orders:publish",
        other_host.url_of(Service::OtherApi)
    );
    other_host.other_api().times(2).respond_with(RefusalForm::Scope);
    // The caller first sends a request to the other host directly. Then Google redirects a request
    // to the other host.
    let direct = guarded.post(&url).bearer_auth(google.token()).body("{}").send().await.unwrap();
    assert_eq!(direct.status(), StatusCode::FORBIDDEN);
    let redirect = Response::builder().status(307).header("location", &url).body("").unwrap();
    google.other_api().respond(redirect);
    let redirected = publish(&guarded, &google).send().await.unwrap();
    assert_eq!(
        (redirected.status(), redirected.url().as_str()),
        (StatusCode::FORBIDDEN, url.as_str())
    );
}

#[tokio::test]
async fn the_tower_layer_passes_on_frames_and_trailers() {
    let guard =
        Guard::builder().endpoint("http://emulator", "pubsub.googleapis.com").unwrap().build();
    let trailers =
        HeaderMap::from_iter([("x-checksum".parse().unwrap(), HeaderValue::from_static("7"))]);
    let sent_trailers = trailers.clone();
    let inner = tower::service_fn(move |_: Request<()>| {
        let frames = [
            http_body::Frame::data(Bytes::from("<html>no</html>")),
            http_body::Frame::trailers(sent_trailers.clone()),
        ];
        let body = StreamBody::new(tokio_stream::iter(frames.map(Ok::<_, std::io::Error>)));
        async {
            Ok::<_, BoxError>(
                Response::builder().status(403).version(http::Version::HTTP_2).body(body).unwrap(),
            )
        }
    });
    let mut service = ServiceBuilder::new().layer(guard.layer()).service(inner);
    let request = Request::post("http://emulator/v1/projects/p/topics/t:publish").body(()).unwrap();
    let response = service.ready().await.unwrap().call(request).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.trailers(), Some(&trailers));
    assert_eq!(body.to_bytes(), "<html>no</html>");
}

#[tokio::test]
async fn repeated_denials_are_logged_once_per_kind() {
    let google = google().await;
    // Each row is about five uploads with one preflight. The numbers are those of the events about
    // a predicted denial, and of the events about a denial. Only `Deny` waits for the scopes of the
    // token before the first call. With the other preflights, the guard does not know the scopes
    // when it sends the first upload.
    let rows = [
        (Preflight::Off, 0, 1),
        (Preflight::Warn, 1, 1),
        (Preflight::Confirm, 0, 2),
        (Preflight::Deny, 0, 1),
    ];
    for (preflight, predicted, denied) in rows {
        let guarded = client(&guard(&google).preflight(preflight).detect().await);
        let log = Log::default();
        let capturing = log.capture();
        for _ in 0..5 {
            drop(upload(&guarded, &google).send().await.unwrap_err());
        }
        drop(capturing);
        let text = log.text();
        let count = |message| text.matches(message).count();
        assert_eq!(count("but the call is sent"), predicted, "{preflight:?}: {text}");
        assert_eq!(count("No IAM role fixes this"), denied, "{preflight:?}: {text}");
        assert!(text.contains("ACCESS_TOKEN_SCOPE_INSUFFICIENT"), "{text}");
    }
}

#[tokio::test]
async fn no_token_object_name_or_query_is_shown() {
    let google = google().await;
    let log = Log::default();
    let capturing = log.capture();
    let mut texts = Vec::new();
    for preflight in [Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
        let guard = guard(&google).preflight(preflight).detect().await;
        let guarded = client(&guard);
        for _ in 0..2 {
            let error = upload(&guarded, &google).send().await.unwrap_err();
            let denial = Denial::find(&error).unwrap();
            let mut next: Option<&dyn Error> = Some(&error);
            while let Some(error) = next {
                texts.push(format!("{error} {error:?}"));
                next = error.source();
            }
            texts.extend([denial.report(), format!("{denial} {denial:?} {guard:?}")]);
        }
        google.other_api().respond_with(RefusalForm::IamDenied);
        drop(publish(&guarded, &google).send().await);
    }
    drop(capturing);
    texts.extend(log.text().lines().filter(|line| line.contains("gcp_scopes")).map(str::to_owned));
    let token = google.token();
    // Any 12 consecutive characters of the token count as a leak.
    let pieces = (0..=token.len() - 12).map(|start| &token[start..start + 12]);
    let secrets: Vec<&str> = pieces.chain(["secret-cat", "uploadType", "orders"]).collect();
    for text in &texts {
        let leaked = secrets.iter().find(|secret| text.contains(**secret));
        assert_eq!(leaked, None, "{text}");
    }
}

#[tokio::test]
async fn only_a_report_quotes_the_server() {
    let google = google().await;
    let (log, guarded) =
        (Log::default(), client(&guard(&google).preflight(Preflight::Warn).detect().await));
    let capturing = log.capture();
    let message = format!(
        "Request had insufficient authentication scopes. Object secret-cat. Bearer {}",
        google.token()
    );
    let body = serde_json::json!({"error": {"code": 403, "message": message}}).to_string();
    google.other_api().respond(Response::builder().status(403).body(body).unwrap());
    let error = publish(&guarded, &google).send().await.unwrap_err();
    let denial = Denial::find(&error).unwrap();
    drop(capturing);
    let report = denial.report();
    assert!(report.contains("secret-cat") && !report.contains(&google.token()), "{report}");
    let json = serde_json::to_string(denial).unwrap();
    let log = log.text();
    let log = log.lines().filter(|line| line.contains("gcp_scopes"));
    for text in [format!("{error} {error:?} {denial} {denial:?} {:?}", denial.refusal()), json]
        .iter()
        .map(String::as_str)
        .chain(log)
    {
        assert!(!text.contains("secret-cat") && !text.contains("Request had"), "{text}");
    }
}

/// Lets a guard on a VM explain a BigQuery error with `message`, for a token with the scopes
/// `granted`.
fn explain(message: &str, granted: &GrantedScopes) -> Option<Denial> {
    let guard = Guard::builder().snapshot(vm()).build();
    let uri = "https://bigquery.googleapis.com/bigquery/v2/projects/p/queries".parse().unwrap();
    let errors =
        [serde_json::json!({"domain": "global", "reason": "accessDenied", "message": message})];
    let body = serde_json::json!({"error": {"code": 403, "errors": errors, "message": message}})
        .to_string();
    let answer = gcp_scopes::refusal::ErrorResponse::new(body.as_bytes()).with_status(403);
    guard.explain(&gcp_scopes::call::Call::new(&http::Method::POST, &uri), granted, &answer)
}

/// Returns the snapshot of a VM whose token has the scope `cloud-platform`.
fn vm() -> Snapshot {
    Snapshot::new()
        .with_metadata("project/project-id", "my-project")
        .with_metadata("instance/zone", "projects/1/zones/us-central1-a")
        .with_metadata("instance/name", "web-1")
        .with_metadata("instance/service-accounts/default/email", ACCOUNT)
        .with_metadata(
            "instance/service-accounts/default/scopes",
            "https://www.googleapis.com/auth/cloud-platform",
        )
}

/// Creates granted scopes: the scope with this short name, reported by `source`.
fn granted_scope(short: &str, source: GrantSource) -> GrantedScopes {
    GrantedScopes::known(ScopeSet::from_iter([short.parse().unwrap()]), source)
}

#[test]
fn a_message_about_an_iam_permission_is_no_scope_refusal() {
    let granted = granted_scope("cloud-platform", GrantSource::Metadata);
    for message in [
        "Access Denied: BigQuery BigQuery: Permission denied while globbing file pattern. \
         robot@my-project.iam.gserviceaccount.com does not have storage.objects.list access to \
         the Google Cloud Storage bucket. Permission 'storage.objects.list' denied on resource \
         (or it may not exist).",
        "Access Denied: Table p:d.insufficient authentication scopes: User does not have \
         bigquery.tables.getData permission for table p:d.x, or perhaps it does not exist.",
    ] {
        assert!(explain(message, &granted).is_none(), "{message}");
    }
}

#[test]
fn a_bigquery_query_over_drive_needs_a_drive_scope() {
    let message =
        "Access Denied: BigQuery BigQuery: No OAuth token with Google Drive scope was found.";
    let denial = explain(message, &granted_scope("cloud-platform", GrantSource::Metadata)).unwrap();
    assert!(denial.accepted().contains(&"drive.readonly".parse().unwrap()));
    assert!(denial.to_string().contains("drive.readonly"), "{denial}");
}

#[test]
fn foreign_tokens_on_a_vm_get_no_advice_about_the_vm() {
    let message = "Request had insufficient authentication scopes.";
    for source in [GrantSource::Jwt, GrantSource::Declared, GrantSource::Tokeninfo] {
        let denial = explain(message, &granted_scope("pubsub", source)).unwrap();
        let names_vm = |command: &str| command.contains("web-1") || command.contains(ACCOUNT);
        let commands = denial.steps().iter().filter_map(|step| step.command_line());
        assert!(!commands.into_iter().any(names_vm), "{source:?}: {}", denial.report());
        assert!(!denial.report().contains(ACCOUNT), "{source:?}: {}", denial.report());
    }
    let denial = explain(message, &granted_scope("cloud-platform", GrantSource::Metadata)).unwrap();
    assert!(
        denial.accepted().is_empty(),
        "a scope that the token holds should not be suggested: {}",
        denial.report()
    );
}

#[tokio::test]
async fn the_method_override_header_replaces_the_verb() {
    let google = google().await;
    let guarded = client(&guard(&google).detect().await);
    let url = format!("{}/v1/projects/my-project/topics/orders", google.url_of(Service::OtherApi));
    google.other_api().respond_with(RefusalForm::Scope);
    let call =
        guarded.post(url).header("x-http-method-override", "GET").bearer_auth(google.token());
    let error = call.body("").send().await.unwrap_err();
    assert_eq!(Denial::find(&error).unwrap().method().unwrap().id(), "pubsub.projects.topics.get");
}

#[tokio::test]
async fn a_truncated_gzip_refusal_is_passed_on_without_a_denial() {
    let google = google().await;
    let guarded = client(&guard(&google).detect().await);
    let zipped = Response::builder().status(403).header("content-encoding", "gzip");
    let challenge =
        "Bearer error=\"insufficient_scope\", scope=\"https://www.googleapis.com/auth/pubsub\"";
    let zipped = zipped.header("www-authenticate", challenge).body(vec![0x1f, 0x8b, 8, 0]).unwrap();
    google.other_api().respond(zipped);
    assert_eq!(publish(&guarded, &google).send().await.unwrap().status(), StatusCode::FORBIDDEN);
}
