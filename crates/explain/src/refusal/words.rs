//! Data: words by which the values in an answer are found, and words that only look like values.

/// How Google's tokens and keys begin: access tokens, API keys, JWTs, secrets of OAuth clients.
pub(super) const SECRETS: [&str; 4] = ["ya29.", "AIza", "eyJ", "GOCSPX-"];

/// What is before other secrets: tokens in headers and queries, and the signatures of signed URLs.
/// `1//0` begins refresh tokens.
pub(super) const BEFORE_SECRETS: [&str; 8] =
    ["earer ", "token=", "secret=", "assertion=", "ignature=", "token%3D", "ignature%3D", "1//0"];

/// First words of dotted names that are not permissions: packages, modules, commands, variables and
/// hosts.
pub(super) const NOT_A_SERVICE: &[&str] = &[
    "com", "io", "org", "net", "dev", "google", "gcloud", "grpc", "java", "javax", "sun", "kotlin", "scala",
    "android", "www", "module", "data", "var", "this", "self", "process", "config", "response",
];

/// Last words of dotted names that are hosts or files.
pub(super) const NOT_A_VERB: &[&str] = &[
    "com", "net", "org", "dev", "app", "cloud", "goog", "info", "xyz", "biz", "java", "json", "yaml", "html",
];

/// Words near a permission.
pub(super) const PERMISSION_WORDS: [&str; 7] =
    ["permission", "access", "denied", "require", "lack", "missing", "allowed"];

/// The word before a name that is called a permission: `Permission 'x' denied`, `Required 'x'
/// permission`, `permission:x`.
pub(super) const CALLED_PERMISSION_BEFORE: [&str; 6] =
    ["permission", "permissions", "required", "requires", "missing", "lacks"];

/// The word after a name that is called a permission: `does not have x access`.
pub(super) const CALLED_PERMISSION_AFTER: [&str; 4] = ["permission", "permissions", "access", "denied"];

/// Hosts that any answer may name, whichever API was called.
pub(super) const NO_SERVICE: [&str; 5] = ["www", "type", "oauth2", "accounts", "apis"];

/// Headers with the id of the request, of which the first one counts.
pub(super) const REQUEST_IDS: [&str; 3] = ["x-guploader-uploadid", "x-goog-request-id", "x-request-id"];

/// What services and clients write before a list of scopes, without its first letter, which may be
/// a capital.
pub(super) const SCOPE_LISTS: [&str; 4] =
    ["cceptable scopes", "ne of the following scopes", "equired permissions", "equired scopes"];
