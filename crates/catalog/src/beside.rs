//! Data: accepted scopes that are not to be advised beside others that the same method accepts.

/// An accepted scope, and how the names of others begin that are accepted beside it.
pub(crate) type Beside = (&'static str, &'static [&'static str]);

/// Scopes that only some calls of a method are content with, because these touch data of another API: jobs
/// of BigQuery that load and extract, images made from a bucket, charts of a spreadsheet on a slide. Google's
/// lists of `bigquery.jobs.insert`, `compute.images.insert` and `slides.presentations.batchUpdate` have them.
/// What BigQuery asks for all operations: <https://github.com/r-dbi/bigrquery/issues/390>.
pub(crate) static FOR_SOME_CALLS: [Beside; 3] =
    [("bigquery", &["devstorage."]), ("compute", &["devstorage."]), ("presentations", &["spreadsheets"])];

/// Scopes that do, but see only a part of the data, or open more than the API that is called: Drive's for
/// photos and lists of apps, all of Drive for one form, those of YouTube's content partners, Workspace's search.
pub(crate) static NOT_FIRST: [Beside; 5] = [
    ("drive", &["drive.apps.", "drive.photos.", "drive.meet."]),
    ("presentations", &["drive.readonly"]),
    ("forms.body", &["drive"]),
    ("youtube.force-ssl", &["youtubepartner"]),
    ("discoveryengine.readwrite", &["cloud_search."]),
];
