//! Data: phrases from the messages of Google's servers, and the gate that each phrase belongs to.
//!
//! The order of [`PHRASES`] matters. First come phrases that keep their meaning when another
//! message quotes them (a scope refusal within a client's error). Then come gates whose messages
//! also contain phrases of gates further down (an API key refused with `rateLimitExceeded`, a quota
//! project whose API is disabled, billing that "must be enabled"). The gates whose messages are
//! plain English come last. [`ACCESS_PHRASES`] count only if neither a reason nor the status nor a
//! permission decides.
//!
//! A `*` matches up to 120 bytes. Phrases are written in the form that `text::normalized` returns:
//! in lower case, without quotes, with "not" for `n't`.
//!
//! Public sources: the error pages of the services, such as
//! <https://cloud.google.com/storage/docs/json_api/v1/status-codes>,
//! <https://cloud.google.com/bigquery/docs/error-messages>,
//! <https://developers.google.com/workspace/drive/api/guides/handle-errors>, and
//! <https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto>.

use super::gate::{Certainty, Gate};
use super::verdict::{
    LIKELY_MISSING, MISSING, REGISTRY, REQUESTED_SCOPES, SCRIPT, ScopeProblem, Verdict, certain,
    likely, possible, scope,
};

/// The whole message that older services send when a scope is missing.
pub(super) const BARE_MESSAGE: &str = "Insufficient Permission";
/// [`BARE_MESSAGE`] in the form in which the phrases are written.
pub(super) const BARE_WORDS: &str = "insufficient permission";

/// The words with which a service perimeter in dry-run mode begins its messages.
pub(super) const DRY_RUN_WORDS: &str = "(dry run mode)";

/// The words of a policy of an organisation.
pub(super) const VIOLATES_CONSTRAINT: &str = "violates constraint";

/// The words with which Drive hides a file or a shared drive from a caller. Source:
/// <https://developers.google.com/workspace/drive/api/guides/handle-errors#file-not-found>
pub(super) const MISSING_FILE_PHRASES: [&str; 2] = ["file not found:", "shared drive not found:"];

/// The hosts of Google's container registries.
pub(super) const REGISTRIES: [&str; 2] = ["gcr.io", "pkg.dev"];
/// Words with which a container runtime reports a refusal by a registry.
pub(super) const REGISTRY_REFUSALS: [&str; 5] =
    [" 403", "=403", "denied:", ": denied", "forbidden"];

/// Phrases that only one service sends, and the host of that service.
pub(super) static SERVICES: &[(&str, &str)] = &[
    ("scope(s) are not authorized", "storage.googleapis.com"),
    ("provided scope(s) are", "storage.googleapis.com"),
    ("provided scope*not authorized", "storage.googleapis.com"),
    ("to access the cloud sql api from this vm", "sqladmin.googleapis.com"),
    ("cloud sql access (scope) enabled", "sqladmin.googleapis.com"),
];

/// Words of the messages of one service alone, and the host of that service. They show only whose
/// message it is, not the gate.
pub(super) static SERVICE_WORDS: &[(&str, &str)] = &[
    ("access to the google cloud storage", "storage.googleapis.com"),
    ("access to the google cloud project", "storage.googleapis.com"),
    ("access denied: bigquery", "bigquery.googleapis.com"),
    ("access denied: dataset", "bigquery.googleapis.com"),
    ("access denied: table", "bigquery.googleapis.com"),
    ("access denied: view", "bigquery.googleapis.com"),
    ("access denied: routine", "bigquery.googleapis.com"),
    ("access denied: project*user does not have bigquery.", "bigquery.googleapis.com"),
];

/// The hosts of APIs for files in Drive. `The caller does not have permission` of these APIs means
/// that the file is not shared with the caller. Source:
/// <https://developers.google.com/workspace/drive/api/guides/manage-sharing>
pub(super) const HOSTS_OF_FILES: [&str; 4] = [
    "docs.googleapis.com",
    "forms.googleapis.com",
    "sheets.googleapis.com",
    "slides.googleapis.com",
];
/// The message with which these APIs refuse access to a file.
pub(super) const FILE_MESSAGE: &str = "caller does not have permission";

/// The sentences that are the whole message when a scope is missing or restricts the token, in the
/// form of the phrases and without the full stop at the end. Here a `*` matches one word.
pub(super) const WHOLE_MESSAGES: [&str; 5] = [
    "request had insufficient authentication scopes",
    "insufficient permission: request had insufficient authentication scopes",
    "provided scope(s) are not authorized",
    "metadata scope does not support * parameter",
    "metadata scope does not allow format *",
];

/// Phrases from the messages of servers and clients. The first phrase that matches decides.
pub(super) static PHRASES: &[(&str, Verdict)] = &[
    // Scope, in words that only refusals for lack of scope contain.
    ("insufficient authentication scope", MISSING),
    ("scope(s) are not authorized", MISSING),
    ("granted scopes do not give access", MISSING),
    ("requires one of the following scopes", MISSING),
    (
        "no oauth token with google drive scope",
        scope(ScopeProblem::ScopeOrShare, Certainty::Certain),
    ),
    ("metadata scope does not", scope(ScopeProblem::Restricting, Certainty::Certain)),
    ("while getting drive credentials", scope(ScopeProblem::ScopeOrShare, Certainty::Likely)),
    ("while globbing file pattern", scope(ScopeProblem::ScopeOrShare, Certainty::Likely)),
    // GKE names the scope that the nodes of a cluster lack.
    (
        "private_registry_access_config requires scope",
        scope(ScopeProblem::NodePool, Certainty::Certain),
    ),
    // The Cloud SQL proxy, version 1, compares the scopes of the VM before it sends a call.
    ("to access the cloud sql api from this vm", LIKELY_MISSING),
    ("cloud sql access (scope) enabled", LIKELY_MISSING),
    // Home Assistant compares the scopes of the stored login with those it needs.
    ("required scopes are not available", LIKELY_MISSING),
    // Scopes that were requested from a token endpoint.
    ("invalid_scope", REQUESTED_SCOPES),
    // A domain-wide delegation that does not include the scopes. `unauthorized_client` alone may
    // have other causes.
    ("unauthorized to retrieve access tokens", REQUESTED_SCOPES),
    ("empty or missing scope", REQUESTED_SCOPES),
    ("invalid oauth scope", REQUESTED_SCOPES),
    ("any of the scopes requested", REQUESTED_SCOPES),
    ("requested scopes were invalid", REQUESTED_SCOPES),
    ("unregistered scope", REQUESTED_SCOPES),
    ("invalid downscoping", REQUESTED_SCOPES),
    ("you must specify at least one scope", REQUESTED_SCOPES),
    ("scopes have not been granted to the service account", REQUESTED_SCOPES),
    ("generateaccesstoken*invalid argument", REQUESTED_SCOPES),
    ("impersonate: status code 400", REQUESTED_SCOPES),
    ("impersonate: scopes must be provided", REQUESTED_SCOPES),
    ("invalid scope", REQUESTED_SCOPES),
    // Scope, in the words of less common servers.
    ("provided scope*not authorized", LIKELY_MISSING),
    // The beginnings of Google's sentences, which programs cut.
    ("request had insufficient", LIKELY_MISSING),
    ("provided scope(s) are", LIKELY_MISSING),
    // Apps Script calls scopes permissions, in the language of the person.
    ("required permissions*googleapis.com/auth/", SCRIPT),
    ("driveapp.*: https://www.googleapis.com/auth/", SCRIPT),
    ("driveapp.*: (https://www.googleapis.com/auth/", SCRIPT),
    ("spreadsheetapp.*: https://www.googleapis.com/auth/", SCRIPT),
    ("spreadsheetapp.*: (https://www.googleapis.com/auth/", SCRIPT),
    ("urlfetchapp.*: https://www.googleapis.com/auth/", SCRIPT),
    ("scriptapp.*: https://www.googleapis.com/auth/", SCRIPT),
    ("documentapp.*: https://www.googleapis.com/auth/", SCRIPT),
    ("documentapp.*: (https://www.googleapis.com/auth/", SCRIPT),
    ("calendarapp.*: https://www.googleapis.com/auth/", SCRIPT),
    ("calendarapp.*: (https://www.googleapis.com/auth/", SCRIPT),
    ("mailapp.*: https://www.googleapis.com/auth/", SCRIPT),
    ("mailapp.*: (https://www.googleapis.com/auth/", SCRIPT),
    ("specified permissions are not sufficient to call", SCRIPT),
    // Container registries do not name the gate. Missing scopes of a node are the usual cause.
    ("you do not have the needed permissions*may have invalid credentials", REGISTRY),
    ("denied: permission denied for*from request /v2/", REGISTRY),
    ("scope does not allow", scope(ScopeProblem::Restricting, Certainty::Likely)),
    ("scope does not support", scope(ScopeProblem::Restricting, Certainty::Likely)),
    // IAM: https://docs.cloud.google.com/iam/docs/permission-error-messages
    ("remediate access with this troubleshooter url", certain(Gate::Iam)),
    ("error_info_id", certain(Gate::Iam)),
    ("cloud.google.com/iam-admin/troubleshooter/", certain(Gate::Iam)),
    // The API key.
    ("api keys are not supported", certain(Gate::Credentials)),
    ("api key not valid", certain(Gate::ApiKey)),
    ("api key is not valid", certain(Gate::ApiKey)),
    ("api key expired", certain(Gate::ApiKey)),
    ("api key has expired", certain(Gate::ApiKey)),
    ("api key not found", certain(Gate::ApiKey)),
    ("api key is invalid", certain(Gate::ApiKey)),
    ("api key is missing", certain(Gate::ApiKey)),
    ("invalid api key", likely(Gate::ApiKey)),
    ("missing a valid api key", certain(Gate::ApiKey)),
    ("api key was reported as leaked", certain(Gate::ApiKey)),
    (
        "api key and the authentication credential are from different projects",
        certain(Gate::ApiKey),
    ),
    ("authorized to use this api key", certain(Gate::ApiKey)),
    ("api keys with referer restrictions", certain(Gate::ApiKey)),
    ("requests from*are blocked", certain(Gate::ApiKey)),
    ("requests to this api*are blocked", certain(Gate::ApiKey)),
    ("consumer api_key:", certain(Gate::ApiKey)),
    ("must use an api key", likely(Gate::ApiKey)),
    ("requires an api key", likely(Gate::ApiKey)),
    ("api key is not authorized", likely(Gate::ApiKey)),
    ("api key has*restriction", likely(Gate::ApiKey)),
    ("api key*not allowed", likely(Gate::ApiKey)),
    ("referernotallowed", certain(Gate::ApiKey)),
    ("invalidkeymaperror", certain(Gate::ApiKey)),
    ("missingkeymaperror", certain(Gate::ApiKey)),
    ("apitargetblocked", certain(Gate::ApiKey)),
    // Service perimeters. They precede policies, because their messages contain "policy", too.
    ("vpcservicecontrols", certain(Gate::VpcSc)),
    ("vpc service controls", certain(Gate::VpcSc)),
    ("vpc_service_controls", certain(Gate::VpcSc)),
    ("prohibited by organizations policy", certain(Gate::VpcSc)),
    ("service perimeter", likely(Gate::VpcSc)),
    // Policies of organisations and domains.
    ("constraint*violated", certain(Gate::OrgPolicy)),
    (VIOLATES_CONSTRAINT, certain(Gate::OrgPolicy)),
    ("type: constraints/", certain(Gate::OrgPolicy)),
    ("orgpolicy:projects", certain(Gate::OrgPolicy)),
    ("by*policy*constraints/", likely(Gate::OrgPolicy)),
    ("by organization policy", likely(Gate::OrgPolicy)),
    ("by the organization policy", likely(Gate::OrgPolicy)),
    ("by an organization policy", likely(Gate::OrgPolicy)),
    ("to an organization policy", likely(Gate::OrgPolicy)),
    ("organization policy*violat", likely(Gate::OrgPolicy)),
    ("violat*organization policy", likely(Gate::OrgPolicy)),
    ("violat*org policy", likely(Gate::OrgPolicy)),
    ("organizations policy", likely(Gate::OrgPolicy)),
    ("permitted customer", certain(Gate::OrgPolicy)),
    ("in permitted organization", certain(Gate::OrgPolicy)),
    ("public access prevention", certain(Gate::OrgPolicy)),
    ("key creation is not allowed on this service account", certain(Gate::OrgPolicy)),
    ("domain policy", likely(Gate::OrgPolicy)),
    ("domain cannot use apis", certain(Gate::OrgPolicy)),
    ("domaincannotuseapis", certain(Gate::OrgPolicy)),
    ("admin_policy_enforced", certain(Gate::OrgPolicy)),
    ("org_internal", likely(Gate::OrgPolicy)),
    ("domain administrators", likely(Gate::OrgPolicy)),
    ("blocked by your admin", likely(Gate::OrgPolicy)),
    ("disabled by your admin", likely(Gate::OrgPolicy)),
    ("blocked by an admin", likely(Gate::OrgPolicy)),
    ("disabled by an admin", likely(Gate::OrgPolicy)),
    ("disabled by the domain admin", likely(Gate::OrgPolicy)),
    ("admin has disabled", likely(Gate::OrgPolicy)),
    ("administrator has disabled", likely(Gate::OrgPolicy)),
    ("admin has restricted", likely(Gate::OrgPolicy)),
    ("not allowed by your organization", likely(Gate::OrgPolicy)),
    // Billing, including that of the quota project.
    ("requires billing to be enabled", certain(Gate::Billing)),
    ("billing must be enabled", certain(Gate::Billing)),
    ("billing has not been enabled", certain(Gate::Billing)),
    ("billing not enabled", certain(Gate::Billing)),
    ("billing is not enabled", certain(Gate::Billing)),
    ("billing to be enabled", certain(Gate::Billing)),
    ("billing disabled", certain(Gate::Billing)),
    ("billing is disabled", certain(Gate::Billing)),
    ("billing enabled", likely(Gate::Billing)),
    ("must enable billing", certain(Gate::Billing)),
    ("enable billing", likely(Gate::Billing)),
    ("billing account*is not found", certain(Gate::Billing)),
    ("billing account not found", likely(Gate::Billing)),
    ("billing account*is disabled", certain(Gate::Billing)),
    ("billing account*is not open", certain(Gate::Billing)),
    ("billing account*is closed", certain(Gate::Billing)),
    ("billing account*not active", likely(Gate::Billing)),
    ("billing account*not in good standing", likely(Gate::Billing)),
    ("absent billing account", certain(Gate::Billing)),
    ("not configured billing", certain(Gate::Billing)),
    ("billingnotenabled", certain(Gate::Billing)),
    ("closed billing account", certain(Gate::Billing)),
    ("disabled billing account", certain(Gate::Billing)),
    ("no billing account", likely(Gate::Billing)),
    ("billing_disabled", certain(Gate::Billing)),
    ("not allowed in the free tier", certain(Gate::Billing)),
    ("account associated with the project*disabled", likely(Gate::Billing)),
    ("account for the specified project has been disabled", likely(Gate::Billing)),
    ("delinquent", likely(Gate::Billing)),
    // The quota project. It precedes disabled APIs, because their messages name a project, too.
    ("requires a quota project", certain(Gate::QuotaProject)),
    // The projects of gcloud's OAuth clients, to which calls without a quota project are charged.
    ("project 764086051850 before", certain(Gate::QuotaProject)),
    ("project 32555940559 before", certain(Gate::QuotaProject)),
    ("end user credentials*not supported by", likely(Gate::QuotaProject)),
    ("permission to use project", certain(Gate::QuotaProject)),
    ("serviceusage.services.use", likely(Gate::QuotaProject)),
    ("requester pays bucket but", certain(Gate::QuotaProject)),
    ("user project specified", certain(Gate::QuotaProject)),
    ("no user project", likely(Gate::QuotaProject)),
    ("user_project_denied", certain(Gate::QuotaProject)),
    ("quota project*not", likely(Gate::QuotaProject)),
    ("quota project*invalid", likely(Gate::QuotaProject)),
    ("not*quota project", likely(Gate::QuotaProject)),
    ("invalid quota project", likely(Gate::QuotaProject)),
    ("project*has been deleted", likely(Gate::QuotaProject)),
    ("project*not found or deleted", likely(Gate::QuotaProject)),
    ("project*pending deletion", likely(Gate::QuotaProject)),
    ("project marked for deletion", likely(Gate::QuotaProject)),
    ("consumer_invalid", certain(Gate::QuotaProject)),
    ("consumer*has been suspended", certain(Gate::Other)),
    ("project*has been suspended", likely(Gate::Other)),
    // Objects that must not change: <https://cloud.google.com/storage/docs/object-holds>.
    ("under active*hold", certain(Gate::Other)),
    ("retention policy*cannot be deleted", certain(Gate::Other)),
    // APIs and methods that are open only to a list of projects.
    ("alpha access*permission", certain(Gate::Other)),
    ("not allowlisted", likely(Gate::Other)),
    ("not whitelisted", likely(Gate::Other)),
    // Disabled APIs.
    ("before or it is disabled", certain(Gate::ServiceDisabled)),
    ("access not configured", certain(Gate::ServiceDisabled)),
    ("accessnotconfigured", certain(Gate::ServiceDisabled)),
    ("service_disabled", certain(Gate::ServiceDisabled)),
    ("has not enabled the*api", certain(Gate::ServiceDisabled)),
    ("api has not been enabled", certain(Gate::ServiceDisabled)),
    ("api has not been activated", certain(Gate::ServiceDisabled)),
    ("api*is not enabled", certain(Gate::ServiceDisabled)),
    ("api*not enabled on project", certain(Gate::ServiceDisabled)),
    ("api*not enabled for project", certain(Gate::ServiceDisabled)),
    ("api not enabled", likely(Gate::ServiceDisabled)),
    ("api is disabled", likely(Gate::ServiceDisabled)),
    ("api is not activated", certain(Gate::ServiceDisabled)),
    ("api project is not authorized to use this api", certain(Gate::ServiceDisabled)),
    ("service*is not enabled for", likely(Gate::ServiceDisabled)),
    ("googleapis.com*is not enabled", likely(Gate::ServiceDisabled)),
    ("googleapis.com is disabled", likely(Gate::ServiceDisabled)),
    ("apinotactivated", likely(Gate::ServiceDisabled)),
    ("has not been used in project", likely(Gate::ServiceDisabled)),
    // Rate limits and quotas.
    ("rate limit exceeded", certain(Gate::RateLimit)),
    ("rate limits exceeded", certain(Gate::RateLimit)),
    ("ratelimitexceeded", certain(Gate::RateLimit)),
    ("rate_limit_exceeded", certain(Gate::RateLimit)),
    ("exceeded rate limit", certain(Gate::RateLimit)),
    ("exceeded the rate limit", certain(Gate::RateLimit)),
    ("quotaexceeded", certain(Gate::RateLimit)),
    ("quota_exceeded", certain(Gate::RateLimit)),
    ("quota exceeded", certain(Gate::RateLimit)),
    ("quota has been exceeded", certain(Gate::RateLimit)),
    ("quota*exceeded", likely(Gate::RateLimit)),
    ("exceeded*quota", likely(Gate::RateLimit)),
    ("exceeds*quota", likely(Gate::RateLimit)),
    ("insufficient*quota", likely(Gate::RateLimit)),
    ("over_query_limit", certain(Gate::RateLimit)),
    ("overquota", certain(Gate::RateLimit)),
    ("rate exceeded", likely(Gate::RateLimit)),
    ("throttled", likely(Gate::RateLimit)),
    ("resource_exhausted", likely(Gate::RateLimit)),
    ("resourceexhausted", likely(Gate::RateLimit)),
    ("resource has been exhausted", likely(Gate::RateLimit)),
    ("too many requests", likely(Gate::RateLimit)),
    ("too many concurrent", likely(Gate::RateLimit)),
    ("automated queries", likely(Gate::RateLimit)),
    ("unusual traffic", likely(Gate::RateLimit)),
    ("reduce your request rate", likely(Gate::RateLimit)),
    ("reduce your rate", likely(Gate::RateLimit)),
    ("daily limit", likely(Gate::RateLimit)),
    ("limit exceeded", likely(Gate::RateLimit)),
    ("limitexceeded", likely(Gate::RateLimit)),
    // Credentials.
    ("invalid authentication credential", certain(Gate::Credentials)),
    ("missing required authentication credential", certain(Gate::Credentials)),
    ("valid authentication credential", likely(Gate::Credentials)),
    ("anonymous caller does not have", likely(Gate::Credentials)),
    ("authentication required", likely(Gate::Credentials)),
    ("invalid credentials", likely(Gate::Credentials)),
    ("login required", likely(Gate::Credentials)),
    ("method does not allow unregistered callers", certain(Gate::Credentials)),
    ("invalid_grant", certain(Gate::Credentials)),
    ("invalid_client", certain(Gate::Credentials)),
    ("deleted_client", certain(Gate::Credentials)),
    ("invalid_rapt", certain(Gate::Credentials)),
    ("invalid_token", certain(Gate::Credentials)),
    ("invalid jwt", certain(Gate::Credentials)),
    ("invalid token", likely(Gate::Credentials)),
    ("token has expired", likely(Gate::Credentials)),
    ("token has been expired", likely(Gate::Credentials)),
    ("token expired", likely(Gate::Credentials)),
    ("token is expired", likely(Gate::Credentials)),
    ("token has been revoked", likely(Gate::Credentials)),
    ("reauthentication", likely(Gate::Credentials)),
    ("reauth related error", likely(Gate::Credentials)),
    ("default credentials were not found", likely(Gate::Credentials)),
    // A missing credential file, in the words of the libraries for Go, Java, Node.js and Python.
    ("getting credentials using google_application_credentials", likely(Gate::Credentials)),
    ("error reading credential file", likely(Gate::Credentials)),
    ("does not exist, or it is not a file", likely(Gate::Credentials)),
    ("defaultcredentialserror: file*was not found", likely(Gate::Credentials)),
    ("find default credentials", likely(Gate::Credentials)),
    ("find application default credentials", likely(Gate::Credentials)),
    ("load the default credentials", likely(Gate::Credentials)),
    ("load application default credentials", likely(Gate::Credentials)),
    ("default credentials are not", likely(Gate::Credentials)),
    ("could not automatically determine credentials", likely(Gate::Credentials)),
    ("oauth client was deleted", certain(Gate::Credentials)),
    ("oauth client was disabled", certain(Gate::Credentials)),
    ("account has been deleted", likely(Gate::Credentials)),
    ("account has been disabled", likely(Gate::Credentials)),
    ("account is disabled", likely(Gate::Credentials)),
    ("account deleted", likely(Gate::Credentials)),
    ("account not found", likely(Gate::Credentials)),
    ("unauthenticated request", likely(Gate::Credentials)),
    ("cannot fetch token", likely(Gate::Credentials)),
    // The metadata server has no token for a VM that has no service account or no scopes.
    ("metadata service. status: 404", likely(Gate::Credentials)),
    ("gce metadata instance/service-accounts/", likely(Gate::Credentials)),
    ("error code 404 trying to get security access token", likely(Gate::Credentials)),
    (
        "a not found error was returned while attempting to retrieve an access token",
        likely(Gate::Credentials),
    ),
    // The blank is missing in `computeclient.ts` of google-auth-library-nodejs.
    (
        "a not found error was returned while attempting to retrieve an accesstoken",
        likely(Gate::Credentials),
    ),
    ("no service account scopes specified", likely(Gate::Credentials)),
    ("unauthorized_client", certain(Gate::Credentials)),
    ("request was not authenticated", certain(Gate::Credentials)),
    ("invalid iap credentials", certain(Gate::Credentials)),
    ("user must be authenticated", certain(Gate::Credentials)),
    ("could not be verified", likely(Gate::Credentials)),
    ("security credentials are not valid", likely(Gate::Credentials)),
    ("signature does not match", likely(Gate::Credentials)),
    ("signature we calculated", likely(Gate::Credentials)),
    ("error: access_denied", likely(Gate::Credentials)),
    ("403: access_denied", likely(Gate::Credentials)),
    ("error=access_denied", likely(Gate::Credentials)),
    ("service account not enabled on this instance", likely(Gate::Credentials)),
    ("gaia id not found", likely(Gate::Credentials)),
    ("not currently have an active account", likely(Gate::Credentials)),
    ("refreshing*auth tokens", likely(Gate::Credentials)),
    ("could not load credentials", likely(Gate::Credentials)),
    // The access list of one resource.
    ("sufficient permissions for this", likely(Gate::ResourceAcl)),
    ("sufficient permission for site", likely(Gate::ResourceAcl)),
    ("sufficient permissions to perform the requested operation", likely(Gate::ResourceAcl)),
    ("any google analytics account", likely(Gate::ResourceAcl)),
    ("has not granted the app", likely(Gate::ResourceAcl)),
    ("access to this calendar", likely(Gate::ResourceAcl)),
    ("delegation denied", likely(Gate::ResourceAcl)),
    ("permission to access customer", likely(Gate::ResourceAcl)),
    ("cannot access account", likely(Gate::ResourceAcl)),
    ("does not have an adsense account", likely(Gate::ResourceAcl)),
    ("not shared with", likely(Gate::ResourceAcl)),
    ("drive membership", likely(Gate::ResourceAcl)),
    ("url ownership", likely(Gate::ResourceAcl)),
];

/// Plain words for missing access. They are tried last, because messages of other gates contain
/// them, too.
pub(super) static ACCESS_PHRASES: &[(&str, Verdict)] = &[
    // Cloud Run and Cloud Functions send this sentence to callers without the invoker role.
    // Google's other front ends send only its second half.
    ("error: forbidden*your client does not have permission to get url", likely(Gate::Iam)),
    ("client does not have permission to get url", possible(Gate::Other)),
    ("sufficient permissions to access", likely(Gate::ResourceAcl)),
    ("not have sufficient permission", likely(Gate::ResourceAcl)),
    ("do not have permission to access this resource", likely(Gate::ResourceAcl)),
    ("constraints/", likely(Gate::OrgPolicy)),
    ("organization policy", likely(Gate::OrgPolicy)),
    ("org policy", likely(Gate::OrgPolicy)),
    ("missing or insufficient permissions", likely(Gate::Iam)),
    ("caller does not have permission", likely(Gate::Iam)),
    ("denied by cloud iam", certain(Gate::Iam)),
    ("client is not authorized to make this request", likely(Gate::Iam)),
    ("not authorized to perform this action", likely(Gate::Iam)),
    ("not authorized to access this resource", likely(Gate::Iam)),
    ("unauthorized to access", likely(Gate::Iam)),
    ("not authorized to requested resource", likely(Gate::Iam)),
    ("does not have access to service account", likely(Gate::Iam)),
    // Scope, in the words of clients. It follows the phrases of IAM, because clients add hints
    // about scopes to the messages of IAM.
    ("insufficient scope", LIKELY_MISSING),
    ("insufficient oauth scope", LIKELY_MISSING),
    ("insufficient oauth2 scope", LIKELY_MISSING),
    ("insufficient access scope", LIKELY_MISSING),
    ("insufficient api scope", LIKELY_MISSING),
    ("insufficient token scope", LIKELY_MISSING),
    ("insufficient access token scope", LIKELY_MISSING),
    ("scopes during vm creation are not enough", LIKELY_MISSING),
    ("did not have access to scope", LIKELY_MISSING),
    ("not have the required scope", LIKELY_MISSING),
    ("not have the required oauth*scope", LIKELY_MISSING),
    ("not have the necessary scope", LIKELY_MISSING),
    ("not have sufficient scope", LIKELY_MISSING),
    ("not have enough scope", LIKELY_MISSING),
    ("missing required scope", LIKELY_MISSING),
    ("missing required oauth scope", LIKELY_MISSING),
    ("missing the required scope", LIKELY_MISSING),
    ("missing the following scope", LIKELY_MISSING),
    ("lacks the required scope", LIKELY_MISSING),
    ("lacks required scope", LIKELY_MISSING),
    ("access scopes are insufficient", LIKELY_MISSING),
    ("scopes are not sufficient", LIKELY_MISSING),
    // Missing access in general.
    ("does not have*permission", likely(Gate::Iam)),
    ("do not have*permission", likely(Gate::Iam)),
    ("not have*access to", likely(Gate::Iam)),
    ("has no permission", likely(Gate::Iam)),
    ("no permission to", likely(Gate::Iam)),
    ("lacks*permission", likely(Gate::Iam)),
    ("lack the*permission", likely(Gate::Iam)),
    ("missing*permission", likely(Gate::Iam)),
    ("required*permission", likely(Gate::Iam)),
    ("requires*permission", likely(Gate::Iam)),
    ("permission*denied on", likely(Gate::Iam)),
    ("permission*denied for", likely(Gate::Iam)),
    ("permission denied to", likely(Gate::Iam)),
    ("permission to access", likely(Gate::Iam)),
    ("iam_permission", likely(Gate::Iam)),
    ("denied*iam ", likely(Gate::Iam)),
    ("cannot * resource * in api group", likely(Gate::Iam)),
    ("is forbidden: user * cannot ", likely(Gate::Iam)),
    ("attempt to grant extra privileges", likely(Gate::Iam)),
    // `roles/` alone is not enough: programs report roles that they granted, too.
    ("does not have*roles/", likely(Gate::Iam)),
    ("must have*role", likely(Gate::Iam)),
    ("require*roles/", likely(Gate::Iam)),
    ("need*roles/", likely(Gate::Iam)),
    ("missing*role", likely(Gate::Iam)),
    ("lack*role", likely(Gate::Iam)),
    ("grant*roles/*and then retry", likely(Gate::Iam)),
    ("or it may not exist", likely(Gate::Iam)),
    ("not found or permission denied", likely(Gate::Iam)),
    ("not authorized to", likely(Gate::Iam)),
    ("is not authorized", likely(Gate::Iam)),
    ("not allowed", possible(Gate::Iam)),
    ("unauthenticated", likely(Gate::Credentials)),
    ("anonymous token", likely(Gate::Credentials)),
    ("401 unauthorized", likely(Gate::Credentials)),
    ("error 401", likely(Gate::Credentials)),
    ("code 401", likely(Gate::Credentials)),
    ("http 401", likely(Gate::Credentials)),
    ("error 429", likely(Gate::RateLimit)),
    ("code 429", likely(Gate::RateLimit)),
    ("http 429", likely(Gate::RateLimit)),
    ("unauthorized:", possible(Gate::Credentials)),
    ("unable to generate access token", likely(Gate::Credentials)),
    ("api key", possible(Gate::ApiKey)),
    ("billing", possible(Gate::Billing)),
    ("credentials", possible(Gate::Credentials)),
    ("not permitted", possible(Gate::Iam)),
    ("permission denied", possible(Gate::Iam)),
    ("access denied", possible(Gate::Iam)),
    ("insufficient permission", possible(Gate::Iam)),
    ("insufficient-permission", possible(Gate::Iam)),
    ("insufficient_permission", possible(Gate::Iam)),
];

/// A text without a status and without a known phrase is a refusal only if it contains one of these
/// words.
pub(super) static REFUSAL_WORDS: &[&str] = &[
    "permission_denied",
    "permissiondenied",
    "permissiondeniedexception",
    "forbidden",
    "error 403",
    "http 403",
    "code=403",
    "status: 403",
];

/// Words that libraries print with every error. They are removed before the search for phrases,
/// because they name gates that did not refuse.
pub(super) static NOISE: &[&str] = &[
    "without a quota project",
    "a quota exceeded or api not enabled error",
    "active project does not match the quota project",
    "billing/quota_project",
    "this may be because the compute engine instance does not have the correct permission scopes \
     specified",
    "this may be because the compute engine instance does not have any permission scopes specified",
    "this may be because the virtual machine instance does not have permission scopes specified",
];

#[cfg(test)]
mod tests {
    use super::super::reasons::{ERROR_INFO, REASONS, TOKEN_ERRORS};
    use super::super::text;
    use super::*;

    /// Returns the gate of the first phrase of the table that the words contain.
    fn first_match(table: &[(&str, Verdict)], words: &str) -> Option<Gate> {
        table
            .iter()
            .find(|(phrase, _)| text::contains_phrase(words, phrase))
            .map(|(_, verdict)| verdict.gate)
    }

    #[test]
    fn every_phrase_leads_to_its_own_gate() {
        for (phrase, verdict) in PHRASES {
            let words = phrase.replace('*', " x ");
            assert_eq!(first_match(PHRASES, &words), Some(verdict.gate), "{phrase}");
        }
        for (phrase, verdict) in ACCESS_PHRASES {
            let words = phrase.replace('*', " x ");
            let found =
                first_match(PHRASES, &words).or_else(|| first_match(ACCESS_PHRASES, &words));
            assert_eq!(found, Some(verdict.gate), "{phrase}");
        }
    }

    #[test]
    fn phrases_are_normalized() {
        for (phrase, _) in PHRASES.iter().chain(ACCESS_PHRASES) {
            assert_eq!(text::normalized(phrase), *phrase);
        }
        for words in NOISE.iter().chain(REFUSAL_WORDS) {
            assert_eq!(text::normalized(words), *words);
        }
    }

    #[test]
    fn tables_have_no_duplicate_entries() {
        for table in [ERROR_INFO, REASONS, TOKEN_ERRORS, PHRASES, ACCESS_PHRASES] {
            let mut names: Vec<_> = table.iter().map(|(name, _)| name).collect();
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        }
    }
}
