//! Data: the kinds of resources that answer `testIamPermissions`, and the scopes that it asks for.
//!
//! Written by hand from each API's reference, such as
//! <https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/testIamPermissions>.

/// What stands before the resource's own name, and the scopes of which any one will do.
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
