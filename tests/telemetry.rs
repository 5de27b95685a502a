//! Checks that events and spans have exactly the fields that `docs/logs.md` lists, and that many
//! denials make few events.
#![cfg(all(feature = "reqwest-middleware", feature = "tower", feature = "catalog-full"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

#[path = "support/builder.rs"]
mod builder;
#[path = "support/plain.rs"]
mod plain;
#[path = "support/publish.rs"]
mod publish;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::future::Future;
use std::sync::{Arc, Mutex};

use builder::builder;
use bytes::Bytes;
use gcp_scopes::call::Call;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::token_source::TokenSource;
use gcp_scopes::{BoxError, Denial, Guard, GuardBuilder, Preflight, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, Fault, RefusalForm, Service, Vm};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use publish::publish;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next};
use tower::ServiceExt as _;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// The fields of an event or a span, by name.
type Fields = BTreeMap<String, String>;

/// The events and spans of the library, each with its level and fields.
#[derive(Clone, Default)]
struct Records(Arc<Mutex<Vec<(Level, Fields)>>>);

impl Records {
    /// Records the events and spans of the current thread until the returned guard is dropped.
    fn capture(&self) -> tracing::subscriber::DefaultGuard {
        tracing::subscriber::set_default(tracing_subscriber::registry().with(self.clone()))
    }

    /// Returns the fields of each record of this kind. See [`kind_of`].
    fn of_kind(&self, kind: &str) -> Vec<Fields> {
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

/// Returns the kind of a record. The kinds are the columns of the table in `docs/logs.md`. The
/// fields of a record and its message show its kind.
fn kind_of(fields: &Fields) -> &'static str {
    let has = |field: &str, value: &str| fields.get(field).is_some_and(|actual| actual == value);
    match fields.get("message") {
        None => "span",
        Some(_) if fields.contains_key("oauth.scope.why_unknown") => "not inspected",
        Some(_) if fields.contains_key("oauth.scope.setup") => "set-up",
        Some(message) if message.contains("further calls, not logged") => "summary",
        Some(_) if fields.contains_key("oauth.scope.gate") => "other gate",
        Some(_) if has("oauth.scope.evidence", "contradicted") => "contradicted",
        Some(message) if message.contains("but the call is sent") => "predicted",
        Some(message) if message.contains("mentions scopes beside other words") => "disproved",
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

/// Starts a fake Google whose VM has only the scope `logging.write`.
async fn google() -> FakeGoogle {
    let vm = Vm::new("web-1").scopes(["logging.write"]);
    FakeGoogle::builder().vm(vm).bucket("photos").start().await.unwrap()
}

async fn client(guard: GuardBuilder) -> ClientWithMiddleware {
    let guard = guard.detect().await;
    ClientBuilder::new(plain::client()).with(guard.middleware()).build()
}

/// Returns the cells of each row of the field table in `docs/logs.md`, starting with the header.
fn field_table_rows() -> impl Iterator<Item = Vec<String>> {
    let page = include_str!("../docs/logs.md");
    let cells =
        |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    page.lines()
        .skip_while(|line| !line.starts_with("| field "))
        .map_while(move |line| line.starts_with('|').then(|| cells(line)))
}

/// Returns the values that `docs/logs.md` allows for a field, for each field with a list of values.
fn documented_values() -> BTreeMap<String, BTreeSet<String>> {
    let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let listed = field_table_rows().filter(|row| row[10].starts_with('`'));
    listed.map(|row| (row[0].trim_matches('`').to_owned(), quoted(&row[10]))).collect()
}

/// Returns for each kind of event the fields in `docs/logs.md`, and whether each field is always
/// present.
fn documented_fields() -> BTreeMap<String, BTreeMap<String, bool>> {
    let mut rows = field_table_rows();
    let header = rows.next().unwrap();
    let mut kinds: BTreeMap<String, BTreeMap<String, bool>> = BTreeMap::new();
    for row in rows.skip(1) {
        // Column 0 contains the name of the field, columns 1 to 9 stand for the kinds, and column
        // 10 lists the values.
        for (kind, present) in
            header.iter().zip(&row).take(10).skip(1).filter(|(_, present)| *present != "no")
        {
            kinds
                .entry(kind.clone())
                .or_default()
                .insert(row[0].trim_matches('`').to_owned(), present == "yes");
        }
    }
    kinds
}

/// Makes two calls that are refused with words about scopes although their token holds an accepted
/// scope. The message of the first refusal also contains other words. The second refusal is
/// structured.
async fn record_a_contradicted_token(google: &FakeGoogle, client: &ClientWithMiddleware) {
    let url = format!(
        "{}/v1/projects/my-project/topics/orders:publish",
        google.url_of(Service::OtherApi)
    );
    let token = google.mint("somebody", ["pubsub"]);
    let publish = || client.post(&url).bearer_auth(&token).body("{}").send();
    let message =
        "Request had insufficient authentication scopes.txt is under active Temporary hold.";
    let body = format!(r#"{{"error":{{"code":403,"message":"{message}"}}}}"#);
    google.other_api().times(1).respond(Response::builder().status(403).body(body).unwrap());
    assert_eq!(publish().await.unwrap().status(), 403);
    google.other_api().times(1).respond_with(RefusalForm::Scope);
    publish().await.unwrap_err();
}

/// Makes calls that cause each kind of event and the span, and returns the records.
async fn record_every_kind() -> Records {
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
    // This guard knows the scopes of the token only from the second call on.
    google.other_api().times(1).respond_with(RefusalForm::Scope);
    publish(&warn, &google).send().await.unwrap_err();
    google.other_api().times(1).respond(Response::new("{}"));
    publish(&warn, &google).send().await.unwrap();
    google.other_api().times(1).respond_with(RefusalForm::IamDenied);
    publish(&warn, &google).send().await.unwrap();
    record_a_contradicted_token(&google, &confirm).await;
    google.set_fault(Service::OAuth, Fault::Drop);
    google.set_fault(Service::Metadata, Fault::Drop);
    let without_sources = client(builder(&google)).await;
    google.other_api().times(1).respond_with(RefusalForm::Scope);
    publish(&without_sources, &google).send().await.unwrap_err();
    let without_endpoints =
        ClientBuilder::new(plain::client()).with(Guard::builder().build().middleware()).build();
    google.other_api().times(1).respond_with(RefusalForm::Scope);
    publish(&without_endpoints, &google).send().await.unwrap();
    // The summary reports the second of two equal denials when the guard is dropped.
    publish(&deny, &google).send().await.unwrap_err();
    drop(deny);
    records
}

/// A middleware that sets the token of a request, as clients do whose guard cannot see the token.
struct SetsToken(String);

#[async_trait::async_trait]
impl Middleware for SetsToken {
    async fn handle(
        &self,
        mut request: reqwest::Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        request.headers_mut().insert(AUTHORIZATION, self.0.parse().unwrap());
        next.run(request, extensions).await
    }
}

/// Returns the notes about the set-up that the calls of `make_calls` cause: the note as a word, and
/// the server.
async fn setup_notes(make_calls: impl Future<Output = ()>) -> Vec<(String, Option<String>)> {
    let records = Records::default();
    let capture = records.capture();
    make_calls.await;
    drop(capture);
    let field = |event: &Fields, name: &str| event.get(name).cloned();
    let notes = records.of_kind("set-up").into_iter();
    notes
        .map(|event| (event["oauth.scope.setup"].clone(), field(&event, "server.address")))
        .collect()
}

/// Sends a request three times.
async fn send_three_times(request: reqwest_middleware::RequestBuilder) {
    for _ in 0..3 {
        drop(request.try_clone().unwrap().send().await);
    }
}

#[tokio::test]
async fn a_host_that_is_not_mapped_and_refuses_like_google_is_noted_once() {
    let google = google().await;
    let client = client(Guard::builder().env([("UNRELATED", "1")])).await;
    let server = google.storage_url().trim_start_matches("http://").to_owned();
    let url = format!("http://{server}/storage/v1/b/photos?key=x");
    let notes = setup_notes(send_three_times(client.get(&url).bearer_auth(google.token()))).await;
    assert_eq!(notes, [("unmapped_host".to_owned(), Some(server))]);
    // Calls to an address are explained if `localhost` is mapped.
    let mapped = google.storage_url().replace("127.0.0.1", "localhost");
    let mapped = Guard::builder().endpoint(mapped, "storage.googleapis.com").unwrap();
    let mapped = mapped.tokeninfo_endpoint(format!("{}/tokeninfo", google.oauth_url())).unwrap();
    let client = self::client(mapped.env(google.env())).await;
    let notes = setup_notes(async {
        let error = client.get(&url).bearer_auth(google.token()).send().await.unwrap_err();
        assert!(Denial::find(&error).is_some());
    });
    assert_eq!(notes.await, []);
    // Refusals of other servers cause no such event, even if they are for lack of the other
    // server's scopes.
    let client = self::client(Guard::builder().env([("UNRELATED", "1")])).await;
    let url = format!("{}/v1/things", google.url_of(Service::OtherApi));
    for challenge in [
        "",
        r#"Bearer error="insufficient_scope""#,
        r#"Bearer error="insufficient_scope", scope="https://corp.example/read""#,
    ] {
        let refusal = Response::builder().status(403).header("www-authenticate", challenge);
        google.other_api().times(3).respond(refusal.body("").unwrap());
        assert_eq!(setup_notes(send_three_times(client.get(&url))).await, [], "{challenge}");
    }
}

#[tokio::test]
async fn a_vm_without_an_account_is_noted_at_the_start() {
    let bare = gcp_scopes_testing::Vm::new("web-1").no_account();
    let bare = FakeGoogle::builder().vm(bare).start().await.unwrap();
    let note = [("no_account".to_owned(), None)];
    let start = async { drop(builder(&bare).detect().await) };
    assert_eq!(setup_notes(start).await, note);
    let google = google().await;
    assert_eq!(setup_notes(async { drop(builder(&google).detect().await) }).await, []);
}

#[tokio::test]
async fn a_guard_that_does_not_see_the_token_is_noted_once() {
    let google = google().await;
    let bucket = format!("{}/storage/v1/b/photos", google.storage_url());
    let note = [("unseen_token".to_owned(), Some("storage.googleapis.com".to_owned()))];
    for token in [google.token(), "expired".to_owned()] {
        let guard = builder(&google).detect().await;
        let client = ClientBuilder::new(plain::client()).with(guard.middleware());
        let client = client.with(SetsToken(format!("Bearer {token}"))).build();
        assert_eq!(setup_notes(send_three_times(client.get(&bucket))).await, note, "{token}");
    }
    // 16 is the gRPC status of a call without valid credentials.
    let grpc = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/grpc"))]);
    let status = (HeaderName::from_static("grpc-status"), HeaderValue::from_static("16"));
    let unauthenticated = HeaderMap::from_iter([status]);
    let publish = "https://pubsub.googleapis.com/google.pubsub.v1.Publisher/Publish";
    let grpc_call = async {
        let guard = Guard::builder().build();
        let call = Request::post(publish).body(()).unwrap();
        let call = Call::new(call.method(), call.uri()).with_headers(&grpc);
        for _ in 0..3 {
            let _ = guard.begin(&call).unwrap().answered(StatusCode::OK, &unauthenticated);
        }
    };
    let notes = setup_notes(grpc_call).await;
    assert_eq!(notes[..], [("unseen_token".to_owned(), notes[0].1.clone())]);
    let anonymous = client(builder(&google)).await;
    assert_eq!(setup_notes(send_three_times(anonymous.get(&bucket))).await, note);
    let client = client(builder(&google)).await;
    for request in [
        client.get(&bucket).bearer_auth("expired"),
        client.get(format!("{bucket}?key=AIza")),
        client.get(format!("{bucket}?access_token=expired")),
        client.get(&bucket).header("x-goog-api-key", "AIza"),
        client.get(format!("{}/photos/cat.jpg?X-Goog-Signature=0a", google.storage_url())),
    ] {
        assert_eq!(setup_notes(send_three_times(request)).await, []);
    }
}

#[tokio::test]
async fn a_guard_without_sources_is_noted_when_it_needs_one() {
    let google = google().await;
    let guard = |preflight| {
        let guard =
            Guard::builder().endpoint(google.storage_url(), "storage.googleapis.com").unwrap();
        guard.preflight(preflight).build()
    };
    let bucket = format!("{}/storage/v1/b/photos", google.storage_url());
    let note = [("no_source".to_owned(), None)];
    let requests = |guard: &Guard| {
        let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
        send_three_times(client.get(&bucket).bearer_auth(google.token()))
    };
    for preflight in [Preflight::Off, Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
        assert_eq!(setup_notes(requests(&guard(preflight))).await, note, "{preflight:?}");
        let with_sources = builder(&google).preflight(preflight).detect().await;
        assert_eq!(setup_notes(requests(&with_sources)).await, [], "{preflight:?}");
        let with_declaration = guard(preflight);
        let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/logging.write");
        let (token, held) = (google.token(), GrantedScopes::known(held, GrantSource::Declared));
        with_declaration.declare(AccessToken::new(&token).unwrap(), held);
        assert_eq!(setup_notes(requests(&with_declaration)).await, [], "{preflight:?}");
    }
}

#[tokio::test]
async fn every_event_has_exactly_the_documented_fields() {
    let (records, documented, values) =
        (record_every_kind().await, documented_fields(), documented_values());
    for (kind, listed) in &documented {
        let events = records.of_kind(kind);
        assert!(!events.is_empty(), "there was no event of the kind {kind}");
        for event in &events {
            let unknown: Vec<_> =
                event.keys().filter(|field| !listed.contains_key(*field)).collect();
            assert!(
                unknown.is_empty(),
                "{kind} has fields that docs/logs.md does not list: {unknown:?}"
            );
            let absent: Vec<_> = listed
                .iter()
                .filter(|(field, always)| **always && !event.contains_key(*field))
                .collect();
            assert!(
                absent.is_empty(),
                "{kind} lacks fields that docs/logs.md promises: {absent:?}"
            );
            let unlisted = values.iter().find(|(field, values)| {
                event.get(*field).is_some_and(|value| !values.contains(value))
            });
            assert!(
                unlisted.is_none(),
                "{kind} has a value that docs/logs.md does not list for {unlisted:?}: {event:?}"
            );
        }
        let present: BTreeSet<_> = events.iter().flat_map(|event| event.keys().cloned()).collect();
        let never: Vec<_> = listed.keys().filter(|field| !present.contains(*field)).collect();
        assert!(
            never.is_empty(),
            "docs/logs.md lists fields of {kind} that no event had: {never:?}"
        );
    }
}

/// A source whose tokens are the names of the requested scopes.
struct NameOfScope;

impl TokenSource for NameOfScope {
    async fn token_for(&self, scope: &str) -> Result<String, BoxError> {
        Ok(scope.rsplit('/').next().unwrap_or(scope).to_owned())
    }
}

/// Returns the token that the guard attaches to a call, and whether the guard treats the host of
/// the call as Google's.
async fn judged(guard: &Guard, url: &str) -> (Option<String>, bool) {
    let (verb, uri, headers) = (http::Method::GET, url.parse().unwrap(), HeaderMap::new());
    let call = Call::new(&verb, &uri).with_headers(&headers);
    let authorization = guard.authorization(&call, &NameOfScope).await.unwrap();
    let token = authorization.map(|value| value.to_str().unwrap().replace("Bearer ", ""));
    let held = GrantedScopes::known(ScopeSet::from_scope_text("openid"), GrantSource::Declared);
    (token, matches!(guard.decide(&call, &held), Ok(Some(_))))
}

#[tokio::test]
async fn variables_of_emulators_map_hosts_and_send_tokens_only_to_this_machine() {
    let variables = [
        ("NO_GCE_CHECK", "true"),
        ("STORAGE_EMULATOR_HOST", "localhost:4443"),
        ("PUBSUB_EMULATOR_HOST", "https://emulator.example:8085"),
        ("BIGTABLE_EMULATOR_HOST", "unix:///run/secret-name"),
    ];
    let records = Records::default();
    let capture = records.capture();
    let guard = Guard::builder().env(variables).detect().await;
    drop(capture);
    let bucket = "http://127.0.0.1:4443/storage/v1/b/photos";
    let topic = "https://emulator.example:8085/v1/projects/p/topics/t";
    assert_eq!(judged(&guard, bucket).await, (Some("devstorage.read_only".to_owned()), true));
    assert_eq!(judged(&guard, topic).await, (None, true));
    assert_eq!(
        judged(&guard, "https://emulator.example/v1/projects/p/topics/t").await,
        (None, false)
    );
    let [event] = &records.of_kind("set-up")[..] else { panic!("expected one event") };
    assert!(event["message"].contains("BIGTABLE_EMULATOR_HOST"), "{event:?}");
    assert!(!event["message"].contains("secret-name"), "{event:?}");
    // The guard sends tokens to a host that the program maps, without regard to the variables.
    let mapped =
        Guard::builder().endpoint("https://emulator.example:8085", "pubsub.googleapis.com");
    let guard = mapped.unwrap().env(variables).detect().await;
    assert_eq!(judged(&guard, topic).await, (Some("pubsub".to_owned()), true));
}

#[test]
fn the_preflight_variable_takes_precedence_over_the_program() {
    for (value, expected, events) in [
        ("off", Preflight::Off, 0),
        ("warn", Preflight::Warn, 0),
        (" Confirm\n", Preflight::Confirm, 0),
        ("deny", Preflight::Deny, 0),
        ("", Preflight::Warn, 0),
        ("of", Preflight::Warn, 1),
    ] {
        let records = Records::default();
        let _capture = records.capture();
        let guard = Guard::builder().preflight(Preflight::Warn);
        let guard = guard.env([("GCP_SCOPES_PREFLIGHT", value)]).build();
        assert!(format!("{guard:?}").contains(&format!("preflight: {expected:?}")), "{guard:?}");
        assert_eq!(records.of_kind("set-up").len(), events, "{value}");
    }
}

#[tokio::test]
async fn a_thousand_denials_make_at_most_four_events_with_correct_counts() {
    let (google, records) = (google().await, Records::default());
    let hooked = Arc::new(Mutex::new(Vec::new()));
    let hook = {
        let hooked = Arc::clone(&hooked);
        move |denial: &Denial, calls| {
            hooked.lock().unwrap().push((denial.method().map(|method| method.id()), calls));
            panic!("a panic of the hook affects no call");
        }
    };
    let deny = builder(&google).preflight(Preflight::Deny).on_denial(hook);
    let client = client(deny).await;
    let _capture = records.capture();
    for _ in 0..1000 {
        publish(&client, &google).send().await.unwrap_err();
    }
    let counts: Vec<u64> = records
        .of_kind("denied")
        .iter()
        .map(|event| event["oauth.scope.calls"].parse().unwrap())
        .collect();
    assert_eq!(counts.iter().sum::<u64>(), 1000);
    // Of repeated denials, only the first, the 10th, the 100th and the 1,000th are logged.
    assert!(counts.len() <= 4, "{counts:?}");
    let publish = Some("pubsub.projects.topics.publish");
    let expected: Vec<_> = counts.iter().map(|calls| (publish, *calls)).collect();
    // The lock is not poisoned, because the hook releases it before it panics.
    assert_eq!(*hooked.lock().unwrap(), expected);
}

/// Makes a refused call with this token. The inner service refuses immediately, as Google does.
async fn refused_call(guard: &Guard, token: usize) {
    let refuse = tower::service_fn(|_: Request<()>| async {
        let body =
            r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#;
        let refused = Response::builder().status(403).body(Full::new(Bytes::from(body)));
        Ok::<_, std::convert::Infallible>(refused.unwrap())
    });
    let request = Request::get("https://storage.googleapis.com/storage/v1/b/photos");
    let request = request.header(AUTHORIZATION, format!("Bearer ya29.{token}")).body(()).unwrap();
    let service = tower::ServiceBuilder::new().layer(guard.layer()).service(refuse);
    service.oneshot(request).await.unwrap_err();
}

// A unit test of the counts has 5,000 tokens and 100,000 refusals, which would take minutes here.
#[tokio::test]
async fn a_storm_of_many_tokens_makes_few_events_with_complete_counts() {
    const TENANTS: usize = 2_500;
    const REFUSALS: usize = 3;
    let records = Records::default();
    let capture = records.capture();
    let guard = Guard::builder().build();
    for token in (0..REFUSALS).flat_map(|_| 0..TENANTS) {
        refused_call(&guard, token).await;
    }
    drop(guard);
    drop(capture);
    let events = records.0.lock().unwrap();
    assert!(events.len() <= 2_048, "{} events", events.len());
    let calls = events.iter().filter_map(|(_, fields)| fields.get("oauth.scope.calls"));
    let calls: usize = calls.map(|calls| calls.parse::<usize>().unwrap()).sum();
    assert_eq!(calls, TENANTS * REFUSALS);
}
