//! Which part of the fake answers a request.

use std::panic::{AssertUnwindSafe, catch_unwind};

use http::StatusCode;
use serde_json::json;

use super::endpoint::Endpoint;
use crate::incoming::IncomingRequest;
use crate::reply::{Reply, html, json};
use crate::scripted::Served;
use crate::service::Service;
use crate::shared::Shared;
use crate::state::State;
use crate::{compute, iam, metadata, oauth, storage};

/// The answer; none if it is for the other server to answer.
pub(super) fn answer(shared: &Shared, endpoint: &Endpoint, request: &IncomingRequest) -> Option<Reply> {
    let answered = catch(shared, || route(&mut shared.lock(), endpoint, request));
    answered
        .unwrap_or_else(|| Some(html(StatusCode::INTERNAL_SERVER_ERROR, "The server encountered an error.")))
}

/// What a test scripted comes first, after the gates of a method that it serves.
fn route(state: &mut State, endpoint: &Endpoint, request: &IncomingRequest) -> Option<Reply> {
    let token = request.bearer().and_then(|text| state.live_token(text)).map(|token| token.scopes);
    let served = state.script.served(endpoint.service, request, token.as_deref());
    if let Some(Served::Refused(refusal)) = served {
        return Some(refusal);
    }
    if let Some(scripted) = state.script.next(endpoint.service, request) {
        return Some(scripted);
    }
    match served {
        _ if endpoint.upstream.is_some() => gates(state, endpoint.service, request),
        Some(Served::Open(reply)) => Some(reply),
        _ => Some(own(state, endpoint, request)),
    }
}

/// The refusal of a service's gates before another server.
fn gates(state: &State, service: Service, request: &IncomingRequest) -> Option<Reply> {
    if service == Service::Storage { storage::refuse(state, request) } else { None }
}

/// The service's own answer.
fn own(state: &mut State, endpoint: &Endpoint, request: &IncomingRequest) -> Reply {
    match endpoint.service {
        Service::Metadata => metadata::answer(state, endpoint.machine, request),
        Service::OAuth => oauth::answer(state, request),
        Service::Storage => storage::answer(state, request),
        Service::Compute => compute::answer(state, request),
        Service::Front => iam::answer(state, request).unwrap_or_else(|| json(StatusCode::OK, &json!({}))),
    }
}

/// Keeps the message of a panic for the one who drops the fake.
fn catch<T>(shared: &Shared, work: impl FnOnce() -> T) -> Option<T> {
    let panic = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => return Some(done),
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
    async fn a_panic_of_a_handler_comes_out_on_drop() -> std::io::Result<()> {
        let google = FakeGoogle::builder().start().await?;
        let broken = || -> Reply { panic!("no bucket in hand") };
        assert!(catch(&google.shared, broken).is_none());
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(google))).expect_err("drop panics");
        let text = dropped.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(text.contains("no bucket in hand"), "{text}");
        Ok(())
    }
}
