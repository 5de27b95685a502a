//! A name that a user chose changes neither the response that the caller gets nor what the guard
//! learns.
//!
//! The message of a refusal contains the name of the object, table, file or pod that the call is
//! about. These tests put names that look like a refusal for lack of scope into refusals by other
//! gates, and send the refusals over sockets to guarded clients.
#![cfg(all(feature = "reqwest-middleware", feature = "tower"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

#[path = "support/builder.rs"]
mod builder;
#[path = "support/log.rs"]
mod log;
#[path = "support/named_refusals.rs"]
mod named_refusals;
#[path = "support/plain.rs"]
mod plain;

use std::collections::BTreeSet;

use builder::builder;
use bytes::Bytes;
use gcp_scopes::call::Call;
use gcp_scopes::denial::DenialKind;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::{Denial, Guard, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use log::Log;
use named_refusals::{NAMES, OTHER_REFUSALS, RefusalExample, escaped, example, grpc_message};
use reqwest_middleware::ClientBuilder;
use tower::{BoxError, ServiceBuilder, ServiceExt};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;

/// A name that does not look like a refusal for lack of scope.
const HARMLESS: &str = "cat.jpg";
/// The token holds a scope that the method accepts.
const HOLDS: &str = "ya29.holds";
/// The token lacks every scope that the method accepts.
const LACKS: &str = "ya29.lacks";
/// No source knows the scopes of this token.
const UNKNOWN: &str = "ya29.unknown";
const TOKENS: [&str; 3] = [HOLDS, LACKS, UNKNOWN];

/// A guarded program that calls one method of Pub/Sub.
struct PubsubCaller<'g> {
    google: &'g FakeGoogle,
    guard: Guard,
    http: Client<HttpConnector, Full<Bytes>>,
}

/// The response or the kind of the denial.
type CallerResult = Result<(StatusCode, HeaderMap, Bytes), DenialKind>;

impl<'g> PubsubCaller<'g> {
    /// Starts a program whose guard knows the scopes of [`HOLDS`] and [`LACKS`].
    fn start(google: &'g FakeGoogle) -> Self {
        let guard = builder(google).without_tokeninfo().build();
        let declare = |token, scope: &str| {
            let scopes =
                ScopeSet::from_scope_text(&format!("https://www.googleapis.com/auth/{scope}"));
            guard.declare(
                AccessToken::new(token).unwrap(),
                GrantedScopes::known(scopes, GrantSource::Tokeninfo),
            );
        };
        declare(HOLDS, "pubsub");
        declare(LACKS, "logging.write");
        Self { google, guard, http: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Makes a call over REST or gRPC, to which the fake responds with `response`.
    async fn call(&self, token: &str, is_grpc: bool, response: Response<Bytes>) -> CallerResult {
        self.google.other_api().respond(response);
        let (path, content_type) = match is_grpc {
            true => ("google.pubsub.v1.Publisher/Publish", "application/grpc"),
            false => ("v1/projects/my-project/topics/orders:publish", "application/json"),
        };
        let request = Request::post(format!("{}/{path}", self.google.url_of(Service::OtherApi)))
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, content_type)
            .body(Full::new(Bytes::from("{}")))
            .unwrap();
        let service = ServiceBuilder::new().layer(self.guard.layer()).service(self.http.clone());
        outcome(service.map_err(BoxError::from).oneshot(request).await).await
    }

    /// Returns two results for each of [`TOKENS`]: what the guard decides about a call with given
    /// scopes, and whether a call with the token would be sent. The given scope is that of the
    /// token, or one that [`NAMES`] mention if the token's scopes are unknown.
    fn decisions(&self) -> Vec<(&'static str, bool)> {
        let uri: Uri = format!(
            "{}/v1/projects/my-project/topics/orders:publish",
            self.google.url_of(Service::OtherApi)
        )
        .parse()
        .unwrap();
        let decide = |token: &str| {
            let scope = match token {
                HOLDS => "https://www.googleapis.com/auth/pubsub",
                LACKS => "https://www.googleapis.com/auth/logging.write",
                // Some of the names claim that the method accepts this scope.
                _ => "https://mail.google.com/",
            };
            let held =
                GrantedScopes::known(ScopeSet::from_scope_text(scope), GrantSource::Tokeninfo);
            match self.guard.decide(&Call::new(&Method::POST, &uri), &held) {
                Ok(None) => "allow",
                Err(why) => why.as_str(),
                Ok(Some(_)) => "lacking",
            }
        };
        let is_sent = |token: &str| {
            let header = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
            let headers = HeaderMap::from_iter([(AUTHORIZATION, header)]);
            self.guard.begin(&Call::new(&Method::POST, &uri).with_headers(&headers)).is_ok()
        };
        TOKENS.map(|token| (decide(token), is_sent(token))).to_vec()
    }
}

/// Reads the response, or returns the kind of the denial. The date differs between two responses,
/// so it is removed.
async fn outcome<B: http_body::Body>(result: Result<Response<B>, BoxError>) -> CallerResult
where
    B::Error: std::fmt::Debug,
{
    match result {
        Ok(response) => {
            let (mut head, body) = response.into_parts();
            head.headers.remove("date");
            Ok((head.status, head.headers, body.collect().await.unwrap().to_bytes()))
        }
        Err(error) => Err(Denial::find(&*error).unwrap_or_else(|| panic!("{error:?}")).kind()),
    }
}

/// A refusal as a response, with a name in it.
type NamedRefusal<'r> = dyn Fn(&str) -> Response<Bytes> + 'r;

/// The forms in which a server may send a refusal. The first value is `true` for gRPC.
fn forms(row: &'static RefusalExample) -> Vec<(bool, Box<NamedRefusal<'static>>)> {
    let respond = move |content_type: &str, body: String| {
        let response = Response::builder().status(row.status).header(CONTENT_TYPE, content_type);
        response.body(Bytes::from(body)).unwrap()
    };
    let json =
        move |body: serde_json::Value| respond("application/json; charset=UTF-8", body.to_string());
    let grpc = move |name: &str| {
        let response =
            Response::builder().header(CONTENT_TYPE, "application/grpc").header("grpc-status", "7");
        response
            .header("grpc-message", grpc_message(&row.message(name)))
            .body(Bytes::new())
            .unwrap()
    };
    let mut forms: Vec<(_, Box<NamedRefusal<'static>>)> = vec![
        (false, Box::new(move |name| json(row.json(name)))),
        (false, Box::new(move |name| respond("application/xml", row.xml(name, "Details")))),
        (false, Box::new(move |name| respond("text/html", row.html(name)))),
    ];
    if row.status == 403 {
        forms.push((false, Box::new(move |name| respond("text/plain", row.message(name)))));
        forms.push((false, Box::new(move |name| json(row.json_without_reasons(name)))));
        forms.push((true, Box::new(grpc)));
    }
    forms
}

/// Keeps the events enabled on this thread. If a test logged an event for the first time while no
/// subscriber exists, tracing could disable the event for a subscriber that another test creates at
/// the same time.
fn keep_events_enabled() -> tracing::subscriber::DefaultGuard {
    capture(&Log::default())
}

/// Captures the events of the guard on this thread. The events of the HTTP client are left out,
/// because capturing them would take longer than the calls.
fn capture(log: &Log) -> tracing::subscriber::DefaultGuard {
    let log = log.clone();
    let text = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || log.clone());
    let guard_only = Targets::new().with_target(gcp_scopes::telemetry::TARGET, Level::DEBUG);
    tracing::subscriber::set_default(tracing_subscriber::registry().with(text).with(guard_only))
}

/// Checks that a refusal with a chosen name has the same effects as with a harmless name. Each name
/// is used with one token, and with another token for another `round`.
async fn names_have_no_effect(
    google: &FakeGoogle,
    is_grpc: bool,
    round: usize,
    refusal: &NamedRefusal<'_>,
) {
    let harmless = TOKENS.map(|token| (HARMLESS, token));
    let expected = effects_of(google, is_grpc, &harmless, refusal).await;
    let tokens = TOKENS.into_iter().cycle().skip(round % TOKENS.len());
    let chosen: Vec<_> = NAMES.iter().copied().zip(tokens).collect();
    assert_eq!(
        effects_of(google, is_grpc, &chosen, refusal).await,
        expected,
        "{:?}",
        refusal("NAME")
    );
}

/// Sends a refusal with each of these names and tokens. Returns the decisions of the guard after
/// the refusals (see [`PubsubCaller::decisions`]), and the gates that it logged. Checks that the
/// caller gets every response unchanged.
async fn effects_of(
    google: &FakeGoogle,
    is_grpc: bool,
    calls: &[(&str, &str)],
    refusal: &NamedRefusal<'_>,
) -> (Vec<(&'static str, bool)>, BTreeSet<String>) {
    let (program, log) = (PubsubCaller::start(google), Log::default());
    let capturing = capture(&log);
    for (name, token) in calls {
        let expected = refusal(name);
        let (status, body) = (expected.status(), expected.body().clone());
        let (actual_status, headers, actual_body) = program
            .call(token, is_grpc, expected)
            .await
            .unwrap_or_else(|kind| panic!("{token} got a denial, {kind:?}: {name}"));
        assert_eq!((actual_status, &actual_body), (status, &body), "{name}");
        // HTTP drops spaces at the ends of a header's value.
        let message = |headers: &HeaderMap| {
            headers.get("grpc-message").map(|value| value.as_bytes().trim_ascii().to_vec())
        };
        assert_eq!(message(&headers), message(refusal(name).headers()), "{name}");
    }
    drop(capturing);
    let text = log.text();
    let gates = text.split("oauth.scope.gate=").skip(1).filter_map(|rest| rest.split(' ').next());
    assert!(
        !text.contains("was refused for lack") && !text.contains("mentions scopes beside"),
        "{text}"
    );
    let result = (program.decisions(), gates.map(str::to_owned).collect());
    no_refusal_is_lost(&program).await;
    result
}

/// Checks that a refusal for lack of scope is still explained, with every token.
async fn no_refusal_is_lost(program: &PubsubCaller<'_>) {
    for token in TOKENS {
        let response = scope_refusal("Request had insufficient authentication scopes.");
        assert_eq!(
            program.call(token, false, response).await.err(),
            Some(DenialKind::Refused),
            "{token}"
        );
    }
}

/// Creates a refusal for lack of scope with this message and without other evidence.
fn scope_refusal(message: &str) -> Response<Bytes> {
    let body = serde_json::json!({
        "error": {"code": 403, "message": message, "status": "PERMISSION_DENIED"},
    });
    Response::builder().status(403).body(Bytes::from(body.to_string())).unwrap()
}

#[tokio::test]
async fn a_name_changes_neither_the_response_nor_a_lesson() {
    let _keep_enabled = keep_events_enabled();
    let google = FakeGoogle::builder().start().await.unwrap();
    for (number, row) in OTHER_REFUSALS.iter().enumerate() {
        for (round, (is_grpc, refusal)) in forms(row).into_iter().enumerate() {
            names_have_no_effect(&google, is_grpc, number + round, &*refusal).await;
        }
    }
}

/// Requests a refusal from the fake, without a guard.
async fn recorded(google: &FakeGoogle, form: RefusalForm) -> Response<Bytes> {
    google.other_api().respond_with(form);
    let http: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let response = http.get(google.url_of(Service::OtherApi).parse().unwrap()).await.unwrap();
    let (mut head, body) = response.into_parts();
    for name in ["date", "content-length"] {
        head.headers.remove(name);
    }
    Response::from_parts(head, body.collect().await.unwrap().to_bytes())
}

/// Puts a name at the end of the message of a recorded refusal.
fn with_name(recorded: &Response<Bytes>, name: &str) -> Response<Bytes> {
    let mut named = recorded.clone();
    let text = String::from_utf8(recorded.body().to_vec()).unwrap();
    if let Some(message) = recorded.headers().get("grpc-message") {
        let message = format!("{} ({})", message.to_str().unwrap(), grpc_message(name));
        named.headers_mut().insert("grpc-message", message.parse().unwrap());
    } else if let Ok(mut body) = serde_json::from_str::<serde_json::Value>(&text) {
        let message = format!("{} ({name})", body["error"]["message"].as_str().unwrap());
        body["error"]["message"] = message.clone().into();
        if let Some(first) = body["error"].get_mut("errors").and_then(|errors| errors.get_mut(0)) {
            first["message"] = message.into();
        }
        *named.body_mut() = body.to_string().into();
    } else {
        *named.body_mut() = text.replace("<code>/", &format!("<code>/{}", escaped(name))).into();
    }
    named
}

#[tokio::test]
async fn a_name_in_a_refusal_of_the_fake_changes_neither_the_response_nor_a_lesson() {
    let _keep_enabled = keep_events_enabled();
    let google = FakeGoogle::builder().start().await.unwrap();
    let names_scopes = |form: &RefusalForm| format!("{form:?}").contains("Scope");
    let other_gates: Vec<_> =
        RefusalForm::all().iter().filter(|form| !names_scopes(form)).collect();
    assert!(other_gates.len() >= 13, "{other_gates:?}");
    for form in other_gates {
        let recorded = recorded(&google, *form).await;
        for round in 0..TOKENS.len() {
            names_have_no_effect(&google, form.is_grpc(), round, &|name| {
                with_name(&recorded, name)
            })
            .await;
        }
    }
}

#[tokio::test]
async fn a_name_changes_no_response_through_reqwest_middleware() {
    let _keep_enabled = keep_events_enabled();
    let google = FakeGoogle::builder().start().await.unwrap();
    let program = PubsubCaller::start(&google);
    let client = ClientBuilder::new(plain::client()).with(program.guard.middleware()).build();
    let url = format!(
        "{}/v1/projects/my-project/topics/orders:publish",
        google.url_of(Service::OtherApi)
    );
    for row in OTHER_REFUSALS.iter().filter(|row| row.status == 403) {
        for name in NAMES {
            let body = row.json(name).to_string();
            google.other_api().respond(Response::builder().status(403).body(body.clone()).unwrap());
            let response = client.post(&url).bearer_auth(HOLDS).body("{}").send().await.unwrap();
            assert_eq!(
                (response.status(), response.text().await.unwrap()),
                (StatusCode::FORBIDDEN, body)
            );
        }
    }
    google.other_api().respond_with(RefusalForm::Scope);
    let error = client.post(&url).bearer_auth(HOLDS).body("{}").send().await.unwrap_err();
    assert!(Denial::find(&error).is_some());
}

#[tokio::test]
async fn a_name_at_the_beginning_gives_way_to_the_known_scopes() {
    let _keep_enabled = keep_events_enabled();
    const LOCKED: RefusalExample = example(403, "forbidden", None, "NAME is under active hold.");
    let google = FakeGoogle::builder().start().await.unwrap();
    // A query over a file in Drive needs a scope in addition to one that is listed for queries, so
    // the known scopes do not disprove this sentence.
    let names = NAMES.iter().filter(|name| !name.contains("Drive credentials"));
    for (round, (is_grpc, refusal)) in forms(&LOCKED).into_iter().enumerate() {
        let program = PubsubCaller::start(&google);
        let before = program.decisions();
        for name in names.clone() {
            let response = refusal(name);
            let actual = program.call(HOLDS, is_grpc, response.clone()).await;
            let (status, _, body) =
                actual.unwrap_or_else(|kind| panic!("{round}, {kind:?}: {name}"));
            assert_eq!((status, &body), (response.status(), response.body()), "{round}: {name}");
            assert_eq!(program.decisions(), before, "{round}: {name}");
        }
        no_refusal_is_lost(&program).await;
    }
}
