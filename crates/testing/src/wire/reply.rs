//! The answer that goes out for each [`Wire`].

use http::StatusCode;
use quick_xml::escape::partial_escape;
use serde_json::{Map, Value, json};

use super::Wire;
use super::forms::{self, Form, Info};
use crate::grpc::{self, PERMISSION_DENIED, RESOURCE_EXHAUSTED};
use crate::reply::{Reply, empty, html, json, with, xml};

impl Wire {
    pub(crate) fn reply(self) -> Reply {
        match self {
            Self::Html => html(StatusCode::FORBIDDEN, forms::HTML),
            Self::ScopeHeaderOnly => challenged(empty(StatusCode::FORBIDDEN), forms::PUBLISH),
            Self::ScopeStorageXml => {
                challenged(xml(StatusCode::FORBIDDEN, forms::SCOPE_STORAGE_XML), forms::STORAGE)
            }
            grpc if grpc.is_grpc() => grpc.grpc_reply(),
            _ => self.json_reply(),
        }
    }

    fn json_reply(self) -> Reply {
        let form = self.form();
        let body = json!({"error": form.error()});
        let body = if self == Self::ScopeInArray { json!([body]) } else { body };
        let status = StatusCode::from_u16(form.code).unwrap_or(StatusCode::FORBIDDEN);
        challenged(json(status, &body), form.challenge)
    }

    /// In XML, as Cloud Storage would refuse.
    pub(crate) fn xml_reply(self) -> Reply {
        let message = partial_escape(self.form().message);
        let body = format!(
            "<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code>\
             <Message>Access denied.</Message><Details>{message}</Details></Error>"
        );
        xml(StatusCode::FORBIDDEN, body)
    }

    /// In headers or trailers, as gRPC refuses.
    pub(crate) fn grpc_reply(self) -> Reply {
        let form = self.form();
        let (message, info) = (form.message, form.info.as_ref().map(error_info));
        let code = if self == Self::RateLimit { RESOURCE_EXHAUSTED } else { PERMISSION_DENIED };
        let bytes = match (self, &info) {
            (Self::GrpcScopeErrorInfoOnly, Some(info)) => {
                Some(("google.rpc.errorinfo-bin", grpc::error_info(info)))
            }
            (_, Some(info)) => Some(("grpc-status-details-bin", grpc::status(code, message, info))),
            (_, None) => None,
        };
        let headers = challenged(grpc::refusal(code, message, bytes), form.challenge);
        match self {
            Self::GrpcScopeInTrailers => grpc::into_trailers(headers),
            _ => headers,
        }
    }

    /// The parts of a refusal in JSON, which gRPC sends in another encoding.
    fn form(self) -> Form {
        match self {
            Self::Scope | Self::ScopeInArray => forms::SCOPE,
            Self::ScopeErrorInfoOnly | Self::GrpcScope => forms::SCOPE_ERROR_INFO_ONLY,
            Self::GrpcScopeInTrailers | Self::GrpcScopeErrorInfoOnly => forms::SCOPE_ERROR_INFO_ONLY,
            Self::ScopeMessageOnly | Self::GrpcScopeMessageOnly => forms::SCOPE_MESSAGE_ONLY,
            Self::ScopeHeaderOnly => forms::SCOPE_MESSAGE_ONLY,
            Self::ScopeNoErrorInfo => forms::SCOPE_NO_ERROR_INFO,
            Self::ScopeForbidden => forms::SCOPE_FORBIDDEN,
            Self::ScopeLegacyMessage => forms::SCOPE_LEGACY_MESSAGE,
            Self::ScopeLegacy => forms::SCOPE_LEGACY,
            Self::ScopeStorage | Self::ScopeStorageXml => forms::SCOPE_STORAGE,
            Self::ScopeRestricting => forms::SCOPE_RESTRICTING,
            Self::ScopeOrShare => forms::SCOPE_OR_SHARE,
            Self::IamDenied | Self::GrpcIamDenied | Self::Html => forms::IAM_DENIED,
            Self::ServiceDisabled | Self::GrpcServiceDisabled => forms::SERVICE_DISABLED,
            Self::Billing => forms::BILLING,
            Self::VpcSc => forms::VPC_SC,
            Self::QuotaProject => forms::QUOTA_PROJECT,
            Self::QuotaProjectMissing => forms::QUOTA_PROJECT_MISSING,
            Self::RateLimit => forms::RATE_LIMIT,
            Self::ApiKey => forms::API_KEY,
            Self::Credentials => forms::CREDENTIALS,
            Self::AnalyticsLookAlike => forms::ANALYTICS_LOOK_ALIKE,
        }
    }
}

impl Form {
    /// The error object.
    fn error(&self) -> Value {
        let mut error = json!({"code": self.code, "message": self.message});
        if !self.status.is_empty() {
            error["status"] = json!(self.status);
        }
        if let Some((reason, message)) = self.older {
            error["errors"] = json!([{"message": message, "domain": "global", "reason": reason}]);
        }
        let details: Vec<Value> =
            self.violation().into_iter().chain(self.info.as_ref().map(error_info)).collect();
        if !details.is_empty() {
            error["details"] = json!(details);
        }
        error
    }

    fn violation(&self) -> Option<Value> {
        let (kind, description) = self.violation?;
        Some(json!({
            "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
            "violations": [{"type": kind, "description": description}],
        }))
    }
}

fn error_info(info: &Info) -> Value {
    let metadata: Map<String, Value> =
        info.metadata.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    crate::reply::error_info(info.reason, info.domain, &metadata.into())
}

fn challenged(reply: Reply, challenge: &str) -> Reply {
    if challenge.is_empty() { reply } else { with(reply, "www-authenticate", challenge) }
}
