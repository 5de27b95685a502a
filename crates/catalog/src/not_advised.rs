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
pub(crate) static FOR_SOME_CALLS: [NotAdvised; 3] =
    [("bigquery", &["devstorage."]), ("compute", &["devstorage."]), ("presentations", &["spreadsheets"])];

/// Scopes that are enough for every call of a method, but permit access to a part of the data only,
/// or to other APIs as well. Scopes for a part of the data are Drive's scopes for photos, for files
/// of Meet and for lists of apps. Scopes for other APIs are a scope for all of Drive where the
/// method changes one form or presentation, the scope of YouTube's content partners, and the scopes
/// of Workspace's search.
pub(crate) static NOT_FIRST: [NotAdvised; 5] = [
    ("drive", &["drive.apps.", "drive.photos.", "drive.meet."]),
    ("presentations", &["drive.readonly"]),
    ("forms.body", &["drive"]),
    ("youtube.force-ssl", &["youtubepartner"]),
    ("discoveryengine.readwrite", &["cloud_search."]),
];
