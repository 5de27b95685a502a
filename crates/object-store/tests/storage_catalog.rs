//! Uploads to the fake Google through object_store. CI runs this test a second time with only the
//! catalog of Cloud Storage, as in a program that calls no other API:
//! `cargo test -p gcp-scopes-object-store --no-default-features --features catalog-storage,v0_14`.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use gcp_scopes_object_store::GuardObjectStoreExt as _;
use gcp_scopes_object_store::gcp_scopes::Guard;
use gcp_scopes_object_store::gcp_scopes::catalog::ApiMethod;
use gcp_scopes_testing::FakeGoogle;
use http_body_util::BodyExt as _;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder};
use object_store::{ClientOptions, ObjectStoreExt as _, StaticCredentialProvider};

const ACCOUNT: &str = "writer@my-project.iam.gserviceaccount.com";
const READ_ONLY: &str = "https://www.googleapis.com/auth/devstorage.read_only";

/// A connector based on ureq. It needs neither reqwest nor TLS, which keeps the build of this test
/// quick.
#[derive(Debug)]
struct UreqConnector;

impl HttpConnector for UreqConnector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Self))
    }
}

#[async_trait::async_trait]
impl HttpService for UreqConnector {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let request = http::Request::from_parts(parts, body.collect().await?.to_bytes().to_vec());
        let result = tokio::task::spawn_blocking(|| send(request)).await;
        let response = result.map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        response.map_err(|error| HttpError::new(HttpErrorKind::Request, error))
    }
}

fn send(request: http::Request<Vec<u8>>) -> Result<HttpResponse, ureq::Error> {
    let agent =
        ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().new_agent();
    let (parts, mut body) = agent.run(request)?.into_parts();
    Ok(http::Response::from_parts(parts, Bytes::from(body.read_to_vec()?).into()))
}

/// The error of a library above object_store.
#[derive(Debug)]
struct LibraryError(Box<object_store::Error>);

impl fmt::Display for LibraryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the table cannot be read")
    }
}

impl Error for LibraryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

#[tokio::test]
async fn a_refused_upload_has_a_denial_that_names_the_method() -> Result<(), Box<dyn Error>> {
    let google = FakeGoogle::builder()
        .project("my-project", 123_456_789_012)
        .bucket("photos")
        .iam("photos", ACCOUNT, "roles/storage.objectAdmin")
        .start()
        .await?;
    let endpoint = google.storage_url();
    let guard = Guard::builder().endpoint(&endpoint, "storage.googleapis.com")?.build();
    let credential = GcpCredential { bearer: google.mint(ACCOUNT, [READ_ONLY]) };
    let store = GoogleCloudStorageBuilder::new()
        .with_bucket_name("photos")
        .with_base_url(&endpoint)
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .with_credentials(Arc::new(StaticCredentialProvider::new(credential)))
        .with_http_connector(guard.object_store(UreqConnector))
        .build()?;

    let error =
        store.put(&"cat.jpg".into(), "meow".into()).await.expect_err("the upload was not refused");
    assert!(matches!(error, object_store::Error::PermissionDenied { .. }), "{error}");
    let denial = guard.denial_of(&error).ok_or("the guard finds no denial")?;
    assert_eq!(denial.method().map(|method| method.id()), Some("storage.objects.insert"));
    // Libraries above object_store box its error, and may print another text of their own.
    let boxed: Box<dyn Error + Send + Sync> = Box::new(LibraryError(error.into()));
    assert!(guard.denial_of(&*boxed).is_some());
    assert!(guard.denial_of(&std::io::Error::other("another failure")).is_none());
    Ok(())
}

#[test]
fn the_catalog_contains_other_apis_only_with_their_features() {
    let has_other_apis = cfg!(any(feature = "catalog-full", feature = "catalog-cloud"));
    let publish = ApiMethod::by_id("pubsub.projects.topics.publish").map_err(|e| e.to_string());
    match has_other_apis {
        true => assert!(publish.is_ok(), "{publish:?}"),
        false => assert!(publish.unwrap_err().contains("enable the feature `catalog-full`")),
    }
    assert!(ApiMethod::by_id("storage.objects.insert").is_ok());
}
