//! Finding the equivalent in Cloud Storage's JSON API for a call of its XML API.
//!
//! Google documents the scopes of the XML API on one page, by the type of access: reading data,
//! changing data, and reading or changing access control lists
//! (<https://cloud.google.com/storage/docs/oauth-scopes>). An equivalent is `documented` if the
//! call has one of these types. For other calls, such as those that change the settings of a
//! bucket, the equivalent is a guess.

use super::storage_table::{
    CALLS, COPY_OBJECT, Equivalent, INSERT_OBJECT, NEUTRAL, Part, SETTINGS, Target,
};
use super::{Call, query};

/// Returns the JSON equivalent of a call of the XML API; `None` if the XML API has no such call.
/// `bucket_in_host` is `true` if the host name contains the bucket.
pub(crate) fn equivalent(call: &Call<'_>, bucket_in_host: bool) -> Option<Equivalent> {
    let requested = RequestedPart::from_query(call.query());
    let verb = call.verb();
    let row = match Target::from_path(call.path(), bucket_in_host)? {
        // A session takes PUT for data and DELETE to cancel, and belongs to the insertion of an
        // object in any case: <https://cloud.google.com/storage/docs/performing-resumable-uploads>.
        Target::Object if query::has_key(call.query(), query::UPLOAD_ID) => INSERT_OBJECT,
        Target::Object if call.is_copy() && verb == "PUT" && requested.part == Part::Whole => {
            COPY_OBJECT
        }
        target => {
            let matches = |(row_target, verbs, part, _): &&(Target, &[&str], Part, Equivalent)| {
                *row_target == target && verbs.contains(&verb) && *part == requested.part
            };
            CALLS.iter().find(matches).map(|(.., row)| *row)?
        }
    };
    Some(Equivalent { documented: row.documented && !requested.has_unknown_key, ..row })
}

/// Checks whether a path belongs to the JSON API, or to its uploads, downloads and batches, or to
/// the HTTP bindings of the gRPC API (`/v2/…`). The first segment of such a path is never the name
/// of a bucket.
pub(crate) fn is_json_path(path: &str) -> bool {
    let rest = path.as_bytes().strip_prefix(b"/");
    let first = rest.and_then(|rest| rest.split(|byte| *byte == b'/').next());
    let starts: [&[u8]; 6] = [b"storage", b"upload", b"resumable", b"download", b"batch", b"v2"];
    first.is_some_and(|first| starts.contains(&first))
}

impl Target {
    /// Returns what the path of a call of the XML API names; `None` if the path begins with an
    /// invalid name of a bucket.
    fn from_path(path: &str, bucket_in_host: bool) -> Option<Self> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let (bucket, object) = path.split_once('/').unwrap_or((path, ""));
        match if bucket_in_host { path } else { object } {
            _ if path.is_empty() && !bucket_in_host => Some(Self::Service),
            _ if !(bucket_in_host || is_bucket(bucket)) => None,
            "" => Some(Self::Bucket),
            _ => Some(Self::Object),
        }
    }
}

/// Checks whether a text is a valid name of a bucket
/// (<https://cloud.google.com/storage/docs/buckets#naming>). Old buckets may have capital letters.
/// Some clients, such as object_store, percent-encode punctuation marks.
fn is_bucket(name: &str) -> bool {
    if name.contains('%') {
        let marks =
            [("%2D", "-"), ("%2d", "-"), ("%2E", "."), ("%2e", "."), ("%5F", "_"), ("%5f", "_")];
        let plain =
            marks.iter().fold(name.to_owned(), |name, (code, mark)| name.replace(code, mark));
        return !plain.contains('%') && is_bucket(&plain);
    }
    let is_valid_end = |end: Option<char>| end.is_some_and(|c| c.is_ascii_alphanumeric());
    // A name has at most 63 characters, or 222 if it contains dots.
    (3..=222).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && is_valid_end(name.chars().next())
        && is_valid_end(name.chars().last())
}

/// The part of the target that the query selects, and whether the query contains a key of unknown
/// meaning.
#[derive(Debug, Clone, Copy)]
struct RequestedPart {
    part: Part,
    has_unknown_key: bool,
}

impl RequestedPart {
    /// Reads the part from a query. A key of unknown meaning without a value counts as a setting,
    /// because settings are selected by such keys (`?cors`).
    fn from_query(text: &str) -> Self {
        let mut requested = Self { part: Part::Whole, has_unknown_key: false };
        for (name, value) in query::pairs(text).filter(|(name, _)| !is_neutral(name)) {
            match part(name) {
                Some(part) => requested.part = part,
                None if value.is_none() => requested.part = Part::Settings,
                None => requested.has_unknown_key = true,
            }
        }
        requested
    }
}

/// Returns the part of a bucket or an object that a query key selects; `None` for a key of unknown
/// meaning. Sources: <https://cloud.google.com/storage/docs/xml-api/reference-methods>, and for
/// keys that only S3 clients send, <https://docs.aws.amazon.com/AmazonS3/latest/API/>.
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

/// Checks whether a query key has no effect on the method of a call. Sources: those of [`part`],
/// and <https://cloud.google.com/apis/docs/system-parameters>.
fn is_neutral(name: &str) -> bool {
    NEUTRAL.contains(&name) || name == query::UPLOAD_ID || name.starts_with("response-")
}
