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

/// A VM of which nothing is known yet.
macro_rules! a_vm {
    () => {
        "# use gcp_scopes::environment::{Credential, Environment, Platform};
# let vm = Environment::told(Platform::ComputeEngine, Credential::MetadataServer);"
    };
}

/// Closes an example that fails with our own error.
macro_rules! told {
    () => {
        "# Ok::<(), gcp_scopes::Error>(())"
    };
}

/// What is seen on a VM, to be continued.
macro_rules! a_world {
    () => {
        r#"# use gcp_scopes::environment::{Environment, Snapshot};
let vm = Snapshot::new()
#   .with_metadata("instance/name", "web-1").with_metadata("instance/zone", "projects/123/zones/us-central1-a")"#
    };
}

/// A denial of `storage.objects.insert` for a token that may only read.
macro_rules! a_denial {
    () => {
        r###"# #[cfg(not(feature = "catalog-full"))] fn main() {}
# #[cfg(feature = "catalog-full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
# use gcp_scopes::{Denial, Guard, ScopeSet, call::Call, denial::DenialKind, granted::{GrantSource, GrantedScopes}};
# use gcp_scopes::refusal::{Answer, Certainty, Gate};
# let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
# let call = Call::new(&http::Method::POST, &uri);
# let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
# let held = GrantedScopes::known(held, GrantSource::Metadata);
# let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
# let answer = Answer::new(body).with_status(403);
# let guard = Guard::builder().env([("CLOUD_RUN_JOB", "nightly")]).build();
# let denial = guard.explain(&call, &held, &answer).ok_or("a denial")?;"###
    };
}

/// The same denial on a VM.
macro_rules! on_a_vm {
    () => {
        r#"# use gcp_scopes::environment::{Credential, Environment, Platform};
# let vm = Environment::told(Platform::ComputeEngine, Credential::MetadataServer).with_project("shop-prod")?;
# let denial = denial.elsewhere(vm.with_zone("us-central1-a")?.with_instance("web-1")?);"#
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
