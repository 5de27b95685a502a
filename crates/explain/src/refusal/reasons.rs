//! Data: the reasons and error codes that Google's servers send, and the gate that each belongs to.

use super::gate::Gate;
use super::verdict::{LIKELY_MISSING, MISSING, REQUESTED_SCOPES, Verdict, certain, likely};

/// Reasons of `google.rpc.ErrorInfo`. Source of most:
/// <https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto>
pub(super) static ERROR_INFO: &[(&str, Verdict)] = &[
    ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", MISSING),
    ("ACCESS_TOKEN_EXPIRED", certain(Gate::Credentials)),
    ("ACCESS_TOKEN_TYPE_UNSUPPORTED", certain(Gate::Credentials)),
    ("ACCOUNT_STATE_INVALID", certain(Gate::Credentials)),
    ("API_KEY_ANDROID_APP_BLOCKED", certain(Gate::ApiKey)),
    ("API_KEY_HTTP_REFERRER_BLOCKED", certain(Gate::ApiKey)),
    ("API_KEY_INVALID", certain(Gate::ApiKey)),
    ("API_KEY_IOS_APP_BLOCKED", certain(Gate::ApiKey)),
    ("API_KEY_IP_ADDRESS_BLOCKED", certain(Gate::ApiKey)),
    ("API_KEY_SERVICE_BLOCKED", certain(Gate::ApiKey)),
    ("AUTH_PERMISSION_DENIED", certain(Gate::Iam)),
    ("BILLING_DISABLED", certain(Gate::Billing)),
    ("CONCURRENT_OPERATIONS_QUOTA_EXCEEDED", certain(Gate::RateLimit)),
    ("CONSUMER_INVALID", certain(Gate::QuotaProject)),
    ("CONSUMER_SUSPENDED", certain(Gate::Other)),
    ("CREDENTIALS_MISSING", certain(Gate::Credentials)),
    ("GCP_SUSPENDED", certain(Gate::Other)),
    ("IAM_PERMISSION_DENIED", certain(Gate::Iam)),
    ("LOCATION_ORG_POLICY_VIOLATED", certain(Gate::OrgPolicy)),
    ("LOCATION_POLICY_VIOLATED", certain(Gate::OrgPolicy)),
    ("LOCATION_TAX_POLICY_VIOLATED", certain(Gate::Other)),
    ("OAUTH_CLIENT_DISABLED", certain(Gate::Credentials)),
    ("ORG_RESTRICTION_HEADER_INVALID", certain(Gate::OrgPolicy)),
    ("ORG_RESTRICTION_VIOLATION", certain(Gate::OrgPolicy)),
    ("OVERLOADED_CREDENTIALS", certain(Gate::Credentials)),
    ("RATE_LIMIT_EXCEEDED", certain(Gate::RateLimit)),
    ("RESOURCE_PROJECT_INVALID", certain(Gate::Other)),
    ("RESOURCE_QUOTA_EXCEEDED", certain(Gate::RateLimit)),
    ("RESOURCE_USAGE_RESTRICTION_VIOLATED", certain(Gate::OrgPolicy)),
    ("SECURITY_POLICY_VIOLATED", certain(Gate::VpcSc)),
    ("SERVICE_DISABLED", certain(Gate::ServiceDisabled)),
    ("SERVICE_NOT_VISIBLE", certain(Gate::ServiceDisabled)),
    ("SESSION_COOKIE_INVALID", certain(Gate::Credentials)),
    ("SYSTEM_PARAMETER_UNSUPPORTED", certain(Gate::Other)),
    ("UREQ_PROJECT_BILLING_NOT_FOUND", certain(Gate::Billing)),
    ("UREQ_PROJECT_BILLING_NOT_OPEN", certain(Gate::Billing)),
    ("UREQ_TOS_NOT_ACCEPTED", certain(Gate::Other)),
    ("USER_BLOCKED_BY_ADMIN", certain(Gate::OrgPolicy)),
    ("USER_PROJECT_DENIED", certain(Gate::QuotaProject)),
    ("SERVICE_ACCOUNT_ACCESS_DENIED", certain(Gate::Iam)),
];

/// Reasons that belong to another gate if a message contains the second
/// text. The numbers are the projects of gcloud's OAuth clients, to which calls are charged if no
/// quota project is set.
pub(super) static REASON_EXCEPTIONS: &[(&str, &str, Gate)] = &[
    ("SERVICE_DISABLED", "quota project", Gate::QuotaProject),
    ("SERVICE_DISABLED", "764086051850", Gate::QuotaProject),
    ("SERVICE_DISABLED", "32555940559", Gate::QuotaProject),
    ("CONSUMER_SUSPENDED", "api_key:", Gate::ApiKey),
    ("CONSUMER_INVALID", "api_key:", Gate::ApiKey),
    ("accessNotConfigured", "764086051850", Gate::QuotaProject),
    ("accessNotConfigured", "32555940559", Gate::QuotaProject),
];

/// Parts of reasons that only some services use. They count if the whole reason is in no other
/// list.
pub(super) static REASON_PARTS: &[(&str, Verdict)] = &[
    ("SCOPE_INSUFFICIENT", LIKELY_MISSING),
    ("INSUFFICIENT_SCOPE", LIKELY_MISSING),
    ("API_KEY", likely(Gate::ApiKey)),
    ("BILLING", likely(Gate::Billing)),
    ("ORG_POLICY", likely(Gate::OrgPolicy)),
    ("SERVICE_CONTROLS", likely(Gate::VpcSc)),
    ("QUOTA_EXCEEDED", likely(Gate::RateLimit)),
    ("RATE_LIMIT", likely(Gate::RateLimit)),
    ("LIMIT_EXCEEDED", likely(Gate::RateLimit)),
    ("TOKEN_EXPIRED", likely(Gate::Credentials)),
    ("_PERMISSION_DENIED", likely(Gate::Iam)),
    ("_ACCESS_DENIED", likely(Gate::Iam)),
];

/// Types and subjects of a `PreconditionFailure`, in lower case; `quotafailure` for any
/// `QuotaFailure`.
pub(super) static VIOLATIONS: &[(&str, Verdict)] = &[
    ("vpc_service_controls", certain(Gate::VpcSc)),
    ("constraints/", certain(Gate::OrgPolicy)),
    ("orgpolicy:", certain(Gate::OrgPolicy)),
    ("billing-enabled", certain(Gate::Billing)),
    ("quotafailure", certain(Gate::RateLimit)),
    ("org_policy", likely(Gate::OrgPolicy)),
];

/// The values of the field `error` of Google's token endpoints: those of RFC 6749 and a few more.
/// Source:
/// <https://developers.google.com/identity/protocols/oauth2/web-server#authorization-errors>
pub(super) static TOKEN_ERRORS: &[(&str, Verdict)] = &[
    ("invalid_scope", REQUESTED_SCOPES),
    ("restricted_client", REQUESTED_SCOPES),
    ("insufficient_scope", LIKELY_MISSING),
    ("admin_policy_enforced", certain(Gate::OrgPolicy)),
    ("org_internal", certain(Gate::OrgPolicy)),
    ("invalid_grant", certain(Gate::Credentials)),
    ("invalid_client", certain(Gate::Credentials)),
    ("deleted_client", certain(Gate::Credentials)),
    ("disabled_client", certain(Gate::Credentials)),
    ("invalid_token", certain(Gate::Credentials)),
    ("invalid_rapt", certain(Gate::Credentials)),
    ("rapt_required", certain(Gate::Credentials)),
    ("access_denied", likely(Gate::Credentials)),
    ("invalid_request", likely(Gate::Credentials)),
    ("unsupported_grant_type", likely(Gate::Credentials)),
];

/// A reason that does not prove a missing scope: most services send it for a missing scope, but
/// Analytics v3 sends it for missing access to an account or a profile.
pub(super) const AMBIGUOUS_REASON: &str = "insufficientPermissions";

/// Reasons and codes that do not exclude a refusal for lack of scope. Any other reason belongs to
/// one gate.
pub(super) const GENERAL_REASONS: &[&str] = &[
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    AMBIGUOUS_REASON,
    "insufficientScopes",
    "forbidden",
    "accessDenied",
    "permissionDenied",
    "PERMISSION_DENIED",
    "unauthorized",
];

/// Reasons of errors that no gate causes, unless a message begins with a sentence of a gate.
pub(super) const ORDINARY_REASONS: &[&str] =
    &["alreadyExists", "backendError", "conflict", "duplicate", "notFound"];

/// Older one-word reasons, and the codes of Cloud Storage's XML API with the first letter in lower
/// case. Source of the codes: <https://cloud.google.com/storage/docs/xml-api/reference-status>
pub(super) static REASONS: &[(&str, Verdict)] = &[
    ("accessNotConfigured", certain(Gate::ServiceDisabled)),
    ("serviceDisabled", likely(Gate::ServiceDisabled)),
    ("insufficientScopes", MISSING),
    ("accountDisabled", likely(Gate::Billing)),
    ("accountProblem", likely(Gate::Billing)),
    ("billingDisabled", certain(Gate::Billing)),
    ("billingNotEnabled", certain(Gate::Billing)),
    ("userProjectAccountProblem", certain(Gate::Billing)),
    ("userProjectMissing", certain(Gate::QuotaProject)),
    ("userProjectInconsistent", certain(Gate::QuotaProject)),
    ("userProjectInvalid", certain(Gate::QuotaProject)),
    ("userProjectAccessDenied", certain(Gate::QuotaProject)),
    ("userProjectDenied", certain(Gate::QuotaProject)),
    ("securityPolicyViolated", certain(Gate::VpcSc)),
    ("vpcServiceControls", certain(Gate::VpcSc)),
    ("domainPolicy", certain(Gate::OrgPolicy)),
    ("domainCannotUseApis", certain(Gate::OrgPolicy)),
    ("orgPolicyViolated", certain(Gate::OrgPolicy)),
    ("publicAccessPreventionEnforced", certain(Gate::OrgPolicy)),
    ("ipRefererBlocked", certain(Gate::ApiKey)),
    ("refererBlocked", certain(Gate::ApiKey)),
    ("keyInvalid", certain(Gate::ApiKey)),
    ("keyExpired", certain(Gate::ApiKey)),
    ("authError", certain(Gate::Credentials)),
    ("unauthorized", likely(Gate::Credentials)),
    ("authenticationRequired", certain(Gate::Credentials)),
    ("loginRequired", certain(Gate::Credentials)),
    ("invalidCredentials", certain(Gate::Credentials)),
    ("invalidSecurity", certain(Gate::Credentials)),
    ("invalidToken", certain(Gate::Credentials)),
    ("invalidAccessKeyId", certain(Gate::Credentials)),
    ("expiredToken", certain(Gate::Credentials)),
    ("tokenRefreshRequired", certain(Gate::Credentials)),
    ("signatureDoesNotMatch", certain(Gate::Credentials)),
    ("requestTimeTooSkewed", certain(Gate::Credentials)),
    ("lockedDomainExpired", likely(Gate::Credentials)),
    ("rateLimitExceeded", certain(Gate::RateLimit)),
    ("slowDown", certain(Gate::RateLimit)),
    ("tooManyRequests", certain(Gate::RateLimit)),
    ("insufficientQuota", certain(Gate::RateLimit)),
    ("egressQuotaExceeded", certain(Gate::RateLimit)),
    ("resourcesExceeded", likely(Gate::RateLimit)),
    ("appNotAuthorizedToFile", likely(Gate::ResourceAcl)),
    ("appNotAuthorizedToChild", likely(Gate::ResourceAcl)),
    ("insufficientFilePermissions", certain(Gate::ResourceAcl)),
    ("insufficientParentPermissions", certain(Gate::ResourceAcl)),
    ("teamDriveMembershipRequired", certain(Gate::ResourceAcl)),
    ("requiredAccessLevel", certain(Gate::ResourceAcl)),
    ("forbiddenForNonOrganizer", certain(Gate::ResourceAcl)),
    ("notACalendarUser", certain(Gate::ResourceAcl)),
    ("fileNotDownloadable", certain(Gate::Other)),
    ("cannotShare", likely(Gate::ResourceAcl)),
    ("playlistItemsNotAccessible", likely(Gate::ResourceAcl)),
    // Google Play sends this reason with 401 or 403 for a missing permission in the Play Console.
    ("permissionDenied", likely(Gate::ResourceAcl)),
    ("youtubeSignupRequired", certain(Gate::Other)),
    ("projectNotLinked", certain(Gate::Other)),
    ("accountClosed", certain(Gate::Other)),
    ("channelClosed", certain(Gate::Other)),
    ("channelSuspended", certain(Gate::Other)),
    ("cannotDownloadAbusiveFile", certain(Gate::Other)),
    ("objectUnderActiveHold", certain(Gate::Other)),
    ("retentionPolicyNotMet", certain(Gate::Other)),
    ("notAuthorized", likely(Gate::Iam)),
    // Kubernetes sends this reason for its RBAC. Google's reason `forbidden` names no gate:
    // https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/types.go
    ("Forbidden", likely(Gate::Iam)),
    ("accessDenied", likely(Gate::Iam)),
];

/// Endings of reasons that are not in [`REASONS`], in lower case.
pub(super) static REASON_ENDINGS: &[(&str, Verdict)] = &[
    ("limitexceeded", certain(Gate::RateLimit)),
    ("limitexceededunreg", certain(Gate::RateLimit)),
    ("quotaexceeded", certain(Gate::RateLimit)),
];
