//! Data: the calls of Cloud Storage's XML API, each with the equivalent call of the JSON API.

/// The call of the JSON API that is equivalent to a call of the XML API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Equivalent {
    pub(crate) verb: &'static str,
    /// A path with short names for the bucket, the object and other resources.
    pub(crate) path: &'static str,
    /// Whether Google documents the scopes for this type of access.
    pub(crate) documented: bool,
}

/// The resource that the path of a call names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Service,
    Bucket,
    Object,
}

/// The part of the target that the query of a call selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    Acl,
    DefaultAcl,
    Policy,
    Compose,
    Delete,
    /// The multipart uploads; a `POST` starts a new one.
    Uploads,
    /// One multipart upload.
    Upload,
    /// A setting, or metadata for which there is no other variant.
    Settings,
}

const fn documented(verb: &'static str, path: &'static str) -> Equivalent {
    Equivalent { verb, path, documented: true }
}

const fn guessed(verb: &'static str, path: &'static str) -> Equivalent {
    Equivalent { verb, path, documented: false }
}

pub(super) const INSERT_OBJECT: Equivalent = documented("POST", "/storage/v1/b/b/o");

pub(super) const COPY_OBJECT: Equivalent = documented("POST", "/storage/v1/b/b/o/o/copyTo/b/b/o/o");

/// One type of call: the resource in the path, the verbs, the part that the query selects, and the
/// equivalent call of the JSON API.
type Row = (Target, &'static [&'static str], Part, Equivalent);

/// The calls of the XML API. The first row that matches a call applies.
pub(super) static CALLS: &[Row] = &[
    (Target::Service, &["GET"], Part::Whole, documented("GET", "/storage/v1/b")),
    (Target::Bucket, &["GET"], Part::Whole, documented("GET", "/storage/v1/b/b/o")),
    (Target::Bucket, &["HEAD"], Part::Whole, documented("GET", "/storage/v1/b/b")),
    (Target::Bucket, &["PUT"], Part::Whole, documented("POST", "/storage/v1/b")),
    (Target::Bucket, &["DELETE"], Part::Whole, documented("DELETE", "/storage/v1/b/b")),
    (Target::Bucket, &["POST"], Part::Whole, guessed("POST", "/storage/v1/b/b/o")),
    (Target::Bucket, &["GET", "HEAD"], Part::Acl, documented("GET", "/storage/v1/b/b/acl")),
    (Target::Bucket, &["PUT"], Part::Acl, documented("PUT", "/storage/v1/b/b/acl/e")),
    (
        Target::Bucket,
        &["GET", "HEAD"],
        Part::DefaultAcl,
        guessed("GET", "/storage/v1/b/b/defaultObjectAcl"),
    ),
    (
        Target::Bucket,
        &["PUT"],
        Part::DefaultAcl,
        guessed("PUT", "/storage/v1/b/b/defaultObjectAcl/e"),
    ),
    (Target::Bucket, &["GET", "HEAD"], Part::Policy, guessed("GET", "/storage/v1/b/b/iam")),
    (Target::Bucket, &["PUT", "DELETE"], Part::Policy, guessed("PUT", "/storage/v1/b/b/iam")),
    (Target::Bucket, &["GET"], Part::Uploads, guessed("GET", "/storage/v1/b/b/o")),
    (Target::Bucket, &["POST"], Part::Delete, guessed("DELETE", "/storage/v1/b/b/o/o")),
    (Target::Bucket, &["GET", "HEAD"], Part::Settings, guessed("GET", "/storage/v1/b/b")),
    (
        Target::Bucket,
        &["PUT", "POST", "DELETE"],
        Part::Settings,
        guessed("PATCH", "/storage/v1/b/b"),
    ),
    (Target::Object, &["GET", "HEAD"], Part::Whole, documented("GET", "/storage/v1/b/b/o/o")),
    (Target::Object, &["PUT"], Part::Whole, INSERT_OBJECT),
    (Target::Object, &["POST"], Part::Uploads, INSERT_OBJECT),
    (Target::Object, &["PUT", "POST"], Part::Upload, INSERT_OBJECT),
    (Target::Object, &["DELETE"], Part::Whole, documented("DELETE", "/storage/v1/b/b/o/o")),
    (Target::Object, &["PUT"], Part::Compose, documented("POST", "/storage/v1/b/b/o/o/compose")),
    (Target::Object, &["GET", "HEAD"], Part::Acl, documented("GET", "/storage/v1/b/b/o/o/acl")),
    (Target::Object, &["PUT"], Part::Acl, documented("PUT", "/storage/v1/b/b/o/o/acl/e")),
    (Target::Object, &["POST"], Part::Whole, guessed("POST", "/storage/v1/b/b/o")),
    (Target::Object, &["DELETE"], Part::Upload, guessed("POST", "/storage/v1/b/b/o")),
    (Target::Object, &["GET", "HEAD"], Part::Upload, guessed("GET", "/storage/v1/b/b/o/o")),
    (Target::Object, &["GET", "HEAD"], Part::Settings, guessed("GET", "/storage/v1/b/b/o/o")),
    (Target::Object, &["GET", "HEAD"], Part::Policy, guessed("GET", "/storage/v1/b/b/o/o/iam")),
    (Target::Object, &["PUT"], Part::Policy, guessed("PUT", "/storage/v1/b/b/o/o/iam")),
    (
        Target::Object,
        &["PUT", "POST", "DELETE"],
        Part::Settings,
        guessed("PATCH", "/storage/v1/b/b/o/o"),
    ),
];

/// The query keys that select a setting.
pub(super) static SETTINGS: [&str; 26] = [
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

/// The query keys that have no effect on the method of a call.
pub(super) static NEUTRAL: [&str; 22] = [
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
