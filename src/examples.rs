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
