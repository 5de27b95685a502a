//! Data: the names that servers use for APIs and methods, where the names differ from Discovery's.

/// The host of a service, the name with which its Discovery ids begin, and the prefix that the
/// service's internal names put before the name of a resource. Collected from public error
/// messages.
pub static APIS: [(&str, &str, &str); 4] = [
    ("admin.googleapis.com", "directory", "Directory"),
    ("calendar-json.googleapis.com", "calendar", "Calendar"),
    ("gmail.googleapis.com", "gmail.users", ""),
    ("drive.googleapis.com", "drive", "Drive"),
];
