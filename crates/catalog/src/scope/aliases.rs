//! Data: other names of scopes, and scopes that permit methods for which Google does not list them.

/// The aliases for `--scopes` of gcloud, without the two aliases that stand for several scopes.
/// Source: `gcloud compute instances create --help`, flag `--scopes`.
pub(super) static ALIASES: [(&str, &str); 21] = [
    ("bigquery", "bigquery"),
    ("cloud-platform", "cloud-platform"),
    ("cloud-source-repos", "source.full_control"),
    ("cloud-source-repos-ro", "source.read_only"),
    ("compute-ro", "compute.readonly"),
    ("compute-rw", "compute"),
    ("datastore", "datastore"),
    ("logging-write", "logging.write"),
    ("monitoring", "monitoring"),
    ("monitoring-read", "monitoring.read"),
    ("monitoring-write", "monitoring.write"),
    ("pubsub", "pubsub"),
    ("service-control", "servicecontrol"),
    ("service-management", "service.management.readonly"),
    ("sql", "sqlservice"),
    ("sql-admin", "sqlservice.admin"),
    ("storage-full", "devstorage.full_control"),
    ("storage-ro", "devstorage.read_only"),
    ("storage-rw", "devstorage.read_write"),
    ("trace", "trace.append"),
    ("userinfo-email", "userinfo.email"),
];

/// Scopes that Google lists only for `script.scripts.run`, because a script may need them: old
/// names of the scopes of Calendar and Contacts, and the scopes of services of Apps Script. Google
/// does not list which other methods accept these scopes. Source:
/// <https://script.googleapis.com/$discovery/rest?version=v1>
pub(super) static UNLISTED: [&str; 8] = [
    "https://www.google.com/calendar/feeds",
    "https://www.google.com/m8/feeds",
    "https://www.googleapis.com/auth/forms",
    "https://www.googleapis.com/auth/forms.currentonly",
    "https://www.googleapis.com/auth/groups",
    "https://www.googleapis.com/auth/activity",
    "https://www.googleapis.com/auth/plus.login",
    "https://www.googleapis.com/auth/plus.me",
];
