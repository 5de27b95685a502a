//! Cloud Storage's XML API, each call named by its equivalent in the JSON API.
//!
//! Google documents the scopes of the XML API in one place, by kind of access: reading data,
//! changing data, and reading or changing access control lists
//! (<https://cloud.google.com/storage/docs/oauth-scopes>). A call of one of these kinds is
//! `documented`; for the settings of a bucket and the like the equivalent is a guess.

use super::{Call, query};

/// The JSON call that does what an XML call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Equivalent {
    pub(crate) verb: &'static str,
    pub(crate) path: &'static str,
    pub(crate) documented: bool,
}

/// Reads an XML call; none if it cannot be one. `bucket_in_host` is a virtual-hosted bucket.
pub(crate) fn equivalent(call: &Call<'_>, bucket_in_host: bool) -> Option<Equivalent> {
    let asked = Asked::of(call.query());
    let verb = call.verb();
    let row = match Target::of(call.path(), bucket_in_host)? {
        Target::Service => service(verb, asked.part)?,
        Target::Bucket => bucket(verb, asked.part)?,
        Target::Object if query::has(call.query(), query::UPLOAD_ID) => INSERT_OBJECT,
        Target::Object if call.is_copy() && verb == "PUT" && asked.part == Part::Whole => COPY_OBJECT,
        Target::Object => object(verb, asked.part)?,
    };
    Some(Equivalent { documented: row.documented && !asked.unsure, ..row })
}

/// Whether a path belongs to the JSON API or one of its companions. What none of their methods
/// matches is not taken for a bucket of that name.
pub(crate) fn is_json(path: &str) -> bool {
    let first = path.strip_prefix('/').and_then(|path| path.split('/').next());
    first.is_some_and(|first| ["storage", "upload", "resumable", "download", "batch"].contains(&first))
}

/// What the path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Service,
    Bucket,
    Object,
}

impl Target {
    fn of(path: &str, bucket_in_host: bool) -> Option<Self> {
        let path = path.strip_prefix('/').unwrap_or(path);
        if bucket_in_host {
            return Some(if path.is_empty() { Self::Bucket } else { Self::Object });
        }
        if path.is_empty() {
            return Some(Self::Service);
        }
        let (bucket, object) = path.split_once('/').unwrap_or((path, ""));
        if !is_bucket(bucket) {
            return None;
        }
        Some(if object.is_empty() { Self::Bucket } else { Self::Object })
    }
}

/// Source: <https://cloud.google.com/storage/docs/buckets#naming>; old buckets have capitals.
///
/// Some clients encode every mark in a URL, as object_store does.
fn is_bucket(name: &str) -> bool {
    if name.contains('%') {
        let marks = [("%2D", "-"), ("%2d", "-"), ("%2E", "."), ("%2e", "."), ("%5F", "_"), ("%5f", "_")];
        let plain = marks.iter().fold(name.to_owned(), |name, (code, mark)| name.replace(code, mark));
        return !plain.contains('%') && is_bucket(&plain);
    }
    let ends = |end: Option<char>| end.is_some_and(|c| c.is_ascii_alphanumeric());
    (3..=222).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && ends(name.chars().next())
        && ends(name.chars().last())
}

/// Which part of the target the query asks for, and whether it says something we do not know.
#[derive(Debug, Clone, Copy)]
struct Asked {
    part: Part,
    unsure: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    Acl,
    DefaultAcl,
    Policy,
    Compose,
    Delete,
    /// All multipart uploads, or the start of one.
    Uploads,
    /// One multipart upload.
    Upload,
    /// Settings and metadata of any other kind.
    Settings,
}

impl Asked {
    fn of(text: &str) -> Self {
        let mut asked = Self { part: Part::Whole, unsure: false };
        for (name, value) in query::pairs(text).filter(|(name, _)| !is_plain(name)) {
            match part(name) {
                Some(part) => asked.part = part,
                None if value.is_none() => asked.part = Part::Settings,
                None => asked.unsure = true,
            }
        }
        asked
    }
}

/// Sub-resources. Sources: <https://cloud.google.com/storage/docs/xml-api/reference-methods>, and
/// for those that only S3 clients send <https://docs.aws.amazon.com/AmazonS3/latest/API/>.
fn part(name: &str) -> Option<Part> {
    Some(match name {
        "acl" => Part::Acl,
        "defaultObjectAcl" => Part::DefaultAcl,
        "iam" | "policy" => Part::Policy,
        "compose" => Part::Compose,
        "delete" => Part::Delete,
        "uploads" => Part::Uploads,
        "uploadId" | "partNumber" => Part::Upload,
        _ if SETTINGS.contains(&name) => Part::Settings,
        _ => return None,
    })
}

static SETTINGS: [&str; 26] = [
    "attributes",
    "autoclass",
    "billing",
    "cors",
    "customPlacementConfig",
    "encryption",
    "encryptionConfig",
    "ipFilter",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "object-lock",
    "ownershipControls",
    "policyStatus",
    "publicAccessBlock",
    "requestPayment",
    "restore",
    "retention",
    "rpo",
    "softDeletePolicy",
    "storageClass",
    "tagging",
    "versioning",
    "website",
];

/// Parameters that leave the call what it is. Sources: as for [`part`], and
/// <https://cloud.google.com/apis/docs/system-parameters>.
fn is_plain(name: &str) -> bool {
    PLAIN.contains(&name) || name == query::UPLOAD_ID || name.starts_with("response-")
}

static PLAIN: [&str; 22] = [
    "access_token",
    "alt",
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "fields",
    "generation",
    "generation-marker",
    "key",
    "key-marker",
    "list-type",
    "marker",
    "max-keys",
    "prefix",
    "prettyPrint",
    "start-after",
    "userProject",
    "version-id-marker",
    "versionId",
    "versions",
    "x-id",
];

const fn documented(verb: &'static str, path: &'static str) -> Equivalent {
    Equivalent { verb, path, documented: true }
}

const fn guessed(verb: &'static str, path: &'static str) -> Equivalent {
    Equivalent { verb, path, documented: false }
}

const INSERT_OBJECT: Equivalent = documented("POST", "/storage/v1/b/b/o");
const COPY_OBJECT: Equivalent = documented("POST", "/storage/v1/b/b/o/o/copyTo/b/b/o/o");

fn service(verb: &str, part: Part) -> Option<Equivalent> {
    match (verb, part) {
        ("GET", Part::Whole) => Some(documented("GET", "/storage/v1/b")),
        _ => None,
    }
}

fn bucket(verb: &str, part: Part) -> Option<Equivalent> {
    Some(match (verb, part) {
        ("GET", Part::Whole) => documented("GET", "/storage/v1/b/b/o"),
        ("HEAD", Part::Whole) => documented("GET", "/storage/v1/b/b"),
        ("PUT", Part::Whole) => documented("POST", "/storage/v1/b"),
        ("DELETE", Part::Whole) => documented("DELETE", "/storage/v1/b/b"),
        ("POST", Part::Whole) => guessed("POST", "/storage/v1/b/b/o"),
        ("GET" | "HEAD", Part::Acl) => documented("GET", "/storage/v1/b/b/acl"),
        ("PUT", Part::Acl) => documented("PUT", "/storage/v1/b/b/acl/e"),
        ("GET" | "HEAD", Part::DefaultAcl) => guessed("GET", "/storage/v1/b/b/defaultObjectAcl"),
        ("PUT", Part::DefaultAcl) => guessed("PUT", "/storage/v1/b/b/defaultObjectAcl/e"),
        ("GET" | "HEAD", Part::Policy) => guessed("GET", "/storage/v1/b/b/iam"),
        ("PUT" | "DELETE", Part::Policy) => guessed("PUT", "/storage/v1/b/b/iam"),
        ("GET", Part::Uploads) => guessed("GET", "/storage/v1/b/b/o"),
        ("POST", Part::Delete) => guessed("DELETE", "/storage/v1/b/b/o/o"),
        ("GET" | "HEAD", Part::Settings) => guessed("GET", "/storage/v1/b/b"),
        ("PUT" | "POST" | "DELETE", Part::Settings) => guessed("PATCH", "/storage/v1/b/b"),
        _ => return None,
    })
}

fn object(verb: &str, part: Part) -> Option<Equivalent> {
    Some(match (verb, part) {
        ("GET" | "HEAD", Part::Whole) => documented("GET", "/storage/v1/b/b/o/o"),
        ("PUT", Part::Whole) | ("POST", Part::Uploads) | ("PUT" | "POST", Part::Upload) => INSERT_OBJECT,
        ("DELETE", Part::Whole) => documented("DELETE", "/storage/v1/b/b/o/o"),
        ("PUT", Part::Compose) => documented("POST", "/storage/v1/b/b/o/o/compose"),
        ("GET" | "HEAD", Part::Acl) => documented("GET", "/storage/v1/b/b/o/o/acl"),
        ("PUT", Part::Acl) => documented("PUT", "/storage/v1/b/b/o/o/acl/e"),
        ("POST", Part::Whole) | ("DELETE", Part::Upload) => guessed("POST", "/storage/v1/b/b/o"),
        ("GET" | "HEAD", Part::Upload | Part::Settings) => guessed("GET", "/storage/v1/b/b/o/o"),
        ("GET" | "HEAD", Part::Policy) => guessed("GET", "/storage/v1/b/b/o/o/iam"),
        ("PUT", Part::Policy) => guessed("PUT", "/storage/v1/b/b/o/o/iam"),
        ("PUT" | "POST" | "DELETE", Part::Settings) => guessed("PATCH", "/storage/v1/b/b/o/o"),
        _ => return None,
    })
}
