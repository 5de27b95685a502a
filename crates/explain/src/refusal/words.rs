//! Data: words that stand before or in values of answers, and those that only look like values.

/// How tokens and keys of Google begin: access tokens, API keys, JWTs, secrets of OAuth clients.
pub(super) const SECRETS: [&str; 4] = ["ya29.", "AIza", "eyJ", "GOCSPX-"];

/// What stands before other secrets, up to where they end: tokens in headers and queries, the signatures of
/// signed URLs, and the first marks of refresh tokens.
pub(super) const BEFORE_SECRETS: [&str; 8] =
    ["earer ", "token=", "secret=", "assertion=", "ignature=", "token%3D", "ignature%3D", "1//0"];

/// First words of dotted names that are no permission: packages, modules, commands, variables and host names.
pub(super) const NOT_A_SERVICE: &[&str] = &[
    "com", "io", "org", "net", "dev", "google", "gcloud", "grpc", "java", "javax", "sun", "kotlin", "scala",
    "android", "www", "module", "data", "var", "this", "self", "process", "config", "response",
];

/// Last words of dotted names that are host or file names.
pub(super) const NOT_A_VERB: &[&str] = &[
    "com", "net", "org", "dev", "app", "cloud", "goog", "info", "xyz", "biz", "java", "json", "yaml", "html",
];

pub(super) const PERMISSION_WORDS: [&str; 7] =
    ["permission", "access", "denied", "require", "lack", "missing", "allowed"];

/// What stands beside a name that is called a permission, but for quotes and brackets: `Permission 'x' denied`,
/// `does not have x access`, `Required 'x' permission`, `permission:x`.
pub(super) const CALLED_SO_BEFORE: [&str; 6] =
    ["permission", "permissions", "required", "requires", "missing", "lacks"];

pub(super) const CALLED_SO_AFTER: [&str; 4] = ["permission", "permissions", "access", "denied"];
/// Hosts that stand in every answer, and say nothing of the API that was called.
pub(super) const NO_SERVICE: [&str; 5] = ["www", "type", "oauth2", "accounts", "apis"];

pub(super) const REQUEST_IDS: [&str; 3] = ["x-guploader-uploadid", "x-goog-request-id", "x-request-id"];
/// What stands before a list of scopes in the words of services and clients, without its first letter.
pub(super) const SCOPE_LISTS: [&str; 4] =
    ["cceptable scopes", "ne of the following scopes", "equired permissions", "equired scopes"];
