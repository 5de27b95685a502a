//! gcloud-bigquery, with the guard in the HTTP client that `HttpClientConfig::with_http_client`
//! takes.

use async_trait::async_trait;
use gcloud_bigquery::client::HttpClientConfig;
use gcloud_bigquery::http::bigquery_dataset_client::BigqueryDatasetClient;
use gcloud_bigquery::http::error::Error;
use gcp_scopes::{DenialDelivery, Guard};
use gcp_scopes_testing::scenarios::{ApiFormat, Failure, Received, Scenario, Scene, TestedApi};
use gcp_scopes_testing::{FakeGoogle, Service};
use serde_json::json;

use crate::gcloud_storage::{FixedTokenSource, http_client};
use crate::kind::{BoxError, Client, Kind, Reply, Shows, failure_of_error};
use crate::reqwest_middleware::delivery_skip_reason;

struct GcloudBigquery {
    name: &'static str,
    delivery: DenialDelivery,
    shows: Shows,
}

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    let kinds = [
        GcloudBigquery {
            name: "gcloud-bigquery",
            delivery: DenialDelivery::Error,
            shows: Shows::Denial,
        },
        GcloudBigquery {
            name: "gcloud-bigquery, Message",
            delivery: DenialDelivery::Message,
            shows: Shows::Text,
        },
    ];
    kinds.map(|kind| Box::new(kind) as Box<dyn Kind>).into()
}

const NO_OBJECTS: &str = "the BigQuery API stores no objects";

#[async_trait]
impl Kind for GcloudBigquery {
    fn name(&self) -> &'static str {
        self.name
    }

    fn api(&self) -> TestedApi {
        TestedApi::new(Service::OtherApi, "bigquery.googleapis.com", ApiFormat::Json, "bigquery")
    }

    fn delivery(&self) -> DenialDelivery {
        self.delivery
    }

    fn shows(&self) -> Shows {
        self.shows
    }

    fn skip_reason(&self, scenario: Scenario) -> Option<&'static str> {
        match scenario {
            Scenario::Upload | Scenario::Download | Scenario::Resumable => Some(NO_OBJECTS),
            other => delivery_skip_reason(self.delivery, other),
        }
    }

    /// Serves one dataset, to tokens with one of the scopes that are listed at
    /// <https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets/get>.
    fn prepare(&self, google: &FakeGoogle) {
        let dataset = json!({
            "kind": "bigquery#dataset", "etag": "x", "id": "my-project:pets",
            "selfLink": "https://x",
            "datasetReference": {"projectId": "my-project", "datasetId": "pets"},
            "access": [], "creationTime": "0", "lastModifiedTime": "0", "location": "EU",
        });
        let response =
            http::Response::builder().header("content-type", "application/json; charset=UTF-8");
        let response = response.body(dataset.to_string()).expect("invalid header");
        let scopes =
            ["bigquery", "bigquery.readonly", "cloud-platform", "cloud-platform.read-only"];
        google
            .other_api()
            .path("/bigquery/v2/projects/my-project/datasets/pets")
            .method(
                "bigquery.googleapis.com",
                "google.cloud.bigquery.v2.DatasetService.GetDataset",
            )
            .serve(scopes, response);
    }

    async fn new_client(
        &self,
        scene: &Scene,
        guard: Option<Guard>,
    ) -> Result<Box<dyn Client>, BoxError> {
        let config = HttpClientConfig::new(Box::new(FixedTokenSource(scene.token())));
        let config = config.with_endpoint(scene.url()).with_http_client(http_client(scene, guard)?);
        Ok(Box::new(Datasets(config.create_client())))
    }
}

struct Datasets(std::sync::Arc<gcloud_bigquery::http::bigquery_client::BigqueryClient>);

#[async_trait]
impl Client for Datasets {
    async fn call(&self) -> Reply {
        let result = BigqueryDatasetClient::new(self.0.clone()).get(Scene::PROJECT, "pets").await;
        let dataset = result.map_err(|error| to_failure(&error))?;
        Ok(Received::default().with_metadata(format!("{dataset:?}")))
    }

    fn clone_box(&self) -> Box<dyn Client> {
        Box::new(Self(self.0.clone()))
    }
}

fn to_failure(error: &Error) -> Failure {
    match error {
        Error::Response(response) => {
            failure_of_error(format_args!("Response {}", response.code), error)
        }
        Error::HttpClient(_) => failure_of_error("HttpClient", error),
        Error::HttpMiddleware(_) => failure_of_error("HttpMiddleware", error),
        Error::TokenSource(_) => failure_of_error("TokenSource", error),
    }
}
