//! Error messages of clients and log lines, each with the expected gate. All names of resources are
//! invented.

/// The expected gate, and the text.
pub(crate) const TEXTS: &[(&str, &str)] = &[
    // A missing scope.
    ("scope", "googleapi: Error 403: Request had insufficient authentication scopes., forbidden"),
    ("scope", "googleapi: Error 403: Insufficient Permission, insufficientPermissions"),
    // The dotted names of commands, methods and loggers have the syntax of permissions.
    (
        "scope",
        "ERROR: (gcloud.projects.describe) User [ann@example.com] does not have permission to \
         access projects instance [blue-kite-7] (or it may not exist): Request had insufficient \
         authentication scopes.",
    ),
    (
        "scope",
        "ERROR: (gcloud.builds.submit) PERMISSION_DENIED: Request had insufficient authentication \
         scopes. This command is authenticated as \
         123456789012-compute@developer.gserviceaccount.com which is the active account specified \
         by the [core/account] property",
    ),
    (
        "scope",
        "GoogleJsonResponseException: API call to drive.files.list failed with error: Insufficient \
         Permission: Request had insufficient authentication scopes.",
    ),
    (
        "scope",
        "11:02:03 dbt.adapters.bigquery: Database Error: Access Denied: BigQuery BigQuery: \
         Permission denied while getting Drive credentials.",
    ),
    (
        "scope",
        "rpc error: code = PermissionDenied desc = Request had insufficient authentication scopes.",
    ),
    (
        "scope",
        "rpc error: code = PermissionDenied desc = Request had insufficient authentication \
         scopes.\nerror details: name = ErrorInfo reason = ACCESS_TOKEN_SCOPE_INSUFFICIENT domain \
         = googleapis.com metadata = map[method:google.pubsub.v1.Publisher.Publish \
         service:pubsub.googleapis.com]",
    ),
    (
        "scope",
        "Error: 7 PERMISSION_DENIED: Request had insufficient authentication scopes.\n    at \
         callErrorFromStatus (/app/node_modules/@grpc/grpc-js/build/src/call.js:31:19) {\n  code: \
         7,\n  details: 'Request had insufficient authentication scopes.',\n  reason: \
         'ACCESS_TOKEN_SCOPE_INSUFFICIENT',\n  domain: 'googleapis.com',\n  errorInfoMetadata: { \
         method: 'google.cloud.tasks.v2.CloudTasks.CreateTask', service: \
         'cloudtasks.googleapis.com' }\n}",
    ),
    (
        "scope",
        "google.api_core.exceptions.Forbidden: 403 GET \
         https://storage.googleapis.com/storage/v1/b/orders-archive?projection=noAcl&prettyPrint=\
         false: Provided scope(s) are not authorized",
    ),
    (
        "scope",
        "google.api_core.exceptions.PermissionDenied: 403 Request had insufficient authentication \
         scopes. [reason: \"ACCESS_TOKEN_SCOPE_INSUFFICIENT\"\ndomain: \"googleapis.com\"\n\
         metadata {\n  key: \"method\"\n  value: \
         \"google.logging.v2.LoggingServiceV2.WriteLogEntries\"\n}\n\
         metadata {\n  key: \"service\"\n  value: \"logging.googleapis.com\"\n}\n]",
    ),
    (
        "scope",
        "<HttpError 403 when requesting https://www.googleapis.com/calendar/v3/calendars/primary/\
         events?alt=json returned \"Request had insufficient authentication scopes.\". Details: \
         \"[{'message': 'Insufficient Permission', 'domain': 'global', 'reason': \
         'insufficientPermissions'}]\">",
    ),
    (
        "scope",
        "com.google.api.client.googleapis.json.GoogleJsonResponseException: 403 Forbidden\n\
         POST https://compute.googleapis.com/compute/v1/projects/blue-kite-7/zones/us-east1-b/\
         instances\n{\n  \"code\" : 403,\n  \"errors\" : [ {\n    \"domain\" : \"global\",\n    \
         \"message\" : \"Insufficient Permission: Request had insufficient authentication \
         scopes.\",\n    \"reason\" : \"insufficientPermissions\"\n  } ],\n  \"message\" : \
         \"Insufficient Permission: Request had insufficient authentication scopes.\"\n}",
    ),
    (
        "scope",
        "com.google.cloud.storage.StorageException: Provided scope(s) are not authorized\n\
         \tat com.google.cloud.storage.spi.v1.HttpStorageRpc.translate(HttpStorageRpc.java:233)",
    ),
    (
        "scope",
        "io.grpc.StatusRuntimeException: PERMISSION_DENIED: Request had insufficient \
         authentication scopes.\n\
         \tat io.grpc.stub.ClientCalls.toStatusRuntimeException(ClientCalls.java:271)",
    ),
    (
        "scope",
        "Grpc.Core.RpcException: Status(StatusCode=\"PermissionDenied\", Detail=\"Request had \
         insufficient authentication scopes.\")\n   at \
         Google.Cloud.PubSub.V1.PublisherServiceApiClient",
    ),
    (
        "scope",
        "Google.GoogleApiException: The service sheets has thrown an exception. HttpStatusCode is \
         Forbidden. Request had insufficient authentication scopes.\n ---> \
         Google.Apis.Requests.RequestError\nRequest had insufficient authentication scopes. [403]\n\
         Errors [\n\tMessage[Insufficient Permission] Location[ - ] \
         Reason[insufficientPermissions] Domain[global]\n]",
    ),
    (
        "scope",
        "Google::Apis::ClientError: insufficientPermissions: Request had insufficient \
         authentication scopes.",
    ),
    ("scope", "Google::Apis::ClientError (insufficientPermissions: Insufficient Permission)"),
    (
        "scope",
        "Google::Cloud::PermissionDeniedError: 7:Request had insufficient authentication scopes.. \
         debug_error_string:{UNKNOWN:Error received from peer ipv4:203.0.113.9:443 \
         {grpc_message:\"Request had insufficient authentication scopes.\", grpc_status:7}}",
    ),
    (
        "scope",
        "PHP Fatal error: Uncaught Google\\Service\\Exception: {\n  \"error\": {\n    \"code\": \
         403,\n    \"message\": \"Request had insufficient authentication scopes.\",\n    \
         \"errors\": [\n      { \"message\": \"Insufficient Permission\", \"domain\": \"global\", \
         \"reason\": \"insufficientPermissions\" }\n    ],\n    \"status\": \"PERMISSION_DENIED\"",
    ),
    (
        "scope",
        "Google_Service_Exception: Error calling GET https://www.googleapis.com/drive/v2/files: \
         (403) Insufficient Permission",
    ),
    (
        "scope",
        "GaxiosError: Insufficient Permission\n    at Gaxios._request \
         (/srv/node_modules/gaxios/build/src/gaxios.js:130:23) {\n  code: '403',\n  errors: [ { \
         message: 'Insufficient Permission', domain: 'global', reason: 'insufficientPermissions' } \
         ]\n}",
    ),
    (
        "scope",
        "ERROR: (gcloud.pubsub.topics.list) PERMISSION_DENIED: Request had insufficient \
         authentication scopes. This command is authenticated as \
         builder@blue-kite-7.iam.gserviceaccount.com which is the active account specified by the \
         [core/account] property.\n- '@type': type.googleapis.com/google.rpc.ErrorInfo\n  domain: \
         googleapis.com\n  metadata:\n    method: google.pubsub.v1.Publisher.ListTopics\n    \
         service: pubsub.googleapis.com\n  reason: ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    ),
    (
        "scope",
        "ERROR: (gcloud.compute.instances.list) Some requests did not succeed:\n - Request had \
         insufficient authentication scopes.",
    ),
    (
        "scope",
        "AccessDeniedException: 403 Insufficient OAuth2 scope to perform this operation.\n\
         Acceptable scopes: https://www.googleapis.com/auth/cloud-platform, \
         https://www.googleapis.com/auth/devstorage.full_control",
    ),
    (
        "scope",
        "Error calling API: Status { code: PermissionDenied, message: \"Request had insufficient \
         authentication scopes.\", details: b\"\", metadata: MetadataMap { headers: \
         {\"www-authenticate\": \"Bearer realm=\\\"https://accounts.google.com/\\\", \
         error=\\\"insufficient_scope\\\", scope=\\\"https://www.googleapis.com/auth/\
         cloud-platform https://www.googleapis.com/auth/trace.append\\\"\"} } }",
    ),
    (
        "scope",
        "{\"severity\":\"ERROR\",\"message\":\"upload failed: \
         {\\\"error\\\":{\\\"code\\\":403,\\\"message\\\":\\\"Provided scope(s) are not \
         authorized\\\",\\\"errors\\\":[{\\\"message\\\":\\\"Provided scope(s) are not \
         authorized\\\",\\\"domain\\\":\\\"global\\\",\\\"reason\\\":\\\"forbidden\\\"}]}}\"}",
    ),
    (
        "scope",
        "time=2031-02-03T04:05:06Z level=error msg=\"export failed\" err=\"rpc error: code = \
         PermissionDenied desc = Request had insufficient authentication scopes.\"",
    ),
    ("scope", "AccessDenied: Provided scope(s) are not authorized"),
    (
        "scope",
        "HTTP/2 403\r\ncontent-type: application/json; charset=UTF-8\r\n\
         www-authenticate: Bearer realm=\"https://accounts.google.com/\", \
         error=\"insufficient_scope\", scope=\"https://www.googleapis.com/auth/cloud-platform\"\r\n\
         \r\n{\"error\":{\"code\":403,\"message\":\"Request had insufficient authentication \
         scopes.\",\"status\":\"PERMISSION_DENIED\"}}",
    ),
    (
        "scope",
        "< HTTP/1.1 403 Forbidden\n< Content-Type: application/json\n< \n\
         {\"error\":{\"code\":403,\"message\":\"Insufficient \
         Permission\",\"errors\":[{\"message\":\"Insufficient \
         Permission\",\"reason\":\"insufficientPermissions\"}]}}",
    ),
    (
        "scope",
        "Content-Type: application/json\nWWW-Authenticate: Bearer \
         realm=\"https://accounts.google.com/\", error=insufficient_scope, \
         scope=\"https://www.googleapis.com/auth/sqlservice.admin\"\n\n\
         {\"error\":{\"errors\":[{\"reason\":\"insufficientPermissions\",\"message\":\
         \"Insufficient Permission\"}],\"code\":403,\"message\":\"Insufficient Permission\"}}",
    ),
    (
        "scope",
        "grpc-status: 7\ngrpc-message: Request%20had%20insufficient%20authentication%20scopes.\n",
    ),
    (
        "scope",
        "Access Denied: BigQuery BigQuery: No OAuth token with Google Drive scope was found.",
    ),
    (
        "scope",
        "Exception: You do not have permission to call SpreadsheetApp.openById. Required \
         permissions: https://www.googleapis.com/auth/spreadsheets",
    ),
    (
        "scope",
        "Exception: Specified permissions are not sufficient to call UrlFetchApp.fetch. Required \
         permissions: https://www.googleapis.com/auth/script.external_request",
    ),
    (
        "scope",
        "{\"error\":{\"code\":403,\"message\":\"Request requires one of the following scopes: \
         [contacts, contacts.readonly].\",\"status\":\"PERMISSION_DENIED\"}}",
    ),
    ("scope", "The granted scopes do not give access to all of the requested spaces."),
    (
        "scope",
        "Monitoring agent: write_gcm: Unsuccessful HTTP request 403: { \"error\": { \"code\": 403, \
         \"message\": \"Request had insufficient authentication scopes.\", \"status\": \
         \"PERMISSION_DENIED\" } }",
    ),
    (
        "scope",
        "Error: failed to list clusters: googleapi: Error 403: Request had insufficient \
         authentication scopes.\nMore details:\nReason: insufficientPermissions, Message: \
         Insufficient Permission\n",
    ),
    (
        "scope",
        "pull access denied: failed to fetch oauth token: 403 Forbidden: Request had insufficient \
         authentication scopes",
    ),
    ("scope", "Instance has insufficient access scopes to call the Compute Engine API."),
    ("scope", "Token does not have the required scopes: https://www.googleapis.com/auth/bigquery"),
    // The other two problems of scopes: a restricting scope, and a missing scope or share for
    // Drive.
    (
        "scope",
        "{\"error\":{\"code\":403,\"message\":\"Metadata scope doesn't allow format \
         RAW\",\"errors\":[{\"reason\":\"forbidden\"}]}}",
    ),
    ("scope", "GaxiosError: Metadata scope does not support 'q' parameter"),
    (
        "scope",
        "Error while reading table: blue_kite.sheets.prices, error message: Access Denied: \
         BigQuery BigQuery: Permission denied while getting Drive credentials.",
    ),
    (
        "scope",
        "Query error: Access Denied: BigQuery BigQuery: Permission denied while globbing file \
         pattern. at [3:1]",
    ),
    // IAM.
    (
        "iam",
        "googleapi: Error 403: Required 'compute.instances.create' permission for \
         'projects/blue-kite-7/zones/us-east1-b/instances/web-9', forbidden",
    ),
    (
        "iam",
        "googleapi: Error 403: Required \"container.clusters.get\" permission(s) for \
         \"projects/blue-kite-7/zones/us-east1-b/clusters/main\"., forbidden",
    ),
    (
        "iam",
        "403 POST https://bigquery.googleapis.com/bigquery/v2/projects/blue-kite-7/jobs: Access \
         Denied: Project blue-kite-7: User does not have bigquery.jobs.create permission in \
         project blue-kite-7.",
    ),
    (
        "iam",
        "Access Denied: Table blue-kite-7:sales.orders: User does not have permission to query \
         table blue-kite-7:sales.orders, or perhaps it does not exist.",
    ),
    (
        "iam",
        "Access Denied: Table blue-kite-7:sales.orders: Permission bigquery.tables.getData denied \
         on table blue-kite-7:sales.orders (or it may not exist).",
    ),
    (
        "iam",
        "rpc error: code = PermissionDenied desc = Permission 'secretmanager.versions.access' \
         denied for resource 'projects/blue-kite-7/secrets/db/versions/latest' (or it may not \
         exist).",
    ),
    ("iam", "7 PERMISSION_DENIED: User not authorized to perform this action."),
    (
        "iam",
        "google.api_core.exceptions.PermissionDenied: 403 Caller is missing IAM permission \
         spanner.sessions.create on resource projects/blue-kite-7/instances/a/databases/b.",
    ),
    (
        "iam",
        "google.api_core.exceptions.PermissionDenied: 403 Permission \
         'aiplatform.endpoints.predict' denied on resource \
         '//aiplatform.googleapis.com/projects/blue-kite-7/locations/us-east1/endpoints/9' (or it \
         may not exist). [reason: \"IAM_PERMISSION_DENIED\"\n\
         domain: \"aiplatform.googleapis.com\"\n]",
    ),
    (
        "iam",
        "upload@blue-kite-7.iam.gserviceaccount.com does not have storage.objects.create access to \
         the Google Cloud Storage object. Permission 'storage.objects.create' denied on resource \
         (or it may not exist).",
    ),
    (
        "iam",
        "ERROR: (gcloud.run.deploy) PERMISSION_DENIED: Permission 'iam.serviceaccounts.actAs' \
         denied on service account 123456789012-compute@developer.gserviceaccount.com (or it may \
         not exist).",
    ),
    (
        "iam",
        "ERROR: (gcloud.projects.get-iam-policy) User [ana@example.com] does not have permission \
         to access projects instance [blue-kite-7:getIamPolicy] (or it may not exist): The caller \
         does not have permission",
    ),
    (
        "iam",
        "denied: Permission \"artifactregistry.repositories.uploadArtifacts\" denied on resource \
         \"projects/blue-kite-7/locations/us/repositories/images\" (or it may not exist)",
    ),
    (
        "iam",
        "Error from server (Forbidden): pods is forbidden: User \"ana@example.com\" cannot list \
         resource \"pods\" in API group \"\" in the namespace \"default\": requires one of \
         [\"container.pods.list\"] permission(s).",
    ),
    (
        "iam",
        "googleapi: Error 403: The client is not authorized to make this request., notAuthorized",
    ),
    (
        "iam",
        "googleapi: Error 403: boss::NOT_AUTHORIZED: Not authorized to access instance: \
         blue-kite-7:pg. Possibly missing permission cloudsql.instances.get on resource \
         instances/pg., forbidden",
    ),
    ("iam", "FirebaseError: Missing or insufficient permissions."),
    (
        "iam",
        "impersonate: status code 403: {\"error\":{\"code\":403,\"message\":\"Permission \
         'iam.serviceAccounts.getAccessToken' denied on resource (or it may not \
         exist).\",\"status\":\"PERMISSION_DENIED\"}}",
    ),
    (
        "iam",
        "google.auth.exceptions.RefreshError: ('Unable to acquire impersonated credentials', \
         '{\"error\": {\"code\": 403, \"message\": \"Permission \
         \\'iam.serviceAccounts.getAccessToken\\' denied on resource (or it may not exist).\", \
         \"status\": \"PERMISSION_DENIED\"}}')",
    ),
    (
        "iam",
        "Error 403: The user does not have access to service account \
         \"runner@blue-kite-7.iam.gserviceaccount.com\". User: 'ana@example.com'. Ask a project \
         owner to grant you the iam.serviceAccountUser role on the service account",
    ),
    (
        "iam",
        "Permission 'cloudkms.cryptoKeyVersions.useToDecrypt' denied on resource \
         'projects/blue-kite-7/locations/global/keyRings/r/cryptoKeys/k' (or it may not exist).",
    ),
    (
        "iam",
        "403 Missing permissions: monitoring.timeSeries.create on resource project blue-kite-7",
    ),
    ("iam", "Not authorized to requested resource."),
    ("iam", "7 PERMISSION_DENIED: The caller does not have permission"),
    (
        "iam",
        "io.grpc.StatusRuntimeException: PERMISSION_DENIED: The caller does not have permission to \
         execute the specified operation",
    ),
    (
        "iam",
        "Error: failed pre-requisites: missing permission on \
         \"billingAccounts/000000-111111-222222\": billing.resourceAssociations.create",
    ),
    (
        "iam",
        "{\"error\":{\"code\":403,\"message\":\"Request denied by Cloud \
         IAM.\",\"status\":\"PERMISSION_DENIED\"}}",
    ),
    (
        "iam",
        "<html><head><title>403 Forbidden</title></head><body><h1>Error: Forbidden</h1><h2>Your \
         client does not have permission to get URL <code>/hello</code> from this \
         server.</h2></body></html>",
    ),
    (
        "credentials",
        "Anonymous caller does not have storage.objects.list access to the Google Cloud Storage \
         bucket. Permission 'storage.objects.list' denied on resource (or it may not exist).",
    ),
    // Disabled APIs.
    (
        "service_disabled",
        "ERROR: (gcloud.run.services.list) API [run.googleapis.com] not enabled on project \
         [123456789012].",
    ),
    (
        "service_disabled",
        "403 Vertex AI API has not been used in project blue-kite-7 before or it is disabled. \
         Enable it by visiting https://console.developers.google.com/apis/api/\
         aiplatform.googleapis.com/overview?project=blue-kite-7 then retry.",
    ),
    (
        "service_disabled",
        "googleapi: Error 403: Access Not Configured. Compute Engine API has not been used in \
         project 123456789012 before or it is disabled., accessNotConfigured",
    ),
    (
        "service_disabled",
        "PERMISSION_DENIED: Cloud Firestore API has not been used in project blue-kite-7 before or \
         it is disabled.",
    ),
    (
        "service_disabled",
        "User has not enabled the Apps Script API. Enable it by visiting \
         https://script.google.com/home/usersettings then retry.",
    ),
    (
        "service_disabled",
        "Error: 7 PERMISSION_DENIED: Cloud Natural Language API is not enabled for this project.",
    ),
    (
        "service_disabled",
        "reason: SERVICE_DISABLED\ndomain: googleapis.com\n\
         metadata:\n  consumer: projects/123456789012\n  service: vision.googleapis.com",
    ),
    (
        "service_disabled",
        "{\"error_message\":\"This API project is not authorized to use this \
         API.\",\"status\":\"REQUEST_DENIED\"}",
    ),
    // Billing.
    (
        "billing",
        "googleapi: Error 403: The billing account for the owning project is disabled in state \
         absent, accountDisabled",
    ),
    (
        "billing",
        "google.api_core.exceptions.Forbidden: 403 The project to be billed is associated with a \
         closed billing account.",
    ),
    ("billing", "403 The project to be billed has not configured billing."),
    (
        "billing",
        "Access Denied: BigQuery BigQuery: Streaming insert is not allowed in the free tier",
    ),
    (
        "billing",
        "Billing has not been enabled for this project. Enable billing at \
         https://console.cloud.google.com/billing. DML queries are not allowed in the free tier.",
    ),
    (
        "billing",
        "7 PERMISSION_DENIED: This API method requires billing to be enabled. Please enable \
         billing on project #123456789012",
    ),
    (
        "billing",
        "{\"error_message\":\"You must enable Billing on the Google Cloud Project at \
         https://console.cloud.google.com/project/_/billing/enable\",\"status\":\
         \"REQUEST_DENIED\"}",
    ),
    (
        "billing",
        "FAILED_PRECONDITION: Billing account for project '123456789012' is not open. Billing must \
         be enabled for activation of service(s) 'run.googleapis.com' to proceed.",
    ),
    // Service perimeters.
    (
        "vpc_sc",
        "403 Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: \
         aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW-x_y",
    ),
    (
        "vpc_sc",
        "Error 403: VPC Service Controls: Request is prohibited by organization's policy. \
         vpcServiceControlsUniqueIdentifier: aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW-x_y, accessDenied",
    ),
    ("vpc_sc", "AccessDeniedException: 403 Request violates VPC Service Controls."),
    (
        "vpc_sc",
        "rpc error: code = PermissionDenied desc = Request is prohibited by organization's policy. \
         vpcServiceControlsUniqueIdentifier: aB3dE5fG7hI9jK1lM3nO5p",
    ),
    // Policies of organisations.
    (
        "org_policy",
        "googleapi: Error 412: Constraint constraints/compute.vmExternalIpAccess violated for \
         project 123456789012. Add instance projects/blue-kite-7/zones/us-east1-b/instances/web-9 \
         to the constraint to use external IP with it., conditionNotMet",
    ),
    (
        "org_policy",
        "ERROR: (gcloud.iam.service-accounts.keys.create) FAILED_PRECONDITION: Key creation is not \
         allowed on this service account.\n- '@type': \
         type.googleapis.com/google.rpc.PreconditionFailure\n  violations:\n  - description: Key \
         creation is not allowed on this service account.\n    subject: \
         projects/blue-kite-7/serviceAccounts/runner@blue-kite-7.iam.gserviceaccount.com?\
         configvalue=\n    type: constraints/iam.disableServiceAccountKeyCreation",
    ),
    (
        "org_policy",
        "Error 400: One or more users named in the policy do not belong to a permitted customer,  \
         perhaps due to an organization policy.",
    ),
    (
        "org_policy",
        "'us-west9' violates constraint 'constraints/gcp.resourceLocations' on the resource \
         'projects/blue-kite-7/secrets/db'.",
    ),
    ("org_policy", "The domain policy has disabled third-party Drive apps"),
    (
        "org_policy",
        "{\"error\":\"admin_policy_enforced\",\"error_description\":\"Access to your account data \
         is restricted by policies within your organization.\"}",
    ),
    ("org_policy", "Error 403: The domain administrators have disabled Drive apps., domainPolicy"),
    // Rate limits and quotas.
    (
        "rate_limit",
        "googleapi: Error 429: Quota exceeded for quota metric 'Read requests' and limit 'Read \
         requests per minute per user' of service 'sheets.googleapis.com' for consumer \
         'project_number:123456789012'., rateLimitExceeded",
    ),
    ("rate_limit", "8 RESOURCE_EXHAUSTED: Resource has been exhausted (e.g. check quota)."),
    ("rate_limit", "403 Exceeded rate limits: too many table update operations for this table."),
    ("rate_limit", "Quota 'CPUS' exceeded.  Limit: 24.0 in region us-east1., quotaExceeded"),
    (
        "rate_limit",
        "The request cannot be completed because you have exceeded your <a \
         href=\"/youtube/v3/getting-started#quota\">quota</a>.",
    ),
    ("rate_limit", "User-rate limit exceeded.  Retry after 2031-02-03T04:05:06.000Z"),
    ("rate_limit", "The user's Drive storage quota has been exceeded."),
    ("rate_limit", "Daily Limit for Unauthenticated Use Exceeded. Continued use requires signup."),
    ("rate_limit", "Rate Limit Exceeded"),
    ("rate_limit", "429 Too Many Requests"),
    // The quota project.
    (
        "quota_project",
        "Your application has authenticated using end user credentials from the Google Cloud SDK \
         or Google Cloud Shell which are not supported by the translate.googleapis.com. We \
         recommend configuring the billing/quota_project setting in gcloud or using a service \
         account through the auth/impersonate_service_account setting.",
    ),
    (
        "quota_project",
        "Cloud Translation API has not been used in project 764086051850 before or it is disabled.",
    ),
    (
        "quota_project",
        "Caller does not have required permission to use project blue-kite-7. Grant the caller the \
         roles/serviceusage.serviceUsageConsumer role",
    ),
    ("iam", "Permission denied on resource project blue-kite-7."),
    ("quota_project", "400 Bucket is a requester pays bucket but no user project provided."),
    (
        "quota_project",
        "ERROR: (gcloud.services.list) PERMISSION_DENIED: Project 'blue-kite-7' not found or \
         deleted.\n  reason: CONSUMER_INVALID",
    ),
    ("quota_project", "User project specified in the request is invalid."),
    (
        "iam",
        "Grpc.Core.RpcException: Status(StatusCode=\"PermissionDenied\", Detail=\"Permission \
         denied on resource project blue-kite-7.\")",
    ),
    // Credentials.
    (
        "credentials",
        "google.auth.exceptions.RefreshError: ('invalid_grant: Token has been expired or \
         revoked.', {'error': 'invalid_grant', 'error_description': 'Token has been expired or \
         revoked.'})",
    ),
    (
        "credentials",
        "google.auth.exceptions.RefreshError: ('invalid_grant: Invalid JWT Signature.', {'error': \
         'invalid_grant', 'error_description': 'Invalid JWT Signature.'})",
    ),
    (
        "credentials",
        "google.auth.exceptions.DefaultCredentialsError: Your default credentials were not found. \
         To set up Application Default Credentials, see \
         https://cloud.google.com/docs/authentication/external/set-up-adc for more information.",
    ),
    (
        "credentials",
        "google: could not find default credentials. See \
         https://cloud.google.com/docs/authentication/external/set-up-adc for more information",
    ),
    (
        "credentials",
        "Error: Could not load the default credentials. Browse to \
         https://cloud.google.com/docs/authentication/getting-started for more information.",
    ),
    (
        "credentials",
        "Error: 16 UNAUTHENTICATED: Request had invalid authentication credentials. Expected OAuth \
         2 access token, login cookie or other valid authentication credential.",
    ),
    (
        "credentials",
        "Error: 16 UNAUTHENTICATED: Failed to retrieve auth metadata with error: invalid_grant",
    ),
    ("credentials", "oauth2: \"invalid_grant\" \"Account has been deleted\""),
    ("credentials", "Reauthentication failed. cannot prompt during non-interactive execution."),
    (
        "credentials",
        "oauth2: cannot fetch token: 401 Unauthorized\n\
         Response: {\"error\":\"unauthorized_client\",\"error_description\":\"Client is \
         unauthorized to retrieve access tokens using this method, or client not authorized for \
         any of the scopes requested.\"}",
    ),
    (
        "credentials",
        "{\"error\":\"invalid_scope\",\"error_description\":\"Some requested scopes were invalid. \
         {invalid=[https://www.googleapis.com/auth/drvie]}\"}",
    ),
    (
        "credentials",
        "API keys are not supported by this API. Expected OAuth2 access token or other \
         authentication credentials that assert a principal. See \
         https://cloud.google.com/docs/authentication",
    ),
    (
        "credentials",
        "Method doesn't allow unregistered callers (callers without established identity). Please \
         use API Key or other form of API consumer identity to call this API.",
    ),
    (
        "credentials",
        "ServiceException: 401 Anonymous caller does not have storage.objects.get access to the \
         Google Cloud Storage object: Login Required",
    ),
    ("credentials", "{\"error_description\":\"Invalid Value\",\"error\":\"invalid_token\"}"),
    ("credentials", "Error: deleted_client: The OAuth client was deleted."),
    // The API key.
    ("api_key", "API key not valid. Please pass a valid API key."),
    ("api_key", "API key expired. Please renew the API key."),
    ("api_key", "Requests from this Android client application com.example.kite are blocked."),
    ("api_key", "Requests from this iOS client application <empty> are blocked."),
    (
        "api_key",
        "{\"error\":{\"code\":403,\"message\":\"The provided API key has an IP address \
         restriction. The originating IP address of the call (203.0.113.9) violates this \
         restriction.\",\"status\":\"PERMISSION_DENIED\",\"details\":[{\"@type\":\
         \"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"API_KEY_IP_ADDRESS_BLOCKED\",\
         \"domain\":\"googleapis.com\"}]}}",
    ),
    (
        "api_key",
        "The provided API key has an IP address restriction. The originating IP address of the \
         call (203.0.113.9) violates this restriction.",
    ),
    (
        "api_key",
        "{\"error_message\":\"The provided API key is invalid.\",\"status\":\"REQUEST_DENIED\"}",
    ),
    (
        "api_key",
        "{\"error_message\":\"This IP, site or mobile application is not authorized to use this \
         API key. Request received from IP address 203.0.113.9, with empty \
         referer\",\"status\":\"REQUEST_DENIED\"}",
    ),
    (
        "api_key",
        "Requests to this API places.googleapis.com method google.maps.places.v1.Places.SearchText \
         are blocked.",
    ),
    ("api_key", "PERMISSION_DENIED: The request is missing a valid API key."),
    ("api_key", "403 Your API key was reported as leaked. Please use another API key."),
    // The access list of one resource.
    ("resource_acl", "The user does not have sufficient permissions for file 1a2b3c."),
    (
        "resource_acl",
        "{\"error\":{\"errors\":[{\"domain\":\"global\",\"reason\":\"insufficientFilePermissions\",\
         \"message\":\"The user does not have sufficient permissions for file \
         1a2b3c.\"}],\"code\":403}}",
    ),
    (
        "resource_acl",
        "403 User does not have sufficient permissions for this property. To learn more about \
         Property ID, see https://developers.google.com/analytics/devguides/reporting/data/v1/\
         property-id.",
    ),
    (
        "resource_acl",
        "User does not have sufficient permission for site 'https://example.com/'. See also: \
         https://support.google.com/webmasters/answer/2451999.",
    ),
    (
        "resource_acl",
        "The user has not granted the app 123456789012 write access to the file 1a2b3c.",
    ),
    (
        "resource_acl",
        "googleapi: Error 403: You need to have writer access to this calendar., \
         requiredAccessLevel",
    ),
    ("resource_acl", "Delegation denied for ana@example.com"),
    (
        "resource_acl",
        "{\"error\":{\"code\":403,\"message\":\"User does not have any kite \
         account.\",\"errors\":[{\"reason\":\"insufficientPermissions\",\"domain\":\"global\",\
         \"message\":\"User does not have any kite account.\"}]}}",
    ),
    // More clients and services, for all gates.
    (
        "scope",
        "the service reports an error with code PERMISSION_DENIED described as: Request had \
         insufficient authentication scopes.",
    ),
    (
        "scope",
        "GuzzleHttp\\Psr7\\Response Object ( [statusCode] => 403 [headers] => Array ( \
         [WWW-Authenticate] => Array ( [0] => Bearer realm=\"https://accounts.google.com/\", \
         error=\"insufficient_scope\", scope=\"https://www.googleapis.com/auth/androidpublisher\" \
         ) ) )",
    ),
    (
        "scope",
        "DefaultApiClient: 403: {\"error\": {\"code\": 403, \"message\": \"Request had \
         insufficient authentication scopes.\", \"status\": \"PERMISSION_DENIED\"}} while writing \
         metrics",
    ),
    (
        "scope",
        "Failed to export: code=403 reason=ACCESS_TOKEN_SCOPE_INSUFFICIENT \
         service=cloudtrace.googleapis.com",
    ),
    (
        "scope",
        "AccessDenied(403): <?xml version='1.0' \
         encoding='UTF-8'?><Error><Code>AccessDenied</Code><Message>Access \
         denied.</Message><Details>Provided scope(s) are not authorized</Details></Error>",
    ),
    (
        "scope",
        "Error response from daemon: Head https://us-docker.pkg.dev/v2/blue-kite-7/images/app/\
         manifests/1: denied: Request had insufficient authentication scopes.",
    ),
    (
        "iam",
        "The request was not authorized to invoke this service. Read more at \
         https://cloud.google.com/run/docs/securing/authenticating",
    ),
    (
        "iam",
        "denied: Token exchange failed for project 'blue-kite-7'. Caller does not have permission \
         'storage.buckets.get'.",
    ),
    (
        "iam",
        "403 Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service \
         account has been authorized to use this key.",
    ),
    (
        "iam",
        "AUTH_PERMISSION_DENIED: Permission denied to list services for consumer container \
         [projects/123456789012]",
    ),
    (
        "iam",
        "firebase.rules: PERMISSION_DENIED: Client doesn't have permission to access the desired \
         data.",
    ),
    (
        "iam",
        "FirebaseError: Firebase Storage: User does not have permission to access 'a/b.png'. \
         (storage/unauthorized)",
    ),
    (
        "iam",
        "Access Denied: BigQuery BigQuery: User has neither fine-grained reader nor masked get \
         permission to get data protected by policy tag \"pii\" on column t.c.",
    ),
    ("iam", "Caller lacks permission logging.logEntries.create on projects/blue-kite-7"),
    ("iam", "Not Authorized to access this resource/api"),
    (
        "iam",
        "generic::permission_denied: Service account runner@blue-kite-7.iam.gserviceaccount.com \
         needs role roles/storage.objectViewer",
    ),
    (
        "service_disabled",
        "Kubernetes Engine API is not enabled for this project. Please ensure it is enabled in \
         Google Cloud Console and try again.",
    ),
    ("service_disabled", "Google Maps JavaScript API error: ApiNotActivatedMapError"),
    (
        "service_disabled",
        "Error: googleapi: Error 403: Cloud Resource Manager API has not been used in project \
         123456789012 before or it is disabled.",
    ),
    ("billing", "Google Maps JavaScript API error: BillingNotEnabledMapError"),
    ("billing", "The project to be billed is associated with an absent billing account."),
    (
        "rate_limit",
        "429 You exceeded your current quota, please check your plan and billing details.",
    ),
    (
        "rate_limit",
        "Error 403: Insufficient regional quota to satisfy request: resource \"CPUS\": request \
         requires '12.0' and is short '4.0'., QUOTA_EXCEEDED",
    ),
    (
        "rate_limit",
        "google.api_core.exceptions.ResourceExhausted: 429 Online prediction request quota \
         exceeded for gemini.",
    ),
    ("rate_limit", "{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\"}}"),
    (
        "credentials",
        "{\"error\":\"unauthorized_client\",\"error_description\":\"The given credential is \
         rejected by the attribute condition.\"}",
    ),
    (
        "credentials",
        "{\"error\":\"invalid_target\",\"error_description\":\"The target service indicated by the \
         \\\"audience\\\" parameters is invalid.\"}",
    ),
    ("credentials", "{\"error_description\":\"Invalid Value\"}"),
    (
        "credentials",
        "The request was not authenticated. Either allow unauthenticated invocations or set the \
         proper Authorization header.",
    ),
    ("credentials", "Invalid IAP credentials: empty token"),
    (
        "credentials",
        "<?xml version='1.0'?><Error><Code>SignatureDoesNotMatch</Code><Message>The request \
         signature we calculated does not match the signature you provided.</Message></Error>",
    ),
    (
        "credentials",
        "denied: Unauthenticated request. Unauthenticated requests do not have permission \
         \"artifactregistry.repositories.downloadArtifacts\" on resource \
         \"projects/blue-kite-7/locations/us/repositories/images\"",
    ),
    (
        "credentials",
        "ERROR: (gcloud.compute.instances.list) You do not currently have an active account \
         selected.",
    ),
    (
        "credentials",
        "ERROR: gcloud crashed (RefreshError): There was a problem refreshing your current auth \
         tokens: ('invalid_grant: Bad Request', {'error': 'invalid_grant'})",
    ),
    (
        "credentials",
        "Unable to generate access token; IAM returned 404 Not Found: Not found; Gaia id not found \
         for email runner@blue-kite-7.iam.gserviceaccount.com",
    ),
    ("api_key", "Google Maps JavaScript API error: RefererNotAllowedMapError"),
    ("api_key", "This service requires an API key."),
    ("resource_acl", "403 Permission denied. Failed to verify the URL ownership."),
    ("resource_acl", "The attempted action requires shared drive membership."),
    (
        "resource_acl",
        "User doesn't have permission to access customer. Note: If you're accessing a client \
         customer, the manager's customer id must be set in the 'login-customer-id' header.",
    ),
    ("resource_acl", "Error 403: Insufficient permissions for this file, forbidden"),
    (
        "scope",
        "Array ( [error] => Array ( [errors] => Array ( [0] => Array ( [domain] => global [reason] \
         => insufficientPermissions [message] => Insufficient Permission ) ) [code] => 403 \
         [message] => Insufficient Permission ) )",
    ),
    (
        "scope",
        "500 failed to fetch user profile (status: 403 data: { \"error\": { \"errors\": [ { \
         \"domain\": \"global\", \"reason\": \"insufficientPermissions\", \"message\": \
         \"Insufficient Permission\" } ], \"code\": 403, \"message\": \"Insufficient Permission\" \
         } } )",
    ),
    (
        "scope",
        "Request Status Code: 403\nError: API returned: Insufficient Permission: Request had \
         insufficient authentication scopes.",
    ),
    (
        "scope",
        "Object { \"code\": 403, \"errors\": Array [ Object { \"domain\": \"global\", \"message\": \
         \"Insufficient Permission\", \"reason\": \"insufficientPermissions\", }, ], }",
    ),
    (
        "resource_acl",
        "Array ( [error] => Array ( [errors] => Array ( [0] => Array ( [domain] => global [reason] \
         => insufficientPermissions [message] => User has no seat in this workbook. ) ) [code] => \
         403 ) )",
    ),
    ("iam", "GSResponseError: status=403, code=AccessDenied, reason=Forbidden."),
    ("iam", "googleapi: Error 403: User is not authorized., forbidden"),
    (
        "iam",
        "Error: Error retrieving App Engine application : googleapi: Error 403: Operation not \
         allowed, forbidden",
    ),
    ("billing", "GSResponseError:: status=403, code=AccountProblem, reason=Forbidden."),
    (
        "credentials",
        "Check bucket failed, S3 response: <?xml version='1.0' \
         encoding='UTF-8'?><Error><Code>InvalidSecurity</Code><Message>No.</Message></Error>",
    ),
    (
        "iam",
        "Permission 'orgpolicy.policies.update' denied on resource \
         '//orgpolicy.googleapis.com/projects/123456789012/policies/compute.requireOsLogin' (or it \
         may not exist).",
    ),
    ("iam", "Permission 'orgpolicy.policy.set' denied on constraints/compute.requireOsLogin"),
    (
        "iam",
        "ERROR: (gcloud.org-policies.set-policy) PERMISSION_DENIED: The caller does not have \
         permission to change a policy",
    ),
    (
        "iam",
        "Permission 'accesscontextmanager.servicePerimeters.create' denied on resource (or it may \
         not exist).",
    ),
    (
        "iam",
        "Permission 'billing.accounts.get' denied on resource \
         '//cloudbilling.googleapis.com/billingAccounts/000000-111111-222222' (or it may not \
         exist).",
    ),
    (
        "iam",
        "Permission 'apikeys.keys.create' denied on resource 'projects/blue-kite-7' (or it may not \
         exist).",
    ),
    ("iam", "Permission 'cloudquotas.quotas.update' denied on resource (or it may not exist)."),
    (
        "iam",
        "Permission 'serviceusage.services.enable' denied on resource 'projects/blue-kite-7' (or \
         it may not exist).",
    ),
    ("iam", "Permission 'oauthconfig.clients.get' denied on resource (or it may not exist)."),
    (
        "scope",
        "* upload failed: Request had insufficient authentication scopes.\nHTTP/1.1 403 Forbidden\n\
         Server: ESF\n\n",
    ),
    (
        "org_policy",
        "Operation denied by org policy: [\"constraints/iam.disableServiceAccountCreation\"]",
    ),
    ("org_policy", "Creation of service accounts is disallowed by the organization policy."),
    ("org_policy", "Location us-west9 violates the organization policy of this project."),
    ("credentials", "Status{code=UNAUTHENTICATED, description=Unauthorized, cause=null}"),
    ("credentials", "googleapi: got HTTP response code 401 with body: "),
    (
        "credentials",
        "failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden",
    ),
    (
        "credentials",
        "Failed to pull image: rpc error: code = Unknown desc = unauthorized: authentication \
         required",
    ),
    (
        "service_disabled",
        "Client error: `GET https:\\/\\/www.googleapis.com\\/calendar\\/v3\\/users\\/me\\/\
         calendarList` resulted in a `403 Forbidden` response:\\n{\\n \\\"error\\\": {\\n \
         \\\"code\\\": 403,\\n \\\"message\\\": \\\"Google Calendar API has not been used in \
         project 123456789012 before or (truncated...)",
    ),
    (
        "scope",
        "Client error: `GET https://www.googleapis.com/oauth2/v1/userinfo` resulted in a `403 \
         Forbidden` response:\n{\n \"error\": {\n  \"errors\": [\n   {\n    \"domain\": \
         \"global\",\n    \"reason\": \"insufficientPermissions\",\n    \"message\": \
         \"Insufficient Permission\" (truncated...)",
    ),
    (
        "scope",
        "TraceWriter#publish: Received error with status code 403 while publishing traces to \
         cloudtrace.googleapis.com: Error: Request had insufficient authentication scopes.",
    ),
    (
        "iam",
        "You are missing at least one of the following required permissions: Project \
         resourcemanager.projects.get Resource billing.accounts.get",
    ),
    (
        "scope",
        "denied: Permission denied for \"1.2\" from request \"/v2/blue-kite-7/app/manifests/1.2\".",
    ),
    ("iam", "Your credentials are valid, but lack the necessary permissions for this operation."),
    (
        "vpc_sc",
        "Your credentials are valid, but lack the necessary permissions for this operation.\n\
         Details: VPC Service Controls: Request is prohibited by organization's policy.",
    ),
    (
        "other",
        "{'status': 403, 'body': '<HTML>\\n<HEAD>\\n<TITLE>Forbidden</TITLE>\\n</\
         HEAD>\\n<BODY><H1>Forbidden</H1>\\n</BODY>\\n</HTML>\\n', 'reason': 'Forbidden'}",
    ),
    (
        "other",
        "Forbidden response from API: 403, message='Forbidden', \
         url=URL('https://www.googleapis.com/calendar/v3/calendars/primary')",
    ),
    (
        "scope",
        "{\"level\":\"error\",\"msg\":\"<HttpError 403 when requesting \
         https://bigquery.googleapis.com/x returned \\\"Insufficient Permission\\\">\"}",
    ),
    (
        "scope",
        "{\"level\":\"error\",\"msg\":\"403: Insufficient Permission - insufficientPermissions\"}",
    ),
    (
        "scope",
        "{\"errors\":[{\"reason\":\"insufficientPermissions\",\"message\":\"Insufficient \
         Permission: Request had insu",
    ),
    (
        "iam",
        "403 The caller does not have permission. Hint: your token may be missing required scopes.",
    ),
    (
        "iam",
        "Permission 'storage.objects.get' denied on resource (or it may not exist). Does the VM \
         not have the required scopes?",
    ),
    (
        "iam",
        "UserWarning: Your application has authenticated using end user credentials from Google \
         Cloud SDK without a quota project. You might receive a \"quota exceeded\" or \"API not \
         enabled\" error.\ngoogle.api_core.exceptions.PermissionDenied: 403 The caller does not \
         have permission",
    ),
    (
        "iam",
        "WARNING: Your active project does not match the quota project in your local Application \
         Default Credentials file. This might result in unexpected quota issues.\n\
         ERROR: (gcloud.kms.keys.list) PERMISSION_DENIED: Permission 'cloudkms.cryptoKeys.list' \
         denied on resource 'projects/blue-kite-7' (or it may not exist).",
    ),
    // Drive hides a file from a caller with whom the file is not shared.
    ("resource_acl", "File not found: 1KiteShopTestFileId0123456789abcd."),
    ("resource_acl", "googleapi: Error 404: Shared drive not found: 0AKiteShop123456PVA, notFound"),
    // So do the APIs for files in Drive, in the words of IAM.
    (
        "resource_acl",
        "403 GET https://docs.googleapis.com/v1/documents/1KiteShopTestFileId0123456789abcd: The \
         caller does not have permission",
    ),
    // No known gate.
    (
        "other",
        "Error 403 (Forbidden)!!1 403. That's an error. Your client does not have permission to \
         get URL /foo from this server. That's all we know.",
    ),
    ("other", "googleapi: got HTTP response code 403 with body: Forbidden"),
    ("other", "Error 403: no, see KITE_API_KEY_FILE"),
    (
        "other",
        "PERMISSION_DENIED: Permission denied: Consumer 'projects/blue-kite-7' has been suspended.",
    ),
];

/// Texts that are not about access.
pub(crate) const NO_REFUSALS: &[&str] = &[
    "",
    "200 OK",
    "connection reset by peer",
    "googleapi: Error 404: The specified bucket does not exist., notFound",
    "Error: File not found: /srv/kites/report-2026-FINAL.pdf",
    "java.io.FileNotFoundException: File not found: a-very-long-configuration-file",
    "rpc error: code = Unavailable desc = connection error",
    "{\"kind\":\"storage#object\",\"name\":\"scope.txt\"}",
    "Warning: Scope has changed from \"openid\" to \"openid \
     https://www.googleapis.com/auth/userinfo.email\".",
];
