//! Checks that the token does not leak. One marked token is used with every form of refusal,
//! preflight, delivery and adapter, with all logging on. The token may reach only the API that the
//! caller calls, and the servers from which the guard gets the scopes of the token.
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
use gcp_scopes::granted::{AccessToken, GrantedScopes, GrantedScopesSource};
use gcp_scopes::token_source::TokenSource;
use gcp_scopes::{Denial, DenialDelivery, Guard, Preflight};
use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service, Vm};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use log::Log;
use reqwest_middleware::ClientBuilder;
use tower::{BoxError, ServiceBuilder, ServiceExt};

/// The token that must not appear in any output of the guard.
const MARKER: &str = "ya29.c.MARKER-q7Zk3vT9xW2mB8nL4cR6jH5s";
/// The environment variable that marks the child process of the last test. The value is the folder
/// of the child process.
const CHILD: &str = "GCP_SCOPES_SECRETS_CHILD";

/// Returns all preflights, or in the child process only one, which is enough to see the files that
/// a process creates.
fn preflights() -> impl Iterator<Item = Preflight> {
    let preflights = [Preflight::Confirm, Preflight::Off, Preflight::Warn, Preflight::Deny];
    preflights.into_iter().take(if std::env::var_os(CHILD).is_some() {
        1
    } else {
        preflights.len()
    })
}

/// Returns the texts that leak the marker: any 12 bytes of the marker, plain or in base64,
/// hexadecimal or percent-encoding.
fn traces() -> Vec<String> {
    let slices = |text: &str, length: usize| -> Vec<String> {
        (0..=text.len() - length).map(|start| text[start..start + length].to_owned()).collect()
    };
    let hex = |width: usize, upper: bool| -> String {
        let byte = |byte: u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        MARKER.bytes().map(|value| format!("{}{}", &"%"[..width - 2], byte(value))).collect()
    };
    // The base64 of a text depends on the number of bytes before it, modulo 3.
    let base64 = ["", "x", "xy"].into_iter().flat_map(|before| {
        let text = format!("{before}{MARKER}");
        [STANDARD.encode(&text), URL_SAFE.encode(&text)]
            .map(|text| text[4..text.len() - 4].to_owned())
    });
    let mut traces = slices(MARKER, 12);
    base64.for_each(|text| traces.extend(slices(&text, 16)));
    // Two characters a byte in hexadecimal, three in percent-encoding.
    for upper in [false, true] {
        traces.extend(slices(&hex(2, upper), 24));
        traces.extend(slices(&hex(3, upper), 36));
    }
    traces
}

/// Returns the first of `traces` that `text` contains.
fn trace_in<'t>(traces: &'t [String], text: &str) -> Option<&'t String> {
    traces.iter().find(|trace| text.contains(trace.as_str()))
}

/// Checks that no line of `texts` leaks the marker.
fn assert_clean<'t>(texts: impl IntoIterator<Item = &'t str>) {
    let traces = traces();
    // Most lines occur many times, so each distinct line is searched once.
    let lines: HashSet<&str> = texts.into_iter().flat_map(str::lines).collect();
    for line in lines {
        assert_eq!(trace_in(&traces, line), None, "leaked in: {line}");
    }
}

#[test]
fn the_marker_is_found_in_every_encoding() {
    let traces = traces();
    for text in writings::of(MARKER) {
        assert!(trace_in(&traces, &text).is_some(), "{text}");
    }
    assert_eq!(trace_in(&traces, &MARKER[..11]), None);
}

/// The texts of values, errors and denials that a program could print.
#[derive(Default)]
struct Output(Vec<String>);

impl Output {
    /// Adds the `Debug` texts of `value`.
    fn debug(&mut self, value: &impl Debug) {
        self.0.extend([format!("{value:?}"), format!("{value:#?}")]);
    }

    /// Adds the texts of `error`, its sources and its denial.
    fn error(&mut self, error: &(dyn Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.0.push(format!("{error} {error:?} {error:#?}"));
            next = error.source();
        }
        Denial::find(error).into_iter().for_each(|denial| self.denial(denial));
    }

    /// Adds all texts of `denial`.
    fn denial(&mut self, denial: &Denial) {
        self.0.extend([
            denial.to_string(),
            denial.report(),
            serde_json::to_string(denial).unwrap(),
        ]);
        self.debug(denial);
        self.debug(denial.granted());
        self.debug(denial.environment());
        self.debug(&denial.refusal());
        self.debug(&denial.steps());
    }
}

/// Starts a fake Google whose metadata server issues the marker as the token.
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

/// Makes a call with reqwest and adds all texts about the call to `output`.
async fn call_with_reqwest(guard: &Guard, google: &FakeGoogle, output: &mut Output) {
    let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    output.debug(&client);
    let request = client.post(url(google)).bearer_auth(MARKER).body("{}");
    output.debug(&request);
    match request.send().await {
        Ok(response) => {
            output.debug(&response);
            response
                .extensions()
                .get::<Denial>()
                .into_iter()
                .for_each(|denial| output.denial(denial));
        }
        Err(error) => output.error(&error),
    }
}

/// Makes a call with the tower layer and adds all texts about the call to `output`.
async fn call_with_tower(guard: &Guard, google: &FakeGoogle, output: &mut Output) {
    let hyper = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let service = ServiceBuilder::new().layer(guard.layer()).service(hyper);
    output.debug(&service);
    let mut token = HeaderValue::try_from(format!("Bearer {MARKER}")).unwrap();
    token.set_sensitive(true);
    let request =
        Request::post(url(google)).header(AUTHORIZATION, token).body(Full::from("{}")).unwrap();
    let call = service.oneshot(request);
    match call.await {
        Ok(response) => {
            output.debug(&response.headers());
            output.debug(&response);
            response
                .extensions()
                .get::<Denial>()
                .into_iter()
                .for_each(|denial| output.denial(denial));
            drop(response.into_body().collect().await);
        }
        Err(error) => output.error(&*error),
    }
}

/// Creates a refusal whose message contains the token and an escape sequence for terminals.
fn refusal_with_token() -> Response<String> {
    let message = format!("Request had insufficient authentication scopes: {MARKER} \u{1b}[31m");
    let body = serde_json::json!({
        "error": {"code": 403, "message": message, "status": "PERMISSION_DENIED"},
    });
    Response::builder().status(403).body(body.to_string()).unwrap()
}

/// Makes calls that get each form of refusal, with each preflight, delivery and adapter.
async fn make_refused_calls(output: &mut Output) {
    for preflight in preflights() {
        for delivery in [DenialDelivery::Error, DenialDelivery::Message, DenialDelivery::Extension]
        {
            let google = google().await;
            let guard =
                builder(&google).preflight(preflight).denial_delivery(delivery).detect().await;
            output.debug(&guard);
            for form in RefusalForm::all() {
                google.other_api().times(2).respond_with(*form);
                call_with_reqwest(&guard, &google, output).await;
                call_with_tower(&guard, &google, output).await;
            }
            google.other_api().times(2).respond(refusal_with_token());
            call_with_reqwest(&guard, &google, output).await;
            call_with_tower(&guard, &google, output).await;
            assert_token_sent_to_api_only(&google);
        }
    }
}

/// Checks that only the API received an `authorization` header, and that no URL contains the token.
fn assert_token_sent_to_api_only(google: &FakeGoogle) {
    for request in google.requests() {
        assert_clean([request.path(), request.query(), &format!("{request:?}")]);
        assert_eq!(
            request.has_authorization(),
            request.service() == Service::OtherApi,
            "{request:?}"
        );
    }
}

/// An HTTP client that fails. Its error contains the whole request.
async fn leaky_fetch(request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
    Err(format!("cannot send {request:?}").into())
}

/// A source of granted scopes that panics, and a token source whose tokens are no valid header
/// value.
struct FaultyUserCode;

impl GrantedScopesSource for FaultyUserCode {
    fn name(&self) -> &str {
        "a broken source"
    }

    async fn granted(&self, _: AccessToken<'_>) -> Option<GrantedScopes> {
        panic!("a fault in the user's source")
    }
}

impl TokenSource for FaultyUserCode {
    async fn token_for(&self, _: &str) -> Result<String, gcp_scopes::BoxError> {
        Ok(format!("{MARKER}\nand more"))
    }
}

/// Makes calls with sources that fail, with each preflight and adapter.
async fn make_calls_with_failing_sources(output: &mut Output) {
    for preflight in preflights() {
        let google = google().await;
        let leaky = builder(&google)
            .fetch(leaky_fetch)
            .tokeninfo_before_calls()
            .preflight(preflight)
            .detect()
            .await;
        let broken = builder(&google).source(FaultyUserCode).preflight(preflight).detect().await;
        for guard in [leaky, broken] {
            for form in [RefusalForm::Scope, RefusalForm::IamDenied, RefusalForm::Html] {
                google.other_api().times(2).respond_with(form);
                call_with_reqwest(&guard, &google, output).await;
                call_with_tower(&guard, &google, output).await;
            }
        }
    }
    let google = google().await;
    let guard = builder(&google).build();
    let client = ClientBuilder::new(plain::client())
        .with(guard.middleware().with_token(FaultyUserCode))
        .build();
    output.error(&client.post(url(&google)).body("{}").send().await.unwrap_err());
}

#[tokio::test]
async fn the_token_is_in_no_log_error_report_panic_or_other_request() {
    let log = Log::default();
    let capturing = log.capture();
    let panics = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&panics);
    panic::set_hook(Box::new(move |panic| recorded.lock().unwrap().push(panic.to_string())));
    let mut output = Output::default();
    make_refused_calls(&mut output).await;
    make_calls_with_failing_sources(&mut output).await;
    drop(panic::take_hook());
    drop(capturing);
    let (log, panics) = (log.text(), panics.lock().unwrap().clone());
    assert!(
        panics.iter().any(|panic| panic.contains("a fault in the user's source")),
        "{panics:?}"
    );
    assert!(log.contains("ACCESS_TOKEN_SCOPE_INSUFFICIENT") && log.contains("TRACE"));
    assert_clean(output.0.iter().chain(&panics).map(String::as_str).chain(log.lines()));
    // The library's log contains no text of a server.
    let library_lines = log.lines().filter(|line| line.contains("gcp_scopes"));
    assert!(library_lines.clone().next().is_some());
    for line in library_lines {
        assert!(!line.contains("Request had insufficient") && !line.contains('\u{1b}'), "{line}");
        assert!(line.len() < 4096, "{line}");
    }
    if let Ok(folder) = std::env::var(CHILD) {
        std::fs::write(Path::new(&folder).join("done"), "").unwrap();
        // The parent process searches the output of this process.
        println!("{}{log}", output.0.concat());
    }
}

#[test]
fn the_token_is_in_no_file_or_output_stream_of_a_process() {
    let folder = std::env::temp_dir().join(format!("gcp-scopes-secrets-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([
        "--exact",
        "the_token_is_in_no_log_error_report_panic_or_other_request",
        "--nocapture",
    ]);
    for name in ["TMPDIR", "TMP", "TEMP", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", CHILD] {
        child.env(name, &folder);
    }
    let process = child.current_dir(&folder).output().unwrap();
    let streams =
        [process.stdout, process.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(process.status.success() && streams[0].contains("No IAM role"), "{}", streams[1]);
    assert_clean(streams.iter().flat_map(|stream| stream.lines()));
    let files: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(files, ["done"], "the process created other files");
}
