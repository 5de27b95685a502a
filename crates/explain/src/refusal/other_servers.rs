//! Data: servers that are not Google's, and the words by which they are recognized, as tables.
//!
//! Programs that call Google call other servers, too, and logs contain the refusals of all of them.
//! Sentences are in the form in which the phrases are written (see [`phrases`](super::phrases)).
//!
//! Public sources: <https://www.rfc-editor.org/rfc/rfc6750#section-3.1>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>,
//! <https://learn.microsoft.com/azure/role-based-access-control/troubleshooting>,
//! <https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes>,
//! <https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api>,
//! <https://docs.gitlab.com/api/rest/authentication/>, <https://api.slack.com/methods/auth.test>,
//! <https://developers.hubspot.com/docs/api-reference/error-handling>.

const AWS: &str = "AWS";
const AZURE: &str = "Microsoft Azure";
const GITHUB: &str = "GitHub";

/// The name of servers with the API of Amazon S3.
pub(super) const S3: &str = "Amazon S3 or a server with its API";
/// The name of a server about which only one fact is known: Google did not issue its tokens.
pub(super) const OTHER_OAUTH_SERVER: &str = "an OAuth server that is not Google's";

/// The name of a server of which only its address is known.
pub(super) const OTHER_SERVER: &str = "a server that is not Google's";

/// Words in the error pages of web servers that Google's APIs do not use.
pub(super) const PAGES_OF_OTHERS: [&str; 4] = ["nginx", "apache/", "openresty", "microsoft-iis"];

/// Reasons and codes that only these servers send.
pub(super) static OTHER_REASONS: &[(&str, &str)] = &[
    ("AuthorizationFailed", AZURE),
    ("AuthorizationPermissionMismatch", AZURE),
    ("Authorization_RequestDenied", AZURE),
    ("InsufficientAccountPermissions", AZURE),
    ("LinkedAuthorizationFailed", AZURE),
];

/// Sentences that only these servers and their clients write.
pub(super) static OTHER_SENTENCES: &[(&str, &str)] = &[
    ("requires higher privileges than provided by the access token", OTHER_OAUTH_SERVER),
    ("error: insufficient_scope, scope: api", "GitLab"),
    ("gitlab.com/api", "GitLab"),
    ("http basic: access denied", "GitLab"),
    ("keycloak", "Keycloak"),
    ("/protocol/openid-connect", "Keycloak"),
    ("arn:aws", AWS),
    ("is not authorized to perform: ", AWS),
    ("an error occurred (*) when calling the ", AWS),
    ("https response error statuscode: ", AWS),
    ("status code: 403, request id: ", AWS),
    ("amazonaws.com", AWS),
    ("x-amz-", AWS),
    ("x-amzn-", AWS),
    ("with an explicit deny", AWS),
    ("<hostid>", S3),
    ("<requestid>", S3),
    ("aadsts", AZURE),
    ("does not have authorization to perform action microsoft.", AZURE),
    ("code: authorizationfailed", AZURE),
    ("authorizationpermissionmismatch", AZURE),
    ("insufficient privileges to complete the operation", AZURE),
    ("core.windows.net", AZURE),
    ("management.azure.com", AZURE),
    ("graph.microsoft.com", AZURE),
    ("login.microsoftonline.com", AZURE),
    ("token has not been granted the required scopes", GITHUB),
    ("resource not accessible by ", GITHUB),
    ("must have admin rights to repository", GITHUB),
    ("x-accepted-oauth-scopes", GITHUB),
    ("api.github.com", GITHUB),
    ("ghcr.io", GITHUB),
    ("error: missing_scope", "Slack"),
    ("missing_scopes", "HubSpot"),
    ("api.spotify.com", "Spotify"),
    (".auth0.com", "Auth0"),
    ("cloudflare", "Cloudflare"),
    (".okta.com", "Okta"),
    ("openai.permissiondenied", "OpenAI"),
    ("api.openai.com", "OpenAI"),
    ("atlassian.net", "Atlassian"),
    ("jiraerror", "Atlassian"),
    ("api.notion.com", "Notion"),
    ("npm err!", "a registry of npm packages"),
    ("redis.exceptions", "Redis"),
    ("noperm ", "Redis"),
    ("pymongo", "MongoDB"),
    ("security_exception", "Elasticsearch"),
    ("databricks.sdk", "Databricks"),
    ("snowflake.connector", "Snowflake"),
    ("snowflakecomputing.com", "Snowflake"),
    ("slack.com/api", "Slack"),
    ("code: 403. errors: ", "HashiCorp Vault"),
    ("docker.io", "Docker Hub"),
    ("pull access denied", "a container registry"),
    ("requested access to the resource is denied", "a container registry"),
];

/// Scopes of GitLab, by which a list of its scopes is recognized.
/// Source: <https://docs.gitlab.com/integration/oauth_provider/#view-all-authorized-applications>
pub(super) const GITLAB_SCOPES: [&str; 6] =
    ["api", "read_api", "read_user", "read_repository", "write_repository", "sudo"];

/// Words of Google and its clients. Beside them, a sentence of [`OTHER_SENTENCES`] does not count.
pub(super) const GOOGLE_WORDS: [&str; 9] = [
    "google",
    "gcloud",
    "gcr.io",
    "pkg.dev",
    "gsutil",
    "gserviceaccount",
    "insufficient authentication scope",
    "scope(s) are not authorized",
    "iam permission",
];
