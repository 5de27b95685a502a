//! The steps of one call, from the request to the response: the functions that every adapter calls.
//! To write your own adapter, see [two complete examples][page] of at most 80 lines each.
//!
//! 1. **Begin.** Choose one of four functions by what the client exposes of a call. Each returns a
//!    [`Flight`], which is the call in progress, or the [`Denial`] of a call that must not be sent.
//!    None of the functions waits. An adapter that can wait then calls [`Flight::wait_for_scopes`]:
//!    with [`Preflight::Deny`] the function waits until the scopes of a new token are known;
//!    otherwise it returns immediately.
//! 2. **Send** the call.
//! 3. **Report events:** [`Flight::redirected`] after redirects, [`Flight::retried`] before a
//!    retry, and [`Flight::answered`] for every response, which returns whether the response may be
//!    a refusal for lack of scopes.
//! 4. **End** a call that may have been refused with [`Flight::explain`] or
//!    [`Flight::explain_now`]. `explain` waits up to 500 ms for the scopes of the token, once for
//!    each token, and `explain_now` never waits. Both return a [`Denial`] if the call was refused
//!    for lack of scopes. Otherwise the adapter returns the response unchanged to the caller. The
//!    trailers of a gRPC response may contain a refusal, too: see [`Flight::wants_trailers`].
//!
//! [`Guard::unsent`] and [`Guard::deliver`] create what the caller gets for a denial. The module
//! [`response`](crate::response) reads the beginning of a response body and passes the body on.
//!
//! ```
//! use gcp_scopes::{Denial, Guard, call::Call};
//! use http::{Request, Response};
//!
//! /// Sends a request through a blocking client.
//! fn send_guarded(
//!     guard: &Guard,
//!     request: Request<Vec<u8>>,
//!     send: impl FnOnce(Request<Vec<u8>>) -> Response<Vec<u8>>,
//! ) -> Result<Response<Vec<u8>>, Denial> {
//!     let call = Call::new(request.method(), request.uri()).with_headers(request.headers());
//!     let flight = guard.begin(&call.with_needed_scopes(request.extensions().get()))?;
//!     // An async client waits here with `let flight = flight.wait_for_scopes().await?;`. A client
//!     // that blocks may use `block_on`; a hook that must not block leaves this step out.
//!     let response = send(request);
//!     let (status, headers) = (response.status(), response.headers());
//!     if flight.answered(status, headers) {
//!         if let Some(denial) = flight.explain_now(status, headers, response.body()) {
//!             return Err(denial);
//!         }
//!     }
//!     Ok(response)
//! }
//!
//! let guard = Guard::builder().build();
//! let google = |_: Request<Vec<u8>>| {
//!     let message = "Request had insufficient authentication scopes.";
//!     let body = format!(r#"{{"error":{{"code":403,"message":"{message}"}}}}"#).into_bytes();
//!     Response::builder().status(403).body(body).expect("a status is all that is set")
//! };
//! let request =
//!     Request::get("https://storage.googleapis.com/storage/v1/b/photos").body(Vec::new())?;
//! let denial =
//!     send_guarded(&guard, request, google).expect_err("Google refuses for lack of scope");
//! assert!(denial.to_string().contains("scope"));
//! # Ok::<(), http::Error>(())
//! ```
//!
//! # Which adapter uses which functions
//!
//! - tower: [`Flight::begin_in_place`] with a request; then [`Flight::explain_response`]
//! - tonic, through tower: [`Flight::begin_in_place`] with a request of gRPC; then
//!   [`Flight::explain_grpc_response`], or [`Flight::watch_trailers`]
//! - reqwest: `Guard::send`, or [`Guard::begin`] with `adapter::reqwest::call_of`; then
//!   `Flight::explain_reqwest`
//! - reqwest::blocking: `Guard::send_blocking`
//! - reqwest-middleware: [`Guard::begin`] with a request; then [`Flight::explain_response`]
//! - object_store, opendal: [`Guard::begin`] with a request; then [`Flight::explain`]
//! - google-apis, google-cloud, inside [`Guard::calling`]: [`Guard::begin_method`] with a method
//!   and an `Authorization` header; then [`Flight::explain`]
//! - google-cloud, retry policy: [`Guard::begin_unseen`] with only an error, perhaps with an
//!   `Authorization` header; then [`Flight::explain_now`]
//! - a client that exposes the API but no method: [`Guard::begin_service`] with a host and an
//!   `Authorization` header; then [`Flight::explain`] or [`Flight::explain_now`]
//! - another blocking client: any of these functions; then [`Flight::explain`] or
//!   [`Flight::explain_now`]. `block_on` of any executor can wait for [`Flight::wait_for_scopes`]
//!   and [`Flight::explain`].
//!
//! [page]: https://docs.rs/crate/gcp-scopes/latest/source/docs/support-another-client.md
//! [`Denial`]: crate::Denial
//! [`Preflight::Deny`]: crate::Preflight::Deny
//! [`Guard::begin`]: crate::Guard::begin
//! [`Guard::begin_method`]: crate::Guard::begin_method
//! [`Guard::begin_service`]: crate::Guard::begin_service
//! [`Guard::begin_unseen`]: crate::Guard::begin_unseen
//! [`Guard::calling`]: crate::Guard::calling
//! [`Guard::unsent`]: crate::Guard::unsent
//! [`Guard::deliver`]: crate::Guard::deliver
//! [`Flight::explain_grpc_response`]:
//! https://docs.rs/gcp-scopes/latest/gcp_scopes/flight/struct.Flight.html#method.explain_grpc_response
//! [`Flight::watch_trailers`]:
//!   https://docs.rs/gcp-scopes/latest/gcp_scopes/flight/struct.Flight.html#method.watch_trailers
//! [`Flight::explain_response`]:
//!   https://docs.rs/gcp-scopes/latest/gcp_scopes/flight/struct.Flight.html#method.explain_response

mod answered;
mod begin;
mod call_in_progress;
mod explain;
mod learn;
mod request_line;
mod setup;
#[cfg(test)]
#[cfg(all(feature = "catalog-full", feature = "tower"))]
mod tests;

#[cfg(feature = "body")]
pub(crate) use answered::{GRPC_STATUS, is_denied};
#[doc(inline)]
pub use call_in_progress::Flight;
