//! Data: words by which values in a response are found, and words that have the syntax of a value
//! but are none.

/// The prefix of refresh tokens.
const REFRESH_TOKEN: &str = "1//0";

/// The prefixes of Google's tokens and keys: access tokens, API keys, JWTs, secrets of OAuth
/// clients, refresh tokens.
pub const SECRET_PREFIXES: [&str; 5] = ["ya29.", "AIza", "eyJ", "GOCSPX-", REFRESH_TOKEN];

/// The words before other secrets: tokens in headers and queries, and the signatures of signed
/// URLs. Some words lack their first letter, which may be a capital.
pub(super) const SECRET_MARKS: [&str; 8] = [
    "earer ",
    "token=",
    "secret=",
    "assertion=",
    "ignature=",
    "token%3D",
    "ignature%3D",
    // The search for prefixes does not find it, because slashes end a word.
    REFRESH_TOKEN,
];

/// The first words of dotted names that are not permissions: packages, modules, commands, variables
/// and hosts.
pub(super) const NOT_A_SERVICE: &[&str] = &[
    "com", "io", "org", "net", "dev", "google", "gcloud", "grpc", "java", "javax", "sun", "kotlin",
    "scala", "android", "www", "module", "data", "var", "this", "self", "process", "config",
    "response",
];

/// The last words of dotted names that are hosts or files, not permissions.
pub(super) const NOT_A_VERB: &[&str] = &[
    "com", "net", "org", "dev", "app", "cloud", "goog", "info", "xyz", "biz", "java", "json",
    "yaml", "html",
];

/// Words that occur near a permission.
pub(super) const WORDS_NEAR_PERMISSION: [&str; 7] =
    ["permission", "access", "denied", "require", "lack", "missing", "allowed"];

/// Words directly before a permission: `Permission 'x' denied`, `Required 'x' permission`,
/// `permission:x`.
pub(super) const WORDS_BEFORE_PERMISSION: [&str; 6] =
    ["permission", "permissions", "required", "requires", "missing", "lacks"];

/// Words directly after a permission: `does not have x access`.
pub(super) const WORDS_AFTER_PERMISSION: [&str; 4] =
    ["permission", "permissions", "access", "denied"];

/// The words before the name of the resource to which IAM refused access.
pub(super) const BEFORE_RESOURCE: [&str; 9] = [
    "denied on resource",
    "denied on service account",
    "permission for",
    "permission(s) for",
    "denied for resource",
    "permission on resource",
    "permissions on resource",
    "access to the resource",
    "on resource",
];

/// The words before the name of a dataset, table or other resource of BigQuery, which begins with
/// the project and a colon. Source: <https://docs.cloud.google.com/bigquery/docs/error-messages>
pub(super) const BEFORE_BIGQUERY_NAME: [&str; 6] = [
    "denied on dataset",
    "denied on table",
    "Access Denied: Dataset",
    "Access Denied: Table",
    "Access Denied: View",
    "Access Denied: Routine",
];

/// The words before the id of a file or of a shared drive in Drive.
pub(super) const BEFORE_FILE: [&str; 6] = [
    "File not found:",
    "Shared drive not found:",
    "access to the file",
    "for the file",
    "for file",
    "to file",
];

/// What precedes the id of a file in the URL of a call to an API for files in Drive.
pub(super) const BEFORE_FILE_IN_URL: [&str; 5] =
    ["drive/v3/files/", "drive/v2/files/", "/spreadsheets/", "/documents/", "/presentations/"];

/// The words before a project. The items of the collections in gcloud's messages are projects:
/// `namespaces` is a collection of Cloud Run, `apps` one of App Engine.
pub(super) const BEFORE_PROJECT: [&str; 5] = [
    "has not been used in project",
    "illing account for project",
    "access projects instance",
    "access namespaces instance",
    "access apps instance",
];

/// The words before the id of a billing account, which has two hyphens.
pub(super) const BEFORE_BILLING_ACCOUNT: [&str; 4] =
    ["billingAccounts/", "billing account for project", "billing account", "Billing account"];

/// The words directly before the account that made a call, in lower case. gcloud prints the last
/// ones: `This command is authenticated as …`.
pub(super) const BEFORE_PRINCIPAL: [&str; 8] = [
    "user",
    "user:",
    "principal",
    "caller",
    "authenticated as",
    "access denied for",
    // gcloud and the token endpoint print these words for a credential that does not work.
    "tokens for account",
    "the service account",
];

/// The words that may precede the account in a message that begins with the account.
pub(super) const PRINCIPAL_LEADS: [&str; 10] = [
    "access",
    "account",
    "caller",
    "denied",
    "for",
    "permission",
    "principal",
    "service",
    "the",
    "user",
];

/// The words before the account in a refusal by Kubernetes, whose names contain no spaces.
pub(super) const KUBERNETES_LEAD: &str = "is forbidden: user";

/// The words directly after the account that made a call.
pub(super) const AFTER_PRINCIPAL: [&str; 6] =
    ["does not have", "doesn't have", "lacks ", "is missing ", "is not authorized", "has no "];

/// The first labels of hosts under `googleapis.com` that the responses of every API may contain, so
/// they do not identify the API that was called.
pub(super) const COMMON_HOSTS: [&str; 5] = ["www", "type", "oauth2", "accounts", "apis"];

/// The first words of resource names, which may follow the host of an API.
/// Source: <https://google.aip.dev/122>
pub(super) const RESOURCE_ROOTS: [&str; 4] =
    ["projects", "organizations", "folders", "billingAccounts"];

/// The headers that contain the id of the request. If a response has several of these headers, the
/// header that is listed first counts.
pub(super) const REQUEST_ID_HEADERS: [&str; 3] =
    ["x-guploader-uploadid", "x-goog-request-id", "x-request-id"];

/// The words that services and clients print before a list of scopes. The first letter is missing,
/// because it may be a capital.
pub(super) const SCOPE_LIST_HEADINGS: [&str; 4] =
    ["cceptable scopes", "ne of the following scopes", "equired permissions", "equired scopes"];

/// The words that may precede a known phrase about scopes in its sentence.
pub(super) const LEADING_WORDS: &[&str] = &[
    "access",
    "denied",
    "bigquery",
    "insufficient",
    "permission",
    "permissions",
    "request",
    "had",
    "provided",
    "the",
    "this",
    "method",
    "error",
    "forbidden",
];

/// The endings of the names that programs print before a message: of exceptions, and of the status
/// with which Google refuses calls.
pub(super) const ERROR_NAME_ENDINGS: [&str; 5] =
    ["Exception", "Error", "Forbidden", "PermissionDenied", "PERMISSION_DENIED"];

/// Words of refusals by the operating system and by databases, which Google uses, too.
pub(super) const LOCAL_REFUSALS: [&str; 2] = ["permission denied", "access denied"];

/// What follows [`LOCAL_REFUSALS`] in the messages of PostgreSQL, MySQL, SSH, Docker, Python, Node,
/// Ruby and Rust.
/// Sources: <https://github.com/postgres/postgres/blob/master/src/backend/catalog/aclchk.c>,
/// <https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html>.
pub(super) static AFTER_LOCAL_REFUSAL: &[&str] = &[
    " for table",
    " for relation",
    " for schema",
    " for sequence",
    " for database",
    " for function",
    " for procedure",
    " for routine",
    " for view",
    " for materialized view",
    " for column",
    " for type",
    " for language",
    " for tablespace",
    " for foreign",
    " for large object",
    " for publication",
    " for user",
    " for event trigger",
    " to create ",
    " to alter ",
    " to drop ",
    " to set ",
    " (publickey",
    " (os error",
    " @ ",
    ": '/",
    ": \"/",
    ": /",
    ": './",
    ", open ",
    ", mkdir ",
    ", unlink ",
    ", scandir ",
    ", access ",
    ", rmdir ",
    ", rename ",
    ", stat ",
    ", please try again",
    " while trying to connect to the docker",
];

/// What precedes [`LOCAL_REFUSALS`] in messages about system calls.
pub(super) static BEFORE_LOCAL_REFUSAL: &[&str] = &[
    "[errno 13] ",
    // nginx
    "(13: ",
    "eacces: ",
    "eacces (",
    "connect: ",
    "bind: ",
    "socket: ",
    "operation not permitted: ",
];
