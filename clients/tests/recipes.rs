//! Compiles and tests the recipes of `docs/recipes.md`, and checks that the page contains their
//! text. Each recipe is the beginning of a module, with its own imports.
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

#[path = "support/page.rs"]
mod page;

use gcp_scopes::{Denial, Guard};
use gcp_scopes_testing::{FakeGoogle, Vm};

/// Starts a fake Google with a VM and a bucket, and builds a guard for both.
async fn google_and_guard() -> (FakeGoogle, Guard) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let google = FakeGoogle::builder().vm(Vm::new("web-1")).bucket("photos").start().await.unwrap();
    let guard = Guard::builder().env(google.env());
    let guard = guard.endpoint(google.storage_url(), "storage.googleapis.com").unwrap().build();
    (google, guard)
}

/// The path of an upload, for which the token of the VM lacks the scope.
const UPLOAD: &str = "/upload/storage/v1/b/photos/o?uploadType=media&name=x";
/// The path of a call that IAM refuses.
const LIST: &str = "/storage/v1/b/photos/o";

/// Checks that the error contains the denial of an upload.
fn check_denial(error: &(dyn std::error::Error + 'static)) {
    let denial = Denial::find(error).unwrap_or_else(|| panic!("no denial in {error:?}"));
    assert_eq!(denial.method().unwrap().id(), "storage.objects.insert");
}

mod tower_over_reqwest {
    // recipe
    use gcp_scopes::Guard;
    use gcp_scopes::response::GuardBody;
    use tower::util::BoxCloneSyncService;
    use tower::{BoxError, Layer};

    type Guarded = BoxCloneSyncService<
        http::Request<reqwest::Body>,
        http::Response<GuardBody<reqwest::Body>>,
        BoxError,
    >;

    fn guarded(guard: &Guard, client: reqwest::Client) -> Guarded {
        let send = move |request: http::Request<reqwest::Body>| {
            let client = client.clone();
            async move { client.execute(request.try_into()?).await.map(http::Response::from) }
        };
        BoxCloneSyncService::new(guard.layer().layer(tower::service_fn(send)))
    }
    // end

    #[tokio::test]
    async fn an_upload_is_denied() {
        let (google, guard) = super::google_and_guard().await;
        let request = http::Request::post(google.storage_url() + super::UPLOAD);
        let request = request.header("authorization", format!("Bearer {}", google.token()));
        let client = guarded(&guard, reqwest::Client::new());
        let sent = tower::ServiceExt::oneshot(client, request.body("meow".into()).unwrap());
        super::check_denial(&*sent.await.unwrap_err());
    }
}

mod ureq_agent {
    // recipe
    use futures::executor::block_on;
    use gcp_scopes::call::Call;
    use gcp_scopes::{BoxError, Guard};
    use ureq::http::{Request, Response};
    use ureq::{Agent, Body};

    /// Returns an agent for `send`: the guard must see a refusal as a response, not as an error,
    /// and must see each redirect.
    fn agent() -> Agent {
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0);
        config.max_redirects_will_error(false).build().into()
    }

    /// Sends a request through the guard.
    fn send(
        guard: &Guard,
        agent: &Agent,
        request: Request<impl ureq::AsSendBody>,
    ) -> Result<Response<Body>, BoxError> {
        let call = Call::new(request.method(), request.uri()).with_headers(request.headers());
        let flight = block_on(guard.begin(&call)?.wait_for_scopes())?;
        let mut response = agent.run(request)?;
        if !flight.answered(response.status(), response.headers()) {
            return Ok(response);
        }
        let body = response.body_mut().read_to_vec()?;
        if let Some(denial) = block_on(flight.explain(response.status(), response.headers(), &body))
        {
            return Err(denial.into_error().into());
        }
        Ok(response.map(|_| Body::builder().data(body)))
    }
    // end

    #[test]
    fn an_upload_is_denied_and_a_refusal_by_iam_is_passed_on() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (google, guard) = runtime.block_on(super::google_and_guard());
        let request = |verb, path: &str| {
            let request = Request::builder().method(verb).uri(google.storage_url() + path);
            request.header("authorization", format!("Bearer {}", google.token()))
        };
        let upload = request("POST", super::UPLOAD).body("meow").unwrap();
        super::check_denial(&*send(&guard, &agent(), upload).unwrap_err());
        let list = request("GET", super::LIST).body(()).unwrap();
        let mut refused = send(&guard, &agent(), list).unwrap();
        assert_eq!(refused.status(), 403);
        let body = refused.body_mut().read_to_string().unwrap();
        assert!(body.contains("storage.objects.list"), "{body}");
    }
}

mod google_cloud_pubsub_publisher {
    // recipe
    use std::time::Duration;

    use gcp_scopes::Guard;
    use gcp_scopes_google_cloud::GuardGoogleCloudExt as _;
    use google_cloud_auth::credentials::Credentials;
    use google_cloud_gax::client_builder::Result;
    use google_cloud_gax::retry_policy::RetryPolicyExt as _;
    use google_cloud_pubsub::builder::publisher::PublisherBuilder;
    use google_cloud_pubsub::client::Publisher;
    use google_cloud_pubsub::retry_policy::RetryableErrors;

    /// `builder` is `Publisher::builder("projects/my-project/topics/orders")`, and `credentials` is
    /// `google_cloud_auth::credentials::Builder::default().build()?`.
    async fn publisher(
        guard: &Guard,
        credentials: Credentials,
        builder: PublisherBuilder,
    ) -> Result<Publisher> {
        let credentials = guard.credentials(credentials);
        let retries = RetryableErrors.with_time_limit(Duration::from_secs(600));
        let retries = guard.retry_policy(retries).with_tokens_of(&credentials);
        builder.with_credentials(credentials).with_retry_policy(retries).build().await
    }
    // end

    use gcp_scopes::Denial;
    use gcp_scopes_testing::{RefusalForm, Service};
    use google_cloud_auth::credentials::anonymous;
    use google_cloud_pubsub::model::Message;
    use http::{HeaderMap, Response};

    /// Returns the trailers and the response of a gRPC call that ends with this status.
    fn grpc_response(
        status: &'static str,
        body: &'static [u8],
    ) -> (HeaderMap, Response<&'static [u8]>) {
        let response = Response::builder().header("content-type", "application/grpc");
        let status = ("grpc-status".parse().unwrap(), status.parse().unwrap());
        (HeaderMap::from_iter([status]), response.body(body).unwrap())
    }

    #[tokio::test]
    async fn a_publisher_retries_a_server_error_and_its_refusal_is_explained() {
        let (google, guard) = super::google_and_guard().await;
        let builder = Publisher::builder("projects/my-project/topics/orders");
        let builder = builder.with_endpoint(google.url_of(Service::OtherApi));
        let credentials = anonymous::Builder::new().build();
        let publisher = publisher(&guard, credentials, builder).await.unwrap();
        let publish = || publisher.publish(Message::new().set_data("order 7"));

        let (unavailable, no_message) = grpc_response("14", b"");
        google.other_api().with_trailers(unavailable).respond(no_message);
        // A frame with the encoding of `PublishResponse { message_ids: ["1"] }`.
        let (ok, published) = grpc_response("0", b"\0\0\0\0\x03\x0a\x011");
        google.other_api().with_trailers(ok).respond(published);
        assert_eq!(publish().await.unwrap(), "1");
        assert_eq!(google.requests().len(), 2);

        google.other_api().respond_with(RefusalForm::GrpcScope);
        let error = publish().await.unwrap_err();
        let method = Denial::find(&error).unwrap().method().unwrap();
        assert_eq!(method.id(), "google.pubsub.v1.Publisher.Publish");
    }
}

mod google_cloud_pubsub_subscriber {
    // recipe
    use gcp_scopes::Guard;
    use google_cloud_pubsub::Result;
    use google_cloud_pubsub::client::Subscriber;

    /// `subscriber` is `Subscriber::builder().with_credentials(credentials).build().await?`.
    async fn work(guard: &Guard, subscriber: &Subscriber) -> Result<()> {
        let subscription = "projects/my-project/subscriptions/orders";
        let mut stream = subscriber.subscribe(subscription).build();
        while let Some(received) = stream.next().await {
            if let Err(error) = &received {
                if let Some(denial) = guard.explain_error(error) {
                    eprintln!("{}", denial.report());
                }
            }
            let (message, handler) = received?;
            println!("{} bytes", message.data.len());
            handler.ack();
        }
        Ok(())
    }
    // end

    use gcp_scopes_testing::{RefusalForm, Service};
    use google_cloud_auth::credentials::anonymous;

    #[tokio::test]
    async fn a_refused_stream_is_explained() {
        let (google, guard) = super::google_and_guard().await;
        let subscriber = Subscriber::builder().with_endpoint(google.url_of(Service::OtherApi));
        let subscriber = subscriber.with_credentials(anonymous::Builder::new().build());
        let subscriber = subscriber.build().await.unwrap();
        let script = google.other_api().path("/google.pubsub.v1.Subscriber/StreamingPull");
        let script =
            script.method("pubsub.googleapis.com", "google.pubsub.v1.Subscriber.StreamingPull");
        script.respond_with(RefusalForm::GrpcScope);
        let error = work(&guard, &subscriber).await.unwrap_err();
        let denial = guard.explain_error(&error).unwrap();
        assert_eq!(denial.method().unwrap().id(), "google.pubsub.v1.Subscriber.StreamingPull");
    }
}

mod message_only {
    // recipe
    use gcp_scopes::call::Call;
    use gcp_scopes::granted::GrantedScopes;
    use gcp_scopes::refusal::ErrorResponse;
    use gcp_scopes::{Denial, Guard};
    use http::{Method, Uri};

    /// Explains a refusal of which only the message is known.
    pub(crate) fn explain(guard: &Guard, url: &'static str, message: &str) -> Option<Denial> {
        let (verb, uri) = (Method::POST, Uri::from_static(url));
        let granted = GrantedScopes::unknown("the client does not say which token it sent");
        guard.explain(&Call::new(&verb, &uri), &granted, &ErrorResponse::from_text(message))
    }
    // end

    #[test]
    fn the_message_of_a_firestore_error_is_enough() {
        let guard = Guard::builder().build();
        let message = "Data not found or permission error: code: PermissionDenied, message: \
                       Request had insufficient authentication scopes.";
        let url = "https://firestore.googleapis.com/google.firestore.v1.Firestore/Commit";
        let denial = explain(&guard, url, message).unwrap();
        assert_eq!(denial.method().unwrap().id(), "google.firestore.v1.Firestore.Commit");
    }
}

mod bigquery_client {
    use super::message_only::explain;

    // recipe
    use gcp_bigquery_client::error::BQError;
    use gcp_scopes::{Denial, Guard};

    fn explain_query(guard: &Guard, error: &BQError) -> Option<Denial> {
        let BQError::ResponseError { error } = error else { return None };
        let url = "https://bigquery.googleapis.com/bigquery/v2/projects/p/queries";
        explain(guard, url, &error.error.message)
    }
    // end

    use gcp_bigquery_client::error::{NestedResponseError, ResponseError};

    #[test]
    fn only_a_query_refused_for_lack_of_scope_is_explained() {
        let guard = Guard::builder().build();
        let error = |code, message: &str| BQError::ResponseError {
            error: ResponseError {
                error: NestedResponseError {
                    code,
                    errors: Vec::new(),
                    message: message.to_owned(),
                    status: "PERMISSION_DENIED".to_owned(),
                },
            },
        };
        let scope_refusal = error(403, "Request had insufficient authentication scopes.");
        let denial = explain_query(&guard, &scope_refusal).unwrap();
        assert_eq!(denial.method().unwrap().id(), "bigquery.jobs.query");
        let iam_refusal = error(
            403,
            "Access Denied: Project p: User does not have bigquery.jobs.create permission",
        );
        assert!(explain_query(&guard, &iam_refusal).is_none());
        assert!(explain_query(&guard, &BQError::NoToken).is_none());
    }
}

mod yup {
    // recipe
    use std::collections::HashMap;
    use std::sync::Mutex;

    use async_trait::async_trait;
    use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
    use gcp_scopes::{Guard, Scope};
    use yup_oauth2::storage::{TokenInfo, TokenStorage, TokenStorageError};

    /// Declares the scopes of each token to the guard. Only for a service account key, whose tokens
    /// hold the requested scopes; not for a user's login.
    struct DeclaringStorage {
        guard: Guard,
        tokens: Mutex<HashMap<String, TokenInfo>>,
    }

    #[async_trait]
    impl TokenStorage for DeclaringStorage {
        async fn set(&self, scopes: &[&str], token: TokenInfo) -> Result<(), TokenStorageError> {
            if let Some(access) = token.access_token.as_deref().and_then(AccessToken::new) {
                let scopes = scopes.iter().map(|scope| Scope::from_uri(scope)).collect();
                self.guard.declare(access, GrantedScopes::known(scopes, GrantSource::Declared));
            }
            self.tokens.lock().unwrap().insert(scopes.join(" "), token);
            Ok(())
        }

        async fn get(&self, scopes: &[&str]) -> Option<TokenInfo> {
            self.tokens.lock().unwrap().get(&scopes.join(" ")).cloned()
        }
    }
    // end

    #[tokio::test]
    async fn the_scopes_of_a_stored_token_are_known() {
        let guard = Guard::builder().build();
        let storage = DeclaringStorage { guard: guard.clone(), tokens: Mutex::default() };
        let read_only = "https://www.googleapis.com/auth/devstorage.read_only";
        let token = TokenInfo {
            access_token: Some("ya29.stored".to_owned()),
            refresh_token: None,
            expires_at: None,
            id_token: None,
        };
        storage.set(&[read_only], token).await.unwrap();
        assert!(storage.get(&[read_only]).await.is_some());
        let granted = guard.granted(AccessToken::new("ya29.stored").unwrap()).await;
        assert_eq!(granted.source(), Some(GrantSource::Declared));
    }
}

#[test]
fn the_page_contains_the_recipes() {
    page::check(include_str!("../../docs/recipes.md"), include_str!("recipes.rs"), 7);
}
