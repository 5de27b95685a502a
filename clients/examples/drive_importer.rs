//! A program that imports documents from Google Drive on behalf of a user, with an OAuth client of
//! its own, built with google-drive3 and yup-oauth2. The user consented to see the names of files,
//! and the program was changed later to read the files: a change of the code does not change the
//! consent.
//!
//! `cargo run --manifest-path clients/Cargo.toml --example drive_importer`
//! sends its requests to a fake Google on 127.0.0.1.

use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use gcp_scopes::environment::Credential;
use gcp_scopes::{Denial, Guard};
use gcp_scopes_google_apis::GuardGoogleApisExt as _;
use gcp_scopes_testing::{FakeGoogle, Service};
use google_drive3::DriveHub;
use google_drive3::api::Scope;
use http::Response;
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use time::OffsetDateTime;
use yup_oauth2::client::CustomHyperClientBuilder;
use yup_oauth2::storage::{TokenInfo, TokenStorage, TokenStorageError};
use yup_oauth2::{ApplicationSecret, InstalledFlowAuthenticator, InstalledFlowReturnMethod};

/// The consent of the user, as the program keeps it: a refresh token.
struct StoredConsent(String);

#[async_trait]
impl TokenStorage for StoredConsent {
    async fn set(&self, _: &[&str], _: TokenInfo) -> Result<(), TokenStorageError> {
        Ok(())
    }

    async fn get(&self, _: &[&str]) -> Option<TokenInfo> {
        Some(TokenInfo {
            access_token: None,
            refresh_token: Some(self.0.clone()),
            expires_at: Some(OffsetDateTime::UNIX_EPOCH),
            id_token: None,
        })
    }
}

/// Builds the client of Drive for a user's consent.
async fn drive(
    google: &FakeGoogle,
    guard: &Guard,
    consent: String,
) -> Result<DriveHub<HttpConnector>> {
    let secret = ApplicationSecret {
        client_id: "1234-importer.apps.googleusercontent.com".into(),
        client_secret: "secret".into(),
        // In a program: https://oauth2.googleapis.com/token
        token_uri: format!("{}/token", google.oauth_url()),
        ..Default::default()
    };
    let http = CustomHyperClientBuilder::from(Client::builder(TokioExecutor::new()).build_http());
    let method = InstalledFlowReturnMethod::HTTPRedirect;
    let flow = InstalledFlowAuthenticator::with_client(secret, method, http);
    let authenticator = flow.with_storage(Box::new(StoredConsent(consent))).build().await?;
    let http = Client::builder(TokioExecutor::new()).build_http();
    let mut hub = DriveHub::new(http, guard.google_apis(authenticator));
    hub.base_url(format!("{}/drive/v3/", google.url_of(Service::OtherApi)));
    Ok(hub)
}

/// Imports every document, and returns their texts.
async fn import(guard: &Guard, hub: &DriveHub<HttpConnector>) -> Result<Vec<String>> {
    // Outside of a `calling`, a refusal is explained by what Google's response says.
    let list = guard.calling("drive.files.list")?;
    let export = guard.calling("drive.files.export")?;
    let request = hub.files().list().add_scope(Scope::MetadataReadonly).doit();
    let (_, files) = list.run(request).await.map_err(|error| explained(guard, error))?;
    let mut texts = Vec::new();
    for file in files.files.unwrap_or_default() {
        let id = file.id.context("a file without an id")?;
        let request = hub.files().export(&id, "text/plain").add_scope(Scope::Readonly).doit();
        let response = export.run(request).await.map_err(|error| explained(guard, error))?;
        let bytes = response.into_body().collect().await?.to_bytes();
        texts.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    Ok(texts)
}

/// Returns an error with the report about a refusal.
fn explained(guard: &Guard, error: google_apis_common::Error) -> anyhow::Error {
    let report = guard.explain_error(&error).as_ref().map(Denial::report);
    report.map_or_else(|| error.into(), |report| anyhow!(report))
}

#[tokio::main]
async fn main() -> Result<()> {
    // In this workspace rustls is built without a default crypto provider.
    drop(rustls::crypto::ring::default_provider().install_default());
    let google = FakeGoogle::builder().start().await?;
    let script = google.other_api().path("/drive/v3/files");
    let script = script.method("drive.googleapis.com", "google.apps.drive.v3.DriveFiles.List");
    let files = Response::new(r#"{"files": [{"id": "1", "name": "minutes"}]}"#);
    script.serve(["drive.metadata.readonly", "drive.readonly"], files);
    let script = google.other_api().path("/drive/v3/files/1/export");
    let script = script.method("drive.googleapis.com", "google.apps.drive.v3.DriveFiles.Export");
    script.serve(["drive.readonly"], Response::new("We met on Monday."));
    // In a program: Guard::builder().credential(Credential::OauthClient).detect().await
    let tokeninfo = format!("{}/tokeninfo", google.oauth_url());
    let guard = Guard::builder().tokeninfo_endpoint(tokeninfo)?.env([("NO_GCE_CHECK", "true")]);
    let guard = guard.credential(Credential::OauthClient).detect().await;

    for scopes in [&["drive.metadata.readonly"][..], &["drive.readonly"]] {
        println!("== The user consented to {}\n", scopes.join(", "));
        let consent = google.refresh_token("ann@shop.example", scopes);
        match import(&guard, &drive(&google, &guard, consent).await?).await {
            Ok(texts) => println!("imported: {texts:?}"),
            Err(error) => println!("{error}\n"),
        }
    }
    Ok(())
}
