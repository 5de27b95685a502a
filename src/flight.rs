//! The path of one call, from "about to be sent" to "answered". Every adapter walks it, and so does an
//! adapter of your own: [two complete ones][page], of at most 80 lines each.
//!
//! 1. **Begin.** One of four entries, by what the client shows of a call, gives its [`Flight`], or the
//!    [`Denial`] of a call that is not to be sent. None of them waits. An adapter that may wait then
//!    calls [`Flight::wait_for_scopes`], which with [`Preflight::Deny`] waits for what a new token
//!    holds, and is ready at once otherwise.
//! 2. **Send** the call.
//! 3. **Events** on the way: [`Flight::redirected`]; [`Flight::retried`]; and for every answer
//!    [`Flight::answered`], which gives whether the answer may be a refusal for lack of scope.
//! 4. **End** such a call by [`Flight::explain`], which waits up to 500 ms for what the token holds, or
//!    by [`Flight::explain_now`], which never waits. Either gives the [`Denial`] if the scope gate
//!    refused. Without one the answer is handed to the caller, byte for byte.
//!
//! What the caller gets of a denial is for [`Guard::unsent`] and [`Guard::deliver`]; how a body is
//! looked at and handed on for [`response`](crate::response).
//!
//! ```
//! use gcp_scopes::{Denial, Guard, call::Call};
//! use http::{Request, Response};
//!
//! /// Sends a request through a client that blocks.
//! fn send_guarded(
//!     guard: &Guard,
//!     request: Request<Vec<u8>>,
//!     send: impl FnOnce(Request<Vec<u8>>) -> Response<Vec<u8>>,
//! ) -> Result<Response<Vec<u8>>, Denial> {
//!     let call = Call::new(request.method(), request.uri()).with_headers(request.headers());
//!     let flight = guard.begin(&call.needing(request.extensions().get()))?;
//!     // A client that awaits: `let flight = flight.wait_for_scopes().await?;`
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
//!     let body = br#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#;
//!     Response::builder().status(403).body(body.to_vec()).expect("a status is all that is set")
//! };
//! let request = Request::get("https://storage.googleapis.com/storage/v1/b/photos").body(Vec::new())?;
//! let denial = send_guarded(&guard, request, google).expect_err("Google refuses for lack of scope");
//! assert!(denial.to_string().contains("scope"));
//! # Ok::<(), http::Error>(())
//! ```
//!
//! # Who enters where
//!
//! | adapter | entry | ending |
//! |---|---|---|
//! | tower | [`Flight::begin_in_place`]: a request | [`Flight::explain_response`] |
//! | reqwest-middleware | [`Guard::begin`]: a request | [`Flight::explain_response`] |
//! | object_store, opendal | [`Guard::begin`]: a request | [`Flight::explain`] |
//! | tonic, through tower | [`Flight::begin_in_place`]: a request of gRPC | [`Flight::explain_grpc_response`], or [`Flight::watch_trailers`] |
//! | google-apis, google-cloud, inside [`Guard::calling`] | [`Guard::begin_method`]: a method and an `Authorization` | [`Flight::explain`] |
//! | google-cloud, retry policy | [`Guard::begin_unseen`]: an error alone, perhaps with an `Authorization` | [`Flight::explain_now`] |
//! | a client that names the API but no method | [`Guard::begin_service`]: a host and an `Authorization` | either |
//! | a client that blocks | any | either: any executor's `block_on` waits for [`Flight::explain`] |
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
//! [`Flight::explain_grpc_response`]: https://docs.rs/gcp-scopes/latest/gcp_scopes/flight/struct.Flight.html#method.explain_grpc_response
//! [`Flight::watch_trailers`]: https://docs.rs/gcp-scopes/latest/gcp_scopes/flight/struct.Flight.html#method.watch_trailers
//! [`Flight::explain_response`]: https://docs.rs/gcp-scopes/latest/gcp_scopes/flight/struct.Flight.html#method.explain_response

mod answered;
mod begin;
mod explain;
mod learn;
mod request_line;
mod state;

#[cfg(feature = "body")]
pub(crate) use answered::{GRPC_STATUS, is_denied};
#[doc(inline)]
pub use state::Flight;
