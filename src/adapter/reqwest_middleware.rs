//! A [`reqwest_middleware::Middleware`] that sends requests through a guard.
//!
//! ```no_run
//! # async fn build() -> reqwest_middleware::ClientWithMiddleware {
//! let guard = gcp_scopes::Guard::detect().await;
//! reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(guard.middleware()).build()
//! # }
//! ```
//!
//! Place the middleware outside of a retry middleware to have one check per call, or inside to have
//! one check per attempt. `reqwest-retry` does not retry a denial in either position.
//!
//! Clients that are built on reqwest-middleware (gcloud-storage, gcloud-bigquery) accept a
//! reqwest-middleware client in their configuration. If such a client shows its users only the
//! message of Google's response, build the guard with
//! [`DenialDelivery::Message`](crate::DenialDelivery::Message).
//!
//! # Methods that are not in the catalog
//! Insert [`NeededScopes`](crate::call::NeededScopes) into the extensions of a request to state
//! which scopes the call needs. The guard does not check a request with an empty set: the request
//! is sent, and only a refusal is explained.
//!
//! ```no_run
//! use gcp_scopes::call::NeededScopes;
//! use reqwest_middleware::ClientWithMiddleware;
//!
//! # async fn get(client: ClientWithMiddleware) -> Result<(), Box<dyn std::error::Error>> {
//! let needed = NeededScopes::any_of(["cloud-platform".parse()?]);
//! client.get("https://brandnew.googleapis.com/v1/things").with_extension(needed).send().await?;
//! # Ok(()) }
//! ```
//!
//! # What differs from a client without the guard
//! Create the guard once, with the client. A middleware is cheap, but a guard that is created for
//! each request knows neither the scopes of tokens nor what earlier responses have shown.
//!
//! Only a 403 is examined. If the body of a 403 ends with an error, the chain of `source()` has the
//! same first and last error as without the guard, and two more `reqwest::Error`s between them. The
//! reason is that reqwest wraps the error of a body that is put back into a response. The bytes
//! before the error, `content_length()` and the headers are the same.
//!
//! # Errors
//! A [`Denial`](crate::Denial) is a `reqwest_middleware::Error::Middleware`.
//! [`Denial::find`](crate::Denial::find) finds the denial, also behind other middlewares.

use std::sync::Arc;

use async_trait::async_trait;
use http::Extensions;
use http::header::AUTHORIZATION;
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next, Result};

use super::reqwest::{call_of, finish, unsent, url_hash};
use crate::guard::Guard;
use crate::token_source::{DynTokenSource, TokenSource};

/// A middleware that sends requests through a [`Guard`]. Created by [`Guard::middleware`].
///
/// ```no_run
/// use reqwest_middleware::ClientBuilder;
/// use reqwest_retry::{RetryTransientMiddleware, policies::ExponentialBackoff};
///
/// let guard = gcp_scopes::Guard::builder().build();
/// let retries = RetryTransientMiddleware::new_with_policy(
///     ExponentialBackoff::builder().build_with_max_retries(3),
/// );
/// // Inside the retry middleware: each attempt is checked, and a denial is not retried.
/// let client =
///     ClientBuilder::new(reqwest::Client::new()).with(retries).with(guard.middleware()).build();
/// ```
#[derive(Debug, Clone)]
pub struct GuardMiddleware {
    guard: Guard,
    /// The source of tokens for calls without credentials. `None` if the guard attaches no tokens.
    tokens: Option<Arc<dyn DynTokenSource>>,
}

impl Guard {
    /// Creates a middleware: see
    /// [`adapter::reqwest_middleware`](crate::adapter::reqwest_middleware).
    ///
    /// ```no_run
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
    ///     .with(guard.middleware())
    ///     .build();
    /// ```
    #[must_use]
    pub fn middleware(&self) -> GuardMiddleware {
        GuardMiddleware::new(self)
    }
}

impl GuardMiddleware {
    /// Creates a middleware of this guard, like [`Guard::middleware`].
    ///
    /// ```
    /// use gcp_scopes::Guard;
    /// use gcp_scopes::adapter::reqwest_middleware::GuardMiddleware;
    ///
    /// let middleware = GuardMiddleware::new(&Guard::builder().build());
    /// ```
    #[must_use]
    pub fn new(guard: &Guard) -> Self {
        Self { guard: guard.clone(), tokens: None }
    }

    /// Adds a token to every call to a Google API that has no token: see
    /// [`token_source`](crate::token_source). If the source has no token, the call fails with an
    /// [`Error`](crate::Error) whose `source()` is the error of the token source.
    ///
    /// ```no_run
    /// use gcp_scopes::Guard;
    /// use gcp_scopes::token_source::TokenSource;
    /// use reqwest_middleware::ClientBuilder;
    ///
    /// # fn with(guard: &Guard, tokens: impl TokenSource + 'static) {
    /// let middleware = guard.middleware().with_token(tokens);
    /// let client = ClientBuilder::new(reqwest::Client::new()).with(middleware).build();
    /// # }
    /// ```
    #[must_use]
    pub fn with_token(self, source: impl TokenSource + 'static) -> Self {
        Self { tokens: Some(Arc::new(source)), ..self }
    }

    /// Adds a token to `request` if it is a call to a Google API that has no token.
    async fn attach(&self, source: &Arc<dyn DynTokenSource>, request: &mut Request) -> Result<()> {
        let Some(scope) = self.guard.scope_to_request(&call_of(request)) else { return Ok(()) };
        let value = source.authorization(&scope).await.map_err(Error::middleware)?;
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }
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
            Box::pin(self.attach(source, &mut request)).await?;
        }
        // Futures for rare cases are boxed, here and below, because the future of every call is as
        // large as the largest future inside.
        let call = call_of(&request).with_needed_scopes(extensions.get());
        let checked = match self.guard.begin(&call) {
            Ok(flight) if flight.has_pending_scopes() => Box::pin(flight.wait_for_scopes()).await,
            checked => checked,
        };
        let flight = match checked {
            Ok(flight) => flight,
            Err(denial) => {
                return unsent(&self.guard, request.url(), denial).map_err(Error::middleware);
            }
        };
        let sent_to = url_hash(request.url());
        let response = next.run(request, extensions).await?;
        finish(flight, sent_to, response).await.map_err(Error::middleware)
    }
}
