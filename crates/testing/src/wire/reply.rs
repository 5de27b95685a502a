//! The answer that goes out for each [`Wire`].

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::Wire;
use super::forms::{Form, HTML, Info};
use super::grpc::{self, PERMISSION_DENIED, RESOURCE_EXHAUSTED};
use crate::encoding::elements;
use crate::reply::{Reply, empty, html, json, with, xml};

impl Wire {
    pub(crate) fn reply(self) -> Reply {
        let form = self.form();
        match self {
            Self::Html => html(StatusCode::FORBIDDEN, HTML),
            Self::ScopeHeaderOnly => challenged(empty(StatusCode::FORBIDDEN), form.challenge),
            Self::ScopeStorageXml => challenged(self.xml_reply(), form.challenge),
            Self::ScopeInArray => form.json(&json!([form.body()])),
            grpc if grpc.is_grpc() => grpc.grpc_reply(),
            _ => form.reply(),
        }
    }

    /// In XML, as Cloud Storage would refuse.
    pub(crate) fn xml_reply(self) -> Reply {
        let error =
            [("Code", "AccessDenied"), ("Message", "Access denied."), ("Details", self.form().message)];
        xml(StatusCode::FORBIDDEN, "Error", &elements(&error))
    }

    /// In headers or trailers, as gRPC refuses.
    pub(crate) fn grpc_reply(self) -> Reply {
        let form = self.form();
        let code = if self == Self::RateLimit { RESOURCE_EXHAUSTED } else { PERMISSION_DENIED };
        let bytes = form.info.as_ref().map(|info| match self {
            Self::GrpcScopeErrorInfoOnly => ("google.rpc.errorinfo-bin", grpc::error_info(info)),
            _ => ("grpc-status-details-bin", grpc::status(code, form.message, info)),
        });
        let headers = challenged(grpc::refusal(code, form.message, bytes), form.challenge);
        match self {
            Self::GrpcScopeInTrailers => grpc::into_trailers(headers),
            _ => headers,
        }
    }
}

impl Form {
    pub(crate) fn reply(&self) -> Reply {
        self.json(&self.body())
    }

    fn json(&self, body: &Value) -> Reply {
        challenged(json(self.code, body), self.challenge)
    }

    fn body(&self) -> Value {
        let mut error = json!({"code": self.code.as_u16(), "message": self.message});
        if !self.status.is_empty() {
            error["status"] = json!(self.status);
        }
        if let Some((reason, message)) = self.older {
            error["errors"] = json!([{"message": message, "domain": "global", "reason": reason}]);
        }
        let details: Vec<Value> =
            self.violation().into_iter().chain(self.info.as_ref().map(Info::json)).collect();
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

impl Info {
    fn json(&self) -> Value {
        let metadata: BTreeMap<_, _> = self.metadata.iter().copied().collect();
        json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": self.reason, "domain": self.domain, "metadata": metadata,
        })
    }
}

fn challenged(reply: Reply, challenge: &str) -> Reply {
    if challenge.is_empty() { reply } else { with(reply, "www-authenticate", challenge) }
}
