//! How Google's refusals look on the wire.
//!
//! The forms come from public issue threads and recorded fixtures of client libraries; the fixed
//! phrases are Google's, the resources are made up. `ErrorInfo` is described at
//! <https://cloud.google.com/apis/design/errors#error_info>.

use http::StatusCode;
use serde_json::{Value, json};

use super::exchange::{Reply, challenge, empty, html, json, legacy_error, reply, with};
use super::grpc;
use super::state::scope_uri;

/// A refusal, in one of the forms that Google's services send over HTTP and gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wire {
    /// Lack of scope as most services say it today: `errors[]`, `status` and `ErrorInfo`.
    Scope,
    /// Lack of scope with `status` and `ErrorInfo`, without `errors[]`.
    ScopeErrorInfoOnly,
    /// Lack of scope with message and `status` only, as Photos and People send it.
    ScopeMessageOnly,
    /// Lack of scope of 2021: `errors[]` and `status`, no `ErrorInfo`.
    ScopeNoErrorInfo,
    /// Lack of scope of 2018, with the reason `forbidden`.
    ScopeForbidden,
    /// Lack of scope of the older stack: a longer message, no `status`.
    ScopeLegacyMessage,
    /// Lack of scope of the oldest stack: only the header has the word "scope", unquoted.
    ScopeLegacy,
    /// Lack of scope as Cloud Storage says it in JSON.
    ScopeStorage,
    /// Lack of scope as Cloud Storage says it in XML.
    ScopeStorageXml,
    /// [`Wire::Scope`] inside an array, as streaming methods send it.
    ScopeInArray,
    /// Nothing but a header says that a scope is missing.
    ScopeHeaderOnly,
    /// Gmail refuses because of a scope that is too many.
    ScopeRestricting,
    /// BigQuery could not read from Drive: a scope is missing, or the file is not shared.
    ScopeOrShare,
    /// IAM said no.
    IamDenied,
    /// The API is not enabled in the project.
    ServiceDisabled,
    /// The project has no billing account.
    Billing,
    /// A VPC Service Controls perimeter is in the way.
    VpcSc,
    /// The caller may not use the quota project.
    QuotaProject,
    /// The caller's credentials name no quota project.
    QuotaProjectMissing,
    /// Too many requests.
    RateLimit,
    /// An API key that may not be used from here.
    ApiKey,
    /// The token has expired or is none (401).
    Credentials,
    /// Analytics refuses a user who has no rights on a profile, with the reason and the header of
    /// a scope refusal. It is none.
    AnalyticsLookAlike,
    /// Google's HTML error page.
    Html,
    /// gRPC: lack of scope, with `grpc-status-details-bin`, all in the headers ("trailers-only").
    GrpcScope,
    /// gRPC: [`Wire::GrpcScope`] in trailers after an empty stream.
    GrpcScopeInTrailers,
    /// gRPC: lack of scope, with `google.rpc.errorinfo-bin`.
    GrpcScopeErrorInfoOnly,
    /// gRPC: lack of scope, with a message only.
    GrpcScopeMessageOnly,
    /// gRPC: IAM said no.
    GrpcIamDenied,
    /// gRPC: the API is not enabled in the project.
    GrpcServiceDisabled,
}

const PUBLISH: [&str; 2] = ["cloud-platform", "pubsub"];
const SCOPE_MESSAGE: &str = "Request had insufficient authentication scopes.";
const CONSOLE: &str = "https://console.developers.google.com";

impl Wire {
    /// Every form there is, for tests that go through all of them.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &[
            Self::Scope,
            Self::ScopeErrorInfoOnly,
            Self::ScopeMessageOnly,
            Self::ScopeNoErrorInfo,
            Self::ScopeForbidden,
            Self::ScopeLegacyMessage,
            Self::ScopeLegacy,
            Self::ScopeStorage,
            Self::ScopeStorageXml,
            Self::ScopeInArray,
            Self::ScopeHeaderOnly,
            Self::ScopeRestricting,
            Self::ScopeOrShare,
            Self::IamDenied,
            Self::ServiceDisabled,
            Self::Billing,
            Self::VpcSc,
            Self::QuotaProject,
            Self::QuotaProjectMissing,
            Self::RateLimit,
            Self::ApiKey,
            Self::Credentials,
            Self::AnalyticsLookAlike,
            Self::Html,
            Self::GrpcScope,
            Self::GrpcScopeInTrailers,
            Self::GrpcScopeErrorInfoOnly,
            Self::GrpcScopeMessageOnly,
            Self::GrpcIamDenied,
            Self::GrpcServiceDisabled,
        ]
    }

    /// Whether this is a gRPC answer: HTTP status 200, and the refusal in `grpc-status`.
    #[must_use]
    pub fn is_grpc(self) -> bool {
        self.over_http() != self
    }

    /// The form that says the same over HTTP.
    fn over_http(self) -> Self {
        match self {
            Self::GrpcScope | Self::GrpcScopeInTrailers | Self::GrpcScopeErrorInfoOnly => {
                Self::ScopeErrorInfoOnly
            }
            Self::GrpcScopeMessageOnly => Self::ScopeMessageOnly,
            Self::GrpcIamDenied => Self::IamDenied,
            Self::GrpcServiceDisabled => Self::ServiceDisabled,
            http => http,
        }
    }

    /// Whether the answer leaves no doubt that the token lacks a scope.
    #[must_use]
    pub fn is_lack_of_scope(self) -> bool {
        matches!(
            self.over_http(),
            Self::Scope
                | Self::ScopeErrorInfoOnly
                | Self::ScopeMessageOnly
                | Self::ScopeNoErrorInfo
                | Self::ScopeForbidden
                | Self::ScopeLegacyMessage
                | Self::ScopeLegacy
                | Self::ScopeStorage
                | Self::ScopeStorageXml
                | Self::ScopeInArray
        )
    }

    pub(super) fn reply(self) -> Reply {
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
pub(super) fn error_info(reason: &str, domain: &str, metadata: &Value) -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason, "domain": domain, "metadata": metadata,
    })
}

fn challenged(reply: Reply, scopes: &[&str]) -> Reply {
    let scopes: Vec<String> = scopes.iter().map(|scope| scope_uri(scope)).collect();
    with(reply, "www-authenticate", &challenge(&scopes))
}
