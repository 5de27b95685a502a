//! The hidden first and last lines that examples in these pages share.

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

/// A fake Google with its defaults and a bucket, and a client for it: `get(url, token)` gives status and body.
macro_rules! a_fake {
    () => {
        r#"# use gcp_scopes_testing::{FakeGoogle, Fault, Platform, Service, Vm, Wire};
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
macro_rules! a_request {
    () => {
        r#"get(&format!("{}/storage/v1/b/photos?fields=name", google.storage_url()), &google.token()).await?;
let requests = google.requests();
let request = requests.last().ok_or("a request")?;"#
    };
}

/// What a machine's metadata server says: `told(vm, path)`, which fails unless it answers 200.
macro_rules! a_machine {
    () => {
        r#"# use gcp_scopes_testing::{FakeGoogle, Platform, Vm};
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
