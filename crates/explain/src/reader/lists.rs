//! Data: gcloud's aliases for several scopes, the beginnings of log records, and other short lists.

use http::Method;

/// gcloud's aliases for several scopes.
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

/// Forms of dates and times, in which `0` stands for a digit.
pub(super) const TIMES: [&str; 4] = ["0000-00-00", "0000/00/00", "00:00:00", "00/00/0000"];

pub(super) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

pub(super) const LEVELS: [&str; 10] =
    ["TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "SEVERE", "CRITICAL", "FATAL"];

/// How Google's tokens and keys begin. People paste them into the wrong place.
pub(super) const SECRETS: [&str; 5] = ["ya29.", "eyJ", "1//", "AIza", "GOCSPX-"];

pub(super) const VERBS: [Method; 9] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::HEAD,
    Method::OPTIONS,
    Method::TRACE,
    Method::CONNECT,
];
