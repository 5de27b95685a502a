//! Responses of servers, with the gate and the certainty that are expected for each. All names of
//! resources are invented.
//!
//! "F1" to "F13" number the forms in which Google's services refuse for lack of scope.

/// A response, and its expected gate and certainty.
pub(crate) struct ExpectedRefusal {
    pub(crate) name: &'static str,
    pub(crate) status: u16,
    pub(crate) headers: &'static [(&'static str, &'static str)],
    pub(crate) body: &'static str,
    pub(crate) gate: &'static str,
    pub(crate) certainty: &'static str,
}

/// The header with which Google's servers refuse for lack of scope.
const CHALLENGE: (&str, &str) = (
    "www-authenticate",
    concat!(
        r#"Bearer realm="https://accounts.google.com/", error="insufficient_scope", "#,
        r#"scope="https://www.googleapis.com/auth/pubsub "#,
        r#"https://www.googleapis.com/auth/cloud-platform""#,
    ),
);
/// The header in the form of older servers: `error` has no quotes.
const OLD_CHALLENGE: (&str, &str) = (
    "www-authenticate",
    concat!(
        r#"Bearer realm="https://accounts.google.com/AuthSubRequest", error=insufficient_scope, "#,
        r#"scope="https://www.googleapis.com/auth/analytics""#,
    ),
);
const HTML: (&str, &str) = ("content-type", "text/html; charset=UTF-8");

macro_rules! row {
    (
        $name:literal,
        $status:literal,
        $headers:expr,
        $gate:literal,
        $certainty:literal,
        $body:expr
    ) => {
        ExpectedRefusal {
            name: $name,
            status: $status,
            headers: &$headers,
            body: $body,
            gate: $gate,
            certainty: $certainty,
        }
    };
}

/// Responses that refuse a call.
pub(crate) const RESPONSES: &[ExpectedRefusal] = &[
    row!(
        "F1 modern",
        403,
        [CHALLENGE],
        "scope",
        "certain",
        r#"{
  "error": {
    "code": 403,
    "message": "Request had insufficient authentication scopes.",
    "errors": [
      {
        "message": "Insufficient Permission",
        "domain": "global",
        "reason": "insufficientPermissions"
      }
    ],
    "status": "PERMISSION_DENIED",
    "details": [{
      "@type": "type.googleapis.com/google.rpc.ErrorInfo",
      "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
      "domain": "googleapis.com",
      "metadata": {
        "method": "google.pubsub.v1.Publisher.Publish",
        "service": "pubsub.googleapis.com"
      }
    }]
  }
}"#
    ),
    row!(
        "F1 with only the reason left",
        403,
        [],
        "scope",
        "certain",
        r#"{"error":{"details":[{"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}"#
    ),
    row!(
        "F1 with the info last of several details, and no domain",
        403,
        [],
        "scope",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"No.","#,
            r#""details":[{"@type":"type.googleapis.com/google.rpc.Help","#,
            r#""links":[{"description":"d","url":"https://example.com"}]},"#,
            r#"{"@type":"type.googleapis.com/google.rpc.LocalizedMessage","locale":"de","#,
            r#""message":"Nein."},{"@type":"type.googleapis.com/google.rpc.ErrorInfo","#,
            r#""reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}"#,
        )
    ),
    row!(
        "F2 without errors",
        403,
        [],
        "scope",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes.","#,
            r#""status":"PERMISSION_DENIED","#,
            r#""details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","#,
            r#""reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT","domain":"googleapis.com","#,
            r#""metadata":{"service":"firestore.googleapis.com"}}]}}"#,
        )
    ),
    row!(
        "F3 without details",
        403,
        [],
        "scope",
        "certain",
        concat!(
            r#"{"error":{"status":"PERMISSION_DENIED","code":403,"#,
            r#""message":"Request had insufficient authentication scopes."}}"#,
        )
    ),
    row!(
        "F3 with only the message",
        403,
        [],
        "scope",
        "certain",
        r#"{"error":{"message":"Request had insufficient authentication scopes."}}"#
    ),
    row!(
        "F3 in an array",
        403,
        [],
        "scope",
        "certain",
        concat!(
            r#"[{"error":{"status":"PERMISSION_DENIED","code":403,"#,
            r#""message":"Request had insufficient authentication scopes."}}]"#,
        )
    ),
    row!(
        "F4 of 2021",
        403,
        [CHALLENGE],
        "scope",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes.","#,
            r#""errors":[{"message":"Insufficient Permission","domain":"global","#,
            r#""reason":"insufficientPermissions"}],"status":"PERMISSION_DENIED"}}"#,
        )
    ),
    row!(
        "F5 with forbidden",
        403,
        [],
        "scope",
        "certain",
        concat!(
            r#"{"code":403,"errors":[{"domain":"global","#,
            r#""message":"Request had insufficient authentication scopes.","#,
            r#""reason":"forbidden"}],"message":"Request had insufficient authentication "#,
            r#"scopes.","status":"PERMISSION_DENIED"}"#,
        )
    ),
    row!(
        "F6 legacy",
        403,
        [],
        "scope",
        "certain",
        concat!(
            r#"{"error":{"errors":[{"domain":"global","reason":"insufficientPermissions","#,
            r#""message":"Insufficient Permission: Request had insufficient authentication "#,
            r#"scopes."}],"code":403,"message":"Insufficient Permission: Request had "#,
            r#"insufficient authentication scopes."}}"#,
        )
    ),
    row!(
        "F7 oldest",
        403,
        [],
        "scope",
        "likely",
        concat!(
            r#"{"error":{"code":403,"errors":[{"reason":"insufficientPermissions","#,
            r#""domain":"global","message":"Insufficient Permission"}],"#,
            r#""message":"Insufficient Permission"}}"#,
        )
    ),
    row!(
        "F7 with a header that agrees",
        403,
        [CHALLENGE],
        "scope",
        "certain",
        concat!(
            r#"{"error":{"code":403,"errors":[{"reason":"insufficientPermissions","#,
            r#""domain":"global","message":"Insufficient Permission"}],"#,
            r#""message":"Insufficient Permission"}}"#,
        )
    ),
    row!(
        "F7 with another reason",
        403,
        [],
        "scope",
        "possible",
        concat!(
            r#"{"error":{"errors":[{"reason":"forbidden","message":"Insufficient Permission"}],"#,
            r#""code":403,"message":"Insufficient Permission"}}"#,
        )
    ),
    row!(
        "F7 with no reason at all",
        403,
        [],
        "scope",
        "likely",
        r#"{"error":{"code":403,"message":"Insufficient Permission"}}"#
    ),
    row!(
        "F8 of Cloud Storage",
        403,
        [],
        "scope",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"Provided scope(s) are not authorized","#,
            r#""errors":[{"message":"Provided scope(s) are not authorized","domain":"global","#,
            r#""reason":"forbidden"}]}}"#,
        )
    ),
    row!(
        "F8 in XML",
        403,
        [],
        "scope",
        "certain",
        "<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code><Message>Access \
         denied.</Message><Details>Provided scope(s) are not authorized</Details></Error>"
    ),
    row!(
        "F8 in XML, in the message, pretty",
        403,
        [],
        "scope",
        "certain",
        "<?xml version='1.0' encoding='UTF-8'?>\n<Error>\n  <Code>AccessDenied</Code>\n  \
         <Message>Provided scope(s) are not authorized</Message>\n</Error>\n"
    ),
    row!(
        "F8 in XML, cut off",
        403,
        [],
        "scope",
        "certain",
        "<Error><Code>AccessDenied</Code><Message>Access denied.</Message><Details>Provided \
         scope(s) are not authorized"
    ),
    row!(
        "F9 trailers only",
        200,
        [
            ("grpc-status", "7"),
            ("grpc-message", "Request%20had%20insufficient%20authentication%20scopes.")
        ],
        "scope",
        "certain",
        ""
    ),
    row!(
        "F10 BigQuery over Drive",
        403,
        [],
        "scope",
        "likely",
        concat!(
            r#"{"error":{"code":403,"message":"Access Denied: BigQuery BigQuery: Permission "#,
            r#"denied while getting Drive credentials.","#,
            r#""errors":[{"message":"Access Denied: BigQuery BigQuery: Permission denied while "#,
            r#"getting Drive credentials.","domain":"global","reason":"accessDenied"}],"#,
            r#""status":"PERMISSION_DENIED"}}"#,
        )
    ),
    row!(
        "F11 restricting",
        403,
        [],
        "scope",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"Metadata scope does not support 'q' parameter","#,
            r#""errors":[{"message":"Metadata scope does not support 'q' parameter","#,
            r#""domain":"global","reason":"forbidden"}],"status":"PERMISSION_DENIED"}}"#,
        )
    ),
    row!(
        "F13 invalid scope",
        400,
        [],
        "credentials",
        "certain",
        r#"{"error":"invalid_scope","error_description":"Empty or missing scope not allowed."}"#
    ),
    row!(
        "F13 delegation",
        401,
        [],
        "credentials",
        "certain",
        concat!(
            r#"{"error":"unauthorized_client","#,
            r#""error_description":"Client is unauthorized to retrieve access tokens using this "#,
            r#"method, or client not authorized for any of the scopes requested."}"#,
        )
    ),
    row!(
        "scope words relayed with another status",
        400,
        [],
        "scope",
        "likely",
        concat!(
            r#"{"error":{"code":400,"message":"Request had insufficient authentication scopes.","#,
            r#""status":"INVALID_ARGUMENT"}}"#,
        )
    ),
    row!(
        "Drive spaces",
        403,
        [],
        "scope",
        "certain",
        concat!(
            r#"{"error":{"errors":[{"domain":"global","reason":"insufficientScopes","#,
            r#""message":"The granted scopes do not give access to all of the requested spaces.","#,
            r#""locationType":"parameter","location":"spaces"}],"code":403,"#,
            r#""message":"The granted scopes do not give access to all of the requested "#,
            r#"spaces."}}"#,
        )
    ),
    row!("header alone, no body", 403, [CHALLENGE], "scope", "possible", ""),
    row!("header alone, empty object", 403, [CHALLENGE], "scope", "possible", "{}"),
    row!(
        "header alone, unreadable HTML",
        403,
        [CHALLENGE, HTML],
        "scope",
        "possible",
        "<html><title>Error 403</title></html>"
    ),
    row!(
        "header alone, message without information",
        403,
        [CHALLENGE],
        "scope",
        "possible",
        concat!(
            r#"{"error":{"code":403,"message":"Forbidden","errors":[{"reason":"forbidden","#,
            r#""message":"Forbidden"}]}}"#,
        )
    ),
    row!(
        "header beside words that many gates use",
        403,
        [CHALLENGE],
        "scope",
        "possible",
        r#"{"error":{"code":403,"message":"Access denied."}}"#
    ),
    row!(
        "reason alone",
        403,
        [],
        "scope",
        "possible",
        r#"{"error":{"errors":[{"reason":"insufficientPermissions"}]}}"#
    ),
    // Refusals for other reasons than scopes, with the reason `insufficientPermissions`, the header
    // `WWW-Authenticate`, or both.
    row!(
        "Analytics profile, with reason and header",
        403,
        [OLD_CHALLENGE],
        "resource_acl",
        "likely",
        concat!(
            r#"{"error":{"errors":[{"domain":"global","reason":"insufficientPermissions","#,
            r#""message":"User does not have sufficient permissions for this profile."}],"#,
            r#""code":403,"message":"User does not have sufficient permissions for this "#,
            r#"profile."}}"#,
        )
    ),
    row!(
        "Analytics account, with reason and header",
        403,
        [OLD_CHALLENGE],
        "resource_acl",
        "likely",
        concat!(
            r#"{"error":{"errors":[{"domain":"global","reason":"insufficientPermissions","#,
            r#""message":"User does not have any Google Analytics account.","zebra":1}],"#,
            r#""code":403,"message":"User does not have any Google Analytics account."}}"#,
        )
    ),
    row!(
        "an unknown message, with reason and header",
        403,
        [OLD_CHALLENGE],
        "resource_acl",
        "likely",
        concat!(
            r#"{"error":{"errors":[{"domain":"global","reason":"insufficientPermissions","#,
            r#""message":"User has no seat in workbook 9."}],"code":403,"#,
            r#""message":"User has no seat in workbook 9."}}"#,
        )
    ),
    row!(
        "an unknown message, truncated",
        403,
        [],
        "resource_acl",
        "likely",
        concat!(
            r#"{"error":{"errors":[{"domain":"global","reason":"insufficientPermissions","#,
            r#""message":"User has no seat in workbook 9."}],"code":403,"mess"#,
        )
    ),
    row!(
        "IAM, with the header",
        403,
        [CHALLENGE],
        "iam",
        "likely",
        concat!(
            r#"{"error":{"code":403,"message":"Permission 'pubsub.topics.publish' denied on "#,
            r#"resource (or it may not exist).","status":"PERMISSION_DENIED"}}"#,
        )
    ),
    row!(
        "Play, 403",
        403,
        [],
        "resource_acl",
        "likely",
        concat!(
            r#"{"error":{"code":403,"message":"The current user has insufficient permissions to "#,
            r#"perform the requested operation.","errors":[{"reason":"forbidden"}],"#,
            r#""status":"PERMISSION_DENIED"}}"#,
        )
    ),
    row!(
        "Play, 401",
        401,
        [],
        "resource_acl",
        "likely",
        concat!(
            r#"{"error":{"errors":[{"domain":"androidpublisher","reason":"permissionDenied","#,
            r#""message":"The current user has insufficient permissions to perform the requested "#,
            r#"operation."}],"code":401}}"#,
        )
    ),
    row!(
        "Firestore rules",
        403,
        [],
        "iam",
        "likely",
        concat!(
            r#"{"error":{"code":403,"message":"Missing or insufficient permissions.","#,
            r#""status":"PERMISSION_DENIED"}}"#,
        )
    ),
    // The other gates.
    row!(
        "IAM with info",
        403,
        [],
        "iam",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"Permission 'run.services.get' denied on resource "#,
            r#"'projects/blue-kite-7/locations/us-east1/services/a' (or it may not exist).","#,
            r#""status":"PERMISSION_DENIED","#,
            r#""details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","#,
            r#""reason":"IAM_PERMISSION_DENIED","domain":"run.googleapis.com","#,
            r#""metadata":{"permission":"run.services.get","resource":"projects/blue-kite-7"}}]}}"#,
        )
    ),
    row!(
        "IAM in XML",
        403,
        [],
        "iam",
        "likely",
        "<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code><Message>Access \
         denied.</Message><Details>upload@blue-kite-7.iam.gserviceaccount.com does not have \
         storage.objects.get access to the Google Cloud Storage object.</Details></Error>"
    ),
    row!(
        "IAM in XML without details",
        403,
        [],
        "iam",
        "likely",
        "<Error><Code>AccessDenied</Code><Message>Access denied.</Message></Error>"
    ),
    row!(
        "GKE metadata server in plain text",
        403,
        [("content-type", "text/plain")],
        "iam",
        "likely",
        "Unable to generate access token; IAM returned 403 Forbidden: Permission \
         'iam.serviceAccounts.getAccessToken' denied on kite."
    ),
    row!(
        "Cloud SQL",
        403,
        [],
        "iam",
        "likely",
        concat!(
            r#"{"error":{"errors":[{"domain":"global","reason":"notAuthorized","#,
            r#""message":"The client is not authorized to make this request."}],"code":403,"#,
            r#""message":"The client is not authorized to make this request."}}"#,
        )
    ),
    row!(
        "disabled API",
        403,
        [],
        "service_disabled",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"Cloud Kite API has not been used in project "#,
            "123456789012 before or it is disabled. Enable it by visiting ",
            "https://console.developers.google.com/apis/api/kite.googleapis.com/",
            r#"overview?project=123456789012 then retry.","status":"PERMISSION_DENIED","#,
            r#""details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","#,
            r#""reason":"SERVICE_DISABLED","domain":"googleapis.com","#,
            r#""metadata":{"service":"kite.googleapis.com","#,
            r#""consumer":"projects/123456789012"}}]}}"#,
        )
    ),
    row!(
        "disabled API, old",
        403,
        [],
        "service_disabled",
        "certain",
        concat!(
            r#"{"error":{"errors":[{"domain":"usageLimits","reason":"accessNotConfigured","#,
            r#""message":"Access Not Configured. Please use Google Developers Console to "#,
            r#"activate the API for your project."}],"code":403,"#,
            r#""message":"Access Not Configured. Please use Google Developers Console to "#,
            r#"activate the API for your project."}}"#,
        )
    ),
    row!(
        "quota project whose API is disabled",
        403,
        [],
        "quota_project",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"Your application is authenticating by using local "#,
            "Application Default Credentials. The kite.googleapis.com API requires a quota ",
            r#"project, which is not set by default.","status":"PERMISSION_DENIED","#,
            r#""details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","#,
            r#""reason":"SERVICE_DISABLED","domain":"googleapis.com","#,
            r#""metadata":{"service":"kite.googleapis.com","#,
            r#""consumer":"projects/764086051850"}}]}}"#,
        )
    ),
    row!(
        "quota project of gcloud, by its number alone",
        403,
        [],
        "quota_project",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"Disabled.","#,
            r#""details":[{"reason":"SERVICE_DISABLED","#,
            r#""metadata":{"consumer":"projects/764086051850"}}]}}"#,
        )
    ),
    row!(
        "quota project denied",
        403,
        [],
        "quota_project",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"Caller does not have required permission to use "#,
            "project blue-kite-7. Grant the caller the roles/serviceusage.serviceUsageConsumer ",
            r#"role.","status":"PERMISSION_DENIED","#,
            r#""details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","#,
            r#""reason":"USER_PROJECT_DENIED","domain":"googleapis.com","#,
            r#""metadata":{"consumer":"projects/blue-kite-7","service":"kite.googleapis.com"}}]}}"#,
        )
    ),
    row!(
        "requester pays",
        400,
        [],
        "quota_project",
        "certain",
        concat!(
            r#"{"error":{"code":400,"message":"Bucket is a requester pays bucket but no user "#,
            r#"project provided.","errors":[{"reason":"required","#,
            r#""message":"Bucket is a requester pays bucket but no user project provided."}]}}"#,
        )
    ),
    row!(
        "requester pays in XML",
        400,
        [],
        "quota_project",
        "certain",
        "<Error><Code>UserProjectMissing</Code><Message>User project is missing.</Message></Error>"
    ),
    row!(
        "deleted project",
        403,
        [],
        "quota_project",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"Project #123456789012 has been deleted.","#,
            r#""details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","#,
            r#""reason":"CONSUMER_INVALID"}]}}"#,
        )
    ),
    row!(
        "billing",
        403,
        [],
        "billing",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"This API method requires billing to be enabled. "#,
            r#"Please enable billing on project #123456789012.","#,
            r#""details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","#,
            r#""reason":"BILLING_DISABLED"}]}}"#,
        )
    ),
    row!(
        "billing, 400 with a precondition",
        400,
        [],
        "billing",
        "certain",
        concat!(
            r#"{"error":{"code":400,"message":"Not possible.","#,
            r#""details":[{"@type":"type.googleapis.com/google.rpc.PreconditionFailure","#,
            r#""violations":[{"type":"googleapis.com/billing-enabled","#,
            r#""subject":"?error_code=390001"}]}]}}"#,
        )
    ),
    row!(
        "closed account in XML",
        403,
        [],
        "billing",
        "certain",
        "<Error><Code>UserProjectAccountProblem</Code><Message>The project to be billed has a \
         problem.</Message></Error>"
    ),
    row!(
        "perimeter",
        403,
        [],
        "vpc_sc",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"Request is prohibited by organization's policy. "#,
            r#"vpcServiceControlsUniqueIdentifier: aB3dE5fG7hI9jK1lM3nO5","#,
            r#""status":"PERMISSION_DENIED","#,
            r#""details":[{"@type":"type.googleapis.com/google.rpc.PreconditionFailure","#,
            r#""violations":[{"type":"VPC_SERVICE_CONTROLS","#,
            r#""description":"aB3dE5fG7hI9jK1lM3nO5"}]}]}}"#,
        )
    ),
    row!(
        "perimeter by its reason",
        403,
        [],
        "vpc_sc",
        "certain",
        concat!(
            r#"{"error":{"details":[{"reason":"SECURITY_POLICY_VIOLATED","#,
            r#""metadata":{"uid":"aB3dE5fG7hI9jK1lM3nO5"}}]}}"#,
        )
    ),
    row!(
        "perimeter in XML",
        403,
        [],
        "vpc_sc",
        "certain",
        "<Error><Code>SecurityPolicyViolated</Code><Message>Request violates VPC Service \
         Controls.</Message></Error>"
    ),
    row!(
        "constraint",
        412,
        [],
        "org_policy",
        "certain",
        concat!(
            r#"{"error":{"code":412,"message":"Constraint constraints/compute.requireShieldedVm "#,
            r#"violated for project projects/blue-kite-7.","#,
            r#""errors":[{"reason":"conditionNotMet"}]}}"#,
        )
    ),
    row!(
        "public access prevention",
        412,
        [],
        "org_policy",
        "certain",
        concat!(
            r#"{"error":{"code":412,"message":"The member bindings allUsers and "#,
            "allAuthenticatedUsers are not allowed since public access prevention is ",
            r#"enforced.","errors":[{"reason":"conditionNotMet"}]}}"#,
        )
    ),
    row!(
        "rate limit as 403",
        403,
        [],
        "rate_limit",
        "certain",
        concat!(
            r#"{"error":{"errors":[{"domain":"usageLimits","reason":"userRateLimitExceeded","#,
            r#""message":"User Rate Limit Exceeded"}],"code":403,"#,
            r#""message":"User Rate Limit Exceeded"}}"#,
        )
    ),
    row!(
        "rate limit by an unknown reason",
        403,
        [],
        "rate_limit",
        "certain",
        concat!(
            r#"{"error":{"errors":[{"reason":"kiteStringLimitExceeded","#,
            r#""message":"No more kites."}],"code":403,"message":"No more kites."}}"#,
        )
    ),
    row!(
        "rate limit as 429 in HTML",
        429,
        [HTML],
        "rate_limit",
        "likely",
        "<html><title>Sorry...</title></html>"
    ),
    row!(
        "API key refused with a rate limit's reason",
        403,
        [],
        "api_key",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"Requests from referer \u003cempty\u003e are "#,
            r#"blocked.","errors":[{"domain":"usageLimits","reason":"rateLimitExceeded","#,
            r#""message":"Requests from referer \u003cempty\u003e are blocked."}]}}"#,
        )
    ),
    row!(
        "API key with info, as 400",
        400,
        [],
        "api_key",
        "certain",
        concat!(
            r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","#,
            r#""status":"INVALID_ARGUMENT","details":[{"@type":"#,
            r#""type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","#,
            r#""domain":"googleapis.com"}]}}"#,
        )
    ),
    row!(
        "suspended API key",
        403,
        [],
        "api_key",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"Permission denied: Consumer 'api_key:K' has been "#,
            r#"suspended.","details":[{"reason":"CONSUMER_SUSPENDED"}]}}"#,
        )
    ),
    row!(
        "suspended project",
        403,
        [],
        "other",
        "certain",
        concat!(
            r#"{"error":{"code":403,"message":"Permission denied: Consumer "#,
            r#"'projects/blue-kite-7' has been suspended.","#,
            r#""details":[{"reason":"CONSUMER_SUSPENDED"}]}}"#,
        )
    ),
    row!(
        "401 modern",
        401,
        [(
            "www-authenticate",
            r#"Bearer realm="https://accounts.google.com/", error="invalid_token""#
        )],
        "credentials",
        "certain",
        concat!(
            r#"{"error":{"code":401,"message":"Request had invalid authentication credentials. "#,
            "Expected OAuth 2 access token, login cookie or other valid authentication ",
            r#"credential.","status":"UNAUTHENTICATED"}}"#,
        )
    ),
    row!("401 with an empty body", 401, [], "credentials", "likely", ""),
    row!(
        "401 anonymous",
        401,
        [],
        "credentials",
        "likely",
        concat!(
            r#"{"error":{"code":401,"message":"Anonymous caller does not have "#,
            r#"storage.objects.get access to the Google Cloud Storage object.","#,
            r#""errors":[{"reason":"required"}]}}"#,
        )
    ),
    row!(
        "401 in XML",
        401,
        [],
        "credentials",
        "certain",
        "<?xml version='1.0' \
         encoding='UTF-8'?><Error><Code>AuthenticationRequired</Code><Message>Authentication \
         required.</Message><Details>Kite.</Details></Error>"
    ),
    row!(
        "stale grant",
        400,
        [],
        "credentials",
        "certain",
        r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#
    ),
    row!(
        "calendar",
        403,
        [],
        "resource_acl",
        "certain",
        concat!(
            r#"{"error":{"errors":[{"domain":"calendar","reason":"requiredAccessLevel","#,
            r#""message":"You need more."}],"code":403,"message":"You need more."}}"#,
        )
    ),
    row!(
        "robot page",
        403,
        [HTML],
        "other",
        "possible",
        "<html lang=en><title>Error 403 \
         (Forbidden)!!1</title><style>*{margin:0}</style><p><b>403.</b> <ins>That's an \
         error.</ins><p>Your client does not have permission to get URL <code>/a</code> from this \
         server.  <ins>That's all we know.</ins></html>"
    ),
    row!("nothing but the status", 403, [], "other", "possible", ""),
    row!("bytes that are no text", 403, [], "other", "possible", "\u{0}\u{1}\u{fffd}"),
    row!(
        "a batch with one refusal",
        200,
        [("content-type", "multipart/mixed; boundary=b")],
        "scope",
        "certain",
        "--b\r\nContent-Type: application/http\r\nContent-ID: <response-1>\r\n\r\nHTTP/1.1 200 \
         OK\r\nContent-Type: application/json\r\n\r\n{\"id\":\"1\"}\r\n--b\r\nContent-Type: \
         application/http\r\n\r\nHTTP/1.1 403 Forbidden\r\nContent-Type: \
         application/json\r\n\r\n{\"error\":{\"code\":403,\"message\":\"Request had insufficient \
         authentication scopes.\"}}\r\n--b--\r\n"
    ),
    row!(
        "a batch where another gate stands first",
        200,
        [("content-type", "multipart/mixed; boundary=b")],
        "scope",
        "certain",
        "--b\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n{\"error\":{\"code\":403,\"message\":\"The \
         caller does not have permission\"}}\r\n--b\r\n\r\nHTTP/1.1 403 \
         Forbidden\r\n\r\n{\"error\":{\"code\":403,\"message\":\"Request had insufficient \
         authentication scopes.\"}}\r\n--b--\r\n"
    ),
];

/// The status and the body of responses that are no refusals.
pub(crate) const NO_REFUSALS: &[(u16, &str)] = &[
    (200, r#"{"error":{"message":"Request had insufficient authentication scopes."}}"#),
    (204, ""),
    (304, ""),
    (404, r#"{"error":{"code":404,"message":"Not found.","errors":[{"reason":"notFound"}]}}"#),
    (
        404,
        "<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not \
         exist.</Message></Error>",
    ),
    (404, r#"{"error":{"code":404,"message":"There is none, or access denied."}}"#),
    (409, r#"{"error":{"code":409,"message":"Already exists."}}"#),
    (
        400,
        concat!(
            r#"{"error":{"code":400,"message":"Invalid value for field.","#,
            r#""status":"INVALID_ARGUMENT"}}"#,
        ),
    ),
    (500, ""),
    (503, "<html><title>503</title></html>"),
];
