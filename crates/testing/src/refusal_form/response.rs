//! Builds the response for each [`RefusalForm`].

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::RefusalForm;
use super::called_method::{CalledMethod, metadata};
use super::grpc::{self, PERMISSION_DENIED, RESOURCE_EXHAUSTED};
use super::parts::{ErrorInfo, HTML, RefusalParts};
use crate::encoding::text_elements;
use crate::response::{FullResponse, empty, html, json, with_header, xml};

impl RefusalForm {
    /// Returns the response of this form. Its resources are those of Pub/Sub.
    pub(crate) fn response(self) -> FullResponse {
        self.response_of(&self.parts(), None)
    }

    /// Returns the response of this form to a call of this method. Without a method, the response
    /// has no `ErrorInfo`, which would name the method.
    pub(crate) fn response_to_call(self, called: Option<&CalledMethod>) -> FullResponse {
        let parts = self.parts();
        let info = parts.info.filter(|_| called.is_some());
        self.response_of(&RefusalParts { info, ..parts }, called)
    }

    fn response_of(self, parts: &RefusalParts, called: Option<&CalledMethod>) -> FullResponse {
        match self {
            Self::Html => html(StatusCode::FORBIDDEN, HTML),
            Self::ScopeHeaderOnly => with_challenge(empty(StatusCode::FORBIDDEN), parts.challenge),
            Self::ScopeStorageXml => with_challenge(self.xml_response(), parts.challenge),
            Self::ScopeInArray => parts.json(&json!([parts.body(called)])),
            grpc if grpc.is_grpc() => grpc.grpc_response_of(parts, called),
            _ => parts.json(&parts.body(called)),
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
        self.grpc_response_of(&self.parts(), None)
    }

    fn grpc_response_of(self, parts: &RefusalParts, called: Option<&CalledMethod>) -> FullResponse {
        let code = if self == Self::RateLimit { RESOURCE_EXHAUSTED } else { PERMISSION_DENIED };
        let info = parts.info.as_ref().map(|info| grpc::error_info(info, called));
        let details = info.map(|info| match self {
            Self::GrpcScopeErrorInfoOnly => ("google.rpc.errorinfo-bin", info),
            _ => ("grpc-status-details-bin", grpc::status(code, parts.message, &info)),
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
        self.json(&self.body(None))
    }

    fn json(&self, body: &Value) -> FullResponse {
        with_challenge(json(self.code, body), self.challenge)
    }

    fn body(&self, called: Option<&CalledMethod>) -> Value {
        let mut error = json!({"code": self.code.as_u16(), "message": self.message});
        if !self.status.is_empty() {
            error["status"] = json!(self.status);
        }
        if let Some((reason, message)) = self.legacy_error {
            error["errors"] = json!([{"message": message, "domain": "global", "reason": reason}]);
        }
        let info = self.info.as_ref().map(|info| info.json(called));
        let details: Vec<Value> = self.violation().into_iter().chain(info).collect();
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
    fn json(&self, called: Option<&CalledMethod>) -> Value {
        let metadata: BTreeMap<_, _> = metadata(self, called).collect();
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
