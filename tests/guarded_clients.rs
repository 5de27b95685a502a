//! Real clients over real sockets against the fake Google: what a guarded client's user sees.
#![cfg(all(feature = "reqwest-middleware", feature = "tower"))]
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

#[path = "support/builder.rs"]
mod builder;
#[path = "support/log.rs"]
mod log;
#[path = "support/plain.rs"]
mod plain;

use std::error::Error;
use std::time::Duration;

use builder::builder;
use bytes::Bytes;
use gcp_scopes::denial::DenialKind;
use gcp_scopes::environment::Snapshot;
use gcp_scopes::granted::{GrantSource, GrantedScopes};
use gcp_scopes::guard::{DenialDelivery, GuardBuilder};
use gcp_scopes::{Denial, Guard, Preflight, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service, Vm};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use log::Log;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;
use reqwest_tracing::TracingMiddleware;
use tower::{BoxError, Service as _, ServiceBuilder, ServiceExt};

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

async fn google() -> FakeGoogle {
    let role = "roles/storage.objectAdmin";
    FakeGoogle::builder().bucket("photos").iam("photos", ACCOUNT, role).start().await.unwrap()
}

/// A guard that runs on the fake's VM and knows its Cloud Storage, and its front end as Pub/Sub.
fn guard(google: &FakeGoogle) -> GuardBuilder {
    builder(google).preflight(Preflight::Warn).no_tokeninfo()
}

fn client(guard: &Guard) -> ClientWithMiddleware {
    ClientBuilder::new(plain::client()).with(guard.middleware()).build()
}

fn upload(client: &ClientWithMiddleware, google: &FakeGoogle) -> reqwest_middleware::RequestBuilder {
    let url =
        format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=secret-cat.jpg", google.storage_url());
    client.post(url).bearer_auth(google.token()).body("meow")
}

fn publish(client: &ClientWithMiddleware, google: &FakeGoogle) -> reqwest_middleware::RequestBuilder {
    let url = format!("{}/v1/projects/my-project/topics/orders:publish", google.url_of(Service::OtherApi));
    client.post(url).bearer_auth(google.token()).body("{}")
}

fn uploads(google: &FakeGoogle) -> usize {
    google.requests().iter().filter(|request| request.service() == Service::Storage).count()
}

#[tokio::test]
async fn the_denial_is_found_behind_other_middlewares_in_any_order() {
    let google = google().await;
    let guard = guard(&google).detect().await;
    let bare = || ClientBuilder::new(plain::client());
    let retry =
        || RetryTransientMiddleware::new_with_policy(ExponentialBackoff::builder().build_with_max_retries(2));
    let tracing = TracingMiddleware::default;
    let clients = [
        ("guard", bare().with(guard.middleware()).build()),
        ("retry, guard", bare().with(retry()).with(guard.middleware()).build()),
        ("guard, retry", bare().with(guard.middleware()).with(retry()).build()),
        ("tracing, guard", bare().with(tracing()).with(guard.middleware()).build()),
        ("guard, tracing", bare().with(guard.middleware()).with(tracing()).build()),
        ("tracing, retry, guard", bare().with(tracing()).with(retry()).with(guard.middleware()).build()),
    ];
    for (order, client) in clients {
        let before = uploads(&google);
        let error = upload(&client, &google).send().await.expect_err(order);
        let denial = Denial::find(&error).unwrap_or_else(|| panic!("{order}: {error:?}"));
        assert_eq!(denial.kind(), DenialKind::Refused, "{order}");
        assert_eq!(denial.method().unwrap().id(), "storage.objects.insert", "{order}");
        assert_eq!(uploads(&google), before + 1, "{order}: a denial is not retried");
        let error = anyhow::Error::new(error).context("cannot store the picture").context("job 7");
        assert!(Denial::find(&*error).is_some(), "{order}, through anyhow");
    }
}

#[tokio::test]
async fn the_denial_is_found_behind_a_boxed_tower_stack() {
    #[derive(Clone)]
    struct Twice(u8);
    impl tower::retry::Policy<Request<Full<Bytes>>, Response<Bytes>, BoxError> for Twice {
        type Future = std::future::Ready<()>;
        fn retry(
            &mut self,
            _: &mut Request<Full<Bytes>>,
            result: &mut Result<Response<Bytes>, BoxError>,
        ) -> Option<Self::Future> {
            let again = result.is_err() && self.0 > 0;
            self.0 = self.0.saturating_sub(1);
            again.then(|| std::future::ready(()))
        }
        fn clone_request(&mut self, request: &Request<Full<Bytes>>) -> Option<Request<Full<Bytes>>> {
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
        .retry(Twice(1))
        .concurrency_limit(1)
        .and_then(|response: Response<gcp_scopes::response::body::GuardBody<hyper::body::Incoming>>| async {
            let (parts, body) = response.into_parts();
            Ok::<_, BoxError>(Response::from_parts(parts, body.collect().await?.to_bytes()))
        })
        .layer(guard.layer())
        .service(hyper);
    let request = Request::post(format!("{}/upload/storage/v1/b/photos/o?name=x", google.storage_url()))
        .header(AUTHORIZATION, format!("Bearer {}", google.token()))
        .body(Full::new(Bytes::from("meow")))
        .unwrap();
    let error = service.ready().await.unwrap().call(request).await.unwrap_err();
    let denial = Denial::find(&*error).expect("the denial is on the chain");
    assert_eq!(denial.granted().source(), Some(GrantSource::Metadata));
    assert_eq!(uploads(&google), 2, "the caller's own retry policy is obeyed");
}

#[tokio::test]
async fn the_report_names_this_vm_and_carries_the_union_of_scopes() {
    let google = google().await;
    let guard = guard(&google).detect().await;
    let error = upload(&client(&guard), &google).send().await.unwrap_err();
    let denial = Denial::find(&error).unwrap();
    let commands: Vec<_> = denial.steps().iter().filter_map(|step| step.command_line()).collect();
    let [stop, set, recommended, start, roles] = commands.as_slice() else { panic!("{commands:#?}") };
    let vm = "web-1 --zone=us-central1-a --project=my-project";
    assert_eq!(*stop, format!("gcloud compute instances stop {vm}"));
    assert_eq!(*start, format!("gcloud compute instances start {vm}"));
    assert_eq!(
        *set,
        format!(
            "gcloud compute instances set-service-account {vm} --scopes=storage-ro,storage-rw,logging-write,\
             monitoring-write,service-management,service-control,trace"
        )
    );
    assert!(recommended.ends_with("--scopes=cloud-platform"), "{recommended}");
    assert!(
        roles.starts_with("gcloud projects get-iam-policy my-project ") && roles.contains(ACCOUNT),
        "{roles}"
    );
    let report = denial.report();
    for line in report.lines().filter(|line| !line.contains("gcloud ") && !line.contains("https://")) {
        assert!(line.len() <= 80, "{line}");
    }
    assert!(report.contains("No IAM role fixes this"), "{report}");
}

#[tokio::test]
async fn a_denial_is_one_structured_value() {
    let google = google().await;
    let guard = guard(&google).detect().await;
    let error = upload(&client(&guard), &google).send().await.unwrap_err();
    let value = serde_json::to_value(Denial::find(&error).unwrap()).unwrap();
    assert_eq!(value["method"], "storage.objects.insert");
    assert_eq!(value["granted"][0], "https://www.googleapis.com/auth/devstorage.read_only");
    assert_eq!(value["steps"].as_array().unwrap().len(), 5);
    assert_eq!((&value["kind"], &value["gate"]), (&"refused".into(), &"scope".into()));
}

/// A scope that is missing, or one that is too many.
fn is_about_scopes(wire: RefusalForm) -> bool {
    wire.is_scope_refusal() || matches!(wire, RefusalForm::ScopeRestricting | RefusalForm::ScopeOrShare)
}

/// Everything of a response that a caller can see, but what changes from one to the next.
async fn seen(response: reqwest::Response) -> (StatusCode, http::Version, String, HeaderMap, Bytes) {
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
async fn a_refusal_by_another_gate_comes_through_as_it_was_sent() {
    let google = FakeGoogle::builder().vm(Vm::new("web-1").scopes(["pubsub"])).start().await.unwrap();
    let guarded = client(&guard(&google).detect().await);
    let plain = ClientBuilder::new(plain::client()).build();
    for wire in RefusalForm::all().iter().copied().filter(|wire| !is_about_scopes(*wire)) {
        google.other_api().times(2).respond_with(wire);
        let expected = seen(publish(&plain, &google).send().await.unwrap()).await;
        let response =
            publish(&guarded, &google).send().await.unwrap_or_else(|error| panic!("{wire:?}: {error}"));
        assert!(response.content_length().is_some(), "{wire:?}: the body still knows its length");
        assert_eq!(seen(response).await, expected, "{wire:?}");
    }
}

#[tokio::test]
async fn a_refusal_for_lack_of_scope_is_explained_in_every_form() {
    let google = google().await;
    let guarded = client(&guard(&google).detect().await);
    // gRPC refuses with status 200 and is the business of a gRPC adapter.
    for wire in RefusalForm::all().iter().copied().filter(|wire| wire.is_scope_refusal() && !wire.is_grpc()) {
        google.other_api().respond_with(wire);
        let error = publish(&guarded, &google).send().await.expect_err(&format!("{wire:?}"));
        let denial = Denial::find(&error).unwrap_or_else(|| panic!("{wire:?}: {error:?}"));
        assert_eq!(denial.method().unwrap().id(), "pubsub.projects.topics.publish", "{wire:?}");
    }
}

#[tokio::test]
async fn a_scope_that_restricts_and_a_file_that_is_not_shared_get_their_own_advice() {
    let google = FakeGoogle::builder().vm(Vm::new("web-1").scopes(["pubsub"])).start().await.unwrap();
    let guarded = client(&guard(&google).detect().await);
    let rows = [
        (RefusalForm::ScopeRestricting, "restricts", "Get a token without"),
        (RefusalForm::ScopeOrShare, "drive.readonly", "Share the file"),
    ];
    for (wire, why, advice) in rows {
        google.other_api().respond_with(wire);
        let error = publish(&guarded, &google).send().await.unwrap_err();
        let denial = Denial::find(&error).unwrap();
        for text in [denial.to_string(), denial.report()] {
            assert!(text.contains(advice), "{wire:?}: {text}");
            assert!(!text.contains("needs pubsub"), "{wire:?}: {text}");
        }
        assert!(denial.report().contains(why), "{wire:?}: {}", denial.report());
    }
}

#[tokio::test]
async fn deny_sends_nothing_and_what_is_allowed_is_sent() {
    let google = google().await;
    let guarded = client(&guard(&google).preflight(Preflight::Deny).detect().await);
    for _ in 0..3 {
        let error = upload(&guarded, &google).send().await.unwrap_err();
        assert_eq!(Denial::find(&error).unwrap().kind(), DenialKind::Predicted);
    }
    assert_eq!(uploads(&google), 0);
    let list =
        guarded.get(format!("{}/storage/v1/b/photos/o", google.storage_url())).bearer_auth(google.token());
    assert_eq!(list.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn deny_lets_a_call_pass_whose_token_nobody_knows() {
    let google = google().await;
    let guarded = client(&guard(&google).preflight(Preflight::Deny).detect().await);
    let foreign = google.mint(ACCOUNT, ["devstorage.read_write"]);
    let url = format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=x", google.storage_url());
    let response = guarded.post(url).bearer_auth(foreign).body("meow").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn without_a_metadata_server_calls_behave_as_without_the_guard() {
    let google = google().await;
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for preflight in [Preflight::Off, Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
        let guard =
            guard(&google).env([("GCE_METADATA_HOST", dead.clone())]).preflight(preflight).detect().await;
        let guarded = client(&guard);
        let read = guarded
            .get(format!("{}/storage/v1/b/photos/o", google.storage_url()))
            .bearer_auth(google.token());
        assert_eq!(read.send().await.unwrap().status(), StatusCode::OK);
        let error = upload(&guarded, &google).send().await.unwrap_err();
        let denial = Denial::find(&error).expect("Google's own words are still explained");
        assert!(denial.granted().is_unknown());
        assert!(denial.report().contains("not known"), "{}", denial.report());
    }
}

#[tokio::test]
async fn the_extension_surface_leaves_the_answer_as_it_was_sent() {
    let google = google().await;
    let guarded = client(&guard(&google).denial_delivery(DenialDelivery::Extension).detect().await);
    let plain = ClientBuilder::new(plain::client()).build();
    let expected = seen(upload(&plain, &google).send().await.unwrap()).await;
    let response = upload(&guarded, &google).send().await.unwrap();
    assert!(response.extensions().get::<Denial>().is_some());
    assert_eq!(seen(response).await, expected);
}

#[tokio::test]
async fn an_answer_of_another_host_is_never_taken_for_googles() {
    let (google, portal) = (google().await, google().await);
    let guarded = client(&guard(&google).detect().await);
    let elsewhere =
        format!("{}/v1/projects/my-project/topics/orders:publish", portal.url_of(Service::OtherApi));
    portal.other_api().times(2).respond_with(RefusalForm::Scope);
    // Called by its own name, and reached by a redirect of Google's.
    let direct = guarded.post(&elsewhere).bearer_auth(google.token()).body("{}").send().await.unwrap();
    assert_eq!(direct.status(), StatusCode::FORBIDDEN);
    let redirect = Response::builder().status(307).header("location", &elsewhere).body("").unwrap();
    google.other_api().respond(redirect);
    let redirected = publish(&guarded, &google).send().await.unwrap();
    assert_eq!((redirected.status(), redirected.url().as_str()), (StatusCode::FORBIDDEN, elsewhere.as_str()));
}

#[tokio::test]
async fn trailers_and_frames_come_through_the_tower_layer() {
    let guard = Guard::builder().endpoint("http://emulator", "pubsub.googleapis.com").unwrap().build();
    let trailers = HeaderMap::from_iter([("x-checksum".parse().unwrap(), HeaderValue::from_static("7"))]);
    let sent = trailers.clone();
    let inner = tower::service_fn(move |_: Request<()>| {
        let frames = [
            http_body::Frame::data(Bytes::from("<html>no</html>")),
            http_body::Frame::trailers(sent.clone()),
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
async fn one_event_per_happening() {
    let google = google().await;
    // Before the first call nothing is known of the token but with `Deny`, which waits for it.
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
        let count = |words| text.matches(words).count();
        assert_eq!(count("which is sent all the same"), predicted, "{preflight:?}: {text}");
        assert_eq!(count("No IAM role fixes this"), denied, "{preflight:?}: {text}");
        assert!(text.contains("ACCESS_TOKEN_SCOPE_INSUFFICIENT"), "{text}");
    }
}

#[tokio::test]
async fn no_token_object_name_or_query_is_printed() {
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
    let pieces = (0..=token.len() - 12).map(|start| &token[start..start + 12]);
    let secrets: Vec<&str> = pieces.chain(["secret-cat", "uploadType", "orders"]).collect();
    for text in &texts {
        let found = secrets.iter().find(|secret| text.contains(**secret));
        assert_eq!(found, None, "{text}");
    }
}

fn explained(message: &str, granted: &GrantedScopes) -> Option<Denial> {
    let guard = Guard::builder().snapshot(vm()).build();
    let uri = "https://bigquery.googleapis.com/bigquery/v2/projects/p/queries".parse().unwrap();
    let errors = [serde_json::json!({"domain": "global", "reason": "accessDenied", "message": message})];
    let body = serde_json::json!({"error": {"code": 403, "errors": errors, "message": message}}).to_string();
    let answer = gcp_scopes::refusal::Answer::new(body.as_bytes()).with_status(403);
    guard.explain(&gcp_scopes::call::Call::new(&http::Method::POST, &uri), granted, &answer)
}

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

fn held(short: &str, source: GrantSource) -> GrantedScopes {
    GrantedScopes::known(ScopeSet::from_iter([short.parse().unwrap()]), source)
}

#[test]
fn a_message_that_names_a_permission_is_not_about_scopes_whatever_it_quotes() {
    let all = held("cloud-platform", GrantSource::Metadata);
    for message in [
        "Access Denied: BigQuery BigQuery: Permission denied while globbing file pattern. robot@my-project.iam.\
         gserviceaccount.com does not have storage.objects.list access to the Google Cloud Storage bucket. \
         Permission 'storage.objects.list' denied on resource (or it may not exist).",
        "Access Denied: Table p:d.insufficient authentication scopes: User does not have \
         bigquery.tables.getData permission for table p:d.x, or perhaps it does not exist.",
    ] {
        assert!(explained(message, &all).is_none(), "{message}");
    }
}

#[test]
fn a_query_over_drive_is_told_to_ask_for_drive() {
    let message = "Access Denied: BigQuery BigQuery: No OAuth token with Google Drive scope was found.";
    let denial = explained(message, &held("cloud-platform", GrantSource::Metadata)).unwrap();
    assert!(denial.accepted().contains(&"drive.readonly".parse().unwrap()));
    assert!(denial.to_string().contains("drive.readonly"), "{denial}");
}

#[test]
fn a_token_of_another_origin_on_a_vm_does_not_get_the_vms_advice() {
    let message = "Request had insufficient authentication scopes.";
    for source in [GrantSource::Jwt, GrantSource::Declared, GrantSource::Tokeninfo] {
        let denial = explained(message, &held("pubsub", source)).unwrap();
        let names_it = |command: &str| command.contains("web-1") || command.contains(ACCOUNT);
        let commands = denial.steps().iter().filter_map(|step| step.command_line());
        assert!(!commands.into_iter().any(names_it), "{source:?}: {}", denial.report());
        assert!(!denial.report().contains(ACCOUNT), "{source:?}: {}", denial.report());
    }
    let denial = explained(message, &held("cloud-platform", GrantSource::Metadata)).unwrap();
    assert!(denial.accepted().is_empty(), "what is held is not what is lacking: {}", denial.report());
}

#[tokio::test]
async fn an_overridden_verb_is_judged_as_the_verb_it_stands_for() {
    let google = google().await;
    let guarded = client(&guard(&google).detect().await);
    let url = format!("{}/v1/projects/my-project/topics/orders", google.url_of(Service::OtherApi));
    google.other_api().respond_with(RefusalForm::Scope);
    let overridden = guarded.post(url).header("x-http-method-override", "GET").bearer_auth(google.token());
    let error = overridden.body("").send().await.unwrap_err();
    assert_eq!(Denial::find(&error).unwrap().method().unwrap().id(), "pubsub.projects.topics.get");
}

#[tokio::test]
async fn a_compressed_refusal_is_passed_on_unread() {
    let google = google().await;
    let guarded = client(&guard(&google).detect().await);
    let zipped = Response::builder().status(403).header("content-encoding", "gzip");
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"https://www.googleapis.com/auth/pubsub\"";
    let zipped = zipped.header("www-authenticate", challenge).body(vec![0x1f, 0x8b, 8, 0]).unwrap();
    google.other_api().respond(zipped);
    assert_eq!(publish(&guarded, &google).send().await.unwrap().status(), StatusCode::FORBIDDEN);
}
