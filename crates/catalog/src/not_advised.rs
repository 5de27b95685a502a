//! Data: scopes that are not advised although a method accepts them.

/// A scope, and prefixes of scope names. If a method accepts the scope, then the scopes with these
/// prefixes are not advised for the method.
pub(crate) type NotAdvised = (&'static str, &'static [&'static str]);

/// Scopes that are enough only for those calls of a method that use data of another API: BigQuery
/// jobs that load from a bucket or extract to one, images that are created from a bucket, and
/// charts of a spreadsheet on a slide. Google lists these scopes for `bigquery.jobs.insert`,
/// `compute.images.insert` and `slides.presentations.batchUpdate`.
/// <https://github.com/r-dbi/bigrquery/issues/390> shows which scope BigQuery requires for every
/// operation.
pub(crate) static FOR_SOME_CALLS: [NotAdvised; 3] = [
    ("bigquery", &["devstorage."]),
    ("compute", &["devstorage."]),
    ("presentations", &["spreadsheets"]),
];

/// Scopes that are enough for every call of a method, but permit access to a part of the data only,
/// are for a special kind of caller, or permit access to other APIs as well.
///
/// - A part of the data: Drive's scopes for photos, for files of Meet, for lists of apps, for the
///   files of one app and for files without their contents
///   (<https://developers.google.com/workspace/drive/api/guides/api-specific-auth>); the calendars
///   that an app created, and the events that the user owns, that are public or that are shown as
///   busy (<https://developers.google.com/workspace/calendar/api/auth>); the headers of messages,
///   and the message that is open in an add-on
///   (<https://developers.google.com/workspace/gmail/api/auth/scopes>); one field of a profile
///   (<https://developers.google.com/people/api/rest/v1/people/get>).
/// - A special kind of caller: apps and administrators in Chat, and Chat's import mode
///   (<https://developers.google.com/workspace/chat/authenticate-authorize>).
/// - Other APIs: a scope for all of Drive where the method changes one form, game or presentation,
///   the scope of YouTube's content partners, and the scopes of Gemini Enterprise and of
///   Workspace's search.
pub(crate) static NOT_FIRST: [NotAdvised; 17] = [
    (
        "drive",
        &[
            "drive.apps.",
            "drive.photos.",
            "drive.meet.",
            "drive.file",
            "drive.appdata",
            "drive.appfolder",
            "drive.metadata",
            "drive.scripts",
        ],
    ),
    ("presentations", &["drive.readonly"]),
    ("forms.body", &["drive"]),
    ("games", &["drive."]),
    ("youtube.force-ssl", &["youtubepartner"]),
    ("aiplatform", &["discoveryengine."]),
    ("discoveryengine.readwrite", &["cloud_search.", "discoveryengine.assist."]),
    ("classroom.rosters", &["classroom.profile."]),
    (
        "calendar",
        &[
            "calendar.app.created",
            "calendar.events.owned",
            "calendar.events.public.",
            "calendar.events.freebusy",
        ],
    ),
    ("gmail.modify", &["gmail.metadata", "gmail.addons."]),
    ("contacts.readonly", &["user.", "userinfo.", "profile", "directory.", "contacts.other."]),
    ("chat.messages", &["chat.import", "chat.app.", "chat.admin."]),
    ("chat.messages.reactions", &["chat.import", "chat.app.", "chat.admin."]),
    ("chat.spaces", &["chat.import", "chat.app.", "chat.admin."]),
    ("chat.memberships", &["chat.import", "chat.memberships.app", "chat.app.", "chat.admin."]),
    ("chat.bot", &["chat.import", "chat.app.", "chat.admin."]),
    ("drive.readonly", &["chat."]),
];
