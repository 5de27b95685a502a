//! A [`reqwest_middleware::Middleware`].
//!
//! ```no_run
//! # async fn build() -> reqwest_middleware::ClientWithMiddleware {
//! let guard = gcp_scopes::Guard::from_env().await;
//! reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(guard.middleware()).build()
//! # }
//! ```
//!
//! Put it outside retries to have one check per call, inside to have one per attempt. A denial is
//! not retried by `reqwest-retry` in either place.
//!
//! A client that is built on reqwest-middleware (gcloud-storage, gcloud-bigquery) takes such a client
//! in its configuration. If it shows its users only the message of Google's answer, build the guard with
//! [`Surface::Message`](crate::guard::Surface::Message).
//!
//! # Where the catalog does not know
//! [`NeededScopes`](crate::call::NeededScopes) among the extensions of a request say which scopes this one
//! call needs:
//!
//! ```no_run
//! use gcp_scopes::call::NeededScopes;
//!
//! # async fn get(client: reqwest_middleware::ClientWithMiddleware) -> Result<(), Box<dyn std::error::Error>> {
//! let needed = NeededScopes::any_of(["cloud-platform".parse()?]);
//! client.get("https://brandnew.googleapis.com/v1/things").with_extension(needed).send().await?;
//! # Ok(()) }
//! ```
//!
//! # Errors
//! A [`Denial`] is a `reqwest_middleware::Error::Middleware`; find it with
//! [`Denial::of`](crate::Denial::of), also behind other middlewares.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::response::Parts;
use http::{Extensions, HeaderMap, Method};
use reqwest::{Body, Request, Response, ResponseBuilderExt, Url};
use reqwest_middleware::{Error, Middleware, Next, Result};

use crate::adapter::attach::{TokenSource, authorization};
use crate::adapter::body::{GuardBody, look};
use crate::call::Call;
use crate::denial::Denial;
use crate::guard::{Before, Checked, Guard};

/// Sends requests through a [`Guard`]. Made by [`Guard::middleware`].
///
/// ```no_run
/// use reqwest_middleware::ClientBuilder;
/// use reqwest_retry::{RetryTransientMiddleware, policies::ExponentialBackoff};
///
/// let guard = gcp_scopes::Guard::builder().build();
/// let retries = RetryTransientMiddleware::new_with_policy(ExponentialBackoff::builder().build_with_max_retries(3));
/// // Inside the retries: each attempt is checked, and a denial is not tried again.
/// let client = ClientBuilder::new(reqwest::Client::new()).with(retries).with(guard.middleware()).build();
/// ```
#[derive(Clone)]
pub struct GuardMiddleware {
    guard: Guard,
    tokens: Option<Arc<dyn TokenSource>>,
}

impl GuardMiddleware {
    pub(crate) fn new(guard: Guard) -> Self {
        Self { guard, tokens: None }
    }

    /// Gives every call to an API of Google's a token that has none: see
    /// [`adapter::attach`](crate::adapter::attach). If there is none to be had, the call fails with
    /// the error of the source.
    ///
    /// ```no_run
    /// # fn with(guard: &gcp_scopes::Guard, tokens: impl gcp_scopes::adapter::attach::TokenSource + 'static) {
    /// let middleware = guard.middleware().with_token(tokens);
    /// let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(middleware).build();
    /// # }
    /// ```
    #[must_use]
    pub fn with_token(self, source: impl TokenSource + 'static) -> Self {
        Self { tokens: Some(Arc::new(source)), ..self }
    }

    async fn attach(&self, source: &dyn TokenSource, request: &mut Request) -> Result<()> {
        let call = Call::of_url(request.method(), request.url(), request.headers());
        let Some(scope) = self.guard.scope_to_ask_for(&call, request.headers()) else { return Ok(()) };
        let value = authorization(source, &scope).await.map_err(Error::middleware)?;
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }

    fn before(&self, request: &Request, extensions: &Extensions) -> Before {
        let call = Call::of_url(request.method(), request.url(), request.headers());
        self.guard.before(&call.needing(extensions.get()), request.headers())
    }

    async fn explain(&self, checked: &Checked, response: Response) -> Result<Response> {
        let url = response.url().clone();
        let (mut parts, body) = http::Response::from(response).into_parts();
        let (seen, mut body) = look(self.guard.spawner(), body).await;
        if let Some(denial) = self.guard.after(checked, parts.status, &parts.headers, &seen).await {
            let other = self.guard.refused(denial, &mut parts, &seen, body.is_whole(&seen));
            if let Some(other) = other.map_err(Error::middleware)? {
                body = GuardBody::made(other);
            }
        }
        put_together(url, parts, Body::wrap(body))
    }

    fn unsent(&self, request: &Request, denial: Denial) -> Result<Response> {
        let (parts, body) = self.guard.unsent(denial).map_err(Error::middleware)?.into_parts();
        put_together(request.url().clone(), parts, body.into())
    }
}

/// Tells one URL from another without keeping it.
fn fingerprint(url: &Url) -> u64 {
    let mut hasher = DefaultHasher::new();
    url.as_str().hash(&mut hasher);
    hasher.finish()
}

/// reqwest forgets the URL of a response that is taken apart, unless it stands in an extension that
/// only a response builder can set.
fn put_together(url: Url, parts: Parts, body: Body) -> Result<Response> {
    let (mut whole, ()) =
        http::Response::builder().url(url).body(()).map_err(Error::middleware)?.into_parts();
    (whole.status, whole.version, whole.headers) = (parts.status, parts.version, parts.headers);
    whole.extensions.extend(parts.extensions);
    Ok(http::Response::from_parts(whole, body).into())
}

#[async_trait]
impl Middleware for GuardMiddleware {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        if let Some(source) = &self.tokens {
            Box::pin(self.attach(source.as_ref(), &mut request)).await?;
        }
        // What seldom happens is boxed, here and below: every call's future is as large as the largest of these.
        let before = self.before(&request, extensions);
        let checked = match before {
            Before::Go(checked) => checked,
            before => match Box::pin(self.guard.admit(before)).await {
                Ok(checked) => checked,
                Err(denial) => return self.unsent(&request, denial),
            },
        };
        let url = fingerprint(request.url());
        let response = next.run(request, extensions).await?;
        if !checked.is_told_by(response.status()) {
            return Ok(response);
        }
        let checked = match fingerprint(response.url()) == url {
            true => checked,
            false => self.guard.redirected(&Call::of_url(&Method::GET, response.url(), &HeaderMap::new())),
        };
        match self.guard.looks_at(&checked, response.status()) {
            true => Box::pin(self.explain(&checked, response)).await,
            false => Ok(response),
        }
    }
}

impl fmt::Debug for GuardMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardMiddleware").field("guard", &self.guard).finish_non_exhaustive()
    }
}
