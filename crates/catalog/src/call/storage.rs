//! Cloud Storage's XML API, each call named by its equivalent in the JSON API.
//!
//! Google documents the scopes of the XML API in one place, by kind of access: reading data,
//! changing data, and reading or changing access control lists
//! (<https://cloud.google.com/storage/docs/oauth-scopes>). A call of one of these kinds is
//! `documented`; for the settings of a bucket and the like the equivalent is a guess.

use super::storage_table::{CALLS, COPY_OBJECT, Equivalent, INSERT_OBJECT, NEUTRAL, Part, SETTINGS, Target};
use super::{Call, query};

/// Reads an XML call; none if it cannot be one. `bucket_in_host` is a virtual-hosted bucket.
pub(crate) fn equivalent(call: &Call<'_>, bucket_in_host: bool) -> Option<Equivalent> {
    let requested = RequestedPart::from_query(call.query());
    let verb = call.verb();
    let row = match Target::from_path(call.path(), bucket_in_host)? {
        Target::Object if query::has_key(call.query(), query::UPLOAD_ID) => INSERT_OBJECT,
        Target::Object if call.is_copy() && verb == "PUT" && requested.part == Part::Whole => COPY_OBJECT,
        target => {
            let is_it = |(of, verbs, part, _): &&(Target, &[&str], Part, Equivalent)| {
                *of == target && verbs.contains(&verb) && *part == requested.part
            };
            CALLS.iter().find(is_it).map(|(.., row)| *row)?
        }
    };
    Some(Equivalent { documented: row.documented && !requested.is_unknown, ..row })
}

/// Whether a path belongs to the JSON API or one of its companions. What none of their methods
/// matches is not taken for a bucket of that name.
pub(crate) fn is_json_path(path: &str) -> bool {
    let first = path.strip_prefix('/').and_then(|path| path.split('/').next());
    first.is_some_and(|first| ["storage", "upload", "resumable", "download", "batch"].contains(&first))
}

impl Target {
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
struct RequestedPart {
    part: Part,
    is_unknown: bool,
}

impl RequestedPart {
    fn from_query(text: &str) -> Self {
        let mut requested = Self { part: Part::Whole, is_unknown: false };
        for (name, value) in query::pairs(text).filter(|(name, _)| !is_neutral(name)) {
            match part(name) {
                Some(part) => requested.part = part,
                None if value.is_none() => requested.part = Part::Settings,
                None => requested.is_unknown = true,
            }
        }
        requested
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

/// Parameters that leave the call what it is. Sources: as for [`part`], and
/// <https://cloud.google.com/apis/docs/system-parameters>.
fn is_neutral(name: &str) -> bool {
    NEUTRAL.contains(&name) || name == query::UPLOAD_ID || name.starts_with("response-")
}
