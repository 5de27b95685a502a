//! What goes out for each [`Wire`].

use http::StatusCode;
use serde_json::{Value, json};

use super::Wire;
use crate::exchange::{Reply, challenge, empty, html, json, legacy_error, reply, with};
use crate::grpc;
use crate::state::scope_uri;

const PUBLISH: [&str; 2] = ["cloud-platform", "pubsub"];
const SCOPE_MESSAGE: &str = "Request had insufficient authentication scopes.";
const CONSOLE: &str = "https://console.developers.google.com";

impl Wire {
    pub(crate) fn reply(self) -> Reply {
        match self {
            grpc if grpc.is_grpc() => grpc.grpc_reply(),
            Self::ScopeStorageXml | Self::Html | Self::ScopeHeaderOnly => self.without_json(),
            Self::ScopeInArray => {
                challenged(json(StatusCode::FORBIDDEN, &json!([Self::Scope.error()])), &PUBLISH)
            }
            Self::Credentials => {
                let reply = json(StatusCode::UNAUTHORIZED, &self.error());
                let realm = r#"Bearer realm="https://accounts.google.com/", error="invalid_token""#;
                with(reply, "www-authenticate", realm)
            }
            _ => self.challenged(json(StatusCode::FORBIDDEN, &self.error())),
        }
    }

    fn grpc_reply(self) -> Reply {
        let http = self.over_http();
        let (message, details) = (http.message(), http.details());
        let bytes = match (self, details.first()) {
            (Self::GrpcScopeErrorInfoOnly, Some(info)) => {
                Some(("google.rpc.errorinfo-bin", grpc::error_info(info)))
            }
            (_, Some(_)) => Some(("grpc-status-details-bin", grpc::status(&message, &details))),
            (_, None) => None,
        };
        let mut headers = grpc::refusal(&message, bytes);
        if self.is_lack_of_scope() {
            let scopes = PUBLISH.map(scope_uri);
            headers = with(headers, "www-authenticate", &challenge(&scopes));
        }
        match self {
            Self::GrpcScopeInTrailers => grpc::into_trailers(headers),
            _ => headers,
        }
    }

    fn without_json(self) -> Reply {
        match self {
            Self::Html => html(
                StatusCode::FORBIDDEN,
                "Your client does not have permission to get URL <code>/</code> from this server.",
            ),
            Self::ScopeHeaderOnly => challenged(empty(StatusCode::FORBIDDEN), &PUBLISH),
            _ => {
                let body = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code>\
                            <Message>Access denied.</Message>\
                            <Details>Provided scope(s) are not authorized</Details></Error>";
                let reply = reply(StatusCode::FORBIDDEN, "application/xml; charset=UTF-8", body);
                challenged(reply, &["cloud-platform", "devstorage.read_write"])
            }
        }
    }

    fn challenged(self, reply: Reply) -> Reply {
        match self {
            Self::ScopeStorage => challenged(reply, &["cloud-platform", "devstorage.read_write"]),
            Self::AnalyticsLookAlike => challenged(reply, &["analytics"]),
            Self::ScopeLegacy => {
                let scopes = PUBLISH.map(scope_uri).join(" ");
                let unquoted = format!(
                    r#"Bearer realm="https://accounts.google.com/AuthSubRequest", error=insufficient_scope, scope="{scopes}""#
                );
                with(reply, "www-authenticate", &unquoted)
            }
            scope if scope.is_lack_of_scope() => challenged(reply, &PUBLISH),
            _ => reply,
        }
    }

    fn error(self) -> Value {
        match self {
            Self::ScopeStorage => {
                legacy_error(StatusCode::FORBIDDEN, "forbidden", "Provided scope(s) are not authorized")
            }
            Self::ScopeLegacyMessage => legacy_error(
                StatusCode::FORBIDDEN,
                "insufficientPermissions",
                &format!("Insufficient Permission: {SCOPE_MESSAGE}"),
            ),
            Self::ScopeLegacy => {
                legacy_error(StatusCode::FORBIDDEN, "insufficientPermissions", "Insufficient Permission")
            }
            Self::AnalyticsLookAlike => legacy_error(
                StatusCode::FORBIDDEN,
                "insufficientPermissions",
                "User does not have sufficient permissions for this profile.",
            ),
            Self::ScopeRestricting => legacy_error(
                StatusCode::FORBIDDEN,
                "forbidden",
                "Metadata scope does not support 'q' parameter",
            ),
            Self::ScopeOrShare => legacy_error(
                StatusCode::FORBIDDEN,
                "accessDenied",
                "Access Denied: BigQuery BigQuery: Permission denied while getting Drive credentials.",
            ),
            _ => self.modern_error(),
        }
    }

    /// The error object of `google.rpc.Status`, with the older `errors[]` where a service adds it.
    fn modern_error(self) -> Value {
        let (code, status) = match self {
            Self::Credentials => (401, "UNAUTHENTICATED"),
            _ => (403, "PERMISSION_DENIED"),
        };
        let mut error = json!({"code": code, "message": self.message(), "status": status});
        if let Some((reason, message)) = self.older() {
            error["errors"] = json!([{"message": message, "domain": "global", "reason": reason}]);
        }
        let details = self.details();
        if !details.is_empty() {
            error["details"] = json!(details);
        }
        json!({"error": error})
    }

    fn message(self) -> String {
        match self {
            Self::IamDenied => "Permission 'pubsub.topics.publish' denied on resource \
                '//pubsub.googleapis.com/projects/my-project/topics/orders' (or it may not exist)."
                .into(),
            Self::ServiceDisabled => format!(
                "Cloud Pub/Sub API has not been used in project 123456789012 before or it is disabled. \
                 Enable it by visiting {CONSOLE}/apis/api/pubsub.googleapis.com/overview?project=123456789012 \
                 then retry. If you enabled this API recently, wait a few minutes for the action to propagate \
                 to our systems and retry."
            ),
            Self::Billing => format!(
                "This API method requires billing to be enabled. Please enable billing on project \
                 #123456789012 by visiting {CONSOLE}/billing/enable?project=123456789012 then retry."
            ),
            Self::VpcSc => "Request is prohibited by organization's policy. \
                vpcServiceControlsUniqueIdentifier: fakeUniqueIdentifier"
                .into(),
            Self::QuotaProject => format!(
                "Caller does not have required permission to use project my-project. Grant the caller the \
                 roles/serviceusage.serviceUsageConsumer role, or a custom role with the \
                 serviceusage.services.use permission, by visiting \
                 {CONSOLE}/iam-admin/iam/project?project=my-project and then retry."
            ),
            Self::QuotaProjectMissing => "Your application is authenticating by using local Application \
                Default Credentials. The pubsub.googleapis.com API requires a quota project, which is not \
                set by default."
                .into(),
            Self::RateLimit => "Rate Limit Exceeded".into(),
            Self::ApiKey => "Requests from referer <empty> are blocked.".into(),
            Self::Credentials => "Request had invalid authentication credentials. Expected OAuth 2 access \
                token, login cookie or other valid authentication credential."
                .into(),
            _ => SCOPE_MESSAGE.into(),
        }
    }

    /// Reason and message of `errors[0]`.
    fn older(self) -> Option<(&'static str, String)> {
        let reason = match self {
            Self::Scope | Self::ScopeNoErrorInfo => {
                return Some(("insufficientPermissions", "Insufficient Permission".into()));
            }
            Self::ScopeForbidden | Self::ApiKey => "forbidden",
            Self::ServiceDisabled => "accessNotConfigured",
            Self::RateLimit => "rateLimitExceeded",
            _ => return None,
        };
        Some((reason, self.message()))
    }

    fn details(self) -> Vec<Value> {
        let service = "pubsub.googleapis.com";
        let consumer = json!({"service": service, "consumer": "projects/123456789012"});
        let call = json!({"service": service, "method": "google.pubsub.v1.Publisher.Publish"});
        match self {
            Self::Scope | Self::ScopeErrorInfoOnly => {
                vec![error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", &call)]
            }
            Self::IamDenied => {
                let metadata = json!({
                    "permission": "pubsub.topics.publish",
                    "resource": "projects/my-project/topics/orders",
                });
                vec![error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", &metadata)]
            }
            Self::ServiceDisabled => vec![error_info("SERVICE_DISABLED", "googleapis.com", &consumer)],
            Self::Billing => vec![error_info("BILLING_DISABLED", "googleapis.com", &consumer)],
            Self::QuotaProject => vec![error_info("USER_PROJECT_DENIED", "googleapis.com", &consumer)],
            Self::QuotaProjectMissing => {
                // The project that gcloud's own OAuth client belongs to.
                let metadata = json!({"service": service, "consumer": "projects/764086051850"});
                vec![error_info("SERVICE_DISABLED", "googleapis.com", &metadata)]
            }
            Self::VpcSc => vec![
                json!({
                    "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
                    "violations": [{"type": "VPC_SERVICE_CONTROLS", "description": "fakeUniqueIdentifier"}],
                }),
                error_info("SECURITY_POLICY_VIOLATED", "googleapis.com", &json!({"service": service})),
            ],
            Self::RateLimit => vec![error_info("RATE_LIMIT_EXCEEDED", "googleapis.com", &consumer)],
            Self::ApiKey => vec![error_info("API_KEY_HTTP_REFERRER_BLOCKED", "googleapis.com", &consumer)],
            Self::Credentials => vec![error_info("ACCESS_TOKEN_EXPIRED", "googleapis.com", &call)],
            _ => Vec::new(),
        }
    }
}

/// `google.rpc.ErrorInfo`: a reason for machines, and where it comes from.
pub(crate) fn error_info(reason: &str, domain: &str, metadata: &Value) -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason, "domain": domain, "metadata": metadata,
    })
}

fn challenged(reply: Reply, scopes: &[&str]) -> Reply {
    let scopes: Vec<String> = scopes.iter().map(|scope| scope_uri(scope)).collect();
    with(reply, "www-authenticate", &challenge(&scopes))
}
