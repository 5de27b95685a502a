//! Data: how servers name what Discovery names otherwise.

/// Services whose Discovery ids begin with another name, and what internal names put before a
/// resource's. Seen in public error messages.
pub(crate) static APIS: [(&str, &str, &str); 4] = [
    ("admin.googleapis.com", "directory", "Directory"),
    ("calendar-json.googleapis.com", "calendar", "Calendar"),
    ("gmail.googleapis.com", "gmail.users", ""),
    ("drive.googleapis.com", "drive", "Drive"),
];

/// Verbs that ids have too.
pub(crate) const ACTIONS: [&str; 10] = [
    "BatchUpdate",
    "BatchDelete",
    "BatchModify",
    "BatchGet",
    "Create",
    "Delete",
    "List",
    "Send",
    "Get",
    "Update",
];
