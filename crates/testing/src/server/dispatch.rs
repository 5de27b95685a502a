//! Chooses the part of the fake that responds to a request.

use std::panic::{AssertUnwindSafe, catch_unwind};

use http::StatusCode;
use serde_json::json;

use super::endpoint::Endpoint;
use crate::incoming::IncomingRequest;
use crate::response::{FullResponse, html, json};
use crate::scripted::MethodResponse;
use crate::service::Service;
use crate::shared::SharedState;
use crate::state::FakeState;
use crate::{compute, iam, metadata, oauth, storage};

/// Responds to a request. Returns `None` if the request is to be forwarded to the endpoint's
/// upstream. A panic of a handler becomes a response with status 500.
pub(super) fn respond(
    shared: &SharedState,
    endpoint: &Endpoint,
    request: &IncomingRequest,
) -> Option<FullResponse> {
    let error =
        || Some(html(StatusCode::INTERNAL_SERVER_ERROR, "The server encountered an error."));
    record_panic(shared, || route(&mut shared.lock(), endpoint, request)).unwrap_or_else(error)
}

/// Returns the first of these responses that applies to the request: the refusal of a scripted
/// method, a scripted response, a refusal before the upstream, the response of a scripted method,
/// the service's own response. Returns `None` if the request is to be forwarded.
fn route(
    state: &mut FakeState,
    endpoint: &Endpoint,
    request: &IncomingRequest,
) -> Option<FullResponse> {
    let scopes =
        request.bearer().and_then(|text| state.valid_token(text)).map(|token| token.scopes);
    let method = state.script.method_response(endpoint.service, request, scopes.as_deref());
    // The scopes are checked first, as Google does: a scripted response is for allowed requests.
    if let Some(MethodResponse::Refused(response)) = method {
        return Some(response);
    }
    if let Some(scripted) = state.script.next(endpoint.service, request) {
        return Some(scripted);
    }
    match method {
        _ if endpoint.upstream.is_some() => refuse_to_forward(state, endpoint.service, request),
        Some(MethodResponse::Allowed(response)) => Some(response),
        _ => Some(own_response(state, endpoint, request)),
    }
}

/// Returns the refusal of a request whose token or scopes the service does not accept, or `None` if
/// the request is to be forwarded.
fn refuse_to_forward(
    state: &FakeState,
    service: Service,
    request: &IncomingRequest,
) -> Option<FullResponse> {
    if service == Service::Storage { storage::refuse(state, request) } else { None }
}

/// Returns the response of the service's own implementation.
fn own_response(
    state: &mut FakeState,
    endpoint: &Endpoint,
    request: &IncomingRequest,
) -> FullResponse {
    match endpoint.service {
        Service::Metadata => metadata::respond(state, endpoint.machine, request),
        Service::OAuth => oauth::respond(state, request),
        Service::Storage => storage::respond(state, request),
        Service::Compute => compute::respond(state, request),
        Service::OtherApi => {
            iam::respond(state, request).unwrap_or_else(|| json(StatusCode::OK, &json!({})))
        }
    }
}

/// Runs a handler, and returns `None` if the handler panics. Records the message of the panic,
/// which dropping the fake repeats.
fn record_panic<T>(shared: &SharedState, handler: impl FnOnce() -> T) -> Option<T> {
    let panic = match catch_unwind(AssertUnwindSafe(handler)) {
        Ok(result) => return Some(result),
        Err(panic) => panic,
    };
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    shared.lock().panics.push(text.unwrap_or_else(|| "a panic without a message".to_owned()));
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FakeGoogle;

    #[tokio::test]
    async fn dropping_the_fake_repeats_the_panic_of_a_handler() -> std::io::Result<()> {
        let google = FakeGoogle::builder().start().await?;
        let panicking = || -> FullResponse { panic!("handler failed") };
        assert!(record_panic(&google.shared, panicking).is_none());
        let panic = catch_unwind(AssertUnwindSafe(|| drop(google))).expect_err("drop should panic");
        let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(text.contains("handler failed"), "{text}");
        Ok(())
    }
}
