//! The hidden first and last lines that examples in these pages share.

/// Opens an example that needs the full catalog.
macro_rules! with_catalog {
    () => {
        r#"# #[cfg(not(feature = "catalog-full"))] fn main() {}
# #[cfg(feature = "catalog-full")] fn main() -> Result<(), Box<dyn std::error::Error>> {"#
    };
}

/// Closes an example whose `main` may fail.
macro_rules! done {
    () => {
        "# Ok(()) }"
    };
}

/// Opens an example that awaits something.
macro_rules! awaits {
    () => {
        r#"# #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {"#
    };
}

/// The report of a self-check whose need is misspelt.
macro_rules! a_check {
    () => {
        r#"# #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
# use gcp_scopes::{refusal::Gate, self_check::GateState};
let check = gcp_scopes::Guard::builder().build().self_check();
let report = check.needs("storage.objects.insrt").run().await;"#
    };
}

/// A fake Google with its defaults and a bucket, and a client for it: `get(url, token)` gives status and body.
#[cfg(feature = "testing")]
macro_rules! a_fake {
    () => {
        r#"# use gcp_scopes::testing::{FakeGoogle, Fault, Platform, Service, Vm, Wire};
# async fn get(url: &str, token: &str) -> Result<(u16, String), Box<dyn std::error::Error>> {
#     use http_body_util::BodyExt as _;
#     let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
#     let request = http::Request::get(url).header("authorization", format!("Bearer {token}"));
#     let answer = client.request(request.body(http_body_util::Empty::<bytes::Bytes>::new())?).await?;
#     let status = answer.status().as_u16();
#     Ok((status, String::from_utf8(answer.into_body().collect().await?.to_bytes().to_vec())?))
# }
# #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
# let google = FakeGoogle::builder().bucket("photos").start().await?;"#
    };
}

/// To follow [`a_fake`]: what it was asked.
#[cfg(feature = "testing")]
macro_rules! a_request {
    () => {
        r#"get(&format!("{}/storage/v1/b/photos?fields=name", google.storage_url()), &google.token()).await?;
let requests = google.requests();
let request = requests.last().ok_or("a request")?;"#
    };
}

/// What a machine's metadata server says: `told(vm, path)`, which fails unless it answers 200.
#[cfg(feature = "testing")]
macro_rules! a_machine {
    () => {
        r#"# use gcp_scopes::testing::{FakeGoogle, Platform, Vm};
# async fn told(vm: Vm, path: &str) -> Result<String, Box<dyn std::error::Error>> {
#     use http_body_util::BodyExt as _;
#     let google = FakeGoogle::builder().project("my-project", 1).project("shop-prod", 2).vm(vm).start().await?;
#     let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
#     let request = http::Request::get(format!("http://{}/computeMetadata/v1/{path}", google.metadata_host()));
#     let request = request.header("metadata-flavor", "Google").body(http_body_util::Empty::<bytes::Bytes>::new())?;
#     let answer = client.request(request).await?;
#     if answer.status() != 200 {
#         return Err(answer.status().to_string().into());
#     }
#     Ok(String::from_utf8(answer.into_body().collect().await?.to_bytes().to_vec())?.trim().to_owned())
# }
# #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {"#
    };
}

/// What a recorder holds after a run that queried BigQuery and read an object.
macro_rules! a_recorder {
    () => {
        r#"# #[cfg(not(feature = "catalog-full"))] fn main() {}
# #[cfg(feature = "catalog-full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
# use gcp_scopes::catalog::ApiMethod;
let recorder = gcp_scopes::Guard::builder().build().recorder();
// … a run that queries BigQuery and reads an object …
# recorder.note(ApiMethod::by_id("storage.objects.get")?);
# recorder.note(ApiMethod::by_id("bigquery.jobs.query")?);"#
    };
}

/// A guarded client whose every answer is `meow`.
#[cfg(any(feature = "tower", feature = "reqwest-middleware", feature = "object-store", feature = "opendal"))]
macro_rules! guarded {
    () => {
        r#"# use http::{Request, Response};
# use tower::{Service, ServiceBuilder, ServiceExt};
# #[cfg(not(feature = "tower"))] fn main() {}
# #[cfg(feature = "tower")]
# #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
# let guard = gcp_scopes::Guard::builder().build();
# let answer = |_: Request<()>| async { Ok::<_, std::io::Error>(Response::new(http_body_util::Full::<bytes::Bytes>::from("meow"))) };
# let mut guarded = ServiceBuilder::new().layer(guard.layer()).service(tower::service_fn(answer));"#
    };
}
