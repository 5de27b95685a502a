//! Data: gcloud's aliases for several scopes, the words with which log records begin, and the HTTP
//! verbs, as tables.

use http::Method;

/// gcloud's aliases that stand for several scopes, and aliases that gcloud no longer has, but
/// configurations of Terraform still contain. Sources: `gcloud compute instances create --help`,
/// flag `--scopes`; for the old aliases
/// <https://github.com/hashicorp/terraform-provider-google/blob/main/google/tpgresource/service_scope.go>.
pub(crate) static SCOPE_ALIASES: [(&str, &[&str]); 4] = [
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
    ("useraccounts-ro", &["cloud.useraccounts.readonly"]),
    ("useraccounts-rw", &["cloud.useraccounts"]),
];

/// Patterns of dates and times, in which `0` matches a digit.
pub(crate) const TIME_PATTERNS: [&str; 4] = ["0000-00-00", "0000/00/00", "00:00:00", "00/00/0000"];

/// Names of months, with which the dates of some logs begin.
pub(crate) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Names of log levels.
pub(crate) const LOG_LEVELS: [&str; 10] =
    ["TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "SEVERE", "CRITICAL", "FATAL"];

/// Words and signs with which a line in the middle of a message begins. The words are those of Go's
/// client: <https://github.com/googleapis/google-api-go-client/blob/main/googleapi/googleapi.go>.
pub(crate) const MIDDLE_STARTS: [&str; 12] = [
    " ",
    "\t",
    "{",
    "}",
    "[",
    "]",
    "- '@type'",
    "Details:",
    "More details:",
    "Reason: ",
    "error details:",
    "Caused by: ",
];

/// The HTTP verbs that are accepted as input.
pub(crate) const VERBS: [Method; 9] = [
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
