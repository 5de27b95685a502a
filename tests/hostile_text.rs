//! Checks that text from outside cannot move the cursor of a terminal, change the direction of
//! writing or hide characters. The tests cover all sources of text, and all places that show it.
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

use std::fmt::{Debug, Display};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use builder::builder;
use gcp_scopes::call::{Call, NeededScopes};
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes, GrantedScopesSource};
use gcp_scopes::layout::Layout;
use gcp_scopes::{Denial, Guard, GuardBuilder, Preflight, Scope, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, Service, Vm};
use http::{HeaderMap, Method, Response, StatusCode};
use log::Log;
use reqwest_middleware::ClientBuilder;
use serde::Serialize;

/// Control and format characters, marks of direction, separators of lines, and a tag, but no white
/// space of ASCII.
const HOSTILE: [char; 18] = [
    '\u{7}',
    '\u{8}',
    '\u{1b}',
    '\u{7f}',
    '\u{85}',
    '\u{9b}',
    '\u{ad}',
    '\u{61c}',
    '\u{180e}',
    '\u{200b}',
    '\u{200f}',
    '\u{2028}',
    '\u{202e}',
    '\u{2060}',
    '\u{2066}',
    '\u{feff}',
    '\u{fff9}',
    '\u{e0041}',
];

/// Returns a text with every hostile character.
fn hostile(name: &str) -> String {
    format!("{name}{}x", HOSTILE.iter().collect::<String>())
}

/// Returns the text of an OAuth response that lists two scopes, one of them with hostile
/// characters.
fn hostile_scopes() -> String {
    format!(
        "https://www.googleapis.com/auth/logging.write {}",
        hostile("https://corp.example/auth/")
    )
}

/// Checks that a text contains no hostile character, and no control character but line feeds.
/// `what` names the text in the message of a failure.
fn assert_harmless(what: &str, text: &str) {
    let found = text.chars().find(|c| HOSTILE.contains(c) || (c.is_control() && *c != '\n'));
    assert_eq!(found, None, "{what}: {}", text.escape_debug());
}

/// Checks every form in which a value is shown.
fn check_shown(what: &str, value: &(impl Display + Debug + Serialize)) {
    assert_harmless(what, &format!("{value} {value:#} {value:?} {value:#?}"));
    assert_harmless(what, &serde_json::to_string(value).unwrap());
}

fn check_denial(what: &str, denial: &Denial) {
    check_shown(what, denial);
    for layout in [Layout::new(), Layout::new().plain(), Layout::new().width(40)] {
        assert_harmless(what, &denial.report_in(&layout));
    }
    let (granted, environment) = (denial.granted(), denial.environment());
    assert_harmless(what, &format!("{granted:?} {environment:?} {:?}", denial.refusal()));
    gcp_scopes::telemetry::span(denial).in_scope(|| tracing::error!("the call failed"));
}

/// A source that returns what the test sets, with a hostile name.
struct HostileSource(String, Option<GrantedScopes>);

impl GrantedScopesSource for HostileSource {
    fn name(&self) -> &str {
        &self.0
    }

    async fn granted(&self, _: AccessToken<'_>) -> Option<GrantedScopes> {
        self.1.clone()
    }
}

fn source(granted: Option<GrantedScopes>) -> HostileSource {
    HostileSource(hostile("source"), granted)
}

/// Returns the granted scopes that a program creates from a hostile list.
fn from_list(source: GrantSource) -> GrantedScopes {
    GrantedScopes::known(ScopeSet::from_scope_text(&hostile_scopes()), source)
}

/// Returns a self-signed JWT with hostile scopes.
fn hostile_jwt() -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let claims =
        serde_json::json!({"iss": "robot@p.iam.gserviceaccount.com", "scope": hostile_scopes()});
    format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(&claims.to_string()), part("signature"))
}

async fn google() -> FakeGoogle {
    FakeGoogle::builder().vm(Vm::new("web-1")).bucket("photos").start().await.unwrap()
}

/// Makes two calls that are refused, and a self-check, and checks everything that is shown.
async fn check_guard(what: &str, guard: GuardBuilder, google: &FakeGoogle, token: &str) {
    let log = Log::default();
    let capture = log.capture();
    let guard = guard.preflight(Preflight::Warn).detect().await;
    let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    let url = format!(
        "{}/v1/projects/my-project/topics/orders:publish",
        google.url_of(Service::OtherApi)
    );
    let message = hostile("Request had insufficient authentication scopes.");
    let service = hostile("pubsub.googleapis.com");
    let details = serde_json::json!([{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": service, "method": service},
    }]);
    let body = serde_json::json!({"error": {
        "code": 403, "message": message, "status": "PERMISSION_DENIED", "details": details,
    }});
    // U+009B in Latin-1 begins a control sequence, as ESC and a bracket do.
    let refusal = Response::builder().status(403).header("x-request-id", &b"a\x9b1mb"[..]);
    google.other_api().times(2).respond(refusal.body(body.to_string()).unwrap());
    for _ in 0..2 {
        let error = client.post(&url).bearer_auth(token).body("{}").send().await.unwrap_err();
        assert_harmless(what, &format!("{error} {error:?}"));
        let denial = Denial::find(&error).unwrap();
        check_denial(what, denial);
        assert!(denial.granted().scopes().is_none(), "{what}: {:?}", denial.granted());
    }
    let check =
        guard.self_check().needs("pubsub.projects.topics.publish").needs(hostile("pubsub."));
    check_shown(what, &check.run().await);
    drop((guard, client, capture));
    log.text().lines().for_each(|line| assert_harmless(what, line));
}

#[tokio::test]
async fn hostile_scopes_names_and_reasons_are_escaped_wherever_they_are_shown() {
    let google = google().await;
    let opaque = google.mint("robot@my-project.iam.gserviceaccount.com", ["logging.write"]);
    let guard = || builder(&google);
    check_guard("JWT", guard(), &google, &hostile_jwt()).await;
    let unknown = GrantedScopes::unknown(hostile("down"));
    for (what, granted) in [
        ("list of a source", Some(from_list(GrantSource::Custom))),
        ("reason of a source", Some(unknown)),
        ("name of a source", None),
    ] {
        check_guard(what, guard().source(source(granted)).without_tokeninfo(), &google, &opaque)
            .await;
    }
    let reply = serde_json::json!({"scope": hostile_scopes(), "expires_in": 600}).to_string();
    google.script(Service::OAuth).times(usize::MAX).respond(Response::new(reply));
    check_guard("tokeninfo", guard(), &google, &opaque).await;
    let path = "/computeMetadata/v1/instance/service-accounts/default/scopes";
    let list = hostile_scopes().replace(' ', "\n");
    let list = Response::builder().header("metadata-flavor", "Google").body(list).unwrap();
    google.script(Service::Metadata).path(path).times(usize::MAX).respond(list);
    check_guard("metadata server", guard().without_tokeninfo(), &google, &google.token()).await;
}

#[tokio::test]
async fn declared_and_stated_scopes_are_escaped_wherever_they_are_shown() {
    let guard = Guard::builder().build();
    guard.declare(AccessToken::new("mine").unwrap(), from_list(GrantSource::Declared));
    let uri = "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish".parse().unwrap();
    let needed = NeededScopes::any_of([Scope::from_uri(&hostile("https://corp.example/auth/"))]);
    let headers =
        HeaderMap::from_iter([(http::header::AUTHORIZATION, "Bearer mine".parse().unwrap())]);
    for needed in [None, Some(&needed)] {
        let call = Call::new(&Method::POST, &uri).with_headers(&headers).with_needed_scopes(needed);
        let log = Log::default();
        let capture = log.capture();
        let flight = guard.begin(&call).unwrap();
        let body = b"Request had insufficient authentication scopes.";
        let denial = flight.explain_now(StatusCode::FORBIDDEN, &HeaderMap::new(), body).unwrap();
        check_denial("declared or stated", &denial);
        assert!(denial.granted().is_unknown());
        drop(capture);
        log.text().lines().for_each(|line| assert_harmless("the log", line));
    }
}

#[tokio::test]
async fn variables_and_files_are_escaped_wherever_they_are_shown() {
    let names = [
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_CLOUD_PROJECT",
        "K_SERVICE",
        "GCE_METADATA_HOST",
        "CLOUDSDK_CONFIG",
        "CLOUD_RUN_JOB",
        "GAE_SERVICE",
        "FUNCTION_NAME",
        "HOME",
    ];
    for name in names {
        let guard = Guard::builder()
            .env([(name, hostile("/tmp/"))])
            .preflight(Preflight::Warn)
            .detect()
            .await;
        let body = b"Request had insufficient authentication scopes.";
        let flight = guard.begin_unseen(None);
        check_denial(
            name,
            &flight.explain_now(StatusCode::FORBIDDEN, &HeaderMap::new(), body).unwrap(),
        );
        check_shown(name, &guard.self_check().needs("pubsub.projects.topics.publish").run().await);
        assert_harmless(name, &format!("{:?}", guard.environment()));
    }
}

#[test]
fn errors_escape_the_text_that_they_quote() {
    for error in [
        hostile("pubsub").parse::<Scope>().unwrap_err().to_string(),
        gcp_scopes::catalog::ApiMethod::by_id(&hostile("pubsub.")).unwrap_err().to_string(),
        Guard::builder()
            .endpoint(hostile("http://h"), "storage.googleapis.com")
            .unwrap_err()
            .to_string(),
        Guard::builder().universe(&hostile("h.")).unwrap_err().to_string(),
        Guard::builder().tokeninfo_endpoint(hostile("http://h")).unwrap_err().to_string(),
    ] {
        assert_harmless("an error", &error);
    }
}
