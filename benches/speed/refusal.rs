//! Times a call that is refused with a 403 and explained by the guard, in comparison with parsing
//! the refusal's body as JSON.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use gcp_scopes::Denial;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tower_layer::Layer;
use tower_service::Service;

use crate::calls::{self, NoBody, READS};
use crate::harness::TimedCase;

/// Returns the bodies of a refusal for lack of scope and of a refusal by IAM, each with all fields
/// of Google's error model (<https://google.aip.dev/193>).
fn bodies() -> [Bytes; 2] {
    let error = |message: &str, reason: &str| {
        let info = serde_json::json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason,
            "domain": "googleapis.com",
            "metadata": {
                "service": "storage.googleapis.com",
                "method": "google.storage.objects.get",
            },
        });
        let error = serde_json::json!({ "error": {
            "code": 403, "message": message, "status": "PERMISSION_DENIED",
            "errors": [{ "message": message, "domain": "global", "reason": "forbidden" }],
            "details": [info],
        }});
        Bytes::from(serde_json::to_vec_pretty(&error).unwrap())
    };
    [
        error("Request had insufficient authentication scopes.", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        error("Permission 'storage.objects.get' denied on resource.", "IAM_PERMISSION_DENIED"),
    ]
}

/// A service that refuses every call with status 403 and this body.
#[derive(Clone)]
struct Refuse(Bytes);

impl Service<Request<NoBody>> for Refuse {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<NoBody>) -> Self::Future {
        let response = Response::builder().status(StatusCode::FORBIDDEN);
        let response = response.header(header::CONTENT_TYPE, "application/json; charset=UTF-8");
        ready(Ok(response.body(Full::new(self.0.clone())).unwrap()))
    }
}

/// Returns the cases of the group `refusal`.
pub(crate) fn cases() -> Vec<TimedCase> {
    let [scope, iam] = bodies();
    let held = calls::read_scopes();
    let guarded = |body: &Bytes| calls::guard([0], &held).layer().layer(Refuse(body.clone()));
    let text = scope.clone();
    vec![
        TimedCase::new("refusal/serde_json::from_slice::<Value> of the body", 1, move || {
            serde_json::from_slice::<Value>(&text).unwrap()
        }),
        refused("refusal/no layer, body read", Refuse(scope.clone())),
        refused("refusal/guard, refused for lack of scope", guarded(&scope)),
        refused("refusal/guard, refused by IAM, body read", guarded(&iam)),
    ]
}

/// Creates a case that makes one refused call, and reads the body of the response or finds the
/// denial in the error.
fn refused<S, R>(name: &'static str, mut service: S) -> TimedCase
where
    S: Service<Request<NoBody>, Response = Response<R>> + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    R: http_body::Body,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (head, body) = calls::request(READS[0], &calls::token(0)).into_parts();
    TimedCase::new(name, 1, move || {
        let call = service.call(Request::from_parts(head.clone(), body));
        runtime.block_on(async move {
            match call.await {
                Ok(response) => {
                    drop(response.into_body().collect().await.map(|body| body.to_bytes()))
                }
                Err(error) => assert!(Denial::find(error.into().as_ref()).is_some()),
            }
        });
    })
}
