//! Two of the generated clients of google-apis-rs: google-storage1 and google-drive3.

use std::io::Cursor;

use async_trait::async_trait;
use bytes::Bytes;
use gcp_scopes::Guard;
use gcp_scopes::calling::Calling;
use gcp_scopes_google_apis::GuardGoogleApisExt as _;
use gcp_scopes_testing::scenarios::{ApiFormat, Failure, Received, Scenario, Scene, TestedApi};
use gcp_scopes_testing::{FakeGoogle, Service};
use google_apis_common::{Delegate, Error};
use google_drive3::DriveHub;
use google_storage1::Storage;
use google_storage1::api::Object;
use http::{Response, Version};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::kind::{BoxError, Client, Kind, Reply, Shows, failure_of_error, run_call};

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    [GoogleApisColumn::Storage, GoogleApisColumn::Drive]
        .map(|kind| Box::new(kind) as Box<dyn Kind>)
        .into()
}

/// A column of the table: one of the clients.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GoogleApisColumn {
    Storage,
    Drive,
}

type HttpClient<B> = Hyper<HttpConnector, B>;
const MISSING_TOKEN: &str =
    "a call that is not sent is a `MissingToken`; a refused call stays a `BadRequest`";

#[async_trait]
impl Kind for GoogleApisColumn {
    fn name(&self) -> &'static str {
        match self {
            Self::Storage => "google-storage1",
            Self::Drive => "google-drive3",
        }
    }

    fn api(&self) -> TestedApi {
        match self {
            Self::Storage => TestedApi::STORAGE,
            Self::Drive => {
                TestedApi::new(Service::OtherApi, "www.googleapis.com", ApiFormat::Json, "drive")
            }
        }
    }

    fn skip_reason(&self, scenario: Scenario) -> Option<&'static str> {
        match (self, scenario) {
            (_, Scenario::KeepsErrorKind) => Some(MISSING_TOKEN),
            (Self::Drive, Scenario::Upload | Scenario::Download | Scenario::Resumable) => {
                Some("the fake has no data for Google Drive; google-storage1 covers this scenario")
            }
            _ => None,
        }
    }

    fn shows(&self) -> Shows {
        Shows::Text
    }

    fn prepare(&self, google: &FakeGoogle) {
        if *self == Self::Drive {
            let list = Response::new(r#"{"files":[{"name":"a"}]}"#);
            let files = google.other_api().path("/drive/v3/files");
            let name = "google.apps.drive.v3.DriveFiles.List";
            files.method("drive.googleapis.com", name).serve(["drive"], list);
        }
    }

    async fn new_client(
        &self,
        scene: &Scene,
        guard: Option<Guard>,
    ) -> Result<Box<dyn Client>, BoxError> {
        let calling = |method: &str| guard.as_ref().map(|guard| guard.calling(method)).transpose();
        let url = scene.url();
        Ok(match self {
            Self::Storage => {
                let mut hub = match &guard {
                    Some(guard) => Storage::new(hyper(scene), guard.google_apis(scene.token())),
                    None => Storage::new(hyper(scene), scene.token()),
                };
                hub.base_url(format!("{url}/storage/v1/"));
                hub.root_url(format!("{url}/"));
                let (get, insert) =
                    (calling("storage.objects.get")?, calling("storage.objects.insert")?);
                Box::new(HubObjects { hub, get, insert })
            }
            Self::Drive => {
                let mut hub = match &guard {
                    Some(guard) => DriveHub::new(hyper(scene), guard.google_apis(scene.token())),
                    None => DriveHub::new(hyper(scene), scene.token()),
                };
                hub.base_url(format!("{url}/drive/v3/"));
                Box::new(DriveFiles(hub, calling("drive.files.list")?))
            }
        })
    }
}

fn hyper<B>(scene: &Scene) -> HttpClient<B>
where
    B: hyper::body::Body + Send,
    B::Data: Send,
{
    Hyper::builder(TokioExecutor::new()).http2_only(scene.version() == Version::HTTP_2).build_http()
}

fn to_failure(error: &Error) -> Failure {
    let kind = match error {
        Error::BadRequest(_) => "BadRequest",
        Error::Failure(_) => "Failure",
        Error::MissingToken(_) => "MissingToken",
        _ => "other",
    };
    let failure = failure_of_error(kind, error);
    // The text of this error contains the whole response, with two headers that differ in every
    // response.
    if kind == "Failure" { failure.with_text(kind) } else { failure }
}

#[derive(Clone)]
struct HubObjects {
    hub: Storage<HttpConnector>,
    get: Option<Calling>,
    insert: Option<Calling>,
}

/// Sets the chunk size of a resumable upload to 1 MiB, so that the upload needs several requests.
struct OneMibChunks;

impl Delegate for OneMibChunks {
    fn chunk_size(&mut self) -> u64 {
        1 << 20
    }
}

#[async_trait]
impl Client for HubObjects {
    async fn call(&self) -> Reply {
        let get = self.hub.objects().get(Scene::BUCKET, Scene::OBJECT).doit();
        let (_, object) =
            run_call(self.get.as_ref(), get).await.map_err(|error| to_failure(&error))?;
        Ok(Received::new(object.name.unwrap_or_default()))
    }

    async fn upload(&self, bytes: Bytes) -> Reply {
        let insert = self.hub.objects().insert(Object::default(), Scene::BUCKET).name(Scene::NEW);
        let insert =
            insert.upload(Cursor::new(bytes), "text/plain".parse().expect("invalid media type"));
        let (_, object) =
            run_call(self.insert.as_ref(), insert).await.map_err(|error| to_failure(&error))?;
        Ok(Received::new(object.name.unwrap_or_default()))
    }

    async fn download(&self) -> Reply {
        let get = self.hub.objects().get(Scene::BUCKET, Scene::LARGE).param("alt", "media").doit();
        let (response, _) =
            run_call(self.get.as_ref(), get).await.map_err(|error| to_failure(&error))?;
        let body = response.into_body().collect().await;
        Ok(Received::new(body.map_err(|error| failure_of_error("body", &error))?.to_bytes()))
    }

    async fn resumable(&self, bytes: Bytes) -> Reply {
        let mut delegate = OneMibChunks;
        let insert = self.hub.objects().insert(Object::default(), Scene::BUCKET).name(Scene::NEW);
        let insert = insert.delegate(&mut delegate);
        let insert = insert.upload_resumable(
            Cursor::new(bytes),
            "text/plain".parse().expect("invalid media type"),
        );
        let (_, object) =
            run_call(self.insert.as_ref(), insert).await.map_err(|error| to_failure(&error))?;
        Ok(Received::new(object.name.unwrap_or_default()))
    }

    fn clone_box(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct DriveFiles(DriveHub<HttpConnector>, Option<Calling>);

#[async_trait]
impl Client for DriveFiles {
    async fn call(&self) -> Reply {
        let (_, list) = run_call(self.1.as_ref(), self.0.files().list().doit())
            .await
            .map_err(|error| to_failure(&error))?;
        Ok(Received::new(format!("{:?}", list.files)))
    }

    fn clone_box(&self) -> Box<dyn Client> {
        Box::new(self.clone())
    }
}
