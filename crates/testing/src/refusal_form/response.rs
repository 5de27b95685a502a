//! Builds the response for each [`RefusalForm`].

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::RefusalForm;
use super::grpc::{self, PERMISSION_DENIED, RESOURCE_EXHAUSTED};
use super::parts::{ErrorInfo, HTML, RefusalParts};
use crate::encoding::text_elements;
use crate::response::{FullResponse, empty, html, json, with_header, xml};

impl RefusalForm {
    /// Returns the response of this form.
    pub(crate) fn response(self) -> FullResponse {
        let parts = self.parts();
        match self {
            Self::Html => html(StatusCode::FORBIDDEN, HTML),
            Self::ScopeHeaderOnly => with_challenge(empty(StatusCode::FORBIDDEN), parts.challenge),
            Self::ScopeStorageXml => with_challenge(self.xml_response(), parts.challenge),
            Self::ScopeInArray => parts.json(&json!([parts.body()])),
            grpc if grpc.is_grpc() => grpc.grpc_response(),
            _ => parts.response(),
        }
    }

    /// Returns the refusal in XML, in Cloud Storage's format.
    pub(crate) fn xml_response(self) -> FullResponse {
        let error = [
            ("Code", "AccessDenied"),
            ("Message", "Access denied."),
            ("Details", self.parts().message),
        ];
        xml(StatusCode::FORBIDDEN, "Error", &text_elements(&error))
    }

    /// Returns the refusal in the headers or trailers of a gRPC response.
    pub(crate) fn grpc_response(self) -> FullResponse {
        let parts = self.parts();
        let code = if self == Self::RateLimit { RESOURCE_EXHAUSTED } else { PERMISSION_DENIED };
        let details = parts.info.as_ref().map(|info| match self {
            Self::GrpcScopeErrorInfoOnly => ("google.rpc.errorinfo-bin", grpc::error_info(info)),
            _ => ("grpc-status-details-bin", grpc::status(code, parts.message, info)),
        });
        let headers = with_challenge(grpc::refusal(code, parts.message, details), parts.challenge);
        match self {
            Self::GrpcScopeInTrailers => grpc::into_trailers(headers),
            _ => headers,
        }
    }
}

impl RefusalParts {
    /// Returns the refusal as a JSON response.
    pub(crate) fn response(&self) -> FullResponse {
        self.json(&self.body())
    }

    fn json(&self, body: &Value) -> FullResponse {
        with_challenge(json(self.code, body), self.challenge)
    }

    fn body(&self) -> Value {
        let mut error = json!({"code": self.code.as_u16(), "message": self.message});
        if !self.status.is_empty() {
            error["status"] = json!(self.status);
        }
        if let Some((reason, message)) = self.legacy_error {
            error["errors"] = json!([{"message": message, "domain": "global", "reason": reason}]);
        }
        let details: Vec<Value> =
            self.violation().into_iter().chain(self.info.as_ref().map(ErrorInfo::json)).collect();
        if !details.is_empty() {
            error["details"] = json!(details);
        }
        json!({ "error": error })
    }

    fn violation(&self) -> Option<Value> {
        let (kind, description) = self.violation?;
        Some(json!({
            "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
            "violations": [{"type": kind, "description": description}],
        }))
    }
}

impl ErrorInfo {
    fn json(&self) -> Value {
        let metadata: BTreeMap<_, _> = self.metadata.iter().copied().collect();
        json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": self.reason, "domain": self.domain, "metadata": metadata,
        })
    }
}

/// Sets the `WWW-Authenticate` header unless the value is empty.
fn with_challenge(response: FullResponse, challenge: &str) -> FullResponse {
    if challenge.is_empty() {
        response
    } else {
        with_header(response, "www-authenticate", challenge)
    }
}
