//! Data: for each [`RefusalForm`], the status, the message and the other parts of the refusal.
//!
//! The forms are taken from public issue threads and from recorded fixtures of client libraries.
//! The messages are Google's; the names of resources are invented. `ErrorInfo` is documented at
//! <https://cloud.google.com/apis/design/errors#error_info>.

use http::StatusCode;

use super::RefusalForm;

/// The parts of a refusal in JSON. Empty parts are not sent.
pub(crate) struct RefusalParts {
    pub(super) code: StatusCode,
    /// `error.status`, which the older form does not have.
    pub(super) status: &'static str,
    pub(super) message: &'static str,
    /// The reason and the message of `error.errors[0]`.
    pub(super) legacy_error: Option<(&'static str, &'static str)>,
    /// The type and the description of the violation in a `google.rpc.PreconditionFailure`.
    pub(super) violation: Option<(&'static str, &'static str)>,
    pub(super) info: Option<ErrorInfo>,
    /// The value of `WWW-Authenticate`.
    pub(super) challenge: &'static str,
}

/// `google.rpc.ErrorInfo`.
pub(super) struct ErrorInfo {
    pub(super) reason: &'static str,
    pub(super) domain: &'static str,
    /// Keys and values, sorted by key as Google sends them.
    pub(super) metadata: &'static [(&'static str, &'static str)],
}

/// The entry of [`ErrorInfo::metadata`] that names the API.
const SERVICE: (&str, &str) = ("service", "pubsub.googleapis.com");
/// The metadata that names the refused method and its API.
const CALL: &[(&str, &str)] = &[("method", "google.pubsub.v1.Publisher.Publish"), SERVICE];
const COMPUTE_CALL: &[(&str, &str)] =
    &[("method", "compute.v1.InstancesService"), ("service", "compute.googleapis.com")];
/// The metadata that names the API, and the project whose quota the call uses.
const CONSUMER: &[(&str, &str)] = &[("consumer", "projects/123456789012"), SERVICE];

/// Creates an `ErrorInfo` of Google's API frontend, as a value for [`RefusalParts::info`].
const fn info(
    reason: &'static str,
    metadata: &'static [(&'static str, &'static str)],
) -> Option<ErrorInfo> {
    Some(ErrorInfo { reason, domain: "googleapis.com", metadata })
}

/// Formats the `WWW-Authenticate` value of a scope refusal, which lists the scopes that the method
/// accepts.
macro_rules! challenge {
    ($scopes:literal) => {
        concat!(
            r#"Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope=""#,
            $scopes,
            "\""
        )
    };
}

const PUBLISH: &str = challenge!(
    "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/pubsub"
);
const STORAGE: &str = challenge!(
    "https://www.googleapis.com/auth/cloud-platform \
     https://www.googleapis.com/auth/devstorage.read_write"
);

/// The fields that most refusals share in the form that most services send today: a 403 with the
/// status `PERMISSION_DENIED`. The other constants change single fields.
const CURRENT_FORM: RefusalParts = RefusalParts {
    code: StatusCode::FORBIDDEN,
    status: "PERMISSION_DENIED",
    message: "",
    legacy_error: None,
    violation: None,
    info: None,
    challenge: "",
};

/// The fields that refusals in the older form share. The older form has no `status`.
const LEGACY: RefusalParts = RefusalParts { status: "", ..CURRENT_FORM };

const SCOPE_MESSAGE_ONLY: RefusalParts = RefusalParts {
    message: "Request had insufficient authentication scopes.",
    challenge: PUBLISH,
    ..CURRENT_FORM
};
const SCOPE_ERROR_INFO_ONLY: RefusalParts =
    RefusalParts { info: info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", CALL), ..SCOPE_MESSAGE_ONLY };
const SCOPE_NO_ERROR_INFO: RefusalParts = RefusalParts {
    legacy_error: Some(("insufficientPermissions", "Insufficient Permission")),
    ..SCOPE_MESSAGE_ONLY
};
const SCOPE: RefusalParts =
    RefusalParts { legacy_error: SCOPE_NO_ERROR_INFO.legacy_error, ..SCOPE_ERROR_INFO_ONLY };
/// The scope refusal that Compute Engine sends.
pub(crate) const COMPUTE_SCOPE: RefusalParts =
    RefusalParts { info: info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", COMPUTE_CALL), ..SCOPE };
const SCOPE_FORBIDDEN: RefusalParts = RefusalParts {
    legacy_error: Some(("forbidden", SCOPE_MESSAGE_ONLY.message)),
    ..SCOPE_MESSAGE_ONLY
};
const SCOPE_LEGACY_MESSAGE: RefusalParts = RefusalParts {
    message: "Insufficient Permission: Request had insufficient authentication scopes.",
    legacy_error: Some((
        "insufficientPermissions",
        "Insufficient Permission: Request had insufficient authentication scopes.",
    )),
    challenge: PUBLISH,
    ..LEGACY
};
const SCOPE_LEGACY: RefusalParts = RefusalParts {
    message: "Insufficient Permission",
    legacy_error: Some(("insufficientPermissions", "Insufficient Permission")),
    challenge: "Bearer realm=\"https://accounts.google.com/AuthSubRequest\", \
        error=insufficient_scope, scope=\"https://www.googleapis.com/auth/cloud-platform \
        https://www.googleapis.com/auth/pubsub\"",
    ..LEGACY
};
const SCOPE_STORAGE: RefusalParts = RefusalParts {
    message: "Provided scope(s) are not authorized",
    legacy_error: Some(("forbidden", "Provided scope(s) are not authorized")),
    challenge: STORAGE,
    ..LEGACY
};
const SCOPE_RESTRICTING: RefusalParts = RefusalParts {
    message: "Metadata scope does not support 'q' parameter",
    legacy_error: Some(("forbidden", "Metadata scope does not support 'q' parameter")),
    ..LEGACY
};
const SCOPE_OR_SHARE: RefusalParts = RefusalParts {
    message: "Access Denied: BigQuery BigQuery: Permission denied while getting Drive credentials.",
    legacy_error: Some((
        "accessDenied",
        "Access Denied: BigQuery BigQuery: Permission denied while getting Drive credentials.",
    )),
    ..LEGACY
};
const IAM_DENIED: RefusalParts = RefusalParts {
    message: "Permission 'pubsub.topics.publish' denied on resource \
              '//pubsub.googleapis.com/projects/my-project/topics/orders' (or it may not exist).",
    info: Some(ErrorInfo {
        reason: "IAM_PERMISSION_DENIED",
        domain: "iam.googleapis.com",
        metadata: &[
            ("permission", "pubsub.topics.publish"),
            ("resource", "projects/my-project/topics/orders"),
        ],
    }),
    ..CURRENT_FORM
};
const NOT_USED_BEFORE: &str = "Cloud Pub/Sub API has not been used in project 123456789012 before \
    or it is disabled. Enable it by visiting \
    https://console.developers.google.com/apis/api/pubsub.googleapis.com/overview\
    ?project=123456789012 then retry. If you enabled this API recently, wait a few minutes for \
    the action to propagate to our systems and retry.";
const SERVICE_DISABLED: RefusalParts = RefusalParts {
    message: NOT_USED_BEFORE,
    legacy_error: Some(("accessNotConfigured", NOT_USED_BEFORE)),
    info: info("SERVICE_DISABLED", CONSUMER),
    ..CURRENT_FORM
};
const BILLING: RefusalParts = RefusalParts {
    message: "This API method requires billing to be enabled. Please enable billing on project \
        #123456789012 by visiting \
        https://console.developers.google.com/billing/enable?project=123456789012 then retry.",
    info: info("BILLING_DISABLED", CONSUMER),
    ..CURRENT_FORM
};
const VPC_SC: RefusalParts = RefusalParts {
    message: "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: \
              fakeUniqueIdentifier",
    violation: Some(("VPC_SERVICE_CONTROLS", "fakeUniqueIdentifier")),
    info: info("SECURITY_POLICY_VIOLATED", &[SERVICE]),
    ..CURRENT_FORM
};
const QUOTA_PROJECT: RefusalParts = RefusalParts {
    message: "Caller does not have required permission to use project my-project. Grant the caller \
        the roles/serviceusage.serviceUsageConsumer role, or a custom role with the \
        serviceusage.services.use permission, by visiting \
        https://console.developers.google.com/iam-admin/iam/project?project=my-project and then \
        retry.",
    info: info("USER_PROJECT_DENIED", CONSUMER),
    ..CURRENT_FORM
};
const QUOTA_PROJECT_MISSING: RefusalParts = RefusalParts {
    message: "Your application is authenticating by using local Application Default Credentials. \
              The pubsub.googleapis.com API requires a quota project, which is not set by default.",
    // The consumer is the project of gcloud's own OAuth client.
    info: info("SERVICE_DISABLED", &[("consumer", "projects/764086051850"), SERVICE]),
    ..CURRENT_FORM
};
const RATE_LIMIT: RefusalParts = RefusalParts {
    message: "Rate Limit Exceeded",
    legacy_error: Some(("rateLimitExceeded", "Rate Limit Exceeded")),
    info: info("RATE_LIMIT_EXCEEDED", CONSUMER),
    ..CURRENT_FORM
};
const API_KEY: RefusalParts = RefusalParts {
    message: "Requests from referer <empty> are blocked.",
    legacy_error: Some(("forbidden", "Requests from referer <empty> are blocked.")),
    info: info("API_KEY_HTTP_REFERRER_BLOCKED", CONSUMER),
    ..CURRENT_FORM
};
const CREDENTIALS: RefusalParts = RefusalParts {
    code: StatusCode::UNAUTHORIZED,
    status: "UNAUTHENTICATED",
    message: "Request had invalid authentication credentials. Expected OAuth 2 access token, \
              login cookie or other valid authentication credential.",
    info: info("ACCESS_TOKEN_EXPIRED", CALL),
    challenge: r#"Bearer realm="https://accounts.google.com/", error="invalid_token""#,
    ..CURRENT_FORM
};
const ANALYTICS_LOOK_ALIKE: RefusalParts = RefusalParts {
    message: "User does not have sufficient permissions for this profile.",
    legacy_error: Some((
        "insufficientPermissions",
        "User does not have sufficient permissions for this profile.",
    )),
    challenge: challenge!("https://www.googleapis.com/auth/analytics"),
    ..LEGACY
};
/// The text of Google's HTML error page.
pub(super) const HTML: &str =
    "Your client does not have permission to get URL <code>/</code> from this server.";

impl RefusalForm {
    /// Returns the parts of the refusal. A gRPC response contains the same parts, encoded
    /// differently.
    pub(super) fn parts(self) -> RefusalParts {
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
            // The HTML page contains none of the parts.
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
