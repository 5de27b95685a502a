//! Data: what each form of a refusal consists of.
//!
//! The forms come from public issue threads and recorded fixtures of client libraries; the fixed
//! phrases are Google's, the resources are made up. `ErrorInfo` is described at
//! <https://cloud.google.com/apis/design/errors#error_info>.

use http::StatusCode;

use super::Wire;

/// The parts of a refusal in JSON. Parts that are empty are not sent.
pub(crate) struct Form {
    pub(super) code: StatusCode,
    /// `error.status`, which older stacks do not send.
    pub(super) status: &'static str,
    pub(super) message: &'static str,
    /// Reason and message of `error.errors[0]`.
    pub(super) older: Option<(&'static str, &'static str)>,
    /// The violation of a `google.rpc.PreconditionFailure`: type and description.
    pub(super) violation: Option<(&'static str, &'static str)>,
    pub(super) info: Option<Info>,
    /// The value of `WWW-Authenticate`.
    pub(super) challenge: &'static str,
}

/// `google.rpc.ErrorInfo`.
pub(super) struct Info {
    pub(super) reason: &'static str,
    pub(super) domain: &'static str,
    /// In the order of their names, in which they are sent.
    pub(super) metadata: &'static [(&'static str, &'static str)],
}

const SERVICE: (&str, &str) = ("service", "pubsub.googleapis.com");
/// What the services of today say of a call.
const CALL: &[(&str, &str)] = &[("method", "google.pubsub.v1.Publisher.Publish"), SERVICE];
const COMPUTE_CALL: &[(&str, &str)] =
    &[("method", "compute.v1.InstancesService"), ("service", "compute.googleapis.com")];
/// What they say of a project.
const CONSUMER: &[(&str, &str)] = &[("consumer", "projects/123456789012"), SERVICE];

const fn info(reason: &'static str, metadata: &'static [(&'static str, &'static str)]) -> Option<Info> {
    Some(Info { reason, domain: "googleapis.com", metadata })
}

/// A challenge with the scopes that any API of Google Cloud accepts, and those of one API.
macro_rules! challenge {
    ($scopes:literal) => {
        concat!(
            r#"Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope=""#,
            $scopes,
            "\""
        )
    };
}

const PUBLISH: &str =
    challenge!("https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/pubsub");
const STORAGE: &str = challenge!(
    "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/devstorage.read_write"
);

/// A refusal by a gate other than the scopes, as most services send it today.
const OTHER_GATE: Form = Form {
    code: StatusCode::FORBIDDEN,
    status: "PERMISSION_DENIED",
    message: "",
    older: None,
    violation: None,
    info: None,
    challenge: "",
};

/// A refusal of the stack before that.
const OLDER: Form = Form { status: "", ..OTHER_GATE };

const SCOPE_MESSAGE_ONLY: Form =
    Form { message: "Request had insufficient authentication scopes.", challenge: PUBLISH, ..OTHER_GATE };
const SCOPE_ERROR_INFO_ONLY: Form =
    Form { info: info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", CALL), ..SCOPE_MESSAGE_ONLY };
const SCOPE_NO_ERROR_INFO: Form =
    Form { older: Some(("insufficientPermissions", "Insufficient Permission")), ..SCOPE_MESSAGE_ONLY };
const SCOPE: Form = Form { older: SCOPE_NO_ERROR_INFO.older, ..SCOPE_ERROR_INFO_ONLY };
/// [`SCOPE`] as Compute Engine sends it.
pub(crate) const COMPUTE_SCOPE: Form =
    Form { info: info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", COMPUTE_CALL), ..SCOPE };
const SCOPE_FORBIDDEN: Form =
    Form { older: Some(("forbidden", SCOPE_MESSAGE_ONLY.message)), ..SCOPE_MESSAGE_ONLY };
const SCOPE_LEGACY_MESSAGE: Form = Form {
    message: "Insufficient Permission: Request had insufficient authentication scopes.",
    older: Some((
        "insufficientPermissions",
        "Insufficient Permission: Request had insufficient authentication scopes.",
    )),
    challenge: PUBLISH,
    ..OLDER
};
const SCOPE_LEGACY: Form = Form {
    message: "Insufficient Permission",
    older: Some(("insufficientPermissions", "Insufficient Permission")),
    challenge: "Bearer realm=\"https://accounts.google.com/AuthSubRequest\", error=insufficient_scope, \
        scope=\"https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/pubsub\"",
    ..OLDER
};
const SCOPE_STORAGE: Form = Form {
    message: "Provided scope(s) are not authorized",
    older: Some(("forbidden", "Provided scope(s) are not authorized")),
    challenge: STORAGE,
    ..OLDER
};
const SCOPE_RESTRICTING: Form = Form {
    message: "Metadata scope does not support 'q' parameter",
    older: Some(("forbidden", "Metadata scope does not support 'q' parameter")),
    ..OLDER
};
const SCOPE_OR_SHARE: Form = Form {
    message: "Access Denied: BigQuery BigQuery: Permission denied while getting Drive credentials.",
    older: Some((
        "accessDenied",
        "Access Denied: BigQuery BigQuery: Permission denied while getting Drive credentials.",
    )),
    ..OLDER
};
const IAM_DENIED: Form = Form {
    message: "Permission 'pubsub.topics.publish' denied on resource \
        '//pubsub.googleapis.com/projects/my-project/topics/orders' (or it may not exist).",
    info: Some(Info {
        reason: "IAM_PERMISSION_DENIED",
        domain: "iam.googleapis.com",
        metadata: &[
            ("permission", "pubsub.topics.publish"),
            ("resource", "projects/my-project/topics/orders"),
        ],
    }),
    ..OTHER_GATE
};
const NOT_USED_BEFORE: &str = "Cloud Pub/Sub API has not been used in project 123456789012 before or it is \
    disabled. Enable it by visiting \
    https://console.developers.google.com/apis/api/pubsub.googleapis.com/overview?project=123456789012 then \
    retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems \
    and retry.";
const SERVICE_DISABLED: Form = Form {
    message: NOT_USED_BEFORE,
    older: Some(("accessNotConfigured", NOT_USED_BEFORE)),
    info: info("SERVICE_DISABLED", CONSUMER),
    ..OTHER_GATE
};
const BILLING: Form = Form {
    message: "This API method requires billing to be enabled. Please enable billing on project \
        #123456789012 by visiting \
        https://console.developers.google.com/billing/enable?project=123456789012 then retry.",
    info: info("BILLING_DISABLED", CONSUMER),
    ..OTHER_GATE
};
const VPC_SC: Form = Form {
    message: "Request is prohibited by organization's policy. \
        vpcServiceControlsUniqueIdentifier: fakeUniqueIdentifier",
    violation: Some(("VPC_SERVICE_CONTROLS", "fakeUniqueIdentifier")),
    info: info("SECURITY_POLICY_VIOLATED", &[SERVICE]),
    ..OTHER_GATE
};
const QUOTA_PROJECT: Form = Form {
    message: "Caller does not have required permission to use project my-project. Grant the caller the \
        roles/serviceusage.serviceUsageConsumer role, or a custom role with the \
        serviceusage.services.use permission, by visiting \
        https://console.developers.google.com/iam-admin/iam/project?project=my-project and then retry.",
    info: info("USER_PROJECT_DENIED", CONSUMER),
    ..OTHER_GATE
};
const QUOTA_PROJECT_MISSING: Form = Form {
    message: "Your application is authenticating by using local Application Default Credentials. The \
        pubsub.googleapis.com API requires a quota project, which is not set by default.",
    // The project that gcloud's own OAuth client belongs to.
    info: info("SERVICE_DISABLED", &[("consumer", "projects/764086051850"), SERVICE]),
    ..OTHER_GATE
};
const RATE_LIMIT: Form = Form {
    message: "Rate Limit Exceeded",
    older: Some(("rateLimitExceeded", "Rate Limit Exceeded")),
    info: info("RATE_LIMIT_EXCEEDED", CONSUMER),
    ..OTHER_GATE
};
const API_KEY: Form = Form {
    message: "Requests from referer <empty> are blocked.",
    older: Some(("forbidden", "Requests from referer <empty> are blocked.")),
    info: info("API_KEY_HTTP_REFERRER_BLOCKED", CONSUMER),
    ..OTHER_GATE
};
const CREDENTIALS: Form = Form {
    code: StatusCode::UNAUTHORIZED,
    status: "UNAUTHENTICATED",
    message: "Request had invalid authentication credentials. Expected OAuth 2 access token, login \
        cookie or other valid authentication credential.",
    info: info("ACCESS_TOKEN_EXPIRED", CALL),
    challenge: r#"Bearer realm="https://accounts.google.com/", error="invalid_token""#,
    ..OTHER_GATE
};
const ANALYTICS_LOOK_ALIKE: Form = Form {
    message: "User does not have sufficient permissions for this profile.",
    older: Some(("insufficientPermissions", "User does not have sufficient permissions for this profile.")),
    challenge: challenge!("https://www.googleapis.com/auth/analytics"),
    ..OLDER
};
/// Google's HTML error page says this.
pub(super) const HTML: &str =
    "Your client does not have permission to get URL <code>/</code> from this server.";

impl Wire {
    /// The parts of a refusal in JSON, which gRPC sends in another encoding.
    pub(super) fn form(self) -> Form {
        match self {
            Self::Scope | Self::ScopeInArray => SCOPE,
            Self::ScopeErrorInfoOnly | Self::GrpcScope => SCOPE_ERROR_INFO_ONLY,
            Self::GrpcScopeInTrailers | Self::GrpcScopeErrorInfoOnly => SCOPE_ERROR_INFO_ONLY,
            Self::ScopeMessageOnly | Self::GrpcScopeMessageOnly => SCOPE_MESSAGE_ONLY,
            Self::ScopeHeaderOnly => SCOPE_MESSAGE_ONLY,
            Self::ScopeNoErrorInfo => SCOPE_NO_ERROR_INFO,
            Self::ScopeForbidden => SCOPE_FORBIDDEN,
            Self::ScopeLegacyMessage => SCOPE_LEGACY_MESSAGE,
            Self::ScopeLegacy => SCOPE_LEGACY,
            Self::ScopeStorage | Self::ScopeStorageXml => SCOPE_STORAGE,
            Self::ScopeRestricting => SCOPE_RESTRICTING,
            Self::ScopeOrShare => SCOPE_OR_SHARE,
            Self::IamDenied | Self::GrpcIamDenied | Self::Html => IAM_DENIED,
            Self::ServiceDisabled | Self::GrpcServiceDisabled => SERVICE_DISABLED,
            Self::Billing => BILLING,
            Self::VpcSc => VPC_SC,
            Self::QuotaProject => QUOTA_PROJECT,
            Self::QuotaProjectMissing => QUOTA_PROJECT_MISSING,
            Self::RateLimit => RATE_LIMIT,
            Self::ApiKey => API_KEY,
            Self::Credentials => CREDENTIALS,
            Self::AnalyticsLookAlike => ANALYTICS_LOOK_ALIKE,
        }
    }
}
