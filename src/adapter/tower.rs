//! A [`tower`](https://docs.rs/tower) layer for anything that speaks `http::Request`: hyper's
//! client, `reqwest` behind a small adapter, or the channel of a gRPC client: for that, see
//! [`adapter::tonic`](super::tonic).
//!
//! Put it *inside* the layer that sets `Authorization`, so that it sees the token, and outside or
//! inside retries and timeouts as you like.
//!
//! ```
//! use http::{Request, Response};
//! use tower::{Service, ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let guard = gcp_scopes::Guard::builder().build();
//! let inner = tower::service_fn(|_: Request<String>| async { Ok::<_, std::io::Error>(Response::new(String::new())) });
//! let mut service = ServiceBuilder::new().layer(guard.layer()).service(inner);
//! let answer = service.ready().await?.call(Request::new(String::new())).await?;
//! # assert!(answer.status().is_success());
//! # Ok(()) }
//! ```
//!
//! `reqwest::Client` is a service of its own requests. These lines make it one of `http::Request`; it must
//! not follow redirects, because the guard would take the last host's answer for the first one's:
//!
#![cfg_attr(feature = "reqwest", doc = "```")]
#![cfg_attr(not(feature = "reqwest"), doc = "```ignore")]
//! # use gcp_scopes::adapter::body::GuardBody;
//! # fn build(client: reqwest::ClientBuilder, guard: gcp_scopes::Guard) -> reqwest::Result<
//! #     impl tower::Service<http::Request<reqwest::Body>, Response = http::Response<GuardBody<reqwest::Body>>>> {
//! let client = client.redirect(reqwest::redirect::Policy::none()).build()?;
//! let inner = tower::service_fn(move |request: http::Request<reqwest::Body>| {
//!     let client = client.clone();
//!     async move { client.execute(request.try_into()?).await.map(http::Response::from) }
//! });
//! let service = tower::ServiceBuilder::new().layer(guard.layer()).service(inner);
//! # Ok(service) }
//! ```
//!
//! [`NeededScopes`](crate::call::NeededScopes) among the extensions of a request say which scopes this one
//! call needs, where the catalog does not know.
//!
//! # Errors
//! The inner service's errors pass through, boxed. A [`Denial`] is an error of this
//! layer, found with [`Denial::of`](crate::Denial::of), unless the guard was built with
//! [`Surface::Message`](crate::guard::Surface::Message): then it is an answer, so that the response's body
//! must hold data that can be made from [`Bytes`].

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::adapter::attach::{TokenSource, authorization};
use crate::adapter::body::{GuardBody, look};
use crate::adapter::grpc;
use crate::adapter::hold::{Hold, Holds};
use crate::call::Call;
use crate::denial::Denial;
use crate::error::BoxError;
use crate::guard::{Before, Checked, Guard, Head, Line};
use crate::scope::Scope;

/// What a guarded call comes to.
type Answer<R> = Result<Response<GuardBody<R>>, BoxError>;

/// Wraps services with a [`Guard`]. Made by [`Guard::layer`].
///
/// ```
/// # use http::{Request, Response};
/// let guard = gcp_scopes::Guard::builder().build();
/// let client = tower::service_fn(|_: Request<String>| async { Ok::<_, std::io::Error>(Response::new(String::new())) });
/// let guarded = tower::ServiceBuilder::new()
///     .concurrency_limit(64) // outside or inside, as you like
///     .layer(guard.layer())
///     .service(client);
/// ```
#[derive(Clone)]
pub struct GuardLayer {
    guard: Holds,
    tokens: Option<Arc<dyn TokenSource>>,
}

impl GuardLayer {
    pub(crate) fn new(guard: &Guard) -> Self {
        Self { guard: Holds::new(guard), tokens: None }
    }

    /// Gives every call to an API of Google's a token that has none: see
    /// [`adapter::attach`](crate::adapter::attach). If there is none to be had, the call fails with
    /// an [`Error`](crate::Error) whose source is the error of the token's source.
    ///
    /// ```
    /// # fn with(guard: &gcp_scopes::Guard, tokens: impl gcp_scopes::adapter::attach::TokenSource + 'static) {
    /// let layer = guard.layer().with_token(tokens); // goes to APIs of Google's over TLS, and nowhere else
    /// # }
    /// ```
    #[must_use]
    pub fn with_token(self, source: impl TokenSource + 'static) -> Self {
        Self { tokens: Some(Arc::new(source)), ..self }
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = GuardService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService { inner, guard: self.guard.clone(), tokens: self.tokens.clone() }
    }
}

/// A service whose calls go through a [`Guard`]. Made by [`GuardLayer`].
///
/// ```
#[doc = guarded!()]
/// // Errors are boxed: the client's own, or a denial.
/// match guarded.ready().await?.call(Request::new(())).await {
///     Ok(answer) => println!("{}", answer.status()),
///     Err(error) => match gcp_scopes::Denial::of(error.as_ref()) {
///         Some(denial) => eprintln!("{}", denial.report()),
///         None => eprintln!("{error}"),
///     },
/// }
#[doc = done!()]
/// ```
#[derive(Clone)]
pub struct GuardService<S> {
    inner: S,
    guard: Holds,
    tokens: Option<Arc<dyn TokenSource>>,
}

impl<S: Clone> GuardService<S> {
    /// The service that is ready is the one to call later; its clone stays here.
    fn take_ready(&mut self) -> S {
        let clone = self.inner.clone();
        std::mem::replace(&mut self.inner, clone)
    }

    fn scope_to_ask_for<B>(&self, request: &Request<B>) -> Option<(Arc<dyn TokenSource>, Scope)> {
        let source = self.tokens.as_ref()?;
        let call = Call::of(request.method(), request.uri(), request.headers());
        Some((Arc::clone(source), self.guard.get().scope_to_ask_for(&call, request.headers())?))
    }
}

impl<S, B, R> Service<Request<B>> for GuardService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Send + 'static,
    R: Body + Send + 'static,
    R::Data: From<Bytes> + Send,
    R::Error: Send,
{
    type Response = Response<GuardBody<R>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if let Some(wanted) = self.scope_to_ask_for(&request) {
            let answer = attach_then_call(self.guard.get().clone(), wanted, self.take_ready(), request);
            return ResponseFuture { state: State::boxed(answer) };
        }
        let (mut checked, mut line) = (Checked::NONE, Line::EMPTY);
        let call = call_of(&request);
        match self.guard.get().before_keeping(&call, request.headers(), &mut checked, &mut line) {
            Before::Go(()) => ResponseFuture {
                state: State::Calling {
                    call: self.inner.call(request),
                    checked,
                    line,
                    guard: self.guard.hold(),
                },
            },
            Before::Stop(denial) => {
                // What it has reserved, such as a permit, is for callers who do send something.
                drop(self.take_ready());
                let answer = std::future::ready(unsent(self.guard.get(), denial));
                ResponseFuture { state: State::boxed(answer) }
            }
            Before::Ask(()) => {
                let answer = ask_then_call(self.guard.get().clone(), checked, self.take_ready(), request);
                ResponseFuture { state: State::boxed(answer) }
            }
        }
    }
}

#[inline]
fn call_of<B>(request: &Request<B>) -> Call<'_> {
    let call = Call::of(request.method(), request.uri(), request.headers());
    call.needing(request.extensions().get())
}

async fn attach_then_call<S, B, R>(
    guard: Guard,
    (source, scope): (Arc<dyn TokenSource>, Scope),
    mut inner: S,
    mut request: Request<B>,
) -> Answer<R>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: Body,
    R::Error: 'static,
    R::Data: From<Bytes>,
{
    let value = authorization(source.as_ref(), &scope).await?;
    request.headers_mut().insert(AUTHORIZATION, value);
    match guard.before(&call_of(&request), request.headers()) {
        Before::Stop(denial) => unsent(&guard, denial),
        Before::Ask(checked) => ask_then_call(guard, checked, inner, request).await,
        Before::Go(checked) => {
            let response = inner.call(request).await.map_err(Into::into)?;
            explain(guard, checked, response).await
        }
    }
}

async fn ask_then_call<S, B, R>(
    guard: Guard,
    checked: Checked,
    mut inner: S,
    request: Request<B>,
) -> Answer<R>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: Body,
    R::Error: 'static,
    R::Data: From<Bytes>,
{
    let checked = match guard.ask(checked).await {
        Ok(checked) => checked,
        Err(denial) => return unsent(&guard, denial),
    };
    let response = inner.call(request).await.map_err(Into::into)?;
    explain(guard, checked, response).await
}

/// Looks at an answer that may be a scope refusal; every other one passes as it is.
async fn explain<R: Body>(guard: Guard, checked: Checked, response: Response<R>) -> Answer<R>
where
    R::Data: From<Bytes>,
    R::Error: 'static,
{
    match guard.head(&checked, response.status(), response.headers()) {
        Head::Pass => Ok(response.map(GuardBody::untouched)),
        Head::Watch => Ok(response.map(|body| GuardBody::grpc(guard, checked, body))),
        Head::Explain => explain_refused(guard, checked, response).await,
    }
}

/// Looks at an answer of which the head has told that it may be one.
async fn explain_refused<R: Body>(guard: Guard, checked: Checked, response: Response<R>) -> Answer<R>
where
    R::Data: From<Bytes>,
{
    if checked.is_grpc() {
        return grpc::explain(guard, checked, response).await;
    }
    let (mut parts, body) = response.into_parts();
    let (seen, mut body) = look(guard.spawner(), body).await;
    if let Some(denial) = guard.after(&checked, parts.status, &parts.headers, &seen).await {
        if let Some(other) = guard.refused(denial, &mut parts, &seen, body.is_whole(&seen))? {
            body = GuardBody::made(other);
        }
    }
    Ok(Response::from_parts(parts, body))
}

fn unsent<R: Body>(guard: &Guard, denial: Denial) -> Answer<R>
where
    R::Data: From<Bytes>,
{
    Ok(guard.unsent(denial)?.map(GuardBody::made))
}

pin_project! {
    /// The answer of a [`GuardService`].
    ///
    /// ```
    #[doc = guarded!()]
    /// // It can be spawned, whatever the runtime's threads.
    /// let answer = tokio::spawn(guarded.ready().await?.call(Request::new(()))).await?.map_err(|error| error.to_string())?;
    /// assert!(answer.status().is_success());
    #[doc = done!()]
    /// ```
    pub struct ResponseFuture<F, R: Body> {
        #[pin]
        state: State<F, R>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, R: Body> {
        Calling { #[pin] call: F, checked: Checked, line: Line, guard: Hold },
        Boxed { answer: Pin<Box<dyn Future<Output = Answer<R>> + Send>> },
    }
}

impl<F, R: Body> State<F, R> {
    fn boxed(answer: impl Future<Output = Answer<R>> + Send + 'static) -> Self {
        Self::Boxed { answer: Box::pin(answer) }
    }
}

impl<F, R, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
    R: Body + Send + 'static,
    R::Data: From<Bytes> + Send,
    R::Error: Send,
{
    type Output = Answer<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let next = match self.as_mut().project().state.project() {
            StateProjection::Boxed { answer } => return answer.as_mut().poll(cx),
            StateProjection::Calling { call, checked, line, guard } => {
                let response = match ready!(call.poll(cx)) {
                    Ok(response) => response,
                    Err(error) => return Poll::Ready(Err(error.into())),
                };
                match guard.get().head(checked, response.status(), response.headers()) {
                    Head::Pass => return Poll::Ready(Ok(response.map(GuardBody::untouched))),
                    Head::Watch => {
                        let watched = |body| GuardBody::grpc(guard.get().clone(), checked.clone(), body);
                        return Poll::Ready(Ok(response.map(watched)));
                    }
                    Head::Explain => {
                        let guard = guard.get().clone();
                        let checked = guard.settled(checked.clone(), line);
                        let answer = explain_refused(guard, checked, response);
                        State::boxed(answer)
                    }
                }
            }
        };
        self.as_mut().project().state.set(next);
        self.poll(cx)
    }
}

impl<F, R: Body> fmt::Debug for ResponseFuture<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl fmt::Debug for GuardLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardLayer").field("guard", self.guard.get()).finish_non_exhaustive()
    }
}

impl<S: fmt::Debug> fmt::Debug for GuardService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
