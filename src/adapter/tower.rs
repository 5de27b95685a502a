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
//! # Errors
//! The inner service's errors pass through, boxed. A [`Denial`] is an error of this
//! layer, found with [`Denial::of`](crate::Denial::of).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

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
use crate::guard::{Before, Checked, Guard, Head};
use crate::scope::Scope;

/// Wraps services with a [`Guard`]. Made by [`Guard::layer`].
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
    R::Data: Send,
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
            let (guard, ready) = (self.guard.get().clone(), self.take_ready());
            return ResponseFuture {
                state: State::Boxed { answer: Box::pin(attach_then_call(guard, wanted, ready, request)) },
            };
        }
        let state = match before(self.guard.get(), &request) {
            Before::Go(checked) => {
                State::Calling { call: self.inner.call(request), checked, guard: self.guard.hold() }
            }
            Before::Stop(denial) => State::Denied { denial: Some(denial) },
            Before::Ask(checked) => {
                let (guard, ready) = (self.guard.get().clone(), self.take_ready());
                State::Boxed { answer: Box::pin(ask_then_call(guard, checked, ready, request)) }
            }
        };
        ResponseFuture { state }
    }
}

fn before<B>(guard: &Guard, request: &Request<B>) -> Before {
    guard.before(&Call::of(request.method(), request.uri(), request.headers()), request.headers())
}

async fn attach_then_call<S, B, R>(
    guard: Guard,
    (source, scope): (Arc<dyn TokenSource>, Scope),
    mut inner: S,
    mut request: Request<B>,
) -> Result<Response<GuardBody<R>>, BoxError>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: Body,
    R::Error: 'static,
{
    let value = authorization(source.as_ref(), &scope).await?;
    request.headers_mut().insert(AUTHORIZATION, value);
    match before(&guard, &request) {
        Before::Stop(denial) => Err(denial.into_error().into()),
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
) -> Result<Response<GuardBody<R>>, BoxError>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: Body,
    R::Error: 'static,
{
    let checked = guard.ask(checked).await.map_err(Denial::into_error)?;
    let response = inner.call(request).await.map_err(Into::into)?;
    explain(guard, checked, response).await
}

/// Looks at an answer that may be a scope refusal; every other one passes as it is.
async fn explain<R>(
    guard: Guard,
    checked: Checked,
    response: Response<R>,
) -> Result<Response<GuardBody<R>>, BoxError>
where
    R: Body,
    R::Error: 'static,
{
    match guard.head(&checked, response.status(), response.headers()) {
        Head::Pass => Ok(response.map(GuardBody::untouched)),
        Head::Watch => Ok(response.map(|body| GuardBody::grpc(guard, checked, body))),
        Head::Explain if checked.is_grpc() => grpc::explain(guard, checked, response).await,
        Head::Explain => explain_http(guard, checked, response).await,
    }
}

async fn explain_http<R: Body>(
    guard: Guard,
    checked: Checked,
    response: Response<R>,
) -> Result<Response<GuardBody<R>>, BoxError> {
    let (mut parts, body) = response.into_parts();
    let (seen, body) = look(body).await;
    if let Some(denial) = guard.after(&checked, parts.status, &parts.headers, &seen).await {
        if !guard.keeps_response() {
            return Err(denial.into_error().into());
        }
        parts.extensions.insert(denial);
    }
    Ok(Response::from_parts(parts, body))
}

pin_project! {
    /// The answer of a [`GuardService`].
    pub struct ResponseFuture<F, R: Body> {
        #[pin]
        state: State<F, R>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, R: Body> {
        Calling { #[pin] call: F, checked: Checked, guard: Hold },
        Boxed { answer: Pin<Box<dyn Future<Output = Result<Response<GuardBody<R>>, BoxError>> + Send>> },
        Denied { denial: Option<Denial> },
    }
}

impl<F, R, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
    R: Body + Send + 'static,
    R::Data: Send,
    R::Error: Send,
{
    type Output = Result<Response<GuardBody<R>>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let next = match self.as_mut().project().state.project() {
            StateProjection::Boxed { answer } => return answer.as_mut().poll(cx),
            StateProjection::Denied { denial } => {
                let denial = denial.take().expect("a future is not polled after it is ready");
                return Poll::Ready(Err(denial.into_error().into()));
            }
            StateProjection::Calling { call, checked, guard } => {
                let response = ready!(call.poll(cx)).map_err(Into::into)?;
                match guard.get().head(checked, response.status(), response.headers()) {
                    Head::Pass => return Poll::Ready(Ok(response.map(GuardBody::untouched))),
                    Head::Watch => {
                        let watched = |body| GuardBody::grpc(guard.get().clone(), *checked, body);
                        return Poll::Ready(Ok(response.map(watched)));
                    }
                    Head::Explain => {
                        State::Boxed { answer: Box::pin(explain(guard.get().clone(), *checked, response)) }
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
