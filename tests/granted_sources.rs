//! What is known of each credential on each platform, from where, and when: the rows of README.
#![cfg(all(feature = "reqwest-middleware", feature = "tower", feature = "gcp-auth"))]
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

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
use gcp_scopes_testing::{FakeGoogle, Platform, RefusalForm, Service, Vm};
use http::header::AUTHORIZATION;
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tower::{ServiceBuilder, ServiceExt};

const ACCOUNT: &str = "robot@my-project.iam.gserviceaccount.com";
const READ_ONLY: &str = "https://www.googleapis.com/auth/devstorage.read_only";

async fn google(platform: Platform) -> FakeGoogle {
    // Installs the crypto provider that reqwest may need, before the guard asks anybody.
    drop(plain::client());
    let vm = Vm::new("web-1").account(ACCOUNT).platform(platform).scopes(["devstorage.read_only"]);
    let builder = FakeGoogle::builder().vm(vm).bucket("photos");
    builder.iam("photos", ACCOUNT, "roles/storage.objectAdmin").start().await.unwrap()
}

fn client(guard: &Guard) -> ClientWithMiddleware {
    ClientBuilder::new(plain::client()).with(guard.middleware()).build()
}

/// What a guard knows of a token once a call with it was refused for lack of scope, and how many
/// questions tokeninfo was asked for that.
async fn known(guard: &Guard, google: &FakeGoogle, token: &str) -> (GrantedScopes, usize) {
    let asked = || google.requests().iter().filter(|request| request.service() == Service::OAuth).count();
    let before = asked();
    google.other_api().respond_with(RefusalForm::Scope);
    let url = format!("{}/v1/projects/my-project/topics/orders:publish", google.url_of(Service::OtherApi));
    let error = client(guard).post(url).bearer_auth(token).body("{}").send().await.unwrap_err();
    (Denial::find(&error).unwrap().granted().clone(), asked() - before)
}

const VMS: [Platform; 6] = [
    Platform::ComputeEngine,
    Platform::ManagedInstanceGroup,
    Platform::GkeNode,
    Platform::Dataproc,
    Platform::Dataflow,
    Platform::Workbench,
];
const NOT_VMS: [Platform; 6] = [
    Platform::GkeWorkloadIdentity,
    Platform::CloudRunService,
    Platform::CloudRunJob,
    Platform::CloudRunWorkerPool,
    Platform::CloudFunctions,
    Platform::AppEngineStandard,
];

#[tokio::test]
async fn the_attached_account_of_a_vm_is_known_from_the_metadata_server() {
    for platform in VMS {
        let google = google(platform).await;
        let guard = builder(&google).detect().await;
        let (granted, asked) = known(&guard, &google, &google.token()).await;
        assert_eq!(granted.source(), Some(GrantSource::Metadata), "{platform:?}");
        assert!(granted.scopes().unwrap().contains(&READ_ONLY.parse().unwrap()), "{platform:?}");
        assert!(granted.expires_at().is_some(), "{platform:?}");
        assert_eq!(asked, 0, "{platform:?}");
    }
}

#[tokio::test]
async fn where_the_list_is_no_grant_tokeninfo_says_after_a_refusal_what_a_token_holds() {
    for platform in NOT_VMS {
        let google = google(platform).await;
        let (granted, asked) = known(&builder(&google).detect().await, &google, &google.token()).await;
        assert_eq!((granted.source(), asked), (Some(GrantSource::Tokeninfo), 1), "{platform:?}");
        // The server there offers Drive, which this token does not hold.
        let drive = "https://www.googleapis.com/auth/drive".parse().unwrap();
        assert!(!granted.scopes().unwrap().contains(&drive), "{platform:?}");
        let without = builder(&google).no_tokeninfo().detect().await;
        let (granted, asked) = known(&without, &google, &google.token()).await;
        assert!(granted.is_unknown() && asked == 0, "{platform:?}: {granted:?}");
    }
}

#[tokio::test]
async fn a_token_of_another_origin_on_a_vm_is_known_from_tokeninfo_only() {
    let google = google(Platform::ComputeEngine).await;
    let guard = builder(&google).detect().await;
    // A user's login, an impersonated account and a federated identity all look like this.
    let token = google.mint("user@example.com", ["calendar"]);
    let (granted, asked) = known(&guard, &google, &token).await;
    assert_eq!((granted.source(), asked), (Some(GrantSource::Tokeninfo), 1));
    assert_eq!(known(&guard, &google, &token).await.1, 0, "once for each token");
}

#[tokio::test]
async fn no_vm_is_to_be_stopped_for_a_token_that_need_not_be_its_own() {
    let google = google(Platform::ComputeEngine).await;
    let guard = builder(&google).no_tokeninfo().detect().await;
    let url = format!("{}/v1/projects/my-project/topics/orders:publish", google.url_of(Service::OtherApi));
    // Of a person whom the service on the VM acts for, say.
    let tokens = [(google.mint("user@example.com", ["calendar"]), false), (google.token(), true)];
    for (token, is_the_vms) in tokens {
        google.other_api().respond_with(RefusalForm::Scope);
        let error = client(&guard).post(&url).bearer_auth(token).body("{}").send().await.unwrap_err();
        let denial = Denial::find(&error).unwrap();
        let first = &denial.steps()[0];
        assert_eq!(first.text().starts_with("Stop the VM."), is_the_vms, "{}", denial.report());
        assert!(first.text().starts_with("If the token comes from a VM") || is_the_vms, "{}", first.text());
        assert!(first.command_line().unwrap().contains("stop web-1"));
    }
}

#[tokio::test]
async fn a_token_that_tokeninfo_does_not_know_stays_unknown() {
    let google = google(Platform::ComputeEngine).await;
    let guard = builder(&google).detect().await;
    let (granted, asked) = known(&guard, &google, "ya29.d.federated").await;
    let why = granted.why_unknown().unwrap();
    assert!(why.contains("another token") && why.contains("tokeninfo does not know"), "{why}");
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_machine_that_something_else_made_is_never_to_be_stopped_as_a_vm() {
    // The VM of a Workbench instance is set as any other.
    let as_vms = [Platform::ComputeEngine, Platform::Workbench];
    for platform in VMS.into_iter().filter(|platform| !as_vms.contains(platform)) {
        let google = google(platform).await;
        let guard = builder(&google).no_tokeninfo().detect().await;
        for token in [google.mint("user@example.com", ["calendar"]), google.token()] {
            google.other_api().respond_with(RefusalForm::Scope);
            let url =
                format!("{}/v1/projects/my-project/topics/orders:publish", google.url_of(Service::OtherApi));
            let error = client(&guard).post(url).bearer_auth(token).body("{}").send().await.unwrap_err();
            let report = Denial::find(&error).unwrap().report();
            assert!(!report.contains("gcloud compute instances"), "{platform:?}: {report}");
        }
    }
}

fn jwt(claims: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(claims), part("signature"))
}

#[tokio::test]
async fn a_self_signed_jwt_says_itself_what_it_holds() {
    let google = google(Platform::CloudRunService).await;
    let guard = builder(&google).detect().await;
    let scoped = jwt(&format!(r#"{{"iss":"{ACCOUNT}","scope":"{READ_ONLY}"}}"#));
    let (granted, asked) = known(&guard, &google, &scoped).await;
    assert_eq!((granted.source(), asked), (Some(GrantSource::Jwt), 0));
    let audience = jwt(&format!(r#"{{"iss":"{ACCOUNT}","aud":"https://pubsub.googleapis.com/"}}"#));
    let (granted, asked) = known(&guard, &google, &audience).await;
    assert!(granted.is_unrestricted() && asked == 0);
    let id_token = jwt(r#"{"iss":"https://accounts.google.com","aud":"https://mine.run.app"}"#);
    assert!(known(&guard, &google, &id_token).await.0.is_unknown());
}

#[tokio::test]
async fn an_oauth_answer_may_be_declared_and_then_nobody_is_asked() {
    let google = google(Platform::ComputeEngine).await;
    let guard = builder(&google).detect().await;
    let refresh = google.refresh_token("user@example.com", ["calendar"]);
    let form = format!("grant_type=refresh_token&refresh_token={refresh}");
    let answer = plain::client()
        .post(format!("{}/token", google.oauth_url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let text = answer.send().await.unwrap().text().await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (token, scope) = (answer["access_token"].as_str().unwrap(), answer["scope"].as_str().unwrap());
    let granted = GrantedScopes::known(ScopeSet::from_scope_text(scope), GrantSource::Declared);
    guard.declare(AccessToken::new(token).unwrap(), granted.clone());
    assert_eq!(known(&guard, &google, token).await, (granted, 0));
}

/// A key of nobody's, made for this test. It stands without its PEM lines so that scanners for leaked
/// keys do not cry wolf.
fn throwaway_key() -> String {
    let (dashes, body) = ("-----", include_str!("data/throwaway_key.b64"));
    format!("{dashes}BEGIN PRIVATE KEY{dashes}\n{body}{dashes}END PRIVATE KEY{dashes}\n")
}

fn service_account(google: &FakeGoogle) -> Arc<CustomServiceAccount> {
    let key = serde_json::json!({
        "type": "service_account", "project_id": "my-project", "client_email": ACCOUNT,
        "private_key": throwaway_key(), "private_key_id": "1",
        "token_uri": format!("{}/token", google.oauth_url()),
    });
    Arc::new(CustomServiceAccount::from_json(&key.to_string()).unwrap())
}

#[tokio::test]
async fn a_service_account_key_of_gcp_auth_is_known_by_what_was_asked() {
    let google = google(Platform::ComputeEngine).await;
    let guard = builder(&google).preflight(Preflight::Deny).detect().await;
    let tokens = guard.gcp_auth(service_account(&google));
    let token = tokens.token(&[READ_ONLY]).await.unwrap();
    let url = format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=x", google.storage_url());
    let error = client(&guard).post(url).bearer_auth(token.as_str()).send().await.unwrap_err();
    let denial = Denial::find(&error).unwrap();
    assert_eq!(denial.kind(), DenialKind::Predicted);
    assert_eq!(denial.granted().source(), Some(GrantSource::Declared));
    assert!(denial.granted().expires_at().is_some());
}

#[tokio::test]
async fn a_provider_of_gcp_auth_that_hides_its_type_is_not_believed() {
    let google = google(Platform::ComputeEngine).await;
    let guard = builder(&google).preflight(Preflight::Deny).detect().await;
    let hidden: Arc<dyn TokenProvider> = service_account(&google);
    let tokens = guard.gcp_auth(hidden);
    let token = tokens.token(&["https://www.googleapis.com/auth/calendar"]).await.unwrap();
    let (granted, asked) = known(&guard, &google, token.as_str()).await;
    assert_eq!((granted.source(), asked), (Some(GrantSource::Tokeninfo), 1));
    assert!(tokens.project_id().await.is_ok_and(|project| &*project == "my-project"));
}

#[tokio::test]
async fn with_token_a_service_needs_no_other_authentication() {
    let google = google(Platform::ComputeEngine).await;
    let guard = builder(&google).detect().await;
    let middleware = guard.middleware().with_token(guard.gcp_auth(service_account(&google)));
    let client = ClientBuilder::new(plain::client()).with(middleware).build();
    let base = google.storage_url();
    let upload = format!("{base}/upload/storage/v1/b/photos/o?uploadType=media&name=x");
    // The least scope of each method is asked for, and IAM lets the account in.
    assert_eq!(client.post(&upload).body("meow").send().await.unwrap().status(), StatusCode::OK);
    let list = client.get(format!("{base}/storage/v1/b/photos/o"));
    assert_eq!(list.send().await.unwrap().status(), StatusCode::OK);
    // What the caller brings stays.
    let foreign = client.post(&upload).bearer_auth("mine").send().await.unwrap();
    assert_eq!(foreign.status(), StatusCode::UNAUTHORIZED);
    // Whoever is not Google gets nothing.
    let portal = FakeGoogle::builder().start().await.unwrap();
    client.get(portal.url_of(Service::OtherApi)).send().await.unwrap();
    assert!(portal.requests().iter().all(|request| !request.has_authorization()));
}

/// A call over hyper's client, with tokens attached by the tower layer.
async fn over_tower<P>(
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
async fn the_tower_layer_gives_tokens_to_google_and_to_nobody_else() {
    let google = google(Platform::ComputeEngine).await;
    let guard = builder(&google).detect().await;
    let base = google.storage_url();
    let upload =
        |base: &str| Request::post(format!("{base}/upload/storage/v1/b/photos/o?uploadType=media&name=x"));
    let meow = || Full::new(Bytes::from_static(b"meow"));
    let send = |request| over_tower(&guard, service_account(&google), request);
    assert_eq!(send(upload(&base).body(meow()).unwrap()).await.unwrap(), StatusCode::OK);
    let mine = upload(&base).header(AUTHORIZATION, "Bearer mine").body(meow()).unwrap();
    assert_eq!(send(mine).await.unwrap(), StatusCode::UNAUTHORIZED);
    // The same path on a host that is not mapped.
    let portal = FakeGoogle::builder().start().await.unwrap();
    send(upload(&portal.url_of(Service::OtherApi)).body(meow()).unwrap()).await.unwrap();
    assert!(portal.requests().iter().all(|request| !request.has_authorization()));
    // Without a token the call is not made.
    let before = google.requests().iter().filter(|request| request.service() == Service::Storage).count();
    let error = over_tower(&guard, Arc::new(Empty), upload(&base).body(meow()).unwrap()).await.unwrap_err();
    assert!(is_gcp_auths(error.as_ref()) && Denial::find(error.as_ref()).is_none(), "{error:?}");
    let after = google.requests().iter().filter(|request| request.service() == Service::Storage).count();
    assert_eq!(before, after);
}

/// A provider that has no token.
struct Empty;

#[async_trait::async_trait]
impl TokenProvider for Empty {
    async fn token(&self, _: &[&str]) -> Result<Arc<Token>, gcp_auth::Error> {
        Err(gcp_auth::Error::Str("the well is dry"))
    }

    async fn project_id(&self) -> Result<Arc<str>, gcp_auth::Error> {
        Err(gcp_auth::Error::Str("the well is dry"))
    }
}

#[tokio::test]
async fn a_provider_without_a_token_fails_the_call_with_its_own_error() {
    let google = google(Platform::ComputeEngine).await;
    let guard = builder(&google).detect().await;
    let tokens = guard.gcp_auth(Arc::new(Empty));
    let url = format!("{}/storage/v1/b/photos/o", google.storage_url());
    let middleware = guard.middleware().with_token(tokens.clone());
    let client = ClientBuilder::new(plain::client()).with(middleware).build();
    let error = client.get(&url).send().await.unwrap_err();
    assert!(is_gcp_auths(&error), "{error:?}");
    assert!(Denial::find(&error).is_none());
    assert!(!google.requests().iter().any(|request| request.service() == Service::Storage));
}

/// Whether gcp_auth's error is found by an ordinary walk of the chain.
fn is_gcp_auths(error: &(dyn Error + 'static)) -> bool {
    error.is::<gcp_auth::Error>() || error.source().is_some_and(is_gcp_auths)
}

struct Broker;

impl GrantedScopesSource for Broker {
    fn name(&self) -> &str {
        "the broker"
    }

    async fn granted(&self, token: AccessToken<'_>) -> Option<GrantedScopes> {
        let granted = GrantedScopes::known(ScopeSet::from_scope_text(READ_ONLY), GrantSource::Custom);
        token.secret().starts_with("ya29").then_some(granted)
    }
}

#[tokio::test]
async fn the_programs_own_source_comes_first_unless_the_user_says_otherwise() {
    let google = google(Platform::ComputeEngine).await;
    let rows: [(&[GrantSource], _); 4] = [
        (&[], GrantSource::Custom),
        (&[GrantSource::Metadata], GrantSource::Metadata),
        (&[GrantSource::Tokeninfo, GrantSource::Metadata], GrantSource::Tokeninfo),
        (&[GrantSource::Jwt], GrantSource::Custom),
    ];
    for (order, expected) in rows {
        let guard = builder(&google).source(Broker).source_order(order.iter().copied()).tokeninfo_ahead();
        let (granted, _) = known(&guard.detect().await, &google, &google.token()).await;
        assert_eq!(granted.source(), Some(expected), "{order:?}");
    }
}

#[tokio::test]
async fn tokeninfo_ahead_of_calls_is_one_call_of_the_builder() {
    let google = google(Platform::CloudRunService).await;
    let guard = builder(&google).tokeninfo_ahead().preflight(Preflight::Deny).detect().await;
    let token = google.mint(ACCOUNT, ["devstorage.read_only"]);
    let url = format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=x", google.storage_url());
    let error = client(&guard).post(url).bearer_auth(token).send().await.unwrap_err();
    assert_eq!(Denial::find(&error).unwrap().kind(), DenialKind::Predicted);
}

#[test]
fn tokeninfo_is_never_sent_a_token_in_the_clear() {
    for url in ["http://oauth2.googleapis.com/tokeninfo", "oauth2.googleapis.com", "", "http://10.0.0.1/t"] {
        let error = Guard::builder().tokeninfo_endpoint(url).expect_err(url).to_string();
        assert!(error.contains(&format!("`{url}`")), "{error}");
    }
}

#[tokio::test]
async fn a_call_without_a_bearer_token_goes_out_as_it_is_and_nobody_is_asked_about_it() {
    let google = google(Platform::ComputeEngine).await;
    let guard = builder(&google).tokeninfo_ahead().preflight(Preflight::Deny).detect().await;
    let url = format!("{}/v1/projects/my-project/topics/orders:publish", google.url_of(Service::OtherApi));
    let asked = || {
        let inspectors = [Service::OAuth, Service::Metadata];
        google.requests().iter().filter(|request| inspectors.contains(&request.service())).count()
    };
    let before = asked();
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
        assert_eq!(call().send().await.unwrap().status(), StatusCode::OK, "{query} {authorization:?}");
        google.other_api().respond_with(RefusalForm::Scope);
        let error = call().send().await.unwrap_err();
        let why = Denial::find(&error).unwrap().granted().why_unknown().unwrap().to_owned();
        assert!(why.contains("no bearer token"), "{query} {authorization:?}: {why}");
    }
    assert_eq!(asked(), before);
}

#[tokio::test]
async fn an_id_token_is_known_only_if_a_source_knows_it() {
    struct Gateway;
    impl GrantedScopesSource for Gateway {
        fn name(&self) -> &str {
            "the gateway"
        }

        async fn granted(&self, token: AccessToken<'_>) -> Option<GrantedScopes> {
            let granted = GrantedScopes::known(ScopeSet::from_scope_text(READ_ONLY), GrantSource::Custom);
            token.secret().starts_with("eyJ").then_some(granted)
        }
    }
    let google = google(Platform::CloudRunService).await;
    let id_token = jwt(r#"{"iss":"https://accounts.google.com","aud":"https://mine.run.app"}"#);
    let alone = builder(&google).detect().await;
    assert!(known(&alone, &google, &id_token).await.0.is_unknown());
    let guard = builder(&google).source(Gateway).detect().await;
    assert_eq!(known(&guard, &google, &id_token).await.0.source(), Some(GrantSource::Custom));
}

#[test]
fn an_api_key_is_no_token_to_judge_by() {
    let guard = Guard::builder().build();
    let uri = "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish?key=AIza".parse().unwrap();
    let call = Call::new(&http::Method::POST, &uri);
    let decision = guard.decide(&call, &GrantedScopes::unknown("an API key"));
    assert!(matches!(decision, gcp_scopes::judge::Decision::Abstain(_)), "{decision:?}");
}
