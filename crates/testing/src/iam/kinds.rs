//! Data: the kinds of resources that have a method `testIamPermissions`, and the scopes that the
//! method accepts.
//!
//! Written by hand from each API's reference, such as
//! <https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/testIamPermissions>.

/// The path segment before the resource's name, and the accepted scopes. One of the scopes is
/// enough.
pub(super) const KINDS: [(&str, &[&str]); 9] = [
    ("topics", &["cloud-platform", "pubsub"]),
    ("subscriptions", &["cloud-platform", "pubsub"]),
    ("projects", &["cloud-platform", "cloud-platform.read-only"]),
    ("secrets", &["cloud-platform"]),
    ("tables", &["bigquery", "cloud-platform", "cloud-platform.read-only"]),
    ("queues", &["cloud-platform"]),
    ("cryptoKeys", &["cloudkms", "cloud-platform"]),
    ("instances", &["cloud-platform", "spanner.admin"]),
    ("databases", &["cloud-platform", "spanner.admin"]),
];
