//! Data: names that stand for several scopes.

/// gcloud's aliases that stand for several scopes.
/// Source: `gcloud compute instances create --help`, flag `--scopes`.
pub(super) static SETS: [(&str, &[&str]); 2] = [
    (
        "default",
        &[
            "devstorage.read_only",
            "logging.write",
            "monitoring.write",
            "pubsub",
            "service.management.readonly",
            "servicecontrol",
            "trace.append",
        ],
    ),
    (
        "gke-default",
        &[
            "devstorage.read_only",
            "logging.write",
            "monitoring",
            "service.management.readonly",
            "servicecontrol",
            "trace.append",
        ],
    ),
];
