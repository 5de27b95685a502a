//! Data: the places where the names of users contain a colon.

/// A host, and a collection at the host whose members have names with a colon. The last field is
/// `true` if the name may be anywhere below the collection, and `false` if it is the next segment.
/// Sources: <https://firebase.google.com/docs/firestore/quotas#limits>,
/// <https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.files>
/// and `…/projects.locations.repositories.packages`,
/// <https://developers.google.com/workspace/sheets/api/guides/concepts#cell>.
pub(super) static NAMES: [(&str, &[u8], bool); 5] = [
    ("firestore.googleapis.com", b"documents", true),
    ("artifactregistry.googleapis.com", b"files", false),
    ("artifactregistry.googleapis.com", b"packages", false),
    ("artifactregistry.googleapis.com", b"versions", false),
    ("sheets.googleapis.com", b"values", false),
];

/// The collections of projects. The ids of old projects begin with a domain, such as
/// `example.com:my-project`
/// (<https://cloud.google.com/resource-manager/reference/rest/v1/projects#Project>).
pub(super) static PROJECTS: [&[u8]; 2] = [b"projects", b"apps"];
