//! What the guard does under each condition, and what the user of the program must then see.

use std::future::poll_fn;

use gcp_scopes::environment::Platform;
use gcp_scopes::{Denial, Guard, GuardBuilder, Preflight};
use http::{Method, Request, StatusCode};
use tower_layer::Layer as _;
use tower_service::Service as _;

use crate::BoxError;
use crate::servers::{EndlessBody, Google};

/// An address at which no metadata server listens.
const NO_SERVER: &str = "127.0.0.1:1";
/// The reason in reports why tokeninfo and IAM were not queried: both need TLS.
const NO_TLS: &str =
    "was not queried: no TLS provider (install one for rustls, or enable feature `tls-ring`)";

/// Runs detection, calls and self-checks, and checks what the guard found out and reported.
pub(crate) async fn exercise_guard(host: &str) -> Result<(), BoxError> {
    let guard = builder(host).detect().await;
    ensure(guard.environment().platform() == Platform::ComputeEngine, "the VM was not detected")?;
    check_calls(&guard).await?;
    check_self_check(&guard).await?;
    check_without_metadata().await
}

/// Checks an allowed call, a call that is not sent, and a call that Google refuses. `ya29.mine` is
/// the token of the VM, and no source knows `ya29.other`.
async fn check_calls(guard: &Guard) -> Result<(), BoxError> {
    let allowed = call(guard, Method::GET, "ya29.mine").await?;
    ensure(allowed == StatusCode::OK, "the allowed call failed")?;

    let denial = denial(guard, "ya29.mine").await?;
    ensure(
        denial.refusal().is_none(),
        "the call was sent, although the VM's token lacks the scope",
    )?;

    let denial = self::denial(guard, "ya29.other").await?;
    ensure(denial.refusal().is_some(), "the call with an unknown token was not sent")?;
    let report = words(&denial.report());
    ensure(report.contains(&format!("tokeninfo {NO_TLS}")), &report)
}

/// Checks that the report of a self-check names what could not be queried, and why.
async fn check_self_check(guard: &Guard) -> Result<(), BoxError> {
    let check = guard.self_check().needs("storage.objects.insert");
    let report = check.iam("gs://photos", ["storage.objects.create"]).run().await;
    let report = words(&report.to_string());
    ensure(report.contains("holds devstorage.read_only"), &report)?;
    ensure(report.contains(&format!("storage.googleapis.com {NO_TLS}")), &report)
}

/// Checks a guard for which there is no metadata server.
async fn check_without_metadata() -> Result<(), BoxError> {
    let guard = builder(NO_SERVER).detect().await;
    ensure(
        guard.environment().platform() == Platform::Unknown,
        "a VM was detected without a server",
    )?;
    let denial = denial(&guard, "ya29.mine").await?;
    ensure(denial.refusal().is_some(), "the call with an unknown token was not sent")?;
    let report = words(&guard.self_check().needs("storage.objects.insert").run().await.to_string());
    let why = "no credential was found here: the metadata server could not be reached";
    ensure(report.contains(why), &report)
}

/// Returns the builder of a guard whose metadata server is at `host`.
pub(crate) fn builder(host: &str) -> GuardBuilder {
    let builder = Guard::builder().env([("GCE_METADATA_HOST", host)]);
    builder.tokeninfo_before_calls().preflight(Preflight::Deny)
}

/// Uploads an object with `token` and returns the denial. Returns an error if the call is not
/// denied.
async fn denial(guard: &Guard, token: &str) -> Result<Denial, BoxError> {
    match call(guard, Method::POST, token).await {
        Ok(_) => Err("the call was not denied".into()),
        Err(error) => Denial::find(&*error).cloned().ok_or(error),
    }
}

/// Reads an object with `token` if `method` is GET, and uploads an object otherwise. Returns the
/// status of the response.
pub(crate) async fn call(
    guard: &Guard,
    method: Method,
    token: &str,
) -> Result<StatusCode, BoxError> {
    let url = match method {
        Method::GET => "https://storage.googleapis.com/storage/v1/b/photos/o/cat.jpg",
        _ => "https://storage.googleapis.com/upload/storage/v1/b/photos/o?name=cat.jpg",
    };
    let request = Request::builder().method(method).uri(url);
    let request = request.header("authorization", format!("Bearer {token}")).body(())?;
    let mut service = guard.layer().layer(Google);
    poll_fn(|cx| service.poll_ready(cx)).await?;
    let response = service.call(request).await?;
    // The type of the body shows that the response went through the guard.
    let _: &gcp_scopes::response::GuardBody<EndlessBody> = response.body();
    Ok(response.status())
}

/// Returns a text with single spaces in place of line breaks and indentation.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns an error with `message` unless `holds`.
pub(crate) fn ensure(holds: bool, message: &str) -> Result<(), BoxError> {
    if holds { Ok(()) } else { Err(message.into()) }
}
