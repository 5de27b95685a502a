//! Data: words by which the values in an answer are found, and words that only look like values.

use std::ops::RangeInclusive;

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

/// The words with which sentences about scopes begin, before one of the known phrases.
pub(super) const LEADS: &[&str] = &[
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

/// Characters that show nothing, and may change the direction of writing or hide other characters: formats
/// (Cf), separators of lines and paragraphs, variation selectors and tags.
/// Source: <https://www.unicode.org/Public/15.1.0/ucd/extracted/DerivedGeneralCategory.txt>
pub(super) const INVISIBLE: &[RangeInclusive<char>] = &[
    '\u{ad}'..='\u{ad}',
    '\u{600}'..='\u{605}',
    '\u{61c}'..='\u{61c}',
    '\u{6dd}'..='\u{6dd}',
    '\u{70f}'..='\u{70f}',
    '\u{890}'..='\u{891}',
    '\u{8e2}'..='\u{8e2}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{fff9}'..='\u{fffb}',
    '\u{110bd}'..='\u{110bd}',
    '\u{110cd}'..='\u{110cd}',
    '\u{13430}'..='\u{1343f}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];
