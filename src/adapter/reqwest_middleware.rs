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
use http::Extensions;
use reqwest::{Body, Request, Response, ResponseBuilderExt};
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
        // reqwest keeps a parsed `Url`; one that is no `http::Uri` cannot be sent either.
        let Ok(uri) = request.url().as_str().parse() else { return Ok(Checked::nothing()) };
        let call = Call::of(request.method(), &uri, request.headers());
        match self.guard.before(&call, request.headers()) {
            Before::Go(checked) => Ok(checked),
            Before::Ask(checked) => self.guard.ask(checked, request.headers()).await,
            Before::Stop(denial) => Err(denial),
        }
    }

    async fn explain(&self, checked: &Checked, response: Response) -> Result<Response> {
        let url = response.url().clone();
        let (parts, body) = http::Response::from(response).into_parts();
        let (seen, body) = look(body).await;
        if let Some(denial) = self.guard.after(checked, parts.status, &parts.headers, &seen).await {
            return Err(Error::middleware(denial.into_error()));
        }
        // reqwest drops the URL when a response is taken apart, so it is put back by hand.
        let mut builder = http::Response::builder().url(url);
        if let Some(extensions) = builder.extensions_mut() {
            extensions.extend(parts.extensions);
        }
        let whole = builder.body(Body::wrap(body)).map_err(Error::middleware)?;
        let (mut fresh, body) = whole.into_parts();
        (fresh.status, fresh.version, fresh.headers) = (parts.status, parts.version, parts.headers);
        Ok(http::Response::from_parts(fresh, body).into())
    }
}

#[async_trait]
impl Middleware for GuardMiddleware {
    async fn handle(&self, request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response> {
        let checked = self.check(&request).await.map_err(|denial| Error::middleware(denial.into_error()))?;
        let response = next.run(request, extensions).await?;
        // A redirect may have led elsewhere: only an answer of the host that was called is Google's.
        if !self.guard.looks_at(&checked, response.status()) || !checked.is_from(response.url().authority()) {
            return Ok(response);
        }
        self.explain(&checked, response).await
    }
}
