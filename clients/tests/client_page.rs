//! Compiles the code of `docs/clients.md`, and checks that the page contains its text. Each recipe
//! is the beginning of a module, with its own imports. The examples of this workspace run the same
//! calls.
#![allow(dead_code, reason = "the code is compiled, and the examples run it")]

#[path = "support/page.rs"]
mod page;

mod gcloud_storage_client {
    // recipe
    use gcloud_storage::client::{Client, ClientConfig};
    use gcp_scopes::{BoxError, Guard};
    use reqwest_middleware::ClientBuilder;

    async fn storage(guard: &Guard) -> Result<Client, BoxError> {
        let http = ClientBuilder::new(reqwest::Client::new()).with(guard.middleware()).build();
        let config = ClientConfig { http: Some(http), ..ClientConfig::default() };
        Ok(Client::new(config.with_auth().await?)) // gcloud-bigquery: config.with_http_client(http)
    }
    // end
}

mod object_store_client {
    // recipe
    use gcp_scopes_object_store::GuardObjectStoreExt as _;
    use gcp_scopes_object_store::gcp_scopes::Guard;
    use object_store::client::ReqwestConnector;
    use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder};
    use object_store::{ObjectStoreExt as _, Result};

    fn photos(guard: &Guard) -> Result<GoogleCloudStorage> {
        let connector = guard.object_store(ReqwestConnector::default());
        let builder = GoogleCloudStorageBuilder::from_env().with_bucket_name("photos");
        builder.with_http_connector(connector).build()
    }

    async fn store_cat(guard: &Guard, photos: &GoogleCloudStorage) -> Result<()> {
        let stored = photos.put(&"cat.jpg".into(), "meow".into()).await;
        if let Err(error) = &stored {
            // Finds the denial by the text of the error.
            if let Some(denial) = guard.denial_of(error) {
                eprintln!("{}", denial.report());
            }
        }
        stored.map(drop)
    }
    // end
}

mod opendal_client {
    // recipe
    use gcp_scopes_opendal::GuardOpendalExt as _;
    use gcp_scopes_opendal::gcp_scopes::Guard;
    use opendal::Operator;

    fn guarded(guard: &Guard, operator: Operator) -> Operator {
        operator.layer(guard.opendal()) // on an error: Denial::find(&error)
    }
    // end
}

mod tonic_client {
    // recipe
    use gcp_scopes_tonic::GuardTonicExt as _;
    use gcp_scopes_tonic::gcp_scopes::{Denial, Guard};
    use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::PublishRequest;
    use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::publisher_client::PublisherClient;
    use tonic::metadata::AsciiMetadataValue;
    use tonic::transport::Channel;
    use tonic::{Request, Status};

    /// `token` is `"Bearer …".parse()?`.
    async fn publish(
        guard: &Guard,
        channel: Channel,
        token: AsciiMetadataValue,
        request: PublishRequest,
    ) -> Result<(), Status> {
        let set_token = move |mut request: Request<()>| {
            request.metadata_mut().insert("authorization", token.clone());
            Ok::<_, Status>(request)
        };
        let channel = tower::ServiceBuilder::new().layer(guard.tonic_layer()).service(channel);
        let mut client = PublisherClient::with_interceptor(channel, set_token);
        let published = client.publish(request).await;
        if let Some(denial) = published.as_ref().err().and_then(|status| Denial::find(status)) {
            eprintln!("{}", denial.report());
        }
        published.map(drop)
    }
    // end
}

mod google_cloud_client {
    // recipe
    use std::time::Duration;

    use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
    use gcp_scopes_google_cloud::gcp_scopes::{BoxError, Guard};
    use google_cloud_auth::credentials::Builder;
    use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt as _};
    use google_cloud_secretmanager_v1::client::SecretManagerService;

    async fn secrets(guard: &Guard) -> Result<SecretManagerService, BoxError> {
        let credentials = guard.credentials(Builder::default().build()?);
        let retries = Aip194Strict.with_attempt_limit(10).with_time_limit(Duration::from_secs(60));
        let retries = guard.retry_policy(retries).with_tokens_of(&credentials);
        let builder = SecretManagerService::builder().with_credentials(credentials);
        Ok(builder.with_retry_policy(retries).build().await?)
    }

    /// On an error: `Denial::find(&error)`.
    async fn created(guard: &Guard, secrets: &SecretManagerService) -> Result<bool, BoxError> {
        let get = guard.calling("secretmanager.projects.secrets.get")?;
        let request = secrets.get_secret().set_name("projects/my-project/secrets/key");
        Ok(get.run(request.send()).await?.create_time.is_some())
    }
    // end
}

mod google_apis_client {
    // recipe
    use gcp_scopes_google_apis::GuardGoogleApisExt as _;
    use gcp_scopes_google_apis::gcp_scopes::{BoxError, Guard};
    use google_drive3::DriveHub;
    use google_drive3::common::{Client, Connector, GetToken};

    /// The documentation of google-drive3 shows how to build `client` and `authenticator`.
    fn drive<C>(
        guard: &Guard,
        client: Client<C>,
        authenticator: impl GetToken + Clone + 'static,
    ) -> DriveHub<C> {
        DriveHub::new(client, guard.google_apis(authenticator))
    }

    async fn list<C: Connector>(guard: &Guard, drive: &DriveHub<C>) -> Result<(), BoxError> {
        let list = guard.calling("drive.files.list")?;
        match list.run(drive.files().list().doit()).await {
            Ok((_, files)) => println!("{files:?}"),
            Err(error) => match guard.explain_error(&error) {
                Some(denial) => eprintln!("{}", denial.report()),
                None => return Err(error.into()),
            },
        }
        Ok(())
    }
    // end
}

#[test]
fn the_page_contains_the_code() {
    page::check(include_str!("../../docs/clients.md"), include_str!("client_page.rs"), 6);
}
