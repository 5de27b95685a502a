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
//! # Errors
//! A [`Denial`](crate::Denial) is a `reqwest_middleware::Error::Middleware`; find it with
//! [`Denial::of`](crate::Denial::of), also behind other middlewares.

use async_trait::async_trait;
use http::response::Parts;
use http::{Extensions, HeaderMap};
use reqwest::{Body, Request, Response, ResponseBuilderExt, Url};
use reqwest_middleware::{Error, Middleware, Next, Result};

use crate::adapter::body::look;
use crate::call::Call;
use crate::denial::Denial;
use crate::guard::{Before, Checked, Guard};

/// Sends requests through a [`Guard`]. Made by [`Guard::middleware`].
#[derive(Debug, Clone)]
pub struct GuardMiddleware {
    guard: Guard,
}

impl GuardMiddleware {
    pub(crate) fn new(guard: Guard) -> Self {
        Self { guard }
    }

    async fn check(&self, request: &Request) -> std::result::Result<Checked, Denial> {
        match self
            .guard
            .before(&Call::of_url(request.method(), request.url(), request.headers()), request.headers())
        {
            Before::Go(checked) => Ok(checked),
            Before::Ask(checked) => self.guard.ask(checked).await,
            Before::Stop(denial) => Err(denial),
        }
    }

    async fn explain(&self, checked: &Checked, response: Response) -> Result<Response> {
        let url = response.url().clone();
        let (mut parts, body) = http::Response::from(response).into_parts();
        let (seen, body) = look(body).await;
        if let Some(denial) = self.guard.after(checked, parts.status, &parts.headers, &seen).await {
            if !self.guard.keeps_response() {
                return Err(Error::middleware(denial.into_error()));
            }
            parts.extensions.insert(denial);
        }
        put_together(url, parts, Body::wrap(body))
    }
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
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let checked = self.check(&request).await.map_err(|denial| Error::middleware(denial.into_error()))?;
        let verb = request.method().clone();
        let response = next.run(request, extensions).await?;
        if !checked.is_told_by(response.status()) {
            return Ok(response);
        }
        // Redirects may have led elsewhere: the answer is Google's only if the last host is.
        let checked = self.guard.redirected(checked, &Call::of_url(&verb, response.url(), &HeaderMap::new()));
        match self.guard.looks_at(&checked, response.status()) {
            true => self.explain(&checked, response).await,
            false => Ok(response),
        }
    }
}
