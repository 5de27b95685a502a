//! A 403 that is explained, beside reading its body as JSON.

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

use crate::calls::{self, Nothing, READS};
use crate::harness::Case;

/// A refusal for lack of scope, with all that Google's error model has for it
/// (<https://google.aip.dev/193>), and one by IAM.
fn bodies() -> [Bytes; 2] {
    let error = |message: &str, reason: &str| {
        let info = serde_json::json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com",
            "metadata": {
                "service": "storage.googleapis.com",
                "method": "google.storage.objects.get",
            },
        });
        let error = serde_json::json!({ "error": {
            "code": 403, "message": message, "status": "PERMISSION_DENIED",
            "errors": [{ "message": message, "domain": "global", "reason": "forbidden" }], "details": [info],
        }});
        Bytes::from(serde_json::to_vec_pretty(&error).unwrap())
    };
    [
        error("Request had insufficient authentication scopes.", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        error("Permission 'storage.objects.get' denied on resource.", "IAM_PERMISSION_DENIED"),
    ]
}

/// Refuses every call with this body.
#[derive(Clone)]
struct Refuses(Bytes);

impl Service<Request<Nothing>> for Refuses {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Nothing>) -> Self::Future {
        let answer = Response::builder().status(StatusCode::FORBIDDEN);
        let answer = answer.header(header::CONTENT_TYPE, "application/json; charset=UTF-8");
        ready(Ok(answer.body(Full::new(self.0.clone())).unwrap()))
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let [scope, iam] = bodies();
    let held = calls::read_scopes();
    let guarded = |body: &Bytes| calls::guard([0], &held).layer().layer(Refuses(body.clone()));
    let text = scope.clone();
    vec![
        Case::new("refusal/serde_json::from_slice::<Value> of the body", 1, move || {
            serde_json::from_slice::<Value>(&text).unwrap()
        }),
        refused("refusal/no layer, body read", Refuses(scope.clone())),
        refused("refusal/guard, refused for lack of scope", guarded(&scope)),
        refused("refusal/guard, refused by IAM, body read", guarded(&iam)),
    ]
}

fn refused<S, R>(name: &'static str, mut service: S) -> Case
where
    S: Service<Request<Nothing>, Response = Response<R>> + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    R: http_body::Body,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (head, body) = calls::request(READS[0], &calls::token(0)).into_parts();
    Case::new(name, 1, move || {
        let call = service.call(Request::from_parts(head.clone(), body));
        runtime.block_on(async move {
            match call.await {
                Ok(answer) => drop(answer.into_body().collect().await.map(|body| body.to_bytes())),
                Err(error) => assert!(Denial::find(error.into().as_ref()).is_some()),
            }
        });
    })
}
