//! Checks for each credential and platform from which source the guard gets the scopes of a token,
//! and when: the rows of the table in docs/what-a-guard-does.md.
#![cfg(all(feature = "reqwest-middleware", feature = "tower", feature = "gcp-auth"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

#[path = "support/builder.rs"]
mod builder;
#[path = "support/plain.rs"]
mod plain;

use std::error::Error;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use builder::builder;
use bytes::Bytes;
use gcp_auth::{CustomServiceAccount, Token, TokenProvider};
use gcp_scopes::call::Call;
use gcp_scopes::denial::DenialKind;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes, GrantedScopesSource};
use gcp_scopes::{Denial, Guard, Preflight, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, FakePlatform, RefusalForm, Service, Vm};
use http::header::AUTHORIZATION;
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tower::{ServiceBuilder, ServiceExt};

const ACCOUNT: &str = "robot@my-project.iam.gserviceaccount.com";
const READ_ONLY: &str = "https://www.googleapis.com/auth/devstorage.read_only";

/// Starts a fake Google with a VM of this platform, which may only read objects. IAM allows its
/// account to write objects, too.
async fn google(platform: FakePlatform) -> FakeGoogle {
    plain::provider();
    let vm = Vm::new("web-1").account(ACCOUNT).platform(platform).scopes(["devstorage.read_only"]);
    let builder = FakeGoogle::builder().vm(vm).bucket("photos");
    builder.iam("photos", ACCOUNT, "roles/storage.objectAdmin").start().await.unwrap()
}

fn client(guard: &Guard) -> ClientWithMiddleware {
    ClientBuilder::new(plain::client()).with(guard.middleware()).build()
}

/// Makes a call with `token`, which is refused for lack of scope. Returns the scopes that the guard
/// then reports for the token, and how many requests tokeninfo received during the call.
async fn granted_after_refusal(
    guard: &Guard,
    google: &FakeGoogle,
    token: &str,
) -> (GrantedScopes, usize) {
    let requests =
        || google.requests().iter().filter(|request| request.service() == Service::OAuth).count();
    let before = requests();
    google.other_api().respond_with(RefusalForm::Scope);
    let url = format!(
        "{}/v1/projects/my-project/topics/orders:publish",
        google.url_of(Service::OtherApi)
    );
    let error = client(guard).post(url).bearer_auth(token).body("{}").send().await.unwrap_err();
    (Denial::find(&error).unwrap().granted().clone(), requests() - before)
}

/// Platforms on which the metadata server lists the scopes that the tokens of the attached account
/// hold.
const VMS: [FakePlatform; 6] = [
    FakePlatform::ComputeEngine,
    FakePlatform::ManagedInstanceGroup,
    FakePlatform::GkeNode,
    FakePlatform::Dataproc,
    FakePlatform::Dataflow,
    FakePlatform::Workbench,
];
/// Platforms on which the metadata server's list of scopes is not the list of scopes that a token
/// holds.
const NOT_VMS: [FakePlatform; 6] = [
    FakePlatform::GkeWorkloadIdentity,
    FakePlatform::CloudRunService,
    FakePlatform::CloudRunJob,
    FakePlatform::CloudRunWorkerPool,
    FakePlatform::CloudFunctions,
    FakePlatform::AppEngineStandard,
];

#[tokio::test]
async fn scopes_of_a_vms_own_token_come_from_the_metadata_server() {
    for platform in VMS {
        let google = google(platform).await;
        let guard = builder(&google).detect().await;
        let (granted, requests) = granted_after_refusal(&guard, &google, &google.token()).await;
        assert_eq!(granted.source(), Some(GrantSource::Metadata), "{platform:?}");
        assert!(granted.scopes().unwrap().contains(&READ_ONLY.parse().unwrap()), "{platform:?}");
        assert!(granted.expires_at().is_some(), "{platform:?}");
        assert_eq!(requests, 0, "{platform:?}");
    }
}

#[tokio::test]
async fn off_vms_scopes_come_from_tokeninfo_after_a_refusal() {
    for platform in NOT_VMS {
        let google = google(platform).await;
        let (granted, requests) =
            granted_after_refusal(&builder(&google).detect().await, &google, &google.token()).await;
        assert_eq!((granted.source(), requests), (Some(GrantSource::Tokeninfo), 1), "{platform:?}");
        // On these platforms, the metadata server lists the scope of Drive, but the token does not
        // hold this scope.
        let drive = "https://www.googleapis.com/auth/drive".parse().unwrap();
        assert!(!granted.scopes().unwrap().contains(&drive), "{platform:?}");
        let without = builder(&google).without_tokeninfo().detect().await;
        let (granted, requests) = granted_after_refusal(&without, &google, &google.token()).await;
        assert!(granted.is_unknown() && requests == 0, "{platform:?}: {granted:?}");
    }
}

#[tokio::test]
async fn scopes_of_a_foreign_token_on_a_vm_come_from_tokeninfo() {
    let google = google(FakePlatform::ComputeEngine).await;
    let guard = builder(&google).detect().await;
    // The guard cannot distinguish a user's login, an impersonated account and a federated
    // identity.
    let token = google.mint("user@example.com", ["calendar"]);
    let (granted, requests) = granted_after_refusal(&guard, &google, &token).await;
    assert_eq!((granted.source(), requests), (Some(GrantSource::Tokeninfo), 1));
    assert_eq!(
        granted_after_refusal(&guard, &google, &token).await.1,
        0,
        "the token was inspected again"
    );
}

#[tokio::test]
async fn advice_to_stop_the_vm_is_conditional_for_foreign_tokens() {
    let google = google(FakePlatform::ComputeEngine).await;
    let guard = builder(&google).without_tokeninfo().detect().await;
    let url = format!(
        "{}/v1/projects/my-project/topics/orders:publish",
        google.url_of(Service::OtherApi)
    );
    // The guard does not know whether the first token is the token of the VM or of a user of the
    // service.
    let tokens = [(google.mint("user@example.com", ["calendar"]), false), (google.token(), true)];
    for (token, is_of_vm) in tokens {
        google.other_api().respond_with(RefusalForm::Scope);
        let error =
            client(&guard).post(&url).bearer_auth(token).body("{}").send().await.unwrap_err();
        let denial = Denial::find(&error).unwrap();
        let stops = |command: &str| command.contains("stop web-1");
        let stopping = denial.options().iter().filter(|option| {
            option.steps().iter().filter_map(|step| step.command_line()).any(stops)
        });
        let stopping: Vec<_> = stopping.collect();
        assert!(!stopping.is_empty(), "{}", denial.report());
        assert_eq!(stopping[0].is_recommended(), is_of_vm, "{}", denial.report());
        let why = stopping[0].why().unwrap();
        assert!(is_of_vm || why.starts_with("Choose this if the token is that of a VM "), "{why}");
    }
}

#[tokio::test]
async fn a_token_unknown_to_tokeninfo_has_unknown_scopes() {
    let google = google(FakePlatform::ComputeEngine).await;
    let guard = builder(&google).detect().await;
    let (granted, requests) = granted_after_refusal(&guard, &google, "ya29.d.federated").await;
    let reason = granted.why_unknown().unwrap();
    assert!(
        reason.contains("not the metadata server's current token")
            && reason.contains("tokeninfo does not know"),
        "{reason}"
    );
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn managed_vms_get_no_compute_instances_commands() {
    // The scopes of a Workbench instance that lacks `cloud-platform` can be changed on the VM. The
    // other platforms create their VMs from a cluster, template or job, where the scopes have to be
    // changed.
    let unmanaged = [FakePlatform::ComputeEngine, FakePlatform::Workbench];
    for platform in VMS.into_iter().filter(|platform| !unmanaged.contains(platform)) {
        let google = google(platform).await;
        let guard = builder(&google).without_tokeninfo().detect().await;
        for token in [google.mint("user@example.com", ["calendar"]), google.token()] {
            google.other_api().respond_with(RefusalForm::Scope);
            let url = format!(
                "{}/v1/projects/my-project/topics/orders:publish",
                google.url_of(Service::OtherApi)
            );
            let error =
                client(&guard).post(url).bearer_auth(token).body("{}").send().await.unwrap_err();
            let report = Denial::find(&error).unwrap().report();
            assert!(!report.contains("gcloud compute instances"), "{platform:?}: {report}");
        }
    }
}

/// Creates a JWT with these claims and an invalid signature, which the guard does not check.
fn jwt(claims: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(claims), part("signature"))
}

#[tokio::test]
async fn scopes_of_a_self_signed_jwt_come_from_the_jwt() {
    let google = google(FakePlatform::CloudRunService).await;
    let guard = builder(&google).detect().await;
    let scoped = jwt(&format!(r#"{{"iss":"{ACCOUNT}","scope":"{READ_ONLY}"}}"#));
    let (granted, requests) = granted_after_refusal(&guard, &google, &scoped).await;
    assert_eq!((granted.source(), requests), (Some(GrantSource::Jwt), 0));
    // A JWT with an audience instead of scopes is not restricted to scopes.
    let audience = jwt(&format!(r#"{{"iss":"{ACCOUNT}","aud":"https://pubsub.googleapis.com/"}}"#));
    let (granted, requests) = granted_after_refusal(&guard, &google, &audience).await;
    assert!(granted.is_unrestricted() && requests == 0);
    let id_token = jwt(r#"{"iss":"https://accounts.google.com","aud":"https://mine.run.app"}"#);
    assert!(granted_after_refusal(&guard, &google, &id_token).await.0.is_unknown());
}

#[tokio::test]
async fn declared_scopes_need_no_request() {
    let google = google(FakePlatform::ComputeEngine).await;
    let guard = builder(&google).detect().await;
    // The program gets the token from the token endpoint, whose response contains the scopes.
    let refresh = google.refresh_token("user@example.com", ["calendar"]);
    let form = format!("grant_type=refresh_token&refresh_token={refresh}");
    let request = plain::client()
        .post(format!("{}/token", google.oauth_url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let text = request.send().await.unwrap().text().await.unwrap();
    let response: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (token, scope) =
        (response["access_token"].as_str().unwrap(), response["scope"].as_str().unwrap());
    let granted = GrantedScopes::known(ScopeSet::from_scope_text(scope), GrantSource::Declared);
    guard.declare(AccessToken::new(token).unwrap(), granted.clone());
    assert_eq!(granted_after_refusal(&guard, &google, token).await, (granted, 0));
}

/// Returns a private key in PEM form that was generated for this test and is used nowhere else. The
/// file lacks the PEM lines, so that scanners for leaked keys do not report it.
fn throwaway_key() -> String {
    let (dashes, body) = ("-----", include_str!("data/throwaway_key.b64"));
    format!("{dashes}BEGIN PRIVATE KEY{dashes}\n{body}{dashes}END PRIVATE KEY{dashes}\n")
}

/// Returns gcp_auth's token provider for a service account key of the fake Google.
fn service_account(google: &FakeGoogle) -> Arc<CustomServiceAccount> {
    let key = serde_json::json!({
        "type": "service_account", "project_id": "my-project", "client_email": ACCOUNT,
        "private_key": throwaway_key(), "private_key_id": "1",
        "token_uri": format!("{}/token", google.oauth_url()),
    });
    Arc::new(CustomServiceAccount::from_json(&key.to_string()).unwrap())
}

#[tokio::test]
async fn a_gcp_auth_service_account_token_has_the_requested_scopes() {
    let google = google(FakePlatform::ComputeEngine).await;
    let guard = builder(&google).preflight(Preflight::Deny).detect().await;
    let tokens = guard.gcp_auth(service_account(&google));
    let token = tokens.token(&[READ_ONLY]).await.unwrap();
    let url =
        format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=x", google.storage_url());
    let error = client(&guard).post(url).bearer_auth(token.as_str()).send().await.unwrap_err();
    let denial = Denial::find(&error).unwrap();
    assert_eq!(denial.kind(), DenialKind::Predicted);
    assert_eq!(denial.granted().source(), Some(GrantSource::Declared));
    assert!(denial.granted().expires_at().is_some());
}

#[tokio::test]
async fn requested_scopes_of_a_dyn_token_provider_are_not_trusted() {
    let google = google(FakePlatform::ComputeEngine).await;
    let guard = builder(&google).preflight(Preflight::Deny).detect().await;
    // The guard trusts the requested scopes only if the type of the provider is
    // `CustomServiceAccount`, and `dyn` hides the type.
    let hidden: Arc<dyn TokenProvider> = service_account(&google);
    let tokens = guard.gcp_auth(hidden);
    let token = tokens.token(&["https://www.googleapis.com/auth/calendar"]).await.unwrap();
    let (granted, requests) = granted_after_refusal(&guard, &google, token.as_str()).await;
    assert_eq!((granted.source(), requests), (Some(GrantSource::Tokeninfo), 1));
    assert!(tokens.project_id().await.is_ok_and(|project| &*project == "my-project"));
}

#[tokio::test]
async fn the_reqwest_middleware_attaches_tokens_for_google_only() {
    let google = google(FakePlatform::ComputeEngine).await;
    let guard = builder(&google).detect().await;
    let middleware = guard.middleware().with_token(guard.gcp_auth(service_account(&google)));
    let client = ClientBuilder::new(plain::client()).with(middleware).build();
    let base = google.storage_url();
    let upload = format!("{base}/upload/storage/v1/b/photos/o?uploadType=media&name=x");
    // The guard requests a token with the narrowest scope that each method accepts. IAM allows both
    // calls.
    assert_eq!(client.post(&upload).body("meow").send().await.unwrap().status(), StatusCode::OK);
    let list = client.get(format!("{base}/storage/v1/b/photos/o"));
    assert_eq!(list.send().await.unwrap().status(), StatusCode::OK);
    // The guard does not replace a token that the caller has set. The fake responds with status
    // 401, because it did not issue that token.
    let response = client.post(&upload).bearer_auth("mine").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    // A host that is not an endpoint of Google gets no token.
    let portal = FakeGoogle::builder().start().await.unwrap();
    client.get(portal.url_of(Service::OtherApi)).send().await.unwrap();
    assert!(portal.requests().iter().all(|request| !request.has_authorization()));
}

/// Makes a call with hyper-util's client behind the tower layer, which attaches tokens of `tokens`.
async fn call_with_tower<P>(
    guard: &Guard,
    tokens: Arc<P>,
    request: Request<Full<Bytes>>,
) -> Result<StatusCode, tower::BoxError>
where
    P: TokenProvider + ?Sized + 'static,
{
    let layer = guard.layer().with_token(guard.gcp_auth(tokens));
    let client = Client::builder(TokioExecutor::new()).build_http();
    Ok(ServiceBuilder::new().layer(layer).service(client).oneshot(request).await?.status())
}

#[tokio::test]
async fn the_tower_layer_attaches_tokens_for_google_only() {
    let google = google(FakePlatform::ComputeEngine).await;
    let guard = builder(&google).detect().await;
    let base = google.storage_url();
    let upload = |base: &str| {
        Request::post(format!("{base}/upload/storage/v1/b/photos/o?uploadType=media&name=x"))
    };
    let meow = || Full::new(Bytes::from_static(b"meow"));
    let send = |request| call_with_tower(&guard, service_account(&google), request);
    assert_eq!(send(upload(&base).body(meow()).unwrap()).await.unwrap(), StatusCode::OK);
    let with_own_token = upload(&base).header(AUTHORIZATION, "Bearer mine").body(meow()).unwrap();
    assert_eq!(send(with_own_token).await.unwrap(), StatusCode::UNAUTHORIZED);
    // A host that is not an endpoint of Google gets no token, even for the same path.
    let portal = FakeGoogle::builder().start().await.unwrap();
    send(upload(&portal.url_of(Service::OtherApi)).body(meow()).unwrap()).await.unwrap();
    assert!(portal.requests().iter().all(|request| !request.has_authorization()));
    // If the provider fails, the call is not sent.
    let before =
        google.requests().iter().filter(|request| request.service() == Service::Storage).count();
    let error =
        call_with_tower(&guard, Arc::new(FailingProvider), upload(&base).body(meow()).unwrap())
            .await
            .unwrap_err();
    assert!(
        contains_gcp_auth_error(error.as_ref()) && Denial::find(error.as_ref()).is_none(),
        "{error:?}"
    );
    let after =
        google.requests().iter().filter(|request| request.service() == Service::Storage).count();
    assert_eq!(before, after);
}

/// A token provider that always fails.
struct FailingProvider;

#[async_trait::async_trait]
impl TokenProvider for FailingProvider {
    async fn token(&self, _: &[&str]) -> Result<Arc<Token>, gcp_auth::Error> {
        Err(gcp_auth::Error::Str("no token"))
    }

    async fn project_id(&self) -> Result<Arc<str>, gcp_auth::Error> {
        Err(gcp_auth::Error::Str("no token"))
    }
}

#[tokio::test]
async fn a_token_provider_error_fails_the_call() {
    let google = google(FakePlatform::ComputeEngine).await;
    let guard = builder(&google).detect().await;
    let tokens = guard.gcp_auth(Arc::new(FailingProvider));
    let url = format!("{}/storage/v1/b/photos/o", google.storage_url());
    let middleware = guard.middleware().with_token(tokens.clone());
    let client = ClientBuilder::new(plain::client()).with(middleware).build();
    let error = client.get(&url).send().await.unwrap_err();
    assert!(contains_gcp_auth_error(&error), "{error:?}");
    assert!(Denial::find(&error).is_none());
    assert!(!google.requests().iter().any(|request| request.service() == Service::Storage));
}

/// Checks whether `error` or one of its sources is an error of gcp_auth.
fn contains_gcp_auth_error(error: &(dyn Error + 'static)) -> bool {
    error.is::<gcp_auth::Error>() || error.source().is_some_and(contains_gcp_auth_error)
}

/// A source of granted scopes that knows every token with the prefix of Google's access tokens.
struct PrefixBroker;

impl GrantedScopesSource for PrefixBroker {
    fn name(&self) -> &str {
        "the broker"
    }

    async fn granted(&self, token: AccessToken<'_>) -> Option<GrantedScopes> {
        let granted =
            GrantedScopes::known(ScopeSet::from_scope_text(READ_ONLY), GrantSource::Custom);
        token.secret().starts_with("ya29").then_some(granted)
    }
}

#[tokio::test]
async fn source_order_decides_before_the_default_order() {
    let google = google(FakePlatform::ComputeEngine).await;
    let rows: [(&[GrantSource], _); 4] = [
        (&[], GrantSource::Custom),
        (&[GrantSource::Metadata], GrantSource::Metadata),
        (&[GrantSource::Tokeninfo, GrantSource::Metadata], GrantSource::Tokeninfo),
        // The token is no JWT, so the default order applies, which begins with the custom source.
        (&[GrantSource::Jwt], GrantSource::Custom),
    ];
    for (order, expected) in rows {
        let guard = builder(&google)
            .source(PrefixBroker)
            .source_order(order.iter().copied())
            .tokeninfo_before_calls();
        let (granted, _) =
            granted_after_refusal(&guard.detect().await, &google, &google.token()).await;
        assert_eq!(granted.source(), Some(expected), "{order:?}");
    }
}

#[tokio::test]
async fn tokeninfo_before_calls_predicts_a_denial() {
    let google = google(FakePlatform::CloudRunService).await;
    let guard = builder(&google).tokeninfo_before_calls().preflight(Preflight::Deny).detect().await;
    let token = google.mint(ACCOUNT, ["devstorage.read_only"]);
    let url =
        format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=x", google.storage_url());
    let error = client(&guard).post(url).bearer_auth(token).send().await.unwrap_err();
    assert_eq!(Denial::find(&error).unwrap().kind(), DenialKind::Predicted);
}

#[test]
fn insecure_tokeninfo_endpoints_are_rejected() {
    for url in
        ["http://oauth2.googleapis.com/tokeninfo", "oauth2.googleapis.com", "", "http://10.0.0.1/t"]
    {
        let error = Guard::builder().tokeninfo_endpoint(url).expect_err(url).to_string();
        assert!(error.contains(&format!("`{url}`")), "{error}");
    }
}

#[tokio::test]
async fn calls_without_a_bearer_token_are_sent_without_inspection() {
    let google = google(FakePlatform::ComputeEngine).await;
    let guard = builder(&google).tokeninfo_before_calls().preflight(Preflight::Deny).detect().await;
    let url = format!(
        "{}/v1/projects/my-project/topics/orders:publish",
        google.url_of(Service::OtherApi)
    );
    let requests = || {
        let sources = [Service::OAuth, Service::Metadata];
        google.requests().iter().filter(|request| sources.contains(&request.service())).count()
    };
    let before = requests();
    let rows: [(&str, Option<&str>); 6] = [
        ("", None),
        ("?key=AIzaSyExample", None),
        ("", Some("Basic dTpw")),
        ("", Some("GOOG4-RSA-SHA256 Credential=x, SignedHeaders=host, Signature=0")),
        ("", Some("Bearer")),
        ("", Some("Bearer two words")),
    ];
    for (query, authorization) in rows {
        let call = || {
            let call = client(&guard).post(format!("{url}{query}")).body("{}");
            authorization.into_iter().fold(call, |call, value| call.header(AUTHORIZATION, value))
        };
        assert_eq!(
            call().send().await.unwrap().status(),
            StatusCode::OK,
            "{query} {authorization:?}"
        );
        google.other_api().respond_with(RefusalForm::Scope);
        let error = call().send().await.unwrap_err();
        let reason = Denial::find(&error).unwrap().granted().why_unknown().unwrap().to_owned();
        assert!(reason.contains("no bearer token"), "{query} {authorization:?}: {reason}");
    }
    assert_eq!(requests(), before);
}

#[tokio::test]
async fn scopes_of_an_id_token_come_from_a_custom_source_only() {
    struct Gateway;
    impl GrantedScopesSource for Gateway {
        fn name(&self) -> &str {
            "the gateway"
        }

        async fn granted(&self, token: AccessToken<'_>) -> Option<GrantedScopes> {
            let granted =
                GrantedScopes::known(ScopeSet::from_scope_text(READ_ONLY), GrantSource::Custom);
            token.secret().starts_with("eyJ").then_some(granted)
        }
    }
    let google = google(FakePlatform::CloudRunService).await;
    let id_token = jwt(r#"{"iss":"https://accounts.google.com","aud":"https://mine.run.app"}"#);
    let guard = builder(&google).detect().await;
    assert!(granted_after_refusal(&guard, &google, &id_token).await.0.is_unknown());
    let guard = builder(&google).source(Gateway).detect().await;
    assert_eq!(
        granted_after_refusal(&guard, &google, &id_token).await.0.source(),
        Some(GrantSource::Custom)
    );
}

#[test]
fn no_prediction_is_made_for_an_api_key() {
    let guard = Guard::builder().build();
    let uri =
        "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish?key=AIza".parse().unwrap();
    let call = Call::new(&http::Method::POST, &uri);
    let decision = guard.decide(&call, &GrantedScopes::unknown("an API key"));
    assert!(decision.is_err(), "{decision:?}");
}
