//! A [`tower`](https://docs.rs/tower) layer for every service that takes an `http::Request`:
//! hyper's client, `reqwest` behind a small adapter, or the channel of a gRPC client (for tonic see
//! [gcp-scopes-tonic](https://docs.rs/gcp-scopes-tonic)).
//!
//! Place the layer *inside* the layer that sets `Authorization`, so that the guard sees the token.
//! The order relative to layers for retries and timeouts does not matter. Create the guard and the
//! layer once: [`Guard::layer`] allocates nothing, but a guard that is created for each request
//! allocates its tables, and knows neither the scopes of tokens nor what earlier responses have
//! shown.
//!
//! ```
//! use http::{Request, Response};
//! use tower::{Service, ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let guard = gcp_scopes::Guard::builder().build();
//! let inner = tower::service_fn(|_: Request<String>| async {
//!     Ok::<_, std::io::Error>(Response::new(String::new()))
//! });
//! let mut service = ServiceBuilder::new().layer(guard.layer()).service(inner);
//! let response = service.ready().await?.call(Request::new(String::new())).await?;
//! # assert!(response.status().is_success());
//! # Ok(()) }
//! ```
//!
//! `reqwest::Client` is a service of reqwest's own request type. The following lines convert the
//! client to a service of `http::Request`. The client must not follow redirects, because the guard
//! would attribute the response of the last host to the first host:
//!
#![cfg_attr(feature = "reqwest", doc = "```")]
#![cfg_attr(not(feature = "reqwest"), doc = "```ignore")]
//! # use gcp_scopes::response::GuardBody;
//! # type GuardResponse = http::Response<GuardBody<reqwest::Body>>;
//! # fn build(client: reqwest::ClientBuilder, guard: gcp_scopes::Guard) -> reqwest::Result<
//! #     impl tower::Service<http::Request<reqwest::Body>, Response = GuardResponse>> {
//! let client = client.redirect(reqwest::redirect::Policy::none()).build()?;
//! let inner = tower::service_fn(move |request: http::Request<reqwest::Body>| {
//!     let client = client.clone();
//!     async move { client.execute(request.try_into()?).await.map(http::Response::from) }
//! });
//! let service = tower::ServiceBuilder::new().layer(guard.layer()).service(inner);
//! # Ok(service) }
//! ```
//!
//! Insert [`NeededScopes`](crate::call::NeededScopes) into the extensions of a request to state
//! which scopes the call needs, if the catalog does not contain the method. The guard does not
//! check a request with an empty set: the request is sent, and only a refusal is explained.
//!
//! # Errors
//! Errors of the inner service are returned boxed. A [`Denial`] is returned as an error too, in
//! which [`Denial::find`](crate::Denial::find) finds the denial. If the guard was built with
//! [`DenialDelivery::Message`](crate::DenialDelivery::Message), a denial is returned as a response
//! instead; therefore the data type of the response body must be convertible from [`Bytes`].

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::call::Call;
use crate::denial::Denial;
use crate::error::BoxError;
use crate::flight::Flight;
use crate::guard::Guard;
use crate::guard::shared::Shared;
use crate::response::GuardBody;
use crate::response::grpc::{self, GrpcErrors};
use crate::scope::Scope;
use crate::token_source::{DynTokenSource, TokenSource};

/// The result of a call through a [`GuardService`].
type GuardResult<R> = Result<Response<GuardBody<R>>, BoxError>;

/// A call, or the rest of a call, that is polled in a box. The usual call is polled in place, as a
/// field of [`ResponseFuture`], without an allocation.
type RestOfCall<R> = Pin<Box<dyn Future<Output = GuardResult<R>> + Send>>;

/// A layer that wraps services with a [`Guard`]. Created by [`Guard::layer`].
///
/// ```
/// use http::{Request, Response};
///
/// let guard = gcp_scopes::Guard::builder().build();
/// let client = tower::service_fn(|_: Request<String>| async {
///     Ok::<_, std::io::Error>(Response::new(String::new()))
/// });
/// let guarded = tower::ServiceBuilder::new()
///     .concurrency_limit(64) // the order of the layers does not matter
///     .layer(guard.layer())
///     .service(client);
/// ```
#[derive(Debug, Clone)]
pub struct GuardLayer {
    guard: Guard,
    /// The source of tokens for calls without credentials. `None` if the guard attaches no tokens.
    tokens: Option<Shared<Box<dyn DynTokenSource>>>,
    /// Creates the errors of a gRPC client. `None` if gRPC calls get denials in their responses.
    grpc_errors: Option<GrpcErrors>,
}

impl Guard {
    /// Creates a tower layer: see [`adapter::tower`](crate::adapter::tower).
    ///
    /// ```
    /// use http::{Request, Response};
    ///
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let client = tower::service_fn(|_: Request<String>| async {
    ///     Ok::<_, std::io::Error>(Response::new(String::new()))
    /// });
    /// let guarded = tower::ServiceBuilder::new().layer(guard.layer()).service(client);
    /// ```
    #[must_use]
    pub fn layer(&self) -> GuardLayer {
        GuardLayer::new(self)
    }
}

impl GuardLayer {
    /// Creates a layer of this guard, like [`Guard::layer`].
    ///
    /// ```
    /// use gcp_scopes::Guard;
    /// use gcp_scopes::adapter::tower::GuardLayer;
    ///
    /// let layer = GuardLayer::new(&Guard::builder().build());
    /// ```
    #[must_use]
    pub fn new(guard: &Guard) -> Self {
        Self { guard: guard.clone(), tokens: None, grpc_errors: None }
    }

    /// Sets the function that creates an error of the client's own type for a refused gRPC call.
    /// `make` gets the denial and the headers or trailers of the refusal. Their `grpc-message` ends
    /// with the first line of the denial.
    ///
    /// If the refusal is in the headers, the service returns the error. If the refusal is in the
    /// trailers, the body returns the error, provided that the body's error type is `E` or a boxed
    /// error. In all other cases, and if `make` returns `None`, the client gets the headers or
    /// trailers instead of an error.
    ///
    /// [gcp-scopes-tonic](https://docs.rs/gcp-scopes-tonic) uses this function with tonic's
    /// `Status`.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    /// use gcp_scopes::denial::DenialError;
    ///
    /// #[derive(Debug, thiserror::Error)]
    /// #[error("{message}")]
    /// struct RpcError {
    ///     message: String,
    ///     source: DenialError,
    /// }
    ///
    /// let guard = Guard::builder().build();
    /// let layer = guard.layer().with_grpc_errors(|denial, headers| {
    ///     let message = headers.get("grpc-message")?.to_str().ok()?.to_owned();
    ///     Some(RpcError { message, source: denial.into_error() })
    /// });
    /// ```
    #[must_use]
    pub fn with_grpc_errors<E>(
        self,
        make: impl Fn(Denial, &HeaderMap) -> Option<E> + Send + Sync + 'static,
    ) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        Self { grpc_errors: Some(erase_error_type(make)), ..self }
    }

    /// Adds a token to every call to a Google API that has no token: see
    /// [`token_source`](crate::token_source). If the source has no token, the call fails with an
    /// [`Error`](crate::Error) whose `source()` is the error of the token source.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    /// use gcp_scopes::token_source::TokenSource;
    ///
    /// # fn with(guard: &Guard, tokens: impl TokenSource + 'static) {
    /// // The token is sent only to Google APIs over TLS and to mapped hosts.
    /// let layer = guard.layer().with_token(tokens);
    /// # }
    /// ```
    #[must_use]
    pub fn with_token(self, source: impl TokenSource + 'static) -> Self {
        Self { tokens: Some(Shared::new(Box::new(source))), ..self }
    }
}

/// Converts `make` to a function that stores the error in an `Option<E>` or an `Option<BoxError>`,
/// as the service or body requires.
fn erase_error_type<E: std::error::Error + Send + Sync + 'static>(
    make: impl Fn(Denial, &HeaderMap) -> Option<E> + Send + Sync + 'static,
) -> GrpcErrors {
    GrpcErrors(Shared::new(Box::new(move |denial, headers, slot| {
        let error = make(denial, headers);
        if let Some(slot) = slot.downcast_mut::<Option<E>>() {
            *slot = error;
        } else if let Some(slot) = slot.downcast_mut::<Option<BoxError>>() {
            *slot = error.map(BoxError::from);
        }
    })))
}

impl<S> Layer<S> for GuardLayer {
    type Service = GuardService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let Self { guard, tokens, grpc_errors } = self.clone();
        GuardService { inner, guard, tokens, grpc_errors }
    }
}

/// A service whose calls are checked by a [`Guard`]. Created by [`GuardLayer`].
///
/// A service that is cloned for each call slows no other thread: of the reference counters that
/// clones and calls change, each thread has its own, up to 32 threads.
///
/// ```
/// use bytes::Bytes;
/// use gcp_scopes::Guard;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::{Service, ServiceBuilder, ServiceExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let client = tower::service_fn(|_: Request<()>| async {
///     Ok::<_, std::io::Error>(Response::new(Full::<Bytes>::from("meow")))
/// });
/// let guard = Guard::builder().build();
/// let mut guarded = ServiceBuilder::new().layer(guard.layer()).service(client);
/// // Errors are boxed: an error of the client, or a denial.
/// match guarded.ready().await?.call(Request::new(())).await {
///     Ok(response) => println!("{}", response.status()),
///     Err(error) => match gcp_scopes::Denial::find(error.as_ref()) {
///         Some(denial) => eprintln!("{}", denial.report()),
///         None => eprintln!("{error}"),
///     },
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct GuardService<S> {
    inner: S,
    guard: Guard,
    tokens: Option<Shared<Box<dyn DynTokenSource>>>,
    grpc_errors: Option<GrpcErrors>,
}

impl<S: Clone> GuardService<S> {
    /// Returns the inner service, whose `poll_ready` has returned ready, and keeps a clone of it.
    fn take_ready(&mut self) -> S {
        // Only the service that was polled is ready, and its clone may not be. Source: "Be careful
        // when cloning inner services" in
        // <https://docs.rs/tower-service/latest/tower_service/trait.Service.html>
        let clone = self.inner.clone();
        std::mem::replace(&mut self.inner, clone)
    }

    /// Returns the token source and the scope for this request, or `None` if the request gets no
    /// token.
    fn scope_to_request<B>(
        &self,
        request: &Request<B>,
    ) -> Option<(Shared<Box<dyn DynTokenSource>>, Scope)> {
        let source = self.tokens.as_ref()?;
        Some((source.hold(), self.guard.scope_to_request(&call_of(request))?))
    }

    /// Returns what the rest of a call needs: the guard, the ready inner service, and the function
    /// for errors of gRPC.
    fn parts(&mut self) -> (Guard, S, Option<GrpcErrors>) {
        (self.guard.hold(), self.take_ready(), self.grpc_errors.as_ref().map(GrpcErrors::hold))
    }
}

impl<S, B, R> Service<Request<B>> for GuardService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Send + 'static,
    R: Body<Data: From<Bytes> + Send, Error: Send> + Send + 'static,
{
    type Response = Response<GuardBody<R>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    // Not inlined, because `begin_in_place` is inlined here, which makes this function large.
    #[inline(never)]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let mut flight = Flight::new(&self.guard);
        let rest: RestOfCall<R> = if let Some((source, scope)) = self.scope_to_request(&request) {
            let (guard, inner, grpc_errors) = self.parts();
            Box::pin(async move {
                let value = source.authorization(&scope).await?;
                request.headers_mut().insert(AUTHORIZATION, value);
                let checked = guard.begin(&call_of(&request));
                wait_then_call(guard, checked, inner, grpc_errors, request).await
            })
        } else {
            let checked = flight.begin_in_place(&call_of(&request));
            if checked.is_ok() && !flight.has_pending_scopes() {
                let grpc_errors = self.grpc_errors.as_ref().map(GrpcErrors::hold);
                let call = Some(self.inner.call(request));
                return ResponseFuture { call, flight, grpc_errors, rest: None };
            }
            let (guard, inner, grpc_errors) = self.parts();
            match checked {
                // Dropping the service releases what it reserved for a call that is denied, such as
                // a permit of a concurrency limit.
                Err(denial) => Box::pin(std::future::ready(unsent(&guard, denial))),
                Ok(()) => {
                    let flight = Ok(flight.take());
                    Box::pin(wait_then_call(guard, flight, inner, grpc_errors, request))
                }
            }
        };
        ResponseFuture { call: None, flight, grpc_errors: None, rest: Some(rest) }
    }
}

/// Returns the call of a request, with the scopes that the caller stated in the extensions.
#[inline(always)]
fn call_of<B>(request: &Request<B>) -> Call<'_> {
    let call = Call::new(request.method(), request.uri()).with_headers(request.headers());
    call.with_needed_scopes(request.extensions().get())
}

/// Waits for pending scopes, and sends the request unless the call is denied.
async fn wait_then_call<S, B, R>(
    guard: Guard,
    checked: Result<Flight, Denial>,
    mut inner: S,
    grpc_errors: Option<GrpcErrors>,
    request: Request<B>,
) -> GuardResult<R>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: Body<Data: From<Bytes>, Error: 'static>,
{
    let flight = match async { checked?.wait_for_scopes().await }.await {
        Ok(flight) => flight,
        Err(denial) => return unsent(&guard, denial),
    };
    let response = inner.call(request).await.map_err(Into::into)?;
    match end(flight, grpc_errors, response) {
        Ok(response) => Ok(response),
        Err(explained) => explained.await,
    }
}

/// Ends a flight. `Ok` holds the response. If the response may be a scope refusal, `Err` holds the
/// future that explains the refusal.
fn end<R: Body<Data: From<Bytes>, Error: 'static>>(
    flight: Flight,
    grpc_errors: Option<GrpcErrors>,
    response: Response<R>,
) -> Result<Response<GuardBody<R>>, impl Future<Output = GuardResult<R>>> {
    let (status, headers) = (response.status(), response.headers());
    match (flight.answered(status, headers), flight.wants_trailers(status, headers)) {
        (true, _) => Err(explain(flight, grpc_errors, response)),
        (false, true) => Ok(grpc::watch(flight, grpc_errors, response)),
        (false, false) => Ok(response.map(GuardBody::unchanged)),
    }
}

/// Ends a flight whose response may be a scope refusal.
async fn explain<R: Body<Data: From<Bytes>>>(
    flight: Flight,
    grpc_errors: Option<GrpcErrors>,
    response: Response<R>,
) -> GuardResult<R> {
    match flight.is_grpc() {
        true => grpc::explain(flight, grpc_errors, response).await,
        false => Ok(flight.explain_response(response).await?),
    }
}

/// Returns the response or the error that the caller gets for a request that is not sent.
fn unsent<R: Body<Data: From<Bytes>>>(guard: &Guard, denial: Denial) -> GuardResult<R> {
    Ok(guard.unsent(denial)?.map(GuardBody::replaced))
}

pin_project! {
    /// The response future of a [`GuardService`].
    ///
    /// ```
    /// use bytes::Bytes;
    /// use gcp_scopes::Guard;
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    /// use tower::{Service, ServiceBuilder, ServiceExt};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let client = tower::service_fn(|_: Request<()>| async {
    ///     Ok::<_, std::io::Error>(Response::new(Full::<Bytes>::from("meow")))
    /// });
    /// let guard = Guard::builder().build();
    /// let mut guarded = ServiceBuilder::new().layer(guard.layer()).service(client);
    /// // The future can be spawned on a runtime with any number of threads.
    /// let future = guarded.ready().await?.call(Request::new(()));
    /// let response = tokio::spawn(future).await??;
    /// assert!(response.status().is_success());
    /// # Ok(()) }
    /// ```
    pub struct ResponseFuture<F, R: Body> {
        // The call that is polled in place, and its flight.
        #[pin]
        call: Option<F>,
        flight: Flight,
        grpc_errors: Option<GrpcErrors>,
        // Polled instead of `call`, or after it.
        rest: Option<RestOfCall<R>>,
    }
}

impl<F, R, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
    R: Body<Data: From<Bytes> + Send, Error: Send> + Send + 'static,
{
    type Output = GuardResult<R>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(call) = this.call.as_mut().as_pin_mut() {
            let response = ready!(call.poll(cx)).map_err(Into::<BoxError>::into)?;
            if !this.flight.may_explain(response.status()) {
                return Poll::Ready(Ok(response.map(GuardBody::unchanged)));
            }
            match end(this.flight.take(), this.grpc_errors.take(), response) {
                Ok(response) => return Poll::Ready(Ok(response)),
                Err(rest) => *this.rest = Some(Box::pin(rest)),
            }
            this.call.set(None);
        }
        // Polled immediately, because a new `rest` has not registered the waker yet. One of `call`
        // and `rest` is always set, so `None` does not occur.
        match this.rest {
            Some(rest) => rest.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<F, R: Body> fmt::Debug for ResponseFuture<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<S: fmt::Debug> fmt::Debug for GuardService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::convert::Infallible;

    use http_body_util::Full;

    use super::*;

    struct NoTokens;

    impl TokenSource for NoTokens {
        async fn token_for(&self, _: &str) -> Result<String, BoxError> {
            std::future::pending().await
        }
    }

    /// Returns the counters of everything that clones of the service share.
    fn counts<S>(service: &GuardService<S>) -> [[usize; 4]; 3] {
        let GuardService { guard, tokens, grpc_errors, .. } = service;
        let (Some(tokens), Some(GrpcErrors(errors))) = (tokens, grpc_errors) else { panic!() };
        [guard.counts(), tokens.counts(), errors.counts()]
    }

    #[test]
    fn a_clone_in_another_thread_and_its_calls_write_to_no_shared_counter() {
        let never =
            |_: Request<()>| std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>();
        let layer = Guard::builder().build().layer().with_token(NoTokens);
        let layer = layer.with_grpc_errors(|denial, _| Some(denial.into_error()));
        let service = layer.layer(tower::service_fn(never));
        let requests = || {
            let url = "https://pubsub.googleapis.com/google.pubsub.v1.Publisher/Publish";
            let request = || Request::post(url).header("content-type", "application/grpc");
            let with_token = request().header(AUTHORIZATION, "Bearer ya29.x");
            [request(), with_token].map(|request| request.body(()).unwrap())
        };
        let before = counts(&service);
        // Whether the counters stay the same while a clone and its calls exist.
        let leaves_counters = || {
            let mut clone = service.clone();
            let _calls = requests().map(|request| clone.call(request));
            counts(&service) == before
        };
        assert!(!leaves_counters(), "this thread changes its own counters");
        // One other thread may share the counters of this thread, but not all eight.
        let elsewhere = || std::thread::scope(|scope| scope.spawn(leaves_counters).join().unwrap());
        assert!((0..8).any(|_| elsewhere()));
        assert_eq!(counts(&service), before);
    }
}
