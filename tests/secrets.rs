//! One marked token through every form of refusal, preflight, delivery and adapter, with all logging
//! on: it comes out nowhere but at the caller's host and at the inspector.
#![cfg(all(feature = "reqwest-middleware", feature = "tower"))]
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

#[path = "support/builder.rs"]
mod builder;
#[path = "support/log.rs"]
mod log;
#[path = "support/plain.rs"]
mod plain;
#[path = "support/writings.rs"]
mod writings;

use std::collections::HashSet;
use std::error::Error;
use std::fmt::Debug;
use std::panic;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use builder::builder;
use bytes::Bytes;
use gcp_scopes::granted::{AccessToken, Fetch, GrantedScopes, GrantedScopesSource};
use gcp_scopes::guard::DenialDelivery;
use gcp_scopes::token_source::TokenSource;
use gcp_scopes::{Denial, Guard, Preflight};
use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service, Vm};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use log::Log;
use reqwest_middleware::ClientBuilder;
use tower::{BoxError, ServiceBuilder, ServiceExt};

const MARKER: &str = "ya29.c.MARKER-q7Zk3vT9xW2mB8nL4cR6jH5s";
/// Tells this program, started again by its own test, where to leave what it shows.
const CHILD: &str = "GCP_SCOPES_SECRETS_CHILD";

/// One will do for what a process leaves behind.
fn preflights() -> impl Iterator<Item = Preflight> {
    let all = [Preflight::Confirm, Preflight::Off, Preflight::Warn, Preflight::Deny];
    all.into_iter().take(if std::env::var_os(CHILD).is_some() { 1 } else { all.len() })
}

/// Everything by which the marker, or 12 bytes of it, could be known.
fn traces() -> Vec<String> {
    let slices = |text: &str, length: usize| -> Vec<String> {
        (0..=text.len() - length).map(|start| text[start..start + length].to_owned()).collect()
    };
    let hex = |width: usize, upper: bool| -> String {
        let byte = |byte: u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        MARKER.bytes().map(|it| format!("{}{}", &"%"[..width - 2], byte(it))).collect()
    };
    // Behind none, one or two bytes of something else: base64 has three ways to write a text.
    let base64 = ["", "x", "xy"].into_iter().flat_map(|before| {
        let text = format!("{before}{MARKER}");
        [STANDARD.encode(&text), URL_SAFE.encode(&text)].map(|text| text[4..text.len() - 4].to_owned())
    });
    let mut traces = slices(MARKER, 12);
    base64.for_each(|text| traces.extend(slices(&text, 16)));
    for upper in [false, true] {
        traces.extend(slices(&hex(2, upper), 24));
        traces.extend(slices(&hex(3, upper), 36));
    }
    traces
}

fn trace_in<'t>(traces: &'t [String], text: &str) -> Option<&'t String> {
    traces.iter().find(|trace| text.contains(trace.as_str()))
}

fn assert_clean<'t>(texts: impl IntoIterator<Item = &'t str>) {
    let traces = traces();
    // Most lines come again and again.
    let lines: HashSet<&str> = texts.into_iter().flat_map(str::lines).collect();
    for line in lines {
        assert_eq!(trace_in(&traces, line), None, "in: {line}");
    }
}

#[test]
fn a_marker_in_any_writing_is_found() {
    let traces = traces();
    for text in writings::of(MARKER) {
        assert!(trace_in(&traces, &text).is_some(), "{text}");
    }
    assert_eq!(trace_in(&traces, &MARKER[..11]), None);
}

/// Whatever can be seen of what happens.
#[derive(Default)]
struct Seen(Vec<String>);

impl Seen {
    fn debug(&mut self, value: &impl Debug) {
        self.0.extend([format!("{value:?}"), format!("{value:#?}")]);
    }

    fn error(&mut self, error: &(dyn Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.0.push(format!("{error} {error:?} {error:#?}"));
            next = error.source();
        }
        Denial::find(error).into_iter().for_each(|denial| self.denial(denial));
    }

    fn denial(&mut self, denial: &Denial) {
        self.0.extend([denial.to_string(), denial.report(), serde_json::to_string(denial).unwrap()]);
        self.debug(denial);
        self.debug(denial.granted());
        self.debug(denial.environment());
        self.debug(&denial.refusal());
        self.debug(&denial.steps());
    }
}

async fn google() -> FakeGoogle {
    let google = FakeGoogle::builder().vm(Vm::new("web-1")).start().await.unwrap();
    let token = format!(r#"{{"access_token":"{MARKER}","expires_in":3599,"token_type":"Bearer"}}"#);
    let token = Response::builder().header("metadata-flavor", "Google").body(token).unwrap();
    let path = "/computeMetadata/v1/instance/service-accounts/default/token";
    google.script(Service::Metadata).path(path).times(usize::MAX).respond(token);
    google
}

fn url(google: &FakeGoogle) -> String {
    format!("{}/v1/projects/p/topics/t:publish?uploadType=x", google.url_of(Service::OtherApi))
}

async fn by_reqwest(guard: &Guard, google: &FakeGoogle, seen: &mut Seen) {
    let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    seen.debug(&client);
    let request = client.post(url(google)).bearer_auth(MARKER).body("{}");
    seen.debug(&request);
    match request.send().await {
        Ok(response) => {
            seen.debug(&response);
            response.extensions().get::<Denial>().into_iter().for_each(|denial| seen.denial(denial));
        }
        Err(error) => seen.error(&error),
    }
}

async fn by_tower(guard: &Guard, google: &FakeGoogle, seen: &mut Seen) {
    let hyper = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let service = ServiceBuilder::new().layer(guard.layer()).service(hyper);
    seen.debug(&service);
    let mut token = HeaderValue::try_from(format!("Bearer {MARKER}")).unwrap();
    token.set_sensitive(true);
    let request = Request::post(url(google)).header(AUTHORIZATION, token).body(Full::from("{}")).unwrap();
    let call = service.oneshot(request);
    match call.await {
        Ok(response) => {
            seen.debug(&response.headers());
            seen.debug(&response);
            response.extensions().get::<Denial>().into_iter().for_each(|denial| seen.denial(denial));
            drop(response.into_body().collect().await);
        }
        Err(error) => seen.error(&*error),
    }
}

/// A refusal that quotes the token it refuses.
fn echo() -> Response<String> {
    let message = format!("Request had insufficient authentication scopes: {MARKER} \u{1b}[31m");
    let body = serde_json::json!({"error": {"code": 403, "message": message, "status": "PERMISSION_DENIED"}});
    Response::builder().status(403).body(body.to_string()).unwrap()
}

async fn every_refusal(seen: &mut Seen) {
    for preflight in preflights() {
        for delivery in [DenialDelivery::Error, DenialDelivery::Message, DenialDelivery::Extension] {
            let google = google().await;
            let guard = builder(&google).preflight(preflight).denial_delivery(delivery).detect().await;
            seen.debug(&guard);
            for wire in RefusalForm::all() {
                google.other_api().times(2).respond_with(*wire);
                by_reqwest(&guard, &google, seen).await;
                by_tower(&guard, &google, seen).await;
            }
            google.other_api().times(2).respond(echo());
            by_reqwest(&guard, &google, seen).await;
            by_tower(&guard, &google, seen).await;
            only_where_it_belongs(&google);
        }
    }
}

fn only_where_it_belongs(google: &FakeGoogle) {
    for request in google.requests() {
        assert_clean([request.path(), request.query(), &format!("{request:?}")]);
        assert_eq!(request.has_authorization(), request.service() == Service::OtherApi, "{request:?}");
    }
}

/// A client that shows in its error what it was to send.
struct Telltale;

impl Fetch for Telltale {
    async fn fetch(&self, request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
        Err(format!("cannot send {request:?}").into())
    }
}

/// A source that fails in all ways, and one that makes tokens that are none.
struct Broken;

impl GrantedScopesSource for Broken {
    fn name(&self) -> &str {
        "a broken source"
    }

    async fn granted(&self, _: AccessToken<'_>) -> Option<GrantedScopes> {
        panic!("a fault in the user's source")
    }
}

impl TokenSource for Broken {
    async fn token_for(&self, _: &str) -> Result<String, gcp_scopes::error::BoxError> {
        Ok(format!("{MARKER}\nand more"))
    }
}

async fn every_failure(seen: &mut Seen) {
    for preflight in preflights() {
        let google = google().await;
        let telling = builder(&google).fetch(Telltale).tokeninfo_ahead().preflight(preflight).detect().await;
        let broken = builder(&google).source(Broken).preflight(preflight).detect().await;
        for guard in [telling, broken] {
            for wire in [RefusalForm::Scope, RefusalForm::IamDenied, RefusalForm::Html] {
                google.other_api().times(2).respond_with(wire);
                by_reqwest(&guard, &google, seen).await;
                by_tower(&guard, &google, seen).await;
            }
        }
    }
    let google = google().await;
    let guard = builder(&google).build();
    let client = ClientBuilder::new(plain::client()).with(guard.middleware().with_token(Broken)).build();
    seen.error(&client.post(url(&google)).body("{}").send().await.unwrap_err());
}

#[tokio::test]
async fn the_token_is_in_no_log_error_report_or_panic_and_at_no_other_socket() {
    let log = Log::default();
    let capturing = log.capture();
    let panics = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&panics);
    panic::set_hook(Box::new(move |panic| heard.lock().unwrap().push(panic.to_string())));
    let mut seen = Seen::default();
    every_refusal(&mut seen).await;
    every_failure(&mut seen).await;
    drop(panic::take_hook());
    drop(capturing);
    let (log, panics) = (log.text(), panics.lock().unwrap().clone());
    assert!(panics.iter().any(|panic| panic.contains("a fault in the user's source")), "{panics:?}");
    assert!(log.contains("ACCESS_TOKEN_SCOPE_INSUFFICIENT") && log.contains("TRACE"));
    assert_clean(seen.0.iter().chain(&panics).map(String::as_str).chain(log.lines()));
    // What a server says does not stand in a log at all.
    let ours = log.lines().filter(|line| line.contains("gcp_scopes"));
    assert!(ours.clone().next().is_some());
    for line in ours {
        assert!(!line.contains("Request had insufficient") && !line.contains('\u{1b}'), "{line}");
        assert!(line.len() < 4096, "{line}");
    }
    if let Ok(place) = std::env::var(CHILD) {
        std::fs::write(Path::new(&place).join("done"), "").unwrap();
        // The parent looks at the streams, too.
        println!("{}{log}", seen.0.concat());
    }
}

#[test]
fn the_token_is_in_no_file_and_on_no_stream_of_a_process() {
    let place = std::env::temp_dir().join(format!("gcp-scopes-secrets-{}", std::process::id()));
    std::fs::create_dir_all(&place).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([
        "--exact",
        "the_token_is_in_no_log_error_report_or_panic_and_at_no_other_socket",
        "--nocapture",
    ]);
    for name in ["TMPDIR", "TMP", "TEMP", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", CHILD] {
        child.env(name, &place);
    }
    let output = child.current_dir(&place).output().unwrap();
    let streams = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success() && streams[0].contains("No IAM role"), "{}", streams[1]);
    assert_clean(streams.iter().flat_map(|stream| stream.lines()));
    let files: Vec<_> = std::fs::read_dir(&place).unwrap().map(|file| file.unwrap().file_name()).collect();
    std::fs::remove_dir_all(&place).unwrap();
    assert_eq!(files, ["done"], "files were left");
}
