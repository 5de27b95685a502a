//! The path of one call, from "about to be sent" to "answered". Every adapter walks it, and so does an
//! adapter of your own: [two complete ones][page], of at most 80 lines each.
//!
//! 1. **Begin.** One of four entries, by what the client shows of a call, answers [`Begin::Send`],
//!    [`Begin::Wait`] or [`Begin::Stop`].
//! 2. **Send** the call, and keep its [`Flight`].
//! 3. **Events** on the way: [`Flight::answered`], which answers whether the body or the trailers are
//!    worth a look; [`Flight::redirected`]; [`Flight::retried`].
//! 4. **End** a refused call by [`Flight::explain`], which waits up to 500 ms for what the token holds,
//!    or by [`Flight::explain_now`], which never waits. Either gives the [`Denial`] if the scope gate
//!    refused, and otherwise the answer is the caller's, byte for byte.
//!
//! What the caller gets of a denial is for [`delivery`](crate::delivery); how a body is looked at and
//! handed on for [`response`](crate::response).
//!
//! ```
//! use gcp_scopes::flight::{Answered, Begin};
//! use gcp_scopes::{Denial, Guard, call::Call};
//! use http::{Request, Response};
//!
//! /// Sends a request through a client that blocks.
//! fn call(
//!     guard: &Guard,
//!     request: Request<Vec<u8>>,
//!     send: impl FnOnce(Request<Vec<u8>>) -> Response<Vec<u8>>,
//! ) -> Result<Response<Vec<u8>>, Denial> {
//!     let call = Call::new(request.method(), request.uri()).with_headers(request.headers());
//!     let flight = match guard.begin(&call.needing(request.extensions().get())) {
//!         Begin::Send(flight) => flight,
//!         Begin::Wait(pending) => pending.skip(), // the first call of a token, with `Preflight::Deny`
//!         Begin::Stop(denial) => return Err(denial),
//!     }; // or in one: `guard.begin(…).admit_now()?`
//!     let response = send(request);
//!     let denial = match flight.answered(response.status(), response.headers()) {
//!         Answered::ReadBody => flight.explain_now(response.status(), response.headers(), response.body()),
//!         Answered::Pass | Answered::ReadTrailers => None,
//!     };
//!     denial.map_or(Ok(response), Err)
//! }
//!
//! let guard = Guard::builder().build();
//! let google = |_: Request<Vec<u8>>| {
//!     let body = br#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#;
//!     Response::builder().status(403).body(body.to_vec()).expect("a status is all that is set")
//! };
//! let request = Request::get("https://storage.googleapis.com/storage/v1/b/photos").body(Vec::new())?;
//! let denial = call(&guard, request, google).expect_err("Google refuses for lack of scope");
//! assert!(denial.to_string().contains("scope"));
//! # Ok::<(), http::Error>(())
//! ```
//!
//! # Who enters where
//!
//! | adapter | entry | ending |
//! |---|---|---|
//! | tower, reqwest-middleware, object_store, opendal | [`Guard::begin`]: a request | [`Flight::explain`] |
//! | tonic, through tower | [`Guard::begin`]: a request of gRPC | [`Flight::explain`], of headers or trailers |
//! | google-apis | [`Guard::begin_method`]: a method and an `Authorization` | [`Flight::explain`] |
//! | google-cloud, credentials inside [`Guard::calling`](crate::Guard::calling) | [`Guard::begin_method`] | [`Flight::explain`] |
//! | google-cloud, retry policy | [`Guard::begin_unseen`]: an error alone, perhaps with an `Authorization` | [`Flight::explain_now`] |
//! | a client that names the API but no method | [`Guard::begin_service`]: a host and an `Authorization` | either |
//! | a client that blocks | any | either: any executor's `block_on` waits for [`Flight::explain`] |
//!
//! [page]: https://docs.rs/crate/gcp-scopes/latest/source/docs/support-another-client.md
//! [`Denial`]: crate::Denial
//! [`Guard::begin`]: crate::Guard::begin
//! [`Guard::begin_method`]: crate::Guard::begin_method
//! [`Guard::begin_service`]: crate::Guard::begin_service
//! [`Guard::begin_unseen`]: crate::Guard::begin_unseen

mod answered;
mod begin;
mod explain;
mod learn;
mod request_line;
mod state;

#[doc(inline)]
pub use answered::Answered;
#[cfg(feature = "body")]
pub(crate) use answered::{GRPC_STATUS, is_denied};
#[doc(inline)]
pub use begin::{Begin, Next, Pending};
#[doc(inline)]
pub use state::Flight;
