//! The functions that send a request of reqwest through a guard.

use std::hash::{DefaultHasher, Hash, Hasher};

use http::response::Parts;
use http::{HeaderMap, Method};
use reqwest::{Body, Request, RequestBuilder, Response, ResponseBuilderExt, Url};

use crate::call::Call;
use crate::denial::{Denial, DenialError};
use crate::flight::Flight;
use crate::guard::Guard;

/// The error of [`Guard::send`]. [`Denial::find`] finds the denial in it.
///
/// ```
/// use gcp_scopes::adapter::reqwest::SendError;
///
/// fn is_timeout(error: &SendError) -> bool {
///     matches!(error, SendError::Reqwest(error) if error.is_timeout())
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Google refused the call for lack of scopes, or would refuse it.
    #[error(transparent)]
    Denied(#[from] DenialError),
    /// The request could not be built or sent.
    #[error(transparent)]
    Reqwest(#[from] reqwest::Error),
}

impl Guard {
    /// Sends a request of a plain `reqwest::Client`, instead of `request.send()`.
    ///
    /// Set the token on the request, using `bearer_auth`: the guard does not see a token that the
    /// client adds from its `default_headers`. A guard with another
    /// [`DenialDelivery`](crate::DenialDelivery) than `Error` returns a refusal as a response.
    ///
    /// ```no_run
    /// use gcp_scopes::{Denial, Guard};
    ///
    /// # async fn list(token: &str) -> Result<(), gcp_scopes::BoxError> {
    /// let guard = Guard::detect().await; // once, at start
    /// let client = reqwest::Client::new();
    /// let url = "https://storage.googleapis.com/storage/v1/b/photos/o";
    /// match guard.send(client.get(url).bearer_auth(token)).await {
    ///     Ok(response) => println!("{}", response.status()),
    ///     Err(error) => match Denial::find(&error) {
    ///         Some(denial) => eprintln!("{}", denial.report()),
    ///         None => eprintln!("{error}"),
    ///     },
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The denial, or the error of reqwest.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, SendError> {
        let (client, request) = request.build_split();
        let request = request?;
        let checked = self.begin(&call_of(&request));
        let flight = match async { checked?.wait_for_scopes().await }.await {
            Ok(flight) => flight,
            Err(denial) => return Ok(unsent(self, request.url(), denial)?),
        };
        let sent_to = url_hash(request.url());
        let response = client.execute(request).await?;
        Ok(finish(flight, sent_to, response).await?)
    }
}

impl Flight {
    /// Ends the flight with a response of reqwest, for a program that sends the request itself.
    /// `sent_to` is the URL of the request. If the response has another URL, reqwest has followed a
    /// redirect.
    ///
    /// ```no_run
    /// use gcp_scopes::Guard;
    /// use gcp_scopes::adapter::reqwest::{SendError, call_of};
    ///
    /// # async fn call(guard: Guard, client: reqwest::Client, request: reqwest::Request)
    /// # -> Result<reqwest::Response, gcp_scopes::BoxError> {
    /// let flight = guard.begin(&call_of(&request))?.wait_for_scopes().await?;
    /// let sent_to = request.url().clone();
    /// let response = client.execute(request).await?;
    /// let response = flight.explain_reqwest(&sent_to, response).await?;
    /// # Ok(response) }
    /// ```
    ///
    /// # Errors
    /// The denial, with [`DenialDelivery::Error`](crate::DenialDelivery::Error).
    pub async fn explain_reqwest(
        self,
        sent_to: &Url,
        response: Response,
    ) -> Result<Response, DenialError> {
        finish(self, url_hash(sent_to), response).await
    }
}

/// Returns the call of a request, for [`Guard::begin`].
///
/// ```
/// use gcp_scopes::adapter::reqwest::call_of;
///
/// let url = "https://storage.googleapis.com/storage/v1/b/photos".parse()?;
/// let request = reqwest::Request::new(http::Method::GET, url);
/// assert_eq!(call_of(&request).verb(), "GET");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn call_of(request: &Request) -> Call<'_> {
    call_from_url(request.method(), request.url(), request.headers())
}

pub(super) fn call_from_url<'a>(
    verb: &'a Method,
    url: &'a Url,
    headers: &'a HeaderMap,
) -> Call<'a> {
    let (scheme, authority) = (Some(url.scheme()), Some(url.authority()));
    Call::from_url_parts(verb.as_str(), scheme, authority, url.path(), url.query())
        .with_headers(headers)
}

/// Returns a hash of a URL, so that two URLs can be compared without keeping the first one.
pub(in crate::adapter) fn url_hash(url: &Url) -> u64 {
    let mut hasher = DefaultHasher::new();
    url.as_str().hash(&mut hasher);
    hasher.finish()
}

/// Returns the response or the error that the caller gets for a request that is not sent.
pub(in crate::adapter) fn unsent(
    guard: &Guard,
    url: &Url,
    denial: Denial,
) -> Result<Response, DenialError> {
    let (parts, body) = guard.unsent(denial)?.into_parts();
    Ok(assemble(url.clone(), parts, body.into()).into())
}

/// Ends a flight with the response to a request whose URL has the hash `sent_to`.
pub(in crate::adapter) async fn finish(
    flight: Flight,
    sent_to: u64,
    response: Response,
) -> Result<Response, DenialError> {
    if !flight.may_explain(response.status()) {
        return Ok(response);
    }
    // reqwest follows redirects below all middlewares. Only the URL of the response shows them:
    // <https://docs.rs/reqwest/latest/reqwest/struct.Response.html#method.url>
    let flight = match url_hash(response.url()) == sent_to {
        true => flight,
        false => flight.redirected(&call_from_url(&Method::GET, response.url(), &HeaderMap::new())),
    };
    match flight.answered(response.status(), response.headers()) {
        // Boxed, because the future of every call is as large as the largest future inside.
        true => Box::pin(explain(flight, response)).await,
        false => Ok(response),
    }
}

/// Ends a flight with a response that may be a refusal.
async fn explain(flight: Flight, response: Response) -> Result<Response, DenialError> {
    let url = response.url().clone();
    let response = flight.explain_response(http::Response::from(response)).await?;
    let (parts, body) = response.into_parts();
    Ok(assemble(url, parts, Body::wrap(body)).into())
}

/// Assembles a response from its parts. reqwest loses the URL when a response is taken apart, and
/// only reqwest's extension for the response builder can set the URL again.
pub(super) fn assemble(url: Url, parts: Parts, body: Body) -> http::Response<Body> {
    // A builder with a URL alone does not fail.
    let response = http::Response::builder().url(url).body(()).unwrap_or_default();
    let (mut response, ()) = response.into_parts();
    (response.status, response.version, response.headers) =
        (parts.status, parts.version, parts.headers);
    response.extensions.extend(parts.extensions);
    http::Response::from_parts(response, body)
}
